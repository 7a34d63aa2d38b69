/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "probe/movie.h"

#include <libavutil/rational.h>
#include <math.h>
#include <string.h>

#include "base/auto.h"
#include "base/error.h"
#include "base/rational.h"
#include "base/str.h"
#include "probe/display.h"
#include "probe/entry.h"
#include "probe/first.h"
#include "probe/table.h"

/* ---- tracks by kind ---- */

enum track_kind { TRACK_DATA, TRACK_VIDEO, TRACK_SOUND, TRACK_TIMECODE, TRACK_SUBTITLE };

static enum track_kind kind_of(const struct mp4_track *track)
{
    static const struct {
        uint32_t handler;
        enum track_kind kind;
    } kinds[] = {
        { MP4_TYPE('v', 'i', 'd', 'e'), TRACK_VIDEO },
        { MP4_TYPE('s', 'o', 'u', 'n'), TRACK_SOUND },
        { MP4_TYPE('t', 'm', 'c', 'd'), TRACK_TIMECODE },
        { MP4_TYPE('s', 'b', 't', 'l'), TRACK_SUBTITLE },
        { MP4_TYPE('s', 'u', 'b', 't'), TRACK_SUBTITLE },
        { MP4_TYPE('s', 'u', 'b', 'p'), TRACK_SUBTITLE },
        { MP4_TYPE('c', 'l', 'c', 'p'), TRACK_SUBTITLE },
        { MP4_TYPE('t', 'e', 'x', 't'), TRACK_SUBTITLE },
    };

    for (size_t i = 0; i < OSP_COUNT(kinds); i++) {
        if (kinds[i].handler == track->handler)
            return track->chapters && kinds[i].kind == TRACK_SUBTITLE ? TRACK_DATA : kinds[i].kind;
    }
    return TRACK_DATA;
}

/* Nero's list of chapters: moov/udta/chpl, the count in one byte behind the version. */
static int listed_chapters(const struct mp4_file *file, const struct mp4_box *moov)
{
    struct mp4_box box;
    const uint8_t *p;
    size_t at;

    if (!mp4_find(file, moov, "udta/chpl", &box))
        return 0;
    p = file->moov + box.payload;
    at = box.end > box.payload && p[0] ? 8 : 4;
    return box.end - box.payload > at ? p[at] : 0;
}

/* iTunes' pictures: moov/udta/meta/ilst/covr holds a 'data' box each. meta is a full box, but for
 * QuickTime. */
static int cover_pictures(const struct mp4_file *file, const struct mp4_box *moov)
{
    struct mp4_box meta, covr, box;
    int count = 0;

    if (!mp4_find(file, moov, "udta/meta", &meta))
        return 0;
    if (!mp4_find(file, &meta, "ilst/covr", &covr)) {
        meta.payload += 4;
        if (meta.payload > meta.end || !mp4_find(file, &meta, "ilst/covr", &covr))
            return 0;
    }
    for (size_t at = covr.payload; mp4_box_at(file, at, covr.end, &box); at = box.end)
        count += box.type == MP4_TYPE('d', 'a', 't', 'a');
    return count;
}

static void count_tracks(const struct mp4_file *file, osp_facts *facts)
{
    struct mp4_box moov;
    int counts[5] = { 0 }, chapters = 0;

    for (size_t i = 0; i < file->track_count; i++) {
        const struct mp4_track *track = &file->tracks[i];

        counts[kind_of(track)]++;
        if (track->chapters && kind_of(track) != TRACK_VIDEO && track->declared_samples < INT32_MAX)
            chapters = (int)track->declared_samples;
    }
    facts->video_tracks = counts[TRACK_VIDEO];
    facts->sound_tracks = counts[TRACK_SOUND];
    facts->timecode_tracks = counts[TRACK_TIMECODE];
    facts->subtitle_tracks = counts[TRACK_SUBTITLE];
    facts->data_tracks = counts[TRACK_DATA];
    facts->other_tracks = counts[TRACK_TIMECODE] + counts[TRACK_SUBTITLE] + counts[TRACK_DATA];
    if (!mp4_box_at(file, 0, file->moov_size, &moov))
        return;
    facts->chapters = chapters ? chapters : listed_chapters(file, &moov);
    facts->cover_art = cover_pictures(file, &moov);
}

static void name_container(const struct mp4_file *file, osp_facts *facts)
{
    str_copy(facts->brand, sizeof(facts->brand), file->brand);
    str_copy(facts->container, sizeof(facts->container),
             !file->brand[0] || str_starts(file->brand, "qt") ? "mov" : "mp4");
    facts->faststart = file->faststart;
    facts->fragmented = file->fragmented;
}

