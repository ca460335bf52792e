#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""20 kills at random moments, see kills.py."""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import kills

if __name__ == "__main__":
    kills.main(20)
