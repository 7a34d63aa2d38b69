/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Movie fragments (ISO/IEC 14496-12 8.8). Every moof is walked, whatever a sidx says: an index of
 * segments may cover a part of the file only.
 */
#include <stdlib.h>

#include "base/auto.h"
#include "base/error.h"
#include "probe/table.h"

#define MOOF_MAX_BYTES (64u << 20)
#define BOXES_MAX      2000000u

/* What a run of samples says, or leaves to defaults (tfhd, else trex). */
struct defaults {
    uint32_t duration, size;
};

struct walk {
    const struct mp4_file *file;
    const struct mp4_track *track;
    struct stamps *stamps;
    struct table_facts *out;
    struct defaults trex;
    int64_t dts; /* of the next sample */
};

/* The traf that is read. */
struct part {
    struct defaults defaults;
    uint64_t base; /* data offsets count from here */
    uint64_t next; /* where the next run lies that does not say */
};

static const uint8_t *find(const struct mp4_file *view, const struct mp4_box *below,
                           const char *path, size_t least, size_t *size)
{
    struct mp4_box box;

    if (!mp4_find(view, below, path, &box) || box.end - box.payload < least)
        return NULL;
    *size = box.end - box.payload;
    return view->moov + box.payload;
}

static void read_trex(struct walk *w)
{
    const struct mp4_file *file = w->file;
    struct mp4_box moov, mvex, box;

    if (!mp4_box_at(file, 0, file->moov_size, &moov) || !mp4_find(file, &moov, "mvex", &mvex))
        return;
    for (size_t at = mvex.payload; mp4_box_at(file, at, mvex.end, &box); at = box.end) {
        const uint8_t *p = file->moov + box.payload;

        if (box.type == MP4_TYPE('t', 'r', 'e', 'x') && box.end - box.payload >= 20 &&
            mp4_u32(p + 4) == w->track->id)
            w->trex = (struct defaults){ mp4_u32(p + 12), mp4_u32(p + 16) };
    }
}

/* 8.8.7 tfhd: optional fields in the order of their flags. @return false: of another track */
static bool read_tfhd(const struct walk *w, const struct mp4_file *moof, const struct mp4_box *traf,
                      struct part *part)
{
    size_t size, at = 8;
    const uint8_t *p = find(moof, traf, "tfhd", 8, &size);
    uint32_t flags;

    if (!p || mp4_u32(p + 4) != w->track->id)
        return false;
    flags = mp4_u32(p) & 0xFFFFFF;
    part->defaults = w->trex;
    if (flags & 0x1 && at + 8 <= size) {
        part->base = mp4_u64(p + at);
        at += 8;
    }
    at += flags & 0x2 ? 4 : 0; /* sample_description_index */
    if (flags & 0x8 && at + 4 <= size) {
        part->defaults.duration = mp4_u32(p + at);
        at += 4;
    }
    if (flags & 0x10 && at + 4 <= size)
        part->defaults.size = mp4_u32(p + at);
    part->next = part->base;
    return true;
}

static void read_tfdt(struct walk *w, const struct mp4_file *moof, const struct mp4_box *traf)
{
    size_t size;
    const uint8_t *p = find(moof, traf, "tfdt", 8, &size);

    if (p && p[0] == 1 && size >= 12 && mp4_u64(p + 4) < INT64_MAX / 4)
        w->dts = (int64_t)mp4_u64(p + 4);
    else if (p && p[0] == 0)
        w->dts = mp4_u32(p + 4);
}

static bool add_sample(struct walk *w, uint64_t offset, uint32_t size, uint32_t duration,
                       int32_t cts)
{
    struct table_facts *out = w->out;
    bool beyond = offset > (uint64_t)w->file->size || size > (uint64_t)w->file->size - offset;

    out->truncated |= beyond;
    out->shift = -(int64_t)cts > out->shift ? -(int64_t)cts : out->shift;
    if (out->first_offset < 0) {
        out->first_offset = offset < INT64_MAX ? (int64_t)offset : 0;
        out->first_size = size;
        out->first_missing = beyond;
    }
    if (!stamps_add(w->stamps, w->dts + cts, duration))
        return false;
    w->stamps->samples++;
    w->stamps->bytes += size;
    w->stamps->total_duration += duration;
    w->dts += duration;
    return true;
}

