# SPDX-License-Identifier: Apache-2.0
"""A station and a reader written from doc/protocol.md alone, against the vectors and the real programs."""
import dataclasses
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from bed import HERE, LINE, Bed     # noqa: E402
import clock        # noqa: E402
import desk         # noqa: E402
import dialogue     # noqa: E402
import export       # noqa: E402
import openline as ol       # noqa: E402
import proof        # noqa: E402
import session as ss        # noqa: E402
import stations     # noqa: E402
from station import Station     # noqa: E402
import vectors      # noqa: E402


def reader(*args):
    return subprocess.run([sys.executable, os.path.join(HERE, "reader.py"), *args], capture_output=True, text=True, check=False)


BODIES = [      # one of each kind that says something, and of each way to write it
    (ol.MESSAGE, "bare"), (ol.MESSAGE, {1: "text", 2: "subject", 3: "fr", 4: 1, 5: 1, 6: 25, 9: "military", 10: "duty", 11: 6, 12: "7/8",
                                        13: "open"}),
    (ol.MESSAGE, {1: "text", 7: 3}), (ol.MESSAGE, {1: "text", 8: 3}), (ol.READBACK, [3, 3, "words"]), (ol.CORRECT, [3, "words"]),
    (ol.DECLINE, [3, "busy"]), (ol.RESUME, [3, 9, "restored"]), (ol.UNFREEZE, [0, "by telephone"]),
    (desk.FORM_NUMBER, [255, bytes(32), "LAUNCH"]), (desk.REPLY, [3, 0]), (desk.REPLY, [3, 1, "no fuel"]),
    (desk.REPLY, [3, 5, 1795185127]), (desk.REPLY, [3, 5, 1795185127, "asking"]), (desk.ONWARD, [3, 1]),
    (desk.ONWARD, [3, 3, "no radio"]), (desk.PROPOSE, [1, "military", "at sea", "navy", "", "0600Z"]),
    (desk.PROPOSE, [2, 2, 1795185127, 1795188727]), (desk.PROPOSE, [3]), (desk.RESPOND, [24, 0]), (desk.RESPOND, [25, 2, "no"]),
    (desk.RESPOND, ["military", 3, "a vote"]), (desk.RESPOND, ["military", 4]), (desk.DESK, [2]), (desk.DESK, [1, "duty"]),
    (desk.HOURS, [0, 1709164800, 1709251199]), (desk.HOURS, [1, 1, 4294967295, "cable"]), (desk.HOURS, [2, 37, 360, 1440]),
    (ol.READBACK, [3, 3, b"duty", "words"]), (ol.CORRECT, [3, b"duty", "words"]), (ol.DECLINE, [3, b"duty"]),
    (ol.DECLINE, [3, b"d-1", "busy"]), (desk.REPLY, [3, 4, b"duty"]), (desk.REPLY, [3, 5, 1795185127, b"duty", "asking"]),
    (desk.ONWARD, [3, 2, b"duty", "no radio"]), (desk.PROPOSE, [4, 60, 1795185127, "duty", ""]), (ol.MESSAGE, {1: "a", 14: "duty"}),
    (desk.PROPOSE, [5, [60, 300, 1800, 10800, 0, 0, 0, 604800, 30, 60, 90, "deputy", "", "", "chief"]]),
    (desk.PROPOSE, [6, ["embargoed", 7, "secret", 0]]), (desk.PROPOSE, [7, 1000000]), (desk.ROSTER, [0, "duty"]), (desk.ROSTER, [1, "duty", "military", "working"]),
    (desk.TEST, [1795185120, "Good morning"]), (desk.TEST, [60, "Bonjour", "fr"]), (desk.TEST, [7]), (desk.HOURS, [2, 0, 0, 0]), (desk.ESCALATE, [3, 2]), (desk.STATS, ["2026-11", bytes(32)])]


