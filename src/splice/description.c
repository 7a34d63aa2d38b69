/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "splice/description.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "av/open.h"
#include "base/auto.h"
#include "base/str.h"
#include "probe/mp4.h"
#include "splice/h264.h"

int description_note(osp_verification *out, osp_error *err, const char *format, ...)
{
    char text[160];
    va_list args;
    char **grown;

    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    grown = realloc(out->differences, (out->differences_count + 1) * sizeof(*grown));
    if (!grown)
        return osp_nomem(err);
    out->differences = grown;
    grown[out->differences_count] = strdup(text);
    if (!grown[out->differences_count])
        return osp_nomem(err);
    out->differences_count++;
    return OSP_OK;
}

static bool same_bytes(const void *a, size_t a_size, const void *b, size_t b_size)
{
    return a_size == b_size && (a_size == 0 || memcmp(a, b, a_size) == 0);
}

/* ---- decoder configurations ---- */

static bool same_sets(const struct nal *a, const struct nal *b, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        if (!same_bytes(a[i].data, a[i].size, b[i].data, b[i].size))
            return false;
    }
    return true;
}

/* The master's configuration, with picture parameter sets of new ids behind its own: what a splice
 * adds. Anything else is a difference. */
static bool same_record(const uint8_t *a, size_t a_size, const uint8_t *b, size_t b_size)
{
    struct h264_record x, y;
    struct h264_pps added, own;

    if (same_bytes(a, a_size, b, b_size))
        return true;
    if (!h264_record_parse(a, a_size, &x) || !h264_record_parse(b, b_size, &y) ||
        memcmp(a, b, 6) != 0 || y.pps_count < x.pps_count ||
        !same_sets(x.sps, y.sps, x.sps_count) || !same_sets(x.pps, y.pps, x.pps_count) ||
        !same_bytes(a + x.pps_end, a_size - x.pps_end, b + y.pps_end, b_size - y.pps_end))
        return false;
    for (unsigned i = x.pps_count; i < y.pps_count; i++) {
        if (!h264_pps_parse(y.pps[i].data, y.pps[i].size, &added) ||
            h264_record_pps(&x, added.id, &own))
            return false;
    }
    return true;
}

/* ---- as libavformat sees it: any container ---- */

/* Where the lines about a track go; keeps the first failure of description_note(). */
struct notes {
    osp_verification *out;
    osp_error *err;
    unsigned track;
    int ret;
};

static void judge(struct notes *notes, bool same, const char *what)
{
    if (!same && notes->ret >= 0)
        notes->ret = description_note(notes->out, notes->err, "track %u: %s", notes->track, what);
}

static void compare_parameters(struct notes *notes, const AVCodecParameters *a,
                               const AVCodecParameters *b)
{
    static const struct {
        const char *name;
        size_t offset;
    } fields[] = {
        { "kind", offsetof(AVCodecParameters, codec_type) },
        { "codec", offsetof(AVCodecParameters, codec_id) },
        { "profile", offsetof(AVCodecParameters, profile) },
        { "level", offsetof(AVCodecParameters, level) },
        { "format of samples", offsetof(AVCodecParameters, format) },
        { "width", offsetof(AVCodecParameters, width) },
        { "height", offsetof(AVCodecParameters, height) },
        { "range of colours", offsetof(AVCodecParameters, color_range) },
        { "primaries", offsetof(AVCodecParameters, color_primaries) },
        { "transfer", offsetof(AVCodecParameters, color_trc) },
        { "matrix of colours", offsetof(AVCodecParameters, color_space) },
        { "place of chroma", offsetof(AVCodecParameters, chroma_location) },
        { "sample rate", offsetof(AVCodecParameters, sample_rate) },
    };
    size_t a_size = (size_t)a->extradata_size, b_size = (size_t)b->extradata_size;

    for (size_t i = 0; i < OSP_COUNT(fields); i++)
        judge(notes,
              memcmp((const char *)a + fields[i].offset, (const char *)b + fields[i].offset,
                     sizeof(int)) == 0,
              fields[i].name);
    judge(notes, av_channel_layout_compare(&a->ch_layout, &b->ch_layout) == 0, "channels");
    judge(notes,
          a->codec_id == AV_CODEC_ID_H264 ? same_record(a->extradata, a_size, b->extradata, b_size)
                                          : same_bytes(a->extradata, a_size, b->extradata, b_size),
          "decoder configuration");
}

