#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Two stations run from one copied home against one peer: a copy stops signing and says why, and the peer takes no
number twice."""
import os
import shutil
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import stations
from stations import wait_for


class CopiedHome(unittest.TestCase):
    def setUp(self):
        self.pair = stations.Pair(proxied=False)
        self.addCleanup(self.pair.close)
        self.a, self.b = self.pair.a, self.pair.b
        self.pair.up()
        self.a.must("send", "freedonia", "first", "--wait", "delivered")
        self.b.must("send", "ruritania", "second", "--wait", "delivered")
        self.b.must("down")
        self.twin = stations.Station.__new__(stations.Station)
        self.twin.home, self.twin.party = self.b.home + ".twin", "Twin"
        shutil.copytree(self.b.home, self.twin.home, ignore=shutil.ignore_patterns("*.sock"))
        self.addCleanup(self.twin.run, "down")

    def test_one_of_two_copies_stops_signing_and_no_number_is_taken_twice(self):
        ids = {}
        self.b.must("up")
        self.twin.must("up")
        copies = (self.b, self.twin)

        def one_stopped():
            for i, copy in enumerate(copies):
                copy.run("send", "ruritania", f"of copy {i} {len(ids)}", "-p", "flash", "--json")
            for m in self.a.must("list", "freedonia", "--json").lines:
                self.assertEqual(ids.setdefault(m["id"], m["text"]), m["text"], "a number was taken twice")
            return [c for c in copies if c.line("ruritania")["signing"] == "stopped"]
        stopped = wait_for(one_stopped, "one copy to stop", 30)
        line = stopped[0].line("ruritania")
        said = " ".join([line["reason"] or "", *line["alarms"]])
        self.assertIn("copy", said)
        refused = stopped[0].run("send", "ruritania", "no more")
        self.assertEqual(refused.code, 1)
        self.assertIn("copy", refused.err)
        record = stations.record(self.a, "freedonia")
        self.assertEqual(len({e["hash"] for e in record.values()}), len(record))
        for i, entry in record.items():
            if i in ids:
                self.assertEqual(entry["text"], ids[i])

    def test_a_copy_that_starts_while_the_other_is_cut_off_takes_its_numbers_from_the_peer(self):
        self.b.must("up")
        self.pair.wait_up()
        one = self.b.must("send", "ruritania", "of the first copy", "--wait", "delivered", "--json").json["id"]
        self.b.must("down")
        self.twin.must("up")
        two = self.twin.must("send", "ruritania", "of the second copy", "--wait", "delivered", "--json").json["id"]
        self.assertGreater(int(two[1:]), int(one[1:]))
        self.assertEqual(self.twin.must("show", "ruritania", one, "--json").json["text"], "of the first copy")


if __name__ == "__main__":
    unittest.main()
