/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The rules of images and sound files at, below and above each limit, for each profile and use,
 * from facts made by hand: no file is read. Every rule stands in a row that fails without it. */
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

#define GATEWAY "cloudsway-kling-o3"
#define O1      "kling-video-o1"
#define NATIVE  "kling-3.0-native"

/* An image that breaks nothing. */
static osp_facts good_image(void)
{
    osp_facts f = { .kind = OSP_KIND_IMAGE, .size_bytes = 1000 };

    strcpy(f.container, "jpeg");
    strcpy(f.extension, "jpg");
    strcpy(f.video.chroma, "4:2:0");
    strcpy(f.image.model, "ycbcr");
    strcpy(f.image.coding, "baseline");
    f.image.pictures = 1;
    f.video.bit_depth = 8;
    f.video.width_px = f.video.coded_width_px = 640;
    f.video.height_px = f.video.coded_height_px = 480;
    return f;
}

/* A sound that breaks nothing. */
static osp_facts good_sound(void)
{
    osp_facts f = { .kind = OSP_KIND_SOUND, .size_bytes = 1000 };

    strcpy(f.container, "wav");
    strcpy(f.extension, "wav");
    strcpy(f.sound.codec, "pcm_s16le");
    f.sound.sample_rate_hz = 48000;
    f.sound.channels = 2;
    f.sound.sample_bits = 16;
    f.sound.duration_s = (osp_rational){ 5, 1 };
    return f;
}

/* Findings as "rule ?rule .rule": violations, warnings, notes. */
static void judge(const osp_facts *f, const char *profile_name, osp_use use, char *out, size_t size)
{
    OSP_AUTO(osp_profile_free) osp_profile *profile = NULL;
    OSP_AUTO(osp_findings_free) osp_findings *findings = NULL;
    const osp_finding *finding;

    assert_int_equal(osp_profile_find(profile_name, &profile, NULL), OSP_OK);
    assert_int_equal(osp_check(f, profile, use, &findings, NULL), OSP_OK);
    out[0] = 0;
    for (size_t i = 0; (finding = osp_findings_get(findings, i)); i++) {
        static const char *const marks[] = { ".", "?", "" };

        assert_true(finding->text[0] && finding->source[0] && finding->as_of[0]);
        assert_true(finding->measured[0] && finding->remedy[0]);
        snprintf(out + strlen(out), size - strlen(out), "%s%s%s", out[0] ? " " : "",
                 marks[finding->level], finding->rule);
    }
}

static void expect(const char *name, const osp_facts *f, const char *profile, osp_use use,
                   const char *want)
{
    char got[256];

    judge(f, profile, use, got, sizeof(got));
    if (strcmp(got, want) != 0)
        fail_msg("%s (%s, %s): '%s', expected '%s'", name, profile, osp_use_name(use), got, want);
}

static const char *const profiles[] = { GATEWAY, O1, NATIVE };
static const osp_use image_uses[] = { OSP_USE_REFERENCE_IMAGE, OSP_USE_FIRST_FRAME,
                                      OSP_USE_END_FRAME, OSP_USE_OMNI_IMAGE, OSP_USE_AVATAR_IMAGE };

/* ---- sizes: the same everywhere ---- */

