# SPDX-License-Identifier: LGPL-2.1-or-later
# Writes OUTPUT, a C file that holds the text of INPUT: the numbers that the simulator judges by.
file(READ "${INPUT}" hex HEX)
string(REGEX REPLACE "(..)" "0x\\1," bytes "${hex}")
string(REGEX REPLACE "(0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,)"
       "\\1\n" bytes "${bytes}")
file(WRITE "${OUTPUT}"
     "#include \"sim/limits.h\"\n\nconst char sim_limits_text[] = {\n${bytes}0};\n")
