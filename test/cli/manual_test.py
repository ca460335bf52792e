#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The manual page: every command and option of the program, nothing that a reader of manuals cannot read."""
import os
import re
import subprocess
import sys
import unittest

OPENLINE, PAGE = sys.argv.pop(1), sys.argv.pop(1)
ENGLISH = dict(os.environ, OPENLINE_LANG="en")


def said(*args):
    return subprocess.run(args, stdout=subprocess.PIPE, env=ENGLISH, text=True, check=True).stdout


class Manual(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        formatted = said("mandoc", "-T", "utf8", "-O", "width=500", PAGE)
        cls.text = re.sub(".\b", "", formatted)  # bold is struck twice
        cls.commands = re.findall(r"^  (\w+) +\S", said(OPENLINE, "--help").split("\n\n")[1], re.M)

    def test_it_is_written_as_manual_pages_are(self):
        lint = subprocess.run(["mandoc", "-T", "lint", "-W", "warning", PAGE], stdout=subprocess.PIPE, text=True)
        self.assertEqual((0, ""), (lint.returncode, lint.stdout))

    def test_every_command_is_in_it_as_the_program_explains_it(self):
        self.assertGreater(len(self.commands), 40)
        for command in self.commands:
            usage, text, *_ = said(OPENLINE, command, "--help").split("\n\n")
            self.assertRegex(self.text, rf"(?m)^   {command}$")
            for line in usage.removeprefix("usage: ").splitlines():
                self.assertIn(line.strip(), self.text)
            self.assertIn(" ".join(text.split()), " ".join(self.text.split()), command)

    def test_every_option_is_under_its_command(self):
        parts = dict(zip(self.commands, re.split(rf"(?m)^   (?:{'|'.join(self.commands)})$", self.text)[1:]))
        for command in self.commands:
            for option in re.findall(r"^ .*?(--[a-z-]+)", said(OPENLINE, command, "--help").split("\n\n")[2], re.M):
                where = self.text if option in ("--home", "--json", "--help") else parts[command]
                self.assertIn(option, where, command)

    def test_every_exit_code_is_in_it(self):
        last = self.text[self.text.index("EXIT STATUS"):]
        for code in (0, 1, 2, 10, 11, 12, 13):
            self.assertRegex(last, rf"(?m)^     {code} ")


unittest.main()
