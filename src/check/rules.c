/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The rules of videos as two tables; rules_image.c and rules_sound.c hold the others. Ids never
 * change: reports, scripts and tests use them. Numbers stand in the profile, not here. What no
 * source documents (codec, tags, scan type ...) is a warning that conform mends.
 */
#include "check/rules.h"

#include <stdio.h>
#include <string.h>

#include "base/auto.h"
#include "base/json.h"
#include "base/rational.h"
#include "base/str.h"
#include "check/measure.h"
#include "check/profile.h"

/* ---- measured numbers ---- */

static osp_rational pick(osp_rational a, osp_rational b, int sign)
{
    if (!rational_known(a))
        return b;
    if (!rational_known(b))
        return a;
    return rational_compare(a, b) * sign > 0 ? a : b;
}

/* The service's own way of measuring is not known: the least of three counts against the lower
 * bound, the largest against the upper. */
static osp_rational shortest(const osp_facts *f)
{
    return pick(pick(f->container_s, f->track_s, -1), f->frames_s, -1);
}

static osp_rational longest(const osp_facts *f)
{
    return pick(pick(f->container_s, f->track_s, 1), f->frames_s, 1);
}

static osp_rational area(const osp_facts *f)
{
    return whole((int64_t)f->video.width_px * f->video.height_px);
}

static osp_rational rate(const osp_facts *f)
{
    return f->video.rate;
}

/* ---- more words ---- */

/* More words with a number among them. */
static void add_words(char *text, size_t size, const char *before, osp_rational value,
                      const char *after)
{
    size_t used = strlen(text);
    char number[32];

    rational_print(value, 4, number, sizeof(number));
    snprintf(text + used, size - used, "%s%s%s", before, number, after);
}

static bool at_most(osp_rational value, osp_rational limit)
{
    return rational_known(limit) && rational_compare(value, limit) <= 0;
}

/* Beyond the bound there is a grace zone, and what the service behind the profile says. */
static void more_duration(const osp_facts *f, const osp_profile *p, char *text, size_t size)
{
    osp_rational upstream = profile_rational(p, "video.duration.upstream_max_s");
    osp_rational grace = profile_rational(p, "video.duration.grace_max_s");
    const char *since = profile_text_or(p, "video.duration.upstream_since", "some time ago");

    if (at_most(longest(f), grace)) {
        add_words(text, size, "; clients report that up to ", grace,
                  " s is let pass; conform trims it");
        return;
    }
    if (!rational_known(upstream) || at_most(upstream, profile_rational(p, "video.duration.max_s")))
        return;
    add_words(text, size, "; that is this profile's bound: the model itself takes up to ", upstream,
              " s since ");
    add(text, size, since);
    if (at_most(longest(f), upstream))
        add(text, size,
            "; if your gateway does too, raise video.duration.max_s and grace_max_s in a profile "
            "file");
}

static void more_short_side(const osp_facts *f, const osp_profile *p, char *text, size_t size)
{
    osp_rational grace = profile_rational(p, "video.side_px.grace_min");
    osp_rational newer = profile_rational(p, "video.side_px.upstream_min");

    if (rational_known(grace) && at_most(grace, short_side(f)))
        add_words(text, size, "; two pages of different date disagree: the newer one says ", grace,
                  "");
    else if (rational_known(newer) && at_most(newer, short_side(f)))
        add_words(text, size, "; newer pages of the model's maker say ", newer, "");
}

static void more_aspect(const osp_facts *f, const osp_profile *p, char *text, size_t size)
{
    osp_rational implied = profile_rational(p, "video.aspect.implied_max");
    size_t used = strlen(text);

    snprintf(text + used, size - used, " (%dx%d)", f->video.width_px, f->video.height_px);
    if (at_most(aspect(f), implied) &&
        rational_compare(aspect(f), profile_rational(p, "video.aspect.max")) > 0)
        add_words(text, size,
                  "; the page contradicts itself: its bound of a side follows from a ratio of ",
                  implied, "");
}

static void more_rate(const osp_facts *f, const osp_profile *p, char *text, size_t size)
{
    (void)p;
    if (f->video.rate.num == 24000 && f->video.rate.den == 1001)
        add(text, size,
            "; it is NTSC film rate (23.976), which conform brings to 24, by a retime of 0.1 % or "
            "by "
            "frames, as the plan says");
}

