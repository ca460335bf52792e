#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""What both sides agree as data, and what follows from it: within what time a message is taken, answered and passed on,
and who is called when nobody takes it. Both sides show the same of it, and still do after a restart."""
import calendar
import os
import sys
import time
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import stations
from stations import wait_for

TICK = 0.1  # the seconds that a station reads move with the ticks of its kernel, a little after the clock that we read


def seconds(moment):
    return calendar.timegm(time.strptime(moment, "%Y-%m-%dT%H:%M:%SZ"))


class Agreed(unittest.TestCase):
    def setUp(self):
        self.pair = stations.Pair(proxied=False)
        self.addCleanup(self.pair.close)
        self.a, self.b = self.pair.a, self.pair.b
        self.pair.up()

    def line(self, station):
        return "freedonia" if station is self.a else "ruritania"

    def other(self, station):
        return self.b if station is self.a else self.a

    def listed(self, station, command):
        return station.must(command, "list", self.line(station), "--json").lines

    def in_force(self, station, command):
        return next(one for one in self.listed(station, command) if one["in_force"])

    def written(self, station):
        """How many entries there are but receipts, which come when they come."""
        return len([one for one in stations.record(station, self.line(station)).values() if one["kind"] != "receipt"])

    def refused(self, station, code, said, *args):
        before = self.written(station)
        answer = station.run(*args)
        self.assertEqual((answer.code, answer.out), (code, ""), args)
        self.assertIn(said, answer.err)
        self.assertEqual(self.written(station), before)

    def agree(self, station, command, *terms):
        """Proposed here and accepted there; its id, once it is in force on both sides."""
        other = self.other(station)
        asked = station.must(command, "propose", self.line(station), *terms, "--json").json["id"]
        wait_for(lambda: any(one["id"] == asked for one in self.listed(other, command)), "the proposal to arrive")
        other.must(command, "accept", self.line(other), asked)
        self.holds(command, asked)
        return asked

    def holds(self, command, asked):
        wait_for(lambda: all(self.in_force(one, command)["id"] == asked for one in (self.a, self.b)),
                 f"{asked} to be in force on both sides")

    def sent(self, station, *args):
        return station.must("send", self.line(station), *args, "--wait", "delivered", "--json").json["id"]

    def show(self, station, message):
        return station.must("show", self.line(station), message, "--json").json

    def both(self, message):
        wait_for(lambda: self.show(self.b, message)["delivered_at"] == self.show(self.a, message)["delivered_at"],
                 "both to have the receipt")
        return self.show(self.a, message), self.show(self.b, message)

    def after(self, message, name):
        """How long after its receipt something is due, the same on both sides; None: it is not."""
        one, other = self.both(message)
        self.assertEqual(one[name], other[name])
        return seconds(one[name]) - seconds(one["delivered_at"]) if one[name] else None

    def wait_past(self, message):
        signed = seconds(self.show(self.a, message)["time"])
        wait_for(lambda: time.time() >= signed + 1 + TICK, "the second of its signature to be over")

    def alarms(self, station):
        return [(one["kind"], one["about"]) for one in station.must("alarm", "list", "--json").lines
                if one["state"] != "rectified"]

    def restart(self):
        for station in (self.a, self.b):
            station.must("down")
        self.pair.up()

    def test_a_fresh_line_has_the_times_of_every_line(self):
        for station in (self.a, self.b):
            given, = self.listed(station, "times")
            self.assertEqual((given["id"], given["state"], given["in_force"]), (None, "given", True))
            self.assertEqual([given["terms"][name] for name in ("flash", "immediate", "priority", "routine")],
                             [60, 300, 1800, 10800])
            self.assertEqual((given["terms"]["answer_flash"], given["terms"]["desk"], given["terms"]["deputy_here"]), (0, 0, None))
        self.assertEqual(self.after(self.sent(self.a, "-p", "immediate", "text"), "due"), 300)

    def test_agreed_times_hold_for_what_is_signed_from_the_acceptance_on_and_both_sides_show_the_same_due(self):
        before = self.sent(self.a, "-p", "immediate", "before")
        self.wait_past(before)
        asked = self.agree(self.b, "times", "immediate=2m", "routine=1h", "answer-routine=1d", "deputy-here=watch-two",
                           "next-role-there=chief-of-staff")
        here, there = self.in_force(self.b, "times")["terms"], self.in_force(self.a, "times")["terms"]
        self.assertEqual((here["deputy_here"], here["next_role_there"]), ("watch-two", "chief-of-staff"))
        self.assertEqual((there["deputy_there"], there["next_role_here"], there["deputy_here"]), ("watch-two", "chief-of-staff", None))
        self.assertEqual((here["immediate"], here["flash"], here["answer_routine"]), (120, 60, 86400))
        flash = self.sent(self.a, "-p", "flash", "text")
        after = self.sent(self.a, "-p", "immediate", "after")
        answered = self.sent(self.b, "text")
        self.assertEqual([self.after(one, "due") for one in (before, flash, after, answered)], [300, 60, 120, 3600])
        self.a.must("take", "freedonia", answered)
        wait_for(lambda: self.show(self.b, answered)["state"] == "taken", "the taking to arrive")
        self.assertEqual(self.after(answered, "due"), 86400)
        for station in (self.a, self.b):
            said = station.must("times", "list", self.line(station)).out
            self.assertIn("IN FORCE", said)
            self.assertIn("watch-two", said)

        # What is proposed next starts from what is in force, whoever proposed that.
        wider = self.a.must("times", "propose", "freedonia", "flash=90s", "--json").json["id"]
        self.assertEqual(self.in_force(self.a, "times")["id"], asked)
        terms = next(one for one in self.listed(self.a, "times") if one["id"] == wider)["terms"]
        self.assertEqual((terms["flash"], terms["immediate"], terms["deputy_there"]), (90, 120, "watch-two"))
        self.restart()
        self.assertEqual([self.after(one, "due") for one in (before, flash, after, answered)], [300, 60, 120, 86400])
        self.wait_past(after)
        self.a.must("times", "end", "freedonia", asked)
        wait_for(lambda: all(self.in_force(one, "times")["id"] is None for one in (self.a, self.b)), "the times of every line")
        self.assertEqual(self.after(self.sent(self.a, "-p", "immediate", "now"), "due"), 300)
        self.assertEqual(self.after(after, "due"), 120)

    def test_an_untaken_message_goes_to_the_roles_agreed_in_the_times_agreed(self):
        self.agree(self.a, "times", "priority=3s", "deputy-there=watch-two", "next-role-there=chief-of-staff")
        message = self.sent(self.a, "-p", "priority", "text")
        def called(station):
            return [(one["role"], one["side"]) for one in self.show(station, message)["chain"] if one["state"] == "escalated"]
        side = self.b.line("ruritania")["side"]
        want = [("watch-two", side), ("chief-of-staff", side)]
        for station in (self.a, self.b):
            wait_for(lambda: called(station) == want, "both steps to be on the record", seconds=30)
            self.assertEqual([one["to"] for one in self.show(station, message)["acts"]], ["watch-two", "chief-of-staff"])
            said = station.must("show", self.line(station), message).out
            self.assertIn("watch-two", said)
            self.assertIn("chief-of-staff", said)

    def test_what_is_not_answered_or_not_passed_on_in_time_is_an_alarm_on_both_sides_until_it_is(self):
        self.agree(self.a, "times", "answer-priority=1s", "desk=1s", "unit=1d")
        message = self.sent(self.a, "-p", "priority", "--to", "convoy-desk", "--answer", "y", "Is the road open?")
        plain = self.sent(self.a, "-p", "priority", "--answer", "n", "text")
        late = ("onward_late", message)
        for station in (self.a, self.b):
            wait_for(lambda: late in self.alarms(station), "the alarm that it is not passed on")
        self.assertNotIn(("unanswered", message), self.alarms(self.b))
        self.assertEqual(self.after(message, "onward_due"), 1)
        self.b.must("onward", "ruritania", message, "--stage", "desk")
        for station in (self.a, self.b):
            wait_for(lambda: late not in self.alarms(station), "the alarm to end")
            wait_for(lambda: ("unanswered", message) in self.alarms(station), "the alarm that it is not answered")
        self.assertEqual(self.after(message, "onward_due"), 86400)
        self.b.must("take", "ruritania", plain)
        self.b.must("answer", "ruritania", message, "It is.")
        for station in (self.a, self.b):
            wait_for(lambda: ("unanswered", message) not in self.alarms(station), "the alarm to end")
            self.assertNotIn("unanswered", [kind for kind, about in self.alarms(station)])
        self.b.must("onward", "ruritania", message, "--stage", "unit")
        wait_for(lambda: self.show(self.a, message)["onward_due"] is None, "nothing more to be passed on")
        self.assertEqual(self.after(plain, "onward_due"), None)

    def test_an_alarm_about_a_message_that_was_acknowledged_is_so_after_a_restart(self):
        self.agree(self.a, "times", "answer-priority=1s")
        message = self.sent(self.a, "-p", "priority", "--answer", "y", "Is the road open?")
        self.b.must("take", "ruritania", message)

        def alarm():
            return next((one for one in self.a.must("alarm", "list", "--json").lines
                         if (one["kind"], one["about"]) == ("unanswered", message)), None)
        first = wait_for(alarm, "the alarm")
        self.a.must("alarm", "ack", first["id"])
        self.a.must("down")
        self.a.must("up")
        again = wait_for(alarm, "the alarm after the restart")
        self.assertEqual((again["state"], again["raised_at"]), ("acknowledged", first["raised_at"]))

    def test_times_that_make_no_sense_are_refused_and_leave_no_entry(self):
        for terms in (("flash=0s",), ("routine=8d",), ("noon=1h",), ("deputy-here=Watch Two",), ("flash",), ("flash=soon",), ("flash=1y",)):
            self.refused(self.a, 2, terms[0].split("=")[0].replace("-", "_") if "=" in terms[0] and "soon" not in terms[0]
                         and "1y" not in terms[0] else terms[0], "times", "propose", "freedonia", *terms)
        self.refused(self.a, 2, "times", "times", "propose", "freedonia")
        self.refused(self.a, 2, "times", "times", "accept", "freedonia", "A1", "A2")
        self.refused(self.a, 1, "A99", "times", "accept", "freedonia", "A99")

    def test_the_deadline_that_a_form_gives_itself_is_due_when_it_is_taken(self):
        sample = [one["name"] for one in self.a.must("form", "show", "UNUSUAL", "--json").json["fields"]]
        self.assertGreater(len(sample), 1)
        fields = []
        for one in self.a.must("form", "show", "UNUSUAL", "--json").json["fields"]:
            if one["required"]:
                fields += ["--field", f"{one['n']}={one['example']}"]
        message = self.sent(self.a, "--form", "UNUSUAL", *fields)
        self.b.must("take", "ruritania", message)
        wait_for(lambda: self.show(self.a, message)["state"] == "taken", "the taking to arrive")
        self.assertEqual(self.after(message, "due"), 48 * 3600)

    # ---- Handling ----

    def forbids(self, message):
        one, other = self.both(message)
        for field in ("handling", "handling_agreed", "forbids"):
            self.assertEqual(one[field], other[field])
        return one["handling_agreed"], one["forbids"]

    def disclose(self, station, message):
        """Whether it was given away; refused, it says why and what to do, and writes nothing."""
        file = os.path.join(self.pair.folder, f"{station.party}-{message}.proof")
        answer = station.run("disclose", self.line(station), message, "-o", file)
        self.assertEqual(answer.code == 0, os.path.exists(file))
        if answer.code != 0:
            self.assertEqual(answer.code, 1)
            self.assertIn("Ask the other side", answer.err)
        return answer.code == 0

    def test_what_is_for_the_addressee_only_is_given_to_no_third_party_on_a_fresh_line_either(self):
        for word, said, given in ((None, (None, []), True), ("open", (True, []), True),
                                  ("not-for-publication", (True, ["publish"]), True),
                                  ("addressee-only", (True, ["publish", "feed", "forward"]), False),
                                  ("internal", (False, ["publish", "feed", "forward"]), False)):
            message = self.sent(self.a, "-p", "flash", *(("--handling", word) if word else ()), "the words")
            self.assertEqual(self.forbids(message), said)
            self.assertEqual([self.disclose(self.a, message), self.disclose(self.b, message)], [given, given], word)
        self.assertIn("no such handling is agreed", self.b.must("show", "ruritania", message).out)
        self.b.must("down")
        self.assertFalse(self.disclose(self.b, message))

    def test_what_is_said_about_a_message_is_handled_as_it_is_and_every_view_begins_and_ends_with_that(self):
        message = self.sent(self.a, "-p", "flash", "--handling", "addressee-only", "the words")
        self.b.must("take", "ruritania", message)
        back = self.b.must("readback", "ruritania", message, "they said the words", "--json").json["entry"]
        wait_for(lambda: any(one["entry"] == back for one in self.show(self.a, message)["acts"]), "the read-back to arrive")
        self.assertEqual([self.disclose(self.a, back), self.disclose(self.b, back)], [False, False])
        mark = "[handling: addressee-only]"
        for command in (("show", "ruritania", message), ("list", "ruritania"), ("search", "ruritania", "words")):
            lines = self.b.must(*command).out.strip().split("\n")
            self.assertEqual((lines[0], lines[-1]), (mark, mark), command)
        self.assertEqual(self.b.must("log", "ruritania").out.count(mark), 6)  # message, take and read-back
        self.assertEqual(stations.record(self.b, "ruritania")[back]["handling"], "addressee-only")

    def test_other_words_of_handling_are_agreed_and_from_then_on_no_other_is_sent(self):
        asked = self.agree(self.b, "handling", "ministers-only=publish,forward", "internal=nothing")
        self.assertEqual(self.in_force(self.a, "handling")["terms"],
                         {"open": [], "not-for-publication": ["publish"], "addressee-only": ["publish", "feed", "forward"],
                          "internal": [], "ministers-only": ["publish", "forward"]})
        one = self.sent(self.a, "-p", "flash", "--handling", "ministers-only", "text")
        other = self.sent(self.b, "-p", "flash", "--handling", "internal", "text")
        self.assertEqual((self.forbids(one), self.forbids(other)), ((True, ["publish", "forward"]), (True, [])))
        self.assertEqual([self.disclose(self.b, one), self.disclose(self.b, other)], [False, True])
        self.refused(self.a, 2, "ministers-only", "send", "freedonia", "--handling", "secret", "text")
        self.assertIn("forbids: publish, forward", self.b.must("show", "ruritania", one).out)
        self.assertIn("internal  forbids: nothing", self.b.must("handling", "list", "ruritania").out)
        self.restart()
        self.assertEqual([self.disclose(self.b, one), self.disclose(self.b, other)], [False, True])
        self.wait_past(other)
        self.b.must("handling", "end", "ruritania", asked)
        wait_for(lambda: self.in_force(self.a, "handling")["id"] is None, "the words of every line")
        self.assertEqual(self.forbids(other), (True, []))
        self.assertEqual(self.forbids(self.sent(self.b, "--handling", "internal", "text")),
                         (False, ["publish", "feed", "forward"]))

    def test_words_of_handling_that_make_no_sense_are_refused_and_leave_no_entry(self):
        for terms in ("open=publish", "Secret=publish", "secret=burn", "secret=", "secret", "=publish"):
            self.refused(self.a, 2, terms.split("=")[0], "handling", "propose", "freedonia", terms)

    # ---- Rate ----

    def test_a_station_sends_no_more_than_agreed_but_flash_and_service(self):
        self.agree(self.b, "rate", "5")
        texts = {"line": "freedonia", "messages": [{"text": "text"}] * 6}
        before = len(stations.record(self.a, "freedonia"))
        refused = self.a.rpc("send", texts)["error"]
        self.assertEqual((refused["code"], "at most 5 messages a minute" in refused["message"]), (1, True))
        for _ in range(3):  # should the minute end meanwhile
            answers = [self.a.run("send", "freedonia", "text") for _ in range(6)]
            if answers[-1].code != 0:
                break
        self.assertEqual((answers[-1].code, answers[-1].out), (1, ""))
        self.assertIn("rate propose", answers[-1].err)
        self.sent(self.a, "-p", "flash", "text")
        self.sent(self.a, "--level", "service", "text")
        self.assertGreaterEqual(len(stations.record(self.a, "freedonia")), before + 7)
        self.assertEqual([one["id"] for one in self.a.must("list", "freedonia", "--json").lines if one["beyond_rate"]], [])
        self.refused(self.a, 2, "1000000", "rate", "propose", "freedonia", "0")
        self.refused(self.a, 2, "rate", "rate", "propose", "freedonia", "many")

    # ---- Frames ----

    def test_a_text_of_standing_goes_out_in_the_courtesy_of_its_language(self):
        for station, own, other, words in ((self.a, "Ruritania", "Freedonia", ("compliments", "highest consideration")),
                                           (self.b, "Freedonia", "Ruritania", ("致意", "最崇高的敬意"))):
            message = self.sent(station, "--standing", "note-verbale", "--ref", "12-34", "--frame", "courtesy",
                                "The words {other} of {text}.")
            shown = self.show(self.other(station), message)
            for word in (*words, own, other, "\n\nThe words {other} of {text}.\n\n"):
                self.assertIn(word, shown["text"])
            self.assertEqual((shown["lang"], shown["ref"]), ("en" if station is self.a else "zh", "12-34"))
        message = self.sent(self.a, "--standing", "protest", "--lang", "ru", "--frame", "courtesy", "Слова")
        self.assertIn("протест", self.show(self.a, message)["text"])

    def test_a_frame_of_ones_own_is_kept_in_the_own_book_and_goes_before_the_others_when_named(self):
        number = self.a.must("frame", "add", "To {other}: {text} ({own})", "--json").json["number"]
        message = self.sent(self.a, "--standing", "letter", "--frame", str(number), "the words")
        self.assertEqual(self.show(self.b, message)["text"], "To Freedonia: the words (Ruritania)")
        listed = self.a.must("frame", "list", "--json").lines
        self.assertEqual([(one["frame"], one["standing"]) for one in listed],
                         [("courtesy", "note-verbale"), ("courtesy", "aide-memoire"), ("courtesy", "letter"), ("courtesy", "protest"),
                          (str(number), None)])
        texts = {one["text"] for tag in ("en", "zh", "ru", "ar", "fr", "es")
                 for one in self.a.must("frame", "list", "--lang", tag, "--json").lines}
        self.assertEqual(len(texts), 4 * 6 + 1)
        self.assertIn("{text}", self.a.must("frame", "list").out)
        self.assertEqual(len(self.b.must("frame", "list", "--json").lines), 4)

    def test_a_frame_that_is_not_there_is_refused_and_nothing_is_sent(self):
        note = self.a.must("note", "freedonia", self.sent(self.a, "text"), "a note", "--json").json["number"]
        send = ("send", "freedonia", "--frame")
        self.refused(self.a, 2, "note-verbale, aide-memoire", *send, "courtesy", "text")
        self.refused(self.a, 2, "note-verbale, aide-memoire", *send, "courtesy", "--standing", "non-paper", "text")
        self.refused(self.a, 2, "openline frame add", *send, "courtesy", "--standing", "letter", "--lang", "sr", "text")
        for which in ("99", str(note), "0", "1x", "letter"):
            self.refused(self.a, 2, "openline frame list", *send, which, "--standing", "letter", "text")
        self.refused(self.a, 2, "form", *send, "courtesy", "--standing", "letter", "--form", "LAUNCH")
        for text in ("no place", "{text} and {text}"):
            self.refused(self.a, 2, "braces", "frame", "add", text)


class Flood(unittest.TestCase):
    def setUp(self):
        self.pair = stations.Pair()
        self.addCleanup(self.pair.close)
        self.a, self.b = self.pair.a, self.pair.b
        self.pair.up()

    line, listed, in_force, alarms = Agreed.line, Agreed.listed, Agreed.in_force, Agreed.alarms

    def messages(self, station):
        return {one["id"]: one for one in station.must("list", self.line(station), "--json").lines}

    def beyond(self):
        """Which messages are marked so, on both sides the same."""
        one, other = ([name for name, said in self.messages(station).items() if said["beyond_rate"]] for station in (self.a, self.b))
        self.assertEqual(one, other)
        return one

    def test_what_comes_beyond_the_rate_is_kept_and_marked_on_both_sides_and_one_alarm_and_flash_gets_through(self):
        times = self.a.must("times", "propose", "freedonia", "routine=1s", "--json").json["id"]
        asked = self.a.must("rate", "propose", "freedonia", "10", "--json").json["id"]
        wait_for(lambda: any(one["id"] == asked for one in self.listed(self.b, "rate")), "the proposals to arrive")
        # Accepted while the line is cut: the other side does not know yet, and goes on.
        self.pair.proxy.cut()
        self.b.must("times", "accept", "ruritania", times)
        self.b.must("rate", "accept", "ruritania", asked)
        accepted = seconds(self.in_force(self.b, "rate")["since"])
        wait_for(lambda: time.time() >= accepted + 1 + TICK, "the second of the acceptance to be over")
        texts = [{"text": f"text {i}"} for i in range(60)]
        self.assertEqual(self.a.rpc("send", {"line": "freedonia", "messages": texts})["result"]["outcome"], "done")
        flash = self.a.must("send", "freedonia", "-p", "flash", "text", "--json").json["id"]
        service = self.a.must("send", "freedonia", "--level", "service", "text", "--json").json["id"]
        self.pair.proxy.mend()
        for station in (self.a, self.b):
            wait_for(lambda: len(self.messages(station)) == 62 and self.in_force(station, "rate")["id"] == asked,
                     "all of it to be on both sides", seconds=60)
        marked = self.beyond()
        self.assertIn(len(marked), (40, 50))  # 50 when all fell into one minute
        self.assertEqual([name for name in (flash, service) if name in marked], [])
        self.assertIn("BEYOND THE AGREED RATE", self.b.must("show", "ruritania", marked[0]).out)
        raised = wait_for(lambda: [one for one in self.alarms(self.b) if one[0] == "message_flood"], "the flood to be shown")
        self.assertEqual(raised, [("message_flood", None)])
        self.assertIn(("flash_untaken", flash), self.alarms(self.b))
        wait_for(lambda: len([one for one in self.alarms(self.b) if one[0] == "untaken"]) == 62 - len(marked) - 1,
                 "those within the rate to be due", seconds=20)
        self.assertEqual([about for kind, about in self.alarms(self.b) if about in marked], [])
        # Here they were written before the times were known to be agreed, and are looked at again.
        wait_for(lambda: len([one for one in self.alarms(self.a) if one[0] == "untaken_there"]) == 62 - len(marked) - 1,
                 "what is untaken there", seconds=20)
        for station in (self.a, self.b):
            station.must("down")
        self.pair.up()
        self.assertEqual(self.beyond(), marked)


unittest.main()
