#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Homes, cards, courier keys and pairing, as the command line does them."""
import os
import shutil
import stat
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import stations
from stations import wait_for


class Pairing(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="openline-")
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        self.a = stations.Station(self.folder, "Ruritania", "Foreign ministry watch", "en")
        self.b = stations.Station(self.folder, "Freedonia", "Joint staff watch", "zh")
        self.psk = os.path.join(self.folder, "courier.key")
        self.a.must("psk", "-o", self.psk)
        self.port = stations.free_port()

    def pair(self, psk_b=None, card_for_b=None, spec=None):
        self.addCleanup(self.a.run, "down")
        self.addCleanup(self.b.run, "down")
        one = self.a.must("pair", "freedonia", "--card", self.b.card, "--psk", self.psk, "--path",
                          spec or f"tcp:listen:127.0.0.1:{self.port}", "--json").json
        two = self.b.must("pair", "ruritania", "--card", card_for_b or self.a.card, "--psk", psk_b or self.psk, "--path",
                          f"tcp:connect:127.0.0.1:{self.port}", "--json").json
        return one["code"], two["code"]

    def test_secrets_are_closed_to_others(self):
        os.umask(0)
        self.addCleanup(os.umask, 0o022)
        home = os.path.join(self.folder, "third")
        psk = os.path.join(self.folder, "third.key")
        stations.Answer(subprocess.run([stations.program("openline"), "init", home, "--party", "P", "--station", "S",
                                        "--lang", "en"], capture_output=True, check=True))
        self.a.must("psk", "-o", psk)
        self.assertEqual(stat.S_IMODE(os.stat(psk).st_mode), 0o600)
        self.assertEqual(stat.S_IMODE(os.stat(os.path.join(home, "keys")).st_mode), 0o600)
        for name in ("record.db", "revocation.note"):
            self.assertEqual(stat.S_IMODE(os.stat(os.path.join(home, name)).st_mode) & 0o077, 0, name)

    def test_nothing_is_overwritten(self):
        with open(os.path.join(self.a.home, "keys"), "rb") as f:
            keys = f.read()
        for args in (("init", self.a.home, "--party", "P", "--station", "S", "--lang", "en"), ("psk", "-o", self.psk)):
            answer = self.a.run(*args)
            self.assertEqual(answer.code, 1, args)
            self.assertTrue(answer.err.strip(), args)
        with open(os.path.join(self.a.home, "keys"), "rb") as f:
            self.assertEqual(f.read(), keys)

    def test_codes_differ_and_a_wrong_one_is_refused_with_13(self):
        one, two = self.pair()
        self.assertRegex(one, r"^[0-9]{30}$")
        self.assertRegex(two, r"^[0-9]{30}$")
        self.assertNotEqual(one, two)
        wrong = two[:-1] + str((int(two[-1]) + 1) % 10)
        for code in (wrong, one):
            self.assertEqual(self.a.run("pair", "freedonia", "--code", code).code, 13)
            self.assertIs(self.a.line("freedonia")["compared"], False)
        spaced = " ".join(two[i:i + 5] for i in range(0, 30, 5))
        self.a.must("pair", "freedonia", "--code", spaced)
        self.assertIs(self.a.line("freedonia")["compared"], True)
        self.assertIs(self.b.line("ruritania")["compared"], False)

    def test_a_code_given_with_the_pairing_refuses_it(self):
        answer = self.a.run("pair", "freedonia", "--card", self.b.card, "--psk", self.psk, "--path",
                            f"tcp:listen:127.0.0.1:{self.port}", "--code", "1" * 30)
        self.assertEqual(answer.code, 13)
        self.assertEqual(self.a.status()["lines"], [])
        self.pair()

    def test_a_line_works_uncompared_and_says_so(self):
        self.pair()
        line = self.a.line("freedonia")
        self.assertEqual((line["state"], line["compared"]), ("down", False))
        self.a.must("up")
        self.b.must("up")
        wait_for(lambda: self.a.line("freedonia")["state"] == "up", "up")
        self.assertIs(self.a.line("freedonia")["compared"], False)

    def test_the_courier_key_is_left_and_its_end_is_asked_for(self):
        with open(self.psk, "rb") as f:
            key = f.read()
        answer = self.a.must("pair", "freedonia", "--card", self.b.card, "--psk", self.psk, "--path",
                             f"tcp:listen:127.0.0.1:{self.port}")
        with open(self.psk, "rb") as f:
            self.assertEqual(f.read(), key)
        self.assertIn("destroy", answer.err)

    def test_a_wrong_courier_key_keeps_the_line_down_and_status_says_why(self):
        other = os.path.join(self.folder, "other.key")
        self.b.must("psk", "-o", other)
        one, _ = self.pair(psk_b=other)
        self.assertEqual(self.b.run("pair", "ruritania", "--code", one).code, 13)
        self.a.must("up")
        self.b.must("up")
        wait_for(lambda: "courier key" in (self.a.line("freedonia")["reason"] or ""), "the reason", 8)
        self.assertRegex(self.a.line("freedonia")["reason"], "(?i)frames arrive.*courier key does not open")
        self.assertEqual(self.a.line("freedonia")["reason_key"], "status.wrong_key")
        self.assertEqual(self.a.line("freedonia")["state"], "down")

    def test_a_wrong_card_keeps_the_line_down_and_status_names_the_card(self):
        third = stations.Station(self.folder, "Third", "Watch", "en")
        one, _ = self.pair(card_for_b=third.card)
        self.assertEqual(self.b.run("pair", "ruritania", "--code", one).code, 13)
        self.a.must("up")
        self.b.must("up")
        wait_for(lambda: "rames arrive" in (self.a.line("freedonia")["reason"] or ""), "the reason", 8)
        self.assertIn("card", self.a.line("freedonia")["reason"])
        self.assertEqual(self.a.line("freedonia")["state"], "down")

    def test_own_card_no_card_and_damaged_card_are_refused(self):
        bad = os.path.join(self.folder, "bad.card")
        with open(self.b.card, encoding="utf-8") as f:
            text = f.read()
        at = len(text) // 2
        with open(bad, "w", encoding="utf-8") as f:
            f.write(text[:at] + ("A" if text[at] != "A" else "B") + text[at + 1:])
        for card in (self.a.card, bad, "/nonexistent"):
            answer = self.a.run("pair", "freedonia", "--card", card, "--psk", self.psk)
            self.assertIn(answer.code, (1, 13), card)
            self.assertTrue(answer.err)
        self.assertEqual(self.a.status()["lines"], [])

    def test_a_path_or_port_belongs_to_one_line(self):
        self.pair()
        other = os.path.join(self.folder, "other.key")
        self.a.must("psk", "-o", other)
        third = stations.Station(self.folder, "Third", "Watch", "en")
        answer = self.a.run("pair", "third", "--card", third.card, "--psk", other, "--path",
                            f"tcp:listen:127.0.0.1:{self.port}")
        self.assertNotEqual(answer.code, 0)
        self.assertEqual([line["name"] for line in self.a.status()["lines"]], ["freedonia"])
        twice = self.a.run("pair", "third", "--card", third.card, "--psk", other, "--path", "tcp:listen:127.0.0.1:1",
                           "--path", "tcp:listen:127.0.0.1:1")
        self.assertNotEqual(twice.code, 0)
        for spec in ("tcp:listen:127.0.0.1:0", "tcp:listen:127.0.0.1:65536", "tcp:fly:127.0.0.1:1", "", "tcp:connect::1",
                     "udp:127.0.0.1:1:127.0.0.1"):
            self.assertNotEqual(self.a.run("pair", "third", "--card", third.card, "--psk", other, "--path", spec).code, 0,
                                spec)
        self.assertEqual([line["name"] for line in self.a.status()["lines"]], ["freedonia"])

    def test_a_name_is_taken_once(self):
        self.pair()
        other = os.path.join(self.folder, "other.key")
        self.a.must("psk", "-o", other)
        self.assertNotEqual(self.a.run("pair", "freedonia", "--card", self.b.card, "--psk", other).code, 0)

    def test_a_malformed_configuration_names_file_line_and_setting(self):
        with open(os.path.join(self.a.home, "station.conf"), "a", encoding="utf-8") as f:
            f.write("liveness_secnds = 3;\n")
        self.addCleanup(self.a.run, "down")  # the relay, which reads another file, is up
        answer = self.a.run("up")
        self.assertEqual(answer.code, 1)
        self.assertRegex(answer.err, r"station\.conf:\d+: liveness_secnds")


if __name__ == "__main__":
    unittest.main()
