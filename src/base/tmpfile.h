/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BASE_TMPFILE_H
#define BASE_TMPFILE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

/**
 * A file that appears under its name only when it is complete.
 *
 *     OSP_AUTO(tmpfile_release) struct tmpfile file = TMPFILE_INIT;
 *     ret = tmpfile_open(&file, "out.mp4", err);      a hidden neighbour of out.mp4
 *     ... write to file.fd or by file.path ...
 *     return tmpfile_commit(&file, false, err);       fsync, rename
 *
 * Without the commit the release removes it. What a killed process leaves is removed by the next
 * tmpfile_open() for the same name (the name says whose it was).
 */
struct tmpfile {
    int fd;
    char *path; /* of the neighbour; keeps the name's extension */
    char *final;
};

#define TMPFILE_INIT   \
    {                  \
        -1, NULL, NULL \
    }

/** @return OSP_OK, OSP_EOUTPUT (also: the name is that of a device, a pipe, a socket or a folder),
 *  OSP_EINTERNAL */
int tmpfile_open(struct tmpfile *file, const char *final, osp_error *err);
/** @param overwrite  false: an existing file of that name is an error (and stays) */
int tmpfile_commit(struct tmpfile *file, bool overwrite, osp_error *err);
/** Write a small file by a temporary one, fsync and rename: the old or the new, never half. A pipe
 *  or a character device is written to. */
int tmpfile_write(const char *path, const void *data, size_t size, osp_error *err);
/** Safe on TMPFILE_INIT, after a commit, and twice. */
void tmpfile_release(struct tmpfile *file);

#endif
