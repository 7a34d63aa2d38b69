#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# ctest: slow
"""`verify` tells good results from bad ones, whoever made them."""
import os
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from _splice import BINARY, fail, ffmpeg, finish, make_clip, packets, run, source, splice, tone, video_index

X264 = ["-c:v", "libx264", "-preset", "veryfast", "-pix_fmt", "yuv420p", "-g", "25", "-bf", "2"]


def verify(name, master, result, code, *words, shots=((40, 60),)):
    ranges = [part for first, end in shots for part in ("--from", f"{first}f", "--to", f"{end}f")]
    done = run(BINARY, "verify", master, result, *ranges, check=False)
    said = done.stdout + done.stderr
    if done.returncode != code:
        fail(f"{name}: exit {done.returncode}, not {code}: {said}")
    for word in words:
        if word not in said:
            fail(f"{name}: does not say '{word}': {said}")


def flip(path, to, stream, number):
    """One bit inside one packet's bytes."""
    packet = run("ffprobe", "-v", "error", "-select_streams", stream, "-show_entries",
                 "packet=pos,size", "-of", "csv=p=0", path).stdout.split()[number].split(",")
    size, position = int(packet[0]), int(packet[1])
    with open(path, "rb") as file:
        data = bytearray(file.read())
    data[position + size * 3 // 4] ^= 4
    with open(to, "wb") as file:
        file.write(data)


def main():
    with tempfile.TemporaryDirectory() as work:
        name = lambda text: os.path.join(work, text)
        clip, master, good = name("clip.mp4"), name("master.mp4"), name("good.mp4")
        make_clip(clip)
        ffmpeg(*source("320x180", "25", 4), *tone(4), *X264, "-c:a", "aac", master)
        if splice(master, clip, good, 40, 60).returncode != 0:
            fail("the splice to verify failed")
        total = len(packets(master)[video_index(master)])
        verify("itself", master, master, 0, f"{total} of {total}", shots=())
        verify("a splice", master, good, 0)
        verify("a splice without its range", master, good, 1, shots=())
        verify("a range too small", master, good, 1, shots=((40, 50),))
        verify("two ranges", master, good, 0, shots=((10, 12), (40, 60)))
        flip(good, name("picture.mp4"), "v", 10)
        verify("a damaged picture outside", master, name("picture.mp4"), 1)
        flip(good, name("sound.mp4"), "a", 20)
        verify("a damaged sound packet", master, name("sound.mp4"), 1, "sound")
        ffmpeg("-i", good, "-map", "0:v", "-c", "copy", name("mute.mp4"))
        verify("without sound", master, name("mute.mp4"), 1)
        ffmpeg("-i", good, "-t", "3", "-c", "copy", name("short.mp4"))
        verify("too short", master, name("short.mp4"), 1)
        ffmpeg("-i", good, "-c:v", "libx264", "-crf", "8", "-preset", "ultrafast", "-c:a", "copy",
               name("all.mp4"))
        verify("everything encoded again", master, name("all.mp4"), 1)
        ffmpeg("-itsoffset", "0.2", "-i", good, "-c", "copy", name("late.mp4"))
        verify("later", master, name("late.mp4"), 1)
        ffmpeg("-i", master, "-vf", "drawbox=x=10:y=10:w=8:h=8:color=red:t=fill:enable='eq(n,80)'",
               *X264, "-crf", "4", "-c:a", "copy", name("spot.mp4"))
        verify("a spot far from the shot", master, name("spot.mp4"), 1)
        verify("no film", master, __file__, 3)
        verify("no file", name("none.mp4"), good, 3)
    finish()


main()
