#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""A program that is taken over: from within the running station, relay and keepers, what it could try is tried. The
programs are a build of their own, which does that on a signal (src/sandbox/probe.c)."""
import ctypes
import fcntl
import os
import re
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import stations
from stations import wait_for

PROGRAMS = ("station/openlined", "relay/openline-relay", "cli/openline", "verify/openline-verify")
DENIED, NO_CALL, NO_FAMILY, NOT_PERMITTED = ("Permission denied", "Function not implemented",
                                             "Address family not supported by protocol", "Operation not permitted")
ENDED = "ending: this program never makes system call"
OUTSIDE = ("read-other-home", "make-outside", "write-outside", "read-ssh", "read-memory-of-other",
           "read-environment-of-other")
OTHERS = ("execute", "make-process", "trace-other", "read-memory-by-call", "signal-other", "become-root")


def build(name, *options):
    """Programs built with these options, beside each other in a folder."""
    where = os.path.join(stations.TOP, "out", name)
    if not os.path.exists(os.path.join(where, "build.ninja")):
        subprocess.run(["meson", "setup", where, stations.TOP, *options], check=True, stdout=subprocess.DEVNULL)
    built = subprocess.run(["ninja", "-C", where, *(f"src/{program}" for program in PROGRAMS)], capture_output=True,
                           text=True, check=False)
    if built.returncode:
        raise AssertionError(built.stdout[-4000:])
    folder = where + "-bin"
    os.makedirs(folder, exist_ok=True)
    for program in PROGRAMS:
        target = os.path.join(folder, os.path.basename(program))
        if os.path.exists(target):
            os.unlink(target)
        os.link(os.path.join(where, "src", program), target)
    return folder


def attempts():
    with open(os.path.join(stations.TOP, "src", "sandbox", "probe.c"), encoding="utf-8") as f:
        return re.findall(r'^    \{"([a-z0-9-]+)", \w+, ', f.read(), re.M)


def children(pid):
    with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as f:
        return [int(child) for child in f.read().split()]


def status(pid):
    with open(f"/proc/{pid}/status", encoding="ascii", errors="replace") as f:
        return dict(line.rstrip("\n").split(":\t", 1) for line in f if ":\t" in line)


def is_there(pid):
    try:
        return status(pid)["State"][0] not in "ZX"
    except FileNotFoundError:
        return False


def confinable():
    """Whether the kernel has what the tests are about; the programs run without, and say so."""
    libc = ctypes.CDLL(None, use_errno=True)
    landlock = libc.syscall(444, None, 0, 1)
    return landlock > 0 and status("self").get("Seccomp") is not None


class Probed(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.number = {name: signal.SIGRTMIN + i for i, name in enumerate(attempts())}
        cls.before = stations.BIN
        stations.BIN = build("probe", "-Dprobe=true")

    @classmethod
    def tearDownClass(cls):
        stations.BIN = cls.before

    def setUp(self):
        home, self.user = os.environ.get("HOME"), tempfile.mkdtemp(prefix="openline-user-")
        self.addCleanup(shutil.rmtree, self.user)
        self.addCleanup(os.environ.__setitem__, "HOME", home or "/")
        os.environ["HOME"] = self.user
        os.mkdir(os.path.join(self.user, ".ssh"))
        self.pair = stations.Pair(proxied=False)
        self.addCleanup(self.pair.close)
        for file in (os.path.join(self.user, ".ssh", "id_ed25519"), os.path.join(self.pair.folder, "outside")):
            with open(file, "w", encoding="ascii") as f:
                f.write("not theirs\n")
        self.a, self.b = self.pair.a, self.pair.b
        self.pair.up()

    def pid(self, program):
        return wait_for(lambda: self.a.pids()[program], program)

    def attempt(self, program, name, keeper=False):
        """What came of it: "done", the reason of a refusal, or ENDED when it cost the process its life."""
        self.a.must("up")
        pid = self.pid(program)
        if keeper:
            pid, = children(pid)
        path = os.path.join(self.a.home, "log", f"{program}.log")
        begin = os.path.getsize(path)
        os.kill(pid, self.number[name])

        def outcome():
            with open(path, encoding="utf-8") as log:
                log.seek(begin)
                said = re.search(rf"^(?:probe {name}: (.+)|({ENDED}).*)$", log.read(), re.M)
            return said and (said[1] or said[2])
        said = wait_for(outcome, f"what became of {name}")
        if said == ENDED:
            wait_for(lambda: not is_there(pid), f"{program} to be gone after {name}")
            if keeper:
                self.a.must("down")
        else:
            self.assertTrue(is_there(pid), name)
        return said

    def outcomes(self, program, names, keeper=False):
        return {name: self.attempt(program, name, keeper) for name in names}

    def all_are(self, program, names, said, keeper=False):
        self.assertEqual(self.outcomes(program, names, keeper), dict.fromkeys(names, said))

    def line_works(self):
        self.a.must("up")
        self.b.must("up")
        self.pair.wait_up()
        self.a.must("send", "freedonia", "still here", "-p", "flash", "--wait", "delivered")


class TheRelay(Probed):
    def test_it_opens_nothing_of_the_station_and_nothing_else(self):
        self.all_are("openline-relay", ("read-keys", "read-record", "read-conf", "write-conf", "read-station-log",
                                        "make-in-home") + OUTSIDE, DENIED)
        self.all_are("openline-relay", ("remove-lock", "make-code"), NO_CALL)
        self.all_are("openline-relay", ("connect-control", "connect-relay"), NO_FAMILY)
        self.assertTrue(os.path.exists(os.path.join(self.a.home, "run", "openlined.lock")))
        self.line_works()

    def test_it_has_the_network_and_no_raw_socket(self):
        self.all_are("openline-relay", ("socket-inet", "socket-inet6", "read-hosts"), "done")
        self.assertEqual(self.attempt("openline-relay", "socket-raw"), NOT_PERMITTED)
        self.assertEqual(self.attempt("openline-relay", "socket-packet"), ENDED)
        self.line_works()

    def test_it_ends_before_it_becomes_or_touches_another_process(self):
        self.all_are("openline-relay", OTHERS, ENDED)
        self.line_works()

    def test_its_keeper_changes_nothing_and_gets_no_socket(self):
        self.all_are("openline-relay", ("read-conf",), "done", keeper=True)
        self.all_are("openline-relay", ("write-conf", "make-in-home") + OUTSIDE, DENIED, keeper=True)
        self.all_are("openline-relay", ("socket-inet", "connect-control", "execute"), ENDED, keeper=True)


class TheStation(Probed):
    def test_it_opens_nothing_outside_its_home(self):
        self.all_are("openlined", ("read-keys", "read-record", "write-conf", "make-in-home"), "done")
        self.all_are("openlined", OUTSIDE + ("read-hosts",), DENIED)
        self.assertFalse(os.path.exists(os.path.join(self.pair.folder, "probe.made")))
        self.line_works()

    def test_it_gets_no_socket_of_any_kind(self):
        self.all_are("openlined", ("socket-inet", "socket-inet6", "socket-raw", "socket-packet", "connect-control"), ENDED)
        self.line_works()

    def test_it_ends_before_it_becomes_or_touches_another_process(self):
        self.all_are("openlined", OTHERS, ENDED)
        self.assertEqual(self.attempt("openlined", "make-code"), NO_CALL)
        self.line_works()

    def test_its_keeper_reaches_the_relay_and_no_file(self):
        self.assertEqual(self.attempt("openlined", "connect-relay", keeper=True), "done")
        self.all_are("openlined", ("read-keys", "read-conf", "make-in-home", "read-other-home", "make-outside", "read-ssh"),
                     NO_CALL, keeper=True)
        self.all_are("openlined", ("socket-inet", "socket-packet", "execute"), ENDED, keeper=True)

    def test_it_does_not_go_on_without_its_keeper(self):
        pid = self.pid("openlined")
        os.kill(children(pid)[0], signal.SIGKILL)
        relay = self.pid("openline-relay")
        os.kill(relay, signal.SIGKILL)
        wait_for(lambda: not is_there(pid), "the station to end")
        with open(os.path.join(self.a.home, "log", "openlined.log"), encoding="utf-8") as log:
            self.assertIn("the keeper is gone", log.read())
        self.line_works()


class Rights(Probed):
    def test_every_process_and_thread_has_given_up_its_rights(self):
        binds = 1 << 10  # CAP_NET_BIND_SERVICE, for a path on a port below 1024
        for program, may in (("openlined", 0), ("openline-relay", binds)):
            pid = self.pid(program)
            processes = [pid, *children(pid)]
            self.assertEqual(len(processes), 2, "it and its keeper")
            for process in processes:
                threads = os.listdir(f"/proc/{process}/task")
                for thread in threads:
                    has = status(f"{process}/task/{thread}")
                    self.assertEqual((has["Seccomp"], has["NoNewPrivs"]), ("2", "1"), program)
                    for kind in ("CapPrm", "CapEff", "CapInh"):
                        self.assertEqual(int(has[kind], 16) & ~(may if process == pid else 0), 0, (program, kind))

    def test_a_command_that_reads_what_others_wrote_has_too(self):
        with subprocess.Popen([stations.program("openline"), "-C", self.a.home, "send", "freedonia", "-"],
                              stdin=subprocess.PIPE, stdout=subprocess.DEVNULL,
                              stderr=subprocess.DEVNULL) as command:
            wait_for(lambda: status(command.pid)["Seccomp"] == "2", "it to be confined")
            command.communicate(b"a text")
        self.assertEqual(command.returncode, 0)

    def test_a_keeper_ends_with_its_program(self):
        for program in ("openlined", "openline-relay"):
            pid = self.pid(program)
            keeper, = children(pid)
            os.kill(pid, signal.SIGKILL)
            wait_for(lambda keeper=keeper: not is_there(keeper), f"the keeper of {program} to end")
        self.line_works()

    def test_doctor_says_that_they_are_confined(self):
        said = [row for row in self.a.run("doctor", "--json").lines if row["check"] == "sandbox"]
        self.assertEqual([row["result"] for row in said], ["OK"])

    def test_without_landlock_and_seccomp_they_run_and_say_so(self):
        """The kernel is made to answer as one that has neither."""
        self.a.must("down")
        bare = tempfile.mkdtemp(prefix="openline-bare-")
        self.addCleanup(shutil.rmtree, bare)
        for name in ("openlined", "openline-relay", "openline"):
            real = os.path.join(bare, name + ".real" if name != "openline" else name)
            shutil.copy(stations.program(name), real)
            if name != "openline":
                with open(os.path.join(bare, name), "w", encoding="ascii") as f:
                    f.write(f"#!/bin/sh\nexec strace -D -qq -o /dev/null -e trace=seccomp,landlock_create_ruleset "
                            f"-e inject=seccomp,landlock_create_ruleset:error=ENOSYS {real} \"$@\"\n")
                os.chmod(os.path.join(bare, name), 0o755)
        before, stations.BIN = stations.BIN, bare
        self.addCleanup(setattr, stations, "BIN", before)
        self.addCleanup(self.a.run, "down")
        self.line_works()
        for name in ("openlined", "openline-relay"):
            self.assertEqual(status(self.pid(name))["Seccomp"], "0")
            with open(os.path.join(self.a.home, "log", f"{name}.log"), encoding="utf-8") as log:
                self.assertIn("not confined: this kernel has neither Landlock nor seccomp", log.read())
        doctor = subprocess.run(["strace", "-qq", "-o", "/dev/null", "-e", "trace=seccomp,landlock_create_ruleset", "-e",
                                 "inject=seccomp,landlock_create_ruleset:error=ENOSYS", stations.program("openline"), "-C",
                                 self.a.home, "doctor", "--json"], capture_output=True, text=True, check=False)
        said = [line for line in doctor.stdout.splitlines() if '"sandbox"' in line]
        self.assertEqual(len(said), 2)
        self.assertTrue(all("WARN" in line for line in said), said)
        self.assertEqual(doctor.returncode, 0)


class Order(Probed):
    """Rights go before anything from outside is read."""

    def traced(self, *command):
        out = os.path.join(self.pair.folder, "trace")
        done = subprocess.Popen(["strace", "-qq", "-o", out, "-e", "trace=openat,seccomp,bind,listen,accept4,landlock_restrict_self",
                                 *command], stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        return done, out

    def is_before(self, out, first, *later):
        with open(out, encoding="utf-8", errors="replace") as f:
            lines = f.read().splitlines()
        at = max(i for i, line in enumerate(lines) if line.startswith(first))
        for what in later:
            where = [i for i, line in enumerate(lines) if what in line and "O_PATH" not in line and "= -1" not in line]
            self.assertTrue(where, what)
            self.assertLess(at, where[0], what)

    def test_of_the_station_before_keys_record_and_requests(self):
        self.a.must("down")
        process, out = self.traced(stations.program("openlined"), "-C", self.a.home)
        self.addCleanup(process.wait)
        wait_for(lambda: self.a.run("status", "--json").json["pids"]["openlined"], "the station")
        self.a.must("list", "freedonia")
        self.a.must("down")
        process.wait(10)
        self.is_before(out, "landlock_restrict_self", '"keys"', "record.db", "accept4(")
        self.is_before(out, "seccomp(SECCOMP_SET_MODE_FILTER, 0", '"keys"', "record.db", "accept4(")

    def test_of_the_relay_before_it_has_a_path_or_lets_a_station_in(self):
        self.a.must("down")
        process, out = self.traced(stations.program("openline-relay"), "-C", self.a.home)
        self.addCleanup(process.wait)
        wait_for(lambda: self.a.run("status", "--json").json["pids"]["openline-relay"], "the relay")
        self.a.must("up")
        self.pair.wait_up()
        self.a.must("down")
        process.wait(10)
        self.is_before(out, "landlock_restrict_self", "htons(", "listen(", "accept4(")
        self.is_before(out, "seccomp(SECCOMP_SET_MODE_FILTER, 0", "htons(", "listen(", "accept4(")

    def test_of_the_auditors_tool_before_the_file(self):
        file = os.path.join(self.pair.folder, "line.export")
        self.a.must("send", "freedonia", "x", "--wait", "delivered")
        self.a.must("export", "freedonia", "-o", file)
        process, out = self.traced(stations.program("openline-verify"), "--card", self.a.card, file)
        self.assertEqual(process.wait(20), 0)
        self.is_before(out, "landlock_restrict_self", "line.export", os.path.basename(self.a.card))
        self.is_before(out, "seccomp(SECCOMP_SET_MODE_FILTER, 0", "line.export", os.path.basename(self.a.card))


def loopback_up():
    """In a new network there is only what stands here."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        fcntl.ioctl(s, 0x8914, struct.pack("16sH14x", b"lo", 0x41))  # SIOCSIFFLAGS, IFF_UP | IFF_RUNNING


