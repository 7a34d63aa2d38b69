/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "splice/proof.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/cancel.h"
#include "base/log.h"
#include "splice/compare.h"
#include "splice/pictures.h"

/* Pictures that are compared on the far side of each border. */
#define NEIGHBOURS    4

#define COMPARE_BYTES (1 << 20)

static int differs(osp_error *err, const char *what, int64_t at)
{
    return osp_fail(err, OSP_ERESULT, "the proof of the splice failed: %s (%" PRId64 ")", what, at);
}

/* ---- the index ---- */

static int compare_boxes(const struct master *a, const struct master *b, osp_error *err)
{
    static const char *const kept[] = { "tkhd", "mdia/mdhd",           "mdia/hdlr",          "edts",
                                        "udta", "mdia/minf/stbl/stts", "mdia/minf/stbl/stsc" };

    if (a->file->track_count != b->file->track_count)
        return differs(err, "number of tracks", (int64_t)b->file->track_count);
    for (size_t t = 0; t < a->file->track_count; t++) {
        for (size_t i = 0; i < OSP_COUNT(kept); i++) {
            struct mp4_box x, y;
            bool there = mp4_find(a->file, &a->file->tracks[t].box, kept[i], &x);

            if (there != mp4_find(b->file, &b->file->tracks[t].box, kept[i], &y) ||
                (there &&
                 (x.end - x.start != y.end - y.start ||
                  memcmp(a->file->moov + x.start, b->file->moov + y.start, x.end - x.start) != 0)))
                return differs(err, kept[i], (int64_t)t);
        }
    }
    return OSP_OK;
}

static int compare_times(const struct master *a, const struct master *b, const struct cut *cut,
                         osp_error *err)
{
    if (a->count != b->count || a->shown_first != b->shown_first ||
        a->shown_count != b->shown_count)
        return differs(err, "number of pictures", b->count);
    for (int64_t i = 0; i < a->count; i++) {
        const struct mp4_sample *x = &a->track->samples[i], *y = &b->track->samples[i];
        bool ours = i >= cut->head && i < cut->tail;

        if (x->dts != y->dts || x->duration != y->duration || master_pts(a, i) != master_pts(b, i))
            return differs(err, "time stamps of pictures", i);
        if (!ours && (x->size != y->size || x->cts != y->cts || x->sync != y->sync))
            return differs(err, "a copied sample", i);
    }
    return OSP_OK;
}

/* ---- bytes ---- */

struct reading {
    const struct mp4_file *a, *b;
    uint8_t *left, *right;
};

static int compare_bytes(const struct reading *r, int64_t at_a, int64_t at_b, int64_t size,
                         osp_error *err)
{
    while (size > 0) {
        size_t step = size < COMPARE_BYTES ? (size_t)size : COMPARE_BYTES;
        int ret = mp4_read(r->a, at_a, r->left, step, err);

        if (ret >= 0)
            ret = mp4_read(r->b, at_b, r->right, step, err);
        if (ret < 0)
            return ret;
        if (memcmp(r->left, r->right, step) != 0)
            return differs(err, "bytes of a copied packet at", at_b);
        at_a += (int64_t)step;
        at_b += (int64_t)step;
        size -= (int64_t)step;
    }
    return OSP_OK;
}

/* Samples [from, count) that lie one behind the other in both files. @return the first behind */
static size_t joined(const struct mp4_track *a, const struct mp4_track *b, size_t from, size_t end,
                     int64_t *bytes)
{
    size_t i = from;

    *bytes = 0;
    do {
        *bytes += a->samples[i].size;
        i++;
    } while (i < end && a->samples[i].offset == a->samples[from].offset + *bytes &&
             b->samples[i].offset == b->samples[from].offset + *bytes);
    return i;
}

static int compare_samples(const struct reading *r, const struct mp4_track *a,
                           const struct mp4_track *b, size_t from, size_t end,
                           const osp_control *control, osp_error *err)
{
    while (from < end) {
        int64_t bytes;
        size_t next = joined(a, b, from, end, &bytes);
        int ret = cancel_check(control ? control->cancel : NULL, err);

        if (ret >= 0)
            ret = compare_bytes(r, a->samples[from].offset, b->samples[from].offset, bytes, err);
        if (ret < 0)
            return ret;
        from = next;
    }
    return OSP_OK;
}

