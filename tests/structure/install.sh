#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# What `cmake --install` leaves is complete: the program runs from there, a stranger's C program
# builds and runs against it with nothing but pkg-config.
set -eu
: "${OSP_SOURCE:?}" "${OSP_BINARY:?}"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
prefix=$work/prefix
sample=$OSP_SOURCE/samples/v003_butterfly.mp4

fail()
{
    echo "install: $1"
    exit 1
}

cmake --install "$OSP_BINARY" --prefix "$prefix" >"$work/log" || fail "$(tail -n 3 "$work/log")"
library=$(find "$prefix" -name libomnisplice.so)
[ -n "$library" ] || fail "no libomnisplice.so"
lib=$(dirname "$library")

# the program, without a variable that points it to the library, and without the build tree
unset LD_LIBRARY_PATH
"$prefix/bin/omnisplice" --version >"$work/version" || fail "the installed program does not run"
ldd "$prefix/bin/omnisplice" | grep -q "libomnisplice.so.0 => $prefix" ||
    fail "the installed program runs on another library: $(ldd "$prefix/bin/omnisplice" | grep omni)"

# the names of the library
soname=$(objdump -p "$library" | awk '$1 == "SONAME" { print $2 }')
[ "$soname" = libomnisplice.so.0 ] || fail "SONAME is '$soname'"
[ -L "$library" ] && [ -L "$lib/$soname" ] && [ -f "$lib/$soname" ] || fail "no chain of links"
! objdump -p "$library" "$prefix/bin/omnisplice" | grep -E 'R(UN)?PATH' | grep -qF "$OSP_BINARY" ||
    fail "a run path leads into the build tree"

# the headers: all, and no other
diff -r "$OSP_SOURCE/include/omnisplice" "$prefix/include/omnisplice" || fail "headers differ"

# pkg-config, and a program that is not ours
export PKG_CONFIG_PATH="$lib/pkgconfig"
version=$(pkg-config --modversion omnisplice)
grep -q "$version" "$work/version" || fail "pkg-config says $version, the program another version"
# shellcheck disable=SC2046  # flags are words
cc -std=c11 -Wall -Wextra -Wpedantic -Werror "$OSP_SOURCE/tests/structure/_consumer.c" \
    $(pkg-config --cflags --libs omnisplice) -Wl,-rpath,"$lib" -o "$work/consumer" ||
    fail "a C program does not build with pkg-config's words"
"$work/consumer" "$sample" >"$work/said" || fail "the C program ends with $?"
read -r said verdict <"$work/said"
[ "$said" = "$version" ] || fail "the C program runs on $said"

# the program of the same library judges alike
"$prefix/bin/omnisplice" check --use edit --json "$sample" >"$work/check.json" || true
python3 - "$work/check.json" "$work/said" <<'END' || fail "library and program judge differently"
import json, sys
file = json.load(open(sys.argv[1]))["files"][0]
said = open(sys.argv[2]).read().split()[1:]
want = [file["verdict"], *(finding["rule"] for finding in file["findings"])]
sys.exit(0 if said == want and want[0] in ("pass", "violation") else f"{said} is not {want}")
END

# the helper lies where the library looks for it, and files are read by nobody else
helper=$(find "$prefix" -name omnisplice-probe)
[ -x "$helper" ] || fail "no omnisplice-probe"
mv "$prefix" "$work/moved"
"$work/moved/bin/omnisplice" check --use edit "$sample" >/dev/null || [ $? -eq 1 ] ||
    fail "a moved install does not find its helper"
rm "$work/moved${helper#"$prefix"}"
code=0
"$work/moved/bin/omnisplice" check "$sample" >/dev/null 2>"$work/error" || code=$?
[ "$code" -eq 70 ] || fail "without its helper check ends with $code"
grep -q omnisplice-probe "$work/error" || fail "the error does not name the helper"
mv "$work/moved" "$prefix"

! "$work/consumer" "$work/none.mp4" 2>"$work/error" || fail "a missing file is no error"
grep -q none.mp4 "$work/error" || fail "the error does not name the missing file"
echo "installed $version: '$verdict' for $(basename "$sample")"

# the element, where it was built
if [ -d "$OSP_BINARY/gstreamer-1.0" ]; then
    GST_PLUGIN_PATH="$lib/gstreamer-1.0" GST_REGISTRY="$work/registry" gst-inspect-1.0 omniedit \
        >"$work/element" || fail "gst-inspect-1.0 does not find the installed omniedit"
fi
