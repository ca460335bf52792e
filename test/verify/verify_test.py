#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The real openline-verify, over files that make_export writes.

    verify_test.py PROGRAM MAKE_EXPORT [unittest options]
"""
import hashlib
import json
import os
import struct
import subprocess
import sys
import tempfile
import unittest

os.environ["OPENLINE_LANG"] = "en"  # what most tests look for

PROGRAM = ""
MAKE = ""
FIELDS = ["schema", "ok", "kind", "entries", "streams", "fingerprints", "card_given", "remarks",
          "disclosed", "evidence", "at", "error"]


class Case(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        subprocess.run([MAKE, cls.folder.name], check=True)

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    def path(self, name):
        return os.path.join(self.folder.name, name)

    def read(self, name):
        with open(self.path(name), "rb") as f:
            return f.read()

    def write(self, name, data):
        with open(self.path(name), "wb") as f:
            f.write(data)
        return self.path(name)

    def run_verify(self, *args, env=None):
        return subprocess.run([PROGRAM, *args], capture_output=True, text=True, encoding="utf-8",
                              env={**os.environ, **(env or {})})

    def verify(self, name, *args, code=0):
        """The JSON object, checked for what is always so."""
        done = self.run_verify(self.path(name), "--json", *args)
        self.assertEqual(done.returncode, code, done.stderr)
        lines = done.stdout.splitlines()
        self.assertEqual(len(lines), 1)
        got = json.loads(lines[0])
        self.assertEqual(list(got), FIELDS)
        self.assertEqual(got["schema"], 1)
        self.assertEqual(got["ok"], code == 0)
        self.assertEqual(got["error"] is None, code == 0)
        self.assertEqual(list(got["streams"]), ["A", "B"])
        if code != 0:
            self.assertIn(got["error"], done.stderr)
            self.assertEqual(got["remarks"], [])
        return got

    def card(self, name):
        return ["--card", self.path(name)]


def walk(data):
    """An export's cards and entries as (author, seq, offset of the body), read by code of its own."""
    at = 18 + 32
    cards = []
    for _ in range(2):
        size, = struct.unpack_from(">H", data, at)
        cards.append(data[at + 2:at + 2 + size])
        at += 2 + size
    counts = struct.unpack_from(">II", data, at)
    at += 8
    entries = []
    for author, count in zip("AB", counts):
        for _ in range(count):
            flags, seq = data[at + 1], struct.unpack_from(">I", data, at + 2)[0]
            body, = struct.unpack_from(">H", data, at + 94)
            entries.append((author, seq, at + 96))
            at += 96 + body + (64 if flags & 8 else 0)
    assert at + 32 == len(data)
    return cards, entries


class Export(Case):
    def test_export_verifies_and_is_counted(self):
        got = self.verify("all.export")
        cards, entries = walk(self.read("all.export"))
        self.assertEqual(got["kind"], "export")
        self.assertEqual(got["entries"], len(entries))
        for author, card in zip("AB", cards):
            mine = [seq for a, seq, _ in entries if a == author]
            self.assertEqual(got["streams"][author], {"entries": len(mine), "head": mine[-1]})
            self.assertEqual(got["fingerprints"][author], hashlib.sha256(card).hexdigest())
        self.assertEqual(got["card_given"], {"A": False, "B": False})

    def test_remarks_name_what_was_lost_at_a_resume(self):
        got = self.verify("all.export")
        resume = [seq for a, seq, _ in walk(self.read("all.export"))[1] if a == "A" and seq > 1 << 24][0]
        self.assertTrue(got["remarks"])
        for remark in got["remarks"]:
            self.assertEqual(remark["remark"], "LOST")
            self.assertTrue(remark["text"].startswith(remark["id"]))
            self.assertIn("(A%d)" % resume, remark["text"])

    def test_without_cards_both_fingerprints_are_shown_and_what_that_means(self):
        done = self.run_verify(self.path("small.export"))
        self.assertEqual(done.returncode, 0)
        for card in walk(self.read("small.export"))[0]:
            self.assertIn(hashlib.sha256(card).hexdigest(), done.stdout)
        self.assertEqual(done.stdout.count("only as good as your comparison"), 2)
        self.assertTrue(done.stdout.endswith("export verified\n"))

    def test_cards_that_match_prove_authorship(self):
        both = self.card("a.card") + self.card("b.card")
        self.assertEqual(self.verify("all.export", *both)["card_given"], {"A": True, "B": True})
        one = self.verify("all.export", *self.card("b.card"))
        self.assertEqual(one["card_given"], {"A": False, "B": True})
        done = self.run_verify(*both, self.path("all.export"))
        self.assertEqual(done.returncode, 0)
        self.assertNotIn("only as good as", done.stdout)

    def test_card_of_a_stranger_is_refused(self):
        got = self.verify("all.export", *self.card("a.card"), *self.card("stranger.card"), code=12)
        self.assertIn("stranger.card", got["error"])

    def test_file_that_is_no_card_is_refused(self):
        self.verify("all.export", *self.card("all.export"), code=12)

    def test_every_byte_flipped_is_refused(self):
        data = self.read("small.export")
        for i in range(len(data)):
            flipped = bytearray(data)
            flipped[i] ^= 1 << i % 8
            self.write("flipped", flipped)
            self.verify("flipped", code=12)

    def test_flip_is_named_by_the_entry_that_it_spoils(self):
        data = self.read("small.export")
        for author, seq, body in walk(data)[1]:
            flipped = bytearray(data)
            flipped[body] ^= 1
            self.write("flipped", flipped)
            got = self.verify("flipped", code=12)
            self.assertEqual(got["at"], "%s%d" % (author, seq))
            self.assertTrue(got["error"].startswith(got["at"] + " "))

    def test_prefixes_and_one_byte_more_are_refused(self):
        data = self.read("small.export")
        for size in range(0, len(data), 7):
            self.write("cut", data[:size])
            self.verify("cut", code=12)
        self.write("longer", data + b"\0")
        self.verify("longer", code=12)

    def test_tail_cut_off_is_found(self):
        got = self.verify("cut.export", code=12)
        self.assertTrue(got["at"].startswith("B"))
        self.assertIn("the file was cut", got["error"])


