/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "av/output.h"

#include <errno.h>
#include <libavutil/opt.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "av/open.h"
#include "base/auto.h"

#define THREADS_MAX 8
#define IO_BUFFER   (1 << 18)

struct output {
    AVFormatContext *format;
    AVPacket *packet;
    AVCodecContext **encoders; /* one per track; NULL where packets are copied */
    char *path;
    bool own_io;
};

static int threads_of(int asked)
{
    long processors = sysconf(_SC_NPROCESSORS_ONLN);

    if (asked > 0)
        return asked;
    return processors < 1 ? 1 : processors > THREADS_MAX ? THREADS_MAX : (int)processors;
}

static void copy_tags(AVCodecContext *encoder, const AVFrame *tags)
{
    if (!tags)
        return;
    encoder->color_range = tags->color_range;
    encoder->color_primaries = tags->color_primaries;
    encoder->color_trc = tags->color_trc;
    encoder->colorspace = tags->colorspace;
    encoder->chroma_sample_location = tags->chroma_location;
}

int encoder_open_h264(const struct video_spec *spec, AVCodecContext **out, osp_error *err)
{
    OSP_AUTO(avcodec_free_context) AVCodecContext *encoder = NULL;
    const AVCodec *codec = avcodec_find_encoder_by_name("libx264");
    AVDictionary *options = NULL;
    int ret;

    av_talk_redirect();
    if (!codec)
        return osp_fail(err, OSP_EINTERNAL, "this libavcodec has no libx264");
    encoder = avcodec_alloc_context3(codec);
    if (!encoder)
        return osp_nomem(err);
    encoder->width = spec->width_px;
    encoder->height = spec->height_px;
    encoder->pix_fmt = spec->format;
    encoder->framerate = spec->rate;
    encoder->time_base = spec->time_base.den ? spec->time_base : av_inv_q(spec->rate);
    encoder->sample_aspect_ratio = spec->sar;
    encoder->thread_count = threads_of(spec->threads);
    copy_tags(encoder, spec->tags);
    if (spec->global_header)
        encoder->flags |= AV_CODEC_FLAG_GLOBAL_HEADER;
    av_dict_set(&options, "preset", spec->preset ? spec->preset : "faster", 0);
    av_dict_set_int(&options, "crf", spec->crf, 0);
    if (spec->params)
        av_dict_set(&options, "x264-params", spec->params, 0);
    ret = avcodec_open2(encoder, codec, &options);
    av_dict_free(&options);
    if (ret < 0)
        return av_failed(err, OSP_EINTERNAL, ret, "cannot encode H.264 at %dx%d", spec->width_px,
                         spec->height_px);
    *out = OSP_TAKE(encoder);
    return OSP_OK;
}

int encoder_open_aac(int sample_rate_hz, int channels, int global_header, AVCodecContext **out,
                     osp_error *err)
{
    OSP_AUTO(avcodec_free_context) AVCodecContext *encoder = NULL;
    const AVCodec *codec = avcodec_find_encoder(AV_CODEC_ID_AAC);
    int ret;

    if (!codec)
        return osp_fail(err, OSP_EINTERNAL, "this libavcodec has no AAC encoder");
    encoder = avcodec_alloc_context3(codec);
    if (!encoder)
        return osp_nomem(err);
    encoder->sample_rate = sample_rate_hz;
    encoder->sample_fmt = AV_SAMPLE_FMT_FLTP;
    encoder->time_base = (AVRational){ 1, sample_rate_hz };
    encoder->bit_rate = 96000 * (int64_t)channels;
    av_channel_layout_default(&encoder->ch_layout, channels);
    if (global_header)
        encoder->flags |= AV_CODEC_FLAG_GLOBAL_HEADER;
    ret = avcodec_open2(encoder, codec, NULL);
    if (ret < 0)
        return av_failed(err, OSP_EINTERNAL, ret, "cannot encode AAC at %d Hz", sample_rate_hz);
    *out = OSP_TAKE(encoder);
    return OSP_OK;
}

