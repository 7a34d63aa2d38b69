#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# ctest: slow
"""What changes on disk while the service works: outputs that appear, a master that is replaced.
Nothing is written over, nothing is lost, nothing is paid twice."""
import os
import shutil
import stat
import time

import _edit
import _sim
from _edit import finish, run, start


class Bench:
    def __init__(self, folder, sim):
        self.folder, self.sim = folder, sim
        self.state = folder("state")
        self.env = {"OMNISPLICE_API_KEY": sim.key}
        self.master = _edit.make(folder("master.mp4"))

    def args(self, prompt, output, master=None):
        return ["edit", "-i", master or self.master, "--from", 1, "--to", 2, "--prompt", prompt,
                "--gateway", self.sim.url, "--state", self.state, "-o", output]

    def begin(self, *args):
        """Started, and seen waiting for the service."""
        process = start(*args, env=self.env)
        end = time.monotonic() + _edit.HANGS_S
        while time.monotonic() < end:
            assert process.poll() is None, finish(process)
            if os.path.exists(os.path.join(self.state, "jobs.db")):
                if "waiting" in [job["state"] for job in _edit.journal(self.state)]:
                    return process
            time.sleep(0.05)
        raise AssertionError("it never waits")

    def again(self, *args):
        return run(*args, env=self.env)


def content(path):
    with open(path, "rb") as file:
        return file.read()


def appears(b):
    """A file that comes into being during the wait stays; the clip is spliced elsewhere later."""
    out, posts = b.folder("out.mp4"), b.sim.ledger()["posts"]
    process = b.begin(*b.args("fog", out))
    with open(out, "w", encoding="ascii") as file:
        file.write("mine")
    finish(process).fails(4, "exists")
    assert content(out) == b"mine"
    b.again(*b.args("fog", out)).fails(4, "exists")
    b.again(*b.args("fog", out), "-y").ok()
    assert content(out) != b"mine"
    assert b.sim.ledger()["posts"] == posts + 1


def one_name(b):
    """Two edits with one output: the second to end says so, and has its clip."""
    out = b.folder("both.mp4")
    both = [b.begin(*b.args("negative", out)), start(*b.args("snow", out), env=b.env)]
    ended = [finish(process) for process in both]
    assert sorted(done.code for done in ended) == [0, 4], ended
    first = content(out)
    for prompt, done in zip(("negative", "snow"), ended):
        if done.code:
            done.fails(4, "exists")
            b.again(*b.args(prompt, b.folder("other.mp4"))).ok()
            assert content(b.folder("other.mp4")) != first
    assert content(out) == first


def no_files(b):
    """A pipe or a device is no place for a result, -y or not; a report goes right into it."""
    pipe = b.folder("pipe.mp4")
    os.mkfifo(pipe)
    b.again(*b.args("snow", pipe), "-y").fails(4, "pipe")
    b.again("splice", "-i", b.master, "--clip", b.master, "--from", 1, "--to", 2, "-o", pipe,
            "-y").fails(4, "pipe")
    reader = os.open(pipe, os.O_RDWR | os.O_NONBLOCK)
    b.again("check", b.master, "--json=" + pipe)
    assert b'"schema"' in os.read(reader, 65536)
    os.close(reader)
    assert stat.S_ISFIFO(os.stat(pipe).st_mode)


def replaced(b):
    """A master that is another file when the clip comes is not spliced into."""
    master, out = b.folder("moving.mp4"), b.folder("moved.mp4")
    shutil.copy(b.master, master)
    process = b.begin(*b.args("night", out, master))
    other = _edit.make(b.folder("other_master.mp4"), more=("-vf", "negate"))
    os.replace(other, master)
    finish(process).fails(3, "changed")
    assert not os.path.exists(out)
    shutil.copy(b.master, master)
    posts = b.sim.ledger()["posts"]
    b.again(*b.args("night", out, master)).ok()
    assert b.sim.ledger()["posts"] == posts, "paid for twice"
    assert run("verify", master, out, "--from", 1, "--to", 2).code == 0


def main():
    with _edit.Folder("outputs") as folder, _sim.Sim(None, "1.5") as sim:
        bench = Bench(folder, sim)
        for part in (appears, one_name, no_files, replaced):
            part(bench)
            print("ok", part.__name__, flush=True)


if __name__ == "__main__":
    main()
