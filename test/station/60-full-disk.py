#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""A disk that is full: sending says so, receiving gives no receipt, nothing breaks, and it goes on when there is room."""
import ctypes
import importlib
import os
import subprocess
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import stations
from stations import wait_for

CLONE_NEWNS = 0x00020000


def own_mounts():
    """A mount of ours is nobody else's business, and is gone with this process."""
    libc = ctypes.CDLL(None, use_errno=True)
    return libc.unshare(CLONE_NEWNS) == 0 and \
        subprocess.run(["mount", "--make-rprivate", "/"], capture_output=True, check=False).returncode == 0


class SmallHome(unittest.TestCase):
    def setUp(self):
        self.pair = stations.Pair(proxied=False)
        self.addCleanup(self.pair.close)
        self.a, self.b = self.pair.a, self.pair.b

    def mount(self):
        """The home of B, which is down, on a small disk."""
        self.small = self.b.home
        aside = self.small + ".aside"
        os.rename(self.small, aside)
        os.mkdir(self.small, 0o700)
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m,mode=0700", "none", self.small], check=True)
        self.addCleanup(subprocess.run, ["umount", "-l", self.small], check=False)
        self.addCleanup(self.b.run, "down")
        subprocess.run(["cp", "-a", aside + "/.", self.small], check=True)
        self.pair.up()

    def fill(self):
        self.ballast = os.path.join(self.small, "ballast")
        with open(self.ballast, "ab", buffering=0) as f:
            size = 65536
            while size:
                try:
                    f.write(b"x" * size)
                except OSError:
                    size //= 2

    def make_room(self):
        os.unlink(self.ballast)


