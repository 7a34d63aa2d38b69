#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# The edited video straight into ffmpeg; a failure of either end is this script's exit code. Where
# the edit fails, ffmpeg gets nothing and fails too: then the edit's code is the one that tells.
# Usage: ffmpeg-pipe.sh [RESULT.mp4] [OPTION OF EDIT...]
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
omnisplice=${OMNISPLICE:-$here/../build/omnisplice}
clip=$here/v003_butterfly.mp4
out=${1:-$here/out-pipe.mp4}
[ $# -eq 0 ] || shift

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

codes=(0 0)
"$omnisplice" edit -i "$clip" --from 2 --to 5 --prompt "Make it snow" --gateway sim \
    --state "$work/state" -o - -f matroska "$@" |
    ffmpeg -v error -y -i - -vf scale=640:-2 -c:a copy "$out" || codes=("${PIPESTATUS[@]}")
[ "${codes[0]}" = 0 ] || exit "${codes[0]}"
[ "${codes[1]}" = 0 ] || exit "${codes[1]}"
echo "$out"
