/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Decode the range, turn each picture as the plan says, encode. One picture is held at a time. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "av/decode.h"
#include "av/graph.h"
#include "base/auto.h"
#include "base/cancel.h"
#include "base/rational.h"
#include "base/str.h"
#include "conform/internal.h"

/* Visually lossless for a reference: about 47 dB on animation and on camera material. */
#define CRF 14

struct work {
    const osp_plan *plan;
    const osp_facts *facts;
    struct reader *reader;
    struct graph *graph;
    struct output *output;
    struct sound_track *sound;
    AVFrame *current; /* the master picture `index` */
    AVFrame *next;    /* decoded, not looked at yet when `pending` */
    AVFrame *filtered;
    int64_t index;
    bool pending, ended;
    char *filters;
    int track, threads;
    AVRational time_base;
};

static void work_release(struct work *w)
{
    reader_free(&w->reader);
    graph_free(&w->graph);
    sound_free(&w->sound);
    output_free(&w->output);
    av_frame_free(&w->current);
    av_frame_free(&w->next);
    av_frame_free(&w->filtered);
    free(w->filters);
}

/* Which shown picture has the time that lies nearest. */
static int64_t index_of(const osp_video_facts *v, int64_t pts)
{
    int64_t low = 0, high = v->frame_count - 1;

    pts -= v->start_pts;
    while (low < high) {
        int64_t middle = low + (high - low) / 2;

        if (v->frame_pts[middle] < pts)
            low = middle + 1;
        else
            high = middle;
    }
    if (low > 0 && pts - v->frame_pts[low - 1] < v->frame_pts[low] - pts)
        low--;
    return low;
}

/* Hold the master picture `wanted`, or the one nearest behind it when it is missing. */
static int decode_to(struct work *w, int64_t wanted, osp_error *err)
{
    while (!w->ended && w->index < wanted) {
        int64_t index;
        int ret = w->pending ? 1 : reader_next(w->reader, w->next, err);

        if (ret < 0)
            return ret;
        w->pending = false;
        if (ret == 0) {
            w->ended = true;
            break;
        }
        index = index_of(&w->facts->video, w->next->pts);
        if (index > wanted && w->index >= 0) {
            w->pending = true; /* a picture is missing: the one before it stays */
            break;
        }
        av_frame_unref(w->current);
        av_frame_move_ref(w->current, w->next);
        w->index = index;
    }
    if (w->index < 0)
        return osp_fail(err, OSP_EMEDIA, "no picture of the range can be decoded");
    return OSP_OK;
}

/* Start at the key frame before the range; where that lands behind it, at the start. */
static int seek_to(struct work *w, int64_t first, osp_error *err)
{
    const osp_video_facts *v = &w->facts->video;
    int ret;

    w->index = -1;
    if (first == 0)
        return OSP_OK;
    ret = reader_seek(w->reader, v->frame_pts[first] + v->start_pts, err);
    if (ret < 0)
        return ret;
    ret = reader_next(w->reader, w->next, err);
    if (ret < 0)
        return ret;
    w->pending = ret > 0 && index_of(v, w->next->pts) <= first;
    return w->pending ? OSP_OK : reader_seek(w->reader, INT64_MIN / 4, err);
}

static int start_output(struct work *w, const char *input, const AVFrame *first, osp_error *err)
{
    OSP_AUTO(avcodec_free_context) AVCodecContext *encoder = NULL;
    OSP_AUTO(auto_free) char *params = NULL;
    osp_plan_summary s = { .size = sizeof(s) };
    struct video_spec spec;
    int ret;

    osp_plan_summarize(w->plan, &s);
    if (plan_bytes_max(w->plan)) {
        /* a ceiling for noise: three quarters of what the size allows, one buffer more at most */
        double kbit = (double)plan_bytes_max(w->plan) * 8e-3 * 0.75 /
                      (rational_double(s.reference_s) + 1);

        params = str_format("vbv-maxrate=%d:vbv-bufsize=%d", (int)kbit, (int)kbit);
        if (!params)
            return osp_nomem(err);
    }
    spec = (struct video_spec){ .width_px = first->width,
                                .height_px = first->height,
                                .format = first->format,
                                .rate = av_make_q((int)s.reference_rate.num,
                                                  (int)s.reference_rate.den),
                                .sar = { 1, 1 },
                                .tags = first,
                                .crf = CRF,
                                .params = params,
                                .threads = w->threads,
                                .global_header = 1 };
    ret = encoder_open_h264(&spec, &encoder, err);
    if (ret < 0)
        return ret;
    w->time_base = encoder->time_base;
    w->track = output_add_encoder(w->output, &encoder, err);
    if (w->track < 0)
        return w->track;
    ret = sound_open(input, w->plan, w->facts, w->output, &w->sound, err);
    if (ret < 0)
        return ret;
    return output_start(w->output, "movflags=+faststart:fflags=+bitexact", err);
}

