#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""A FLASH at night: nobody is at the other desk, it sounds there, is escalated on the record of both sides, and is at
last declined. At no moment does one of broken, unattended and declined look like another."""
import os
import subprocess
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import stations
from stations import wait_for
from story import DAY, Story


class FlashAtNight(Story):
    def sounder(self):
        """Freedonia's, which plays what it hears into a file; the kinds that it heard."""
        heard = os.path.join(self.pair.folder, "heard")
        process = subprocess.Popen([stations.program("openline"), "-C", self.b.home, "alarm", "--exec",
                                    f'echo "$OPENLINE_ALARM_PRIORITY $OPENLINE_ALARM_ABOUT" >>{heard}'],
                                   stdout=subprocess.DEVNULL)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)

        def lines():
            if not os.path.exists(heard):
                return []
            with open(heard, encoding="utf-8") as f:
                return f.read().split("\n")
        return lines

    def stands(self, message):
        """What Ruritania sees: its line, the desk there and why, the message."""
        line = self.a.line("freedonia")
        return line["state"], line["desk"], line["desk_why"], self.shown(self.a, message)["state"]

    def is_at(self, message, *want):
        wait_for(lambda: self.stands(message) == want, f"{want}", 20)

    def test_a_flash_at_night_is_escalated_and_declined_and_no_state_looks_like_another(self):
        heard = self.sounder()
        self.do(self.b, "desk", "attend", "--role", "duty-officer")
        self.do(self.b, "desk", "leave", "--role", "duty-officer")
        self.later(int(-self.now() % DAY) + 3 * 3600)  # 03:00

        asked = self.a.run("send", "freedonia", "-p", "flash", "--answer", "wu", "--wait", "taken", "--timeout", "2", "--json",
                           "Your frigate has its fire-control radar on our aircraft. Switch it off.")
        self.assertEqual(asked.code, 11, asked.err)
        flash = asked.json["id"]
        self.is_at(flash, "up", "unattended", "left", "delivered")
        self.assertIn("desk there: unattended", self.a.must("status").out)
        self.alarmed(self.b, "flash_untaken", flash)
        wait_for(lambda: f"emergency {flash}" in heard(), "the sounder")
        self.alarmed(self.a, "desk_unattended", None)

        self.later(61)
        one = wait_for(lambda: next((m for m in [self.shown(self.a, flash)] if m["chain"][-1]["role"] == "deputy"), None),
                       "the deputy to be called")
        self.assertEqual(one["state"], "delivered")
        self.alarmed(self.a, "untaken_there", flash)
        self.later(60)
        wait_for(lambda: self.shown(self.a, flash)["chain"][-1]["role"] == "next-role", "the next role to be called")
        receiver = "A" if flash[0] == "B" else "B"
        called = self.entries("escalate")
        self.assertEqual([(side, about) for _, side, _, about, _ in called], [(receiver, flash)] * 2)
        for station in (self.a, self.b):
            self.assertEqual(self.say(station, "log").count("escalate"), 2)
        self.is_at(flash, "up", "unattended", "left", "delivered")
        self.assertEqual(self.states(self.both(flash, open=True)),
                         [("released", flash[0]), ("delivered", receiver), ("escalated", receiver), ("escalated", receiver)])
        waiting = self.do(self.b, "brief")["open"]
        self.assertEqual([m["id"] for m in waiting], [flash])
        self.assertGreater(waiting[0]["age_s"], 120)

        self.do(self.b, "desk", "attend", "--role", "deputy")
        self.is_at(flash, "up", "attended", None, "delivered")
        self.do(self.b, "decline", flash, "--reason", "舰长不在，上午八点答复")
        declined = self.both(flash, state="declined", open=False)
        self.assertEqual(declined["acts"][-1]["text"], "舰长不在，上午八点答复")
        self.assertIn("舰长不在", self.say(self.a, "show", flash))
        self.is_at(flash, "up", "attended", None, "declined")
        self.calm(self.b, "flash_untaken", flash)
        self.calm(self.a, "untaken_there", flash)
        self.calm(self.a, "desk_unattended", None)

        self.pair.proxy.cut()
        wait_for(lambda: self.a.line("freedonia")["state"] == "down", "the cut to show")
        lost = self.a.run("send", "freedonia", "-p", "flash", "--wait", "delivered", "--timeout", "1", "--json", "Answer us.")
        self.assertEqual(lost.code, 10)
        self.is_at(lost.json["id"], "down", "attended", None, "released")
        self.is_at(flash, "down", "attended", None, "declined")
        self.alarmed(self.a, "line_down", None)
        self.pair.proxy.mend()
        self.is_at(lost.json["id"], "up", "attended", None, "delivered")
        self.do(self.b, "take", lost.json["id"])
        self.is_at(lost.json["id"], "up", "attended", None, "taken")


if __name__ == "__main__":
    unittest.main()
