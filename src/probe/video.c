/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Videos. libavformat tells codecs, sizes and tags. Times come from the file's own tables where it
 * is MP4 or MOV (mp4.c: libavformat hides edit lists and composition offsets), else from packets.
 */
#include <libavutil/display.h>
#include <libavutil/pixdesc.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "av/open.h"
#include "base/array.h"
#include "base/auto.h"
#include "base/rational.h"
#include "base/str.h"
#include "probe/mp4.h"
#include "probe/probe.h"

static osp_rational ratio(AVRational r)
{
    return (osp_rational){ r.num, r.den };
}

static osp_rational seconds(int64_t ticks, osp_rational time_base)
{
    return rational_mul((osp_rational){ ticks, 1 }, time_base);
}

static void name_or_empty(char *to, size_t size, const char *name, bool known)
{
    str_copy(to, size, known && name ? name : "");
}

static void read_format(const AVStream *stream, osp_video_facts *v)
{
    const AVCodecParameters *p = stream->codecpar;
    const AVPixFmtDescriptor *kind = av_pix_fmt_desc_get(p->format);
    const char *profile = avcodec_profile_name(p->codec_id, p->profile);

    str_copy(v->codec, sizeof(v->codec), avcodec_get_name(p->codec_id));
    str_copy(v->profile, sizeof(v->profile), profile ? profile : "");
    v->level = p->level > 0 ? p->level : -1;
    v->bit_rate = p->bit_rate;
    v->reorder = p->video_delay > 0;
    if (!kind)
        return;
    str_copy(v->pixel_format, sizeof(v->pixel_format), kind->name);
    v->bit_depth = kind->comp[0].depth;
    v->alpha = (kind->flags & AV_PIX_FMT_FLAG_ALPHA) != 0;
    str_copy(v->chroma, sizeof(v->chroma),
             kind->flags & AV_PIX_FMT_FLAG_RGB                      ? "rgb"
             : kind->nb_components < 3                              ? "gray"
             : kind->log2_chroma_w == 1 && kind->log2_chroma_h == 1 ? "4:2:0"
             : kind->log2_chroma_w == 1 && kind->log2_chroma_h == 0 ? "4:2:2"
             : kind->log2_chroma_w == 0 && kind->log2_chroma_h == 0 ? "4:4:4"
                                                                    : "other");
}

static void read_tags(const AVStream *stream, osp_video_facts *v)
{
    const AVCodecParameters *p = stream->codecpar;
    static const char *const orders[] = { "", "progressive", "tt", "bb", "tb", "bt" };
    bool full = str_starts(v->pixel_format, "yuvj");

    name_or_empty(v->primaries, sizeof(v->primaries), av_color_primaries_name(p->color_primaries),
                  p->color_primaries != AVCOL_PRI_UNSPECIFIED);
    name_or_empty(v->transfer, sizeof(v->transfer), av_color_transfer_name(p->color_trc),
                  p->color_trc != AVCOL_TRC_UNSPECIFIED);
    name_or_empty(v->matrix, sizeof(v->matrix), av_color_space_name(p->color_space),
                  p->color_space != AVCOL_SPC_UNSPECIFIED);
    name_or_empty(v->range, sizeof(v->range), av_color_range_name(p->color_range),
                  p->color_range != AVCOL_RANGE_UNSPECIFIED);
    if (full)
        str_copy(v->range, sizeof(v->range), "pc");
    if (p->field_order >= 0 && (size_t)p->field_order < OSP_COUNT(orders))
        str_copy(v->field_order, sizeof(v->field_order), orders[p->field_order]);
}

/* ISO/IEC 14496-12 6.2.2: the matrix may turn and mirror; libav gives the angle counter-clockwise
 * of the turned picture, people say clockwise of the picture that is shown. */