/* Every track but the picture track: sizes, time stamps and bytes. */
static int compare_track(const struct reading *r, struct mp4_file *a, struct mp4_file *b,
                         size_t index, const osp_control *control, osp_error *err)
{
    struct mp4_track *x = &a->tracks[index], *y = &b->tracks[index];
    int ret;

    if (x->declared_samples == 0 && y->declared_samples == 0)
        return OSP_OK;
    ret = mp4_load_samples(a, x, err);
    if (ret >= 0)
        ret = mp4_load_samples(b, y, err);
    if (ret < 0)
        return ret;
    if (x->sample_count != y->sample_count)
        return differs(err, "number of packets of track", (int64_t)x->id);
    for (size_t i = 0; i < x->sample_count; i++) {
        if (x->samples[i].size != y->samples[i].size || x->samples[i].dts != y->samples[i].dts ||
            x->samples[i].cts != y->samples[i].cts)
            return differs(err, "packets of track", (int64_t)x->id);
    }
    return compare_samples(r, x, y, 0, x->sample_count, control, err);
}

static int compare_packets(const struct master *a, const struct master *b, const struct cut *cut,
                           const osp_control *control, osp_error *err)
{
    OSP_AUTO(auto_free) uint8_t *left = malloc(COMPARE_BYTES);
    OSP_AUTO(auto_free) uint8_t *right = malloc(COMPARE_BYTES);
    struct reading r = { a->file, b->file, left, right };
    int ret = OSP_OK;

    if (!left || !right)
        return osp_nomem(err);
    for (size_t t = 0; ret >= 0 && t < a->file->track_count; t++) {
        if (&a->file->tracks[t] != a->track)
            ret = compare_track(&r, a->file, b->file, t, control, err);
    }
    if (ret >= 0)
        ret = compare_samples(&r, a->track, b->track, 0, (size_t)cut->head, control, err);
    if (ret >= 0)
        ret = compare_samples(&r, a->track, b->track, (size_t)cut->tail, (size_t)a->count, control,
                              err);
    return ret;
}

/* ---- pictures ---- */

struct watch {
    const struct cut *cut;
    struct pictures *old, *made;
    AVFrame *left, *right;
    int64_t suspect; /* a copied picture that is not the master's; -1: none so far */
    double *psnr_db;
};

/* A picture of ours. Inside the shot there is nothing to compare it with: it has to be there. */
static int compare_ours(struct watch *w, int64_t rank, osp_error *err)
{
    int ret = pictures_next(w->made, rank, w->right, err);
    double psnr;

    if (ret < 0)
        return ret;
    if (picture_damaged(w->right))
        return differs(err, "errors of the decoder", rank);
    if (rank >= w->cut->first && rank < w->cut->end)
        return OSP_OK;
    ret = pictures_get(w->old, rank, w->left, err);
    if (ret < 0)
        return ret;
    psnr = frames_psnr(w->left, w->right);
    if (psnr < *w->psnr_db)
        *w->psnr_db = psnr;
    return OSP_OK;
}

/* @return the rank is the same picture in both files */
static bool same_picture(struct pictures *a, struct pictures *b, int64_t rank, AVFrame *left,
                         AVFrame *right)
{
    int first = pictures_next(a, rank, left, NULL), second = pictures_next(b, rank, right, NULL);

    return first >= 0 && second >= 0 && frames_equal(left, right);
}

static int compare_picture(struct watch *w, int64_t rank, osp_error *err)
{
    bool copied = rank < w->cut->head || rank >= w->cut->tail;

    if (!copied)
        return compare_ours(w, rank, err);
    if (pictures_get(w->old, rank, w->left, NULL) < 0 ||
        pictures_next(w->made, rank, w->right, NULL) < 0 || !frames_equal(w->left, w->right))
        w->suspect = w->suspect < 0 ? rank : w->suspect;
    return OSP_OK;
}

static int64_t compared_from(const struct cut *cut)
{
    return cut->head > NEIGHBOURS ? cut->head - NEIGHBOURS : 0;
}

static int64_t compared_end(const struct master *master, const struct cut *cut)
{
    return cut->tail + NEIGHBOURS < master->count ? cut->tail + NEIGHBOURS : master->count;
}

/*
 * Where packets are damaged a decoder fills in from what it showed before, and that is ours now:
 * copied packets then decode otherwise, in every player, and no splice can help it. Such a master
 * betrays itself: what follows its IDR picture depends on where decoding began, or the decoder
 * tells of errors.
 */
static int master_damaged(const struct master *master, const struct watch *w, int64_t from,
                          int64_t end, bool *damaged, osp_error *err)
{
    OSP_AUTO(pictures_close) struct pictures *at = NULL;
    OSP_AUTO(pictures_close) struct pictures *before = NULL;
    /* on one thread: what several make of damage, and whether they tell, is a matter of luck */
    int ret = pictures_open(master, 1, &at, err);

    if (ret >= 0)
        ret = pictures_open(master, 1, &before, err);
    if (ret >= 0)
        ret = pictures_start(at, from, err);
    if (ret >= 0)
        ret = pictures_start(before, from > 0 ? from - 1 : 0, err);
    for (int64_t rank = from; ret >= 0 && rank < end; rank++)
        *damaged |= !same_picture(at, before, rank, w->left, w->right);
    if (ret >= 0)
        *damaged |= pictures_errors(at) + pictures_errors(before) > 0;
    return ret;
}

