/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "probe/table.h"

#include "base/auto.h"
#include "base/error.h"
#include "base/rational.h"

/* A walk through a table of runs: count samples share a value. */
struct runs {
    struct mp4_table table;
    uint32_t row, left; /* row is that of the next run */
    uint32_t value;
    bool ends; /* past the last run: 0; otherwise its value goes on */
};

static void runs_next(struct runs *r)
{
    while (r->left == 0 && r->row < r->table.count) {
        r->left = mp4_u32(r->table.rows + (size_t)r->row * 8);
        r->value = mp4_u32(r->table.rows + (size_t)r->row * 8 + 4);
        r->row++;
    }
    if (r->left > 0)
        r->left--;
    else if (r->ends)
        r->value = 0;
}

/* Samples as stsc (runs of chunks) and stco (where they begin) place them. */
struct places {
    struct mp4_table stsc, chunks;
    bool wide;
    uint32_t run, chunk, left; /* left: samples of this chunk to come */
    uint64_t offset;
};

static uint64_t chunk_offset(const struct places *p, uint32_t chunk)
{
    const uint8_t *row = p->chunks.rows + (size_t)chunk * (p->wide ? 8 : 4);

    return p->wide ? mp4_u64(row) : mp4_u32(row);
}

/* @return false: no chunk is left */
static bool places_next(struct places *p, uint32_t size, uint64_t *offset)
{
    while (p->left == 0) {
        if (p->chunk >= p->chunks.count || p->stsc.count == 0)
            return false;
        while (p->run + 1 < p->stsc.count &&
               mp4_u32(p->stsc.rows + (size_t)(p->run + 1) * 12) <= p->chunk + 1)
            p->run++;
        p->left = mp4_u32(p->stsc.rows + (size_t)p->run * 12 + 4);
        p->offset = chunk_offset(p, p->chunk++);
    }
    p->left--;
    *offset = p->offset;
    p->offset += size;
    return true;
}

static void place(const struct mp4_file *file, uint64_t offset, uint32_t size, bool first,
                  struct table_facts *out)
{
    bool beyond = offset > (uint64_t)file->size || size > (uint64_t)file->size - offset;

    out->truncated |= beyond;
    if (!first)
        return;
    out->first_missing = beyond;
    out->first_offset = offset < INT64_MAX ? (int64_t)offset : -1;
    out->first_size = size;
}

int table_read(const struct mp4_file *file, const struct mp4_track *track, struct stamps *stamps,
               struct table_facts *out, osp_error *err)
{
    struct runs stts = { .table = mp4_table(file, track, "stts", 8) };
    struct runs ctts = { .table = mp4_table(file, track, "ctts", 8), .ends = true };
    struct places places = { .stsc = mp4_table(file, track, "stsc", 12),
                             .chunks = mp4_table(file, track, "stco", 4) };
    struct mp4_sizes sizes;
    int64_t dts = 0;

    *out = (struct table_facts){ .first_offset = -1 };
    if (!mp4_sizes(file, track, &sizes))
        return OSP_OK;
    places.wide = !places.chunks.rows;
    if (places.wide)
        places.chunks = mp4_table(file, track, "co64", 8);
    out->damaged = sizes.broken || stts.table.broken || ctts.table.broken || places.stsc.broken ||
                   places.chunks.broken;
    for (uint32_t i = 0; i < sizes.count && !stamps->too_many; i++) {
        uint32_t size = mp4_size_at(&sizes, i);
        uint64_t offset;

        runs_next(&stts);
        runs_next(&ctts);
        if (!places_next(&places, size, &offset) || stts.row == 0) {
            out->damaged = true;
            break;
        }
        place(file, offset, size, i == 0, out);
        if (!stamps_add(stamps, dts + (int32_t)ctts.value, stts.value))
            return osp_nomem(err);
        stamps->samples++;
        stamps->bytes += size;
        stamps->total_duration += stts.value;
        dts += stts.value;
    }
    return OSP_OK;
}

/* ---- edit lists ---- */