static void more_bytes(const osp_facts *f, const osp_profile *p, char *text, size_t size)
{
    if (f->size_bytes <= profile_int_or(p, "video.bytes_if_binary", 0))
        add(text, size, "; it may pass if the service counts binary megabytes");
}

#define VIDEO_SIDE "of the displayed picture "

static const struct bound_rule bound_rules[] = {
    { "video.duration.min", USES_VIDEO, shortest, AT_LEAST, "video.duration.min_s", "s",
      "it lasts %s s, the service takes %s s or more", "handles", NULL, NULL, OSP_VIOLATION, NULL },
    { "video.duration.max", USES_VIDEO, longest, AT_MOST, "video.duration.max_s", "s",
      "it lasts %s s, the service takes at most %s s", "trim", "video.duration.grace_max_s",
      "video.duration.grace", OSP_VIOLATION, more_duration },
    { "video.side.min", USES_VIDEO, short_side, AT_LEAST, "video.side_px.min", "px",
      "the shorter side " VIDEO_SIDE "is %s px, the service takes %s or more", "scale",
      "video.side_px.grace_min", NULL, OSP_VIOLATION, more_short_side },
    { "video.side.max", USES_VIDEO, long_side, AT_MOST, "video.side_px.max", "px",
      "the longer side " VIDEO_SIDE "is %s px, the service takes at most %s", "scale", NULL, NULL,
      OSP_VIOLATION, NULL },
    { "video.area", USES_VIDEO, area, AT_MOST, "video.area_px_max", "px",
      "the picture has %s pixels, the service takes at most %s", "scale", NULL, NULL, OSP_VIOLATION,
      NULL },
    { "video.aspect", USES_VIDEO, aspect, AT_LEAST, "video.aspect.min", "",
      "width to height is %s, the service takes %s or more", "crop", NULL, NULL, OSP_VIOLATION,
      more_aspect },
    { "video.aspect", USES_VIDEO, aspect, AT_MOST, "video.aspect.max", "",
      "width to height is %s, the service takes at most %s", "crop", NULL, NULL, OSP_VIOLATION,
      more_aspect },
    { "video.fps.min", USES_VIDEO, rate, AT_LEAST, "video.fps.min", "fps",
      "%s pictures a second, the service takes %s or more", "rate", NULL, NULL, OSP_VIOLATION,
      more_rate },
    { "video.fps.max", USES_VIDEO, rate, AT_MOST, "video.fps.max", "fps",
      "%s pictures a second, the service takes at most %s", "rate", NULL, NULL, OSP_VIOLATION,
      NULL },
    { "video.bytes", USES_VIDEO, bytes, AT_MOST, "video.bytes_max", "bytes",
      "it has %s bytes, the service takes at most %s", "encode", NULL, NULL, OSP_VIOLATION,
      more_bytes },
};

/* ---- properties ---- */

static bool named_like_mp4(const osp_facts *f)
{
    return strcmp(f->extension, "mp4") == 0 || strcmp(f->extension, "m4v") == 0 ||
           strcmp(f->extension, "mov") == 0;
}

static bool foreign_brand(const osp_facts *f)
{
    return str_starts(f->brand, "3g");
}

static bool container(const osp_facts *f, const osp_profile *p, osp_finding *finding)
{
    if (foreign_brand(f) && !named_like_mp4(f)) {
        str_copy(finding->limit, sizeof(finding->limit), "mp4, mov");
        return measured(finding, "3gp");
    }
    if (!not_listed(p, "video.containers", f->container, finding))
        return false;
    if (named_like_mp4(f))
        snprintf(finding->text, sizeof(finding->text), "; its name says .%s all the same",
                 f->extension);
    return true;
}

static bool brand(const osp_facts *f, const osp_profile *p, osp_finding *finding)
{
    bool mov = strcmp(f->container, "mov") == 0, mp4 = strcmp(f->container, "mp4") == 0;

    (void)p;
    if (!mov && !mp4)
        return false;
    if (foreign_brand(f))
        return named_like_mp4(f) && measured(finding, f->brand);
    if (mov ? strcmp(f->extension, "mov") != 0 : strcmp(f->extension, "mov") == 0)
        return measured(finding, mov ? "mov" : "mp4");
    return !named_like_mp4(f) && measured(finding, f->extension);
}

