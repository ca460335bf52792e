#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The systemd units: what systemd thinks of them, and that the programs run within what they allow."""
import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import stations

UNITS = os.path.join(stations.TOP, "packaging", "systemd")
PROGRAMS = ("openlined", "openline-relay")
EXPOSURE_MAX = 1.5
NOBODY = 65534
# Becomes a program as systemd makes it: no new privileges, and only the calls that are listed.
LAUNCHER = """#!/usr/bin/python3
import ctypes, os, sys
seccomp = ctypes.CDLL("libseccomp.so.2")
seccomp.seccomp_init.restype = ctypes.c_void_p
ctx = ctypes.c_void_p(seccomp.seccomp_init(0x00050000 | 1))
for name in {calls!r}:
    number = seccomp.seccomp_syscall_resolve_name(name.encode())
    if number != -1:
        seccomp.seccomp_rule_add(ctx, 0x7fff0000, number, 0)
if seccomp.seccomp_load(ctx):
    sys.exit("no filter")
os.execv({real!r}, sys.argv)
"""


def unit(program):
    return os.path.join(UNITS, f"{program}@.service")


def group(name):
    """The calls of a group of systemd's, with those of the groups in it."""
    said = subprocess.run(["systemd-analyze", "syscall-filter", name, "--no-pager"], capture_output=True, text=True,
                          check=True).stdout
    return set().union(*(calls(word) for word in (line.strip() for line in said.splitlines()[1:])
                         if word and not word.startswith("#")))


def calls(word):
    return group(word) if word.startswith("@") else {word}


def allowed(program):
    """What the unit's SystemCallFilter comes to."""
    have = group("@default")
    with open(unit(program), encoding="utf-8") as f:
        for line in re.findall(r"^SystemCallFilter=(.*)$", f.read(), re.M):
            named = set().union(*(calls(word) for word in line.lstrip("~").split()))
            have = have - named if line.startswith("~") else have | named
    return sorted(have)


def all_programs_as_units(folder):
    """The programs in a folder where the two that run are started as systemd would."""
    for name in ("openline", "openline-verify", *PROGRAMS):
        shutil.copy(stations.program(name), os.path.join(folder, name + ".real" if name in PROGRAMS else name))
    for name in PROGRAMS:
        path = os.path.join(folder, name)
        with open(path, "w", encoding="utf-8") as f:
            f.write(LAUNCHER.format(calls=allowed(name), real=path + ".real"))
        os.chmod(path, 0o755)


def talk():
    pair = stations.Pair(proxied=False)
    try:
        pair.up()
        pair.a.must("send", "freedonia", "from a unit", "-p", "flash", "--wait", "delivered")
        pair.b.must("send", "ruritania", "to a unit", "--wait", "delivered")
        for station in (pair.a, pair.b):
            for name in PROGRAMS:
                with open(os.path.join(station.home, "log", f"{name}.log"), encoding="utf-8") as log:
                    if "not confined" in log.read():
                        raise AssertionError(f"{name} is not confined")
        stations.verified(pair)
    finally:
        pair.close()


class Units(unittest.TestCase):
    def test_each_is_exposed_by_no_more_than_it_must(self):
        for program in PROGRAMS:
            said = subprocess.run(["systemd-analyze", "security", "--offline=true", "--no-pager", unit(program)],
                                  capture_output=True, text=True, check=True)
            score = float(re.search(r"exposure level for \S+: ([0-9.]+)", said.stdout)[1])
            print(f"{program}: {score}")
            self.assertEqual(said.stderr, "")
            self.assertLessEqual(score, EXPOSURE_MAX, program)

    def test_systemd_understands_each_line(self):
        for program in PROGRAMS:
            said = subprocess.run(["systemd-analyze", "verify", "--man=no", unit(program)], capture_output=True, text=True,
                                  check=False).stderr
            wrong = [line for line in said.splitlines() if "openline" in line and "is not executable" not in line]
            self.assertEqual(wrong, [])

    def test_the_programs_run_within_what_they_allow_as_a_user_without_rights(self):
        folder = tempfile.mkdtemp(prefix="openline-units-")
        self.addCleanup(shutil.rmtree, folder)
        all_programs_as_units(folder)
        os.chmod(folder, 0o755)
        child = os.fork()
        if child == 0:
            code = 1
            try:
                stations.BIN = folder
                tempfile.tempdir = tempfile.gettempdir() if os.geteuid() else "/tmp"
                if os.geteuid() == 0:
                    os.setgroups([])
                    os.setresgid(NOBODY, NOBODY, NOBODY)
                    os.setresuid(NOBODY, NOBODY, NOBODY)
                talk()
                code = 0
            finally:
                sys.stderr.flush()
                os._exit(code)
        self.assertEqual(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), 0)


if __name__ == "__main__":
    if shutil.which("systemd-analyze") is None:
        print("SKIPPED: there is no systemd-analyze")
        sys.exit(0)
    unittest.main()
