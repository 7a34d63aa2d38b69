#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# ctest: slow
"""Of two picture tracks the one that players show is planned, sent, spliced and proved."""
import json
import os
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from _splice import BINARY, fail, ffmpeg, finish, make_clip, packets, run, splice

X264 = ["-c:v", "libx264", "-preset", "veryfast", "-pix_fmt", "yuv420p", "-bf", "2"]


def track(work, name, size, rate, gop):
    path = os.path.join(work, name)
    ffmpeg("-f", "lavfi", "-i", f"testsrc2=s={size}:r={rate}:d=4", *X264, "-g", gop, path)
    return path


def facts(path):
    video = json.loads(run(BINARY, "check", path, "--json", check=False).stdout)["files"][0]["facts"]
    return video["video"]["width_px"], video["video"]["height_px"]


def one(work, clip, name, first, second, flags, shown, size):
    master, result, sent = (os.path.join(work, x) for x in (name, "result.mp4", "sent.mp4"))
    ffmpeg("-i", first, "-i", second, "-map", "0:v", "-map", "1:v", "-c", "copy", *flags, master)
    if facts(master) != size:
        fail(f"{name}: facts of another track: {facts(master)}")
    done = run(BINARY, "conform", master, "-o", sent, "-y", check=False)
    if done.returncode == 0 and size[0] >= 1280 and facts(sent) != size:
        fail(f"{name}: another track is sent: {facts(sent)}")
    done = splice(master, clip, result, 30, 40)
    if done.returncode != 0:
        fail(f"{name}: exit {done.returncode}: {done.stderr}")
        return
    m, r = packets(master), packets(result)
    changed = [i for i in m if m[i] != r[i]]
    if changed != [shown]:
        fail(f"{name}: tracks {changed} changed")
    done = run(BINARY, "verify", master, result, "--from", "30f", "--to", "40f", check=False)
    if done.returncode != 0:
        fail(f"{name}: verify: {done.stdout}{done.stderr}")
    if run(BINARY, "verify", master, result, check=False).returncode != 1:
        fail(f"{name}: verify looks at another track")


def main():
    with tempfile.TemporaryDirectory() as work:
        clip = os.path.join(work, "clip.mp4")
        make_clip(clip)
        large = track(work, "large.mp4", "1280x720", "24", "24")
        small = track(work, "small.mp4", "320x180", "25", "25")
        off = ["-disposition:v:0", "0", "-disposition:v:1", "default"]
        one(work, clip, "second.mp4", small, large, off, 1, (1280, 720))
        one(work, clip, "second.mov", large, small, off, 1, (320, 180))
        one(work, clip, "first.mp4", large, small, [], 0, (1280, 720))
        one(work, clip, "none.mp4", large, small,
            ["-disposition:v:0", "0", "-disposition:v:1", "0"], 0, (1280, 720))
    finish()


main()
