/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Feeds the files of a folder to a fuzz target, so that what was found once stays found. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/auto.h"
#include "base/fs.h"
#include "base/str.h"
#include "fuzz.h"

#define SEED_CEILING (1u << 20)

int main(int argc, char **argv)
{
    DIR *folder = argc == 2 ? opendir(argv[1]) : NULL;
    struct dirent *entry;
    int fed = 0;

    while (folder && (entry = readdir(folder))) {
        OSP_AUTO(auto_free) char *path = str_format("%s/%s", argv[1], entry->d_name);
        OSP_AUTO(auto_free) char *text = NULL;
        size_t size = 0;

        if (entry->d_name[0] == '.' || fs_read_file(path, SEED_CEILING, &text, &size, NULL) < 0)
            continue;
        (void)LLVMFuzzerTestOneInput((const uint8_t *)text, size);
        fed++;
    }
    if (folder)
        closedir(folder);
    printf("%d inputs\n", fed);
    return fed ? EXIT_SUCCESS : EXIT_FAILURE;
}
