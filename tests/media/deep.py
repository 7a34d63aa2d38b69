#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""check --deep finds damage that was done at a known place, and says when."""
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile

PROGRAM = os.path.join(os.environ["OSP_BINARY"], "omnisplice")
work = tempfile.mkdtemp(prefix="osp-deep-")


def at(name):
    return os.path.join(work, name)


def ffmpeg(*args):
    subprocess.run(["ffmpeg", "-nostdin", "-v", "error", "-y", *args], check=True)


def packets(path, track):
    out = subprocess.run(["ffprobe", "-v", "error", "-select_streams", track, "-of", "json",
                          "-show_packets", path], check=True, capture_output=True).stdout
    return json.loads(out)["packets"]


def deep(path, *more):
    run = subprocess.run([PROGRAM, "check", "--deep", "--json", *more, path], capture_output=True,
                         text=True)
    assert run.returncode in (0, 1, 3), run.stderr
    file = json.loads(run.stdout)["files"][0]
    return file, {f["rule"]: f for f in file["findings"]}


def overwrite(path, offset, data):
    with open(path, "r+b") as file:
        file.seek(offset)
        file.write(data)


def seconds(finding):
    return float(re.search(r"from (-?[\d.]+) s", finding["measured"])[1])


def film(name, seconds_long=3, *more):
    ffmpeg("-f", "lavfi", "-i", "testsrc2=s=1280x720:r=25", "-f", "lavfi", "-i", "sine=r=48000",
           "-t", str(seconds_long), "-c:v", "libx264", "-preset", "ultrafast", "-g", "25", "-bf", "0",
           "-threads", "1", "-pix_fmt", "yuv420p", "-c:a", "aac", *more, at(name))
    return at(name)


def clean_is_clean(path):
    file, rules = deep(path)
    assert file["verdict"] == "pass", rules
    assert file["facts"]["decoded"]["pictures"] == 75, file["facts"]["decoded"]
    for image in ("a.png", "a.jpg", "a.webp", "a.tiff", "a.bmp", "a.gif"):
        ffmpeg("-f", "lavfi", "-i", "testsrc2=s=800x600", "-frames:v", "1", at(image))
        file, rules = deep(at(image))
        assert "image.corrupt" not in rules, (image, rules)
        assert file["facts"]["decoded"]["pictures"] == 1, (image, file["facts"])
    # headers alone see nothing of it
    plain = subprocess.run([PROGRAM, "check", "--json", path], capture_output=True, text=True)
    assert "decoded" not in json.loads(plain.stdout)["files"][0]["facts"]


def damaged_picture(path):
    """Bytes in the middle of a picture: that picture is the first to be damaged."""
    broken = shutil.copy(path, at("corrupt.mp4"))
    packet = packets(path, "v:0")[50]
    overwrite(broken, int(packet["pos"]) + int(packet["size"]) // 3, b"\x5a" * 400)
    file, rules = deep(broken)
    assert file["verdict"] == "violation" and "video.corrupt" in rules, rules
    assert abs(seconds(rules["video.corrupt"]) - 2.0) < 0.041, rules["video.corrupt"]
    # without --deep nobody looks
    plain = subprocess.run([PROGRAM, "check", broken], capture_output=True, text=True)
    assert plain.returncode == 0, plain.stdout


def missing_picture():
    """VP8 pictures marked as not to be shown (RFC 6386 9.1, show_frame): the file counts them, no
    decoder gives them out, and none of them is damaged."""
    path = at("missing.ivf")
    ffmpeg("-f", "lavfi", "-i", "testsrc2=s=320x240:r=25", "-t", "2", "-c:v", "libvpx", "-deadline",
           "realtime", "-auto-alt-ref", "0", path)
    assert "video.frames.missing" not in deep(path)[1]
    with open(path, "rb") as file:
        data = bytearray(file.read())
    place, number = int.from_bytes(data[6:8], "little"), 0
    while place < len(data):
        size = int.from_bytes(data[place:place + 4], "little")
        if number in (30, 31):
            data[place + 12] &= ~0x10
        place, number = place + 12 + size, number + 1
    with open(path, "wb") as file:
        file.write(data)
    file, rules = deep(path)
    assert "video.frames.missing" in rules, (rules, file["facts"]["decoded"])
    assert "video.corrupt" not in rules, rules
    assert rules["video.frames.missing"]["measured"] == "2 from 1.2 s on", rules


def broken_stamps():
    """Two recordings in one transport stream: the clock begins anew, or leaps."""
    film("one.ts", 2)
    film("late.ts", 2, "-output_ts_offset", "100")
    for name, second, when in (("back.ts", "one.ts", 2.0), ("leap.ts", "late.ts", 1.96)):
        with open(at(name), "wb") as out:
            for part in ("one.ts", second):
                with open(at(part), "rb") as file:
                    shutil.copyfileobj(file, out)
        file, rules = deep(at(name))
        assert "video.timestamps" in rules, (name, rules, file["facts"]["decoded"])
        assert rules["video.timestamps"]["level"] == "warning"
    assert "video.timestamps" not in deep(at("one.ts"))[1]


def damaged_sound(path):
    broken = shutil.copy(path, at("sound.mp4"))
    for packet in packets(path, "a:0")[60:64]:
        overwrite(broken, int(packet["pos"]), b"\xff" * int(packet["size"]))
    _, rules = deep(broken)
    assert "video.corrupt" not in rules and "video.sound.corrupt" in rules, rules
    assert abs(seconds(rules["video.sound.corrupt"]) - 60 * 1024 / 48000) < 0.1, rules


def damaged_images():
    for name in ("a.png", "a.jpg"):
        size = os.path.getsize(at(name))
        cut, hit = at("cut-" + name), shutil.copy(at(name), at("hit-" + name))
        with open(at(name), "rb") as file, open(cut, "wb") as out:
            out.write(file.read(size // 2))
        overwrite(hit, size // 2, b"\x00\xff\xd8" * 20)
        for broken in (cut, hit):
            file, rules = deep(broken)
            assert "image.corrupt" in rules and file["verdict"] == "violation", (broken, rules)


try:
    clean = film("clean.mp4", 3, "-movflags", "+faststart")
    clean_is_clean(clean)
    damaged_picture(clean)
    missing_picture()
    broken_stamps()
    damaged_sound(clean)
    damaged_images()
    print("ok")
finally:
    shutil.rmtree(work)
sys.exit(0)
