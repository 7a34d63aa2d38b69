#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# ctest: slow
"""Every sh block of README.md runs as it stands, in one folder, in the order of the page. The two
commands of the first screen are run by other tests."""
import os
import re
import subprocess
import sys
import tempfile

source, binary = os.environ["OSP_SOURCE"], os.environ["OSP_BINARY"]
text = open(os.path.join(source, "README.md")).read()
blocks = [b for b in re.findall(r"^```sh\n(.*?)^```", text, re.M | re.S) if "./tests/run" not in b]
verbs = "check plan conform edit splice verify jobs resume fetch profile config sim".split()
missing = [v for v in verbs if not any(f"omnisplice {v}" in b for b in blocks)]
failures = 0
with tempfile.TemporaryDirectory() as folder:
    os.symlink(os.path.join(source, "samples"), os.path.join(folder, "samples"))
    environment = dict(os.environ, PATH=binary + ":" + os.environ["PATH"],
                       OMNISPLICE_STATE=os.path.join(folder, "state"),
                       XDG_CONFIG_HOME=os.path.join(folder, "config"),
                       OMNISPLICE_GATEWAY="sim", OMNISPLICE_SIM_DELAY="0.2")
    for block in blocks:
        run = subprocess.run(["bash", "-eu", "-c", block], cwd=folder, env=environment,
                             capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=300)
        if run.returncode:
            failures += 1
            print(f"exit {run.returncode} of:\n{block}{run.stdout}{run.stderr}")
    for name in ("reference.mp4", "out.mp4", "spliced.mp4", "night.mp4", "piped.mkv",
                 "report.html", "report.xml"):
        if not os.path.exists(os.path.join(folder, name)):
            failures += 1
            print("not written:", name)
if missing:
    print("no example of:", missing)
print(f"{len(blocks)} examples, {failures} failed")
sys.exit(1 if failures or missing or not blocks else 0)
