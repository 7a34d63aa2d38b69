/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "omnisplice/splice.h"

#include <stdlib.h>
#include <string.h>

#include "av/decode.h"
#include "base/array.h"
#include "base/auto.h"
#include "base/cancel.h"
#include "base/hash.h"
#include "probe/mp4.h"
#include "splice/compare.h"
#include "splice/description.h"
#include "splice/packets.h"

/*
 * Two files by any maker, in any container: every packet by hash and time stamps, every shown
 * picture by its decoded planes, both files side by side. Tables are kept, never the media.
 */

/* What is known of a picture of the master before it is decoded. */
enum {
    ALLOWED = 1, /* in a range that may differ */
    BORDER = 2,  /* in a group of pictures that a border of such a range touches */
    RECODED = 4, /* its packet is not the master's */
};

struct comparison {
    struct packet_table master, result;
    uint8_t *marks; /* [shown pictures of the master] */
    int64_t frames;
    size_t differing_capacity, recoded_capacity;
    bool only_borders; /* nothing else differs so far */
    const osp_control *control;
    osp_verification *out;
};

void osp_verification_free(osp_verification **verification)
{
    if (!*verification)
        return;
    free((*verification)->differing);
    free((*verification)->recoded);
    for (size_t i = 0; i < (*verification)->differences_count; i++)
        free((*verification)->differences[i]);
    free((*verification)->differences);
    free(*verification);
    *verification = NULL;
}

/* Add a picture to runs that rise. */
static int add_picture(osp_frame_range **runs, size_t *count, size_t *capacity, int64_t frame,
                       osp_error *err)
{
    if (*count && (*runs)[*count - 1].first + (*runs)[*count - 1].count == frame) {
        (*runs)[*count - 1].count++;
        return OSP_OK;
    }
    if (!array_grow((void **)runs, sizeof(**runs), *count, capacity))
        return osp_nomem(err);
    (*runs)[(*count)++] = (osp_frame_range){ frame, 1 };
    return OSP_OK;
}

/* ---- packets ---- */

static bool same_packet(const struct packet_row *a, const struct packet_row *b)
{
    return memcmp(a->hash, b->hash, sizeof(a->hash)) == 0;
}

static bool same_time(int64_t a, AVRational base_a, int64_t b, AVRational base_b)
{
    if (a == AV_NOPTS_VALUE || b == AV_NOPTS_VALUE)
        return a == b;
    return av_compare_ts(a, base_a, b, base_b) == 0;
}

/* A track that is no picture track: everything is equal, in order. */
static bool same_track(const struct packet_track *a, const struct packet_track *b)
{
    if (a->count != b->count)
        return false;
    for (size_t i = 0; i < a->count; i++) {
        const struct packet_row *x = &a->rows[i], *y = &b->rows[i];

        if (!same_packet(x, y) || x->key != y->key || x->hidden != y->hidden ||
            !same_time(x->pts, a->time_base, y->pts, b->time_base) ||
            !same_time(x->duration, a->time_base, y->duration, b->time_base))
            return false;
    }
    return true;
}

/* Pictures: presentation times in display order, decoding steps in decode order. */
static bool same_picture_times(const struct packet_track *a, const struct packet_track *b)
{
    if (a->count != b->count)
        return false;
    for (size_t i = 0; i < a->count; i++) {
        if (!same_time(a->rows[a->shown[i]].pts, a->time_base, b->rows[b->shown[i]].pts,
                       b->time_base) ||
            !same_time(a->rows[i].duration, a->time_base, b->rows[i].duration, b->time_base))
            return false;
    }
    return true;
}

/* The result's packet for a picture of the master; NULL: there is none. By position where both
 * show as many pictures, else by time stamp. */
static const struct packet_row *partner(const struct comparison *c, size_t frame, size_t *hint)
{
    const struct packet_track *a = &c->master.tracks[c->master.picture];
    const struct packet_track *b = &c->result.tracks[c->result.picture];
    const struct packet_row *row = &a->rows[a->shown[a->hidden_first + frame]];

    if (a->shown_count == b->shown_count)
        return &b->rows[b->shown[b->hidden_first + frame]];
    for (; *hint < b->shown_count; ++*hint) {
        const struct packet_row *other = &b->rows[b->shown[b->hidden_first + *hint]];
        int order = av_compare_ts(other->pts, b->time_base, row->pts, a->time_base);

        if (order >= 0)
            return order == 0 ? other : NULL;
    }
    return NULL;
}