/* 8.8.8 trun */
static bool read_trun(struct walk *w, const uint8_t *p, size_t size, struct part *part)
{
    uint32_t flags = mp4_u32(p) & 0xFFFFFF, count = mp4_u32(p + 4);
    size_t at = 8, row = 4 * (size_t)__builtin_popcount(flags & 0xF00);

    if (flags & 0x1 && at + 4 <= size) {
        part->next = part->base + (uint64_t)(int64_t)(int32_t)mp4_u32(p + at);
        at += 4;
    }
    at += flags & 0x4 ? 4 : 0;
    for (; count > 0 && !w->stamps->too_many; count--, at += row) {
        const uint8_t *field = p + at;
        struct defaults sample = part->defaults;
        int32_t cts = 0;

        /* no more samples than the box holds, nor than the file has bytes */
        if (at + row > size || w->stamps->samples > w->file->size) {
            w->out->damaged = true;
            break;
        }
        if (flags & 0x100) {
            sample.duration = mp4_u32(field);
            field += 4;
        }
        if (flags & 0x200) {
            sample.size = mp4_u32(field);
            field += 4;
        }
        field += flags & 0x400 ? 4 : 0;
        if (flags & 0x800)
            cts = (int32_t)mp4_u32(field);
        if (!add_sample(w, part->next, sample.size, sample.duration, cts))
            return false;
        part->next += sample.size;
    }
    return true;
}

static bool read_traf(struct walk *w, const struct mp4_file *moof, const struct mp4_box *traf,
                      uint64_t base)
{
    struct part part = { .base = base };
    struct mp4_box box;

    if (!read_tfhd(w, moof, traf, &part))
        return true;
    read_tfdt(w, moof, traf);
    for (size_t at = traf->payload; mp4_box_at(moof, at, traf->end, &box); at = box.end) {
        if (box.type == MP4_TYPE('t', 'r', 'u', 'n') && box.end - box.payload >= 8 &&
            !read_trun(w, moof->moov + box.payload, box.end - box.payload, &part))
            return false;
    }
    return true;
}

static int read_moof(struct walk *w, int64_t offset, uint64_t size, osp_error *err)
{
    OSP_AUTO(auto_free) uint8_t *bytes = NULL;
    struct mp4_file moof = { .moov_size = (size_t)size }; /* box readers want no more of it */
    struct mp4_box top, traf;

    if (size > MOOF_MAX_BYTES) {
        w->out->damaged = true;
        return OSP_OK;
    }
    bytes = malloc((size_t)size);
    if (!bytes)
        return osp_nomem(err);
    if (mp4_read(w->file, offset, bytes, (size_t)size, NULL) < 0)
        return OSP_OK;
    moof.moov = bytes;
    if (!mp4_box_at(&moof, 0, moof.moov_size, &top))
        return OSP_OK;
    for (size_t at = top.payload; mp4_box_at(&moof, at, top.end, &traf); at = traf.end) {
        if (traf.type == MP4_TYPE('t', 'r', 'a', 'f') &&
            !read_traf(w, &moof, &traf, (uint64_t)offset))
            return osp_nomem(err);
    }
    return OSP_OK;
}

/* Header of a box at the top. @return false: the walk ends here */
static bool top_header(const struct mp4_file *file, int64_t at, uint32_t *type, uint64_t *size)
{
    uint8_t head[16];
    uint64_t left = (uint64_t)(file->size - at);

    if (left < 8 || mp4_read(file, at, head, left < 16 ? 8 : 16, NULL) < 0)
        return false;
    *type = mp4_u32(head + 4);
    *size = mp4_u32(head);
    if (*size == 1)
        *size = left < 16 ? 0 : mp4_u64(head + 8);
    else if (*size == 0)
        *size = left;
    return *size >= 8;
}

int fragments_read(const struct mp4_file *file, const struct mp4_track *track,
                   struct stamps *stamps, struct table_facts *out, osp_error *err)
{
    struct walk w = { file, track, stamps, out, { 0, 0 }, stamps->total_duration };
    int64_t at = 0;
    uint64_t size;
    uint32_t type;
    int ret = OSP_OK;

    read_trex(&w);
    for (unsigned i = 0; i < BOXES_MAX && ret == OSP_OK; i++) {
        if (!top_header(file, at, &type, &size))
            break;
        if (size > (uint64_t)(file->size - at)) {
            out->truncated = true;
            break;
        }
        if (type == MP4_TYPE('m', 'o', 'o', 'f'))
            ret = read_moof(&w, at, size, err);
        at += (int64_t)size;
    }
    return ret;
}
