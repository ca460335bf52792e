#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The machines test each path all the time: a path that carries nothing any more, and says nothing of it, shows at both
ends in well under three minutes, at the interval that a station begins with."""
import os
import sys
import time
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import stations
from stations import wait_for

INTERVAL_S = 20  # liveness_seconds of a new home: a path of IP is tested at least every 60
ENDS = (("a", "freedonia"), ("b", "ruritania"))


class MachineTests(unittest.TestCase):
    def setUp(self):
        self.pair = stations.Pair()
        self.addCleanup(self.pair.close)
        self.pair.up()

    def path(self, end, name):
        path, = getattr(self.pair, end).line(name)["paths"]
        return path

    def oldest_ms(self):
        """How long ago the path was last proven, where that is longest ago; a long time where it never was."""
        proven = [self.path(end, name)["last_proven_ms"] for end, name in ENDS]
        return 10**9 if None in proven else max(proven)

    def is_lost(self, end, name):
        """Whether this end shows the path as down and has told its officer that the line is."""
        kinds = [alarm["kind"] for alarm in getattr(self.pair, end).must("alarm", "list", "--json").lines
                 if alarm["state"] == "unacknowledged"]
        return self.path(end, name)["state"] == "down" and "line_down" in kinds

    def test_a_cut_that_nobody_tells_shows_at_both_ends_within_three_minutes(self):
        for end, name in ENDS:
            self.assertEqual(self.path(end, name)["asked_every_ms"], 1000 * INTERVAL_S)
        wait_for(lambda: 1000 * INTERVAL_S / 2 < self.oldest_ms() < 10**9, "what proves the path to grow old",
                 2 * INTERVAL_S)
        wait_for(lambda: self.oldest_ms() < 3000, "it to be proven anew", 2 * INTERVAL_S)
        self.pair.proxy.swallows = True
        began = time.monotonic()
        for end, name in ENDS:
            wait_for(lambda: self.is_lost(end, name), f"{name} to be shown as lost", 180 - (time.monotonic() - began))
        print(f"shown at both ends after {time.monotonic() - began:.0f} s")
        self.pair.proxy.cut()
        self.pair.proxy.swallows = False
        self.pair.proxy.mend()
        self.pair.wait_up(60)
        for end, name in ENDS:
            self.assertLess(self.path(end, name)["last_proven_ms"], 60000)


if __name__ == "__main__":
    unittest.main()
