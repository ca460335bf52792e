#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Desks of real stations: who is at them is the same on both sides, announced absences are shown as such, and what is not
announced, overruns, or leaves a watch check unanswered is an alarm."""
import datetime
import os
import sys
import time
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import stations
from stations import wait_for

TIME = r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$"
DAYS = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]


def utc(seconds):
    """A moment so many seconds from now, as the command line takes it."""
    moment = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=seconds)
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


class Desk(unittest.TestCase):
    check_seconds = 720

    def setUp(self):
        self.pair = stations.Pair()
        self.addCleanup(self.pair.close)
        self.a, self.b = self.pair.a, self.pair.b
        for station in (self.a, self.b):
            path = os.path.join(station.home, "station.conf")
            with open(path, encoding="utf-8") as f:
                conf = f.read()
            conf = conf.replace("liveness_seconds = 20;", "liveness_seconds = 1;")
            with open(path, "w", encoding="utf-8") as f:
                f.write(conf.replace("watch_check_seconds = 720;", f"watch_check_seconds = {self.check_seconds};"))
        self.pair.up()

    def own(self):
        """A's desk as A shows it: state, since, until, by, why."""
        line = self.a.line("freedonia")
        return [line["own_desk" + end] for end in ("", "_since", "_until", "_by", "_why")]

    def there(self):
        """A's desk as B shows it."""
        line = self.b.line("ruritania")
        return [line["desk" + end] for end in ("", "_since", "_until", "_by", "_why")]

    def both(self, state, why, by=None):
        """Waits until both sides show this; since and until."""
        shown = wait_for(lambda: [d for d in [self.there()] if [d[0], d[3], d[4]] == [state, by, why]], f"{state}, {why}")[0]
        wait_for(lambda: self.own() == shown, "both sides to show the same")
        return shown[1], shown[2]

    def alarms(self, station, kind="desk_unattended"):
        return [alarm["state"] for alarm in station.must("alarm", "list", "--json").lines if alarm["kind"] == kind]


