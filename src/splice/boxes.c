/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "splice/boxes.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/str.h"
#include "splice/patch.h"

/*
 * The index (moov) is rebuilt by walking the old one: a table says which boxes are containers on
 * the way to something that changes, and which are written anew; everything else is copied. Chunk
 * offsets depend on the size of the new index, which depends on whether they need 64 bits, so it is
 * built twice: once for its size, once with the offsets; and again with 64 bits if any passes 4
 * GiB.
 */

struct writer {
    const struct master *master;
    const struct cut *cut;
    const struct run *run;
    const struct patches *map;     /* NULL: offsets are copied as they are (a measuring pass) */
    const struct mp4_track *track; /* of the trak that is being written */
    bool wide;                     /* co64 for all */
    bool too_far;                  /* an offset needs 64 bits */
    bool inside;                   /* an offset lies within a replaced sample */
};

typedef void (*box_writer)(struct writer *w, const struct mp4_box *box, struct strbuf *out);

static void put_u32(struct strbuf *out, uint32_t value)
{
    uint8_t bytes[4] = { (uint8_t)(value >> 24), (uint8_t)(value >> 16), (uint8_t)(value >> 8),
                         (uint8_t)value };

    strbuf_add(out, bytes, sizeof(bytes));
}

static void put_u64(struct strbuf *out, uint64_t value)
{
    put_u32(out, (uint32_t)(value >> 32));
    put_u32(out, (uint32_t)value);
}

static void set_u32(struct strbuf *out, size_t at, uint32_t value)
{
    uint8_t bytes[4] = { (uint8_t)(value >> 24), (uint8_t)(value >> 16), (uint8_t)(value >> 8),
                         (uint8_t)value };

    if (!out->failed)
        memcpy(out->data + at, bytes, sizeof(bytes));
}

/** @return where the box began, for end_box() */
static size_t begin_box(struct strbuf *out, uint32_t type)
{
    size_t at = out->size;

    put_u32(out, 0);
    put_u32(out, type);
    return at;
}

static void end_box(struct strbuf *out, size_t at)
{
    set_u32(out, at, (uint32_t)(out->size - at));
}

static const uint8_t *bytes_of(const struct writer *w, const struct mp4_box *box)
{
    return w->master->file->moov + box->payload;
}

static void copy_box(struct writer *w, const struct mp4_box *box, struct strbuf *out)
{
    strbuf_add(out, w->master->file->moov + box->start, box->end - box->start);
}

static bool ours(const struct writer *w, int64_t slot)
{
    return slot >= w->cut->head && slot < w->cut->tail;
}

/* ---- the sample table of the picture track ---- */

static void write_stsz(struct writer *w, const struct mp4_box *box, struct strbuf *out)
{
    size_t at = begin_box(out, MP4_TYPE('s', 't', 's', 'z'));

    (void)box; /* also in place of stz2, whose fields may be too small */
    put_u32(out, 0);
    put_u32(out, 0);
    put_u32(out, (uint32_t)w->master->count);
    for (int64_t i = 0; i < w->master->count; i++)
        put_u32(out, ours(w, i) ? (uint32_t)w->run->samples[i - w->cut->head].size
                                : w->master->track->samples[i].size);
    end_box(out, at);
}

/* In our run pictures are stored as they are shown: slot i has the time stamp of rank i. */
static int32_t cts_of(const struct writer *w, int64_t slot)
{
    const struct mp4_sample *sample = &w->master->track->samples[slot];

    if (!ours(w, slot))
        return sample->cts;
    return (int32_t)(master_pts(w->master, slot) - sample->dts);
}

static void write_ctts(struct writer *w, const struct mp4_box *box, struct strbuf *out)
{
    size_t at = begin_box(out, MP4_TYPE('c', 't', 't', 's')), count_at;
    uint32_t runs = 0;

    strbuf_add(out, bytes_of(w, box), 4); /* version and flags */
    count_at = out->size;
    put_u32(out, 0);
    for (int64_t i = 0; i < w->master->count; runs++) {
        int32_t cts = cts_of(w, i);
        uint32_t length = 0;

        for (; i < w->master->count && cts_of(w, i) == cts; i++)
            length++;
        put_u32(out, length);
        put_u32(out, (uint32_t)cts);
    }
    set_u32(out, count_at, runs);
    end_box(out, at);
}

