#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""A path that is cut, and a peer that was never there: what is accepted waits, survives, and arrives."""
import os
import signal
import sys
import threading
import time
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import stations
from stations import wait_for


class Waiting(unittest.TestCase):
    def setUp(self):
        self.pair = stations.Pair()
        self.addCleanup(self.pair.close)
        self.a, self.b = self.pair.a, self.pair.b

    def texts(self):
        return [m["text"] for m in self.b.must("list", "ruritania", "--json").lines]

    def test_what_is_said_while_the_path_is_cut_arrives_when_it_is_mended(self):
        self.pair.up()
        self.pair.proxy.cut()
        wait_for(lambda: self.a.line("freedonia")["state"] == "down", "the cut to show")
        late = self.a.run("send", "freedonia", "-p", "flash", "one", "--wait", "delivered", "--timeout", "1", "--json")
        self.assertEqual(late.code, 10)
        self.assertIn(late.json["state"], ("released", "sent"))
        self.assertRegex(late.json["id"], r"^[AB]\d+$")
        self.assertIsNone(late.json["delivered_at"])
        self.a.must("send", "freedonia", "two")
        self.pair.proxy.mend()
        begin = time.monotonic()
        wait_for(lambda: set(self.texts()) == {"one", "two"}, "both to arrive")
        self.pair.wait_up()
        self.assertLess(time.monotonic() - begin, 4.0)
        self.assertEqual(self.a.must("show", "freedonia", late.json["id"], "--json").json["state"], "delivered")

    def test_a_wait_spans_the_cut(self):
        self.pair.up()
        self.pair.proxy.cut()
        caller = stations.Caller(self.a)
        self.addCleanup(caller.close)
        got = []
        caller.ask("send", {"line": "freedonia", "wait": "delivered", "timeout_ms": 20000,
                            "messages": [{"text": "spans", "precedence": "flash"}]}, got.append)
        wait_for(lambda: any(m["text"] == "spans" for m in self.a.must("list", "freedonia", "--json").lines), "it")
        self.pair.proxy.mend()
        wait_for(lambda: got, "the answer")
        self.assertEqual(got[0]["result"]["outcome"], "done")

    def test_what_is_said_before_the_peer_ever_was_there_survives_a_kill_and_is_signed_later(self):
        self.a.must("up")
        first = self.a.must("send", "freedonia", "-p", "flash", "early", "--json").json
        self.assertEqual((first["id"], first["state"], first["delivered_at"]), (None, "released", None))
        late = self.a.run("send", "freedonia", "waited for", "--wait", "delivered", "--timeout", "1", "--json")
        self.assertEqual(late.code, 10)
        self.assertEqual((late.json["id"], late.json["state"]), (None, "released"))
        listed = self.a.must("list", "freedonia", "--json").lines
        self.assertEqual([(m["id"], m["state"], m["direction"]) for m in listed], [(None, "released", "out")] * 2)
        for _ in range(2):
            pid = self.a.pids()["openlined"]
            os.kill(pid, signal.SIGKILL)
            wait_for(lambda p=pid: not os.path.exists(f"/proc/{p}"), "the killed process to be gone")
            self.a.must("up")
            self.assertEqual(sorted(m["text"] for m in self.a.must("list", "freedonia", "--json").lines),
                             ["early", "waited for"])
        self.assertEqual(self.a.line("freedonia")["outbox"], 2)
        self.a.must("down")
        self.a.must("up")
        self.b.must("up")
        wait_for(lambda: sorted(self.texts()) == ["early", "waited for"], "both to arrive")
        wait_for(lambda: {m["state"] for m in self.a.must("list", "freedonia", "--json").lines} == {"delivered"}, "receipts")
        self.assertEqual(self.a.line("freedonia")["outbox"], 0)
        self.assertTrue(all(m["id"] for m in self.a.must("list", "freedonia", "--json").lines))
        stations.verified(self.pair)

    def test_what_waits_is_listed_once_at_every_moment_while_it_is_signed(self):
        self.a.must("up")
        said = [f"waits {i}" for i in range(400)]
        for i in range(0, 400, 100):
            answer = self.a.rpc("send", {"line": "freedonia", "messages": [{"text": text} for text in said[i:i + 100]]})
            self.assertIn("result", answer)
        ended = threading.Event()
        wrong = []
        looks = []

        def look():
            caller = stations.Caller(self.a)
            while not ended.is_set():
                listed = caller.call("list", {"line": "freedonia"})["result"]["messages"]
                looks.append(sum(m["id"] is not None for m in listed))
                if sorted(m["text"] for m in listed) != sorted(said):
                    wrong.append(len(listed))
            caller.close()

        lookers = [threading.Thread(target=look) for _ in range(2)]
        for looker in lookers:
            looker.start()
        self.b.must("up")
        wait_for(lambda: looks and looks[-1] == 400, "all to be signed", 20)
        ended.set()
        for looker in lookers:
            looker.join()
        self.assertEqual(looks[0], 0)
        self.assertEqual(wrong, [])

    def test_many_wait_and_all_arrive_once_flash_first_in_its_class(self):
        self.pair.up()
        self.pair.proxy.cut()
        wait_for(lambda: self.a.line("freedonia")["state"] == "down", "the cut to show")
        caller = stations.Caller(self.a)
        self.addCleanup(caller.close)
        said = []
        for i in range(20):
            texts = [f"{precedence} {i} " + "x" * 3000 for precedence in ("routine", "flash")]
            said += texts
            answer = caller.call("send", {"line": "freedonia", "messages": [
                {"text": text, "precedence": text.split()[0]} for text in texts]})
            self.assertIn("result", answer)
        self.pair.proxy.mend()
        wait_for(lambda: len(self.texts()) == len(said), "all to arrive", 20)
        self.assertEqual(sorted(self.texts()), sorted(said))


if __name__ == "__main__":
    unittest.main()
