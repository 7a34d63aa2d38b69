#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# ctest: slow
"""conform on real files: what comes out passes without a warning, shows the same picture upright
(ffmpeg's own rotation is the judge), and has exactly the pictures that the plan promised."""
import json
import os
import re
import subprocess
import sys
import tempfile

source = os.environ["OSP_SOURCE"]
program = os.environ["OSP_BINARY"] + "/omnisplice"
media = os.path.join(os.environ.get("OSP_MEDIA", os.path.join(source, "..", "shared", "media")), "dev")
if not os.path.isdir(media):
    print("skipped: no media set at", media)
    sys.exit(77)

# name, range, least PSNR of the first pictures against ffmpeg's; None: colour or fields change
CASES = [
    ("v004_ducks_phone.mp4", [], 45),                       # 29.97 on a clock of 1/600
    ("v005_drive_1280x704.mp4", ["--to", "4"], 45),         # 704 lines
    ("v008_foreman_hevc.mp4", ["--from", "2", "--to", "5"], None),  # HEVC, 23.976
    ("v011_rotated270.mp4", [], 45),                        # turned by its matrix
    ("v018_bars_10_05.mp4", [], None),                      # 10.04 s: a hair too long
    ("v019_generated_16fps.mp4", ["--to", "4"], None),      # 16 fps
    ("v025_a7m3_1080i50.mts", [], None),                    # interlaced, MPEG-TS
    ("v046_rotate_and_mirror.mp4", [], 45),                 # turned and mirrored
    ("v052_deer_1080_23976.mp4", [], 45),                   # too short, 23.976
]
failures = []


def run(*words):
    return subprocess.run(words, capture_output=True, text=True)


def psnr(a, b):
    done = run("ffmpeg", "-nostdin", "-i", a, "-i", b, "-lavfi", "psnr", "-f", "null", "-")
    found = re.search(r"average:(\S+)", done.stderr)
    return float(found.group(1)) if found else 0.0


def check(name, what, ok):
    if not ok:
        failures.append(f"{name}: {what}")


with tempfile.TemporaryDirectory() as folder:
    for name, words, least in CASES:
        path, out = os.path.join(media, name), os.path.join(folder, "out.mp4")
        plan = json.loads(run(program, "plan", "--json", "-i", path, *words).stdout)
        done = run(program, "conform", "-y", "-i", path, *words, "-o", out)
        check(name, done.stderr, done.returncode == 0)
        if done.returncode:
            continue
        verdict = json.loads(run(program, "check", "--json", out).stdout)["files"][0]
        check(name, [f["rule"] for f in verdict["findings"]],
              verdict["verdict"] == "pass" and not verdict["findings"])
        counted = run("ffprobe", "-v", "error", "-select_streams", "v", "-count_frames",
                      "-show_entries", "stream=nb_read_frames,width,height", "-of", "csv=p=0", out)
        width, height, frames = counted.stdout.strip().split(",")
        check(name, f"{frames} pictures", int(frames) == plan["timing"]["reference_frames"])
        check(name, f"{width}x{height}", [int(width), int(height)] ==
              [plan["geometry"]["width_px"], plan["geometry"]["height_px"]])
        if least:
            a, b = os.path.join(folder, "a.y4m"), os.path.join(folder, "b.y4m")
            run("ffmpeg", "-nostdin", "-y", "-i", path, "-frames:v", "5", "-vf",
                f"scale={width}:{height}:flags=lanczos+accurate_rnd,setsar=1,setpts=N", "-pix_fmt",
                "yuv420p", a)
            run("ffmpeg", "-nostdin", "-y", "-i", out, "-frames:v", "5", "-vf", "setpts=N", b)
            check(name, f"{psnr(a, b)} dB against ffmpeg", psnr(a, b) >= least)

    # eight orientations of one picture become the same picture
    profile = os.path.join(folder, "grow.json")
    with open(profile, "w") as file:
        json.dump({"base": "cloudsway-kling-o3", "patch": {"image": {"side_px_min": 1300}}}, file)
    for i in range(1, 9):
        out = os.path.join(folder, f"o{i}.png")
        done = run(program, "conform", "--profile", profile, "-i",
                   os.path.join(media, f"i00{i}_orient{i}.jpg"), "-o", out)
        check(f"orientation {i}", done.stderr, done.returncode == 0)
        if i > 1:
            # each shows its own number, so not equal but close
            close = psnr(os.path.join(folder, "o1.png"), out)
            check(f"orientation {i}", f"{close} dB", close > 18)

for failure in failures:
    print(failure)
print(f"{len(CASES) + 8} files, {len(failures)} failures")
sys.exit(1 if failures else 0)
