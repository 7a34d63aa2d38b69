/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Elements are walked flat: those that hold what we want are entered, all others are stepped over.
 * What follows the last child of an element is its sibling, so that no ends need be kept, and
 * segments and clusters of unknown size (live recordings) need no rule of their own.
 */
#include "probe/matroska.h"

#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/error.h"

/* RFC 9559 5.1; ids with their length marker */
enum {
    ID_SEGMENT = 0x18538067,
    ID_INFO = 0x1549A966,
    ID_TIMESTAMP_SCALE = 0x2AD7B1,
    ID_TRACKS = 0x1654AE6B,
    ID_TRACK_ENTRY = 0xAE,
    ID_TRACK_NUMBER = 0xD7,
    ID_TRACK_TYPE = 0x83,
    ID_TRACK_TIMESTAMP_SCALE = 0x23314F,
    ID_DEFAULT_DURATION = 0x23E383,
    ID_CONTENT_ENCODINGS = 0x6D80,
    ID_CONTENT_ENCODING = 0x6240,
    ID_CONTENT_ENCODING_TYPE = 0x5033,
    ID_CLUSTER = 0x1F43B675,
    ID_TIMESTAMP = 0xE7,
    ID_SIMPLE_BLOCK = 0xA3,
    ID_BLOCK_GROUP = 0xA0,
    ID_BLOCK = 0xA1,
    ID_BLOCK_DURATION = 0x9B,
};

#define HEAD_BYTES 32 /* holds any element's header and a block's */

struct element {
    uint32_t id;
    uint64_t size; /* UINT64_MAX: not known */
    size_t header; /* bytes of id and size */
    uint8_t bytes[HEAD_BYTES];
    size_t got;
};

struct walk {
    int fd;
    int64_t size;
    struct stamps *stamps;
    osp_facts *facts;
    uint64_t scale;            /* nanoseconds of a tick */
    uint64_t entry;            /* number of the track that is described */
    uint64_t track;            /* number of the picture track; 0 not known yet */
    bool entry_is_track;       /* the one that is described is it */
    uint64_t default_duration; /* of its pictures, nanoseconds; 0 not said */
    uint64_t entry_duration;
    bool entry_encrypted;
    int64_t cluster;   /* time stamp */
    int64_t group_pts; /* of a block whose duration may follow; INT64_MIN none */
    bool foreign;      /* something that this reader does not follow */
    bool no_memory;
};

/* RFC 8794 4: a number whose first byte tells its length. @return bytes, 0: broken */
static size_t read_vint(const uint8_t *p, size_t size, bool keep_marker, uint64_t *out)
{
    size_t length = p[0] ? (size_t)__builtin_clz(p[0]) - 23 : 9;
    uint64_t value;
    bool ones;

    if (length > 8 || length > size)
        return 0;
    value = keep_marker ? p[0] : p[0] & (0xFFu >> length);
    ones = (p[0] & (0xFFu >> length)) == 0xFFu >> length;
    for (size_t i = 1; i < length; i++) {
        value = value << 8 | p[i];
        ones = ones && p[i] == 0xFF;
    }
    *out = ones && !keep_marker ? UINT64_MAX : value;
    return length;
}

static bool read_element(const struct walk *w, int64_t at, struct element *e)
{
    ssize_t got = pread(w->fd, e->bytes, sizeof(e->bytes), at);
    uint64_t id;
    size_t first, second;

    if (got < 2)
        return false;
    e->got = (size_t)got;
    first = read_vint(e->bytes, e->got, true, &id);
    if (!first || first > 4 || first == e->got)
        return false;
    second = read_vint(e->bytes + first, e->got - first, false, &e->size);
    e->id = (uint32_t)id;
    e->header = first + second;
    return second > 0;
}

/* An unsigned integer of at most eight bytes. */
static uint64_t number(const struct element *e)
{
    uint64_t value = 0;

    for (size_t i = 0; i < e->size && i < 8 && e->header + i < e->got; i++)
        value = value << 8 | e->bytes[e->header + i];
    return value;
}

static bool is_one(const struct element *e)
{
    uint64_t value = number(e);

    return e->size == 4 ? value == 0x3F800000 : value == 0x3FF0000000000000;
}

/* ---- the track ---- */

static void begin_entry(struct walk *w, const struct element *e)
{
    (void)e;
    w->entry = w->entry_duration = 0;
    w->entry_is_track = w->entry_encrypted = false;
}

/* Elements of an entry come in any order: whatever is known so far goes to the track. */
static void settle_entry(struct walk *w)
{
    if (!w->entry_is_track || !w->entry || (w->track && w->track != w->entry))
        return;
    w->track = w->entry;
    w->default_duration = w->entry_duration;
    w->facts->encrypted = w->entry_encrypted;
}

static void read_number(struct walk *w, const struct element *e)
{
    w->entry = number(e);
    settle_entry(w);
}

static void read_type(struct walk *w, const struct element *e)
{
    w->entry_is_track = number(e) == 1;
    settle_entry(w);
}

static void read_default_duration(struct walk *w, const struct element *e)
{
    w->entry_duration = number(e);
    settle_entry(w);
}

static void read_encoding_type(struct walk *w, const struct element *e)
{
    w->entry_encrypted |= number(e) == 1;
    settle_entry(w);
}

static void read_track_scale(struct walk *w, const struct element *e)
{
    w->foreign |= !is_one(e);
}

