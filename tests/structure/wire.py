#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Every member of the facts has its row in probe/wire.c: one without arrives as zero from the
process that probes, and nobody would notice."""
import re

import _source

POINTERS = {"video.frame_pts"}  # they travel behind the rows
NESTED = {"osp_video_facts": "video.", "osp_sound_facts": "sound.", "osp_deep_facts": "deep.",
          "osp_image_facts": "image.", "osp_facts": ""}

COLOUR = ("primaries", "transfer", "matrix", "range")


def members(header, struct):
    body = re.search(r"typedef struct %s \{(.*?)\n\} %s;" % (struct, struct), header, re.S)[1]
    for declaration in body.split(";"):
        words = re.match(r"\s*(?:const )?(\w+)\s+(.+)$", declaration, re.S)
        if words and words[1] not in NESTED:
            for name in words[2].split(","):
                name = NESTED[struct] + re.match(r"\s*\**\s*(\w+)", name)[1]
                yield from [f"{name}.{tag}" for tag in COLOUR] if words[1] == "osp_colour" else [name]


header = _source.code("include/omnisplice/media.h")
nested = set(re.findall(r"\n    (osp_\w+_facts) \w+;", header))
faults = [f"media.h: {name} in osp_facts is not known to this test" for name in nested - set(NESTED)]
said = {name for struct in NESTED for name in members(header, struct)} - POINTERS
rows = re.findall(r"ROW\((\w+), ([\w.]+)\)", _source.code("src/probe/wire.c"))
assert len(said) > 50, said
faults += [f"media.h: {name} has no row in wire.c" for name in sorted(said - {r[1] for r in rows})]
for name in {r[1] for r in rows}:
    text = re.search(r"\bchar\s[^;]*\b%s\[" % name.split(".")[-1], header)
    kinds = {kind for kind, member in rows if member == name}
    if (kinds == {"TEXT"}) != bool(text):
        faults.append(f"wire.c: {name} is {'' if text else 'no '}text, its row says {kinds}")
_source.end(faults)
