# SPDX-License-Identifier: Apache-2.0
"""The table of alarms in doc/alarms.md says what the programs say: kind, priority, time to act and the three texts."""
import json
import pathlib
import re
import sys
import unittest

ROOT = pathlib.Path(sys.argv.pop())


class AlarmsDoc(unittest.TestCase):
    def test_every_row_is_the_programs(self):
        texts = json.loads((ROOT / "lang/en.json").read_text(encoding="utf-8"))
        source = (ROOT / "src/desk/alarm_kinds.c").read_text(encoding="utf-8")
        rows = re.findall(r'\{"(\w+)", OL_ALARM_(\w+), (\d+),', source)
        self.assertGreater(len(rows), 15)
        want = []
        for kind, priority, seconds in rows:
            minutes, rest = divmod(int(seconds), 60)
            self.assertEqual(rest, 0)
            want.append(f"| `{kind}` | {priority.lower()} | {minutes} min | " +
                        " | ".join(texts[f"alarm.{kind}.{part}"] for part in ("cause", "consequence", "action")) + " |")
        doc = (ROOT / "doc/alarms.md").read_text(encoding="utf-8")
        self.assertEqual(want, [line for line in doc.splitlines() if line.startswith("| `")])


unittest.main()