static void image_sizes(void **state)
{
    static const struct {
        const char *name;
        int width, height;
        const char *findings;
    } rows[] = {
        { "300 px passes", 300, 300, "" },
        { "299 px does not", 300, 299, "image.side.min" },
        { "nor on the other side", 299, 300, "image.side.min" },
        { "301 px passes", 301, 301, "" },
        { "2.5 to 1 passes", 750, 300, "" },
        { "a pixel wider does not", 751, 300, "image.aspect" },
        { "a pixel narrower passes", 749, 300, "" },
        { "1 to 2.5 passes", 300, 750, "" },
        { "a pixel taller does not", 300, 751, "image.aspect" },
        { "2.5 to 1 in large, by integers", 20002, 8001, "?image.side.max" },
        { "and one pixel beyond it", 20003, 8001, "image.aspect ?image.side.max" },
        { "338x191: once sent 32 times", 338, 191, "image.side.min" },
        { "8000 px passes", 8000, 8000, "" },
        { "8001 px is a warning", 8001, 8000, "?image.side.max" },
        { "7999 px passes", 7999, 7999, "" },
    };

    (void)state;
    for (size_t i = 0; i < OSP_COUNT(rows); i++) {
        osp_facts f = good_image();

        f.video.width_px = rows[i].width;
        f.video.height_px = rows[i].height;
        for (size_t p = 0; p < OSP_COUNT(profiles); p++) {
            for (size_t u = 0; u < OSP_COUNT(image_uses); u++)
                expect(rows[i].name, &f, profiles[p], image_uses[u], rows[i].findings);
        }
    }
}

/* ---- bytes: by profile and place ---- */

static void image_bytes(void **state)
{
    static const struct {
        const char *name, *profile;
        osp_use use;
        int64_t bytes;
        const char *findings;
    } rows[] = {
        { "what fits inline", GATEWAY, OSP_USE_REFERENCE_IMAGE, 7500000, "" },
        { "a byte more", GATEWAY, OSP_USE_REFERENCE_IMAGE, 7500001, "?image.inline" },
        { "10 MB", GATEWAY, OSP_USE_REFERENCE_IMAGE, 10000000, "?image.inline" },
        { "a byte more", GATEWAY, OSP_USE_REFERENCE_IMAGE, 10000001, "image.bytes ?image.inline" },
        { "a byte less", GATEWAY, OSP_USE_REFERENCE_IMAGE, 9999999, "?image.inline" },
        { "10 MB", GATEWAY, OSP_USE_FIRST_FRAME, 10000000, "?image.inline" },
        { "a byte more", GATEWAY, OSP_USE_FIRST_FRAME, 10000001, "image.bytes ?image.inline" },
        { "10 MB", GATEWAY, OSP_USE_END_FRAME, 10000000, "?image.inline" },
        { "a byte more", GATEWAY, OSP_USE_END_FRAME, 10000001, "image.bytes ?image.inline" },
        { "10 MB", GATEWAY, OSP_USE_OMNI_IMAGE, 10000000, "?image.inline" },
        { "a byte more", GATEWAY, OSP_USE_OMNI_IMAGE, 10000001, "image.bytes ?image.inline" },
        { "10 MB", GATEWAY, OSP_USE_AVATAR_IMAGE, 10000000, "?image.inline" },
        { "a byte more", GATEWAY, OSP_USE_AVATAR_IMAGE, 10000001, "image.bytes ?image.inline" },

        { "what fits inline", O1, OSP_USE_REFERENCE_IMAGE, 7500000, "" },
        { "10 MB", O1, OSP_USE_REFERENCE_IMAGE, 10000000, "?image.inline" },
        { "a byte more", O1, OSP_USE_REFERENCE_IMAGE, 10000001, "image.bytes ?image.inline" },
        { "a byte more", O1, OSP_USE_OMNI_IMAGE, 10000001, "image.bytes ?image.inline" },
        { "a byte more", O1, OSP_USE_AVATAR_IMAGE, 10000001, "image.bytes ?image.inline" },

        { "what fits inline", NATIVE, OSP_USE_REFERENCE_IMAGE, 15000000, "" },
        { "a byte more", NATIVE, OSP_USE_REFERENCE_IMAGE, 15000001, "?image.inline" },
        { "50 MB", NATIVE, OSP_USE_REFERENCE_IMAGE, 50000000, "?image.inline" },
        { "a byte more", NATIVE, OSP_USE_REFERENCE_IMAGE, 50000001, "image.bytes ?image.inline" },
        { "50 MB", NATIVE, OSP_USE_FIRST_FRAME, 50000000, "?image.inline" },
        { "50 MB", NATIVE, OSP_USE_END_FRAME, 50000000, "?image.inline" },
        { "10 MB", NATIVE, OSP_USE_OMNI_IMAGE, 10000000, "" },
        { "a byte more", NATIVE, OSP_USE_OMNI_IMAGE, 10000001, "image.bytes" },
        { "10 MB", NATIVE, OSP_USE_AVATAR_IMAGE, 10000000, "" },
        { "a byte more", NATIVE, OSP_USE_AVATAR_IMAGE, 10000001, "image.bytes" },
    };

    (void)state;
    for (size_t i = 0; i < OSP_COUNT(rows); i++) {
        osp_facts f = good_image();

        f.size_bytes = rows[i].bytes;
        expect(rows[i].name, &f, rows[i].profile, rows[i].use, rows[i].findings);
    }
}

