/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef UNIT_ROWS_H
#define UNIT_ROWS_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "omnisplice/media.h"

/* Small files that stand in tables as hexadecimal digits, and the same files damaged. */

#define ROW_MAX 4096

static size_t unhex(const char *hex, uint8_t out[ROW_MAX])
{
    size_t n = 0;

    for (; hex[0] && hex[1] && n < ROW_MAX; hex += 2) {
        unsigned v;

        sscanf(hex, "%2x", &v);
        out[n++] = (uint8_t)v;
    }
    return n;
}

/** A file in memory that is written over and over. */
struct scratch {
    char path[64];
    int fd;
};

static void scratch_open(struct scratch *s)
{
    s->fd = memfd_create("rows", MFD_CLOEXEC);
    if (s->fd < 0)
        abort();
    snprintf(s->path, sizeof(s->path), "/proc/self/fd/%d", s->fd);
}

static void scratch_close(struct scratch *s)
{
    close(s->fd);
}

static void scratch_write(struct scratch *s, const uint8_t *data, size_t size)
{
    if (ftruncate(s->fd, 0) < 0 || pwrite(s->fd, data, size, 0) != (ssize_t)size)
        abort();
}

/* Facts of those bytes; never NULL. */
static osp_facts *scratch_probe(struct scratch *s, const uint8_t *data, size_t size)
{
    osp_facts *facts = NULL;

    scratch_write(s, data, size);
    if (osp_probe(s->path, &facts, NULL) != OSP_OK || !facts)
        abort();
    return facts;
}

/* Whatever is in a file, what we say of it is in order. */
static void facts_in_order(const osp_facts *f)
{
    char *json = osp_facts_json(f);

    if (!json || (f->kind == OSP_KIND_UNKNOWN) != (f->fault[0] != 0) || f->video.width_px < 0 ||
        f->video.height_px < 0 || f->sound.duration_s.num < 0)
        abort();
    free(json);
}

/* Cut off at many places, then bits turned over at many more: the seed is fixed. */
static void damage(struct scratch *s, const uint8_t *data, size_t size, int turns)
{
    uint8_t broken[ROW_MAX];
    unsigned long seed = 20260922 + size;
    osp_facts *facts;

    for (size_t left = 1; left < size; left += 1 + size / 40) {
        facts = scratch_probe(s, data, left);
        facts_in_order(facts);
        osp_facts_free(&facts);
    }
    for (int i = 0; i < turns; i++) {
        memcpy(broken, data, size);
        for (int k = 0; k <= i % 4; k++) {
            size_t at;

            seed = seed * 6364136223846793005u + 1442695040888963407u;
            at = (seed >> 33) % (i % 2 ? size : size < 128 ? size : 128);
            broken[at] ^= (uint8_t)(1u << (seed >> 20) % 8);
            if (i % 3 == 0)
                broken[at] = 0xFF;
        }
        facts = scratch_probe(s, broken, size);
        facts_in_order(facts);
        osp_facts_free(&facts);
    }
}

#endif
