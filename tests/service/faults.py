#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# ctest: slow
"""A service that misbehaves: what each fault ends with, what it says, and that none of them makes
a second task. The words are those of `omnisplice sim --help`."""
import concurrent.futures
import os
import re
import sys

import _edit
import _sim
from _edit import run

DONE = 0
# prompt, exit code, words, state in the journal, posts, tasks of this edit.
# Where the create is what matters, the task fails early: drawing a result takes seconds.
FAULTS = [
    # the answer is lost, the task is there: it is looked up, never sent again
    ("sim:reset sim:fail", 7, ["failed", "request_id"], "failed", 1, 1),
    ("sim:500 sim:fail", 7, ["failed", "request_id"], "failed", 1, 1),
    ("sim:nojson sim:fail", 7, ["failed", "request_id"], "failed", 1, 1),
    ("sim:hang=1 sim:fail", 7, ["failed", "request_id"], "failed", 1, 1),
    ("sim:hide=1 sim:fail", 7, ["failed", "request_id"], "failed", 1, 1),
    # ... but not for ever
    ("sim:reset sim:hide=9999", 75, ["unsure", "hint: .*resume .*--resend"], "unsure", 1, 1),
    # everything at once, and all is well in the end
    ("sim:busy sim:reset sim:hide=0.5 sim:cut", DONE, [], "done", 2, 1),
    # nothing was made
    ("sim:refuse", 7, ["1201", "request_id"], "refused", 1, 0),
    ("sim:money", 6, ["1102", "request_id"], "stored", 1, 0),
    ("sim:code=1301", 7, ["1301", "request_id"], "refused", 1, 0),
    ("sim:code=1103", 5, ["1103", "request_id"], "stored", 1, 0),
    ("sim:code=1202", 5, ["1202", "request_id"], "stored", 1, 0),
    # the task is made and ends badly
    ("sim:policy", 7, ["risk control", "request_id"], "failed", 1, 1),
    # the result
    ("sim:gone", 75, ["hint: .*resume"], "finished", 1, 1),
    ("sim:short", 8, ["hint: .*--again"], "rejected", 1, 1),
    ("sim:ratio", 8, ["hint: .*--again"], "rejected", 1, 1),
    ("sim:garbage", 8, ["does not decode", "request_id", "hint: .*--again"], "rejected", 1, 1),
]


class Bench:
    def __init__(self, folder, sim):
        self.folder, self.sim = folder, sim
        self.env = {"OMNISPLICE_API_KEY": sim.key}
        self.master = _edit.make(folder("master.mp4"), sound=False)

    def args(self, i, prompt, *more):
        return ["edit", "-i", self.master, "--from", 0, "--to", 3, "--prompt", "negative " + prompt,
                "--gateway", self.sim.url, "--state", self.folder("state%d" % i), "-o",
                self.folder("out%d.mp4" % i), *more]

    def tasks(self, job):
        return [t for t in self.sim.ledger()["tasks"]
                if t["external_task_id"] == job["external_task_id"]]


def ended(run_, code, words):
    if code == DONE:
        run_.ok()
    else:
        run_.fails(code, *words, warnings=True) # of what was tried again


def one(bench, i, fault):
    prompt, code, words, state, _, tasks = fault
    before = set(os.listdir(bench.folder.path))
    done = run(*bench.args(i, prompt), env=bench.env)
    ended(done, code, words)
    job = _edit.journal(bench.folder("state%d" % i))[0]
    assert job["state"] == state, "%s: %s wanted: %s" % (prompt, state, job)
    assert len(bench.tasks(job)) == tasks, "%s: %s" % (prompt, bench.tasks(job))
    assert os.path.exists(bench.folder("out%d.mp4" % i)) == (code == DONE), done
    stay = [n for n in set(os.listdir(bench.folder.path)) - before if n.startswith(".out%d" % i)]
    assert not stay, "left behind: %s" % stay
    if code != DONE:
        assert job["fault"], "the journal does not say why: %s" % job
    # once more: it costs nothing, whatever it was; and says the same
    if state in ("done", "failed", "rejected", "unsure"):
        again = run(*bench.args(i, prompt), env=bench.env)
        ended(again, code, words)
        assert len(bench.tasks(job)) == tasks, "%s: again made another task" % prompt
    return prompt


