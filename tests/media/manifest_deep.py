#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# ctest: slow
"""check --deep against real files: what decoding showed other tools ("rules_deep" of manifest.json)
is found, and nothing is found in a file that decodes clean. The set lies where manifest.py says."""
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

DEEP = {"video.corrupt", "video.frames.missing", "video.timestamps", "image.corrupt"}
entries = json.load(open(manifest))
assert sum(bool(e["expect"].get("rules_deep")) for e in entries) >= 3, "no damaged file in the set"
failures = 0
for use in sorted({e["expect"]["use"] for e in entries}):
    group = [e for e in entries if e["expect"]["use"] == use]
    paths = [os.path.join(media, "dev", e["name"]) for e in group]
    run = subprocess.run([os.environ["OSP_BINARY"] + "/omnisplice", "check", "--deep", "--json",
                          "--use", use] + paths, capture_output=True, text=True)
    for entry, got in zip(group, json.loads(run.stdout)["files"]):
        want = set(entry["expect"].get("rules_deep", []))
        found = {f["rule"] for f in got["findings"]} & DEEP
        # broken time stamps beside damage are no contradiction; where tools disagree either is right
        more = found - want - ({"video.timestamps"} if want else set())
        if want <= found and (not more or entry["expect"].get("doubts")):
            continue
        failures += 1
        print(f"{entry['name']}: {sorted(found)}, expected {sorted(want)}")
print(f"{len(entries)} files, {failures} not as expected")
sys.exit(1 if failures else 0)
