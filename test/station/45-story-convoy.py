#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""A convoy is notified, and its sender sees how far the notification is passed on: desk, duty officer, unit. Another one
does not reach the unit, and the sender is alarmed until it does."""
import os
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from story import Story
from stations import wait_for


class Convoy(Story):
    lang = "ru"

    def notify(self):
        form = self.a.must("form", "show", "CONVOY", "--json").json
        values = {field["n"]: field["example"] for field in form["fields"] if field["required"]}
        args = [word for n, value in values.items() for word in ("--field", f"{n}={value}")]
        return self.do(self.a, "send", "--form", "CONVOY", *args, "--wait", "delivered")["id"]

    def passed(self, message, stage):
        """The sender sees it before anything else happens."""
        self.do(self.b, "onward", message, "--stage", stage)
        wait_for(lambda: self.shown(self.a, message)["chain"][-1]["state"] == stage, f"{stage} to show")

    def test_a_convoy_is_passed_on_to_the_unit_and_another_one_is_not(self):
        convoy, other = self.notify(), self.notify()
        read = self.say(self.b, "show", convoy)
        self.assertIn("Время отправления", read)
        self.assertNotIn("Departure", read)
        self.do(self.b, "take", convoy)
        for stage in ("desk", "duty", "unit"):
            self.passed(convoy, stage)
        one = self.both(convoy, state="taken")
        author, there = convoy[0], "A" if convoy[0] == "B" else "B"
        self.assertEqual(self.states(one), [("released", author)] + [(state, there) for state in
                                                                     ("delivered", "taken", "desk", "duty", "unit")])
        times = [step["time"] for step in one["chain"]]
        self.assertEqual(times, sorted(times))
        said = self.say(self.a, "show", convoy)
        self.assertLess(said.index("desk"), said.index("duty"))
        self.assertLess(said.index("duty"), said.index("unit"))

        self.do(self.b, "take", other)
        self.passed(other, "duty")
        self.do(self.b, "onward", other, "--stage", "unit", "--not-passed", "Нет связи с блокпостом")
        one = wait_for(lambda: next((m for m in [self.shown(self.a, other)] if m["chain"][-1]["state"] == "not_passed"), None),
                       "the sender to see it")
        self.assertEqual((one["acts"][-1]["stage"], one["acts"][-1]["text"]), ("unit", "Нет связи с блокпостом"))
        self.alarmed(self.a, "not_passed_on", other)
        self.assertEqual(self.alarms(self.a, "not_passed_on"), {other: "unacknowledged"}, "the first one was passed on")
        self.assertEqual(self.alarms(self.b, "not_passed_on"), {})
        self.assertIn("Нет связи с блокпостом", self.say(self.a, "show", other))
        self.assertIn("could not pass our message on", self.a.must("alarm", "list").out)
        self.assertIn(other, self.a.must("alarm", "list").out)
        self.do(self.b, "roger", other)
        self.both(other, open=False)
        self.assertEqual(self.alarms(self.a, "not_passed_on"), {other: "unacknowledged"}, "an answer reaches no unit")
        self.passed(other, "unit")
        self.calm(self.a, "not_passed_on", other)
        self.assertEqual([state for state, _ in self.states(self.both(other))][-3:], ["duty", "not_passed", "unit"])


if __name__ == "__main__":
    unittest.main()
