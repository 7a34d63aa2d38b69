/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "probe/probe.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "av/open.h"
#include "base/auto.h"
#include "base/str.h"

#define HEAD 4096

static int read_head(const struct probe_source *source, uint8_t head[HEAD], size_t *got,
                     osp_facts *facts, osp_error *err)
{
    struct stat st;
    ssize_t size = -1;

    if (fstat(source->fd, &st) == 0)
        size = pread(source->fd, head, HEAD, 0);
    if (size < 0)
        return osp_fail_errno(err, OSP_EMEDIA, "read", source->name);
    facts->size_bytes = st.st_size;
    *got = (size_t)size;
    return OSP_OK;
}

void probe_set_extension(const char *path, osp_facts *facts)
{
    const char *slash = strrchr(path, '/');
    const char *point = strrchr(slash ? slash : path, '.');

    str_copy(facts->extension, sizeof(facts->extension), point ? point + 1 : "");
    for (char *p = facts->extension; *p; p++)
        *p = (char)tolower((unsigned char)*p);
}

int probe_source(const struct probe_source *source, osp_facts **out, osp_error *err)
{
    OSP_AUTO(osp_facts_free) osp_facts *facts = calloc(1, sizeof(*facts));
    uint8_t head[HEAD];
    size_t got = 0;
    int ret;

    if (!facts)
        return osp_nomem(err);
    ret = av_versions_check(err);
    if (ret < 0 || (ret = read_head(source, head, &got, facts, err)) < 0)
        return ret;
    probe_set_extension(source->name, facts);
    if (!got) {
        str_copy(facts->fault, sizeof(facts->fault), "it is empty");
        *out = OSP_TAKE(facts);
        return OSP_OK;
    }
    ret = probe_image(source, head, got, facts);
    if (ret == 0)
        ret = probe_plain_sound(source, head, got, facts);
    if (ret == 0) {
        ret = probe_video(source, facts, err);
        if (ret == OSP_OK && facts->kind == OSP_KIND_UNKNOWN && !facts->fault[0])
            ret = probe_sound(source, facts, err);
    }
    if (ret < 0)
        return ret;
    *out = OSP_TAKE(facts);
    return OSP_OK;
}

int probe_open(const char *path, int *fd, osp_error *err)
{
    if (str_starts(path, "http://") || str_starts(path, "https://")) {
        osp_fail(err, OSP_EMEDIA, "'%.200s' is an address, not a file", path);
        return osp_hint(err, "download it first: curl -fLo input.mp4 'ADDRESS'");
    }
    return file_open_regular(path, fd, err);
}

int osp_probe(const char *path, osp_facts **out, osp_error *err)
{
    OSP_AUTO(auto_close) int fd = -1;
    int ret = probe_open(path, &fd, err);

    return ret < 0 ? ret : probe_source(&(struct probe_source){ fd, path }, out, err);
}

void osp_facts_free(osp_facts **facts)
{
    if (!facts || !*facts)
        return;
    free((*facts)->video.frame_pts);
    free(*facts);
    *facts = NULL;
}

void osp_picture_release(osp_picture *picture)
{
    if (!picture)
        return;
    if (picture->free_fn)
        picture->free_fn(picture);
    memset(picture, 0, sizeof(*picture));
}