static int compare_picture_packets(struct comparison *c, osp_error *err)
{
    const struct packet_track *a = &c->master.tracks[c->master.picture];
    const struct packet_track *b = &c->result.tracks[c->result.picture];
    osp_verification *out = c->out;
    size_t hint = 0;
    bool keys = false; /* a copied picture is marked otherwise */

    out->master_packets = (int64_t)a->count;
    for (int64_t i = 0; i < c->frames; i++) {
        const struct packet_row *own = &a->rows[a->shown[a->hidden_first + (size_t)i]];
        const struct packet_row *other = partner(c, (size_t)i, &hint);
        int ret;

        if (other && same_packet(own, other)) {
            out->identical_packets++;
            keys |= own->key != other->key;
            continue;
        }
        c->marks[i] |= RECODED;
        ret = add_picture(&out->recoded, &out->recoded_count, &c->recoded_capacity, i, err);
        if (ret < 0)
            return ret;
    }
    /* packets that an edit list hides count too */
    for (size_t i = 0; i < a->count && a->count == b->count; i++) {
        if (a->rows[i].hidden && same_packet(&a->rows[i], &b->rows[i]))
            out->identical_packets++;
    }
    out->time_stamps_identical = same_picture_times(a, b);
    return keys ? description_note(out, err, "key flags of copied pictures") : OSP_OK;
}

static bool open_samples(const char *path, size_t count, struct mp4_file **file,
                         const struct mp4_track **track)
{
    struct mp4_track *found;

    if (mp4_open(path, file, NULL) < 0)
        return false;
    found = mp4_video_track(*file);
    *track = found;
    return found && mp4_load_samples(*file, found, NULL) == OSP_OK && found->sample_count == count;
}

/* Which samples the index calls sync samples. libavformat takes its key flags from the pictures
 * too, and players that seek do not. Other containers have no such table. */
static bool same_sync(const struct comparison *c, const char *master, const char *result)
{
    OSP_AUTO(mp4_close) struct mp4_file *a = NULL;
    OSP_AUTO(mp4_close) struct mp4_file *b = NULL;
    const struct packet_track *x = &c->master.tracks[c->master.picture];
    const struct packet_track *y = &c->result.tracks[c->result.picture];
    const struct mp4_track *p, *q;

    if (x->count != y->count || !open_samples(master, x->count, &a, &p) ||
        !open_samples(result, y->count, &b, &q))
        return true;
    for (size_t i = 0; i < x->count; i++) {
        if (same_packet(&x->rows[i], &y->rows[i]) && p->samples[i].sync != q->samples[i].sync)
            return false;
    }
    return true;
}

static int compare_tracks(struct comparison *c, const char *master, const char *result,
                          osp_error *err)
{
    const struct packet_table *a = &c->master, *b = &c->result;
    int ret = description_compare(master, result, c->out, err);

    if (ret >= 0 && !same_sync(c, master, result))
        ret = description_note(c->out, err, "sync samples among the copied pictures");
    c->out->audio_packets_identical = a->count == b->count && a->picture == b->picture;
    for (size_t i = 0; i < a->count && i < b->count; i++) {
        if (i != a->picture && !same_track(&a->tracks[i], &b->tracks[i]))
            c->out->audio_packets_identical = 0;
    }
    c->out->tracks_identical = c->out->differences_count == 0;
    return ret;
}

/* ---- where differences may be ---- */

static bool key_frame(const struct comparison *c, int64_t frame)
{
    const struct packet_track *a = &c->master.tracks[c->master.picture];

    return a->rows[a->shown[a->hidden_first + (size_t)frame]].key;
}

/* A border is what had to be encoded again: back to the key frame at or before the range at most,
 * and on to the first key frame behind it that is a copy. */
static void mark_range(struct comparison *c, const osp_frame_range *range)
{
    int64_t first = range->first > 0 ? range->first : 0;
    int64_t end = first;

    if (range->count > 0 && first < c->frames)
        end = range->count < c->frames - first ? first + range->count : c->frames;
    for (int64_t i = first; i < end; i++)
        c->marks[i] |= ALLOWED;
    if (first >= end)
        return;
    for (int64_t i = first; i > 0 && !key_frame(c, i); i--)
        c->marks[i - 1] |= BORDER;
    for (int64_t i = end; i < c->frames && (!key_frame(c, i) || c->marks[i] & RECODED); i++)
        c->marks[i] |= BORDER;
}

/* ---- pictures ---- */

struct side {
    struct reader *reader;
    AVFrame *frame;
    bool there; /* the frame holds a picture that waits */
    int64_t count;
};

static int advance(struct side *side, osp_error *err)
{
    int ret = reader_next(side->reader, side->frame, err);

    side->there = ret > 0;
    side->count += side->there;
    return ret < 0 ? ret : OSP_OK;
}

static int note_difference(struct comparison *c, int64_t frame, double psnr_db, osp_error *err)
{
    osp_verification *out = c->out;
    uint8_t mark = frame < c->frames ? c->marks[frame] : 0;

    if (!(mark & ALLOWED)) {
        if (out->min_psnr_db == 0 || psnr_db < out->min_psnr_db)
            out->min_psnr_db = psnr_db;
        if (!(mark & BORDER) || !(mark & RECODED) || psnr_db < BORDER_PSNR_DB)
            c->only_borders = false;
    }
    return add_picture(&out->differing, &out->differing_count, &c->differing_capacity, frame, err);
}