def changes_of(body):
    yield body
    yield body + b"\0"
    yield from (body[:n] for n in range(len(body)))
    for bit in range(8 * len(body)):
        changed = bytearray(body)
        changed[bit // 8] ^= 1 << bit % 8
        yield bytes(changed)


def mend(data):
    """With the sum made right again, so that only what proves can refuse it."""
    return data[:-32] + ol.sha256(data[:-32])


class Forms(unittest.TestCase):
    def test_every_value_of_the_vectors_follows_from_the_page(self):
        checked, wrong = vectors.check()
        self.assertEqual(wrong, [])
        self.assertGreater(checked, 300)

    def test_strict_signatures_follow_from_the_page(self):
        checked, wrong = vectors.check_ed25519()
        self.assertEqual(wrong, [])
        self.assertGreater(checked, 20)

    def test_cobs_gives_back_what_it_was_given(self):
        dice = random.Random(1)
        for size in (1, 2, 253, 254, 255, 508, 509, 762, 4096):
            for zeros in (0, 0.01, 0.5, 1):
                message = bytes(0 if dice.random() < zeros else dice.randrange(1, 256) for _ in range(size))
                coded = ol.cobs(message)
                self.assertNotIn(0, coded)
                self.assertEqual(ol.cobs_read(coded), message)

    def test_the_window_opens_each_frame_once(self):
        out, into = ss.Outgoing(bytes(32), 2), ss.Incoming(bytes(32))
        frames = {n: out.seal_as(3, n, b"\x06") for n in (0, 1, 8129, 8130, 40000, 65535, 65536, 98000)}
        for n in (1, 0, 8129, 40000, 65536, 65535, 98000):
            self.assertEqual(into.open(frames[n]), (3, n, b"\x06"))
            self.assertRaises(ol.Refused, into.open, frames[n])
        self.assertRaises(ol.Refused, into.open, frames[8130])


class Record(unittest.TestCase):
    """Two real stations, their record read here."""

    @classmethod
    def setUpClass(cls):
        cls.pair = pair = stations.Pair(proxied=False)
        cls.addClassCleanup(pair.close)
        pair.up()
        a, b = pair.a, pair.b
        first = a.must("send", "freedonia", "-p", "flash", "Unidentified aircraft", "--wait", "delivered", "--json").json["id"]
        b.must("take", "ruritania", first)
        b.must("readback", "ruritania", first, "Unidentified aircraft")
        stations.wait_for(lambda: cls.state(first) == "read_back", "the read-back")
        a.must("correct", "freedonia", first, "Three unidentified aircraft")
        stations.wait_for(lambda: cls.state(first, b, "ruritania") == "corrected", "the correction")
        b.must("readback", "ruritania", first, "Three unidentified aircraft")
        stations.wait_for(lambda: cls.state(first) == "read_back", "the read-back of the correction")
        a.must("confirm", "freedonia", first)
        drill = b.must("send", "ruritania", "--exercise", "-s", "subject", "演习", "--wait", "delivered", "--json").json["id"]
        a.must("decline", "freedonia", drill, "--reason", "busy")
        a.rpc("send", {"line": "freedonia", "wait": "delivered", "timeout_ms": 10000, "messages": [
            {"text": f"routine {i}", "subject": None, "lang": None, "precedence": "routine", "exercise": False}
            for i in range(9)]})
        b.must("send", "ruritania", "-p", "priority", "-", "--wait", "delivered", stdin=b"a long text " * 500)
        cls.file = os.path.join(pair.folder, "record.export")
        a.must("export", "freedonia", "-o", cls.file)
        with open(cls.file, "rb") as f:
            cls.data = f.read()

    @classmethod
    def state(cls, message, station=None, line="freedonia"):
        return (station or cls.pair.a).must("show", line, message, "--json").json["state"]

    def test_the_export_of_two_real_stations_verifies(self):
        done = reader(self.file, "--card", self.pair.a.card, "--card", self.pair.b.card)
        self.assertEqual(done.returncode, 0, done.stderr)
        heads = {"A": max(n for n in self.numbers("A")), "B": max(n for n in self.numbers("B"))}
        for side, head in heads.items():
            self.assertIn(f"{len(self.numbers(side))} entries, head {head} ", done.stdout)
        self.assertNotIn("remark", done.stdout)
        self.assertIn("verified", done.stdout)

    def numbers(self, side):
        return [int(name[1:]) for name in stations.record(self.pair.a, "freedonia") if name[0] == side]

    def test_the_export_holds_all_kinds_of_entry(self):
        _, streams = export.read(self.data)
        entries = [placed.entry for author in streams for placed in streams[author]]
        self.assertTrue(any(e.seal is None for e in entries))
        self.assertTrue(any(e.flags & ol.EXERCISE for e in entries))
        self.assertLessEqual({ol.RECEIPT, ol.MESSAGE, ol.TAKE, ol.READBACK, ol.CONFIRM, ol.CORRECT, ol.DECLINE},
                             {e.kind for e in entries})
        for entry in entries:
            desk.body_read(entry.kind, entry.body)

    def test_a_card_that_is_not_in_the_file_is_refused(self):
        other = stations.Station(self.pair.folder, "Sylvania", "Duty desk", "en")
        self.assertEqual(reader(self.file, "--card", self.pair.a.card, "--card", other.card).returncode, 12)

    def test_every_seventh_byte_flipped_is_refused_even_with_the_sum_mended(self):
        for at in range(0, len(self.data) - 32, 7):
            flipped = bytearray(self.data)
            flipped[at] ^= 1 << at % 8
            with self.assertRaises(ol.Refused, msg=f"byte {at}"):
                export.verify(mend(bytes(flipped)))
        broken = self.data[:-1] + bytes([self.data[-1] ^ 1])
        self.assertRaises(ol.Refused, export.verify, broken)

    def test_truncations_and_one_byte_too_many_are_refused(self):
        for length in [*range(0, len(self.data), 97), len(self.data) - 1]:
            self.assertRaises(ol.Refused, export.verify, self.data[:length])
            if length >= 32:
                self.assertRaises(ol.Refused, export.verify, mend(self.data[:length]))
        self.assertRaises(ol.Refused, export.verify, self.data + b"\0")
        with open(self.file + ".cut", "wb") as f:
            f.write(self.data[:-40])
        self.assertEqual(reader(self.file + ".cut").returncode, 12)

    def test_one_streams_end_cut_off_is_refused(self):
        line, streams = export.read(self.data)
        kept = {author: [placed.entry for placed in streams[author]] for author in streams}
        named = max(entry.xseq for entry in kept[ol.B])
        while kept[ol.A][-1].seq >= named or kept[ol.A][-1].seal is None:
            kept[ol.A].pop()
        with self.assertRaises(export.Damaged) as caught:
            export.verify(export.write(line, kept))
        self.assertEqual(caught.exception.finding, "MISSING")

    def test_ladder_order_and_states_are_those_of_the_stations(self):
        line, streams = export.read(self.data)
        order = dialogue.ladder(line, {author: [placed.entry for placed in streams[author]] for author in streams})
        for station, name in ((self.pair.a, "freedonia"), (self.pair.b, "ruritania")):
            self.assertEqual([f"{chr(e.author)}{e.seq}" for e in order], list(stations.record(station, name)))
            said = {m["id"]: m["state"] for m in station.must("list", name, "--json").lines}
            self.assertEqual({f"{chr(author)}{seq}": state for (author, seq), state in dialogue.states(order).items()}, said)
        self.assertLessEqual({"confirmed", "declined", "delivered"}, set(said.values()))


def moment(seconds):
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + seconds))


