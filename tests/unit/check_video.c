/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Every rule of videos at, just below and just above its limit, for each profile and both uses,
 * from facts made by hand. The whole list of findings is compared: a row of the table that goes
 * missing, or fires where it should not, shows. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/auto.h"
#include "base/str.h"
#include "omnisplice/check.h"

#define O3     "cloudsway-kling-o3"
#define O1     "kling-video-o1"
#define NATIVE "kling-3.0-native"

/* A video that breaks nothing in any profile. */
static osp_facts plain_video(void)
{
    osp_facts f = { .kind = OSP_KIND_VIDEO, .size_bytes = 1000, .faststart = 1, .video_tracks = 1 };
    osp_video_facts *v = &f.video;

    strcpy(f.container, "mp4");
    strcpy(f.extension, "mp4");
    strcpy(v->codec, "h264");
    strcpy(v->profile, "High");
    strcpy(v->chroma, "4:2:0");
    strcpy(v->primaries, "bt709");
    strcpy(v->transfer, "bt709");
    strcpy(v->matrix, "bt709");
    strcpy(v->range, "tv");
    strcpy(v->field_order, "progressive");
    v->bit_depth = 8;
    v->sar = (osp_rational){ 1, 1 };
    v->width_px = v->coded_width_px = 1280;
    v->height_px = v->coded_height_px = 720;
    v->rate = v->rate_min = v->rate_max = (osp_rational){ 25, 1 };
    v->frame_count = 125;
    v->sample_entries = 1;
    f.container_s = f.track_s = f.frames_s = (osp_rational){ 5, 1 };
    f.start_s = (osp_rational){ 0, 1 };
    return f;
}

/* Findings as "rule ?rule -rule": violation, warning, note; sorted as osp_check() sorts. */
static void list_findings(const osp_facts *f, const char *profile_name, osp_use use, char out[512])
{
    static const char *const marks[] = { "-", "?", "" };
    OSP_AUTO(osp_profile_free) osp_profile *profile = NULL;
    OSP_AUTO(osp_findings_free) osp_findings *findings = NULL;
    const osp_finding *finding;

    assert_int_equal(osp_profile_find(profile_name, &profile, NULL), OSP_OK);
    assert_int_equal(osp_check(f, profile, use, &findings, NULL), OSP_OK);
    out[0] = 0;
    for (size_t i = 0; (finding = osp_findings_get(findings, i)); i++) {
        assert_true(finding->text[0] && finding->source[0] && finding->as_of[0]);
        assert_true(finding->measured[0] && finding->remedy[0]);
        snprintf(out + strlen(out), 512 - strlen(out), "%s%s%s", i ? " " : "",
                 marks[finding->level], finding->rule);
    }
}

static void expect(const char *name, const osp_facts *f, const char *profile, const char *findings)
{
    static const osp_use uses[] = { OSP_USE_EDIT, OSP_USE_FEATURE };
    char got[512];

    for (size_t i = 0; i < OSP_COUNT(uses); i++) {
        list_findings(f, profile, uses[i], got);
        if (strcmp(got, findings) != 0)
            fail_msg("%s (%s, %s): '%s', expected '%s'", name, profile, osp_use_name(uses[i]), got,
                     findings);
    }
}

/* ---- numbers ---- */

enum what { SECONDS, SIDES, RATE, BYTES };

