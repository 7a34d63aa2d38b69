#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Sum over ctest's JUnit files: one line, and an exit status that is 0 only when tests passed
and none failed."""
import sys
import xml.etree.ElementTree as xml

passed, failed, skipped = 0, [], []
for path in sys.argv[1:]:
    build = path.rsplit("/", 1)[-1].removesuffix(".xml")
    for case in xml.parse(path).getroot().iter("testcase"):
        name, why = f"{build}: {case.get('name')}", case.find("skipped")
        if case.get("status") == "run":
            passed += 1
        elif why is not None and "SKIP_" in (why.get("message") or ""):
            skipped.append(name)
        else:  # failed, timed out, or its program is not there
            failed.append(name)

print()
for name in skipped:
    print("skipped:", name)
for name in failed:
    print("failed: ", name)
print(f"{passed} passed, {len(failed)} failed, {len(skipped)} skipped")
sys.exit(0 if passed and not failed else 1)
