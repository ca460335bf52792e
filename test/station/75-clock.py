#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""A station whose clock is wrong: shown as doubtful by what the echo measures, and nothing is refused."""
import os
import subprocess
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import stations
from stations import wait_for

SHIM = r"""
#define _GNU_SOURCE
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>
static long offset(void)
{
    const char *text = getenv("SHIFT_SECONDS");
    return text ? atol(text) : 0;
}
int clock_gettime(clockid_t clock, struct timespec *t)
{
    int r = (int)syscall(SYS_clock_gettime, clock, t);
    if (r == 0 && clock == CLOCK_REALTIME)
        t->tv_sec += offset();
    return r;
}
time_t time(time_t *out)
{
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    if (out)
        *out = t.tv_sec;
    return t.tv_sec;
}
int gettimeofday(struct timeval *tv, void *zone)
{
    struct timespec t;
    (void)zone;
    clock_gettime(CLOCK_REALTIME, &t);
    tv->tv_sec = t.tv_sec;
    tv->tv_usec = t.tv_nsec / 1000;
    return 0;
}
"""


class Clock(unittest.TestCase):
    def setUp(self):
        self.pair = stations.Pair(proxied=False)
        self.addCleanup(self.pair.close)
        self.a, self.b = self.pair.a, self.pair.b
        source = os.path.join(self.pair.folder, "shim.c")
        self.shim = os.path.join(self.pair.folder, "shim.so")
        with open(source, "w", encoding="ascii") as f:
            f.write(SHIM)
        subprocess.run(["cc", "-shared", "-fPIC", "-O1", "-o", self.shim, source], check=True)

    def up_shifted(self, seconds):
        os.environ.update(LD_PRELOAD=self.shim, SHIFT_SECONDS=str(seconds))
        try:
            self.b.must("up")
        finally:
            del os.environ["LD_PRELOAD"], os.environ["SHIFT_SECONDS"]

    def exchange(self):
        ids = []
        for station, line, other, other_line in ((self.a, "freedonia", self.b, "ruritania"),
                                                 (self.b, "ruritania", self.a, "freedonia")):
            message = station.must("send", line, "-p", "flash", "what time is it", "--wait", "delivered", "--json").json["id"]
            ids.append((other.must("show", other_line, message, "--json").json,
                        station.must("show", line, message, "--json").json))
        return ids

    def doubtful(self, offset):
        self.a.must("up")
        self.up_shifted(offset)
        self.pair.wait_up()
        wait_for(lambda: any("clock" in alarm for alarm in self.a.line("freedonia")["alarms"]), "the alarm")
        for seen, _ in self.exchange():
            self.assertIs(seen["time_doubtful"], True)
        stations.verified(self.pair)

    def test_two_minutes_ahead_is_doubtful(self):
        self.doubtful(120)

    def test_ten_years_behind_is_doubtful(self):
        self.doubtful(-10 * 365 * 86400)

    def test_half_a_minute_is_not(self):
        self.a.must("up")
        self.up_shifted(-30)
        self.pair.wait_up()
        for seen, kept in self.exchange():
            self.assertIs(seen["time_doubtful"], False)
            self.assertIs(kept["time_doubtful"], False)
        self.assertEqual(self.a.line("freedonia")["alarms"], [])

    def test_an_old_message_is_not_doubtful_for_its_age(self):
        self.up_shifted(-3600)
        self.a.must("up")
        self.pair.wait_up()
        self.a.must("down")
        self.b.must("send", "ruritania", "waits")
        self.b.must("down")
        self.b.must("up")
        self.a.must("up")
        self.pair.wait_up()
        wait_for(lambda: any(m["text"] == "waits" for m in self.a.must("list", "freedonia", "--json").lines), "it")
        wait_for(lambda: self.a.line("freedonia")["alarms"] == [], "no alarm once the clock is right")


if __name__ == "__main__":
    unittest.main()
