/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/auto.h"
#include "sim/call.h"
#include "sim/endpoint.h"
#include "sim/faults.h"
#include "sim/figures.h"
#include "sim/limits.h"
#include "sim/look.h"
#include "sim/media.h"
#include "sim/request.h"
#include "sim/sim.h"
#include "sim/state.h"

static struct json *parse(const char *text)
{
    struct json *value = NULL;

    assert_int_equal(json_parse(text, strlen(text), "test", &value, NULL), OSP_OK);
    return value;
}

static struct json *limits;

static int open_limits(void **state)
{
    (void)state;
    return sim_limits_open(&limits, NULL);
}

static int close_limits(void **state)
{
    (void)state;
    json_free(&limits);
    return 0;
}

/* Pairs of id and created_at that the gateway's document shows: within 2 ms. */
static void ids_carry_their_time(void **state)
{
    static const struct {
        int64_t id, created_ms;
    } rows[] = {
        { 868616892989575248, 1775122924191 },
        { 871457979416604766, 1775800291981 },
        { 871457647223545935, 1775800212780 },
    };
    (void)state;
    for (size_t i = 0; i < OSP_COUNT(rows); i++) {
        int64_t made = sim_id_make(rows[i].created_ms, 0xFFFFFFFF);

        assert_in_range(sim_id_time(rows[i].id) - rows[i].created_ms + 2, 0, 4);
        assert_int_equal(sim_id_time(made), rows[i].created_ms);
        assert_in_range(made, 100000000000000000, 999999999999999999); /* 18 digits */
    }
    assert_int_not_equal(sim_id_make(rows[0].created_ms, 1), sim_id_make(rows[0].created_ms, 2));
}

static void frames_are_the_nearest_8k_and_1(void **state)
{
    static const struct {
        const char *name, *seconds;
        int64_t frames;
    } rows[] = {
        { "whole seconds give 24n+1", "3", 73 },
        { "5 s", "5", 121 },
        { "10 s", "10", 241 },
        { "7.5 s is 180: 177 is nearer than 185", "7.5", 177 },
        { "3.205 s is 76.92, nearer to 73", "3.205", 73 },
        { "3.21 s is 77.04, nearer to 81", "3.21", 81 },
        { "a tie goes up: 77 frames", "77/24", 81 },
        { "nothing is one frame", "0", 1 },
    };
    (void)state;
    for (size_t i = 0; i < OSP_COUNT(rows); i++) {
        osp_rational seconds = { 77, 24 };

        if (!strchr(rows[i].seconds, '/'))
            assert_true(rational_parse(rows[i].seconds, &seconds));
        if (sim_frames(seconds, 24, 8) != rows[i].frames)
            fail_msg("%s: %lld", rows[i].name, (long long)sim_frames(seconds, 24, 8));
    }
}

static void durations_are_cut_not_rounded(void **state)
{
    char text[32];

    (void)state;
    sim_duration_text(121, 24, text, sizeof(text));
    assert_string_equal(text, "5.041"); /* 5.04166... as in the document */
    sim_duration_text(73, 24, text, sizeof(text));
    assert_string_equal(text, "3.041");
    sim_duration_text(72, 24, text, sizeof(text));
    assert_string_equal(text, "3.000");
    sim_duration_text(17, 24, text, sizeof(text));
    assert_string_equal(text, "0.708");
}

static void sizes_are_of_equal_area(void **state)
{
    static const struct {
        const char *name;
        int64_t area, w, h;
        int width, height;
    } rows[] = {
        { "std 16:9", 921600, 16, 9, 1280, 720 },
        { "std 9:16", 921600, 9, 16, 720, 1280 },
        { "std 1:1", 921600, 1, 1, 960, 960 },
        { "pro 16:9", 2073600, 16, 9, 1920, 1080 },
        { "pro 1:1", 2073600, 1, 1, 1440, 1440 },
        { "pro 1080x1350: 1287.98 by 1609.97", 2073600, 4, 5, 1288, 1610 },
        { "std 8:5: 1214.3 by 758.9, which is nearer to 758 than to 760", 921600, 8, 5, 1214, 758 },
        { "std 1280x704: 1294.5 by 711.9", 921600, 20, 11, 1294, 712 },
    };
    (void)state;
    for (size_t i = 0; i < OSP_COUNT(rows); i++) {
        int width, height;

        sim_size(rows[i].area, rational(rows[i].w, rows[i].h), &width, &height);
        if (width != rows[i].width || height != rows[i].height)
            fail_msg("%s: %dx%d", rows[i].name, width, height);
    }
}

