# SPDX-License-Identifier: Apache-2.0
"""Two real stations on this machine, for the demo and the tests: the programs of out/bin (or OPENLINE_BIN), homes in a
temporary folder, a proxy between them that can be cut. No fixed sleeps: what is waited for is asked for."""
import json
import os
import shutil
import socket
import struct
import subprocess
import tempfile
import threading
import time

TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
BIN = os.environ.get("OPENLINE_BIN", os.path.join(TOP, "out", "bin"))
os.environ["OPENLINE_LANG"] = "en"  # what the tests look for; test/cli/languages_test.py has the other languages


def program(name):
    return os.path.join(BIN, name)


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def wait_for(what, said, seconds=10.0):
    """Asks until the answer is true; the answer."""
    end = time.monotonic() + seconds
    while True:
        answer = what()
        if answer:
            return answer
        if time.monotonic() > end:
            raise AssertionError(f"waited {seconds} s in vain: {said}")
        time.sleep(0.02)


class Proxy:
    """A TCP path that can be cut: accepts on its port and carries bytes to another."""

    def __init__(self, to):
        self.to = to
        self.server = socket.socket()
        self.server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.server.bind(("127.0.0.1", 0))
        self.server.listen()
        self.port = self.server.getsockname()[1]
        self.is_cut = False
        self.swallows = False  # open, and nothing comes out of it
        self.open = []
        self.carried = 0
        self.tap = None  # or a bytearray: what passes
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                one, _ = self.server.accept()
            except OSError:
                return
            if self.is_cut:
                one.close()
                continue
            try:
                other = socket.create_connection(("127.0.0.1", self.to))
            except OSError:
                one.close()
                continue
            self.open += [one, other]
            for a, b in ((one, other), (other, one)):
                a.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                threading.Thread(target=self._carry, args=(a, b), daemon=True).start()

    def _carry(self, a, b):
        try:
            while True:
                got = a.recv(65536)
                if not got:
                    break
                if self.swallows:
                    continue
                self.carried += len(got)
                if self.tap is not None:
                    self.tap += got
                b.sendall(got)
        except OSError:
            pass
        for s in (a, b):
            try:
                s.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def cut(self):
        self.is_cut = True
        for s in self.open:
            try:
                s.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
        self.open = []

    def mend(self):
        self.is_cut = False

    def close(self):
        self.cut()
        self.server.close()


class Answer:
    def __init__(self, done):
        self.code = done.returncode
        self.out = done.stdout.decode("utf-8", "replace")
        self.err = done.stderr.decode("utf-8", "replace")

    @property
    def json(self):
        return json.loads(self.out)

    @property
    def lines(self):
        return [json.loads(line) for line in self.out.split("\n") if line]


class Station:
    def __init__(self, folder, party, station, lang):
        self.home = os.path.join(folder, party.lower())
        self.party = party
        self.card = self.home + ".card"
        self.must("init", self.home, "--party", party, "--station", station, "--lang", lang)
        self.must("card", "-o", self.card)

    def run(self, *args, stdin=None, timeout=60):
        return Answer(subprocess.run([program("openline"), "-C", self.home, *args], input=stdin or b"",
                                     capture_output=True, timeout=timeout))

    def must(self, *args, **kw):
        answer = self.run(*args, **kw)
        if answer.code != 0:
            raise AssertionError(f"{self.party}: openline {' '.join(args)}: exit {answer.code}: {answer.err}")
        return answer

    def status(self):
        return self.must("status", "--json").json

    def line(self, name):
        return next(line for line in self.status()["lines"] if line["name"] == name)

    def pids(self):
        return self.status()["pids"]

    def rpc(self, method, params=None, timeout=30):
        with self.connect() as s:
            s.settimeout(timeout)
            s.sendall(json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": params or {}}).encode() +
                      b"\n")
            got = b""
            while not got.endswith(b"\n"):
                more = s.recv(1 << 20)
                if not more:
                    raise ConnectionError("the station closed the control socket")
                got += more
        return json.loads(got)

    def connect(self):
        s = socket.socket(socket.AF_UNIX)
        folder = os.open(self.home, os.O_PATH)
        try:
            s.connect(f"/proc/self/fd/{folder}/run/control.sock")
        finally:
            os.close(folder)
        return s


