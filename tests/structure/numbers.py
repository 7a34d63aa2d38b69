#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The service's limits are data: its telling numbers stand in no code outside the profiles, so
that no limit hides where a new profile would not reach it. Comments and texts may say them."""
import re

import _source

TELLING = ("720", "2160", "4553", "2500", "512", "200000000", "10000000", "5000000")
NUMBER = re.compile(r"(?<![\w.])(\d[\d']*)([uUlL]*)(?![\w.])")

faults = []
for path in _source.files("src", "include"):
    for line, text in enumerate(_source.code(path).splitlines(), 1):
        faults += [f"{path}:{line}: {found[0]} is a limit of a service, or looks like one"
                   for found in NUMBER.finditer(text) if found[1].replace("'", "") in TELLING]
_source.end(faults)