class Said(unittest.TestCase):
    """A record with every kind that officers write: what the stations, openline-verify and this folder say of it."""

    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory(prefix="openline-clock-")
        cls.addClassCleanup(folder.cleanup)
        cls.clock = cls.enterClassContext(clock.Clock(folder.name))
        cls.pair = stations.Pair(proxied=False)
        cls.addClassCleanup(cls.pair.close)
        cls.pair.up()
        cls.write(cls.pair.a, cls.pair.b)
        cls.file = os.path.join(cls.pair.folder, "said.export")
        cls.pair.a.must("export", "freedonia", "-o", cls.file)

    @classmethod
    def write(cls, a, b):
        def send(*args):
            return a.must("send", "freedonia", *args, "--wait", "delivered", "--json").json["id"]

        def act(*args):
            b.must(args[0], "ruritania", *args[1:])
        first = send("-s", "Subject", "--ref", "12/34", "--handling", "open", "--answer", "wu", "Will you?")
        act("standby", first, "--until", moment(3600), "asking the unit")
        act("take", first)
        act("readback", first, "They ask whether we will")
        stations.wait_for(lambda: a.must("show", "freedonia", first, "--json").json["state"] == "read_back", "it")
        a.must("correct", "freedonia", first, "Will you now?")
        stations.wait_for(lambda: b.must("show", "ruritania", first, "--json").json["state"] == "corrected", "it")
        act("readback", first, "Whether we will now")
        stations.wait_for(lambda: a.must("show", "freedonia", first, "--json").json["state"] == "read_back", "it")
        a.must("confirm", "freedonia", first)
        for stage in ("desk", "duty"):
            act("onward", first, "--stage", stage)
        act("onward", first, "--stage", "unit", "--not-passed", "没有无线电联络")
        act("wilco", first)
        act("decline", send("x"), "--reason", "busy")
        form = a.must("form", "show", "HAZARD", "--json").json
        values = [word for f in form["fields"] if f["required"] for word in ("--field", f"{f['n']}={f['example']}")]
        hazard = send("--form", "HAZARD", *values, "--ref", "7")
        act("take", hazard)
        act("readback", hazard, *values)
        cls.agree(a, b)
        for args in (["attend", "freedonia", "--role", "deputy"], ["leave", "freedonia"],
                     ["hours", "freedonia", moment(60), moment(3600), "--outage", "--reason", "new cable"],
                     ["hours", "freedonia", moment(60), moment(3600)], ["hours", "freedonia", "--weekly", "sat-mon,wed 2200-0600"],
                     ["hours", "freedonia", "--weekly", "none"]):
            a.must("desk", *args)
        a.must("stats", "freedonia", "--month", moment(0)[:7], "--sign")
        flash = send("-p", "flash", "at night")
        cls.clock.seconds = 61     # the receiver is not asked: what it writes must come by itself
        stations.wait_for(lambda: any(e["about"] == flash and e["kind"] == "escalate" for e in
                                      a.must("log", "freedonia", "--json").lines), "the escalation")
        act("take", flash)
        stations.wait_for(lambda: a.must("show", "freedonia", flash, "--json").json["state"] == "taken", "it")
        cls.people_test(a, b)
        stations.wait_for(lambda: cls.signs_what_it_measured(a), "something to be measured")

    @classmethod
    def signs_what_it_measured(cls, station):
        month = time.strftime("%Y-%m", time.gmtime(time.time() + cls.clock.seconds))
        station.must("stats", "freedonia", "--month", month, "--sign")
        return any(one["paths"] for one in station.must("stats", "freedonia", "--month", month, "--json").json["signed"])

    @classmethod
    def people_test(cls, a, b):
        """A test of the line by the side whose turn it is, at the beginning of the next slot."""
        cls.clock.seconds += int(605 - (time.time() + cls.clock.seconds) % 600)
        turn = "AB"[int(time.time() + cls.clock.seconds) // 600 % 2]
        (one, line), (other, back) = sorted(((a, "freedonia"), (b, "ruritania")), key=lambda s: s[0].line(s[1])["side"] != turn)
        sent = one.must("test", "send", line, "--next", "--json").json["id"]
        stations.wait_for(lambda: other.run("test", "answer", back, sent).code == 0, "the test to be there")
        stations.wait_for(lambda: len([e for e in a.must("log", "freedonia", "--json").lines if e["kind"] == "test"]) == 2, "both")

    @staticmethod
    def agree(a, b):
        asked = a.must("channel", "propose", "freedonia", "military", "--purpose", "incidents at sea", "--hours", "0600Z",
                       "--role-here", "navy", "--json").json["id"]
        drill = a.must("exercise", "propose", "freedonia", "E2", "--start", moment(3600), "--end", moment(7200), "--json").json["id"]
        a.must("agree", "propose", "freedonia", "instructions")
        a.must("times", "propose", "freedonia", "flash=90s", "duty=15m", "deputy-there=watch-two")
        a.must("handling", "propose", "freedonia", "internal=nothing", "ministers-only=publish,forward")
        a.must("rate", "propose", "freedonia", "120")
        tests = a.must("test", "propose", "freedonia", "--every", "10", "--json").json["id"]
        b.must("roster", "add", "ruritania", "duty-officer", "working")
        for command, about in (("channel", asked), ("exercise", drill), ("test", tests)):
            stations.wait_for(lambda c=command, i=about: b.run(c, "accept", "ruritania", i).code == 0, f"{about} to be there")
        b.must("channel", "suspend", "ruritania", "military", "--reason", "a protest")
        b.must("channel", "resume", "ruritania", "military")

    def read_here(self):
        """By id: kind and words as this folder reads them."""
        with open(self.file, "rb") as f:
            _, streams = export.read(f.read())
        return {placed.id: (desk.NAMES[placed.entry.kind], desk.words(placed.entry.kind, placed.entry.body), placed.entry)
                for stream in streams.values() for placed in stream}

    def test_every_kind_says_here_what_the_log_of_both_stations_says(self):
        read = self.read_here()
        self.assertEqual({kind for kind, _, _ in read.values()}, set(desk.NAMES.values()) -
                         {"resume", "close", "succeeds", "unfreeze"})
        for station, line in ((self.pair.a, "freedonia"), (self.pair.b, "ruritania")):
            record = stations.record(station, line)
            for name, (kind, said, entry) in read.items():
                desk.body_read(entry.kind, entry.body)
                self.assertEqual(record[name]["kind"], kind)
                if kind != "form" and not (kind == "readback" and said is None):
                    self.assertEqual(record[name]["text"], said, (name, kind))

    def test_openline_verify_and_the_reader_say_the_same(self):
        verify = [stations.program("openline-verify"), "--entries", self.file]
        listed = json.loads(subprocess.run([*verify, "--json"], capture_output=True, check=True).stdout)["listed"]
        read = self.read_here()
        self.assertEqual({e["id"]: (e["name"], e["text"]) for e in listed}, {name: r[:2] for name, r in read.items()})
        shown = subprocess.run(verify, capture_output=True, check=True).stdout.decode()
        here = reader("--entries", self.file).stdout
        for name, (kind, said, _) in read.items():
            self.assertRegex(shown, rf"(?m)^{name} +\S+ +\w+ +{kind}$")
            self.assertIn(f"{name} {kind}{f' {said}' if said else ''}\n", here)
            self.assertIn(said or "", shown)


class Judged(unittest.TestCase):
    """Files made here, judged by openline-verify and by the reader of this folder."""

    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="openline-")
        self.addCleanup(shutil.rmtree, self.folder)
        one, two = Station("Ruritania"), Station("Freedonia")
        one.pair(bytes(32), two.card)
        self.line = one.line
        self.seeds = {one.side: one.sign_seed, one.peer: two.sign_seed}

    def entry(self, author, seq, prev, kind=ol.MESSAGE, named=None, flags=0, text="text"):
        xseq, xhash = (named.seq, named.hash(self.line.id)) if named else (0, ol.ZEROS)
        entry = ol.Entry(author, kind, flags, seq, xseq, 1790000000, ol.cbor(text),
                         prev.hash(self.line.id) if prev else ol.ZEROS, xhash, self.line.salt(author, seq))
        return entry.sealed(self.line.id, self.seeds[author])

    def judge(self, data):
        file = os.path.join(self.folder, "judged")
        with open(file, "wb") as f:
            f.write(data)
        done = stations.Answer(subprocess.run([stations.program("openline-verify"), file, "--json"], capture_output=True,
                                              check=False))
        return done.code, done.json

    def judged_alike(self, streams):
        """The reader's report, None when it refuses the file. openline-verify must say the same."""
        data = export.write(self.line, streams)
        code, said = self.judge(data)
        try:
            report = export.verify(data)
        except ol.Refused as e:
            self.assertEqual(code, 12, (e, said))
            return None
        self.assertEqual(code, 0, said)
        self.assertEqual({chr(author): head[0] for author, head in report.heads.items()},
                         {side: stream["head"] for side, stream in said["streams"].items()})
        self.assertEqual(sorted((entry, finding) for finding, entry, _ in report.remarks),
                         sorted((r["id"], r["remark"]) for r in said["remarks"]))
        return report

    def test_bodies_changed_in_any_bit_are_said_alike(self):
        """Every prefix, every bit flipped and one byte too many: what does not read says nothing, there and here."""
        bodies = [(kind, changed) for kind, value in BODIES for changed in changes_of(ol.cbor(value))]
        stream, prev = [], None
        for seq, (kind, body) in enumerate(bodies, 1):
            entry = ol.Entry(ol.A, kind, 0, seq, 0, 1790000000, body, prev or ol.ZEROS, ol.ZEROS, self.line.salt(ol.A, seq))
            prev = entry.hash(self.line.id)
            stream.append(entry)
        stream[-1] = stream[-1].sealed(self.line.id, self.seeds[ol.A])
        file = os.path.join(self.folder, "bodies")
        with open(file, "wb") as f:
            f.write(export.write(self.line, {ol.A: stream, ol.B: []}))
        said = json.loads(subprocess.run([stations.program("openline-verify"), "--entries", "--json", file], capture_output=True,
                                         check=True).stdout)["listed"]
        self.assertEqual(len(said), len(bodies))
        for there, (kind, body) in zip(said, bodies):
            self.assertEqual(there["text"], desk.words(kind, body), (kind, body.hex()))
        self.assertGreater(sum(one["text"] is not None for one in said), len(BODIES))

    def test_made_records_are_judged_alike(self):
        dice = random.Random(7)
        verdicts, resumed = [], []
        for _ in range(600):
            streams = self.random_record(dice)
            report = self.judged_alike(streams)
            verdicts.append(report is not None)
            if report:
                resumed += [case for stream in streams.values() for case in self.resumed_on(stream)]
        for some in (verdicts.count(True), verdicts.count(False), resumed.count("evidence"), resumed.count("lost")):
            self.assertGreater(some, 20)

    def resumed_on(self, stream):
        """What the resumes of a stream go on from, where it is evidence, or what an earlier resume declared lost."""
        seen, absent = {}, []
        for at, entry in enumerate(stream):
            on = seen.get(entry.prev)
            if entry.kind == ol.RESUME and on is not None:
                if on > 0 and stream[on].seq == stream[on - 1].seq:
                    yield "evidence"
                if any(first < on < last for first, last in absent):
                    yield "lost"
                absent.append((on, at))
            seen[entry.hash(self.line.id)] = at

    def random_record(self, dice):
        streams = {ol.A: [], ol.B: []}
        naming, unsealed = dice.choice((0, 0.2, 0.6)), dice.choice((0, 0, 0.2))
        for i in range(dice.randrange(1, 20)):
            author = dice.choice((ol.A, ol.B))
            stream, others = streams[author], streams[ol.other(author)]
            kind = dice.choice((ol.MESSAGE, ol.MESSAGE, ol.RECEIPT, ol.RESUME))
            seq, prev = self.random_place(dice, stream, kind)
            entry = self.entry(author, seq, prev, kind, dice.choice(others[-2:]) if others and dice.random() < naming else None,
                               dice.choice((0, 0, ol.ALONE)), f"text {i}")
            entry = dataclasses.replace(entry, seal=None) if dice.random() < unsealed else entry
            stream.insert(sum(e.seq <= seq for e in stream), entry)
        for stream in streams.values():
            if stream and dice.random() < 0.3:
                del stream[dice.randrange(len(stream)):]
            if stream and dice.random() < 0.3:
                del stream[dice.randrange(len(stream))]
        return streams

    @staticmethod
    def random_place(dice, stream, kind):
        """A number and an entry to chain to: mostly the next and the last, else it contradicts, skips or goes on elsewhere."""
        if not stream:
            return dice.choice((1, 1, 1, 2)), None
        last, any_one = stream[-1], dice.choice(stream)
        draw = dice.random()
        if draw < 0.15:
            return any_one.seq, next((e for e in stream if e.seq == any_one.seq - 1), None)
        if draw < 0.3 and kind != ol.RESUME:
            return any_one.seq + 1, any_one
        return last.seq + dice.choice((1, 1, 1, 2)), any_one if kind == ol.RESUME or dice.random() < 0.1 else last

    def test_a_resume_goes_on_from_what_was_lost_or_kept_as_evidence_if_nothing_is_missing_below_it(self):
        dice = random.Random(8)
        for _ in range(40):
            below, branch, beside = dice.randrange(3), dice.randrange(1, 5), dice.randrange(1, 5)
            for case in ("lost", "evidence"):
                stand = self.chained(None, below)
                base = stand[-1] if stand else None
                passed = self.chained(base, branch, "passed")
                if case == "lost":
                    others = [self.entry(ol.A, 100, base, ol.RESUME)]
                    others += self.chained(others[0], beside)
                    whole = [*stand, *passed, *others]
                else:
                    others = self.chained(base, beside, "stays")
                    whole = sorted([*stand, *others, *passed], key=lambda e: e.seq)
                resume = self.entry(ol.A, 200, passed[-1], ol.RESUME)
                named = self.entry(ol.B, 1, None, named=others[-1])
                report = self.judged_alike({ol.A: [*whole, resume], ol.B: [named]})
                self.assertEqual(report.heads[ol.A], (200, resume.hash(self.line.id)))
                self.assertEqual([(f"A{e.seq}", 200) for e in others], [r[1:] for r in report.remarks if r[0] == "LOST"])
                whole.remove(dice.choice(passed))
                report = self.judged_alike({ol.A: [*whole, resume], ol.B: [named]})
                self.assertEqual(report.heads[ol.A], (others[-1].seq, others[-1].hash(self.line.id)))
                self.assertIn(("EARLY", "A200", None), report.remarks)

    def test_an_entry_that_is_there_twice_is_no_evidence(self):
        one, two = self.chained(None, 2)
        self.assertIsNone(self.judged_alike({ol.A: [one, two, two], ol.B: []}))

    def chained(self, base, count, text="text"):
        entries = []
        for _ in range(count):
            base = self.entry(ol.A, base.seq + 1 if base else 1, base, text=text)
            entries.append(base)
        return entries

    def test_a_disclosure_and_evidence_made_from_the_page_are_accepted(self):
        one = self.entry(ol.A, 1, None)
        two = self.entry(ol.A, 2, one)
        other_two = self.entry(ol.A, 2, one, text="another")
        three = self.entry(ol.A, 3, other_two)
        for data, kind in ((proof.disclosure(self.line, [one]), "disclosure"),
                           (proof.disclosure(self.line, [one, other_two, three]), "disclosure"),
                           (proof.evidence(self.line, 1, [two], [other_two]), "evidence"),
                           (proof.evidence(self.line, 1, [two], [other_two, three]), "evidence"),
                           (proof.evidence(self.line, 2, [two], [three]), "evidence")):
            code, said = self.judge(data)
            self.assertEqual((code, said["kind"]), (0, kind), said)
            flipped = bytearray(data)
            flipped[-40] ^= 1
            self.assertEqual(self.judge(mend(bytes(flipped)))[0], 12)
        self.assertEqual(self.judge(proof.evidence(self.line, 1, [two], [two]))[0], 12)
        self.assertEqual(self.judge(proof.evidence(self.line, 2, [other_two], [three]))[0], 12)


