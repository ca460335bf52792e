#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""A backup, and a home made of it: the station takes back what it wrote since, resumes, and the line goes on."""
import hashlib
import os
import shutil
import signal
import stat
import subprocess
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import stations
from stations import wait_for


def restore(folder, name, file):
    """Another station object on a home restored from the file."""
    station = stations.Station.__new__(stations.Station)
    station.home, station.party = os.path.join(folder, name), name
    done = subprocess.run([stations.program("openline"), "restore", station.home, file, "--json"], capture_output=True)
    return station, stations.Answer(done)


class Backup(unittest.TestCase):
    def setUp(self):
        self.pair = stations.Pair(proxied=False)
        self.addCleanup(self.pair.close)
        self.a, self.b = self.pair.a, self.pair.b
        self.file = os.path.join(self.pair.folder, "ruritania.backup")

    def say(self, station, line, text, *args):
        return station.must("send", line, text, "--wait", "delivered", "--json", *args).json["id"]

    def replace(self, name):
        """The home of A is lost; one made of the backup takes its place."""
        self.a.must("down")
        shutil.move(self.a.home, self.a.home + ".lost" + name)
        station, answer = restore(self.pair.folder, name, self.file)
        self.assertEqual(answer.code, 0, answer.err)
        station.card = self.a.card
        self.addCleanup(station.run, "down")
        self.pair.a = self.a = station

    def both_equal(self):
        def equal():
            a, b = stations.record(self.a, "freedonia"), stations.record(self.b, "ruritania")
            return a.keys() == b.keys() and all(a[i]["hash"] == b[i]["hash"] for i in a)
        wait_for(equal, "equal records", 20)

    def resumes(self):
        return [e for e in stations.record(self.b, "ruritania").values() if e["kind"] == "resume"]

    def test_a_restored_station_takes_its_own_entries_back_and_resumes(self):
        self.pair.up()
        self.say(self.a, "freedonia", "before")
        answer = self.a.must("backup", "-o", self.file, "--json")
        self.assertEqual(answer.json["bytes"], os.path.getsize(self.file))
        self.assertEqual(stat.S_IMODE(os.stat(self.file).st_mode), 0o600)
        self.assertIn("secret", answer.err)
        self.assertFalse(os.path.exists(os.path.join(self.a.home, "snapshot.db")))
        since = {self.say(self.a, "freedonia", f"since {i}", "-p", ("flash", "routine")[i % 2]): f"since {i}"
                 for i in range(5)}
        answered = self.say(self.b, "ruritania", "an answer")
        self.replace("restored")
        for name, mode in (("keys", 0o600), ("record.db", 0o600), ("revocation.note", 0o600), ("card", 0o644)):
            self.assertEqual(stat.S_IMODE(os.stat(os.path.join(self.a.home, name)).st_mode), mode, name)
        self.a.must("up")
        new = self.say(self.a, "freedonia", "after")
        self.both_equal()
        for i, text in since.items():
            self.assertEqual(self.a.must("show", "freedonia", i, "--json").json["text"], text)
        self.assertEqual(self.a.must("show", "freedonia", answered, "--json").json["text"], "an answer")
        resumes = self.resumes()
        self.assertEqual(len(resumes), 1)
        self.assertEqual(resumes[0]["side"], self.a.line("freedonia")["side"])
        self.assertGreater(int(resumes[0]["id"][1:]), max(int(i[1:]) for i in since))
        self.assertGreater(int(new[1:]), int(resumes[0]["id"][1:]))
        self.say(self.b, "ruritania", "heard")
        self.both_equal()
        verified = stations.verified(self.pair)
        self.assertEqual(verified[0]["streams"], verified[1]["streams"])
        self.a.must("down")
        self.a.must("up")
        self.say(self.a, "freedonia", "and again")
        self.assertEqual(len(self.resumes()), 1, "one restore, one resume")

    def test_one_backup_can_be_restored_twice(self):
        self.pair.up()
        self.say(self.a, "freedonia", "before")
        self.a.must("backup", "-o", self.file)
        ids = [self.say(self.a, "freedonia", "lost with the first home")]
        for i in range(2):
            self.replace(f"restored{i}")
            self.a.must("up")
            ids.append(self.say(self.a, "freedonia", f"after restore {i}"))
        self.both_equal()
        self.assertEqual(len(set(ids)), 3)
        self.assertEqual(len(self.resumes()), 2)
        texts = [m["text"] for m in self.a.must("list", "freedonia", "--json").lines]
        self.assertEqual(sorted(texts), sorted(["before", "lost with the first home", "after restore 0",
                                                "after restore 1"]))
        stations.verified(self.pair)

    def test_a_stopped_home_without_the_note_is_backed_up_too(self):
        os.unlink(os.path.join(self.a.home, "revocation.note"))
        self.a.must("backup", "-o", self.file)
        self.replace("restored")
        self.assertFalse(os.path.exists(os.path.join(self.a.home, "revocation.note")))
        self.pair.up()
        self.say(self.a, "freedonia", "after")

    def test_damage_is_refused_and_nothing_is_made(self):
        self.a.must("backup", "-o", self.file)
        with open(self.file, "rb") as f:
            whole = f.read()
        cases = [("one byte more", whole + b"\0"), ("empty", b"")]
        cases += [(f"cut to {n}", whole[:n]) for n in (1, 17, 18, 65, 66, 97, 98, len(whole) // 2, len(whole) - 1)]
        for at in [*range(0, 66, 5), 70, len(whole) // 2, len(whole) - 40, len(whole) - 33, len(whole) - 1]:
            changed = bytearray(whole)
            changed[at] ^= 1
            cases.append((f"byte {at} changed", bytes(changed)))
        for name, data in cases:
            with open(self.file, "wb") as f:
                f.write(data)
            station, answer = restore(self.pair.folder, "damaged", self.file)
            self.assertEqual(answer.code, 12, f"{name}: {answer.err}")
            self.assertIn(os.path.basename(self.file), answer.err, name)
            self.assertFalse(os.path.exists(station.home), name)

    def test_a_record_damaged_before_it_was_summed_is_refused_and_nothing_is_made(self):
        self.a.must("backup", "-o", self.file)
        with open(self.file, "rb") as f:
            whole = f.read()
        refused = 0
        for page in range(whole.index(b"SQLite format 3"), len(whole) - 4096, 4096):
            changed = bytearray(whole[:-32])
            changed[page + 4000] ^= 1
            with open(self.file, "wb") as f:
                f.write(changed + hashlib.sha256(changed).digest())
            station, answer = restore(self.pair.folder, f"damaged{page}", self.file)
            if answer.code:
                refused += 1
                self.assertFalse(os.path.exists(station.home), os.path.exists(station.home) and os.listdir(station.home))
        self.assertGreater(refused, 2)

    def test_no_record_is_made_beside_the_log_of_another(self):
        self.a.must("backup", "-o", self.file)
        home = os.path.join(self.pair.folder, "left")
        os.mkdir(home)
        with open(os.path.join(home, "record.db-wal"), "wb"):
            pass
        _, answer = restore(self.pair.folder, "left", self.file)
        self.assertEqual(answer.code, 1)
        self.assertIn("record.db-wal", answer.err)
        self.assertEqual(os.listdir(home), ["record.db-wal"])

    def test_a_home_is_not_overwritten(self):
        self.a.must("backup", "-o", self.file)
        with open(os.path.join(self.b.home, "keys"), "rb") as f:
            keys = f.read()
        _, answer = restore(self.pair.folder, "freedonia", self.file)
        self.assertEqual(answer.code, 1)
        self.assertIn("nothing was overwritten", answer.err)
        with open(os.path.join(self.b.home, "keys"), "rb") as f:
            self.assertEqual(f.read(), keys)

    def test_a_restore_killed_half_way_leaves_no_home(self):
        self.a.must("backup", "-o", self.file)
        whole = 0
        for n in range(40):
            name = f"killed{n}"
            home = os.path.join(self.pair.folder, name)
            # strace kills it at its n-th fsync or rename: each step is durable before the next.
            done = subprocess.run(["strace", "-qq", "-f", "-o", "/dev/null", "-e", "trace=fsync,fdatasync,renameat", "-e",
                                   f"inject=fsync,fdatasync,renameat:signal=SIGKILL:when={n + 1}",
                                   stations.program("openline"), "restore", home, self.file], capture_output=True,
                                  env=dict(os.environ, ASAN_OPTIONS="detect_leaks=0"))
            if done.returncode == 0:
                self.assertGreater(n, 10, "it was killed at each step before")
                whole += 1
                break
            self.assertIn(done.returncode, (-signal.SIGKILL, 128 + signal.SIGKILL), done.stderr)
            if os.path.exists(os.path.join(home, "keys")):
                continue  # all was there, and durable, before its name was
            for args in (("status",), ("up",)):
                refused = subprocess.run([stations.program("openline"), "-C", home, *args], capture_output=True)
                self.assertEqual(refused.returncode, 1, args)
                self.assertIn(b"no keys", refused.stderr)
        self.assertEqual(whole, 1)


if __name__ == "__main__":
    unittest.main()
