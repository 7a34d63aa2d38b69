#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# ctest: slow
"""The launch line with omniedit against the same line without: count, time stamps, pictures."""
import os
import re
import subprocess
import sys

sys.path.insert(0, os.path.join(os.environ["OSP_SOURCE"], "tests", "service"))
from _sim import Sim  # noqa: E402

SOURCE, BINARY = os.environ["OSP_SOURCE"], os.environ["OSP_BINARY"]
MASTER = os.path.join(SOURCE, "samples", "v003_butterfly.mp4")
TICK = 1001 / 30000
PLUGINS = os.path.join(BINARY, "gstreamer-1.0")


def environment(sim):
    env = dict(os.environ, GST_PLUGIN_PATH=PLUGINS, OMNISPLICE_API_KEY=sim.key,
               GST_REGISTRY=os.path.join(sim.state, "registry.bin"))
    if "address" in os.environ.get("OSP_SANITIZE", ""):
        asan = subprocess.run(["cc", "-print-file-name=libasan.so"], capture_output=True,
                              text=True).stdout.strip()
        env.update(LD_PRELOAD=asan, ASAN_OPTIONS="detect_leaks=0")
    return env


def launch(sim, *words):
    line = ["gst-launch-1.0", "-m", "filesrc", "location=" + MASTER, "!", "qtdemux", "!",
            "h264parse", "!", "avdec_h264", "!", *words, "checksumsink", "hash=md5", "sync=false"]
    run = subprocess.run(line, env=environment(sim), capture_output=True, text=True, timeout=400)
    # gst-launch prints a message in several writes, and the sink's thread prints between them: a
    # line of the sink is whole, but need not begin a line
    frames = re.findall(r"(\d+:\d\d:\d\d\.\d{9}) ([0-9a-f]{32})\n", run.stdout)
    return run, frames


def edit(sim, first, last, *more):
    return ["omniedit", "location=" + MASTER, f"from={first}", f"to={last}",
            "prompt=Make it snow", "gateway=" + sim.url,
            "state=" + os.path.join(sim.state, "journal"), *more, "!"]


def compare(plain, edited, first, last):
    assert [t for t, _ in plain] == [t for t, _ in edited], "time stamps or count differ"
    changed = [i for i, (a, b) in enumerate(zip(plain, edited)) if a[1] != b[1]]
    assert changed == list(range(first, last)), f"changed: {changed[:3]} ... {changed[-3:]}"


def told(run):
    """The pictures waited: progress and buffering are on the bus, begun and ended."""
    for word in ("type=(GstProgressType)start", "type=(GstProgressType)complete",
                 "omnisplice-job, job-id=(string)", "buffer-percent=(int)0",
                 "buffer-percent=(int)100"):
        assert word in run.stdout, word + " is not on the bus"


def bad(sim, words, *expected):
    run, frames = launch(sim, *words)
    assert run.returncode != 0, "went well: " + " ".join(words)
    for word in expected:
        assert word in run.stdout + run.stderr, (word, run.stderr[-800:])


def main():
    if not os.path.exists(os.path.join(PLUGINS, "libgstomnisplice.so")):
        print("the element was not built (OSP_PLUGIN_GST)")
        return 1
    with Sim(None, "1") as sim:
        env = dict(environment(sim), HOME="/nonexistent")
        env.pop("OMNISPLICE_API_KEY")
        inspect = subprocess.run(["gst-inspect-1.0", "omniedit"], env=env, capture_output=True,
                                 text=True)
        assert inspect.returncode == 0 and "none (0)" in inspect.stdout, inspect.stderr
        assert "api-key" not in inspect.stdout
        _, plain = launch(sim)
        assert len(plain) == 226, len(plain)
        # nothing of this may cost
        bad(sim, edit(sim, 5, 4), "the shot is empty")
        bad(sim, [w for w in edit(sim, 2, 5) if not w.startswith("location=")],
            "'location' is not set")
        assert sim.json("GET", sim.ledger_url)[1]["posts"] == 0
        run, frames = launch(sim, *edit(sim, 2, 5))
        assert run.returncode == 0, run.stderr
        compare(plain, frames, 60, 150)
        told(run)
        # the same edit again, and in another pixel format: the same job answers
        _, again = launch(sim, *edit(sim, 2, 5))
        assert again == frames, "the second run shows other pictures"
        _, wide_plain = launch(sim, "videoconvert", "!", "video/x-raw,format=NV12", "!")
        _, wide = launch(sim, "videoconvert", "!", "video/x-raw,format=NV12", "!",
                         *edit(sim, 2, 5))
        compare(wide_plain, wide, 60, 150)
        ledger = sim.json("GET", sim.ledger_url)[1]
        assert ledger["posts"] == 1 and len(ledger["tasks"]) == 1, ledger
        live = ["gst-launch-1.0", "videotestsrc", "is-live=true", "num-buffers=5", "!",
                "video/x-raw,format=I420,width=1280,height=720", "!", *edit(sim, 1, 5),
                "fakesink"]
        run = subprocess.run(live, env=environment(sim), capture_output=True, text=True,
                             timeout=100)
        assert "live flow" in run.stderr, run.stderr
        passing = [word if word != "omniedit" else "omniedit on-error=passthrough"
                   for word in live]
        run = subprocess.run(" ".join(f"'{w}'" if " " in w and "omni" not in w else w
                                      for w in passing), shell=True, env=environment(sim),
                             capture_output=True, text=True, timeout=100)
        assert run.returncode == 0 and "WARNING" in run.stderr + run.stdout, run.stderr
        assert sim.json("GET", sim.ledger_url)[1]["posts"] == 1
    return 0


sys.exit(main())