/* ---- times ---- */

static osp_rational later(osp_rational a, osp_rational b)
{
    if (!rational_known(a) || !rational_known(b))
        return rational_known(a) ? a : b;
    return rational_compare(a, b) > 0 ? a : b;
}

/* What an edit list of a sound track shows; its empty edits come before. */
static osp_rational shown_length(const struct mp4_file *file, const struct mp4_track *track)
{
    int64_t shown = 0;

    for (size_t i = 0; i < track->edit_count; i++) {
        if (track->edits[i].media_time >= 0 && track->edits[i].duration > 0 &&
            track->edits[i].duration < INT64_MAX - shown)
            shown += track->edits[i].duration;
    }
    return shown && file->movie_timescale ? rational(shown, file->movie_timescale)
                                          : (osp_rational){ 0, 0 };
}

static void read_sound(struct mp4_file *file, struct mp4_track *track, osp_sound_facts *s)
{
    osp_rational shown = shown_length(file, track);

    entry_sound(file, track, s);
    if (!track->timescale)
        return;
    if (track->duration > 0)
        s->duration_s = rational(track->duration, track->timescale);
    if (rational_known(shown) && rational_known(s->duration_s) &&
        rational_compare(shown, s->duration_s) < 0)
        s->duration_s = shown;
}

/* Sound of a fragmented file: where it begins and how long it is, from its fragments. */
static int read_sound_fragments(const struct mp4_file *file, const struct mp4_track *track,
                                osp_facts *facts, osp_rational *start, osp_error *err)
{
    OSP_AUTO(stamps_release) struct stamps stamps = { 0 };
    struct table_facts table;
    osp_facts scratch = { 0 };
    int ret = table_read(file, track, &stamps, &table, err);

    if (ret >= 0)
        ret = fragments_read(file, track, &stamps, &table, err);
    if (ret < 0 || !stamps.count || !track->timescale)
        return ret;
    stamps_sort(&stamps);
    ret = table_present(file, track, &stamps, &scratch, err);
    if (ret < 0 || !stamps.count)
        return ret;
    *start = rational(stamps.pts[0], track->timescale);
    if (!rational_known(facts->sound.duration_s))
        facts->sound.duration_s = rational(stamps.total_duration, track->timescale);
    return OSP_OK;
}

/* The first moment that anything is shown or heard, in ticks of the picture track. */
static int container_start(const struct mp4_file *file, const struct mp4_track *video,
                           osp_facts *facts, int64_t *start, osp_error *err)
{
    bool first = true;

    for (size_t i = 0; i < file->track_count; i++) {
        const struct mp4_track *track = &file->tracks[i];
        osp_rational begins = { 0, 1 };
        int64_t ticks;
        int ret = OSP_OK;

        if (kind_of(track) != TRACK_SOUND || !(track->declared_samples || file->fragmented))
            continue;
        if (track->edit_count && track->edits[0].media_time == -1 && file->movie_timescale)
            begins = rational(track->edits[0].duration, file->movie_timescale);
        if (file->fragmented && first)
            ret = read_sound_fragments(file, track, facts, &begins, err);
        if (ret < 0)
            return ret;
        first = false;
        ticks = rational_round(rational_mul(begins, rational(video->timescale, 1)));
        *start = ticks < *start ? ticks : *start;
    }
    return OSP_OK;
}

static void set_container_duration(const struct mp4_file *file, osp_facts *facts)
{
    osp_rational length = later(facts->track_s, facts->sound.duration_s);

    if (file->movie_duration > 0 && file->movie_timescale)
        facts->container_s = rational(file->movie_duration, file->movie_timescale);
    else
        facts->container_s = length;
    if (rational_known(facts->container_s) && facts->container_s.num > 0)
        facts->bit_rate = (int64_t)((double)facts->size_bytes * 8 /
                                    rational_double(facts->container_s));
}

static void set_bit_rate(const struct stamps *stamps, const struct mp4_track *track,
                         osp_video_facts *v)
{
    if (stamps->total_duration > 0)
        v->bit_rate = (int64_t)((double)stamps->bytes * 8 * track->timescale /
                                (double)stamps->total_duration);
}

/* ---- the picture track ---- */

static const char *refuse_track(const struct mp4_track *track, osp_facts *facts)
{
    facts->encrypted = track->encrypted;
    str_copy(facts->encryption, sizeof(facts->encryption), track->scheme);
    facts->external = track->external;
    if (track->encrypted)
        return "the picture track is encrypted";
    if (track->external)
        return "the pictures lie in another file, which is not opened";
    return NULL;
}

