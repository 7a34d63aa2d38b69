/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "splice/packets.h"

#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/auto.h"
#include "base/cancel.h"
#include "base/hash.h"

static int add_row(struct packet_track *track, const AVPacket *packet, osp_error *err)
{
    char hex[SHA256_HEX];
    struct packet_row *row;

    if (track->count >= UINT32_MAX ||
        !array_grow((void **)&track->rows, sizeof(*track->rows), track->count, &track->capacity))
        return osp_nomem(err);
    sha256_buffer(packet->data, packet->size > 0 ? (size_t)packet->size : 0, hex);
    row = &track->rows[track->count++];
    *row = (struct packet_row){
        .pts = packet->pts != AV_NOPTS_VALUE ? packet->pts : packet->dts,
        .duration = packet->duration,
        .key = packet->flags & AV_PKT_FLAG_KEY,
        .hidden = packet->flags & AV_PKT_FLAG_DISCARD,
    };
    memcpy(row->hash, hex, sizeof(row->hash));
    return OSP_OK;
}

struct order {
    int64_t pts;
    uint32_t row;
};

static int compare_order(const void *left, const void *right)
{
    const struct order *a = left, *b = right;

    if (a->pts != b->pts)
        return a->pts < b->pts ? -1 : 1;
    return a->row < b->row ? -1 : a->row > b->row;
}

static int sort_shown(struct packet_track *track, osp_error *err)
{
    OSP_AUTO(auto_free) struct order *order = calloc(track->count + 1, sizeof(*order));
    size_t end = track->count;

    track->shown = calloc(track->count + 1, sizeof(*track->shown));
    if (!order || !track->shown)
        return osp_nomem(err);
    for (size_t i = 0; i < track->count; i++)
        order[i] = (struct order){ track->rows[i].pts, (uint32_t)i };
    qsort(order, track->count, sizeof(*order), compare_order);
    for (size_t i = 0; i < track->count; i++)
        track->shown[i] = order[i].row;
    while (track->hidden_first < end && track->rows[track->shown[track->hidden_first]].hidden)
        track->hidden_first++;
    while (end > track->hidden_first && track->rows[track->shown[end - 1]].hidden)
        end--;
    track->shown_count = end - track->hidden_first;
    return OSP_OK;
}

static int make_tracks(AVFormatContext *input, const char *path, struct packet_table *out,
                       osp_error *err)
{
    const AVStream *picture = input_track(input, AVMEDIA_TYPE_VIDEO);

    if (!picture)
        return osp_fail(err, OSP_EMEDIA, "'%s' has no picture track", path);
    out->picture = (size_t)picture->index;
    out->tracks = calloc(input->nb_streams, sizeof(*out->tracks));
    if (!out->tracks)
        return osp_nomem(err);
    out->count = input->nb_streams;
    for (unsigned i = 0; i < input->nb_streams; i++) {
        const AVStream *stream = input->streams[i];

        out->tracks[i].time_base = stream->time_base;
    }
    return OSP_OK;
}

int packets_read(const char *path, const osp_control *control, struct packet_table *out,
                 osp_error *err)
{
    OSP_AUTO(input_close) AVFormatContext *input = NULL;
    OSP_AUTO(av_packet_free) AVPacket *packet = av_packet_alloc();
    int ret = input_open_deep(path, &input, err);

    if (!packet)
        return osp_nomem(err);
    if (ret >= 0)
        ret = make_tracks(input, path, out, err);
    while (ret >= 0 && av_read_frame(input, packet) >= 0) {
        ret = cancel_check(control ? control->cancel : NULL, err);
        if (ret >= 0 && (size_t)packet->stream_index < out->count)
            ret = add_row(&out->tracks[packet->stream_index], packet, err);
        av_packet_unref(packet);
    }
    return ret < 0 ? ret : sort_shown(&out->tracks[out->picture], err);
}

void packets_release(struct packet_table *table)
{
    for (size_t i = 0; i < table->count; i++) {
        free(table->tracks[i].rows);
        free(table->tracks[i].shown);
    }
    free(table->tracks);
    *table = (struct packet_table){ 0 };
}
