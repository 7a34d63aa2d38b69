#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Nothing in the library's rooms prints to a standard stream or ends the process: we live in
other people's programs. The objects say it, so a macro cannot hide it."""
import glob
import os
import re
import subprocess

import _source

LOUD = set("""stdout stderr stdin printf vprintf puts putchar putchar_unlocked perror psignal
    err errx verr verrx warn warnx vwarn vwarnx error syslog vsyslog
    exit _exit _Exit quick_exit abort __assert_fail __assert raise
    __printf_chk __vprintf_chk system popen fork vfork""".split())
PROGRAM = ("report", "sim", "cli", "helper")  # not in the library


def rooms():
    for folder in glob.glob(os.path.join(_source.BINARY, "CMakeFiles", "room_*.dir")):
        room = re.search(r"room_(\w+)\.dir$", folder)[1]
        if room not in PROGRAM:
            yield room, glob.glob(os.path.join(folder, "**", "*.o"), recursive=True)


faults, seen = [], 0
for room, objects in sorted(rooms()):
    for path in sorted(objects):
        lines = subprocess.run(["nm", "-u", path], check=True, text=True,
                               capture_output=True).stdout.splitlines()
        names = {line.split()[-1].split("@")[0] for line in lines if line.strip()}
        seen += 1
        faults += [f"{room}/{os.path.basename(path)} uses {name}" for name in sorted(names & LOUD)]
assert seen > 40, f"only {seen} objects in {_source.BINARY}"
_source.end(faults)
