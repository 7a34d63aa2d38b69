#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# ctest: slow
"""Every look changes every picture strongly: below 35 dB against what was sent."""
import os
import re
import subprocess
import sys
import tempfile

import _sim

SOURCE = os.path.join(os.environ["OSP_SOURCE"], "src", "sim", "look.c")
RECORDINGS = ("v003_butterfly.mp4", "v001_01_dog.mp4")


def looks():
    """(name, a word of it) of the table, so that a new look is measured without a word here."""
    with open(SOURCE) as file:
        text = file.read()
    table = re.findall(r'^\s*\{ "([a-z]+)",\s+"([^"]*)",', text, re.M)
    assert len(table) >= 10, table
    return [(name, words.split()[0].rstrip("*") if words else "whatever") for name, words in table]


def psnr(clip, reference):
    """Of each picture, against the reference at the clip's size and rate."""
    with tempfile.NamedTemporaryFile("r") as stats:
        video, _, _ = _sim.facts(clip)
        graph = ("[1:V:0]fps=24:start_time=0,scale=%d:%d,setsar=1,format=yuv420p,"
                 "tpad=stop_mode=clone:stop=9[r];"
                 "[0:V:0]format=yuv420p[c];[c][r]psnr=stats_file=%s:shortest=1"
                 % (video["width"], video["height"], stats.name))
        subprocess.run(["ffmpeg", "-nostdin", "-v", "error", "-i", clip, "-i", reference,
                        "-filter_complex", graph, "-f", "null", "-"], check=True)
        values = re.findall(r"psnr_avg:(\S+)", stats.read())
    assert len(values) == int(video["nb_read_frames"]), (len(values), video["nb_read_frames"])
    return [float(value) for value in values]


def reference(folder):
    """A second and a bit of each: drawn, and recordings where they are at hand."""
    inputs = ["-f", "lavfi", "-t", "3", "-i", "testsrc2=s=1280x720:r=24"]
    for name in RECORDINGS:
        path = os.path.join(_sim.SHARED, name)
        if os.path.exists(path):
            inputs += ["-ss", "1", "-i", path]
    count = inputs.count("-i")
    parts = "".join("[%d:V:0]fps=24,scale=1280:720,setsar=1,format=yuv420p,trim=end_frame=%d,"
                    "setpts=N/24/TB[v%d];" % (i, 72 // count, i) for i in range(count))
    joined = "".join("[v%d]" % i for i in range(count)) + "concat=n=%d[v]" % count
    path = os.path.join(folder, "reference.mp4")
    _sim.ffmpeg(*inputs, "-filter_complex", parts + joined, "-map", "[v]", "-r", "24", "-c:v",
                "libx264", "-crf", "16", "-preset", "veryfast", path)
    return path


def main():
    bad = []
    with tempfile.TemporaryDirectory() as folder, _sim.Sim(None, "0") as sim:
        sent = reference(folder)
        url = sim.put("reference.mp4", sent)
        table = looks()
        tasks = [sim.create(_sim.VIDEO, _sim.edit(url, "<<<video_1>>> " + word))
                 for _, word in table]
        for (name, _), task in zip(table, tasks):
            data = sim.wait(_sim.VIDEO, task, 300)
            assert data["task_status"] == "succeed", data
            clip = sim.fetch(data["task_result"]["videos"][0]["url"],
                             os.path.join(folder, "clip.mp4"))
            values = psnr(clip, sent)
            print("%-10s %5.1f to %5.1f dB" % (name, min(values), max(values)), flush=True)
            if max(values) >= 35:
                bad.append(name)
        units = sim.ledger()["units"]
    assert not bad, bad
    assert units == "%.1f" % (len(table) * 2.7), units  # 3 s of 0.9 each


if __name__ == "__main__":
    sys.exit(main())
