#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# ctest: slow
# Each sample runs, and its result is what it says.
set -euo pipefail
export OMNISPLICE=$OSP_BINARY/omnisplice
samples=$OSP_SOURCE/samples
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
case ${OSP_SANITIZE:-} in
*address*) export LSAN_OPTIONS=detect_leaks=0 ;;
esac

fail() { echo "samples.sh: $*" >&2; exit 1; }
frames() { ffprobe -v error -count_packets -select_streams v -show_entries stream=nb_read_packets \
    -of csv=p=0 "$1" | tr -d ','; }
code_of() { local code=0; "$@" >/dev/null 2>&1 || code=$?; echo "$code"; }

"$samples/ffmpeg-gate.sh" "$samples/v003_butterfly.mp4" "$work/gate.mkv" >/dev/null
[ "$(frames "$work/gate.mkv")" = 226 ] || fail "the gate let $(frames "$work/gate.mkv") pictures by"
ffmpeg -v error -f lavfi -i testsrc=s=320x240:d=1 "$work/bad.mp4"
[ "$(code_of "$samples/ffmpeg-gate.sh" "$work/bad.mp4" "$work/no.mkv")" = 1 ] ||
    fail "the gate is open for what breaks the rules"
[ ! -e "$work/no.mkv" ] || fail "ffmpeg ran behind a closed gate"

"$samples/ffmpeg-overlay.sh" "$work/overlay.mkv" >/dev/null
[ "$(frames "$work/overlay.mkv")" = 226 ] || fail "the overlay line lost pictures"

"$samples/ffmpeg-pipe.sh" "$work/pipe.mp4" >/dev/null
[ "$(frames "$work/pipe.mp4")" = 226 ] || fail "$(frames "$work/pipe.mp4") pictures behind the pipe"
[ "$(code_of "$samples/ffmpeg-pipe.sh" "$work/pipe2.mp4" --no-such-option)" = 2 ] ||
    fail "the pipe lost the exit code"

if [ "${OSP_SANITIZE:-}" ]; then
    echo "the element was left out: gst-launch-1.0 is not sanitized"
    exit 0
fi
"$samples/gstreamer.sh" "$work/gst.mp4" >"$work/log" 2>&1 || { cat "$work/log" >&2; fail gstreamer.sh; }
[ "$(frames "$work/gst.mp4")" = 226 ] || fail "$(frames "$work/gst.mp4") pictures from GStreamer"