/* Which side is to move on: both when the pictures belong together. */
static int order_of(const struct comparison *c, const struct side *a, const struct side *b)
{
    if (!a->there || !b->there)
        return a->there ? -1 : 1;
    if (c->master.tracks[c->master.picture].shown_count ==
        c->result.tracks[c->result.picture].shown_count)
        return 0;
    return av_compare_ts(a->frame->pts, reader_stream(a->reader)->time_base, b->frame->pts,
                         reader_stream(b->reader)->time_base);
}

static int compare_pair(struct comparison *c, struct side *a, struct side *b, osp_error *err)
{
    int order = order_of(c, a, b), ret = OSP_OK;

    if (order < 0) {
        ret = note_difference(c, a->count - 1, 0.01, err); /* it is missing */
    } else if (order > 0) {
        c->only_borders = false; /* one too many */
    } else {
        if (!frames_equal(a->frame, b->frame))
            ret = note_difference(c, a->count - 1, frames_psnr(a->frame, b->frame), err);
        if (!same_time(a->frame->pts, reader_stream(a->reader)->time_base, b->frame->pts,
                       reader_stream(b->reader)->time_base))
            c->out->time_stamps_identical = 0;
    }
    if (ret >= 0 && order <= 0)
        ret = advance(a, err);
    if (ret >= 0 && order >= 0)
        ret = advance(b, err);
    return ret;
}

static int compare_all_pictures(struct comparison *c, struct side *a, struct side *b,
                                osp_error *err)
{
    int ret = advance(a, err);

    if (ret >= 0)
        ret = advance(b, err);
    while (ret >= 0 && (a->there || b->there)) {
        ret = control_step(c->control, "proof",
                           c->frames ? (double)a->count / (double)c->frames : -1, "comparing", err);
        if (ret >= 0)
            ret = compare_pair(c, a, b, err);
    }
    c->out->master_frames = a->count;
    c->out->result_frames = b->count;
    return ret;
}

static int compare_pictures(struct comparison *c, const char *master, const char *result,
                            osp_error *err)
{
    OSP_AUTO(reader_free) struct reader *left = NULL;
    OSP_AUTO(reader_free) struct reader *right = NULL;
    OSP_AUTO(av_frame_free) AVFrame *left_frame = av_frame_alloc();
    OSP_AUTO(av_frame_free) AVFrame *right_frame = av_frame_alloc();
    struct side a = { .frame = left_frame }, b = { .frame = right_frame };
    int ret;

    if (!left_frame || !right_frame)
        return osp_nomem(err);
    ret = reader_open(master, AVMEDIA_TYPE_VIDEO, 0, &left, err);
    if (ret >= 0)
        ret = reader_open(result, AVMEDIA_TYPE_VIDEO, 0, &right, err);
    if (ret < 0)
        return ret;
    a.reader = left;
    b.reader = right;
    return compare_all_pictures(c, &a, &b, err);
}

/* ---- all of it ---- */

static void conclude(struct comparison *c)
{
    osp_verification *out = c->out;

    for (int64_t i = 0; i < c->frames; i++) {
        if ((c->marks[i] & RECODED) && !(c->marks[i] & (ALLOWED | BORDER)))
            c->only_borders = false;
    }
    out->outside_identical = c->only_borders && out->time_stamps_identical &&
                             out->audio_packets_identical && out->tracks_identical &&
                             out->master_frames == out->result_frames;
}

static void comparison_release(struct comparison *c)
{
    packets_release(&c->master);
    packets_release(&c->result);
    free(c->marks);
}

static int compare(struct comparison *c, const char *master, const char *result,
                   const osp_frame_range *ranges, size_t count, osp_error *err)
{
    int ret = packets_read(master, c->control, &c->master, err);

    if (ret >= 0)
        ret = packets_read(result, c->control, &c->result, err);
    if (ret < 0)
        return ret;
    c->frames = (int64_t)c->master.tracks[c->master.picture].shown_count;
    c->marks = calloc((size_t)c->frames + 1, 1);
    if (!c->marks)
        return osp_nomem(err);
    ret = compare_picture_packets(c, err);
    if (ret < 0)
        return ret;
    ret = compare_tracks(c, master, result, err);
    if (ret < 0)
        return ret;
    for (size_t i = 0; i < count; i++)
        mark_range(c, &ranges[i]);
    ret = compare_pictures(c, master, result, err);
    if (ret >= 0)
        conclude(c);
    return ret;
}

int osp_verify(const char *master, const char *result, const osp_frame_range *ranges, size_t count,
               const osp_control *control, osp_verification **out, osp_error *err)
{
    OSP_AUTO(osp_verification_free)
    osp_verification *verification = calloc(1, sizeof(*verification));
    OSP_AUTO(comparison_release)
    struct comparison c = { .only_borders = true, .control = control, .out = verification };
    int ret;

    if (!verification)
        return osp_nomem(err);
    ret = compare(&c, master, result, ranges, count, err);
    if (ret < 0)
        return ret;
    *out = OSP_TAKE(verification);
    return OSP_OK;
}
