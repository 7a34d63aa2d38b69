/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The rules at their borders, from facts made by hand: no file is read. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/auto.h"
#include "omnisplice/check.h"

/* A video that breaks nothing. */
static osp_facts sound_video(void)
{
    osp_facts f = { .kind = OSP_KIND_VIDEO, .size_bytes = 1000, .faststart = 1, .video_tracks = 1 };
    osp_video_facts *v = &f.video;

    strcpy(f.container, "mp4");
    strcpy(f.extension, "mp4");
    strcpy(v->codec, "h264");
    strcpy(v->chroma, "4:2:0");
    strcpy(v->matrix, "bt709");
    strcpy(v->range, "tv");
    strcpy(v->field_order, "progressive");
    v->bit_depth = 8;
    v->sar = (osp_rational){ 1, 1 };
    v->width_px = v->coded_width_px = 1280;
    v->height_px = v->coded_height_px = 720;
    v->rate = v->rate_min = v->rate_max = (osp_rational){ 25, 1 };
    v->frame_count = 125;
    f.container_s = f.track_s = f.frames_s = (osp_rational){ 5, 1 };
    f.start_s = (osp_rational){ 0, 1 };
    return f;
}

enum change { SIZE, RATE, DURATION, BYTES, SHORT_TRACK };

/* Findings of level warning and above as "rule rule", violations first. */
static void judge(const osp_facts *f, const char *profile_name, osp_use use, char *out, size_t size)
{
    OSP_AUTO(osp_profile_free) osp_profile *profile = NULL;
    OSP_AUTO(osp_findings_free) osp_findings *findings = NULL;
    const osp_finding *finding;

    assert_int_equal(osp_profile_find(profile_name, &profile, NULL), OSP_OK);
    assert_int_equal(osp_check(f, profile, use, &findings, NULL), OSP_OK);
    out[0] = 0;
    for (size_t i = 0; (finding = osp_findings_get(findings, i)); i++) {
        if (finding->level == OSP_NOTE)
            continue;
        assert_true(finding->text[0] && finding->source[0] && finding->as_of[0]);
        snprintf(out + strlen(out), size - strlen(out), "%s%s%s", out[0] ? " " : "",
                 finding->level == OSP_WARNING ? "?" : "", finding->rule);
    }
}

static const struct row {
    const char *name;
    const char *profile;
    enum change change;
    int64_t a, b;
    const char *findings; /* "?" marks a warning */
} rows[] = {
    { "720 px passes", NULL, SIZE, 1280, 720, "" },
    { "719 px is a violation", NULL, SIZE, 1280, 719, "video.side.min ?video.odd" },
    { "2160 px passes", NULL, SIZE, 2160, 1216, "" },
    { "2161 px is a violation", NULL, SIZE, 2161, 1216, "video.side.max ?video.odd" },
    { "2.5 to 1 passes", NULL, SIZE, 1800, 720, "" },
    { "a hair wider does not", NULL, SIZE, 1802, 720, "video.aspect" },
    { "1 to 2.5 passes", NULL, SIZE, 720, 1800, "" },
    { "a hair taller does not", NULL, SIZE, 720, 1802, "video.aspect" },
    { "700 px on O1 is a warning", "kling-video-o1", SIZE, 1280, 700, "?video.side.min" },
    { "699 px on O1 is a violation", "kling-video-o1", SIZE, 1280, 698, "video.side.min" },
    { "3840x2160 passes on the native interface", "kling-3.0-native", SIZE, 3840, 2160, "" },
    { "its area has a bound", "kling-3.0-native", SIZE, 3842, 2160, "video.area" },
    { "its ratio ends at 2", "kling-3.0-native", SIZE, 1602, 800, "video.aspect" },
    { "24 fps passes", NULL, RATE, 24, 1, "" },
    { "23.976 is a violation", NULL, RATE, 24000, 1001, "video.fps.min" },
    { "60 fps passes", NULL, RATE, 60, 1, "" },
    { "59.94 fps passes", NULL, RATE, 60000, 1001, "" },
    { "60.01 fps does not", NULL, RATE, 6001, 100, "video.fps.max" },
    { "3 s passes", NULL, DURATION, 3, 1, "" },
    { "2.9999 s does not", NULL, DURATION, 29999, 10000, "video.duration.min" },
    { "10 s passes", NULL, DURATION, 10, 1, "" },
    { "10.04 s is in the grace zone", NULL, DURATION, 1004, 100, "?video.duration.grace" },
    { "10.05 s is the end of it", NULL, DURATION, 1005, 100, "?video.duration.grace" },
    { "10.051 s is a violation", NULL, DURATION, 10051, 1000, "video.duration.max" },
    { "15.5 s passes on the native interface", "kling-3.0-native", DURATION, 31, 2, "" },
    { "200 MB passes", NULL, BYTES, 200000000, 1, "" },
    { "a byte more does not", NULL, BYTES, 200000001, 1, "video.bytes" },
    { "the shortest of three durations counts", NULL, SHORT_TRACK, 2999, 1000,
      "video.duration.min ?video.duration.disagree" },
};

