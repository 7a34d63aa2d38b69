#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# ctest: slow
"""The facts of videos against what ffprobe and mediainfo measure, member by member, over files that
ffmpeg writes: containers, codecs, depths, tags, turns, edit lists, fragments, fields, rates. Where the
two tools are known to be wrong or silent, the row says what is true."""
import json
import os
import struct
import subprocess
import sys
import tempfile
from fractions import Fraction

BINARY = os.environ["OSP_BINARY"] + "/omnisplice"
FOLDER = tempfile.mkdtemp(prefix="osp-facts-")
SRC = "-f lavfi -i testsrc2=size=320x192:rate={rate} -t {t}"
X264 = "-c:v libx264 -preset ultrafast -bf 2 -pix_fmt yuv420p"
H264 = SRC.format(rate=25, t=2) + " " + X264
SOUND = "-f lavfi -i testsrc2=size=320x192:rate=25 -f lavfi -i sine -t 2 " + X264 + " -c:a aac"


def src(rate=25, t=2):
    return SRC.format(rate=rate, t=t)


# name, arguments (or a list of several commands, with {name} for files made before), facts that are
# said here because the tools do not say them (dotted), facts that are not compared
ROWS = [
    # containers of one stream
    ("plain.mp4", H264, {}, ()),
    ("faststart.mp4", H264 + " -movflags +faststart", {"faststart": True}, ()),
    ("plain.mov", H264, {"container": "mov"}, ()),
    ("plain.m4v", H264, {}, ()),
    ("brand.3gp", "-i {plain.mp4} -c copy", {"brand": "3gp6"}, ()),
    ("plain.mkv", "-i {plain.mp4} -c copy", {"container": "matroska"}, ()),
    ("plain.ts", "-i {plain.mp4} -c copy", {"container": "mpegts"}, ()),
    ("plain.flv", "-i {plain.mp4} -c copy", {"container": "flv"}, ()),
    ("plain.avi", src() + " -c:v mpeg4 -bf 0", {"container": "avi"}, ()),
    ("plain.mxf", src() + " -c:v mpeg2video -pix_fmt yuv422p -b:v 5M", {"container": "mxf"}, ()),
    ("plain.mpg", src() + " -c:v mpeg2video -b:v 2M", {"container": "mpeg"}, ("frames",)),
    ("named.mp4", "-i {plain.mp4} -c copy -f matroska", {"container": "matroska"}, ()),
    ("sound.mp4", SOUND, {"sound_tracks": 1}, ()),
    ("sound.mkv", "-i {sound.mp4} -c copy", {"sound_tracks": 1}, ()),
    # codecs
    ("hevc.mp4", src() + " -c:v libx265 -x265-params log-level=none -tag:v hvc1", {}, ()),
    ("hev1.mp4", src() + " -c:v libx265 -x265-params log-level=none -tag:v hev1", {}, ()),
    ("hevc10.mov", src() + " -c:v libx265 -x265-params log-level=none -pix_fmt yuv420p10le", {}, ()),
    ("hevc422.mp4", src() + " -c:v libx265 -x265-params log-level=none -pix_fmt yuv422p10le", {}, ()),
    ("hevc444.mp4", src() + " -c:v libx265 -x265-params log-level=none -pix_fmt yuv444p", {}, ()),
    ("hevc12.mp4", src() + " -c:v libx265 -x265-params log-level=none -pix_fmt yuv420p12le", {}, ()),
    ("hevcgbr.mp4", src() + " -c:v libx265 -x265-params log-level=none -pix_fmt gbrp", {}, ()),
    ("hevcgrey.mp4", src() + " -c:v libx265 -x265-params log-level=none -pix_fmt gray", {}, ()),
    ("hevc.mkv", "-i {hevc10.mov} -c copy", {}, ()),
    ("av1.mp4", src(t=1) + " -c:v libsvtav1 -preset 12", {}, ()),
    ("av110.mp4", src(t=1) + " -c:v libsvtav1 -preset 12 -pix_fmt yuv420p10le", {}, ()),
    ("av1.webm", "-i {av1.mp4} -c copy", {}, ()),
    ("av1444.mp4", src(t=0.4) + " -c:v libaom-av1 -cpu-used 8 -pix_fmt yuv444p", {}, ()),
    ("av1grey.mp4", src(t=0.4) + " -c:v libaom-av1 -cpu-used 8 -pix_fmt gray", {}, ()),
    ("vp9.mp4", src(t=1) + " -c:v libvpx-vp9 -deadline realtime -cpu-used 8", {}, ()),
    ("vp9p2.mp4", src(t=1) + " -c:v libvpx-vp9 -deadline realtime -cpu-used 8 -pix_fmt yuv420p10le", {}, ()),
    ("vp9p1.webm", src(t=1) + " -c:v libvpx-vp9 -deadline realtime -cpu-used 8 -pix_fmt yuv444p", {}, ()),
    ("vp9alpha.webm", src(t=1) + " -vf format=yuva420p -c:v libvpx-vp9 -auto-alt-ref 0 -deadline realtime",
     {"video.alpha": True}, ()),
    ("vp8alpha.webm", src(t=1) + " -vf format=yuva420p -c:v libvpx -auto-alt-ref 0 -deadline realtime",
     {"video.alpha": True}, ()),
    ("mpeg4.mp4", src() + " -c:v mpeg4 -bf 2", {}, ()),
    ("mpeg2.mp4", src() + " -c:v mpeg2video -b:v 2M", {}, ()),
    ("mpeg2422.mov", src() + " -c:v mpeg2video -pix_fmt yuv422p -b:v 5M -bf 2", {}, ()),
    ("mpeg2i.mov", src() + " -c:v mpeg2video -b:v 5M -flags +ildct+ilme -top 1", {}, ("video.field_order",)),
    ("mjpeg.mov", src() + " -c:v mjpeg", {}, ("video.profile",)),
    ("mjpeg422.mov", src() + " -c:v mjpeg -pix_fmt yuvj422p", {}, ("video.profile",)),
    ("prores.mov", src(t=1) + " -c:v prores_ks -profile:v 3", {"video.profile": "HQ"}, ()),
    ("prores4444.mov", src(t=1) + " -vf format=yuva444p10le -c:v prores_ks -profile:v 4444", {"video.alpha": True}, ()),
    ("prores4444o.mov", src(t=1) + " -c:v prores_ks -profile:v 4444 -pix_fmt yuv444p10le", {"video.alpha": False}, ()),
    ("proresi.mov", src(t=1) + " -c:v prores_ks -flags +ildct -top 1", {}, ("video.field_order",)),
    ("dnxhd.mov", "-f lavfi -i testsrc2=size=1920x1080:rate=25 -t 0.4 -c:v dnxhd -b:v 120M -pix_fmt yuv422p", {}, ()),
    ("dnxhr.mov", "-f lavfi -i testsrc2=size=1280x720:rate=25 -t 0.4 -c:v dnxhd -profile:v dnxhr_hqx -pix_fmt yuv422p10le",
     {}, ()),
    ("dnxhr444.mov", "-f lavfi -i testsrc2=size=1280x720:rate=25 -t 0.4 -c:v dnxhd -profile:v dnxhr_444 -pix_fmt yuv444p10le",
     {}, ()),
    ("qtrle.mov", src(t=0.4) + " -c:v qtrle -pix_fmt argb", {"video.alpha": True}, ()),
    ("qtrle24.mov", src(t=0.4) + " -c:v qtrle -pix_fmt rgb24", {"video.alpha": False}, ()),
    ("png.mov", src(t=0.4) + " -vf format=rgba -c:v png", {"video.alpha": True}, ("video.range", "video.matrix")),
    ("v210.mov", src(t=0.4) + " -c:v v210", {}, ()),
    ("raw.mov", src(t=0.4) + " -c:v rawvideo -pix_fmt uyvy422", {}, ()),
    ("ffv1.mkv", src(t=0.4) + " -c:v ffv1", {}, ()),
    # H.264 by profile
    ("baseline.mp4", src() + " -c:v libx264 -profile:v baseline -pix_fmt yuv420p -preset fast", {}, ()),
    ("main.mp4", src() + " -c:v libx264 -profile:v main -pix_fmt yuv420p -preset fast", {}, ()),
    ("high.mp4", src() + " -c:v libx264 -preset fast -pix_fmt yuv420p", {}, ()),
    ("high10.mp4", src() + " -c:v libx264 -preset fast -pix_fmt yuv420p10le", {}, ()),
    ("high422.mp4", src() + " -c:v libx264 -preset fast -pix_fmt yuv422p", {}, ()),
    ("high444.mp4", src() + " -c:v libx264 -preset fast -pix_fmt yuv444p", {}, ()),
    ("gbr.mp4", src() + " -c:v libx264rgb -preset fast", {}, ()),
    ("lossless.mp4", src(t=1) + " -c:v libx264 -qp 0 -preset ultrafast -pix_fmt yuv420p", {}, ()),
    ("intra10.mp4", src(t=1) + " -c:v libx264 -preset ultrafast -g 1 -pix_fmt yuv420p10le", {}, ()),
    ("grey.mp4", src() + " -c:v libx264 -preset fast -pix_fmt gray", {}, ()),
    ("closed.mp4", src() + " -c:v libx264 -bf 0 -pix_fmt yuv420p -preset fast", {}, ()),
    # fields
    ("mbaff.mp4", src() + " -c:v libx264 -preset fast -flags +ildct -x264-params tff=1 -pix_fmt yuv420p",
     {"video.field_order": "tt"}, ()),
    ("bff.mp4", src() + " -c:v libx264 -preset fast -flags +ildct -x264-params bff=1 -pix_fmt yuv420p",
     {"video.field_order": "bb"}, ()),
    ("fake.mp4", src() + " -c:v libx264 -preset fast -x264-params fake-interlaced=1 -pix_fmt yuv420p", {}, ()),
    # size and shape
    ("odd.mp4", "-f lavfi -i testsrc2=size=321x193:rate=25 -t 1 -c:v libx264 -preset ultrafast -pix_fmt yuv444p", {}, ()),
    ("crop.mp4", "-f lavfi -i testsrc2=size=330x186:rate=25 -t 1 " + X264, {}, ()),
    ("sar.mp4", src() + " -vf setsar=16/11 " + X264, {}, ()),
    ("sar.mkv", "-i {sar.mp4} -c copy", {}, ()),
    ("aspect.mp4", "-i {plain.mp4} -c copy -aspect 2:1", {}, ()),
    ("hevcsar.mp4", src() + " -vf setsar=4/3 -c:v libx265 -x265-params log-level=none", {}, ()),
    ("rot90.mp4", "-i {plain.mp4} -c copy -metadata:s:v rotate=90", {}, ()),
    ("rot180.mp4", "-i {plain.mp4} -c copy -metadata:s:v rotate=180", {}, ()),
    ("rot270.mov", "-i {plain.mp4} -c copy -metadata:s:v rotate=270", {}, ()),
    ("rotsar.mp4", "-i {sar.mp4} -c copy -metadata:s:v rotate=90", {}, ()),
    # colour
    ("bt709.mp4", H264 + " -color_primaries bt709 -color_trc bt709 -colorspace bt709 -color_range tv", {}, ()),
    ("bt601.mp4", H264 + " -color_primaries smpte170m -color_trc smpte170m -colorspace smpte170m", {}, ()),
    ("full.mp4", src() + " -c:v libx264 -preset ultrafast -pix_fmt yuvj420p", {}, ()),
    ("fullhevc.mp4", src() + " -c:v libx265 -x265-params log-level=none:range=full -pix_fmt yuvj420p", {}, ()),
    ("pq.mp4", src() + " -c:v libx265 -pix_fmt yuv420p10le -tag:v hvc1 -color_primaries bt2020 -color_trc smpte2084 "
     "-colorspace bt2020nc -x265-params log-level=none:hdr10=1:repeat-headers=1:max-cll=1000,400:"
     "master-display=G(13250,34500)B(7500,3000)R(34000,16000)WP(15635,16450)L(10000000,50)",
     {"video.hdr": "PQ", "video.max_content_nits": 1000, "video.max_average_nits": 400,
      "video.mastering_max_nits": 1000, "video.mastering_min_nits": 0.005}, ()),
    ("hlg.mov", src() + " -c:v libx265 -pix_fmt yuv420p10le -tag:v hvc1 -color_primaries bt2020 -color_trc arib-std-b67 "
     "-colorspace bt2020nc -x265-params log-level=none", {"video.hdr": "HLG"}, ()),
    # times
    ("ntsc.mp4", src("30000/1001") + " " + X264, {"video.rate": "30000/1001"}, ()),
    ("film.mp4", src("24000/1001") + " " + X264, {"video.rate": "24000/1001"}, ()),
    ("f5994.mp4", src("60000/1001") + " " + X264, {"video.rate": "60000/1001"}, ()),
    ("fps24.mp4", src(24) + " " + X264, {"video.rate": "24/1"}, ()),
    ("film600.mp4", "-i {film.mp4} -c copy -video_track_timescale 600",
     {"video.rate": "24000/1001", "video.variable_rate": False}, ("rate_tools",)),
    ("ntscms.mkv", "-i {ntsc.mp4} -c copy", {"video.rate": "30000/1001", "video.variable_rate": False}, ()),
    ("ntscms.mp4", "-i {ntscms.mkv} -c copy -video_track_timescale 16000",
     {"video.rate": "30000/1001", "video.variable_rate": False}, ("rate_tools",)),
    ("filmms.mkv", "-i {film.mp4} -c copy", {"video.rate": "24000/1001", "video.variable_rate": False}, ()),
    ("vfr.mp4", "-f lavfi -i testsrc2=size=320x192:rate=60 -t 3 -vf select='if(lt(t,1.5),1,not(mod(n,2)))' -vsync vfr " + X264,
     {"video.variable_rate": True, "video.rate_min": "30/1", "video.rate_max": "60/1"}, ("rate_tools",)),
    ("vfr.mkv", "-i {vfr.mp4} -c copy", {"video.variable_rate": True}, ("rate_tools",)),
    ("drop.mp4", src(30, 3) + " -vf select='not(eq(mod(n,10),3))' -vsync vfr " + X264,
     {"video.variable_rate": True, "video.rate_min": "15/1", "video.rate_max": "30/1"}, ("rate_tools",)),
    ("trim.mp4", "-ss 0.52 -i {sound.mp4} -c copy", {"edit_list": True}, ("rate_tools",)),
    ("trimx.mp4", "-ss 0.52 -i {plain.mp4} -c copy -t 1", {"edit_list": True}, ("rate_tools",)),
    ("late.mp4", "-itsoffset 0.5 -i {sound.mp4} -i {sound.mp4} -map 0:v -map 1:a -c copy", {"edit_list": True, "start_s": 0.5}, ()),
    ("latesound.mp4", "-i {sound.mp4} -itsoffset 0.5 -i {sound.mp4} -map 0:v -map 1:a -c copy", {"start_s": 0}, ()),
    ("negcts.mp4", "-i {plain.mp4} -c copy -movflags +negative_cts_offsets", {}, ()),
    ("nolist.mp4", "-i {plain.mp4} -c copy -use_editlist 0", {}, ()),
    ("offset.mp4", "-itsoffset 1 -i {plain.mp4} -c copy -use_editlist 0", {}, ("video.start_s",)),
    ("onepicture.mp4", "-i {plain.mp4} -c copy -frames:v 1", {"video.frames": 1}, ("rate_tools",)),
    ("short.ts", "-i {sound.mp4} -c copy -t 1", {"video.variable_rate": True}, ("rate_tools",)),  # lost its last B-frames
    # fragments
    ("frag.mp4", "-i {sound.mp4} -c copy -movflags frag_keyframe+empty_moov -frag_duration 400000", {"fragmented": True}, ("start_s",)),
    ("dash.mp4", "-i {plain.mp4} -c copy -movflags dash+global_sidx+frag_every_frame", {"fragmented": True},
     ("start_s", "container_duration_s", "track_duration_s")),  # ffprobe: 5368711 s
    ("cmaf.mp4", "-i {plain.mp4} -c copy -movflags cmaf+frag_keyframe", {"fragmented": True}, ("start_s",)),
    ("fragbase.mp4", "-i {sound.mp4} -c copy -movflags frag_keyframe+default_base_moof+delay_moov", {"fragmented": True}, ("start_s",)),
    ("fragfilm.mp4", "-i {film.mp4} -c copy -movflags frag_keyframe+empty_moov+negative_cts_offsets",
     {"fragmented": True, "video.rate": "24000/1001"}, ("start_s",)),
    # other tracks
    ("tmcd.mov", H264 + " -timecode 01:00:00:00", {"timecode_tracks": 1}, ()),
    ("two.mp4", "-i {plain.mp4} -i {ntsc.mp4} -map 0 -map 1 -c copy", {"video_tracks": 2}, ()),
    ("subs.mp4", "-i {sound.mp4} -i {subs.srt} -map 0 -map 1 -c copy -c:s mov_text", {"subtitle_tracks": 1}, ()),
    ("subs.mkv", "-i {sound.mp4} -i {subs.srt} -map 0 -map 1 -c copy", {"subtitle_tracks": 1}, ()),
    ("chapters.mp4", "-i {sound.mp4} -i {chapters.txt} -map 0 -map_metadata 1 -c copy", {"chapters": 2}, ()),
    ("chapters.mkv", "-i {sound.mp4} -i {chapters.txt} -map 0 -map_metadata 1 -c copy", {"chapters": 2}, ()),
    ("cover.mp4", "-i {sound.mp4} -i {cover.jpg} -map 0 -map 1 -c copy -disposition:v:1 attached_pic",
     {"cover_art": 1, "video_tracks": 1}, ()),
    ("pcm.mov", "-i {sound.mp4} -c:v copy -c:a pcm_s16le", {}, ()),
    ("mono.mp4", "-i {sound.mp4} -c:v copy -c:a aac -ac 1 -ar 22050", {}, ()),
    ("opus.mp4", "-i {sound.mp4} -c:v copy -c:a libopus", {}, ()),
    ("ac3.mp4", "-i {sound.mp4} -c:v copy -c:a ac3", {}, ("sound.channels",)),  # the entry says 2 for mono
    ("mp3.mp4", "-i {sound.mp4} -c:v copy -c:a libmp3lame", {}, ("sound.channels",)),
    ("flac.mp4", "-i {sound.mp4} -c:v copy -c:a flac -strict -2", {}, ()),
    ("alac.mov", "-i {sound.mp4} -c:v copy -c:a alac", {}, ()),
    # encryption
    ("cenc.mp4", "-i {plain.mp4} -c copy -encryption_scheme cenc-aes-ctr -encryption_key 00112233445566778899aabbccddeeff "
     "-encryption_kid 00112233445566778899aabbccddeeff", {"kind": "unknown", "encrypted": True, "encryption": "cenc"}, None),
]

