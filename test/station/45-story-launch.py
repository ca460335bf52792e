#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""A launch is notified from an English desk and read in Chinese. One field changed in the read-back is found; then the
launch is postponed, and everyone who took the first notification, or passed it on, must take the new one: an alarm until
then."""
import os
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from story import Story


def fields(values):
    return [word for n, value in values.items() for word in ("--field", f"{n}={value}")]


class Launch(Story):
    def notify(self, values, *more):
        return self.do(self.a, "send", "--form", "LAUNCH", *fields(values), *more, "--wait", "delivered")["id"]

    def struck(self, station, first, later):
        """Both texts in a list: the first is struck through, and says which stands."""
        listed = self.say(station, "list")
        self.assertIn("~~", listed)
        said = (self.words if station is self.b else self.english)["say.show.superseded_by"]
        self.assertIn(said.replace("{word}", later), listed)
        self.assertLess(listed.index(f"{first} "), listed.index(f"{later} "))

    def test_a_launch_across_languages_is_misread_corrected_postponed_and_taken_again(self):
        form = self.a.must("form", "show", "LAUNCH", "--json").json
        values = {field["n"]: field["example"] for field in form["fields"] if field["required"]}
        first = self.notify(values)
        read = self.say(self.b, "show", first)
        self.assertIn("计划发射日期", read)
        self.assertNotIn("Planned", read)
        self.assertIn("Planned date of launch", self.say(self.a, "show", first))
        self.assertEqual({f["n"]: f["value"] for f in self.shown(self.b, first)["fields"]}, values)

        self.do(self.b, "take", first)
        misread = self.b.run("readback", "ruritania", first, *fields({**values, 1: "2026-12-13"}))
        self.assertEqual(misread.code, 12)
        self.assertIn(self.words["say.readback.misread"].split("{")[0], misread.err)
        one = self.both(first, state="taken", open=True)
        wrong = one["acts"][-1]
        self.assertEqual((wrong["act"], wrong["effect"], wrong["misread"]),
                         ("readback", False, {"differs": [1], "left_out": [], "added": []}))
        self.assertIn("2026-12-13", self.say(self.a, "show", first))
        self.do(self.b, "readback", first, *fields(values))
        self.both(first, state="confirmed", open=False)
        self.do(self.b, "onward", first, "--stage", "duty")

        other = self.notify({**values, 1: "2026-12-20"})
        self.do(self.b, "onward", other, "--stage", "unit")
        unread = self.notify({**values, 1: "2026-12-27"})
        later = [self.notify({**values, 1: day}, "--corrects", old)
                 for old, day in ((first, "2027-01-03"), (other, "2027-01-20"), (unread, "2027-01-27"))]
        for old, new in ((first, later[0]), (other, later[1])):
            self.alarmed(self.b, "superseded_untaken", old)
            self.both(old, superseded_by=new)
            for station in (self.a, self.b):
                self.struck(station, old, new)
        self.assertNotIn(unread, self.alarms(self.b, "superseded_untaken"), "nobody there had seen it")
        self.assertEqual(self.alarms(self.a, "superseded_untaken"), {})
        self.assertEqual([m["id"] for m in self.do(self.b, "brief")["again"]], [first, other])
        self.refused(self.b, 1, "take", other)
        self.b.must("alarm", "ack")
        self.assertEqual(self.alarms(self.b, "superseded_untaken"), {first: "acknowledged", other: "acknowledged"})

        for old, new in ((first, later[0]), (other, later[1])):
            self.do(self.b, "take", new)
            self.calm(self.b, "superseded_untaken", old)
        self.assertEqual(self.do(self.b, "brief")["again"], [])
        self.do(self.b, "readback", later[0], *fields({**values, 1: "2027-01-03"}))
        self.both(later[0], state="confirmed", open=False, corrects=first)
        self.assertEqual(self.both(first)["state"], "confirmed", "what was done about the first one stays")


if __name__ == "__main__":
    unittest.main()