/* ---- what is or is not so ---- */

enum property {
    CONTAINER,
    NAMED,
    ORIENTATION,
    ALPHA,
    PICTURES,
    MODEL,
    DEPTH,
    CODING,
    WIDE,
    GAIN_MAP,
    CUT_OFF,
};

static void set_property(osp_facts *f, enum property property, int number, const char *word)
{
    switch (property) {
    case CONTAINER:
        str_copy(f->container, sizeof(f->container), word);
        break;
    case NAMED:
        str_copy(f->extension, sizeof(f->extension), word);
        break;
    case ORIENTATION:
        f->image.exif_orientation = number;
        break;
    case ALPHA:
        f->video.alpha = number;
        break;
    case PICTURES:
        f->image.pictures = number;
        f->image.animated = number != 1;
        break;
    case MODEL:
        str_copy(f->image.model, sizeof(f->image.model), word);
        break;
    case DEPTH:
        f->video.bit_depth = number;
        break;
    case CODING:
        str_copy(f->image.coding, sizeof(f->image.coding), word);
        break;
    case WIDE:
        f->image.wide_gamut = number;
        break;
    case GAIN_MAP:
        f->image.gain_map = number;
        break;
    case CUT_OFF:
        f->image.cut_off = number;
        break;
    }
}

static void image_properties(void **state)
{
    static const struct {
        enum property property;
        int number;
        const char *word, *findings;
    } rows[] = {
        { CONTAINER, 0, "jpeg", "" },
        { CONTAINER, 0, "webp", "image.format ?image.name" },
        { CONTAINER, 0, "png", "?image.name" },
        { NAMED, 0, "png", "?image.name" },
        { NAMED, 0, "jpeg", "" },
        { NAMED, 0, "", "" },
        { NAMED, 0, "tmp", "" },
        { ORIENTATION, 1, NULL, "" },
        { ORIENTATION, 2, NULL, "?image.exif" },
        { ORIENTATION, 8, NULL, "?image.exif" },
        { ALPHA, 1, NULL, "?image.alpha" },
        { PICTURES, 1, NULL, "" },
        { PICTURES, 2, NULL, "?image.animated" },
        { PICTURES, 0, NULL, "?image.animated" },
        { MODEL, 0, "rgb", "" },
        { MODEL, 0, "cmyk", "?image.cmyk" },
        { MODEL, 0, "ycck", "?image.cmyk" },
        { MODEL, 0, "grey", ".image.grey" },
        { MODEL, 0, "palette", ".image.palette" },
        { DEPTH, 8, NULL, "" },
        { DEPTH, 9, NULL, "?image.depth" },
        { DEPTH, 16, NULL, "?image.depth" },
        { CODING, 0, "extended", "" },
        { CODING, 0, "progressive", ".image.progressive" },
        { CODING, 0, "interlaced", ".image.progressive" },
        { CODING, 0, "lossless", "?image.coding" },
        { CODING, 0, "arithmetic", "?image.coding" },
        { CODING, 0, "hierarchical", "?image.coding" },
        { WIDE, 1, NULL, ".image.icc" },
        { GAIN_MAP, 1, NULL, ".image.gainmap" },
        { CUT_OFF, 1, NULL, "?image.truncated" },
    };

    (void)state;
    for (size_t i = 0; i < OSP_COUNT(rows); i++) {
        osp_facts f = good_image();

        set_property(&f, rows[i].property, rows[i].number, rows[i].word);
        for (size_t p = 0; p < OSP_COUNT(profiles); p++) {
            for (size_t u = 0; u < OSP_COUNT(image_uses); u++)
                expect(rows[i].word ? rows[i].word : rows[i].findings, &f, profiles[p],
                       image_uses[u], rows[i].findings);
        }
    }
}

