#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Every source file says its licence in its first lines."""
import os

import _source

LINE = "SPDX-License-Identifier: LGPL-2.1-or-later"
SOURCE = (".c", ".h", ".py", ".sh", ".cmake", "CMakeLists.txt", ".map")


def is_source(path):
    if path.endswith(SOURCE):
        return True
    return "." not in os.path.basename(path) and _source.text(path).startswith("#!")


sources = [path for path in _source.everything() if is_source(path)]
assert len(sources) > 100, f"only {len(sources)} source files were found"
_source.end([f"{path}: no '{LINE}' in the first three lines" for path in sources
             if not any(LINE in line for line in _source.text(path).split("\n", 3)[:3])])
