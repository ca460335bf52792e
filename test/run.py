#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Runs every test and counts: meson's on the plain build and under the sanitizers, then the programs as people use
them. A test that cannot run says SKIPPED and why; under --all that counts as failed."""
import concurrent.futures
import json
import os
import re
import subprocess
import sys
import time

TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
ALL = "--all" in sys.argv[1:]
SANITIZE = {"ASAN_OPTIONS": "detect_leaks=1:abort_on_error=0:exitcode=99",
            "UBSAN_OPTIONS": "halt_on_error=1:print_stacktrace=1"}


class Count:
    def __init__(self):
        self.passed = self.failed = 0

    def add(self, name, passed, failed, seconds, output=""):
        self.passed += passed
        self.failed += failed
        word = "FAILED" if failed else "ok"
        print(f"{word:7} {name}  {passed} passed, {failed} failed, {seconds:.1f} s", flush=True)
        if failed:
            print(output[-6000:], flush=True)


def claims(output, ok):
    """How many claims a test program showed: cmocka's and unittest's are counted one by one, those of a program that
    counts them itself in its last line are taken from there, any other is one."""
    passed = len(re.findall(r"^\[       OK \] test_", output, re.M))
    failed = len(re.findall(r"^\[  FAILED  \] test_.*\n?", output, re.M))
    if passed + failed == 0:
        ran = re.search(r"^Ran (\d+) tests? in", output, re.M)
        counted = re.findall(r"^(\d+) passed, (\d+) failed$", output, re.M)
        if counted:
            passed, failed = map(int, counted[-1])
        elif ran:
            broken = sum(int(n) for n in re.findall(r"(?:failures|errors)=(\d+)", output))
            passed, failed = int(ran[1]) - broken, broken
        else:
            passed, failed = (1, 0) if ok else (0, 1)
    elif failed:
        failed = max(1, failed // 2)  # cmocka names a failed test twice
    if not ok and failed == 0:
        failed = 1  # it crashed, leaked or timed out after its last claim
    skipped = len(re.findall(r"\bSKIPPED\b", output))
    if skipped and ALL:
        failed += skipped
    return passed, failed


def meson(count, name, setup):
    where = os.path.join(TOP, "out", name)
    environment = dict(os.environ, **SANITIZE)
    if not os.path.exists(os.path.join(where, "build.ninja")):
        subprocess.run(["meson", "setup", where, TOP] + setup, check=True, stdout=subprocess.DEVNULL)
    built = subprocess.run(["ninja", "-C", where], capture_output=True, text=True)
    if built.returncode:
        count.add(f"{name}: build", 0, 1, 0, built.stdout)
        return
    subprocess.run(["meson", "test", "-C", where, "--no-rebuild", "--num-processes", "2"], env=environment,
                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    with open(os.path.join(where, "meson-logs", "testlog.json"), encoding="utf-8") as log:
        for line in log:
            test = json.loads(line)
            output = test.get("stdout", "") + "\n" + test.get("stderr", "")
            passed, failed = claims(output, test["result"] == "OK")
            if test["result"] == "SKIP":
                passed, failed = 0, int(ALL)
                print("SKIPPED", test["name"], output.strip()[-300:])
            count.add(f"{name}: {test['name'].split(' / ')[-1]}", passed, failed, test["duration"], output)


def command(count, name, args, environment=None, timeout=900):
    begin = time.monotonic()
    try:
        done = subprocess.run(args, cwd=TOP, capture_output=True, text=True, errors="replace", timeout=timeout,
                              env=dict(os.environ, **(environment or {})), stdin=subprocess.DEVNULL)
        output, ok = done.stdout + "\n" + done.stderr, done.returncode == 0
    except subprocess.TimeoutExpired as late:
        output, ok = f"no end after {late.timeout} s", False
    passed, failed = claims(output, ok)
    count.add(name, passed, failed, time.monotonic() - begin, output)


def sanitized_programs():
    """The four programs of the sanitizer build in one folder, since they find each other beside themselves."""
    where = os.path.join(TOP, "out", "asan-bin")
    os.makedirs(where, exist_ok=True)
    for program in ("station/openlined", "relay/openline-relay", "cli/openline", "verify/openline-verify"):
        target = os.path.join(where, os.path.basename(program))
        if os.path.exists(target):
            os.unlink(target)
        os.link(os.path.join(TOP, "out", "asan", "src", program), target)
    return where


def long_ones():
    folder = os.path.join(TOP, "test", "long")
    return sorted(name for name in os.listdir(folder) if name.endswith(".py")) if os.path.isdir(folder) else []


# What the makers attack the line with, in the order of their time.
MAKERS = {"the model": "doc/model/run", "the fuzzers": "fuzz/run", "coverage": "test/coverage",
          "mutants": "test/mutants/run"}


# Those that mostly wait for a clock, a minute each, run beside the others.
WAIT = {"33-owed.py", "35-alarms.py", "36-desk.py", "38-path-times.py", "43-machine-tests.py"}


def stations(count):
    names = sorted(name for name in os.listdir(os.path.join(TOP, "test", "station")) if re.fullmatch(r"\d\d-.*\.py", name))

    def run(name):
        command(count, name[3:-3].replace("-", " "), ["/usr/bin/python3", f"test/station/{name}"])

    with concurrent.futures.ThreadPoolExecutor(len(WAIT)) as beside:
        waiting = [beside.submit(run, name) for name in names if name in WAIT]
        for name in names:
            if name not in WAIT:
                run(name)
        for one in waiting:
            one.result()


def main():
    count = Count()
    command(count, "house rules", ["/usr/bin/python3", "test/house_rules.py"])
    meson(count, "build", [])
    meson(count, "asan", ["-Db_sanitize=address,undefined", "-Db_lundef=false"])
    command(count, "a seal checked by a stock COSE library", ["test/wire/cose/run", "out/cose"])
    command(count, "the demo", ["./demo"])
    command(count, "the demo under the sanitizers", ["/usr/bin/python3", "test/demo.py"],
            dict(SANITIZE, OPENLINE_BIN=sanitized_programs()))
    stations(count)
    if ALL:
        for name in long_ones():
            command(count, name[:-3].replace("-", " "), ["/usr/bin/python3", f"test/long/{name}"], timeout=1800)
        for name, program in MAKERS.items():
            command(count, name, [program], timeout=2400)
    print(f"{count.passed} passed, {count.failed} failed")
    return 1 if count.failed else 0


if __name__ == "__main__":
    sys.exit(main())
