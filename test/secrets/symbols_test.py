# SPDX-License-Identifier: Apache-2.0
"""What the pure core calls: itself, libsodium, and of the C library what moves and compares bytes. No memory is asked
for, no file opened, no clock and no randomness read: none of these names is there."""
import subprocess
import sys
import unittest

LIBRARIES = sys.argv[1:]
del sys.argv[1:]
BYTES = {"memchr", "memcmp", "bcmp", "memcpy", "memmove", "memset", "strchr", "strcmp", "strlen"}
ASSERT = {"__assert_fail"}
COMPILER = {"_GLOBAL_OFFSET_TABLE_", "__stack_chk_fail"}
SODIUM = ("crypto_", "sodium_")
RANDOM = "randombytes_buf"  # behind struct ol_random, in crypto/keys.c; the layers above take it as a port


def symbols(library):
    listed = subprocess.run(["nm", "-P", library], capture_output=True, text=True, check=True).stdout
    rows = [line.split() for line in listed.split("\n") if line and not line.endswith(":")]
    return {row[0] for row in rows if row[1] == "U"}, {row[0] for row in rows if row[1] in "TDBRV"}


class Symbols(unittest.TestCase):
    def test_the_core_calls_itself_libsodium_and_what_moves_bytes(self):
        self.assertGreaterEqual(len(LIBRARIES), 6)
        defined = set().union(*(symbols(library)[1] for library in LIBRARIES))
        self.assertIn("ol_line_next", defined)
        for library in LIBRARIES:
            called = symbols(library)[0] - defined - BYTES - ASSERT - COMPILER
            if "crypto" in library.split("/")[-1]:
                called.discard(RANDOM)
            self.assertEqual(sorted(name for name in called if not name.startswith(SODIUM)), [], library)

    def test_every_library_of_the_core_asserts(self):
        for library in LIBRARIES:
            self.assertLessEqual(ASSERT, symbols(library)[0], library)


if __name__ == "__main__":
    unittest.main()
