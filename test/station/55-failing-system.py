#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""A running station whose allocations, reads, writes and syncs fail, one in so many of them, see failing.py."""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import failing

if __name__ == "__main__":
    sys.exit(failing.main({"allocation": 23, "read": 1, "write": 3, "sync": 1}))
