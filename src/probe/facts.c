/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Facts as JSON: the object "facts" of schema omnisplice.check/1. */
#include <stdio.h>

#include "base/auto.h"
#include "base/json.h"
#include "base/rational.h"
#include "omnisplice/media.h"

static const char *const kinds[] = { "unknown", "video", "image", "sound" };

static void set_seconds(struct json *object, const char *key, osp_rational value)
{
    if (rational_known(value))
        json_set_double(object, key, rational_double(value), 6);
    else
        json_set_null(object, key);
}

static void set_rate(struct json *object, const char *key, osp_rational value)
{
    char text[48];

    snprintf(text, sizeof(text), "%lld/%lld", (long long)value.num, (long long)value.den);
    json_set_string(object, key, rational_known(value) ? text : NULL);
}

static void set_word(struct json *object, const char *key, const char *word)
{
    json_set_string(object, key, word[0] ? word : NULL);
}

static struct json *colour_json(const osp_colour *colour)
{
    struct json *out = json_object();

    set_word(out, "primaries", colour->primaries);
    set_word(out, "transfer", colour->transfer);
    set_word(out, "matrix", colour->matrix);
    set_word(out, "range", colour->range);
    return out;
}

static void set_known_int(struct json *object, const char *key, int64_t value)
{
    if (value > 0)
        json_set_int(object, key, value);
    else
        json_set_null(object, key);
}

static void set_nits(struct json *object, const char *key, osp_rational value)
{
    if (rational_known(value) && value.num > 0)
        json_set_double(object, key, rational_double(value), 4);
    else
        json_set_null(object, key);
}

static void set_colour(struct json *out, const osp_video_facts *v)
{
    json_set(out, "container_colour", colour_json(&v->container_colour));
    json_set(out, "stream_colour", colour_json(&v->stream_colour));
    json_set_bool(out, "colour_conflict", v->colour_conflict);
    set_word(out, "hdr", v->hdr);
    set_known_int(out, "dolby_vision_profile", v->dolby_vision_profile);
    set_nits(out, "mastering_max_nits", v->mastering_max_nits);
    set_nits(out, "mastering_min_nits", v->mastering_min_nits);
    set_known_int(out, "max_content_nits", v->max_content_nits);
    set_known_int(out, "max_average_nits", v->max_average_nits);
}

static void set_image(struct json *out, const osp_image_facts *image)
{
    set_word(out, "color_model", image->model);
    set_word(out, "coding", image->coding);
    json_set_int(out, "pictures", image->pictures);
    json_set_bool(out, "icc_profile", image->icc);
    set_word(out, "icc_description", image->icc_name);
    json_set_bool(out, "wide_gamut", image->wide_gamut);
    json_set_bool(out, "gain_map", image->gain_map);
    json_set_bool(out, "cut_off", image->cut_off);
}

static struct json *picture_json(const osp_facts *facts)
{
    const osp_video_facts *v = &facts->video;
    struct json *out = json_object();

    json_set_string(out, "codec", v->codec);
    set_word(out, "profile", v->profile);
    if (v->level >= 0)
        json_set_int(out, "level", v->level);
    set_word(out, "pixel_format", v->pixel_format);
    json_set_int(out, "bit_depth", v->bit_depth);
    set_word(out, "chroma", v->chroma);
    json_set_bool(out, "alpha", v->alpha);
    json_set_int(out, "coded_width_px", v->coded_width_px);
    json_set_int(out, "coded_height_px", v->coded_height_px);
    json_set_int(out, "width_px", v->width_px);
    json_set_int(out, "height_px", v->height_px);
    set_rate(out, "sample_aspect_ratio", v->sar);
    json_set_int(out, "rotation_deg", v->rotation_deg);
    json_set_bool(out, "mirrored", v->mirrored);
    set_word(out, "primaries", v->primaries);
    set_word(out, "transfer", v->transfer);
    set_word(out, "matrix", v->matrix);
    set_word(out, "range", v->range);
    if (facts->kind == OSP_KIND_IMAGE)
        set_image(out, &facts->image);
    if (facts->kind != OSP_KIND_VIDEO)
        return out;
    set_word(out, "codec_tag", v->codec_tag);
    set_known_int(out, "clean_width_px", v->clean_width_px);
    set_known_int(out, "clean_height_px", v->clean_height_px);
    set_colour(out, v);
    set_word(out, "field_order", v->field_order);
    json_set_bool(out, "field_samples", v->field_samples);
    json_set_int(out, "sample_entries", v->sample_entries);
    json_set_bool(out, "reordered", v->reorder);
    json_set_int(out, "frames", v->frame_count);
    json_set_int(out, "hidden_frames", v->hidden_count);
    set_rate(out, "time_base", v->time_base);
    set_rate(out, "rate", v->rate);
    set_rate(out, "rate_average", v->average_rate);
    set_rate(out, "rate_min", v->rate_min);
    set_rate(out, "rate_max", v->rate_max);
    json_set_bool(out, "variable_rate", v->variable_rate);
    json_set_int(out, "bit_rate", v->bit_rate);
    return out;
}

