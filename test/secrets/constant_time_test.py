# SPDX-License-Identifier: Apache-2.0
"""No branch and no address depends on a secret: marked runs under valgrind without a report. And where a leak is
planted, there is one."""
import os
import re
import subprocess
import sys
import unittest

MARKED = os.path.abspath(sys.argv.pop())


def run(*leak):
    done = subprocess.run(["valgrind", "--error-exitcode=99", "--exit-on-first-error=no", "--undef-value-errors=yes",
                           "--main-stacksize=16777216", "--max-stackframe=16777216", "--num-callers=20", MARKED, *leak],
                          capture_output=True, text=True, check=False)
    return done.returncode, done.stdout, done.stderr


class ConstantTime(unittest.TestCase):
    def test_no_branch_and_no_address_depends_on_a_secret(self):
        code, out, reports = run()
        self.assertEqual(code, 0, reports[-6000:])
        self.assertIn("ERROR SUMMARY: 0 errors", reports)
        self.assertIn("a FLASH was delivered", out)
        self.assertIn("another one is not", out)

    def planted(self, leak, where):
        code, _, reports = run(leak)
        self.assertEqual(code, 99, reports[-3000:])
        self.assertRegex(reports, where)
        self.assertTrue(re.search(r"depends on uninitialised|Use of uninitialised", reports))

    def test_a_tag_compared_with_memcmp_is_reported(self):
        self.planted("compare", r"memcmp.*\n(?:.*\n){0,4}.*ol_secret_equal(?:.*\n){1,3}.*handshake_input")

    def test_a_code_compared_with_memcmp_is_reported(self):
        self.planted("code", r"memcmp.*\n(?:.*\n){0,4}.*ol_secret_equal(?:.*\n){1,3}.*codes")

    def test_a_table_looked_up_at_a_secret_is_reported(self):
        self.planted("index", r"leak_index")


if __name__ == "__main__":
    unittest.main()
