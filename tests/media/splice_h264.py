#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# ctest: slow
"""H.264 with closed GOPs in MP4 and MOV: the shot comes back, everything else is the master's."""
import os
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from _splice import (fail, failures, ffmpeg, finish, frames, judge, judge_delimiters,
                     judge_gstreamer, make_clip, packets, source, splice, tone, video_index)

X264 = ["-c:v", "libx264", "-preset", "veryfast", "-pix_fmt", "yuv420p", "-g", "50"]
AAC = ["-c:a", "aac", "-b:a", "64k"]
SIZE = "320x180"


def plain(path, *options, size=SIZE, rate="25", audio=True):
    sound = tone(8) if audio else []
    ffmpeg(*source(size, rate, 8), *sound, *X264, *(AAC if audio else []), *options, path)


def mov(path):
    """Two sound tracks of unlike kinds, chapters, a time code, a turn, a language."""
    meta = path + ".txt"
    with open(meta, "w", encoding="ascii") as text:
        text.write(";FFMETADATA1\n")
        for i in range(2):
            text.write(f"[CHAPTER]\nTIMEBASE=1/1000\nSTART={i * 4000}\nEND={i * 4000 + 4000}\n"
                       f"title=part {i}\n")
    ffmpeg(*source(SIZE, "25", 8), *tone(8), "-i", meta, "-map", "0:v", "-map", "1:a", "-map",
           "1:a", "-map_metadata", "2", "-map_chapters", "2", *X264, "-c:a:0", "aac", "-c:a:1",
           "pcm_s16le", "-metadata:s:v:0", "rotate=90", "-metadata:s:a:0", "language=fra",
           "-timecode", "01:00:00:00", path)


def trimmed(path):
    base = path + ".base.mp4"
    plain(base)
    ffmpeg("-ss", "2.5", "-i", base, "-c", "copy", path)


def shifted(path):
    base = path + ".base.mp4"
    plain(base)
    ffmpeg("-i", base, "-itsoffset", "1.5", "-i", base, "-map", "1:v", "-map", "0:a", "-c",
           "copy", path)


def signed_offsets(path):
    base = path + ".base.mp4"
    plain(base)
    ffmpeg("-i", base, "-c", "copy", "-movflags", "negative_cts_offsets", path)


def uneven(path):
    ffmpeg("-f", "lavfi", "-i",
           f"testsrc2=s={SIZE}:r=60:d=4,noise=alls=8:allf=t:all_seed=7,"
           "select='not(eq(mod(n\\,7)\\,3)+eq(mod(n\\,11)\\,5))'", "-fps_mode", "vfr", *X264,
           "-video_track_timescale", "90000", path)


def tight(path):
    """The index before the media, and sound that lies between pictures."""
    plain(path, "-movflags", "+faststart")


# name, extension, maker, pictures hidden by the edit list (None: none)
MASTERS = [
    ("plain", "mp4", lambda p: plain(p, "-bf", "3")),
    ("baseline", "mp4", lambda p: plain(p, "-profile:v", "baseline", audio=False)),
    ("main cavlc", "mp4", lambda p: plain(p, "-profile:v", "main", "-coder", "0", "-bf", "2")),
    ("hrd aud slices", "mp4", lambda p: plain(
        p, "-b:v", "900k", "-maxrate", "900k", "-bufsize", "900k", "-x264-params",
        "aud=1:nal-hrd=vbr:slices=4:pic-struct=1:bframes=2")),
    ("cropped 642x362", "mp4", lambda p: plain(p, "-vf", "setsar=16/11", size="642x362")),
    ("weights", "mp4", lambda p: plain(p, "-bf", "0", "-x264-params", "weightp=2")),
    ("edit list", "mp4", trimmed),
    ("signed offsets", "mp4", signed_offsets),
    ("late start", "mp4", shifted),
    ("variable rate", "mp4", uneven),
    ("mov", "mov", mov),
    ("faststart", "mp4", tight),
    ("29.97 no sound", "mov", lambda p: plain(p, rate="30000/1001", audio=False)),
    ("opus", "mp4", lambda p: plain(p, "-c:a", "libopus", "-strict", "-2")),
    ("intra", "mp4", lambda p: plain(p, "-g", "1")),
    ("10 bit 4:2:2", "mov", lambda p: plain(p, "-pix_fmt", "yuv422p10le")),
    ("4:4:4", "mp4", lambda p: plain(p, "-pix_fmt", "yuv444p")),
    ("full range", "mp4", lambda p: plain(p, "-pix_fmt", "yuvj420p")),
    ("scaling lists", "mp4", lambda p: plain(p, "-x264-params", "8x8dct=1:cqm=jvt")),
]

# in one GOP, across three, from the start, to the end, from a key picture, to one, one picture
RANGES = [(60, 80), (40, 130), (0, 20), (180, None), (100, 118), (70, 100), (117, 118)]


def one_master(work, clip, name, extension, make):
    master = os.path.join(work, f"{name.replace(' ', '_').replace(':', '')}.{extension}")
    make(master)
    shown, _ = frames(master)
    total = len(packets(master)[video_index(master)])
    hidden = sum(1 for p in packets(master)[video_index(master)] if "D" in p["flags"])
    ranges = RANGES if name == "plain" or os.environ.get("OSP_ALL") else RANGES[:4:2]
    for first, end in ranges:
        end = len(shown) if end is None else end
        first = min(first, end - 1)
        label = f"{name} {first}..{end}"
        result = os.path.join(work, f"result.{extension}")
        done = splice(master, clip, result, first, end)
        if done.returncode != 0:
            fail(f"{label}: exit {done.returncode}: {done.stderr.strip()}")
            continue
        before = len(failures)
        judge(label, master, result, first, end, work, hidden)
        if name in ("plain", "baseline", "main cavlc", "hrd aud slices", "weights", "29.97 no sound"):
            judge_gstreamer(label, result, "avdec_h264", 320 * 180 * 3 // 2)
        if name == "hrd aud slices":
            judge_delimiters(label, master, result)
        if name == "baseline":
            judge_gstreamer(label, result, "openh264dec", 320 * 180 * 3 // 2)
        print("ok" if len(failures) == before else "BAD", label, f"of {total}", flush=True)


def main():
    with tempfile.TemporaryDirectory() as work:
        clip = os.path.join(work, "clip.mp4")
        make_clip(clip)
        wanted = sys.argv[1:]
        if os.environ.get("OSP_SANITIZE") and not wanted:  # slow: the kinds that differ most
            wanted = ["plain", "main cavlc", "hrd aud slices", "edit list", "mov", "intra"]
        for name, extension, make in MASTERS:
            if not wanted or name in wanted:
                one_master(work, clip, name, extension, make)
    finish()


main()
