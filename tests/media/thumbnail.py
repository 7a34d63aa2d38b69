#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The small pictures of the HTML report are what a person would see: upright, square pixels, the
longer side 160, a picture that shows something, HDR in the range of a page; and none, never a
crash, where nothing can be decoded. ffmpeg makes the media and reads the pictures."""
import base64
import os
import re
import subprocess
import sys
import tempfile

PROGRAM = os.path.join(os.environ["OSP_BINARY"], "omnisplice")
# left half red, right half blue, a white band below: it tells every turn and mirror
FLAG = ("color=red:s=%dx%d:r=25,drawbox=x=iw/2:w=iw/2:c=blue:t=fill,"
        "drawbox=y=ih*3/4:h=ih/4:c=white:t=fill")
FAST = ["-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p"]


def ffmpeg(path, *arguments):
    subprocess.run(["ffmpeg", "-nostdin", "-v", "error", "-y", *arguments, path], check=True)
    return path


def flag(path, width, height, *more):
    return ffmpeg(path, "-f", "lavfi", "-i", FLAG % (width, height), *more)


def turned(folder, name, degrees):
    """The flag stored so that its display matrix (counted against the clock) shows it upright."""
    filters = {90: "transpose=clock", 180: "hflip,vflip", 270: "transpose=cclock"}[degrees]
    plain = ffmpeg(os.path.join(folder, "plain.mp4"), "-f", "lavfi", "-i",
                   "%s,%s" % (FLAG % (320, 180), filters), "-t", "1", *FAST)
    return ffmpeg(os.path.join(folder, name), "-i", plain, "-c", "copy", "-metadata:s:v:0",
                  "rotate=%d" % degrees)


def pictures(*files):
    """PNG bytes by file, None where there is none."""
    done = subprocess.run([PROGRAM, "check", "--html", *files], capture_output=True, text=True)
    assert done.returncode in (0, 1, 3) and not done.stderr, done
    rows = re.findall(r"<tbody.*?</tbody>", done.stdout, re.S)
    assert len(rows) == len(files)
    found = [re.search(r'src="data:image/png;base64,([^"]+)"', row) for row in rows]
    return [base64.b64decode(f[1]) if f else None for f in found]


def decode(png):
    """(width, height, pixel(x, y)) of a PNG; x and y from 0 to 1."""
    probe = subprocess.run(["ffprobe", "-v", "error", "-of", "csv=p=0", "-show_entries",
                            "stream=codec_name,width,height", "-"], input=png, check=True,
                           capture_output=True).stdout.decode().split(",")
    assert probe[0] == "png", probe
    width, height = int(probe[1]), int(probe[2])
    raw = subprocess.run(["ffmpeg", "-v", "error", "-i", "-", "-f", "rawvideo", "-pix_fmt", "rgba",
                          "-"], input=png, check=True, capture_output=True).stdout

    def pixel(x, y):
        at = 4 * (int(y * (height - 1)) * width + int(x * (width - 1)))
        return tuple(raw[at:at + 4])
    return width, height, pixel


def near(got, wanted, by=60):
    return all(abs(g - w) <= by for g, w in zip(got, wanted))


def shows_flag(png, size, name=""):
    width, height, pixel = decode(png)
    assert (width, height) == size, (name, width, height, size)
    assert near(pixel(0.2, 0.3), (255, 0, 0)), (name, pixel(0.2, 0.3))
    assert near(pixel(0.8, 0.3), (0, 0, 255)), (name, pixel(0.8, 0.3))
    assert near(pixel(0.5, 0.95), (255, 255, 255)), (name, pixel(0.5, 0.95))


def test_upright(folder):
    def path(name):
        return os.path.join(folder, name)

    files = {
        flag(path("plain.mkv"), 320, 180, "-t", "1", *FAST): (160, 90),
        **{turned(folder, "turned%d.mp4" % d, d): (160, 90) for d in (90, 180, 270)},
        flag(path("wide_pixels.mp4"), 160, 160, "-vf", "setsar=2", "-t", "1", *FAST): (160, 80),
        flag(path("tall.png"), 200, 400, "-frames:v", "1"): (80, 160),
        flag(path("small.png"), 40, 30, "-frames:v", "1"): (40, 30),
        flag(path("line.png"), 2000, 8, "-frames:v", "1"): None,
        flag(path("photo.jpg"), 640, 360, "-frames:v", "1"): (160, 90),
        flag(path("prores.mov"), 320, 180, "-t", "1", "-c:v", "prores_ks"): (160, 90),
    }
    for (name, size), png in zip(files.items(), pictures(*files)):
        assert png, name
        if size:
            shows_flag(png, size, name)
        else:
            assert decode(png)[:2] == (160, 1), (name, decode(png)[:2])
    # a JPEG whose EXIF says: turn it by 180 degrees
    with open(path("photo.jpg"), "rb") as file:
        plain = file.read()
    exif = (b"Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x03\0\0\0\0\0\0")
    ffmpeg(path("upside.jpg"), "-i", path("photo.jpg"), "-vf", "hflip,vflip")
    with open(path("upside.jpg"), "rb") as file:
        data = file.read()
    with open(path("upside.jpg"), "wb") as file:
        file.write(data[:2] + b"\xff\xe1" + (len(exif) + 2).to_bytes(2, "big") + exif + data[2:])
    assert plain != data
    shows_flag(pictures(path("upside.jpg"))[0], (160, 90))


def test_shows_something(folder):
    """Black, then a flag from 40 % on, seekable every second or (MPEG-TS) anywhere."""
    late = os.path.join(folder, "late.mp4")
    source = "color=black:s=320x180:r=25:d=4[a];%s,trim=end=6[b];[a][b]concat=n=2" % (
        FLAG % (320, 180))
    ffmpeg(late, "-filter_complex", source, *FAST, "-g", "25")
    stream = ffmpeg(os.path.join(folder, "late.ts"), "-i", late, "-c", "copy")
    black = ffmpeg(os.path.join(folder, "black.mp4"), "-f", "lavfi", "-i",
                   "color=black:s=320x180:r=25", "-t", "2", *FAST)
    found = pictures(late, stream, black)
    shows_flag(found[0], (160, 90))
    shows_flag(found[1], (160, 90))
    assert near(decode(found[2])[2](0.5, 0.5), (0, 0, 0)), "all black is shown black"


def test_alpha_and_hdr(folder):
    clear = ffmpeg(os.path.join(folder, "clear.png"), "-f", "lavfi", "-i",
                   "color=red@0:s=64x64,format=rgba", "-frames:v", "1")
    hdr = ffmpeg(os.path.join(folder, "hdr.mp4"), "-f", "lavfi", "-i",
                 "color=white:s=320x180:r=25,format=yuv420p10le", "-t", "1", "-c:v", "libx265",
                 "-preset", "ultrafast", "-x265-params",
                 "log-level=none:colorprim=bt2020:transfer=smpte2084:colormatrix=bt2020nc")
    found = pictures(clear, hdr)
    assert decode(found[0])[2](0.5, 0.5)[3] == 0, "what shows through is kept"
    assert decode(found[1])[2](0.5, 0.5)[0] > 240, "the brightest is white"


def test_broken(folder):
    """Files cut and overwritten in many places: a picture or none, and the page is whole."""
    whole = flag(os.path.join(folder, "whole.mp4"), 320, 180, "-t", "1", *FAST, "-movflags",
                 "+faststart")
    with open(whole, "rb") as file:
        data = file.read()
    files = []
    for i in range(40):
        spoiled = bytearray(data)
        at = len(data) * i // 40
        spoiled[at:at + 64] = os.urandom(min(64, len(data) - at))
        files.append(os.path.join(folder, "spoiled%d.mp4" % i))
        with open(files[-1], "wb") as file:
            file.write(spoiled if i % 2 else spoiled[:at])
    files.append(ffmpeg(os.path.join(folder, "tone.mp3"), "-f", "lavfi", "-i", "sine", "-t", "2"))
    found = pictures(*files)
    assert found[-1] is None and any(found) and not all(found), [bool(f) for f in found]
    for png in filter(None, found):
        decode(png)


def main():
    with tempfile.TemporaryDirectory(prefix="osp-thumbnail-") as folder:
        test_upright(folder)
        test_shows_something(folder)
        test_alpha_and_hdr(folder)
        test_broken(folder)
    print("ok")


if __name__ == "__main__":
    main()
    sys.exit(0)
