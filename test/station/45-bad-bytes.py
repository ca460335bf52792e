#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Garbage, cut, oversized and replayed bytes on every socket: dropped and counted, and the line goes on."""
import json
import os
import random
import re
import socket
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import stations
from stations import wait_for


NAMES = ("line", "id", "text", "act", "kind", "after", "limit", "topic", "level", "verb", "about", "reason", "start", "end",
         "role", "role_here", "role_there", "hours", "terms", "lang", "translation", "every", "draft", "message", "remark",
         "roles", "name", "flash", "fields", "stage", "until", "weekly", "from", "to", "outage", "query", "messages", "wait",
         "timeout_ms", "levels", "month", "hash", "as", "alarms", "exercise", "purpose")


class Recorder(stations.Proxy):
    """A proxy that keeps what it carries, each direction by itself."""

    def __init__(self, to):
        self.kept = {}
        super().__init__(to)

    def _carry(self, a, b):
        key = "in" if b.getpeername()[1] == self.to else "out"
        kept = self.kept.setdefault(key, bytearray())
        try:
            while True:
                got = a.recv(65536)
                if not got:
                    break
                kept.extend(got)
                b.sendall(got)
        except OSError:
            pass
        for s in (a, b):
            try:
                s.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass


class BadBytes(unittest.TestCase):
    def setUp(self):
        real, stations.Proxy = stations.Proxy, Recorder
        try:
            self.pair = stations.Pair()
        finally:
            stations.Proxy = real
        self.addCleanup(self.pair.close)
        self.a, self.b = self.pair.a, self.pair.b
        self.pair.up()
        self.pids = (self.a.pids(), self.b.pids())
        self.random = random.Random(45)
        self.said = 0

    def goes_on(self):
        """Both programs of both sides are the same processes, the line is up, and carries both ways."""
        self.pair.wait_up(5)
        self.assertEqual((self.a.pids(), self.b.pids()), self.pids)
        for station, line in ((self.a, "freedonia"), (self.b, "ruritania")):
            self.said += 1
            station.must("send", line, "-p", "flash", f"still here {self.said}", "--wait", "delivered", "--timeout", "5")

    def stranger(self):
        return socket.create_connection(("127.0.0.1", self.pair.port), timeout=10)

    def pour(self, data):
        """Sends all of it, or as much as the other side cares to read; what it answered."""
        with self.stranger() as s:
            try:
                s.sendall(data)
                s.shutdown(socket.SHUT_WR)
                return s.recv(65536)
            except OSError:
                return b""

    def counters(self):
        return self.a.line("freedonia")["counters"]

    def test_garbage_on_the_listener_is_dropped_counted_and_not_answered(self):
        for data in (b"\0" * 5000, self.random.randbytes(200000), b"GET / HTTP/1.1\r\n\r\n", b"\xff" * 70000, b"\x01" * 70000,
                     b"\x05abcd\0" * 500, b"\x10\0", bytes(range(256)) * 20):
            self.assertEqual(self.pour(data), b"")
        before = self.counters()["strangers"]
        frame = b"\x33" + bytes(self.random.randrange(1, 256) for _ in range(50)) + b"\0"
        self.pour(frame * 10)
        wait_for(lambda: self.counters()["strangers"] > before, "the counter to move")
        self.goes_on()

    def test_a_hundred_idle_strangers_do_not_displace_the_line(self):
        held = []
        for _ in range(100):
            try:
                held.append(self.stranger())
            except OSError:
                break
        self.goes_on()
        for s in held:
            s.close()
        self.goes_on()

    def test_replayed_and_cut_streams_are_dropped(self):
        for i in range(20):
            self.a.must("send", "freedonia", "-p", "flash", f"said {i}")
        self.goes_on()
        heads = (self.a.line("freedonia")["own_head"], self.a.line("freedonia")["peer_head"])
        entries = stations.record(self.a, "freedonia")
        kept = {key: bytes(data) for key, data in self.pair.proxy.kept.items()}
        for data in (kept["in"], kept["out"], kept["in"][:-3], kept["in"][1:], kept["in"] * 3, kept["in"][:40]):
            self.pour(data)
        flipped = bytearray(kept["in"])
        for at in range(5, len(flipped), 17):
            flipped[at] = (flipped[at] ^ 1) or 1
        self.pour(bytes(flipped))
        wait_for(lambda: self.counters()["replayed"] > 0, "the replays to be counted")
        now = (self.a.line("freedonia")["own_head"], self.a.line("freedonia")["peer_head"])
        self.assertEqual(now[1], heads[1])
        after = stations.record(self.a, "freedonia")
        self.assertEqual({i: after[i]["hash"] for i in entries}, {i: e["hash"] for i, e in entries.items()})
        self.goes_on()

    def test_a_replay_after_both_started_again_is_no_entry_and_no_session(self):
        self.a.must("send", "freedonia", "-p", "flash", "once", "--wait", "delivered")
        kept = bytes(self.pair.proxy.kept["in"]), bytes(self.pair.proxy.kept["out"])
        for station in (self.a, self.b):
            station.must("down")
        self.a.must("up")
        for data in kept:
            self.pour(data)
        self.assertNotEqual(self.a.line("freedonia")["state"], "up")
        self.b.must("up")
        self.pids = (self.a.pids(), self.b.pids())
        self.goes_on()
        texts = [m["text"] for m in self.b.must("list", "ruritania", "--json").lines]
        self.assertEqual(texts.count("once"), 1)

    def unix(self, name, station=None):
        folder = os.open((station or self.a).home, os.O_PATH)
        s = socket.socket(socket.AF_UNIX)
        s.settimeout(10)
        try:
            s.connect(f"/proc/self/fd/{folder}/run/{name}")
        finally:
            os.close(folder)
        return s

    def test_garbage_on_the_relays_socket(self):
        for data in (self.random.randbytes(100000), b"\0" * 1000, b"\x02\x44\x02\x01\x02\x02\x00" * 100):
            with self.unix("relay.sock") as s:
                try:
                    s.sendall(data)
                except OSError:
                    pass
        self.goes_on()

    def ask_raw(self, data, half=False):
        with self.unix("control.sock") as s:
            try:
                s.sendall(data)
                if half:
                    return b""
                s.shutdown(socket.SHUT_WR)
                got = b""
                while True:
                    more = s.recv(65536)
                    if not more:
                        return got
                    got += more
            except OSError:
                return b""

    def test_bad_requests_get_an_error_and_nothing_stops(self):
        for data, code in ((b"nonsense\n", -32700), (b"{\n", -32700), (b"[]\n", -32600), (b"{}\n", -32600),
                           (b'{"jsonrpc":"2.0","id":1,"method":"fly"}\n', -32601), (b'"\xff"\n', -32700),
                           (b'{"jsonrpc":"2.0","id":1,"method":5}\n', -32600), (b"\0\n", -32700)):
            got = self.ask_raw(data)
            self.assertTrue(got, data)
            self.assertEqual(json.loads(got.split(b"\n")[0])["error"]["code"], code, data)
        for params in ({}, {"line": 5}, {"line": "freedonia"}, {"line": "freedonia", "messages": 5}, {"line": "freedonia",
                       "messages": []}, {"line": "freedonia", "messages": [5]}, {"line": "freedonia", "messages": [{}]},
                       {"line": "freedonia", "messages": [{"text": "x", "precedence": 9}]},
                       {"line": "freedonia", "messages": [{"text": "x", "precedence": "routine"}] * 1025},
                       {"line": "freedonia", "messages": [{"text": "x", "precedence": "routine"}], "wait": "never"},
                       {"line": "freedonia", "messages": [{"text": "x", "precedence": "routine"}], "wait": "delivered", "timeout_ms": -5},
                       {"line": "freedonia", "messages": [{"text": "x", "precedence": "routine", "lang": 5}]},
                       {"line": "freedonia", "messages": [{"text": "x", "precedence": "routine", "exercise": "yes"}]},
                       {"line": "freedonia", "messages": [{"text": "ok", "precedence": "routine"}, {"text": "", "precedence": "routine"}]}, [], 7, "x", None):
            for method in ("send", "act", "list", "show", "log", "follow", "resume", "unfreeze", "drop_session"):
                if method != "send" and isinstance(params, dict) and params.get("line") == "freedonia":
                    continue
                answer = self.a.rpc(method, params) if params else None
                if answer is not None:
                    self.assertIn("error", answer, (method, params))
        self.assertEqual(self.a.must("list", "freedonia", "--json").lines, [])
        self.goes_on()

    def test_terms_that_are_none_are_refused(self):
        for terms in ({}, [], 5, None, {"per_minute": "x"}, {"flash": -1}, {"of_tomorrow": 1}):
            for topic in ("times", "handling", "rate"):
                if (topic, terms) != ("handling", {"of_tomorrow": 1}):
                    answer = self.a.rpc("propose", {"line": "freedonia", "topic": topic, "terms": terms})
                    self.assertEqual(answer["error"]["code"], 2, (topic, terms, answer))
        self.assertEqual([e for e in stations.record(self.a, "freedonia").values() if e["kind"] == "propose"], [])

    def test_every_method_answers_whatever_it_is_asked_and_the_records_stay_one(self):
        """Some of it makes sense by chance and is written; then both sides have it."""
        with open(os.path.join(stations.TOP, "doc", "control.md"), encoding="utf-8") as doc:
            methods = set(re.findall(r"(?m)^### (\w+)$", doc.read())) - {"stop", "close"}
        self.assertGreater(len(methods), 35)
        one = self.b.must("send", "ruritania", "one", "--json").json["id"]
        values = (5, -1, 1 << 40, 1.5, True, None, "", "x", one, "A1", "B9", "en", "x" * 70000, "\u202e", [], [5], ["x"], {},
                  {"1": "x"}, {"text": "x"}, "propose", "readback", "channel", "tests", "times", "2026-11")
        for method in sorted(methods | {"officers", "rules", "drafts", "draft_show"}):
            for n in range(40):
                params = {name: self.random.choice(values) for name in self.random.sample(NAMES, self.random.randrange(6))}
                if n % 4:
                    params["line"] = "freedonia"
                elif n % 8:
                    params["line"] = "nowhere"
                answer = self.a.rpc(method, params)
                self.assertNotEqual("error" in answer, "result" in answer, (method, params, answer))
                if "error" in answer:
                    self.assertNotEqual(answer["error"]["code"], -32601, method)
                    self.assertTrue(answer["error"]["message"], (method, params))
        self.goes_on()
        wait_for(lambda: stations.record(self.a, "freedonia").keys() == stations.record(self.b, "ruritania").keys(),
                 "one record", 30)

    def test_oversized_and_deep_requests(self):
        self.ask_raw(b"x" * (5 << 20) + b"\n")
        self.ask_raw(b'{"jsonrpc":"2.0","id":1,"method":"send","params":{"line":"' + b"x" * (5 << 20) + b'"}}\n')
        for deep in (b"[" * 200000, b'{"a":' * 200000, b'{"jsonrpc":"2.0","id":' + b"[" * 100000 + b"]" * 100000 + b',"method":"ping"}'):
            self.ask_raw(deep + b"\n")
        self.goes_on()

    def test_a_hundred_connections_and_half_requests(self):
        held = []
        for _ in range(100):
            try:
                s = self.unix("control.sock")
                s.sendall(b'{"jsonrpc":"2.0","id":1,"method":"pi')
                held.append(s)
            except OSError:
                break
        for s in held:
            s.close()
        wait_for(lambda: self.a.run("status").code == 0, "the socket to be free again")
        self.ask_raw(b'{"jsonrpc":"2.0","id":1,"method":"send","params":{"line":"freedonia","messages":[{"text":"half"', half=True)
        self.goes_on()
        self.assertNotIn("half", [m["text"] for m in self.a.must("list", "freedonia", "--json").lines])

    def test_a_client_that_never_reads_hurts_only_itself(self):
        with self.unix("control.sock") as s:
            s.settimeout(0.5)
            try:
                while True:
                    s.sendall(b'{"jsonrpc":"2.0","id":1,"method":"status","params":{}}\n' * 1000)
            except OSError:
                pass
            self.goes_on()
            with open(f"/proc/{self.a.pids()['openlined']}/status", encoding="ascii") as f:
                resident = next(int(line.split()[1]) for line in f if line.startswith("VmRSS"))
            self.assertLess(resident, 64 * 1024)

    def test_a_client_that_left_leaves_its_text(self):
        with self.unix("control.sock") as s:
            s.sendall(b'{"jsonrpc":"2.0","id":1,"method":"send","params":{"line":"freedonia","wait":"confirmed",'
                      b'"messages":[{"text":"left behind","precedence":"routine"}]}}\n')
            wait_for(lambda: any(m["text"] == "left behind" for m in self.a.must("list", "freedonia", "--json").lines), "it")
        self.goes_on()
        wait_for(lambda: any(m["text"] == "left behind" for m in self.b.must("list", "ruritania", "--json").lines), "it there")


if __name__ == "__main__":
    unittest.main()
