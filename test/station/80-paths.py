#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""A line over TCP and UDP, one of them cut; and over nothing but a UDP path that loses, doubles and reorders."""
import os
import random
import select
import socket
import sys
import threading
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import stations
from stations import wait_for


def free_udp_port():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Datagrams:
    """Stands between two UDP ports; loses, doubles and holds back what it is told to."""

    def __init__(self, first, second, loss=0.0, seed=1):
        self.random = random.Random(seed)
        self.loss = loss
        self.is_cut = False
        self.dropped = self.carried = 0
        self.ends = []
        for peer in (first, second):
            s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            s.bind(("127.0.0.1", 0))
            self.ends.append((s, ("127.0.0.1", peer)))
        self.ports = [s.getsockname()[1] for s, _ in self.ends]
        self.ended = False
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def _run(self):
        held = []  # what waits to be overtaken
        while not self.ended:
            ready = select.select([s for s, _ in self.ends], [], [], 0.02)[0]
            late, held = held, []
            for i, (s, _) in enumerate(self.ends):
                if s not in ready:
                    continue
                try:
                    data = s.recv(65536)
                except OSError:
                    continue
                out, to = self.ends[1 - i]
                luck = self.random.random()
                if self.is_cut or luck < self.loss:
                    self.dropped += 1
                elif self.loss and luck < self.loss + 0.15:
                    held.append((out, to, data))
                else:
                    self._send(out, to, data)
                    if self.loss and luck > 0.95:
                        self._send(out, to, data)
            for one in late:
                self._send(*one)

    def _send(self, out, to, data):
        self.carried += 1
        try:
            out.sendto(data, to)
        except OSError:
            pass

    def close(self):
        self.ended = True
        self.thread.join(5)
        for s, _ in self.ends:
            s.close()


