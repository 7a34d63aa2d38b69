/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config/keyfile.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/auto.h"
#include "base/fs.h"

#define KEY_CEILING 8192

int keyfile_clean(const char *text, const char *origin, char **key, osp_error *err)
{
    static const char blanks[] = " \t\r\n";
    size_t size;

    text += strspn(text, blanks);
    size = strlen(text);
    while (size && strchr(blanks, text[size - 1]))
        size--;
    if (size == 0)
        return osp_fail(err, OSP_EACCESS, "the key of %s is empty", origin);
    for (size_t i = 0; i < size; i++) {
        if (text[i] <= ' ' || text[i] > '~')
            return osp_fail(err, OSP_EACCESS, "the key of %s is not one word of plain ASCII",
                            origin);
    }
    *key = strndup(text, size);
    return *key ? OSP_OK : osp_nomem(err);
}

int keyfile_read(const char *path, char **key, osp_error *err)
{
    OSP_AUTO(auto_free) char *text = NULL;
    struct stat st;
    int ret;

    if (stat(path, &st) < 0)
        return osp_fail(err, OSP_EACCESS, "cannot read the key file '%s': %s", path,
                        strerror(errno));
    if (!S_ISREG(st.st_mode))
        return osp_fail(err, OSP_EACCESS, "the key file '%s' is no regular file", path);
    if (st.st_mode & (S_IRGRP | S_IROTH)) {
        osp_fail(err, OSP_EACCESS, "the key file '%s' can be read by others", path);
        return osp_hint(err, "chmod 600 '%s'", path);
    }
    ret = fs_read_file(path, KEY_CEILING, &text, NULL, NULL);
    if (ret < 0)
        return osp_fail(err, OSP_EACCESS, "cannot read the key file '%s'", path);
    ret = keyfile_clean(text, path, key, err);
    explicit_bzero(text, strlen(text));
    return ret;
}
