#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Alarms of real stations: a cut line is one in its time, is acknowledged, silenced, rectified, and told to a sounder."""
import os
import signal
import subprocess
import sys
import time
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import stations
from stations import wait_for

FIELDS = ["schema", "id", "kind", "line", "about", "exercise", "priority", "state", "raised_at", "acknowledged_at",
          "rectified_at", "silenced_until", "expires_at", "count", "act_by", "cause", "consequence", "action", "announced"]


class Alarms(unittest.TestCase):
    def setUp(self):
        self.pair = stations.Pair()
        self.addCleanup(self.pair.close)
        self.a, self.b = self.pair.a, self.pair.b
        for station in (self.a, self.b):
            path = os.path.join(station.home, "station.conf")
            with open(path, encoding="utf-8") as f:
                conf = f.read()
            with open(path, "w", encoding="utf-8") as f:
                f.write(conf.replace("liveness_seconds = 20;", "liveness_seconds = 1;"))
        self.pair.up()

    def alarms(self, station=None, kind="line_down"):
        return [alarm for alarm in (station or self.a).must("alarm", "list", "--json").lines if alarm["kind"] == kind]

    def state(self, want, kind="line_down"):
        return wait_for(lambda: [alarm for alarm in self.alarms(kind=kind) if alarm["state"] == want], f"{kind} {want}")[0]

    def sounder(self, *more):
        """A sounder that writes a line into a file for each alarm; what it wrote."""
        heard = os.path.join(self.pair.folder, "heard")
        script = f'echo "$OPENLINE_ALARM_ID $OPENLINE_ALARM_KIND $OPENLINE_ALARM_LINE $OPENLINE_ALARM_PRIORITY" >>{heard}'
        process = subprocess.Popen([stations.program("openline"), "-C", self.a.home, "alarm", "--exec", script, *more],
                                   stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        self.addCleanup(process.stderr.close)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)

        def lines():
            if not os.path.exists(heard):
                return []
            with open(heard, encoding="utf-8") as f:
                return [line.split() for line in f]
        return process, lines

    def test_a_normal_line_has_no_alarm(self):
        answer = self.a.must("alarm", "list")
        self.assertEqual((answer.out, "No alarms." in answer.err), ("", True))
        self.assertEqual(self.a.must("alarm", "list", "--json").out, "")

    def test_a_cut_is_an_alarm_within_nine_liveness_intervals_on_both_sides(self):
        """Three minutes at the 20 s that a station begins with."""
        self.pair.proxy.cut()
        cut = time.monotonic()
        for station in (self.a, self.b):
            alarm, = wait_for(lambda: self.alarms(station), "the alarm", 9)
            self.assertEqual((alarm["state"], alarm["priority"]), ("unacknowledged", "line_lost"))
        self.assertLess(time.monotonic() - cut, 9)
        self.assertEqual(list(alarm), FIELDS)
        for name in "cause", "consequence", "action":
            self.assertRegex(alarm[name], r"^[A-Z].*\.$")
        self.assertEqual(self.b.line("ruritania")["alarms"], [], "its state says it")

    def test_a_silence_on_a_connection_that_stands_is_an_alarm_in_the_same_time(self):
        relay = self.b.pids()["openline-relay"]
        os.kill(relay, signal.SIGSTOP)
        try:
            wait_for(self.alarms, "the alarm", 9)
        finally:
            os.kill(relay, signal.SIGCONT)
        self.state("rectified")

    def test_it_is_acknowledged_rectified_and_comes_back_as_a_new_one(self):
        self.pair.proxy.cut()
        first = self.state("unacknowledged")
        self.assertEqual([first[n] for n in ("line", "about", "count", "acknowledged_at", "expires_at")],
                         ["freedonia", None, 1, None, None])
        shown = self.a.must("alarm", "ack", first["id"]).out
        self.assertIn("No path of the line works.", shown)
        acked = self.state("acknowledged")
        self.assertEqual(acked["id"], first["id"])
        self.assertIsNotNone(acked["expires_at"])
        self.assertEqual(self.a.must("alarm", "ack", first["id"], "--json").json["acknowledged_at"], acked["acknowledged_at"])
        self.pair.proxy.mend()
        done = self.state("rectified")
        self.assertEqual((done["id"], done["acknowledged_at"]), (first["id"], acked["acknowledged_at"]))
        self.pair.proxy.cut()
        again = self.state("unacknowledged")
        self.assertNotEqual(again["id"], first["id"])
        self.assertEqual(again["count"], 2)
        answer = self.a.run("alarm", "ack", first["id"])
        self.assertEqual(answer.code, 1)
        self.assertIn(first["id"], answer.err)

    def test_what_nobody_saw_stays_when_the_line_is_up_again(self):
        self.pair.proxy.cut()
        self.state("unacknowledged")
        self.pair.proxy.mend()
        done = self.state("rectified")
        self.assertIsNone(done["acknowledged_at"])
        self.assertEqual(self.a.run("alarm", "silence", done["id"]).code, 1)
        self.assertEqual([(alarm["id"], alarm["state"]) for alarm in self.a.must("alarm", "ack", "--json").lines],
                         [(done["id"], "rectified")])
        self.assertEqual(self.alarms(), [])

    def test_what_is_acknowledged_and_still_stands_is_so_after_a_restart(self):
        self.pair.proxy.cut()
        first = self.state("unacknowledged")
        self.a.must("alarm", "ack")
        acked = self.state("acknowledged")
        self.a.must("down")
        self.a.must("up")
        _, heard = self.sounder()
        again = self.state("acknowledged")
        self.assertEqual([again[n] for n in ("raised_at", "acknowledged_at", "announced")],
                         [first["raised_at"], acked["acknowledged_at"], False])
        self.pair.proxy.mend()
        self.state("rectified")
        self.a.must("down")
        self.pair.proxy.cut()
        self.a.must("up")
        new = self.state("unacknowledged")
        self.assertGreater(new["raised_at"], first["raised_at"])
        wait_for(lambda: [line[0] for line in heard()] == [new["id"]], "the sounder, for this one alone")

    def test_a_silence_ends_by_itself(self):
        events = []
        caller = stations.Caller(self.a, events.append)
        self.addCleanup(caller.close)
        self.assertEqual(caller.call("follow", {"alarms": True})["result"], {"schema": 1})
        self.pair.proxy.cut()
        raised = wait_for(lambda: [e for e in events if e["new"]], "the event")[0]
        self.assertEqual((raised["event"], raised["line"], raised["alarm"]["kind"]), ("alarm", "freedonia", "line_down"))
        self.a.must("alarm", "silence")
        quiet = wait_for(lambda: [e for e in events if e["alarm"]["silenced_until"]], "the silence")[0]
        self.assertFalse(quiet["new"])
        wait_for(lambda: events[-1]["alarm"]["silenced_until"] is None and not events[-1]["new"], "its end", 35)
        self.assertEqual(events[-1]["alarm"]["state"], "unacknowledged")

    def test_the_sounder_runs_once_for_each_new_alarm(self):
        _, heard = self.sounder()
        self.pair.proxy.cut()
        first = wait_for(heard, "the sounder")
        alarm, = self.alarms()
        self.assertEqual(first, [[alarm["id"], "line_down", "freedonia", "line_lost"]])
        self.a.must("alarm", "silence")
        self.a.must("alarm", "ack")
        self.pair.proxy.mend()
        self.state("rectified")
        self.pair.proxy.cut()
        again = self.state("unacknowledged")
        wait_for(lambda: len(heard()) > 1, "the second")
        self.assertEqual([line[0] for line in heard()], [alarm["id"], again["id"]])

    def test_the_sounder_says_that_it_lost_the_station_and_goes_on_with_the_next(self):
        process, heard = self.sounder()
        self.pair.proxy.cut()
        wait_for(heard, "the sounder")
        self.a.must("alarm", "ack")
        self.pair.proxy.mend()
        self.state("rectified")
        self.a.must("down")
        said = process.stderr.readline() + process.stderr.readline()
        self.assertIn(b"No alarm is heard", said)
        self.a.must("up")
        self.assertIn(b"answers again", process.stderr.readline())
        self.pair.wait_up()
        before = len(heard())
        self.pair.proxy.cut()
        self.state("unacknowledged")
        wait_for(lambda: len(heard()) > before, "the alarm after the restart")
        self.assertIsNone(process.poll())

    def test_a_sounder_that_starts_late_or_fails_is_heard_of(self):
        self.pair.proxy.cut()
        self.state("unacknowledged")
        _, heard = self.sounder("--json")
        wait_for(heard, "what stood before")
        process = subprocess.Popen([stations.program("openline"), "-C", self.a.home, "alarm", "--exec", "exit 3"],
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.addCleanup(process.stdout.close)
        self.addCleanup(process.stderr.close)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        self.assertIn(b"exit 3: ended with 3", process.stderr.readline())
        self.assertIn(b"line_down", process.stdout.readline())

    def test_what_is_not_an_alarm_is_refused(self):
        for words in (["ack", "7"], ["ack", "-1"], ["ack", "x"], ["silence", "99999999999999999999"], ["ack", ""]):
            answer = self.a.run("alarm", *words[:1], "--", *words[1:])
            self.assertEqual((words, answer.code), (words, 1))
            self.assertIn("alarm list", answer.err)
        for words in ([], ["lists"], ["list", "--exec", "true"], ["ack", "1", "2"]):
            self.assertEqual((words, self.a.run("alarm", *words).code), (words, 2))
        for value in (7, [], {}, True):
            self.assertEqual(self.a.rpc("alarm_ack", {"id": value})["error"]["code"], 2)


if __name__ == "__main__":
    unittest.main()
