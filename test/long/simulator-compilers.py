#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""A seed is the same run whatever compiled it: gcc and clang, without and with optimisation, give the same hashes."""
import json
import os
import subprocess
import sys
import tempfile

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
SEEDS = "1-40"


def build(where, compiler, level):
    folder = os.path.join(where, f"{compiler}-O{level}")
    subprocess.run(["meson", "setup", folder, TOP, f"-Doptimization={level}", "-Ddebug=false"], check=True,
                   stdout=subprocess.DEVNULL, env=dict(os.environ, CC=compiler))
    subprocess.run(["ninja", "-C", folder, "sim/openline-sim"], check=True, stdout=subprocess.DEVNULL)
    return os.path.join(folder, "sim", "openline-sim")


def trace_hash(program):
    done = subprocess.run([program, "--seeds", SEEDS, "--json"], capture_output=True, text=True, check=False)
    return json.loads(done.stdout.strip().splitlines()[-1])["trace_hash"]


def main():
    hashes = {}
    with tempfile.TemporaryDirectory() as where:
        for compiler in ("gcc", "clang"):
            for level in "02":
                hashes[f"{compiler} -O{level}"] = trace_hash(build(where, compiler, level))
    for name, value in hashes.items():
        print(f"seeds {SEEDS}, {name}: {value}")
    return 1 if len(set(hashes.values())) > 1 else 0


if __name__ == "__main__":
    sys.exit(main())
