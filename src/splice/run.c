/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "splice/run.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "av/open.h"
#include "av/output.h"
#include "base/auto.h"
#include "base/cancel.h"
#include "splice/bits.h"
#include "splice/composite.h"
#include "splice/pictures.h"

/*
 * The encoder is held to what the master's sequence parameter set says: its profile's tools, its
 * level, one reference picture, no reordering. All its pictures are reference pictures, so their
 * numbers simply count on.
 */

struct maker {
    const struct run_source *source;
    struct pictures *pictures;
    AVCodecContext *encoder;
    AVPacket *packet;
    AVFrame *frame, *clip_frame;
    struct h264_sps own_sps; /* of the encoder */
    struct h264_pps own_pps;
    struct run run;
};

enum AVPixelFormat run_format(const struct h264_sps *sps)
{
    static const enum AVPixelFormat formats[4][2] = {
        { AV_PIX_FMT_GRAY8, AV_PIX_FMT_GRAY10 },
        { AV_PIX_FMT_YUV420P, AV_PIX_FMT_YUV420P10 },
        { AV_PIX_FMT_YUV422P, AV_PIX_FMT_YUV422P10 },
        { AV_PIX_FMT_YUV444P, AV_PIX_FMT_YUV444P10 },
    };

    return formats[sps->chroma_format_idc & 3][sps->bit_depth_luma > 8];
}

/* ---- encoder ---- */

static void encoder_params(const struct run_source *source, char *out, size_t size)
{
    const struct h264_sps *sps = &source->cut->sps;

    snprintf(out, size,
             "bframes=0:ref=1:scenecut=0:rc-lookahead=0:sync-lookahead=0:mbtree=0:aud=0:annexb=1:"
             "repeat-headers=0:sliced-threads=0:open-gop=0:keyint=%s:level=%u.%u%s%s%s",
             source->cut->all_intra ? "1" : "infinite", sps->level_idc / 10, sps->level_idc % 10,
             sps->profile_idc == 66 ? ":cabac=0:weightp=0" : ":weightp=1",
             sps->profile_idc < 100 || sps->chroma_format_idc == 3 ? ":8x8dct=0" : ":8x8dct=1",
             /* 7.4.2.1.1: at QP' 0 the master's flag would make our blocks lossless */
             sps->transform_bypass ? ":qpmin=1" : "");
}

static int read_own_sets(struct maker *maker, osp_error *err)
{
    const AVCodecContext *encoder = maker->encoder;
    const struct cut *cut = maker->source->cut;
    OSP_AUTO(strbuf_release) struct strbuf pps = STRBUF_INIT;
    bool sps_seen = false, pps_seen = false;
    size_t at = 0;
    struct nal nal;

    while (h264_annexb_next(encoder->extradata, (size_t)encoder->extradata_size, &at, &nal)) {
        unsigned type = nal.data[0] & 31u;

        if (type == H264_NAL_SPS)
            sps_seen = h264_sps_parse(nal.data, nal.size, &maker->own_sps);
        if (type == H264_NAL_PPS && h264_pps_parse(nal.data, nal.size, &maker->own_pps))
            pps_seen = h264_pps_renumber(nal.data, nal.size, (unsigned)cut->free_pps, cut->sps.id,
                                         &pps);
    }
    if (!sps_seen || !pps_seen)
        return osp_fail(err, OSP_EINTERNAL, "the encoder's parameter sets cannot be read");
    maker->run.pps_size = pps.size;
    maker->run.pps = (uint8_t *)strbuf_take(&pps);
    return maker->run.pps ? OSP_OK : osp_nomem(err);
}

static int open_encoder(struct maker *maker, osp_error *err)
{
    const struct run_source *source = maker->source;
    const struct master *master = source->master;
    const struct mp4_sample *sample = &master->track->samples[source->cut->head];
    char params[400];
    struct video_spec spec = {
        .width_px = source->cut->sps.width_px,
        .height_px = source->cut->sps.height_px,
        .format = run_format(&source->cut->sps),
        .crf = source->crf,
        .preset = "superfast",
        .params = params,
        .threads = source->threads,
        .global_header = 1,
    };
    int ret;

    encoder_params(source, params, sizeof(params));
    av_reduce(&spec.rate.num, &spec.rate.den, master->track->timescale,
              sample->duration ? sample->duration : master->track->timescale / 25 + 1, 60000);
    ret = encoder_open_h264(&spec, &maker->encoder, err);
    return ret < 0 ? ret : read_own_sets(maker, err);
}