def answer_names(server):
    """127.0.0.1 for every name."""
    while True:
        query, who = server.recvfrom(512)
        end = query.index(b"\0", 12) + 5
        asked, kind = query[12:end], struct.unpack(">H", query[end - 4:end - 2])[0]
        found = b"\xc0\x0c" + struct.pack(">HHIH", 1, 1, 1, 4) + bytes([127, 0, 0, 1]) if kind == 1 else b""
        server.sendto(query[:2] + struct.pack(">HHHHH", 0x8180, 1, 1 if found else 0, 0, 0) + asked + found, who)


def reach_by_name(program, folder, resolver, port):
    """In a network and mounts of its own: a name server, and a relay whose path goes to a name. Ends with 0 when the
    relay's connection came."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(0x40000000 | 0x00020000):  # CLONE_NEWNET, CLONE_NEWNS
        os._exit(2)
    subprocess.run(["mount", "--make-rprivate", "/"], check=True)
    subprocess.run(["mount", "--bind", resolver, "/etc/resolv.conf"], check=True)
    loopback_up()
    names = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    names.bind(("127.0.0.1", 53))
    threading.Thread(target=answer_names, args=(names,), daemon=True).start()
    peer = socket.socket()
    peer.bind(("127.0.0.1", port))
    peer.listen()
    peer.settimeout(20)
    with open(os.path.join(folder, "log"), "wb") as log:
        relay = subprocess.Popen([program, "-C", folder], stderr=log)
    try:
        peer.accept()[0].close()
        code = 0
    except OSError:
        code = 1
    relay.kill()
    os._exit(code)


class Names(Probed):
    def test_the_confined_relay_finds_a_peer_by_its_name(self):
        folder = os.path.join(self.pair.folder, "relay")
        os.mkdir(folder)
        resolver = os.path.join(self.pair.folder, "resolv.conf")
        with open(resolver, "w", encoding="ascii") as f:
            f.write("nameserver 127.0.0.1\n")
        with open(os.path.join(folder, "relay.conf"), "w", encoding="ascii") as f:
            f.write('paths = ({ id = 1; line = "0123456789abcdef"; path = 0; spec = "tcp:connect:watch.example:7001"; });\n')
        child = os.fork()
        if child == 0:
            try:
                reach_by_name(stations.program("openline-relay"), folder, resolver, 7001)
            finally:
                os._exit(3)
        code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        if code == 2:
            print("SKIPPED: a network and mounts of one's own cannot be made here")
            self.skipTest("no network of one's own")
        with open(os.path.join(folder, "log"), encoding="utf-8") as log:
            self.assertEqual(code, 0, log.read())


if __name__ == "__main__":
    if not confinable():
        print("SKIPPED: this kernel has no Landlock or no seccomp")
        sys.exit(0)
    unittest.main()