static bool truncated(const osp_facts *f, const osp_profile *p, osp_finding *finding)
{
    (void)p;
    if (f->truncated)
        return measured(finding, "truncated");
    return f->index_damaged && measured(finding, "its tables do not fit each other");
}

static bool disagree(const osp_facts *f, const osp_profile *p, osp_finding *finding)
{
    osp_rational apart = rational_sub(longest(f), shortest(f));
    char words[32];

    (void)p;
    if (rational_compare(apart, (osp_rational){ 1, 10 }) <= 0)
        return false;
    rational_print(apart, 3, words, sizeof(words));
    add_words(finding->text, sizeof(finding->text), "; container ", f->container_s, " s");
    add_words(finding->text, sizeof(finding->text), ", track ", f->track_s, " s");
    add_words(finding->text, sizeof(finding->text), ", pictures ", f->frames_s, " s");
    str_copy(finding->limit, sizeof(finding->limit), "0.1");
    return measured(finding, words);
}

/* A picture of that size breaks no bound of the profile that conform would have to mend. */
static bool size_fits(const osp_profile *p, int64_t width, int64_t height)
{
    static const struct {
        const char *path;
        enum bound bound;
        int what; /* 0 shorter side, 1 longer side, 2 area, 3 ratio */
    } bounds[] = {
        { "video.side_px.min", AT_LEAST, 0 }, { "video.side_px.max", AT_MOST, 1 },
        { "video.area_px_max", AT_MOST, 2 },  { "video.aspect.min", AT_LEAST, 3 },
        { "video.aspect.max", AT_MOST, 3 },
    };

    for (size_t i = 0; i < OSP_COUNT(bounds); i++) {
        osp_rational limit = profile_rational(p, bounds[i].path), value[4];
        int order;

        value[0] = rational(width < height ? width : height, 1);
        value[1] = rational(width > height ? width : height, 1);
        value[2] = rational(width * height, 1);
        value[3] = rational(width, height);
        if (!rational_known(limit))
            continue;
        order = rational_compare(value[bounds[i].what], limit);
        if (bounds[i].bound == AT_LEAST ? order < 0 : order > 0)
            return false;
    }
    return true;
}

/* Who reads the coded size and who reads the displayed one come to different verdicts. */
static bool coded_size(const osp_facts *f, const osp_profile *p, osp_finding *finding)
{
    const osp_video_facts *v = &f->video;
    bool turned = v->rotation_deg % 180 != 0, coded, shown;
    int width = turned ? v->coded_height_px : v->coded_width_px;
    int height = turned ? v->coded_width_px : v->coded_height_px;

    if (width < 1 || height < 1 || v->width_px < 1 || v->height_px < 1)
        return false;
    coded = size_fits(p, width, height);
    shown = size_fits(p, v->width_px, v->height_px);
    if (coded == shown)
        return false;
    snprintf(finding->measured, sizeof(finding->measured), "%dx%d", width, height);
    snprintf(finding->limit, sizeof(finding->limit), "%dx%d", v->width_px, v->height_px);
    snprintf(finding->text, sizeof(finding->text), "; coded %dx%d would %s, displayed %dx%d %s",
             width, height, coded ? "pass" : "fail", v->width_px, v->height_px,
             shown ? "passes" : "fails");
    return true;
}

static bool codec(const osp_facts *f, const osp_profile *p, osp_finding *finding)
{
    const char *safe = profile_text_or(p, "video.safe.codec", NULL);

    if (!safe || strcmp(safe, f->video.codec) == 0)
        return false;
    str_copy(finding->limit, sizeof(finding->limit), safe);
    return measured(finding, f->video.codec);
}

