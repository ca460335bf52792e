#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Files for third parties out of real stations: a disclosure, and evidence of a peer that contradicts itself; and how
a line goes on after that."""
import glob
import os
import sqlite3
import subprocess
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import stations
from stations import wait_for


class Proofs(unittest.TestCase):
    def setUp(self):
        self.pair = stations.Pair(proxied=False)
        self.addCleanup(self.pair.close)
        self.a, self.b = self.pair.a, self.pair.b
        self.file = os.path.join(self.pair.folder, "proof")
        self.pair.up()

    def verify(self, code=0):
        done = stations.Answer(subprocess.run([stations.program("openline-verify"), "--card", self.a.card, "--card",
                                               self.b.card, self.file, "--json"], capture_output=True))
        self.assertEqual(done.code, code, done.out + done.err)
        return done.json

    def shown(self, *args):
        """What a person reads of it, line by line."""
        done = stations.Answer(subprocess.run([stations.program("openline-verify"), *args], capture_output=True))
        self.assertEqual(done.code, 0, done.out + done.err)
        return [line.strip() for line in done.out.splitlines()]

    def say(self, station, line, text, *args):
        return station.must("send", line, text, "--wait", "delivered", "--json", *args).json["id"]

    def batch(self, n):
        messages = [{"text": f"one of a run, {i}", "subject": None, "lang": None, "precedence": "routine",
                     "exercise": False} for i in range(n)]
        answer = self.a.rpc("send", {"line": "freedonia", "messages": messages, "wait": "delivered",
                                     "timeout_ms": 10000})
        return [m["id"] for m in answer["result"]["messages"]]


class Disclosure(Proofs):
    def test_a_message_inside_a_run_is_disclosed_by_both_sides(self):
        ids = self.batch(20)
        record = stations.record(self.b, "ruritania")
        inside = ids[3]
        self.assertFalse(record[inside]["sealed"], "it is inside a run")
        for station, line in ((self.a, "freedonia"), (self.b, "ruritania")):
            station.must("disclose", line, inside, "-o", self.file)
            self.assertEqual(os.stat(self.file).st_mode & 0o777, 0o600)
            said = self.verify()
            self.assertEqual(said["kind"], "disclosure")
            self.assertIn("one of a run, 3", str(said))
            with open(self.file, "rb") as f:
                data = f.read()
            for other in ("one of a run, 2", "one of a run, 4"):
                self.assertNotIn(other.encode(), data)

    def test_an_auditor_reads_how_it_may_be_handled_first_and_last(self):
        message = self.say(self.a, "freedonia", "Not for the press.", "--handling", "not-for-publication")
        self.a.must("disclose", "freedonia", message, "-o", self.file)
        mark = "[handling: not-for-publication]"
        said = self.shown(self.file)
        self.assertEqual([line for line in said if line in (mark, "Not for the press.")], [mark, "Not for the press.", mark])
        self.assertLess(said.index(mark), next(i for i, line in enumerate(said) if message in line))
        os.remove(self.file)
        self.a.must("export", "freedonia", "-o", self.file)
        self.assertEqual(self.shown(self.file, "--entries").count(mark), 2)

    def test_entries_of_either_author_and_any_kind_are_disclosed(self):
        flash = self.say(self.a, "freedonia", "Flash.", "-p", "flash")
        taken = self.b.must("take", "ruritania", flash, "--json").json["entry"]
        wait_for(lambda: taken in stations.record(self.a, "freedonia"), "the act")
        for entry in stations.record(self.a, "freedonia"):
            self.a.must("disclose", "freedonia", entry, "-o", self.file)
            self.verify()
        with open(self.file, "r+b") as f:
            f.seek(-50, os.SEEK_END)
            byte = f.read(1)[0]
            f.seek(-50, os.SEEK_END)
            f.write(bytes([byte ^ 1]))
        self.verify(12)

    def test_what_is_not_there_is_refused(self):
        for entry, code in (("A4000", 1), ("B0", 2), ("C1", 2), ("A99999999999", 2)):
            answer = self.a.run("disclose", "freedonia", entry, "-o", self.file)
            self.assertEqual(answer.code, code, entry)
            self.assertTrue(answer.err.strip())
        self.assertEqual(self.a.run("disclose", "elsewhere", "A1", "-o", self.file).code, 1)
        self.assertEqual(self.a.run("evidence", "freedonia", "-o", self.file).code, 1)
        self.assertIn("no evidence", self.a.run("evidence", "freedonia", "-o", self.file).err)
        self.assertFalse(os.path.exists(self.file))


class Equivocation(Proofs):
    def copy(self, station):
        out = f"{station.home}.{len(glob.glob(station.home + '.*'))}.db"
        with sqlite3.connect(os.path.join(station.home, "record.db")) as source, sqlite3.connect(out) as to:
            source.backup(to)
        source.close()
        to.close()
        stations.write_sums(out)
        return out

    def roll_back(self, station, copy):
        station.must("down")
        for name in glob.glob(os.path.join(station.home, "record.db*")):
            os.unlink(name)
        os.rename(copy, os.path.join(station.home, "record.db"))

    def contradict(self):
        """A says one thing to B and, both rolled back, another under the same number. What B had heard first is put
        beside its record, as if it had come by another path."""
        self.say(self.a, "freedonia", "before")
        copies = self.copy(self.a), self.copy(self.b)
        one = self.say(self.a, "freedonia", "We stay.", "-p", "flash")
        self.b.must("down")
        heard = self.copy(self.b)
        self.roll_back(self.a, copies[0])
        self.roll_back(self.b, copies[1])
        self.pair.up()
        two = self.say(self.a, "freedonia", "We leave.", "-p", "flash")
        self.assertEqual(one, two, "the same number twice")
        self.b.must("down")
        columns = "id, kind, flags, xseq, time, marks, stored_at, hash, prev, xhash, commitment, seal, body"
        db = sqlite3.connect(os.path.join(self.b.home, "record.db"))
        db.execute("ATTACH ? AS heard", (heard,))
        put = db.execute(f"INSERT INTO evidence ({columns}) SELECT {columns} FROM heard.entry WHERE seal IS NOT NULL AND "
                         "hash NOT IN (SELECT hash FROM main.entry) AND id & 0xffffffff = ? AND id >> 32 & 1 = ?",
                         (int(one[1:]), one[0] == "B"))
        self.assertEqual(put.rowcount, 1)
        db.commit()
        db.close()
        stations.write_sums(os.path.join(self.b.home, "record.db"))
        self.b.must("up")
        wait_for(lambda: "equivocation" in self.b.line("ruritania")["alarms"], "the alarm")
        return one

    def test_evidence_is_written_and_verified_and_shows_no_text(self):
        entry = self.contradict()
        said = self.b.must("evidence", "ruritania", "-o", self.file, "--json").json
        self.assertEqual(said["id"], entry)
        self.assertEqual(self.verify()["kind"], "evidence")
        with open(self.file, "rb") as f:
            data = f.read()
        self.assertNotIn(b"We stay.", data)
        self.assertNotIn(b"We leave.", data)
        for at in range(0, len(data), 37):
            changed = bytearray(data)
            changed[at] ^= 4
            with open(self.file, "wb") as f:
                f.write(changed)
            self.verify(12)

    def test_the_doctor_fails_on_a_contradiction_and_says_what_it_means(self):
        self.contradict()
        answer = self.b.run("doctor", "--json")
        said = [row["detail"] for row in answer.lines if row["check"] == "line ruritania" and row["result"] == "FAIL"]
        self.assertEqual(answer.code, 1)
        self.assertTrue(any("signed two entries under one number" in text for text in said), said)

    def test_an_officer_accepts_the_resume_and_the_line_goes_on(self):
        self.contradict()
        refused = self.a.run("unfreeze", "freedonia", "--reason", "nothing happened here")
        self.assertEqual(refused.code, 1)
        self.assertIn("freedonia", refused.err)
        resumed = self.a.must("resume", "freedonia", "--without-peer", "--reason", "two stories", "--json").json
        self.assertEqual(set(resumed) & {"schema", "id", "line", "state"}, {"schema", "id", "line", "state"})
        after = self.a.must("send", "freedonia", "We left.", "--json").json["id"]
        wait_for(lambda: resumed["id"] in stations.record(self.b, "ruritania"), "the resume")
        self.assertIsNone(self.a.must("show", "freedonia", after, "--json").json["delivered_at"], "a frozen stream")
        done = self.b.must("unfreeze", "ruritania", "--reason", "Their watch explained it by telephone.", "--json").json
        self.assertEqual((done["line"], done["state"]), ("ruritania", "released"))
        wait_for(lambda: self.a.must("show", "freedonia", after, "--json").json["delivered_at"], "the receipt")
        entry = stations.record(self.b, "ruritania")[done["id"]]
        self.assertEqual((entry["kind"], entry["text"], entry["about"]),
                         ("unfreeze", "Their watch explained it by telephone.", resumed["id"]))
        self.assertEqual(self.b.line("ruritania")["alarms"], [])
        wait_for(lambda: done["id"] in stations.record(self.a, "freedonia"), "the decision to arrive")
        stations.verified(self.pair)
        self.b.must("down")
        self.pair.up()
        self.assertEqual(self.b.line("ruritania")["alarms"], [], "decided once, decided after a restart too")
        self.say(self.a, "freedonia", "Once more.")
        self.say(self.b, "ruritania", "Heard.")
        self.b.must("evidence", "ruritania", "-o", self.file)
        self.verify()


if __name__ == "__main__":
    unittest.main()