/* ---- samples ---- */

static void add_nal(struct strbuf *sample, const uint8_t *data, size_t size, unsigned length_size)
{
    uint8_t length[4] = { (uint8_t)(size >> 24), (uint8_t)(size >> 16), (uint8_t)(size >> 8),
                          (uint8_t)size };

    strbuf_add(sample, length + 4 - length_size, length_size);
    strbuf_add(sample, data, size);
}

/* The slices of one encoded picture as a sample of the master. The encoder's own sets and SEI stay
 * out: decoders take the version that x264 leaves there for the master's, and work around its
 * bugs in the copied pictures. */
static int make_sample(struct maker *maker, int64_t index, struct strbuf *sample, bool *idr,
                       osp_error *err)
{
    const struct cut *cut = maker->source->cut;
    unsigned width = maker->source->master->record.length_size;
    size_t at = 0;
    struct nal nal;
    bool first = true;

    while (h264_annexb_next(maker->packet->data, (size_t)maker->packet->size, &at, &nal)) {
        OSP_AUTO(strbuf_release) struct strbuf text = STRBUF_INIT;
        unsigned type = nal.data[0] & 31u;
        struct h264_target target = {
            .sps = &cut->sps,
            .pps_id = (unsigned)cut->free_pps,
            .frame_num = cut->all_intra ? 0 : (unsigned)index,
            .poc = cut->all_intra ? 0 : (unsigned)index * 2,
            .idr_pic_id = cut->idr_pic_id + (cut->all_intra ? (unsigned)(index & 1) : 0),
        };

        if (type != H264_NAL_SLICE && type != H264_NAL_IDR)
            continue;
        if (first && cut->aud) { /* 7.4.2.4: primary_pic_type 0 is I, 1 is P and I */
            const uint8_t aud[2] = { H264_NAL_AUD, type == H264_NAL_IDR ? 0x10 : 0x30 };

            add_nal(sample, aud, sizeof(aud), width);
        }
        first = false;
        *idr = type == H264_NAL_IDR;
        if (!h264_slice_rewrite(&nal, &maker->own_sps, &maker->own_pps, &target, &text))
            return osp_fail(err, OSP_EINTERNAL, "the encoder's slice cannot be rewritten");
        if (text.size >> (8 * width))
            return osp_fail(err, OSP_EINTERNAL, "a picture is too large for the master's format");
        add_nal(sample, (const uint8_t *)text.data, text.size, width);
    }
    if (first || sample->failed)
        return osp_fail(err, OSP_EINTERNAL, "the encoder gave no picture");
    return OSP_OK;
}

static int keep_packet(struct maker *maker, osp_error *err)
{
    OSP_AUTO(strbuf_release) struct strbuf sample = STRBUF_INIT;
    int64_t index = maker->run.count;
    int64_t total = maker->source->cut->tail - maker->source->cut->head;
    struct made_sample *made = &maker->run.samples[index];
    int ret;

    if (index >= total)
        return osp_fail(err, OSP_EINTERNAL, "the encoder gave too many pictures");
    ret = make_sample(maker, index, &sample, &made->idr, err);
    if (ret < 0)
        return ret;
    if (made->idr != (index == 0 || maker->source->cut->all_intra))
        return osp_fail(err, OSP_EINTERNAL, "the encoder began a new sequence unasked");
    made->size = sample.size;
    made->data = malloc(sample.size);
    if (!made->data)
        return osp_nomem(err);
    memcpy(made->data, sample.data, sample.size);
    maker->run.count++;
    return OSP_OK;
}

static int encode(struct maker *maker, const AVFrame *frame, osp_error *err)
{
    int ret = avcodec_send_frame(maker->encoder, frame);

    if (ret < 0)
        return av_failed(err, OSP_EINTERNAL, ret, "cannot encode");
    while ((ret = avcodec_receive_packet(maker->encoder, maker->packet)) >= 0) {
        ret = keep_packet(maker, err);
        av_packet_unref(maker->packet);
        if (ret < 0)
            return ret;
    }
    return ret == AVERROR(EAGAIN) || ret == AVERROR_EOF
               ? OSP_OK
               : av_failed(err, OSP_EINTERNAL, ret, "cannot encode");
}

