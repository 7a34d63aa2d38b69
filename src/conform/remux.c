/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Packets copied into a clean MP4: no metadata, no data tracks, index first, time from 0. */
#include <string.h>

#include "av/open.h"
#include "base/auto.h"
#include "base/cancel.h"
#include "base/str.h"
#include "conform/internal.h"

#define TRACKS_MAX 64

static int add_tracks(AVFormatContext *input, const osp_plan *plan, struct output *output,
                      int tracks[TRACKS_MAX], osp_error *err)
{
    const AVStream *kept[2] = { input_track(input, AVMEDIA_TYPE_VIDEO),
                                plan_keeps_sound(plan) ? input_track(input, AVMEDIA_TYPE_AUDIO)
                                                       : NULL };

    for (unsigned i = 0; i < input->nb_streams; i++) {
        const AVStream *stream = input->streams[i];

        tracks[i] = -1;
        if (stream != kept[0] && stream != kept[1])
            continue;
        tracks[i] = output_add_copy(output, stream, err);
        if (tracks[i] < 0)
            return tracks[i];
    }
    return OSP_OK;
}

/* The container's start becomes 0; MP4 and MOV say it in the stream, others in the packets. */
static int64_t shift_of(const AVFormatContext *input, const AVStream *stream)
{
    if (input->start_time == AV_NOPTS_VALUE)
        return 0;
    return av_rescale_q(input->start_time, AV_TIME_BASE_Q, stream->time_base);
}

int conform_remux(const char *input, const char *path, const osp_plan *plan,
                  const osp_control *control, osp_error *err)
{
    OSP_AUTO(input_close) AVFormatContext *in = NULL;
    OSP_AUTO(output_free) struct output *output = NULL;
    OSP_AUTO(av_packet_free) AVPacket *packet = av_packet_alloc();
    int tracks[TRACKS_MAX], ret = packet ? input_open_deep(input, &in, err) : osp_nomem(err);

    if (ret < 0)
        return ret;
    ret = output_open(path, str_ends(path, ".mov") ? "mov" : "mp4", &output, err);
    if (ret == OSP_OK)
        ret = add_tracks(in, plan, output, tracks, err);
    if (ret == OSP_OK)
        ret = output_start(output, "movflags=+faststart:fflags=+bitexact", err);
    while (ret == OSP_OK && av_read_frame(in, packet) >= 0) {
        const AVStream *stream = in->streams[packet->stream_index];
        int64_t shift = shift_of(in, stream);
        int track = tracks[packet->stream_index];

        packet->pts -= packet->pts != AV_NOPTS_VALUE ? shift : 0;
        packet->dts -= packet->dts != AV_NOPTS_VALUE ? shift : 0;
        if (track >= 0)
            ret = output_packet(output, track, packet, stream->time_base, err);
        av_packet_unref(packet);
        if (ret == OSP_OK)
            ret = control_step(control, "conform", -1, "", err);
    }
    return ret < 0 ? ret : output_finish(output, err);
}
