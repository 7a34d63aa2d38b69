#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# ctest: slow
"""The journey once, judged from outside by ffprobe and ffmpeg; and what a person does around it:
again, elsewhere, through a pipe, two at once, Ctrl-C."""
import json
import os
import pty
import re
import select
import shutil
import signal
import subprocess
import sys
import time

import _edit
import _sim
from _edit import finish, run, start

SAMPLE = os.path.join(os.environ["OSP_SOURCE"], "samples", "v003_butterfly.mp4")
BORDER_DB, SHOT_DB = 45, 40


# ---- judges: nothing of ours ----

def packets(path):
    """{kind: [(pts, dts, duration, hash, key)]} in file order."""
    out = subprocess.run(
        ["ffprobe", "-v", "error", "-show_packets", "-show_data_hash", "sha256", "-show_entries",
         "packet=codec_type,pts,dts,duration,flags,data_hash", "-of", "json", path],
        check=True, capture_output=True).stdout
    found = {}
    for p in json.loads(out)["packets"]:
        found.setdefault(p["codec_type"], []).append(
            (p.get("pts"), p.get("dts"), p.get("duration"), p["data_hash"], "K" in p["flags"]))
    return found


def pictures(path):
    """A hash for every shown picture."""
    out = subprocess.run(["ffmpeg", "-nostdin", "-v", "error", "-i", path, "-map", "0:v:0",
                          "-fps_mode", "passthrough", "-f", "framemd5", "-"],
                         check=True, capture_output=True, text=True).stdout
    return [line.split(",")[-1].strip() for line in out.splitlines() if line[:1] != "#"]


def likeness(master, result, folder):
    """PSNR of every picture, dB."""
    log = folder("psnr.log")
    subprocess.run(["ffmpeg", "-nostdin", "-v", "error", "-i", result, "-i", master, "-lavfi",
                    "[0:v][1:v]psnr=stats_file=%s" % log, "-f", "null", "-"], check=True)
    with open(log) as file:
        return [float(re.search(r"psnr_avg:(\S+)", line)[1]) for line in file]


def judge(master, result, first, count, folder):
    """All bars of the issue, for the shot [first, first + count) in display order."""
    a, b = packets(master), packets(result)
    # pictures that are encoded anew may lie in another order in the file; they are shown alike
    assert len(a["video"]) == len(b["video"]), "another number of pictures"
    assert (sorted((p[0], p[2]) for p in a["video"]) ==
            sorted((p[0], p[2]) for p in b["video"])), "time stamps differ"
    assert a.get("audio") == b.get("audio"), "sound packets differ"
    shown = sorted(p[0] for p in a["video"])
    keys = sorted(p[0] for p in a["video"] if p[4])
    begin, last = shown[first], shown[first + count - 1]
    gop = max(k for k in keys if k <= begin)
    after = min([k for k in keys if k > last], default=shown[-1] + 1)
    outside = [i for i, p in enumerate(a["video"]) if not gop <= p[0] < after]
    different = [i for i in outside if a["video"][i] != b["video"][i]]
    assert not different, "packets outside the border GOPs differ: %s" % different
    x, y = pictures(master), pictures(result)
    assert len(x) == len(y) == len(shown), (len(x), len(y), len(shown))
    touched = [i for i, s in enumerate(shown) if gop <= s < after]
    wrong = [i for i in range(len(x)) if i not in touched and x[i] != y[i]]
    assert not wrong, "pictures outside the border GOPs differ: %s" % wrong
    db = likeness(master, result, folder)
    inside = range(first, first + count)
    low = {i: db[i] for i in touched if i not in inside and db[i] < BORDER_DB}
    assert not low, "border pictures below %d dB: %s" % (BORDER_DB, low)
    high = {i: db[i] for i in inside if db[i] >= SHOT_DB}
    assert not high, "pictures of the shot that were not changed: %s" % high
    return len(outside)


def duration(path):
    video, sound, whole = _sim.facts(path)
    return video["duration"], sound and sound["duration"], whole["duration"]


# ---- the journey ----