class Presence(Desk):
    def test_a_fresh_line_has_two_desks_of_which_nothing_is_known_and_no_alarm(self):
        for station, name in (self.a, "freedonia"), (self.b, "ruritania"):
            line = station.line(name)
            self.assertEqual((line["desk"], line["own_desk"]), ("unknown", "unknown"))
            for end in "since", "until", "by", "why":
                self.assertEqual((line["desk_" + end], line["own_desk_" + end]), (None, None))
            self.assertIsNone(line["own_desk_check_due"])
            self.assertEqual(self.alarms(station), [])
        self.assertNotIn("desk", self.a.must("status").out)

    def test_attend_and_leave_show_on_both_sides_and_after_a_restart(self):
        answer = self.a.must("desk", "attend", "freedonia", "--role", "duty-officer", "--json").json
        self.assertEqual(list(answer), ["schema", "id", "line", "state"])
        since, until = self.both("attended", None, "duty-officer")
        self.assertRegex(since, TIME)
        self.assertIsNone(until)
        self.assertEqual(self.b.line("ruritania")["own_desk"], "unknown")
        entry = [e for e in self.b.must("log", "ruritania", "--json").lines if e["id"] == answer["id"]][0]
        self.assertEqual((entry["kind"], entry["precedence"], entry["text"]), ("desk", "priority", "attended duty-officer"))
        said = self.b.must("status").out
        self.assertIn("by duty-officer", said)
        self.assertIn("desk here: not known", said)
        self.restart()
        self.assertEqual(self.both("attended", None, "duty-officer"), (since, None))
        self.assertEqual(self.alarms(self.b), [])
        self.a.must("desk", "leave", "freedonia")
        self.both("unattended", "left")
        self.restart()
        self.both("unattended", "left")

    def restart(self):
        for station in (self.a, self.b):
            station.must("down")
            self.assertEqual(station.status()["lines"][0]["desk"], "unknown", "a station that does not run knows nothing")
        self.pair.up()

    def test_a_desk_left_without_a_word_is_an_alarm_there_until_it_is_attended(self):
        self.a.must("desk", "attend", "freedonia")
        self.both("attended", None)
        self.assertEqual(self.alarms(self.b), [])
        self.a.must("desk", "leave", "freedonia")
        wait_for(lambda: self.alarms(self.b) == ["unacknowledged"], "the alarm")
        self.assertEqual(self.alarms(self.a), [], "nobody is there to hear it")
        self.a.must("desk", "attend", "freedonia")
        wait_for(lambda: self.alarms(self.b) == ["rectified"], "its end")

    def test_an_absence_that_was_announced_is_shown_as_such_and_alarms_when_it_overruns(self):
        self.a.must("desk", "attend", "freedonia")
        end = utc(9)
        answer = self.a.must("desk", "hours", "freedonia", utc(2), end, "--reason", "Relief is late.")
        self.assertIn("Announced on line freedonia", answer.out)
        _, until = self.both("unattended", "announced")
        self.assertEqual(until, end)
        self.assertEqual(self.alarms(self.b), [])
        today = datetime.datetime.fromisoformat(end[:-1]).strftime("%H%MZ %A")
        self.assertIn(f"desk there: unattended as announced until {today}", self.b.must("status").out)
        self.assertEqual(self.both("unattended", "overrun")[1], None)
        wait_for(lambda: self.alarms(self.b) == ["unacknowledged"], "the alarm")
        self.assertIn("longer than announced", self.b.must("status").out)
        self.a.must("desk", "attend", "freedonia")
        wait_for(lambda: self.alarms(self.b) == ["rectified"], "its end")
        said = [e["text"] for e in self.b.must("log", "ruritania", "--json").lines if e["kind"] == "hours"]
        self.assertRegex(said[0], f"^[^ ]+Z {end} Relief is late.$")

    def test_who_leaves_within_announced_hours_raises_no_alarm(self):
        self.a.must("desk", "hours", "freedonia", "+0m", "+2h")
        self.both("unattended", "announced")
        self.a.must("desk", "attend", "freedonia")
        self.both("attended", None)
        self.a.must("desk", "leave", "freedonia", "--role", "deputy")
        self.both("unattended", "announced", "deputy")
        self.assertEqual(self.alarms(self.b), [])

    def test_a_line_that_is_down_in_an_announced_outage_is_no_alarm_and_one_beyond_it_is(self):
        self.a.must("desk", "hours", "freedonia", "+0m", utc(12), "--outage")
        self.both("unattended", "outage")
        self.assertIn("outage as announced", self.b.must("status").out)
        self.pair.proxy.cut()
        wait_for(lambda: self.b.line("ruritania")["state"] == "down", "the cut to show")
        self.assertEqual(self.alarms(self.b, "line_down"), [])
        wait_for(lambda: self.alarms(self.b, "line_down") == ["unacknowledged"], "the alarm", 20)
        self.assertEqual(self.there()[4], "overrun")

    def test_a_desk_from_which_nothing_is_heard_is_unknown_which_is_not_unattended(self):
        self.a.must("desk", "attend", "freedonia", "--role", "deputy")
        since, _ = self.both("attended", None, "deputy")
        self.pair.proxy.cut()
        wait_for(lambda: self.there()[0] == "unknown", "the other desk to be unknown")
        self.assertEqual(self.b.line("ruritania")["state"], "down")
        self.assertEqual(self.there()[1:], [since, None, "deputy", None], "what its entries last said stays")
        self.assertEqual(self.alarms(self.b), [])
        self.a.must("desk", "leave", "freedonia")
        self.pair.proxy.mend()
        self.both("unattended", "left")
        self.assertEqual(self.b.line("ruritania")["state"], "up", "the station is there, and nobody at its desk")

    def test_weekly_hours_say_when_the_desk_is_attended(self):
        now = datetime.datetime.now(datetime.timezone.utc)
        other = DAYS[(now.weekday() + 3) % 7]
        self.a.must("desk", "attend", "freedonia")
        self.a.must("desk", "hours", "freedonia", "--weekly", f"{other} 0600-1800")
        _, until = self.both("unattended", "announced")
        self.assertRegex(until, "T06:00:00Z$")
        self.assertEqual(datetime.datetime.fromisoformat(until[:-1]).weekday(), (now.weekday() + 3) % 7)
        self.a.must("desk", "hours", "freedonia", "--weekly", "none")
        self.both("attended", None)
        self.a.must("desk", "hours", "freedonia", "--weekly", "mon-sun 0000-2400")
        wait_for(lambda: len([e for e in self.b.must("log", "ruritania", "--json").lines if e["kind"] == "hours"]) == 3,
                 "the hours to arrive")
        self.both("attended", None)
        said = [e["text"] for e in self.b.must("log", "ruritania", "--json").lines if e["kind"] == "hours"]
        self.assertEqual(said, [f"{other} 0600-1800", "none", "mon-sun 0000-2400"])

    def test_what_is_not_meant_is_refused_and_nothing_is_written(self):
        for words in (["hours", "freedonia"], ["hours", "freedonia", "+1h"], ["hours", "freedonia", "+2h", "+1h"],
                      ["hours", "freedonia", "+1h", "+1h"], ["hours", "freedonia", utc(-60), utc(-30)],
                      ["hours", "freedonia", "now", "+1h"], ["hours", "freedonia", "--weekly", "mon 0600"],
                      ["hours", "freedonia", "+1h", "+2h", "--weekly", "mon 0600-1800"],
                      ["hours", "freedonia", "--weekly", "mon 0600-1800", "--outage"],
                      ["hours", "freedonia", "+1h", "+2h", "--reason", "x" * 901],
                      ["attend", "freedonia", "now"], ["attend", "freedonia", "--role", "Duty Officer"],
                      ["attend", "freedonia", "--role", "r" * 65], ["sit", "freedonia"], ["attend", "sylvania"]):
            answer = self.a.run("desk", *words)
            self.assertEqual((answer.code, answer.out), (2, ""), words)
            self.assertNotEqual(answer.err, "")
        answer = self.a.run("desk", "check", "freedonia")
        self.assertEqual(answer.code, 1)
        self.assertIn("openline desk attend freedonia", answer.err)
        for params in ({}, {"line": "freedonia"}, {"line": "freedonia", "act": 3}, {"line": "freedonia", "act": "check out"},
                       {"line": "freedonia", "act": "attend", "role": 3}):
            self.assertEqual(self.a.rpc("desk", params)["error"]["code"], 2, params)
        for params in ({"line": "freedonia"}, {"line": "freedonia", "from": -1, "to": 4e9}, {"line": "freedonia", "weekly": ""},
                       {"line": "freedonia", "from": 1, "to": 1 << 32}, {"line": "freedonia", "from": 1, "to": 4000000000,
                                                                         "reason": 3}):
            self.assertEqual(self.a.rpc("desk_hours", params)["error"]["code"], 2, params)
        self.assertEqual(self.a.must("log", "freedonia").out, "")


