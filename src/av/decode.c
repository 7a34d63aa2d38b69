/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "av/decode.h"

#include <stdlib.h>

#include "base/auto.h"
#include "base/log.h"

/* Damage is passed as players do; a file that is nothing but damage is not. */
#define ERRORS_MAX 1000

struct reader {
    AVFormatContext *input;
    AVStream *stream;
    AVCodecContext *decoder;
    AVPacket *packet;
    int64_t errors;
    bool draining;
};

int reader_open(const char *path, enum AVMediaType type, int threads, struct reader **out,
                osp_error *err)
{
    OSP_AUTO(reader_free) struct reader *reader = calloc(1, sizeof(*reader));
    int ret;

    if (!reader)
        return osp_nomem(err);
    reader->packet = av_packet_alloc();
    if (!reader->packet)
        return osp_nomem(err);
    ret = input_open_deep(path, &reader->input, err);
    if (ret < 0)
        return ret;
    reader->stream = input_track(reader->input, type);
    if (!reader->stream)
        return osp_fail(err, OSP_EMEDIA, "'%s' has no %s", path,
                        type == AVMEDIA_TYPE_VIDEO ? "picture track" : "sound");
    for (unsigned i = 0; i < reader->input->nb_streams; i++) {
        if (reader->input->streams[i] != reader->stream)
            reader->input->streams[i]->discard = AVDISCARD_ALL;
    }
    ret = decoder_open(reader->stream, threads, &reader->decoder, err);
    if (ret < 0)
        return osp_while(err, "opening '%s'", path);
    *out = OSP_TAKE(reader);
    return OSP_OK;
}

/* One packet into the decoder. @return 0, or below 0 */
static int feed(struct reader *reader, osp_error *err)
{
    int ret;

    do {
        av_packet_unref(reader->packet);
        ret = av_read_frame(reader->input, reader->packet);
    } while (ret >= 0 && reader->packet->stream_index != reader->stream->index);
    if (ret < 0) {
        reader->draining = true; /* also after damage: what was read is shown */
        ret = avcodec_send_packet(reader->decoder, NULL);
        if (ret < 0 && ret != AVERROR_EOF)
            return av_failed(err, OSP_EMEDIA, ret, "cannot decode");
        return OSP_OK;
    }
    ret = avcodec_send_packet(reader->decoder, reader->packet);
    av_packet_unref(reader->packet);
    if (ret == AVERROR(ENOMEM))
        return osp_nomem(err);
    if (ret < 0 && ret != AVERROR(EAGAIN) && ++reader->errors > ERRORS_MAX)
        return av_failed(err, OSP_EMEDIA, ret, "cannot decode");
    return 0;
}

int reader_next(struct reader *reader, AVFrame *frame, osp_error *err)
{
    for (;;) {
        int ret;

        av_frame_unref(frame);
        ret = avcodec_receive_frame(reader->decoder, frame);
        if (ret >= 0) {
            if (frame->best_effort_timestamp != AV_NOPTS_VALUE)
                frame->pts = frame->best_effort_timestamp;
            if (frame->decode_error_flags || (frame->flags & AV_FRAME_FLAG_CORRUPT))
                reader->errors++;
            return 1;
        }
        if (ret == AVERROR_EOF)
            return 0;
        if (ret != AVERROR(EAGAIN)) {
            if (++reader->errors > ERRORS_MAX)
                return av_failed(err, OSP_EMEDIA, ret, "cannot decode");
            continue;
        }
        if (reader->draining)
            return 0;
        ret = feed(reader, err);
        if (ret < 0)
            return ret;
    }
}

int reader_seek(struct reader *reader, int64_t pts, osp_error *err)
{
    int ret = av_seek_frame(reader->input, reader->stream->index, pts, AVSEEK_FLAG_BACKWARD);

    if (ret < 0) /* before the first key frame, or no index: from the start, then */
        ret = av_seek_frame(reader->input, reader->stream->index, INT64_MIN / 2, 0);
    if (ret < 0)
        ret = av_seek_frame(reader->input, -1, 0, AVSEEK_FLAG_BYTE);
    if (ret < 0)
        return av_failed(err, OSP_EMEDIA, ret, "cannot seek");
    avcodec_flush_buffers(reader->decoder);
    reader->draining = false;
    return OSP_OK;
}

const AVStream *reader_stream(const struct reader *reader)
{
    return reader->stream;
}

int64_t reader_errors(const struct reader *reader)
{
    return reader->errors;
}

void reader_free(struct reader **reader)
{
    if (!*reader)
        return;
    av_packet_free(&(*reader)->packet);
    avcodec_free_context(&(*reader)->decoder);
    input_close(&(*reader)->input);
    free(*reader);
    *reader = NULL;
}
