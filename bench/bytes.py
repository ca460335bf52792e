#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Bytes on the wire between two real stations, as frames before COBS, counted by a tap between their relays: a FLASH of
100 bytes and its receipt on a warm and on a cold session, and what else goes with a message on a quiet line."""
import os
import socket
import subprocess
import sys
import time

TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, os.path.join(TOP, "test"))
import stations  # noqa: E402

WARM_MOST = 301
COLD_MOST = 397
ELSE_MOST = 60
TEXT = "Unannounced exercise in sector four begins at 0600 UTC. No hostile intent. Please confirm receipt..."
MESSAGES = 20
FRAME_OVERHEAD, HANDSHAKE_OVERHEAD = 20, 58
ENTRY, RECEIPT = 14 + 64 + len(TEXT), 14 + 64 + 1  # the least that such an item takes at the end of its frame
NAMES = {1: "message 1", 2: "message 2", 3: "frame"}
assert len(TEXT.encode()) == 100


class Tap(stations.Proxy):
    """A proxy that decodes what it carries: (time, from, type, length) of each frame."""

    def __init__(self, to):
        self.frames = []
        super().__init__(to)

    def _carry(self, a, b):
        author = "A" if a.getpeername()[1] == self.to else "B"
        waiting = b""
        try:
            while got := a.recv(65536):
                *whole, waiting = (waiting + got).split(b"\0")
                for frame in filter(None, map(decoded, whole)):
                    self.frames.append((time.monotonic(), author, frame[0] >> 4, len(frame)))
                b.sendall(got)
        except OSError:
            pass
        for s in (a, b):
            try:
                s.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass


def decoded(block):
    """A COBS block without its delimiter."""
    out = bytearray()
    while block:
        code, block = block[0], block[1:]
        out += block[:code - 1]
        block = block[code - 1:]
        if block and code < 255:
            out.append(0)
    return bytes(out)


def quiet(tap, seconds=0.7):
    stations.wait_for(lambda: not tap.frames or time.monotonic() - tap.frames[-1][0] > seconds, "a quiet line", 30)


def send(pair):
    params = {"line": "freedonia", "wait": "delivered", "messages": [{"text": TEXT, "precedence": "flash"}]}
    answer = pair.a.rpc("send", params)
    if answer["result"]["outcome"] != "done":
        raise AssertionError(f"not delivered: {answer}")


def carries(kind, length, item):
    return length >= item + (FRAME_OVERHEAD if kind == 3 else HANDSHAKE_OVERHEAD)


def split(frames):
    """The frames that carry the entry or its receipt, and the others. A handshake is for the sake of the entry."""
    main = [f for f in frames if f[2] != 3 or carries(f[2], f[3], ENTRY if f[1] == "A" else RECEIPT)]
    return main, [f for f in frames if f not in main]


def total(frames):
    return sum(length for _, _, _, length in frames)


def words(frames):
    return ", ".join(f"{author} {NAMES[kind]} {length}" for _, author, kind, length in frames) or "nothing"


def one_message(pair, what, most):
    tap = pair.proxy
    quiet(tap)
    tap.frames = []
    send(pair)
    quiet(tap)
    main, other = split(tap.frames)
    print(f"{what}: {total(main)} bytes (at most {most} wanted): {words(main)}; with it {total(other)}: {words(other)}",
          flush=True)


def cold_message(pair):
    quiet(pair.proxy)
    for station, line in ((pair.a, "freedonia"), (pair.b, "ruritania")):
        station.rpc("drop_session", {"line": line})
    one_message(pair, "cold", COLD_MOST)


def quiet_line(pair):
    tap = pair.proxy
    quiet(tap)
    tap.frames = []
    for i in range(MESSAGES):
        send(pair)
        quiet(tap, 1.0)
    main, other = split(tap.frames)
    print(f"{MESSAGES} messages, one a second: {total(main) / MESSAGES:.1f} bytes each; else "
          f"{total(other) / MESSAGES:.1f} a message (under {ELSE_MOST} wanted): {len(other)} frames", flush=True)


def main():
    stations.Proxy = Tap
    pair = stations.Pair()
    try:
        pair.up()
        one_message(pair, "warm", WARM_MOST)
        one_message(pair, "warm", WARM_MOST)
        cold_message(pair)
        quiet_line(pair)
    finally:
        pair.close()


if __name__ == "__main__":
    subprocess.run([os.path.join(TOP, "build")], check=True)
    main()
