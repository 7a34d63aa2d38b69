/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "av/graph.h"

#include <libavutil/channel_layout.h>
#include <libavutil/opt.h>
#include <libavutil/pixdesc.h>
#include <stdio.h>
#include <stdlib.h>

#include "av/late.h"
#include "av/open.h"
#include "base/auto.h"

struct graph {
    const struct late_avfilter *lib;
    AVFilterGraph *filters;
    AVFilterContext *source, *sink;
    int width, height, format;
};

static int make_source(struct graph *graph, const char *filter, const char *arguments)
{
    return graph->lib->avfilter_graph_create_filter(&graph->source,
                                                    graph->lib->avfilter_get_by_name(filter), "in",
                                                    arguments, NULL, graph->filters);
}

static int make_sink(struct graph *graph, const char *filter)
{
    return graph->lib->avfilter_graph_create_filter(
        &graph->sink, graph->lib->avfilter_get_by_name(filter), "out", NULL, NULL, graph->filters);
}

static void free_ends(AVFilterInOut **ends)
{
    late_avfilter(NULL)->avfilter_inout_free(ends); /* there are ends: it is loaded */
}

static int link_text(struct graph *graph, const char *text, osp_error *err)
{
    OSP_AUTO(free_ends) AVFilterInOut *in = graph->lib->avfilter_inout_alloc();
    OSP_AUTO(free_ends) AVFilterInOut *out = graph->lib->avfilter_inout_alloc();
    int ret;

    if (!in || !out)
        return osp_nomem(err);
    /* seen from the text: what goes in comes out of our source */
    out->name = av_strdup("in");
    out->filter_ctx = graph->source;
    in->name = av_strdup("out");
    in->filter_ctx = graph->sink;
    ret = graph->lib->avfilter_graph_parse_ptr(graph->filters, text, &in, &out, NULL);
    if (ret >= 0)
        ret = graph->lib->avfilter_graph_config(graph->filters, NULL);
    if (ret < 0)
        return av_failed(err, OSP_EMEDIA, ret, "cannot set up the filters '%s'", text);
    return OSP_OK;
}

static int graph_new(int threads, struct graph **out, osp_error *err)
{
    const struct late_avfilter *lib = late_avfilter(err);
    OSP_AUTO(graph_free) struct graph *graph = lib ? calloc(1, sizeof(*graph)) : NULL;

    if (!lib)
        return OSP_EINTERNAL;
    av_talk_redirect();
    if (!graph)
        return osp_nomem(err);
    graph->lib = lib;
    graph->filters = lib->avfilter_graph_alloc();
    if (!graph->filters)
        return osp_nomem(err);
    graph->filters->nb_threads = threads;
    *out = OSP_TAKE(graph);
    return OSP_OK;
}

int graph_open(const AVFrame *first, AVRational time_base, const char *filters,
               enum AVPixelFormat format, int threads, struct graph **out, osp_error *err)
{
    OSP_AUTO(graph_free) struct graph *graph = NULL;
    char arguments[256];
    int ret = graph_new(threads, &graph, err);

    if (ret < 0)
        return ret;
    graph->width = first->width;
    graph->height = first->height;
    graph->format = first->format;
    snprintf(arguments, sizeof(arguments),
             "video_size=%dx%d:pix_fmt=%d:time_base=%d/%d:pixel_aspect=%d/%d", first->width,
             first->height, first->format, time_base.num, time_base.den,
             first->sample_aspect_ratio.num, FFMAX(first->sample_aspect_ratio.den, 1));
    ret = make_source(graph, "buffer", arguments);
    if (ret >= 0)
        ret = make_sink(graph, "buffersink");
    if (ret >= 0 && format != AV_PIX_FMT_NONE)
        ret = av_opt_set_bin(graph->sink, "pix_fmts", (const uint8_t *)&format, sizeof(format),
                             AV_OPT_SEARCH_CHILDREN);
    if (ret < 0)
        return av_failed(err, OSP_EMEDIA, ret, "cannot set up a filter graph");
    ret = link_text(graph, filters, err);
    if (ret < 0)
        return ret;
    *out = OSP_TAKE(graph);
    return OSP_OK;
}

int graph_open_sound(const AVFrame *first, AVRational time_base, const char *filters,
                     struct graph **out, osp_error *err)
{
    OSP_AUTO(graph_free) struct graph *graph = NULL;
    char arguments[256], layout[64] = "";
    int ret = graph_new(1, &graph, err);

