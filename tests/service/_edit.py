# SPDX-License-Identifier: LGPL-2.1-or-later
"""The program as a person runs it: one command, its exit code, its words, what it leaves."""
import json
import os
import re
import shutil
import subprocess
import tempfile
import time

import _sim
from _sim import PROGRAM, ffmpeg

# The machine may be slow and busy: a time-out here means "hangs", never "is slow".
HANGS_S = 240


def environment(**more):
    """Nothing of the person who runs the tests: no key, no state, no config."""
    env = {k: v for k, v in os.environ.items()
           if not k.startswith(("OMNISPLICE_", "XDG_")) and not k.lower().endswith("_proxy")}
    env.update({"LC_ALL": "C.UTF-8", "OMNISPLICE_SIM_DELAY": "0"})
    env.update(more)
    return env


class Run:
    """What a command came to."""

    def __init__(self, code, out, err, seconds, command):
        self.code, self.out, self.err, self.seconds = code, out, err, seconds
        self.command = command

    def __str__(self):
        return "%s\n-> %s after %.1f s\nstdout: %s\nstderr: %s" % (
            " ".join(self.command), self.code, self.seconds,
            self.out[:2000], self.err[:4000])

    def ok(self):
        assert self.code == 0, self
        return self

    def json(self):
        return json.loads(self.out)

    def fails(self, code, *words, warnings=False):
        """The exit code, one line that says why, at most one hint, and nothing else."""
        assert self.code == code, "exit %d wanted\n%s" % (code, self)
        lines = [line for line in self.err.splitlines()
                 if not warnings or not line.startswith("omnisplice: warning: ")]
        assert lines and lines[0].startswith("omnisplice: "), self
        assert len(lines) == 1 or (len(lines) == 2 and lines[1].startswith("hint: ")), self
        assert len(lines[0]) > len("omnisplice: ") + 8, "no words: %s" % self
        for word in words:
            assert re.search(word, self.err), "%r is missed in\n%s" % (word, self)
        return self


def start(*args, env=None, **more):
    more.setdefault("stdin", subprocess.DEVNULL)
    more.setdefault("stdout", subprocess.PIPE)
    more.setdefault("stderr", subprocess.PIPE)
    return subprocess.Popen([PROGRAM, *map(str, args)], env=environment(**(env or {})), text=True,
                            **more)


def finish(process, timeout=HANGS_S):
    begin = time.monotonic()
    try:
        out, err = process.communicate(timeout=timeout)
    except subprocess.TimeoutExpired:
        process.kill()
        out, err = process.communicate()
        raise AssertionError("hangs: %s\n%s" % (" ".join(process.args), err)) from None
    return Run(process.returncode, out or "", err or "", time.monotonic() - begin, process.args)


def run(*args, env=None, timeout=HANGS_S, **more):
    return finish(start(*args, env=env, **more), timeout)


def make(path, seconds=3, size="1280x720", rate=24, gop=24, codec="libx264", sound=True, bframes=0,
         more=()):
    """A master that is cheap to decode and to encode: a slow gradient and a box that moves."""
    source = "gradients=s=%s:r=%s:c0=0x204080:c1=0xa0c040:x0=0:y0=0:x1=640:y1=360:speed=0.01" % (
        size, rate)
    box = "drawbox=x='mod(40*t\\,400)':y=100:w=200:h=200:c=orange:t=fill"
    tone = ["-f", "lavfi", "-i", "sine=r=48000", "-c:a", "aac", "-b:a", "64k"] if sound else []
    ffmpeg("-f", "lavfi", "-i", source, *tone, "-t", str(seconds), "-vf", box, "-c:v", codec,
           "-preset", "ultrafast", "-g", str(gop), "-bf", str(bframes), "-pix_fmt", "yuv420p",
           *more, path)
    return path


def tree(folder):
    """Every file below, hidden ones too, with its size and time."""
    found = {}
    for base, folders, files in os.walk(folder):
        for name in files + folders:
            path = os.path.join(base, name)
            st = os.lstat(path)
            found[path] = (st.st_size, st.st_mtime_ns) if name in files else None
    return found


def sim_ledger(state):
    """The ledger of the simulator that --gateway sim keeps beside a journal."""
    if not os.path.isdir(os.path.join(state, "sim")):
        return {"posts": 0, "tasks": []}
    with _sim.Sim(os.path.join(state, "sim"), "0") as sim:
        return sim.ledger()


class Folder:
    """A folder of this test's own, gone afterwards."""

    def __init__(self, name):
        self.path = tempfile.mkdtemp(prefix="osp-%s-" % name)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        shutil.rmtree(self.path, ignore_errors=True)

    def __call__(self, *parts):
        return os.path.join(self.path, *parts)


def journal(state):
    return run("jobs", "--json", "--state", state).ok().json()["jobs"]
