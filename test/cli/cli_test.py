# SPDX-License-Identifier: Apache-2.0
"""The command line as people and scripts use it: setting up two homes and pairing them, and what it says to a station
and makes of its answers. The station is played by this test, after doc/control.md."""
import contextlib
import hashlib
import json
import os
import pathlib
import shutil
import socket
import stat
import subprocess
import sys
import tempfile
import threading
import unittest

OPENLINE = os.path.abspath(sys.argv.pop())

RUNS_AND_STAYS = """#!/usr/bin/env python3
import fcntl, os, socket, sys, signal, json
name = os.path.basename(sys.argv[0])
short = "relay" if name == "openline-relay" else name
os.chdir(sys.argv[2])
if os.path.exists("refuse"):
    print("the port is taken", flush=True)
    sys.exit(1)
lock = open(f"run/{short}.lock", "w")
try:
    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
except OSError:
    sys.exit(1)
with open(f"run/{short}.pid", "w") as f:
    f.write(f"{os.getpid()}\\n")
path = "run/relay.sock" if short == "relay" else "run/control.sock"
if os.path.exists(path):
    os.unlink(path)
door = socket.socket(socket.AF_UNIX)
door.bind(path)
door.listen()
with open(f"{name}.descriptors", "w") as f:
    f.write(" ".join(sorted(os.listdir("/proc/self/fd"))))
while True:
    peer, _ = door.accept()
    if short == "relay":
        peer.close()
        continue
    with peer, peer.makefile("rw") as f:
        for line in f:
            ask = json.loads(line)
            f.write(json.dumps({"jsonrpc": "2.0", "id": ask["id"], "result": {"schema": 1}}) + "\\n")
            f.flush()
            if ask["method"] == "stop":
                os._exit(0)
"""


class Station:
    """Answers on a home's control socket: one function a method, from params to result, or to an Error."""

    def __init__(self, home, **methods):
        self.home, self.methods, self.asked = home, methods, []

    def __enter__(self):
        self.door = socket.socket(socket.AF_UNIX)
        here = os.open(self.home, os.O_RDONLY)
        self.door.bind(f"/proc/self/fd/{here}/run/control.sock")
        os.close(here)
        self.door.listen()
        self.thread = threading.Thread(target=self.accept)
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.door.shutdown(socket.SHUT_RDWR)
        self.thread.join()
        self.door.close()
        os.unlink(f"{self.home}/run/control.sock")

    def accept(self):
        workers = []
        with contextlib.suppress(OSError):
            while True:
                peer, _ = self.door.accept()
                workers.append(threading.Thread(target=self.serve, args=[peer]))
                workers[-1].start()
        for worker in workers:
            worker.join()

    def serve(self, peer):
        with peer, peer.makefile("rwb") as f:
            for line in f:
                ask = json.loads(line)
                self.asked.append((ask["method"], ask["params"]))
                said = self.methods[ask["method"]](ask["params"])
                if isinstance(said, bytes):
                    f.write(said)
                    f.flush()
                    return
                answers = said if isinstance(said, list) else [said]
                answers[0] = {"jsonrpc": "2.0", "id": ask["id"], **answers[0]}
                for answer in answers:
                    f.write(json.dumps(answer, ensure_ascii=False).encode() + b"\n")
                with contextlib.suppress(BrokenPipeError):
                    f.flush()
                if len(answers) > 1:
                    return


def result(**fields):
    return {"result": {"schema": 1, **fields}}


def error(code, key, message="in English", **params):
    return {"error": {"code": code, "message": message, "data": {"schema": 1, "key": key, "params": params}}}


def event(**fields):
    return {"jsonrpc": "2.0", "method": "event", "params": {"schema": 1, **fields}}


def message(**fields):
    return {"schema": 1, "id": "A1", "line": "north", "direction": "out", "kind": "message", "precedence": "flash",
            "state": "delivered", "time": "2026-11-21T14:32:07Z", "lang": "en", "subject": None, "text": "Hold fire",
            "exercise": False, "early": False, "time_doubtful": False, **fields}


