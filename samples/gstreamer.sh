#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# A shot edited inside a GStreamer pipeline. Usage: gstreamer.sh [RESULT.mp4]
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
omnisplice=${OMNISPLICE:-$here/../build/omnisplice}
plugins=${OMNISPLICE_GST:-$(dirname "$omnisplice")/gstreamer-1.0} # of the build; none once installed
clip=$here/v003_butterfly.mp4
out=${1:-$here/out-gstreamer.mp4}

work=$(mktemp -d)
sim=
trap '[ -z "$sim" ] || kill "$sim"; rm -rf "$work"' EXIT

# A simulator stands for the service: it prints its address and a key as one line of JSON.
"$omnisplice" sim --port 0 --state "$work/sim" --delay 2 >"$work/sim.json" &
sim=$!
until [ -s "$work/sim.json" ]; do sleep 0.1; done
word() { sed -n "s/.*\"$1\":\"\([^\"]*\)\".*/\1/p" "$work/sim.json"; }
(umask 077 && word key >"$work/key") # a key that others can read is refused

[ ! -d "$plugins" ] || export GST_PLUGIN_PATH="$plugins${GST_PLUGIN_PATH:+:$GST_PLUGIN_PATH}"
export GST_REGISTRY="$work/registry.bin"
gst-launch-1.0 -e filesrc location="$clip" ! qtdemux name=d \
    d.video_0 ! queue ! h264parse ! avdec_h264 ! \
    omniedit location="$clip" from=2 to=5 prompt="Make it snow" \
        gateway="$(word url)" key-file="$work/key" state="$work/state" ! \
    videoconvert ! x264enc tune=zerolatency speed-preset=veryfast ! h264parse ! queue ! m. \
    d.audio_0 ! queue max-size-time=0 max-size-buffers=0 ! aacparse ! m. \
    mp4mux name=m ! filesink location="$out"
echo "$out"
