/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A small picture of a file, for reports: upright, with square pixels, as PNG. Of a video the first
 * picture behind a seek is taken, which is a key picture and cheap; a few places are tried until
 * one shows something.
 */
#include <libavutil/imgutils.h>
#include <libavutil/opt.h>
#include <libavutil/pixdesc.h>
#include <stdlib.h>
#include <string.h>

#include "av/decode.h"
#include "av/graph.h"
#include "av/still.h"
#include "base/auto.h"
#include "base/rational.h"
#include "base/str.h"
#include "omnisplice/media.h"

/* Parts of the video, in hundredths, in the order in which they are tried. */
static const int places[] = { 10, 30, 50, 75, 0 };

/* Mean distance of brightness from its mean, of 255, from which a picture shows something. */
#define CONTRAST 12

/* Pictures passed over for a whole one behind them: a seek in a transport stream ends anywhere, and
 * what then lacks its references is grey, which not every decoder calls damaged. */
#define PASSED_MAX 250

/* ---- shape ---- */

static void turned(int *width, int *height, const osp_video_facts *v)
{
    int other = *width;

    if (v->rotation_deg % 180 == 0)
        return;
    *width = *height;
    *height = other;
}

/* The displayed size, made to fit into a square of max_px; small ones stay. */
static void choose_size(const osp_video_facts *v, const AVFrame *frame, int max_px, int *width,
                        int *height)
{
    int64_t w = v->width_px, h = v->height_px, longer;

    if (w <= 0 || h <= 0) {
        int frame_width = frame->width, frame_height = frame->height;

        turned(&frame_width, &frame_height, v);
        w = frame_width;
        h = frame_height;
    }
    longer = w > h ? w : h;
    if (longer > max_px) {
        w = (w * max_px + longer / 2) / longer;
        h = (h * max_px + longer / 2) / longer;
    }
    *width = w > 0 ? (int)w : 1;
    *height = h > 0 ? (int)h : 1;
}

static bool is_hdr(const AVFrame *frame)
{
    return frame->color_trc == AVCOL_TRC_SMPTE2084 || frame->color_trc == AVCOL_TRC_ARIB_STD_B67;
}

static char *filters_for(const osp_video_facts *v, const AVFrame *frame, int max_px)
{
    static const char *const turns[] = { "", "transpose=clock,", "hflip,vflip,",
                                         "transpose=cclock," };
    struct strbuf out = STRBUF_INIT;
    int width, height;

    choose_size(v, frame, max_px, &width, &height);
    if (v->mirrored)
        strbuf_puts(&out, "hflip,");
    strbuf_puts(&out, turns[v->rotation_deg / 90 & 3]);
    strbuf_printf(&out, "scale=w=%d:h=%d:flags=area+accurate_rnd+full_chroma_int", width, height);
    if (is_hdr(frame)) /* as conform shows it, of so few pixels */
        strbuf_puts(&out, ",format=yuv444p16le,zscale=t=linear:npl=203,format=gbrpf32le,"
                          "zscale=p=bt709,tonemap=mobius:param=0.9:peak=4.926:desat=0,"
                          "zscale=t=bt709:r=full,format=gbrp");
    strbuf_puts(&out, ",setsar=1");
    return strbuf_take(&out);
}

/* The frame becomes its own small copy, RGB or RGBA. */
static int shrink(AVFrame *frame, const osp_video_facts *v, int max_px, osp_error *err)
{
    OSP_AUTO(graph_free) struct graph *graph = NULL;
    OSP_AUTO(auto_free) char *filters = NULL;
    const AVPixFmtDescriptor *format = av_pix_fmt_desc_get(frame->format);
    bool alpha = format && (format->flags & AV_PIX_FMT_FLAG_ALPHA);
    int ret;

    if (is_hdr(frame))
        (void)picture_tag(frame); /* zscale wants every tag */
    filters = filters_for(v, frame, max_px);
    if (!filters)
        return osp_nomem(err);
    frame->pts = 0;
    ret = graph_open(frame, (AVRational){ 1, 25 }, filters,
                     alpha ? AV_PIX_FMT_RGBA : AV_PIX_FMT_RGB24, 1, &graph, err);
    if (ret == OSP_OK)
        ret = graph_push(graph, frame, err);
    if (ret == OSP_OK)
        ret = graph_push(graph, NULL, err);
    if (ret == OSP_OK)
        ret = graph_pull(graph, frame, err);
    if (ret <= 0)
        return ret < 0 ? ret : osp_fail(err, OSP_EINTERNAL, "the filters lost the picture");
    return OSP_OK;
}