static void read_matrix(const AVStream *stream, osp_video_facts *v)
{
    size_t size = 0;
    const int32_t *m = (const int32_t *)(const void *)av_stream_get_side_data(
        stream, AV_PKT_DATA_DISPLAYMATRIX, &size);
    int32_t turned[9];
    double angle;

    if (!m || size < sizeof(turned))
        return;
    memcpy(turned, m, sizeof(turned));
    if ((int64_t)turned[0] * turned[4] - (int64_t)turned[1] * turned[3] < 0) {
        v->mirrored = 1;
        turned[0] = -turned[0]; /* mirrored first, then turned: what is left is a plain turn */
        turned[1] = -turned[1];
    }
    angle = av_display_rotation_get(turned);
    if (!isnan(angle))
        v->rotation_deg = ((int)lround(-angle / 90) * 90 % 360 + 360) % 360;
}

static void read_size(AVFormatContext *input, AVStream *stream, osp_video_facts *v)
{
    AVRational sar = av_guess_sample_aspect_ratio(input, stream, NULL);
    double width, height;

    v->coded_width_px = stream->codecpar->width;
    v->coded_height_px = stream->codecpar->height;
    v->sar = sar.num > 0 && sar.den > 0 ? ratio(sar) : (osp_rational){ 1, 1 };
    read_matrix(stream, v);
    width = v->coded_width_px * rational_double(v->sar);
    height = v->coded_height_px;
    v->width_px = (int)lround(v->rotation_deg % 180 ? height : width);
    v->height_px = (int)lround(v->rotation_deg % 180 ? width : height);
}

/* ---- times ---- */

struct stamps {
    int64_t *pts;
    size_t count, capacity;
    int64_t hidden, total_duration;
    int64_t last_pts, last_duration;
};

static void stamps_release(struct stamps *s)
{
    free(s->pts);
    *s = (struct stamps){ 0 };
}

static bool stamps_add(struct stamps *s, int64_t pts, int64_t duration)
{
    if (!array_grow((void **)&s->pts, sizeof(*s->pts), s->count, &s->capacity))
        return false;
    if (s->count == 0 || pts > s->last_pts) {
        s->last_pts = pts;
        s->last_duration = duration;
    }
    s->pts[s->count++] = pts;
    return true;
}

static int compare_pts(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

    return x < y ? -1 : x > y;
}

/* @return 1: read; 0: not a file or an edit list that the tables alone tell; below 0: error */
static int stamps_from_tables(struct mp4_file *file, struct mp4_track *track, struct stamps *s,
                              osp_error *err)
{
    int64_t start, end, empty;

    if (!track || file->fragmented || !mp4_simple_edits(file, track, &start, &end, &empty))
        return 0;
    if (mp4_load_samples(file, track, NULL) < 0 || !track->sample_count)
        return 0;
    for (size_t i = 0; i < track->sample_count; i++) {
        const struct mp4_sample *sample = &track->samples[i];
        int64_t pts = sample->dts + sample->cts;

        s->total_duration += sample->duration;
        if (pts < start || pts >= end)
            s->hidden++;
        else if (!stamps_add(s, pts - start + empty, sample->duration))
            return osp_nomem(err);
    }
    return 1;
}

static int stamps_from_packets(AVFormatContext *input, const AVStream *stream, struct stamps *s,
                               osp_error *err)
{
    OSP_AUTO(av_packet_free) AVPacket *packet = av_packet_alloc();

    if (!packet)
        return osp_nomem(err);
    for (; av_read_frame(input, packet) >= 0; av_packet_unref(packet)) {
        if (packet->stream_index != stream->index)
            continue;
        s->total_duration += packet->duration;
        if (packet->flags & AV_PKT_FLAG_DISCARD)
            s->hidden++;
        else if (packet->pts != AV_NOPTS_VALUE || packet->dts != AV_NOPTS_VALUE) {
            int64_t pts = packet->pts != AV_NOPTS_VALUE ? packet->pts : packet->dts;

            if (!stamps_add(s, pts, packet->duration))
                return osp_nomem(err);
        }
    }
    return OSP_OK;
}

