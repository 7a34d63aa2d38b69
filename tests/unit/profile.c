/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Profiles: what patches leave, and everything that can be wrong in a file. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/auto.h"
#include "base/rational.h"
#include "base/str.h"
#include "check/profile.h"

static const char *const profiles[] = { "cloudsway-kling-o3", "kling-video-o1",
                                        "kling-3.0-native" };

/* What each profile says at a path; NULL: nothing, there is no such rule. */
static void limits_in_effect(void **state)
{
    static const struct {
        const char *path;
        const char *values[3];
    } rows[] = {
        { "wire", { "legacy", "legacy", "native" } },
        { "model.model_name", { NULL, "kling-video-o1", "kling-3.0-omni" } },
        { "video.count_max", { "1", "1", "1" } },
        { "video.duration.min_s", { "3", "3", "3" } },
        { "video.duration.max_s", { "10", "10", "15.5" } },
        { "video.duration.grace_max_s", { "10.05", "10.05", "15.5" } },
        { "video.duration.upstream_max_s", { "15.5", "10", "15.5" } },
        { "video.side_px.min", { "720", "720", "700" } },
        { "video.side_px.grace_min", { NULL, "700", NULL } },
        { "video.side_px.max", { "2160", "2160", "4553" } },
        { "video.area_px_max", { NULL, NULL, "8294400" } },
        { "video.bytes_max", { "200000000", "200000000", "200000000" } },
        { "image.bytes_max.omni-video", { "10000000", "10000000", "50000000" } },
        { "image.bytes_max.omni-image", { "10000000", "10000000", "10000000" } },
        { "image.bytes_max.avatar", { "10000000", "10000000", "10000000" } },
        { "image.inline.encoded_warn", { "10000000", "10000000", "20000000" } },
        { "image.inline.encoded_total", { "20000000", "20000000", "20000000" } },
        { "sound_file.bytes_max", { "5000000", "5000000", "5000000" } },
        { "omni_video.prompt_max", { "2500", "2500", "3072" } },
        { "omni_video.prompt_advised", { "2500", "2500", "2500" } },
        { "omni_video.shots.max", { "6", "0", "6" } },
        { "omni_video.shots.prompt_max", { "512", "512", "512" } },
        { "omni_video.mode_default", { "pro", "pro", "720p" } },
        { "omni_video.duration_s.min", { "3", "3", "3" } },
        { "omni_video.duration_s.max", { "15", "10", "15" } },
        { "omni_video.duration_s.max_with_feature", { "10", "10", "15" } },
        { "omni_video.images_plus_elements.with_video", { "4", "4", "4" } },
        { "omni_video.images_plus_elements.without_video", { "7", "7", "7" } },
        { "omni_video.elements_with_frames", { "3", "3", "3" } },
        { "omni_video.elements_with_end_frame", { NULL, "0", NULL } },
        { "omni_video.end_frame_images_max", { "2", "2", NULL } },
        { "omni_video.character_elements_with_video", { "0", "0", "1" } },
        { "omni_video.character_elements", { NULL, NULL, "3" } },
        { "omni_video.mixed_elements_plus_images", { NULL, NULL, "4" } },
        { "omni_video.cite", { "<<<%s_%d>>>", "<<<%s_%d>>>", "@%s_%d" } },
        { "omni_image.images_plus_elements", { "10", "10", "10" } },
        { "text_to_audio.prompt_max", { "200", "200", "200" } },
        { "text_to_audio.duration_s.step", { "0.1", "0.1", "0.1" } },
        { "billing.units_per_s.std.plain", { "0.6", "0.6", NULL } },
        { "billing.units_per_s.std.sound", { "0.8", NULL, NULL } },
        { "billing.units_per_s.pro.video", { "1.2", "1.2", NULL } },
        { "billing.units_per_s.4k.video", { NULL, NULL, "3.0" } },
        { "query.list", { "try", "documented", "documented" } },
        { "query.by_external_id.text_to_audio", { "documented", "documented", "documented" } },
        { "query.by_external_id.omni_video", { "try", "documented", "documented" } },
        { "query.batch_ids_max", { NULL, NULL, "20" } },
    };

    (void)state;
    for (size_t k = 0; k < OSP_COUNT(profiles); k++) {
        OSP_AUTO(osp_profile_free) osp_profile *profile = NULL;

        assert_int_equal(osp_profile_find(profiles[k], &profile, NULL), OSP_OK);
        for (size_t i = 0; i < OSP_COUNT(rows); i++) {
            const char *got = profile_text_or(profile, rows[i].path, "nothing");
            const char *wanted = rows[i].values[k] ? rows[i].values[k] : "nothing";

            if (strcmp(got, wanted) != 0)
                fail_msg("%s: %s is %s, not %s", profiles[k], rows[i].path, got, wanted);
        }
        assert_int_equal(rational_compare(profile_rational(profile, "video.aspect.max"),
                                          k == 2 ? (osp_rational){ 2, 1 } : (osp_rational){ 5, 2 }),
                         0);
        assert_int_equal(json_size(profile_get(profile, "omni_image.resolutions")), k == 1 ? 2 : 3);
        assert_int_equal(json_size(profile_get(profile, "omni_image.series")), k == 1 ? 0 : 2);
    }
}