/* ---- sounds ---- */

static void sound_borders(void **state)
{
    static const struct {
        const char *name;
        int64_t bytes;
        osp_rational seconds;
        const char *findings;
    } rows[] = {
        { "5 MB", 5000000, { 5, 1 }, "" },
        { "a byte more", 5000001, { 5, 1 }, "sound.bytes" },
        { "a byte less", 4999999, { 5, 1 }, "" },
        { "2 s", 1000, { 2, 1 }, "" },
        { "a sample less", 1000, { 95999, 48000 }, "sound.duration.min" },
        { "a sample more", 1000, { 96001, 48000 }, "" },
        { "300 s", 1000, { 300, 1 }, "" },
        { "a sample more", 1000, { 14400001, 48000 }, "sound.duration.max" },
        { "a sample less", 1000, { 14399999, 48000 }, "" },
        { "not known how long", 1000, { 0, 0 }, "" },
    };

    (void)state;
    for (size_t i = 0; i < OSP_COUNT(rows); i++) {
        osp_facts f = good_sound();

        f.size_bytes = rows[i].bytes;
        f.sound.duration_s = rows[i].seconds;
        for (size_t p = 0; p < OSP_COUNT(profiles); p++)
            expect(rows[i].name, &f, profiles[p], OSP_USE_AVATAR_SOUND, rows[i].findings);
    }
}

static void damaged_sound(void **state)
{
    osp_facts f = good_sound();

    (void)state;
    f.deep.done = 1;
    expect("decoded, and sound", &f, profiles[0], OSP_USE_AVATAR_SOUND, "");
    f.deep.sound_corrupt = 2;
    expect("decoded, and damaged", &f, profiles[0], OSP_USE_AVATAR_SOUND, "?sound.corrupt");
}

static void sound_formats(void **state)
{
    static const struct {
        const char *container, *codec, *extension, *findings;
        int truncated;
    } rows[] = {
        { "wav", "pcm_s16le", "wav", "", 0 },
        { "wav", "pcm_s16le", "", "", 0 },
        { "wav", "mp3", "wav", "?sound.codec", 0 },
        { "mp3", "mp3", "mp3", "", 0 },
        { "aac", "aac", "aac", "", 0 },
        { "mp4", "aac", "m4a", "", 0 },
        { "mov", "aac", "m4a", "", 0 },
        { "mp4", "aac", "mpeg", "?sound.name", 0 },
        { "wav", "pcm_s16le", "mp3", "?sound.name", 0 },
        { "mp4", "alac", "m4a", "sound.format", 0 },
        { "mp4", "mp3", "m4a", "sound.format", 0 },
        { "mp2", "mp2", "mp3", "sound.format ?sound.name", 0 },
        { "flac", "flac", "flac", "sound.format", 0 },
        { "flac", "flac", "wav", "sound.format ?sound.name", 0 },
        { "caf", "alac", "caf", "sound.format", 0 },
        { "wav", "pcm_s16le", "tmp", "", 0 },
        { "ogg", "vorbis", "ogg", "sound.format", 0 },
        { "wav", "pcm_s16le", "wav", "?sound.truncated", 1 },
    };

    (void)state;
    for (size_t i = 0; i < OSP_COUNT(rows); i++) {
        osp_facts f = good_sound();

        str_copy(f.container, sizeof(f.container), rows[i].container);
        str_copy(f.extension, sizeof(f.extension), rows[i].extension);
        str_copy(f.sound.codec, sizeof(f.sound.codec), rows[i].codec);
        f.truncated = rows[i].truncated;
        for (size_t p = 0; p < OSP_COUNT(profiles); p++)
            expect(rows[i].codec, &f, profiles[p], OSP_USE_AVATAR_SOUND, rows[i].findings);
    }
}

