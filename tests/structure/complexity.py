#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The ten functions with the most branches; none has more than 50."""
import os
import subprocess

import _source

MOST = 50

paths = [path for path in _source.files("src", ends=(".c",))]
run = subprocess.run(["pmccabe", *paths], cwd=_source.ROOT, capture_output=True, text=True, check=True)
# modified and plain complexity, statements, first line, lines, file(line): function
rows = [line.split("\t") for line in run.stdout.splitlines()]
rows = sorted(((int(row[1]), int(row[4]), row[5]) for row in rows), reverse=True)
assert len(rows) > 5 * len(paths), f"pmccabe saw only {len(rows)} functions: {run.stderr}"
print("branches  lines  function")
for branches, lines, where in rows[:10]:
    print(f"{branches:8}  {lines:5}  {where}")
_source.end([f"{where}: {branches} branches, more than {MOST}"
             for branches, _, where in rows if branches > MOST])
