# SPDX-License-Identifier: Apache-2.0
"""The kill loop: any of the four processes is killed at random moments while messages travel both ways at all four
precedences; then nothing may be lost, nothing shown twice, and both records must verify and agree.

    OPENLINE_KILLS=N OPENLINE_SEED=N   how many, and which moments"""
import os
import random
import signal
import sys
import threading
import time

import stations

PRECEDENCES = ("flash", "immediate", "priority", "routine")
IN_FLIGHT = 6  # calls that wait at once, a thread
UP_SECONDS = 5.0
GENTLE = "OPENLINE_GENTLE" in os.environ  # waits until a killed process is gone before `up`


class Texts:
    """What was said: every text by itself, with all that the stations told of it."""

    def __init__(self):
        self.lock = threading.Lock()
        self.side = {}  # text: who sent it
        self.durable = set()  # the call that sent it was answered
        self.delivered = set()  # a station said so
        self.ids = {}  # (side, id): text, by everything a station ever said
        self.wrong = []

    def issue(self, side, text):
        with self.lock:
            self.side[text] = side

    def named(self, text, message_id):
        if message_id is not None and self.ids.setdefault(message_id, text) != text:
            self.wrong.append(f"{message_id} was {self.ids[message_id][:40]!r} and is {text[:40]!r}")

    def answered(self, texts, answer):
        with self.lock:
            if answer is None:
                return  # killed meanwhile: it may be there or not
            if "error" in answer:
                self.wrong.append(f"send: {answer['error']}")
                return
            for text, message in zip(texts, answer["result"]["messages"]):
                self.durable.add(text)
                self.named(text, message["id"])
                if message["delivered_at"] is not None:
                    self.delivered.add(text)

    def seen(self, message):
        with self.lock:
            self.named(message["text"], message["id"])
            if message["direction"] == "out" and message["state"] != "released" and message["state"] != "sent":
                self.delivered.add(message["text"])

    def under_way(self):
        with self.lock:
            return len(self.durable) - len(self.delivered & self.durable)


class Talker(threading.Thread):
    """Sends at one precedence, many calls at once; connects again when its station was killed."""

    def __init__(self, texts, station, line, precedence, seed):
        super().__init__(daemon=True)
        self.texts, self.station, self.line, self.precedence = texts, station, line, precedence
        self.random = random.Random(seed)
        self.room = threading.Semaphore(IN_FLIGHT)
        self.go = threading.Event()  # the loop gives the turns, so that the load does not outgrow the kills
        self.ended = False
        self.count = 0

    def text(self):
        self.count += 1
        head = f"{self.station.party} {self.precedence} {self.count} "
        return head + "x" * self.random.choice((0, 10, 100, 100, 900, 900, 5000, 20000))

    def burst(self, caller):
        for _ in range(self.random.randint(1, 6)):
            self.room.acquire()
            texts = [self.text() for _ in range(self.random.choice((1, 1, 1, 3)))]
            for text in texts:
                self.texts.issue(self.station.party, text)
            wait = self.random.choice((None, "delivered"))

            def then(answer, texts=texts):
                self.room.release()
                self.texts.answered(texts, answer)
            try:
                caller.ask("send", {"line": self.line, "wait": wait, "timeout_ms": 20000, "messages": [
                    {"text": text, "precedence": self.precedence} for text in texts]}, then)
            except ConnectionError:
                self.room.release()
                return

    def run(self):
        caller = None
        while not self.ended:
            self.go.wait()
            self.go.clear()
            try:
                if caller is None or caller.is_closed:
                    caller = stations.Caller(self.station)
                self.burst(caller)
            except (ConnectionError, FileNotFoundError):
                caller = None  # between the kill and the next `up`
        while self.room._value < IN_FLIGHT and caller and not caller.is_closed:  # pylint: disable=protected-access
            time.sleep(0.02)


class Watcher:
    """Follows a line as a person's screen would."""

    def __init__(self, texts, station, line):
        self.texts, self.station, self.line = texts, station, line
        self.caller = None

    def look(self):
        try:
            if self.caller is None or self.caller.is_closed:
                self.caller = stations.Caller(self.station, self.event)
                self.caller.ask("follow", {"line": self.line}, lambda answer: None)
        except (ConnectionError, FileNotFoundError):
            self.caller = None

    def event(self, params):
        if params["event"] == "message":
            self.texts.seen(params["message"])