static const struct number_row {
    const char *name;
    const char *profile;
    enum what what;
    int64_t a, b; /* a/b, or a x b */
    const char *findings;
} numbers[] = {
    { "2.9999 s", O3, SECONDS, 29999, 10000, "video.duration.min" },
    { "3 s", O3, SECONDS, 3, 1, "" },
    { "90 pictures of NTSC", O3, SECONDS, 90090, 30000, "" },
    { "89 pictures of NTSC", O3, SECONDS, 89089, 30000, "video.duration.min" },
    { "10 s", O3, SECONDS, 10, 1, "" },
    { "a tick above 10 s", O3, SECONDS, 900001, 90000, "?video.duration.grace" },
    { "10.05 s", O3, SECONDS, 1005, 100, "?video.duration.grace" },
    { "a tick above 10.05 s", O3, SECONDS, 904501, 90000, "video.duration.max" },
    { "2.9999 s", O1, SECONDS, 29999, 10000, "video.duration.min" },
    { "3 s", O1, SECONDS, 3, 1, "" },
    { "10 s", O1, SECONDS, 10, 1, "" },
    { "10.05 s", O1, SECONDS, 1005, 100, "?video.duration.grace" },
    { "10.0501 s", O1, SECONDS, 100501, 10000, "video.duration.max" },
    { "2.9999 s", NATIVE, SECONDS, 29999, 10000, "video.duration.min" },
    { "3 s", NATIVE, SECONDS, 3, 1, "" },
    { "10.051 s", NATIVE, SECONDS, 10051, 1000, "" },
    { "15.5 s", NATIVE, SECONDS, 31, 2, "" },
    { "15.5001 s", NATIVE, SECONDS, 155001, 10000, "video.duration.max" },

    { "719 px", O3, SIDES, 1280, 719, "video.side.min ?video.odd" },
    { "718 px, upright", O3, SIDES, 718, 1280, "video.side.min" },
    { "720 px", O3, SIDES, 1280, 720, "" },
    { "699 px", O3, SIDES, 1280, 699, "video.side.min ?video.odd" },
    { "719 px", O1, SIDES, 1280, 719, "?video.odd ?video.side.min" },
    { "700 px", O1, SIDES, 1280, 700, "?video.side.min" },
    { "699 px", O1, SIDES, 1280, 699, "video.side.min ?video.odd" },
    { "700 px", NATIVE, SIDES, 1280, 700, "" },
    { "699 px", NATIVE, SIDES, 1280, 699, "video.side.min ?video.odd" },
    { "2160 px", O3, SIDES, 2160, 2160, "" },
    { "2161 px", O3, SIDES, 2161, 1216, "video.side.max ?video.odd" },
    { "2162 px, upright", O1, SIDES, 1216, 2162, "video.side.max" },
    { "2160 px", O1, SIDES, 2160, 1216, "" },
    { "3840x2160", NATIVE, SIDES, 3840, 2160, "" },
    { "3842x2160", NATIVE, SIDES, 3842, 2160, "video.area" },
    { "4072x2036: the widest of ratio 2", NATIVE, SIDES, 4072, 2036, "" },
    { "4553 px", NATIVE, SIDES, 4553, 1821, "video.aspect ?video.odd" },
    { "4554 px", NATIVE, SIDES, 4554, 1820, "video.aspect video.side.max" },
    { "4000x4000", O3, SIDES, 4000, 4000, "video.side.max" },

    { "5:2", O3, SIDES, 1800, 720, "" },
    { "a hair wider than 5:2", O3, SIDES, 1802, 720, "video.aspect" },
    { "scope, 2.39", O3, SIDES, 1720, 720, "" },
    { "2.76", O3, SIDES, 1988, 720, "video.aspect" },
    { "2:5", O3, SIDES, 720, 1800, "" },
    { "a hair taller than 2:5", O3, SIDES, 720, 1802, "video.aspect" },
    { "5:2", O1, SIDES, 1800, 720, "" },
    { "a hair wider than 5:2", O1, SIDES, 1802, 720, "video.aspect" },
    { "a hair taller than 2:5", O1, SIDES, 720, 1802, "video.aspect" },
    { "2:1", NATIVE, SIDES, 1600, 800, "" },
    { "a hair wider than 2:1", NATIVE, SIDES, 1602, 800, "video.aspect" },
    { "2:5", NATIVE, SIDES, 720, 1800, "" },
    { "a hair taller than 2:5", NATIVE, SIDES, 720, 1802, "video.aspect" },

    { "24 fps", O3, RATE, 24, 1, "" },
    { "23.976 fps", O3, RATE, 24000, 1001, "video.fps.min" },
    { "23.999999 fps", O3, RATE, 23999999, 1000000, "video.fps.min" },
    { "60 fps", O3, RATE, 60, 1, "" },
    { "59.94 fps", O3, RATE, 60000, 1001, "" },
    { "60.000001 fps", O3, RATE, 60000001, 1000000, "video.fps.max" },
    { "24 fps", O1, RATE, 24, 1, "" },
    { "23.976 fps", O1, RATE, 24000, 1001, "video.fps.min" },
    { "60.01 fps", O1, RATE, 6001, 100, "video.fps.max" },
    { "24 fps", NATIVE, RATE, 24, 1, "" },
    { "23.976 fps", NATIVE, RATE, 24000, 1001, "video.fps.min" },
    { "60.01 fps", NATIVE, RATE, 6001, 100, "video.fps.max" },

    { "200 MB", O3, BYTES, 200000000, 1, "" },
    { "a byte more", O3, BYTES, 200000001, 1, "video.bytes" },
    { "binary megabytes and a byte", O3, BYTES, 209715201, 1, "video.bytes" },
    { "200 MB", O1, BYTES, 200000000, 1, "" },
    { "a byte more", O1, BYTES, 200000001, 1, "video.bytes" },
    { "200 MB", NATIVE, BYTES, 200000000, 1, "" },
    { "a byte more", NATIVE, BYTES, 200000001, 1, "video.bytes" },
};

