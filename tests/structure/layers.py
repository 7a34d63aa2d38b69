#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Every #include "..." of src/ against tests/layers."""
import os
import re

import _source

ALWAYS = {"base", "omnisplice"}


def table():
    allowed = {}
    for line in _source.text("tests/layers").splitlines():
        line = line.split("#")[0].strip()
        if line:
            room, words = line.split(":")
            assert room not in allowed, f"tests/layers: two lines for {room}"
            allowed[room] = set(words.split())
    return allowed


def room_of(path):
    parts = path.split("/")  # src/ROOM/FILE or src/plugin/HOST/FILE
    return "/".join(parts[1:-1])


def wrong(include, path, allowed):
    room = room_of(path)
    top = include.rsplit("/", 1)[0]
    if "/" not in include:  # a host's own headers are spelled as its world does
        return not (room.startswith("plugin/")
                    and os.path.isfile(os.path.join(_source.ROOT, os.path.dirname(path), include)))
    if top == "omnisplice":
        return not os.path.isfile(os.path.join(_source.ROOT, "include", include))
    if not os.path.isfile(os.path.join(_source.ROOT, "src", include)):
        return True
    if top == room:
        return False
    if top in ALWAYS:
        return "-" + top in allowed[room]
    return not {top, include} & allowed[room]


def main():
    allowed, faults, used = table(), [], {}
    sources = [path for path in _source.files("src") if path.count("/") > 1]
    for path in sources:
        room = room_of(path)
        if room not in allowed:
            faults.append(f"{path}: room '{room}' has no line in tests/layers")
            continue
        for number, line in enumerate(_source.text(path).splitlines(), 1):
            found = re.match(r'\s*#\s*include\s+"([^"]+)"', line)
            if found and wrong(found[1], path, allowed):
                faults.append(f'{path}:{number}: "{found[1]}" is not for room {room}')
            if found:
                used.setdefault(room, set()).add(found[1].split("/")[0])
    assert sum(len(u) for u in used.values()) > 50, "hardly an include was found"
    for room in allowed:
        if not any(room_of(path) == room for path in sources):
            faults.append(f"tests/layers: there is no room '{room}'")
        for word in allowed[room]:
            name = word.lstrip("-").split("/")[0]
            if not os.path.isdir(os.path.join(_source.ROOT, "src", name)):
                faults.append(f"tests/layers: {room} may include '{word}', which does not exist")
    _source.end(faults)


main()
