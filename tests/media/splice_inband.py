#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# ctest: slow
"""Parameter sets inside the film: our own never takes the place of one, and no picture is decoded
by another one than a player would use."""
import os
import re
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from _splice import fail, ffmpeg, finish, frames, judge, make_clip, packets, source, splice, video_index

SIZE, GOP = "320x180", 25
X264 = ["-c:v", "libx264", "-preset", "veryfast", "-pix_fmt", "yuv420p", "-bf", "0"]
IDR, SPS, PPS = 5, 7, 8


def units(path):
    """NAL units of an H.264 byte stream."""
    with open(path, "rb") as file:
        data = file.read()
    marks = [m.end() for m in re.finditer(b"\0\0\1", data)] + [len(data) + 4]
    return [data[a:b - 3].rstrip(b"\0") if b <= len(data) else data[a:]
            for a, b in zip(marks, marks[1:])]


def film(path, *quality):
    ffmpeg(*source(SIZE, "25", 5), *X264, "-g", str(GOP), *quality, "-f", "h264", path)
    return units(path)


def mux(path, nals):
    raw = path + ".264"
    with open(raw, "wb") as file:
        file.write(b"".join(b"\0\0\0\1" + nal for nal in nals))
    ffmpeg("-framerate", "25", "-f", "h264", "-i", raw, "-c", "copy", path)


def once_only(nals):
    """Sets in front of the first picture alone."""
    first = next(i for i, nal in enumerate(nals) if nal[0] & 31 == IDR)
    return nals[:first] + [nal for nal in nals[first:] if nal[0] & 31 not in (SPS, PPS)]


def insert(nals, group, extra):
    """Units in front of the IDR picture of a group."""
    at = [i for i, nal in enumerate(nals) if nal[0] & 31 == IDR][group]
    return nals[:at] + extra + nals[at:]


def other_pps(nals):
    """The film's PPS under id 1, with the other entropy coder: nobody may decode by it."""
    pps = next(nal for nal in nals if nal[0] & 31 == PPS)
    bits = "".join(f"{byte:08b}" for byte in pps[1:])
    assert bits[:2] == "11", "ids that are not 0"
    bits = ("010" + "1" + "10"[int(bits[2])] + bits[3:]).rstrip("0")
    bits += "0" * (-len(bits) % 8)
    return pps[:1] + bytes(int(bits[i:i + 8], 2) for i in range(0, len(bits), 8))


def accepted(work, clip, name, nals, ranges):
    master, result = os.path.join(work, "master.mp4"), os.path.join(work, "result.mp4")
    master = os.path.join(work, name.replace(" ", "_") + ".mp4")
    mux(master, nals)
    if frames(master)[1] or len(frames(master)[0]) != len(packets(master)[video_index(master)]):
        fail(f"{name}: the master itself does not decode: {frames(master)[1][:300]}")
    for first, end in ranges:
        done = splice(master, clip, result, first, end)
        if done.returncode != 0:
            fail(f"{name} {first}..{end}: exit {done.returncode}: {done.stderr.strip()}")
            continue
        judge(f"{name} {first}..{end}", master, result, first, end, work)
        print("judged", name, first, end, flush=True)


def refused(work, clip, name, nals, first, end, word):
    master, result = os.path.join(work, "refused.mp4"), os.path.join(work, "none.mp4")
    mux(master, nals)
    done = splice(master, clip, result, first, end)
    if done.returncode != 3 or word not in done.stderr or "--reencode" not in done.stderr:
        fail(f"{name}: exit {done.returncode}: {done.stderr.strip()}")
    if os.path.exists(result):
        fail(f"{name}: a result was written")


def main():
    with tempfile.TemporaryDirectory() as work:
        clip = os.path.join(work, "clip.mp4")
        make_clip(clip)
        plain = once_only(film(os.path.join(work, "a.264"), "-crf", "23"))
        rough = film(os.path.join(work, "b.264"), "-crf", "33")
        evil = other_pps(plain)
        for group in (0, 2, 4):
            accepted(work, clip, f"id 1 taken in group {group}", insert(plain, group, [evil]),
                     [(85, 95)] if group < 4 else [(60, 70)])
        # the second half has another PPS of the same id
        half = next(i for i, nal in enumerate(rough) if nal[0] & 31 == SPS)
        accepted(work, clip, "stitched", plain + rough[half:], [(10, 20), (160, 170)])
        refused(work, clip, "stitched across", plain + rough[half:], 120, 130, "change")
        refused(work, clip, "within the shot", insert(plain, 2, [evil]), 45, 60, "within the shot")
        sps = next(nal for nal in plain if nal[0] & 31 == SPS)
        level = sps[:3] + bytes([sps[3] + 1]) + sps[4:]
        refused(work, clip, "another SPS", insert(plain, 1, [level]), 85, 95, "change")
    finish()


main()
