/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Facts that only pixels tell: where a range has hard cuts. Pictures are compared as small grey
 * ones, which motion and noise hardly change. Two of them belong to different scenes when they
 * differ much, more than their neighbours do, and in structure: a flash or a fade changes the
 * brightness of a picture but not what correlates with the picture before.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <libavutil/pixdesc.h>

#include "av/decode.h"
#include "av/graph.h"
#include "base/array.h"
#include "base/auto.h"
#include "base/cancel.h"
#include "omnisplice/media.h"

#define SMALL_WIDTH  64
#define SMALL_HEIGHT 36
#define SMALL        (SMALL_WIDTH * SMALL_HEIGHT)
#define SMALL_FILTER "scale=64:36:flags=area"

/* Chosen on real footage: dissolves and whip pans stay below, cuts of like scenes above. */
#define LEAST_CHANGE     12.0 /* mean of the absolute differences, of 255 */
#define MOST_CORRELATION 0.5
#define OVER_NEIGHBOURS  3.0 /* times the median change around it */
#define NEIGHBOURS       6   /* on either side */

struct step {
    double change;      /* from the picture before */
    double correlation; /* with the picture before */
    bool back;          /* it shows what the picture before the last one showed: a flash ended */
};

struct look {
    osp_look *out;
    struct step *steps; /* [count] of the pictures looked at; the first has no change */
    size_t count, capacity;
    uint8_t last[2][SMALL]; /* the two pictures before, the newer first */
};

void osp_look_free(osp_look **look)
{
    if (!look || !*look)
        return;
    free((*look)->cuts);
    free(*look);
    *look = NULL;
}

static void look_release(struct look *look)
{
    osp_look_free(&look->out);
    free(look->steps);
}

static double change(const uint8_t *a, const uint8_t *b)
{
    int64_t sum = 0;

    for (int i = 0; i < SMALL; i++)
        sum += abs(a[i] - b[i]);
    return (double)sum / SMALL;
}

/* Of what is left when the mean is taken off, -1 to 1; an even picture correlates with nothing. */
static double correlation(const uint8_t *a, const uint8_t *b)
{
    double sum_a = 0, sum_b = 0, aa = 0, bb = 0, ab = 0;

    for (int i = 0; i < SMALL; i++) {
        sum_a += a[i];
        sum_b += b[i];
        aa += a[i] * a[i];
        bb += b[i] * b[i];
        ab += a[i] * b[i];
    }
    aa -= sum_a * sum_a / SMALL;
    bb -= sum_b * sum_b / SMALL;
    ab -= sum_a * sum_b / SMALL;
    return aa < 1 || bb < 1 ? 0 : ab / sqrt(aa * bb);
}

static int add_picture(struct look *look, const AVFrame *small, osp_error *err)
{
    uint8_t pixels[SMALL];
    struct step step = { .correlation = 1 };

    for (int y = 0; y < SMALL_HEIGHT; y++)
        memcpy(pixels + (size_t)y * SMALL_WIDTH, small->data[0] + (ptrdiff_t)y * small->linesize[0],
               SMALL_WIDTH);
    if (look->count > 0) {
        step.change = change(pixels, look->last[0]);
        step.correlation = correlation(pixels, look->last[0]);
    }
    if (look->count > 1)
        step.back = change(pixels, look->last[1]) < LEAST_CHANGE &&
                    correlation(pixels, look->last[1]) > MOST_CORRELATION;
    if (!array_grow((void **)&look->steps, sizeof(step), look->count, &look->capacity))
        return osp_nomem(err);
    look->steps[look->count++] = step;
    memcpy(look->last[1], look->last[0], SMALL);
    memcpy(look->last[0], pixels, SMALL);
    return OSP_OK;
}

static int rising(const void *a, const void *b)
{
    const double *x = a, *y = b;

    return (*x > *y) - (*x < *y);
}

/* Of the changes around a picture, its own left out. */
static double usual_change(const struct look *look, size_t at)
{
    double around[2 * NEIGHBOURS];
    size_t from = at > NEIGHBOURS ? at - NEIGHBOURS : 1, count = 0;

    for (size_t i = from; i < look->count && i <= at + NEIGHBOURS; i++) {
        if (i != at)
            around[count++] = look->steps[i].change;
    }
    if (!count)
        return 0;
    qsort(around, count, sizeof(*around), rising);
    return around[count / 2];
}