/* Sync samples: those outside as they were, and our IDR pictures. */
static void write_stss(struct writer *w, const struct mp4_box *box, struct strbuf *out)
{
    size_t at = begin_box(out, MP4_TYPE('s', 't', 's', 's')), count_at;
    uint32_t count = 0;

    strbuf_add(out, bytes_of(w, box), 4);
    count_at = out->size;
    put_u32(out, 0);
    for (int64_t i = 0; i < w->master->count; i++) {
        if (ours(w, i) ? w->run->samples[i - w->cut->head].idr
                       : w->master->track->samples[i].sync) {
            put_u32(out, (uint32_t)i + 1);
            count++;
        }
    }
    set_u32(out, count_at, count);
    end_box(out, at);
}

/* Partial sync samples (QuickTime): ours are none. */
static void write_stps(struct writer *w, const struct mp4_box *box, struct strbuf *out)
{
    size_t at = begin_box(out, box->type), count_at, rows = (box->end - box->payload - 8) / 4;
    const uint8_t *p = bytes_of(w, box);
    uint32_t count = 0;

    strbuf_add(out, p, 4);
    count_at = out->size;
    put_u32(out, 0);
    for (size_t i = 0; i < rows && i < mp4_u32(p + 4); i++) {
        uint32_t number = mp4_u32(p + 8 + i * 4);

        if (!ours(w, (int64_t)number - 1)) {
            put_u32(out, number);
            count++;
        }
    }
    set_u32(out, count_at, count);
    end_box(out, at);
}

/* 8.6.4: sample_depends_on 2 is an I picture, 1 is none; what else could be said stays unsaid. */
static void write_sdtp(struct writer *w, const struct mp4_box *box, struct strbuf *out)
{
    const uint8_t *p = bytes_of(w, box);
    size_t at = begin_box(out, box->type), rows = box->end - box->payload - 4;

    strbuf_add(out, p, 4);
    for (size_t i = 0; i < rows; i++) {
        uint8_t value = p[4 + i];

        if (ours(w, (int64_t)i))
            value = w->run->samples[(int64_t)i - w->cut->head].idr ? 0x20 : 0x10;
        strbuf_add(out, &value, 1);
    }
    end_box(out, at);
}

/* A run of samples in a group; joins what has the same group. */
struct group_run {
    uint32_t length, group;
};

static uint32_t put_group(struct strbuf *out, struct group_run *held, uint32_t length,
                          uint32_t group, bool last)
{
    uint32_t written = 0;

    if (held->length && (last || group != held->group)) {
        put_u32(out, held->length);
        put_u32(out, held->group);
        held->length = 0;
        written = 1;
    }
    held->group = group;
    held->length += length;
    return written;
}

/* Sample groups (8.9.2): ours belong to none. */
static void write_sbgp(struct writer *w, const struct mp4_box *box, struct strbuf *out)
{
    const uint8_t *p = bytes_of(w, box);
    size_t head = p[0] == 1 ? 12 : 8, at = begin_box(out, box->type), count_at;
    size_t rows = box->end - box->payload < head + 4 ? 0 : (box->end - box->payload - head - 4) / 8;
    struct group_run held = { 0, 0 };
    uint32_t count = 0;
    int64_t slot = 0;

    strbuf_add(out, p, head);
    count_at = out->size;
    put_u32(out, 0);
    for (size_t i = 0; rows && i < rows && i < mp4_u32(p + head); i++) {
        uint32_t length = mp4_u32(p + head + 4 + i * 8);
        uint32_t group = mp4_u32(p + head + 8 + i * 8);
        int64_t end = slot + length;
        int64_t from = slot > w->cut->head ? slot : w->cut->head;
        int64_t to = end < w->cut->tail ? end : w->cut->tail;

        if (from >= to) {
            count += put_group(out, &held, length, group, false);
        } else {
            if (from > slot)
                count += put_group(out, &held, (uint32_t)(from - slot), group, false);
            count += put_group(out, &held, (uint32_t)(to - from), 0, false);
            if (end > to)
                count += put_group(out, &held, (uint32_t)(end - to), group, false);
        }
        slot = end;
    }
    count += put_group(out, &held, 0, 0, true);
    set_u32(out, count_at, count);
    end_box(out, at);
}

