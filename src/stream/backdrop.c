/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "stream/backdrop.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <libavutil/imgutils.h>
#include <libavutil/pixdesc.h>

#include "av/decode.h"
#include "av/graph.h"
#include "base/auto.h"

struct backdrop {
    const osp_facts *facts;
    struct reader *reader;
    struct graph *graph;
    AVFrame *decoded;
    enum AVPixelFormat format;
    int threads;
    int64_t now; /* pts of what was decoded last; INT64_MIN: nothing yet */
};

void backdrop_free(struct backdrop **backdrop)
{
    struct backdrop *b = *backdrop;

    if (!b)
        return;
    reader_free(&b->reader);
    graph_free(&b->graph);
    av_frame_free(&b->decoded);
    free(b);
    *backdrop = NULL;
}

int backdrop_open(const char *path, const osp_facts *facts, const char *format, int threads,
                  struct backdrop **out, osp_error *err)
{
    OSP_AUTO(backdrop_free) struct backdrop *b = calloc(1, sizeof(*b));
    int ret;

    if (!b)
        return osp_nomem(err);
    b->facts = facts;
    b->format = av_get_pix_fmt(format);
    b->threads = threads;
    b->now = INT64_MIN;
    b->decoded = av_frame_alloc();
    if (!b->decoded)
        return osp_nomem(err);
    ret = reader_open(path, AVMEDIA_TYPE_VIDEO, threads, &b->reader, err);
    if (ret < 0)
        return osp_while(err, "opening the master for what lies around the clip");
    *out = OSP_TAKE(b);
    return OSP_OK;
}

/* Decode up to a time; backwards and far jumps go by the next key frame before it. */
static int decode_to(struct backdrop *b, int64_t pts, osp_error *err)
{
    int64_t far = 2 * b->facts->video.time_base.den; /* two seconds of most time bases */
    int ret = OSP_OK;

    if (b->now == pts)
        return OSP_OK;
    if (b->now > pts || b->now == INT64_MIN || b->now + far < pts)
        ret = reader_seek(b->reader, pts, err);
    if (ret < 0)
        return ret;
    do {
        ret = reader_next(b->reader, b->decoded, err);
        if (ret == 0)
            return osp_fail(err, OSP_EMEDIA, "the master has no picture at its tick %" PRId64, pts);
        if (ret < 0)
            return ret;
        b->now = b->decoded->pts;
    } while (b->now < pts);
    return OSP_OK;
}

int backdrop_picture(struct backdrop *b, int64_t index, AVFrame *frame, osp_error *err)
{
    const osp_video_facts *video = &b->facts->video;
    AVRational base = { (int)video->time_base.num, (int)video->time_base.den };
    int ret = decode_to(b, video->frame_pts[index] + video->start_pts, err);

    if (ret < 0)
        return osp_while(err, "reading the master around the clip");
    if (b->graph && !graph_fits(b->graph, b->decoded))
        graph_free(&b->graph);
    if (!b->graph)
        ret = graph_open(b->decoded, base, "null", b->format, b->threads, &b->graph, err);
    if (ret >= 0)
        ret = graph_push(b->graph, b->decoded, err);
    if (ret >= 0)
        ret = graph_pull(b->graph, frame, err);
    if (ret == 0)
        ret = osp_fail(err, OSP_EINTERNAL, "the master's filters gave no picture");
    if (ret < 0)
        return osp_while(err, "fitting the master to the host's pictures");
    return av_frame_make_writable(frame) < 0 ? osp_nomem(err) : OSP_OK;
}

int backdrop_lay(AVFrame *onto, const AVFrame *part, int x, int y, osp_error *err)
{
    const AVPixFmtDescriptor *kind = av_pix_fmt_desc_get(onto->format);
    uint8_t *planes[4] = { NULL };
    int steps[4], ignored[4];

    if (onto->format != part->format || x < 0 || y < 0 || x + part->width > onto->width ||
        y + part->height > onto->height)
        return osp_fail(err, OSP_EINTERNAL, "the clip does not fit into the master's picture");
    av_image_fill_max_pixsteps(steps, ignored, kind);
    for (int i = 0; i < 4 && onto->data[i]; i++) {
        bool chroma = (i == 1 || i == 2) && !(kind->flags & AV_PIX_FMT_FLAG_RGB);
        int left = chroma ? x >> kind->log2_chroma_w : x;
        int top = chroma ? y >> kind->log2_chroma_h : y;

        planes[i] = onto->data[i] + top * onto->linesize[i] + left * steps[i];
    }
    av_image_copy(planes, onto->linesize, (const uint8_t **)(void *)part->data, part->linesize,
                  part->format, part->width, part->height);
    return OSP_OK;
}
