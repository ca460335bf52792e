#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""A line's end: renewed under its name and closed by both sides, or revoked."""
import os
import re
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import stations
from stations import wait_for


class Ending(unittest.TestCase):
    def setUp(self):
        self.pair = stations.Pair(proxied=False)
        self.addCleanup(self.pair.close)
        self.a, self.b = self.pair.a, self.pair.b
        for station in (self.a, self.b):
            conf = os.path.join(station.home, "station.conf")
            with open(conf, encoding="utf-8") as f:
                text = f.read()
            with open(conf, "w", encoding="utf-8") as f:
                f.write(re.sub(r"liveness_seconds = \d+;", "liveness_seconds = 1;", text))
        self.pair.up()

    def say(self, station, line, text, *args):
        return station.must("send", line, text, "--wait", "delivered", "--json", *args).json["id"]

    def names(self, station):
        return {line["name"]: line for line in station.status()["lines"]}

    def new_key(self):
        file = os.path.join(self.pair.folder, "second.key")
        self.a.must("psk", "-o", file)
        return file

    def renew(self, *paths):
        """Both sides renew; by default the successor has no path of its own."""
        psk = self.new_key()
        one = self.a.must("renew", "freedonia", "--psk", psk, "--json", *paths[:2])
        two = self.b.must("renew", "ruritania", "--psk", psk, "--json", *paths[2:])
        self.assertIn("destroy", one.err)
        self.assertTrue(os.path.exists(psk), "the key file is left as it is")
        self.assertNotEqual(one.json["code"], two.json["code"])
        self.a.must("pair", "freedonia", "--code", two.json["code"])
        self.b.must("pair", "ruritania", "--code", one.json["code"])
        return one.json["id"]

    def close_both(self):
        self.a.must("close", "freedonia.1")
        self.b.must("close", "ruritania.1")
        for station, line in ((self.a, "freedonia.1"), (self.b, "ruritania.1")):
            wait_for(lambda s=station, n=line: self.names(s)[n]["closed"], "closed on both sides")