/* ---- the words of a finding ---- */

static void say(const osp_facts *f, osp_use use, osp_findings **findings, const osp_finding **first)
{
    OSP_AUTO(osp_profile_free) osp_profile *profile = NULL;

    assert_int_equal(osp_profile_find(NULL, &profile, NULL), OSP_OK);
    assert_int_equal(osp_check(f, profile, use, findings, NULL), OSP_OK);
    *first = osp_findings_get(*findings, 0);
    assert_non_null(*first);
}

static void words_of_a_small_image(void **state)
{
    OSP_AUTO(osp_findings_free) osp_findings *findings = NULL;
    const osp_finding *finding;
    osp_facts f = good_image();

    (void)state;
    f.video.height_px = 191;
    f.video.width_px = 338;
    say(&f, OSP_USE_GUESS, &findings, &finding);
    assert_int_equal(osp_findings_use(findings), OSP_USE_REFERENCE_IMAGE);
    assert_string_equal(osp_findings_verdict(findings), "violation");
    assert_string_equal(finding->rule, "image.side.min");
    assert_string_equal(finding->measured, "191");
    assert_string_equal(finding->limit, "300");
    assert_string_equal(finding->unit, "px");
    assert_string_equal(finding->remedy, "scale");
    assert_string_equal(finding->as_of, "2026-11-22");
    assert_non_null(strstr(finding->text, "after accepting"));
}

static void words_of_a_lying_name(void **state)
{
    OSP_AUTO(osp_findings_free) osp_findings *findings = NULL;
    const osp_finding *finding;
    osp_facts f = good_image();

    (void)state;
    strcpy(f.container, "webp");
    say(&f, OSP_USE_FIRST_FRAME, &findings, &finding);
    assert_string_equal(finding->measured, "webp");
    assert_string_equal(finding->limit, "jpeg, png");
    finding = osp_findings_get(findings, 1);
    assert_string_equal(finding->measured, "jpg");
    assert_string_equal(finding->limit, "webp");
    assert_non_null(strstr(finding->source, "not documented"));
}

/* 5 MB of 2 channels, 16 bit, 48 kHz are 26 s; 300 s need 133 kbit/s or less. */
static void words_of_a_long_wav(void **state)
{
    OSP_AUTO(osp_findings_free) osp_findings *findings = NULL;
    const osp_finding *finding;
    osp_facts f = good_sound();

    (void)state;
    f.size_bytes = 60 * 192000;
    f.sound.duration_s = (osp_rational){ 60, 1 };
    say(&f, OSP_USE_AVATAR_SOUND, &findings, &finding);
    assert_string_equal(finding->rule, "sound.bytes");
    assert_string_equal(finding->unit, "bytes");
    assert_non_null(strstr(finding->text, "may last 26 s"));
    assert_non_null(strstr(finding->text, "133 kbit/s"));
}

/* A picture is no sound and no video, whatever use it is given. */
static void other_kinds(void **state)
{
    osp_facts image = good_image(), sound = good_sound();

    (void)state;
    expect("an image", &image, GATEWAY, OSP_USE_AVATAR_SOUND, "media.unreadable");
    expect("an image", &image, GATEWAY, OSP_USE_EDIT, "media.unreadable");
    expect("a sound", &sound, GATEWAY, OSP_USE_AVATAR_IMAGE, "media.unreadable");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(image_sizes),
        cmocka_unit_test(image_bytes),
        cmocka_unit_test(image_properties),
        cmocka_unit_test(sound_borders),
        cmocka_unit_test(sound_formats),
        cmocka_unit_test(damaged_sound),
        cmocka_unit_test(words_of_a_small_image),
        cmocka_unit_test(words_of_a_lying_name),
        cmocka_unit_test(words_of_a_long_wav),
        cmocka_unit_test(other_kinds),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
