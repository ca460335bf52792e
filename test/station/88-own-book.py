#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The own book: what a side writes into it stays in its home and its backups, comes back after a kill, a repair and a
restore, and is not believed when somebody has changed it."""
import glob
import os
import random
import signal
import sqlite3
import subprocess
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import stations
from stations import wait_for

PAGE = 4096
KINDS = ("note", "translation", "draft", "template", "points", "instructions", "account")
LEAF = {"schema": int, "number": int, "line": str, "kind": str, "about": str, "time": str, "role": str, "lang": str,
        "text": str}


def contents(path):
    with open(path, "rb") as f:
        return f.read()


def holding(folder, word):
    """The files under a folder that hold this word."""
    found = []
    for where, _, names in os.walk(folder):
        for name in names:
            path = os.path.join(where, name)
            if os.path.isfile(path) and word.encode() in contents(path):
                found.append(os.path.relpath(path, folder))
    return found


class OwnBook(unittest.TestCase):
    def setUp(self):
        self.pair = stations.Pair()
        self.addCleanup(self.pair.close)
        self.a, self.b = self.pair.a, self.pair.b
        self.pair.up()
        self.about = self.a.must("send", "freedonia", "Qsent", "--wait", "delivered", "--json").json["id"]
        wait_for(self.of_peer, "the receipt to be on record")

    def of_peer(self):
        return [i for i in stations.record(self.a, "freedonia") if i[0] != self.about[0]]

    def note(self, text, *args):
        return self.a.must("note", "freedonia", self.about, text, "--json", *args).json

    def notes(self, *args, station=None):
        return (station or self.a).must("note", "list", *args, "--json").lines

    def doctor(self):
        return next(row for row in self.a.run("doctor", "--json").lines if row["check"] == "book")

    def in_record(self, do):
        """The station is down meanwhile."""
        self.a.must("down")
        path = os.path.join(self.a.home, "record.db")
        with sqlite3.connect(path) as db:
            do(db)
        db.close()
        stations.write_sums(path)
        self.a.must("up")

    # ---- Who gets it ----

    def test_a_word_of_each_kind_is_in_this_home_and_its_backup_and_nowhere_else(self):
        self.pair.proxy.tap = bytearray()
        words = {kind: f"Qword{kind}" for kind in KINDS}
        for kind, word in words.items():
            self.note(f"so {word} it is", "--kind", kind)
        answer = self.a.rpc("note", {"line": None, "id": None, "text": "so Qwordgeneral it is"})
        self.assertEqual((answer["result"]["line"], answer["result"]["about"]), (None, None))
        words["general"] = "Qwordgeneral"
        words.update(self.plant_what_roles_decide())
        self.b.must("take", "ruritania", self.about)
        self.a.must("send", "freedonia", "Qafter", "--wait", "delivered")
        files = {name: os.path.join(self.pair.folder, name) for name in ("export", "proof", "backup")}
        self.a.must("export", "freedonia", "-o", files["export"])
        self.a.must("disclose", "freedonia", self.about, "-o", files["proof"])
        self.a.must("backup", "-o", files["backup"])
        read = {name: contents(path) for name, path in files.items()}
        self.assertTrue(self.pair.proxy.tap)
        # The search finds what was said: on the other side, in the export, and in the disclosure.
        self.assertTrue(holding(self.b.home, "Qsent"))
        self.assertIn(b"Qsent", read["export"])
        self.assertIn(b"Qsent", read["proof"])
        for word in words.values():
            self.assertEqual({name.split("-")[0] for name in holding(self.a.home, word)}, {"record.db"}, word)
            self.assertEqual(holding(self.b.home, word), [], word)
            self.assertNotIn(word.encode(), read["export"])
            self.assertNotIn(word.encode(), read["proof"])
            self.assertNotIn(word.encode(), self.pair.proxy.tap)
            self.assertIn(word.encode(), read["backup"])
        for command in ("log", "list"):
            self.assertNotIn("Qword", self.a.must(command, "freedonia", "--json").out)
            self.assertNotIn("Qword", self.b.must(command, "ruritania", "--json").out)

    def plant_what_roles_decide(self):
        """A draft that is changed, cleared and released: of all that only the words released go out."""
        self.a.must("roster", "officer", "Qwordofficer", "desk", "qwordofficers-role")
        self.a.must("rule", "set", "freedonia", "qwordrule", "desk")
        self.a.must("roster", "officer", "Qwordclearing", "qwordrule")
        number = self.a.must("draft", "freedonia", "so Qworddraft it is", "--json").json["draft"]
        number = self.a.must("draft", "change", "freedonia", str(number), "Qreleased", "--translation",
                             "so Qwordtranslated it is", "--json").json["draft"]
        self.a.must("clear", "freedonia", str(number), "--as", "Qwordclearing", "--remark", "so Qwordremark it is")
        self.a.must("release", "freedonia", str(number), "--as", "Qwordofficer")
        wait_for(lambda: holding(self.b.home, "Qreleased"), "what was released to arrive")
        self.a.must("rule", "lift", "freedonia")
        return {word: word for word in ("Qwordofficer", "qwordofficers-role", "qwordrule", "Qwordclearing", "Qworddraft",
                                        "Qwordtranslated", "Qwordremark")}

    def test_nothing_of_it_passes_on_the_line(self):
        """Frames are sealed, so it is their size that tells: a megabyte of notes costs no more than silence."""
        before = stations.record(self.a, "freedonia").keys()
        wait_for(lambda: stations.record(self.b, "ruritania").keys() == before, "equal records")
        text = "".join(random.Random(1).choices("abcdefghijklmnopqrstuvwxyz", k=32000))
        carried = self.pair.proxy.carried
        for _ in range(32):
            self.note(text)
        self.assertLess(self.pair.proxy.carried - carried, 100_000)
        self.assertEqual(len(self.notes("freedonia")), 32)
        self.assertEqual(stations.record(self.b, "ruritania").keys(), before)
        self.assertEqual(stations.record(self.a, "freedonia").keys(), before)
        carried = self.pair.proxy.carried
        self.a.must("send", "freedonia", text, "--wait", "delivered")
        self.assertGreater(self.pair.proxy.carried - carried, 32000)

    # ---- What it says ----

    def test_a_leaf_says_what_it_is_about(self):
        made = self.note("Näher besehen", "--kind", "translation", "--lang", "de")
        self.assertEqual({name: type(made[name]) for name in made}, LEAF)
        self.assertEqual((made["number"], made["line"], made["kind"], made["about"], made["role"], made["lang"]),
                         (1, "freedonia", "translation", self.about, "operator", "de"))
        self.assertRegex(made["time"], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$")
        other = self.a.must("send", "freedonia", "another", "--wait", "delivered", "--json").json["id"]
        self.a.must("note", "freedonia", other, "-", stdin="from stdin\n".encode())
        self.assertEqual(self.notes("freedonia", self.about), [made])
        self.assertEqual([n["text"] for n in self.notes("freedonia", other)], ["from stdin"])
        self.assertEqual([n["number"] for n in self.notes("freedonia")], [1, 2])
        self.assertEqual([n["number"] for n in self.notes()], [1, 2])
        self.assertEqual([n["number"] for n in self.notes("--kind", "note")], [2])
        self.assertIn("from stdin", self.a.must("note", "list", "freedonia").out)

    def test_notes_may_be_on_what_the_peer_wrote_whatever_kind_it_is(self):
        said = self.b.must("send", "ruritania", "their own words", "--wait", "delivered", "--json").json["id"]
        ids = self.of_peer()
        self.assertIn(said, ids)
        self.assertGreater(len(ids), 1)
        for i in ids:
            self.a.must("note", "freedonia", i, "so it is")
            self.assertEqual(len(self.notes("freedonia", i)), 1)

    def test_what_is_wrong_is_refused_and_writes_nothing(self):
        for code, args in ((2, ("freedonia", "x1", "text")), (1, ("freedonia", "A999", "text")),
                           (2, ("freedonia", "A0", "text")), (2, ("nobody", self.about, "text")),
                           (2, ("freedonia", self.about)), (2, ("freedonia",)), (2, ()),
                           (2, ("freedonia", self.about, "")), (2, ("freedonia", self.about, "x" * 32769)),
                           (2, ("freedonia", self.about, "text", "--lang", "no tag")),
                           (2, ("freedonia", self.about, "text", "--kind", "clearance")),
                           (2, ("freedonia", self.about, "text", "--kind", "accepted")),
                           (2, ("freedonia", self.about, "text", "--kind", "none")),
                           (2, ("list", "nobody")), (2, ("list", "freedonia", "x")), (1, ("list", "freedonia", "B999")),
                           (2, ("list", "freedonia", "--lang", "de")), (1, ("accept", "nothing is wrong"))):
            answer = self.a.run("note", *args)
            self.assertEqual(answer.code, code, (args, answer.out, answer.err))
            self.assertTrue(answer.err, args)
        for params in ({}, {"text": 5}, {"text": "x", "line": 5}, {"text": "x", "id": "A1"}, {"text": "x", "kind": 5},
                       {"text": "x", "lang": 5}, {"text": "x", "line": "freedonia", "id": 5}):
            self.assertIn("error", self.a.rpc("note", params), params)
        self.assertEqual(self.notes(), [])

    def test_a_long_book_is_listed_whole_and_in_order(self):
        caller = stations.Caller(self.a)
        self.addCleanup(caller.close)
        for i in range(1100):
            caller.call("note", {"line": "freedonia", "id": self.about, "text": f"note {i}"})
        self.assertEqual([n["text"] for n in self.notes("freedonia")], [f"note {i}" for i in range(1100)])
        some = self.a.rpc("notes", {"line": "freedonia", "after": 700, "limit": 2})["result"]
        self.assertEqual(([n["number"] for n in some["notes"]], some["next"]), ([701, 702], 702))
        last = self.a.rpc("notes", {"line": "freedonia", "after": 1098, "limit": 2})["result"]
        self.assertEqual(([n["number"] for n in last["notes"]], last["next"]), ([1099, 1100], None))

    # ---- What it survives ----

    def test_a_note_that_was_answered_survives_a_kill(self):
        made = [self.note(f"note {i}") for i in range(5)]
        os.kill(self.a.pids()["openlined"], signal.SIGKILL)
        wait_for(lambda: self.a.run("note", "list").code != 0, "the station to be gone")
        self.a.must("up")
        self.assertEqual(self.notes(), made)
        self.assertEqual(self.note("one more")["number"], 6)

    def test_backup_and_restore_bring_it_back_and_the_peer_does_not(self):
        made = [self.note(f"note {i}") for i in range(3)]
        file = os.path.join(self.pair.folder, "backup")
        self.a.must("backup", "-o", file)
        self.note("since")
        self.a.must("down")
        os.rename(self.a.home, self.a.home + ".lost")
        subprocess.run([stations.program("openline"), "restore", self.a.home, file], check=True, capture_output=True)
        self.a.must("up")
        self.assertEqual(self.notes(), made)
        self.assertEqual(self.doctor()["result"], "OK")
        wait_for(lambda: any(e["kind"] == "resume" for e in stations.record(self.b, "ruritania").values()),
                 "the resume", 20)
        self.assertEqual(self.note("after")["number"], 4)
        self.assertEqual([n["text"] for n in self.notes()], ["note 0", "note 1", "note 2", "after"])

    def test_a_damaged_page_costs_no_leaf(self):
        made = [self.note(f"Qdamaged {i} " + "x" * 1000 * i) for i in range(5)]
        self.a.must("down")
        path = os.path.join(self.a.home, "record.db")
        with open(path, "r+b") as f:
            page = f.read().index(b"Qdamaged 3") // PAGE
            f.seek(page * PAGE + 100)
            byte = f.read(1)[0]
            f.seek(-1, os.SEEK_CUR)
            f.write(bytes([byte ^ 1]))
        self.a.must("up")
        self.assertTrue(glob.glob(os.path.join(self.a.home, "damaged-1.db")))
        self.assertEqual(self.notes(), made)
        self.assertEqual(self.doctor()["result"], "OK")
        self.assertEqual(self.note("after")["number"], 6)

    # ---- What is not believed ----

    def flawed(self, number):
        for args in (("freedonia", self.about, "text"), ("list",)):
            answer = self.a.run("note", *args)
            self.assertEqual(answer.code, 12, answer.out)
            self.assertIn(f"leaf {number} ", answer.err)
            self.assertIn("openline note accept", answer.err)
        row = self.doctor()
        self.assertEqual(row["result"], "FAIL")
        self.assertIn(f"leaf {number} ", row["detail"])

    def test_a_leaf_that_was_changed_or_taken_out_is_told_and_the_line_goes_on(self):
        for i in range(6):
            self.note(f"note {i}")

        def change(db):
            leaf = db.execute("SELECT leaf FROM book WHERE number = 3").fetchone()[0]
            db.execute("UPDATE book SET leaf = ? WHERE number = 3", (leaf.replace(b"note 2", b"note 9"),))

        self.in_record(change)
        self.flawed(3)
        self.pair.wait_up()
        self.a.must("send", "freedonia", "the line goes on", "--wait", "delivered")
        self.assertEqual(self.a.must("note", "accept", "the disk of 22 November", "--json").json["kind"], "accepted")
        self.assertEqual([n["text"] for n in self.notes("freedonia")], [f"note {i}" for i in (0, 1, 3, 4, 5)])
        self.note("after")
        self.a.must("down")
        self.a.must("up")
        self.assertEqual(self.doctor()["result"], "OK")
        self.assertEqual([n["text"] for n in self.notes()][-2:], ["the disk of 22 November", "after"])
        self.in_record(lambda db: db.execute("DELETE FROM book WHERE number = 7"))
        self.flawed(3)
        self.assertEqual(self.a.run("note", "accept", "").code, 2)


if __name__ == "__main__":
    unittest.main()
