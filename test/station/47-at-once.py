#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Requests that come at one moment, before any of them is on record: of those that the record can take once, one is done and
the others are told so."""
import json
import os
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import stations
from stations import wait_for

CROSSING = "err.station.crossing"


class AtOnce(unittest.TestCase):
    def setUp(self):
        self.pair = stations.Pair(proxied=False)
        self.addCleanup(self.pair.close)
        self.pair.up()
        wait_for(lambda: self.pair.b.line("ruritania")["signing"] == "ready", "the other side to sign")

    def come_to(self, station, line, entry):
        wait_for(lambda: entry in stations.record(station, line), f"{entry} to come")

    def message(self):
        sent = self.pair.a.must("send", "freedonia", "-p", "flash", "said", "--wait", "delivered", "--json").json["id"]
        self.come_to(self.pair.b, "ruritania", sent)
        return sent

    def once(self, station, line, key, *requests):
        """Asks all of it in one write. The first is done and stands on record, the others are refused with this key."""
        before = set(stations.record(station, line))
        with station.connect() as s:
            s.settimeout(30)
            s.sendall(b"".join(json.dumps({"jsonrpc": "2.0", "id": i, "method": method,
                                           "params": {"line": line} | params}).encode() + b"\n"
                               for i, (method, params) in enumerate(requests)))
            with s.makefile("rb") as lines:
                got = dict((answer["id"], answer) for answer in (json.loads(lines.readline()) for _ in requests))
        self.assertIn("result", got[0], requests)
        for i in range(1, len(requests)):
            self.assertEqual(got[i].get("error", {}).get("data", {}).get("key"), key, (requests, got))
        new = {i: entry for i, entry in stations.record(station, line).items() if i not in before and entry["kind"] != "receipt"}
        mine = [entry for entry in new.values() if entry["side"] == station.line(line)["side"]]
        self.assertEqual(len(mine), 1, new)
        return mine[0]

    def test_of_two_acts_about_one_message_one_is_done(self):
        sent = self.message()
        b = self.pair.b
        self.once(b, "ruritania", CROSSING, *[("act", {"id": sent, "act": "take"})] * 3)
        self.assertEqual(self.once(b, "ruritania", CROSSING, ("act", {"id": sent, "act": "readback", "text": "one"}),
                                   ("act", {"id": sent, "act": "readback", "text": "two"}))["text"], "one")
        self.once(b, "ruritania", CROSSING, *[("act", {"id": sent, "act": "onward", "stage": "desk"})] * 2)
        wait_for(lambda: self.pair.a.must("show", "freedonia", sent, "--json").json["state"] == "read_back", "the read-back")
        self.once(self.pair.a, "freedonia", CROSSING, ("act", {"id": sent, "act": "confirm"}),
                  ("act", {"id": sent, "act": "correct", "text": "no"}), ("send", {"messages": [{"text": "x", "cancels": sent}]}))
        for station, line in ((self.pair.a, "freedonia"), (b, "ruritania")):
            wait_for(lambda: station.must("show", line, sent, "--json").json["state"] == "confirmed", "it to be confirmed")
            self.assertTrue(all(act["effect"] for act in station.must("show", line, sent, "--json").json["acts"]))

    def test_what_comes_after_one_that_is_on_record_is_judged_by_it(self):
        sent = self.message()
        take = {"line": "ruritania", "id": sent, "act": "take"}
        self.assertIn("result", self.pair.b.rpc("act", take))
        self.assertEqual(self.pair.b.rpc("act", take)["error"]["data"]["key"], "err.station.act_state")

    def test_acts_about_two_messages_and_passing_on_beside_an_answer_are_all_done(self):
        one, two = self.message(), self.message()
        caller = stations.Caller(self.pair.b)
        self.addCleanup(caller.close)
        got = []
        for params in ({"id": one, "act": "take"}, {"id": two, "act": "take"}, {"id": two, "act": "onward", "stage": "desk"}):
            caller.ask("act", {"line": "ruritania"} | params, got.append)
        wait_for(lambda: len(got) == 3, "the answers")
        self.assertTrue(all("result" in answer for answer in got), got)

    def test_an_act_is_done_though_its_client_has_hung_up(self):
        sent = self.message()
        with self.pair.b.connect() as s:
            s.sendall(json.dumps({"jsonrpc": "2.0", "id": 1, "method": "act",
                                  "params": {"line": "ruritania", "id": sent, "act": "take"}}).encode() + b"\n")
        wait_for(lambda: self.pair.b.must("show", "ruritania", sent, "--json").json["state"] == "taken", "it to be taken")
        self.assertEqual([e["kind"] for e in stations.record(self.pair.b, "ruritania").values() if e["about"] == sent], ["take"])

    def test_of_two_that_amend_one_message_one_is_done(self):
        sent = self.message()
        a = self.pair.a
        self.once(a, "freedonia", CROSSING, ("send", {"messages": [{"text": "one", "corrects": sent}]}),
                  ("send", {"messages": [{"text": "none", "cancels": sent}]}))
        later = self.message()
        both = [{"text": "one", "corrects": later}, {"text": "two", "corrects": later}]
        before = set(stations.record(a, "freedonia"))
        self.assertEqual(a.rpc("send", {"line": "freedonia", "messages": both})["error"]["data"]["key"], CROSSING)
        after = stations.record(a, "freedonia")
        self.assertEqual([i for i in after if i not in before and after[i]["kind"] == "message"], [])

    def test_of_two_proposals_responses_and_roles_that_say_the_same_one_is_written(self):
        a, b = self.pair.a, self.pair.b
        channel = ("propose", {"topic": "channel", "level": "military"})
        asked = self.once(a, "freedonia", CROSSING, channel, channel)["id"]
        self.come_to(b, "ruritania", asked)
        about = {"topic": "channel", "about": asked}
        self.once(b, "ruritania", CROSSING, ("respond", about | {"verb": "accept"}), ("respond", about | {"verb": "decline"}))
        suspend = {"topic": "channel", "about": "military", "verb": "suspend"}
        self.once(b, "ruritania", CROSSING, ("respond", suspend | {"reason": "one"}), ("respond", suspend | {"reason": "two"}))
        role = ("roster", {"verb": "add", "role": "desk"})
        self.once(a, "freedonia", CROSSING, role, role)
        again = a.rpc(role[0], {"line": "freedonia"} | role[1])
        self.assertEqual(again["error"]["data"]["key"], "err.roles.there")

    def test_a_line_is_closed_once(self):
        self.once(self.pair.a, "freedonia", "err.station.closed", ("close", {}), ("close", {}))

    def test_a_draft_is_released_once(self):
        a = self.pair.a
        a.must("roster", "officer", "Anna", "desk")
        a.must("roster", "officer", "Dora", "release")
        a.must("rule", "set", "freedonia", "desk", "release")
        number = a.must("draft", "freedonia", "--as", "Anna", "words", "--json").json["draft"]
        a.must("clear", "freedonia", str(number), "--as", "Anna")
        release = ("release", {"draft": number, "as": "Dora"})
        self.once(a, "freedonia", "err.draft.on_its_way", release, release)
        self.assertEqual(a.rpc(release[0], {"line": "freedonia"} | release[1])["error"]["data"]["key"], "err.draft.sent")


if __name__ == "__main__":
    unittest.main()