static void borders(void **state)
{
    char got[256];

    (void)state;
    for (size_t i = 0; i < OSP_COUNT(rows); i++) {
        const struct row *row = &rows[i];
        osp_facts f = sound_video();

        if (row->change == SIZE) {
            f.video.width_px = f.video.coded_width_px = (int)row->a;
            f.video.height_px = f.video.coded_height_px = (int)row->b;
        } else if (row->change == RATE) {
            f.video.rate = (osp_rational){ row->a, row->b };
        } else if (row->change == DURATION) {
            f.container_s = f.track_s = f.frames_s = (osp_rational){ row->a, row->b };
        } else if (row->change == SHORT_TRACK) {
            f.frames_s = (osp_rational){ row->a, row->b };
        } else {
            f.size_bytes = row->a;
        }
        judge(&f, row->profile, OSP_USE_EDIT, got, sizeof(got));
        if (strcmp(got, row->findings) != 0)
            fail_msg("%s: '%s', expected '%s'", row->name, got, row->findings);
    }
}

static void words_explain(void **state)
{
    OSP_AUTO(osp_profile_free) osp_profile *profile = NULL;
    OSP_AUTO(osp_findings_free) osp_findings *findings = NULL;
    osp_facts f = sound_video();

    (void)state;
    assert_int_equal(osp_profile_find(NULL, &profile, NULL), OSP_OK);
    f.container_s = f.track_s = f.frames_s = (osp_rational){ 12, 1 };
    f.video.rate = (osp_rational){ 24000, 1001 };
    assert_int_equal(osp_check(&f, profile, OSP_USE_GUESS, &findings, NULL), OSP_OK);
    assert_int_equal(osp_findings_use(findings), OSP_USE_EDIT);
    assert_string_equal(osp_findings_verdict(findings), "violation");
    assert_string_equal(osp_findings_get(findings, 0)->rule, "video.duration.max");
    assert_string_equal(osp_findings_get(findings, 0)->measured, "12");
    assert_string_equal(osp_findings_get(findings, 0)->remedy, "trim");
    assert_non_null(strstr(osp_findings_get(findings, 0)->text, "15.5"));
    assert_non_null(strstr(osp_findings_get(findings, 1)->text, "NTSC"));
    assert_string_equal(osp_findings_get(findings, 1)->measured, "24000/1001");
}

static void what_cannot_be_read(void **state)
{
    char got[256];
    osp_facts f = { .kind = OSP_KIND_UNKNOWN };

    (void)state;
    strcpy(f.fault, "it is empty");
    judge(&f, NULL, OSP_USE_EDIT, got, sizeof(got));
    assert_string_equal(got, "media.unreadable");
    f.kind = OSP_KIND_SOUND;
    judge(&f, NULL, OSP_USE_EDIT, got, sizeof(got));
    assert_string_equal(got, "media.unreadable");
}

static void profiles(void **state)
{
    osp_profile *profile = NULL;
    osp_error err = { 0 };

    (void)state;
    for (size_t i = 0; osp_profile_builtin(i); i++) {
        assert_int_equal(osp_profile_find(osp_profile_builtin(i), &profile, &err), OSP_OK);
        assert_string_equal(osp_profile_name(profile), osp_profile_builtin(i));
        osp_profile_free(&profile);
    }
    assert_int_equal(osp_profile_find("nobody", &profile, &err), OSP_EUSAGE);
    assert_non_null(strstr(err.text, "cloudsway-kling-o3"));
    assert_null(profile);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(borders),
        cmocka_unit_test(words_explain),
        cmocka_unit_test(what_cannot_be_read),
        cmocka_unit_test(profiles),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
