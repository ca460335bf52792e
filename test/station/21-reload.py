#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""A running station reads its home again: all that is new there, or nothing and a clear word why."""
import hashlib
import os
import shutil
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import stations


class Reload(unittest.TestCase):
    def setUp(self):
        self.pair = stations.Pair(proxied=False)
        self.addCleanup(self.pair.close)
        self.a, self.b = self.pair.a, self.pair.b
        self.pair.up()
        self.keys = os.path.join(self.a.home, "keys")
        self.kept = os.path.join(self.pair.folder, "keys")
        shutil.copyfile(self.keys, self.kept)

    def without(self, line_id):
        """A keys file that is whole but for the keys of one line."""
        with open(self.keys, encoding="ascii") as f:
            lines = [line for line in f if not line.startswith((f"line {line_id} ", "sum "))]
        text = "".join(lines)
        with open(self.keys, "w", encoding="ascii") as f:
            f.write(text + f"sum {hashlib.sha256(text.encode()).hexdigest()}\n")

    def refused(self, code, said):
        answer = self.a.run("reload")
        self.assertEqual((answer.code, answer.out), (code, ""))
        self.assertIn(said, answer.err)

    def names(self):
        return {line["name"] for line in self.a.status()["lines"]}

    def goes_on(self):
        for station, line in ((self.a, "freedonia"), (self.b, "ruritania")):
            station.rpc("drop_session", {"line": line})
            station.must("send", line, "-p", "flash", "still here", "--wait", "delivered", "--timeout", "10")

    def test_keys_that_lack_a_line_are_not_taken(self):
        self.without(self.a.line("freedonia")["id"])
        self.refused(1, "keys of a line cannot be used")
        self.goes_on()
        shutil.copyfile(self.kept, self.keys)
        self.a.must("reload")

    def test_the_keys_of_another_station_sign_nothing(self):
        shutil.copyfile(os.path.join(self.b.home, "keys"), self.keys)
        self.refused(13, "do not belong together")
        self.goes_on()
        stations.verified(self.pair)
        shutil.copyfile(self.kept, self.keys)
        self.a.must("reload")

    def pair_unseen(self, name, party):
        """A line of which the running station hears nothing."""
        other = stations.Station(self.pair.folder, party, "Watch", "en")
        psk = os.path.join(self.pair.folder, party + ".key")
        self.a.must("psk", "-o", psk)
        control = os.path.join(self.a.home, "run", "control.sock")
        os.rename(control, control + ".away")
        self.a.must("pair", name, "--card", other.card, "--psk", psk, "--path",
                    f"tcp:listen:127.0.0.1:{stations.free_port()}")
        os.rename(control + ".away", control)

    def test_of_two_new_lines_none_is_taken_while_one_cannot_be(self):
        self.pair_unseen("graustark", "Graustark")
        with open(self.keys, encoding="ascii") as f:
            before = f.read()
        self.pair_unseen("sylvania", "Sylvania")
        shutil.copyfile(self.keys, self.kept)
        with open(self.keys, encoding="ascii") as f:
            new = [line.split()[1] for line in f if line.startswith("line ") and line not in before]
        self.without(new[0])
        for _ in range(2):
            self.refused(1, "keys of a line cannot be used")
            self.assertEqual(self.names(), {"freedonia"})
        self.goes_on()
        shutil.copyfile(self.kept, self.keys)
        self.a.must("reload")
        self.assertEqual(self.names(), {"freedonia", "graustark", "sylvania"})
        self.assertEqual([self.a.line(name)["paths"][0]["state"] for name in ("graustark", "sylvania")], ["down"] * 2)
        self.goes_on()


if __name__ == "__main__":
    unittest.main()