static void ratios_are_read(void **state)
{
    osp_rational ratio = sim_ratio_parse("21:9");

    (void)state;
    assert_int_equal(ratio.num, 7);
    assert_int_equal(ratio.den, 3);
    assert_false(rational_known(sim_ratio_parse("auto")));
    assert_false(rational_known(sim_ratio_parse("16:")));
    assert_false(rational_known(sim_ratio_parse("16:9x")));
    assert_false(rational_known(sim_ratio_parse("0:9")));
    assert_false(rational_known(sim_ratio_parse("")));
}

/* The examples of the price list: base edits at pro, 1.2 units a second. */
static void seconds_are_billed_to_the_nearest(void **state)
{
    static const struct {
        const char *seconds;
        int64_t billed;
        const char *units;
    } rows[] = {
        { "3.00", 3, "3.6" },     { "3.49", 3, "3.6" }, { "3.50", 4, "4.8" },
        { "3.499999", 3, "3.6" }, { "9.60", 10, "12" }, { "10.04", 10, "12" },
        { "11.3", 11, "13.2" },
    };
    osp_rational rate = sim_limit(limits, "billing.units_per_s.pro.video"), seconds;
    char text[32];

    (void)state;
    for (size_t i = 0; i < OSP_COUNT(rows); i++) {
        assert_true(rational_parse(rows[i].seconds, &seconds));
        assert_int_equal(sim_seconds_billed(seconds), rows[i].billed);
        sim_units_text(sim_units(rows[i].billed, rate), text, sizeof(text));
        assert_string_equal(text, rows[i].units);
    }
    sim_units_text(rational(1, 4), text, sizeof(text));
    assert_string_equal(text, "0.25");
}

/* A tenth has no exact double: ten of them are one. */
static void money_is_summed_exactly(void **state)
{
    osp_rational sum = { 0, 1 }, tenth;
    char text[32];

    (void)state;
    assert_true(rational_parse("0.1", &tenth));
    for (int i = 0; i < 30; i++)
        sum = rational_add(sum, tenth);
    sim_units_text(sum, text, sizeof(text));
    assert_string_equal(text, "3");
}

static void words_choose_a_look(void **state)
{
    static const struct {
        const char *prompt, *look;
    } rows[] = {
        { "<<<video_1>>> make it snow", "snow" },
        { "SNOWY mountains", "snow" },
        { "the train leaves", "other" }, /* no rain in it */
        { "It rains.", "rain" },
        { "a blue-grey wall", "water" }, /* the first of the table */
        { "make him a knight", "other" },
        { "at night", "night" },
        { "a filmy dress at the seaside", "other" }, /* whole words unless the table says "*" */
        { "black-and-white please", "grey" },
        { "sim:slow=2 nothing", "other" },
        { "", "other" },
    };
    (void)state;
    for (size_t i = 0; i < OSP_COUNT(rows); i++) {
        if (strcmp(sim_look_choose(rows[i].prompt)->name, rows[i].look) != 0)
            fail_msg("'%s': %s", rows[i].prompt, sim_look_choose(rows[i].prompt)->name);
    }
}

static void every_look_is_whole(void **state)
{
    (void)state;
    for (size_t i = 0; sim_look_at(i); i++) {
        OSP_AUTO(auto_free) char *graph = sim_look_graph(sim_look_at(i), 1280, 720);

        assert_non_null(graph);
        assert_null(strpbrk(graph, "{}")); /* every size was put in */
        assert_non_null(strstr(sim_help_looks(), sim_look_at(i)->name));
    }
    assert_null(sim_look_at(1000));
}

