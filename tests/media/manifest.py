#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# ctest: slow
"""check against real files whose facts other tools measured.

The set lies outside the repository, in shared/media beside it (or where OSP_MEDIA says). Every
file has an expected verdict and the rules that it breaks; where tools disagree about a file
("doubts") either verdict is right.
"""
import json
import os
import subprocess
import sys

source = os.environ["OSP_SOURCE"]
media = os.environ.get("OSP_MEDIA", os.path.join(source, "..", "shared", "media"))
manifest = os.path.join(media, "dev", "manifest.json")
if not os.path.exists(manifest):
    print("skipped: no media set at", media)
    sys.exit(77)

entries = json.load(open(manifest))
failures = 0
for use in sorted({e["expect"]["use"] for e in entries}):
    group = [e for e in entries if e["expect"]["use"] == use]
    paths = [os.path.join(media, "dev", e["name"]) for e in group]
    run = subprocess.run([os.environ["OSP_BINARY"] + "/omnisplice", "check", "--json", "--use", use]
                         + paths, capture_output=True, text=True)
    document = json.loads(run.stdout)
    for entry, got in zip(group, document["files"]):
        want = entry["expect"]
        rules = sorted({f["rule"] for f in got["findings"] if f["level"] == "violation"})
        if want.get("doubts") or (got["verdict"] == want["verdict"]
                                  and rules == sorted(want["rules"])):
            continue
        failures += 1
        print(f"{entry['name']}: {got['verdict']} {rules}, expected {want['verdict']} "
              f"{sorted(want['rules'])}")
print(f"{len(entries)} files, {failures} not as expected")
sys.exit(1 if failures else 0)
