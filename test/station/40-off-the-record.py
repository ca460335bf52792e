#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Messages off the record on two real stations: shown to who follows the line where both sides allow them, refused
elsewhere, and kept nowhere: neither record nor disk holds a trace."""
import json
import os
import subprocess
import sys
import threading
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import stations
from stations import wait_for

WORD = "kwyjibo"  # in no other text


class Follower:
    """`list --follow` of one side: the lines that it prints."""

    def __init__(self, test, station, line, *args):
        self.seen = []
        self.process = subprocess.Popen([stations.program("openline"), "-C", station.home, "list", line, "--follow", *args],
                                        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        self.reader = threading.Thread(target=self.read, daemon=True)
        self.reader.start()
        test.addCleanup(self.close)

    def read(self):
        for line in self.process.stdout:
            self.seen.append(line)

    def close(self):
        self.process.kill()
        self.process.wait()
        self.reader.join()
        self.process.stdout.close()


class TwoPaths(stations.Pair):
    """As the pair of one path, with a second: what goes by both comes twice."""

    def __init__(self):
        self.folder = stations.tempfile.mkdtemp(prefix="openline-")
        self.a = stations.Station(self.folder, "Ruritania", "Foreign ministry watch", "en")
        self.b = stations.Station(self.folder, "Freedonia", "Joint staff watch", "zh")
        self.psk = os.path.join(self.folder, "courier.key")
        self.a.must("psk", "-o", self.psk)
        ports = [stations.free_port(), stations.free_port()]
        self.proxies = [stations.Proxy(port) for port in ports]
        self.proxy = self.proxies[0]
        self.make(self.a, "freedonia", self.b.card, [f"tcp:listen:127.0.0.1:{port}" for port in ports])
        self.make(self.b, "ruritania", self.a.card, [f"tcp:connect:127.0.0.1:{proxy.port}" for proxy in self.proxies])

    def make(self, station, name, card, paths):
        station.must("pair", name, "--card", card, "--psk", self.psk, *[word for path in paths for word in ("--path", path)])
        conf = os.path.join(station.home, "station.conf")
        with open(conf, encoding="utf-8") as f:
            text = f.read()
        with open(conf, "w", encoding="utf-8") as f:
            f.write(text.replace("liveness_seconds = 20;", "liveness_seconds = 1;"))

    def close(self, keep=False):
        super().close(keep)
        self.proxies[1].close()


class OffTheRecord(unittest.TestCase):
    def setUp(self):
        self.pair = TwoPaths()
        self.addCleanup(self.pair.close)
        self.a, self.b = self.pair.a, self.pair.b
        self.pair.up()

    def policy(self, word, *sides):
        for side in sides or ("a", "b"):
            station, line = (self.a, "freedonia") if side == "a" else (self.b, "ruritania")
            station.must("pair", line, "--off-record", word)

    def allow(self):
        self.policy("allow")
        for station, line in ((self.a, "freedonia"), (self.b, "ruritania")):
            wait_for(lambda: (station.line(line)["off_record"], station.line(line)["peer_off_record"]) == (True, True),
                     "both sides to know of both")

    def send(self, *args, **kw):
        return self.a.run("send", "freedonia", "--off-record", *args, **kw)

    def sent(self, *args, **kw):
        """As an officer does who is told that what is owed goes first."""
        def done():
            answer = self.send(*args, **kw)
            self.assertTrue(answer.code == 0 or "goes first" in answer.err, answer.err)
            return answer if answer.code == 0 else None
        return wait_for(done, "the message to go out")

    def follow(self, *args):
        """The followers of both sides, of which each has shown an entry: what comes next they show too."""
        followers = [Follower(self, self.a, "freedonia", *args), Follower(self, self.b, "ruritania", *args)]
        self.a.must("send", "freedonia", "on the record", "--wait", "delivered")
        for follower in followers:
            wait_for(lambda: any("on the record" in line for line in follower.seen), "the follower")
        return followers

    def test_it_is_shown_on_both_sides_while_it_runs_and_nowhere_afterwards(self):
        self.allow()
        ours, theirs = self.follow("--json")
        log = self.a.must("log", "freedonia", "--json").out
        answer = self.sent(f"Between us: {WORD} ✓", "-s", "A subject", "--level", "working", "--json").json
        self.assertEqual(answer, {"schema": 1, "id": None, "line": "freedonia", "state": "sent", "off_record": True})
        for follower, direction in ((ours, "out"), (theirs, "in")):
            shown = [json.loads(line) for line in wait_for(
                lambda: [line for line in follower.seen if WORD in line], "the follower to show it")]
            self.assertEqual(len(shown), 1, "once, by whichever path it came first")
            m = shown[0]
            self.assertEqual((m["id"], m["state"], m["off_record"], m["direction"], m["open"]),
                             (None, "sent", True, direction, False))
            self.assertEqual((m["text"], m["subject"], m["level"]), (f"Between us: {WORD} ✓", "A subject", "working"))
        self.a.must("send", "freedonia", "afterwards", "--wait", "delivered")
        for follower in (ours, theirs):
            wait_for(lambda: any("afterwards" in line for line in follower.seen), "what came after it")
            self.assertEqual(len([line for line in follower.seen if WORD in line]), 1)
        self.assertEqual(self.a.must("log", "freedonia", "--json").lines[:len(log.splitlines())],
                         [json.loads(line) for line in log.splitlines()])
        for station, line in ((self.a, "freedonia"), (self.b, "ruritania")):
            export = os.path.join(self.pair.folder, line + ".export")
            station.must("export", line, "-o", export)
            for shown in (["list", line], ["log", line], ["search", line, WORD], ["brief", line], ["note", "list"],
                          ["alarm", "list"], ["status"]):
                self.assertNotIn(WORD, station.must(*shown).out + station.must(*shown, "--json").out, shown)
        self.nowhere_on_disk()
        for station in (self.a, self.b):
            station.must("backup", "-o", station.home + ".backup")
            station.must("down")
        self.nowhere_on_disk()

    def nowhere_on_disk(self):
        """Of both homes, their relays', backups and exports: the text is in none. That this finds what is there shows an
        entry's."""
        found = {WORD: [], "afterwards": []}
        for folder, _, names in os.walk(self.pair.folder):
            for name in names:
                path = os.path.join(folder, name)
                if not os.path.isfile(path):
                    continue
                with open(path, "rb") as f:
                    content = f.read()
                for word in found:
                    if word.encode() in content:
                        found[word].append(path)
        self.assertEqual(found[WORD], [])
        self.assertTrue(any("record" in path for path in found["afterwards"]), "the record has what was sent on it")

    def test_it_is_marked_in_words_and_goes_both_ways(self):
        self.allow()
        _, theirs = self.follow()
        said = self.sent("Only said").out
        self.assertIn("off the record", said)
        wait_for(lambda: any("OFF THE RECORD" in line for line in theirs.seen), "the mark")
        wait_for(lambda: any("Only said" in line for line in theirs.seen), "the text")
        ours = Follower(self, self.a, "freedonia")
        self.b.must("send", "ruritania", "and back", "--wait", "delivered")
        wait_for(lambda: any("and back" in line for line in ours.seen), "the follower")
        wait_for(lambda: self.b.run("send", "ruritania", "--off-record", "-", stdin=b"Heard\n").code == 0, "the answer to go")
        wait_for(lambda: any("Heard" in line for line in ours.seen), "the answer")

    def test_without_policy_on_either_side_it_is_refused_and_nothing_is_sent(self):
        for station, line in ((self.a, "freedonia"), (self.b, "ruritania")):
            wait_for(lambda: station.line(line)["peer_off_record"] is False, "the other side's word")
            self.assertIs(station.line(line)["off_record"], False)
        answer = self.send(WORD)
        self.assertEqual((answer.code, answer.out), (1, ""))
        self.assertIn("openline pair freedonia --off-record allow", answer.err)
        said = self.a.must("pair", "freedonia", "--off-record", "allow").err
        self.assertIn("takes messages off the record", said)
        answer = self.send(WORD)
        self.assertEqual((answer.code, answer.out), (1, ""))
        self.assertIn("other side", answer.err)
        wait_for(lambda: self.a.line("freedonia")["off_record"], "a reload")
        self.policy("allow", "b")
        wait_for(lambda: self.a.line("freedonia")["peer_off_record"], "the other side's word")
        self.sent("now it goes")
        self.policy("refuse", "a")
        self.assertIn("pair freedonia --off-record allow", self.send(WORD).err)
        self.assertIs(self.a.line("freedonia")["off_record"], False)
        self.assertEqual(self.a.must("log", "freedonia").out, "")

    def test_what_cannot_be_waited_for_answered_or_urgent_is_refused_as_misuse(self):
        self.allow()
        entry = self.a.must("send", "freedonia", "an entry", "--json").json["id"]
        for args in (["--wait", "delivered"], ["--wait", "taken"], ["-p", "flash"], ["-p", "priority"], ["--exercise"],
                     ["--re", entry], ["--corrects", entry], ["--cancels", entry], ["--answer", "wu"]):
            answer = self.send(WORD, *args)
            self.assertEqual((answer.code, answer.out), (2, ""), args)
            self.assertIn("--off-record", answer.err)
        answer = self.send("--form", "LINETEST")
        self.assertEqual((answer.code, answer.out), (2, ""))
        for message in (None, 3, [], {}, {"text": 3}, {"text": ""}, {"text": "x", "precedence": "flash"},
                        {"text": "x", "re": 5}, {"text": "x", "level": "No Word"}):
            error = self.a.rpc("off_record", {"line": "freedonia", "message": message})["error"]
            self.assertEqual(error["code"], 2, message)
        for words in (["freedonia", "--off-record"], ["freedonia", "--off-record", "perhaps"], ["freedonia", "allow"]):
            self.assertEqual(self.a.run("pair", *words).code, 2, words)
        self.assertEqual(self.a.run("answer", "freedonia", entry, "--off-record", WORD).code, 2)

    def test_one_frame_is_the_limit_and_a_path_must_be_up(self):
        self.allow()
        answer = self.send("x" * 8000)
        self.assertEqual((answer.code, answer.out), (1, ""))
        limit = int(next(word for word in answer.err.split() if word.isdigit()))
        self.sent("x" * limit)
        self.assertEqual(self.send("x" * (limit + 3)).code, 1)
        for proxy in self.pair.proxies:
            proxy.cut()
        wait_for(lambda: self.a.line("freedonia")["state"] == "down", "the cut to show")
        answer = self.send(WORD)
        self.assertEqual(answer.code, 1)
        self.assertIn("No path", answer.err)
        for proxy in self.pair.proxies:
            proxy.mend()
        wait_for(lambda: self.a.line("freedonia")["state"] == "up", "the path", 30)
        follower = self.follow()[1]
        self.assertFalse(any(WORD in line for line in follower.seen), "nothing waited")

    def test_the_policy_outlives_a_restart(self):
        self.allow()
        for station in (self.a, self.b):
            station.must("down")
            line = station.status()["lines"][0]
            self.assertEqual((line["off_record"], line["peer_off_record"]), (True, None))
        self.pair.up()
        wait_for(lambda: self.a.line("freedonia")["peer_off_record"], "their word")
        self.sent("still allowed")


if __name__ == "__main__":
    unittest.main()