static void set_number(osp_facts *f, enum what what, int64_t a, int64_t b)
{
    switch (what) {
    case SECONDS:
        f->container_s = f->track_s = f->frames_s = (osp_rational){ a, b };
        break;
    case SIDES:
        f->video.width_px = f->video.coded_width_px = (int)a;
        f->video.height_px = f->video.coded_height_px = (int)b;
        break;
    case RATE:
        f->video.rate = (osp_rational){ a, b };
        break;
    case BYTES:
        f->size_bytes = a;
        break;
    }
}

static void numbers_at_their_borders(void **state)
{
    (void)state;
    for (size_t i = 0; i < OSP_COUNT(numbers); i++) {
        osp_facts f = plain_video();

        set_number(&f, numbers[i].what, numbers[i].a, numbers[i].b);
        expect(numbers[i].name, &f, numbers[i].profile, numbers[i].findings);
    }
}

/* ---- the three durations ---- */

static void durations(void **state)
{
    static const struct {
        const char *name;
        osp_rational container, track, frames;
        const char *findings;
    } rows[] = {
        { "sound a hair longer", { 302, 100 }, { 3, 1 }, { 3, 1 }, "" },
        { "the shortest counts below", { 3, 1 }, { 3, 1 }, { 2999, 1000 }, "video.duration.min" },
        { "the longest counts above", { 1006, 100 }, { 10, 1 }, { 10, 1 }, "video.duration.max" },
        { "0.1 s apart is one duration", { 51, 10 }, { 5, 1 }, { 5, 1 }, "" },
        { "a hair more is two", { 51001, 10000 }, { 5, 1 }, { 5, 1 }, "?video.duration.disagree" },
        { "not known: the others count", { 0, 0 }, { 5, 1 }, { 5, 1 }, "" },
        { "both bounds broken",
          { 20, 1 },
          { 1, 1 },
          { 1, 1 },
          "video.duration.max video.duration.min ?video.duration.disagree" },
    };

    (void)state;
    for (size_t i = 0; i < OSP_COUNT(rows); i++) {
        osp_facts f = plain_video();

        f.container_s = rows[i].container;
        f.track_s = rows[i].track;
        f.frames_s = rows[i].frames;
        expect(rows[i].name, &f, O3, rows[i].findings);
    }
}

/* ---- properties ---- */

#define WORD(member, word) str_copy(f->member, sizeof(f->member), word)

static void as_webm(osp_facts *f)
{
    WORD(container, "webm");
}

static void as_3gp(osp_facts *f)
{
    WORD(brand, "3gp5");
    WORD(extension, "3gp");
}

static void as_3gp_named_mp4(osp_facts *f)
{
    WORD(brand, "3gp5");
}

static void as_mov(osp_facts *f)
{
    WORD(container, "mov");
    WORD(extension, "mov");
}

static void mov_named_mp4(osp_facts *f)
{
    WORD(container, "mov");
}

static void mp4_named_mov(osp_facts *f)
{
    WORD(extension, "mov");
}

