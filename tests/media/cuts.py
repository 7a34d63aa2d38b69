#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""plan and edit warn of hard cuts beside a border of the shot, and of too many of them within."""
import json
import os
import subprocess
import sys
import tempfile

PROGRAM = os.path.join(os.environ["OSP_BINARY"], "omnisplice")
SCENES = ["testsrc2=s=1280x720:r=25", "mandelbrot=s=1280x720:rate=25", "smptebars=s=1280x720:r=25",
          "rgbtestsrc=s=1280x720:r=25"]


def ffmpeg(*arguments):
    subprocess.run(["ffmpeg", "-v", "error", "-nostdin", "-y", *arguments], check=True)


def scenes(path, lengths, tail=""):
    """Scenes of so many pictures each, hard cuts between them; `tail` filters the whole."""
    inputs, chain = [], ""
    for i, frames in enumerate(lengths):
        inputs += ["-f", "lavfi", "-i", SCENES[i % len(SCENES)]]
        chain += f"[{i}]trim=end_frame={frames},setsar=1,format=yuv420p[s{i}];"
    chain += "".join(f"[s{i}]" for i in range(len(lengths))) + f"concat=n={len(lengths)}{tail}"
    ffmpeg(*inputs, "-filter_complex", chain, "-c:v", "libx264", "-preset", "ultrafast", path)


def findings(path, first, end, verb=("plan",)):
    run = subprocess.run([PROGRAM, *verb, "-i", path, "--from", f"{first}f", "--to", f"{end}f",
                          "--json"], capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    return {f["rule"]: f for f in json.loads(run.stdout)["findings"]}, run.stderr


def expect(what, path, first, end, *rules):
    got, _ = findings(path, first, end)
    assert sorted(got) == sorted(rules), f"{what}: {sorted(got)}, expected {sorted(rules)}"
    print("ok", what)
    return got


def main():
    with tempfile.TemporaryDirectory() as work:
        plain, many, soft = (os.path.join(work, n + ".mp4") for n in ("plain", "many", "soft"))
        scenes(plain, [50, 100, 100])  # cuts at 50 and 150: 2 and 6 s
        got = expect("begins 0.2 s after a cut", plain, 55, 140 - 10, "edit.cut.near")
        assert got["edit.cut.near"]["measured"] == 0.2, got
        assert "(50f)" in got["edit.cut.near"]["text"], got
        expect("begins 0.48 s before a cut", plain, 38, 130, "edit.cut.near")
        expect("ends 0.48 s after a cut", plain, 70, 162, "edit.cut.near")
        expect("0.52 s away from both", plain, 63, 137)
        expect("from cut to cut", plain, 50, 150)
        expect("at the file's own ends", plain, 0, 75)
        scenes(many, [18] * 12)  # eleven cuts in 8.6 s
        expect("eleven cuts", many, 0, 216, "edit.cut.many")
        expect("ten cuts", many, 0, 198)
        # what is no cut: fades, a dissolve, a flash, motion
        scenes(soft, [75, 75], ",fade=out:st=2.2:d=0.8,fade=in:st=3:d=0.8:enable='gte(t,3)'")
        expect("out and in by fades", soft, 60, 140)
        ffmpeg("-f", "lavfi", "-i", SCENES[0], "-f", "lavfi", "-i", SCENES[1], "-filter_complex",
               "[0]trim=end_frame=75[a];[1]trim=end_frame=100[b];"
               "[a][b]xfade=duration=1:offset=2,format=yuv420p", "-c:v", "libx264", "-preset",
               "ultrafast", soft)
        expect("a dissolve", soft, 55, 130)
        ffmpeg("-f", "lavfi", "-i", SCENES[1], "-t", "5", "-vf",
               "drawbox=color=white:t=fill:enable='eq(n,60)',format=yuv420p", "-c:v", "libx264",
               "-preset", "ultrafast", soft)
        expect("a flash", soft, 55, 120)
        # edit says it before anything is sent
        got, said = findings(plain, 55, 130, ("edit", "--dry-run", "--prompt", "snow", "--gateway",
                                              "sim", "--state", os.path.join(work, "state")))
        assert "edit.cut.near" in got and "edit.cut.near" in said, said
    return 0


sys.exit(main())
