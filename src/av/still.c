/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "av/still.h"

#include "av/open.h"

AVCodecContext *still_encoder(enum AVCodecID id, const AVFrame *frame)
{
    const AVCodec *codec = avcodec_find_encoder(id);
    AVCodecContext *encoder = codec ? avcodec_alloc_context3(codec) : NULL;

    if (!encoder)
        return NULL;
    encoder->width = frame->width;
    encoder->height = frame->height;
    encoder->pix_fmt = frame->format;
    encoder->time_base = (AVRational){ 1, 25 };
    encoder->flags |= AV_CODEC_FLAG_BITEXACT;
    return encoder;
}

int still_encode(AVCodecContext *encoder, const AVFrame *frame, AVPacket *packet, osp_error *err)
{
    int ret = avcodec_open2(encoder, NULL, NULL);

    if (ret >= 0)
        ret = avcodec_send_frame(encoder, frame);
    if (ret >= 0)
        ret = avcodec_send_frame(encoder, NULL);
    if (ret >= 0)
        ret = avcodec_receive_packet(encoder, packet);
    if (ret < 0)
        return av_failed(err, OSP_EINTERNAL, ret, "cannot encode a %s picture",
                         avcodec_get_name(encoder->codec_id));
    return OSP_OK;
}
