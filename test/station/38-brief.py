#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""One page for who takes over the shift: what is open, what must be taken again, what ended, what was noted."""
import os
import sys
import time
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import stations
from stations import wait_for

SECTIONS = ("alarms", "open", "drafts", "again", "answered", "declined", "superseded", "notes")


class Brief(unittest.TestCase):
    def setUp(self):
        self.pair = stations.Pair(proxied=False)
        self.addCleanup(self.pair.close)
        self.a, self.b = self.pair.a, self.pair.b
        path = os.path.join(self.b.home, "station.conf")
        with open(path, encoding="utf-8") as f:
            conf = f.read()
        with open(path, "w", encoding="utf-8") as f:
            f.write(conf.replace("liveness_seconds = 20;", "liveness_seconds = 1;"))
        self.pair.up()

    def send(self, station, *args):
        line = "freedonia" if station is self.a else "ruritania"
        return station.must("send", line, *args, "--wait", "delivered", "--json").json["id"]

    def act(self, verb, message, *args):
        self.b.must(verb, "ruritania", message, *args)

    def brief(self, *args):
        return self.b.must("brief", "ruritania", "--json", *args).json

    def ids(self, section):
        return [m["id"] for m in self.brief()[section]]

    def test_every_message_stands_where_who_takes_over_looks_for_it(self):
        ours = self.send(self.b, "we wait for them")
        taken = self.send(self.a, "taken, not answered")
        self.act("take", taken)
        unseen = self.send(self.a, "-p", "immediate", "nobody has seen it")
        answered = self.send(self.a, "answered")
        self.act("roger", answered)
        declined = self.send(self.a, "declined")
        self.act("decline", declined)
        old = self.send(self.a, "the old text")
        self.act("take", old)
        new = self.send(self.a, "--corrects", old, "the new text")
        never_seen = self.send(self.a, "replaced before anybody saw it")
        never_seen_later = self.send(self.a, "--corrects", never_seen, "the later text")
        self.b.must("note", "ruritania", taken, "ask the harbour master")
        brief = self.brief()
        self.assertEqual(brief["schema"], 1)
        self.assertEqual(brief["line"]["name"], "ruritania")
        open_now = [m["id"] for m in brief["open"]]
        self.assertEqual(open_now, [unseen, new, never_seen_later, taken, ours])
        for m in brief["open"]:
            self.assertTrue(0 <= m["age_s"] < 120, m)
        self.assertEqual([m["id"] for m in brief["answered"]], [answered])
        self.assertEqual([m["id"] for m in brief["declined"]], [declined])
        self.assertEqual([m["id"] for m in brief["superseded"]], [old, never_seen])
        self.assertEqual([m["id"] for m in brief["again"]], [old])
        self.assertEqual([note["text"] for note in brief["notes"]], ["ask the harbour master"])
        said = self.b.must("brief", "ruritania").out
        for words in ("To be taken again: 1", "Answered: 1", "Declined: 1", "Superseded: 2", "Own notes: 1",
                      "Open for ", "ask the harbour master", "nobody has seen it"):
            self.assertIn(words, said)
        self.act("take", new)
        wait_for(lambda: self.ids("again") == [], "nothing to be taken again")
        self.assertEqual(self.ids("open")[-1], ours)

    def test_what_ended_before_the_period_is_left_out_and_what_is_open_is_not(self):
        closed = self.send(self.a, "done with")
        self.act("roger", closed)
        replaced = self.send(self.a, "to be replaced")
        self.act("take", replaced)
        waiting = self.send(self.a, "still waiting")
        later = self.send(self.a, "--corrects", replaced, "--answer", "n", "in its place, and not yet taken")

        def listed(since):
            answer = self.b.rpc("list", {"line": "ruritania", "since": since})
            return [m["id"] for m in answer["result"]["messages"]]
        to_come = int(time.time()) + 3600
        self.assertTrue({closed, replaced, waiting, later} <= set(listed(to_come - 7200)))
        seen = listed(to_come)
        self.assertIn(waiting, seen)
        self.assertIn(replaced, seen)
        self.assertNotIn(closed, seen)
        self.act("take", later)
        wait_for(lambda: replaced not in listed(to_come), "what was taken again to be left out")

    def test_drafts_that_wait_are_told_until_they_are_released(self):
        self.b.must("roster", "officer", "Anna", "desk", "release")
        self.b.must("rule", "set", "ruritania", "desk", "release")
        number = self.b.must("draft", "ruritania", "We withdraw at noon.", "--json").json["draft"]
        self.b.must("clear", "ruritania", str(number), "--as", "Anna")
        draft, = self.brief()["drafts"]
        self.assertEqual((draft["draft"], draft["roles"], draft["id"]), (number, ["release"], None))
        said = self.b.must("brief", "ruritania").out
        self.assertIn("Drafts that wait: 1", said)
        self.assertEqual(said.count("We withdraw at noon."), 1)
        self.assertEqual([note["kind"] for note in self.brief()["notes"]], ["rule"])
        self.b.must("release", "ruritania", str(number), "--as", "Anna")
        wait_for(lambda: not self.brief()["drafts"], "the draft to be sent")

    def test_alarms_that_stand_are_told(self):
        self.a.must("down")
        alarm = wait_for(lambda: self.brief()["alarms"], "the alarm of a line that is down", 15)[0]
        self.assertEqual(alarm["line"], "ruritania")
        self.assertEqual((alarm["kind"], alarm["state"]), ("line_down", "unacknowledged"))
        self.assertIn("Alarms: 1", self.b.must("brief", "ruritania").out)

    def test_a_line_that_is_not_there_and_days_that_are_none_are_refused(self):
        for days in ("0", "-1", "367", "x", "", "7d"):
            self.assertEqual(self.b.run("brief", "ruritania", "--days", days).code, 2, days)
        answer = self.b.run("brief", "nobody")
        self.assertEqual((answer.code, "nobody" in answer.err), (2, True))
        self.assertEqual({"schema", "since", "line", *SECTIONS}, set(self.brief("--days", "366")))


if __name__ == "__main__":
    unittest.main()
