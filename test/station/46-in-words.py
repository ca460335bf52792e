#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""What an officer reads where the other tests read JSON: rosters, rules, schedules, drafts, agreements, and the refusals of
a command that was mistyped."""
import os
import re
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import stations
from stations import wait_for

GROUP = r"\d{6}Z [A-Z]{3} \d\d"  # a date-time group


class InWords(unittest.TestCase):
    def setUp(self):
        self.pair = stations.Pair(proxied=False)
        self.addCleanup(self.pair.close)
        self.a, self.b = self.pair.a, self.pair.b
        self.pair.up()

    def reads(self, pattern, *args, station=None):
        """All of what a command prints, without what pads its rows."""
        rows = [re.sub(r"  +", "  ", row).rstrip() for row in (station or self.a).must(*args).out.splitlines()]
        self.assertRegex("\n".join(rows), f"^{pattern}$", args)

    def refused(self, code, said, *args, station=None):
        answer = (station or self.a).run(*args)
        self.assertEqual((answer.code, answer.out), (code, ""), args)
        self.assertIn(said, answer.err)

    def misused(self, said, *args):
        self.refused(2, said, *args)

    def written(self, station):
        """Entries of its own, but receipts, which come when they come."""
        line = "freedonia" if station is self.a else "ruritania"
        return [one["kind"] for one in stations.record(station, line).values() if one["kind"] != "receipt"]

    # ---- Who is who ----

    def test_a_roster_a_list_of_officers_and_rules_read_as_rows(self):
        self.a.must("roster", "add", "freedonia", "watch", "working", "military")
        self.b.must("roster", "add", "ruritania", "duty-officer")
        self.a.must("roster", "officer", "Anna", "desk", "press")
        self.reads(r"Noted in the own book: leaf \d+\.", "roster", "officer", "Boris", "legal")
        self.a.must("rule", "set", "freedonia", "desk", "legal", "release")
        self.a.must("rule", "set", "freedonia", "--flash", "release")
        self.reads("Anna  desk, press\nBoris  legal", "roster", "officers")
        self.reads("other  desk, legal, release\nflash  release|flash  release\nother  desk, legal, release",
                   "rule", "list", "freedonia")
        for station, line, own, other in ((self.a, "freedonia", "ours", "theirs"), (self.b, "ruritania", "theirs", "ours")):
            wait_for(lambda: len(station.must("roster", "list", line).out.splitlines()) == 2, "both rosters to be known")
            said = station.must("roster", "list", line).out
            self.assertRegex(said, rf"(?m)^{own} +watch +{GROUP} +working, military +-$")
            self.assertRegex(said, rf"(?m)^{other} +duty-officer +{GROUP} +- +-$")
        self.a.must("roster", "officer", "Anna")
        self.reads("Boris  legal", "roster", "officers")

    def test_a_draft_reads_as_its_fields_and_who_has_cleared_them(self):
        self.a.must("roster", "officer", "Anna", "desk")
        self.a.must("rule", "set", "freedonia", "desk", "release")
        example = {field["n"]: field["example"] for field in self.a.must("form", "show", "EXERCISE", "--json").json["fields"]
                   if field["required"]}
        fields = [part for n, value in sorted(example.items()) for part in ("--field", f"{n}={value}")]
        number = str(self.a.must("draft", "freedonia", "--form", "EXERCISE", *fields, "--json").json["draft"])
        shown = self.a.must("draft", "show", "freedonia", number).out
        for n in example:
            self.assertRegex(shown, rf"(?m)^ +{n} +\S")
        changed = self.a.must("draft", "change", "freedonia", number, *fields[:-2], "--field", "6=8000").out
        self.assertRegex(changed, r"(?m)^ +6 +8000$")
        number = changed.split()[0]
        self.a.must("clear", "freedonia", number, "--as", "Anna", "--remark", "as agreed")
        shown = self.a.must("draft", "show", "freedonia", number).out
        self.assertRegex(shown, rf"(?m)^ +{GROUP} +desk +Anna$")
        self.assertIn("as agreed", shown)

    # ---- What was agreed ----

    def test_what_nobody_proposed_yet_is_said_and_a_proposal_reads_with_what_it_asks_for(self):
        for args in (("agree", "list", "freedonia"), ("test", "schedule", "freedonia"), ("exercise", "list", "freedonia")):
            answer = self.a.must(*args)
            self.assertEqual((answer.out, answer.err.strip()), ("", "Nothing was proposed yet."), args)
        self.reads(r"[AB]1 on freedonia is proposed; the other side accepts or declines\.", "test", "propose", "freedonia",
                   "--every", "90", "--role-here", "watch", "--role-there", "duty-officer")
        self.reads(rf"[AB]1  90 min  -  proposed  Ruritania  {GROUP}\n  answers here: watch\n  answers there: duty-officer",
                   "test", "schedule", "freedonia")
        wait_for(lambda: self.b.must("test", "schedule", "ruritania").out, "the schedule to arrive")
        self.assertIn("Ruritania", self.b.must("test", "schedule", "ruritania").out)
        self.reads(r"[AB]2 on freedonia is proposed; .*", "rate", "propose", "freedonia", "60")
        self.reads(rf"-  given  IN FORCE\n[AB]2  proposed  Ruritania  {GROUP}\n  at most 60 messages a minute from each side",
                   "rate", "list", "freedonia")
        self.a.must("channel", "propose", "freedonia", "summit")
        said = self.a.must("channel", "list", "freedonia").out
        self.assertRegex(said, rf"(?m)^summit +proposed +Ruritania +{GROUP}\n +[AB]3 waits for an answer$")

    def test_what_is_mistyped_is_refused_with_what_was_meant_and_nothing_is_written(self):
        self.a.must("roster", "officer", "Anna", "desk")
        number = str(self.a.must("draft", "freedonia", "words", "--json").json["draft"])
        before = self.written(self.a)
        self.misused("exercise propose needs --start.", "exercise", "propose", "freedonia", "AUTUMN", "--end", "+2h")
        self.misused("--start soon: meant is one of", "exercise", "propose", "freedonia", "AUTUMN", "--start", "soon", "--end", "+2h")
        self.misused("rate propose many: meant is one of 1 .. 1000000.", "rate", "propose", "freedonia", "many")
        self.misused("views other: meant is one of rebuild.", "views", "other")
        self.misused("frame remove: meant is one of list, add.", "frame", "remove")
        self.misused("alarm end: meant is one of list, ack, silence, --exec COMMAND.", "alarm", "end")
        self.misused("test ask: meant is one of propose,", "test", "ask", "freedonia")
        self.misused("test needs more than that.", "test", "send", "freedonia")
        self.misused("test needs more than that.", "test", "answer", "freedonia")
        self.misused("test takes fewer operands.", "test", "send", "freedonia", "text", "--next")
        self.misused("test has no option --lang.", "test", "send", "freedonia", "--next", "--lang", "en")
        self.misused("roster needs more than that.", "roster", "officer")
        self.misused("draft change has no option --precedence.", "draft", "change", "freedonia", number, "words", "-p", "flash")
        self.misused("Give a text, or --form CODE", "draft", "change", "freedonia", number)
        for verb in (("draft", "show", "freedonia"), ("clear", "freedonia"), ("release", "freedonia")):
            self.misused("meant is a draft's number", *verb, "first")
        self.misused("note accept has no option --kind.", "note", "accept", "--kind", "remark", "text")
        self.misused("note accept has no option --lang.", "note", "accept", "--lang", "en", "text")
        self.misused("no line called nowhere", "test", "answer", "nowhere", "A1")
        self.assertEqual(self.written(self.a), before)

    def test_a_second_agreement_is_what_forbids_to_disclose(self):
        for terms in ("ministers-only=publish", "ministers-only=publish,forward"):
            asked = self.a.must("handling", "propose", "freedonia", terms, "--json").json["id"]
            wait_for(lambda: asked in self.b.must("handling", "list", "ruritania").out, "the proposal to arrive")
            self.b.must("handling", "accept", "ruritania", asked)
            wait_for(lambda: any(one["id"] == asked and one["in_force"] for one in
                                 self.a.must("handling", "list", "freedonia", "--json").lines), "it to be in force")
            sent = self.a.must("send", "freedonia", "words", "--handling", "ministers-only", "--json").json["id"]
            answer = self.a.run("disclose", "freedonia", sent, "-o", os.path.join(self.pair.folder, sent))
            self.assertEqual(answer.code, 1 if "forward" in terms else 0, answer.err)

    def test_a_frame_that_is_not_there_or_makes_a_text_too_long_sends_nothing(self):
        number = str(self.a.must("frame", "add", "To {other}: " + "x" * 300 + " {text}", "--json").json["number"])
        before = self.written(self.a)
        long = "y" * 32600
        self.refused(2, "32 KiB", "send", "freedonia", "--standing", "letter", "--frame", number, long)
        for which in ("0", "99", "x"):
            self.refused(2, f"{which}", "send", "freedonia", "--standing", "letter", "--frame", which, "text")
        self.refused(2, "nowhere", "send", "nowhere", "--standing", "letter", "--frame", number, "text")
        self.assertEqual(self.written(self.a), before)

    def test_a_text_that_is_none_is_refused_wherever_one_is_asked_for(self):
        sent = self.b.must("send", "ruritania", "Come in", "--wait", "delivered", "--json").json["id"]
        self.a.must("take", "freedonia", sent)
        number = str(self.a.must("draft", "freedonia", "words", "--json").json["draft"])
        before = self.written(self.a)
        for args in (("wilco", "freedonia", sent), ("onward", "freedonia", sent, "--stage", "passed", "--reason"),
                     ("test", "send", "freedonia"), ("test", "answer", "freedonia", "A1", "--translation"),
                     ("draft", "freedonia", "words", "--translation"), ("clear", "freedonia", number, "--remark"),
                     ("desk", "hours", "freedonia", "+1h", "+2h", "--reason"), ("readback", "freedonia", sent),
                     ("frame", "add"), ("note", "add")):
            answer = self.a.run(*args, b"\xff")
            self.assertEqual((answer.code, answer.out), (2, ""), args)
            self.assertTrue(answer.err.startswith("openline: "), args)
        self.assertEqual(self.written(self.a), before)


if __name__ == "__main__":
    unittest.main(verbosity=2)
