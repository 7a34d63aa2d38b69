/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "edit/pipe.h"

#include <string.h>

#include "av/open.h"
#include "av/output.h"
#include "base/auto.h"
#include "base/cancel.h"

#define TRACKS_MAX 64

/* Containers that are written front to back; MP4 only in fragments. */
static const struct {
    const char *name, *options;
} formats[] = {
    { "matroska", NULL },
    { "nut", NULL },
    { "mpegts", NULL },
    { "mp4", "movflags=+frag_keyframe+empty_moov+default_base_moof" },
    { "mov", "movflags=+frag_keyframe+empty_moov" },
};

static int find_format(const char *format)
{
    for (size_t i = 0; i < OSP_COUNT(formats); i++) {
        if (strcmp(formats[i].name, format ? format : "matroska") == 0)
            return (int)i;
    }
    return -1;
}

int pipe_check(const char *format, osp_error *err)
{
    if (find_format(format) < 0)
        return osp_fail(err, OSP_EUSAGE,
                        "'%.40s' cannot go through a pipe; -f takes matroska, nut, mpegts, mp4, "
                        "mov",
                        format);
    return OSP_OK;
}

int pipe_out(const char *path, const char *format, const osp_control *control, osp_error *err)
{
    OSP_AUTO(input_close) AVFormatContext *in = NULL;
    OSP_AUTO(output_free) struct output *out = NULL;
    OSP_AUTO(av_packet_free) AVPacket *packet = av_packet_alloc();
    int tracks[TRACKS_MAX], kind = find_format(format), ret = pipe_check(format, err);

    if (ret < 0)
        return ret;
    ret = packet ? input_open_deep(path, &in, err) : osp_nomem(err);
    if (ret == OSP_OK)
        ret = output_open("-", formats[kind].name, &out, err);
    for (unsigned i = 0; ret >= 0 && i < in->nb_streams; i++) {
        enum AVMediaType type = in->streams[i]->codecpar->codec_type;

        tracks[i] = -1;
        if (type == AVMEDIA_TYPE_VIDEO || type == AVMEDIA_TYPE_AUDIO)
            ret = tracks[i] = output_add_copy(out, in->streams[i], err);
    }
    if (ret >= 0)
        ret = output_start(out, formats[kind].options, err);
    while (ret == OSP_OK && av_read_frame(in, packet) >= 0) {
        int track = tracks[packet->stream_index];

        if (track >= 0)
            ret = output_packet(out, track, packet, in->streams[packet->stream_index]->time_base,
                                err);
        av_packet_unref(packet);
        if (ret == OSP_OK)
            ret = control_step(control, "write", -1, "", err);
    }
    return ret < 0 ? ret : output_finish(out, err);
}
