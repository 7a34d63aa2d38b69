#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# ctest: slow
"""How much of an MP4 is read for its facts: its index and 64 kB at most, wherever the index stands
and however large the file is. Counted by strace in every process of the program."""
import os
import re
import struct
import subprocess
import sys
import tempfile

BINARY = os.environ["OSP_BINARY"] + "/omnisplice"
ALLOWED = 64 * 1024
HUGE = 2 << 30
VIDEO = "-f lavfi -i testsrc2=size=320x192:rate=25 -f lavfi -i sine -t 5 "
FILES = {
    "last.mp4": VIDEO + "-c:v libx264 -preset ultrafast -bf 2 -pix_fmt yuv420p -c:a aac",
    "first.mp4": VIDEO + "-c:v libx264 -preset ultrafast -pix_fmt yuv420p -c:a aac -movflags +faststart",
    "fields.mp4": VIDEO + "-c:v libx264 -preset ultrafast -flags +ildct -x264-params tff=1:bframes=2 -pix_fmt yuv420p",
    "prores.mov": VIDEO + "-c:v prores_ks -c:a pcm_s16le",
    "hdr.mp4": VIDEO + "-c:v libx265 -x265-params log-level=none:hdr10=1:max-cll=1000,400 -pix_fmt yuv420p10le "
               "-color_primaries bt2020 -color_trc smpte2084 -colorspace bt2020nc -tag:v hvc1",
}


def boxes(data):
    at = 0
    while at + 8 <= len(data):
        size, kind = struct.unpack(">I4s", data[at:at + 8])
        size = struct.unpack(">Q", data[at + 8:at + 16])[0] if size == 1 else size or len(data) - at
        yield kind.decode("latin-1"), at, size
        at += size


def huge(source, target):
    """The same film in a sparse file of 2 GB: its mdat becomes that large, nothing else moves but an
    index that stands behind it."""
    data = open(source, "rb").read()
    parts = {kind: (at, size) for kind, at, size in boxes(data)}
    at = parts["free"][0]
    assert parts["mdat"][0] == at + 8, "ffmpeg leaves 8 bytes for a long mdat"
    end = parts["mdat"][0] + parts["mdat"][1]
    with open(target, "wb") as file:
        file.write(data[:at] + struct.pack(">I4sQ", 1, b"mdat", HUGE - at) + data[at + 16:end])
        file.truncate(HUGE)
        file.seek(HUGE)
        file.write(data[end:])


def bytes_read(path):
    log = path + ".strace"
    run = subprocess.run(["strace", "-f", "-y", "-o", log, "-e", "trace=read,pread64,readv,preadv,preadv2,mmap",
                          BINARY, "check", path], capture_output=True, text=True)
    assert run.returncode in (0, 1), run.stderr
    total, name = 0, "<" + os.path.realpath(path) + ">"
    for line in open(log, errors="replace"):
        if name not in line:
            continue
        assert "mmap" not in line, "the file is mapped: reads cannot be counted"
        total += int(re.search(r"= (-?\d+)", line)[1])
    return total


def main():
    faults = 0
    with tempfile.TemporaryDirectory(prefix="osp-bytes-") as folder:
        paths = []
        for name, arguments in FILES.items():
            paths.append(os.path.join(folder, name))
            subprocess.run(["ffmpeg", "-v", "error", "-y", *arguments.split(), paths[-1]], check=True)
        for name in ("last", "first"):
            paths.append(os.path.join(folder, f"huge-{name}.mp4"))
            huge(os.path.join(folder, name + ".mp4"), paths[-1])
        for path in paths:
            source = path.replace("huge-", "")
            index = next(size for kind, _, size in boxes(open(source, "rb").read()) if kind == "moov")
            total = bytes_read(path)
            held = index <= total <= index + ALLOWED
            faults += not held
            print(f"{os.path.basename(path)}: {os.path.getsize(path)} bytes, index {index}, read {total}"
                  f"{'' if held else f', allowed {index + ALLOWED}'}")
    return 1 if faults else 0


sys.exit(main())