class Renewal(Ending):
    def test_the_successor_names_the_old_line_and_has_its_paths_when_both_have_closed(self):
        self.say(self.a, "freedonia", "of the old line")
        old = self.a.line("freedonia")
        line_id = self.renew()
        for station, line in ((self.a, "freedonia"), (self.b, "ruritania")):
            names = self.names(station)
            self.assertEqual(set(names), {line, line + ".1"})
            self.assertEqual((names[line]["id"], names[line + ".1"]["id"]), (line_id, old["id"]))
            self.assertEqual((names[line + ".1"]["state"], names[line]["state"]), ("up", "down"))
        self.say(self.b, "ruritania.1", "both run")
        queued = self.a.must("send", "freedonia", "-p", "flash", "waits for a path", "--json").json
        self.assertEqual(queued["state"], "released")
        closed = self.a.must("close", "freedonia.1", "--json").json
        self.assertEqual(set(closed), {"schema", "id", "line", "state"})
        refused = self.a.run("send", "freedonia.1", "too late")
        self.assertEqual(refused.code, 1)
        self.assertIn("freedonia", refused.err)
        self.assertEqual(self.a.run("close", "freedonia.1").code, 1, "once is enough")
        self.say(self.b, "ruritania.1", "the other side has not closed yet")
        self.assertFalse(self.names(self.a)["freedonia.1"]["closed"])
        self.b.must("close", "ruritania.1")
        wait_for(lambda: self.names(self.a)["freedonia"]["state"] == self.names(self.b)["ruritania"]["state"] == "up",
                 "the successor to be up on the old line's path", 30)
        for station, line in ((self.a, "freedonia"), (self.b, "ruritania")):
            was = self.names(station)[line + ".1"]
            self.assertEqual((was["closed"], was["state"], was["paths"]), (True, "down", []))
        wait_for(lambda: "waits for a path" in [m["text"] for m in self.b.must("list", "ruritania", "--json").lines], "it")
        self.say(self.b, "ruritania", "of the new line")
        for station, line in ((self.a, "freedonia"), (self.b, "ruritania")):
            first = [e for e in stations.record(station, line).values() if e["kind"] == "succeeds"]
            self.assertEqual(len(first), 2, "each side names the old line")
            self.assertEqual({e["id"] for e in first}, {"A1", "B1"}, stations.record(station, line))
        old_a, old_b = stations.record(self.a, "freedonia.1"), stations.record(self.b, "ruritania.1")
        self.assertEqual({i: e["hash"] for i, e in old_a.items()}, {i: e["hash"] for i, e in old_b.items()})
        self.assertEqual(sum(e["kind"] == "close" for e in old_a.values()), 2)
        stations.verified(self.pair)
        for station in (self.a, self.b):
            station.must("down")
        self.assertTrue(self.names(self.a)["freedonia.1"]["closed"], "also when nothing runs")
        self.pair.up()
        self.say(self.a, "freedonia", "after a restart")
        self.assertTrue(self.names(self.a)["freedonia.1"]["closed"])
        self.assertEqual(self.a.run("send", "freedonia.1", "too late").code, 1)

    def test_a_successor_with_a_path_of_its_own_is_up_at_once_and_lines_count_upwards(self):
        port = stations.free_port()
        self.renew("--path", f"tcp:listen:127.0.0.1:{port}", "--path", f"tcp:connect:127.0.0.1:{port}")
        wait_for(lambda: self.pair.is_up(), "the successor to be up")
        self.assertEqual(self.names(self.a)["freedonia.1"]["state"], "up")
        self.say(self.a, "freedonia", "on the second line")
        self.say(self.a, "freedonia.1", "on the first line")
        self.close_both()
        wait_for(lambda: self.names(self.a)["freedonia.1"]["paths"] == [] == self.names(self.b)["ruritania.1"]["paths"],
                 "the old line's path to be given up", 30)
        second = self.a.line("freedonia")["id"]
        self.assertEqual(self.a.run("renew", "freedonia.1", "--psk", self.pair.psk).code, 2)
        self.assertEqual(self.a.run("renew", "nobody", "--psk", self.pair.psk).code, 1)
        self.assertEqual(self.a.run("renew", "freedonia", "--psk", self.pair.psk).code, 1, "a key used before")
        os.unlink(os.path.join(self.pair.folder, "second.key"))
        self.renew()
        self.assertEqual(set(self.names(self.a)), {"freedonia", "freedonia.1", "freedonia.2"})
        self.assertEqual(self.names(self.a)["freedonia.2"]["id"], second)
        self.say(self.a, "freedonia.2", "on the second line, now the older one")

    def test_stations_that_do_not_run_renew_too(self):
        for station in (self.a, self.b):
            station.must("down")
        self.renew()
        self.a.must("up")
        self.b.must("up")
        wait_for(lambda: self.names(self.a)["freedonia.1"]["state"] == "up", "the old line to be up")
        self.close_both()
        wait_for(self.pair.is_up, "the successor to be up", 30)
        self.say(self.a, "freedonia", "on the new line")

    def test_closing_at_once_on_both_sides_ends_on_both(self):
        self.renew()
        old = [m["text"] for m in self.a.must("list", "freedonia.1", "--json").lines]
        self.assertEqual(old, [])
        one, two = stations.Caller(self.a), stations.Caller(self.b)
        self.addCleanup(one.close)
        self.addCleanup(two.close)
        answers = []
        one.ask("close", {"line": "freedonia.1"}, answers.append)
        two.ask("close", {"line": "ruritania.1"}, answers.append)
        wait_for(lambda: len(answers) == 2, "both answers")
        self.assertTrue(all("result" in a for a in answers), answers)
        wait_for(self.pair.is_up, "the successor to be up", 30)


