#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Every read, write, sync, open, allocation and call of two stations' stores fails, and every 50th bit of a record turns
over: see test/loops."""
import os
import subprocess
import sys

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

if __name__ == "__main__":
    codes = [subprocess.run([os.path.join(TOP, "out/build/test/loops", name)], check=False,
                            env=dict(os.environ, OPENLINE_LOOP_STEP="1", OPENLINE_FLIP_STEP="50")).returncode
             for name in ("loops_test", "flips_test")]
    sys.exit(max(codes))