static size_t lower_bound(const struct stamps *s, int64_t pts)
{
    size_t low = 0, high = s->count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (s->pts[middle] < pts)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static int64_t saturating_add(int64_t a, int64_t b)
{
    int64_t sum;

    return __builtin_add_overflow(a, b, &sum) ? (b > 0 ? INT64_MAX : INT64_MIN) : sum;
}

/* What one edit shows of the sorted media stamps, from `at` on. */
static bool show_part(const struct stamps *media, const struct mp4_edit *edit, int64_t length,
                      int64_t at, struct stamps *shown)
{
    int64_t end = edit->duration > 0 ? saturating_add(edit->media_time, length) : INT64_MAX;

    for (size_t i = lower_bound(media, edit->media_time);
         i < media->count && media->pts[i] < end && !shown->too_many; i++) {
        int64_t next = i + 1 < media->count ? media->pts[i + 1] : media->pts[i];
        int64_t lasts = i + 1 < media->count ? next - media->pts[i] : media->last_duration;

        if (!stamps_add(shown, saturating_add(media->pts[i] - edit->media_time, at), lasts))
            return false;
    }
    return true;
}

/* The whole list, one part behind the other. *length becomes the time that it fills. */
static int show_all(const struct mp4_file *file, const struct mp4_track *track,
                    struct stamps *stamps, osp_rational *length, osp_error *err)
{
    OSP_AUTO(stamps_release)
    struct stamps shown = { .samples = stamps->samples,
                            .total_duration = stamps->total_duration,
                            .bytes = stamps->bytes };
    uint32_t scale = file->movie_timescale ? file->movie_timescale : 1;
    int64_t movie = 0, filled = 0;

    for (size_t i = 0; i < track->edit_count && !shown.too_many; i++) {
        const struct mp4_edit *edit = &track->edits[i];
        int64_t lasts = edit->duration > 0 ? edit->duration : 0;

        if (edit->media_time >= 0) {
            filled = saturating_add(filled, lasts);
            if (!show_part(stamps, edit, mp4_to_media(file, track, lasts),
                           mp4_to_media(file, track, movie), &shown))
                return osp_nomem(err);
        }
        movie = saturating_add(movie, lasts);
    }
    *length = rational(filled, scale);
    shown.too_many |= stamps->too_many;
    stamps_release(stamps);
    *stamps = shown;
    shown.pts = NULL;
    return OSP_OK;
}

/* Fragmented: demuxers shift by the list and hide nothing. */
static void shift_all(const struct mp4_file *file, const struct mp4_track *track,
                      struct stamps *stamps)
{
    int64_t start, end, empty;

    if (!mp4_simple_edits(file, track, &start, &end, &empty))
        return;
    for (size_t i = 0; i < stamps->count; i++)
        stamps->pts[i] = saturating_add(stamps->pts[i], empty - start);
    stamps->last_pts = saturating_add(stamps->last_pts, empty - start);
}

static bool starts_empty(const struct mp4_track *track)
{
    return track->edit_count > 0 && track->edits[0].media_time == -1 &&
           track->edits[0].duration > 0;
}

static osp_rational media_length(const struct mp4_track *track, const struct stamps *stamps)
{
    int64_t ticks = track->duration;

    if (ticks <= 0 || (stamps->total_duration > 0 && stamps->total_duration < ticks))
        ticks = stamps->total_duration;
    return rational(ticks, track->timescale);
}

int table_present(const struct mp4_file *file, const struct mp4_track *track, struct stamps *stamps,
                  osp_facts *facts, osp_error *err)
{
    osp_rational media = media_length(track, stamps), length = { 0, 0 };
    size_t parts = 0;
    int ret = OSP_OK;

    facts->edits = (int)track->edit_count;
    facts->track_s = media;
    if (track->edit_count == 0)
        return OSP_OK;
    if (file->fragmented) {
        shift_all(file, track, stamps);
    } else {
        ret = show_all(file, track, stamps, &length, err);
        if (ret < 0)
            return ret;
    }
    for (size_t i = 0; i < track->edit_count; i++)
        parts += track->edits[i].media_time >= 0;
    facts->edit_list = starts_empty(track) || parts > 1 || (int64_t)stamps->count < stamps->samples;
    if (length.num > 0 && (parts > 1 || rational_compare(length, media) < 0))
        facts->track_s = length;
    return OSP_OK;
}