static void write_avcc(struct writer *w, const struct mp4_box *box, struct strbuf *out)
{
    size_t at = begin_box(out, box->type);

    (void)box;
    if (!h264_record_add_pps(&w->master->record, w->run->pps, w->run->pps_size, out))
        out->failed = true;
    end_box(out, at);
}

/* ---- chunk offsets, of every track ---- */

static uint64_t new_offset(struct writer *w, uint64_t offset)
{
    int64_t mapped;

    if (!w->map || offset > (uint64_t)INT64_MAX)
        return offset;
    mapped = patches_map(w->map, (int64_t)offset);
    w->inside |= mapped < 0;
    w->too_far |= mapped > (int64_t)UINT32_MAX;
    return (uint64_t)mapped;
}

static void write_offsets(struct writer *w, const struct mp4_box *box, struct strbuf *out)
{
    bool was_wide = box->type == MP4_TYPE('c', 'o', '6', '4'), wide = was_wide || w->wide;
    size_t at = begin_box(out, wide ? MP4_TYPE('c', 'o', '6', '4') : box->type);
    size_t row = was_wide ? 8 : 4, rows = (box->end - box->payload - 8) / row;
    const uint8_t *p = bytes_of(w, box);

    strbuf_add(out, p, 8);
    for (size_t i = 0; i < rows && i < mp4_u32(p + 4); i++) {
        const uint8_t *old = p + 8 + i * row;
        bool far = w->too_far;
        uint64_t offset = new_offset(w, was_wide ? mp4_u64(old) : mp4_u32(old));

        if (wide) {
            put_u64(out, offset);
            w->too_far = far; /* there is room */
        } else {
            put_u32(out, (uint32_t)offset);
        }
    }
    end_box(out, at);
}

/* ---- the tree ---- */

static void write_children(struct writer *w, size_t from, size_t end, struct strbuf *out);

static void write_container(struct writer *w, const struct mp4_box *box, struct strbuf *out)
{
    size_t at = begin_box(out, box->type);

    write_children(w, box->payload, box->end, out);
    end_box(out, at);
}

static void write_trak(struct writer *w, const struct mp4_box *box, struct strbuf *out)
{
    for (size_t i = 0; i < w->master->file->track_count; i++) {
        if (w->master->file->tracks[i].box.start == box->start)
            w->track = &w->master->file->tracks[i];
    }
    write_container(w, box, out);
    w->track = NULL;
}

/* A full box with a count before its children. */
static void write_stsd(struct writer *w, const struct mp4_box *box, struct strbuf *out)
{
    size_t at = begin_box(out, box->type);

    strbuf_add(out, bytes_of(w, box), 8);
    write_children(w, box->payload + 8, box->end, out);
    end_box(out, at);
}

/* 12.1.3: 78 bytes of fixed fields before the children of a visual sample entry. */
static void write_entry(struct writer *w, const struct mp4_box *box, struct strbuf *out)
{
    size_t at = begin_box(out, box->type);

    strbuf_add(out, bytes_of(w, box), 78);
    write_children(w, box->payload + 78, box->end, out);
    end_box(out, at);
}