class Case(unittest.TestCase):
    def setUp(self):
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix="openline-cli-"))
        self.addCleanup(shutil.rmtree, self.dir)

    def run_it(self, *args, want=0, stdin=b"", env=None, program=OPENLINE):
        done = subprocess.run([program, *map(os.fsencode, map(str, args))], input=stdin, cwd=self.dir, timeout=60,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              env={"PATH": os.environ["PATH"], **(env or {})})
        self.out, self.err = done.stdout.decode(), done.stderr.decode()
        self.assertEqual(want, done.returncode, self.out + self.err)
        self.assertNotIn("{", self.err)
        self.assertNotIn("runtime error", self.err)
        return self.out

    def run_json(self, *args, **kw):
        """The objects, one a line; nothing but them on stdout, each with its schema first."""
        out = self.run_it("--json", *args, **kw)
        objects = [json.loads(line) for line in out.splitlines()]
        for said in objects:
            self.assertEqual(("schema", 1), next(iter(said.items())))
        return objects

    def init(self, name, party="Ruritania", station="Watch Centre", lang="en"):
        self.run_it("init", name, "--party", party, "--station", station, "--lang", lang)
        return self.dir / name

    def two_homes(self):
        a, b = self.init("a"), self.init("b", "弗里多尼亚", "值班室", "zh")
        self.run_it("-C", a, "card", "-o", "a.card")
        self.run_it("-C", b, "card", "-o", "b.card")
        self.run_it("psk", "-o", "key")
        return a, b

    def files(self, home):
        """All but the record, whose engine keeps count of who opened it."""
        return {p.name: p.read_bytes() for p in home.iterdir() if p.is_file() and not p.name.startswith("record.db")}


class SettingUp(Case):
    def test_init_makes_a_home_with_secrets_closed_to_others(self):
        home = self.init("a")
        modes = {p.name: stat.S_IMODE(p.stat().st_mode) for p in home.iterdir()}
        for name, mode in {"keys": 0o600, "record.db": 0o600, "revocation.note": 0o600, "run": 0o700,
                           "log": 0o700}.items():
            self.assertEqual(mode, modes[name], name)
        self.assertEqual(0o700, stat.S_IMODE(home.stat().st_mode))
        self.assertEqual({"keys", "card", "station.conf", "relay.conf", "record.db", "revocation.note", "run", "log"},
                         set(modes))
        self.assertIn("-----BEGIN OPENLINE REVOCATION-----", (home / "revocation.note").read_text())

    def test_init_says_who_it_made(self):
        said, = self.run_json("init", "a", "--party", "República", "--station", "值班", "--lang", "pt-BR")
        self.assertEqual(["schema", "home", "party", "station", "lang", "fingerprint"], list(said))
        self.assertEqual(("República", "值班", "pt-BR"), (said["party"], said["station"], said["lang"]))
        self.assertIn("República", self.out)
        card, = self.run_json("-C", "a", "card")
        self.assertEqual(said["fingerprint"], card["fingerprint"])

    def test_init_refuses_to_overwrite_anything_of_a_home(self):
        home = self.init("a")
        before = self.files(home)
        self.run_it("init", "a", "--party", "x", "--station", "y", "--lang", "en", want=1)
        self.assertEqual(before, self.files(home))
        for name in *before, "record.db":
            (self.dir / "c").mkdir()
            (self.dir / "c" / name).write_text("mine")
            self.run_it("init", "c", "--party", "x", "--station", "y", "--lang", "en", want=1)
            self.assertEqual([name], os.listdir(self.dir / "c"))
            self.assertEqual("mine", (self.dir / "c" / name).read_text())
            shutil.rmtree(self.dir / "c")

    def test_init_refuses_names_that_no_card_can_have(self):
        for party, station, lang in [("", "y", "en"), ("x" * 65, "y", "en"), ("x\x1b[2J", "y", "en"), ("x", "\n", "en"),
                                     ("x", "y", "e"), ("x", "y", "en_US"), ("x", "y", "en\"; log = \"debug")]:
            self.run_it("init", "a", "--party", party, "--station", station, "--lang", lang, want=2)
            self.assertFalse((self.dir / "a").exists())
        self.run_it("init", "no/such/place", "--party", "x", "--station", "y", "--lang", "en", want=1)

    def test_card_is_the_same_text_on_stdout_and_in_a_file(self):
        home = self.init("a")
        text = self.run_it("-C", home, "card")
        self.run_it("card", "-o", "card.txt", "-C", home)
        self.assertEqual("", self.out)
        self.assertEqual(text, (self.dir / "card.txt").read_text())
        self.assertEqual(text, self.run_it("card", env={"OPENLINE_HOME": str(home)}))
        self.assertTrue(text.startswith("-----BEGIN OPENLINE CARD-----\n"))

    def test_courier_keys_are_fresh_closed_to_others_and_never_overwritten(self):
        self.run_it("psk", "-o", "k1")
        self.run_it("psk", "-o", "k2")
        key = (self.dir / "k1").read_text()
        self.assertNotEqual(key, (self.dir / "k2").read_text())
        self.assertEqual(0o600, stat.S_IMODE((self.dir / "k1").stat().st_mode))
        self.run_it("psk", "-o", "k1", want=1)
        self.assertEqual([{"schema": 1, "file": "k3"}], self.run_json("psk", "-o", "k3"))
        self.assertEqual(key, (self.dir / "k1").read_text())
        self.run_it("psk", want=2)

    def test_home_with_a_name_longer_than_a_socket_address_works(self):
        long = self.dir / ("d" * 120) / ("e" * 120)
        long.parent.mkdir()
        self.init(long)
        self.run_it("-C", long, "doctor")
        with Station(long, status=lambda _: result(station={}, pids={}, lines=[])):
            self.assertEqual([], self.run_json("-C", long, "status")[0]["lines"])


