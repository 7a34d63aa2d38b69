/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "store/memory.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/fs.h"
#include "base/tmpfile.h"

#define CEILING 65536

struct json *memory_load(const char *path, const char *name)
{
    OSP_AUTO(auto_free) char *text = NULL;
    OSP_AUTO(json_free) struct json *root = NULL;
    osp_error ignored = { 0 }; /* a memory that cannot be read is none */
    const char *known;
    size_t size;

    if (!path || !fs_exists(path) || fs_read_file(path, CEILING, &text, &size, &ignored) < 0 ||
        json_parse(text, size, "the store's memory", &root, &ignored) < 0)
        return NULL;
    known = json_string(json_get(root, "name"));
    return known && strcmp(known, name) == 0 ? OSP_TAKE(root) : NULL;
}

int memory_save(const char *path, const char *name, struct json *what, osp_error *err)
{
    OSP_AUTO(tmpfile_release) struct tmpfile file = TMPFILE_INIT;
    OSP_AUTO(auto_free) char *text = NULL;
    int ret;

    if (!path)
        return OSP_OK;
    json_set_string(what, "name", name);
    text = json_print(what, true);
    ret = text ? tmpfile_open(&file, path, err) : osp_nomem(err);
    if (ret < 0)
        return ret;
    if (fchmod(file.fd, 0600) < 0 || fs_write_all(file.fd, text, strlen(text)) < 0)
        return osp_fail_errno(err, OSP_EOUTPUT, "write", path);
    return tmpfile_commit(&file, true, err);
}

void memory_forget(const char *path)
{
    if (path)
        (void)unlink(path); /* what is left is of a name that nobody asks for again */
}