static struct json *sound_json(const osp_sound_facts *s)
{
    struct json *out = json_object();

    json_set_string(out, "codec", s->codec);
    json_set_int(out, "sample_rate_hz", s->sample_rate_hz);
    json_set_int(out, "channels", s->channels);
    json_set_int(out, "sample_bits", s->sample_bits);
    set_seconds(out, "duration_s", s->duration_s);
    return out;
}

static void set_video_file(struct json *out, const osp_facts *facts)
{
    set_seconds(out, "container_duration_s", facts->container_s);
    set_seconds(out, "track_duration_s", facts->track_s);
    set_seconds(out, "frames_duration_s", facts->frames_s);
    set_seconds(out, "start_s", facts->start_s);
    json_set_bool(out, "faststart", facts->faststart);
    json_set_bool(out, "fragmented", facts->fragmented);
    json_set_bool(out, "edit_list", facts->edit_list);
    json_set_int(out, "edits", facts->edits);
    json_set_bool(out, "truncated", facts->truncated);
    json_set_bool(out, "index_damaged", facts->index_damaged);
    set_known_int(out, "bit_rate", facts->bit_rate);
    json_set_int(out, "video_tracks", facts->video_tracks);
    json_set_int(out, "sound_tracks", facts->sound_tracks);
    json_set_int(out, "other_tracks", facts->other_tracks);
    json_set_int(out, "timecode_tracks", facts->timecode_tracks);
    json_set_int(out, "subtitle_tracks", facts->subtitle_tracks);
    json_set_int(out, "data_tracks", facts->data_tracks);
    json_set_int(out, "chapters", facts->chapters);
    json_set_int(out, "cover_art", facts->cover_art);
}

static struct json *deep_json(const osp_deep_facts *deep)
{
    struct json *out = json_object();

    json_set_int(out, "pictures", deep->pictures);
    json_set_int(out, "corrupt", deep->corrupt);
    set_seconds(out, "corrupt_s", deep->corrupt_s);
    json_set_int(out, "missing", deep->missing);
    set_seconds(out, "missing_s", deep->missing_s);
    json_set_int(out, "breaks", deep->breaks);
    set_seconds(out, "break_s", deep->break_s);
    json_set_int(out, "sound_corrupt", deep->sound_corrupt);
    set_seconds(out, "sound_corrupt_s", deep->sound_corrupt_s);
    return out;
}

char *osp_facts_json(const osp_facts *facts)
{
    OSP_AUTO(json_free) struct json *out = json_object();

    json_set_string(out, "kind", kinds[facts->kind]);
    if (facts->fault[0])
        json_set_string(out, "fault", facts->fault);
    json_set_string(out, "container", facts->container[0] ? facts->container : NULL);
    if (facts->brand[0])
        json_set_string(out, "brand", facts->brand);
    json_set_int(out, "size_bytes", facts->size_bytes);
    set_word(out, "extension", facts->extension);
    json_set_bool(out, "encrypted", facts->encrypted);
    if (facts->encryption[0])
        json_set_string(out, "encryption", facts->encryption);
    if (facts->external)
        json_set_bool(out, "external", true);
    if (facts->kind == OSP_KIND_VIDEO)
        set_video_file(out, facts);
    if (facts->kind == OSP_KIND_IMAGE) {
        json_set_int(out, "exif_orientation", facts->image.exif_orientation);
        json_set_bool(out, "animated", facts->image.animated);
    }
    if (facts->kind == OSP_KIND_VIDEO || facts->kind == OSP_KIND_IMAGE)
        json_set(out, facts->kind == OSP_KIND_VIDEO ? "video" : "image", picture_json(facts));
    if (facts->sound.codec[0])
        json_set(out, "sound", sound_json(&facts->sound));
    if (facts->deep.done)
        json_set(out, "decoded", deep_json(&facts->deep));
    return json_print(out, false);
}