static int write_stdout(void *opaque, uint8_t *data, int size)
{
    (void)opaque;
    for (int done = 0; done < size;) {
        ssize_t put = write(STDOUT_FILENO, data + done, (size_t)(size - done));

        if (put < 0 && errno == EINTR)
            continue;
        if (put < 0)
            return AVERROR(errno);
        done += (int)put;
    }
    return size;
}

static int open_io(struct output *output, osp_error *err)
{
    OSP_AUTO(auto_free) char *url = NULL;
    uint8_t *buffer;
    int ret;

    if (strcmp(output->path, "-") != 0) {
        if (asprintf(&url, "file:%s", output->path) < 0)
            return osp_nomem(err);
        /* faststart opens the file again by this name: a colon in it must not be a protocol */
        av_freep(&output->format->url);
        output->format->url = av_strdup(url);
        if (!output->format->url)
            return osp_nomem(err);
        ret = avio_open(&output->format->pb, url, AVIO_FLAG_WRITE);
        return ret < 0 ? av_failed(err, OSP_EOUTPUT, ret, "cannot write '%s'", output->path)
                       : OSP_OK;
    }
    output->own_io = true;
    buffer = av_malloc(IO_BUFFER);
    if (buffer)
        output->format->pb = avio_alloc_context(buffer, IO_BUFFER, 1, NULL, NULL, write_stdout,
                                                NULL);
    if (!output->format->pb) {
        av_free(buffer);
        return osp_nomem(err);
    }
    return OSP_OK;
}

int output_open(const char *path, const char *format, struct output **out, osp_error *err)
{
    OSP_AUTO(output_free) struct output *output = calloc(1, sizeof(*output));
    int ret;

    av_talk_redirect();
    if (!output)
        return osp_nomem(err);
    output->path = strdup(path);
    output->packet = av_packet_alloc();
    if (!output->path || !output->packet)
        return osp_nomem(err);
    ret = avformat_alloc_output_context2(&output->format, NULL, format, path);
    if (ret < 0)
        return osp_fail(err, OSP_EOUTPUT, "cannot tell a container for '%s'%s%s", path,
                        format ? " from the format " : "", format ? format : "");
    ret = open_io(output, err);
    if (ret < 0)
        return ret;
    *out = OSP_TAKE(output);
    return OSP_OK;
}

static AVStream *add_track(struct output *output)
{
    unsigned count = output->format->nb_streams;
    AVCodecContext **grown = realloc(output->encoders, (count + 1) * sizeof(AVCodecContext *));
    AVStream *stream;

    if (!grown)
        return NULL;
    output->encoders = grown;
    grown[count] = NULL;
    stream = avformat_new_stream(output->format, NULL);
    return stream;
}

int output_add_encoder(struct output *output, AVCodecContext **encoder, osp_error *err)
{
    AVStream *stream = add_track(output);

    if (!stream || avcodec_parameters_from_context(stream->codecpar, *encoder) < 0)
        return osp_nomem(err);
    stream->time_base = (*encoder)->time_base;
    stream->avg_frame_rate = (*encoder)->framerate;
    stream->sample_aspect_ratio = (*encoder)->sample_aspect_ratio;
    output->encoders[stream->index] = OSP_TAKE(*encoder);
    return stream->index;
}

