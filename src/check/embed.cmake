# SPDX-License-Identifier: LGPL-2.1-or-later
# Writes OUTPUT, a C file with every file of INPUTS as text, sorted by name.
list(SORT INPUTS)
set(bodies "")
set(table "")
foreach(input IN LISTS INPUTS)
    get_filename_component(name "${input}" NAME_WE)
    get_filename_component(stem "${input}" NAME)
    string(REGEX REPLACE "\\.json$" "" stem "${stem}")
    string(MAKE_C_IDENTIFIER "${stem}" id)
    file(READ "${input}" hex HEX)
    string(REGEX REPLACE "(..)" "0x\\1," bytes "${hex}")
    string(REGEX REPLACE "(0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,)"
           "\\1\n" bytes "${bytes}")
    string(APPEND bodies "static const char ${id}[] = {\n${bytes}0};\n")
    string(APPEND table "    { \"${stem}\", ${id} },\n")
endforeach()
file(WRITE "${OUTPUT}"
     "#include \"check/profile.h\"\n\n${bodies}\nconst struct profile_text profile_texts[] = {\n${table}    { 0, 0 },\n};\n")
