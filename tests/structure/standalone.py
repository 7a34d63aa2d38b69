#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The repository stands alone: no file names a place of the machine that it was written on.
Tests may look for a folder of real media beside the checkout; without it they are skipped."""
import re

import _source

PLACES = re.compile(r"(?<![\w.])/(?:work|home/\w|root)/|(?:\.\./|\"\.\.\", \")shared\b")
MEDIA = re.compile(r"(?:\.\./|\"\.\.\", \")shared/media|\"\.\.\", \"shared\", \"media\"")
BARE = "tests/bench/quickstart_bare"  # /root/ is a place inside the machine that it makes
OURS = "tests/structure/standalone.py"
BINARY = (".mp4", ".mov", ".png", ".jpg", ".mkv", ".wav")

faults = []
for path in _source.everything():
    if path in (OURS, BARE) or path.endswith(BINARY):
        continue
    for number, line in enumerate(_source.text(path).splitlines(), 1):
        if path.startswith("tests/"):
            line = MEDIA.sub("", line)
        if PLACES.search(line):
            faults.append(f"{path}:{number}: {line.strip()[:120]}")
_source.end(faults)
