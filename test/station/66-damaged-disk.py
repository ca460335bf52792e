#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""A station whose disk has changed its record: it finds that at its start, keeps the damaged file, and takes back from
the other side what is missing."""
import os
import random
import shutil
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import stations
from stations import wait_for

PAGE = 4096

class DamagedDisk(unittest.TestCase):
    def setUp(self):
        self.pair = stations.Pair(proxied=False)
        self.addCleanup(self.pair.close)
        self.a, self.b = self.pair.a, self.pair.b
        self.pair.up()
        self.random = random.Random(1)

    def record(self, station):
        return os.path.join(station.home, "record.db")

    def flip(self, station, page):
        with open(self.record(station), "r+b") as f:
            f.seek((page - 1) * PAGE + self.random.randrange(PAGE))
            byte = f.read(1)[0]
            f.seek(-1, os.SEEK_CUR)
            f.write(bytes([byte ^ 1 << self.random.randrange(8)]))

    def both_equal(self):
        def equal():
            a, b = stations.record(self.a, "freedonia"), stations.record(self.b, "ruritania")
            return a.keys() == b.keys() and all(a[i]["hash"] == b[i]["hash"] for i in a)
        wait_for(equal, "equal records", 30)

    def log(self, station):
        folder = os.path.join(station.home, "log")
        with open(os.path.join(folder, "openlined.log"), encoding="utf-8") as f:
            return f.read()

    def talk(self):
        for i in range(12):
            self.a.must("send", "freedonia", f"question {i} " + "x" * (i * 300), "--wait", "delivered")
            self.b.must("send", "ruritania", f"answer {i}", "--wait", "delivered")

    def texts(self, station, line):
        return sorted(m["text"] for m in station.must("list", line, "--json").lines)

    def test_any_page_is_repaired_from_the_other_side(self):
        self.talk()
        before = self.texts(self.a, "freedonia")
        self.a.must("down")
        intact = self.record(self.a) + ".intact"
        shutil.copyfile(self.record(self.a), intact)
        pages = os.path.getsize(intact) // PAGE
        for page in sorted({1, 2, *self.random.sample(range(3, pages + 1), 5)}):
            shutil.copyfile(intact, self.record(self.a))
            self.flip(self.a, page)
            self.a.must("up")
            self.pair.wait_up()
            self.both_equal()
            self.assertEqual(self.texts(self.a, "freedonia"), before)
            self.assertIn("damaged-1.db", os.listdir(self.a.home))
            self.assertIn("not as they were written", self.log(self.a))
            self.a.must("down")
            os.unlink(os.path.join(self.a.home, "damaged-1.db"))

            shutil.copyfile(self.record(self.a), intact)  # the other side has moved on: so does this one

    def test_new_messages_go_on_after_a_repair(self):
        self.talk()
        self.b.must("down")
        self.flip(self.b, 3)
        self.b.must("up")
        self.b.must("send", "ruritania", "after", "--wait", "delivered", "--timeout", "20")
        self.a.must("send", "freedonia", "and back", "--wait", "delivered", "--timeout", "20")
        self.both_equal()

    def test_a_record_of_which_nothing_is_left_is_refused(self):
        self.talk()
        self.a.must("down")
        with open(self.record(self.a), "r+b") as f:
            f.write(os.urandom(os.path.getsize(self.record(self.a))))
        self.assertNotEqual(self.a.run("up").code, 0)
        self.assertNotIn("damaged-1.db", os.listdir(self.a.home))

if __name__ == "__main__":
    unittest.main()