class WithAReal:
    """What a station of this folder does with a real one; once calling it, once called by it."""
    side, listens = ol.A, False

    def setUp(self):
        self.bed = Bed(self.side, self.listens)
        self.addCleanup(self.bed.close)
        self.here, self.real = self.bed.here, self.bed.real

    def tearDown(self):
        """Both sides come to hold the same, and the real station's export says so."""
        self.here.until(self.bed.is_even, "both sides to hold the same")
        data, verified = self.bed.export()
        self.assertEqual(verified.code, 0, verified.json)
        report = export.verify(data, [self.here.card, *self.here.line.card.values()])
        self.assertEqual(report.heads, {self.here.side: (self.here.own.head, self.here.own.hash),
                                        self.here.peer: (self.here.theirs.head, self.here.theirs.hash)})
        self.assertEqual(report.remarks, [])

    def test_a_message_each_way_and_the_acts_on_it(self):
        self.assertEqual(self.bed.pairing["code"], self.here.line.code_shown_by(self.here.peer))
        self.assertTrue(self.bed.pairing["compared"])
        self.bed.up()
        message = self.bed.send("Stand by", "-p", "flash")
        self.assertEqual(desk.body_read(message.kind, message.body), "Stand by")
        self.assertEqual((message.flags & ol.PRECEDENCE, message.seal is None), (ol.FLASH, False))
        ours = self.bed.receipted(self.here.say(ol.MESSAGE, {1: "Standing by", 2: "your call"}, ol.FLASH))
        receipt = self.here.theirs.entries[self.here.theirs.head]
        self.assertEqual((receipt.kind, receipt.flags & ol.PRECEDENCE, receipt.xseq), (ol.RECEIPT, ol.FLASH, ours.seq))
        self.bed.receipted(self.here.say(ol.TAKE, [message.seq]))
        self.assertEqual(self.bed.listed()[self.bed.name(message)]["state"], "taken")
        readback = self.bed.receipted(self.here.say(ol.READBACK, [message.seq, message.seq, "Stand by"]))
        self.assertEqual(self.bed.run("confirm", LINE, self.bed.name(message))[0], 0)
        self.here.until(lambda: any(e.kind == ol.CONFIRM for e in self.here.theirs.entries.values()), "the confirmation")
        confirm = next(e for e in self.here.theirs.entries.values() if e.kind == ol.CONFIRM)
        self.assertEqual(desk.body_read(confirm.kind, confirm.body), [message.seq, readback.seq])
        self.assertEqual(self.bed.listed()[self.bed.name(ours)]["subject"], "your call")

    def test_an_entry_in_message_1_is_receipted(self):
        self.bed.up()
        before = self.here.current
        entry = self.here.write(ol.MESSAGE, "in the handshake", ol.FLASH)
        self.here.call(entry.wire(ol.HAS_PREV | ol.HAS_SEAL))
        self.here.until(lambda: self.here.current is not before, "a new session")
        self.bed.receipted(entry)
        self.bed.send("under the new one")

    def test_a_long_text_goes_each_way_in_parts(self):
        self.bed.up()
        message = self.bed.send("far " * 8000)
        self.assertEqual(desk.body_read(message.kind, message.body), "far " * 8000)
        self.bed.receipted(self.here.say(ol.MESSAGE, "and back " * 3000))

    def test_runs_go_each_way_under_one_seal(self):
        self.bed.up()
        run = [self.here.write(ol.MESSAGE, f"routine {i}", sealed=i == 4) for i in range(5)]
        self.here.send(*(e.wire(ol.HAS_LENGTH | (ol.HAS_SEAL if e.seal else 0)) for e in run))
        self.bed.receipted(run[-1])
        with self.real.connect() as control:
            control.sendall(b'{"jsonrpc":"2.0","id":1,"method":"send","params":{"line":"sylvania","messages":[' + b",".join(
                b'{"text":"r%d","subject":null,"lang":null,"precedence":"routine","exercise":true}' % i for i in range(200)) +
                b'],"wait":"delivered","timeout_ms":10000}}\n')
            self.here.until(lambda: len([e for e in self.here.theirs.entries.values() if e.kind == ol.MESSAGE]) == 200, "200")
        self.assertTrue(any(e.seal is None for e in self.here.theirs.entries.values()))

    def test_a_run_spoilt_on_its_way_is_wanted_and_taken_entry_by_entry(self):
        self.bed.up()
        run = [self.here.write(ol.MESSAGE, f"m{i}", sealed=i == 4) for i in range(5)]
        wires = [e.wire(ol.HAS_LENGTH | (ol.HAS_SEAL if e.seal else 0)) for e in run]
        self.here.send(wires[0], wires[1].replace(b"m1", b"mX"), *wires[2:])
        self.bed.receipted(run[-1])
        self.assertIn(ol.Want(self.side, 1, 5), self.here.log)
        self.here.until(lambda: self.bed.log().keys() >= {self.bed.name(e) for e in run}, "all five")

    def test_wants_are_answered_with_full_forms_and_none(self):
        self.bed.up()
        message = self.bed.send("again")
        self.here.log.clear()
        self.here.send(ol.Want(self.here.peer, 1, 9).bytes)
        nothing = self.here.until(lambda: [i for i in self.here.log if isinstance(i, ol.Nothing)], "none")
        given = next(i for i in self.here.log if isinstance(i, ol.WireEntry) and i.seq == message.seq)
        self.assertEqual((given.prev, given.xhash, given.seal), (message.prev, message.xhash, message.seal))
        self.assertEqual((nothing[0].stream, nothing[0].last), (self.here.peer, 9))

    def test_lost_frames_are_made_good(self):
        self.bed.up()
        self.here.drop_next = 1
        self.bed.send("lost once", "-p", "immediate")
        self.assertEqual(self.here.drop_next, 0)
        lost = self.here.write(ol.MESSAGE, "never given to the path")
        self.bed.receipted(self.here.say(ol.MESSAGE, "overtakes", ol.FLASH))
        self.assertGreater(self.here.theirs.head, 0)
        self.assertTrue(self.here.is_receipted(lost))

    def test_a_flash_that_overtakes_is_receipted_alone(self):
        self.bed.up()
        before = self.here.write(ol.MESSAGE, "slow")
        flash = self.here.say(ol.MESSAGE, "fast", ol.FLASH)
        alone = self.here.until(lambda: [e for e in self.here.theirs.entries.values() if e.flags & ol.ALONE], "the receipt")[0]
        self.assertEqual((alone.xseq, alone.xhash), (flash.seq, flash.hash(self.here.line.id)))
        self.here.send_entry(before, ol.HAS_SEAL)
        self.bed.receipted(flash)

    def test_counters_and_phases_go_on(self):
        self.bed.up()
        for phase in range(1, 4):
            self.assertEqual(self.here.advance_phase(), phase)
            self.bed.receipted(self.here.say(ol.MESSAGE, f"phase {phase}"))
        for _ in range(3):
            self.here.current.out.counters[self.here.path] += 30000
            self.bed.receipted(self.here.say(ol.MESSAGE, "far on"))
        self.assertGreater(self.here.current.out.counters[self.here.path], 2**16)
        self.here.path = 15
        self.bed.receipted(self.here.say(ol.MESSAGE, "another path number, its own counter"))

    def test_a_replayed_frame_is_counted_and_changes_nothing(self):
        self.bed.up()
        entry = self.here.write(ol.MESSAGE, "once")
        frame = self.here.current.out.seal(self.here.path, entry.wire(ol.HAS_SEAL))
        self.here.give(frame)
        self.bed.receipted(entry)
        self.here.give(frame)
        self.here.until(lambda: self.real.line(LINE)["counters"]["replayed"] == 1, "the replay counted")

    def test_bodies_that_do_not_read_are_receipted_and_named(self):
        self.bed.up()
        for kind, body in ((ol.MESSAGE, b""), (ol.MESSAGE, b"\xff"), (77, b"\x80"), (ol.MESSAGE, ol.cbor({1: "t", 2: ""})),
                           (ol.TAKE, ol.cbor([0])), (ol.MESSAGE, ol.cbor("x" * 32769))):
            entry = self.here.write(kind, None, body=body)
            self.here.send_entry(entry, ol.FULL)
            self.bed.receipted(entry)
            receipt = self.here.theirs.entries[self.here.theirs.head]
            self.assertEqual(desk.body_read(receipt.kind, receipt.body), [entry.seq])
        self.bed.receipted(self.here.say(ol.DECLINE, [1]))
        receipt = self.here.theirs.entries[self.here.theirs.head]
        self.assertEqual(desk.body_read(receipt.kind, receipt.body), [])

    def test_a_text_that_is_not_in_normal_form_is_kept_as_sent_and_marked(self):
        self.bed.up()
        for text, normal in (("cafe\u0301", False), ("caf\u00e9", True)):
            entry = self.bed.receipted(self.here.say(ol.MESSAGE, text, ol.FLASH))
            shown = self.real.must("show", LINE, self.bed.name(entry), "--json").json
            self.assertEqual((shown["text"], shown["normal"]), (text, normal))

    def test_a_message_that_the_receiver_could_not_read_is_shown_as_delivered_and_not_understood(self):
        self.bed.up()
        self.here.unread = [self.here.theirs.head + 1]
        for understood in (False, True):
            message = self.bed.send("of a later version", "-p", "flash")
            self.here.until(lambda name=self.bed.name(message): self.real.must("show", LINE, name, "--json")
                            .json["understood"] is not None, "its receipt on record")
            shown = self.real.must("show", LINE, self.bed.name(message), "--json").json
            self.assertEqual((shown["state"], shown["understood"]), ("delivered", understood))
        said = self.real.must("show", LINE, self.bed.name(message)).out
        self.assertNotIn("not understood", said)
        self.assertIn("not understood", self.real.must("show", LINE, "A1" if self.side == ol.B else "B1").out)

    def test_a_real_station_that_starts_again_is_answered(self):
        self.bed.up()
        self.bed.send("before")
        self.real.must("down")
        self.real.must("up")
        self.here.current = None
        if not self.listens:
            self.here.connect(self.bed.port)
            self.here.call()
        self.here.until(lambda: self.here.current, "a new session")
        self.here.until(lambda: self.real.line(LINE)["signing"] == "ready", "the real station may sign")
        self.bed.send("after")

    def test_a_station_that_lost_its_record_gets_it_back(self):
        self.bed.up()
        self.bed.receipted(self.here.say(ol.MESSAGE, "one"))
        run = [self.here.write(ol.MESSAGE, f"routine {i}", sealed=i == 2) for i in range(3)]
        self.here.send(*(e.wire(ol.HAS_LENGTH | (ol.HAS_SEAL if e.seal else 0)) for e in run))
        self.bed.receipted(run[-1])
        self.bed.send("two")
        head = self.here.own.head, self.here.own.hash
        heard = self.here.theirs.head
        self.here.forget()
        if self.listens:
            self.real.rpc("drop_session", {"line": LINE})
            self.real.must("send", LINE, "something to say")
        else:
            self.here.call()
        self.here.until(lambda: not self.here.asking, "the own stream to be back", 20)
        self.here.until(lambda: self.here.theirs.head >= heard, "the other stream to be back")
        self.assertEqual((self.here.own.entries[head[0]].seq, self.here.own.entries[head[0]].hash(self.here.line.id)), head)
        self.bed.receipted(self.here.say(ol.MESSAGE, "three"))


class Calling(WithAReal, unittest.TestCase):
    """The initiator, side A, on the real relay's listening path."""


class Called(WithAReal, unittest.TestCase):
    """The responder, side B, on a path that the real relay opens."""
    side, listens = ol.B, True


if __name__ == "__main__":
    unittest.main()
