#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""One set of rule ids: the tables in the code, docs/rules.md and the unit tests name the same. A rule
that nobody documents, or that no test expects, is not finished."""
import re

import _source

# Rules of files and shots, and the tests that expect them. Those of requests and profiles stand in
# tables that tests/unit/request.c and profile.c read themselves.
FAMILIES = "video|media|image|sound|edit"
TESTS = ("tests/unit/check_video.c", "tests/unit/check_stills.c", "tests/unit/check.c",
         "tests/media/cuts.py", "tests/media/deep.py")
ID = rf"((?:{FAMILIES})\.[a-z.-]+)"


def ids(paths, *patterns):
    found = set()
    for path in paths:
        content = _source.text(path)
        for pattern in patterns:
            found |= set(re.findall(pattern, content))
    return found


rules = [path for path in _source.files("src/check") if re.search(r"/(?!request)\w+\.c$", path)]
code = ids(rules,
           rf'\{{ "{ID}",\s+USE',           # a row begins with its id
           rf'"{ID}",\s+OSP_(?!WARNING)',    # the id of its grace
           rf'\w*(?:add|say|found)\w*\([^;"]*"{ID}"',  # what is no row: unreadable files, cuts, media
           rf'"{ID}", OSP_(?:NOTE|WARNING|VIOLATION)')
files_of_docs = _source.text("docs/rules.md").split("\n## Requests\n")[0]
documented = set(re.findall(rf"(?m)^\| `{ID}` \|", files_of_docs))
tested = ids(TESTS, rf'(?:[" ?-]|"[.]){ID}(?=[" ])')

faults = [] if len(code) > 20 else [f"only {len(code)} ids found in {rules}: do the rows look otherwise now?"]
for name, found in (("docs/rules.md", documented), ("a unit test", tested)):
    faults += [f"{rule}: in the code, not in {name}" for rule in sorted(code - found)]
    faults += [f"{rule}: in {name}, not in the code" for rule in sorted(found - code)]
_source.end(faults)
