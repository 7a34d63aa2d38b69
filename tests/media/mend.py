#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# ctest: slow
"""Every command that check gives for a refused file runs in sh as it stands, whatever the file's
name, and what it writes passes, without a warning."""
import glob
import json
import os
import subprocess
import sys
import tempfile

BINARY = os.environ["OSP_BINARY"]
PROGRAM = os.path.join(BINARY, "omnisplice")
ENVIRONMENT = dict(os.environ, PATH=BINARY + ":" + os.environ["PATH"])


def lavfi(source, *more):
    return ["-f", "lavfi", "-i", source, *more]


FAST = ["-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p"]
HD = "testsrc2=s=1280x720:r="
# name, rule that must be broken, use, ffmpeg's arguments
FILES = [
    (b"small.mp4", "video.side.min", "edit", lavfi("testsrc2=s=640x360:r=25", "-t", "3.2", *FAST)),
    (b"long.mp4", "video.duration.max", "edit", lavfi(HD + "30000/1001", "-t", "10.5", *FAST)),
    (b"short.mp4", "video.duration.min", "edit", lavfi(HD + "25", "-t", "1", *FAST)),
    (b"slow.mp4", "video.fps.min", "edit", lavfi(HD + "12", "-t", "3.5", *FAST)),
    (b"film.mp4", "video.fps.min", "edit", lavfi(HD + "24000/1001", "-t", "4", *FAST)),
    (b"fast.mp4", "video.fps.max", "feature", lavfi(HD + "120", "-t", "3.2", *FAST)),
    (b"wide.mov", "video.aspect", "edit", lavfi("testsrc2=s=2160x720:r=24", "-t", "3", *FAST)),
    (b"large.mp4", "video.side.max", "edit", lavfi("testsrc2=s=2560x1440:r=24", "-t", "3", *FAST)),
    (b"other container.mkv", "video.container", "edit", lavfi(HD + "24", "-t", "3", *FAST)),
    (b"it's $HOME `id` \"x\".webm", "video.container", "edit",
     lavfi("testsrc2=s=320x240:r=30", "-t", "3", "-c:v", "libvpx", "-b:v", "200k")),
    (b"line\nfeed.mp4", "video.side.min", "edit", lavfi("testsrc2=s=320x240:r=30", "-t", "3",
                                                        *FAST)),
    (b"no \xff UTF-8 %d.mp4", "video.duration.min", "edit", lavfi(HD + "30", "-t", "0.5", *FAST)),
    (b"-o.mp4", "video.side.min", "edit", lavfi("testsrc2=s=320x240:r=30", "-t", "3", *FAST)),
    (b"tiny.png", "image.side.min", "reference-image", lavfi("testsrc2=s=64x48", "-frames:v", "1")),
    (b"wide.jpg", "image.aspect", "first-frame", lavfi("testsrc2=s=900x300", "-frames:v", "1")),
    (b"other.webp", "image.format", "end-frame", lavfi("testsrc2=s=600x400", "-frames:v", "1")),
    (b"noise.png", "image.bytes", "omni-image",
     lavfi("color=gray:s=2000x2000,format=rgb24,noise=alls=100:allf=t", "-frames:v", "1")),
    (b"a:b.flac", "sound.format", "avatar-sound", lavfi("sine=r=48000", "-t", "3")),
    (b"-large.wav", "sound.bytes", "avatar-sound", lavfi("sine=r=48000", "-t", "60")),
    (b"long.mp3", "sound.duration.max", "avatar-sound", lavfi("sine=r=16000", "-t", "301", "-b:a",
                                                              "32k")),
    (b"short.m4a", "sound.duration.min", "avatar-sound", lavfi("sine=r=48000", "-t", "1")),
]


def check(path, use):
    """`check` of one file, from inside its folder, with the name as bytes."""
    done = subprocess.run([PROGRAM, "check", "--json", "--use", use, "--", path],
                          capture_output=True)
    found = json.loads(done.stdout)
    return done.returncode, found["files"][0]


def conformed():
    return sorted(glob.glob(b"*.conformed.*"))


def test(name, rule, use, arguments):
    subprocess.run([b"ffmpeg", b"-nostdin", b"-v", b"error", b"-y", *arguments, b"file:" + name],
                   check=True)
    code, file = check(name, use)
    rules = [f["rule"] for f in file["findings"] if f["level"] == "violation"]
    assert code == 1 and rule in rules, (name, code, rules)
    assert file["mend"] and not file["mend_not"], (name, file)
    done = subprocess.run(["sh", "-euc", file["mend"]], env=ENVIRONMENT, capture_output=True,
                          stdin=subprocess.DEVNULL)
    assert done.returncode == 0, (file["mend"], done)
    made = conformed()
    assert len(made) == 1, (file["mend"], made)
    assert made[0].startswith(os.path.splitext(name)[0] + b".conformed."), (name, made)
    code, after = check(made[0], use)
    # "upload" says how it is sent, and mends itself there
    left = [f["rule"] for f in after["findings"]
            if f["level"] != "note" and f["remedy"] != "upload"]
    assert code == 0 and after["verdict"] == "pass" and not left, (file["mend"], after)
    assert after["mend"] is None, after
    os.unlink(made[0])
    os.unlink(name)


def main():
    with tempfile.TemporaryDirectory(prefix="osp-mend-") as folder:
        os.chdir(folder)
        for row in FILES:
            test(*row)
        os.chdir("/")
    print("ok %d files" % len(FILES))


if __name__ == "__main__":
    main()
    sys.exit(0)