static void named_m4v(osp_facts *f)
{
    WORD(extension, "m4v");
}

static void named_dat(osp_facts *f)
{
    WORD(extension, "dat");
}

static void cut_off(osp_facts *f)
{
    f->truncated = 1;
}

static void damaged(osp_facts *f)
{
    f->index_damaged = 1;
}

static void as_hevc(osp_facts *f)
{
    WORD(video.codec, "hevc");
    WORD(video.profile, "Main");
}

static void ten_bit(osp_facts *f)
{
    f->video.bit_depth = 10;
}

static void hevc_ten_bit(osp_facts *f)
{
    as_hevc(f);
    ten_bit(f);
}

static void fine_chroma(osp_facts *f)
{
    WORD(video.chroma, "4:2:2");
}

static void lossless(osp_facts *f)
{
    WORD(video.profile, "High 4:4:4 Predictive");
}

static void intra_profile(osp_facts *f)
{
    WORD(video.profile, "High 10 Intra");
}

static void pq(osp_facts *f)
{
    WORD(video.hdr, "PQ");
}

static void hlg(osp_facts *f)
{
    WORD(video.hdr, "HLG");
}

static void dolby_vision(osp_facts *f)
{
    WORD(video.hdr, "Dolby Vision");
    f->video.dolby_vision_profile = 8;
    f->video.dolby_vision_base = 1;
}

static void wide_colour(osp_facts *f)
{
    WORD(video.primaries, "bt2020");
}

static void full_range(osp_facts *f)
{
    WORD(video.range, "pc");
}

static void untagged(osp_facts *f)
{
    f->video.matrix[0] = f->video.primaries[0] = f->video.transfer[0] = 0;
}

static void no_matrix(osp_facts *f)
{
    f->video.matrix[0] = 0;
}

static void untagged_rgb(osp_facts *f)
{
    untagged(f);
    WORD(video.codec, "qtrle");
    WORD(video.chroma, "rgb");
}

static void conflict(osp_facts *f)
{
    f->video.colour_conflict = 1;
    WORD(video.container_colour.matrix, "bt709");
    WORD(video.stream_colour.matrix, "smpte170m");
}

static void fields(osp_facts *f)
{
    WORD(video.field_order, "tb");
}

static void unknown_order(osp_facts *f)
{
    f->video.field_order[0] = 0;
}

static void uneven(osp_facts *f)
{
    f->video.variable_rate = 1;
    f->video.rate_min = (osp_rational){ 24, 1 };
    f->video.rate_max = (osp_rational){ 60, 1 };
}

static void turned(osp_facts *f)
{
    f->video.rotation_deg = 90;
    f->video.width_px = 720;
    f->video.height_px = 1280;
}

static void mirrored(osp_facts *f)
{
    f->video.mirrored = 1;
}

static void wide_pixels(osp_facts *f)
{
    f->video.sar = (osp_rational){ 4, 3 };
    f->video.coded_width_px = 960;
}

static void rescued_by_sar(osp_facts *f)
{
    f->video.sar = (osp_rational){ 2, 1 };
    f->video.coded_width_px = 640;
}

static void broken_by_sar(osp_facts *f)
{
    f->video.sar = (osp_rational){ 2, 1 };
    f->video.width_px = 2560;
}

static void turned_and_too_small_either_way(osp_facts *f)
{
    turned(f);
    f->video.coded_height_px = f->video.width_px = 700;
}

static void aperture(osp_facts *f)
{
    f->video.clean_width_px = 1264;
    f->video.clean_height_px = 720;
    f->video.width_px = 1264;
}

static void edited(osp_facts *f)
{
    f->edit_list = 1;
}

static void late(osp_facts *f)
{
    f->start_s = (osp_rational){ 1, 12 };
}

static void early(osp_facts *f)
{
    f->start_s = (osp_rational){ -1, 12 };
}

static void in_fragments(osp_facts *f)
{
    f->fragmented = 1;
    f->faststart = 0;
}

static void index_last(osp_facts *f)
{
    f->faststart = 0;
}

static void see_through(osp_facts *f)
{
    f->video.alpha = 1;
}