static const struct {
    uint32_t type;
    bool pictures_only; /* applies to the picture track; elsewhere the box is copied */
    size_t least;       /* payload that the writer reads without asking */
    box_writer write;
} boxes[] = {
    { MP4_TYPE('t', 'r', 'a', 'k'), false, 0, write_trak },
    { MP4_TYPE('m', 'd', 'i', 'a'), false, 0, write_container },
    { MP4_TYPE('m', 'i', 'n', 'f'), false, 0, write_container },
    { MP4_TYPE('s', 't', 'b', 'l'), false, 0, write_container },
    { MP4_TYPE('s', 't', 'c', 'o'), false, 8, write_offsets },
    { MP4_TYPE('c', 'o', '6', '4'), false, 8, write_offsets },
    { MP4_TYPE('s', 't', 's', 'd'), true, 8, write_stsd },
    { MP4_TYPE('a', 'v', 'c', '1'), true, 78, write_entry },
    { MP4_TYPE('a', 'v', 'c', '3'), true, 78, write_entry },
    { MP4_TYPE('a', 'v', 'c', 'C'), true, 0, write_avcc },
    { MP4_TYPE('s', 't', 's', 'z'), true, 0, write_stsz },
    { MP4_TYPE('s', 't', 'z', '2'), true, 0, write_stsz },
    { MP4_TYPE('c', 't', 't', 's'), true, 8, write_ctts },
    { MP4_TYPE('s', 't', 's', 's'), true, 8, write_stss },
    { MP4_TYPE('s', 't', 'p', 's'), true, 8, write_stps },
    { MP4_TYPE('s', 'd', 't', 'p'), true, 4, write_sdtp },
    { MP4_TYPE('s', 'b', 'g', 'p'), true, 12, write_sbgp },
};

static box_writer writer_of(const struct writer *w, const struct mp4_box *box)
{
    for (size_t i = 0; i < OSP_COUNT(boxes); i++) {
        if (boxes[i].type == box->type && box->end - box->payload >= boxes[i].least &&
            (!boxes[i].pictures_only || w->track == w->master->track))
            return boxes[i].write;
    }
    return copy_box;
}

static void write_children(struct writer *w, size_t from, size_t end, struct strbuf *out)
{
    struct mp4_box box;
    size_t at = from;

    for (; mp4_box_at(w->master->file, at, end, &box); at = box.end)
        writer_of(w, &box)(w, &box, out);
    /* QuickTime ends some containers with a 32-bit zero */
    strbuf_add(out, w->master->file->moov + at, end - at);
}

static int write_moov(struct writer *w, struct strbuf *out, osp_error *err)
{
    struct mp4_box moov;

    out->size = 0;
    out->ceiling = (size_t)1 << 30;
    if (!mp4_box_at(w->master->file, 0, w->master->file->moov_size, &moov))
        return osp_fail(err, OSP_EMEDIA, "damaged index");
    write_container(w, &moov, out);
    return out->failed ? osp_nomem(err) : OSP_OK;
}

/* ---- the boxes at the top ---- */

/* New bytes that patches point to and nobody else owns: box headers. */
struct headers {
    uint8_t bytes[64][16];
    size_t count;
};

/* A box at the top that holds replaced samples gets its new size; past 4 GiB a longer header. */
static int patch_header(const struct master *master, int64_t at, struct patches *patches,
                        struct headers *headers, int64_t *next, osp_error *err)
{
    uint8_t head[16] = { 0 };
    int64_t left = master->file->size - at, size, growth, old_header = 8;
    uint8_t *made;
    int ret = mp4_read(master->file, at, head, left < 16 ? 8 : 16, err);

    if (ret < 0)
        return ret;
    size = mp4_u32(head);
    if (size == 1) {
        size = (int64_t)mp4_u64(head + 8);
        old_header = 16;
    }
    *next = size < old_header || size > left ? master->file->size : at + size;
    growth = patches_growth(patches, at, *next);
    if (size == 0 || growth == 0 || at == master->file->moov_offset)
        return OSP_OK;
    if (headers->count == OSP_COUNT(headers->bytes))
        return osp_fail(err, OSP_EMEDIA, "the shot is spread over too many parts of the file");
    made = headers->bytes[headers->count++];
    if (old_header == 8 && size + growth <= (int64_t)UINT32_MAX) {
        for (int i = 0; i < 4; i++)
            made[i] = (uint8_t)((size + growth) >> (24 - 8 * i));
        memcpy(made + 4, head + 4, 4);
        return patches_add(patches, at, 8, made, 8, err);
    }
    size += growth + (16 - old_header);
    memcpy(made, "\0\0\0\1", 4);
    memcpy(made + 4, head + 4, 4);
    for (int i = 0; i < 8; i++)
        made[8 + i] = (uint8_t)((uint64_t)size >> (56 - 8 * i));
    return patches_add(patches, at, old_header, made, 16, err);
}