/* H.264 beyond what every decoder takes: deep, fine or lossless (ITU-T H.264 A.2.5 and on). */
static bool depth(const osp_facts *f, const osp_profile *p, osp_finding *finding)
{
    static const char *const beyond_high[] = { "High 10", "High 4:2:2", "High 4:4:4",
                                               "CAVLC 4:4:4" };
    const osp_video_facts *v = &f->video;
    const char *chroma = profile_text_or(p, "video.safe.chroma", v->chroma);
    int64_t bits = profile_int_or(p, "video.safe.bit_depth", v->bit_depth);
    bool beyond = v->bit_depth > bits || (v->chroma[0] && strcmp(v->chroma, chroma) != 0);

    for (size_t i = 0; i < OSP_COUNT(beyond_high); i++)
        beyond |= str_starts(v->profile, beyond_high[i]); /* and their "Intra" kinds */
    if (strcmp(v->codec, profile_text_or(p, "video.safe.codec", v->codec)) != 0 || !beyond)
        return false;
    snprintf(finding->measured, sizeof(finding->measured), "%s, %s, %d bit",
             v->profile[0] ? v->profile : "unknown profile", v->chroma, v->bit_depth);
    snprintf(finding->limit, sizeof(finding->limit), "%s, %d bit", chroma, (int)bits);
    return true;
}

static bool hdr(const osp_facts *f, const osp_profile *p, osp_finding *finding)
{
    const osp_video_facts *v = &f->video;

    (void)p;
    if (v->dolby_vision_profile) {
        snprintf(finding->measured, sizeof(finding->measured), "Dolby Vision profile %d",
                 v->dolby_vision_profile);
        if (!v->dolby_vision_base)
            str_copy(finding->text, sizeof(finding->text),
                     "; without a Dolby Vision decoder its colours are wrong, conform's too");
        return true;
    }
    if (v->hdr[0])
        return measured(finding, v->hdr);
    return str_starts(v->primaries, "bt2020") && measured(finding, "BT.2020");
}

static bool full_range(const osp_facts *f, const osp_profile *p, osp_finding *finding)
{
    (void)p;
    return strcmp(f->video.range, "pc") == 0 && measured(finding, "full");
}

static bool untagged(const osp_facts *f, const osp_profile *p, osp_finding *finding)
{
    const osp_video_facts *v = &f->video;
    bool rgb = strcmp(v->chroma, "rgb") == 0 || strcmp(v->chroma, "gray") == 0;

    (void)p;
    if (rgb || v->matrix[0]) /* RGB needs no matrix to be read */
        return false;
    return measured(finding, v->primaries[0] || v->transfer[0] ? "no matrix" : "untagged");
}

static bool colour_conflict(const osp_facts *f, const osp_profile *p, osp_finding *finding)
{
    const osp_colour *c = &f->video.container_colour, *s = &f->video.stream_colour;
    const char *const names[][3] = { { "primaries", c->primaries, s->primaries },
                                     { "transfer", c->transfer, s->transfer },
                                     { "matrix", c->matrix, s->matrix },
                                     { "range", c->range, s->range } };

    (void)p;
    for (size_t i = 0; f->video.colour_conflict && i < OSP_COUNT(names); i++) {
        size_t used = strlen(finding->text);

        if (!names[i][1][0] || !names[i][2][0] || !strcmp(names[i][1], names[i][2]))
            continue;
        snprintf(finding->text + used, sizeof(finding->text) - used,
                 "; %s: container %s, bitstream %s", names[i][0], names[i][1], names[i][2]);
        if (!finding->measured[0])
            snprintf(finding->measured, sizeof(finding->measured), "%s, %s", names[i][1],
                     names[i][2]);
    }
    return finding->measured[0] != 0;
}

static bool interlaced(const osp_facts *f, const osp_profile *p, osp_finding *finding)
{
    (void)p;
    return f->video.field_order[0] && strcmp(f->video.field_order, "progressive") != 0 &&
           measured(finding, f->video.field_order);
}

static bool vfr(const osp_facts *f, const osp_profile *p, osp_finding *finding)
{
    char least[20], most[20];

    (void)p;
    if (!f->video.variable_rate)
        return false;
    rational_print(f->video.rate_min, 2, least, sizeof(least));
    rational_print(f->video.rate_max, 2, most, sizeof(most));
    snprintf(finding->measured, sizeof(finding->measured), "%s to %s fps", least, most);
    return true;
}

static bool rotation(const osp_facts *f, const osp_profile *p, osp_finding *finding)
{
    (void)p;
    if (!f->video.rotation_deg && !f->video.mirrored)
        return false;
    snprintf(finding->measured, sizeof(finding->measured), "%d degrees%s", f->video.rotation_deg,
             f->video.mirrored ? ", mirrored" : "");
    return true;
}

