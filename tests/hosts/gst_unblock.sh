#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# ctest: slow
# A wait ends within 100 ms at a state change and at a flushing seek, 20 times, with one task.
set -euo pipefail
[ -z "${OSP_SANITIZE:-}" ] || { echo "left out: times are those of the plain build"; exit 0; }
omnisplice=$OSP_BINARY/omnisplice
master=$OSP_SOURCE/samples/v003_butterfly.mp4
work=$(mktemp -d)
sim=
trap '[ -z "$sim" ] || kill "$sim"; rm -rf "$work"' EXIT

# shellcheck disable=SC2046
cc -std=c11 -D_GNU_SOURCE -Wall -Werror "$OSP_SOURCE/tests/hosts/gst_unblock.c" -o "$work/unblock" \
    $(pkg-config --cflags --libs gstreamer-1.0)
"$omnisplice" sim --port 0 --state "$work/sim" --delay 300 >"$work/sim.json" &
sim=$!
until [ -s "$work/sim.json" ]; do sleep 0.1; done
word() { sed -n "s/.*\"$1\":\"\([^\"]*\)\".*/\1/p" "$work/sim.json"; }

export GST_PLUGIN_PATH=$OSP_BINARY/gstreamer-1.0 GST_REGISTRY=$work/registry.bin
OMNISPLICE_API_KEY=$(word key)
export OMNISPLICE_API_KEY
"$work/unblock" "${1:-20}" "filesrc location=$master ! qtdemux ! queue ! h264parse ! avdec_h264 ! \
    omniedit location=$master from=0 to=3 prompt=snow gateway=$(word url) state=$work/state ! \
    fakesink sync=true"
tasks=$(curl -s "$(word ledger)" | grep -o '"task_id"' | wc -l)
[ "$tasks" -le 1 ] || { echo "$tasks tasks" >&2; exit 1; }