/* The first moment that anything is shown or heard, in the track's ticks. */
static int64_t container_start(const AVFormatContext *input, const AVStream *video,
                               int64_t first_pts)
{
    int64_t start = first_pts;

    for (unsigned i = 0; i < input->nb_streams; i++) {
        const AVStream *stream = input->streams[i];
        int64_t other;

        if (stream->codecpar->codec_type != AVMEDIA_TYPE_AUDIO ||
            stream->start_time == AV_NOPTS_VALUE)
            continue;
        other = av_rescale_q(stream->start_time, stream->time_base, video->time_base);
        start = other < start ? other : start;
    }
    return start;
}

static void set_times(const AVFormatContext *input, const AVStream *stream, struct stamps *s,
                      osp_facts *facts)
{
    osp_video_facts *v = &facts->video;

    qsort(s->pts, s->count, sizeof(*s->pts), compare_pts);
    v->time_base = ratio(stream->time_base);
    v->start_pts = container_start(input, stream, s->pts[0]);
    for (size_t i = 0; i < s->count; i++)
        s->pts[i] -= v->start_pts;
    v->frame_pts = OSP_TAKE(s->pts);
    v->frame_count = (int64_t)s->count;
    v->hidden_count = s->hidden;
    v->last_duration = s->last_duration;
    probe_fit_rate(v);
    if (v->last_duration <= 0 && v->rate.num > 0)
        v->last_duration = rational_round(
            rational_div((osp_rational){ 1, 1 }, rational_mul(v->rate, v->time_base)));
    facts->start_s = seconds(v->frame_pts[0] + v->start_pts, v->time_base);
    facts->frames_s = seconds(s->total_duration, v->time_base);
    if (!v->variable_rate && v->rate.num > 0)
        facts->frames_s = rational_div((osp_rational){ v->frame_count + v->hidden_count, 1 },
                                       v->rate);
}

static void set_durations(const AVFormatContext *input, const AVStream *stream, osp_facts *facts)
{
    const osp_video_facts *v = &facts->video;

    if (input->duration > 0)
        facts->container_s = rational(input->duration, AV_TIME_BASE);
    facts->track_s = seconds(v->frame_pts[v->frame_count - 1] - v->frame_pts[0] + v->last_duration,
                             v->time_base);
    if (stream->duration > 0 && !facts->edit_list)
        facts->track_s = seconds(stream->duration, v->time_base);
    if (!rational_known(facts->container_s))
        facts->container_s = facts->track_s;
}

static void count_tracks(const AVFormatContext *input, osp_facts *facts)
{
    for (unsigned i = 0; i < input->nb_streams; i++) {
        enum AVMediaType type = input->streams[i]->codecpar->codec_type;

        facts->video_tracks += type == AVMEDIA_TYPE_VIDEO;
        facts->sound_tracks += type == AVMEDIA_TYPE_AUDIO;
        facts->other_tracks += type != AVMEDIA_TYPE_VIDEO && type != AVMEDIA_TYPE_AUDIO;
    }
}

static void name_container(const AVFormatContext *input, const struct mp4_file *file,
                           osp_facts *facts)
{
    const char *names = input->iformat->name;
    size_t first = strcspn(names, ",");

    if (file) {
        str_copy(facts->brand, sizeof(facts->brand), file->brand);
        str_copy(facts->container, sizeof(facts->container),
                 !file->brand[0] || str_starts(file->brand, "qt") ? "mov" : "mp4");
        return;
    }
    str_copy(facts->container, sizeof(facts->container), names);
    if (first < sizeof(facts->container))
        facts->container[first] = 0;
    if (str_starts(facts->container, "matroska") && str_starts(facts->extension, "webm"))
        str_copy(facts->container, sizeof(facts->container), "webm");
}

/* What libavformat does not say of an MP4 or MOV. @return a fault, or NULL */
static const char *read_structure(const struct mp4_file *file, const struct mp4_track *track,
                                  osp_facts *facts)
{
    facts->faststart = file->faststart;
    facts->fragmented = file->fragmented;
    if (!track)
        return NULL;
    facts->encrypted = track->encrypted;
    if (track->encrypted)
        return "the picture track is encrypted";
    if (track->external)
        return "the pictures lie in another file, which is not opened";
    return NULL;
}