static void builtins_are_clean(void **state)
{
    (void)state;
    for (size_t i = 0; profile_texts[i].name; i++) {
        OSP_AUTO(osp_findings_free) osp_findings *findings = NULL;

        assert_int_equal(
            osp_profile_lint(profile_texts[i].json, strlen(profile_texts[i].json), &findings, NULL),
            OSP_OK);
        if (osp_findings_count(findings))
            fail_msg("%s: %s %s", profile_texts[i].name, osp_findings_get(findings, 0)->path,
                     osp_findings_get(findings, 0)->text);
        assert_string_equal(osp_findings_verdict(findings), "pass");
    }
}

/* ' stands for "; a patch of the default profile unless the row begins with {. */
static const struct {
    const char *name, *text;
    const char *findings; /* "rule at path", the first one; NULL: none */
} rows[] = {
    { "an empty patch", "", NULL },
    { "a bound that moves", "'video':{'side_px':{'min':721}}", NULL },
    { "a rule that goes", "'video':{'aspect':null}", NULL },
    { "broken JSON", "{'base':", "profile.json at " },
    { "a list", "{['a']", "profile.json at " },
    { "another base", "{'base':'nobody','patch':{}}", "profile.base at base" },
    { "no base", "{'patch':{}}", "profile.base at base" },
    { "no patch", "{'base':'kling-video-o1'}", "profile.missing at patch" },
    { "a patch that is a list", "{'base':'kling-video-o1','patch':[]}", "profile.type at patch" },
    { "more beside them", "{'base':'kling-video-o1','patch':{},'x':1}",
      "profile.unknown-key at x" },
    { "an unknown key", "'video':{'side_px':{'mni':720}}",
      "profile.unknown-key at video.side_px.mni" },
    { "an unknown part", "'vidoe':{}", "profile.unknown-key at vidoe" },
    { "a key with a point", "'video.count_max':2", "profile.unknown-key at video.count_max" },
    { "a removal of nothing", "'video':{'sides':null}", "profile.value at patch.video.sides" },
    { "a size as a string", "'video':{'bytes_max':'200'}", "profile.type at video.bytes_max" },
    { "a size of 0", "'video':{'bytes_max':0}", "profile.type at video.bytes_max" },
    { "a size below 0", "'video':{'bytes_max':-1}", "profile.type at video.bytes_max" },
    { "a size with a point", "'video':{'bytes_max':1.5}", "profile.type at video.bytes_max" },
    { "a count of 0", "'omni_video':{'shots':{'min':0}}", NULL },
    { "seconds as a number", "'video':{'duration':{'max_s':10}}",
      "profile.type at video.duration.max_s" },
    { "seconds as words", "'video':{'duration':{'max_s':'ten'}}",
      "profile.type at video.duration.max_s" },
    { "a rate as a number", "'video':{'fps':{'max':60}}", "profile.type at video.fps.max" },
    { "a ratio over 0", "'video':{'aspect':{'min':[2,0]}}", "profile.type at video.aspect.min" },
    { "a ratio of three", "'video':{'aspect':{'min':[2,5,1]}}",
      "profile.type at video.aspect.min" },
    { "a part as a number", "'video':{'safe':1}", "profile.type at video.safe" },
    { "a list of numbers", "'video':{'containers':[1]}", "profile.type at video.containers" },
    { "a word twice", "'video':{'containers':['mp4','mp4']}", "profile.type at video.containers" },
    { "a switch as a word", "'omni_video':{'callback_url':'yes'}",
      "profile.type at omni_video.callback_url" },
    { "a wire of no service", "'wire':'soap'", "profile.type at wire" },
    { "a date", "'as_of':'November'", "profile.type at as_of" },
    { "a citation without a number", "'omni_video':{'cite':'<<<%s>>>'}",
      "profile.type at omni_video.cite" },
    { "a citation with more", "'omni_video':{'cite':'%s_%d_%n'}",
      "profile.type at omni_video.cite" },
    { "a rounding that nobody does", "'billing':{'round':'up'}", "profile.type at billing.round" },
    { "a size of a result", "'result':{'size':{'pro':{'16:9':[1920]}}}",
      "profile.type at result.size.pro.16:9" },
    { "a price below 0", "'billing':{'units_per_s':{'pro':{'plain':'-1'}}}",
      "profile.type at billing.units_per_s.pro.plain" },
    { "a range that is upside down", "'omni_image':{'n':[9,1]}", "profile.type at omni_image.n" },
    { "a part that is needed", "'omni_video':{'modes':null}",
      "profile.missing at omni_video.modes" },
    { "a name that is needed", "'name':null", "profile.missing at name" },
    { "least above most", "'video':{'side_px':{'min':2161}}",
      "profile.bounds at video.side_px.min" },
    { "least is most", "'video':{'side_px':{'min':2160}}", NULL },
    { "rates that cross", "'video':{'fps':{'min':[61,1]}}", "profile.bounds at video.fps.min" },
    { "seconds that cross", "'video':{'duration':{'max_s':'10.06'}}",
      "profile.bounds at video.duration.max_s" },
    { "a default outside", "'omni_video':{'duration_s':{'default':16}}",
      "profile.bounds at omni_video.duration_s.default" },
    { "a default of no list", "'omni_video':{'mode_default':'4k'}",
      "profile.value at omni_video.mode_default" },
    { "a default of its list", "'omni_video':{'mode_default':'std'}", NULL },
};

