#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""reader.py FILE [--card FILE]... [--entries]: verifies an export without any of Openline's programs, and shows what its
entries say. Exit 12 when it is refused."""
import argparse
import sys

import desk
import export
import openline as ol


def main():
    arguments = argparse.ArgumentParser(description="Verifies an export of Openline.")
    arguments.add_argument("file")
    arguments.add_argument("--card", action="append", default=[], help="a card that you have from its owner")
    arguments.add_argument("--entries", action="store_true", help="show each entry, and what it says")
    asked = arguments.parse_args()
    try:
        with open(asked.file, "rb") as f:
            data = f.read()
        report = export.verify(data, [export.card_file(path) for path in asked.card])
    except OSError as e:
        print(e, file=sys.stderr)
        return 1
    except ol.Refused as e:
        print(f"refused: {e}", file=sys.stderr)
        return 12
    for author in (ol.A, ol.B):
        card = report.line.card[author]
        number, head_hash = report.heads[author]
        print(f"{chr(author)}: {card.party}, {card.station}: {report.entries[author]} entries, head {number} {head_hash.hex()}")
        print(f"   fingerprint {card.fingerprint.hex()}{'' if asked.card else ' (not compared)'}")
    for finding, entry, number in report.remarks:
        print(f"remark: {entry} {finding}{'' if number is None else f' {number}'}")
    for placed in [placed for stream in export.read(data)[1].values() for placed in stream] if asked.entries else []:
        entry = placed.entry
        print(f"{placed.id} {desk.NAMES.get(entry.kind, 'unknown')} {desk.words(entry.kind, entry.body) or ''}".rstrip())
    print("verified")
    return 0


if __name__ == "__main__":
    sys.exit(main())
