#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""What the simulator shows: fixed seeds, fresh ones, and that each fault, lie, scenario and check of its list was met.

usage: sim_test.py PROGRAM plain|sanitized"""
import json
import os
import random
import re
import subprocess
import sys
import unittest

PROGRAM = sys.argv[1]
SANITIZED = sys.argv[2] == "sanitized"
FIXED = "1-20" if SANITIZED else "1-240"
FRESH = 2 if SANITIZED else 20


def run(*args):
    done = subprocess.run([PROGRAM, *args], capture_output=True, text=True, timeout=900)
    lines = done.stdout.strip().splitlines()
    summary = json.loads(lines[-1]) if lines and lines[-1].startswith("{") else None
    return done, summary


def names(heading):
    """The names under a heading of --list."""
    listed = re.split(r"^(\S+)\n", run("--list")[0].stdout, flags=re.M)
    return re.findall(r"^  (\S+)", listed[listed.index(heading) + 1], re.M)


class Simulator(unittest.TestCase):
    def assert_shows(self, *args):
        done, summary = run(*args, "--json")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual((summary["failures"], summary["lost"], summary["duplicated"]), (0, 0, 0))
        return summary

    def test_fixed_seeds_hold_and_play_everything_that_is_listed(self):
        summary = self.assert_shows("--seeds", FIXED)
        self.assertGreater(summary["messages"], 10 * summary["seeds"])
        if SANITIZED:
            return
        played = names("faults") + names("lies") + names("scenarios")
        self.assertEqual(sorted(summary["played"]), sorted(played))
        self.assertEqual([name for name in played if summary["played"][name] == 0], [])
        self.assertEqual(sorted(summary["checked"]), sorted(names("checks")))
        self.assertEqual([name for name in summary["checked"] if summary["checked"][name] == 0], [])

    def test_fresh_seeds_hold(self):
        first = random.SystemRandom().randrange(1000, 1 << 40)
        print(f"fresh seeds from {first}", file=sys.stderr)
        self.assert_shows("--seeds", f"{first}-{first + FRESH - 1}")

    def test_the_same_seed_gives_the_same_hash_and_another_another(self):
        hashes = [self.assert_shows("--seed", str(seed))["trace_hash"] for seed in (1, 1, 2)]
        self.assertEqual(hashes[0], hashes[1])
        self.assertNotEqual(hashes[0], hashes[2])

    def test_a_story_changes_nothing(self):
        told, summary = run("--seed", "1", "--play")
        self.assertEqual(summary["trace_hash"], self.assert_shows("--seed", "1")["trace_hash"])
        self.assertIn("A starts", told.stdout)

    def test_an_hour_with_every_fault_goes_a_thousand_times_as_fast(self):
        summary = self.assert_shows("--hours", "1")
        self.assertGreaterEqual(summary["link_years_per_core_hour"] * 365.25 * 24, 100 if SANITIZED else 1000)

    def test_a_default_seed_takes_under_a_second(self):
        begin = os.times()
        self.assert_shows("--seeds", "1-10")
        end = os.times()
        if not SANITIZED:
            self.assertLess(end.children_user - begin.children_user, 10)

    def test_a_normal_month_calls_a_desk_six_times_an_hour_at_most(self):
        if SANITIZED:
            return
        done, summary = run("--month")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertGreater(summary["messages"], 600)
        most = [int(n) for n in re.findall(r"at most (\d+) in an hour", done.stdout)]
        self.assertEqual(len(most), 2, done.stdout)
        self.assertLessEqual(max(most), 6)

    def test_every_alarm_of_a_bad_day_is_raised_within_its_time(self):
        done, summary = run("--bad-day")
        self.assertEqual(done.returncode, 0, done.stderr)
        raised = re.findall(r"([a-z_]+) +(\d+) s of +(\d+) s$", done.stdout, re.M)
        self.assertEqual([alarm for alarm in raised if int(alarm[1]) > int(alarm[2])], [])
        self.assertEqual({alarm[0] for alarm in raised}, {
            "path_down", "line_down", "outbox_waiting", "desk_unattended", "watch_check", "flash_untaken", "untaken",
            "untaken_there", "standby_expired", "alarm_flood", "disk_full", "clocks_apart", "another_copy_runs"})

    def test_a_story_is_told(self):
        told, summary = run("--seed", "3", "--scenario", "flash-at-night", "--play")
        self.assertEqual((told.returncode, summary["played"]["flash-at-night"]), (0, 1))
        for words in ("alarm: flash_untaken", "it goes to the deputy", "it goes to the next-role", "declined in form"):
            self.assertIn(words, told.stdout)

    def test_wrong_words_are_refused(self):
        for args in ([], ["--seed"], ["--seed", "x"], ["--seeds", "2-1"], ["--hours", "0"], ["--only", "no-such-fault"],
                     ["--seed", "1", "more"]):
            self.assertEqual(run(*args)[0].returncode, 2, args)
        self.assertEqual(run("--help")[0].returncode, 0)
        self.assertRegex(run("--version")[0].stdout, r"^openline-sim \d+\.\d+\.\d+\n$")


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1], verbosity=1)
