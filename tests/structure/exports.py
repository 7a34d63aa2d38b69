#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the library exports is what the public headers declare, and all of it is osp_*."""
import os
import re
import subprocess

import _source


def exported():
    library = os.path.join(_source.BINARY, "libomnisplice.so")
    lines = subprocess.run(["nm", "-D", "--defined-only", library], check=True, text=True,
                           capture_output=True).stdout.splitlines()
    return {line.split()[2].split("@")[0] for line in lines}


def declared():
    names = set()
    for path in _source.files("include", ends=(".h",)):
        code = re.sub(r"^\s*#.*$", "", _source.code(path), flags=re.M)
        for declaration in re.findall(r"\bOSP_API\b([^;{]*)", code):
            found = re.search(r"\b(\w+)\s*\(", declaration)
            if found:
                names.add(found[1])
    return names


ours, said = exported(), declared()
assert len(said) > 40, "the headers declare hardly anything: is OSP_API still the word?"
faults = [f"exported, but not osp_*: {name}" for name in sorted(ours) if not name.startswith("osp_")]
faults += [f"exported, but in no public header: {name}" for name in sorted(ours - said)]
faults += [f"in a public header, but not exported: {name}" for name in sorted(said - ours)]
# libavfilter brings a hundred libraries; src/av/late.h loads it when a graph is made
for program in ("libomnisplice.so", "omnisplice-probe"):
    needed = subprocess.run(["readelf", "-d", os.path.join(os.environ["OSP_BINARY"], program)],
                            capture_output=True, text=True, check=True).stdout
    assert "libavutil" in needed, needed
    if not os.environ.get("OSP_SANITIZE") and "libavfilter" in needed:
        faults.append(f"{program} needs libavfilter at its start")
_source.end(faults)
