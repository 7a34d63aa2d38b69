/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "store/store.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/cancel.h"
#include "base/fs.h"
#include "base/str.h"
#include "base/tmpfile.h"

/* A folder that a web server of the person's serves: dir:/srv/media with a public_url. */
struct dir {
    char *folder;
    char *public_url;
};

static void dir_close(void *self)
{
    struct dir *dir = self;

    auto_free(&dir->folder);
    auto_free(&dir->public_url);
    free(dir);
}

static int dir_open(const struct store_settings *settings, const char *rest, void **self,
                    osp_error *err)
{
    struct dir *dir;
    struct stat st;

    if (rest[0] != '/')
        return osp_fail(err, OSP_EACCESS, "'dir:%s' is no absolute path", rest);
    if (stat(rest, &st) < 0 || !S_ISDIR(st.st_mode))
        return osp_fail(err, OSP_EACCESS, "the store's folder '%s' is not there", rest);
    if (!settings->public_url || !*settings->public_url) {
        osp_fail(err, OSP_EACCESS, "the store 'dir:%s' has no public_url", rest);
        return osp_hint(err, "say under which address the folder is served: --public-url "
                             "https://...");
    }
    if (http_url_check(settings->public_url, err) < 0)
        return osp_while(err, "reading the public_url of the store");
    dir = calloc(1, sizeof(*dir));
    if (!dir)
        return osp_nomem(err);
    *self = dir;
    dir->folder = strdup(rest);
    dir->public_url = strdup(settings->public_url);
    if (!dir->folder || !dir->public_url)
        return osp_nomem(err);
    return OSP_OK;
}

static int copy(int from, int to, const struct store_put *put, osp_error *err)
{
    OSP_AUTO(auto_free) char *buffer = malloc(1 << 18);
    int64_t total = fs_size(put->file), done = 0;
    ssize_t got;

    if (!buffer)
        return osp_nomem(err);
    while ((got = read(from, buffer, 1 << 18)) != 0) {
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return osp_fail_errno(err, OSP_EMEDIA, "read", put->file);
        if (fs_write_all(to, buffer, (size_t)got) < 0)
            return osp_fail_errno(err, OSP_EOUTPUT, "write into the store for", put->file);
        done += got;
        if (put->progress)
            put->progress(done, total, put->opaque);
        if (cancel_check(put->cancel, err) < 0)
            return OSP_ECANCELED;
    }
    return OSP_OK;
}

static int dir_put(void *self, struct http *http, const struct store_put *put, osp_error *err)
{
    struct dir *dir = self;
    OSP_AUTO(auto_free) char *path = str_format("%s/%s", dir->folder, put->name);
    OSP_AUTO(tmpfile_release) struct tmpfile file = TMPFILE_INIT;
    OSP_AUTO(auto_close) int from = open(put->file, O_RDONLY | O_CLOEXEC);
    int ret;

    (void)http;
    if (!path)
        return osp_nomem(err);
    if (from < 0)
        return osp_fail_errno(err, OSP_EMEDIA, "read", put->file);
    ret = tmpfile_open(&file, path, err);
    if (ret == OSP_OK)
        ret = copy(from, file.fd, put, err);
    if (ret < 0)
        return ret;
    if (fchmod(file.fd, 0644) < 0) /* the web server is another user */
        return osp_fail_errno(err, OSP_EOUTPUT, "open to the web server", path);
    return tmpfile_commit(&file, true, err);
}

static int dir_address(void *self, const char *name, char **url, osp_error *err)
{
    struct dir *dir = self;

    *url = store_public_address(dir->public_url, name);
    return *url ? OSP_OK : osp_nomem(err);
}

static int dir_remove(void *self, struct http *http, const char *name, osp_cancel *cancel,
                      osp_error *err)
{
    struct dir *dir = self;
    OSP_AUTO(auto_free) char *path = str_format("%s/%s", dir->folder, name);

    (void)http;
    (void)cancel;
    if (!path)
        return osp_nomem(err);
    if (unlink(path) < 0 && errno != ENOENT)
        return osp_fail_errno(err, OSP_EOUTPUT, "remove", path);
    return OSP_OK;
}

const struct store_kind store_dir = {
    .prefix = "dir",
    .open = dir_open,
    .put = dir_put,
    .address = dir_address,
    .remove = dir_remove,
    .close = dir_close,
};