class Caller:
    """A connection to a station's control socket on which many requests may wait at once. Each answer goes to the
    callback of its request, from a thread of the connection; None when the connection ended first."""

    def __init__(self, station, on_event=None):
        self.socket = station.connect()
        self.on_event = on_event
        self.lock = threading.Lock()
        self.waiting = {}
        self.last = 0
        self.is_closed = False
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()

    def ask(self, method, params, then):
        with self.lock:
            if self.is_closed:
                raise ConnectionError("the connection has ended")
            self.last += 1
            self.waiting[self.last] = then
            line = json.dumps({"jsonrpc": "2.0", "id": self.last, "method": method, "params": params}).encode() + b"\n"
            try:
                self.socket.sendall(line)
            except OSError:
                pass  # the reader sees the end, and tells all who wait

    def call(self, method, params=None, timeout=30):
        got, came = [], threading.Event()
        self.ask(method, params or {}, lambda answer: (got.append(answer), came.set()))
        if not came.wait(timeout):
            raise AssertionError(f"no answer to {method} in {timeout} s")
        if got[0] is None:
            raise ConnectionError("the connection has ended")
        return got[0]

    def _read(self):
        try:
            with self.socket.makefile("rb") as lines:
                for line in lines:
                    if not line.endswith(b"\n"):
                        break
                    answer = json.loads(line)
                    if answer.get("method") == "event":
                        if self.on_event:
                            self.on_event(answer["params"])
                        continue
                    with self.lock:
                        then = self.waiting.pop(answer["id"])
                    then(answer)
        except OSError:
            pass
        with self.lock:
            self.is_closed = True
            waiting, self.waiting = self.waiting, {}
        for then in waiting.values():
            then(None)

    def close(self):
        try:
            self.socket.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self.reader.join(10)
        self.socket.close()


def verified(pair, cards=True):
    """Exports the line from both stations and verifies both; the two answers of openline-verify."""
    answers = []
    for station, line in ((pair.a, "freedonia"), (pair.b, "ruritania")):
        file = os.path.join(pair.folder, f"{line}-{time.monotonic_ns()}.export")
        station.must("export", line, "-o", file)
        args = ["--card", pair.a.card, "--card", pair.b.card] if cards else []
        answer = Answer(subprocess.run([program("openline-verify"), *args, file, "--json"], capture_output=True))
        if answer.code != 0:
            raise AssertionError(f"{station.party}: verify: exit {answer.code}: {answer.out} {answer.err}")
        answers.append(answer.json)
        os.unlink(file)
    return answers


def record(station, line):
    """What `log` says of each entry, by id."""
    entries = station.must("log", line, "--json").lines
    ids = {entry["id"]: entry for entry in entries}
    if len(ids) != len(entries):
        raise AssertionError(f"{station.party}: log shows an id twice")
    return ids


def sanitizer_complaints(home):
    """What a program built with sanitizers wrote into its log."""
    complaints = []
    folder = os.path.join(home, "log")
    for name in os.listdir(folder) if os.path.isdir(folder) else []:
        with open(os.path.join(folder, name), encoding="utf-8", errors="replace") as log:
            text = log.read()
        if "Sanitizer" in text or "runtime error:" in text:
            complaints.append(f"{name}:\n{text[-4000:]}")
    return complaints


class Pair:
    """Ruritania and Freedonia, paired over one TCP path, through a proxy unless that is not wanted."""

    def __init__(self, compare=True, proxied=True, lang="zh"):
        self.folder = tempfile.mkdtemp(prefix="openline-")
        self.a = Station(self.folder, "Ruritania", "Foreign ministry watch", "en")
        self.b = Station(self.folder, "Freedonia", "Joint staff watch", lang)
        self.psk = os.path.join(self.folder, "courier.key")
        self.a.must("psk", "-o", self.psk)
        self.port = free_port()
        self.proxy = Proxy(self.port) if proxied else None
        self.code_a = self.a.must("pair", "freedonia", "--card", self.b.card, "--psk", self.psk, "--path",
                                  f"tcp:listen:127.0.0.1:{self.port}", "--json").json["code"]
        args = ["--code", self.code_a] if compare else []
        self.code_b = self.b.must("pair", "ruritania", "--card", self.a.card, "--psk", self.psk, "--path",
                                  f"tcp:connect:127.0.0.1:{self.proxy.port if proxied else self.port}", "--json", *args).json["code"]
        if compare:
            self.a.must("pair", "freedonia", "--code", self.code_b)

    def up(self):
        self.a.must("up")
        self.b.must("up")
        self.wait_up()

    def is_up(self):
        return self.a.line("freedonia")["state"] == "up" and self.b.line("ruritania")["state"] == "up"

    def wait_up(self, seconds=10.0):
        wait_for(self.is_up, "the line to be up on both sides", seconds)

    def close(self, keep=False):
        if not keep:
            for station in (self.a, self.b):
                station.run("down")
        if self.proxy:
            self.proxy.close()
        said = [complaint for station in (self.a, self.b) for complaint in sanitizer_complaints(station.home)]
        if not keep:
            shutil.rmtree(self.folder, ignore_errors=True)
        if said:
            raise AssertionError("\n".join(said))


def write_sums(path):
    """The sums at the ends of a record's pages, anew, after a program that knows nothing of them has written it."""
    mask = (1 << 64) - 1
    with open(path, "r+b") as f:
        for number in range(1, os.path.getsize(path) // 4096 + 1):
            page = f.read(4096)
            total = number * 0x9e3779b97f4a7c15 & mask
            for (word,) in struct.iter_unpack("<Q", page[:4088]):
                total = (total ^ word) * 0xd6e8feb86659fd93 & mask
                total ^= total >> 32
            f.seek(-8, os.SEEK_CUR)
            f.write(struct.pack("<Q", total))
