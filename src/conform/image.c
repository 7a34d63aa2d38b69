/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One picture in, one picture out: JPEG and PNG by libavcodec. Print colours (CMYK) would come out
 * false: the plan refuses them. */
#include <stdlib.h>
#include <string.h>

#include "av/decode.h"
#include "av/graph.h"
#include "av/still.h"
#include "base/auto.h"
#include "base/str.h"
#include "base/tmpfile.h"
#include "conform/internal.h"

static int encode(const AVFrame *frame, bool png, const char *path, osp_error *err)
{
    OSP_AUTO(avcodec_free_context)
    AVCodecContext *encoder = still_encoder(png ? AV_CODEC_ID_PNG : AV_CODEC_ID_MJPEG, frame);
    OSP_AUTO(av_packet_free) AVPacket *packet = av_packet_alloc();
    int ret;

    if (!encoder || !packet)
        return osp_nomem(err);
    encoder->color_range = png ? AVCOL_RANGE_UNSPECIFIED : AVCOL_RANGE_JPEG;
    encoder->flags |= AV_CODEC_FLAG_QSCALE;
    encoder->global_quality = FF_QP2LAMBDA; /* the finest there is */
    encoder->qmin = 1;
    ret = still_encode(encoder, frame, packet, err);
    return ret < 0 ? ret : tmpfile_write(path, packet->data, (size_t)packet->size, err);
}

int conform_image(const char *input, const char *path, const osp_plan *plan, const osp_facts *facts,
                  osp_error *err)
{
    OSP_AUTO(reader_free) struct reader *reader = NULL;
    OSP_AUTO(graph_free) struct graph *graph = NULL;
    OSP_AUTO(av_frame_free) AVFrame *frame = av_frame_alloc();
    OSP_AUTO(auto_free) char *filters = conform_filters(plan_geometry(plan), &facts->video, 0);
    bool png = str_ends(path, ".png");
    int ret;

    if (!frame || !filters)
        return osp_nomem(err);
    ret = reader_open(input, AVMEDIA_TYPE_VIDEO, 1, &reader, err);
    if (ret < 0)
        return ret;
    ret = reader_next(reader, frame, err);
    if (ret <= 0)
        return ret < 0 ? ret : osp_fail(err, OSP_EMEDIA, "'%s' has no picture", input);
    frame->pts = 0;
    ret = graph_open(frame, (AVRational){ 1, 25 }, filters,
                     png ? AV_PIX_FMT_RGB24 : AV_PIX_FMT_YUVJ444P, 0, &graph, err);
    if (ret == OSP_OK)
        ret = graph_push(graph, frame, err);
    if (ret == OSP_OK)
        ret = graph_push(graph, NULL, err);
    if (ret < 0)
        return ret;
    ret = graph_pull(graph, frame, err);
    if (ret <= 0)
        return ret < 0 ? ret : osp_fail(err, OSP_EINTERNAL, "the filters lost the picture");
    return encode(frame, png, path, err);
}
