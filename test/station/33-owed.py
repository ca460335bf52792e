#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""What people owe each other is an alarm until it is done: a FLASH that nobody takes, escalated on the record of both
sides; a text that was acted on and does not stand any more; a standby that is over; what was not passed on."""
import datetime
import os
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import stations
from stations import wait_for


class Owed(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.pair = stations.Pair(proxied=False)
        cls.a, cls.b = cls.pair.a, cls.pair.b
        cls.pair.up()

    @classmethod
    def tearDownClass(cls):
        cls.pair.close()

    def send(self, *args):
        return self.a.must("send", "freedonia", *args, "--wait", "delivered", "--json").json["id"]

    def do(self, station, *words):
        station.must(words[0], "freedonia" if station is self.a else "ruritania", *words[1:], "--json")

    def alarms(self, station, kind):
        """What this kind of alarm is about, and in which state."""
        return {alarm["about"]: alarm for alarm in station.must("alarm", "list", "--json").lines if alarm["kind"] == kind}

    def stands(self, station, kind, about):
        return wait_for(lambda: self.alarms(station, kind).get(about, {}).get("state") == "unacknowledged" and
                        self.alarms(station, kind)[about], f"{kind} about {about}", seconds=20)

    def rectified(self, station, kind, about):
        wait_for(lambda: self.alarms(station, kind).get(about, {}).get("state") in (None, "rectified"),
                 f"{kind} about {about} to be over")

    def test_a_flash_sounds_at_once_and_until_it_is_taken(self):
        sent = self.send("-p", "flash", "now")
        alarm = self.stands(self.b, "flash_untaken", sent)
        self.assertEqual((alarm["priority"], alarm["line"]), ("emergency", "ruritania"))
        self.do(self.b, "take", sent)
        self.rectified(self.b, "flash_untaken", sent)
        self.assertEqual(self.alarms(self.a, "flash_untaken"), {})
        other = self.send("-p", "flash", "now too")
        self.stands(self.b, "flash_untaken", other)
        self.do(self.b, "decline", other)
        self.rectified(self.b, "flash_untaken", other)

    def test_a_flash_that_nobody_takes_is_escalated_on_the_record_of_both(self):
        both = [self.send("-p", "flash", text) for text in ("at night", "whoever is called finds this one too")]

        def escalated(station, line):
            for message in both:
                shown = station.must("show", line, message, "--json").json
                if any(s["state"] == "escalated" for s in shown["chain"]):
                    return shown
            return None
        there = wait_for(lambda: escalated(self.b, "ruritania"), "the receiver to say so", seconds=90)
        here = wait_for(lambda: escalated(self.a, "freedonia"), "the sender to see it", seconds=10)
        sent, second = there["id"], next(message for message in both if message != there["id"])
        self.assertEqual(there["chain"], here["chain"])
        step = there["chain"][-1]
        self.assertEqual((step["state"], step["role"], step["side"]), ("escalated", "deputy", "B" if sent[0] == "A" else "A"))
        self.assertGreaterEqual(step["time"], there["due"])
        self.stands(self.a, "untaken_there", sent)
        self.stands(self.a, "untaken_there", second)
        chain = self.b.must("show", "ruritania", second, "--json").json["chain"]
        self.assertEqual([s["state"] for s in chain], ["released", "delivered"])
        self.do(self.b, "take", second)
        self.do(self.b, "take", sent)
        self.rectified(self.a, "untaken_there", sent)
        self.rectified(self.b, "flash_untaken", sent)

    def test_who_acted_on_a_text_must_take_the_one_in_its_place(self):
        first = self.send("at nine", "--answer", "wu")
        self.do(self.b, "take", first)
        later = self.send("at ten", "--corrects", first, "--answer", "wu")
        self.stands(self.b, "superseded_untaken", first)
        self.do(self.b, "take", later)
        self.rectified(self.b, "superseded_untaken", first)
        untouched = self.send("at eleven")
        self.send("never", "--cancels", untouched)
        again = self.send("marker")
        wait_for(lambda: any(m["id"] == again for m in self.b.must("list", "ruritania", "--json").lines), "all to be there")
        self.assertNotIn(untouched, self.alarms(self.b, "superseded_untaken"))

    def test_a_standby_that_is_over_is_an_alarm_until_it_is_answered(self):
        sent = self.send("will you?", "--answer", "wu")
        until = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=3)
        self.do(self.b, "standby", sent, "--until", until.strftime("%Y-%m-%dT%H:%M:%SZ"))
        self.assertNotIn(sent, self.alarms(self.b, "standby_expired"))
        self.stands(self.b, "standby_expired", sent)
        self.do(self.b, "wilco", sent)
        self.rectified(self.b, "standby_expired", sent)

    def test_what_was_not_passed_on_is_an_alarm_of_its_sender(self):
        sent = self.send("convoy", "--answer", "wu")
        self.do(self.b, "onward", sent, "--stage", "unit", "--not-passed", "no radio contact")
        self.stands(self.a, "not_passed_on", sent)
        self.assertEqual(self.alarms(self.b, "not_passed_on"), {})
        self.do(self.b, "onward", sent, "--stage", "unit")
        self.rectified(self.a, "not_passed_on", sent)

    def test_what_is_owed_is_known_after_a_restart(self):
        sent = self.send("-p", "flash", "before the restart")
        self.stands(self.b, "flash_untaken", sent)
        self.b.must("down")
        self.b.must("up")
        self.stands(self.b, "flash_untaken", sent)
        self.do(self.b, "take", sent)
        self.rectified(self.b, "flash_untaken", sent)


if __name__ == "__main__":
    unittest.main()
