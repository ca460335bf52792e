# SPDX-License-Identifier: Apache-2.0
"""Makes the C table of the forms that come with the programs: embed.py FORM.json... OUT.c

Each file's bytes stand as they are, since their SHA-256 is what two stations know a form by.
"""
import sys


def rows(data):
    for at in range(0, len(data), 24):
        yield "    " + "".join(f"{byte}," for byte in data[at:at + 24]) + "\n"


def main():
    *files, target = sys.argv[1:]
    with open(target, "w", encoding="ascii") as out:
        out.write('#include "form/forms.h"\n')
        for i, name in enumerate(files):
            with open(name, "rb") as f:
                out.write(f"\nstatic const unsigned char form_{i}[] = {{\n{''.join(rows(f.read()))}}};\n")
        out.write("\nconst struct ol_span ol_forms_built_in[] = {\n")
        for i in range(len(files)):
            out.write(f"    {{form_{i}, sizeof form_{i}}},\n")
        out.write(f"}};\nconst size_t ol_forms_built_in_n = {len(files)};\n")


main()
