#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Each public header alone is a program in C11 and in C++17, without a warning."""
import os
import subprocess

import _source

STRICT = ["-Wall", "-Wextra", "-Wpedantic", "-Werror", "-fsyntax-only"]
LANGUAGES = [["cc", "-std=c11", "-Wstrict-prototypes", "-x", "c"], ["c++", "-std=c++17", "-x", "c++"]]


def flags(header):
    """avframe.h is the one that says libav's names, on purpose and on demand."""
    if not header.endswith("/avframe.h"):
        return []
    return subprocess.run(["pkg-config", "--cflags", "libavutil"], check=True, text=True,
                          capture_output=True).stdout.split()


faults = []
for path in _source.files("include", ends=(".h",)):
    header = path.removeprefix("include/")
    for language in LANGUAGES:
        program = f"#include <{header}>\n#include <{header}>\n"  # twice: the guard holds
        run = subprocess.run(
            [*language, *STRICT, "-I" + os.path.join(_source.ROOT, "include"), *flags(header), "-"],
            input=program, capture_output=True, text=True)
        if run.returncode:
            faults.append(f"{header} with {language[1]}:\n{run.stderr}")
_source.end(faults)