/* Track after movie, as matrices multiply (ISO/IEC 14496-12 6.2.2). */
static void orient(const struct mp4_file *file, const struct mp4_track *track, osp_video_facts *v)
{
    const int32_t *t = track->matrix, *m = file->matrix;
    int32_t both[4];
    double wide, high;
    AVRational shape;

    for (int i = 0; i < 4; i++)
        both[i] = (int32_t)(((int64_t)t[i / 2 * 2] * m[i % 2] >> 16) +
                            ((int64_t)t[i / 2 * 2 + 1] * m[2 + i % 2] >> 16));
    display_orient(both, v);
    /* A matrix may also scale one side: players show pixels of that shape, whatever "pasp" says. */
    wide = hypot(both[0], both[2]);
    high = hypot(both[1], both[3]);
    if (wide < 1 || high < 1 || fabs(wide / high - 1) <= 0.01)
        return;
    shape = av_d2q(wide / high, INT16_MAX);
    if (shape.num > 0 && shape.den > 0)
        v->sar = (osp_rational){ shape.num, shape.den };
}

static int read_samples(const struct mp4_file *file, const struct mp4_track *track,
                        struct stamps *stamps, struct table_facts *table, osp_facts *facts,
                        osp_error *err)
{
    int ret = table_read(file, track, stamps, table, err);

    if (ret >= 0 && file->fragmented)
        ret = fragments_read(file, track, stamps, table, err);
    if (ret < 0)
        return ret;
    facts->video.reorder = stamps->unsorted;
    stamps_sort(stamps);
    facts->index_damaged = table->damaged;
    facts->truncated = table->truncated;
    return table_present(file, track, stamps, facts, err);
}

static const char *sample_fault(const struct stamps *stamps, const struct table_facts *table)
{
    if (stamps->too_many)
        return "its index declares more pictures than any film has";
    if (table->first_missing)
        return "it was cut off before its first picture";
    if (!stamps->count)
        return stamps->samples ? "its edit list shows no picture"
                               : "the picture track holds no pictures";
    return NULL;
}

static int read_pictures(struct mp4_file *file, struct mp4_track *track, osp_facts *facts,
                         osp_error *err)
{
    OSP_AUTO(stamps_release) struct stamps stamps = { 0 };
    osp_video_facts *v = &facts->video;
    struct setup setup = { 0 };
    struct table_facts table;
    const char *fault;
    int64_t start;
    int ret;

    entry_video(file, track, v, &setup);
    ret = read_samples(file, track, &stamps, &table, facts, err);
    if (ret < 0)
        return ret;
    fault = sample_fault(&stamps, &table);
    if (!fault && (!v->codec[0] || v->coded_width_px < 1 || v->coded_height_px < 1))
        fault = "the picture track cannot be decoded";
    if (fault) {
        str_copy(facts->fault, sizeof(facts->fault), fault);
        return OSP_OK;
    }
    first_read(file, table.first_offset, table.first_size, v, &setup);
    if (v->field_samples)
        stamps_pair_fields(&stamps);
    format_settle(v);
    orient(file, track, v);
    display_size(v);
    set_bit_rate(&stamps, track, v);
    start = stamps.pts[0];
    ret = container_start(file, track, facts, &start, err);
    if (ret < 0)
        return ret;
    stamps_finish(&stamps, (osp_rational){ 1, track->timescale }, start, facts);
    v->start_pts += table.shift;
    set_container_duration(file, facts);
    facts->kind = OSP_KIND_VIDEO;
    return OSP_OK;
}

static struct mp4_track *first_sound(struct mp4_file *file)
{
    for (size_t i = 0; i < file->track_count; i++) {
        if (kind_of(&file->tracks[i]) == TRACK_SOUND)
            return &file->tracks[i];
    }
    return NULL;
}

int movie_read(struct mp4_file *file, osp_facts *facts, osp_error *err)
{
    struct mp4_track *track = mp4_video_track(file), *sound = first_sound(file);
    const char *fault;

    name_container(file, facts);
    count_tracks(file, facts);
    if (sound)
        read_sound(file, sound, &facts->sound);
    if (!track) {
        if (!sound)
            str_copy(facts->fault, sizeof(facts->fault), "it has no picture track and no sound");
        return OSP_OK;
    }
    fault = refuse_track(track, facts);
    if (fault) {
        str_copy(facts->fault, sizeof(facts->fault), fault);
        return OSP_OK;
    }
    if (!track->timescale) /* some writers leave it out; players take the movie's */
        track->timescale = file->movie_timescale ? file->movie_timescale : 1;
    if (!file->movie_timescale) /* the unit of its edits is missing: demuxers leave them alone */
        track->edit_count = 0;
    return read_pictures(file, track, facts, err);
}