static bool is_cut(const struct look *look, size_t at)
{
    const struct step *step = &look->steps[at];
    bool flash = step->back || (at + 1 < look->count && look->steps[at + 1].back);

    return step->change >= LEAST_CHANGE && step->correlation < MOST_CORRELATION && !flash &&
           step->change >= OVER_NEIGHBOURS * usual_change(look, at);
}

static int find_cuts(struct look *look, osp_error *err)
{
    size_t capacity = 0;

    for (size_t i = 1; i < look->count; i++) {
        osp_look *out = look->out;

        if (!is_cut(look, i))
            continue;
        if (!array_grow((void **)&out->cuts, sizeof(*out->cuts), out->cut_count, &capacity))
            return osp_nomem(err);
        out->cuts[out->cut_count++] = out->first + (int64_t)i;
    }
    return OSP_OK;
}

/* One decoded picture, made small and compared. */
static int look_on(struct look *look, struct graph **graph, AVRational base, AVFrame *frame,
                   AVFrame *small, osp_error *err)
{
    int ret = OSP_OK;

    if (*graph && !graph_fits(*graph, frame))
        graph_free(graph);
    if (!*graph)
        ret = graph_open(frame, base, SMALL_FILTER, AV_PIX_FMT_GRAY8, 1, graph, err);
    if (ret >= 0)
        ret = graph_push(*graph, frame, err);
    if (ret >= 0)
        ret = graph_pull(*graph, small, err);
    if (ret == 0)
        return osp_fail(err, OSP_EINTERNAL, "a picture made small is none");
    return ret < 0 ? ret : add_picture(look, small, err);
}

static int look_through(struct look *look, struct reader *reader, const osp_facts *facts,
                        const osp_control *control, osp_error *err)
{
    OSP_AUTO(graph_free) struct graph *graph = NULL;
    OSP_AUTO(av_frame_free) AVFrame *frame = av_frame_alloc();
    OSP_AUTO(av_frame_free) AVFrame *small = av_frame_alloc();
    const osp_video_facts *video = &facts->video;
    int64_t from = video->frame_pts[look->out->first] + video->start_pts;
    int64_t wanted = look->out->count;
    int ret = frame && small ? reader_seek(reader, from, err) : osp_nomem(err);

    while (ret >= 0 && (int64_t)look->count < wanted) {
        ret = reader_next(reader, frame, err);
        if (ret == 0)
            break;
        if (ret > 0 && frame->pts >= from)
            ret = look_on(look, &graph, reader_stream(reader)->time_base, frame, small, err);
        if (ret >= 0)
            ret = control_step(control, "look", (double)look->count / (double)wanted, "", err);
    }
    return ret < 0 ? ret : OSP_OK;
}

int osp_look_at(const char *path, const osp_facts *facts, int64_t first, int64_t count,
                const osp_control *control, osp_look **out, osp_error *err)
{
    OSP_AUTO(look_release) struct look look = { .out = calloc(1, sizeof(*look.out)) };
    OSP_AUTO(reader_free) struct reader *reader = NULL;
    int64_t all = facts->kind == OSP_KIND_VIDEO ? facts->video.frame_count : 0;
    int ret;

    if (!look.out)
        return osp_nomem(err);
    if (first < 0) {
        count += first;
        first = 0;
    }
    look.out->first = first < all ? first : all;
    look.out->count = count < all - look.out->first ? count : all - look.out->first;
    if (look.out->count < 1)
        return osp_fail(err, OSP_EMEDIA, "'%s' has no pictures there", path);
    ret = reader_open(path, AVMEDIA_TYPE_VIDEO, 0, &reader, err);
    if (ret == OSP_OK)
        ret = look_through(&look, reader, facts, control, err);
    if (ret == OSP_OK)
        ret = find_cuts(&look, err);
    if (ret < 0)
        return osp_while(err, "looking at the pictures of '%s'", path);
    *out = OSP_TAKE(look.out);
    return OSP_OK;
}
