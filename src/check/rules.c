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

static void more_duration(const osp_facts *f, const osp_profile *p, char *text, size_t size)
{
    osp_rational upstream = profile_rational(p, "video.duration.upstream_max_s");
    char words[256], value[32];

    if (!rational_known(upstream) ||
        rational_compare(upstream, profile_rational(p, "video.duration.max_s")) <= 0)
        return;
    rational_print(upstream, 3, value, sizeof(value));
    snprintf(words, sizeof(words),
             "; it is this profile's bound: the service behind it is said to take up to %s s now%s",
             value,
             rational_compare(longest(f), upstream) > 0
                 ? ""
                 : ", and a profile file can raise video.duration.max_s and grace_max_s");
    add(text, size, words);
}

static void more_rate(const osp_facts *f, const osp_profile *p, char *text, size_t size)
{
    (void)p;
    if (f->video.rate.num == 24000 && f->video.rate.den == 1001)
        add(text, size, "; it is NTSC film rate (23.976), which conform retimes to 24 by 0.1 %");
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
      "video.side_px.grace_min", NULL, OSP_VIOLATION, NULL },
    { "video.side.max", USES_VIDEO, long_side, AT_MOST, "video.side_px.max", "px",
      "the longer side " VIDEO_SIDE "is %s px, the service takes at most %s", "scale", NULL, NULL,
      OSP_VIOLATION, NULL },
    { "video.area", USES_VIDEO, area, AT_MOST, "video.area_px_max", "px",
      "the picture has %s pixels, the service takes at most %s", "scale", NULL, NULL, OSP_VIOLATION,
      NULL },
    { "video.aspect", USES_VIDEO, aspect, AT_LEAST, "video.aspect.min", "",
      "width to height is %s, the service takes %s or more", "crop", NULL, NULL, OSP_VIOLATION,
      NULL },
    { "video.aspect", USES_VIDEO, aspect, AT_MOST, "video.aspect.max", "",
      "width to height is %s, the service takes at most %s", "crop", NULL, NULL, OSP_VIOLATION,
      NULL },
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
    return not_listed(p, "video.containers", f->container, finding);
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
    return f->truncated && measured(finding, "truncated");
}

static bool disagree(const osp_facts *f, const osp_profile *p, osp_finding *finding)
{
    osp_rational apart = rational_sub(longest(f), shortest(f));
    char words[32];

    (void)p;
    if (rational_compare(apart, (osp_rational){ 1, 10 }) <= 0)
        return false;
    rational_print(apart, 3, words, sizeof(words));
    return measured(finding, words);
}

static bool codec(const osp_facts *f, const osp_profile *p, osp_finding *finding)
{
    const char *safe = profile_text_or(p, "video.safe.codec", NULL);

    if (!safe || strcmp(safe, f->video.codec) == 0)
        return false;
    str_copy(finding->limit, sizeof(finding->limit), safe);
    return measured(finding, f->video.codec);
}

static bool depth(const osp_facts *f, const osp_profile *p, osp_finding *finding)
{
    const char *chroma = profile_text_or(p, "video.safe.chroma", f->video.chroma);
    int64_t bits = profile_int_or(p, "video.safe.bit_depth", f->video.bit_depth);

    if (!f->video.chroma[0] || (f->video.bit_depth <= bits && !strcmp(f->video.chroma, chroma)))
        return false;
    snprintf(finding->measured, sizeof(finding->measured), "%s, %d bit", f->video.chroma,
             f->video.bit_depth);
    snprintf(finding->limit, sizeof(finding->limit), "%s, %d bit", chroma, (int)bits);
    return true;
}

static bool hdr(const osp_facts *f, const osp_profile *p, osp_finding *finding)
{
    const char *t = f->video.transfer;

    (void)p;
    if (strcmp(t, "smpte2084") == 0)
        return measured(finding, "PQ");
    if (strcmp(t, "arib-std-b67") == 0)
        return measured(finding, "HLG");
    return str_starts(f->video.primaries, "bt2020") && measured(finding, "BT.2020");
}

static bool full_range(const osp_facts *f, const osp_profile *p, osp_finding *finding)
{
    (void)p;
    return strcmp(f->video.range, "pc") == 0 && measured(finding, "full");
}

static bool untagged(const osp_facts *f, const osp_profile *p, osp_finding *finding)
{
    (void)p;
    return !f->video.matrix[0] && measured(finding, "untagged");
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
    if (f->video.sar.num == f->video.sar.den)
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
    if (f->video_tracks < 2)
        return false;
    snprintf(finding->measured, sizeof(finding->measured), "%d", f->video_tracks);
    return true;
}

static bool sound_codec(const osp_facts *f, const osp_profile *p, osp_finding *finding)
{
    return f->sound.codec[0] && not_listed(p, "video.safe.sound", f->sound.codec, finding);
}

static const struct word_rule word_rules[] = {
    { "video.container", USES_VIDEO, OSP_VIOLATION, container,
      "the service takes MP4 and MOV by content", "remux" },
    { "video.truncated", USES_VIDEO, OSP_VIOLATION, truncated,
      "the index points past the end of the file: it was cut off", "none" },
    { "video.duration.disagree", USES_VIDEO, OSP_WARNING, disagree,
      "container, track and pictures differ on the duration by more than 0.1 s", "encode" },
    { "video.codec", USES_VIDEO, OSP_WARNING, codec,
      "the service documents no codec; every known client sends H.264", "encode" },
    { "video.codec.profile", USES_VIDEO, OSP_WARNING, depth,
      "deeper or finer than what known clients send", "encode" },
    { "video.hdr", USES_VIDEO, OSP_WARNING, hdr, "the result is expected in 8-bit SDR", "encode" },
    { "video.range", USES_VIDEO, OSP_WARNING, full_range, "full range: the reader's guess decides",
      "encode" },
    { "video.color.untagged", USES_VIDEO, OSP_WARNING, untagged,
      "no colour tags: the reader's guess decides", "encode" },
    { "video.interlaced", USES_VIDEO, OSP_WARNING, interlaced, "field-coded, or flagged so",
      "encode" },
    { "video.vfr", USES_VIDEO, OSP_WARNING, vfr,
      "variable rate: duration and picture count may be read differently", "rate" },
    { "video.rotation", USES_VIDEO, OSP_WARNING, rotation,
      "turned by a display matrix: whether the service honours it is not known", "encode" },
    { "video.sar", USES_VIDEO, OSP_WARNING, sar,
      "pixels are not square: whether the service honours it is not known", "scale" },
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
    { "video.streams", USES_VIDEO, OSP_WARNING, streams, "more than one picture track", "remux" },
    { "video.sound.codec", USES_VIDEO, OSP_NOTE, sound_codec,
      "sound other than AAC would be re-encoded when it is kept", "sound" },
};

const struct rule_table video_rules = {
    .bounds = bound_rules,
    .bound_count = OSP_COUNT(bound_rules),
    .words = word_rules,
    .word_count = OSP_COUNT(word_rules),
};
