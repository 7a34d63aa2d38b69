#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""C files look as clang-format with the tree's .clang-format leaves them."""
import subprocess

import _source

paths = _source.files("src", "include", "tests")
run = subprocess.run(["clang-format", "--dry-run", "-Werror", *paths], cwd=_source.ROOT,
                     capture_output=True, text=True)
faults = [line for line in run.stderr.splitlines() if "error:" in line]
if run.returncode and not faults:
    faults = [run.stderr]
_source.end(faults)
