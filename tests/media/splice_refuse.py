#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# ctest: slow
"""What cannot be spliced is refused with words, before anything is written; --reencode says what
it does, and keeps time stamps, counts and sound."""
import os
import resource
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from _splice import (BINARY, fail, ffmpeg, finish, frames, make_clip, packets, psnr_log, run,
                     source, splice, tone, video_index)

SIZE = "320x180"
X264 = ["-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-g", "25"]


def make(path, *options, sound=True):
    ffmpeg(*source(SIZE, "25", 4), *(tone(4) if sound else []), *options, path)


def patched(path, base, change):
    with open(base, "rb") as file:
        data = bytearray(file.read())
    data = change(data)
    with open(path, "wb") as file:
        file.write(data)


def two_entries(data):
    at = data.index(b"stsd", data.index(b"vmhd"))
    data[at + 11] = 2
    return data


def half_speed(data):
    at = data.index(b"elst")
    data[at + 20:at + 24] = b"\0\0\x80\0"
    return data


def elsewhere(data):
    at = data.index(b"url ", data.index(b"vmhd"))
    data[at + 7] = 0
    return data


def refusals(work, clip):
    name = lambda text: os.path.join(work, text)
    make(name("base.mp4"), *X264, "-bf", "2", "-movflags", "+faststart")
    make(name("hevc.mp4"), "-c:v", "libx265", "-preset", "ultrafast", "-x265-params",
         "log-level=error", "-pix_fmt", "yuv420p")
    make(name("fragments.mp4"), *X264, "-movflags", "frag_keyframe+empty_moov")
    make(name("other.mkv"), *X264)
    make(name("interlaced.mp4"), *X264, "-flags", "+ildct+ilme", "-x264-params", "tff=1")
    make(name("open.mp4"), *X264, "-bf", "3", "-x264-params",
         "open-gop=1:b-adapt=0:scenecut=0:keyint=25")
    make(name("secret.mp4"), *X264, "-encryption_scheme", "cenc-aes-ctr", "-encryption_key",
         "76a6c65c5ea762046bd749a2e632ccbb", "-encryption_kid", "a7e61c373e219033c21091fa607bf3b8")
    make(name("mpeg4.mp4"), "-c:v", "mpeg4")
    patched(name("entries.mp4"), name("base.mp4"), two_entries)
    patched(name("speed.mp4"), name("base.mp4"), half_speed)
    patched(name("outside.mp4"), name("base.mp4"), elsewhere)
    patched(name("cut.mp4"), name("base.mp4"), lambda data: data[:len(data) // 2])
    patched(name("text.mp4"), name("base.mp4"), lambda data: b"no film at all\n" * 100)
    rows = [  # file, word, whether a full re-encode is offered
        ("hevc.mp4", "not H.264", True), ("fragments.mp4", "fragmented", True),
        ("other.mkv", "no MP4", True), ("interlaced.mp4", "interlaced", True),
        ("open.mp4", "open", True),
        ("secret.mp4", "encrypted", False), ("mpeg4.mp4", "not H.264", True),
        ("entries.mp4", "2 sample entries", True), ("speed.mp4", "edit list", True),
        ("outside.mp4", "another file", False), ("cut.mp4", "truncated", False),
        ("text.mp4", "", False), ("missing.mp4", "No such file", False),
    ]
    for file, word, offer in rows:
        output = name("out." + file.rsplit(".", 1)[1])
        done = splice(name(file), clip, output, 30, 40)
        if done.returncode != 3 or word not in done.stderr:
            fail(f"{file}: exit {done.returncode}, says: {done.stderr.strip()}")
        if ("--reencode" in done.stderr) != offer and word:
            fail(f"{file}: the offer of --reencode is wrong: {done.stderr.strip()}")
        if os.path.exists(output) or any(".osp" in left for left in os.listdir(work)):
            fail(f"{file}: something is left behind: {os.listdir(work)}")
    for first, end, code in ((90, 101, 2), (100, 105, 2), (40, 30, 2), (40, 40, 2)):
        done = splice(name("base.mp4"), clip, name("out.mp4"), first, end)
        if done.returncode != code:
            fail(f"range {first}..{end}: exit {done.returncode}: {done.stderr.strip()}")


def outputs(work, clip):
    folder = os.path.join(work, "outputs")
    os.mkdir(folder)
    master = os.path.join(folder, "master.mp4")
    make(master, *X264)
    with open(master, "rb") as file:
        before = file.read()
    command = [BINARY, "splice", "-i", master, "--clip", clip, "--from", "30f", "--to", "40f", "-o"]
    taken = os.path.join(folder, "taken.mp4")
    with open(taken, "w", encoding="ascii") as file:
        file.write("mine")
    small = dict(restore_signals=False, preexec_fn=lambda: resource.setrlimit(
        resource.RLIMIT_FSIZE, (len(before) // 2, len(before) // 2)))
    for label, target, options in (("the master", master, {}), ("the master over", master, {}),
                                   ("a file that exists", taken, {}),
                                   ("no such folder", os.path.join(folder, "no/where.mp4"), {}),
                                   ("a folder", folder, {}),
                                   ("no room", os.path.join(folder, "new.mp4"), small)):
        more = ["-y"] if "over" in label else []
        done = subprocess.run([*command, target, *more], capture_output=True, text=True,
                              check=False, **options)
        if done.returncode != 4 or not done.stderr.strip():
            fail(f"output {label}: exit {done.returncode}: {done.stderr.strip()}")
    with open(master, "rb") as file:
        if file.read() != before:
            fail("the master was written to")
    with open(taken, encoding="ascii") as file:
        if file.read() != "mine":
            fail("an output that existed was replaced")
    if sorted(os.listdir(folder)) != ["master.mp4", "taken.mp4"]:
        fail(f"left behind: {os.listdir(folder)}")


def reencode(work, clip):
    for file, output in (("hevc.mp4", "r.mp4"), ("other.mkv", "r.mkv"), ("fragments.mp4", "r.mp4"),
                         ("open.mp4", "r.mov"), ("interlaced.mp4", "r.mp4")):
        master, result = os.path.join(work, file), os.path.join(work, output)
        done = splice(master, clip, result, 30, 40, "--reencode")
        if done.returncode != 0:
            fail(f"reencode {file}: exit {done.returncode}: {done.stderr.strip()}")
            continue
        if "encoded" not in done.stdout + done.stderr:
            fail(f"reencode {file}: not stated: {done.stdout}{done.stderr}")
        m, _ = frames(master)
        r, said = frames(result)
        if said:
            fail(f"reencode {file}: ffmpeg says: {said[:300]}")
        if len(m) != len(r):
            fail(f"reencode {file}: {len(r)} pictures, not {len(m)}")
        rows = psnr_log(master, result, os.path.join(work, "psnr.log"))
        for rank, decibel in enumerate(rows):
            if decibel > 30 if 30 <= rank < 40 else decibel < 35:
                fail(f"reencode {file}: picture {rank} at {decibel} dB")
                break
        sounds = []
        for path in (master, result):
            video, streams = video_index(path), packets(path)
            sounds.append([p["data_hash"] for i in sorted(streams) if i != video
                           for p in streams[i]])
        if sounds[0] != sounds[1] or not sounds[0]:
            fail(f"reencode {file}: sound packets differ")
        times = [run("ffprobe", "-v", "error", "-select_streams", "v", "-show_entries",
                     "frame=best_effort_timestamp_time", "-of", "csv=p=0", path).stdout.split()
                 for path in (master, result)]
        worst = max(abs(float(a.strip(",")) - float(b.strip(","))) for a, b in zip(*times))
        if worst > 0.00101:
            fail(f"reencode {file}: time stamps move by {worst} s")
        print("ok reencode", file, flush=True)


def main():
    with tempfile.TemporaryDirectory() as work:
        clip = os.path.join(work, "clip.mp4")
        make_clip(clip)
        refusals(work, clip)
        outputs(work, clip)
        reencode(work, clip)
    finish()


main()
