/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/tmpfile.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/fs.h"
#include "base/str.h"

/* ".out.mp4.1234-0.osp.mp4": hidden, next to the final name (rename stays in one file system),
 * with the process in it, and with the extension, since muxers go by it. */
static char *neighbour(const char *final, int serial)
{
    const char *slash = strrchr(final, '/');
    const char *name = slash ? slash + 1 : final;
    const char *point = strrchr(name, '.');

    return str_format("%.*s.%.100s.%d-%d.osp%s", (int)(name - final), final, name, (int)getpid(),
                      serial, point && strlen(point) < 12 ? point : "");
}

/* What killed processes left for this very name. */
static void sweep(const char *final)
{
    const char *slash = strrchr(final, '/');
    const char *name = slash ? slash + 1 : final;
    OSP_AUTO(auto_free) char *folder = slash ? strndup(final, (size_t)(slash - final + 1)) : NULL;
    OSP_AUTO(auto_free) char *prefix = str_format(".%.100s.", name);
    DIR *list = opendir(folder ? folder : ".");
    struct dirent *entry;

    while (list && prefix && (entry = readdir(list))) {
        char *end;
        long pid;

        if (!str_starts(entry->d_name, prefix))
            continue;
        pid = strtol(entry->d_name + strlen(prefix), &end, 10);
        if (*end != '-' || pid <= 0 || !strstr(end, ".osp") || kill((pid_t)pid, 0) == 0 ||
            errno != ESRCH)
            continue;
        (void)unlinkat(dirfd(list), entry->d_name, 0); /* somebody else may be sweeping too */
    }
    if (list)
        closedir(list);
}

/* A device or a pipe would be replaced by a file. */
static int check_kind(const char *final, osp_error *err)
{
    struct stat st;

    if (stat(final, &st) < 0 || S_ISREG(st.st_mode))
        return OSP_OK;
    return osp_fail(err, OSP_EOUTPUT, "cannot write '%s': it is %s", final,
                    S_ISDIR(st.st_mode)    ? "a folder"
                    : S_ISFIFO(st.st_mode) ? "a pipe"
                    : S_ISSOCK(st.st_mode) ? "a socket"
                                           : "a device");
}

int tmpfile_open(struct tmpfile *file, const char *final, osp_error *err)
{
    static int serial;
    int ret = check_kind(final, err);

    if (ret < 0)
        return ret;
    sweep(final);
    file->final = strdup(final);
    file->path = neighbour(final, __atomic_fetch_add(&serial, 1, __ATOMIC_RELAXED));
    if (!file->final || !file->path)
        return osp_nomem(err);
    file->fd = open(file->path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (file->fd < 0) {
        ret = osp_fail_errno(err, OSP_EOUTPUT, "write", final);
        auto_free(&file->path);
        return ret;
    }
    return OSP_OK;
}

int tmpfile_commit(struct tmpfile *file, bool overwrite, osp_error *err)
{
    int ret = check_kind(file->final, err); /* it may have become one meanwhile */

    if (ret < 0)
        return ret;
    if (fsync(file->fd) < 0 && errno != EINVAL && errno != EROFS)
        return osp_fail_errno(err, OSP_EOUTPUT, "write", file->final);
    if (!overwrite) {
        /* link() and not rename(): it never replaces what appeared meanwhile */
        if (link(file->path, file->final) < 0) {
            if (errno == EEXIST)
                return osp_fail(err, OSP_EOUTPUT, "'%s' exists", file->final);
            if (errno != EPERM && errno != EOPNOTSUPP && errno != ENOSYS)
                return osp_fail_errno(err, OSP_EOUTPUT, "write", file->final);
            overwrite = !fs_exists(file->final); /* a file system without links */
            if (!overwrite)
                return osp_fail(err, OSP_EOUTPUT, "'%s' exists", file->final);
        }
    }
    if (overwrite) {
        if (rename(file->path, file->final) < 0)
            return osp_fail_errno(err, OSP_EOUTPUT, "write", file->final);
        auto_free(&file->path);
    }
    fs_sync_folder_of(file->final);
    return OSP_OK;
}

void tmpfile_release(struct tmpfile *file)
{
    auto_close(&file->fd);
    if (file->path)
        (void)unlink(file->path); /* nothing more can be done about it */
    auto_free(&file->path);
    auto_free(&file->final);
}

/* There is nothing to replace in a device or a pipe: it takes the bytes. */
static int write_straight(const char *path, const void *data, size_t size, osp_error *err)
{
    OSP_AUTO(auto_close) int fd = open(path, O_WRONLY | O_CLOEXEC | O_NOCTTY);

    if (fd < 0 || fs_write_all(fd, data, size) < 0)
        return osp_fail_errno(err, OSP_EOUTPUT, "write", path);
    return OSP_OK;
}

int tmpfile_write(const char *path, const void *data, size_t size, osp_error *err)
{
    OSP_AUTO(tmpfile_release) struct tmpfile file = TMPFILE_INIT;
    struct stat st;
    int ret;

    if (stat(path, &st) == 0 && (S_ISFIFO(st.st_mode) || S_ISCHR(st.st_mode)))
        return write_straight(path, data, size, err);
    ret = tmpfile_open(&file, path, err);
    if (ret < 0)
        return ret;
    if (fs_write_all(file.fd, data, size) < 0)
        return osp_fail_errno(err, OSP_EOUTPUT, "write", path);
    return tmpfile_commit(&file, true, err);
}