/* Not said is square. */
static AVRational aspect_of(const AVStream *stream)
{
    AVRational sar = stream->sample_aspect_ratio.num ? stream->sample_aspect_ratio
                                                     : stream->codecpar->sample_aspect_ratio;

    return sar.num > 0 && sar.den > 0 ? sar : (AVRational){ 1, 1 };
}

static void compare_side_data(struct notes *notes, const AVStream *a, const AVStream *b)
{
    static const struct {
        const char *name;
        enum AVPacketSideDataType type;
    } kinds[] = {
        { "display matrix", AV_PKT_DATA_DISPLAYMATRIX },
        { "stereo mode", AV_PKT_DATA_STEREO3D },
        { "projection", AV_PKT_DATA_SPHERICAL },
        { "mastering display", AV_PKT_DATA_MASTERING_DISPLAY_METADATA },
        { "light level", AV_PKT_DATA_CONTENT_LIGHT_LEVEL },
        { "Dolby Vision configuration", AV_PKT_DATA_DOVI_CONF },
    };

    for (size_t i = 0; i < OSP_COUNT(kinds); i++) {
        size_t x_size = 0, y_size = 0;
        const uint8_t *x = av_stream_get_side_data(a, kinds[i].type, &x_size);
        const uint8_t *y = av_stream_get_side_data(b, kinds[i].type, &y_size);

        judge(notes, same_bytes(x, x ? x_size : 0, y, y ? y_size : 0), kinds[i].name);
    }
}

static const char *tag(const AVDictionary *tags, const char *name, const char *otherwise)
{
    const AVDictionaryEntry *entry = av_dict_get(tags, name, NULL, 0);

    return entry ? entry->value : otherwise;
}

static void compare_stream(struct notes *notes, const AVStream *a, const AVStream *b)
{
    compare_parameters(notes, a->codecpar, b->codecpar);
    compare_side_data(notes, a, b);
    judge(notes,
          a->codecpar->codec_type != AVMEDIA_TYPE_VIDEO ||
              av_cmp_q(aspect_of(a), aspect_of(b)) == 0,
          "sample aspect ratio");
    judge(notes, a->disposition == b->disposition, "disposition");
    judge(notes,
          strcmp(tag(a->metadata, "language", "und"), tag(b->metadata, "language", "und")) == 0,
          "language");
}

static bool same_chapters(const AVFormatContext *a, const AVFormatContext *b)
{
    if (a->nb_chapters != b->nb_chapters)
        return false;
    for (unsigned i = 0; i < a->nb_chapters; i++) {
        const AVChapter *x = a->chapters[i], *y = b->chapters[i];

        if (av_compare_ts(x->start, x->time_base, y->start, y->time_base) != 0 ||
            av_compare_ts(x->end, x->time_base, y->end, y->time_base) != 0 ||
            strcmp(tag(x->metadata, "title", ""), tag(y->metadata, "title", "")) != 0)
            return false;
    }
    return true;
}

static int compare_streams(const char *master, const char *result, osp_verification *out,
                           osp_error *err)
{
    OSP_AUTO(input_close) AVFormatContext *a = NULL;
    OSP_AUTO(input_close) AVFormatContext *b = NULL;
    int ret = input_open_deep(master, &a, err);

    if (ret >= 0)
        ret = input_open_deep(result, &b, err);
    if (ret >= 0 && a->nb_streams != b->nb_streams)
        ret = description_note(out, err, "%u tracks in place of %u", b->nb_streams, a->nb_streams);
    for (unsigned i = 0; ret >= 0 && i < a->nb_streams && i < b->nb_streams; i++) {
        struct notes notes = { out, err, i, OSP_OK };

        compare_stream(&notes, a->streams[i], b->streams[i]);
        ret = notes.ret;
    }
    if (ret >= 0 && !same_chapters(a, b))
        ret = description_note(out, err, "chapters");
    return ret;
}

/* ---- boxes ---- */

static bool same_box(const struct mp4_file *a, const struct mp4_box *x, const struct mp4_file *b,
                     const struct mp4_box *y)
{
    return same_bytes(a->moov + x->start, x->end - x->start, b->moov + y->start, y->end - y->start);
}

