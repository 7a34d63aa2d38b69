/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Videos. MP4 and MOV are read from their index alone (movie.c): libavformat hides edit lists,
 * composition offsets, encryption and more, and costs ten times as much. In other containers
 * libavformat tells codecs, sizes and tags; times come from the headers of Matroska's blocks, else
 * from packets.
 */
#include <libavutil/pixdesc.h>
#include <libavutil/dovi_meta.h>
#include <libavutil/mastering_display_metadata.h>
#include <string.h>

#include "av/open.h"
#include "base/auto.h"
#include "base/rational.h"
#include "base/str.h"
#include "probe/display.h"
#include "probe/format.h"
#include "probe/matroska.h"
#include "probe/movie.h"
#include "probe/probe.h"
#include "probe/stamps.h"

static osp_rational ratio(AVRational r)
{
    return (osp_rational){ r.num, r.den };
}

static void read_format(const AVStream *stream, osp_video_facts *v)
{
    const AVCodecParameters *p = stream->codecpar;
    static const char *const orders[] = { "", "progressive", "tt", "bb", "tb", "bt" };
    const AVDictionaryEntry *alpha = av_dict_get(stream->metadata, "alpha_mode", NULL, 0);

    str_copy(v->codec, sizeof(v->codec), avcodec_get_name(p->codec_id));
    format_profile(p->profile, v);
    v->level = p->level > 0 ? p->level : -1;
    v->bit_rate = p->bit_rate;
    v->reorder = p->video_delay > 0;
    v->sample_entries = 1;
    for (int i = 0; i < 4 && p->codec_tag; i++) {
        unsigned c = p->codec_tag >> (8 * i) & 255;

        v->codec_tag[i] = c >= 32 && c < 127 ? (char)c : '?';
    }
    format_pixels(av_get_pix_fmt_name(p->format), v);
    v->alpha |= alpha && strcmp(alpha->value, "1") == 0; /* WebM: a second stream of VP8 or VP9 */
    if (p->field_order >= 0 && (size_t)p->field_order < OSP_COUNT(orders))
        str_copy(v->field_order, sizeof(v->field_order), orders[p->field_order]);
    format_colour(p->color_primaries, p->color_trc, p->color_space,
                  p->color_range == AVCOL_RANGE_UNSPECIFIED ? -1
                                                            : p->color_range == AVCOL_RANGE_JPEG,
                  &v->stream_colour);
}

static osp_rational nits(AVRational r)
{
    return r.den ? rational(r.num, r.den) : (osp_rational){ 0, 0 };
}

static void read_side_data(const AVStream *stream, osp_video_facts *v)
{
    size_t size = 0;
    const void *data = av_stream_get_side_data(stream, AV_PKT_DATA_DISPLAYMATRIX, &size);

    if (data && size >= 9 * sizeof(int32_t)) {
        const int32_t *m = data;

        display_orient((int32_t[4]){ m[0], m[1], m[3], m[4] }, v);
    }
    data = av_stream_get_side_data(stream, AV_PKT_DATA_DOVI_CONF, &size);
    if (data && size >= sizeof(AVDOVIDecoderConfigurationRecord)) {
        const AVDOVIDecoderConfigurationRecord *dovi = data;

        v->dolby_vision_profile = dovi->dv_profile;
        v->dolby_vision_base = dovi->dv_bl_signal_compatibility_id;
    }
    data = av_stream_get_side_data(stream, AV_PKT_DATA_MASTERING_DISPLAY_METADATA, &size);
    if (data && size >= sizeof(AVMasteringDisplayMetadata)) {
        const AVMasteringDisplayMetadata *display = data;

        v->mastering_max_nits = display->has_luminance ? nits(display->max_luminance)
                                                       : (osp_rational){ 0, 0 };
        v->mastering_min_nits = display->has_luminance ? nits(display->min_luminance)
                                                       : (osp_rational){ 0, 0 };
    }
    data = av_stream_get_side_data(stream, AV_PKT_DATA_CONTENT_LIGHT_LEVEL, &size);
    if (data && size >= sizeof(AVContentLightMetadata)) {
        const AVContentLightMetadata *light = data;

        v->max_content_nits = (int)light->MaxCLL;
        v->max_average_nits = (int)light->MaxFALL;
    }
}

static void read_size(AVFormatContext *input, AVStream *stream, osp_video_facts *v)
{
    AVRational sar = av_guess_sample_aspect_ratio(input, stream, NULL);

    v->coded_width_px = stream->codecpar->width;
    v->coded_height_px = stream->codecpar->height;
    v->sar = ratio(sar);
    display_size(v);
}

/* ---- times ---- */

static int stamps_from_packets(AVFormatContext *input, const AVStream *stream, struct stamps *s,
                               osp_error *err)
{
    OSP_AUTO(av_packet_free) AVPacket *packet = av_packet_alloc();

    if (!packet)
        return osp_nomem(err);
    for (; !s->too_many && av_read_frame(input, packet) >= 0; av_packet_unref(packet)) {
        int64_t pts = packet->pts != AV_NOPTS_VALUE ? packet->pts : packet->dts;

        if (packet->stream_index != stream->index)
            continue;
        s->total_duration += packet->duration;
        s->bytes += packet->size;
        if (pts == AV_NOPTS_VALUE)
            continue;
        s->samples++;
        if (!(packet->flags & AV_PKT_FLAG_DISCARD) && !stamps_add(s, pts, packet->duration))
            return osp_nomem(err);
    }
    return OSP_OK;
}