static void odd(osp_facts *f)
{
    f->video.width_px = f->video.coded_width_px = 1281;
}

static void two_tracks(osp_facts *f)
{
    f->video_tracks = 2;
}

static void cover(osp_facts *f)
{
    f->cover_art = 1;
}

static void two_entries(osp_facts *f)
{
    f->video.sample_entries = 2;
}

static void with_aac(osp_facts *f)
{
    WORD(sound.codec, "aac");
}

static void with_opus(osp_facts *f)
{
    WORD(sound.codec, "opus");
}

static void unreadable(osp_facts *f)
{
    f->kind = OSP_KIND_UNKNOWN;
    WORD(fault, "it is empty");
}

static void sound_alone(osp_facts *f)
{
    f->kind = OSP_KIND_SOUND;
}

static const struct property_row {
    const char *name;
    void (*change)(osp_facts *f);
    const char *findings;
} properties[] = {
    { "WebM", as_webm, "video.container" },
    { "3GP", as_3gp, "video.container" },
    { "3GP that is named .mp4", as_3gp_named_mp4, "?video.brand" },
    { "MOV", as_mov, "" },
    { "MOV that is named .mp4", mov_named_mp4, "?video.brand" },
    { "MP4 that is named .mov", mp4_named_mov, "?video.brand" },
    { "MP4 that is named .m4v", named_m4v, "" },
    { "MP4 of another name", named_dat, "?video.brand" },
    { "cut off", cut_off, "video.truncated" },
    { "a damaged index", damaged, "video.truncated" },
    { "HEVC", as_hevc, "?video.codec" },
    { "HEVC of 10 bit: the codec says it all", hevc_ten_bit, "?video.codec" },
    { "H.264 of 10 bit", ten_bit, "?video.codec.profile" },
    { "H.264 4:2:2", fine_chroma, "?video.codec.profile" },
    { "lossless H.264", lossless, "?video.codec.profile" },
    { "an intra profile", intra_profile, "?video.codec.profile" },
    { "PQ", pq, "?video.hdr" },
    { "HLG", hlg, "?video.hdr" },
    { "Dolby Vision", dolby_vision, "?video.hdr" },
    { "BT.2020 primaries", wide_colour, "?video.hdr" },
    { "full range", full_range, "?video.range" },
    { "no colour tags", untagged, "?video.color.untagged" },
    { "no matrix", no_matrix, "?video.color.untagged" },
    { "RGB needs no matrix", untagged_rgb, "?video.codec" },
    { "tags that contradict each other", conflict, "?video.color.conflict" },
    { "fields", fields, "?video.interlaced" },
    { "field order not known", unknown_order, "" },
    { "variable rate", uneven, "?video.vfr" },
    { "turned", turned, "?video.rotation" },
    { "mirrored", mirrored, "?video.rotation" },
    { "wide pixels", wide_pixels, "?video.sar" },
    { "coded too narrow, shown wide enough", rescued_by_sar, "?video.sar ?video.size.coded" },
    { "coded well, shown too wide", broken_by_sar,
      "video.aspect video.side.max ?video.sar ?video.size.coded" },
    { "a turn alone changes no verdict", turned_and_too_small_either_way,
      "video.side.min ?video.rotation" },
    { "clean aperture", aperture, "-video.aperture" },
    { "edit list", edited, "?video.editlist" },
    { "starts late", late, "?video.start" },
    { "starts early", early, "?video.start" },
    { "fragmented", in_fragments, "?video.fragmented" },
    { "index at the end", index_last, "?video.faststart" },
    { "alpha", see_through, "?video.alpha" },
    { "odd side", odd, "?video.odd" },
    { "two picture tracks", two_tracks, "?video.streams" },
    { "cover art", cover, "?video.streams" },
    { "two sample entries", two_entries, "?video.streams" },
    { "AAC", with_aac, "" },
    { "Opus", with_opus, "-video.sound.codec" },
    { "unreadable", unreadable, "media.unreadable" },
    { "no picture", sound_alone, "media.unreadable" },
};