/* ---- which picture ---- */

static int brightness(const AVFrame *frame, int x, int y)
{
    int bytes = frame->format == AV_PIX_FMT_RGBA ? 4 : 3;
    const uint8_t *p = frame->data[0] + (ptrdiff_t)y * frame->linesize[0] + (ptrdiff_t)x * bytes;

    return (p[0] + 2 * p[1] + p[2]) / 4;
}

static int contrast(const AVFrame *frame)
{
    int64_t count = (int64_t)frame->width * frame->height, sum = 0, apart = 0;

    for (int y = 0; y < frame->height; y++) {
        for (int x = 0; x < frame->width; x++)
            sum += brightness(frame, x, y);
    }
    for (int y = 0; y < frame->height; y++) {
        for (int x = 0; x < frame->width; x++)
            apart += llabs(brightness(frame, x, y) - sum / count);
    }
    return (int)(apart / count);
}

static bool is_whole(const AVFrame *frame)
{
    return frame->pict_type == AV_PICTURE_TYPE_I && !frame->decode_error_flags &&
           !(frame->flags & AV_FRAME_FLAG_CORRUPT);
}

/* The next picture that is whole, or the last one looked at. @return 1, 0: none came, below 0 */
static int next_whole(struct reader *reader, AVFrame *frame, osp_error *err)
{
    OSP_AUTO(av_frame_free) AVFrame *last = av_frame_alloc();
    int ret = 0;

    if (!last)
        return osp_nomem(err);
    for (int i = 0; i < PASSED_MAX && (ret = reader_next(reader, frame, err)) > 0; i++) {
        if (is_whole(frame))
            return 1;
        av_frame_unref(last);
        av_frame_move_ref(last, frame);
    }
    if (ret < 0 || !last->buf[0])
        return ret < 0 ? ret : 0;
    av_frame_move_ref(frame, last);
    return 1;
}

/* The time stamp of shown picture i, in the demuxer's units. */
static int64_t stamp_of(const struct reader *reader, const osp_video_facts *v, int64_t i)
{
    AVRational from = { (int)v->time_base.num, (int)v->time_base.den };

    if (from.num <= 0 || from.den <= 0)
        return 0;
    return av_rescale_q(v->frame_pts[i] + v->start_pts, from, reader_stream(reader)->time_base);
}

static int first_small(struct reader *reader, const osp_video_facts *v, int max_px, AVFrame *out,
                       osp_error *err)
{
    int ret = next_whole(reader, out, err);

    if (ret <= 0)
        return ret;
    ret = shrink(out, v, max_px, err);
    return ret < 0 ? ret : 1;
}

/* The first place that shows something, or the one that shows most. @return 1, 0: none can be
 * decoded, below 0 */
static int representative(struct reader *reader, const osp_video_facts *v, int max_px, AVFrame *out,
                          osp_error *err)
{
    OSP_AUTO(av_frame_free) AVFrame *frame = av_frame_alloc();
    int best = -1;

    if (!frame)
        return osp_nomem(err);
    for (size_t i = 0; i < OSP_COUNT(places) && best < CONTRAST; i++) {
        osp_error missed = { 0 }; /* another place may be sound */
        int64_t at = v->frame_count * places[i] / 100;
        int shows = -1;

        if (reader_seek(reader, stamp_of(reader, v, at), &missed) == OSP_OK &&
            first_small(reader, v, max_px, frame, &missed) > 0)
            shows = contrast(frame);
        if (shows <= best)
            continue;
        best = shows;
        av_frame_unref(out);
        av_frame_move_ref(out, frame);
    }
    return best >= 0;
}

