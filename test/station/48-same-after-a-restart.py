#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Entries of all kinds from both sides over a path that is cut again and again, while others look: what a station has folded
as it was told is what it folds from its record when it starts, whoever ended it.

    OPENLINE_SEED=N   another traffic"""
import os
import random
import signal
import sys
import threading
import time
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import stations
from stations import wait_for

ROUNDS = 150
MANY = 1100  # that are urgent, after the one that broke an exercise
PAGE = 200
TOPICS = ("channel", "exercise", "instructions", "tests", "times", "handling", "rate")
ACTS = ("take", "readback", "confirm", "correct", "roger", "wilco", "standby", "onward", "decline")
OF_THE_MOMENT = {"paths", "counters", "last_heard_ms", "clock_offset_s", "own_desk_check_due"}


def asked(caller, method, **params):
    """What came of it; an empty answer when it was refused, as much here must be."""
    return caller.call(method, params).get("result", {})


def pages(caller, method, name, **params):
    page = asked(caller, method, limit=PAGE, **params)
    all_of_it = page[name]
    while page["next"] is not None:
        page = asked(caller, method, limit=PAGE, after=page["next"], **params)
        all_of_it += page[name]
    return all_of_it


class Talker(threading.Thread):
    def __init__(self, station, line, seed):
        super().__init__(daemon=True)
        self.caller, self.line, self.random = stations.Caller(station), line, random.Random(seed)
        self.says = (self.send, self.send, self.send, self.act, self.act, self.act, self.propose, self.respond, self.desk,
                     self.role, self.write)

    def ask(self, method, **params):
        return asked(self.caller, method, line=self.line, **params)

    def message(self):
        pick = self.random.choice
        return {"text": f"wombat {self.random.random()} " + "x " * pick((1, 10, 3000, 9000)),
                "precedence": pick(("flash", "immediate", "priority", "routine", "routine")),
                "answer": pick(("n", "r", "wu", "y")), "exercise": pick((False, False, True))}

    def send(self):
        self.ask("send", messages=[self.message()])

    def act(self):
        here = [m for m in self.ask("list", open=self.random.random() < 0.7).get("messages", []) if m["id"]]
        if here:
            self.ask("act", id=self.random.choice(here[-40:])["id"], act=self.random.choice(ACTS), text="wombat",
                     until=int(time.time()) + 3600, stage=self.random.choice(("desk", "duty", "unit")))

    def propose(self):
        now = int(time.time())
        topic = self.random.choice(TOPICS)
        self.ask("propose", topic=topic, level=self.random.choice(("military", "civil")), exercise="E1", start=now - 10,
                 end=now + 5000, every=self.random.choice((15, 60)),
                 terms={"rate": {"per_minute": self.random.choice((20, 60))}, "handling": {"closed": ["publish"]}}.get(topic))

    def respond(self):
        topic = self.random.choice(TOPICS)
        stands = self.ask("agreements", topic=topic).get("agreements", [])
        ids = [i for one in stands for i in [one["id"], *one.get("proposals", [])] if i]
        if ids:
            self.ask("respond", topic=topic, about=self.random.choice(ids),
                     verb=self.random.choice(("accept", "accept", "accept", "decline", "end")))

    def desk(self):
        now = int(time.time())
        self.ask("desk", act=self.random.choice(("attend", "leave")), role=f"role{self.random.randrange(3)}")
        if self.random.random() < 0.3:
            self.ask("desk_hours", **{"from": now + 5000, "to": now + 9000, "reason": "a feast"})

    def role(self):
        self.ask("roster", verb=self.random.choice(("add", "remove", "hands")), role=f"role{self.random.randrange(5)}")

    def write(self):
        self.ask("note", text="wombat")
        draft = self.ask("draft", message=self.message())
        if draft and self.random.random() < 0.7:
            self.ask("release", draft=draft["draft"])

    def run(self):
        for _ in range(ROUNDS):
            self.random.choice(self.says)()
        self.caller.close()


class SameAfterARestart(unittest.TestCase):
    def setUp(self):
        self.pair = stations.Pair()
        self.addCleanup(self.pair.close)
        self.lines = ((self.pair.a, "freedonia"), (self.pair.b, "ruritania"))
        self.pair.up()

    def look(self, station, line, ended):
        caller = stations.Caller(station)
        caller.call("follow", {"line": line})
        while not ended.is_set():
            asked(caller, "search", line=line, query="wombat", limit=5)
            for method in ("status", "list", "drafts", "tests"):
                asked(caller, method, line=line, limit=50)
            asked(caller, "agreements", line=line, topic="rate")
        caller.close()

    def cut(self, chance, ended):
        while not ended.wait(chance.random() * 0.4):
            self.pair.proxy.cut()
            ended.wait(chance.random() * 0.4)
            self.pair.proxy.mend()

    def talk(self, seed):
        ended = threading.Event()
        talkers = [Talker(station, line, f"{seed} {line} {i}") for station, line in self.lines for i in range(2)]
        others = [threading.Thread(target=self.look, args=(station, line, ended)) for station, line in self.lines]
        others.append(threading.Thread(target=self.cut, args=(random.Random(seed), ended)))
        for thread in talkers + others:
            thread.start()
        for thread in talkers:
            thread.join()
        ended.set()
        for thread in others:
            thread.join()
        self.pair.proxy.mend()

    def heads(self):
        """Of A's home and B's; None while one of them has something that the other has not."""
        a, b = (station.line(line) for station, line in self.lines)
        same = (a["own_head"], a["peer_head"]) == (b["peer_head"], b["own_head"])
        return (a["own_head"], b["own_head"]) if same and not a["outbox"] and not b["outbox"] else None

    def settle(self):
        """Nothing goes on: the station itself says nothing for as long as it looks at what is owed, a second."""
        since = [None, 0.0]

        def still():
            heads, now = self.heads(), time.monotonic()
            if heads is None or heads != since[0]:
                since[:] = heads, now
            return heads is not None and now - since[1] > 1.5
        self.pair.wait_up(20)
        wait_for(still, "all to have come to both", 60)

    def shown(self, station, line):
        caller = stations.Caller(station)
        messages = pages(caller, "list", "messages", line=line)
        shown = {"list": messages, "open": pages(caller, "list", "messages", line=line, open=True),
                 "log": pages(caller, "log", "entries", line=line),
                 "search": pages(caller, "search", "messages", line=line, query="wombat"),
                 "show": [asked(caller, "show", line=line, id=m["id"]) for m in messages],
                 "notes": [note for note in pages(caller, "notes", "notes") if note["kind"] != "path"],
                 "status": [{name: value for name, value in one.items() if name not in OF_THE_MOMENT}
                            for one in asked(caller, "status")["lines"]],
                 # a flood, and what is over and was not acknowledged, does not outlive the station
                 "alarms": sorted((one["kind"], one["about"] or "", one["state"]) for one in asked(caller, "alarms")["alarms"]
                                  if one["state"] != "rectified" and one["kind"] != "alarm_flood")}
        for method in ("tests", "roles", "officers", "rules", "drafts"):
            shown[method] = asked(caller, method, line=line)
        for topic in TOPICS:
            shown["agreements " + topic] = asked(caller, "agreements", line=line, topic=topic)
        caller.close()
        return shown

    @staticmethod
    def start_again(station, how):
        pid = station.pids()["openlined"]
        os.kill(pid, how)
        wait_for(lambda: not os.path.exists(f"/proc/{pid}"), "the process to be gone")
        station.must("up")

    def test_an_exercise_was_broken_by_the_same_message_however_many_came_after_it(self):
        now = int(time.time())
        callers = [stations.Caller(station) for station, _ in self.lines]
        ask = [lambda method, i=i, **params: asked(callers[i], method, line=self.lines[i][1], **params) for i in range(2)]
        exercise = ask[0]("propose", topic="exercise", exercise="E1", start=now - 10, end=now + 5000)["id"]
        wait_for(lambda: ask[1]("respond", topic="exercise", about=exercise, verb="accept"), "it to be accepted")
        wait_for(lambda: ask[0]("agreements", topic="exercise")["agreements"][0]["running"], "the exercise to run")
        message = {"text": "wombat", "precedence": "immediate"}
        first = ask[0]("send", messages=[message])["messages"][0]["id"]
        left = MANY
        while left > 0:
            left -= len(ask[0]("send", messages=[message] * min(left, 500)).get("messages", []))
        ask[1]("propose", topic="exercise", exercise="E2", start=now + 6000, end=now + 7000)  # all is folded anew
        self.settle()
        for caller in callers:
            caller.close()
        for station, line in self.lines:
            self.start_again(station, signal.SIGKILL)
            caller = stations.Caller(station)
            broken = asked(caller, "agreements", line=line, topic="exercise")["agreements"][0]["broken_by"]
            self.assertEqual(broken, first, station.party)
            caller.close()

    def test_every_answer_is_the_same(self):
        wait_for(lambda: all(station.line(line)["signing"] == "ready" for station, line in self.lines), "both to sign")
        self.talk(os.environ.get("OPENLINE_SEED", "1"))
        self.settle()
        before = [self.shown(*one) for one in self.lines]
        self.assertGreater(len(before[0]["list"]), 100)
        self.assertEqual([m["id"] for m in before[0]["list"]], [m["id"] for m in before[1]["list"]])
        self.assertEqual([m["id"] for m in before[0]["search"]], [m["id"] for m in before[0]["list"]])
        for i, how in ((0, signal.SIGKILL), (1, signal.SIGTERM), (0, signal.SIGTERM), (1, signal.SIGKILL)):
            station = self.lines[i][0]
            self.start_again(station, how)
            self.settle()
            for one, was in zip(self.lines, before):
                now = self.shown(*one)
                for what, answer in was.items():
                    self.assertEqual(now[what], answer, f"{what} at {one[0].party} after {how.name} of {station.party}")


if __name__ == "__main__":
    unittest.main()