    if (ret < 0)
        return ret;
    graph->format = first->format;
    if (first->ch_layout.order == AV_CHANNEL_ORDER_UNSPEC)
        snprintf(layout, sizeof(layout), "channels=%d", first->ch_layout.nb_channels);
    else
        av_channel_layout_describe(&first->ch_layout, layout, sizeof(layout));
    snprintf(arguments, sizeof(arguments), "time_base=%d/%d:sample_rate=%d:sample_fmt=%s:%s%s",
             time_base.num, time_base.den, first->sample_rate,
             av_get_sample_fmt_name(first->format),
             first->ch_layout.order == AV_CHANNEL_ORDER_UNSPEC ? "" : "channel_layout=", layout);
    ret = make_source(graph, "abuffer", arguments);
    if (ret >= 0)
        ret = make_sink(graph, "abuffersink");
    if (ret < 0)
        return av_failed(err, OSP_EMEDIA, ret, "cannot set up a sound graph");
    ret = link_text(graph, filters, err);
    if (ret < 0)
        return ret;
    *out = OSP_TAKE(graph);
    return OSP_OK;
}

int graph_push(struct graph *graph, AVFrame *frame, osp_error *err)
{
    int ret = graph->lib->av_buffersrc_add_frame_flags(graph->source, frame,
                                                       AV_BUFFERSRC_FLAG_KEEP_REF);

    if (ret < 0)
        return av_failed(err, OSP_EMEDIA, ret, "cannot filter a frame");
    return OSP_OK;
}

int graph_pull(struct graph *graph, AVFrame *frame, osp_error *err)
{
    int ret;

    av_frame_unref(frame);
    ret = graph->lib->av_buffersink_get_frame(graph->sink, frame);
    if (ret == AVERROR(EAGAIN) || ret == AVERROR_EOF)
        return 0;
    if (ret < 0)
        return av_failed(err, OSP_EMEDIA, ret, "cannot filter a frame");
    return 1;
}

AVRational graph_time_base(const struct graph *graph)
{
    return graph->lib->av_buffersink_get_time_base(graph->sink);
}

void graph_frame_size(struct graph *graph, int samples)
{
    graph->lib->av_buffersink_set_frame_size(graph->sink, (unsigned)samples);
}

int graph_fits(const struct graph *graph, const AVFrame *frame)
{
    return frame->width == graph->width && frame->height == graph->height &&
           frame->format == graph->format;
}

void graph_free(struct graph **graph)
{
    if (!*graph)
        return;
    (*graph)->lib->avfilter_graph_free(&(*graph)->filters);
    free(*graph);
    *graph = NULL;
}

/* yuvj formats are full range by their name; zscale knows the tag alone. */
static enum AVPixelFormat without_j(enum AVPixelFormat format)
{
    static const enum AVPixelFormat pairs[][2] = {
        { AV_PIX_FMT_YUVJ420P, AV_PIX_FMT_YUV420P }, { AV_PIX_FMT_YUVJ422P, AV_PIX_FMT_YUV422P },
        { AV_PIX_FMT_YUVJ444P, AV_PIX_FMT_YUV444P }, { AV_PIX_FMT_YUVJ440P, AV_PIX_FMT_YUV440P },
        { AV_PIX_FMT_YUVJ411P, AV_PIX_FMT_YUV411P },
    };

    for (size_t i = 0; i < OSP_COUNT(pairs); i++) {
        if (pairs[i][0] == format)
            return pairs[i][1];
    }
    return format;
}

/* Untagged pictures up to this size are taken for standard definition: BT.601. */
#define SD_LINES   576
#define SD_COLUMNS 1279

int picture_tag(AVFrame *frame)
{
    const AVPixFmtDescriptor *kind = av_pix_fmt_desc_get(frame->format);
    int guessed = frame->colorspace == AVCOL_SPC_UNSPECIFIED;
    int hd = frame->height > SD_LINES || frame->width > SD_COLUMNS;
    enum AVPixelFormat plain = without_j(frame->format);

    if (plain != (enum AVPixelFormat)frame->format) {
        frame->format = plain;
        frame->color_range = AVCOL_RANGE_JPEG;
    }
    if (kind && (kind->flags & AV_PIX_FMT_FLAG_RGB)) {
        frame->colorspace = AVCOL_SPC_RGB;
        frame->color_range = AVCOL_RANGE_JPEG;
    }
    if (frame->color_range == AVCOL_RANGE_UNSPECIFIED)
        frame->color_range = AVCOL_RANGE_MPEG;
    if (frame->colorspace == AVCOL_SPC_UNSPECIFIED)
        frame->colorspace = hd ? AVCOL_SPC_BT709 : AVCOL_SPC_SMPTE170M;
    if (frame->color_primaries == AVCOL_PRI_UNSPECIFIED)
        frame->color_primaries = hd || frame->colorspace == AVCOL_SPC_BT709 ? AVCOL_PRI_BT709
                                                                            : AVCOL_PRI_SMPTE170M;
    if (frame->color_trc == AVCOL_TRC_UNSPECIFIED)
        frame->color_trc = frame->color_primaries == AVCOL_PRI_BT2020 ? AVCOL_TRC_BT2020_10
                           : hd                                       ? AVCOL_TRC_BT709
                                                                      : AVCOL_TRC_SMPTE170M;
    return guessed;
}