static int read_stamps(const struct probe_source *source, AVFormatContext *input,
                       const AVStream *stream, struct stamps *s, osp_facts *facts, osp_error *err)
{
    int ret = 0;

    if (strstr(input->iformat->name, "matroska"))
        ret = matroska_read(source->fd, s, facts, err);
    if (ret == 0) {
        stamps_release(s);
        ret = stamps_from_packets(input, stream, s, err);
    }
    stamps_sort(s);
    return ret < 0 ? ret : OSP_OK;
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

static void set_durations(const AVFormatContext *input, const AVStream *stream, osp_facts *facts)
{
    osp_video_facts *v = &facts->video;

    if (input->duration > 0)
        facts->container_s = rational(input->duration, AV_TIME_BASE);
    facts->track_s = rational_mul(
        rational(v->frame_pts[v->frame_count - 1] - v->frame_pts[0] + v->last_duration, 1),
        v->time_base);
    if (stream->duration > 0)
        facts->track_s = rational_mul(rational(stream->duration, 1), v->time_base);
    if (!rational_known(facts->container_s))
        facts->container_s = facts->track_s;
    if (facts->container_s.num > 0)
        facts->bit_rate = (int64_t)((double)facts->size_bytes * 8 /
                                    rational_double(facts->container_s));
}

static int64_t rate_of_bytes(const struct stamps *s, osp_rational time_base)
{
    double seconds = s->count ? (double)(s->last_pts - s->pts[0] + s->last_duration) *
                                    rational_double(time_base)
                              : 0;

    return seconds > 0 ? (int64_t)((double)s->bytes * 8 / seconds) : 0;
}

/* ---- the file ---- */

static void count_tracks(const AVFormatContext *input, osp_facts *facts)
{
    for (unsigned i = 0; i < input->nb_streams; i++) {
        const AVStream *stream = input->streams[i];
        enum AVMediaType type = stream->codecpar->codec_type;

        if (stream->disposition & AV_DISPOSITION_ATTACHED_PIC)
            facts->cover_art++;
        else if (type == AVMEDIA_TYPE_VIDEO)
            facts->video_tracks++;
        else if (type == AVMEDIA_TYPE_AUDIO)
            facts->sound_tracks++;
        else if (type == AVMEDIA_TYPE_SUBTITLE)
            facts->subtitle_tracks++;
        else
            facts->data_tracks++;
    }
    facts->other_tracks = facts->subtitle_tracks + facts->data_tracks;
    facts->chapters = (int)input->nb_chapters;
}

static void name_container(const AVFormatContext *input, osp_facts *facts)
{
    const char *names = input->iformat->name;
    size_t first = strcspn(names, ",");

    str_copy(facts->container, sizeof(facts->container), names);
    if (first < sizeof(facts->container))
        facts->container[first] = 0;
    if (str_starts(facts->container, "matroska") && str_starts(facts->extension, "webm"))
        str_copy(facts->container, sizeof(facts->container), "webm");
}

static int set_fault(osp_facts *facts, const char *fault)
{
    str_copy(facts->fault, sizeof(facts->fault), fault);
    facts->kind = OSP_KIND_UNKNOWN;
    return OSP_OK;
}

static int read_times(const struct probe_source *source, AVFormatContext *input, AVStream *stream,
                      osp_facts *facts, osp_error *err)
{
    OSP_AUTO(stamps_release) struct stamps stamps = { 0 };
    int ret = read_stamps(source, input, stream, &stamps, facts, err);

    if (ret < 0)
        return ret;
    if (facts->encrypted)
        return set_fault(facts, "the picture track is encrypted");
    if (stamps.too_many || !stamps.count)
        return set_fault(facts, stamps.too_many ? "it holds more pictures than any film has"
                                                : "the picture track holds no pictures");
    if (!facts->video.bit_rate)
        facts->video.bit_rate = rate_of_bytes(&stamps, ratio(stream->time_base));
    stamps_finish(&stamps, ratio(stream->time_base), container_start(input, stream, stamps.pts[0]),
                  facts);
    set_durations(input, stream, facts);
    facts->kind = OSP_KIND_VIDEO;
    return OSP_OK;
}

static int read_with_libav(const struct probe_source *source, osp_facts *facts, osp_error *err)
{
    OSP_AUTO(input_close) AVFormatContext *input = NULL;
    osp_error why = { 0 };
    AVStream *stream;

    if (input_open_deep_fd(source->fd, source->name, &input, &why) < 0)
        return why.code == OSP_EINTERNAL
                   ? osp_nomem(err)
                   : set_fault(facts, "no media file that can be read, or broken");
    name_container(input, facts);
    count_tracks(input, facts);
    stream = input_track(input, AVMEDIA_TYPE_VIDEO);
    if (!stream)
        return OSP_OK; /* sound alone, perhaps: the caller asks probe_sound() */
    if (stream->codecpar->width <= 0 || stream->codecpar->codec_id == AV_CODEC_ID_NONE)
        return set_fault(facts, "the picture track cannot be decoded");
    read_format(stream, &facts->video);
    read_side_data(stream, &facts->video);
    format_settle(&facts->video);
    read_size(input, stream, &facts->video);
    probe_sound_track(input, facts);
    return read_times(source, input, stream, facts, err);
}

int probe_video(const struct probe_source *source, osp_facts *facts, osp_error *err)
{
    OSP_AUTO(mp4_close) struct mp4_file *file = NULL;
    osp_error why = { 0 };
    int ret = mp4_open_fd(source->fd, source->name, &file, &why);

    if (ret == OSP_OK)
        return movie_read(file, facts, err);
    if (ret == OSP_EUSAGE)
        return read_with_libav(source, facts, err);
    if (ret == OSP_EINTERNAL)
        return osp_nomem(err);
    why.text[strcspn(why.text, ",")] = 0; /* the failure, without what it happened in */
    str_copy(facts->container, sizeof(facts->container), "mp4");
    return set_fault(facts, why.text);
}
