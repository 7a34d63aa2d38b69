/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Sound files. The duration is counted from the packets: what headers say of MP3 and ADTS is an
 * estimate. */
#include <stdio.h>
#include <string.h>

#include "av/open.h"
#include "base/auto.h"
#include "base/rational.h"
#include "base/str.h"
#include "probe/probe.h"

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

int probe_sound(const struct probe_source *source, osp_facts *facts, osp_error *err)
{
    OSP_AUTO(input_close) AVFormatContext *input = NULL;
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
    facts->kind = OSP_KIND_SOUND;
    facts->sound.duration_s = count_packets(input, stream);
    facts->track_s = facts->sound.duration_s;
    return OSP_OK;
}