# A camera's H.264 whose samples are fields, which no encoder at hand writes; see manifest.py.
MEDIA = os.environ.get("OSP_MEDIA", os.path.join(os.environ["OSP_SOURCE"], "..", "shared", "media"))
CAMERA = os.path.join(MEDIA, "dev", "v025_a7m3_1080i50.mts")
if os.path.exists(CAMERA):
    ROWS.append(("fields.mp4", f"-i {CAMERA} -map 0:v -c copy",
                 {"video.field_samples": True, "video.field_order": "tt", "video.rate": "25/1",
                  "video.variable_rate": False, "video.frames": 11, "video.hidden_frames": 2}, None))


def path(name):
    return os.path.join(FOLDER, name)


def make(name, arguments):
    for made in os.listdir(FOLDER):
        arguments = arguments.replace("{%s}" % made, path(made))
    run = subprocess.run(["ffmpeg", "-v", "error", "-y", *arguments.split(), path(name)],
                         capture_output=True, text=True)
    assert run.returncode == 0, f"{name}: {run.stderr}"


def write_extras():
    with open(path("subs.srt"), "w") as file:
        file.write("1\n00:00:00,000 --> 00:00:01,000\nhello\n\n2\n00:00:01,000 --> 00:00:02,000\nthere\n")
    with open(path("chapters.txt"), "w") as file:
        file.write(";FFMETADATA1\n[CHAPTER]\nTIMEBASE=1/1\nSTART=0\nEND=1\ntitle=a\n"
                   "[CHAPTER]\nTIMEBASE=1/1\nSTART=1\nEND=2\ntitle=b\n")
    make("cover.jpg", "-f lavfi -i testsrc2=size=64x64 -frames:v 1")


