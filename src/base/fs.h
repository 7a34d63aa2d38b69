/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BASE_FS_H
#define BASE_FS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

/** Make a folder and those above it, mode 0700. @return OSP_OK, OSP_EOUTPUT */
int fs_mkdirs(const char *path, osp_error *err);
/** Remove a file or a folder with what is in it; missing is fine; links are not followed. */
int fs_remove_tree(const char *path, osp_error *err);
bool fs_exists(const char *path);
/** Size of a regular file, or -1. */
int64_t fs_size(const char *path);
/** A name that holds from any folder, of a file that need not exist; yours: free(); NULL: out of
 *  memory. */
char *fs_absolute(const char *path);
/** What tells one state of a file from another without reading it. */
struct fs_identity {
    uint64_t device, inode;
    int64_t size, changed_ns; /* size -1: there is none */
};

struct fs_identity fs_identify(const char *path);
bool fs_identical(const struct fs_identity *a, const struct fs_identity *b);
/** Two names of one file. */
bool fs_same_file(const char *a, const char *b);
/**
 * A whole small file as text.
 * @param ceiling  larger is refused
 * @param out      set on success only; yours: free(); ended by 0
 */
int fs_read_file(const char *path, size_t ceiling, char **out, size_t *size, osp_error *err);
/** Write all of it, over short writes and EINTR. @return 0, or -1 with errno */
int fs_write_all(int fd, const void *data, size_t size);
/** Make the entries of the folder of this path durable. */
void fs_sync_folder_of(const char *path);

#endif