/* ---- pictures ---- */

static int master_picture(struct maker *maker, int64_t rank, osp_error *err)
{
    enum AVPixelFormat format = run_format(&maker->source->cut->sps);
    int ret = pictures_get(maker->pictures, rank, maker->frame, err);

    if (ret < 0)
        return ret;
    if (maker->frame->width != maker->source->cut->sps.width_px ||
        maker->frame->height != maker->source->cut->sps.height_px)
        return osp_fail(err, OSP_EMEDIA, "the master changes its size");
    /* yuvj420p and yuv420p differ in name alone */
    maker->frame->format = format;
    return OSP_OK;
}

static int shot_picture(struct maker *maker, int64_t rank, osp_error *err)
{
    const struct run_source *source = maker->source;
    int x = 0, y = 0, ret;

    ret = clip_frame_at(source->clip, master_pts(source->master, rank), maker->clip_frame, &x, &y,
                        err);
    if (ret < 0)
        return ret;
    if (maker->clip_frame->width == source->cut->sps.width_px &&
        maker->clip_frame->height == source->cut->sps.height_px) {
        av_frame_unref(maker->frame);
        av_frame_move_ref(maker->frame, maker->clip_frame);
        return OSP_OK;
    }
    ret = master_picture(maker, rank, err);
    if (ret < 0)
        return ret;
    return composite_onto(maker->frame, maker->clip_frame, x, y, err);
}

static int one_picture(struct maker *maker, int64_t rank, osp_error *err)
{
    const struct cut *cut = maker->source->cut;
    bool border = rank < cut->first || rank >= cut->end;
    int ret = border ? master_picture(maker, rank, err) : shot_picture(maker, rank, err);

    if (ret < 0)
        return ret;
    maker->frame->pts = rank - cut->head;
    maker->frame->pict_type = AV_PICTURE_TYPE_NONE; /* the master's type is no wish of ours */
    maker->frame->key_frame = 0;
    return encode(maker, maker->frame, err);
}

static int make_all(struct maker *maker, osp_error *err)
{
    const struct cut *cut = maker->source->cut;
    int64_t total = cut->tail - cut->head;
    int ret;

    for (int64_t rank = cut->head; rank < cut->tail; rank++) {
        ret = control_step(maker->source->control, "splice",
                           0.8 * (double)(rank - cut->head) / (double)total, "encoding", err);
        if (ret >= 0)
            ret = one_picture(maker, rank, err);
        if (ret < 0)
            return ret;
    }
    ret = encode(maker, NULL, err);
    if (ret < 0)
        return ret;
    return maker->run.count == total
               ? OSP_OK
               : osp_fail(err, OSP_EINTERNAL, "the encoder gave too few pictures");
}

static void maker_release(struct maker *maker)
{
    pictures_close(&maker->pictures);
    avcodec_free_context(&maker->encoder);
    av_packet_free(&maker->packet);
    av_frame_free(&maker->frame);
    av_frame_free(&maker->clip_frame);
    run_free(&maker->run);
}

int run_make(const struct run_source *source, struct run *out, osp_error *err)
{
    OSP_AUTO(maker_release) struct maker maker = { .source = source };
    int64_t total = source->cut->tail - source->cut->head;
    int ret;

    maker.packet = av_packet_alloc();
    maker.frame = av_frame_alloc();
    maker.clip_frame = av_frame_alloc();
    maker.run.samples = calloc((size_t)total, sizeof(*maker.run.samples));
    if (!maker.packet || !maker.frame || !maker.clip_frame || !maker.run.samples)
        return osp_nomem(err);
    ret = pictures_open(source->master, source->threads, &maker.pictures, err);
    if (ret >= 0)
        ret = open_encoder(&maker, err);
    if (ret >= 0)
        ret = make_all(&maker, err);
    if (ret < 0)
        return ret;
    *out = maker.run;
    maker.run = (struct run){ 0 };
    return OSP_OK;
}

void run_free(struct run *run)
{
    for (int64_t i = 0; run->samples && i < run->count; i++)
        free(run->samples[i].data);
    free(run->samples);
    free(run->pps);
    *run = (struct run){ 0 };
}
