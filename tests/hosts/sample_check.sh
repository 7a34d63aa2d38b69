#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# samples/check.c builds against an installed tree by the line in its own comment, and judges as
# the program does.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
sample=$OSP_SOURCE/samples/v003_butterfly.mp4

fail() { echo "sample_check.sh: $*" >&2; exit 1; }

if [ "${OSP_SANITIZE:-}" ]; then
    echo "a program that is not sanitized cannot load the library"
    exit 77
fi
cmake --install "$OSP_BINARY" --prefix "$work/prefix" >"$work/log" || fail "$(tail -n 3 "$work/log")"
lib=$(dirname "$(find "$work/prefix" -name libomnisplice.so)")
export PKG_CONFIG_PATH=$lib/pkgconfig LD_LIBRARY_PATH=$lib
line=$(sed -n 's/^ \*     \(cc .*\)$/\1/p' "$OSP_SOURCE/samples/check.c")
[ -n "$line" ] || fail "no build line in the comment"
cp "$OSP_SOURCE/samples/check.c" "$work"
cd "$work"
eval "$line -Wall -Wextra -Werror" || fail "'$line' does not build it"

code_of() { local code=0; "$@" >said 2>error || code=$?; echo "$code"; }
[ "$(code_of ./check "$sample")" = 0 ] || fail "the sample clip: $(cat said error)"
[ "$(cat said)" = "$sample: pass, for edit" ] || fail "it said: $(cat said)"
[ "$(code_of ./check --facts "$sample")" = 0 ] || fail "facts: $(cat said error)"
sed -n 2p said | jq -e '.video.width_px == 1280 and .kind == "video"' >/dev/null ||
    fail "its facts are: $(cat said)"
[ "$(code_of ./check)" = 2 ] || fail "no file is no error"

ffmpeg -v error -f lavfi -i testsrc=s=320x240:r=12:d=2 bad.mp4
[ "$(code_of ./check "$sample" bad.mp4 none.mp4)" = 1 ] || fail "bad files pass: $(cat said)"
grep -q '^none.mp4: cannot read' said || fail "a missing file is not said"
sed -n 's/^  \(note\|warning\|violation\) \([a-z.]*\): .*/\1 \2/p' said >by_library
"$OSP_BINARY/omnisplice" check --json bad.mp4 |
    jq -r '.files[0].findings[] | .level + " " + .rule' >by_program || true
diff by_library by_program || fail "library and program judge differently"
[ -s by_library ] || fail "no findings"
echo "ok $(wc -l <by_library) findings"
