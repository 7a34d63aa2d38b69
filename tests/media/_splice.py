# SPDX-License-Identifier: LGPL-2.1-or-later
"""Masters made by ffmpeg, and judges from outside for spliced files."""
import functools
import hashlib
import json
import os
import subprocess
import sys

BINARY = os.path.join(os.environ.get("OSP_BINARY", "."), "omnisplice")
failures = []


def fail(text):
    failures.append(text)
    print("FAILED:", text, flush=True)


def run(*command, check=True, **kw):
    done = subprocess.run([str(c) for c in command], capture_output=True, text=True, **kw)
    if check and done.returncode != 0:
        raise RuntimeError(f"{' '.join(map(str, command))}\n{done.stderr[-2000:]}")
    return done


def ffmpeg(*arguments):
    run("ffmpeg", "-v", "error", "-nostdin", "-y", *arguments)


def splice(master, clip, output, first, end, *more):
    return run(BINARY, "splice", "-i", master, "--clip", clip, "--from", f"{first}f", "--to",
               f"{end}f", "-o", output, "-y", *more, check=False)


def source(size, rate, seconds):
    """Pictures with noise: none can be guessed from its neighbours."""
    return ["-f", "lavfi", "-i",
            f"testsrc2=s={size}:r={rate}:d={seconds},noise=alls=8:allf=t:all_seed=7"]


def tone(seconds):
    return ["-f", "lavfi", "-i", f"sine=f=440:d={seconds}"]


def make_clip(path):
    """A clip as the service gives it: another size, 24 pictures a second."""
    ffmpeg("-f", "lavfi", "-i", "mandelbrot=s=1280x720:r=24", "-t", "4", "-vf", "negate",
           "-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", path)


# ---- judges ----

def once(function):
    """Masters are looked at again for every range; results have one name and are not."""
    kept = functools.lru_cache(maxsize=None)(function)

    def call(path, *more):
        return (function if os.path.basename(path).startswith("result") else kept)(path, *more)
    return call


@once
def frames(path, *decoder):
    """[(pts, hash)] of every shown picture and what the decoder had to say."""
    done = run("ffmpeg", "-v", "warning", "-nostdin", *decoder, "-i", path, "-map", "0:v:0",
               "-fps_mode", "passthrough", "-copyts", "-f", "framemd5", "-")
    rows = [line.split(",") for line in done.stdout.splitlines() if line[:1] != "#"]
    return [(row[2].strip(), row[-1].strip()) for row in rows], done.stderr


@once
def packets(path):
    """Packets by stream index: dictionaries of ffprobe."""
    done = run("ffprobe", "-v", "error", "-show_entries",
               "packet=stream_index,pts,dts,duration,size,flags,data_hash", "-show_data_hash",
               "md5", "-of", "json", path)
    streams = {}
    for packet in json.loads(done.stdout)["packets"]:
        streams.setdefault(packet.pop("stream_index"), []).append(packet)
    return streams


@once
def video_index(path):
    done = run("ffprobe", "-v", "error", "-select_streams", "V:0", "-show_entries",
               "stream=index", "-of", "csv=p=0", path)
    return int(done.stdout.split()[0].strip(","))


@once
def description(path):
    done = run("ffprobe", "-v", "error", "-show_streams", "-show_format", "-show_chapters", "-of",
               "json", path)
    data = json.loads(done.stdout)
    for stream in data["streams"]:
        for key in ("bit_rate", "extradata_size", "max_bit_rate"):
            stream.pop(key, None)
    for key in ("filename", "size", "bit_rate"):
        data["format"].pop(key, None)
    return data


def ranks_of(video):
    order = sorted(range(len(video)), key=lambda slot: int(video[slot]["pts"]))
    ranks = [0] * len(video)
    for rank, slot in enumerate(order):
        ranks[slot] = rank
    return ranks


def cut(video, first, end, hidden):
    """Where a closed-GOP master may be opened: the same words as the documentation, from packets
    alone. first and end are ranks. What an edit list hides before the first picture is one run
    with it."""
    ranks = ranks_of(video)
    highest, closed = -1, []
    for rank in ranks:
        closed.append(highest == len(closed) - 1)
        highest = max(highest, rank)
    closed.append(True)
    head = max(slot for slot in range(first + 1) if closed[slot])
    if head <= hidden:
        head = max(slot for slot in range(head + 1) if closed[slot] and ranks[slot] == slot and
                   video[slot]["flags"][0] == "K")
    tail = next((slot for slot in range(end, len(video))
                 if ranks[slot] == slot and closed[slot] and video[slot]["flags"][0] == "K"),
                len(video))
    return head, tail


