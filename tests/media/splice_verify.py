#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# ctest: slow
"""`verify` tells good results from bad ones, whoever made them."""
import json
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


def edited(path, to, box, offset, bits, after=b"moov"):
    """Bits turned over so far behind a box's name."""
    with open(path, "rb") as file:
        data = bytearray(file.read())
    at = data.index(box, data.index(after, data.index(b"moov"))) + 4 + offset
    data[at] ^= bits
    with open(to, "wb") as file:
        file.write(data)


def described_otherwise(name, master, good):
    """Packets and pictures are the same; what the file says of them is not."""
    bad = name("bad.mp4")
    for box, offset, bits, after, word in (
            (b"mvhd", 15, 1, b"moov", "moov/mvhd"),        # time scale
            (b"mvhd", 47, 1, b"moov", "moov/mvhd"),        # matrix
            (b"tkhd", 3, 2, b"moov", "box tkhd"),          # flags
            (b"tkhd", 41, 1, b"moov", "display matrix"),   # matrix
            (b"mdhd", 20, 1, b"moov", "box mdia/mdhd"),    # language
            (b"elst", 11, 1, b"moov", "box edts"),         # duration
            (b"hdlr", 24, 1, b"vmhd", ""),                 # of the sound track: its name
            (b"avc1", 31, 1, b"stsd", "stsd"),             # resolution, which nobody reads
            (b"stss", 0 - 4, 8, b"vmhd", "sync samples"),  # no such box: every picture a key
            (b"esds", 27, 2, b"smhd", "track 1: "),        # the decoder's configuration
            (b"avcC", 3, 1, b"stsd", "stsd")):             # level
        edited(good, bad, box, offset, bits, after)
        verify(f"{box} + {offset}", master, bad, 1, "differs", word)
    for change, word in (("sample_aspect_ratio=2/1", "track 0: "),
                         ("video_full_range_flag=1", "range of colours"),
                         ("colour_primaries=5", "primaries"),
                         ("matrix_coefficients=5", "matrix")):
        ffmpeg("-i", good, "-c", "copy", "-bsf:v", "h264_metadata=" + change, bad)
        verify(change, master, bad, 1, word)
    ffmpeg("-i", good, "-c", "copy", "-metadata:s:v:0", "rotate=90", bad)
    verify("a turn", master, bad, 1, "display matrix")
    ffmpeg("-i", good, "-c", "copy", "-metadata:s:a:0", "language=fra", bad)
    verify("a language", master, bad, 1, "track 1: language")
    edited(good, bad, b"tkhd", 3, 1, b"vmhd")
    verify("a track that is off", master, bad, 1, "track 1: disposition")
    report = json.loads(run(BINARY, "verify", master, bad, "--from", "40f", "--to", "60f", "--json",
                            check=False).stdout)
    if report["tracks_identical"] or "track 1: disposition" not in report["differences"]:
        fail(f"the report does not tell: {report}")


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
        described_otherwise(name, master, good)
        again = name("again.mp4")
        splice(good, clip, again, 70, 75)
        verify("two splices", master, again, 0, shots=((40, 60), (70, 75)))
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
