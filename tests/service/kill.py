#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# ctest: slow
"""kill -9 at a few instants of an edit; tests/bench/chaos does the twenty of the bar."""
import sys

import _chaos

if __name__ == "__main__":
    sys.exit(1 if _chaos.both(2, ["posting", "sending"]) else 0)
