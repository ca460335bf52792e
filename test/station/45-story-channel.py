#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""A military channel is suspended for months and then resumed. All the while both sides show by whom, since when and why,
and never a line that is broken; FLASH and SERVICE pass."""
import os
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from story import DAY, Story
from stations import wait_for


class Channel(Story):
    lang = "zh"

    def level(self, state):
        """What both sides show of it once it is in this state; Ruritania's."""
        def both():
            two = [next(one for one in station.must("channel", "list", self.line(station), "--json").lines
                        if one["level"] == "military") for station in (self.a, self.b)]
            return two if all(one["state"] == state for one in two) else None
        two = wait_for(both, f"military to be {state} on both sides")
        for name in ("side", "party", "since", "reason", "id", "purpose"):
            self.assertEqual(two[0][name], two[1][name], name)
        return two[0]

    def is_not_broken(self):
        self.pair.wait_up()
        for station in (self.a, self.b):
            line = station.line(self.line(station))
            self.assertEqual((line["state"], line["reason"], line["closed"]), ("up", None, False))
            self.assertEqual([alarm for alarm in station.must("alarm", "list", "--json").lines
                              if alarm["kind"] in ("line_down", "path_down", "desk_unattended")], [])
            status = station.must("status").out
            self.assertNotIn("down", status)
            listed = self.say(station, "channel", "list")
            self.assertIn("Freedonia", listed)
            self.assertIn("对方军舰进入我领海", listed)

    def passes(self, station, *args):
        sent = self.do(station, "send", *args, "--wait", "delivered")["id"]
        self.do(self.b if station is self.a else self.a, "take", sent)
        self.both(sent, state="taken")

    def a_month_goes_by(self, since):
        self.later(30 * DAY)
        self.assertEqual(self.level("suspended")["since"], since)
        self.is_not_broken()
        for station in (self.a, self.b):
            for precedence in ("routine", "priority", "immediate"):
                said = self.refused(station, 1, "send", "--level", "military", "-p", precedence, "We ask for a call.")
                self.assertIn("Freedonia", said)
                self.assertIn(since, said)
            self.passes(station, "--level", "military", "-p", "flash", "Collision at sea.")
            self.passes(station, "--level", "service", "The spare modem is in place.")

    def test_a_military_channel_is_suspended_for_months_and_resumed_and_never_looks_broken(self):
        asked = self.do(self.a, "channel", "propose", "military", "--purpose", "incidents at sea", "--role-here",
                        "joint-staff", "--role-there", "navy")["id"]
        self.assertEqual(self.level("proposed")["proposals"], [asked])
        self.do(self.b, "channel", "accept", "military")
        self.level("accepted")
        self.passes(self.a, "--level", "military", "Good morning.")

        self.do(self.b, "channel", "suspend", "military", "--reason", "对方军舰进入我领海")
        begun = self.level("suspended")
        self.assertEqual((begun["party"], begun["reason"]), ("Freedonia", "对方军舰进入我领海"))
        self.a_month_goes_by(begun["since"])
        for station in (self.a, self.b):
            station.must("down")
        self.later(30 * DAY)
        self.pair.up()
        self.a_month_goes_by(begun["since"])
        self.assertIn("only the other side resumes", self.refused(self.a, 1, "channel", "resume", "military"))

        self.do(self.b, "channel", "resume", "military", "--reason", "两国外长通话后恢复")
        resumed = self.level("resumed")
        self.assertGreater(resumed["since"], begun["since"])
        self.assertEqual(resumed["purpose"], "incidents at sea")
        self.assertIn("两国外长通话后恢复", self.say(self.a, "channel", "list"))
        for station in (self.a, self.b):
            self.passes(station, "--level", "military", "We are glad to hear you.")


if __name__ == "__main__":
    unittest.main()
