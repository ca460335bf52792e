#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""A month of a line in numbers: both sides count the same from the same record, and can sign what they counted."""
import datetime
import os
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import stations
from stations import wait_for

WAITS = {"n", "median_s", "worst_s"}


def months():
    """This month and the one before, UTC."""
    now = datetime.datetime.now(datetime.timezone.utc)
    return now.strftime("%Y-%m"), (now.replace(day=1) - datetime.timedelta(days=1)).strftime("%Y-%m")


class Stats(unittest.TestCase):
    def setUp(self):
        self.pair = stations.Pair(proxied=False)
        self.addCleanup(self.pair.close)
        self.a, self.b = self.pair.a, self.pair.b
        self.pair.up()

    def line(self, station):
        return "freedonia" if station is self.a else "ruritania"

    def send(self, station, *args):
        return station.must("send", self.line(station), *args, "--wait", "delivered", "--json").json["id"]

    def act(self, station, verb, message, *args):
        return station.must(verb, self.line(station), message, *args, "--json").json

    def stats(self, station, month, *args):
        return station.must("stats", self.line(station), "--month", month, *args, "--json").json

    def test_both_sides_count_the_same_from_what_was_sent_and_done(self):
        from_a, from_b = ("A", "B") if self.a.status()["lines"][0]["side"] == "A" else ("B", "A")
        flash = self.send(self.a, "-p", "flash", "--answer", "wu", "first")
        self.act(self.b, "take", flash)
        self.act(self.b, "standby", flash, "--until", "+30m")
        self.act(self.b, "wilco", flash)
        declined = self.send(self.a, "--exercise", "second")
        self.act(self.b, "decline", declined)
        amended = self.send(self.a, "third")
        self.send(self.a, "--corrects", amended, "--answer", "n", "fourth")
        question = self.send(self.b, "--answer", "y", "fifth")
        answer = self.a.must("answer", "freedonia", question, "sixth", "--json").json["id"]
        month, before = months()

        def both():
            seen = [self.stats(station, month) for station in (self.a, self.b)]
            known = seen[0]["sides"][from_b]["answered"] == 1 and seen[0]["sides"][from_a]["messages"] == 5
            return seen if known and seen[0]["hash"] == seen[1]["hash"] else None
        a, b = wait_for(both, f"both to count the answer {answer}")
        self.assertEqual(a["sides"], b["sides"])
        of_a, of_b = a["sides"][from_a], a["sides"][from_b]
        self.assertEqual(of_a["precedence"], {"flash": 1, "immediate": 0, "priority": 0, "routine": 4})
        counted = {"exercise": 1, "taken": 1, "answered": 1, "declined": 1, "standbys": 1, "amended": 1, "cancelled": 0,
                   "corrected": 0, "not_passed": 0}
        self.assertEqual({name: of_a[name] for name in counted}, counted)
        self.assertEqual(of_b["messages"], 1)
        for waits in (of_a["to_taken"], of_a["to_answered"], of_b["to_answered"]):
            self.assertEqual((set(waits), waits["n"]), (WAITS, 1))
            self.assertTrue(0 <= waits["median_s"] <= waits["worst_s"] < 60, waits)
        self.assertEqual(of_b["to_taken"], {"n": 0, "median_s": None, "worst_s": None})
        self.assertEqual((a["schema"], a["line"], b["line"], a["month"], a["signed"], a["agreed"]),
                         (1, "freedonia", "ruritania", month, [], False))
        self.assertEqual(self.stats(self.a, before)["sides"]["A"]["messages"], 0)
        self.assertNotEqual(self.stats(self.a, before)["hash"], a["hash"])
        said = self.a.must("stats", "freedonia", "--month", month).out
        self.assertIn("seconds from receipt to taken", said)

    def test_a_month_is_agreed_when_both_sides_have_signed_the_same_numbers(self):
        month, before = months()
        mine = self.stats(self.a, before, "--sign")
        self.assertEqual(([one["same"] for one in mine["signed"]], mine["agreed"]), ([True], False))
        wait_for(lambda: self.stats(self.b, before)["signed"] == mine["signed"], "the peer to see the signature")
        self.assertTrue(self.stats(self.b, before, "--sign")["agreed"])
        both = wait_for(lambda: (seen := self.stats(self.a, before))["agreed"] and seen, "both signatures")
        self.assertEqual(sorted(one["side"] for one in both["signed"]), ["A", "B"])
        self.assertIn("Both sides have signed", self.a.must("stats", "freedonia", "--month", before).out)
        self.assertEqual(self.stats(self.a, month)["signed"], [])

    def test_a_signature_to_other_numbers_is_shown_as_such_and_a_later_one_counts_instead(self):
        month, _ = months()
        self.assertTrue(self.stats(self.a, month, "--sign")["signed"][0]["same"])
        self.send(self.a, "one more")
        changed = self.stats(self.a, month)
        self.assertEqual(([one["same"] for one in changed["signed"]], changed["agreed"]), ([False], False))
        self.assertIn("other numbers", self.a.must("stats", "freedonia", "--month", month).out)
        self.assertTrue(self.stats(self.a, month, "--sign")["signed"][0]["same"])
        kinds = [entry["kind"] for entry in self.a.must("log", "freedonia", "--json").lines]
        self.assertEqual(kinds.count("stats"), 2)

    def test_what_is_no_month_or_no_hash_is_not_signed(self):
        good = {"line": "freedonia", "month": "2026-10", "hash": "a" * 64}
        for bad in ({"month": "2026-13"}, {"month": None}, {"hash": "a" * 63}, {"hash": "A" * 64}, {"hash": " +" * 32},
                    {"hash": 7}, {"hash": "a" * 63 + "g"}):
            self.assertEqual(self.a.rpc("stats_sign", good | bad)["error"]["data"]["key"], "err.stats.sign", bad)
        self.assertNotIn("stats", [entry["kind"] for entry in self.a.must("log", "freedonia", "--json").lines])

    def test_a_month_that_is_none_and_a_line_that_is_not_there_are_refused(self):
        for month in ("2026-13", "2026", "11", "2026-1", ""):
            answer = self.a.run("stats", "freedonia", "--month", month)
            self.assertEqual((answer.code, "YYYY-MM" in answer.err), (2, True), (month, answer.err))
        self.assertEqual(self.a.run("stats", "freedonia").code, 2)
        answer = self.a.run("stats", "nobody", "--month", "2026-11")
        self.assertIn("nobody", answer.err)
        self.assertNotEqual(answer.code, 0)

    def test_a_month_is_counted_while_the_station_is_down_too(self):
        month, _ = months()
        self.send(self.a, "before")
        up = self.stats(self.a, month)
        self.a.must("down")
        self.assertEqual(self.stats(self.a, month), up)


if __name__ == "__main__":
    unittest.main()
