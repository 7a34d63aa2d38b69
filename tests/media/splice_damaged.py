#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# ctest: slow
"""A master that is damaged next to the shot: what it decodes to itself is what counts. It is
spliced and everything copied stays, or refused before anything is paid, with the way out."""
import os
import random
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from _splice import BINARY, fail, ffmpeg, finish, frames, judge_packets, make_clip, run, source, splice

X264 = ["-c:v", "libx264", "-preset", "veryfast", "-pix_fmt", "yuv420p", "-g", "20", "-bf", "3"]
FIRST, END = 45, 70  # groups begin at every 20th picture


def places(path):
    """(offset, size) of the pictures in display order."""
    done = run("ffprobe", "-v", "error", "-select_streams", "v", "-show_entries",
               "packet=pts,size,pos", "-of", "csv=p=0", path)
    rows = [line.split(",") for line in done.stdout.split()]
    return [(int(row[2]), int(row[1])) for row in sorted(rows, key=lambda row: int(row[0]))]


def damage(path, to, picture, whole):
    """Bits flipped in the picture's slice, or nothing left of it."""
    with open(path, "rb") as file:
        data = bytearray(file.read())
    dice = random.Random(picture)
    offset, size = places(path)[picture]
    if whole:
        data[offset + 4:offset + size] = b"\x1f" * (size - 4)
    for _ in range(0 if whole else 12):
        data[offset + size // 3 + dice.randrange(size // 2)] ^= 1 << dice.randrange(8)
    with open(to, "wb") as file:
        file.write(data)


def judge(name, master, result, offer):
    done = splice(master, os.path.join(os.path.dirname(master), "clip.mp4"), result, FIRST, END)
    if done.returncode == 0:
        judge_packets(name, master, result, FIRST, END, 0)
        if len(frames(master)[0]) > len(frames(result)[0]):
            fail(f"{name}: pictures are missing")
        return "spliced"
    if not offer or done.returncode not in (3, 8) or "--reencode" not in done.stderr:
        fail(f"{name}: exit {done.returncode}: {done.stderr.strip()}")
    if os.path.exists(result):
        fail(f"{name}: a result stays")
    done = run(BINARY, "edit", "-i", master, "--from", f"{FIRST}f", "--to", f"{END}f", "--prompt",
               "fog", "--gateway", "sim", "--state", master + ".state", "-o", result, check=False)
    if done.returncode != 3 or "beside the shot" not in done.stderr:
        fail(f"{name}: an edit is not refused: {done.returncode}: {done.stderr.strip()}")
    if os.path.exists(master + ".state/jobs"):
        fail(f"{name}: a job was begun")
    done = splice(master, os.path.join(os.path.dirname(master), "clip.mp4"), result, FIRST, END,
                  "--reencode")
    if done.returncode != 0:
        fail(f"{name}: --reencode: exit {done.returncode}: {done.stderr.strip()}")
    elif len(frames(result)[0]) != len(places(master)):
        fail(f"{name}: --reencode: {len(frames(result)[0])} pictures")
    return "re-encoded"


def main():
    with tempfile.TemporaryDirectory() as work:
        base = os.path.join(work, "base.mp4")
        make_clip(os.path.join(work, "clip.mp4"))
        ffmpeg(*source("320x180", "25", 5), *X264, "-x264-params", "scenecut=0", base)
        # bits: always spliced; a picture that is gone may be one that has to be encoded again
        rows = [("far away", 10), ("before the shot, a key picture", 40),
                ("before the shot", 42), ("in the shot", 60), ("behind the shot", 72),
                ("behind the shot, last", 79), ("a key picture behind", 80), ("copied behind", 81),
                ("copied behind, far", 84)]
        for name, picture in rows:
            for whole in (False, True):
                master = os.path.join(work, f"bad{picture}{whole}.mp4")
                damage(base, master, picture, whole)
                label = f"{name}, {'gone' if whole else 'bits'}"
                result = os.path.join(work, "result.mp4")
                if os.path.exists(result):
                    os.unlink(result)
                print(label, "->", judge(label, master, result, whole), flush=True)
    finish()


main()
