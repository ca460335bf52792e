# SPDX-License-Identifier: Apache-2.0
"""Makes the C table of the message catalogues: catalogue.py OUT.c lang/en.json lang/TAG.json...

A catalogue is one JSON object, key to text; the first is English and says which keys there are. What another language
lacks is NULL in the table: the programs say it in English, and test/lang names it. The table is sorted by key, for bsearch.
"""
import json
import pathlib
import re
import sys

KEY = re.compile(r"[a-z]+(\.[a-z0-9_]+)+")
RIGHT_TO_LEFT = re.compile("[\u0590-\u08ff]")
# Within a sentence and its brackets, from the first option, file, command or parameter to the last.
LEFT_TO_RIGHT = re.compile(r"""[-'"/]*[A-Za-z0-9{](?:(?!\. )[\x20-\x27\x2a-\x7e])*[A-Za-z0-9}'"/]|[A-Za-z]""")
NUMBER = "{n}"  # needs nothing: digits read alike in both directions


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


def isolated(text):
    """A command or a path amid a text that runs from right to left stands between FSI and PDI: so it reads from left to
    right as a whole, and nothing of it changes places with what stands beside it."""
    if not RIGHT_TO_LEFT.search(text):
        return text
    return LEFT_TO_RIGHT.sub(lambda found: found[0] if found[0] == NUMBER else f"\u2068{found[0]}\u2069", text)


def quoted(text):
    if text is None:
        return "NULL"
    return '"' + isolated(text).replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'


def main():
    texts = {}
    for name in sys.argv[2:]:
        with open(name, encoding="utf-8") as f:
            texts[pathlib.Path(name).stem] = json.load(f, object_pairs_hook=unique)
    english = next(iter(texts.values()))
    with open(sys.argv[1], "w", encoding="utf-8") as out:
        out.write('#include "lang/table.h"\n\nconst char *const ol_text_langs[OL_TEXT_LANGS] = {')
        out.write(", ".join(map(quoted, texts)) + "};\n\nconst struct ol_text_row ol_text_rows[] = {\n")
        for key in sorted(english):
            words = ",\n      ".join(quoted(texts[lang].get(key)) for lang in texts)
            out.write(f"    {{{quoted(key)},\n     {{{words}}}}},\n")
        out.write(f"}};\nconst size_t ol_text_count = {len(english)};\n")


main()