class Doctor(Ending):
    def rows(self):
        answer = self.a.run("doctor", "--json")
        return [row for row in answer.lines if row["check"].startswith("line ")]

    def test_the_doctor_names_the_peer_and_the_clocks_and_lets_closed_lines_rest(self):
        said = {row["detail"]: row["result"] for row in self.rows()}
        peer = [detail for detail in said if "Joint staff watch" in detail]
        self.assertEqual([said[p] for p in peer], ["OK"])
        self.assertTrue(any("clock" in detail for detail in said), said)
        self.assertTrue(any("compared" in detail for detail in said), said)
        self.assertLess(abs(self.a.line("freedonia")["clock_offset_s"]), 3)
        self.b.must("down")
        self.a.must("down")
        self.a.must("up")
        self.assertTrue(any("Joint staff watch" in row["detail"] and row["result"] == "WARN" and row["act"]
                            for row in self.rows()))
        self.b.must("up")
        self.renew()
        wait_for(lambda: self.names(self.a)["freedonia.1"]["state"] == "up", "the old line to be up")
        self.close_both()
        old = [row for row in self.rows() if row["check"] == "line freedonia.1"]
        self.assertEqual([(row["result"], "closed" in row["detail"]) for row in old], [("OK", True)])


class Revocation(Ending):
    def test_a_revoked_line_is_silent_for_ever_and_its_record_stands(self):
        self.say(self.b, "ruritania", "before")
        note = os.path.join(self.b.home, "revocation.note")
        wrong = self.a.run("revoked", "freedonia", os.path.join(self.a.home, "revocation.note"))
        self.assertEqual(wrong.code, 13)
        self.assertEqual(self.a.run("revoked", "freedonia", self.b.card).code, 1)
        self.assertEqual(self.a.run("revoked", "nobody", note).code, 1)
        self.assertEqual(self.a.line("freedonia")["state"], "up")
        self.a.must("revoked", "freedonia", note)
        line = self.a.line("freedonia")
        self.assertEqual(line["state"], "down")
        self.assertIn("revoked", line["reason"])
        heads = line["own_head"], line["peer_head"]
        refused = self.a.run("send", "freedonia", "anyone there?")
        self.assertEqual(refused.code, 1)
        self.assertIn("revoked", refused.err)
        self.assertEqual(self.b.run("send", "ruritania", "a thief says", "-p", "flash", "--wait", "delivered", "--timeout",
                                    "2").code, 10)
        self.a.must("down")
        self.assertIn("revoked", self.a.line("freedonia")["reason"])
        self.a.must("up")
        self.assertEqual(self.b.run("send", "ruritania", "again", "-p", "flash", "--wait", "delivered", "--timeout",
                                    "2").code, 10)
        line = self.a.line("freedonia")
        self.assertEqual((line["state"], line["own_head"], line["peer_head"]), ("down", *heads))
        stations.verified(self.pair)

    def test_after_a_revocation_a_new_card_goes_on_under_the_name(self):
        self.say(self.b, "ruritania", "before")
        self.b.must("down")
        self.a.must("revoked", "freedonia", os.path.join(self.b.home, "revocation.note"))
        new = stations.Station(os.path.join(self.pair.folder), "Freedonia2", "Joint staff watch", "zh")
        self.addCleanup(new.run, "down")
        psk = self.new_key()
        self.a.must("renew", "freedonia", "--card", new.card, "--psk", psk)
        new.must("pair", "ruritania", "--card", self.a.card, "--psk", psk, "--path",
                 f"tcp:connect:127.0.0.1:{self.pair.port}")
        new.must("up")
        wait_for(lambda: self.names(self.a)["freedonia"]["state"] == "up", "the new line on the old path", 20)
        self.say(new, "ruritania", "with a new card")
        self.assertIn("revoked", self.names(self.a)["freedonia.1"]["reason"])
        self.assertEqual(stations.record(self.a, "freedonia")[f"{self.a.line('freedonia')['side']}1"]["kind"], "succeeds")


if __name__ == "__main__":
    unittest.main()
