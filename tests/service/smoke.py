#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The journey once, short enough for the sanitizers: edit, the same again, verify, splice."""
import json
import os
import subprocess
import sys
import tempfile

program = os.environ["OSP_BINARY"] + "/omnisplice"
master = os.environ["OSP_SOURCE"] + "/samples/v003_butterfly.mp4"


def run(*words, code=0):
    done = subprocess.run([program, *words], capture_output=True, text=True, timeout=300,
                          stdin=subprocess.DEVNULL)
    if done.returncode != code:
        sys.exit(f"exit {done.returncode} of {words}\n{done.stdout}{done.stderr}")
    return done.stdout


with tempfile.TemporaryDirectory() as folder:
    os.environ["OMNISPLICE_STATE"] = folder + "/state"
    os.environ["OMNISPLICE_SIM_DELAY"] = "0.1"
    out = folder + "/out.mp4"
    edit = ["edit", "-i", master, "--from", "3", "--to", "6", "--prompt", "negative", "--gateway",
            "sim", "--json", "-o", out]
    first, second = json.loads(run(*edit)), json.loads(run(*edit))
    assert first["proof"]["outside_identical"] and not first["reused_job"], first
    assert second["reused_output"] and second["task_id"] == first["task_id"], second
    run("verify", master, out, "--from", "3", "--to", "6")
    run("verify", master, out, code=1)
    # what was only looked at is no job: a bare resume must not pay for it
    run(*edit[:-1], folder + "/dry.mp4", "--again", "--dry-run")
    assert json.loads(run(*edit))["reused_output"]
    dry = json.loads(run("edit", "-i", master, "--from", "1", "--to", "4", "--prompt", "fog",
                         "--gateway", "sim", "--dry-run", "--json", "-o", folder + "/dry.mp4"))
    run("fetch", dry["job"], code=2)
    assert run("resume") == "nothing to resume\n"
    os.environ["OMNISPLICE_GATEWAY"] = "sim"
    assert len(json.loads(run("jobs", "--json"))["jobs"]) == 1
    run("config", "show")
    ledger = os.listdir(folder + "/state/sim/tasks")
    assert len(ledger) == 1, ledger
    # an option is a whole word: -t must not be taken for --to
    run("verify", master, out, "--from", "3", "-t", "3", code=2)
    run("splice", "-i", master, "--clip", first["clip"], "--from", "3", "--to", "6", "-o",
        folder + "/spliced.mp4")
    run("verify", master, folder + "/spliced.mp4", "--from", "3", "--to", "6")
print("1 edit, 1 answered from the journal, 2 proved")
