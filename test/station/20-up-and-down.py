#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Starting, ending and killing the programs; what `up`, `down` and `status` promise."""
import os
import signal
import socket
import subprocess
import sys
import time
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import stations
from stations import wait_for

PROGRAMS = ("openlined", "openline-relay")


def kill(pid):
    os.kill(pid, signal.SIGKILL)


def exists(pid):
    """True while the process runs or is ending; what its parent has not yet asked about is gone."""
    try:
        with open(f"/proc/{pid}/stat", "rb") as f:
            return f.read().rpartition(b")")[2].split()[0] != b"Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


class UpAndDown(unittest.TestCase):
    def setUp(self):
        self.pair = stations.Pair(proxied=False)
        self.addCleanup(self.pair.close)
        self.a, self.b = self.pair.a, self.pair.b

    def up(self, station):
        begin = time.monotonic()
        station.must("up")
        self.assertLess(time.monotonic() - begin, 5.0)
        pids = station.pids()
        self.assertTrue(all(pids[p] and exists(pids[p]) for p in PROGRAMS), pids)
        return pids

    def test_up_returns_while_the_peer_never_was_there(self):
        self.up(self.a)
        self.assertEqual(self.a.line("freedonia")["state"], "down")

    def test_both_sides_are_up_within_two_seconds(self):
        self.up(self.a)
        self.b.must("up")
        self.pair.wait_up(2.0)
        self.a.must("down")
        self.b.must("down")
        self.up(self.b)
        self.a.must("up")
        self.pair.wait_up(2.0)

    def test_up_again_starts_only_what_is_missing(self):
        pids = self.up(self.a)
        self.assertEqual(self.up(self.a), pids)
        for dead in PROGRAMS:
            kill(pids[dead])
            again = self.up(self.a)
            for program in PROGRAMS:
                (self.assertNotEqual if program == dead else self.assertEqual)(again[program], pids[program])
            pids = again
        for program in PROGRAMS:
            kill(pids[program])
        again = self.up(self.a)
        self.assertFalse(set(again.values()) & set(pids.values()))

    def test_up_right_after_a_kill_leaves_both_running(self):
        for turn in range(12):
            pids = self.up(self.a)
            for program in (PROGRAMS[:1], PROGRAMS[1:], PROGRAMS)[turn % 3]:
                kill(pids[program])

    def test_the_line_is_up_soon_after_any_kill(self):
        self.pair.up()
        for station in (self.a, self.b):
            for programs in (PROGRAMS[:1], PROGRAMS[1:], PROGRAMS):
                pids = station.pids()
                for program in programs:
                    kill(pids[program])
                for program in programs:
                    wait_for(lambda p=pids[program]: not exists(p), "the killed process to be gone")
                self.up(station)
                begin = time.monotonic()
                for sender, line in ((self.a, "freedonia"), (self.b, "ruritania")):
                    sent = sender.run("send", line, "-p", "flash", "again", "--wait", "delivered", "--timeout", "20")
                    self.assertEqual(sent.code, 0, sent.err)
                self.assertLess(time.monotonic() - begin, 5.0, f"{station.party} {programs}")

    def test_leftovers_are_no_obstacle(self):
        run = os.path.join(self.a.home, "run")
        os.makedirs(run, mode=0o700, exist_ok=True)
        folder = os.open(self.a.home, os.O_PATH)
        self.addCleanup(os.close, folder)
        for name in ("control.sock", "relay.sock"):
            with socket.socket(socket.AF_UNIX) as stale:
                stale.bind(f"/proc/self/fd/{folder}/run/{name}")
        self.up(self.a)
        pids = self.a.pids()
        self.a.must("down")
        for name in os.listdir(run):
            if name.endswith(".pid"):
                self.fail(f"{name} is left after down")
        for program in PROGRAMS:
            with open(os.path.join(run, f"{program}.pid"), "w", encoding="ascii") as f:
                f.write(f"{os.getpid()}\n")  # of a process that has nothing to do with it
        self.up(self.a)
        self.assertFalse(set(self.a.pids().values()) & set(pids.values()))
        self.assertTrue(exists(os.getpid()))

    def test_down_is_idempotent_and_the_processes_are_gone(self):
        self.a.must("down")
        pids = self.up(self.a)
        self.a.must("down")
        self.assertFalse(any(exists(pid) for pid in pids.values()))
        self.a.must("down")
        self.assertEqual(set(self.a.pids().values()), {None})

    def test_down_does_not_wait_for_those_who_wait(self):
        self.up(self.a)
        caller = stations.Caller(self.a)
        self.addCleanup(caller.close)
        caller.ask("send", {"line": "freedonia", "messages": [{"text": "to nobody"}], "wait": "delivered",
                            "timeout_ms": 30000}, lambda answer: None)
        wait_for(lambda: self.a.must("list", "freedonia", "--json").lines, "the text to be there")
        begin = time.monotonic()
        self.a.must("down")
        self.assertLess(time.monotonic() - begin, 5.0)

    def test_no_descriptor_of_the_caller_is_kept(self):
        read, write = os.pipe()
        os.set_inheritable(write, True)
        done = subprocess.run([stations.program("openline"), "-C", self.a.home, "up"], stdout=write, stderr=write,
                              stdin=subprocess.DEVNULL, pass_fds=(write,), check=False)
        self.assertEqual(done.returncode, 0)
        os.close(write)
        os.set_blocking(read, False)

        def at_end():
            try:
                return os.read(read, 65536) == b""
            except BlockingIOError:
                return False
        wait_for(at_end, "the end of the pipe", 5)
        os.close(read)

    def test_nothing_is_written_outside_the_home(self):
        before = set(os.listdir(self.pair.folder))
        self.pair.up()
        self.a.must("send", "freedonia", "x", "--wait", "delivered")
        self.assertEqual(set(os.listdir(self.pair.folder)), before)
        homes = (os.path.realpath(self.a.home), os.path.realpath(self.b.home))
        for station in (self.a, self.b):
            for pid in station.pids().values():
                for fd in os.listdir(f"/proc/{pid}/fd"):
                    try:
                        target = os.readlink(f"/proc/{pid}/fd/{fd}")
                    except FileNotFoundError:
                        continue
                    if target.startswith("/") and not target.startswith(("/dev/", "/proc/")):
                        self.assertTrue(target.startswith(homes), target)

    def test_logs_hold_no_text(self):
        self.pair.up()
        self.a.must("send", "freedonia", "zyzzyva-secret", "--wait", "delivered")
        for station in (self.a, self.b):
            for name in os.listdir(os.path.join(station.home, "log")):
                with open(os.path.join(station.home, "log", name), "rb") as f:
                    self.assertNotIn(b"zyzzyva", f.read())

    def test_a_home_with_a_strange_or_long_name_works(self):
        home = os.path.join(self.pair.folder, "ein Haus \u540d", "n" * 120, "m" * 120)
        os.makedirs(os.path.dirname(home))
        odd = stations.Station.__new__(stations.Station)
        odd.home, odd.party = home, "Odd"
        odd.must("init", home, "--party", "Odd", "--station", "S", "--lang", "en")
        self.addCleanup(odd.run, "down")
        self.up(odd)

    def test_status_has_every_field(self):
        self.pair.up()
        status = self.a.status()
        self.assertEqual(status["schema"], 1)
        line = status["lines"][0]
        self.assertEqual((line["name"], line["state"]), ("freedonia", "up"))
        for field, kind in (("last_heard_ms", int), ("own_head", int), ("peer_head", int), ("compared", bool)):
            self.assertIs(type(line[field]), kind, field)
        path = line["paths"][0]
        self.assertEqual(path["state"], "up")
        self.assertIs(type(path["rtt_ms"]), int)
        self.assertEqual(path["name"].__class__, str)


if __name__ == "__main__":
    unittest.main()
