#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""An exercise that nobody could mistake: EXERCISE stands on every view and print of it, what is marked so outside of one is
shown as unannounced, and a real FLASH breaks it on both sides at once."""
import os
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from story import Story
from stations import wait_for


class Exercise(Story):
    def exercise(self, state):
        def both():
            two = [station.must("exercise", "list", self.line(station), "--json").lines[-1:] for station in (self.a, self.b)]
            return two if all(one and one[0]["state"] == state for one in two) else None
        two = wait_for(both, f"the exercise to be {state} on both sides")
        self.assertEqual(two[0], two[1])
        return two[0][0]

    def sent(self, station, *args):
        return self.do(station, "send", *args, "--wait", "delivered")["id"]

    def prints(self, station, message):
        """Everything that says something of this message, in the words of its desk, once; and the same in the other's."""
        other = "zh" if station is self.a else "en"
        return {"show": self.say(station, "show", message), "list": self.listed(self.say(station, "list"), message),
                "show in the other language": self.say(station, "show", message, "--lang", other),
                "search": self.listed(self.say(station, "search", "vessels"), message),
                "log": self.listed(self.say(station, "log"), message),
                "brief": self.listed(self.say(station, "brief"), message)}

    @staticmethod
    def listed(text, message):
        return next(line for line in text.split("\n") if line.startswith(message + " "))

    def marked(self, message, unannounced, real):
        for station in (self.a, self.b):
            one = self.shown(station, message)
            self.assertEqual((one["unannounced"], one["real"]), (unannounced, real))

    def test_an_exercise_is_unmistakable_and_is_broken_by_a_real_flash(self):
        early = self.sent(self.a, "--exercise", "-p", "flash", "Two vessels collide: nobody has heard of this one.")
        self.marked(early, True, False)
        self.assertIn(self.words["mark.unannounced"], self.say(self.b, "show", early))
        self.assertIn(self.english["mark.unannounced"], self.say(self.a, "list"))
        self.do(self.b, "decline", early)

        asked = self.do(self.a, "exercise", "propose", "E2", "--start", self.utc(-60), "--end", self.utc(3600))["id"]
        self.exercise("proposed")
        self.do(self.b, "exercise", "accept", asked)
        self.assertTrue(self.exercise("accepted")["running"])
        for station in (self.a, self.b):
            self.assertIn("EXERCISE", self.say(station, "exercise", "list"))

        drill = self.sent(self.a, "--exercise", "-p", "flash", "Three vessels collide.")
        self.marked(drill, False, False)
        self.alarmed(self.b, "flash_untaken", drill)
        drilled = self.b.must("alarm", "list").out.split("\n")[0]
        self.assertIn(drill, drilled)
        self.assertIn("EXERCISE", drilled)
        for station in (self.a, self.b):
            for view, said in self.prints(station, drill).items():
                self.assertIn("EXERCISE", said, view)
            self.assertTrue(all(e["exercise"] for e in station.must("log", self.line(station), "--json").lines
                                if drill in (e["id"], e["about"])))
        self.do(self.b, "take", drill)
        self.do(self.b, "readback", drill, "三艘船相撞")
        self.both(drill, state="read_back")
        for station in (self.a, self.b):
            about = [e for e in station.must("log", self.line(station), "--json").lines if e["about"] == drill]
            self.assertEqual([(e["kind"], e["exercise"]) for e in about], [("take", True), ("readback", True)])

        flash = self.sent(self.b, "-p", "flash", "Real: vessels on fire, 30 people in the water.")
        broken = self.exercise("suspended")
        self.assertEqual((broken["id"], broken["broken_by"], broken["party"], broken["running"]),
                         (asked, flash, "Freedonia", False))
        self.marked(flash, False, True)
        for station, words in ((self.a, self.english), (self.b, self.words)):
            for said in (self.say(station, "show", flash), self.say(station, "list"), self.say(station, "brief")):
                self.assertIn(words["mark.real"], said)
            self.assertNotIn(words["mark.exercise"], self.say(station, "show", flash))
            said = self.say(station, "exercise", "list")
            self.assertIn(flash, said)
            self.assertNotIn("EXERCISE", said)
        self.alarmed(self.a, "flash_untaken", flash)
        self.assertNotIn("EXERCISE", self.a.must("alarm", "list").out)
        self.assertEqual([alarm["exercise"] for alarm in self.a.must("alarm", "list", "--json").lines
                          if alarm["about"] == flash], [False])
        self.do(self.a, "take", flash)
        self.later(2)
        after = self.sent(self.a, "--exercise", "Four vessels collide.")
        self.marked(after, True, False)
        self.marked(drill, False, False)


if __name__ == "__main__":
    unittest.main()