def unsure_is_resolved(bench):
    """Only a person's word sends it again, under the same id, and even then there is one task."""
    i = 100
    done = run(*bench.args(i, "sim:reset sim:hide=6"), env=bench.env)
    done.fails(75, "unsure")
    job = _edit.journal(bench.folder("state%d" % i))[0]
    state = ("--state", bench.folder("state%d" % i))
    run("resume", job["job"], *state, env=bench.env)
    listed = run("jobs", *state).ok()
    assert job["job"] in listed.out
    run("resume", job["job"], "--resend", *state, env=bench.env)
    end = _edit.time.monotonic() + _edit.HANGS_S
    while _edit.journal(state[1])[0]["state"] != "done":
        assert _edit.time.monotonic() < end, _edit.journal(state[1])
        run("resume", job["job"], *state, env=bench.env)
    after = _edit.journal(state[1])[0]
    assert after["external_task_id"] == job["external_task_id"]
    assert len(bench.tasks(job)) == 1, bench.tasks(job)
    assert os.path.exists(bench.folder("out%d.mp4" % i))
    print("ok an unsure job")


def again_pays_anew(bench):
    """A failed job stays failed; --again is a new task under a new id, and the only way."""
    i = 101
    run(*bench.args(i, "sim:fail"), env=bench.env).fails(7, "failed", "hint: ")
    posts = bench.sim.ledger()["posts"]
    run("resume", "--state", bench.folder("state%d" % i), env=bench.env).ok()
    assert bench.sim.ledger()["posts"] == posts
    run(*bench.args(i, "sim:fail", "--again"), env=bench.env).fails(7, "failed")
    assert bench.sim.ledger()["posts"] == posts + 1
    jobs = _edit.journal(bench.folder("state%d" % i))
    assert len({j["external_task_id"] for j in jobs}) == 2, jobs
    print("ok --again")


def the_key_is_never_told(bench):
    i = 102
    for prompt, extra in (("sim:busy sim:fail", ()), ("sim:refuse", ("--again",))):
        done = run(*bench.args(i, prompt, "-v", "trace", *extra), env=bench.env)
        assert done.code == 7, done
        assert re.search("authorization", done.err, re.I), "no trace: %s" % done
        assert re.search("request_id", done.err), done
        assert bench.sim.key not in done.err + done.out, "the key is told"
    key = bench.sim.key.encode()
    for base, _, names in os.walk(bench.folder("state%d" % i)):
        for name in names:
            with open(os.path.join(base, name), "rb") as file:
                assert key not in file.read(), "the key stands in %s" % name
    print("ok the key is never told")


def main():
    with _edit.Folder("faults") as folder, _sim.Sim(None, "0") as sim:
        bench = Bench(folder, sim)
        wrong = []
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            jobs = {pool.submit(one, bench, i, f): f[0] for i, f in enumerate(FAULTS)}
            for job in concurrent.futures.as_completed(jobs):
                if job.exception():
                    wrong.append(jobs[job])
                    print("FAILED %s: %s\n" % (jobs[job], job.exception()), flush=True)
                else:
                    print("ok", job.result(), flush=True)
        want = sum(f[4] for f in FAULTS)
        if sim.ledger()["posts"] != want:
            wrong.append("posts")
            print("FAILED: %d posts, wanted %d" % (sim.ledger()["posts"], want))
        for test in (unsure_is_resolved, again_pays_anew, the_key_is_never_told):
            try:
                test(bench)
            except AssertionError as fault:
                wrong.append(test.__name__)
                print("FAILED %s: %s\n" % (test.__name__, fault), flush=True)
        assert not wrong, wrong


if __name__ == "__main__":
    main()
    sys.exit(0)