def change_boxes(data, path, change):
    """The bytes with one box of the index changed; sizes of those around it follow. The index stands
    last, so that no offset moves. change(payload) gives the new payload."""
    at = 0
    while at < len(data):
        size, kind = struct.unpack(">I4s", data[at:at + 8])
        if kind == path[0].encode():
            inner = data[at + 8:at + size]
            skip = {b"stsd": 8, b"avc1": 78}.get(kind, 0) if len(path) > 1 else 0
            inner = (inner[:skip] + change_boxes(inner[skip:], path[1:], change)) if len(path) > 1 else change(inner)
            return data[:at] + struct.pack(">I4s", len(inner) + 8, kind) + inner + data[at + size:]
        at += size
    raise KeyError(path)


STBL = ("moov", "trak", "mdia", "minf", "stbl")
ENTRY = STBL + ("stsd", "avc1")
# what ffmpeg does not write: the box that is changed, how, and the facts that follow
CHANGED = {
    "conflict.mp4": (ENTRY + ("colr",), lambda p: p[:4] + bytes((0, 6, 0, 6, 0, 6)) + p[10:],
                     {"video.colour_conflict": True, "video.matrix": "bt709",
                      "video.container_colour.matrix": "smpte170m"}),
    "clap.mp4": (ENTRY, lambda p: p + struct.pack(">I4s8I", 40, b"clap", 304, 1, 180, 1, 0, 1, 0, 1),
                 {"video.clean_width_px": 304, "video.clean_height_px": 180, "video.width_px": 304,
                  "video.height_px": 180, "video.coded_width_px": 320}),
    "entries.mp4": (STBL + ("stsd",), lambda p: p[:7] + b"\x02" + p[8:] * 2, {"video.sample_entries": 2}),
    "dovi.mp4": (ENTRY, lambda p: p + struct.pack(">I4s5B19x", 32, b"dvvC", 1, 0, 8 << 1, 3 << 3 | 5, 4 << 4),
                 {"video.hdr": "Dolby Vision", "video.dolby_vision_profile": 8}),
    "external.mp4": (("moov", "trak", "mdia", "minf", "dinf", "dref"), lambda p: p[:19] + b"\0" + p[20:],
                     {"kind": "unknown", "external": True}),
    "damaged.mp4": (STBL + ("stsz",), lambda p: p[:8] + struct.pack(">I", 0x7fffffff) + p[12:],
                    {"index_damaged": True, "video.frames": 50}),
    "mirror.mp4": (("moov", "trak", "tkhd"), lambda p: p[:40] + struct.pack(">i", -0x10000) + p[44:],
                   {"video.mirrored": True, "video.rotation_deg": 0}),
    "brand.mp4": (("ftyp",), lambda p: b"qt  " + p[4:], {"container": "mov", "brand": "qt  "}),
}


