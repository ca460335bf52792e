# SPDX-License-Identifier: Apache-2.0
"""A story of two desks that have only the command line: Ruritania speaks English, Freedonia the language that the story
gives it. Every desk says in its words, and in JSON, what is asserted. The clock of both goes forward when the story says
so."""
import json
import os
import tempfile
import time
import unittest

import clock
import stations
from stations import wait_for

DAY = 86400


def catalogue(lang):
    with open(os.path.join(stations.TOP, "lang", f"{lang}.json"), encoding="utf-8") as f:
        return json.load(f)


class Story(unittest.TestCase):
    lang = "zh"

    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="openline-clock-")
        self.addCleanup(folder.cleanup)
        self.clock = self.enterContext(clock.Clock(folder.name))
        tongue = os.environ.pop("OPENLINE_LANG")  # each desk speaks its home's language
        self.addCleanup(os.environ.update, OPENLINE_LANG=tongue)
        self.words, self.english = catalogue(self.lang), catalogue("en")
        self.pair = stations.Pair(lang=self.lang)
        self.addCleanup(self.pair.close)
        self.a, self.b = self.pair.a, self.pair.b
        for station in (self.a, self.b):
            path = os.path.join(station.home, "station.conf")
            with open(path, encoding="utf-8") as f:
                conf = f.read()
            with open(path, "w", encoding="utf-8") as f:
                f.write(conf.replace("liveness_seconds = 20;", "liveness_seconds = 1;"))
        self.pair.up()

    def now(self):
        return time.time() + self.clock.seconds

    def utc(self, seconds=0):
        """A moment so many seconds from now, as the command line takes it."""
        return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(self.now() + seconds))

    def later(self, seconds):
        self.clock.seconds += seconds

    def line(self, station):
        return "freedonia" if station is self.a else "ruritania"

    def do(self, station, *words):
        """A command about the line, after whose name the rest stands; what it said in JSON."""
        return station.must(*self.put_line(station, words), "--json").json

    def say(self, station, *words):
        """The same in the desk's own words."""
        return station.must(*self.put_line(station, words)).out

    def put_line(self, station, words):
        at = 2 if words[0] in ("desk", "channel", "exercise", "agree") else 1
        return [*words[:at], self.line(station), *words[at:]]

    def refused(self, station, code, *words):
        answer = station.run(*self.put_line(station, words))
        self.assertEqual((answer.code, answer.out), (code, ""), (words, answer.err))
        return answer.err

    def shown(self, station, message):
        return self.do(station, "show", message)

    def both(self, message, **want):
        """What Ruritania shows of a message once both show that it is so, and the same was done about it on both."""
        def told(one):
            return one["chain"], [(act["entry"], act["act"], act["effect"], act["misread"]) for act in one["acts"]]

        def seen():
            two = [self.shown(station, message) for station in (self.a, self.b)]
            so = all(one[name] == value for one in two for name, value in want.items())
            return two if so and told(two[0]) == told(two[1]) else None
        return wait_for(seen, f"both to show {want} of {message}")[0]

    def states(self, message):
        return [(step["state"], step["side"]) for step in message["chain"]]

    def alarms(self, station, kind=None):
        """What each alarm that stands is about, and in which state it is."""
        return {alarm["about"]: alarm["state"] for alarm in station.must("alarm", "list", "--json").lines
                if kind in (None, alarm["kind"])}

    def alarmed(self, station, kind, about):
        wait_for(lambda: self.alarms(station, kind).get(about) == "unacknowledged", f"{kind} about {about}", 20)

    def calm(self, station, kind, about):
        wait_for(lambda: self.alarms(station, kind).get(about) in (None, "rectified"), f"the end of {kind} about {about}")

    def entries(self, kind):
        """Those of a kind that both records have, by id, once they are the same."""
        def same():
            two = [[(e["id"], e["side"], e["time"], e["about"], e["text"])
                    for e in station.must("log", self.line(station), "--json").lines if e["kind"] == kind]
                   for station in (self.a, self.b)]
            return two[:1] if two[0] == two[1] else None
        return wait_for(same, f"both records to have the same of {kind}")[0]
