#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""What can be said on a line and done about it, through the command line: fields, states, refusals, exit codes."""
import os
import re
import subprocess
import sys
import threading
import time
import unicodedata
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import stations
from stations import wait_for

TIME = r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$"
LIMIT = 32 * 1024


class Messages(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.pair = stations.Pair(proxied=False)
        cls.a, cls.b = cls.pair.a, cls.pair.b
        cls.pair.up()

    @classmethod
    def tearDownClass(cls):
        cls.pair.close()

    def send(self, *args, **kw):
        return self.a.must("send", "freedonia", *args, "--wait", "delivered", "--json", **kw).json

    def shown(self, message, station=None):
        station, line = (self.b, "ruritania") if station is None else (self.a, "freedonia")
        return station.must("show", line, message, "--json").json

    def both(self, message, state):
        wait_for(lambda: self.shown(message)["state"] == self.shown(message, self.a)["state"] == state, f"both to see {state}")

    def act(self, station, *words):
        line = "freedonia" if station is self.a else "ruritania"
        return station.run(words[0], line, *words[1:], "--json")

    def refused(self, state, station, *words):
        answer = self.act(station, *words)
        self.assertEqual(answer.code, 1, (words, answer.out))
        self.assertIn(state, answer.err, words)

    def test_send_says_what_became_of_it(self):
        sent = self.send("-p", "flash", "hello")
        for field, kind in (("schema", int), ("id", str), ("line", str), ("precedence", str), ("state", str),
                            ("delivered_at", str)):
            self.assertIs(type(sent[field]), kind, field)
        self.assertEqual((sent["schema"], sent["line"], sent["precedence"], sent["state"]),
                         (1, "freedonia", "flash", "delivered"))
        self.assertRegex(sent["id"], r"^[AB][1-9]\d*$")
        self.assertRegex(sent["delivered_at"], TIME)
        plain = self.a.must("send", "freedonia", "hello", "--json").json
        self.assertEqual((plain["precedence"], plain["line"]), ("routine", "freedonia"))
        self.assertIn(plain["state"], ("released", "sent", "delivered"))

    def test_list_and_show_have_every_field_on_both_sides(self):
        sent = self.send("-s", "Subject", "--lang", "fr", "--exercise", "-p", "priority", "Salut")
        fields = {"direction": str, "kind": str, "precedence": str, "state": str, "time": str, "lang": str, "subject": str,
                  "text": str, "exercise": bool, "early": bool, "time_doubtful": bool, "id": str, "schema": int}
        for station, line, direction in ((self.a, "freedonia", "out"), (self.b, "ruritania", "in")):
            listed = [m for m in station.must("list", line, "--json").lines if m["id"] == sent["id"]]
            self.assertEqual(len(listed), 1)
            shown = station.must("show", line, sent["id"], "--json").json
            self.assertEqual({k: shown[k] for k in listed[0]}, listed[0])
            for field, kind in fields.items():
                self.assertIs(type(shown[field]), kind, field)
            self.assertRegex(shown["time"], TIME)
            self.assertEqual([shown[f] for f in ("direction", "kind", "precedence", "state", "lang", "subject", "text",
                                                 "exercise", "early", "acts")],
                             [direction, "message", "priority", "delivered", "fr", "Subject", "Salut", True, False, []])
        plain = self.send("x")
        self.assertIsNone(self.shown(plain["id"])["subject"])
        self.assertEqual(self.shown(plain["id"])["lang"], "en")
        self.assertIs(self.shown(plain["id"])["exercise"], False)

    def test_a_message_from_delivered_to_confirmed(self):
        sent = self.send("-p", "flash", "Aircraft")["id"]
        for station, words, state, refusals in (
                (self.b, ("take",), "taken", (("confirm",),)),
                (self.b, ("readback", "Aircraft!"), "read_back", (("readback", "again"),)),
                (self.a, ("correct", "An aircraft"), "corrected", (("confirm",),)),
                (self.b, ("readback", "An aircraft"), "read_back", ()),
                (self.a, ("confirm",), "confirmed", (("confirm",), ("correct", "x")))):
            done = self.act(station, words[0], sent, *words[1:])
            self.assertEqual(done.code, 0, done.err)
            self.assertEqual([done.json[f] for f in ("schema", "id", "line", "state")],
                             [1, sent, "freedonia" if station is self.a else "ruritania", state])
            self.assertRegex(done.json["entry"], r"^[AB]\d+$")
            self.assertNotEqual(done.json["entry"], sent)
            self.both(sent, state)
            for refusal in refusals:
                side = self.b if refusal[0] == "readback" else self.a
                self.refused(state, side, refusal[0], sent, *refusal[1:])
        acts = self.shown(sent)["acts"]
        self.assertEqual([a["act"] for a in acts], ["take", "readback", "correct", "readback", "confirm"])
        self.assertEqual([a["text"] for a in acts], [None, "Aircraft!", "An aircraft", "An aircraft", None])
        self.assertEqual([a["entry"] for a in acts], [a["entry"] for a in self.shown(sent, self.a)["acts"]])
        for act in acts:
            self.assertEqual(set(act) & {"entry", "act", "side", "time", "text"}, {"entry", "act", "side", "time", "text"})
            self.assertRegex(act["time"], TIME)

    def test_readback_needs_take_and_each_side_has_its_acts(self):
        sent = self.send("x")["id"]
        self.refused("delivered", self.b, "readback", sent, "x")
        for words in (("take", sent), ("readback", sent, "x"), ("decline", sent)):
            self.assertEqual(self.act(self.a, *words).code, 1, words)
        for words in (("confirm", sent), ("correct", sent, "x")):
            self.assertEqual(self.act(self.b, *words).code, 1, words)
        self.assertEqual(self.shown(sent)["state"], "delivered")
        self.assertEqual(self.act(self.b, "take", sent).code, 0)
        self.refused("taken", self.b, "take", sent)

    def test_what_does_not_exist_is_refused(self):
        for words in (("take", "A999999"), ("take", "C1"), ("take", ""), ("show", "A0"), ("show", "A99999999999999999999"),
                      ("take", "a1")):
            self.assertIn(self.act(self.b, *words).code, (1, 2), words)
        self.assertIn(self.a.run("send", "nowhere", "x").code, (1, 2))
        for entry in stations.record(self.b, "ruritania").values():
            if entry["kind"] != "message":
                self.assertEqual(self.act(self.b, "take", entry["id"]).code, 1, entry["kind"])

    def test_a_wait_that_cannot_come_true_ends_at_once_with_11(self):
        for wait in ("taken", "confirmed"):
            answer = []
            before = {m["id"] for m in self.b.must("list", "ruritania", "--json").lines}
            waiter = threading.Thread(target=lambda w=wait, a=answer: a.append(
                self.a.run("send", "freedonia", f"refuse me {w}", "--wait", w, "--timeout", "30", "--json")))
            waiter.start()
            new = wait_for(lambda b=before: {m["id"] for m in self.b.must("list", "ruritania", "--json").lines} - b, "it")
            begin = time.monotonic()
            self.assertEqual(self.act(self.b, "decline", *new, "--reason", "not now").code, 0)
            waiter.join(10)
            self.assertLess(time.monotonic() - begin, 3.0)
            self.assertEqual(answer[0].code, 11)
            self.assertEqual(answer[0].json["state"], "declined")
            shown = self.shown(*new)
            self.assertEqual((shown["acts"][-1]["act"], shown["acts"][-1]["text"]), ("decline", "not now"))
            for words in (("take",), ("decline",)):
                self.refused("declined", self.b, words[0], *new)

    def test_a_wait_for_taken_ends_when_it_is_taken_or_in_time_with_11(self):
        late = self.a.run("send", "freedonia", "nobody takes me", "--wait", "taken", "--timeout", "1", "--json")
        self.assertEqual(late.code, 11)
        self.assertEqual(late.json["state"], "delivered")
        self.assertEqual(self.act(self.b, "take", late.json["id"]).code, 0)
        self.both(late.json["id"], "taken")

    def test_open_lists_what_is_neither_confirmed_nor_declined(self):
        done = self.send("confirm me")["id"]
        declined = self.send("decline me")["id"]
        still = self.send("leave me")["id"]
        for station, words in ((self.b, ("take", done)), (self.b, ("readback", done, "x")), (self.a, ("confirm", done)),
                               (self.b, ("decline", declined))):
            wait_for(lambda s=station, w=words: self.act(s, *w).code == 0, str(words))
        self.both(done, "confirmed")
        self.both(declined, "declined")
        for station, line in ((self.a, "freedonia"), (self.b, "ruritania")):
            ids = {m["id"] for m in station.must("list", line, "--open", "--json").lines}
            self.assertIn(still, ids)
            self.assertFalse({done, declined} & ids)

    def test_text_is_utf8_whatever_the_locale_and_normalised(self):
        text = "Zu\u0308rich 不明飞机 \U0001f6a8 שלום"
        for locale in ({"LC_ALL": "C"}, {"LC_ALL": "POSIX", "LANG": "de_DE.ISO-8859-1"}, {"LC_ALL": "nonsense"}):
            done = subprocess.run([stations.program("openline"), "-C", self.a.home, "send", "freedonia", text, "--wait",
                                   "delivered", "--json"], capture_output=True, env={"PATH": "/usr/bin", **locale})
            self.assertEqual(done.returncode, 0, done.stderr)
            sent = stations.Answer(done).json
            shown = subprocess.run([stations.program("openline"), "-C", self.b.home, "show", "ruritania", sent["id"],
                                    "--json"], capture_output=True, env={"PATH": "/usr/bin", **locale})
            self.assertEqual(stations.Answer(shown).json["text"], unicodedata.normalize("NFC", text))
            self.assertIn("不明飞机".encode(), shown.stdout)  # raw, not escaped

    def test_bytes_that_are_no_utf8_are_refused(self):
        for bad in (b"\xff", b"a\xc3", b"\xed\xa0\x80", b"\xc0\x80", b"\xf5\x80\x80\x80"):
            answer = self.a.run("send", "freedonia", "-", stdin=bad)
            self.assertNotEqual(answer.code, 0, bad)
            self.assertIn("UTF-8", answer.err)

    def test_a_dash_reads_stdin_and_drops_one_newline(self):
        for given, kept in ((b"one\n", "one"), (b"two\n\n", "two\n"), (b"three", "three"), (b"a\nb\n", "a\nb")):
            self.assertEqual(self.shown(self.send("-", stdin=given)["id"])["text"], kept)

    def test_empty_is_refused(self):
        for args, given in ((("",), b""), (("-",), b""), (("-",), b"\n")):
            answer = self.a.run("send", "freedonia", *args, stdin=given)
            self.assertIn(answer.code, (1, 2))
            self.assertIn("empty", answer.err)

    def test_32_kib_and_not_one_byte_more(self):
        text = ("不" * (LIMIT // 3) + "xx")[:LIMIT]
        self.assertEqual(len(text.encode()), LIMIT)
        sent = self.a.must("send", "freedonia", "-", "-p", "flash", "--wait", "delivered", "--json", stdin=text.encode() + b"\n").json
        self.assertEqual(self.shown(sent["id"])["text"], text)
        answer = self.a.run("send", "freedonia", "-", stdin=text.encode() + b"x")
        self.assertIn(answer.code, (1, 2))
        self.assertTrue(re.search(r"32 ?KiB|32768", answer.err), answer.err)
        big = self.a.run("send", "freedonia", "-", stdin=b"x" * (8 << 20))
        self.assertIn(big.code, (1, 2))
        self.assertTrue(re.search(r"32 ?KiB|32768", big.err), big.err)
        self.assertEqual(self.shown(self.send("after")["id"])["text"], "after")

    def test_text_that_only_grows_beyond_the_limit_by_nfc_is_refused_or_kept_whole(self):
        text = "\u0958" * (LIMIT // 3)  # 3 bytes each, 6 in NFC
        answer = self.a.run("send", "freedonia", "-", stdin=text.encode())
        self.assertIn(answer.code, (1, 2))
        self.assertTrue(re.search(r"32 ?KiB|32768", answer.err), answer.err)

    def test_options_stand_anywhere_and_two_dashes_end_them(self):
        flash = self.a.must("send", "-p", "flash", "freedonia", "x", "--wait", "delivered", "--json").json
        self.assertEqual(flash["precedence"], "flash")
        after = self.a.must("send", "freedonia", "x", "-p", "flash", "--json").json
        self.assertEqual(after["precedence"], "flash")
        dashes = self.a.must("send", "--wait", "delivered", "--json", "freedonia", "--", "--help").json
        self.assertEqual(self.shown(dashes["id"])["text"], "--help")
        home = stations.Answer(subprocess.run([stations.program("openline"), "status", "--json", "-C", self.a.home],
                                              capture_output=True))
        self.assertEqual(home.code, 0, home.err)

    def test_wrong_usage_is_2(self):
        for args in (("send",), ("send", "freedonia"), ("send", "freedonia", "a", "b"), ("frobnicate",), ("send", "freedonia", "x",
                     "-p", "urgent"), ("send", "freedonia", "x", "--wait", "read"), ("list",), ("send", "freedonia", "x",
                     "--timeout", "-1"), ("send", "freedonia", "x", "--timeout", "x"), ("send", "freedonia", "x", "--nope"),
                     ("send", "freedonia", "x", "--lang", "not a tag")):
            self.assertEqual(self.a.run(*args).code, 2, args)
        for command in ("init", "card", "psk", "pair", "up", "down", "status", "send", "list", "show", "take", "readback",
                        "confirm", "correct", "decline", "log", "export", "disclose", "evidence", "renew", "resume",
                        "unfreeze", "revoked", "backup", "restore", "doctor"):
            helped = self.a.run(command, "--help")
            self.assertEqual(helped.code, 0, command)
            self.assertIn(command, helped.out)

    def test_awkward_texts_arrive_as_they_are(self):
        for text in ("\x1b[31mred", '"\\\x01', "{\"json\":1}", "\u2028\u202e", " ", "\n", "\t", "\ufffd", "x" * 5000,
                     "\U0010ffff"):
            sent = self.a.must("send", "freedonia", "--wait", "delivered", "--json", "--", text).json
            self.assertEqual(self.shown(sent["id"])["text"], unicodedata.normalize("NFC", text))

    def test_a_terminal_gets_no_control_characters_of_the_peer(self):
        sent = self.a.must("send", "freedonia", "--wait", "delivered", "--json", "--", "a\x1b[2Jb\x07c").json
        for command in (("show", "ruritania", sent["id"]), ("list", "ruritania"), ("log", "ruritania")):
            out = self.b.must(*command).out
            self.assertNotIn("\x1b[2J", out, command)
            self.assertNotIn("\x07", out, command)

    def test_precedence_may_be_left_out_and_is_routine(self):
        answer = self.a.rpc("send", {"line": "freedonia", "messages": [{"text": "plain"}]})
        self.assertEqual(answer["result"]["messages"][0]["precedence"], "routine", answer)

    def test_no_answer_comes_before_the_text_is_durable(self):
        for _ in range(5):  # the line is ready: a text that is on the disk has its number
            answer = self.a.rpc("send", {"line": "freedonia", "wait": "delivered", "timeout_ms": 0, "messages": [
                {"text": "at once", "precedence": "routine"}]})
            self.assertIsNotNone(answer["result"]["messages"][0]["id"])

    def test_follow_shows_what_comes(self):
        follower = subprocess.Popen([stations.program("openline"), "-C", self.b.home, "list", "ruritania", "--follow", "--json"],
                                    stdout=subprocess.PIPE, text=True)
        self.addCleanup(follower.stdout.close)
        self.addCleanup(follower.wait)
        self.addCleanup(follower.kill)
        seen = []
        reader = threading.Thread(target=lambda: seen.extend(iter(follower.stdout.readline, "")), daemon=True)
        reader.start()
        sent = self.send("follow me")["id"]
        wait_for(lambda: any("follow me" in line for line in seen), "the follower to show it")
        self.act(self.b, "take", sent)
        wait_for(lambda: any("follow me" in line and '"taken"' in line for line in seen), "the new state")


if __name__ == "__main__":
    unittest.main()