static bool beyond_end(const struct mp4_file *file, const struct mp4_sample *sample)
{
    return sample->offset + sample->size > file->size;
}

/* @return a fault when not even the first picture is there, or NULL */
static const char *find_truncation(const struct mp4_file *file, const struct mp4_track *track,
                                   osp_facts *facts)
{
    if (!track || !track->samples || !track->sample_count)
        return NULL;
    for (size_t i = 0; i < track->sample_count; i++) {
        if (beyond_end(file, &track->samples[i]))
            facts->truncated = 1;
    }
    return beyond_end(file, &track->samples[0]) ? "it was cut off before its first picture" : NULL;
}

/* An edit list matters when it hides pictures or shifts the track. */
static void find_edits(const struct mp4_file *file, const struct mp4_track *track, osp_facts *facts)
{
    int64_t start, end, empty;

    if (!track || !track->edit_count)
        return;
    if (!mp4_simple_edits(file, track, &start, &end, &empty))
        facts->edit_list = 1;
    else if (empty > 0 || facts->video.hidden_count > 0)
        facts->edit_list = 1;
}

static int set_fault(osp_facts *facts, const char *fault)
{
    str_copy(facts->fault, sizeof(facts->fault), fault);
    facts->kind = OSP_KIND_UNKNOWN;
    return OSP_OK;
}

static int read_times(AVFormatContext *input, AVStream *stream, struct mp4_file *file,
                      struct mp4_track *track, osp_facts *facts, osp_error *err)
{
    OSP_AUTO(stamps_release) struct stamps stamps = { 0 };
    const char *fault;
    int ret = file ? stamps_from_tables(file, track, &stamps, err) : 0;

    if (ret == 0) {
        stamps_release(&stamps);
        ret = stamps_from_packets(input, stream, &stamps, err);
    }
    if (ret < 0)
        return ret;
    if (!stamps.count)
        return set_fault(facts, "the picture track holds no pictures");
    set_times(input, stream, &stamps, facts);
    if (file) {
        find_edits(file, track, facts);
        fault = find_truncation(file, track, facts);
        if (fault)
            return set_fault(facts, fault);
    }
    set_durations(input, stream, facts);
    facts->kind = OSP_KIND_VIDEO;
    return OSP_OK;
}

int probe_video(const struct probe_source *source, osp_facts *facts, osp_error *err)
{
    OSP_AUTO(input_close) AVFormatContext *input = NULL;
    OSP_AUTO(mp4_close) struct mp4_file *file = NULL;
    struct mp4_track *track = NULL;
    osp_error why = { 0 };
    const char *fault;
    AVStream *stream;

    if (input_open_deep_fd(source->fd, source->name, &input, &why) < 0)
        return why.code == OSP_EINTERNAL
                   ? osp_nomem(err)
                   : set_fault(facts, "no media file that can be read, or broken");
    if (strstr(input->iformat->name, "mp4") &&
        mp4_open_fd(source->fd, source->name, &file, &why) == OSP_OK)
        track = mp4_video_track(file);
    name_container(input, file, facts);
    count_tracks(input, facts);
    fault = file ? read_structure(file, track, facts) : NULL;
    if (fault)
        return set_fault(facts, fault);
    stream = input_track(input, AVMEDIA_TYPE_VIDEO);
    if (!stream)
        return OSP_OK; /* sound alone, perhaps: the caller asks probe_sound() */
    if (stream->codecpar->width <= 0 || stream->codecpar->codec_id == AV_CODEC_ID_NONE)
        return set_fault(facts, "the picture track cannot be decoded");
    read_format(stream, &facts->video);
    read_tags(stream, &facts->video);
    read_size(input, stream, &facts->video);
    probe_sound_track(input, facts);
    return read_times(input, stream, file, track, facts, err);
}
