#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# The finished clip shown in the shot by a stock ffmpeg: omnisplice prints the line, ffmpeg runs it.
# Usage: ffmpeg-overlay.sh [RESULT.mkv]
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
omnisplice=${OMNISPLICE:-$here/../build/omnisplice}
clip=$here/v003_butterfly.mp4
out=${1:-$here/out-overlay.mkv}

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

line=$("$omnisplice" edit --print-ffmpeg -i "$clip" --from 2 --to 5 --prompt "Make it snow" \
    --gateway sim --state "$work/state" -o "$out")
echo "$line"
rm -f "$out"
sh -c "$line" 2>"$work/log" </dev/null || { cat "$work/log" >&2; exit 1; }

# Frames 60 to 149 are the shot; every other one is the master's, bit by bit.
frames() { ffmpeg -v error -i "$1" -map 0:v:0 -fps_mode passthrough -f framemd5 - | grep -v '^#' |
    awk -F, '{ print NR - 1, $NF }'; }
frames "$clip" >"$work/master"
frames "$out" >"$work/result"
diff "$work/master" "$work/result" | sed -n 's/^> \([0-9]*\) .*/\1/p' >"$work/changed" || true
if [ "$(wc -l <"$work/master")" != "$(wc -l <"$work/result")" ] ||
    ! seq 60 149 | cmp -s - "$work/changed"; then
    echo "other pictures than 60 to 149 have changed: $(tr '\n' ' ' <"$work/changed")" >&2
    exit 1
fi
echo "pictures 60 to 149 are the clip's, the other $(($(wc -l <"$work/master") - 90)) are the master's"
echo "$out"