static int patch_headers(const struct master *master, struct patches *patches,
                         struct headers *headers, osp_error *err)
{
    struct patches found = { 0 };
    int ret = OSP_OK;

    /* growth is asked of the samples alone, so new patches wait */
    for (int64_t at = 0; ret >= 0 && master->file->size - at >= 8;) {
        size_t before = patches->count;
        int64_t next = at;

        ret = patch_header(master, at, patches, headers, &next, err);
        if (ret >= 0 && patches->count > before) {
            struct patch added = patches->items[--patches->count];

            ret = patches_add(&found, added.start, added.old_size, added.data, added.size, err);
        }
        if (next <= at)
            break;
        at = next;
    }
    for (size_t i = 0; ret >= 0 && i < found.count; i++)
        ret = patches_add(patches, found.items[i].start, found.items[i].old_size,
                          found.items[i].data, found.items[i].size, err);
    patches_release(&found);
    return ret < 0 ? ret : patches_sort(patches, err);
}

static int patch_samples(const struct master *master, const struct cut *cut, const struct run *run,
                         struct patches *patches, osp_error *err)
{
    for (int64_t slot = cut->head; slot < cut->tail; slot++) {
        const struct mp4_sample *sample = &master->track->samples[slot];
        const struct made_sample *made = run ? &run->samples[slot - cut->head] : NULL;
        int ret = patches_add(patches, sample->offset, sample->size, made ? made->data : NULL,
                              made ? (int64_t)made->size : sample->size, err);

        if (ret < 0)
            return ret;
    }
    return patches_sort(patches, err);
}

/* The index as it will be, its offsets right. The moov's own patch stands in `patches`. */
static int settle(struct writer *w, struct patches *patches, struct strbuf *moov, osp_error *err)
{
    const struct mp4_file *file = w->master->file;
    struct patch *own = NULL;

    for (int pass = 0; pass < 4; pass++) {
        int ret;

        w->too_far = w->inside = false;
        ret = write_moov(w, moov, err);
        if (ret < 0)
            return ret;
        if (w->inside)
            return osp_fail(err, OSP_EMEDIA, "damaged index: tracks share bytes");
        for (size_t i = 0; i < patches->count; i++) {
            if (patches->items[i].start == file->moov_offset)
                own = &patches->items[i];
        }
        if (!own)
            return osp_fail(err, OSP_EINTERNAL, "the index lost its place");
        own->data = (const uint8_t *)moov->data;
        if (w->map && !w->too_far && own->size == (int64_t)moov->size)
            return OSP_OK;
        own->size = (int64_t)moov->size;
        w->wide |= w->too_far;
        w->map = patches;
    }
    return osp_fail(err, OSP_EINTERNAL, "the index does not settle");
}

int boxes_write(const struct master *master, const struct cut *cut, const struct run *run, int fd,
                const osp_control *control, osp_error *err)
{
    OSP_AUTO(patches_release) struct patches patches = { 0 };
    OSP_AUTO(strbuf_release) struct strbuf moov = STRBUF_INIT;
    struct headers headers = { .count = 0 };
    struct writer w = { .master = master, .cut = cut, .run = run };
    int ret = patch_samples(master, cut, run, &patches, err);

    if (ret >= 0)
        ret = patch_headers(master, &patches, &headers, err);
    if (ret >= 0)
        ret = patches_add(&patches, master->file->moov_offset, (int64_t)master->file->moov_size,
                          NULL, 0, err);
    if (ret >= 0)
        ret = patches_sort(&patches, err);
    if (ret >= 0)
        ret = settle(&w, &patches, &moov, err);
    if (ret < 0)
        return ret;
    return patches_write(&patches, master->file->fd, master->file->size, fd, control, err);
}

int boxes_check(const struct master *master, const struct cut *cut, osp_error *err)
{
    OSP_AUTO(patches_release) struct patches patches = { 0 };
    int ret = patch_samples(master, cut, NULL, &patches, err);

    if (ret >= 0)
        ret = patches_add(&patches, master->file->moov_offset, (int64_t)master->file->moov_size,
                          NULL, 0, err);
    return ret < 0 ? ret : patches_sort(&patches, err);
}
