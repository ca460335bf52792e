#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Tests of the line by people: an hour of them on two real stations whose clock is moved, with one miss (amber) and two
(red) on both sides; what an officer makes of a test in his own language stays at home."""
import json
import os
import re
import sys
import time
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import clock
import stations
from stations import wait_for

WORD = "sonderbarerweise"


def iso(utc):
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(utc))


class LineTests(unittest.TestCase):
    def setUp(self):
        self.pair = stations.Pair()
        self.addCleanup(self.pair.close)
        self.clock = clock.Clock(self.pair.folder)
        self.enterContext(self.clock)
        self.pair.up()
        named = {self.pair.a.line("freedonia")["side"]: self.pair.a, self.pair.b.line("ruritania")["side"]: self.pair.b}
        self.a, self.b = named["A"], named["B"]  # by side, whoever that is
        self.begin = (int(time.time()) // 1200 + 2) * 1200  # an even slot of ten minutes

    def name(self, station):
        return "freedonia" if station is self.pair.a else "ruritania"

    def to(self, minutes):
        """Moves the clock of both stations to so many minutes after the beginning."""
        shift = int(self.begin + 60 * minutes - time.time())
        self.assertGreaterEqual(shift, self.clock.seconds)
        self.clock.seconds = shift

    def do(self, station, verb, *args):
        return station.must("test", verb, self.name(station), *args, "--json")

    def refused(self, station, code, said, verb, *args):
        answer = station.run("test", verb, self.name(station), *args)
        self.assertEqual((answer.code, answer.out), (code, ""), answer.err)
        self.assertIn(said, answer.err)

    def stand(self, station):
        return station.line(self.name(station))["tests"]

    def both(self, state):
        """Waits until the line's tests are so on both sides; what both show."""
        def seen():
            shown = [self.stand(station) for station in (self.a, self.b)]
            return shown if all(one["state"] == state for one in shown) and shown[0] == shown[1] else None
        try:
            return wait_for(seen, f"tests to be {state} on both sides")[0]
        except AssertionError as e:
            raise AssertionError(f"{e}: {[self.stand(station) for station in (self.a, self.b)]}") from e

    def slots(self, station):
        return self.do(station, "list").lines

    def alarms(self, station):
        return {one["kind"]: one["state"] for one in station.must("alarm", "list", "--json").lines
                if one["kind"] in ("test_missed", "tests_missed")}

    def both_alarms(self, *kinds, state="unacknowledged"):
        for station in (self.a, self.b):
            wait_for(lambda: self.alarms(station) == dict.fromkeys(kinds, state), f"{kinds} to be {state}")

    def agree(self):
        """On a schedule of ten minutes, which begins with A's slot."""
        self.to(-2)
        asked = self.do(self.a, "propose", "--every", "10", "--role-there", "duty-officer").json["id"]
        wait_for(lambda: self.do(self.b, "schedule").lines, "the schedule to arrive")
        self.do(self.b, "accept", asked)
        self.both("green")
        return asked

    def send(self, station, *args, stdin=None):
        return station.must("test", "send", self.name(station), *args, "--json", stdin=stdin).json["id"]

    def answer(self, station, test, *args):
        def done():
            answer = station.run("test", "answer", self.name(station), test, *args, "--json")
            return json.loads(answer.out)["id"] if answer.code == 0 else None
        return wait_for(done, f"{test} to arrive and be answered")

    def test_a_fresh_line_has_no_tests_and_misses_none(self):
        self.to(0)
        self.assertEqual(self.both("none"), {"state": "none"} | dict.fromkeys(("last", "next", "side", "unanswered")))
        self.refused(self.a, 1, "openline test propose", "send", "--next")
        self.do(self.a, "propose")
        wait_for(lambda: self.do(self.b, "schedule").lines, "the proposal to arrive")
        self.to(300)
        self.both("none")
        self.assertEqual([self.slots(self.a), self.slots(self.b)], [[], []])
        self.both_alarms()

    def test_an_hour_with_one_miss_is_amber_and_two_are_red_on_both_sides_and_an_answer_is_green(self):
        asked = self.agree()
        self.assertEqual(self.both("green"), {"state": "green", "last": None, "next": iso(self.begin), "side": "A",
                                              "unanswered": None})
        told = []
        follower = stations.Caller(self.b, told.append)
        self.addCleanup(follower.close)
        follower.call("follow", {"line": self.name(self.b)})
        self.to(1)
        first = self.send(self.a, "--next")
        wait_for(lambda: self.stand(self.b)["unanswered"] == first, "the test to be seen to wait")
        wait_for(lambda: any(e["event"] == "tests" and e["tests"]["unanswered"] == first for e in told),
                 "it to be told")
        self.assertIn(first, self.b.must("status").out)
        self.assertEqual(self.answer(self.b, first, "--translation", f"Sie kam, {WORD}.", "--lang", "de")[0], "B")
        green = self.both("green")
        self.assertEqual((green["next"], green["side"], green["unanswered"]), (iso(self.begin + 600), "B", None))
        self.to(11)
        self.answer(self.a, self.send(self.b, "-", "--lang", "fr", stdin="La pluie a cessé.\n".encode()))
        self.both("green")
        self.both_alarms()
        self.to(22)
        self.both("green")
        self.to(22.6)  # A has sent nothing
        self.both("amber")
        self.both_alarms("test_missed")
        self.to(31)
        third = self.send(self.b, "Nobody will answer this one in time.")
        self.to(32.6)
        self.both("red")
        self.both_alarms("test_missed", "tests_missed")
        self.assertIn("RED", self.a.must("status").out)
        self.to(41)
        self.answer(self.b, self.send(self.a, "--next"))
        self.both("green")
        self.both_alarms("test_missed", "tests_missed", state="rectified")
        self.to(55)

        a, b = self.slots(self.a), self.slots(self.b)
        self.assertEqual(a, b)
        hour = [one for one in a if one["slot"] >= iso(self.begin)]
        self.assertEqual([(one["side"], one["state"]) for one in hour],
                         [("A", "answered"), ("B", "answered"), ("A", "missed"), ("B", "missed"), ("A", "answered"),
                          ("B", "missed")])
        self.assertEqual([hour[3]["id"], hour[3]["answer"]], [third, None])
        self.assertEqual([hour[1]["text"], hour[1]["lang"]], ["La pluie a cessé.", "fr"])
        self.assertEqual(hour[0]["lang"], self.a.status()["station"]["lang"])
        self.assertEqual([hour[0]["role"], hour[1]["role"]], ["duty-officer", None])
        self.assertNotEqual(hour[0]["text"], hour[4]["text"])
        for station in (self.a, self.b):
            listed = station.must("test", "list", self.name(station)).out
            for word in (first, "La pluie a cessé.", "duty-officer"):
                self.assertIn(word, listed)
            self.assertEqual(station.must("list", self.name(station), "--json").lines, [])
            kinds = [alarm["kind"] for alarm in station.must("alarm", "list", "--json").lines]
            self.assertLessEqual(len(kinds), 6, kinds)
        self.refused(self.a, 1, asked, "accept", asked)

        self.check_month()
        self.check_translation(first)
        for station in (self.a, self.b):
            station.must("down")
        self.pair.up()
        self.both("amber")  # the slot of minute 50
        self.assertEqual(self.slots(self.a), a)

    def check_month(self):
        """Both sides count the same tests, and sign that."""
        months = sorted({iso(self.begin)[:7], iso(self.begin + 3600)[:7]})
        counted = {"A": [0, 0, 0], "B": [0, 0, 0]}
        for month in months:
            a, b = (station.must("stats", self.name(station), "--month", month, "--json").json
                    for station in (self.a, self.b))
            self.assertEqual((a["sides"], a["hash"]), (b["sides"], b["hash"]))
            for side, sums in counted.items():
                tests = a["sides"][side]["tests"]
                counted[side] = [sums[i] + tests[name] for i, name in enumerate(("held", "answered", "missed"))]
        self.assertEqual(counted, {"A": [2, 2, 1], "B": [2, 1, 2]})
        said = self.a.must("stats", self.name(self.a), "--month", months[0]).out
        self.assertIn("tests by people that were missed", said)

    def check_translation(self, first):
        """It is in the receiver's own book, with the test that it is of, and nowhere at the sender's."""
        leaf, = self.b.must("note", "list", self.name(self.b), first, "--json").lines
        self.assertEqual((leaf["kind"], leaf["lang"], leaf["text"]), ("translation", "de", f"Sie kam, {WORD}."))
        export = os.path.join(self.pair.folder, "line.export")
        self.b.must("export", self.name(self.b), "-o", export)
        files = [export]
        for folder, _, names in os.walk(self.a.home):
            files += [os.path.join(folder, name) for name in names]
        for name in files:
            if os.path.isfile(name):
                with open(name, "rb") as f:
                    self.assertNotIn(WORD.encode(), f.read(), name)

    def test_a_late_answer_ends_the_alarm_and_the_slot_stays_missed(self):
        self.agree()
        self.to(0.5)
        self.answer(self.b, self.send(self.a, "--next"))
        self.to(13)
        self.both("amber")
        late = self.send(self.b, "--next")
        self.answer(self.a, late, "--translation", WORD)
        note, = self.a.must("note", "list", "--json").lines
        self.assertEqual((note["text"], note["lang"]), (WORD, self.a.status()["station"]["lang"]))
        self.both("green")
        first, slot = self.slots(self.a)[-2:]
        for one, station in ((first, self.a), (slot, self.b)):  # each in its own language
            self.assertEqual(one["lang"], station.status()["station"]["lang"])
            self.assertEqual(bool(re.search("[\u4e00-\u9fff]", one["text"])), one["lang"] == "zh", one["text"])
        self.assertEqual((slot["id"], slot["state"]), (late, "missed"))
        self.assertGreaterEqual(slot["answered_at"], slot["until"])

    def one_of_two(self, station, method, params):
        """Asks twice at one moment: one is done."""
        caller = stations.Caller(station)
        self.addCleanup(caller.close)
        got = []
        for _ in range(2):
            caller.ask(method, {"line": self.name(station)} | params, got.append)
        wait_for(lambda: len(got) == 2, "both answers")
        self.assertEqual(sorted("result" in one for one in got), [False, True], got)

    def test_of_two_tests_or_answers_at_one_moment_one_is_sent(self):
        self.agree()
        self.to(1)
        self.one_of_two(self.a, "test_send", {})
        test = wait_for(lambda: self.stand(self.b)["unanswered"], "the test to come")
        self.one_of_two(self.b, "test_answer", {"id": test})
        for station in (self.a, self.b):
            wait_for(lambda: self.stand(station)["last"], "the answer to show")
            kinds = [entry["kind"] for entry in stations.record(station, self.name(station)).values()]
            self.assertEqual(kinds.count("test"), 2)

    def written(self):
        """Receipts may come late."""
        records = [stations.record(station, self.name(station)) for station in (self.a, self.b)]
        return [[id for id, entry in record.items() if entry["kind"] != "receipt"] for record in records]

    def test_what_makes_no_sense_is_refused_and_leaves_no_entry(self):
        asked = self.agree()
        self.to(1)
        self.refused(self.a, 2, "language tag", "send", "text", "--lang", "e")
        test = self.send(self.a, "--next")
        wait_for(lambda: self.stand(self.b)["unanswered"] == test, "the test to arrive")
        before = self.written()
        self.refused(self.a, 1, "openline test list", "send", "again")
        self.refused(self.a, 1, test, "answer", test)
        self.refused(self.b, 1, "A9999", "answer", "A9999")
        self.refused(self.b, 1, asked, "answer", asked)
        self.refused(self.a, 2, "10 to 1440", "propose", "--every", "9")
        self.refused(self.a, 2, "10 - 1440", "propose", "--every", "hourly")
        self.refused(self.a, 2, "--start", "propose", "--start", "tomorrow")
        self.refused(self.a, 2, "word", "propose", "--role-here", "Duty Officer")
        self.refused(self.a, 2, "--next", "answer", test, "--next")
        self.refused(self.a, 2, "more", "send")
        self.refused(self.a, 2, "fewer", "send", "text", "--next")
        self.refused(self.a, 2, "propose, accept", "hold")
        self.refused(self.b, 2, "language tag", "answer", test, "--translation", "text", "--lang", "e")
        self.refused(self.b, 2, "32 KiB", "answer", test, "--translation", "x" * 32769)
        self.assertEqual(self.written(), before)
        self.answer(self.b, test)
        self.refused(self.b, 1, "already", "answer", test)
        self.to(11)
        self.refused(self.b, 2, "2048", "send", "x" * 2049)
        self.assertEqual(self.b.must("note", "list", "--json").lines, [])
        self.do(self.a, "end", asked, "--reason", "another line")
        self.both("none")
        self.refused(self.b, 1, "openline test propose", "send", "--next")


if __name__ == "__main__":
    unittest.main()