static void faults_are_found_in_prompts(void **state)
{
    struct sim_faults faults;
    char unknown[64];

    (void)state;
    sim_faults_clear(&faults);
    sim_faults_from_prompt(&faults, "a dog sim:slow=2.5, sim:fail.", unknown);
    assert_string_equal(unknown, "");
    assert_int_equal(faults.value[SIM_FAULT_SLOW], 2500);
    assert_true(sim_faults_on(&faults, SIM_FAULT_FAIL));
    assert_false(sim_faults_on(&faults, SIM_FAULT_POLICY));
    sim_faults_from_prompt(&faults, "dossim:policy is part of a word", unknown);
    assert_false(sim_faults_on(&faults, SIM_FAULT_POLICY));
    sim_faults_from_prompt(&faults, "sim:nonsense", unknown);
    assert_string_equal(unknown, "nonsense");
    assert_false(sim_faults_add(&faults, "slow"));   /* needs a value */
    assert_false(sim_faults_add(&faults, "fail=1")); /* takes none */
    assert_false(sim_faults_add(&faults, "slow=x"));
}

static void faults_survive_the_state_folder(void **state)
{
    struct sim_faults faults, back;
    struct json *list;

    (void)state;
    sim_faults_clear(&faults);
    assert_true(sim_faults_add(&faults, "hang=0.25"));
    assert_true(sim_faults_add(&faults, "code=1302"));
    assert_true(sim_faults_add(&faults, "cut"));
    list = sim_faults_json(&faults);
    sim_faults_read(&back, list);
    assert_memory_equal(&faults, &back, sizeof(faults));
    json_free(&list);
}

static void faults_of_a_file_go_by_number(void **state)
{
    struct json *file = parse("[{\"endpoint\":\"omni-video\",\"nth\":2,\"fault\":\"sim:reset\"},"
                              "{\"fault\":\"slow=1\"}]");
    struct sim_faults faults;

    (void)state;
    sim_faults_clear(&faults);
    sim_faults_from_file(&faults, file, "omni-video", 1);
    assert_false(sim_faults_on(&faults, SIM_FAULT_RESET));
    assert_int_equal(faults.value[SIM_FAULT_SLOW], 1000); /* without a number: every one */
    sim_faults_from_file(&faults, file, "omni-image", 2);
    assert_false(sim_faults_on(&faults, SIM_FAULT_RESET));
    sim_faults_from_file(&faults, file, "omni-video", 2);
    assert_true(sim_faults_on(&faults, SIM_FAULT_RESET));
    json_free(&file);
}

static void paths_are_known_by_their_end(void **state)
{
    static const struct {
        const char *path;
        enum sim_endpoint endpoint;
        const char *id;
    } rows[] = {
        { "/kling/videos/omni-video", SIM_OMNI_VIDEO, NULL },
        { "/v1/ai/anything/kling/videos/omni-video", SIM_OMNI_VIDEO, NULL },
        { "/v1/ai/x/kling/videos/omni-video/123", SIM_OMNI_VIDEO, "123" },
        { "/kling/videos/omni-video/", SIM_OMNI_VIDEO, NULL },
        { "/kling/videos/avatar/image2video/osp-a", SIM_AVATAR, "osp-a" },
        { "/kling/audio/text-to-audio", SIM_TEXT_TO_AUDIO, NULL },
        { "/kling/images/omni-image", SIM_OMNI_IMAGE, NULL },
        { "/kling/videos/omni-videos", SIM_ENDPOINT_COUNT, NULL },
        { "/kling/videos", SIM_ENDPOINT_COUNT, NULL },
    };
    (void)state;
    for (size_t i = 0; i < OSP_COUNT(rows); i++) {
        const char *id;

        assert_int_equal(sim_endpoint_of_path(rows[i].path, &id), rows[i].endpoint);
        if (rows[i].id)
            assert_string_equal(id, rows[i].id);
        else
            assert_null(id);
    }
}