int output_add_copy(struct output *output, const AVStream *from, osp_error *err)
{
    AVStream *stream = add_track(output);
    const AVOutputFormat *kind = output->format->oformat;
    AVCodecParameters *to;

    if (!stream || avcodec_parameters_copy(stream->codecpar, from->codecpar) < 0)
        return osp_nomem(err);
    to = stream->codecpar;
    if (kind->codec_tag && av_codec_get_id(kind->codec_tag, to->codec_tag) != to->codec_id)
        to->codec_tag = 0; /* another family of containers: the muxer finds its own */
    if (!kind->codec_tag)
        to->codec_tag = 0;
    stream->time_base = from->time_base;
    stream->avg_frame_rate = from->avg_frame_rate;
    stream->sample_aspect_ratio = from->sample_aspect_ratio;
    stream->disposition = from->disposition;
    for (int i = 0; i < from->nb_side_data; i++) {
        const AVPacketSideData *data = &from->side_data[i];
        uint8_t *copy = av_stream_new_side_data(stream, data->type, data->size);

        if (!copy)
            return osp_nomem(err);
        memcpy(copy, data->data, data->size);
    }
    return stream->index;
}

int output_start(struct output *output, const char *options, osp_error *err)
{
    AVDictionary *settings = NULL;
    int ret;

    if (options)
        av_dict_parse_string(&settings, options, "=", ":", 0);
    ret = avformat_write_header(output->format, &settings);
    av_dict_free(&settings);
    if (ret < 0)
        return av_failed(err, OSP_EOUTPUT, ret, "cannot write '%s'", output->path);
    return OSP_OK;
}

static int write_packet(struct output *output, osp_error *err)
{
    int ret = av_interleaved_write_frame(output->format, output->packet);

    if (ret >= 0 && output->format->pb->error < 0)
        ret = output->format->pb->error;
    if (ret < 0)
        return av_failed(err, OSP_EOUTPUT, ret, "cannot write '%s'", output->path);
    return OSP_OK;
}

int output_frame(struct output *output, int track, AVFrame *frame, osp_error *err)
{
    AVCodecContext *encoder = output->encoders[track];
    int ret = avcodec_send_frame(encoder, frame);

    if (ret < 0 && ret != AVERROR_EOF)
        return av_failed(err, OSP_EINTERNAL, ret, "cannot encode a frame");
    for (;;) {
        ret = avcodec_receive_packet(encoder, output->packet);
        if (ret == AVERROR(EAGAIN) || ret == AVERROR_EOF)
            return OSP_OK;
        if (ret < 0)
            return av_failed(err, OSP_EINTERNAL, ret, "cannot encode a frame");
        if (!output->packet->duration && encoder->codec_type == AVMEDIA_TYPE_VIDEO)
            output->packet->duration = av_rescale_q(1, av_inv_q(encoder->framerate),
                                                    encoder->time_base);
        output->packet->stream_index = track;
        av_packet_rescale_ts(output->packet, encoder->time_base,
                             output->format->streams[track]->time_base);
        ret = write_packet(output, err);
        if (ret < 0)
            return ret;
    }
}

int output_packet(struct output *output, int track, AVPacket *packet, AVRational time_base,
                  osp_error *err)
{
    av_packet_unref(output->packet);
    av_packet_move_ref(output->packet, packet);
    output->packet->stream_index = track;
    output->packet->pos = -1;
    av_packet_rescale_ts(output->packet, time_base, output->format->streams[track]->time_base);
    return write_packet(output, err);
}

int output_finish(struct output *output, osp_error *err)
{
    int ret = av_write_trailer(output->format);

    if (ret >= 0) {
        avio_flush(output->format->pb);
        ret = output->format->pb->error;
    }
    if (ret < 0)
        return av_failed(err, OSP_EOUTPUT, ret, "cannot write '%s'", output->path);
    return OSP_OK;
}

void output_free(struct output **output)
{
    struct output *o = *output;

    if (!o)
        return;
    for (unsigned i = 0; o->encoders && i < o->format->nb_streams; i++)
        avcodec_free_context(&o->encoders[i]);
    free(o->encoders);
    if (o->format && o->own_io && o->format->pb) {
        av_freep(&o->format->pb->buffer);
        avio_context_free(&o->format->pb);
    } else if (o->format && o->format->pb) {
        avio_closep(&o->format->pb);
    }
    avformat_free_context(o->format);
    av_packet_free(&o->packet);
    free(o->path);
    free(o);
    *output = NULL;
}
