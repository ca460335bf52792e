#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""House rules that a machine can see: licence lines, direction of includes, the size of the trusted core."""
import os
import re
import subprocess
import unittest

TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
ABOVE = {  # layer: what it may include
    "base": {"base"},
    "crypto": {"base", "crypto"},
    "wire": {"base", "crypto", "wire"},
    "armour": {"base", "crypto", "armour"},
    "record": {"base", "crypto", "wire", "record"},
    "line": {"base", "crypto", "wire", "record", "line"},
    "proof": {"base", "crypto", "wire", "record", "proof"},
    "desk": {"base", "crypto", "wire", "record", "desk"},
    "path": {"base", "path"},
    "sandbox": {"base", "sandbox"},
    "daemon": {"daemon"},
    "relay": {"base", "path", "sandbox", "daemon", "relay"},
    "words": {"base", "words"},
    "store": {"base", "crypto", "wire", "record", "words", "store"},
}
CORE = ("crypto", "wire", "record", "line")
CORE_LINES = 5000
PURE = ("base", "crypto", "wire", "record", "line", "desk", "words")
LINES_AN_ASSERTION = 25


def files(*endings):
    listed = subprocess.run(["git", "ls-files", "-co", "--exclude-standard"], cwd=TOP, capture_output=True, text=True,
                            check=True).stdout.split("\n")
    return [f for f in listed if f.endswith(endings) and os.path.exists(os.path.join(TOP, f))]


def text(name):
    with open(os.path.join(TOP, name), encoding="utf-8") as f:
        return f.read()


def code_lines(source):
    source = re.sub(r"/\*.*?\*/", lambda m: "\n" * m[0].count("\n"), source, flags=re.S)
    return sum(1 for line in source.split("\n") if line.strip() and not line.strip().startswith("//"))


class HouseRules(unittest.TestCase):
    def test_every_source_file_names_its_licence(self):
        missing = [f for f in files(".c", ".h", ".py", ".sh") if "SPDX-License-Identifier: Apache-2.0" not in text(f)]
        self.assertEqual(missing, [])

    def test_includes_point_downwards(self):
        wrong = []
        for name in files(".c", ".h"):
            layer = name.split("/")[1] if name.startswith("src/") else None
            for folder in re.findall(r'#include "(\w+)/', text(name)) if layer in ABOVE else []:
                if folder not in ABOVE[layer]:
                    wrong.append(f"{name} includes {folder}/")
        self.assertEqual(wrong, [])

    def test_the_trusted_core_is_at_most_5000_lines_of_code(self):
        lines = {layer: sum(code_lines(text(f)) for f in files(".c", ".h") if f.startswith(f"src/{layer}/"))
                 for layer in CORE}
        print(lines, sum(lines.values()))
        self.assertLessEqual(sum(lines.values()), CORE_LINES)

    def test_the_pure_core_asserts_at_least_once_in_25_lines_and_in_release_builds_too(self):
        lines, asserts = {}, {}
        for layer in PURE:
            sources = [text(f) for f in files(".c", ".h") if f.startswith(f"src/{layer}/")]
            lines[layer] = sum(code_lines(source) for source in sources)
            asserts[layer] = sum(len(re.findall(r"^\s*assert\(", source, re.M)) for source in sources)
        print(asserts, sum(asserts.values()), f"one in {sum(lines.values()) / sum(asserts.values()):.1f} lines")
        self.assertEqual([layer for layer in PURE if asserts[layer] * LINES_AN_ASSERTION < lines[layer]], [])
        self.assertIn("'b_ndebug=false'", text("meson.build"))

    def test_every_planted_fault_still_fits_the_source(self):
        wrong = []
        for name in files(".patch"):
            path = None
            for hunk in re.split(r"^(?=@@ |--- )", text(name), flags=re.M)[1:]:
                named = re.search(r"^\+\+\+ b/(\S+)", hunk, re.M)
                path = named[1] if named else path
                before = "".join(line[1:] or "\n" for line in hunk.splitlines(True)[1:] if line[0] in " -\n")
                if hunk.startswith("@@") and before not in text(path):
                    wrong.append(f"{name}: {path}")
        self.assertEqual(wrong, [])

    def test_the_pure_layers_call_nothing_of_the_system(self):
        wrong = []
        for name in files(".c"):
            if not re.match(r"src/(base|crypto|wire|record|line|desk|proof|words)/", name):
                continue
            for call in re.findall(r"\b(malloc|calloc|realloc|free|time|clock_gettime|rand|random|fopen|open|read|write|"
                                   r"printf|fprintf|getenv)\s*\(", text(name)):
                wrong.append(f"{name} calls {call}")
        self.assertEqual(wrong, [])

    def test_nothing_names_this_machine(self):
        wrong = [f for f in files(".c", ".h", ".py", ".sh", ".md", ".json", ".build", "check", "build", "demo", "run")
                 if re.search("/(?:wor" "k|far" "m)/|/tmp/ba" "sh_", text(f))]
        self.assertEqual(wrong, [])


if __name__ == "__main__":
    unittest.main()