static void ranges_are_read(void **state)
{
    static const struct {
        const char *header;
        enum sim_range range;
        int64_t first, last;
    } rows[] = {
        { "bytes=0-0", SIM_RANGE_PART, 0, 0 },
        { "bytes=10-", SIM_RANGE_PART, 10, 99 },
        { "bytes=-10", SIM_RANGE_PART, 90, 99 },
        { "bytes=-1000", SIM_RANGE_PART, 0, 99 },
        { "bytes=50-1000", SIM_RANGE_PART, 50, 99 },
        { "bytes=99-99999999999999999999999", SIM_RANGE_PART, 99, 99 },
        { "bytes=100-", SIM_RANGE_OUTSIDE, 0, 0 },
        { "bytes=-0", SIM_RANGE_OUTSIDE, 0, 0 },
        { "bytes=5-2", SIM_RANGE_NONE, 0, 0 },
        { "bytes=0-1,5-6", SIM_RANGE_NONE, 0, 0 },
        { "bytes=a-b", SIM_RANGE_NONE, 0, 0 },
        { "bytes=-", SIM_RANGE_NONE, 0, 0 },
        { "lines=1-2", SIM_RANGE_NONE, 0, 0 },
    };
    (void)state;
    for (size_t i = 0; i < OSP_COUNT(rows); i++) {
        int64_t first = -1, last = -1;
        enum sim_range range = sim_range_parse(rows[i].header, 100, &first, &last);

        if (range != rows[i].range ||
            (range == SIM_RANGE_PART && (first != rows[i].first || last != rows[i].last)))
            fail_msg("%s: %d %lld-%lld", rows[i].header, (int)range, (long long)first,
                     (long long)last);
    }
}

static void a_task_lives_by_the_clock(void **state)
{
    struct json *good = parse("{\"status\":\"succeed\"}"), *bad = parse("{\"status\":\"failed\"}");

    (void)state;
    assert_int_equal(sim_status_at(1000, 400, good, 1000), SIM_SUBMITTED);
    assert_int_equal(sim_status_at(1000, 400, good, 1200), SIM_PROCESSING);
    assert_int_equal(sim_status_at(1000, 400, good, 1399), SIM_PROCESSING);
    assert_int_equal(sim_status_at(1000, 400, good, 1400), SIM_SUCCEED);
    assert_int_equal(sim_status_at(1000, 400, bad, 1400), SIM_FAILED);
    assert_int_equal(sim_status_at(1000, 400, NULL, 9999), SIM_PROCESSING);
    json_free(&good);
    json_free(&bad);
}

#define VIDEO(more) "{\"prompt\":\"p\",\"video_list\":[{\"video_url\":\"http://h/v.mp4\"" more "}]"

