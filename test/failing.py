# SPDX-License-Identifier: Apache-2.0
"""Failing allocations, reads, writes and syncs in a running station: for n = 1, 2, 3 ... the n-th from a message's sending
on fails, once or for good, until the message is delivered without meeting it. The station may refuse, or end and be
started again; it may not crash, hang, say what is not so, or lose what it said.

    OPENLINE_FAILING_LIB=FILE   the library that makes them fail (out/build/test/loops/libfailing.so)"""
import json
import mmap
import os
import socket
import struct
import subprocess
import sys

import stations
from stations import wait_for

SORTS = ("allocation", "read", "write", "sync")
LIBRARY = os.environ.get("OPENLINE_FAILING_LIB", os.path.join(stations.TOP, "out/build/test/loops/libfailing.so"))
SLOW = 20  # seconds that an answer may take; then it is a hang


class Orders:
    """The map that the library reads: numbers left by sort, whether for good, how many have failed."""

    def __init__(self, path):
        with open(path, "w+b") as f:
            f.write(bytes(8 * (len(SORTS) + 2)))
            f.flush()
            self.map = mmap.mmap(f.fileno(), 0)

    def give(self, sort, n, for_good):
        struct.pack_into("<Q", self.map, 8 * (len(SORTS) + 1), 0)
        struct.pack_into("<Q", self.map, 8 * len(SORTS), for_good)
        struct.pack_into("<Q", self.map, 8 * SORTS.index(sort), n)

    def clear(self):
        for i in range(len(SORTS)):
            struct.pack_into("<Q", self.map, 8 * i, 0)

    def failed(self):
        return struct.unpack_from("<Q", self.map, 8 * (len(SORTS) + 1))[0]


class Loop:
    def __init__(self):
        self.pair = stations.Pair(proxied=False)
        self.a, self.b = self.pair.a, self.pair.b
        self.orders = Orders(os.path.join(self.pair.folder, "orders"))
        self.daemon = None
        self.said = {}  # text: what was told of it
        self.count = self.tried = self.ended = 0

    def start(self):
        """The station that is to fail: in the foreground, with the library in front of its own."""
        log = open(os.path.join(self.a.home, "log", "failing.log"), "ab")  # pylint: disable=consider-using-with
        self.daemon = subprocess.Popen(  # pylint: disable=consider-using-with
            [stations.program("openlined"), "-C", self.a.home], stderr=log,
            env=dict(os.environ, LD_PRELOAD=LIBRARY, OPENLINE_FAILING=os.path.join(self.pair.folder, "orders")))
        log.close()
        wait_for(self.is_up_or_ended, "the failing station to be up", SLOW)
        if self.daemon.poll() is not None:
            raise AssertionError(f"the station ended at its start: {self.daemon.returncode}: {self.last_words()}")

    def is_up_or_ended(self):
        if self.daemon.poll() is not None:
            return True
        try:
            return self.a.line("freedonia")["state"] == "up"
        except (AssertionError, StopIteration):
            return False

    def last_words(self):
        with open(os.path.join(self.a.home, "log", "failing.log"), encoding="utf-8") as f:
            return f.read()[-1000:]

    def stop(self):
        if self.daemon is not None and self.daemon.poll() is None:
            self.daemon.terminate()
            self.daemon.wait(SLOW)

    def call(self, method, params):
        """An answer, an error, or None when the station closed the connection or ended."""
        try:
            with self.a.connect() as s:
                s.settimeout(SLOW)
                s.sendall(json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}).encode() + b"\n")
                got = b""
                while not got.endswith(b"\n"):
                    more = s.recv(1 << 16)
                    if not more:
                        return None
                    got += more
            return json.loads(got)
        except (ConnectionError, FileNotFoundError, BrokenPipeError):
            return None
        except socket.timeout:
            raise AssertionError(f"no answer to {method} for {SLOW} s") from None

    def send(self):
        self.count += 1
        text = f"number {self.count} " + "x" * (self.count % 7 * 100)
        answer = self.call("send", {"line": "freedonia", "wait": "delivered", "timeout_ms": 5000,
                                    "messages": [{"text": text, "precedence": "flash"}]})
        message = answer["result"]["messages"][0] if answer and "result" in answer else None
        self.said[text] = "nothing" if message is None else "released" if message["delivered_at"] is None else "delivered"
        return self.said[text] == "delivered"

    def goes_on(self, what):
        """Whether a message is delivered, by a station that is started again when it has ended."""
        if self.daemon.poll() is not None:
            self.ended += 1
            if self.daemon.returncode < 0:
                raise AssertionError(f"{what}: the station was ended by signal {-self.daemon.returncode}")
            self.start()
        wait_for(self.is_up_or_ended, f"the line to be up after {what}", SLOW)
        return self.send()

    def once(self, sort, n, for_good):
        """One message with this failure; whether that was met."""
        what = f"{sort} {n} failed {'for good' if for_good else 'once'}"
        self.tried += 1
        self.orders.give(sort, n, for_good)
        self.send()
        self.call("status", {})
        met = self.orders.failed() > 0
        self.orders.clear()
        wait_for(lambda: self.daemon.poll() is not None or self.call("status", {}), "an answer, or the end", SLOW)
        if not self.goes_on(what) and not self.goes_on(what):
            raise AssertionError(f"after {what} nothing is delivered any more")
        return met

    def texts(self, station, line):
        found = []
        after = None
        while True:
            answer = station.rpc("list", {"line": line, "limit": 500, **({"after": after} if after else {})})["result"]
            found += [m["text"] for m in answer["messages"]]
            after = answer.get("next")
            if not after:
                return found

    def check(self):
        here, there = self.texts(self.a, "freedonia"), self.texts(self.b, "ruritania")
        for text, told in self.said.items():
            if here.count(text) > 1 or there.count(text) > 1:
                raise AssertionError(f"{text[:20]} is shown twice")
            if told != "nothing" and (text not in here or text not in there):
                raise AssertionError(f"{text[:20]} was told to be {told} and is not there")
        stations.verified(self.pair)

    def run(self, steps):
        """steps: by sort, how far from one n to the next once the first 10 were tried."""
        self.pair.up()
        os.kill(self.a.pids()["openlined"], 15)
        wait_for(lambda: self.a.run("status", "--json").code != 0 or not self.a.status()["pids"].get("openlined"),
                 "the station to end", SLOW)
        self.start()
        for sort in SORTS:
            for for_good in (False, True):
                n = 1
                while self.once(sort, n, for_good):
                    n += 1 if n < 10 else steps[sort]
                print(f"{sort}, {'for good' if for_good else 'once'}: up to {n}", flush=True)
        wait_for(lambda: sorted(self.texts(self.a, "freedonia")) == sorted(self.texts(self.b, "ruritania")), "equal lists", 60)
        self.check()
        print(f"{self.tried} failures, of which {self.ended} ended the station; {len(self.said)} messages")

    def close(self):
        self.stop()
        self.pair.close()


def main(steps):
    if not os.path.exists(LIBRARY):
        print(f"SKIPPED: {LIBRARY} is not there")
        return 0
    loop = Loop()
    try:
        loop.run(steps)
    finally:
        loop.close()
    return 0


if __name__ == "__main__":
    sys.exit(main(dict.fromkeys(SORTS, int(sys.argv[1]) if len(sys.argv) > 1 else 1)))
