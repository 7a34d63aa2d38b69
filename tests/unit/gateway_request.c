/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The body of the create, and reading of answers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "gateway/answer.h"
#include "gateway/request.h"

static osp_profile *profile_for(const char *name)
{
    osp_profile *profile = NULL;
    osp_error err = { 0 };

    if (osp_profile_find(name, &profile, &err) < 0)
        fail_msg("%s", err.text);
    return profile;
}

static const struct {
    const char *name, *profile;
    struct edit_request request;
    const char *body;
} bodies[] = {
    { "whole",
      NULL,
      { "make it snow", "std", "https://m.example/a.mp4", "osp-1", true, false },
      "{\"external_task_id\":\"osp-1\",\"mode\":\"std\",\"prompt\":\"<<<video_1>>> make it "
      "snow\",\"video_list\":[{\"keep_original_sound\":\"yes\",\"refer_type\":\"base\","
      "\"video_url\":\"https://m.example/a.mp4\"}]}" },
    { "canonical: neither address nor id, the default mode",
      NULL,
      { "make it snow", NULL, NULL, NULL, false, false },
      "{\"mode\":\"pro\",\"prompt\":\"<<<video_1>>> make it "
      "snow\",\"video_list\":[{\"keep_original_"
      "sound\":\"no\",\"refer_type\":\"base\"}]}" },
    { "cited already",
      NULL,
      { "turn <<<video_1>>> blue", "std", NULL, NULL, false, false },
      "{\"mode\":\"std\",\"prompt\":\"turn <<<video_1>>> blue\",\"video_list\":[{\"keep_original_"
      "sound\":\"no\",\"refer_type\":\"base\"}]}" },
    { "left alone",
      NULL,
      { "blue", "std", NULL, NULL, false, true },
      "{\"mode\":\"std\",\"prompt\":\"blue\",\"video_list\":[{\"keep_original_sound\":\"no\","
      "\"refer_"
      "type\":\"base\"}]}" },
    { "another form of citation",
      "kling-3.0-native",
      { "blue", "720p", NULL, NULL, false, false },
      "{\"mode\":\"720p\",\"prompt\":\"@video_1 blue\",\"video_list\":[{\"keep_original_sound\":"
      "\"no\",\"refer_type\":\"base\"}]}" },
};

static void test_bodies(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++) {
        osp_profile *profile = profile_for(bodies[i].profile);
        osp_error err = { 0 };
        char *body = NULL;

        if (request_edit(&bodies[i].request, profile, &body, &err) < 0)
            fail_msg("%s: %s", bodies[i].name, err.text);
        assert_string_equal(body, bodies[i].body);
        free(body);
        osp_profile_free(&profile);
    }
}

static char *prompt_of(size_t characters)
{
    char *prompt = calloc(characters + 1, 2);

    for (size_t i = 0; i < characters; i++)
        memcpy(prompt + 2 * i, "\xc3\xa4", 2); /* two bytes, one character */
    return prompt;
}

static void test_refused_before_sending(void **state)
{
    osp_profile *profile = profile_for(NULL);
    struct edit_request request = { .mode = "std", .no_cite = true };
    char *exact = prompt_of(2500), *longer = prompt_of(2501), *body = NULL;
    osp_error err = { 0 };

    (void)state;
    request.prompt = exact;
    assert_int_equal(request_edit(&request, profile, &body, &err), 0);
    free(body);
    request.no_cite = false; /* the citation counts */
    assert_int_equal(request_edit(&request, profile, &body, &err), OSP_EUSAGE);
    osp_error_clear(&err);
    request.no_cite = true;
    request.prompt = longer;
    assert_int_equal(request_edit(&request, profile, &body, &err), OSP_EUSAGE);
    assert_non_null(strstr(err.text, "2501"));
    osp_error_clear(&err);
    request.prompt = " \n";
    assert_int_equal(request_edit(&request, profile, &body, &err), OSP_EUSAGE);
    osp_error_clear(&err);
    request.prompt = "\xff";
    assert_int_equal(request_edit(&request, profile, &body, &err), OSP_EUSAGE);
    osp_error_clear(&err);
    request.prompt = "x";
    request.mode = "8k";
    assert_int_equal(request_edit(&request, profile, &body, &err), OSP_EUSAGE);
    assert_non_null(strstr(err.text, "std"));
    free(exact);
    free(longer);
    osp_profile_free(&profile);
}

static void test_addresses(void **state)
{
    char *url = request_address("https://g.example/v1/ai/ep", GATEWAY_OMNI_VIDEO, NULL);

    (void)state;
    assert_string_equal(url, "https://g.example/v1/ai/ep/kling/videos/omni-video");
    free(url);
    url = request_address("https://g.example", GATEWAY_OMNI_VIDEO, "a/../b c");
    assert_string_equal(url, "https://g.example/kling/videos/omni-video/a%2F..%2Fb%20c");
    free(url);
}

static struct answer read_one(const char *body)
{
    struct answer answer;
    osp_error err = { 0 };

    assert_int_equal(answer_read(body, strlen(body), &answer, &err), 0);
    return answer;
}

static void test_answers_are_read_leniently(void **state)
{
    struct answer a = read_one(
        "{\"code\":0,\"message\":\"SUCCEED\",\"request_id\":\"q-1\",\"data\":{\"task_id\":"
        "868616892989575248,\"task_status\":\"succeed\",\"task_status_msg\":\"\",\"task_info\":"
        "{\"parent_video\":null},\"created_at\":1775122924191,\"task_result\":{\"videos\":[{\"id\":"
        "\"1\",\"url\":\"https://m/v.mp4?a=b\",\"duration\":5.041,\"watermark_url\":null}]},"
        "\"final_unit_deduction\":2.7}}");

    (void)state;
    assert_true(a.accepted);
    assert_string_equal(a.task_id, "868616892989575248"); /* beyond 2^53, and a number */
    assert_string_equal(a.units, "2.7");
    assert_string_equal(a.url, "https://m/v.mp4?a=b");
    assert_string_equal(a.external_task_id, "");
    assert_true(a.created_ms == 1775122924191LL);
    assert_int_equal(answer_status(&a), TASK_SUCCEEDED);
    answer_release(&a);

    a = read_one("{\"code\":0,\"data\":{\"task_id\":\"1\",\"task_status\":\"succeeded\"}}");
    assert_int_equal(answer_status(&a), TASK_SUCCEEDED);
    assert_null(a.url);
    a = read_one("{\"code\":0,\"data\":{\"task_id\":\"1\",\"task_status\":\"queueing\"}}");
    assert_int_equal(answer_status(&a), TASK_RUNNING); /* a word nobody knows is no end */
    a = read_one("{\"code\":0,\"data\":[]}");
    assert_string_equal(a.task_id, "");
    a = read_one("{\"error\":{\"code\":429,\"message\":\"slow\\ndown\"}}");
    assert_string_equal(a.code, "429");
    assert_string_equal(a.message, "slow down");
    a = read_one("<html><a href=\"https://x/y?token=SECRET\">oops</a>");
    assert_false(a.json);
    assert_non_null(strstr(a.message, "oops"));
    assert_null(strstr(a.message, "SECRET"));
    a = read_one("");
    assert_false(a.json);
    a = read_one("[1,2]");
    assert_false(a.json);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bodies),
        cmocka_unit_test(test_refused_before_sending),
        cmocka_unit_test(test_addresses),
        cmocka_unit_test(test_answers_are_read_leniently),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
