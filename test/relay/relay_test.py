#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The real openline-relay, with stations and strangers played by this test.

    relay_test.py PROGRAM [unittest options]
"""
import itertools
import os
import select
import shutil
import signal
import socket
import stat
import struct
import subprocess
import sys
import tempfile
import time
import unittest

PROGRAM = ""
DEADLINE = 20.0  # for what should take a moment: the machine may be busy
LINE = "0123456789abcdef"
TCP_WINDOW = 16
UDP_WINDOW = 32
FRAME_MAX = 4096


def encode(frame):
    """COBS with its 00, the plain way: split at the zeros, then into blocks."""
    out = bytearray()
    for part in bytes(frame).split(b"\0"):
        while len(part) >= 254:
            out += b"\xff" + part[:254]
            part = part[254:]
        out += bytes([len(part) + 1]) + part
    return bytes(out) + b"\0"


def decode(block):
    out = bytearray()
    at = 0
    while at < len(block):
        code = block[at]
        out += block[at + 1:at + code]
        at += code
        if code != 255 and at < len(block):
            out.append(0)
    assert at == len(block), "the relay wrote a block that does not decode"
    return bytes(out)


def free_port(kind=socket.SOCK_STREAM):
    with socket.socket(socket.AF_INET, kind) as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def wait_for(what, deadline=DEADLINE):
    """Polls; there is no event to wait for when a file appears."""
    end = time.monotonic() + deadline
    while True:
        got = what()
        if got:
            return got
        if time.monotonic() > end:
            raise AssertionError("waited too long for " + (what.__doc__ or repr(what)))
        time.sleep(0.005)


class Station:
    """A client of run/relay.sock."""

    def __init__(self, folder):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        here = os.open(".", os.O_RDONLY)
        try:
            os.chdir(folder)
            self.socket.connect("run/relay.sock")
        except OSError:
            self.socket.close()
            raise
        finally:
            os.fchdir(here)
            os.close(here)
        self.bytes = b""
        self.queue = []
        self.credit = {}
        self.paths = {}

    def close(self):
        self.socket.close()

    def say(self, kind, path=0, conn=0, rest=b""):
        self.socket.settimeout(DEADLINE)
        self.socket.sendall(encode(struct.pack(">cHH", kind, path, conn) + rest))

    def take(self, deadline):
        """The next message as (type, path, conn, rest), None at the end of the stream."""
        end = time.monotonic() + deadline
        while b"\0" not in self.bytes:
            self.socket.settimeout(max(0.001, end - time.monotonic()))
            more = self.socket.recv(1 << 16)
            if not more:
                return None
            self.bytes += more
        block, self.bytes = self.bytes.split(b"\0", 1)
        message = decode(block)
        kind, path, conn = struct.unpack(">cHH", message[:5])
        if kind == b"C":
            self.credit[path] = self.credit.get(path, 0) + struct.unpack(">H", message[5:])[0]
        if kind == b"P":
            self.paths[path] = struct.unpack(">HHI", message[5:])
        return kind, path, conn, message[5:]

    def wait(self, kind, path=None, conn=None, rest=None, deadline=DEADLINE):
        """Waits for such a message; keeps the others for later waits, in order."""
        def fits(m):
            return (m[0] == kind and (path is None or m[1] == path)
                    and (conn is None or m[2] == conn) and (rest is None or m[3] == rest))
        for i, m in enumerate(self.queue):
            if fits(m):
                return self.queue.pop(i)
        end = time.monotonic() + deadline
        while True:
            try:
                m = self.take(max(0.001, end - time.monotonic()))
            except (socket.timeout, TimeoutError):
                raise AssertionError("no %r came; waiting were %r" % (kind, self.queue[:10]))
            if m is None:
                raise AssertionError("the relay closed the connection")
            if fits(m):
                return m
            self.queue.append(m)

    def wait_credit(self, path, count):
        while self.credit.get(path, 0) < count:
            self.wait(b"C", path)

    def fill(self, path, frame):
        """Sends until a whole window is out and stays out: only waiting tells that nothing comes."""
        sent = 0
        base = self.credit.get(path, 0)
        while True:
            while sent - (self.credit.get(path, 0) - base) < TCP_WINDOW:
                self.say(b"F", path, 0, frame())
                sent += 1
                assert sent < 20000, "nothing holds the sender up"
            if not self.ready(0.5):
                return sent
            self.queue.append(self.take(DEADLINE))

    def ready(self, timeout):
        return b"\0" in self.bytes or bool(select.select([self.socket], [], [], timeout)[0])

    def ended(self):
        try:
            while self.take(DEADLINE) is not None:
                pass
        except ConnectionResetError:
            pass
        return True


class Relay:
    def __init__(self, specs):
        self.folder = tempfile.mkdtemp(prefix="relay-")
        self.log_path = os.path.join(self.folder, "log")
        self.process = None
        self.configure(specs)

    def configure(self, specs):
        """specs: {id: spec}"""
        groups = ['  { id = %d; line = "%s"; path = %d; spec = "%s"; }' % (i, LINE, i % 16, s)
                  for i, s in specs.items()]
        with open(os.path.join(self.folder, "next"), "w") as f:
            f.write("paths = (\n" + ",\n".join(groups) + "\n);\n")
        os.rename(os.path.join(self.folder, "next"), os.path.join(self.folder, "relay.conf"))

    def start(self):
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen([PROGRAM, "-C", self.folder], stderr=log)
        wait_for(self.is_open)
        return self

    def is_open(self):
        """the relay's socket"""
        if self.process.poll() is not None:
            raise AssertionError("the relay ended: " + self.log())
        try:
            Station(self.folder).close()
            return True
        except (FileNotFoundError, ConnectionRefusedError):
            return False

    def log(self):
        with open(self.log_path, "r") as f:
            return f.read()

    def wait_log(self, text):
        def there():
            return text in self.log()
        there.__doc__ = text + " in the log:\n" + self.log()
        wait_for(there)

    def station(self):
        """A station that has been let in. The one before may still be on its way out."""
        end = time.monotonic() + DEADLINE
        while True:
            s = Station(self.folder)
            try:
                s.wait(b"E")
                return s
            except (AssertionError, ConnectionResetError, BrokenPipeError):
                s.close()
                if time.monotonic() > end:
                    raise
                time.sleep(0.005)

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def end(self):
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(DEADLINE)

    def remove(self):
        if self.process is not None and self.process.poll() is None:
            self.kill()
        shutil.rmtree(self.folder)