static void properties_one_by_one(void **state)
{
    static const char *const profiles[] = { O3, O1, NATIVE };

    (void)state;
    for (size_t p = 0; p < OSP_COUNT(profiles); p++) {
        osp_facts plain = plain_video();

        expect("a plain video", &plain, profiles[p], "");
    }
    for (size_t i = 0; i < OSP_COUNT(properties); i++) {
        osp_facts f = plain_video();

        properties[i].change(&f);
        expect(properties[i].name, &f, O3, properties[i].findings);
    }
}

/* ---- words ---- */

static void dolby_vision_alone(osp_facts *f)
{
    dolby_vision(f);
    f->video.dolby_vision_profile = 5;
    f->video.dolby_vision_base = 0;
}

static const struct words_row {
    const char *profile;
    enum what what; /* set first, unless a is 0 */
    int64_t a, b;
    void (*change)(osp_facts *f); /* or this */
    const char *rule, *measured, *limit, *remedy;
    const char *say[3]; /* all in the text */
    const char *silent; /* not in the text */
} words[] = {
    { O3,
      SECONDS,
      12,
      1,
      NULL,
      "video.duration.max",
      "12",
      "10",
      "trim",
      { "10 s", "15.5 s", "video.duration.max_s" },
      NULL },
    { O3,
      SECONDS,
      16,
      1,
      NULL,
      "video.duration.max",
      "16",
      "10",
      "trim",
      { "10 s", "15.5 s", "" },
      "raise" },
    { O1,
      SECONDS,
      12,
      1,
      NULL,
      "video.duration.max",
      "12",
      "10",
      "trim",
      { "10 s", "", "" },
      "15.5" },
    { NATIVE,
      SECONDS,
      16,
      1,
      NULL,
      "video.duration.max",
      "16",
      "15.5",
      "trim",
      { "15.5", "", "" },
      "raise" },
    { O3,
      SECONDS,
      1004,
      100,
      NULL,
      "video.duration.grace",
      "10.04",
      "10",
      "trim",
      { "10 s", "10.05", "conform trims" },
      "15.5" },
    { O3,
      SECONDS,
      29999999,
      10000000,
      NULL,
      "video.duration.min",
      "3",
      "3",
      "handles",
      { "a hair less than 3", "", "" },
      NULL },
    { O3,
      SIDES,
      1280,
      704,
      NULL,
      "video.side.min",
      "704",
      "720",
      "scale",
      { "704 px", "720", "newer pages" },
      NULL },
    { O3,
      SIDES,
      1280,
      698,
      NULL,
      "video.side.min",
      "698",
      "720",
      "scale",
      { "698 px", "", "" },
      "newer" },
    { O1,
      SIDES,
      1280,
      704,
      NULL,
      "video.side.min",
      "704",
      "720",
      "scale",
      { "different date", "700", "" },
      NULL },
    { NATIVE,
      SIDES,
      1800,
      720,
      NULL,
      "video.aspect",
      "2.5",
      "2",
      "crop",
      { "contradicts itself", "2.5", "1800x720" },
      NULL },
    { NATIVE,
      SIDES,
      1802,
      720,
      NULL,
      "video.aspect",
      "2.5028",
      "2",
      "crop",
      { "1802x720", "", "" },
      "contradicts" },
    { O3,
      SIDES,
      1802,
      720,
      NULL,
      "video.aspect",
      "2.5028",
      "2.5",
      "crop",
      { "1802x720", "", "" },
      "contradicts" },
    { O3,
      RATE,
      24000,
      1001,
      NULL,
      "video.fps.min",
      "24000/1001",
      "24/1",
      "rate",
      { "NTSC", "23.976", "0.1 %" },
      NULL },
    { O3, RATE, 23, 1, NULL, "video.fps.min", "23/1", "24/1", "rate", { "23", "", "" }, "NTSC" },
    { O3,
      BYTES,
      209715200,
      1,
      NULL,
      "video.bytes",
      "209715200",
      "200000000",
      "encode",
      { "binary megabytes", "", "" },
      NULL },
    { O3,
      BYTES,
      209715201,
      1,
      NULL,
      "video.bytes",
      "209715201",
      "200000000",
      "encode",
      { "209715201", "", "" },
      "binary" },
    { O3,
      SIDES,
      0,
      0,
      as_webm,
      "video.container",
      "webm",
      "mp4, mov",
      "remux",
      { "MP4 and MOV", "its name says .mp4", "" },
      NULL },
    { O3,
      SIDES,
      0,
      0,
      broken_by_sar,
      "video.size.coded",
      "1280x720",
      "2560x720",
      "scale",
      { "coded 1280x720 would pass", "displayed 2560x720 fails", "" },
      NULL },
    { O3,
      SIDES,
      0,
      0,
      conflict,
      "video.color.conflict",
      "bt709, smpte170m",
      "",
      "encode",
      { "container bt709", "bitstream smpte170m", "" },
      NULL },
    { O3,
      SIDES,
      0,
      0,
      dolby_vision_alone,
      "video.hdr",
      "Dolby Vision profile 5",
      "",
      "encode",
      { "colours are wrong", "", "" },
      NULL },
    { O3,
      SIDES,
      0,
      0,
      uneven,
      "video.vfr",
      "24 to 60 fps",
      "",
      "rate",
      { "variable", "", "" },
      NULL },
};