def journey(folder):
    """The one command of the README, on a real clip."""
    state, out = folder("state"), folder("out.mp4")
    args = ["edit", "-i", SAMPLE, "--from", 2, "--to", 5.5, "--prompt", "make it snow",
            "--gateway", "sim", "--state", state]
    done = run(*args, "-o", out, "--json=" + folder("report.json")).ok()
    for word in ("job:", "check:  pass", "shot:", "plan:", "upload: to the store sim, removed", "task:",
                 "splice:", "proof:", "result:"):
        assert re.search("^" + word, done.out, re.M), "%r is not told: %s" % (word, done)
    assert all(len(line) <= 80 for line in done.out.replace(folder.path, "").splitlines()), done
    assert not done.err, "stderr is no terminal: %s" % done
    with open(folder("report.json")) as file:
        report = json.load(file)
    shot = report["shot"]
    assert judge(SAMPLE, out, shot["first_frame"], shot["frames"], folder) > 40
    assert (shot["first_frame"], shot["frames"]) == (60, 105), shot
    assert duration(SAMPLE) == duration(out)
    assert report["proof"]["outside_identical"] is True
    assert report["units"]["deducted"] == "4.8", report["units"]
    assert os.listdir(folder.path).count("out.mp4") == 1
    assert not [n for n in os.listdir(folder.path) if n.startswith(".")], "temporary files stay"
    print("ok the journey")

    used = os.times()
    again = run(*args, "-o", out).ok()
    used = sum(os.times()[2:4]) - sum(used[2:4])
    assert "made before" in again.out and "upload:" not in again.out, again
    # the bar is 2 s; on a busy machine only the processor's time says anything
    busy = os.getloadavg()[0] > os.cpu_count()
    assert used < 2 and (busy or again.seconds < 2), (used, again.seconds)
    other = run(*args, "-o", folder("other.mp4"), "--json").ok().json()
    assert other["reused_job"] and other["job"] == report["job"], other
    assert pictures(folder("other.mp4")) == pictures(out)
    os.mkdir(folder("elsewhere"))
    shutil.copy(SAMPLE, folder("elsewhere", "copy.mp4"))
    moved = [folder("elsewhere", "copy.mp4") if a == SAMPLE else a for a in args]
    third = run(*moved, "-o", folder("third.mp4"), "--json").ok().json()
    assert third["job"] == report["job"], "a copy of the master is another edit"
    dry = run(*args[:-4], "--prompt", "make it rain", "--gateway", "sim", "--state", state,
              "-o", folder("dry.mp4"), "--dry-run").ok()
    assert not os.path.exists(folder("dry.mp4")) and "units" in dry.out, dry
    ledger = _edit.sim_ledger(state)
    assert ledger["posts"] == 1 and len(ledger["tasks"]) == 1, ledger
    print("ok again, elsewhere, dry (%.2f s)" % again.seconds)
    return args, out


