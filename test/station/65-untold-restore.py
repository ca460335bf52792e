#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""A station whose record was rolled back without being told: it takes its own entries back before it signs."""
import glob
import os
import sqlite3
import sys
import time
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import clock
import stations
from stations import wait_for


class UntoldRestore(unittest.TestCase):
    def setUp(self):
        self.pair = stations.Pair(proxied=False)
        self.addCleanup(self.pair.close)
        self.a, self.b = self.pair.a, self.pair.b
        self.pair.up()

    def copy(self, station):
        out = station.home + ".copy.db"
        with sqlite3.connect(os.path.join(station.home, "record.db")) as source, sqlite3.connect(out) as to:
            source.backup(to)
        source.close()
        to.close()
        stations.write_sums(out)
        return out

    def roll_back(self, station, copy):
        station.must("down")
        for name in glob.glob(os.path.join(station.home, "record.db*")):
            os.unlink(name)
        os.rename(copy, os.path.join(station.home, "record.db"))

    def say(self, station, line, text, *args):
        return station.must("send", line, text, "--wait", "delivered", "--json", *args).json["id"]

    def both_equal(self):
        def equal():
            a, b = stations.record(self.a, "freedonia"), stations.record(self.b, "ruritania")
            return a.keys() == b.keys() and all(a[i]["hash"] == b[i]["hash"] for i in a)
        wait_for(equal, "equal records")

    def check(self, station, line, other, other_line):
        self.say(station, line, "before")
        copy = self.copy(station)
        ids = {self.say(station, line, f"lost {i}", "-p", ("flash", "routine")[i % 2]): f"lost {i}" for i in range(7)}
        for i in range(3):
            self.say(other, other_line, f"answer {i}")
        self.roll_back(station, copy)
        station.must("up")
        new = station.must("send", line, "after", "--wait", "delivered", "--timeout", "10", "--json").json["id"]
        self.assertGreater(int(new[1:]), max(int(i[1:]) for i in ids))
        self.both_equal()
        for i, text in ids.items():
            for s, l in ((station, line), (other, other_line)):
                self.assertEqual(s.must("show", l, i, "--json").json["text"], text)
        own = [m["text"] for m in other.must("list", other_line, "--json").lines if m["direction"] == "in"]
        self.assertEqual(sorted(own), sorted(["before", "after", *ids.values()]))
        stations.verified(self.pair)

    def test_the_listening_side_takes_its_own_entries_back(self):
        self.check(self.a, "freedonia", self.b, "ruritania")

    def test_the_connecting_side_takes_its_own_entries_back(self):
        self.check(self.b, "ruritania", self.a, "freedonia")

    def test_nothing_is_signed_while_the_peer_is_away(self):
        copy = self.copy(self.a)
        lost = self.say(self.a, "freedonia", "lost")
        self.b.must("down")
        self.roll_back(self.a, copy)
        self.a.must("up")
        sent = self.a.must("send", "freedonia", "meanwhile", "--json").json
        self.assertEqual((sent["id"], sent["state"]), (None, "released"))
        reason = self.a.line("freedonia")["reason"]
        self.assertTrue(reason)
        self.assertIn(reason, self.a.must("brief", "freedonia").out)
        self.assertIn(reason, self.a.run("doctor").out)
        self.b.must("up")
        wait_for(lambda: any(m["text"] == "meanwhile" for m in self.b.must("list", "ruritania", "--json").lines), "it")
        self.both_equal()
        self.assertEqual(self.a.must("show", "freedonia", lost, "--json").json["text"], "lost")

    def test_both_sides_rolled_back_agree_on_what_either_still_has(self):
        self.say(self.a, "freedonia", "kept")
        copies = self.copy(self.a), self.copy(self.b)
        self.say(self.a, "freedonia", "of a, b forgets")
        self.roll_back(self.b, copies[1])
        self.b.must("up")
        self.pair.wait_up()
        self.both_equal()
        self.roll_back(self.a, copies[0])
        self.a.must("up")
        self.say(self.a, "freedonia", "after")
        self.both_equal()
        stations.verified(self.pair)

    def test_resume_without_the_peer_skips_numbers_and_is_on_record(self):
        copy = self.copy(self.a)
        lost = [self.say(self.a, "freedonia", f"lost {i}") for i in range(3)]
        self.b.must("down")
        self.roll_back(self.a, copy)
        self.a.must("up")
        resumed = self.a.must("resume", "freedonia", "--without-peer", "--reason", "the peer is gone", "--json").json
        new = self.a.must("send", "freedonia", "signed alone", "--json").json["id"]
        self.assertGreater(int(new[1:]), 1 << 24)
        self.assertEqual(stations.record(self.a, "freedonia")[resumed["id"]]["kind"], "resume")
        self.b.must("up")
        wait_for(lambda: any(m["text"] == "signed alone" for m in self.b.must("list", "ruritania", "--json").lines), "it")
        self.both_equal()
        for i in lost:
            self.assertTrue(stations.record(self.a, "freedonia")[i]["absent"])
        stations.verified(self.pair)

    def beyond(self, station, line):
        return [m["text"] for m in station.must("list", line, "--json").lines if m["beyond_rate"]]

    def test_what_is_given_back_late_counts_against_the_rate_at_once_as_it_does_after_a_restart(self):
        for station in (self.a, self.b):
            station.must("down")
        with clock.Clock(self.pair.folder) as moved:
            moved.seconds = 60 - int(time.time()) % 60  # a minute begins
            self.pair.up()
            asked = self.a.must("rate", "propose", "freedonia", "2", "--json").json["id"]
            wait_for(lambda: self.b.run("rate", "accept", "ruritania", asked).code == 0, "the proposal to arrive")
            wait_for(lambda: any(one["id"] == asked and one["in_force"] for one in self.a.rpc(
                "agreements", {"line": "freedonia", "topic": "rate"})["result"]["agreements"]), "the rate to be agreed")
            self.say(self.a, "freedonia", "before")
            copy = self.copy(self.a)
            self.say(self.a, "freedonia", "lost")
            self.b.must("down")
            self.roll_back(self.a, copy)
            self.a.must("up")
            self.a.must("resume", "freedonia", "--without-peer", "--reason", "the peer is gone")
            self.a.must("send", "freedonia", "after")
            self.assertEqual(self.beyond(self.a, "freedonia"), [])
            self.b.must("up")
            self.both_equal()
            for station, line in ((self.a, "freedonia"), (self.b, "ruritania")):
                wait_for(lambda: self.beyond(station, line) == ["after"], "the third of the minute to be marked")
            self.a.must("down")
            self.a.must("up")
            self.assertEqual(self.beyond(self.a, "freedonia"), ["after"])


if __name__ == "__main__":
    unittest.main()
