#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""What both sides agree: a military channel that is suspended and resumed, an exercise that a real FLASH breaks,
instructions. Both sides show the same of it, and still do after a restart."""
import os
import sys
import time
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import stations
from stations import wait_for

SAME = ("level", "state", "side", "party", "since", "reason", "id", "purpose", "hours", "proposals")


def moment(seconds):
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + seconds))


class Channels(unittest.TestCase):
    def setUp(self):
        self.pair = stations.Pair(proxied=False)
        self.addCleanup(self.pair.close)
        self.a, self.b = self.pair.a, self.pair.b
        self.pair.up()

    def line(self, station):
        return "freedonia" if station is self.a else "ruritania"

    def other(self, station):
        return self.b if station is self.a else self.a

    def side(self, station):
        return station.line(self.line(station))["side"]

    def do(self, station, command, verb, *args):
        return station.must(command, verb, self.line(station), *args, "--json").json["id"]

    def refused(self, station, code, said, *args):
        answer = station.run(*args)
        self.assertEqual((answer.code, answer.out), (code, ""), args)
        self.assertIn(said, answer.err)

    def listed(self, station, command):
        return station.must(command, "list", self.line(station), "--json").lines

    def level(self, station, name):
        return next(one for one in self.listed(station, "channel") if one["level"] == name)

    def is_level(self, name, state):
        """What both sides show of a level once it is in this state on both."""
        def both():
            seen = [self.level(station, name) for station in (self.a, self.b)]
            return seen if all(one["state"] == state for one in seen) else None
        one, other = wait_for(both, f"{name} to be {state} on both sides")
        self.assertEqual([one[key] for key in SAME], [other[key] for key in SAME])
        return one

    def is_accord(self, command, state):
        def both():
            seen = [self.listed(station, command) for station in (self.a, self.b)]
            return seen if all(one and one[-1]["state"] == state for one in seen) else None
        one, other = wait_for(both, f"the last {command} to be {state} on both sides")
        self.assertEqual(one, other)
        return one[-1]

    def restart(self):
        for station in (self.a, self.b):
            station.must("down")
        self.pair.up()

    def test_a_fresh_line_has_all_levels_open(self):
        for station in (self.a, self.b):
            self.assertEqual({one["state"] for one in self.listed(station, "channel")}, {"open"})
            self.assertEqual([one["level"] for one in self.listed(station, "channel")],
                             ["leaders", "ministers", "heads-of-mission", "working", "military", "technical", "humanitarian",
                              "track-15", "service"])
        self.a.must("send", "freedonia", "--level", "military", "hello")

    def test_a_military_channel_is_suspended_and_resumed_and_both_sides_show_by_whom_since_when_and_why(self):
        a = self.side(self.a)
        asked = self.do(self.a, "channel", "propose", "military", "--purpose", "incidents at sea", "--role-here", "joint-staff",
                        "--role-there", "navy", "--hours", "0600Z-1800Z")
        self.assertEqual(self.is_level("military", "proposed")["proposals"], [asked])
        self.refused(self.a, 1, asked, "channel", "accept", "freedonia", asked)
        self.do(self.b, "channel", "accept", "military")
        self.is_level("military", "accepted")
        here, there = self.level(self.a, "military"), self.level(self.b, "military")
        self.assertEqual((here["role_here"], here["role_there"]), ("joint-staff", "navy"))
        self.assertEqual((there["role_here"], there["role_there"]), ("navy", "joint-staff"))
        self.assertEqual((there["purpose"], there["hours"], there["proposals"]), ("incidents at sea", "0600Z-1800Z", []))

        self.do(self.a, "channel", "suspend", asked, "--reason", "after the vote")
        one = self.is_level("military", "suspended")
        self.assertEqual((one["side"], one["party"], one["reason"]), (a, "Ruritania", "after the vote"))
        self.assertEqual(self.a.line("freedonia")["state"], "up")
        for station in (self.a, self.b):
            shown = station.must("channel", "list", self.line(station)).out
            for word in ("suspended", "Ruritania", "after the vote", "incidents at sea"):
                self.assertIn(word, shown)
            for precedence in ("routine", "immediate"):
                self.refused(station, 1, "Ruritania has suspended level military", "send", self.line(station), "--level",
                             "military", "-p", precedence, "text")
            self.assertIn(one["since"], station.run("send", self.line(station), "--level", "military", "text").err)
            station.must("send", self.line(station), "--level", "military", "-p", "flash", "text")
            station.must("send", self.line(station), "--level", "working", "text")
            station.must("send", self.line(station), "text")
        self.refused(self.b, 1, "only the other side", "channel", "resume", "ruritania", "military")
        self.restart()
        self.assertEqual(self.is_level("military", "suspended"), one)
        self.do(self.a, "channel", "resume", "military", "--reason", "agreed by phone")
        again = self.is_level("military", "resumed")
        self.assertEqual((again["side"], again["reason"], again["purpose"]), (a, "agreed by phone", "incidents at sea"))
        self.b.must("send", "ruritania", "--level", "military", "text")

    def test_what_operators_say_about_the_line_stands_apart_from_what_governments_say(self):
        self.a.must("send", "freedonia", "--level", "service", "The cable is mended.", "--wait", "delivered")
        self.a.must("send", "freedonia", "The talks begin on Monday.", "--wait", "delivered")
        for station in (self.a, self.b):
            said = station.must("list", self.line(station)).out
            where = [said.index(word) for word in ("The talks", "Service, between the operators:", "The cable")]
            self.assertEqual(where, sorted(where))
            self.assertEqual(said.count("SERVICE, between operators"), 1)
            self.assertEqual([one["level"] for one in station.must("list", self.line(station), "--json").lines],
                             ["service", None])

    def test_what_makes_no_sense_is_refused_and_leaves_no_entry(self):
        before = len(stations.record(self.a, "freedonia"))
        self.refused(self.a, 1, "cannot be suspended", "channel", "suspend", "freedonia", "service")
        self.refused(self.a, 1, "A99", "channel", "accept", "freedonia", "A99")
        self.refused(self.a, 1, "No Such", "channel", "suspend", "freedonia", "No Such")
        self.refused(self.a, 2, "level", "channel", "propose", "freedonia", "No Such")
        self.refused(self.a, 2, "--start", "exercise", "propose", "freedonia", "E1", "--end", "+1h")
        self.refused(self.a, 2, "E1, E2 or E3", "exercise", "propose", "freedonia", "E4", "--start", "+1h", "--end", "+2h")
        self.refused(self.a, 2, "E1, E2 or E3", "exercise", "propose", "freedonia", "E1", "--start", "+2h", "--end", "+1h")
        self.refused(self.a, 2, "E1, E2 or E3", "exercise", "propose", "freedonia", "E1", "--start", moment(-60), "--end", moment(-1))
        self.refused(self.a, 2, "instructions", "agree", "propose", "freedonia", "peace")
        self.refused(self.a, 2, "suspend", "exercise", "suspend", "freedonia", "A1")
        self.refused(self.a, 2, "--purpose", "channel", "suspend", "freedonia", "military", "--purpose", "x")
        self.refused(self.a, 2, "channel", "channel", "suspend", "freedonia")
        self.refused(self.a, 2, "channel", "channel", "list", "freedonia", "military")
        self.assertEqual(len(stations.record(self.a, "freedonia")), before)

    def test_a_declined_channel_is_shown_with_by_whom_and_the_level_stays_open(self):
        asked = self.do(self.b, "channel", "propose", "climate", "--purpose", "floods")
        wait_for(lambda: any(one["level"] == "climate" for one in self.listed(self.a, "channel")), "the proposal to arrive")
        self.do(self.a, "channel", "decline", asked, "--reason", "not at this level")
        one = self.is_level("climate", "declined")
        self.assertEqual((one["party"], one["reason"]), ("Ruritania", "not at this level"))
        self.refused(self.a, 1, "declined", "channel", "accept", "freedonia", asked)
        self.a.must("send", "freedonia", "--level", "climate", "text")

    def test_a_level_that_nobody_brought_in_is_refused_but_to_flash(self):
        before = len(stations.record(self.a, "freedonia"))
        self.refused(self.a, 2, "no level minsters", "send", "freedonia", "--level", "minsters", "text")
        self.refused(self.a, 2, "channel list freedonia", "draft", "freedonia", "--level", "minsters", "text")
        self.assertEqual(len(stations.record(self.a, "freedonia")), before)
        self.a.must("send", "freedonia", "--level", "minsters", "-p", "flash", "text")

    def marks(self, station, message):
        wait_for(lambda: station.run("show", self.line(station), message).code == 0, f"{message} to arrive")
        shown = station.must("show", self.line(station), message, "--json").json
        listed = next(one for one in station.must("list", self.line(station), "--json").lines if one["id"] == message)
        self.assertEqual((shown["unannounced"], shown["real"]), (listed["unannounced"], listed["real"]))
        return shown["unannounced"], shown["real"]

    def sent(self, station, *args):
        return station.must("send", self.line(station), *args, "--wait", "delivered", "--json").json["id"]

    def check_marks(self, message, unannounced, real):
        for station in (self.a, self.b):
            self.assertEqual(self.marks(station, message), (unannounced, real), message)

    def test_an_exercise_is_broken_by_a_real_flash_on_both_sides(self):
        early = self.sent(self.a, "--exercise", "-p", "flash", "nobody has heard of this one")
        self.check_marks(early, True, False)
        self.assertIn("unannounced", self.b.must("list", "ruritania").out)
        asked = self.do(self.a, "exercise", "propose", "E2", "--start", moment(-60), "--end", moment(3600))
        self.is_accord("exercise", "proposed")
        self.do(self.b, "exercise", "accept", asked)
        one = self.is_accord("exercise", "accepted")
        self.assertEqual((one["id"], one["exercise"], one["running"], one["broken_by"]), (asked, "E2", True, None))
        drill = self.sent(self.a, "--exercise", "-p", "flash", "three vessels")
        self.check_marks(drill, False, False)
        plain = self.sent(self.b, "-p", "priority", "the canteen is closed")
        self.check_marks(plain, False, False)
        self.is_accord("exercise", "accepted")

        flash = self.sent(self.a, "-p", "flash", "a vessel is on fire")
        broken = self.is_accord("exercise", "suspended")
        self.assertEqual((broken["broken_by"], broken["party"], broken["running"]), (flash, "Ruritania", False))
        self.check_marks(flash, False, True)
        after = self.sent(self.a, "--exercise", "four vessels")
        self.check_marks(after, True, False)
        self.check_marks(drill, False, False)
        self.assertIn("REAL", self.b.must("show", "ruritania", flash).out)
        self.assertIn(flash, self.b.must("exercise", "list", "ruritania").out)
        self.restart()
        self.assertEqual(self.is_accord("exercise", "suspended"), broken)
        self.check_marks(after, True, False)
        self.check_marks(flash, False, True)
        self.do(self.b, "exercise", "end", asked, "--reason", "another day")
        self.assertEqual(self.is_accord("exercise", "ended")["reason"], "another day")

    def test_instructions_are_given_once_both_sides_agreed_and_until_one_ends_it(self):
        instruction = ("send", "freedonia", "--marker", "instruction", "alter course to 090")
        self.refused(self.a, 1, "not agreed to instructions", *instruction)
        asked = self.do(self.b, "agree", "propose", "instructions")
        self.is_accord("agree", "proposed")
        self.refused(self.a, 1, "not agreed to instructions", *instruction)
        self.do(self.a, "agree", "accept", asked)
        self.is_accord("agree", "accepted")
        self.a.must(*instruction)
        self.restart()
        self.a.must(*instruction)
        self.do(self.b, "agree", "end", asked)
        self.is_accord("agree", "ended")
        self.refused(self.a, 1, "not agreed to instructions", *instruction)


if __name__ == "__main__":
    unittest.main()