def make_changed(name):
    make("tagged.mp4", H264 + " -color_primaries bt709 -color_trc bt709 -colorspace bt709 -movflags +write_colr")
    path_of_box, change, _ = CHANGED[name]
    with open(path("tagged.mp4"), "rb") as tagged, open(path(name), "wb") as file:
        file.write(change_boxes(tagged.read(), path_of_box, change))


def ffprobe(name):
    out = subprocess.run(["ffprobe", "-v", "error", "-count_packets", "-show_format", "-show_streams",
                          "-show_chapters", "-of", "json", path(name)], capture_output=True, text=True)
    return json.loads(out.stdout)


def packets(name):
    out = subprocess.run(["ffprobe", "-v", "error", "-select_streams", "V:0", "-show_entries",
                          "packet=pts_time,flags", "-of", "csv=p=0", path(name)],
                         capture_output=True, text=True).stdout
    rows = [line.split(",") for line in out.split()]
    return sorted(float(r[0]) for r in rows if r[0] != "N/A" and "D" not in r[1])


def mediainfo(names):
    out = subprocess.run(["mediainfo", "--Output=JSON", *map(path, names)], capture_output=True, text=True)
    documents = json.loads(out.stdout)
    documents = documents if isinstance(documents, list) else [documents]
    found = {}
    for document in documents:
        tracks = [t for t in document["media"]["track"] if t["@type"] == "Video"]
        found[os.path.basename(document["media"]["@ref"])] = tracks[0] if tracks else {}
    return found