/* Copied pictures that decode otherwise: our fault, or the master's? */
static int judge_suspects(const struct master *master, const struct watch *w, osp_error *err)
{
    int64_t end = compared_end(master, w->cut) + H264_REORDER_MAX; /* what refers to one behind */
    bool damaged = false;
    int ret = master_damaged(master, w, compared_from(w->cut), w->cut->head, &damaged, err);

    if (ret >= 0 && w->cut->tail < master->count)
        ret = master_damaged(master, w, w->cut->tail, end < master->count ? end : master->count,
                             &damaged, err);
    if (ret < 0)
        return ret;
    if (!damaged)
        return w->suspect >= 0 ? differs(err, "a copied picture decodes otherwise", w->suspect)
                               : differs(err, "errors of the decoder", pictures_errors(w->made));
    log_write(OSP_LOG_WARNING, "the master itself is damaged next to the shot: what is copied "
                               "there is proved by its packets alone");
    return OSP_OK;
}

int proof_check(const struct master *master, const struct cut *cut, int threads, osp_error *err)
{
    OSP_AUTO(pictures_close) struct pictures *pictures = NULL;
    OSP_AUTO(av_frame_free) AVFrame *frame = av_frame_alloc();
    int ret = frame ? pictures_open(master, threads, &pictures, err) : osp_nomem(err);

    for (int64_t rank = cut->head; ret >= 0 && rank < cut->tail; rank++) {
        osp_error why = { 0 };

        if (rank == cut->first)
            rank = cut->end;
        if (rank < cut->tail && pictures_get(pictures, rank, frame, &why) < 0)
            ret = why.code == OSP_EMEDIA
                      ? master_refuse(err, "the film is damaged beside the shot: %s", why.text)
                      : osp_fail(err, (osp_code)why.code, "%s", why.text);
    }
    return ret;
}

static int compare_pictures(struct watch *w, const struct master *master,
                            const osp_control *control, osp_error *err)
{
    int64_t from = compared_from(w->cut), end = compared_end(master, w->cut);
    int ret = pictures_start(w->made, from, err);

    for (int64_t rank = from; ret >= 0 && rank < end; rank++) {
        ret = control_step(control, "proof", (double)(rank - from) / (double)(end - from),
                           "decoding", err);
        if (ret >= 0)
            ret = compare_picture(w, rank, err);
    }
    if (ret >= 0 && (w->suspect >= 0 || pictures_errors(w->made) > 0))
        ret = judge_suspects(master, w, err);
    return ret;
}

static int prove_pictures(const struct master *a, const struct master *b, const struct cut *cut,
                          int threads, const osp_control *control, double *psnr_db, osp_error *err)
{
    OSP_AUTO(pictures_close) struct pictures *old = NULL;
    OSP_AUTO(pictures_close) struct pictures *made = NULL;
    OSP_AUTO(av_frame_free) AVFrame *left = av_frame_alloc();
    OSP_AUTO(av_frame_free) AVFrame *right = av_frame_alloc();
    struct watch w = {
        .cut = cut, .left = left, .right = right, .suspect = -1, .psnr_db = psnr_db
    };
    int ret;

    if (!left || !right)
        return osp_nomem(err);
    ret = pictures_open(a, threads, &old, err);
    if (ret >= 0)
        ret = pictures_open(b, threads, &made, err);
    if (ret < 0)
        return ret;
    w.old = old;
    w.made = made;
    return compare_pictures(&w, a, control, err);
}

int proof_run(const struct master *master, const struct cut *cut, const char *path, int threads,
              const osp_control *control, double *psnr_db, osp_error *err)
{
    OSP_AUTO(master_close) struct master *made = NULL;
    int ret = master_open(path, &made, err);

    *psnr_db = IDENTICAL_PSNR_DB;
    if (ret < 0)
        return osp_while(err, "reading what was just written");
    ret = control_step(control, "proof", 0, "", err);
    if (ret >= 0)
        ret = compare_boxes(master, made, err);
    if (ret >= 0)
        ret = compare_times(master, made, cut, err);
    if (ret >= 0)
        ret = compare_packets(master, made, cut, control, err);
    if (ret >= 0)
        ret = prove_pictures(master, made, cut, threads, control, psnr_db, err);
    return ret;
}
