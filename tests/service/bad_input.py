#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# ctest: slow
"""Whatever a person gets wrong: the documented exit code, one clear line, nothing left behind,
nothing sent, and never a wait without end."""
import os
import socket
import subprocess
import sys

import _edit
import _sim
from _edit import run

PROMPT = ("--prompt", "make it snow")


class Case:
    """edit with one thing wrong. The master, the range, the output are right unless given.
    One case that fails does not hide the others."""

    def __init__(self, bench):
        self.bench, self.faults = bench, 0

    def __call__(self, *args, **more):
        try:
            return self.judge(*args, **more)
        except AssertionError as fault:
            self.faults += 1
            print("FAILED: %s\n" % fault, flush=True)
            return None

    def judge(self, code, *words, master=None, shot=("--from", "0", "--to", "3"), prompt=PROMPT,
                 output=None, gateway=None, state="state", options=(), env=None, stdout=None):
        b = self.bench
        args = ["edit"]
        args += ["-i", b.master if master is None else master, *shot, *prompt]
        args += ["-o", output or b.out] if output != "" else []
        args += ["--gateway", gateway or b.sim.url, "--state", b.folder(state), *options]
        env = {"OMNISPLICE_API_KEY": b.sim.key} if env is None else env
        before, posts = _edit.tree(b.work), b.sim.ledger()["posts"]
        more = {"stdout": stdout} if stdout else {}
        result = run(*args, env=env, cwd=b.work, **more).fails(code, *words)
        assert _edit.tree(b.work) == before, "left behind: %s\n%s" % (
            sorted(set(_edit.tree(b.work).items()) ^ set(before.items())), result)
        assert b.sim.ledger()["posts"] == posts, "something was sent\n%s" % result
        assert not result.out, result
        return result


class Bench:
    def __init__(self, folder, sim):
        self.folder, self.sim = folder, sim
        self.work = folder("work")  # what stands here is watched
        os.mkdir(self.work)
        self.out = folder("work", "out.mp4")
        self.master = _edit.make(folder("work", "master.mp4"))


