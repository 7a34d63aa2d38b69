#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Broken video files: cut off, bits turned, counts that lie. Each is judged or said to be unreadable,
in bounded time and memory; nothing crashes. With the sanitizers this is the readers' own test."""
import json
import os
import random
import resource
import struct
import subprocess
import sys
import tempfile

BINARY = os.environ["OSP_BINARY"] + "/omnisplice"
SANITIZED = bool(os.environ.get("OSP_SANITIZE"))
SRC = "-f lavfi -i testsrc2=size=64x48:rate=25 -f lavfi -i sine -t 1 "
H264 = "-c:v libx264 -preset ultrafast -bf 2 -pix_fmt yuv420p "
SEEDS = {
    "plain.mp4": SRC + H264 + "-c:a aac -movflags +faststart",
    "edits.mov": "-ss 0.3 -i {plain.mp4} -c copy -movflags +faststart",
    "frag.mp4": "-i {plain.mp4} -c copy -movflags frag_keyframe+empty_moov -frag_duration 200000",
    "fields.mp4": SRC + H264 + "-flags +ildct -x264-params tff=1 -an -movflags +faststart",
    "hevc.mp4": SRC + "-c:v libx265 -x265-params log-level=none:hdr10=1:max-cll=100,50 -pix_fmt yuv420p10le "
                "-color_primaries bt2020 -color_trc smpte2084 -colorspace bt2020nc -an -movflags +faststart",
    "av1.mp4": SRC + "-t 0.2 -c:v libaom-av1 -cpu-used 8 -an -movflags +faststart",
    "vp9.mp4": SRC + "-t 0.2 -c:v libvpx-vp9 -deadline realtime -an -movflags +faststart",
    "prores.mov": SRC + "-t 0.2 -c:v prores_ks -an -movflags +faststart",
    "mpeg2.mov": SRC + "-t 0.2 -c:v mpeg2video -an -movflags +faststart",
    "plain.mkv": "-i {plain.mp4} -c copy",
    "plain.ts": "-i {plain.mp4} -c copy",
}
MUTANTS = 40  # of each seed


def ffmpeg(folder, name, arguments):
    for seed in SEEDS:
        arguments = arguments.replace("{%s}" % seed, os.path.join(folder, seed))
    subprocess.run(["ffmpeg", "-v", "error", "-y", *arguments.split(), os.path.join(folder, name)], check=True)


def mutants(name, data, rng):
    """Most changes hit the headers: the first 3 kB, or what of them there is."""
    head = min(len(data), 3072)
    for i in range(MUTANTS):
        changed = bytearray(data)
        if i % 4 == 0:
            changed = changed[:rng.randrange(8, len(data) if i % 8 else head)]
        else:
            for _ in range(rng.choice((1, 1, 2, 8))):
                at = rng.randrange(head)
                changed[at] = rng.choice((changed[at] ^ 1 << rng.randrange(8), 0, 255, 127, 128))
        yield f"{i}-{name}", bytes(changed)


def lies(data):
    """Counts of tables that are far beyond what their boxes hold."""
    for kind in (b"stts", b"ctts", b"stsc", b"stco", b"elst", b"stss", b"dref", b"stsd"):
        at = data.find(kind)
        if at > 0:
            yield f"count-{kind.decode()}.mp4", data[:at + 8] + struct.pack(">I", 0xFFFFFFFF) + data[at + 12:]
    at = data.find(b"stsz")
    for size, count in ((0, 0xFFFFFFFF), (1, 60000000), (1, 0xFFFFFFFF)):
        yield f"stsz-{size}-{count}.mp4", data[:at + 8] + struct.pack(">II", size, count) + data[at + 16:]
    at = data.find(b"stts")
    yield "stts-long.mp4", data[:at + 12] + struct.pack(">II", 0xFFFFFFFF, 0xFFFFFFFF) + data[at + 20:]


def bound_memory():
    if not SANITIZED:  # they reserve address space by the terabyte
        resource.setrlimit(resource.RLIMIT_AS, (1500 << 20, 1500 << 20))


def check(paths):
    run = subprocess.run([BINARY, "check", "--json", "--use", "edit", *paths], capture_output=True,
                         preexec_fn=bound_memory, timeout=300)
    if run.returncode not in (0, 1, 3):
        return None, run.stderr.decode(errors="replace")[-3000:]
    return json.loads(run.stdout)["files"], ""


def main():
    rng = random.Random(4711)
    faults = []
    with tempfile.TemporaryDirectory(prefix="osp-hostile-") as folder:
        for name, arguments in SEEDS.items():
            ffmpeg(folder, name, arguments)
        batch = []
        for name in SEEDS:
            data = open(os.path.join(folder, name), "rb").read()
            batch += mutants(name, data, rng)
        batch += lies(open(os.path.join(folder, "plain.mp4"), "rb").read())
        paths = []
        for name, data in batch:
            paths.append(os.path.join(folder, name))
            with open(paths[-1], "wb") as file:
                file.write(data)
        sparse = os.path.join(folder, "stsz-1-60000000.mp4")
        os.truncate(sparse, 60 << 20)  # as many bytes as samples, none of them on disk
        documents, said = check(paths)
        if documents is None:
            for path in paths:  # which one?
                if check([path])[0] is None:
                    faults.append(f"{os.path.basename(path)} ends the program")
            faults.append(said)
        else:
            verdicts = [d["verdict"] for d in documents]
            print(f"{len(verdicts)} files: " + ", ".join(f"{verdicts.count(v)} {v}" for v in sorted(set(verdicts))))
            if verdicts.count("unreadable") < len(verdicts) // 20:
                faults.append("hardly a file was found broken: do the changes reach the headers?")
            by_name = {os.path.basename(d["path"]): d for d in documents}
            for name in ("stsz-0-4294967295.mp4", "count-stts.mp4", "count-stco.mp4"):
                rules = [f["rule"] for f in by_name[name]["findings"]]
                if not {"video.truncated", "media.unreadable"} & set(rules):
                    faults.append(f"{name}: only {rules}")
    for fault in faults:
        print(fault)
    return 1 if faults else 0


sys.exit(main())
