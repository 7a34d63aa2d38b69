/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "splice/pictures.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "av/open.h"
#include "base/auto.h"
#include "splice/inband.h"

struct pictures {
    const struct master *master;
    AVCodecContext *decoder;
    AVPacket *packet;
    AVFrame *held;     /* came too early: the next rank that can be had */
    int64_t next_slot; /* to be fed */
    bool started, draining;
    bool jumped; /* what the samples before say of parameter sets is still to be told */
    int64_t errors;
};

int pictures_open(const struct master *master, int threads, struct pictures **out, osp_error *err)
{
    OSP_AUTO(pictures_close) struct pictures *pictures = calloc(1, sizeof(*pictures));
    const AVCodec *codec = avcodec_find_decoder(AV_CODEC_ID_H264);
    AVCodecContext *decoder;
    int ret;

    if (!pictures)
        return osp_nomem(err);
    if (!codec)
        return osp_fail(err, OSP_EINTERNAL, "this libavcodec has no H.264 decoder");
    av_talk_redirect();
    pictures->master = master;
    pictures->packet = av_packet_alloc();
    pictures->held = av_frame_alloc();
    decoder = pictures->decoder = avcodec_alloc_context3(codec);
    if (!pictures->packet || !pictures->held || !decoder)
        return osp_nomem(err);
    decoder->extradata = av_mallocz(master->record.size + AV_INPUT_BUFFER_PADDING_SIZE);
    if (!decoder->extradata)
        return osp_nomem(err);
    memcpy(decoder->extradata, master->record.data, master->record.size);
    decoder->extradata_size = (int)master->record.size;
    decoder->codec_tag = MKTAG('a', 'v', 'c', '1');
    decoder->has_b_frames = master->reorder; /* else it guesses, and drops what it guessed wrong */
    decoder->pkt_timebase = (AVRational){ 1, 1000 };
    decoder->thread_count = threads;
    decoder->max_pixels = 1 << 26;
    ret = avcodec_open2(decoder, codec, NULL);
    if (ret < 0)
        return av_failed(err, OSP_EMEDIA, ret, "cannot open the decoder");
    *out = OSP_TAKE(pictures);
    return OSP_OK;
}

void pictures_close(struct pictures **pictures)
{
    if (!*pictures)
        return;
    av_frame_free(&(*pictures)->held);
    av_packet_free(&(*pictures)->packet);
    avcodec_free_context(&(*pictures)->decoder);
    free(*pictures);
    *pictures = NULL;
}

bool picture_damaged(const AVFrame *frame)
{
    return frame->decode_error_flags || frame->flags & AV_FRAME_FLAG_CORRUPT;
}

int64_t pictures_errors(const struct pictures *pictures)
{
    return pictures->errors;
}

/* The slot of the last IDR picture that is shown at or before a rank; 0 when there is none. The
 * sync flag says where to look, the NAL units what it is. */
static int find_start(const struct master *master, int64_t rank, int64_t *slot, osp_error *err)
{
    for (*slot = master->slot_of_rank[rank]; *slot > 0; --*slot) {
        const struct mp4_sample *sample = &master->track->samples[*slot];
        struct sample_kind kind;
        int ret;

        if (!sample->sync || sample->rank > rank)
            continue;
        ret = master_kind(master, *slot, &kind, err);
        if (ret < 0)
            return ret;
        if (kind.idr)
            break;
    }
    return OSP_OK;
}

static void jump(struct pictures *pictures, int64_t slot)
{
    if (pictures->started)
        avcodec_flush_buffers(pictures->decoder);
    av_frame_unref(pictures->held);
    pictures->next_slot = slot;
    pictures->started = pictures->jumped = true;
    pictures->draining = false;
}

int pictures_start(struct pictures *pictures, int64_t rank, osp_error *err)
{
    int64_t slot;
    int ret = find_start(pictures->master, rank, &slot, err);

    if (ret >= 0)
        jump(pictures, slot);
    return ret;
}

/* One sample into the decoder, or the end. */
static int feed(struct pictures *pictures, osp_error *err)
{
    const struct master *master = pictures->master;
    const struct mp4_sample *sample;
    OSP_AUTO(strbuf_release) struct strbuf missed = STRBUF_INIT;
    AVPacket *packet = pictures->packet;
    int ret;

    if (pictures->next_slot >= master->count) {
        pictures->draining = true;
        ret = avcodec_send_packet(pictures->decoder, NULL);
        return ret < 0 ? av_failed(err, OSP_EMEDIA, ret, "cannot decode") : OSP_OK;
    }
    sample = &master->track->samples[pictures->next_slot];
    av_packet_unref(packet);
    if (pictures->jumped)
        inband_missed(master, pictures->next_slot, &missed);
    pictures->jumped = false;
    if (missed.failed || sample->size > INT32_MAX / 2 ||
        av_new_packet(packet, (int)(missed.size + sample->size)) < 0)
        return osp_nomem(err);
    if (missed.size)
        memcpy(packet->data, missed.data, missed.size);
    ret = mp4_read(master->file, sample->offset, packet->data + missed.size, sample->size, err);
    if (ret < 0)
        return ret;
    packet->pts = sample->rank;
    packet->dts = pictures->next_slot - master->reorder; /* rises, and is never above pts */
    pictures->next_slot++;
    ret = avcodec_send_packet(pictures->decoder, packet);
    av_packet_unref(packet);
    if (ret == AVERROR(ENOMEM))
        return osp_nomem(err);
    pictures->errors += ret < 0;
    return OSP_OK;
}

/* The next picture that the decoder gives. @return 1, 0: the end, below 0 */
static int decode(struct pictures *pictures, AVFrame *frame, osp_error *err)
{
    for (;;) {
        int ret;

        av_frame_unref(frame);
        ret = avcodec_receive_frame(pictures->decoder, frame);
        if (ret >= 0) {
            pictures->errors += picture_damaged(frame);
            return 1;
        }
        if (ret == AVERROR_EOF || (ret == AVERROR(EAGAIN) && pictures->draining))
            return 0;
        if (ret != AVERROR(EAGAIN)) {
            pictures->errors++;
            continue;
        }
        ret = feed(pictures, err);
        if (ret < 0)
            return ret;
    }
}

int pictures_next(struct pictures *pictures, int64_t rank, AVFrame *frame, osp_error *err)
{
    int ret = 1;

    if (pictures->held->buf[0]) {
        av_frame_unref(frame);
        av_frame_move_ref(frame, pictures->held);
    } else {
        ret = decode(pictures, frame, err);
    }
    while (ret > 0 && frame->pts < rank)
        ret = decode(pictures, frame, err);
    if (ret < 0)
        return ret;
    if (ret > 0 && frame->pts == rank)
        return OSP_OK;
    if (ret > 0)
        av_frame_move_ref(pictures->held, frame);
    osp_fail(err, OSP_EMEDIA, "picture %" PRId64 " cannot be decoded",
             rank - pictures->master->shown_first);
    return osp_hint(err, "--reencode makes a new file with every picture encoded again");
}

int pictures_get(struct pictures *pictures, int64_t rank, AVFrame *frame, osp_error *err)
{
    int64_t slot;
    int ret = find_start(pictures->master, rank, &slot, err);

    if (ret < 0)
        return ret;
    if (!pictures->started || slot > pictures->next_slot)
        jump(pictures, slot);
    return pictures_next(pictures, rank, frame, err);
}
