# SPDX-License-Identifier: Apache-2.0
"""Every key that a program names is in the catalogue, and every key of the catalogue is named by a program."""
import json
import pathlib
import re
import sys
import unittest

ROOT = pathlib.Path(sys.argv.pop())


class Catalogue(unittest.TestCase):
    def setUp(self):
        with open(ROOT / "lang/en.json", encoding="utf-8") as f:
            self.texts = json.load(f)
        spaces = "|".join(sorted({key.split(".")[0] for key in self.texts}))
        literal = re.compile(r'"((?:%s)\.[a-z0-9_.]+)"' % spaces)
        self.used = {}
        for source in sorted((ROOT / "src").rglob("*.c")):
            for number, line in enumerate(source.read_text(encoding="utf-8").splitlines(), 1):
                for key in literal.findall(line):
                    self.used.setdefault(key, f"{source.relative_to(ROOT)}:{number}")

    def test_every_key_used_exists(self):
        self.assertEqual([], [f"{self.used[key]}: {key}" for key in self.used if key not in self.texts])

    def test_every_key_is_used(self):
        self.assertEqual([], [key for key in self.texts if key not in self.used])


unittest.main()