def masters(b, case):
    def write(name, data):
        path = os.path.join(b.work, name)
        with open(path, "wb") as file:
            file.write(data)
        return path

    with open(b.master, "rb") as file:
        whole = file.read()
    case(3, "No such file", master=b.folder("work", "none.mp4"))
    case(3, "text.mp4", master=write("text.mp4", b"this is a text, not a film\n" * 200))
    case(3, "empty.mp4", master=write("empty.mp4", b""))
    case(3, "tail.mp4", master=write("tail.mp4", whole[:len(whole) * 2 // 3]))
    _sim.ffmpeg("-i", b.master, "-c", "copy", "-movflags", "faststart", b.folder("work", "fs.mp4"))
    with open(b.folder("work", "fs.mp4"), "rb") as file:
        front = file.read()
    case(3, "cut.mp4", master=write("cut.mp4", front[:len(front) // 2]))
    case(3, "header.mp4", master=write("header.mp4", front[:60]))
    case(3, "work", master=b.work)
    case(3, "https", "hint: .*(curl|wget)", master="https://example.com/film.mp4")
    os.mkfifo(b.folder("work", "pipe.mp4"))
    case(3, "pipe.mp4", master=b.folder("work", "pipe.mp4"))
    case(3, "/dev/zero", master="/dev/zero")
    case(3, "list.m3u8", master=write("list.m3u8", b"#EXTM3U\n#EXTINF:3,\nmaster.mp4\n"))
    case(3, "concat.mp4", master=write("concat.mp4", b"ffconcat version 1.0\nfile master.mp4\n"))
    _sim.ffmpeg("-f", "lavfi", "-i", "sine=r=48000", "-t", "3", "-c:a", "aac",
                b.folder("work", "sound.mp4"))
    case(3, "sound.mp4", master=b.folder("work", "sound.mp4"))
    _sim.make_image(b.folder("work", "still.png"))
    case(3, "still.png", master=b.folder("work", "still.png"))
    case(3, "''", master="")
    print("ok masters")


def ranges(_, case):
    case(2, "empty|before|after", shot=("--from", "2", "--to", "1"))
    case(2, "empty", shot=("--from", "1", "--to", "1"))
    case(2, "end|past|pictures", shot=("--from", "1", "--to", "9"))
    case(2, "end|past|pictures", shot=("--from", "8", "--to", "9"))
    case(2, "end|past|pictures", shot=("--from", "0f", "--to", "9999f"))
    case(2, "soon", shot=("--from", "soon", "--to", "1"))
    case(2, "-1", shot=("--from", "-1", "--to", "1"))
    case(2, "nan", shot=("--from", "nan", "--to", "1"))
    case(2, "1,5", shot=("--from", "0", "--to", "1,5"))
    case(2, "99999999999999999999", shot=("--from", "0", "--to", "99999999999999999999"))
    case(2, "not both", shot=("--from", "0", "--to", "1", "-t", "1"))
    print("ok ranges")


def options(_, case):
    case(2, "--sprinkles", options=("--sprinkles",))
    case(2, "no prompt", prompt=())
    case(2, "no prompt", prompt=("--prompt", ""))
    case(2, "extra", options=("extra",))
    case(2, "no output", output="")
    case(2, "json", output="-", options=("--json",))
    case(2, "loudest", options=("-v", "loudest"))
    case(2, "many", options=("--threads", "many"))
    case(2, "lots", options=("--max-units", "lots"))
    case(2, "huge", options=("--mode", "huge"))
    case(2, "squeeze", options=("--fit", "squeeze"))
    case(2, "avi", output="-", options=("-f", "avi"))
    result = run("edti").fails(2, "edti", "hint: ")
    assert not result.out
    run("edit", "--from").fails(2, "--from")
    print("ok options")


def outputs(b, case):
    case(4, "none", output=b.folder("work", "none", "out.mp4"))
    case(4, "master.mp4", output=b.folder("work", "master.mp4", "out.mp4"))
    case(4, "/proc", output="/proc/out.mp4")
    os.mkdir(b.folder("work", "folder.mp4"))
    case(4, "folder.mp4", output=b.folder("work", "folder.mp4"))
    with open(b.folder("work", "there.mp4"), "w") as file:
        file.write("somebody's work")
    case(4, "exists", "hint: .*-y", output=b.folder("work", "there.mp4"))
    case(4, "exists", output=b.folder("work", "there.mp4"), options=("-n",))
    case(4, "master", output=b.master)
    case(4, "master", output=b.master, options=("-y",))
    os.link(b.master, b.folder("work", "hard.mp4"))
    case(4, "master", output=b.folder("work", "hard.mp4"), options=("-y",))
    os.symlink("master.mp4", b.folder("work", "soft.mp4"))
    case(4, "master", output=b.folder("work", "soft.mp4"), options=("-y",))
    case(2, "out.avi", output=b.folder("work", "out.avi"))
    print("ok outputs")


def nobody_listens():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return "http://127.0.0.1:%d" % s.getsockname()[1]


def gateways(b, case):
    case(5, "no key", "OMNISPLICE_API_KEY", "--key-file", env={})
    case(5, "key", env={"OMNISPLICE_API_KEY": ""})
    case(5, "nokey", options=("--key-file", b.folder("work", "nokey")), env={})
    case(75, "127.0.0.1", gateway=nobody_listens(), state="down")
    case(5, "nowhere", gateway="nowhere")
    case(5, "ftp", gateway="ftp://127.0.0.1/")
    case(6, "units|max-units", options=("--max-units", "0.5"))
    print("ok gateways")


def data(b, case):
    def write(name, text):
        with open(b.folder("work", name), "w") as file:
            file.write(text)
        return b.folder("work", name)

    case(5, "nothing.json", options=("--profile", b.folder("work", "nothing.json")))
    case(5, "broken.json", options=("--profile", write("broken.json", "{ \"profile\": ")))
    case(5, "other.json", options=("--profile", write("other.json", "[1, 2, 3]")))
    case(2, "nosuch", options=("--profile", "nosuch"))
    case(5, "noconfig.ini", options=("--config", b.folder("work", "noconfig.ini")))
    case(5, "bad.ini", options=("--config", write("bad.ini", "this is [not a config\n")))
    case(4, "state", state=os.path.join("work", "master.mp4", "state"))
    print("ok data")


def wrong_key(b):
    """The service is asked and says no: one POST, no task."""
    posts, before = b.sim.ledger(), _edit.tree(b.work)
    result = run("edit", "-i", b.master, "--from", 0, "--to", 3, *PROMPT, "-o", b.out,
                 "--gateway", b.sim.url, "--state", b.folder("wrong"),
                 env={"OMNISPLICE_API_KEY": "not-the-key-1234567890"})
    result.fails(5, "key", "request_id|HTTP")
    assert "not-the-key" not in result.err, "the key is told: %s" % result
    assert b.sim.ledger()["tasks"] == posts["tasks"], "a task was made"
    assert _edit.tree(b.work) == before, "left behind"
    print("ok wrong key")


def too_long(b, case):
    _edit.make(b.folder("work", "long.mp4"), seconds=14, size="640x360", sound=False)
    case(2, "13 s", "10 s", "hint: ", master=b.folder("work", "long.mp4"),
         shot=("--from", "0", "--to", "13"))
    print("ok too long a shot")


def hevc(b, case):
    master = _edit.make(b.folder("work", "hevc.mp4"), codec="libx265",
                        more=("-x265-params", "log-level=error", "-tag:v", "hvc1"))
    case(3, "not H.264", "hvc1", "hint: .*--reencode", master=master)
    result = run("edit", "-i", master, "--from", 0, "--to", 3, *PROMPT, "-o", b.out,
                 "--gateway", b.sim.url, "--state", b.folder("state"), "--reencode",
                 env={"OMNISPLICE_API_KEY": b.sim.key}).ok()
    assert "re-encoded, as allowed" in result.out, "a silent re-encode: %s" % result
    video, sound, _ = _sim.facts(b.out)
    assert int(video["nb_read_frames"]) == 72, video
    assert sound and (video["width"], video["height"]) == (1280, 720)
    os.unlink(b.out)
    print("ok hevc")


def full_disk(b):
    """A paid clip whose result finds no room: nothing half-written, and nothing paid twice."""
    place, left = b.folder("small"), b.folder("left")
    os.mkdir(place)
    script = ("mount -t tmpfs -o size=64k none '%s' || exit 77; '%s' edit -i '%s' --from 0 --to 3 "
              "--prompt 'make it snow' -o '%s/out.mp4' --gateway '%s' --state '%s'; code=$?; "
              "ls -A '%s' >'%s'; exit $code" % (place, _edit.PROGRAM, b.master, place, b.sim.url,
                                                b.folder("state"), place, left))
    env = _edit.environment(OMNISPLICE_API_KEY=b.sim.key)
    done = subprocess.run(["unshare", "-m", "sh", "-c", script], capture_output=True, text=True,
                          env=env, timeout=_edit.HANGS_S)
    if done.returncode == 77 or "unshare" in done.stderr:
        print("skipped the full disk: no private mounts here (%s)" % done.stderr.strip())
    else:
        result = _edit.Run(done.returncode, done.stdout, done.stderr, 0, ["full disk"])
        result.fails(4, "No space left", "out.mp4")
        with open(left) as file:
            assert not file.read(), "left on the full disk"
    posts = b.sim.ledger()["posts"]
    with open("/dev/full", "w") as full:
        result = run("edit", "-i", b.master, "--from", 0, "--to", 3, *PROMPT, "-o", "-",
                     "--gateway", b.sim.url, "--state", b.folder("state"), stdout=full,
                     env={"OMNISPLICE_API_KEY": b.sim.key})
    result.fails(4, "No space left|cannot write|standard output")
    ledger = b.sim.ledger()
    assert len([t for t in ledger["tasks"]]) <= 2, ledger  # this edit's and that of hevc()
    if done.returncode == 4:
        assert ledger["posts"] == posts, "paid again for a result that found no room"
    for name in os.listdir(b.folder("state", "jobs")):
        assert "result.mp4" not in os.listdir(b.folder("state", "jobs", name)), "a way station stays"
    print("ok full disk")


def main():
    with _edit.Folder("bad") as folder, _sim.Sim(None, "0") as sim:
        bench = Bench(folder, sim)
        case = Case(bench)
        options(bench, case)
        masters(bench, case)
        ranges(bench, case)
        outputs(bench, case)
        data(bench, case)
        gateways(bench, case)
        too_long(bench, case)
        assert sim.ledger()["posts"] == 0, sim.ledger()
        wrong_key(bench)
        hevc(bench, case)
        full_disk(bench)
        assert not case.faults, "%d cases" % case.faults


if __name__ == "__main__":
    main()
    sys.exit(0)
