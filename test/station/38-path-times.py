#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""How long each path was up, as each side measured it: it stands beside what that side signs; a restart loses none."""
import datetime
import os
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import stations
from stations import wait_for


class PathTimes(unittest.TestCase):
    def setUp(self):
        self.pair = stations.Pair()
        self.addCleanup(self.pair.close)
        self.a, self.b = self.pair.a, self.pair.b
        self.pair.up()

    def name(self, station):
        return "freedonia" if station is self.a else "ruritania"

    def signed(self, station):
        """What each side measured, as this station shows it, by side. Of the month that it is now."""
        month = datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m")
        stats = station.must("stats", self.name(station), "--month", month, "--sign", "--json").json
        return {one["side"]: one["paths"] for one in stats["signed"]}

    def own(self, station):
        return self.signed(station)[station.line(self.name(station))["side"]]

    def test_each_side_signs_what_it_measured_and_a_restart_loses_none_of_it(self):
        up = wait_for(lambda: [p for p in self.own(self.a) if p["up_s"] >= 61], "more than a minute", 90)[0]
        self.assertEqual((up["path"], up["carrier"]), (0, "tcp"))
        self.assertLess(up["down_s"], 20)
        self.assertGreater(up["rtt_ms"], 0)
        self.assertLess(up["rtt_ms"], 1000)
        self.assertEqual(self.a.must("note", "list", "--json").lines, [])
        self.a.must("down")
        self.a.must("up")
        leaf, = self.a.must("note", "list", "--kind", "path", "--json").lines
        carrier, path, _, seconds, down, _ = leaf["text"].split()
        self.assertEqual((carrier, path, leaf["line"]), ("tcp", "0", "freedonia"))
        self.assertGreaterEqual(int(seconds), up["up_s"])
        self.pair.wait_up()
        again = self.own(self.a)[0]
        self.assertGreaterEqual(again["up_s"], int(seconds))
        self.assertGreaterEqual(again["down_s"], int(down))

        theirs = self.own(self.b)[0]
        side = self.b.line("ruritania")["side"]
        both = wait_for(lambda: [s for s in [self.signed(self.a)] if len(s) == 2], "both to have signed")[0]
        self.assertEqual(both[side], [theirs])
        month = datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m")
        said = self.a.must("stats", "freedonia", "--month", month).out
        self.assertEqual(said.count("as measured there: path 0, tcp: up"), 2, said)
        before = self.own(self.a)[0]["down_s"]
        self.b.must("down")
        wait_for(lambda: self.own(self.a)[0]["down_s"] > before + 1, "the path to be measured as down", 20)


if __name__ == "__main__":
    unittest.main()
