/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Sound files. What the service takes (MP3, WAV, M4A, ADTS) is read by our own readers, to the
 * sample: headers and libavformat estimate the length of some. Others are named, and measured by
 * their packets.
 */
#include "probe/sound.h"

#include <string.h>

#include "av/open.h"
#include "base/auto.h"
#include "base/rational.h"
#include "base/str.h"
#include "probe/mp4.h"
#include "probe/probe.h"

/* Frames are counted as far as this; a file that is longer is long enough for every verdict. */
#define BUDGET (1 << 29)

static osp_rational count_packets(AVFormatContext *input, const AVStream *stream)
{
    OSP_AUTO(av_packet_free) AVPacket *packet = av_packet_alloc();
    int64_t total = 0;

    while (packet && av_read_frame(input, packet) >= 0) {
        if (packet->stream_index == stream->index && packet->duration > 0)
            total += packet->duration;
        av_packet_unref(packet);
    }
    return rational_mul((osp_rational){ total, 1 },
                        (osp_rational){ stream->time_base.num, stream->time_base.den });
}

void probe_sound_track(AVFormatContext *input, osp_facts *facts)
{
    const AVStream *stream = input_track(input, AVMEDIA_TYPE_AUDIO);
    osp_sound_facts *s = &facts->sound;

    if (!stream)
        return;
    str_copy(s->codec, sizeof(s->codec), avcodec_get_name(stream->codecpar->codec_id));
    s->sample_rate_hz = stream->codecpar->sample_rate;
    s->channels = stream->codecpar->ch_layout.nb_channels;
    if (stream->duration > 0)
        s->duration_s = rational_mul(
            (osp_rational){ stream->duration, 1 },
            (osp_rational){ stream->time_base.num, stream->time_base.den });
}

/* Whether it is worth opening: a tag, the sync bits of a frame, or a WAV. */
static bool may_be_plain(const uint8_t *head, size_t size)
{
    return size >= 12 && (memcmp(head, "ID3", 3) == 0 || memcmp(head + 8, "WAVE", 4) == 0 ||
                          (head[0] == 0xFF && (head[1] & 0xE0) == 0xE0));
}

int probe_plain_sound(const struct probe_source *source, const uint8_t *head, size_t size,
                      osp_facts *facts)
{
    struct bytes bytes;

    if (!may_be_plain(head, size))
        return 0;
    bytes_init(&bytes, source->fd, BUDGET);
    if (!sound_wav(&bytes, facts) && !sound_mpeg(&bytes, facts))
        return 0;
    facts->track_s = facts->sound.duration_s;
    return 1;
}

/* By what libav says, where that is no estimate from the bit rate; else by the packets. */
static void measure(AVFormatContext *input, const AVStream *stream, struct mp4_file *file,
                    osp_facts *facts)
{
    osp_sound_facts *sound = &facts->sound;

    facts->kind = OSP_KIND_SOUND;
    if (input->duration_estimation_method == AVFMT_DURATION_FROM_BITRATE ||
        !rational_known(sound->duration_s))
        sound->duration_s = count_packets(input, stream);
    if (file && rational_compare(sound_mp4_hidden(file), sound->duration_s) < 0)
        sound->duration_s = rational_sub(sound->duration_s, sound_mp4_hidden(file));
}

int probe_sound(const struct probe_source *source, osp_facts *facts, osp_error *err)
{
    OSP_AUTO(input_close) AVFormatContext *input = NULL;
    OSP_AUTO(mp4_close) struct mp4_file *file = NULL;
    osp_error why = { 0 };
    AVStream *stream;

    if (input_open_deep_fd(source->fd, source->name, &input, &why) < 0) {
        if (why.code == OSP_EINTERNAL)
            return osp_nomem(err);
        str_copy(facts->fault, sizeof(facts->fault), "no media file that can be read, or broken");
        return OSP_OK;
    }
    stream = input_track(input, AVMEDIA_TYPE_AUDIO);
    if (!stream) {
        str_copy(facts->fault, sizeof(facts->fault), "it has no picture track and no sound");
        return OSP_OK;
    }
    probe_sound_track(input, facts);
    if (strstr(input->iformat->name, "mp4"))
        (void)mp4_open_fd(source->fd, source->name, &file,
                          &why); /* libav could read it: then it is measured as others */
    if (!file || !sound_mp4(file, facts))
        measure(input, stream, file, facts);
    facts->track_s = facts->sound.duration_s;
    return OSP_OK;
}