/* The first picture at or after a moment. */
static int exact(struct reader *reader, const osp_video_facts *v, osp_rational at_s, int max_px,
                 AVFrame *out, osp_error *err)
{
    int64_t i = 0, stamp;
    int ret;

    while (i < v->frame_count - 1 &&
           rational_compare(rational_mul((osp_rational){ v->frame_pts[i], 1 }, v->time_base),
                            at_s) < 0)
        i++;
    stamp = stamp_of(reader, v, i);
    ret = reader_seek(reader, stamp, err);
    while (ret >= 0 && (ret = reader_next(reader, out, err)) > 0) {
        if (out->pts >= stamp) {
            ret = shrink(out, v, max_px, err);
            return ret < 0 ? ret : 1;
        }
    }
    return ret;
}

static int from_start(const char *path, struct reader **reader, const osp_video_facts *v,
                      int max_px, AVFrame *out, osp_error *err)
{
    int ret;

    reader_free(reader);
    ret = reader_open(path, AVMEDIA_TYPE_VIDEO, 1, reader, err);
    return ret < 0 ? ret : first_small(*reader, v, max_px, out, err);
}

/* ---- PNG ---- */

static int encode_png(const AVFrame *frame, uint8_t **png, size_t *size, osp_error *err)
{
    OSP_AUTO(avcodec_free_context) AVCodecContext *encoder = still_encoder(AV_CODEC_ID_PNG, frame);
    OSP_AUTO(av_packet_free) AVPacket *packet = av_packet_alloc();
    int ret;

    if (!encoder || !packet)
        return osp_nomem(err);
    encoder->compression_level = 9;
    (void)av_opt_set(encoder->priv_data, "pred", "mixed", 0); /* larger without it, no more */
    ret = still_encode(encoder, frame, packet, err);
    if (ret < 0)
        return ret;
    *png = malloc((size_t)packet->size);
    if (!*png)
        return osp_nomem(err);
    memcpy(*png, packet->data, (size_t)packet->size);
    *size = (size_t)packet->size;
    return OSP_OK;
}

int osp_thumbnail(const char *path, const osp_facts *facts, osp_rational at_s, int max_px,
                  uint8_t **png, size_t *size, osp_error *err)
{
    OSP_AUTO(reader_free) struct reader *reader = NULL;
    OSP_AUTO(av_frame_free) AVFrame *frame = av_frame_alloc();
    const osp_video_facts *v = &facts->video;
    int ret;

    if (!frame)
        return osp_nomem(err);
    if (max_px < 1)
        return osp_fail(err, OSP_EUSAGE, "a picture of %d pixels is none", max_px);
    if (facts->kind != OSP_KIND_VIDEO && facts->kind != OSP_KIND_IMAGE)
        return osp_fail(err, OSP_EMEDIA, "'%s' has no picture", path);
    ret = reader_open(path, AVMEDIA_TYPE_VIDEO, 1, &reader, err);
    if (ret < 0)
        return ret;
    if (v->frame_count < 1)
        ret = first_small(reader, v, max_px, frame, err);
    else if (rational_known(at_s))
        ret = exact(reader, v, at_s, max_px, frame, err);
    else
        ret = representative(reader, v, max_px, frame, err);
    if (ret == 0 &&
        v->frame_count) /* no seek leads back to a transport stream's first key picture */
        ret = from_start(path, &reader, v, max_px, frame, err);
    if (ret <= 0)
        return ret < 0 ? ret : osp_fail(err, OSP_EMEDIA, "no picture of '%s' can be decoded", path);
    return encode_png(frame, png, size, err);
}