class Loop:
    def __init__(self, kills, seed):
        self.kills, self.seed = kills, seed
        self.random = random.Random(seed)
        self.pair = stations.Pair(proxied=False)
        self.texts = Texts()
        ends = ((self.pair.a, "freedonia"), (self.pair.b, "ruritania"))
        self.talkers = [Talker(self.texts, station, line, precedence, self.random.random())
                        for station, line in ends for precedence in PRECEDENCES]
        self.watchers = [Watcher(self.texts, station, line) for station, line in ends]
        self.between = 0
        self.slowest_up = 0.0
        self.slowest_line = 0.0

    def kill(self):
        station = self.random.choice((self.pair.a, self.pair.b))
        program = self.random.choice(("openlined", "openline-relay"))
        pids = station.pids()
        together = self.random.random() < 0.15  # both at once, as when the machine loses power
        aim = self.random.random() < 0.8
        for watcher in self.watchers:
            watcher.look()
        for talker in self.talkers:
            talker.go.set()
        end = time.monotonic() + self.random.random() * 0.06
        while time.monotonic() < end or (aim and not self.texts.under_way() and time.monotonic() < end + 1):
            pass  # a moment as exact as the machine gives it
        under_way = self.texts.under_way()
        os.kill(pids[program], signal.SIGKILL)
        if together:
            os.kill(pids["openline-relay" if program == "openlined" else "openlined"], signal.SIGKILL)
        if GENTLE:
            stations.wait_for(lambda: not os.path.exists(f"/proc/{pids[program]}"), "the killed process to be gone")
        self.between += under_way > 0
        for talker in self.talkers:  # something is said meanwhile, too
            talker.go.set()
        begin = time.monotonic()
        up = station.run("up")
        if up.code != 0:
            self.texts.wrong.append(f"up: exit {up.code}: {up.err}")
            station.must("up")
        took = time.monotonic() - begin
        self.slowest_up = max(self.slowest_up, took)
        if took > UP_SECONDS:
            raise AssertionError(f"up took {took:.1f} s")
        if self.random.random() < 0.7:
            begin = time.monotonic()
            self.pair.wait_up(20)
            self.slowest_line = max(self.slowest_line, time.monotonic() - begin)

    def settle(self):
        self.pair.wait_up(20)
        for talker in self.talkers:
            talker.ended = True
            talker.go.set()
        for talker in self.talkers:
            talker.join(30)
            if talker.is_alive():
                raise AssertionError(f"{talker.station.party}: a call at {talker.precedence} was never answered")

        def done():
            return self.pair.a.line("freedonia")["outbox"] == 0 == self.pair.b.line("ruritania")["outbox"] and \
                self.heads()
        stations.wait_for(done, "everything to arrive", 60)

    def heads(self):
        a, b = self.pair.a.line("freedonia"), self.pair.b.line("ruritania")
        return a["own_head"] == b["peer_head"] and b["own_head"] == a["peer_head"]

    def records(self):
        """Both, at a moment at which nothing is under way: a station may just escalate what nobody has taken."""
        end = time.monotonic() + 10
        while True:
            both = stations.record(self.pair.a, "freedonia"), stations.record(self.pair.b, "ruritania")
            if both[0].keys() == both[1].keys() or time.monotonic() > end:
                return both

    def check(self):
        wrong = list(self.texts.wrong)
        shown = {}
        for station, line in ((self.pair.a, "freedonia"), (self.pair.b, "ruritania")):
            lists = {"in": [], "out": []}
            for message in station.must("list", line, "--json").lines:
                lists[message["direction"]].append(message)
                self.texts.seen(message)
            shown[station.party] = lists
        for sender, receiver in (("Ruritania", "Freedonia"), ("Freedonia", "Ruritania")):
            said = {text for text, side in self.texts.side.items() if side == sender}
            came = [m["text"] for m in shown[receiver]["in"]]
            kept = [m["text"] for m in shown[sender]["out"]]
            wrong += [f"{receiver} shows twice: {t[:60]}" for t in twice(came)]
            wrong += [f"{sender} shows twice: {t[:60]}" for t in twice(kept)]
            wrong += [f"lost though delivered: {t[:60]}" for t in said & self.texts.delivered - set(came)]
            wrong += [f"lost though durable: {t[:60]}" for t in said & self.texts.durable - set(came)]
            wrong += [f"nobody said: {t[:60]}" for t in set(came) - said]
            wrong += [f"not delivered in the end: {m['id']} {m['state']}" for m in shown[sender]["out"]
                      if m["state"] != "delivered"]
        wrong += self.texts.wrong[len(wrong):]
        a, b = self.records()
        wrong += [f"the records differ at {i}" for i in a.keys() | b.keys()
                  if a.get(i, {}).get("hash") != b.get(i, {}).get("hash")]
        first, second = stations.verified(self.pair)
        if first["streams"] != second["streams"]:
            wrong.append(f"the exports differ: {first} {second}")
        if self.between * 2 < self.kills:
            wrong.append("too few kills between send and delivered")
        return wrong, len(a)

    def run(self):
        print(f"seed {self.seed}, {self.kills} kills", flush=True)
        begin = time.monotonic()
        ok = False
        try:
            self.pair.up()
            for talker in self.talkers:
                talker.start()
            for _ in range(self.kills):
                self.kill()
            self.settle()
            wrong, entries = self.check()
            for line in wrong[:20]:
                print("WRONG:", line)
            ok = not wrong
            print(f"{self.kills} kills, {self.between} of them between send and delivered; {len(self.texts.side)} texts, "
                  f"{len(self.texts.durable)} acknowledged, {entries} entries; slowest up {self.slowest_up:.2f} s, "
                  f"slowest line {self.slowest_line:.2f} s; {time.monotonic() - begin:.0f} s in all")
        except AssertionError as failed:
            print("WRONG:", failed)
            print(self.pair.a.run("status", "--json").out, self.pair.b.run("status", "--json").out)
        finally:
            if not ok:
                print(f"seed {self.seed}; the homes are kept in {self.pair.folder}")
                for station in (self.pair.a, self.pair.b) if "OPENLINE_KEEP" not in os.environ else ():
                    station.run("down")
            else:
                self.pair.close()
        return 0 if ok else 1


def twice(texts):
    seen = set()
    return {t for t in texts if t in seen or seen.add(t)}


def main(kills):
    seed = int(os.environ.get("OPENLINE_SEED", random.SystemRandom().randrange(1 << 32)))
    sys.exit(Loop(int(os.environ.get("OPENLINE_KILLS", kills)), seed).run())
