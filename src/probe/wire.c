/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Facts as bytes: a table of the members. A member that has no row here arrives as zero, so that a
 * pointer which somebody adds is never taken from the other side; a test compares the table with
 * the header.
 */
#include "probe/wire.h"

#include <string.h>

#include "base/auto.h"

enum kind {
    PLAIN, /* any value is harmless */
    TEXT,
    COUNT, /* not below zero */
    RATIO, /* its denominator is not below zero */
};

struct row {
    size_t at, size;
    enum kind kind;
};

#define ROW(kind, member)                                                   \
    {                                                                       \
        offsetof(osp_facts, member), sizeof(((osp_facts *)0)->member), kind \
    }

static const struct row rows[] = {
    ROW(COUNT, kind),
    ROW(TEXT, fault),
    ROW(TEXT, container),
    ROW(TEXT, brand),
    ROW(TEXT, extension),
    ROW(COUNT, size_bytes),
    ROW(RATIO, container_s),
    ROW(RATIO, track_s),
    ROW(RATIO, frames_s),
    ROW(RATIO, start_s),
    ROW(PLAIN, faststart),
    ROW(PLAIN, fragmented),
    ROW(PLAIN, edit_list),
    ROW(PLAIN, encrypted),
    ROW(PLAIN, truncated),
    ROW(COUNT, video_tracks),
    ROW(COUNT, sound_tracks),
    ROW(COUNT, other_tracks),
    ROW(COUNT, bit_rate),
    ROW(TEXT, encryption),
    ROW(PLAIN, external),
    ROW(COUNT, edits),
    ROW(PLAIN, index_damaged),
    ROW(COUNT, timecode_tracks),
    ROW(COUNT, subtitle_tracks),
    ROW(COUNT, data_tracks),
    ROW(COUNT, chapters),
    ROW(COUNT, cover_art),

    ROW(TEXT, video.codec),
    ROW(TEXT, video.profile),
    ROW(PLAIN, video.level),
    ROW(TEXT, video.pixel_format),
    ROW(COUNT, video.bit_depth),
    ROW(TEXT, video.chroma),
    ROW(PLAIN, video.alpha),
    ROW(COUNT, video.coded_width_px),
    ROW(COUNT, video.coded_height_px),
    ROW(COUNT, video.width_px),
    ROW(COUNT, video.height_px),
    ROW(RATIO, video.sar),
    ROW(PLAIN, video.rotation_deg),
    ROW(PLAIN, video.mirrored),
    ROW(RATIO, video.time_base),
    ROW(COUNT, video.frame_count),
    ROW(PLAIN, video.start_pts),
    ROW(COUNT, video.hidden_count),
    ROW(PLAIN, video.last_duration),
    ROW(RATIO, video.rate),
    ROW(RATIO, video.rate_min),
    ROW(RATIO, video.rate_max),
    ROW(PLAIN, video.variable_rate),
    ROW(TEXT, video.primaries),
    ROW(TEXT, video.transfer),
    ROW(TEXT, video.matrix),
    ROW(TEXT, video.range),
    ROW(TEXT, video.field_order),
    ROW(PLAIN, video.reorder),
    ROW(COUNT, video.bit_rate),
    ROW(TEXT, video.codec_tag),
    ROW(RATIO, video.average_rate),
    ROW(COUNT, video.clean_width_px),
    ROW(COUNT, video.clean_height_px),
    ROW(TEXT, video.container_colour.primaries),
    ROW(TEXT, video.container_colour.transfer),
    ROW(TEXT, video.container_colour.matrix),
    ROW(TEXT, video.container_colour.range),
    ROW(TEXT, video.stream_colour.primaries),
    ROW(TEXT, video.stream_colour.transfer),
    ROW(TEXT, video.stream_colour.matrix),
    ROW(TEXT, video.stream_colour.range),
    ROW(PLAIN, video.colour_conflict),
    ROW(TEXT, video.hdr),
    ROW(COUNT, video.dolby_vision_profile),
    ROW(PLAIN, video.dolby_vision_base),
    ROW(COUNT, video.max_content_nits),
    ROW(COUNT, video.max_average_nits),
    ROW(RATIO, video.mastering_max_nits),
    ROW(RATIO, video.mastering_min_nits),
    ROW(PLAIN, video.field_samples),
    ROW(COUNT, video.sample_entries),

    ROW(COUNT, image.exif_orientation),
    ROW(PLAIN, image.animated),
    ROW(COUNT, image.pictures),
    ROW(TEXT, image.model),
    ROW(TEXT, image.coding),
    ROW(PLAIN, image.icc),
    ROW(TEXT, image.icc_name),
    ROW(PLAIN, image.wide_gamut),
    ROW(PLAIN, image.gain_map),
    ROW(PLAIN, image.cut_off),

    ROW(TEXT, sound.codec),
    ROW(COUNT, sound.sample_rate_hz),
    ROW(COUNT, sound.channels),
    ROW(COUNT, sound.sample_bits),
    ROW(RATIO, sound.duration_s),

    ROW(PLAIN, deep.done),
    ROW(COUNT, deep.pictures),
    ROW(COUNT, deep.corrupt),
    ROW(RATIO, deep.corrupt_s),
    ROW(COUNT, deep.missing),
    ROW(RATIO, deep.missing_s),
    ROW(COUNT, deep.breaks),
    ROW(RATIO, deep.break_s),
    ROW(COUNT, deep.sound_corrupt),
    ROW(RATIO, deep.sound_corrupt_s),
};

size_t wire_facts_size(void)
{
    size_t size = 0;

    for (size_t i = 0; i < OSP_COUNT(rows); i++)
        size += rows[i].size;
    return size;
}

void wire_pack(const osp_facts *facts, uint8_t *out)
{
    for (size_t i = 0; i < OSP_COUNT(rows); out += rows[i++].size)
        memcpy(out, (const uint8_t *)facts + rows[i].at, rows[i].size);
}

static bool count_is_sane(const uint8_t *member, size_t size)
{
    int64_t wide = 0;
    int narrow = 0;

    if (size == sizeof(wide))
        memcpy(&wide, member, sizeof(wide));
    else
        memcpy(&narrow, member, sizeof(narrow));
    return wide >= 0 && narrow >= 0;
}

static bool member_is_sane(const struct row *row, const uint8_t *member)
{
    osp_rational ratio;

    switch (row->kind) {
    case TEXT:
        return memchr(member, 0, row->size) != NULL;
    case COUNT:
        return count_is_sane(member, row->size);
    case RATIO:
        memcpy(&ratio, member, sizeof(ratio));
        return ratio.den >= 0 && ratio.num > INT64_MIN;
    default:
        return true;
    }
}

bool wire_unpack(const uint8_t *in, osp_facts *facts)
{
    for (size_t i = 0; i < OSP_COUNT(rows); in += rows[i++].size) {
        if (!member_is_sane(&rows[i], in))
            return false;
        memcpy((uint8_t *)facts + rows[i].at, in, rows[i].size);
    }
    return facts->kind <= OSP_KIND_SOUND && facts->video.frame_count <= WIRE_FRAMES &&
           (facts->kind != OSP_KIND_VIDEO || facts->video.frame_count > 0);
}