def psnr_log(master, result, log):
    run("ffmpeg", "-v", "error", "-nostdin", "-i", master, "-i", result, "-lavfi",
        f"[0:v:0]settb=1/1000,setpts=N[a];[1:v:0]settb=1/1000,setpts=N[b];[a][b]psnr=stats_file={log}", "-f", "null", "-")
    rows = []
    with open(log, encoding="ascii") as text:
        for line in text:
            fields = dict(field.split(":") for field in line.split() if ":" in field)
            rows.append(min(float(fields["psnr_avg"]), float(fields["psnr_y"])))
    return rows


def judge_packets(name, master, result, first, end, hidden):
    """Everything but our slots is the master's. @return ranks that we may have made"""
    m, r = packets(master), packets(result)
    video = video_index(master)
    if sorted(m) != sorted(r):
        fail(f"{name}: tracks {sorted(m)} against {sorted(r)}")
    for stream in m:
        if stream != video and m[stream] != r.get(stream):
            fail(f"{name}: packets of track {stream} differ")
    head, tail = cut(m[video], first + hidden, end + hidden, hidden)
    if len(m[video]) != len(r[video]):
        fail(f"{name}: {len(m[video])} packets against {len(r[video])}")
        return head, tail
    for slot, (a, b) in enumerate(zip(m[video], r[video])):
        ours = head <= slot < tail
        if not ours and a != b:
            fail(f"{name}: packet {slot} differs outside {head}..{tail}")
            break
        if ours and a["data_hash"] == b["data_hash"]:
            fail(f"{name}: packet {slot} is the master's")
        if a.get("dts") != b.get("dts") or a.get("duration") != b.get("duration"):
            fail(f"{name}: times of packet {slot} differ")
            break
    if sorted(int(p["pts"]) for p in m[video]) != sorted(int(p["pts"]) for p in r[video]):
        fail(f"{name}: time stamps differ")
    return head, tail


def judge_frames(name, master, result, first, end, head, tail):
    for decoder in (["-threads", "1"], []):
        m, said_m = frames(master, *decoder)
        r, said_r = frames(result, *decoder)
        if said_r and said_r != said_m:
            fail(f"{name}: ffmpeg says: {said_r[:300]}")
        if [pts for pts, _ in m] != [pts for pts, _ in r]:
            fail(f"{name}: shown time stamps differ ({len(m)} against {len(r)} pictures)")
            return
        for rank, (a, b) in enumerate(zip(m, r)):
            if (rank < head or rank >= tail) and a[1] != b[1]:
                fail(f"{name}: picture {rank} outside {head}..{tail} differs")
                break
            if first <= rank < end and a[1] == b[1]:
                fail(f"{name}: picture {rank} in the shot is the master's")
                break


def judge(name, master, result, first, end, work, hidden=0):
    """All judges on one splice. Pictures are counted as shown; `hidden` lie before the first."""
    head, tail = judge_packets(name, master, result, first, end, hidden)
    head, tail = max(head - hidden, 0), tail - hidden
    judge_frames(name, master, result, first, end, head, tail)
    rows = psnr_log(master, result, os.path.join(work, "psnr.log"))
    for rank, decibel in enumerate(rows):
        border = head <= rank < tail and not first <= rank < end
        if border and decibel < 45:
            fail(f"{name}: border picture {rank} at {decibel} dB")
        if first <= rank < end and decibel > 40:
            fail(f"{name}: picture {rank} of the shot is the master's ({decibel} dB)")
    if description(master) != description(result):
        fail(f"{name}: ffprobe describes the file otherwise")


def judge_delimiters(name, master, result):
    """As many access unit delimiters as the master has."""
    counts = [subprocess.run(["ffmpeg", "-v", "error", "-nostdin", "-i", path, "-map", "0:v:0",
                              "-c", "copy", "-bsf:v", "h264_mp4toannexb", "-f", "h264", "-"],
                             capture_output=True, check=True).stdout.count(b"\0\0\1\x09")
              for path in (master, result)]
    if counts[0] != counts[1]:
        fail(f"{name}: {counts[1]} delimiters, the master has {counts[0]}")


def raw_hash(*command):
    done = subprocess.run([str(c) for c in command], capture_output=True, check=True)
    return hashlib.md5(done.stdout).hexdigest(), len(done.stdout)


def judge_gstreamer(name, result, decoder, size):
    """A second decoder's pictures are ffmpeg's. Width a multiple of 4: no padding in I420 rows."""
    ours = raw_hash("ffmpeg", "-v", "error", "-nostdin", "-ignore_editlist", "1", "-i", result,
                    "-map", "0:v:0", "-fps_mode", "passthrough", "-pix_fmt", "yuv420p", "-f",
                    "rawvideo", "-")
    theirs = raw_hash("gst-launch-1.0", "-q", "filesrc", f"location={result}", "!", "qtdemux", "!",
                      "h264parse", "!", decoder, "!", "fdsink", "fd=1")
    if ours != theirs:
        fail(f"{name}: {decoder} shows other pictures ({ours[1] // size} and {theirs[1] // size})")


def finish():
    print(f"{len(failures)} failures")
    sys.exit(1 if failures else 0)
