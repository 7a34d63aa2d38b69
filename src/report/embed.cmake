# SPDX-License-Identifier: LGPL-2.1-or-later
# Writes OUTPUT, a C file with the style and the script of the HTML report as text: html_css, html_js.
set(text "#include \"report/html.h\"\n")
foreach(input IN LISTS INPUTS)
    get_filename_component(suffix "${input}" LAST_EXT)
    string(SUBSTRING "${suffix}" 1 -1 suffix)
    file(READ "${input}" hex HEX)
    string(REGEX REPLACE "(..)" "0x\\1," bytes "${hex}")
    string(REGEX REPLACE "(0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,)"
           "\\1\n" bytes "${bytes}")
    string(APPEND text "\nconst char html_${suffix}[] = {\n${bytes}0};\n")
endforeach()
file(WRITE "${OUTPUT}" "${text}")
