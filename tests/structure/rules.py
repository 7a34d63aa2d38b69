#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""One set of rule ids: the tables in the code, docs/rules.md and the unit tests name the same. A rule
that nobody documents, or that no test expects, is not finished."""
import re

import _source

# Families whose rules are rows of src/check/rules*.c, and the unit tests that expect them.
FAMILIES = "video|media"
TESTS = ("tests/unit/check_video.c",)
ID = rf"((?:{FAMILIES})\.[a-z.-]+)"


def ids(paths, *patterns):
    found = set()
    for path in paths:
        content = _source.text(path)
        for pattern in patterns:
            found |= set(re.findall(pattern, content))
    return found


rules = [path for path in _source.files("src/check") if re.search(r"/(rules\w*|judge)\.c$", path)]
code = ids(rules,
           rf'\{{ "{ID}",\s+USE',           # a row begins with its id
           rf'"{ID}",\s+OSP_(?!WARNING)',    # the id of its grace
           rf'add\(out, "{ID}"')             # what is no row: files that cannot be read
documented = ids(["docs/rules.md"], rf"(?m)^\| `{ID}` \|")
tested = ids(TESTS, rf'[" ?-]{ID}(?=[" ])')

faults = [] if len(code) > 20 else [f"only {len(code)} ids found in {rules}: do the rows look otherwise now?"]
for name, found in (("docs/rules.md", documented), ("a unit test", tested)):
    faults += [f"{rule}: in the code, not in {name}" for rule in sorted(code - found)]
    faults += [f"{rule}: in {name}, not in the code" for rule in sorted(found - code)]
_source.end(faults)
