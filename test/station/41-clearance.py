#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Roles and clearance: a rule of four roles on one of two real stations. Each clears the exact words in turn, a change
voids what comes after it, and the other side sees the releasing role and nothing else."""
import os
import signal
import sqlite3
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import stations
from stations import wait_for

RULE = ("desk", "legal", "language", "release")
OFFICERS = {"Anna": ("desk", "press"), "Boris": ("legal",), "Chen": ("language",), "Dora": ("release",)}


class Clearance(unittest.TestCase):
    def setUp(self):
        self.pair = stations.Pair(proxied=False)
        self.addCleanup(self.pair.close)
        self.a, self.b = self.pair.a, self.pair.b
        self.pair.up()

    def office(self, *flash):
        for name, roles in OFFICERS.items():
            self.a.must("roster", "officer", name, *roles)
        self.a.must("rule", "set", "freedonia", *flash, *RULE)

    def refused(self, code, said, *args, station=None):
        answer = (station or self.a).run(*args)
        self.assertEqual((answer.code, answer.out), (code, ""), args)
        self.assertIn(said, answer.err)

    def draft(self, *args):
        return self.a.must("draft", "freedonia", *args, "--json").json

    def shown(self, number):
        return self.a.must("draft", "show", "freedonia", str(number), "--json").json

    def drafts(self):
        return self.a.must("draft", "list", "freedonia", "--json").lines

    def clear(self, number, officer, *args):
        return self.a.must("clear", "freedonia", str(number), "--as", officer, *args, "--json").json

    def change(self, number, *args):
        return self.a.must("draft", "change", "freedonia", str(number), *args, "--json").json["draft"]

    def release(self, number, officer):
        """The message's id, which it has once the station may sign."""
        self.a.must("release", "freedonia", str(number), "--as", officer)
        return wait_for(lambda: self.shown(number)["id"], f"draft {number} to be on record", 20)

    def cleared(self, number):
        return [one["role"] for one in self.shown(number)["clearances"]]

    def released_by(self, message):
        """As both sides show it."""
        wait_for(lambda: self.b.run("show", "ruritania", message).code == 0, f"{message} to arrive")
        roles = [station.must("show", line, message, "--json").json["chain"][0]["role"]
                 for station, line in ((self.a, "freedonia"), (self.b, "ruritania"))]
        self.assertEqual(roles[0], roles[1])
        return roles[0]

    def restart(self, station):
        station.must("down")
        station.must("up")

    # ---- Without any of it ----

    def test_a_fresh_home_has_no_roster_no_rule_and_no_draft_and_sends(self):
        for args in (("roster", "list", "freedonia"), ("roster", "officers"), ("rule", "list", "freedonia"),
                     ("draft", "list", "freedonia")):
            self.assertEqual(self.a.must(*args).out, "", args)
        sent = self.a.must("send", "freedonia", "hello", "--to", "anybody", "--wait", "delivered", "--json").json["id"]
        self.assertEqual(self.released_by(sent), "operator")
        self.assertNotIn("words", self.a.must("note", "list").out)

    # ---- Rosters ----

    def test_roles_are_told_to_both_sides_and_an_unknown_one_is_no_address(self):
        told = self.b.must("roster", "add", "ruritania", "duty-officer", "--json").json["id"]
        self.b.must("roster", "add", "ruritania", "joint-staff", "military", "working")
        self.b.must("roster", "officer", "Qname", "duty-officer")

        def seen():
            return [role for role in self.a.must("roster", "list", "freedonia", "--json").lines if not role["own"]]
        wait_for(lambda: len(seen()) == 2, "the roster to arrive")
        duty, staff = seen()
        self.assertEqual((duty["role"], duty["state"], duty["levels"], duty["id"], duty["officers"]),
                         ("duty-officer", "added", [], told, None))
        self.assertEqual((staff["role"], staff["levels"]), ("joint-staff", ["military", "working"]))
        self.assertEqual(self.b.must("roster", "list", "ruritania", "--json").lines[0]["officers"], ["Qname"])
        self.a.must("send", "freedonia", "--to", "joint-staff", "text")
        self.refused(2, "duty-officer, joint-staff", "send", "freedonia", "--to", "admiral", "text")
        self.refused(2, "duty-officer, joint-staff", "draft", "freedonia", "--to", "admiral", "text")
        self.b.must("roster", "hands", "ruritania", "joint-staff")
        wait_for(lambda: seen()[1]["state"] == "handed", "the change of hands to arrive")
        self.assertEqual(seen()[1]["levels"], ["military", "working"])
        self.b.must("roster", "remove", "ruritania", "joint-staff")
        wait_for(lambda: len(seen()) == 1, "the removal to arrive")
        self.refused(2, "duty-officer", "send", "freedonia", "--to", "joint-staff", "text")
        before = seen()
        self.restart(self.a)
        self.assertEqual(seen(), before)
        self.assertIn("removed joint-staff", self.a.must("log", "freedonia").out)
        self.b.must("roster", "remove", "ruritania", "duty-officer")
        wait_for(lambda: not seen(), "the last role to be gone")
        self.a.must("send", "freedonia", "--to", "anybody", "text")

    def test_what_makes_no_sense_is_refused_and_leaves_nothing(self):
        self.a.must("roster", "add", "freedonia", "legal", "working")
        self.a.must("roster", "officer", "Anna", "desk")
        entries, leaves = self.own_entries(), len(self.a.must("note", "list", "--json").lines)
        for code, args in ((1, ("roster", "add", "freedonia", "legal", "working")),
                           (1, ("roster", "remove", "freedonia", "none")),
                           (1, ("roster", "hands", "freedonia", "none")),
                           (2, ("roster", "add", "freedonia", "Legal")),
                           (2, ("roster", "add", "freedonia", "r" * 65)),
                           (2, ("roster", "add", "freedonia", "legal", "a", "a")),
                           (2, ("roster", "add", "freedonia", "legal", "a", "b", "c", "d", "e")),
                           (1, ("roster", "remove", "freedonia", "legal", "working")),
                           (2, ("roster", "add", "freedonia")), (2, ("roster", "add", "nobody", "legal")),
                           (2, ("roster", "sing", "freedonia")), (2, ("roster", "officers", "x")),
                           (2, ("roster", "list")), (1, ("roster", "officer", "Boris")),
                           (2, ("roster", "officer", "An\nna", "desk")), (2, ("roster", "officer", "n" * 65, "desk")),
                           (2, ("roster", "officer", "Anna", "desk", "desk")), (2, ("roster", "officer", "", "desk")),
                           (2, ("rule", "set", "freedonia")), (1, ("rule", "lift", "freedonia")),
                           (1, ("rule", "lift", "freedonia", "--flash")),
                           (2, ("rule", "set", "freedonia", "desk", "desk")),
                           (2, ("rule", "set", "freedonia", "No Word")), (2, ("rule", "list", "freedonia", "x")),
                           (2, ("rule", "set", "freedonia", *[f"r{i}" for i in range(9)])),
                           (2, ("rule", "break", "freedonia")), (2, ("draft", "freedonia")),
                           (2, ("draft", "freedonia", "")), (2, ("draft", "nobody", "text")),
                           (2, ("draft", "freedonia", "text", "more")), (2, ("draft", "freedonia", "x" * 32760)),
                           (2, ("draft", "freedonia", "text", "-p", "urgent")),
                           (1, ("draft", "change", "freedonia", "1", "text")),
                           (2, ("draft", "change", "freedonia", "x", "text")),
                           (2, ("draft", "change", "freedonia", "1")), (1, ("draft", "show", "freedonia", "1")),
                           (1, ("clear", "freedonia", "1", "--as", "Anna")), (1, ("release", "freedonia", "1")),
                           (2, ("release", "freedonia", "0")), (2, ("send", "freedonia", "text", "--as", "nobody")),
                           (2, ("status", "--as", "nobody")),
                           (1, ("roster", "officer", "Zoe", "desk", "--as", "Anna")), (2, ("down", "--as", "Anna")),
                           (1, ("rule", "set", "freedonia", "desk", "--as", "Anna"))):
            answer = self.a.run(*args)
            self.assertEqual((answer.code, answer.out), (code, ""), (args, answer.err))
            self.assertTrue(answer.err, args)
        for method, params in (("roster", {"verb": 5, "role": "x"}), ("roster", {"verb": "add", "role": 5}),
                               ("roster", {"verb": "add", "role": "x", "levels": 5}), ("officer", {"name": 5}),
                               ("rule", {"roles": [5]}), ("draft", {"message": 5}), ("draft", {"message": None}),
                               ("draft", {"message": {"text": "x"}, "translation": 5}), ("draft", {"message": {}}),
                               ("draft", {"draft": "x"}), ("clear", {"draft": -1}), ("release", {}), ("draft_show", {}),
                               ("send", {"messages": [{"text": "x"}], "as": 5})):
            self.assertIn("error", self.a.rpc(method, dict(params, line="freedonia")), (method, params))
        self.assertEqual(self.own_entries(), entries)
        self.assertEqual(len(self.a.must("note", "list", "--json").lines), leaves)

    def own_entries(self):
        side = self.a.line("freedonia")["side"]
        return [i for i, e in stations.record(self.a, "freedonia").items() if i[0] == side and e["kind"] != "receipt"]

    # ---- A rule ----

    def test_under_a_rule_nothing_is_sent_but_what_the_rule_does_not_cover(self):
        self.office()
        self.assertEqual(self.a.must("rule", "list", "freedonia", "--json").lines,
                         [{"schema": 1, "line": "freedonia", "class": "other", "roles": list(RULE)}])
        for args in (("text",), ("-p", "immediate", "text"), ("--exercise", "text"), ("--form", "LINETEST"),
                     ("text", "--as", "Anna"), ("text", "--as", "Dora")):
            self.refused(1, "desk, legal, language, release", "send", "freedonia", *args)
        self.assertIn("openline draft freedonia", self.a.run("send", "freedonia", "text").err)
        self.a.must("send", "freedonia", "-p", "flash", "FLASH goes by its own rule")
        service = self.a.must("send", "freedonia", "--level", "service", "about the line", "--as", "Anna",
                              "--json").json["id"]
        self.assertEqual(self.released_by(service), "desk")
        theirs = self.b.must("send", "ruritania", "they have no rule", "--wait", "delivered", "--json").json["id"]
        self.a.must("take", "freedonia", theirs, "--as", "Boris")
        self.refused(1, "desk, legal, language, release", "answer", "freedonia", theirs, "words")
        self.a.must("roger", "freedonia", theirs, "--as", "Boris")

    def test_a_rule_covers_what_is_off_the_record_too(self):
        for station, line in ((self.a, "freedonia"), (self.b, "ruritania")):
            station.must("down")
            conf = os.path.join(station.home, "station.conf")
            with open(conf, encoding="utf-8") as f:
                text = f.read()
            with open(conf, "w", encoding="utf-8") as f:
                f.write(text.replace("liveness_seconds = 20;", "liveness_seconds = 1;"))  # what tells of a policy
            station.must("up")
            station.must("pair", line, "--off-record", "allow")
        wait_for(lambda: self.a.run("send", "freedonia", "--off-record", "text").code == 0, "both sides to allow it", 20)
        self.office()
        self.refused(1, "desk, legal, language, release", "send", "freedonia", "--off-record", "text")
        self.a.must("send", "freedonia", "--off-record", "--level", "service", "text", "--as", "Anna")
        self.refused(2, "--off-record", "draft", "freedonia", "--off-record", "text")

    def test_flash_goes_by_a_rule_of_its_own(self):
        self.office()
        self.a.must("rule", "set", "freedonia", "--flash", "desk")
        self.refused(1, "these roles, in this order: desk.", "send", "freedonia", "-p", "flash", "text")
        sent = self.a.must("send", "freedonia", "-p", "flash", "text", "--as", "Anna", "--json").json["id"]
        self.assertEqual(self.released_by(sent), "desk")
        one = self.draft("-p", "flash", "as a draft")
        self.assertEqual((one["class"], one["state"], one["roles"]), ("flash", "cleared", ["desk"]))
        self.refused(1, "desk", "release", "freedonia", str(one["draft"]), "--as", "Dora")
        self.assertEqual(self.released_by(self.release(one["draft"], "Anna")), "desk")
        self.a.must("rule", "lift", "freedonia", "--flash")
        self.a.must("send", "freedonia", "-p", "flash", "text")
        self.refused(1, "legal", "send", "freedonia", "text")

    def test_four_roles_clear_in_their_order_and_the_record_shows_the_last(self):
        self.office()
        one = self.draft("the exact words", "-p", "priority", "--translation", "die genauen Worte")
        number = one["draft"]
        self.assertEqual((one["state"], one["class"], one["roles"], one["translation"], one["message"]["text"]),
                         ("draft", "other", list(RULE), "die genauen Worte", "the exact words"))
        self.refused(1, "desk", "clear", "freedonia", str(number), "--as", "Boris")
        self.refused(1, "desk", "clear", "freedonia", str(number))
        self.refused(1, "desk", "release", "freedonia", str(number), "--as", "Dora")
        self.refused(1, "desk", "release", "freedonia", str(number), "--as", "Anna")
        self.clear(number, "Anna", "--remark", "as spoken")
        self.refused(1, "legal", "clear", "freedonia", str(number), "--as", "Anna")
        self.clear(number, "Boris")
        self.restart(self.a)
        self.assertEqual(self.cleared(number), ["desk", "legal"])
        self.refused(1, "language", "release", "freedonia", str(number), "--as", "Dora")
        self.assertEqual(self.clear(number, "Chen")["state"], "cleared")
        self.refused(1, "release", "clear", "freedonia", str(number), "--as", "Dora")
        self.refused(1, "release", "release", "freedonia", str(number))
        self.assertEqual(self.drafts()[0]["clearances"][0]["remark"], "as spoken")
        self.assertEqual([c["officer"] for c in self.drafts()[0]["clearances"]], ["Anna", "Boris", "Chen"])
        sent = self.release(number, "Dora")
        self.assertEqual(self.released_by(sent), "release")
        there = self.b.must("show", "ruritania", sent, "--json")
        self.assertEqual((there.json["text"], there.json["precedence"]), ("the exact words", "priority"))
        for word in ("legal", "language", "Anna", "Dora", "Worte", "spoken"):
            self.assertNotIn(word, there.out)
        self.assertEqual(self.drafts(), [])
        self.assertEqual((self.shown(number)["state"], self.shown(number)["id"]), ("released", sent))

    def test_a_change_voids_the_clearances_after_it_only(self):
        self.office()
        number = self.draft("first words", "--subject", "launch")["draft"]
        for officer in ("Anna", "Boris", "Chen"):
            self.clear(number, officer)
        changed = self.change(number, "second words", "--as", "Boris", "--translation", "zweite")
        self.assertNotEqual(changed, number)
        self.assertEqual(self.cleared(changed), ["desk"])
        self.assertEqual(self.shown(changed)["message"]["subject"], "launch")
        self.refused(1, str(number), "clear", "freedonia", str(number), "--as", "Boris")
        self.refused(1, "legal", "release", "freedonia", str(changed), "--as", "Dora")
        self.refused(1, "legal", "draft", "change", "freedonia", str(changed), "x", "--as", "Dora")
        self.clear(changed, "Boris")
        self.clear(changed, "Chen")
        last = self.change(changed, "third words", "--as", "Dora")
        self.assertEqual(self.cleared(last), ["desk", "legal", "language"])
        self.assertIsNone(self.shown(last)["translation"])
        again = self.change(last, "fourth words")
        self.assertEqual(self.cleared(again), [])
        for officer in ("Anna", "Boris", "Chen"):
            self.clear(again, officer)
        self.assertEqual(self.b.must("show", "ruritania", self.sent(again), "--json").json["text"], "fourth words")

    def sent(self, number):
        message = self.release(number, "Dora")
        self.released_by(message)
        return message

    def test_a_new_rule_begins_anew_and_without_one_a_draft_is_released_at_once(self):
        self.office()
        number = self.draft("words")["draft"]
        self.clear(number, "Anna")
        self.a.must("rule", "set", "freedonia", "desk", "press")
        self.assertEqual(self.cleared(number), [])
        self.clear(number, "Anna")
        self.assertEqual(self.released_by(self.release(number, "Anna")), "press")
        self.a.must("rule", "lift", "freedonia")
        number = str(self.draft("more words")["draft"])
        self.refused(1, "nobody has to clear", "clear", "freedonia", number, "--as", "Anna")
        sent = self.a.must("release", "freedonia", number, "--json").json["id"]
        self.assertEqual(self.released_by(sent), "operator")
        sent = self.a.must("send", "freedonia", "text", "--as", "Boris", "--json").json["id"]
        self.assertEqual(self.released_by(sent), "legal")

    def form(self, code):
        show = self.a.must("form", "show", code, "--json").json
        return ["--form", code] + [part for field in show["fields"] if field["required"]
                                   for part in ("--field", f"{field['n']}={field['example']}")]

    def test_a_form_is_cleared_as_a_text_is(self):
        self.office()
        one = self.draft(*self.form("EXERCISE"))
        for officer in ("Anna", "Boris", "Chen"):
            self.clear(one["draft"], officer)
        sent = self.sent(one["draft"])
        self.assertEqual(self.b.must("show", "ruritania", sent, "--json").json["form"], "EXERCISE")

    def test_acts_in_the_name_of_this_side_are_for_the_last_role(self):
        self.office()
        asked = self.b.must("send", "ruritania", "will you?", "--answer", "wu", "--wait", "delivered",
                            "--json").json["id"]
        self.a.must("take", "freedonia", asked, "--as", "Anna")
        self.refused(1, "release", "wilco", "freedonia", asked, "--as", "Anna")
        self.refused(1, "release", "decline", "freedonia", asked, "--as", "Boris")
        self.a.must("wilco", "freedonia", asked, "--as", "Dora")

        def shown(station, line):
            message = station.must("show", line, asked, "--json").json
            return ([step["role"] for step in message["chain"] if step["state"] == "taken"],
                    [(one["answer"], one["role"]) for one in message["answers"]])
        self.assertEqual(shown(self.a, "freedonia"), (["desk"], [("wilco", "release")]))
        wait_for(lambda: shown(self.b, "ruritania") == shown(self.a, "freedonia"), "both sides to show the same roles")
        flash = self.a.must("send", "freedonia", "-p", "flash", "text", "--wait", "delivered", "--json").json["id"]
        self.b.must("take", "ruritania", flash)
        self.b.must("readback", "ruritania", flash, "tect")
        wait_for(lambda: self.a.must("show", "freedonia", flash, "--json").json["state"] == "read_back",
                 "the read-back")
        self.a.must("correct", "freedonia", flash, "text")
        self.assertEqual(self.a.must("show", "freedonia", flash, "--json").json["chain"][-1]["role"], "operator")
        self.a.must("desk", "attend", "freedonia", "--as", "Boris")
        self.assertEqual(self.a.line("freedonia")["own_desk_by"], "legal")

    # ---- Once, and not lost ----

    def ready(self, *args):
        number = self.draft(*args)["draft"]
        for officer in ("Anna", "Boris", "Chen"):
            self.clear(number, officer)
        return number

    def texts(self, station, line):
        return [m["text"] for m in station.must("list", line, "--json").lines]

    def test_what_was_released_is_not_released_again(self):
        self.office()
        number = self.ready("once")
        sent = self.sent(number)
        for _ in range(2):
            self.refused(1, sent, "release", "freedonia", str(number), "--as", "Dora")
            self.refused(1, sent, "draft", "change", "freedonia", str(number), "other", "--as", "Dora")
            self.refused(1, sent, "clear", "freedonia", str(number), "--as", "Anna")
            self.restart(self.a)
        again = self.ready("once")
        self.assertNotEqual(self.sent(again), sent)
        self.assertEqual(self.texts(self.b, "ruritania"), ["once", "once"])

    def test_a_release_that_waits_in_the_outbox_is_not_repeated(self):
        self.b.must("down")
        self.restart(self.a)  # it may not sign before the other side has answered
        self.office()
        number = self.ready("waits")
        self.assertIsNone(self.a.must("release", "freedonia", str(number), "--as", "Dora", "--json").json["id"])
        for _ in range(2):
            self.refused(1, "on its way", "release", "freedonia", str(number), "--as", "Dora")
            self.assertEqual(self.drafts(), [])
            self.restart(self.a)
        self.b.must("up")
        wait_for(lambda: self.texts(self.b, "ruritania") == ["waits"], "the message to arrive", 30)
        self.assertEqual(self.shown(number)["state"], "released")

    def test_of_two_releases_at_once_behind_much_else_one_is_sent(self):
        number = self.draft("in between")["draft"]
        many = {"line": "freedonia", "messages": [{"text": f"{i}"} for i in range(1024)]}
        answers = {}
        caller = stations.Caller(self.a)
        self.addCleanup(caller.close)
        for i in range(3):
            caller.ask("send", many, lambda answer, i=i: answers.update({f"send {i}": answer}))
        for i in range(2):
            caller.ask("release", {"line": "freedonia", "draft": number}, lambda answer, i=i: answers.update({i: answer}))
        wait_for(lambda: len(answers) == 5, "all answers", 30)
        self.assertIn("result", answers[0])
        self.assertIn(answers[1]["error"]["data"]["key"], ("err.draft.on_its_way", "err.draft.sent"))
        self.assertEqual(self.texts(self.a, "freedonia").count("in between"), 1)

    def test_two_drafts_of_the_same_words_are_two_messages(self):
        self.b.must("down")
        self.restart(self.a)
        self.office()
        drafts = [self.ready("the same"), self.ready("the same")]
        for number in drafts:
            self.a.must("release", "freedonia", str(number), "--as", "Dora")
        self.b.must("up")
        ids = [wait_for(lambda n=number: self.shown(n)["id"], "the drafts to be on record", 30) for number in drafts]
        self.assertNotEqual(*ids)
        wait_for(lambda: self.texts(self.b, "ruritania") == ["the same", "the same"], "both to arrive")

    def test_a_release_that_was_interrupted_is_shown_and_repeated_once(self):
        """As after the end of the station between its book and its record: the message is in neither."""
        self.b.must("down")
        self.restart(self.a)
        self.office()
        number = self.ready("interrupted", "--subject", "launch")
        self.a.must("release", "freedonia", str(number), "--as", "Dora")
        self.empty_outbox(1)
        self.assertEqual([(d["draft"], d["state"]) for d in self.drafts()], [(number, "interrupted")])
        self.refused(1, "Release it again", "draft", "change", "freedonia", str(number), "other", "--as", "Dora")
        self.refused(1, "Release it again", "clear", "freedonia", str(number), "--as", "Anna")
        self.a.must("release", "freedonia", str(number))
        self.assertEqual(self.drafts(), [])
        self.refused(1, "on its way", "release", "freedonia", str(number))
        self.b.must("up")
        wait_for(lambda: self.texts(self.b, "ruritania") == ["interrupted"], "the message to arrive", 30)
        sent = wait_for(lambda: self.shown(number)["id"], "the draft to be on record")
        self.assertEqual(self.released_by(sent), "release")
        self.refused(1, sent, "release", "freedonia", str(number))

    def empty_outbox(self, texts):
        self.a.must("down")
        path = os.path.join(self.a.home, "record.db")
        with sqlite3.connect(path) as db:
            self.assertEqual(db.execute("DELETE FROM outbox").rowcount, texts)
        db.close()
        stations.write_sums(path)
        self.a.must("up")

    def test_what_cannot_be_sent_as_it_was_released_is_not_sent_otherwise(self):
        """The form has lost the number that it had when the draft was released, and another form has it."""
        self.b.must("down")
        self.restart(self.a)
        self.office()
        number = self.ready(*self.form("EXERCISE"))
        self.a.must("release", "freedonia", str(number), "--as", "Dora")
        self.empty_outbox(2)
        self.a.must("rule", "lift", "freedonia")
        self.a.must("send", "freedonia", *self.form("LAUNCH"))
        self.refused(12, "Write the draft anew", "release", "freedonia", str(number))
        self.b.must("up")
        wait_for(lambda: len(self.texts(self.b, "ruritania")) == 1, "the other form to arrive", 30)
        self.refused(12, "Write the draft anew", "release", "freedonia", str(number))

    def test_a_kill_loses_no_clearance(self):
        self.office()
        number = self.ready("killed")
        os.kill(self.a.pids()["openlined"], signal.SIGKILL)
        wait_for(lambda: self.a.run("draft", "list", "freedonia").code != 0, "the station to be gone")
        self.a.must("up")
        self.assertEqual(self.cleared(number), ["desk", "legal", "language"])
        self.sent(number)

    def test_record_and_own_book_bring_all_of_it_back(self):
        self.office()
        self.a.must("roster", "add", "freedonia", "duty-officer", "working")
        self.sent(self.ready("sent"))
        self.ready("cleared")
        self.draft("begun", "--translation", "begonnen")
        asked = (("roster", "list", "freedonia"), ("roster", "officers"), ("rule", "list", "freedonia"),
                 ("draft", "list", "freedonia"), ("list", "freedonia"))

        def all_of_it():
            return [self.a.must(*args, "--json").lines for args in asked]
        before = all_of_it()
        file = os.path.join(self.pair.folder, "backup")
        self.a.must("backup", "-o", file)
        self.a.must("down")
        os.rename(self.a.home, self.a.home + ".lost")
        restored = stations.Answer(stations.subprocess.run([stations.program("openline"), "restore", self.a.home, file],
                                                           capture_output=True, check=False))
        self.assertEqual(restored.code, 0, restored.err)
        self.a.must("up")
        self.assertEqual(all_of_it(), before)
        self.assertEqual(self.a.must("views", "rebuild", "--check").code, 0)


class Many(unittest.TestCase):
    setUp = Clearance.setUp

    def test_any_number_of_drafts_is_cleared_and_released_each_once(self):
        """A sanitizer sees what was read of drafts that had been moved to make room."""
        self.a.must("roster", "officer", "Anna", "desk")
        self.a.must("roster", "officer", "Dora", "release")
        self.a.must("rule", "set", "freedonia", "desk", "release")
        caller = stations.Caller(self.a)
        self.addCleanup(caller.close)
        said = []
        for i in range(60):
            said.append(f"draft {i}")
            draft = caller.call("draft", {"line": "freedonia", "as": "Anna", "message": {"text": said[-1]}})["result"]["draft"]
            for method, officer in (("clear", "Anna"), ("release", "Dora")):
                answer = caller.call(method, {"line": "freedonia", "draft": draft, "as": officer})
                self.assertIn("result", answer)
            self.assertEqual(caller.call("draft_show", {"line": "freedonia", "draft": draft})["result"]["state"], "released")
        wait_for(lambda: sorted(m["text"] for m in self.b.must("list", "ruritania", "--json").lines) == sorted(said), "all")


if __name__ == "__main__":
    unittest.main()