static int drain_graph(struct work *w, const char *input, osp_error *err)
{
    int ret;

    while ((ret = graph_pull(w->graph, w->filtered, err)) > 0) {
        if (w->track < 0 && (ret = start_output(w, input, w->filtered, err)) < 0)
            return ret;
        w->filtered->pts = av_rescale_q(w->filtered->pts, graph_time_base(w->graph), w->time_base);
        w->filtered->pict_type = AV_PICTURE_TYPE_NONE;
        ret = sound_advance(w->sound, (double)w->filtered->pts * av_q2d(w->time_base), err);
        if (ret >= 0)
            ret = output_frame(w->output, w->track, w->filtered, err);
        if (ret < 0)
            return ret;
    }
    return ret;
}

static int one_picture(struct work *w, const char *input, int64_t k, osp_error *err)
{
    const struct plan_timing *t = plan_timing(w->plan);
    AVRational tick = av_make_q((int)t->rate.den, (int)t->rate.num);
    int ret = decode_to(w, t->map ? t->map[k] : t->sent_first + k, err);

    if (ret < 0)
        return ret;
    (void)picture_tag(w->current);
    w->current->pts = k;
    if (!w->graph) {
        ret = graph_open(w->current, tick, w->filters, AV_PIX_FMT_YUV420P, 0, &w->graph, err);
        if (ret < 0)
            return ret;
    }
    if (!graph_fits(w->graph, w->current))
        return osp_fail(err, OSP_EMEDIA, "the picture changes its size or format inside the range");
    ret = graph_push(w->graph, w->current, err);
    return ret < 0 ? ret : drain_graph(w, input, err);
}

int conform_video(const char *input, const char *path, const osp_plan *plan, const osp_facts *facts,
                  int threads, const osp_control *control, osp_error *err)
{
    const struct plan_timing *t = plan_timing(plan);
    OSP_AUTO(work_release)
    struct work w = { .plan = plan, .facts = facts, .track = -1, .threads = threads };
    int ret;

    w.current = av_frame_alloc();
    w.next = av_frame_alloc();
    w.filtered = av_frame_alloc();
    w.filters = conform_filters(plan_geometry(plan), &facts->video, 1);
    if (!w.current || !w.next || !w.filtered || !w.filters)
        return osp_nomem(err);
    ret = reader_open(input, AVMEDIA_TYPE_VIDEO, threads, &w.reader, err);
    if (ret == OSP_OK)
        ret = output_open(path, str_ends(path, ".mov") ? "mov" : "mp4", &w.output, err);
    if (ret == OSP_OK)
        ret = seek_to(&w, t->sent_first, err);
    for (int64_t k = 0; ret == OSP_OK && k < t->frames; k++) {
        ret = one_picture(&w, input, k, err);
        if (ret == OSP_OK)
            ret = control_step(control, "conform", (double)k / (double)t->frames, "", err);
    }
    if (ret == OSP_OK && (ret = graph_push(w.graph, NULL, err)) == OSP_OK)
        ret = drain_graph(&w, input, err);
    if (ret == OSP_OK && w.track < 0)
        ret = osp_fail(err, OSP_EMEDIA, "no picture of the range can be decoded");
    if (ret == OSP_OK)
        ret = output_frame(w.output, w.track, NULL, err);
    if (ret == OSP_OK)
        ret = sound_advance(w.sound, INFINITY, err);
    return ret < 0 ? ret : output_finish(w.output, err);
}