static bool sar(const osp_facts *f, const osp_profile *p, osp_finding *finding)
{
    (void)p;
    if (!rational_known(f->video.sar) || f->video.sar.num == f->video.sar.den)
        return false;
    snprintf(finding->measured, sizeof(finding->measured), "%lld:%lld", (long long)f->video.sar.num,
             (long long)f->video.sar.den);
    return true;
}

static bool edit_list(const osp_facts *f, const osp_profile *p, osp_finding *finding)
{
    (void)p;
    return f->edit_list && measured(finding, "trims or shifts");
}

static bool aperture(const osp_facts *f, const osp_profile *p, osp_finding *finding)
{
    (void)p;
    if (!f->video.clean_width_px || (f->video.clean_width_px == f->video.coded_width_px &&
                                     f->video.clean_height_px == f->video.coded_height_px))
        return false;
    snprintf(finding->measured, sizeof(finding->measured), "%dx%d of %dx%d",
             f->video.clean_width_px, f->video.clean_height_px, f->video.coded_width_px,
             f->video.coded_height_px);
    return true;
}

static bool start(const osp_facts *f, const osp_profile *p, osp_finding *finding)
{
    char words[32];

    (void)p;
    if (!rational_known(f->start_s) || f->start_s.num == 0)
        return false;
    rational_print(f->start_s, 3, words, sizeof(words));
    return measured(finding, words);
}

static bool fragmented(const osp_facts *f, const osp_profile *p, osp_finding *finding)
{
    (void)p;
    return f->fragmented && measured(finding, "fragmented");
}

static bool index_last(const osp_facts *f, const osp_profile *p, osp_finding *finding)
{
    (void)p;
    return (!strcmp(f->container, "mp4") || !strcmp(f->container, "mov")) && !f->faststart &&
           !f->fragmented && measured(finding, "at the end");
}

static bool alpha(const osp_facts *f, const osp_profile *p, osp_finding *finding)
{
    (void)p;
    return f->video.alpha && measured(finding, "alpha");
}

static bool odd(const osp_facts *f, const osp_profile *p, osp_finding *finding)
{
    (void)p;
    if (f->video.width_px % 2 == 0 && f->video.height_px % 2 == 0)
        return false;
    snprintf(finding->measured, sizeof(finding->measured), "%dx%d", f->video.width_px,
             f->video.height_px);
    return true;
}

static bool streams(const osp_facts *f, const osp_profile *p, osp_finding *finding)
{
    (void)p;
    if (f->video_tracks > 1)
        snprintf(finding->measured, sizeof(finding->measured), "%d picture tracks",
                 f->video_tracks);
    else if (f->cover_art > 0)
        str_copy(finding->measured, sizeof(finding->measured), "cover art");
    else if (f->video.sample_entries > 1)
        snprintf(finding->measured, sizeof(finding->measured), "%d sample entries",
                 f->video.sample_entries);
    return finding->measured[0] != 0;
}

static bool sound_codec(const osp_facts *f, const osp_profile *p, osp_finding *finding)
{
    return f->sound.codec[0] && not_listed(p, "video.safe.sound", f->sound.codec, finding);
}

