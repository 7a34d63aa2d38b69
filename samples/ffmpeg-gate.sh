#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Nothing goes on to ffmpeg that the service would refuse. Usage: ffmpeg-gate.sh [IN] [RESULT.mkv]
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
omnisplice=${OMNISPLICE:-$here/../build/omnisplice}
in=${1:-$here/v003_butterfly.mp4}
out=${2:-$here/out-gate.mkv}

"$omnisplice" check "$in" && ffmpeg -v error -y -i "$in" -c copy "$out" && echo "$out"