def fraction(text):
    return Fraction(text.replace(":", "/")) if text and not text.startswith(("0/0", "0:")) else None


class Compare:
    def __init__(self, name, facts, skip):
        self.name, self.facts, self.skip, self.faults = name, facts, skip, []

    def get(self, member):
        value = self.facts
        for key in member.split("."):
            value = value.get(key) if value is not None else None
        return value

    def same(self, member, want, who, near=None):
        got = self.get(member)
        if member in self.skip:
            return
        equal = (got is not None and want is not None and abs(got - want) <= near) if near else got == want
        if not equal and not (got is None and want is None):
            self.faults.append(f"{self.name}: {member} is {got!r}, {who} says {want!r}")


KNOWN = {"unknown": None, "N/A": None, "": None, "reserved": None}


def against_ffprobe(c, report, stamps):
    videos = [s for s in report["streams"] if s["codec_type"] == "video"]
    pictures = [s for s in videos if not s["disposition"]["attached_pic"]]
    v = pictures[0]
    c.same("video.codec", v["codec_name"], "ffprobe")
    if v.get("profile") and not v["profile"].isdigit():
        c.same("video.profile", KNOWN.get(v["profile"], v["profile"]), "ffprobe")
    if v.get("level", -99) > 0:
        c.same("video.level", v["level"], "ffprobe")
    c.same("video.coded_width_px", v["width"], "ffprobe")
    c.same("video.coded_height_px", v["height"], "ffprobe")
    if not (c.name.startswith(("vp8alpha", "vp9alpha"))):
        c.same("video.pixel_format", v.get("pix_fmt"), "ffprobe")
    for ours, theirs in (("range", "color_range"), ("matrix", "color_space"), ("transfer", "color_transfer"),
                         ("primaries", "color_primaries")):
        word = v.get(theirs)
        c.same("video." + ours, KNOWN.get(word, word), "ffprobe")
    if v.get("field_order"):
        c.same("video.field_order", KNOWN.get(v["field_order"], v["field_order"]), "ffprobe")
    c.same("video.frames", len(stamps), "ffprobe's packets")
    sar = fraction(v.get("sample_aspect_ratio")) or Fraction(1)
    got = Fraction(c.get("video.sample_aspect_ratio"))
    if abs(got - sar) > sar / 200:
        c.faults.append(f"{c.name}: SAR {got}, ffprobe says {sar}")
    if "duration" in report["format"]:
        c.same("container_duration_s", float(report["format"]["duration"]), "ffprobe", 0.0011)
    if "duration" in v and not c.get("edit_list"):
        c.same("track_duration_s", float(v["duration"]), "ffprobe", 0.0011)
    if stamps:
        c.same("start_s", stamps[0], "ffprobe's packets", 0.0011)
    if "rate_tools" not in c.skip and v["avg_frame_rate"] != "0/0":
        rate = Fraction(c.get("video.rate"))
        if abs(rate - Fraction(v["avg_frame_rate"])) > rate / 300:
            c.faults.append(f"{c.name}: rate {rate}, ffprobe says {v['avg_frame_rate']}")
    c.same("video_tracks", len(pictures), "ffprobe")
    c.same("cover_art", len(videos) - len(pictures), "ffprobe")
    sounds = [s for s in report["streams"] if s["codec_type"] == "audio"]
    c.same("sound_tracks", len(sounds), "ffprobe")
    if sounds:
        c.same("sound.codec", sounds[0]["codec_name"], "ffprobe")
        c.same("sound.sample_rate_hz", int(sounds[0]["sample_rate"]), "ffprobe")
        c.same("sound.channels", sounds[0]["channels"], "ffprobe")
    c.same("chapters", len(report["chapters"]), "ffprobe")
    c.same("size_bytes", int(report["format"]["size"]), "ffprobe")