static void check_words(const struct words_row *row, const osp_finding *finding)
{
    assert_string_equal(finding->measured, row->measured);
    assert_string_equal(finding->limit, row->limit);
    assert_string_equal(finding->remedy, row->remedy);
    for (size_t k = 0; k < OSP_COUNT(row->say); k++) {
        if (row->say[k] && !strstr(finding->text, row->say[k]))
            fail_msg("'%s' does not say '%s'", finding->text, row->say[k]);
    }
    if (row->silent && strstr(finding->text, row->silent))
        fail_msg("'%s' says '%s'", finding->text, row->silent);
}

static void words_explain(void **state)
{
    (void)state;
    for (size_t i = 0; i < OSP_COUNT(words); i++) {
        OSP_AUTO(osp_profile_free) osp_profile *profile = NULL;
        OSP_AUTO(osp_findings_free) osp_findings *findings = NULL;
        const osp_finding *finding;
        osp_facts f = plain_video();
        bool seen = false;

        if (words[i].a)
            set_number(&f, words[i].what, words[i].a, words[i].b);
        if (words[i].change)
            words[i].change(&f);
        assert_int_equal(osp_profile_find(words[i].profile, &profile, NULL), OSP_OK);
        assert_int_equal(osp_check(&f, profile, OSP_USE_GUESS, &findings, NULL), OSP_OK);
        for (size_t k = 0; (finding = osp_findings_get(findings, k)); k++) {
            if (strcmp(finding->rule, words[i].rule) != 0)
                continue;
            seen = true;
            check_words(&words[i], finding);
        }
        if (!seen)
            fail_msg("row %zu: no finding %s", i, words[i].rule);
    }
}

/* A documented bound names the document, what nobody documents says so. */
static void sources(void **state)
{
    OSP_AUTO(osp_profile_free) osp_profile *profile = NULL;
    OSP_AUTO(osp_findings_free) osp_findings *findings = NULL;
    const osp_finding *finding;
    osp_facts f = plain_video();

    (void)state;
    set_number(&f, SIDES, 1280, 700);
    as_hevc(&f);
    assert_int_equal(osp_profile_find(NULL, &profile, NULL), OSP_OK);
    assert_int_equal(osp_check(&f, profile, OSP_USE_EDIT, &findings, NULL), OSP_OK);
    assert_int_equal(osp_findings_count(findings), 2);
    finding = osp_findings_get(findings, 0);
    assert_string_equal(finding->rule, "video.side.min");
    assert_non_null(strstr(finding->source, "gateway"));
    assert_string_equal(finding->as_of, "2026-11-22");
    finding = osp_findings_get(findings, 1);
    assert_string_equal(finding->rule, "video.codec");
    assert_non_null(strstr(finding->source, "not documented"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_at_their_borders),
        cmocka_unit_test(durations),
        cmocka_unit_test(properties_one_by_one),
        cmocka_unit_test(words_explain),
        cmocka_unit_test(sources),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