static void lint_says_what_is_wrong(void **state)
{
    (void)state;
    for (size_t i = 0; i < OSP_COUNT(rows); i++) {
        OSP_AUTO(osp_findings_free) osp_findings *findings = NULL;
        OSP_AUTO(auto_free)
        char *text = rows[i].text[0] == '{'
                         ? strdup(rows[i].text)
                         : str_format("{'base':'cloudsway-kling-o3','patch':{%s}}", rows[i].text);
        const osp_finding *first;
        char got[160] = "nothing";

        for (char *p = text; *p; p++)
            *p = *p == '\'' ? '"' : *p;
        assert_int_equal(osp_profile_lint(text, strlen(text), &findings, NULL), OSP_OK);
        first = osp_findings_get(findings, 0);
        if (first)
            snprintf(got, sizeof(got), "%s at %s", first->rule, first->path);
        if (strcmp(got, rows[i].findings ? rows[i].findings : "nothing") != 0 ||
            osp_findings_count(findings) > 1)
            fail_msg("%s: %s, not %s (%zu)", rows[i].name, got, rows[i].findings,
                     osp_findings_count(findings));
        assert_string_equal(osp_findings_verdict(findings), first ? "violation" : "pass");
    }
}

static void a_whole_profile_is_linted_whole(void **state)
{
    static const char empty[] = "{}";
    OSP_AUTO(osp_findings_free) osp_findings *findings = NULL;
    const osp_finding *finding;

    (void)state;
    assert_int_equal(osp_profile_lint(empty, strlen(empty), &findings, NULL), OSP_OK);
    assert_true(osp_findings_count(findings) > 20);
    for (size_t i = 0; (finding = osp_findings_get(findings, i)); i++)
        assert_string_equal(finding->rule, "profile.missing");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(limits_in_effect),
        cmocka_unit_test(builtins_are_clean),
        cmocka_unit_test(lint_says_what_is_wrong),
        cmocka_unit_test(a_whole_profile_is_linted_whole),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