class Others(Case):
    def test_disclosure_verifies_and_shows_the_one_text(self):
        got = self.verify("one.disclosure", *self.card("a.card"))
        self.assertEqual(got["kind"], "disclosure")
        self.assertEqual(got["entries"], 1)
        self.assertEqual(got["streams"]["A"], {"entries": 1, "head": None})
        text = "a drill" if got["disclosed"]["exercise"] else "one of a run"
        self.assertEqual(got["disclosed"]["text"], text)
        self.assertEqual(got["disclosed"]["kind"], 40)
        done = self.run_verify(self.path("one.disclosure"))
        self.assertIn(got["disclosed"]["text"], done.stdout)

    def test_evidence_verifies_and_names_both_entries(self):
        got = self.verify("one.evidence", *self.card("b.card"))
        self.assertEqual(got["kind"], "evidence")
        self.assertEqual(got["evidence"]["proof"], "same_number")
        self.assertEqual(*(entry["id"] for entry in got["evidence"]["entries"]))
        self.assertEqual(got["streams"]["B"]["entries"], 2)
        done = self.run_verify(self.path("one.evidence"))
        self.assertIn("two different entries under the number", done.stdout)

    def test_changed_ones_are_refused(self):
        for name in "one.disclosure", "one.evidence":
            data = self.read(name)
            for i in range(0, len(data), 5):
                flipped = bytearray(data)
                flipped[i] ^= 0x10
                self.write("flipped", flipped)
                self.verify("flipped", code=12)
            self.write("flipped", data[:-1])
            self.verify("flipped", code=12)

    def test_disclosure_against_a_strangers_card_shows_nothing(self):
        got = self.verify("one.disclosure", *self.card("stranger.card"), code=12)
        self.assertIsNone(got["disclosed"])


class Languages(Case):
    def test_a_person_reads_it_in_his_language(self):
        damaged = self.write("damaged", self.read("small.export")[:-1])
        for lang, verified, refused, usage in (("zh", "已验证", "拒绝：B", "用法"),
                                               ("ru", "проверено", "отвергнуто: B", "вызов:"),
                                               ("ar", "تم التحقق", "مرفوض: ", "الاستعمال")):
            env = {"OPENLINE_LANG": lang}
            self.assertIn(verified, self.run_verify(self.path("small.export"), env=env).stdout)
            done = self.run_verify(damaged, env=env)
            self.assertEqual(12, done.returncode)
            self.assertIn(refused, done.stderr)
            self.assertNotIn("refused", done.stderr)
            self.assertIn(usage, self.run_verify("--help", env=env).stdout)
            self.assertIn(usage, self.run_verify(env=env).stderr)

    def test_json_is_the_same_in_every_language(self):
        for name in "all.export", "a.card":
            said = {self.run_verify(self.path(name), "--json", env={"OPENLINE_LANG": lang}).stdout
                    for lang in ("en", "zh", "ru", "ar", "fr", "es")}
            self.assertEqual(1, len(said))


class Usage(Case):
    def test_files_that_cannot_be_read_are_1(self):
        self.verify("missing", code=1)
        self.verify(".", code=1)
        self.verify("small.export", "--card", self.path("missing"), code=1)

    def test_files_that_are_nothing_are_12(self):
        self.write("empty", b"")
        self.write("noise", bytes(range(256)))
        for name in "empty", "noise", "a.card":
            self.assertIsNone(self.verify(name, code=12)["kind"])

    def test_wrong_use_is_2(self):
        for args in [], ["a", "b"], ["--nonsense", "a"], ["a", "--card"]:
            done = self.run_verify(*args)
            self.assertEqual(done.returncode, 2)
            self.assertEqual(done.stdout, "")
            self.assertIn("usage:", done.stderr)

    def test_help_and_version_are_0(self):
        self.assertIn("usage:", self.run_verify("--help").stdout)
        self.assertIn("openline-verify", self.run_verify("--version").stdout)

    def test_options_may_stand_anywhere_and_dashes_end_them(self):
        path = self.path("all.export")
        for args in (["--json", path], [path, "--json"], ["--json", *self.card("a.card"), "--", path],
                     [path, *self.card("a.card"), "--json"]):
            self.assertEqual(self.run_verify(*args).returncode, 0)
        self.assertEqual(self.run_verify("--", "--json").returncode, 1)


if __name__ == "__main__":
    PROGRAM = os.path.abspath(sys.argv.pop(1))
    MAKE = os.path.abspath(sys.argv.pop(1))
    unittest.main(verbosity=2)