static const struct word_rule word_rules[] = {
    { "video.container", USES_VIDEO, OSP_VIOLATION, container,
      "the service takes MP4 and MOV by content", "remux" },
    { "video.truncated", USES_VIDEO, OSP_VIOLATION, truncated,
      "the index does not fit the file: it was cut off, or is damaged", "none" },
    { "video.duration.disagree", USES_VIDEO, OSP_WARNING, disagree,
      "container, track and pictures differ on the duration by more than 0.1 s", "encode" },
    { "video.size.coded", USES_VIDEO, OSP_WARNING, coded_size,
      "which of its two sizes the service reads is not known", "scale" },
    { "video.codec", USES_VIDEO, OSP_WARNING, codec,
      "the service documents no codec; every known client sends H.264", "encode" },
    { "video.codec.profile", USES_VIDEO, OSP_WARNING, depth,
      "deeper or finer than what known clients send", "encode" },
    { "video.hdr", USES_VIDEO, OSP_WARNING, hdr, "the result is expected in 8-bit SDR", "encode" },
    { "video.range", USES_VIDEO, OSP_WARNING, full_range, "full range: the reader's guess decides",
      "encode" },
    { "video.color.untagged", USES_VIDEO, OSP_WARNING, untagged,
      "no colour tags: the reader's guess decides", "encode" },
    { "video.color.conflict", USES_VIDEO, OSP_WARNING, colour_conflict,
      "its colour tags contradict each other: decoders follow the bitstream, some players the "
      "container",
      "encode" },
    { "video.interlaced", USES_VIDEO, OSP_WARNING, interlaced, "field-coded, or flagged so",
      "encode" },
    { "video.vfr", USES_VIDEO, OSP_WARNING, vfr,
      "variable rate: duration and picture count may be read differently", "rate" },
    { "video.rotation", USES_VIDEO, OSP_WARNING, rotation,
      "turned by a display matrix: whether the service honours it is not known", "encode" },
    { "video.sar", USES_VIDEO, OSP_WARNING, sar,
      "pixels are not square: whether the service honours it is not known", "scale" },
    { "video.aperture", USES_VIDEO, OSP_NOTE, aperture,
      "a clean aperture shows a part of the picture; who does not know it shows the edges",
      "none" },
    { "video.editlist", USES_VIDEO, OSP_WARNING, edit_list,
      "an edit list trims or shifts: whether the service honours it is not known", "encode" },
    { "video.start", USES_VIDEO, OSP_WARNING, start, "the first time stamp is not 0", "remux" },
    { "video.fragmented", USES_VIDEO, OSP_WARNING, fragmented,
      "fragmented: a remote reader may see only the head", "remux" },
    { "video.faststart", USES_VIDEO, OSP_WARNING, index_last,
      "the index lies behind the media: a remote reader may see only the head", "remux" },
    { "video.alpha", USES_VIDEO, OSP_WARNING, alpha, "an alpha plane is not documented", "encode" },
    { "video.odd", USES_VIDEO, OSP_WARNING, odd, "an odd side cannot be carried in 4:2:0",
      "scale" },
    { "video.brand", USES_VIDEO, OSP_WARNING, brand,
      "name and content of the file differ: the service names formats by extension", "remux" },
    { "video.streams", USES_VIDEO, OSP_WARNING, streams,
      "more pictures than one track of one kind: which of them the service takes is not known",
      "remux" },
    { "video.sound.codec", USES_VIDEO, OSP_NOTE, sound_codec,
      "sound other than AAC would be re-encoded when it is kept", "sound" },
};
#define NOT_DOCUMENTED "not documented; what known clients send"
#define OURS           "omnisplice's own reading"

static const struct rule_source sources[] = {
    { "video.truncated", OURS },
    { "video.duration.disagree", OURS },
    { "video.duration.grace", "not documented; two other clients" },
    { "video.size.coded", OURS },
    { "video.codec", NOT_DOCUMENTED },
    { "video.codec.profile", NOT_DOCUMENTED },
    { "video.hdr", NOT_DOCUMENTED },
    { "video.range", NOT_DOCUMENTED },
    { "video.color.untagged", NOT_DOCUMENTED },
    { "video.color.conflict", NOT_DOCUMENTED },
    { "video.interlaced", NOT_DOCUMENTED },
    { "video.vfr", NOT_DOCUMENTED },
    { "video.rotation", NOT_DOCUMENTED },
    { "video.sar", NOT_DOCUMENTED },
    { "video.aperture", NOT_DOCUMENTED },
    { "video.editlist", NOT_DOCUMENTED },
    { "video.start", NOT_DOCUMENTED },
    { "video.fragmented", NOT_DOCUMENTED },
    { "video.faststart", NOT_DOCUMENTED },
    { "video.alpha", NOT_DOCUMENTED },
    { "video.odd", NOT_DOCUMENTED },
    { "video.brand", NOT_DOCUMENTED },
    { "video.streams", NOT_DOCUMENTED },
    { "video.sound.codec", NOT_DOCUMENTED },
};

const struct rule_table video_rules = {
    .bounds = bound_rules,
    .bound_count = OSP_COUNT(bound_rules),
    .words = word_rules,
    .word_count = OSP_COUNT(word_rules),
    .sources = sources,
    .source_count = OSP_COUNT(sources),
};
