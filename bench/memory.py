#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Memory and start-up time of openlined with one line and many entries on record: bench/memory.py [ENTRIES]"""
import os
import statistics
import subprocess
import sys
import time

TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, os.path.join(TOP, "test"))
import stations  # noqa: E402

MIB_MOST = 16
SECONDS_MOST = 1
A_CALL = 1000
STARTS = 5


def fill(pair, entries):
    """As many messages as that, delivered; half of them from each side."""
    begun = time.monotonic()
    for i in range(0, entries // 2, A_CALL):
        n = min(A_CALL, entries // 2 - i)
        for station, line in ((pair.a, "freedonia"), (pair.b, "ruritania")):
            texts = [{"text": f"{line} {i + k:<90}", "precedence": "routine"} for k in range(n)]
            answer = station.rpc("send", {"line": line, "wait": "delivered", "messages": texts, "timeout_ms": 60000}, 90)
            if answer["result"]["outcome"] != "done":
                raise AssertionError(f"not delivered: {answer['result']['outcome']}")
    line = pair.a.line("freedonia")
    on_record = line["own_head"] + line["peer_head"]
    print(f"{on_record} entries on record, made in {time.monotonic() - begun:.1f} s")


def resident_mib(pid, which):
    with open(f"/proc/{pid}/status") as f:
        return next(int(row.split()[1]) for row in f if row.startswith(which)) / 1024


def answers(station):
    try:
        return "result" in station.rpc("ping")
    except (OSError, ValueError, ConnectionError):
        return False


def start(station):
    """Seconds from the spawn to an answer, and the process."""
    begun = time.monotonic()
    process = subprocess.Popen([stations.program("openlined"), "-C", station.home], stderr=subprocess.DEVNULL)
    while not answers(station):
        if process.poll() is not None:
            raise AssertionError(f"openlined ended: {process.returncode}")
        time.sleep(0.002)
    return time.monotonic() - begun, process


def main():
    entries = int(sys.argv[1]) if len(sys.argv) > 1 else 100000
    pair = stations.Pair(proxied=False)
    try:
        pair.up()
        fill(pair, entries)
        for what in ("VmRSS", "VmHWM"):
            mib = resident_mib(pair.a.pids()["openlined"], what)
            print(f"{what} after filling: {mib:.1f} MiB (under {MIB_MOST} wanted)")
        took = []
        for _ in range(STARTS):
            pair.a.must("down")
            seconds, process = start(pair.a)
            took.append(seconds)
            resident = resident_mib(process.pid, "VmRSS")
            process.terminate()
            process.wait()
        print(f"VmRSS after a start: {resident:.1f} MiB (under {MIB_MOST} wanted)")
        print(f"start until it answers: median {statistics.median(took):.3f} s, longest {max(took):.3f} s "
              f"(under {SECONDS_MOST} wanted)")
    finally:
        pair.close()


if __name__ == "__main__":
    subprocess.run([os.path.join(TOP, "build")], check=True)
    main()
