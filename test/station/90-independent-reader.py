#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""A reader and a station that were written from doc/protocol.md alone (test/independent) work with the real programs."""
import os
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "independent"))

from test_independent import *      # noqa: E402, F401, F403

if __name__ == "__main__":
    unittest.main()