class Case(unittest.TestCase):
    def relay(self, specs, start=True):
        r = Relay(specs)
        self.addCleanup(r.remove)
        return r.start() if start else r

    def station(self, relay):
        s = relay.station()
        self.addCleanup(s.close)
        return s

    def stranger(self, port, data=b""):
        s = socket.create_connection(("127.0.0.1", port), DEADLINE)
        self.addCleanup(s.close)
        if data:
            s.sendall(data)
        return s

    def pair(self):
        """Two relays joined by TCP, each with a station, the connection proven on both sides."""
        port = free_port()
        a = self.relay({1: "tcp:listen:127.0.0.1:%d" % port})
        b = self.relay({7: "tcp:connect:127.0.0.1:%d" % port})
        return port, a, b, *self.join(a, b)

    def join(self, a, b):
        sa, sb = self.station(a), self.station(b)
        cb = sb.wait(b"U", 7)[2]
        sb.say(b"F", 7, 0, b"hello")
        ca = sa.wait(b"F", 1, rest=b"hello")[2]
        sa.wait(b"U", 1, ca)
        sa.say(b"V", 1, ca)
        sa.say(b"F", 1, ca, b"welcome")
        sb.wait(b"F", 7, cb, b"welcome")
        sb.say(b"V", 7, cb)
        sa.wait_credit(1, 1)
        sb.wait_credit(7, 1)
        return sa, sb, ca, cb

    def assert_closed(self, s):
        s.settimeout(DEADLINE)
        try:
            while s.recv(4096):
                pass
        except ConnectionResetError:
            pass