class Pairing(Case):
    def pair(self, home, name, card, *more, want=0):
        return self.run_it("-C", home, "pair", name, "--card", card, "--psk", "key", *more, want=want)

    def test_each_side_shows_what_the_other_must_type(self):
        a, b = self.two_homes()
        code_a = self.pair(a, "north", "b.card").strip()
        self.assertRegex(code_a, r"^(\d{5} ){5}\d{5}$")
        self.assertIn("destroy", self.err)
        code_b = self.pair(b, "south", "a.card", "--code", code_a).strip()
        self.assertNotEqual(code_a, code_b)
        said, = self.run_json("-C", a, "pair", "north", "--code", code_b.replace(" ", "-"))
        self.assertEqual(["schema", "line", "id", "side", "code", "compared"], list(said))
        self.assertEqual((True, code_a.replace(" ", "")), (said["compared"], said["code"]))
        other, = self.run_json("-C", b, "pair", "south", "--code", code_a.replace(" ", ""))
        self.assertEqual(said["id"], other["id"])
        self.assertEqual({"A", "B"}, {said["side"], other["side"]})
        for home in a, b:
            status, = self.run_json("-C", home, "status")
            self.assertEqual([True], [line["compared"] for line in status["lines"]])
        self.assertTrue((self.dir / "key").exists())

    def test_line_works_uncompared_until_the_codes_are(self):
        a, b = self.two_homes()
        code = self.pair(a, "north", "b.card")
        status, = self.run_json("-C", a, "status")
        self.assertEqual([("north", False)], [(line["name"], line["compared"]) for line in status["lines"]])
        self.assertEqual(code, self.run_it("-C", a, "pair", "north"))

    def test_wrong_code_refuses_and_writes_nothing(self):
        a, b = self.two_homes()
        code_b = self.pair(b, "south", "a.card").strip()
        before = self.files(a)
        wrong = str((int(code_b[0]) + 1) % 10) + code_b[1:]
        for code in wrong, code_b[:-1], code_b + "1", "", "abc", code_b.replace(" ", "."):
            self.pair(a, "north", "b.card", "--code", code, "--path", "tcp:listen:127.0.0.1:7001", want=13)
            self.assertEqual(before, self.files(a))
        self.assertEqual([], self.run_json("-C", a, "status")[0]["lines"])
        code_a = self.pair(a, "north", "b.card", "--code", code_b).strip()
        before = self.files(a)
        self.run_it("-C", a, "pair", "north", "--code", code_a, want=13)
        self.assertIn("this side", self.err)
        self.assertEqual(before, self.files(a))

    def test_ones_own_code_does_not_pass_for_either_side(self):
        a, b = self.two_homes()
        for home, name, card in (a, "north", "b.card"), (b, "south", "a.card"):
            own = self.pair(home, name, card)
            self.run_it("-C", home, "pair", name, "--code", own.strip(), want=13)
            self.assertFalse(self.run_json("-C", home, "status")[0]["lines"][0]["compared"])

    def test_different_courier_keys_do_not_compare(self):
        a, b = self.two_homes()
        code_b = self.pair(b, "south", "a.card").strip()
        self.run_it("psk", "-o", "other")
        self.run_it("-C", a, "pair", "north", "--card", "b.card", "--psk", "other", "--code", code_b, want=13)

    def test_ones_own_card_is_refused(self):
        a, _ = self.two_homes()
        before = self.files(a)
        self.pair(a, "north", "a.card", want=13)
        self.assertEqual(before, self.files(a))

    def test_damaged_card_and_key_are_refused(self):
        a, _ = self.two_homes()
        for name in "b.card", "key":
            good = (self.dir / name).read_text()
            at = good.index("\n") + 5
            changed = good[:at] + ("B" if good[at] == "A" else "A") + good[at + 1:]
            for bad in good[:-10], changed, "", "hello\n":
                (self.dir / name).write_text(bad)
                self.pair(a, "north", "b.card", want=1)
                self.assertIn(name, self.err)
            (self.dir / name).write_text(good)
        self.run_it("-C", a, "pair", "north", "--card", "key", "--psk", "b.card", want=1)
        self.run_it("-C", a, "pair", "north", "--card", "none", "--psk", "key", want=1)

    def test_name_and_line_are_used_once(self):
        a, _ = self.two_homes()
        self.pair(a, "north", "b.card")
        before = self.files(a)
        self.pair(a, "other", "b.card", want=1)
        self.assertIn("north", self.err)
        self.run_it("psk", "-o", "key2")
        self.run_it("-C", a, "pair", "north", "--card", "b.card", "--psk", "key2", want=1)
        self.assertEqual(before, self.files(a))
        for name in "", "a b", "-x", "n.1", "x" * 65, "a\tb", b"\xff":
            self.run_it("-C", a, "pair", "--card", "b.card", "--psk", "key2", "--", name if isinstance(name, str) else
                        os.fsdecode(name), want=2)

    def test_paths_stand_in_the_configuration_and_a_port_belongs_to_one(self):
        a, b = self.two_homes()
        self.pair(a, "north", "b.card", "--path", "tcp:listen:127.0.0.1:7001", "--path",
                  "udp:127.0.0.1:7002:127.0.0.1:7003")
        line, = self.run_json("-C", a, "status")[0]["lines"]
        self.assertEqual([{"name": spec, "state": "down", "rtt_ms": None, "spec": spec} for spec in
                          ("tcp:listen:127.0.0.1:7001", "udp:127.0.0.1:7002:127.0.0.1:7003")], line["paths"])
        (self.dir / "key").unlink()
        self.run_it("psk", "-o", "key")
        before = self.files(a)
        for spec in ("tcp:listen:127.0.0.1:7001", "udp:127.0.0.1:7002:127.0.0.1:9", "tcp:listen:nowhere", "pigeon:x",
                     "", "tcp:connect:127.0.0.1:0"):
            self.pair(a, "second", "b.card", "--path", spec, want=2)
            self.assertEqual(before, self.files(a))
        self.pair(a, "second", "b.card", *["--path", "tcp:connect:127.0.0.1:1"] * 17, want=2)
        self.run_it("-C", a, "pair", "north", "--path", "tcp:connect:127.0.0.1:1", want=2)
        self.run_it("-C", a, "pair", "third", "--card", "b.card", want=2)

    def test_two_pairings_at_once_both_stand(self):
        a, _ = self.two_homes()
        for n in range(4):
            self.init(f"c{n}")
            self.run_it("-C", f"c{n}", "card", "-o", f"c{n}.card")
        running = [subprocess.Popen([OPENLINE, "-C", a, "pair", f"n{n}", "--card", f"c{n}.card", "--psk", "key"],
                                    cwd=self.dir, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
                   for n in range(4)]
        done = {f"n{n}" for n, process in enumerate(running) if process.wait() == 0}
        self.assertTrue(done)
        self.assertEqual(done, {line["name"] for line in self.run_json("-C", a, "status")[0]["lines"]})
        for name in done:
            self.run_it("-C", a, "pair", name)

    def test_keys_that_others_can_read_are_refused_saying_what_to_do(self):
        a, _ = self.two_homes()
        (a / "keys").chmod(0o644)
        self.pair(a, "north", "b.card", want=1)
        self.assertIn("chmod 600", self.err)
        self.run_it("-C", a, "doctor", want=1)

    def test_export_of_a_new_line_is_whole_and_closed_to_others(self):
        a, _ = self.two_homes()
        self.pair(a, "north", "b.card")
        said, = self.run_json("-C", a, "export", "north", "-o", "out")
        self.assertEqual({"schema": 1, "line": "north", "file": "out", "entries": 0}, said)
        content = (self.dir / "out").read_bytes()
        self.assertTrue(content.startswith(b"openline/export/1\0"))
        self.assertEqual(hashlib.sha256(content[:-32]).digest(), content[-32:])
        self.assertEqual(0o600, stat.S_IMODE((self.dir / "out").stat().st_mode))
        self.assertEqual([], [name for name in os.listdir(a) if name.startswith("export.db")])
        self.run_it("-C", a, "export", "south", "-o", "out2", want=1)
        self.run_it("-C", a, "export", "north", want=2)
        self.assertEqual([], [name for name in os.listdir(self.dir) if name.startswith("out") and name != "out"])

    def test_running_station_is_told(self):
        a, _ = self.two_homes()
        with Station(a, reload=lambda _: result()) as station:
            self.pair(a, "north", "b.card")
        self.assertEqual(["reload"], [method for method, _ in station.asked])


class Calling(Case):
    COMMANDS = ("init card psk pair up down status send list show take readback confirm correct decline note log resume "
                "unfreeze doctor export disclose evidence backup restore renew close revoked").split()

    def test_help_is_on_stdout_for_all_and_for_each(self):
        out = self.run_it("--help")
        self.assertEqual("", self.err)
        for name in self.COMMANDS:
            self.assertIn(f"\n  {name} ", out)
            self.assertTrue(self.run_it(name, "--help").startswith("usage: openline "))
            self.assertEqual("", self.err)
            self.assertEqual(self.out, self.run_it("-h", name, "too", "many"))

    def test_wrong_calls_are_usage_errors_on_stderr(self):
        for args in ([], ["fly"], ["status"], ["-C", "x", "status", "more"], ["-C", "x", "send", "north"],
                     ["-C", "x", "status", "--wait", "taken"], ["-C", "x", "send", "--frobnicate"], ["-C"],
                     ["-C", "x", "-C", "y", "status"], ["--json=1", "status"], ["init", "x"],
                     ["-C", "x", "send", "-p", "urgent", "north", "text"],
                     ["-C", "x", "send", "--wait", "read", "north", "text"],
                     ["-C", "x", "send", "--timeout", "soon", "north", "text"],
                     ["-C", "x", "send", "--timeout", "-1", "north", "text"],
                     ["-C", "x", "send", "--timeout", "nan", "north", "text"],
                     ["-C", "x", "resume", "north", "--reason", "r"], ["-C", "x", "resume", "north", "--without-peer"],
                     ["-C", "x", "unfreeze", "north"]):
            self.assertEqual("", self.run_it(*args, want=2))
            self.assertNotEqual("", self.err)

    def test_an_option_that_must_be_there_is_named(self):
        for option, *args in (("--party", "init", "x"), ("--station", "init", "x", "--party", "P"),
                              ("--lang", "init", "x", "--party", "P", "--station", "S"), ("-o", "psk"),
                              ("-o", "-C", "x", "backup"), ("-o", "-C", "x", "disclose", "north", "A1"),
                              ("-o", "-C", "x", "evidence", "north")):
            self.assertEqual("", self.run_it(*args, want=2))
            self.assertIn(option, self.err)

    def test_version_is_one_line(self):
        self.assertRegex(self.run_it("--version"), r"\Aopenline [0-9.]+\n\Z")

    def test_home_that_is_none_is_named(self):
        (self.dir / "empty").mkdir()
        for home in "nowhere", "empty":
            self.run_it("-C", home, "status", want=1)
            self.assertIn(home, self.err)
        self.run_it("status", env={"OPENLINE_HOME": ""}, want=2)

    def test_full_output_is_no_success(self):
        home = self.init("a")
        with open("/dev/full", "wb") as full:
            done = subprocess.run([OPENLINE, "-C", home, "status", "--json"], stdout=full, stderr=subprocess.PIPE)
        self.assertEqual(1, done.returncode, done.stderr)


class Talking(Case):
    def setUp(self):
        super().setUp()
        self.home = self.init("a")

    def asked(self, *args, want=0, stdin=b"", **methods):
        with Station(self.home, **methods) as station:
            self.run_it("-C", self.home, *args, want=want, stdin=stdin)
        return station.asked

    @staticmethod
    def sent(outcome="done", **fields):
        sent = {"id": "A1", "line": "north", "precedence": "flash", "state": "delivered",
                "delivered_at": "2026-11-21T14:32:08Z", **fields}
        return lambda _: result(messages=[sent], outcome=outcome)

    def test_send_hands_over_what_was_said(self):
        (method, params), = self.asked("send", "north", "-p", "flash", "--subject", "Ünterwegs", "--lang", "de",
                                       "--exercise", "--wait", "taken", "--timeout", "2.5", "火急", send=self.sent())
        self.assertEqual("send", method)
        self.assertEqual({"line": "north", "wait": "taken", "timeout_ms": 2500, "messages": [
            {"text": "火急", "subject": "Ünterwegs", "lang": "de", "precedence": "flash", "exercise": True}]}, params)

    def test_an_alarm_reads_with_its_count_and_one_of_no_known_kind_in_the_words_of_the_station(self):
        alarm = {"schema": 1, "id": "7", "priority": "warning", "state": "unacknowledged", "kind": "of_tomorrow", "line": "north",
                 "about": None, "raised_at": "2026-11-21T14:32:08Z", "act_by": "2026-11-21T14:33:08Z", "count": 3,
                 "exercise": True, "cause": "why", "consequence": "what follows", "action": "what to do"}
        with Station(self.home, alarms=lambda _: result(alarms=[alarm])):
            rows = self.run_it("-C", self.home, "alarm", "list").splitlines()
        self.assertRegex(rows[0], r"^7 +warning +unacknowledged +of_tomorrow +north +- +211432Z NOV 26 +x3 +\S+")
        self.assertEqual(["why", "what follows", "what to do"], [row.strip() for row in rows[1:4]])

    def test_send_has_calm_defaults(self):
        (_, params), = self.asked("send", "north", "text", send=self.sent())
        self.assertEqual({"line": "north", "wait": None, "timeout_ms": 30000, "messages": [
            {"text": "text", "subject": None, "lang": None, "precedence": "routine", "exercise": False}]}, params)

    def test_send_prints_one_object_whose_fields_are_always_there(self):
        for fields in {}, {"id": None, "state": "released", "delivered_at": None}:
            with Station(self.home, send=self.sent(**fields)):
                said, = self.run_json("-C", self.home, "send", "north", "text")
            self.assertEqual(["schema", "id", "line", "precedence", "state", "delivered_at"], list(said))
            self.assertEqual(fields.get("id", "A1"), said["id"])

    def test_outcome_is_the_exit_code_and_the_object_is_printed_all_the_same(self):
        for outcome, code in {"done": 0, "not_delivered": 10, "not_taken": 11, "declined": 11}.items():
            with Station(self.home, send=self.sent(outcome)):
                self.assertEqual(1, len(self.run_json("-C", self.home, "send", "north", "--wait", "taken", "text",
                                                      want=code)))
                self.assertEqual(code != 0, self.err != "")

    def test_text_from_stdin_loses_one_final_newline(self):
        for text, want in {"a\n": "a", "a\n\n": "a\n", "a": "a", "\n\n": "\n", "a\0b\n": "a\0b",
                           "x" * 32768 + "\n": "x" * 32768}.items():
            (_, params), = self.asked("send", "north", "-", stdin=text.encode(), send=self.sent())
            self.assertEqual(want, params["messages"][0]["text"])

    def test_text_that_cannot_be_sent_never_reaches_the_station(self):
        for text in b"", b"\n", b"x" * 32769, b"x" * 32769 + b"\n", b"\xff", b"\xed\xa0\x80":
            self.assertEqual([], self.asked("send", "north", "-", stdin=text, want=2))
        self.assertEqual([], self.asked("send", "north", "", want=2))
        self.asked("send", "north", "x" * 32769, want=2)
        self.assertIn("32 KiB", self.err)

    def test_refusal_is_said_in_the_catalogues_words_or_else_in_the_stations(self):
        self.asked("send", "north", "text", want=1, send=lambda _: error(1, "err.line.absent", line="north"))
        self.assertIn("There is no line north", self.err)
        self.asked("send", "north", "text", want=2, send=lambda _: error(2, "err.of.another.version", "Too new \x1b["))
        self.assertIn("Too new <U+001B>[", self.err)
        self.asked("send", "north", "text", want=1, send=lambda _: error(-32601, "x", "no such method"))

    def test_station_that_is_gone_or_talks_nonsense_is_an_error(self):
        self.run_it("-C", self.home, "send", "north", "text", want=1)
        self.assertIn("openline up", self.err)
        for said in b"", b"\n", b"nonsense\n", b"[]\n", b'{"id":1,"result":{"schema":1', b'{"id":1,"result":3}\n':
            self.asked("send", "north", "text", want=1, send=lambda _, said=said: said)

    def test_list_turns_all_the_pages_and_prints_objects_as_they_are(self):
        pages = {None: (["A1", "B1"], "x"), "x": (["A2"], None)}
        every = []

        def list_page(params):
            ids, following = pages[params["after"]]
            every.extend(message(id=i, text="名\0\u202e") for i in ids)
            return result(messages=[message(id=i, text="名\0\u202e") for i in ids], next=following)

        with Station(self.home, list=list_page) as station:
            self.assertEqual(every, self.run_json("-C", self.home, "list", "north", "--open") and
                             [json.loads(line) for line in self.out.splitlines()])
            self.assertIn("名", self.out)
        self.assertEqual([True, True], [params["open"] for _, params in station.asked])

    def test_text_from_outside_cannot_act_on_the_terminal(self):
        for text in "\x1b]0;x\x07", "a\rb", "\u202egnp", "\u009b2J", "\0":
            listed = result(messages=[message(text=text, subject=text)], next=None)
            self.asked("list", "north", list=lambda _, listed=listed: listed)
            self.assertNotIn(text, self.out)
            self.assertIn("<U+", self.out)

    def test_list_for_people_shows_what_matters(self):
        listed = result(messages=[message(exercise=True, early=True, subject="Convoy", text="one\ntwo")], next=None)
        self.asked("list", "north", list=lambda _: listed)
        for word in "A1", "flash", "delivered", "211432Z NOV 26", "EXERCISE", "earlier traffic pending", "# Convoy", \
                    "       two\n":
            self.assertIn(word, self.out)

    def test_follow_goes_on_after_the_list_and_says_nothing_twice(self):
        events = [result(), event(line="north", event="message", message=message()),
                  event(line="north", event="message", message=message(state="taken")),
                  event(line="north", event="line", state="down"),
                  event(line="north", event="message", message=message(id="B1", direction="in"))]
        with Station(self.home, follow=lambda _: list(events),
                     list=lambda _: result(messages=[message()], next=None)):
            said = self.run_json("-C", self.home, "list", "--follow", "north", want=1)
        self.assertEqual([("A1", "delivered"), ("A1", "taken"), ("B1", "delivered")],
                         [(m["id"], m["state"]) for m in said])
        self.assertIn("north is down", self.err)

    def test_show_prints_the_message_and_its_acts(self):
        whole = message(delivered_at="2026-11-21T14:32:08Z", acts=[
            {"entry": "B2", "act": "take", "side": "B", "time": "2026-11-21T14:33:00Z", "text": None},
            {"entry": "B3", "act": "readback", "side": "B", "time": "2026-11-21T14:34:00Z", "text": "we hold"}])
        with Station(self.home, show=lambda _: {"result": whole}) as station:
            self.assertEqual([whole], self.run_json("-C", self.home, "show", "north", "A1"))
            out = self.run_it("-C", self.home, "show", "north", "A1")
        self.assertEqual(("show", {"line": "north", "id": "A1"}), station.asked[0])
        for word in "B2", "take", "B3", "we hold", "211434Z NOV 26":
            self.assertIn(word, out)

    def test_acts_say_what_was_done_to_which_message(self):
        done = lambda params: result(id=params["id"], line=params["line"], state="taken", entry="B7")
        for args, act, text in [(["take", "north", "A1"], "take", None),
                                (["readback", "north", "A1", "we hold"], "readback", "we hold"),
                                (["confirm", "north", "A1"], "confirm", None),
                                (["correct", "north", "A1", "-"], "correct", "from stdin"),
                                (["decline", "north", "A1"], "decline", None),
                                (["decline", "--reason", "asleep", "north", "A1"], "decline", "asleep")]:
            asked = self.asked(*args, act=done, stdin=b"from stdin\n")
            self.assertEqual([("act", {"line": "north", "id": "A1", "act": act, "text": text})], asked)
            with Station(self.home, act=done):
                said, = self.run_json("-C", self.home, *args, stdin=b"from stdin\n")
            self.assertEqual({"schema": 1, "id": "A1", "line": "north", "state": "taken", "entry": "B7"}, said)
        self.assertEqual([], self.asked("readback", "north", "A1", "", want=2))

    def test_operator_takes_responsibility_with_a_reason(self):
        done = lambda params: result(id="A9", line=params["line"], state="released")
        for args in ["resume", "north", "--without-peer", "--reason", "lost"], ["unfreeze", "north", "--reason", "lost"]:
            asked = self.asked(*args, resume=done, unfreeze=done)
            self.assertEqual([(args[0], {"line": "north", "reason": "lost"})], asked)

    def test_log_turns_all_the_pages(self):
        entry = {"schema": 1, "id": "A1", "line": "north", "side": "A", "kind": "message", "precedence": "flash",
                 "time": "2026-11-21T14:32:07Z", "names": "B4", "alone": False, "sealed": True, "hash": "ab" * 32,
                 "exercise": False, "early": False, "time_doubtful": False, "absent": False, "about": None, "text": "x"}
        pages = {None: result(entries=[entry], next=7), 7: result(entries=[{**entry, "id": "A2"}], next=None)}
        with Station(self.home, log=lambda params: dict(pages[params["after"]])):
            self.assertEqual(["A1", "A2"], [e["id"] for e in self.run_json("-C", self.home, "log", "north")])
            self.assertIn("B4", self.run_it("-C", self.home, "log", "north"))

    def test_status_is_the_stations_or_what_stands_in_the_home(self):
        running = {"schema": 1, "station": {"party": "x"}, "pids": {"openlined": 1, "openline-relay": None},
                   "lines": [{"name": "north", "state": "up", "compared": True, "last_heard_ms": 1500, "own_head": 3,
                              "peer_head": 4, "peer": {"station": "值班室"}, "reason": None, "alarms": ["alarm"],
                              "paths": [{"name": "0", "state": "up", "rtt_ms": 12, "spec": "s"}]}]}
        with Station(self.home, status=lambda _: {"result": running}):
            self.assertEqual([running], self.run_json("-C", self.home, "status"))
            out = self.run_it("-C", self.home, "status")
        for word in "north", "up", "值班室", "12 ms", "1 s", "! alarm":
            self.assertIn(word, out)
        running["lines"][0].update(last_heard_ms=180000, reason="nobody answers")
        with Station(self.home, status=lambda _: {"result": running}):
            out = self.run_it("-C", self.home, "status")
        self.assertIn("3 min", out)
        self.assertIn("nobody answers", out)
        self.assertNotEqual("", self.run_it("-C", self.home, "status"))
        fields, = self.run_json("-C", self.home, "status")
        self.assertEqual(["schema", "station", "pids", "lines"], list(fields))
        self.assertEqual(["party", "station", "lang", "fingerprint"], list(fields["station"]))
        self.assertEqual({"openlined": None, "openline-relay": None}, fields["pids"])


class Running(Case):
    """up and down, with two small programs in the place of the real ones."""

    def setUp(self):
        super().setUp()
        self.bin = self.dir / "bin"
        self.bin.mkdir()
        shutil.copy(OPENLINE, self.bin / "openline")
        for name in "openlined", "openline-relay":
            (self.bin / name).write_text(RUNS_AND_STAYS)
            (self.bin / name).chmod(0o755)
        self.home = self.init("a")
        self.addCleanup(self.call, "down")

    def call(self, *args, want=0):
        return self.run_it("--json", "-C", self.home, *args, want=want, program=self.bin / "openline")

    def pids(self):
        return json.loads(self.out)["pids"]

    def test_up_starts_what_is_missing_and_down_ends_it(self):
        self.call("up")
        first = self.pids()
        self.assertTrue(all(first.values()))
        self.call("up")
        self.assertEqual(first, self.pids())
        os.kill(first["openlined"], 9)
        self.call("up")
        self.assertEqual(first["openline-relay"], self.pids()["openline-relay"])
        self.assertNotEqual(first["openlined"], self.pids()["openlined"])
        second = self.pids()
        self.call("down")
        self.assertEqual({"openlined": None, "openline-relay": None}, self.pids())
        for pid in second.values():
            self.assertFalse(self.lives(pid))
        self.call("down")

    @staticmethod
    def lives(pid):
        try:
            return pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
        except FileNotFoundError:
            return False

    def test_programs_keep_no_descriptor_of_the_caller_and_lead_no_terminal(self):
        read, write = os.pipe()
        os.set_inheritable(write, True)
        subprocess.run([self.bin / "openline", "-C", self.home, "up"], pass_fds=[write], check=True,
                       stderr=subprocess.DEVNULL)
        os.close(write)
        self.assertEqual(b"", os.read(read, 1))
        os.close(read)
        self.call("up")
        for name, pid in self.pids().items():
            process = pathlib.Path(f"/proc/{pid}")
            self.assertEqual(str(self.home.resolve()), os.readlink(process / "cwd"))
            self.assertEqual("/dev/null", os.readlink(process / "fd/0"))
            self.assertEqual(str(self.home.resolve() / "log" / f"{name}.log"), os.readlink(process / "fd/1"))
            pid_ns, sid = os.getpgid(pid), os.getsid(pid)
            self.assertNotEqual(os.getsid(0), sid)
            self.assertNotEqual(pid, sid)
            self.assertEqual(pid_ns, sid)

    def test_program_that_does_not_start_is_named_with_its_last_words(self):
        (self.home / "refuse").write_text("")
        self.call("up", want=1)
        self.assertIn("the port is taken", self.err)
        (self.home / "refuse").unlink()
        (self.bin / "openlined").unlink()
        self.call("up", want=1)
        self.assertIn("openlined is missing", self.err)

    def test_down_signals_no_process_that_only_has_the_number(self):
        bystander = subprocess.Popen(["sleep", "60"])
        self.addCleanup(bystander.wait)
        self.addCleanup(bystander.kill)
        (self.home / "run/relay.pid").write_text(f"{bystander.pid}\n")
        (self.home / "run/relay.lock").write_text("")
        self.call("down")
        self.assertIsNone(bystander.poll())

    def test_doctor_looks_at_everything_and_fails_only_on_a_failure(self):
        self.call("doctor")
        said = [json.loads(line) for line in self.out.splitlines()]
        self.assertEqual({"keys", "card", "permissions", "station.conf", "relay.conf", "record.db", "book", "clock",
                          "disk", "fsync", "sandbox", "openlined", "openline-relay"}, {check["check"] for check in said})
        # Under the sanitizers nothing is confined, and it says so.
        self.assertEqual({"openlined", "openline-relay"}, {c["check"] for c in said if c["result"] != "OK"} - {"sandbox"})
        for check in said:
            self.assertEqual(["schema", "check", "result", "detail", "act"], list(check))
        (self.home / "station.conf").write_text("lang = \"en\";\nlogg = \"info\";\n")
        self.call("doctor", want=1)
        self.assertIn("station.conf:2: logg", self.out)


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0]])