class WatchCheck(Desk):
    check_seconds = 3

    def test_an_unanswered_check_is_an_alarm_then_the_other_side_is_shown_that_nobody_is_there(self):
        self.a.must("desk", "attend", "freedonia")
        began = time.monotonic()
        self.assertRegex(self.a.line("freedonia")["own_desk_check_due"], TIME)
        wait_for(lambda: self.alarms(self.a, "watch_check") == ["unacknowledged"], "the alarm")
        self.assertGreater(time.monotonic() - began, 2.5)
        self.assertEqual(self.there()[0], "attended", "one interval is not shown to the other side")
        self.both("unattended", "unanswered")
        wait_for(lambda: self.alarms(self.b) == ["unacknowledged"], "the alarm there")
        self.assertEqual(self.alarms(self.a, "watch_check"), ["unacknowledged"])
        self.assertIsNone(self.a.line("freedonia")["own_desk_check_due"])
        self.assertEqual(self.a.run("desk", "check", "freedonia").code, 1)
        said = [e["text"] for e in self.b.must("log", "ruritania", "--json").lines if e["kind"] == "desk"]
        self.assertEqual(said, ["attended", "unanswered"])
        self.a.must("desk", "attend", "freedonia")
        wait_for(lambda: self.alarms(self.b) == ["rectified"], "its end there")
        wait_for(lambda: "rectified" in self.alarms(self.a, "watch_check"), "its end")

    def test_an_officer_who_answers_stays_and_nothing_is_written(self):
        self.a.must("desk", "attend", "freedonia")
        end = time.monotonic() + 3 * self.check_seconds

        def is_over():
            answer = self.a.must("desk", "check", "freedonia", "--json").json
            self.assertEqual((answer["line"], answer["state"], answer["id"]), ("freedonia", "attended", None))
            self.assertRegex(answer["due"], TIME)
            self.assertEqual(self.alarms(self.a, "watch_check"), [])
            return time.monotonic() > end
        wait_for(is_over, "three intervals to pass", 30)
        self.assertEqual(self.there()[0], "attended")
        self.assertEqual([e["kind"] for e in self.a.must("log", "freedonia", "--json").lines].count("desk"), 1)
        wait_for(lambda: self.alarms(self.a, "watch_check") == ["unacknowledged"], "the alarm when he stops")
        self.a.must("desk", "check", "freedonia")
        self.assertEqual(self.alarms(self.a, "watch_check"), ["rectified"])

    def test_who_leaves_is_not_asked(self):
        self.a.must("desk", "attend", "freedonia")
        wait_for(lambda: self.alarms(self.a, "watch_check") == ["unacknowledged"], "the alarm")
        self.a.must("desk", "leave", "freedonia")
        wait_for(lambda: self.alarms(self.a, "watch_check") == ["rectified"], "its end")
        self.both("unattended", "left")

    def test_a_restart_asks_anew(self):
        self.a.must("desk", "attend", "freedonia")
        self.a.must("down")
        self.a.must("up")
        wait_for(lambda: self.alarms(self.a, "watch_check") == ["unacknowledged"], "the alarm")
        self.both("unattended", "unanswered")


class NoWatchCheck(Desk):
    check_seconds = 0

    def test_it_is_off_where_it_is_not_wanted(self):
        self.a.must("desk", "attend", "freedonia")
        self.assertIsNone(self.a.line("freedonia")["own_desk_check_due"])
        self.assertEqual(self.a.must("desk", "check", "freedonia", "--json").json["due"], None)


if __name__ == "__main__":
    unittest.main()
