#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Who follows a line is told of its desks and of what was agreed: when an entry says it, and when only the time does."""
import os
import subprocess
import sys
import time
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import stations
from stations import wait_for


def moment(seconds):
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + seconds))


class Events(unittest.TestCase):
    def setUp(self):
        self.pair = stations.Pair(proxied=False)
        self.addCleanup(self.pair.close)
        self.a, self.b = self.pair.a, self.pair.b
        self.pair.up()
        self.events = {}
        for station, line in ((self.a, "freedonia"), (self.b, "ruritania")):
            caller = stations.Caller(station, self.events.setdefault(line, []).append)
            self.addCleanup(caller.close)
            caller.call("follow", {"line": line})

    def told(self, line, event):
        return [e for e in self.events[line] if e["event"] == event]

    def desk(self, line, **want):
        """The last event about the desks, once it says this; it is what the status says."""
        def last():
            return next((e for e in self.told(line, "desk")[-1:] if all(e[k] == v for k, v in want.items())), None)
        event = wait_for(last, f"{line} to be told {want}")
        status = (self.a if line == "freedonia" else self.b).line(line)
        self.assertEqual((event["schema"], event["line"]), (1, line))
        for name, value in event.items():
            if name not in ("schema", "line", "event", "own_desk_check_due"):
                self.assertEqual(value, status[name], name)
        return event

    def agreed(self, topic, **want):
        """The same agreement on both sides, once both were told that it is so."""
        def last(line):
            return [e["agreement"] for e in self.told(line, "agreement") if e["topic"] == topic][-1:]

        def both():
            two = last("freedonia") + last("ruritania")
            return two if len(two) == 2 and all(one[k] == v for one in two for k, v in want.items()) else None
        here, there = wait_for(both, f"both to be told {want} of {topic}")
        listed = self.a.must("agree" if topic == "instructions" else topic, "list", "freedonia", "--json").lines
        self.assertIn(here, listed)
        self.assertEqual(here["since"], there["since"])
        return here

    def test_desks_are_told_when_somebody_comes_answers_and_when_an_announced_absence_begins_by_itself(self):
        self.b.must("desk", "attend", "ruritania", "--role", "duty-officer")
        self.desk("freedonia", desk="attended", desk_by="duty-officer", own_desk="unknown")
        self.desk("ruritania", desk="unknown", own_desk="attended")
        n = len(self.told("ruritania", "desk"))
        self.b.must("desk", "check", "ruritania")
        wait_for(lambda: len(self.told("ruritania", "desk")) == n + 1, "the answer to the watch check to be told")
        self.b.must("desk", "hours", "ruritania", moment(3), moment(3600))
        end = self.desk("freedonia", desk="unattended", desk_why="announced")["desk_until"]
        self.assertEqual(self.desk("ruritania", own_desk="unattended")["own_desk_until"], end)
        self.assertEqual([e["desk"] for e in self.told("freedonia", "desk")], ["attended", "unattended"],
                         "nothing is told that is as it was")
        self.assertEqual(self.told("freedonia", "agreement"), [])

    def test_agreements_are_told_when_they_change_and_when_an_exercise_begins_or_is_broken(self):
        asked = self.a.must("channel", "propose", "freedonia", "military", "--purpose", "incidents", "--json").json["id"]
        self.agreed("channel", level="military", state="proposed", proposals=[asked])
        self.b.must("channel", "accept", "ruritania", "military")
        self.agreed("channel", level="military", state="accepted", id=asked)
        self.b.must("channel", "suspend", "ruritania", "military", "--reason", "a protest")
        self.assertEqual(self.agreed("channel", state="suspended")["party"], "Freedonia")
        self.assertEqual({e["agreement"]["level"] for e in self.told("freedonia", "agreement")}, {"military"},
                         "the other levels are as they were")

        asked = self.a.must("exercise", "propose", "freedonia", "E1", "--start", moment(4), "--end", moment(3600),
                            "--json").json["id"]
        self.agreed("exercise", id=asked, state="proposed")
        self.b.must("exercise", "accept", "ruritania", asked)
        self.agreed("exercise", state="accepted", running=False)
        self.agreed("exercise", state="accepted", running=True)
        flash = self.a.must("send", "freedonia", "-p", "flash", "real", "--wait", "delivered", "--json").json["id"]
        self.agreed("exercise", state="suspended", broken_by=flash, running=False)
        asked = self.b.must("agree", "propose", "ruritania", "instructions", "--json").json["id"]
        self.agreed("instructions", id=asked, state="proposed")
        self.assertEqual(self.told("freedonia", "desk"), [])

    def test_a_list_that_follows_shows_messages_and_nothing_else(self):
        follower = subprocess.Popen([stations.program("openline"), "-C", self.a.home, "list", "freedonia", "--follow"],
                                    stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        self.addCleanup(follower.stdout.close)
        self.addCleanup(follower.wait)
        self.addCleanup(follower.kill)
        self.a.must("send", "freedonia", "first", "--wait", "delivered")
        said = [follower.stdout.readline()]
        self.b.must("desk", "attend", "ruritania")
        self.a.must("channel", "propose", "freedonia", "military")
        self.desk("freedonia", desk="attended")
        self.agreed("channel", state="proposed")
        self.a.must("send", "freedonia", "last", "--answer", "n", "--wait", "delivered")
        while said[-1].strip() != "last":
            said.append(follower.stdout.readline())
        self.assertNotIn("freedonia", "".join(said))
        self.assertEqual([line.strip() for line in said if line.startswith("      ")].count("last"), 1)


if __name__ == "__main__":
    unittest.main()
