/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/fs.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/str.h"

int fs_mkdirs(const char *path, osp_error *err)
{
    OSP_AUTO(auto_free) char *copy = strdup(path);

    if (!copy)
        return osp_nomem(err);
    for (char *p = copy + 1; *copy; p++) {
        char stop = *p;

        if (stop != '/' && stop)
            continue;
        *p = 0;
        if (mkdir(copy, 0700) < 0 && errno != EEXIST)
            return osp_fail_errno(err, OSP_EOUTPUT, "make the folder", copy);
        if (!stop)
            break;
        *p = stop;
    }
    return OSP_OK;
}

static int remove_folder(const char *path, osp_error *err)
{
    DIR *folder = opendir(path);
    struct dirent *entry;
    int ret = OSP_OK;

    if (!folder)
        return osp_fail_errno(err, OSP_EOUTPUT, "remove", path);
    while (ret == OSP_OK && (entry = readdir(folder))) {
        OSP_AUTO(auto_free) char *name = NULL;

        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        name = str_format("%s/%s", path, entry->d_name);
        ret = name ? fs_remove_tree(name, err) : osp_nomem(err);
    }
    closedir(folder);
    if (ret == OSP_OK && rmdir(path) < 0)
        return osp_fail_errno(err, OSP_EOUTPUT, "remove", path);
    return ret;
}

int fs_remove_tree(const char *path, osp_error *err)
{
    struct stat st;

    if (lstat(path, &st) < 0)
        return OSP_OK;
    if (S_ISDIR(st.st_mode))
        return remove_folder(path, err);
    if (unlink(path) < 0 && errno != ENOENT)
        return osp_fail_errno(err, OSP_EOUTPUT, "remove", path);
    return OSP_OK;
}

bool fs_exists(const char *path)
{
    struct stat st;

    return stat(path, &st) == 0;
}

int64_t fs_size(const char *path)
{
    struct stat st;

    return stat(path, &st) == 0 && S_ISREG(st.st_mode) ? (int64_t)st.st_size : -1;
}

struct fs_identity fs_identify(const char *path)
{
    struct stat st;

    if (stat(path, &st) < 0)
        return (struct fs_identity){ .size = -1 };
    return (struct fs_identity){ .device = (uint64_t)st.st_dev,
                                 .inode = (uint64_t)st.st_ino,
                                 .size = (int64_t)st.st_size,
                                 .changed_ns = (int64_t)st.st_mtim.tv_sec * 1000000000 +
                                               st.st_mtim.tv_nsec };
}

bool fs_identical(const struct fs_identity *a, const struct fs_identity *b)
{
    return a->device == b->device && a->inode == b->inode && a->size == b->size &&
           a->changed_ns == b->changed_ns;
}

char *fs_absolute(const char *path)
{
    OSP_AUTO(auto_free) char *here = path[0] == '/' ? NULL : getcwd(NULL, 0);

    if (path[0] == '/')
        return strdup(path);
    return here ? str_format("%s/%s", here, path) : NULL;
}

bool fs_same_file(const char *a, const char *b)
{
    struct stat x, y;

    return stat(a, &x) == 0 && stat(b, &y) == 0 && x.st_dev == y.st_dev && x.st_ino == y.st_ino;
}

int fs_read_file(const char *path, size_t ceiling, char **out, size_t *size, osp_error *err)
{
    OSP_AUTO(auto_close) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    OSP_AUTO(strbuf_release) struct strbuf text = STRBUF_INIT;
    char chunk[16384];
    ssize_t got;

    if (fd < 0)
        return osp_fail_errno(err, OSP_EMEDIA, "read", path);
    while ((got = read(fd, chunk, sizeof(chunk))) != 0) {
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return osp_fail_errno(err, OSP_EMEDIA, "read", path);
        strbuf_add(&text, chunk, (size_t)got);
        if (text.size > ceiling)
            return osp_fail(err, OSP_EMEDIA, "'%s' is larger than %zu bytes", path, ceiling);
    }
    if (size)
        *size = text.size;
    *out = strbuf_take(&text);
    return *out ? OSP_OK : osp_nomem(err);
}

int fs_write_all(int fd, const void *data, size_t size)
{
    const char *p = data;

    while (size > 0) {
        ssize_t put = write(fd, p, size);

        if (put < 0 && errno == EINTR)
            continue;
        if (put < 0)
            return -1;
        p += put;
        size -= (size_t)put;
    }
    return 0;
}

void fs_sync_folder_of(const char *path)
{
    OSP_AUTO(auto_free) char *folder = strdup(path);
    OSP_AUTO(auto_close) int fd = -1;
    char *slash = folder ? strrchr(folder, '/') : NULL;

    if (slash == folder && slash)
        slash++;
    if (slash)
        *slash = 0;
    fd = open(slash ? folder : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd >= 0)
        (void)fsync(fd); /* best effort: some file systems refuse it for folders */
}
