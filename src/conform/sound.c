/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <math.h>
#include <stdlib.h>

#include "av/decode.h"
#include "av/graph.h"
#include "base/auto.h"
#include "base/rational.h"
#include "base/str.h"
#include "conform/internal.h"

struct sound_track {
    struct reader *reader;
    struct graph *graph;
    struct output *output;
    AVFrame *in, *out;
    char *filters;
    int track, frame_size;
    AVRational time_base; /* of the encoder */
    int64_t limit;        /* samples that fit the reference */
    double written_s;
    bool ended;
};

/* The same range as the pictures, from the same zero; what is missing at the start is silence.
 * Retimed pictures take the sound along: at 24000/1001 relabelled 24 it is 1.7 cents higher. */
static char *sound_filters(const osp_plan *plan, const osp_facts *facts, int rate, int channels)
{
    const struct plan_timing *t = plan_timing(plan);
    const osp_video_facts *v = &facts->video;
    osp_plan_summary s = { .size = sizeof(s) };
    struct strbuf out = STRBUF_INIT;
    osp_rational zero = rational_mul((osp_rational){ v->start_pts, 1 }, v->time_base);
    char from[40], to[40];

    osp_plan_summarize(plan, &s);
    rational_print(rational_add(zero, s.sent_from_s), 9, from, sizeof(from));
    rational_print(rational_add(zero, s.sent_to_s), 9, to, sizeof(to));
    strbuf_printf(&out, "atrim=start=%s:end=%s,asetpts=PTS-(%s)/TB,aresample=async=1:first_pts=0",
                  from, to, from);
    if (t->speed.num != t->speed.den)
        strbuf_printf(&out, ",asetrate=%lld,aresample=%d",
                      (long long)rational_round(rational_div((osp_rational){ rate, 1 }, t->speed)),
                      rate);
    strbuf_printf(&out, ",aformat=sample_fmts=fltp:sample_rates=%d:channel_layouts=%s", rate,
                  channels == 1 ? "mono" : "stereo");
    return strbuf_take(&out);
}

/* Rates that AAC knows; the others become 48 kHz. */
static int aac_rate(int rate)
{
    return rate == 44100 || rate == 32000 || rate == 24000 || rate == 22050 || rate == 16000 ||
                   rate == 96000
               ? rate
               : 48000;
}

int sound_open(const char *input, const osp_plan *plan, const osp_facts *facts,
               struct output *output, struct sound_track **out, osp_error *err)
{
    OSP_AUTO(sound_free) struct sound_track *s = NULL;
    OSP_AUTO(avcodec_free_context) AVCodecContext *encoder = NULL;
    int rate = aac_rate(facts->sound.sample_rate_hz), ret;
    int channels = facts->sound.channels == 1 ? 1 : 2;
    osp_plan_summary summary = { .size = sizeof(summary) };

    *out = NULL;
    if (!plan_keeps_sound(plan))
        return OSP_OK;
    s = calloc(1, sizeof(*s));
    if (!s)
        return osp_nomem(err);
    s->in = av_frame_alloc();
    s->out = av_frame_alloc();
    s->filters = sound_filters(plan, facts, rate, channels);
    if (!s->in || !s->out || !s->filters)
        return osp_nomem(err);
    osp_plan_summarize(plan, &summary);
    s->limit = rational_round(rational_mul(summary.reference_s, (osp_rational){ rate, 1 }));
    ret = reader_open(input, AVMEDIA_TYPE_AUDIO, 1, &s->reader, err);
    if (ret < 0)
        return ret;
    ret = encoder_open_aac(rate, channels, 1, &encoder, err);
    if (ret < 0)
        return ret;
    s->output = output;
    s->frame_size = encoder->frame_size;
    s->time_base = encoder->time_base;
    s->track = output_add_encoder(output, &encoder, err);
    if (s->track < 0)
        return s->track;
    *out = OSP_TAKE(s);
    return OSP_OK;
}

static int write_ready(struct sound_track *s, osp_error *err)
{
    int ret;

    while ((ret = graph_pull(s->graph, s->out, err)) > 0) {
        s->out->pts = av_rescale_q(s->out->pts, graph_time_base(s->graph), s->time_base);
        if (s->out->pts >= s->limit)
            continue;
        if (s->out->pts + s->out->nb_samples > s->limit)
            s->out->nb_samples = (int)(s->limit - s->out->pts);
        s->written_s = (double)(s->out->pts + s->out->nb_samples) * av_q2d(s->time_base);
        ret = output_frame(s->output, s->track, s->out, err);
        if (ret < 0)
            return ret;
    }
    return ret;
}

static int feed(struct sound_track *s, osp_error *err)
{
    int ret = reader_next(s->reader, s->in, err);

    if (ret < 0)
        return ret;
    if (ret == 0) {
        s->ended = true;
        if (!s->graph) /* no sound at all inside the file's track */
            return OSP_OK;
        ret = graph_push(s->graph, NULL, err);
        return ret < 0 ? ret : write_ready(s, err);
    }
    if (!s->graph) {
        ret = graph_open_sound(s->in, reader_stream(s->reader)->time_base, s->filters, &s->graph,
                               err);
        if (ret < 0)
            return ret;
        graph_frame_size(s->graph, s->frame_size);
    }
    ret = graph_push(s->graph, s->in, err);
    return ret < 0 ? ret : write_ready(s, err);
}

int sound_advance(struct sound_track *s, double until_s, osp_error *err)
{
    int ret = OSP_OK;

    while (s && ret >= 0 && !s->ended && s->written_s < until_s)
        ret = feed(s, err);
    if (ret >= 0 && s && s->ended && isinf(until_s))
        ret = output_frame(s->output, s->track, NULL, err);
    return ret;
}

void sound_free(struct sound_track **sound)
{
    struct sound_track *s = *sound;

    if (!s)
        return;
    graph_free(&s->graph);
    reader_free(&s->reader);
    av_frame_free(&s->in);
    av_frame_free(&s->out);
    free(s->filters);
    free(s);
    *sound = NULL;
}
