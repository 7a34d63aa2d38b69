/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "probe/packets.h"

#include "av/open.h"
#include "base/auto.h"

/* Packets behind the range that still count before reading stops: in decode order a picture of
 * the range may follow one that is shown later. */
#define REORDER_MAX 32

int probe_hash_range(const char *path, const osp_facts *facts, int64_t first, int64_t count,
                     char out[SHA256_HEX], osp_error *err)
{
    OSP_AUTO(input_close) AVFormatContext *input = NULL;
    OSP_AUTO(av_packet_free) AVPacket *packet = av_packet_alloc();
    OSP_AUTO(sha256_free) struct sha256 *hash = sha256_new();
    const osp_video_facts *v = &facts->video;
    int64_t from = v->frame_pts[first] + v->start_pts;
    int64_t last = v->frame_pts[first + count - 1] + v->start_pts;
    int past = 0, ret = input_open_deep(path, &input, err);
    AVStream *stream;

    if (ret < 0)
        return ret;
    if (!packet || !hash)
        return osp_nomem(err);
    stream = input_track(input, AVMEDIA_TYPE_VIDEO);
    if (!stream)
        return osp_fail(err, OSP_EMEDIA, "'%s' has no picture track", path);
    sha256_add(hash, stream->codecpar->extradata, (size_t)stream->codecpar->extradata_size);
    if (av_seek_frame(input, stream->index, from, AVSEEK_FLAG_BACKWARD) < 0)
        (void)av_seek_frame(input, -1, 0, AVSEEK_FLAG_BYTE); /* then from the start, as we are */
    while (past < REORDER_MAX && (ret = av_read_frame(input, packet)) >= 0) {
        if (packet->stream_index == stream->index && packet->pts > last) {
            past++;
        } else if (packet->stream_index == stream->index) {
            sha256_add_int64(hash, packet->size);
            sha256_add(hash, packet->data, (size_t)packet->size);
            past = 0;
        }
        av_packet_unref(packet);
    }
    sha256_hex(hash, out);
    return OSP_OK;
}