static void requests_are_judged(void **state)
{
    static const struct {
        const char *name, *request;
        int code;
        const char *message; /* NULL: any */
    } rows[] = {
        { "the least that passes", VIDEO("") "}", 0, NULL },
        { "not an object", "[]", 1200, NULL },
        { "sound with a video", VIDEO("") ",\"sound\":\"on\"}", 1201,
          "sound on is not supported with video input" },
        { "no prompt", "{\"video_list\":[{\"video_url\":\"http://h/v\"}]}", 1201,
          "prompt cannot be empty" },
        { "an empty video address", "{\"prompt\":\"p\",\"video_list\":[{\"video_url\":\"\"}]}",
          1201, NULL },
        { "a video inline", "{\"prompt\":\"p\",\"video_list\":[{\"video_url\":\"AAAA\"}]}", 1201,
          NULL },
        { "two videos",
          "{\"prompt\":\"p\",\"video_list\":[{\"video_url\":\"http://a\"},{\"video_url\":\"http://"
          "b\"}]}",
          1201, NULL },
        { "no aspect ratio without a video", "{\"prompt\":\"p\"}", 1201,
          "aspect_ratio cannot be empty" },
        { "none with a feature video either", VIDEO(",\"refer_type\":\"feature\"") "}", 1201,
          "aspect_ratio cannot be empty" },
        { "not needed with a first frame",
          "{\"prompt\":\"p\",\"image_list\":[{\"image_url\":\"A\",\"type\":\"first_frame\"}]}", 0,
          NULL },
        { "first frame with a base video",
          VIDEO("") ",\"image_list\":[{\"image_url\":\"A\",\"type\":\"first_frame\"}]}", 1201,
          NULL },
        { "an image with a base video is fine",
          VIDEO("") ",\"image_list\":[{\"image_url\":\"A\"}]}", 0, NULL },
        { "end frame alone",
          "{\"prompt\":\"p\",\"aspect_ratio\":\"1:1\",\"image_list\":[{\"image_url\":\"A\","
          "\"type\":\"end_frame\"}]}",
          1201, NULL },
        { "an unknown mode", VIDEO("") ",\"mode\":\"4k\"}", 1201, "mode value is invalid" },
        { "a mode of the wrong type", VIDEO("") ",\"mode\":4}", 1200, NULL },
        { "empty fields count as absent",
          VIDEO("") ",\"mode\":\"\",\"sound\":\"\",\"image_list\":[],\"external_task_id\":\"\"}", 0,
          NULL },
        { "duration as a number", "{\"prompt\":\"p\",\"aspect_ratio\":\"1:1\",\"duration\":5}", 0,
          NULL },
        { "duration 2", "{\"prompt\":\"p\",\"aspect_ratio\":\"1:1\",\"duration\":\"2\"}", 1201,
          NULL },
        { "duration 5.5", "{\"prompt\":\"p\",\"aspect_ratio\":\"1:1\",\"duration\":\"5.5\"}", 1201,
          NULL },
        { "five media beside a video",
          VIDEO("") ",\"element_list\":[{\"element_id\":829836802793406551},{\"element_id\":2},"
                    "{\"element_id\":3},{\"element_id\":\"4\"},{\"element_id\":5}]}",
          1201, NULL },
        { "the document's own multi-shot example",
          "{\"multi_shot\":true,\"shot_type\":\"customize\",\"prompt\":\"\",\"multi_prompt\":["
          "{\"index\":1,\"prompt\":\"a\",\"duration\":\"2\"},{\"index\":2,\"prompt\":\"b\","
          "\"duration\":\"3\"}],\"image_list\":[],\"video_list\":[],\"mode\":\"pro\",\"sound\":"
          "\"on\",\"aspect_ratio\":\"16:9\",\"duration\":5}",
          0, NULL },
        { "shots that do not add up",
          "{\"multi_shot\":true,\"shot_type\":\"customize\",\"aspect_ratio\":\"1:1\","
          "\"multi_prompt\":[{\"index\":1,\"prompt\":\"a\",\"duration\":\"2\"}]}",
          1201, NULL },
    };
    (void)state;
    for (size_t i = 0; i < OSP_COUNT(rows); i++) {
        struct json *request = parse(rows[i].request);
        struct sim_refusal refusal;

        sim_request_judge(limits, SIM_OMNI_VIDEO, request, &refusal);
        if (refusal.code != rows[i].code ||
            (rows[i].message && strcmp(refusal.message, rows[i].message) != 0))
            fail_msg("%s: %d %s", rows[i].name, refusal.code, refusal.message);
        json_free(&request);
    }
}

static void prompts_are_counted_in_characters(void **state)
{
    static const char umlaut[] = "\xC3\xA4";
    char text[2 * 2501 + 64] = "{\"aspect_ratio\":\"1:1\",\"prompt\":\"";
    struct sim_refusal refusal;
    struct json *request;

    (void)state;
    for (int i = 0; i < 2500; i++)
        strcat(text, umlaut);
    strcat(text, "\"}");
    request = parse(text);
    sim_request_judge(limits, SIM_OMNI_VIDEO, request, &refusal);
    assert_int_equal(refusal.code, 0);
    json_free(&request);
    strcpy(strrchr(text, '"'), "x\"}");
    request = parse(text);
    sim_request_judge(limits, SIM_OMNI_VIDEO, request, &refusal);
    assert_int_equal(refusal.code, 1201);
    json_free(&request);
}

static struct sim_media good_video(void)
{
    struct sim_media facts = { .bytes = 1000,
                               .width = 1280,
                               .height = 720,
                               .rate_a = { 24, 1 },
                               .rate_r = { 24, 1 },
                               .duration = { 5, 1 } };