def against_mediainfo(c, m):
    """What ffprobe is silent on."""
    if "BitDepth" in m and c.get("video.chroma") != "rgb":
        c.same("video.bit_depth", int(m["BitDepth"]), "mediainfo")
    if "ChromaSubsampling" in m and m.get("ColorSpace", "").startswith("YUV"):
        c.same("video.chroma", m["ChromaSubsampling"], "mediainfo")
    if "Rotation" in m:
        c.same("video.rotation_deg", round(float(m["Rotation"])) % 360, "mediainfo")


def main():
    write_extras()
    faults, names = [], []
    rows = ROWS + [(name, None, said, None) for name, (_, _, said) in CHANGED.items()]
    for name, arguments, _, _ in rows:
        if name in CHANGED:
            make_changed(name)
        else:
            make(name, arguments)
        names.append(name)
    run = subprocess.run([BINARY, "check", "--use", "edit", "--json", *map(path, names)], capture_output=True, text=True)
    documents = json.loads(run.stdout)["files"]
    measured = mediainfo(names)
    for (name, _, said, skip), document in zip(rows, documents):
        c = Compare(name, document["facts"], skip or ())
        for member, want in said.items():
            c.same(member, want, "this test", 0.00001 if isinstance(want, float) else None)
        if skip is not None:
            c.skip = tuple(skip) + tuple(said)
            against_ffprobe(c, ffprobe(name), packets(name))
            against_mediainfo(c, measured.get(name, {}))
        faults += c.faults
    for fault in faults:
        print(fault)
    print(f"{len(names)} files, {len(faults)} members not as measured")
    subprocess.run(["rm", "-rf", FOLDER])
    return 1 if faults else 0


sys.exit(main())