static void read_scale(struct walk *w, const struct element *e)
{
    w->scale = number(e) ? number(e) : w->scale;
}

/* ---- blocks ---- */

static void read_cluster_time(struct walk *w, const struct element *e)
{
    uint64_t value = number(e);

    w->cluster = value < INT64_MAX / 4 ? (int64_t)value : INT64_MAX / 4;
}

static void add_picture(struct walk *w, int64_t pts, int64_t duration)
{
    w->no_memory |= !stamps_add(w->stamps, pts, duration);
    w->stamps->total_duration += duration;
}

static void flush_group(struct walk *w)
{
    int64_t duration = (int64_t)((w->default_duration + w->scale / 2) / w->scale);

    if (w->group_pts != INT64_MIN)
        add_picture(w, w->group_pts, duration);
    w->group_pts = INT64_MIN;
}

/* RFC 9559 10.1: track number, time stamp from that of the cluster, flags. */
static void read_block(struct walk *w, const struct element *e)
{
    const uint8_t *p = e->bytes + e->header;
    size_t left = e->got - e->header, used;
    uint64_t track;

    used = left ? read_vint(p, left, false, &track) : 0;
    if (!used || left < used + 3 || track != w->track)
        return;
    flush_group(w);
    w->foreign |= (p[used + 2] & 6) != 0; /* laced: several pictures in one block */
    w->group_pts = w->cluster + (int16_t)(p[used] << 8 | p[used + 1]);
    w->stamps->samples++;
    w->stamps->bytes += (int64_t)(e->size - used - 3 < INT32_MAX ? e->size - used - 3 : 0);
}

static void read_simple_block(struct walk *w, const struct element *e)
{
    read_block(w, e);
    flush_group(w);
}

static void read_block_duration(struct walk *w, const struct element *e)
{
    uint64_t duration = number(e);

    if (w->group_pts != INT64_MIN)
        add_picture(w, w->group_pts, duration < INT32_MAX ? (int64_t)duration : 0);
    w->group_pts = INT64_MIN;
}

static void next_part(struct walk *w, const struct element *e)
{
    (void)e;
    flush_group(w);
}

/* ---- the walk ---- */

static const struct row {
    uint32_t id;
    bool enter; /* step into it; otherwise over it */
    void (*read)(struct walk *w, const struct element *e);
} rows[] = {
    { ID_SIMPLE_BLOCK, false, read_simple_block },
    { ID_BLOCK, false, read_block },
    { ID_BLOCK_DURATION, false, read_block_duration },
    { ID_BLOCK_GROUP, true, next_part },
    { ID_TIMESTAMP, false, read_cluster_time },
    { ID_CLUSTER, true, next_part },
    { ID_SEGMENT, true, next_part },
    { ID_INFO, true, next_part },
    { ID_TIMESTAMP_SCALE, false, read_scale },
    { ID_TRACKS, true, next_part },
    { ID_TRACK_ENTRY, true, begin_entry },
    { ID_TRACK_NUMBER, false, read_number },
    { ID_TRACK_TYPE, false, read_type },
    { ID_TRACK_TIMESTAMP_SCALE, false, read_track_scale },
    { ID_DEFAULT_DURATION, false, read_default_duration },
    { ID_CONTENT_ENCODINGS, true, next_part },
    { ID_CONTENT_ENCODING, true, next_part },
    { ID_CONTENT_ENCODING_TYPE, false, read_encoding_type },
};

static const struct row *row_of(uint32_t id)
{
    for (size_t i = 0; i < OSP_COUNT(rows); i++) {
        if (rows[i].id == id)
            return &rows[i];
    }
    return NULL;
}

/* @return bytes to go on by, 0: the end, or an element that is broken or cut off */
static int64_t step(struct walk *w, int64_t at)
{
    const struct row *row;
    struct element e;

    if (at >= w->size || !read_element(w, at, &e))
        return 0;
    row = row_of(e.id);
    if (!(row && row->enter) && e.size > (uint64_t)(w->size - at) - e.header)
        return 0;
    if (row)
        row->read(w, &e);
    return (int64_t)e.header + (row && row->enter ? 0 : (int64_t)e.size);
}

/* No block says how long it lasts: the span, and as much as its pictures last on average. */
static void estimate_total(struct stamps *s)
{
    int64_t first = s->count ? s->pts[0] : 0;

    for (size_t i = 1; i < s->count; i++)
        first = s->pts[i] < first ? s->pts[i] : first;
    if (s->total_duration == 0 && s->count > 1)
        s->total_duration = s->last_pts - first + (s->last_pts - first) / (int64_t)(s->count - 1);
}

int matroska_read(int fd, struct stamps *stamps, osp_facts *facts, osp_error *err)
{
    struct walk w = { .fd = fd, .stamps = stamps, .facts = facts, .scale = 1000000 };
    struct stat st;
    int64_t at = 0, by;

    if (fstat(fd, &st) < 0)
        return 0;
    w.size = st.st_size;
    w.group_pts = INT64_MIN;
    while (!w.foreign && !w.no_memory && !stamps->too_many && (by = step(&w, at)) > 0)
        at += by;
    flush_group(&w);
    estimate_total(stamps);
    if (w.no_memory)
        return osp_nomem(err);
    return w.track && stamps->count && !w.foreign;
}