class FullDisk(SmallHome):
    def setUp(self):
        super().setUp()
        self.mount()

    def inbox(self, station, line):
        return [m["text"] for m in station.must("list", line, "--json").lines if m["direction"] == "in"]

    def test_sending_refuses_with_the_cause_and_recovers(self):
        pids = self.b.pids()
        self.fill()
        answers = [self.b.run("send", "ruritania", f"{i} " + "x" * 4000, "--json") for i in range(150)]
        refused = [i for i, answer in enumerate(answers) if answer.code != 0]
        self.assertTrue(refused)
        for i in refused:
            self.assertEqual(answers[i].code, 1, answers[i].err)
            self.assertIn("full", answers[i].err)
        self.assertEqual(self.b.pids(), pids)
        self.make_room()
        after = wait_for(lambda: self.b.run("send", "ruritania", "there is room", "--wait", "delivered", "--json").code == 0,
                         "sending to work again")
        self.assertTrue(after)
        self.assertEqual(self.b.pids(), pids)
        came = self.inbox(self.a, "freedonia")
        for i, answer in enumerate(answers):
            if answer.code == 0:
                self.assertEqual(sum(text.startswith(f"{i} ") for text in came), 1, i)
        self.assertEqual(len(came), len(set(came)))
        stations.verified(self.pair)

    def test_searching_refuses_with_the_cause_and_finds_all_again(self):
        index = os.path.join(self.small, "search.db")
        wait_for(lambda: self.b.run("search", "ruritania", "nothing").code == 0, "the index to be there")
        pids = self.b.pids()
        self.fill()
        os.truncate(self.ballast, os.path.getsize(self.ballast) - 200000)
        while self.b.run("send", "ruritania", "needle " + "x" * 4000).code == 0:
            pass
        answer = self.b.run("search", "ruritania", "needle", "--json")  # it may be that the last is in the index
        self.assertIn(answer.code, (0, 1), answer.err)
        self.assertEqual("full" in answer.err, answer.code == 1, answer.err)
        self.assertEqual(self.b.pids(), pids)
        self.make_room()
        wait_for(lambda: self.b.run("search", "ruritania", "needle").code == 0, "searching to work again", 20)
        needles = [m["id"] for m in self.b.must("list", "ruritania", "--json").lines if "needle" in m["text"]]
        wait_for(lambda: [m["id"] for m in self.b.must("search", "ruritania", "needle", "--json").lines] == needles,
                 "all to be found")
        self.assertTrue(needles)
        self.assertTrue(os.path.exists(index))

    def test_receiving_gives_no_receipt_and_recovers(self):
        pids = self.b.pids()
        self.fill()
        delivered = []
        late = []
        for i in range(150):
            text = f"{i} " + "x" * 4000
            answer = self.a.run("send", "freedonia", text, "--wait", "delivered", "--timeout", "1", "--json")
            (delivered if answer.code == 0 else late).append(text)
            if len(late) == 2:
                break
        self.assertTrue(late)
        self.assertEqual(self.b.pids(), pids)
        came = self.inbox(self.b, "ruritania")
        self.assertFalse(set(delivered) - set(came))
        self.make_room()
        wait_for(lambda: not set(delivered + late) - set(self.inbox(self.b, "ruritania")), "the rest to arrive", 20)
        came = self.inbox(self.b, "ruritania")
        self.assertEqual(len(came), len(set(came)))
        wait_for(lambda: self.a.line("freedonia")["own_head"] == self.b.line("ruritania")["peer_head"], "equal heads", 20)
        stations.verified(self.pair)

    def test_killed_while_full_it_starts_again_when_there_is_room(self):
        self.fill()
        for i in range(20):
            self.b.run("send", "ruritania", f"{i} " + "x" * 20000)
        for pid in self.b.pids().values():
            os.kill(pid, 9)
            wait_for(lambda p=pid: not os.path.exists(f"/proc/{p}"), "the killed process to be gone")
        self.b.run("up")  # with no room it may or may not
        self.make_room()
        self.b.must("up")
        self.pair.wait_up(20)
        self.a.must("send", "freedonia", "after", "--wait", "delivered")
        stations.verified(self.pair)

    def test_a_release_that_finds_room_in_the_book_and_none_on_the_record_is_sent_once(self):
        text = "x" * 30000
        draft = str(self.b.must("draft", "ruritania", text, "--json").json["draft"])
        self.fill()
        answer = self.b.run("release", "ruritania", draft)
        while self.b.must("draft", "show", "ruritania", draft, "--json").json["state"] == "cleared":
            self.assertEqual((answer.code, answer.out), (1, ""))
            os.truncate(self.ballast, os.path.getsize(self.ballast) - 4096)
            answer = self.b.run("release", "ruritania", draft)
        self.assertEqual(answer.code, 1, answer.out)
        self.assertIn("full", answer.err)
        again = self.b.run("release", "ruritania", draft)
        self.assertEqual(again.code, 1)
        self.assertIn("on its way", again.err)
        self.make_room()
        wait_for(lambda: self.inbox(self.a, "freedonia") == [text], "the message to arrive", 30)
        again = self.b.run("release", "ruritania", draft)
        self.assertEqual(again.code, 1)
        self.assertIn("was sent as", again.err)
        self.assertEqual(self.inbox(self.a, "freedonia"), [text])


class Contradiction(SmallHome):
    proofs = importlib.import_module("86-proofs").Equivocation
    say, copy, roll_back, contradict = proofs.say, proofs.copy, proofs.roll_back, proofs.contradict

    def is_frozen(self):
        return "equivocation" in self.b.line("ruritania")["alarms"]

    def test_a_stream_is_unfrozen_by_an_entry_or_not_at_all(self):
        self.pair.up()
        self.contradict()
        resumed = self.a.must("resume", "freedonia", "--without-peer", "--reason", "two stories", "--json").json["id"]
        wait_for(lambda: resumed in stations.record(self.b, "ruritania"), "the resume")
        self.b.must("down")
        self.mount()
        self.fill()
        wait_for(lambda: "full" in self.b.run("send", "ruritania", "x" * 9000).err, "the disk to be full")
        self.assertEqual(self.b.run("unfreeze", "ruritania", "--reason", "explained").code, 1)
        self.assertTrue(self.is_frozen())
        self.make_room()
        wait_for(lambda: self.b.run("send", "ruritania", "there is room").code == 0, "room")
        self.assertTrue(self.is_frozen())
        done = self.b.must("unfreeze", "ruritania", "--reason", "explained", "--json").json["id"]
        self.assertEqual(stations.record(self.b, "ruritania")[done]["kind"], "unfreeze")
        self.assertFalse(self.is_frozen())


if __name__ == "__main__":
    if os.geteuid() != 0 or not own_mounts():
        print("SKIPPED: a small file system cannot be mounted here")
        sys.exit(0)
    unittest.main()
