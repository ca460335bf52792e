# SPDX-License-Identifier: Apache-2.0
"""Makes the C table of a message catalogue: catalogue.py lang/en.json OUT.c

The catalogue is one JSON object, key to text. The table is sorted by key, for bsearch.
"""
import json
import re
import sys

KEY = re.compile(r"[a-z]+(\.[a-z0-9_]+)+")


def unique(pairs):
    seen = {}
    for key, text in pairs:
        if key in seen:
            sys.exit(f"catalogue: the key {key} stands twice")
        if not KEY.fullmatch(key) or not isinstance(text, str) or not text:
            sys.exit(f"catalogue: {key!r} is not a key with a text")
        if re.sub(r"\{[a-z_]+\}", "", text).count("{"):
            sys.exit(f"catalogue: a parameter of {key} is not of the form {{name}}")
        seen[key] = text
    return seen


def quoted(text):
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'


def main():
    with open(sys.argv[1], encoding="utf-8") as f:
        texts = json.load(f, object_pairs_hook=unique)
    with open(sys.argv[2], "w", encoding="utf-8") as out:
        out.write('#include "lang/table.h"\n\nconst struct ol_text_row ol_text_rows[] = {\n')
        for key in sorted(texts):
            out.write(f"    {{{quoted(key)}, {quoted(texts[key])}}},\n")
        out.write(f"}};\nconst size_t ol_text_count = {len(texts)};\n")


main()