def verify(folder, master, out, *span):
    """It agrees with what was judged from outside, and finds what somebody damaged."""
    told = run("verify", master, out, *span, "--json").ok().json()
    assert told["video"]["identical_outside"] and told["audio"]["packets_identical"], told
    count = len(pictures(master))
    assert told["frames"] == {"master": count, "result": count}, told
    assert run("verify", master, out).code == 1, "the shot itself differs"
    assert run("verify", master, out, *span[:-1], "3.5").code == 1, "too small a range"
    # -show_packets tells where each lies
    listed = json.loads(subprocess.run(
        ["ffprobe", "-v", "error", "-show_packets", "-of", "json", out], check=True,
        capture_output=True).stdout)["packets"]
    for kind, which in (("video", 8), ("audio", 5), ("audio", -2)):
        packet = [p for p in listed if p["codec_type"] == kind][which]
        copy = folder("damaged.mov")
        shutil.copy(out, copy)
        with open(copy, "r+b") as file:
            file.seek(int(packet["pos"]) + int(packet["size"]) // 2)
            byte = file.read(1)[0]
            file.seek(-1, os.SEEK_CUR)
            file.write(bytes([byte ^ 0x55]))
        found = run("verify", master, copy, *span)
        assert found.code == 1 and "DIFFERENT" in found.out, "%s %d: %s" % (kind, which, found)
    _sim.ffmpeg("-i", out, "-c", "copy", "-an", folder("mute.mov"))
    assert run("verify", master, folder("mute.mov"), *span).code == 1, "the sound is gone"
    _sim.ffmpeg("-itsoffset", "0.5", "-i", out, "-i", out, "-map", "1:v", "-map", "0:a", "-c",
                "copy", folder("late.mov"))
    assert run("verify", master, folder("late.mov"), *span).code == 1, "the sound is late"
    run("verify", master, folder("none.mp4"), *span).fails(3, "none.mp4")
    print("ok verify")


def bash(script, folder, **env):
    return subprocess.run(["bash", "-c", "set -o pipefail; " + script], cwd=folder.path,
                          capture_output=True, text=True, env=_edit.environment(**env),
                          timeout=_edit.HANGS_S)


def pipes(folder, args, out):
    line = " ".join("'%s'" % a for a in [_edit.PROGRAM, *args])
    for form in ("matroska", "nut", "mov"):
        done = bash(line + " -o - -f %s | ffmpeg -nostdin -v error -i - -map 0:v -fps_mode "
                    "passthrough -f framemd5 -" % form, folder)
        assert done.returncode == 0, done.stderr
        got = [x.split(",")[-1].strip() for x in done.stdout.splitlines() if x[:1] != "#"]
        assert got == pictures(out), "%s: other pictures come out of the pipe" % form
    done = bash(line + " --max-units 0.1 --again -o - | cat >none.mkv", folder)
    assert done.returncode == 6, (done.returncode, done.stderr)
    assert os.path.getsize(folder("none.mkv")) == 0
    done = bash(line + " -o - | head -c 1000 | wc -c", folder)
    assert done.stdout.strip() == "1000" and done.returncode == 4, (done.returncode, done.stderr)
    assert done.stderr.count("omnisplice: ") == 1, done.stderr
    print("ok pipes")


# ---- a person at a terminal ----

def progress(folder, args):
    """On a terminal there is one line that is rewritten; it is gone at the end."""
    master, slave = pty.openpty()
    process = start(*args, "-o", folder("tty.mp4"), stderr=slave)
    os.close(slave)
    seen = b""
    end = time.monotonic() + _edit.HANGS_S
    while time.monotonic() < end:
        if select.select([master], [], [], 0.2)[0]:
            try:
                data = os.read(master, 4096)
            except OSError:
                break
            if not data:
                break
            seen += data
    process.communicate(timeout=60)
    os.close(master)
    assert process.returncode == 0, seen
    text = seen.decode()
    assert re.search(r"\r\x1b\[K\w+ ", text), "no progress: %r" % text
    assert re.search(r"\d+ s", text) and "%" in text, "no time or percentage: %r" % text
    assert "\n" not in text, "more than one line: %r" % text
    assert text.endswith("\r\x1b[K"), "the line stays: %r" % text[-60:]
    print("ok progress")


def listens(process):
    """It has come so far that it catches SIGINT and SIGTERM: before that it is only the loader."""
    with open("/proc/%d/status" % process.pid) as file:
        caught = int(re.search(r"^SigCgt:\s*(\S+)", file.read(), re.M)[1], 16)
    both = 1 << (signal.SIGINT - 1) | 1 << (signal.SIGTERM - 1)
    return caught & both == both


def wait_for(state, names, process):
    """Until the only job of the journal is in one of these states."""
    end = time.monotonic() + _edit.HANGS_S
    while time.monotonic() < end:
        if process.poll() is not None:
            raise AssertionError("it ended too early: %s" % finish(process))
        if listens(process) and os.path.exists(os.path.join(state, "jobs.db")):
            jobs = _edit.journal(state)
            if jobs and jobs[0]["state"] in names:
                return jobs[0]["job"]
        time.sleep(0.02)
    raise AssertionError("never %s" % (names,))


def interrupted(folder, master):
    """Ctrl-C while the reference is made, and while the service works; then the hint is done."""
    with _sim.Sim(None, "8") as sim:
        state = folder("interrupted")
        env = {"OMNISPLICE_API_KEY": sim.key, "OMNISPLICE_STATE": state}
        args = ["edit", "-i", master, "--from", 0.5, "--to", 1.5, "--prompt", "fog", "--gateway",
                sim.url, "-o", folder("fog.mp4")]
        for names, number in ((("new",), signal.SIGINT), (("waiting",), signal.SIGINT),
                              (("waiting",), signal.SIGTERM)):
            process = start(*args, env=env)
            job = wait_for(state, names, process)
            begin = time.monotonic()
            process.send_signal(number)
            done = finish(process)
            took = time.monotonic() - begin
            done.fails(130, "interrupted", "hint: .*omnisplice resume " + job)
            busy = os.getloadavg()[0] > os.cpu_count() # then a second says nothing
            assert took < (5 if busy else 1), "%.2f s until it stopped at %s" % (took, names)
            assert not os.path.exists(folder("fog.mp4"))
            assert not [n for n in os.listdir(folder.path) if n.startswith(".")]
        # the hint, word by word
        hint = re.search(r"omnisplice (resume \S+)", done.err)[1].split()
        finish(start(*hint, env=env)).ok()
        judge(master, folder("fog.mp4"), 12, 24, folder)
        ledger = sim.ledger()
        assert ledger["posts"] == 1 and len(ledger["tasks"]) == 1, ledger
        nothing = run("resume", env=env).ok()
        assert "nothing to resume" in nothing.out, nothing
    print("ok interrupted, resumed")


def two_at_once(folder, master):
    with _sim.Sim(None, "0.5") as sim:
        state = folder("two")
        args = ["edit", "-i", master, "--from", 0, "--to", 1, "--prompt", "night", "--gateway",
                sim.url, "--state", state]
        both = [start(*args, "-o", folder("two%d.mp4" % i), env={"OMNISPLICE_API_KEY": sim.key})
                for i in range(3)]
        for process in both:
            finish(process).ok()
        assert pictures(folder("two0.mp4")) == pictures(folder("two1.mp4"))
        ledger = sim.ledger()
        assert ledger["posts"] == 1 and len(ledger["tasks"]) == 1, ledger
        assert len(_edit.journal(state)) == 1
    judge(master, folder("two2.mp4"), 0, 24, folder)
    print("ok two at once; a shot at the very start")


def two_at_once_with_the_inner_simulator(folder, master):
    """One state folder, one simulator inside: both people still get their result."""
    state = folder("inner")
    args = ["edit", "-i", master, "--from", 0, "--to", 3.5, "--prompt", "night", "--gateway",
            "sim", "--state", state]
    both = [start(*args, "-o", folder("inner%d.mp4" % i)) for i in range(2)]
    ended = [finish(process) for process in both]
    for done in ended:
        if done.code != 0: # the other one holds the simulator: said, and free to try again
            done.fails(75, "simulator", "hint: ")
    assert 0 in [done.code for done in ended], ended[0]
    assert len(_edit.sim_ledger(state)["tasks"]) == 1
    print("ok two at once with the simulator inside; the whole file")
    judge(master, folder("inner%d.mp4" % [d.code for d in ended].index(0)), 0, 84, folder)


def shots(folder):
    """MOV, B-frames, the very end, a single picture."""
    with _sim.Sim(None, "0") as sim:
        def edit(master, out, *span):
            return run("edit", "-i", master, "--prompt", "negative", "--gateway", sim.url,
                       "--state", folder("shots"), "-o", out, "--json", *span,
                       env={"OMNISPLICE_API_KEY": sim.key}).ok().json()["shot"]
        movie = _edit.make(folder("m.mov"), seconds=4, gop=12, bframes=2)
        shot = edit(movie, folder("end.mov"), "--from", 2.5)
        assert (shot["first_frame"], shot["frames"]) == (60, 36), shot
        judge(movie, folder("end.mov"), 60, 36, folder)
        assert _sim.facts(folder("end.mov"))[2]["tags"]["major_brand"] == "qt  "
        verify(folder, movie, folder("end.mov"), "--from", "2.5", "--to", "4")
        shot = edit(movie, folder("one.mov"), "--from", "40f", "--to", "41f")
        assert (shot["first_frame"], shot["frames"]) == (40, 1), shot
        judge(movie, folder("one.mov"), 40, 1, folder)
        assert duration(movie) == duration(folder("one.mov")) == duration(folder("end.mov"))
    print("ok MOV, the very end, one picture")


def main():
    with _edit.Folder("edit") as folder:
        args, out = journey(folder)
        pipes(folder, args, out)
        progress(folder, args)
        small = _edit.make(folder("small.mp4"), seconds=3.5, bframes=1)
        interrupted(folder, small)
        two_at_once(folder, small)
        two_at_once_with_the_inner_simulator(folder, small)
        shots(folder)


if __name__ == "__main__":
    main()
    sys.exit(0)
