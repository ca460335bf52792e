#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Messages that must be answered: what they ask for, what closes them, what takes their place, whom they were passed on to.
Both sides see the same of all of it, in list and in show."""
import os
import sqlite3
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import stations
from stations import wait_for

TIME = r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$"
SAME = ("open", "marker", "answer", "level", "to", "standing", "ref", "handling", "re", "corrects", "cancels", "superseded_by",
        "cancelled", "closed_by", "answers", "chain", "due")


class Dialogue(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.pair = stations.Pair(proxied=False)
        cls.a, cls.b = cls.pair.a, cls.pair.b
        cls.pair.up()

    @classmethod
    def tearDownClass(cls):
        cls.pair.close()

    def line(self, station):
        return "freedonia" if station is self.a else "ruritania"

    def send(self, *args):
        return self.a.must("send", "freedonia", *args, "--wait", "delivered", "--json").json["id"]

    def act(self, station, *words):
        return station.run(words[0], self.line(station), *words[1:], "--json")

    def done(self, station, *words):
        answer = self.act(station, *words)
        self.assertEqual(answer.code, 0, (words, answer.err))
        return answer.json

    def shown(self, station, message):
        return station.must("show", self.line(station), message, "--json").json

    def agreed(self, message, **want):
        """What both sides see of a message once it is so."""
        def both():
            seen = [self.shown(station, message) for station in (self.a, self.b)]
            so = all(one[field] == value for one in seen for field, value in want.items())
            return seen if so and all(seen[0][f] == seen[1][f] for f in SAME) else None
        a, b = wait_for(both, f"both to see {want} of {message}")
        for station, one in ((self.a, a), (self.b, b)):
            listed = [m for m in station.must("list", self.line(station), "--json").lines if m["id"] == message]
            self.assertEqual({field: listed[0][field] for field in SAME}, {field: one[field] for field in SAME})
            self.assertIs(type(one["open"]), bool)
        return a

    def refused(self, code, words, station, *args):
        answer = self.act(station, *args)
        self.assertEqual(answer.code, code, (args, answer.err))
        self.assertIn(words, answer.err)

    def states(self, message):
        return [(step["state"], step["side"]) for step in message["chain"]]

    def test_a_plain_text_is_information_and_asks_for_a_roger(self):
        sent = self.send("plain")
        one = self.agreed(sent, open=True)
        self.assertEqual([one[f] for f in ("marker", "answer", "standing", "level", "to", "ref", "handling", "re", "corrects",
                                           "cancels", "superseded_by", "closed_by", "answers", "cancelled")],
                         ["information", "r", "message", None, None, None, None, None, None, None, None, None, [], False])
        answered = self.done(self.b, "roger", sent)
        self.assertEqual(answered["id"], sent)
        one = self.agreed(sent, open=False, closed_by=answered["entry"])
        self.assertEqual(one["state"], "delivered")
        self.assertEqual([(a["entry"], a["answer"], a["text"], a["until"], a["role"], a["side"]) for a in one["answers"]],
                         [(answered["entry"], "roger", None, None, "operator", "B" if sent[0] == "A" else "A")])
        self.assertRegex(one["answers"][0]["time"], TIME)

    def test_each_class_is_closed_by_its_answers_and_no_other(self):
        closing = {"r": ["roger"], "wu": ["wilco", "unable"], "an": ["affirm", "negative"], "y": [], "n": []}
        every = sum(closing.values(), [])
        for asked, closes in closing.items():
            for answer in every:
                sent = self.send(f"{asked} {answer}", "--answer", asked)
                if answer in closes:
                    self.done(self.b, answer, sent, "as you say")
                    one = self.agreed(sent, open=False)
                    self.assertEqual(one["answers"][0]["text"], "as you say")
                    self.refused(1, "closed", self.b, answer, sent)
                    self.refused(1, "closed", self.b, "decline", sent)
                else:
                    self.refused(1, f"class {asked}", self.b, answer, sent)
                    self.assertIs(self.shown(self.b, sent)["open"], asked != "n")
        self.refused(1, "class n", self.b, "standby", self.send("n", "--answer", "n"), "--until", "+5m")

    def test_words_close_what_asked_for_words(self):
        sent = self.send("why?", "--marker", "question", "--answer", "y")
        answer = self.b.must("answer", "ruritania", sent, "because", "--json").json["id"]
        one = self.agreed(sent, open=False, closed_by=answer)
        self.assertEqual([(a["entry"], a["answer"], a["text"]) for a in one["answers"]], [(answer, "answer", "because")])
        self.assertEqual([self.agreed(answer)[f] for f in ("re", "marker", "answer", "open")], [sent, "answer", "n", False])
        other = self.send("will you?", "--answer", "wu")
        words = self.b.run("answer", "ruritania", other, "perhaps")
        self.assertEqual(words.code, 0)
        self.assertIn("stays open", words.err)
        self.assertIs(self.shown(self.b, other)["open"], True)

    def test_standing_by_keeps_it_open_and_gives_a_time(self):
        sent = self.send("will you?", "--answer", "wu")
        self.refused(2, "until", self.b, "standby", sent)
        for bad in ("yesterday", "2020-01-01T00:00Z", "2026-11-31T00:00Z", "+0", "+5"):
            self.assertEqual(self.act(self.b, "standby", sent, "--until", bad).code, 2, bad)
        self.done(self.b, "standby", sent, "--until", "2099-03-04T05:06Z", "asking the unit")
        one = self.agreed(sent, open=True, due="2099-03-04T05:06:00Z")
        self.assertEqual([(a["answer"], a["until"], a["text"]) for a in one["answers"]],
                         [("standby", "2099-03-04T05:06:00Z", "asking the unit")])
        self.done(self.b, "unable", sent)
        self.agreed(sent, open=False, due=None)

    def test_a_confirmed_read_back_is_a_roger_and_nothing_more(self):
        for asked, still_open in (("r", False), ("wu", True)):
            sent = self.send("text", "--answer", asked, "-p", "immediate")
            self.assertIsNotNone(self.agreed(sent)["due"])
            self.done(self.b, "take", sent)
            self.agreed(sent, due=None)
            self.done(self.b, "readback", sent, "the text")
            wait_for(lambda s=sent: self.shown(self.a, s)["state"] == "read_back", "it is read back")
            self.done(self.a, "confirm", sent)
            one = self.agreed(sent, state="confirmed", open=still_open)
            own, peer = sent[0], "B" if sent[0] == "A" else "A"
            self.assertEqual(self.states(one), [("released", own), ("delivered", peer), ("taken", peer), ("read_back", peer),
                                                ("confirmed", own)])

    def test_an_amendment_takes_the_place_of_a_message_that_stays(self):
        for word, cancelled in (("--corrects", False), ("--cancels", True)):
            first = self.send("at nine", "--answer", "wu")
            self.done(self.b, "take", first)
            self.agreed(first, state="taken")
            later = self.send("at ten", word, first, "--answer", "wu")
            one = self.agreed(first, open=False, superseded_by=later, closed_by=later, cancelled=cancelled, state="taken")
            self.assertEqual(one["text"], "at nine")
            self.assertEqual(self.agreed(later, open=True)[word[2:]], first)
            for act in ("wilco", "take", "decline"):
                self.refused(1, later, self.b, act, first)
            self.refused(1, later, self.a, "send", "again", word, first)
            for station in (self.a, self.b):
                text = station.must("list", self.line(station)).out
                self.assertIn("~~ at nine", text)
                self.assertIn(("CANCELLED" if cancelled else "SUPERSEDED") + f" by {later}", text)
        theirs = self.b.must("send", "ruritania", "mine", "--wait", "delivered", "--json").json["id"]
        self.refused(1, "other side", self.a, "send", "x", "--corrects", theirs)
        self.refused(2, "not both", self.a, "send", "x", "--corrects", first, "--cancels", first)
        self.refused(1, "A99999", self.a, "send", "x", "--cancels", "A99999")

    def test_passing_on_is_seen_stage_by_stage(self):
        sent = self.send("convoy", "--answer", "wu")
        self.refused(2, "stage", self.b, "onward", sent)
        self.refused(2, "desk, duty, unit", self.b, "onward", sent, "--stage", "general")
        self.assertEqual(self.act(self.a, "onward", sent, "--stage", "duty").code, 1)
        self.done(self.b, "take", sent)
        self.done(self.b, "onward", sent, "--stage", "duty")
        self.done(self.b, "onward", sent, "--stage", "unit", "--not-passed", "no radio contact")
        one = self.agreed(sent, state="taken")
        wait_for(lambda: len(self.shown(self.a, sent)["chain"]) == 5, "all of it")
        one = self.agreed(sent, open=True)
        self.assertEqual([s for s, _ in self.states(one)], ["released", "delivered", "taken", "duty", "not_passed"])
        self.assertEqual([(a["act"], a["stage"], a["text"]) for a in one["acts"]],
                         [("take", None, None), ("onward", "duty", None), ("onward", "unit", "no radio contact")])

    def test_what_a_text_is_among_states_is_told(self):
        sent = self.send("We protest.", "--standing", "protest", "--ref", "12-34/АБ", "--handling", "addressee-only", "--level",
                         "ministers", "--to", "duty-officer", "--marker", "intention", "--answer", "n")
        one = self.agreed(sent)
        self.assertEqual([one[f] for f in ("standing", "ref", "handling", "level", "to", "marker", "answer", "open")],
                         ["protest", "12-34/АБ", "addressee-only", "ministers", "duty-officer", "intention", "n", False])
        text = self.b.must("show", "ruritania", sent).out
        self.assertEqual([text.split("\n")[0], "protest" in text, "12-34/АБ" in text], ["[handling: addressee-only]", True, True])
        self.assertIn("non-paper, binds nobody", self.b.must("show", "ruritania", self.send("x", "--standing", "non-paper")).out)

    def test_what_is_no_word_of_the_lists_is_refused_and_nothing_written(self):
        def written():  # but for receipts, which go on coming for what was sent before
            return [one for one, entry in stations.record(self.a, "freedonia").items() if entry["kind"] != "receipt"]
        before = written()
        for option, bad in (("--marker", "order"), ("--answer", "wilco"), ("--standing", "Letter"), ("--level", "Two Words"),
                            ("--handling", "é"), ("--to", ""), ("--re", "x"), ("--ref", "x" * 65)):
            self.assertEqual(self.act(self.a, "send", "text", option, bad).code, 2, (option, bad))
        self.refused(1, "not agreed to instructions", self.a, "send", "do it", "--marker", "instruction")
        self.assertEqual(written(), before)

    def test_kept_views_are_what_the_record_says(self):
        sent = self.send("kept", "--answer", "wu")
        self.done(self.b, "wilco", sent)
        self.agreed(sent, open=False)
        for station in (self.a, self.b):
            said = station.must("views", "rebuild", "--check", "--json").json
            self.assertEqual((said["schema"], said["differ"]), (1, 0))
            self.assertGreater(said["checked"], 0)
        running = self.a.run("views", "rebuild")
        self.assertEqual(running.code, 1)
        self.assertIn("openline down", running.err)

    def test_a_kept_view_that_does_not_say_what_the_record_says_is_found_and_made_anew(self):
        self.send("kept")
        self.addCleanup(self.pair.up)
        self.a.must("down")
        path = os.path.join(self.a.home, "record.db")
        with sqlite3.connect(path) as db:
            self.assertGreater(db.execute("UPDATE view SET row = zeroblob(length(row)) WHERE key <> 0").rowcount, 0)
        db.close()
        stations.write_sums(path)
        found = self.a.run("views", "rebuild", "--check")
        self.assertEqual(found.code, 12, found.err)
        self.assertIn("openline views rebuild", found.out)
        self.assertIn("all as the record says", self.a.must("views", "rebuild").out)
        self.assertEqual(self.a.must("views", "rebuild", "--check", "--json").json["differ"], 0)

    def test_what_is_told_delivered_shows_since_when_at_once(self):
        for _ in range(20):
            sent = self.a.must("send", "freedonia", "x", "--wait", "delivered", "--json").json
            shown = self.shown(self.a, sent["id"])
            self.assertEqual(shown["delivered_at"], sent["delivered_at"])
            self.assertEqual([step["state"] for step in shown["chain"]], ["released", "delivered"])

    def test_open_lists_what_waits_for_an_answer(self):
        waits, answered, asks_nothing = self.send("a", "--answer", "wu"), self.send("b"), self.send("c", "--answer", "n")
        self.done(self.b, "roger", answered)
        self.agreed(answered, open=False)
        listed = {m["id"] for m in self.a.must("list", "freedonia", "--open", "--json").lines}
        self.assertIn(waits, listed)
        self.assertFalse({answered, asks_nothing} & listed)


if __name__ == "__main__":
    unittest.main()
