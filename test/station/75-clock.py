#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""A station whose clock is wrong: shown as doubtful by what the echo measures, and nothing is refused."""
import os
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import clock
import stations
from stations import wait_for


class Clock(unittest.TestCase):
    def setUp(self):
        self.pair = stations.Pair(proxied=False)
        self.addCleanup(self.pair.close)
        self.a, self.b = self.pair.a, self.pair.b
        self.clock = clock.Clock(self.pair.folder)

    def up_shifted(self, seconds):
        self.clock.seconds = seconds
        with self.clock:
            self.b.must("up")

    def exchange(self):
        ids = []
        for station, line, other, other_line in ((self.a, "freedonia", self.b, "ruritania"),
                                                 (self.b, "ruritania", self.a, "freedonia")):
            message = station.must("send", line, "-p", "flash", "what time is it", "--wait", "delivered", "--json").json["id"]
            ids.append((other.must("show", other_line, message, "--json").json,
                        station.must("show", line, message, "--json").json))
        return ids

    def doubtful(self, offset):
        self.a.must("up")
        self.up_shifted(offset)
        self.pair.wait_up()
        wait_for(lambda: any("clock" in alarm for alarm in self.a.line("freedonia")["alarms"]), "the alarm")
        for seen, _ in self.exchange():
            self.assertIs(seen["time_doubtful"], True)
        stations.verified(self.pair)

    def test_two_minutes_ahead_is_doubtful(self):
        self.doubtful(120)

    def test_ten_years_behind_is_doubtful(self):
        self.doubtful(-10 * 365 * 86400)

    def test_half_a_minute_is_not(self):
        self.a.must("up")
        self.up_shifted(-30)
        self.pair.wait_up()
        for seen, kept in self.exchange():
            self.assertIs(seen["time_doubtful"], False)
            self.assertIs(kept["time_doubtful"], False)
        self.assertEqual(self.a.line("freedonia")["alarms"], [])

    def test_an_old_message_is_not_doubtful_for_its_age(self):
        self.up_shifted(-3600)
        self.a.must("up")
        self.pair.wait_up()
        self.a.must("down")
        self.b.must("send", "ruritania", "waits")
        self.b.must("down")
        self.b.must("up")
        self.a.must("up")
        self.pair.wait_up()
        wait_for(lambda: any(m["text"] == "waits" for m in self.a.must("list", "freedonia", "--json").lines), "it")
        wait_for(lambda: self.a.line("freedonia")["alarms"] == [], "no alarm once the clock is right")


if __name__ == "__main__":
    unittest.main()