class Paths(unittest.TestCase):
    def make(self, tcp, loss=0.0):
        self.folder = None
        pair = stations.Pair.__new__(stations.Pair)
        pair.folder = stations.tempfile.mkdtemp(prefix="openline-")
        pair.a = stations.Station(pair.folder, "Ruritania", "Foreign ministry watch", "en")
        pair.b = stations.Station(pair.folder, "Freedonia", "Joint staff watch", "zh")
        pair.psk = os.path.join(pair.folder, "courier.key")
        pair.a.must("psk", "-o", pair.psk)
        udp_a, udp_b = free_udp_port(), free_udp_port()
        self.datagrams = Datagrams(udp_a, udp_b, loss)
        self.addCleanup(self.datagrams.close)
        pair.port = stations.free_port()
        pair.proxy = stations.Proxy(pair.port) if tcp else None
        paths_a = [f"udp:127.0.0.1:{udp_a}:127.0.0.1:{self.datagrams.ports[0]}"]
        paths_b = [f"udp:127.0.0.1:{udp_b}:127.0.0.1:{self.datagrams.ports[1]}"]
        if tcp:
            paths_a.insert(0, f"tcp:listen:127.0.0.1:{pair.port}")
            paths_b.insert(0, f"tcp:connect:127.0.0.1:{pair.proxy.port}")
        for station, name, card, paths in ((pair.a, "freedonia", pair.b.card, paths_a),
                                           (pair.b, "ruritania", pair.a.card, paths_b)):
            with open(os.path.join(station.home, "station.conf"), encoding="utf-8") as f:
                conf = f.read()
            with open(os.path.join(station.home, "station.conf"), "w", encoding="utf-8") as f:
                f.write(conf.replace("liveness_seconds = 20;", "liveness_seconds = 1;"))
            args = [word for spec in paths for word in ("--path", spec)]
            station.must("pair", name, "--card", card, "--psk", pair.psk, *args)
        self.addCleanup(pair.close)
        self.pair, self.a, self.b = pair, pair.a, pair.b
        pair.a.must("up")
        pair.b.must("up")

    def states(self):
        return [(s.line(n)["state"], {p["name"].split(":")[0]: p["state"] for p in s.line(n)["paths"]})
                for s, n in ((self.a, "freedonia"), (self.b, "ruritania"))]

    def both(self, state, seconds=15):
        try:
            wait_for(lambda: [s for s, _ in self.states()] == [state] * 2, state, seconds)
        except AssertionError:
            self.fail(f"not {state} on both sides: {self.states()}")

    def flash(self, text):
        for station, line in ((self.a, "freedonia"), (self.b, "ruritania")):
            answer = station.run("send", line, "-p", "flash", text, "--wait", "delivered", "--timeout", "5")
            self.assertEqual(answer.code, 0, (text, self.states(), answer.err))

    def test_a_line_on_two_paths_is_degraded_when_one_is_cut(self):
        self.make(tcp=True)
        self.both("up")
        self.flash("on both")
        self.pair.proxy.cut()
        self.flash("tcp is cut")
        self.both("degraded")
        self.assertEqual([p for _, p in self.states()], [{"tcp": "down", "udp": "up"}] * 2)
        self.pair.proxy.mend()
        self.both("up")
        self.datagrams.is_cut = True
        self.flash("udp is cut")
        self.both("degraded")
        self.assertEqual([p for _, p in self.states()], [{"tcp": "up", "udp": "down"}] * 2)
        self.pair.proxy.cut()
        self.both("down")
        self.a.must("send", "freedonia", "waits for a path")
        self.datagrams.is_cut = False
        wait_for(lambda: any(m["text"] == "waits for a path" for m in self.b.must("list", "ruritania", "--json").lines), "it", 15)
        self.pair.proxy.mend()
        self.both("up")
        texts = [m["text"] for m in self.b.must("list", "ruritania", "--json").lines if m["direction"] == "in"]
        self.assertEqual(len(texts), len(set(texts)))
        stations.verified(self.pair)

    def test_udp_alone_with_loss_and_disorder_loses_nothing(self):
        self.make(tcp=False, loss=0.2)
        self.both("up")
        said = {}
        for station, line in ((self.a, "freedonia"), (self.b, "ruritania")):
            caller = stations.Caller(station)
            self.addCleanup(caller.close)
            for i in range(30):
                text = f"{station.party} {i} " + "x" * (0, 300, 6000)[i % 3]
                precedence = ("flash", "routine", "immediate", "priority")[i % 4]
                said.setdefault(line, set()).add(text)
                self.assertIn("result", caller.call("send", {"line": line, "messages": [
                    {"text": text, "precedence": precedence}]}))

        def all_there():
            return {m["text"] for m in self.b.must("list", "ruritania", "--json").lines if m["direction"] == "in"} == \
                said["freedonia"] and {m["text"] for m in self.a.must("list", "freedonia", "--json").lines
                                       if m["direction"] == "in"} == said["ruritania"]
        wait_for(all_there, "all texts to arrive", 40)
        wait_for(lambda: {m["state"] for m in self.a.must("list", "freedonia", "--json").lines} |
                 {m["state"] for m in self.b.must("list", "ruritania", "--json").lines} == {"delivered"}, "all receipts", 40)
        self.assertGreater(self.datagrams.dropped, 0)
        wait_for(lambda: self.a.line("freedonia")["own_head"] == self.b.line("ruritania")["peer_head"] and
                 self.b.line("ruritania")["own_head"] == self.a.line("freedonia")["peer_head"], "equal heads", 20)
        stations.verified(self.pair)

    def test_udp_survives_garbage(self):
        self.make(tcp=False)
        self.both("up")
        noise = random.Random(3)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
            for size in (0, 1, 3, 20, 60, 1200, 1500, 9000, 60000):
                for station in (self.a, self.b):
                    spec = station.status()["lines"][0]["paths"][0]["spec"]
                    s.sendto(noise.randbytes(size), ("127.0.0.1", int(spec.split(":")[2])))
        self.flash("after garbage")
        self.both("up")


if __name__ == "__main__":
    unittest.main()
