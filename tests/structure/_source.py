# SPDX-License-Identifier: LGPL-2.1-or-later
"""The tree under test, as several structure tests read it."""
import os
import re
import subprocess
import sys

ROOT = os.environ.get("OSP_SOURCE") or os.path.join(os.path.dirname(__file__), "..", "..")
ROOT = os.path.realpath(ROOT)
BINARY = os.environ.get("OSP_BINARY") or os.path.join(ROOT, "build-test")


def files(*folders, ends=(".c", ".h")):
    """Paths below the root, sorted."""
    found = []
    for folder in folders:
        for at, _, names in os.walk(os.path.join(ROOT, folder)):
            found += [os.path.relpath(os.path.join(at, n), ROOT) for n in names if n.endswith(ends)]
    assert found, f"no {ends} in {folders}"
    return sorted(found)


def everything():
    """What is in the repository or would be added to it; a copy without git: all but builds."""
    git = subprocess.run(["git", "-C", ROOT, "ls-files", "-co", "--exclude-standard"],
                         capture_output=True, text=True)
    if git.returncode == 0:
        return [f for f in git.stdout.splitlines() if os.path.isfile(os.path.join(ROOT, f))]
    return [f for f in files(".", ends=("",)) if not re.match(r"(\./)?(build|\.git/|samples/out)", f)]


def text(path):
    with open(os.path.join(ROOT, path), encoding="utf-8", errors="surrogateescape") as file:
        return file.read()


def code(path):
    """The text with comments, strings and characters blanked, so that lines keep their numbers."""
    token = re.compile(r'//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', re.S)
    return token.sub(lambda m: re.sub(r"[^\n]", " ", m[0]), text(path))


def end(faults):
    for fault in faults:
        print(fault)
    sys.exit(1 if faults else 0)