class Program(Case):
    def run_program(self, *args):
        return subprocess.run([PROGRAM, *args], capture_output=True, text=True, timeout=DEADLINE)

    def test_help_and_version_are_given(self):
        shown = self.run_program("--help")
        self.assertEqual(shown.returncode, 0)
        self.assertIn("usage: openline-relay", shown.stdout)
        shown = self.run_program("--version")
        self.assertEqual(shown.returncode, 0)
        self.assertRegex(shown.stdout, r"^openline-relay \d+\.\d+\.\d+\n$")

    def test_unknown_option_is_refused(self):
        for args in (["--frobnicate"], ["-x"], ["word"], ["-C"]):
            shown = self.run_program(*args)
            self.assertEqual(shown.returncode, 2, args)
            self.assertIn("usage", shown.stderr)

    def test_folder_that_is_not_there_is_named(self):
        shown = self.run_program("-C", "/nowhere/at/all")
        self.assertEqual(shown.returncode, 1)
        self.assertIn("/nowhere/at/all", shown.stderr)

    def test_bad_configuration_is_named_by_line(self):
        r = self.relay({1: "tcp:listen:127.0.0.1:0"}, start=False)
        shown = self.run_program("-C", r.folder)
        self.assertEqual(shown.returncode, 1)
        self.assertIn("relay.conf:2: spec: port \"0\"", shown.stderr)
        self.assertFalse(os.path.exists(os.path.join(r.folder, "run/relay.pid")))

    def test_log_lines_carry_utc(self):
        r = self.relay({})
        for line in r.log().splitlines():
            self.assertRegex(line, r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ ")

    def test_files_are_private_and_go_at_a_clean_end(self):
        r = self.relay({})
        run = os.path.join(r.folder, "run")
        self.assertEqual(stat.S_IMODE(os.stat(run).st_mode), 0o700)
        self.assertEqual(stat.S_IMODE(os.stat(os.path.join(run, "relay.sock")).st_mode), 0o600)
        with open(os.path.join(run, "relay.pid")) as f:
            self.assertEqual(int(f.read()), r.process.pid)
        self.assertEqual(r.end(), 0)
        self.assertEqual(os.listdir(run), ["relay.lock"])

    def test_interrupt_ends_it_cleanly_with_all_open(self):
        _, a, b, *_ = self.pair()
        a.process.send_signal(signal.SIGINT)
        self.assertEqual(a.process.wait(DEADLINE), 0)
        self.assertEqual(b.end(), 0)

    def test_second_relay_in_a_folder_is_refused(self):
        r = self.relay({})
        shown = self.run_program("-C", r.folder)
        self.assertEqual(shown.returncode, 1)
        self.assertIn("another relay is running", shown.stderr)
        self.station(r)
        self.assertTrue(os.path.exists(os.path.join(r.folder, "run/relay.pid")))

    def test_stale_socket_is_no_obstacle(self):
        r = self.relay({})
        r.kill()
        self.assertTrue(os.path.exists(os.path.join(r.folder, "run/relay.sock")))
        r.start()
        self.station(r)

    def test_long_folder_works(self):
        r = self.relay({}, start=False)
        deep = os.path.join(r.folder, *["d" * 100] * 3)
        os.makedirs(deep)
        whole, r.folder = r.folder, deep
        try:
            r.start()
            self.station(r)
        finally:
            r.folder = whole

    def test_missing_configuration_is_no_path_yet(self):
        r = self.relay({}, start=False)
        os.unlink(os.path.join(r.folder, "relay.conf"))
        r.start()
        s = self.station(r)
        self.assertEqual(s.paths, {})
        r.configure({4: "tcp:connect:127.0.0.1:%d" % free_port()})
        s.say(b"R")
        s.wait(b"E")
        self.assertEqual(list(s.paths), [4])


class Stations(Case):
    def test_paths_are_told_on_connecting(self):
        r = self.relay({3: "tcp:connect:127.0.0.1:%d" % free_port(),
                        300: "udp:127.0.0.1:%d:127.0.0.1:9" % free_port(socket.SOCK_DGRAM)})
        s = self.station(r)
        self.assertEqual(s.paths, {3: (TCP_WINDOW, FRAME_MAX, 0), 300: (UDP_WINDOW, 1200, 0)})
        s.wait(b"U", 300)

    def test_second_station_is_refused_while_the_first_stays(self):
        r = self.relay({1: "tcp:connect:127.0.0.1:%d" % free_port()})
        s = self.station(r)
        second = Station(r.folder)
        self.addCleanup(second.close)
        self.assertTrue(second.ended())
        s.say(b"F", 1, 0, b"x")
        s.wait_credit(1, 1)
        s.close()
        self.station(r)

    def test_new_station_hears_of_the_connections_that_exist(self):
        _, a, b, sa, sb, ca, cb = self.pair()
        sa.close()
        sa = self.station(a)
        sa.wait(b"U", 1, ca)
        sa.say(b"F", 1, 0, b"still the proven one")
        sb.wait(b"F", 7, cb, b"still the proven one")

    def test_frames_are_dropped_while_no_station_listens(self):
        port = free_port()
        r = self.relay({1: "tcp:listen:127.0.0.1:%d" % port})
        r.wait_log("listening\n")
        self.stranger(port, encode(b"lost") * 5).close()
        r.wait_log("unproven connections closed: 1")  # its end was read, so were its frames
        s = self.station(r)
        self.stranger(port, encode(b"heard"))
        self.assertEqual(s.wait(b"F")[3], b"heard")

    def test_nonsense_from_the_station_is_counted_and_changes_nothing(self):
        _, a, b, sa, sb, ca, cb = self.pair()
        bad = [b"", b"F", b"Q\0\1\0\1", b"F\0\1\0\1", b"V\0\1\0\0", b"R\0\1\0\0", b"C\0\1\0\0\0\1",
               b"F\0\1\0\0" + b"y" * (FRAME_MAX + 1), b"U\0\1\0\1"]
        for m in bad:
            sa.socket.sendall(encode(m))
        sa.socket.sendall(b"\x09abc\0\0\0")
        sa.say(b"F", 1, 0, b"after it all")
        sb.wait(b"F", 7, cb, b"after it all")
        sa.close()
        a.wait_log("messages refused: %d," % len(bad))

    def test_station_that_never_reads_is_let_go(self):
        r = self.relay({})
        s = self.station(r)
        owed = encode(struct.pack(">cHH", b"F", 9, 0) + b"x") * 10000
        with self.assertRaises((BrokenPipeError, ConnectionResetError)):
            for _ in range(200):
                s.socket.sendall(owed)
        r.wait_log("station gone: it does not read")
        self.station(r)

    def test_frames_that_cannot_go_give_their_credit_back(self):
        r = self.relay({1: "tcp:listen:127.0.0.1:%d" % free_port(),
                        2: "udp:127.0.0.1:%d:127.0.0.1:%d" % (free_port(socket.SOCK_DGRAM),
                                                               free_port(socket.SOCK_DGRAM))})
        s = self.station(r)
        for conn in (0, 5, 65535):
            s.say(b"F", 1, conn, b"to nobody")
            s.say(b"F", 99, conn, b"no such path")
        s.say(b"F", 2, 0, b"z" * 1201)
        s.wait_credit(1, 3)
        s.wait_credit(99, 3)
        s.wait_credit(2, 1)

    def test_frames_over_the_window_are_dropped_and_credited(self):
        port = free_port()
        listener = socket.create_server(("127.0.0.1", port))
        self.addCleanup(listener.close)
        r = self.relay({1: "tcp:connect:127.0.0.1:%d" % port})
        s = self.station(r)
        s.wait(b"U", 1)
        peer, _ = listener.accept()
        # The peer does not read: what the kernel takes is credited, then sixteen stay with the relay.
        sent = s.fill(1, lambda: b"\1" * FRAME_MAX)
        for _ in range(20):
            s.say(b"F", 1, 0, b"one too many")
        s.wait_credit(1, sent - TCP_WINDOW + 20)
        self.assertEqual(s.credit[1], sent - TCP_WINDOW + 20)
        peer.close()
        s.wait_credit(1, sent + 20)
        s.wait(b"D", 1)

    def test_new_station_is_not_credited_for_the_one_before(self):
        port = free_port()
        listener = socket.create_server(("127.0.0.1", port))
        self.addCleanup(listener.close)
        r = self.relay({1: "tcp:connect:127.0.0.1:%d" % port})
        s = self.station(r)
        s.wait(b"U", 1)
        peer, _ = listener.accept()
        self.addCleanup(peer.close)
        s.fill(1, lambda: b"\1" * FRAME_MAX)
        s.close()
        s = self.station(r)
        while select.select([peer], [], [], 0.2)[0]:
            peer.recv(1 << 20)
        for _ in range(3):
            s.say(b"F", 1, 0, b"mine")
        s.wait_credit(1, 3)
        self.assertEqual(s.credit[1], 3)

    def test_station_that_does_not_read_holds_up_the_peer_and_loses_nothing(self):
        _, a, b, sa, sb, ca, cb = self.pair()
        numbers = itertools.count()
        base = sb.credit[7]
        sent = sb.fill(7, lambda: struct.pack(">I", next(numbers)) + b"f" * 4000)
        for i in range(sent):
            self.assertEqual(sa.wait(b"F", 1, ca)[3][:4], struct.pack(">I", i))
        sb.wait_credit(7, base + sent)


class Tcp(Case):
    def test_frames_go_both_ways(self):
        _, a, b, sa, sb, ca, cb = self.pair()
        for n in (1, 20, 253, 254, 255, 1000, FRAME_MAX):
            for fill in (b"\0", b"\1", b"\xff"):
                sa.say(b"F", 1, 0, fill * n)
                sb.wait(b"F", 7, cb, fill * n)
                sb.say(b"F", 7, cb, fill * n)
                sa.wait(b"F", 1, ca, fill * n)
        sa.wait_credit(1, 22)
        sb.wait_credit(7, 22)

    def test_every_credit_comes_back_in_a_stream_of_frames(self):
        _, a, b, sa, sb, ca, cb = self.pair()
        count = 5000
        base = sb.credit[7]
        sent = got = 0
        while got < count or sb.credit[7] < base + count:
            while sent < count and sent - (sb.credit[7] - base) < TCP_WINDOW:
                sb.say(b"F", 7, 0, struct.pack(">I", sent) + b"\0" * (sent % 40))
                sent += 1
            while sb.ready(0):
                sb.take(DEADLINE)
            while sa.ready(0):
                m = sa.take(DEADLINE)
                self.assertEqual((m[0], m[3][:4]), (b"F", struct.pack(">I", got)))
                got += 1
            if got < sent:
                self.assertTrue(sa.ready(DEADLINE))
            elif sb.credit[7] < base + sent:
                self.assertTrue(sb.ready(DEADLINE))
        self.assertEqual(sb.credit[7], base + count)

    def test_stranger_cannot_displace_the_proven_connection(self):
        port, a, b, sa, sb, ca, cb = self.pair()
        strangers = []
        for _ in range(12):
            strangers.append(self.stranger(port, encode(b"stranger")))
            self.assertNotEqual(sa.wait(b"F", 1, rest=b"stranger")[2], ca)
        for s in strangers[:4]:
            self.assert_closed(s)  # the oldest gave way to the newest
        sa.say(b"F", 1, 0, b"to the proven one")
        sb.wait(b"F", 7, cb, b"to the proven one")
        sb.say(b"F", 7, 0, b"and back")
        sa.wait(b"F", 1, ca, b"and back")

    def test_answer_goes_to_the_connection_that_asked(self):
        port = free_port()
        r = self.relay({1: "tcp:listen:127.0.0.1:%d" % port})
        s = self.station(r)
        one, two = self.stranger(port, encode(b"one")), self.stranger(port, encode(b"two"))
        conns = {name: s.wait(b"F", 1, rest=name)[2] for name in (b"one", b"two")}
        self.assertNotEqual(conns[b"one"], conns[b"two"])
        for name, sock in ((b"one", one), (b"two", two)):
            s.say(b"F", 1, conns[name], b"to " + name)
            self.assertEqual(sock.recv(100), encode(b"to " + name))

    def test_newly_proven_connection_closes_the_one_before(self):
        port = free_port()
        r = self.relay({1: "tcp:listen:127.0.0.1:%d" % port})
        s = self.station(r)
        one = self.stranger(port, encode(b"one"))
        c1 = s.wait(b"F", 1, rest=b"one")[2]
        s.say(b"V", 1, c1)
        two = self.stranger(port, encode(b"two"))
        c2 = s.wait(b"F", 1, rest=b"two")[2]
        s.say(b"F", 1, 0, b"for one")
        self.assertEqual(one.recv(100), encode(b"for one"))
        s.say(b"V", 1, c2)
        s.wait(b"D", 1, c1)
        self.assert_closed(one)
        s.say(b"F", 1, 0, b"for two")
        self.assertEqual(two.recv(100), encode(b"for two"))

    def test_unproven_connection_expires_and_the_proven_stays(self):
        port, a, b, sa, sb, ca, cb = self.pair()
        begun = time.monotonic()
        s = self.stranger(port)
        conn = sa.wait(b"U", 1)[2]
        self.assert_closed(s)
        self.assertGreater(time.monotonic() - begun, 9)
        sa.wait(b"D", 1, conn)
        sa.say(b"F", 1, 0, b"still here")
        sb.wait(b"F", 7, cb, b"still here")

    def test_garbage_is_dropped(self):
        port = free_port()
        r = self.relay({1: "tcp:listen:127.0.0.1:%d" % port})
        s = self.station(r)
        garbage = bytes((i * 7 + 3) % 251 + 1 for i in range(5000))
        self.stranger(port, b"\0\0" + garbage + b"\0" + b"\x05ab\0" + encode(b"whole"))
        self.assertEqual(s.wait(b"F", 1)[3], b"whole")

    def test_unproven_connection_may_not_say_much(self):
        port = free_port()
        r = self.relay({1: "tcp:listen:127.0.0.1:%d" % port})
        s = self.station(r)
        stranger = self.stranger(port)
        conn = s.wait(b"U", 1)[2]
        try:
            stranger.sendall(b"\xff" * (1 << 20))
        except (ConnectionResetError, BrokenPipeError):
            pass
        s.wait(b"D", 1, conn, deadline=5)

    def test_killed_listener_is_back_within_two_seconds(self):
        _, a, b, sa, sb, ca, cb = self.pair()
        a.kill()
        sb.wait(b"D", 7, cb)
        a.start()
        begun = time.monotonic()
        self.join(a, Rejoined(b, sb))
        self.assertLess(time.monotonic() - begun, 2)

    def test_killed_connector_is_back_at_once(self):
        _, a, b, sa, sb, ca, cb = self.pair()
        b.kill()
        sa.wait(b"D", 1, ca)
        b.start()
        self.join(Rejoined(a, sa), b)

    def test_frames_under_way_at_a_loss_are_credited(self):
        _, a, b, sa, sb, ca, cb = self.pair()
        a.process.send_signal(signal.SIGSTOP)
        base = sb.credit[7]
        sent = sb.fill(7, lambda: b"q" * FRAME_MAX)
        a.kill()
        sb.wait(b"D", 7, cb)
        sb.wait_credit(7, base + sent)

    def test_taken_listen_address_is_tried_again(self):
        port = free_port()
        holder = socket.create_server(("127.0.0.1", port))
        r = self.relay({1: "tcp:listen:127.0.0.1:%d" % port})
        r.wait_log("address already in use")
        holder.close()
        r.wait_log("listening\n")
        self.stranger(port)

    def test_lookup_that_fails_or_hangs_holds_up_nothing(self):
        port = free_port()
        specs = {i: "tcp:connect:nowhere%d.invalid:1" % i for i in range(3, 11)}
        specs.update({1: "tcp:listen:127.0.0.1:%d" % port, 2: "tcp:connect:127.0.0.1:%d" % port})
        r = self.relay(specs)
        s = self.station(r)
        s.wait(b"U", 1)
        s.wait(b"U", 2)
        self.assertEqual(r.end(), 0)

    def test_names_and_ipv6_are_reached(self):
        port = free_port()
        specs = {1: "tcp:listen:localhost:%d" % port, 2: "tcp:connect:localhost:%d" % port}
        if socket.has_ipv6 and os.path.exists("/proc/net/if_inet6"):
            other = free_port()
            specs.update({3: "tcp:listen:[::1]:%d" % other, 4: "tcp:connect:[::1]:%d" % other})
        s = self.station(self.relay(specs))
        for path in specs:
            s.wait(b"U", path)


class Rejoined:
    """A relay whose station is there already."""

    def __init__(self, relay, station):
        self.there = station

    def station(self):
        self.there.queue.clear()
        self.there.credit = {}
        return self.there


class Udp(Case):
    def pair(self):
        p, q = free_port(socket.SOCK_DGRAM), free_port(socket.SOCK_DGRAM)
        a = self.relay({1: "udp:127.0.0.1:%d:127.0.0.1:%d" % (p, q)})
        b = self.relay({2: "udp:127.0.0.1:%d:127.0.0.1:%d" % (q, p)})
        sa, sb = self.station(a), self.station(b)
        return p, q, a, b, sa, sb, sa.wait(b"U", 1)[2], sb.wait(b"U", 2)[2]

    def test_frames_go_both_ways(self):
        _, _, a, b, sa, sb, ca, cb = self.pair()
        for n in (1, 20, 1200):
            sa.say(b"F", 1, 0, b"\0" * n)
            sb.wait(b"F", 2, cb, b"\0" * n)
            sb.say(b"F", 2, cb, b"\xff" * n)
            sa.wait(b"F", 1, ca, b"\xff" * n)
        sa.wait_credit(1, 3)
        sb.wait_credit(2, 3)

    def test_only_the_peer_is_heard_and_only_frames_that_are_not_too_long(self):
        p, q, a, b, sa, sb, ca, cb = self.pair()
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
            stranger.sendto(b"stranger", ("127.0.0.1", p))
        b.kill()
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as peer:
            peer.bind(("127.0.0.1", q))
            peer.sendto(b"w" * (FRAME_MAX + 1), ("127.0.0.1", p))
            peer.sendto(b"", ("127.0.0.1", p))
            peer.sendto(b"w" * FRAME_MAX, ("127.0.0.1", p))
        self.assertEqual(sa.wait(b"F", 1)[3], b"w" * FRAME_MAX)

    def test_peer_that_is_not_there_costs_nothing_but_the_frames(self):
        p, q, a, b, sa, sb, ca, cb = self.pair()
        b.kill()
        for i in range(10):
            sa.say(b"F", 1, 0, b"refused")
        sa.wait_credit(1, 10)
        b.start()
        sb = self.station(b)
        cb = sb.wait(b"U", 2)[2]
        # The kernel may still owe one refusal to the next frame.
        sa.say(b"F", 1, ca, b"heard again")
        sa.wait_credit(1, 11)
        sa.say(b"F", 1, ca, b"heard again")
        sb.wait(b"F", 2, cb, b"heard again")


class Reload(Case):
    def test_reload_adds_changes_and_removes_paths(self):
        port, a, b, sa, sb, ca, cb = self.pair()
        second, third = free_port(), free_port()
        listen = "tcp:listen:127.0.0.1:%d"
        a.configure({1: listen % port, 2: listen % second})
        sa.paths = {}
        sa.say(b"R")
        sa.wait(b"E")
        self.assertEqual(sorted(sa.paths), [1, 2])
        self.stranger(second, encode(b"on the new one"))
        sa.wait(b"F", 2, rest=b"on the new one")
        sb.say(b"F", 7, 0, b"the old one runs on")
        sa.wait(b"F", 1, ca, b"the old one runs on")

        a.configure({1: listen % port, 2: listen % third})
        sa.say(b"R")
        sa.wait(b"E")
        a.wait_log("path 2 (tcp:listen:127.0.0.1:%d): listening" % third)
        self.stranger(third, encode(b"moved"))
        sa.wait(b"F", 2, rest=b"moved")
        self.assertRaises(ConnectionRefusedError, socket.create_connection, ("127.0.0.1", second))

        a.configure({2: listen % third})
        sa.paths = {}
        sa.say(b"R")
        sa.wait(b"D", 1, ca)
        sa.wait(b"E")
        self.assertEqual(list(sa.paths), [2])
        sb.wait(b"D", 7, cb)

    def test_port_goes_from_one_path_to_another(self):
        port = free_port()
        r = self.relay({1: "tcp:listen:127.0.0.1:%d" % port})
        s = self.station(r)
        r.wait_log("path 1 (tcp:listen:127.0.0.1:%d): listening" % port)
        r.configure({2: "tcp:listen:127.0.0.1:%d" % port})
        s.say(b"R")
        r.wait_log("path 2 (tcp:listen:127.0.0.1:%d): listening" % port)
        self.stranger(port, encode(b"here"))
        s.wait(b"F", 2, rest=b"here")

    def test_bad_configuration_changes_nothing(self):
        port, a, b, sa, sb, ca, cb = self.pair()
        a.configure({1: "tcp:nonsense"})
        sa.paths = {}
        sa.say(b"R")
        sa.wait(b"E")
        self.assertEqual(list(sa.paths), [1])
        a.wait_log("relay.conf:2: spec: ")
        sb.say(b"F", 7, 0, b"as before")
        sa.wait(b"F", 1, ca, b"as before")


if __name__ == "__main__":
    PROGRAM = os.path.abspath(sys.argv.pop(1))
    unittest.main(verbosity=2)