/* Two sample entries of pictures whose avcC alone may have grown by what a splice adds. */
static bool same_picture_entry(const struct mp4_file *a, const struct mp4_box *x,
                               const struct mp4_file *b, const struct mp4_box *y)
{
    const size_t fixed = 78; /* ISO/IEC 14496-12 12.1.3 */
    size_t at = x->payload + fixed, to = y->payload + fixed;
    struct mp4_box p, q;

    if (x->type != y->type || at > x->end || to > y->end ||
        memcmp(a->moov + x->payload, b->moov + y->payload, fixed) != 0)
        return false;
    for (; at < x->end && to < y->end; at = p.end, to = q.end) {
        if (!mp4_box_at(a, at, x->end, &p) || !mp4_box_at(b, to, y->end, &q))
            return same_bytes(a->moov + at, x->end - at, b->moov + to, y->end - to);
        if (p.type == q.type && p.type == MP4_TYPE('a', 'v', 'c', 'C')) {
            if (!same_record(a->moov + p.payload, p.end - p.payload, b->moov + q.payload,
                             q.end - q.payload))
                return false;
        } else if (!same_box(a, &p, b, &q)) {
            return false;
        }
    }
    return at == x->end && to == y->end;
}

static bool same_entries(const struct mp4_file *a, const struct mp4_track *x,
                         const struct mp4_file *b, const struct mp4_track *y)
{
    struct mp4_box p, q;

    if (!mp4_find(a, &x->box, "mdia/minf/stbl/stsd", &p) ||
        !mp4_find(b, &y->box, "mdia/minf/stbl/stsd", &q))
        return false;
    return same_box(a, &p, b, &q) ||
           (x->entries == 1 && y->entries == 1 && x->handler == MP4_TYPE('v', 'i', 'd', 'e') &&
            same_picture_entry(a, &x->stsd_entry, b, &y->stsd_entry));
}

/* The same box in both, or in none. */
static bool same_at(const struct mp4_file *a, const struct mp4_box *x, const struct mp4_file *b,
                    const struct mp4_box *y, const char *path)
{
    struct mp4_box p, q;
    bool there = mp4_find(a, x, path, &p);

    return there == mp4_find(b, y, path, &q) && (!there || same_box(a, &p, b, &q));
}

static int compare_boxes(const struct mp4_file *a, const struct mp4_file *b, osp_verification *out,
                         osp_error *err)
{
    static const char *const of_movie[] = { "mvhd", "udta", "meta" };
    static const char *const of_track[] = { "tkhd",      "edts",      "tref",
                                            "udta",      "meta",      "mdia/mdhd",
                                            "mdia/hdlr", "mdia/elng", "mdia/minf/dinf/dref" };
    struct mp4_box x, y;
    int ret = OSP_OK;

    if (!mp4_box_at(a, 0, a->moov_size, &x) || !mp4_box_at(b, 0, b->moov_size, &y))
        return OSP_OK; /* they could be read, so they are there */
    for (size_t i = 0; ret >= 0 && i < OSP_COUNT(of_movie); i++) {
        if (!same_at(a, &x, b, &y, of_movie[i]))
            ret = description_note(out, err, "box moov/%s", of_movie[i]);
    }
    for (size_t t = 0; ret >= 0 && t < a->track_count && t < b->track_count; t++) {
        const struct mp4_track *p = &a->tracks[t], *q = &b->tracks[t];

        for (size_t i = 0; ret >= 0 && i < OSP_COUNT(of_track); i++) {
            if (!same_at(a, &p->box, b, &q->box, of_track[i]))
                ret = description_note(out, err, "track %zu: box %s", t, of_track[i]);
        }
        if (ret >= 0 && !same_entries(a, p, b, q))
            ret = description_note(out, err, "track %zu: box mdia/minf/stbl/stsd", t);
    }
    return ret;
}

int description_compare(const char *master, const char *result, osp_verification *out,
                        osp_error *err)
{
    OSP_AUTO(mp4_close) struct mp4_file *a = NULL;
    OSP_AUTO(mp4_close) struct mp4_file *b = NULL;
    int ret = compare_streams(master, result, out, err);

    if (ret < 0 || mp4_open(master, &a, NULL) < 0 || mp4_open(result, &b, NULL) < 0)
        return ret; /* other containers have no boxes */
    return compare_boxes(a, b, out, err);
}
