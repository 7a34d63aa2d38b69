#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Facts of images and sound files against what other tools say: exiftool and ImageMagick of images
made here, ffmpeg's decoder of sounds made here; and of the media set (shared/media beside the
repository, or where OSP_MEDIA says) the figures that were measured when it was gathered."""
import json
import os
import subprocess
import sys
import tempfile
from fractions import Fraction

program = os.environ["OSP_BINARY"] + "/omnisplice"
media = os.path.join(os.environ.get("OSP_MEDIA", os.path.join(os.environ["OSP_SOURCE"], "..",
                                                              "shared", "media")), "dev")
failures = []
compared = 0


def run(*words):
    done = subprocess.run(words, capture_output=True)
    if done.returncode:
        sys.exit(f"{words}: {done.stderr.decode()}")
    return done.stdout


def check(paths, use):
    done = subprocess.run([program, "check", "--json", "--use", use] + paths, capture_output=True)
    return json.loads(done.stdout)["files"]


def same(name, what, got, want):
    global compared
    compared += 1
    if got != want:
        failures.append(f"{name}: {what} is {got}, others say {want}")


CONTAINERS = {"APNG": "png", "EXTENDED WEBP": "webp", "HEIC": "heif", "JXL CODESTREAM": "jxl",
              "JP2": "jpeg2000"}
PNG_MODELS = {0: "grey", 2: "rgb", 3: "palette", 4: "grey", 6: "rgb"}
CODINGS = {0: "baseline", 1: "extended", 2: "progressive", 3: "lossless"}


def jpeg_model(told):
    if told["ColorComponents"] == 4:
        return "ycck" if told.get("ColorTransform") == 2 else "cmyk"
    return {1: "grey", 3: "ycbcr"}[told["ColorComponents"]]


def compare_image(name, facts, told):
    """Our facts against exiftool's."""
    image, kind = facts.get("image"), told["FileType"].upper()
    if not image:
        failures.append(f"{name}: no image, {facts}")
        return
    same(name, "type", facts["container"], CONTAINERS.get(kind, kind.lower()))
    same(name, "size", (image["coded_width_px"], image["coded_height_px"]),
         (told["ImageWidth"], told["ImageHeight"]))
    turned = facts["exif_orientation"] >= 5
    shown = (image["height_px"], image["width_px"]) if turned else (image["width_px"], image["height_px"])
    same(name, "size before turning", shown, (told["ImageWidth"], told["ImageHeight"]))
    if kind in ("JPEG", "PNG", "APNG", "TIFF"):
        same(name, "orientation", facts["exif_orientation"], told.get("Orientation", 0))
        same(name, "profile", image["icc_description"], told.get("ProfileDescription"))
        depth = str(told.get("BitDepth", told.get("BitsPerSample"))).split()[0]
        same(name, "depth", image["bit_depth"], int(depth))
    if kind == "JPEG":
        same(name, "colour model", image["color_model"], jpeg_model(told))
        same(name, "coding", image["coding"], CODINGS[told["EncodingProcess"]])
    if kind in ("PNG", "APNG"):
        same(name, "colour model", image["color_model"], PNG_MODELS[told["ColorType"]])
        same(name, "coding", image["coding"] == "interlaced", told["Interlace"] == 1)
        same(name, "pictures", image["pictures"], told.get("AnimationFrames", 1))
        if told["ColorType"] in (4, 6):
            same(name, "alpha", image["alpha"], True)
    if kind == "GIF":
        same(name, "pictures", image["pictures"], told.get("FrameCount", 1))


def make_images(folder):
    """Names and facts of exiftool, by name."""
    at = lambda name: os.path.join(folder, name)
    source = ["-f", "lavfi", "-i", "testsrc2=size=480x320:rate=5"]
    ffmpeg = lambda *words: run("ffmpeg", "-nostdin", "-v", "error", "-y", *source, *words)

    for name, *words in (
            ("420.jpg", "-pix_fmt", "yuvj420p"), ("444.jpg", "-pix_fmt", "yuvj444p"),
            ("lossless.jpg", "-pix_fmt", "yuvj444p", "-c:v", "ljpeg"),
            ("rgb.png", "-pix_fmt", "rgb24"), ("deep.png", "-pix_fmt", "rgb48be"),
            ("alpha.png", "-pix_fmt", "rgba"), ("deepalpha.png", "-pix_fmt", "rgba64be"),
            ("grey.png", "-pix_fmt", "gray"), ("greyalpha.png", "-pix_fmt", "ya8"),
            ("palette.png", "-pix_fmt", "pal8"), ("one.gif",), ("still.webp",),
            ("rgb.bmp", "-pix_fmt", "bgr24"), ("rgb.tiff", "-pix_fmt", "rgb24"),
            ("deep.tiff", "-pix_fmt", "rgb48le"), ("still.avif", "-still-picture", "1"),
            ("still.jxl",), ("still.jp2",)):
        ffmpeg("-frames:v", "1", *words, at(name))
    ffmpeg("-frames:v", "4", "-f", "apng", at("anim.png"))
    ffmpeg("-frames:v", "4", at("anim.gif"))
    for name, *words in (
            ("progressive.jpg", "-interlace", "JPEG"), ("cmyk.jpg", "-colorspace", "CMYK"),
            ("grey.jpg", "-colorspace", "Gray"), ("adam7.png", "-interlace", "PNG"),
            ("deepgrey.png", "-colorspace", "Gray", "-depth", "16"), ("layers.psd",),
            ("lossless.webp", "-define", "webp:lossless=true")):
        run("convert", at("rgb.png"), "-strip", *words, at(name))
    run("heif-enc", at("rgb.png"), "-o", at("still.heic"))
    for i in range(1, 9):
        for name in ("420.jpg", "rgb.png", "rgb.tiff"):
            run("exiftool", "-q", "-n", f"-Orientation={i}", "-o", at(f"turned{i}_{name}"), at(name))
    names = sorted(os.listdir(folder))
    told = json.loads(run("exiftool", "-j", "-n", *map(at, names)))
    return {at(name): facts for name, facts in zip(names, told)}