    strcpy(facts.format, "mov,mp4,m4a,3gp,3g2,mj2");
    strcpy(facts.codec, "h264");
    return facts;
}

static void expect(const char *sentence, struct sim_media facts)
{
    const char *said = sim_media_judge(limits, SIM_USE_VIDEO, &facts);

    if (!sentence || !said)
        assert_true(sentence == said);
    else
        assert_non_null(strstr(said, sentence));
}

static void videos_are_judged_at_their_bounds(void **state)
{
    struct sim_media facts;

    (void)state;
    expect(NULL, good_video());
    facts = good_video();
    facts.height = 719;
    expect("resolution", facts);
    facts = good_video();
    facts.width = 2160;
    expect("aspect", facts); /* 2160x720 is 3 : 1 */
    facts.width = 1800;
    expect(NULL, facts); /* 2.5 : 1 */
    facts = good_video();
    facts.duration = rational(29999, 10000);
    expect("duration", facts);
    facts.duration = rational(1005, 100);
    expect(NULL, facts);
    facts.duration = rational(10051, 1000);
    expect("duration", facts);
    facts = good_video();
    facts.rate_a = facts.rate_r = rational(24000, 1001);
    expect("frame rate", facts);
    facts.rate_a = facts.rate_r = rational(60, 1);
    expect(NULL, facts);
    facts = good_video();
    facts.bytes = 200000001;
    expect("file size", facts);
    facts = good_video();
    strcpy(facts.format, "matroska,webm");
    expect("format", facts);
}

static void probes_are_read(void **state)
{
    struct json *probe = parse(
        "{\"streams\":[{\"codec_type\":\"video\",\"codec_name\":\"mjpeg\",\"width\":9,\"height\":9,"
        "\"disposition\":{\"attached_pic\":1}},{\"codec_type\":\"audio\",\"codec_name\":\"aac\"},"
        "{\"codec_type\":\"video\",\"codec_name\":\"h264\",\"width\":960,\"height\":1280,"
        "\"sample_aspect_ratio\":\"4:3\",\"avg_frame_rate\":\"30000/1001\",\"r_frame_rate\":"
        "\"30000/1001\",\"duration\":\"3.003000\",\"side_data_list\":[{\"rotation\":-90}]}],"
        "\"format\":{\"format_name\":\"mov,mp4\",\"size\":\"123\",\"duration\":\"3.1\"}}");
    struct sim_media facts;

    (void)state;
    assert_true(sim_media_read(probe, &facts));
    assert_string_equal(facts.codec, "h264"); /* not the cover */
    assert_int_equal(facts.width, 1280);      /* turned */
    assert_int_equal(facts.height, 1280);     /* 960 x 4/3 */
    assert_int_equal(facts.duration.num, 3003);
    assert_int_equal(facts.bytes, 123);
    assert_true(facts.has_sound);
    json_free(&probe);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ids_carry_their_time),
        cmocka_unit_test(frames_are_the_nearest_8k_and_1),
        cmocka_unit_test(durations_are_cut_not_rounded),
        cmocka_unit_test(sizes_are_of_equal_area),
        cmocka_unit_test(ratios_are_read),
        cmocka_unit_test(seconds_are_billed_to_the_nearest),
        cmocka_unit_test(money_is_summed_exactly),
        cmocka_unit_test(words_choose_a_look),
        cmocka_unit_test(every_look_is_whole),
        cmocka_unit_test(faults_are_found_in_prompts),
        cmocka_unit_test(faults_survive_the_state_folder),
        cmocka_unit_test(faults_of_a_file_go_by_number),
        cmocka_unit_test(paths_are_known_by_their_end),
        cmocka_unit_test(ranges_are_read),
        cmocka_unit_test(a_task_lives_by_the_clock),
        cmocka_unit_test(requests_are_judged),
        cmocka_unit_test(prompts_are_counted_in_characters),
        cmocka_unit_test(videos_are_judged_at_their_bounds),
        cmocka_unit_test(probes_are_read),
    };

    return cmocka_run_group_tests(tests, open_limits, close_limits);
}