def samples_of(path):
    """What ffmpeg decodes, as seconds."""
    rate = int(run("ffprobe", "-v", "error", "-select_streams", "a", "-show_entries",
                   "stream=sample_rate", "-of", "csv=p=0", path).split()[0])
    pcm = run("ffmpeg", "-nostdin", "-v", "error", "-i", path, "-ac", "1", "-f", "s16le", "-")
    return Fraction(len(pcm) // 2, rate)


def make_sounds(folder):
    """Paths, and the seconds that each holds."""
    expected = {}
    for name, seconds, *words in (
            ("two.wav", "2"), ("deep.wav", "2.5", "-c:a", "pcm_s24le"),
            ("float.wav", "2.5", "-c:a", "pcm_f32le"), ("rf64.wav", "3", "-rf64", "always"),
            ("surround.wav", "3", "-ac", "6"), ("lame.mp3", "3.1"),
            ("mono22.mp3", "2.2", "-ar", "22050", "-ac", "1"),
            ("vbr.mp3", "4.3", "-q:a", "4"), ("notable.mp3", "4.3", "-q:a", "4", "-write_xing", "0"),
            ("tag.mp3", "2.7", "-metadata", "title=" + "x" * 90000), ("layer2.mp2", "2"),
            ("plain.aac", "3.3"), ("mono16.aac", "2.2", "-ar", "16000", "-ac", "1"),
            ("music.m4a", "3.3"), ("exact.m4a", "2"),
            ("fragments.m4a", "2.5", "-movflags", "+frag_keyframe+empty_moov+delay_moov"), ("apple.m4a", "2.5", "-c:a", "alac")):
        path = os.path.join(folder, name)
        run("ffmpeg", "-nostdin", "-v", "error", "-y", "-f", "lavfi", "-i",
            f"sine=frequency=440:sample_rate=44100:duration={seconds}", *words, path)
        # a decoder keeps the padding at the end of AAC, which the edit list hides
        expected[path] = Fraction(seconds) if name.endswith(".m4a") else samples_of(path)
    path = os.path.join(folder, "pipe.wav")
    with open(path, "wb") as file:
        file.write(run("ffmpeg", "-nostdin", "-v", "error", "-f", "lavfi", "-i",
                       "sine=duration=2", "-f", "wav", "-"))
    expected[path] = Fraction(2)
    return expected


def close(seconds, others):
    return any(other is not None and abs(seconds - other) <= 0.001 for other in others)


def compare_set():
    """The media set: figures of exiftool, libvips, ffprobe, mediainfo and decoders."""
    entries = json.load(open(os.path.join(media, "manifest.json")))
    for kind, use in (("image", "reference-image"), ("sound", "avatar-sound")):
        group = [e for e in entries if e["kind"] == kind and e["bytes"]]
        got = check([os.path.join(media, e["name"]) for e in group], use)
        for entry, file in zip(group, got):
            name, facts, told = entry["name"], file["facts"], entry["facts"]
            if kind == "image":
                compare_image(name, facts, told["exiftool"])
                image = facts["image"]
                same(name, "displayed size", [image["width_px"], image["height_px"]],
                     told["displayed"])
                pages = told["vips"].get("n-pages")
                if pages and facts["container"] != "heif":
                    same(name, "pictures", image["pictures"], int(pages))
            else:
                track, sound = told["audio"][0], facts["sound"]
                same(name, "sound", (sound["codec"], sound["sample_rate_hz"], sound["channels"]),
                     (track["codec"], track["rate"], track["channels"]))
                others = [track["duration_decoded"], track["duration_mediainfo"],
                          told["duration"]["container_ffprobe"],
                          told["duration"]["container_mediainfo"]]
                same(name, f"{sound['duration_s']} s as one of {others}",
                     close(sound["duration_s"], others), True)
    return len(entries)


with tempfile.TemporaryDirectory() as folder:
    told = make_images(folder)
    for file, (path, facts) in zip(check(list(told), "reference-image"), told.items()):
        compare_image(os.path.basename(path), file["facts"], facts)
with tempfile.TemporaryDirectory() as folder:
    expected = make_sounds(folder)
    for file, (path, seconds) in zip(check(list(expected), "avatar-sound"), expected.items()):
        got = file["facts"].get("sound", {}).get("duration_s")
        same(os.path.basename(path), "length", got, round(float(seconds), 6))
if os.path.isdir(media):
    compare_set()
else:
    print("the media set is NOT compared: nothing at", media)

for failure in failures:
    print(failure)
print(f"{len(told)} images and {len(expected)} sounds made, {compared} figures compared, "
      f"{len(failures)} differ")
sys.exit(1 if failures else 0)
