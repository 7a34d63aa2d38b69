/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What an answer means: the rows of the service's tables, its gateway's, and of the transport. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "gateway/codes.h"

static const struct row {
    const char *name;
    enum act act;
    int status; /* 0: none, then `reach` */
    enum http_reach reach;
    const char *body;
    const char *class;
    enum created created;
    bool retry;
    int code;
} rows[] = {
#define KLING(n, m) "{\"code\":" n ",\"message\":\"" m "\",\"request_id\":\"r-1\"}"
    /* the service's table */
    { "accepted", ACT_CREATE, 200, 0,
      "{\"code\":0,\"message\":\"SUCCEED\",\"data\":{\"task_id\":\"8\"}}", "OK", CREATED_YES, false,
      0 },
    { "accepted, code as text", ACT_CREATE, 200, 0, "{\"code\":\"0\",\"data\":{\"task_id\":8}}",
      "OK", CREATED_YES, false, 0 },
    { "1000", ACT_CREATE, 401, 0, KLING("1000", "x"), "AUTH", CREATED_NO, false, OSP_EACCESS },
    { "1001", ACT_CREATE, 401, 0, KLING("1001", "x"), "AUTH", CREATED_NO, false, OSP_EACCESS },
    { "1002", ACT_CREATE, 401, 0, KLING("1002", "x"), "AUTH", CREATED_NO, false, OSP_EACCESS },
    { "1003", ACT_CREATE, 401, 0, KLING("1003", "x"), "AUTH", CREATED_NO, false, OSP_EACCESS },
    { "1004", ACT_CREATE, 401, 0, KLING("1004", "x"), "AUTH", CREATED_NO, false, OSP_EACCESS },
    { "1100", ACT_CREATE, 429, 0, KLING("1100", "x"), "CREDIT", CREATED_NO, false, OSP_EMONEY },
    { "1101", ACT_CREATE, 429, 0, KLING("1101", "x"), "CREDIT", CREATED_NO, false, OSP_EMONEY },
    { "1102", ACT_CREATE, 429, 0, KLING("1102", "x"), "CREDIT", CREATED_NO, false, OSP_EMONEY },
    { "1103", ACT_CREATE, 403, 0, KLING("1103", "x"), "DENIED", CREATED_NO, false, OSP_EACCESS },
    { "1200", ACT_CREATE, 400, 0, KLING("1200", "x"), "INPUT", CREATED_NO, false, OSP_EREFUSED },
    { "1201", ACT_CREATE, 400, 0, KLING("1201", "x"), "INPUT", CREATED_NO, false, OSP_EREFUSED },
    { "1201 duplicate", ACT_CREATE, 400, 0, KLING("1201", "External_task_id a already exists"),
      "DUPLICATE", CREATED_MAYBE, false, OSP_EAGAIN },
    { "1201 on a query", ACT_QUERY, 400, 0, KLING("1201", "Task not found"), "NOTFOUND",
      CREATED_MAYBE, true, OSP_EAGAIN },
    { "1202", ACT_CREATE, 404, 0, KLING("1202", "x"), "CONFIG", CREATED_NO, false, OSP_EACCESS },
    { "1203", ACT_CREATE, 404, 0, KLING("1203", "x"), "CONFIG", CREATED_NO, false, OSP_EACCESS },
    { "1300", ACT_CREATE, 400, 0, KLING("1300", "x"), "POLICY", CREATED_NO, false, OSP_EREFUSED },
    { "1301", ACT_CREATE, 400, 0, KLING("1301", "x"), "POLICY", CREATED_NO, false, OSP_EREFUSED },
    { "1302", ACT_CREATE, 429, 0, KLING("1302", "x"), "BUSY", CREATED_NO, true, OSP_EAGAIN },
    { "1303", ACT_CREATE, 429, 0, KLING("1303", "x"), "BUSY", CREATED_NO, true, OSP_EAGAIN },
    { "1304", ACT_CREATE, 429, 0, KLING("1304", "x"), "DENIED", CREATED_NO, false, OSP_EACCESS },
    { "5000", ACT_CREATE, 500, 0, KLING("5000", "x"), "AMBIGUOUS", CREATED_MAYBE, false,
      OSP_EAGAIN },
    { "5001", ACT_CREATE, 503, 0, KLING("5001", "x"), "AMBIGUOUS", CREATED_MAYBE, false,
      OSP_EAGAIN },
    { "5002", ACT_CREATE, 504, 0, KLING("5002", "x"), "AMBIGUOUS", CREATED_MAYBE, false,
      OSP_EAGAIN },
    { "a final code under a 5xx is no word", ACT_CREATE, 502, 0, KLING("1301", "x"), "AMBIGUOUS",
      CREATED_MAYBE, false, OSP_EAGAIN },
    { "a code nobody knows", ACT_CREATE, 418, 0, KLING("4711", "x"), "AMBIGUOUS", CREATED_MAYBE,
      false, OSP_EAGAIN },

    /* the gateway's own */
    { "no provider", ACT_CREATE, 400, 0, "{\"code\":\"NO_PROVIDER_ERROR\"}", "BUSY", CREATED_NO,
      true, OSP_EAGAIN },
    { "no balancer, in error.message", ACT_CREATE, 400, 0,
      "{\"error\":{\"message\":\"NO_BALANCER_ERROR\"}}", "BUSY", CREATED_NO, true, OSP_EAGAIN },
    { "no passageway", ACT_CREATE, 400, 0, "{\"msg\":\"NO_PASSAGEWAY\"}", "BUSY", CREATED_NO, true,
      OSP_EAGAIN },
    { "empty group", ACT_CREATE, 400, 0, "{\"msg\":\"AI_PASSAGEWAY_GROUP_IS_EMPTY_ERROR\"}", "BUSY",
      CREATED_NO, true, OSP_EAGAIN },
    { "no model", ACT_CREATE, 400, 0, "{\"code\":\"MODEL_TYPE_NOT_FOUND\"}", "CONFIG", CREATED_NO,
      false, OSP_EACCESS },
    { "no endpoint", ACT_CREATE, 400, 0, "{\"code\":\"NO_ENDPOINT\"}", "CONFIG", CREATED_NO, false,
      OSP_EACCESS },
    { "filtered", ACT_CREATE, 400, 0, "{\"message\":\"the response was filtered\"}", "POLICY",
      CREATED_NO, false, OSP_EREFUSED },
    { "image quality", ACT_CREATE, 400, 0, "{\"code\":\"AI_IMAGE_QUALITY_ERROR\"}", "INPUT",
      CREATED_NO, false, OSP_EREFUSED },
    { "bare 400", ACT_CREATE, 400, 0, "bad", "INPUT", CREATED_NO, false, OSP_EREFUSED },
    { "bare 401", ACT_CREATE, 401, 0, "", "AUTH", CREATED_NO, false, OSP_EACCESS },
    { "bare 403", ACT_CREATE, 403, 0, "", "DENIED", CREATED_NO, false, OSP_EACCESS },
    { "bare 404", ACT_CREATE, 404, 0, "", "CONFIG", CREATED_NO, false, OSP_EACCESS },
    { "bare 404 on a query", ACT_QUERY, 404, 0, "", "NOTFOUND", CREATED_MAYBE, true, OSP_EAGAIN },
    { "409", ACT_CREATE, 409, 0, "{\"message\":\"resource modification anomaly\"}", "AMBIGUOUS",
      CREATED_MAYBE, false, OSP_EAGAIN },
    { "bare 429", ACT_CREATE, 429, 0, "<html>", "BUSY", CREATED_NO, true, OSP_EAGAIN },

    /* the transport */
    { "refused", ACT_CREATE, 0, HTTP_NOT_SENT, NULL, "NETWORK", CREATED_NO, true, OSP_EAGAIN },
    { "TLS", ACT_CREATE, 0, HTTP_TLS, NULL, "TLS", CREATED_NO, false, OSP_EACCESS },
    { "proxy", ACT_CREATE, 0, HTTP_PROXY, NULL, "CONFIG", CREATED_NO, false, OSP_EACCESS },
    { "reset", ACT_CREATE, 0, HTTP_MAYBE_SENT, NULL, "AMBIGUOUS", CREATED_MAYBE, false,
      OSP_EAGAIN },
    { "reset of a query", ACT_QUERY, 0, HTTP_MAYBE_SENT, NULL, "NETWORK", CREATED_MAYBE, true,
      OSP_EAGAIN },
    { "5xx with a page", ACT_CREATE, 502, 0, "<html>bad gateway</html>", "AMBIGUOUS", CREATED_MAYBE,
      false, OSP_EAGAIN },
    { "200 with a page", ACT_CREATE, 200, 0, "<html></html>", "AMBIGUOUS", CREATED_MAYBE, false,
      OSP_EAGAIN },
    { "cut JSON", ACT_CREATE, 200, 0, "{\"code\":0,\"data\":{\"task_", "AMBIGUOUS", CREATED_MAYBE,
      false, OSP_EAGAIN },
    { "200 without a task id", ACT_CREATE, 200, 0, "{\"code\":0,\"data\":{}}", "AMBIGUOUS",
      CREATED_MAYBE, false, OSP_EAGAIN },
/* a refusal that names a task */
#define NAMED(code) "{\"code\":" code ",\"data\":{\"task_id\":\"77\"}}"
    { "accepted under 400", ACT_CREATE, 400, 0, NAMED("0"), "AMBIGUOUS", CREATED_MAYBE, false,
      OSP_EAGAIN },
    { "accepted under 429", ACT_CREATE, 429, 0, NAMED("0"), "AMBIGUOUS", CREATED_MAYBE, false,
      OSP_EAGAIN },
    { "accepted under 401", ACT_CREATE, 401, 0, NAMED("\"0\""), "AMBIGUOUS", CREATED_MAYBE, false,
      OSP_EAGAIN },
    { "accepted under 302", ACT_CREATE, 302, 0, NAMED("0"), "AMBIGUOUS", CREATED_MAYBE, false,
      OSP_EAGAIN },
    { "code 0 alone under 400", ACT_CREATE, 400, 0, "{\"code\":0}", "AMBIGUOUS", CREATED_MAYBE,
      false, OSP_EAGAIN },
    { "1303 with a task", ACT_CREATE, 429, 0, NAMED("1303"), "AMBIGUOUS", CREATED_MAYBE, false,
      OSP_EAGAIN },
    { "1201 with a task under 200", ACT_CREATE, 200, 0, NAMED("1201"), "AMBIGUOUS", CREATED_MAYBE,
      false, OSP_EAGAIN },
    { "a task and no code under 404", ACT_CREATE, 404, 0, "{\"data\":{\"task_id\":7}}", "AMBIGUOUS",
      CREATED_MAYBE, false, OSP_EAGAIN },
    { "301", ACT_CREATE, 301, 0, "", "CONFIG", CREATED_NO, false, OSP_EACCESS },
    { "413", ACT_CREATE, 413, 0, "", "INPUT", CREATED_NO, false, OSP_EREFUSED },
    { "408", ACT_CREATE, 408, 0, "", "AMBIGUOUS", CREATED_MAYBE, false, OSP_EAGAIN },
    { "425", ACT_CREATE, 425, 0, "", "AMBIGUOUS", CREATED_MAYBE, false, OSP_EAGAIN },
    { "499", ACT_CREATE, 499, 0, "", "AMBIGUOUS", CREATED_MAYBE, false, OSP_EAGAIN },
    { "500 of a query", ACT_QUERY, 500, 0, "", "NETWORK", CREATED_MAYBE, true, OSP_EAGAIN },
    { "1302 of a query", ACT_QUERY, 429, 0, KLING("1302", "x"), "BUSY", CREATED_NO, true,
      OSP_EAGAIN },
    { "1000 of a query", ACT_QUERY, 401, 0, KLING("1000", "x"), "AUTH", CREATED_NO, false,
      OSP_EACCESS },

    /* after acceptance */
    { "risk control", ACT_TASK, 200, 0,
      "{\"data\":{\"task_status_msg\":\"Failure to pass the risk control system\"}}", "POLICY",
      CREATED_YES, false, OSP_EREFUSED },
    { "pixel", ACT_TASK, 200, 0, "{\"data\":{\"task_status_msg\":\"Image pixel is invalid\"}}",
      "INPUT", CREATED_YES, false, OSP_EREFUSED },
    { "anything else", ACT_TASK, 200, 0, "{\"data\":{\"task_status_msg\":\"boom\"}}", "FAILED",
      CREATED_YES, false, OSP_EREFUSED },
};

static void test_rows(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const struct row *row = &rows[i];
        struct http_answer http = { .status = row->status, .reach = row->reach };
        struct answer answer = { 0 };
        osp_error err = { 0 };
        struct meaning m;

        if (row->body)
            assert_int_equal(answer_read(row->body, strlen(row->body), &answer, &err), 0);
        m = meaning_of(row->act, &http, row->body ? &answer : NULL);
        if (strcmp(answer_class_name(m.class), row->class) != 0 || m.created != row->created ||
            m.retry != row->retry || (int)m.code != row->code)
            fail_msg("%s: %s created %d retry %d code %d", row->name, answer_class_name(m.class),
                     m.created, m.retry, m.code);
        answer_release(&answer);
    }
}

/* Only what was surely not created may be created again by itself. */
static void test_no_retry_of_what_may_exist(void **state)
{
    (void)state;
    for (int status = 100; status < 600; status++) {
        for (int code = -1; code < 6000; code += code < 0 ? 1 : 7) {
            struct http_answer http = { .status = status };
            struct answer answer = { .json = code >= 0 };
            struct meaning m;

            if (code >= 0)
                snprintf(answer.code, sizeof(answer.code), "%d", code);
            answer.accepted = code == 0;
            m = meaning_of(ACT_CREATE, &http, &answer);
            if (m.retry)
                assert_int_equal(m.created, CREATED_NO);
            if (status >= 500)
                assert_int_equal(m.created, CREATED_MAYBE);
            strcpy(answer.task_id, "1"); /* the same answer, and it names a task */
            m = meaning_of(ACT_CREATE, &http, &answer);
            assert_int_not_equal(m.created, CREATED_NO);
        }
    }
}

/* Ids that a service may make up: whole, or not at all. */
static void test_ids(void **state)
{
    char longest[513] = "", too_long[514] = "";
    struct {
        const char *id; /* as JSON writes it */
        const char *read;
        bool unusable;
    } ids[] = {
        { longest, longest, false },
        { too_long, "", true },
        { "..", "", true },
        { ".", "", true },
        { "../../x", "../../x", false },
        { "a\\r\\nb\\u001b", "a\r\nb\033", false },
        { "", "", false },
    };

    (void)state;
    memset(longest, '9', sizeof(longest) - 1);
    memset(too_long, '9', sizeof(too_long) - 1);
    for (size_t i = 0; i < sizeof(ids) / sizeof(ids[0]); i++) {
        struct http_answer http = { .status = 200 };
        struct answer answer;
        osp_error err = { 0 };
        char body[700];

        snprintf(body, sizeof(body),
                 "{\"code\":0,\"request_id\":\"r\\n1\",\"data\":{\"task_id\":\"%s\"}}", ids[i].id);
        assert_int_equal(answer_read(body, strlen(body), &answer, &err), 0);
        assert_string_equal(answer.task_id, ids[i].read);
        assert_int_equal(answer.unusable_id, ids[i].unusable);
        assert_string_equal(answer.request_id, "r 1");
        assert_int_equal(meaning_of(ACT_CREATE, &http, &answer).created,
                         ids[i].read[0] ? CREATED_YES : CREATED_MAYBE);
        http.status = 400;
        if (ids[i].unusable)
            assert_int_equal(meaning_of(ACT_CREATE, &http, &answer).created, CREATED_MAYBE);
        answer_release(&answer);
    }
}

static void test_addresses_of_results(void **state)
{
    static const struct {
        const char *url;
        bool taken;
    } urls[] = {
        { "https://m.example/a?b=c", true },
        { "https://m.example/a\\r\\nX: y", false },
        { "https://m.example/a b", false },
        { "https://m.example/\\u0007", false },
        { "", false },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(urls) / sizeof(urls[0]); i++) {
        struct answer answer;
        osp_error err = { 0 };
        char body[300];

        snprintf(body, sizeof(body),
                 "{\"code\":0,\"data\":{\"task_result\":{\"videos\":[{\"url\":\"%s\"}]}}}",
                 urls[i].url);
        assert_int_equal(answer_read(body, strlen(body), &answer, &err), 0);
        assert_int_equal(answer.url != NULL, urls[i].taken);
        answer_release(&answer);
    }
}

static void test_words(void **state)
{
    static const char body[] =
        "{\"code\":1201,\"message\":\"sound on is not supported with video "
        "input, see https://x.example/a?sign=SECRET\",\"request_id\":\"r-7\"}";
    struct http_answer http = { .status = 400 };
    struct answer answer;
    osp_error err = { 0 };
    struct meaning m;

    (void)state;
    assert_int_equal(answer_read(body, sizeof(body) - 1, &answer, &err), 0);
    m = meaning_of(ACT_CREATE, &http, &answer);
    assert_int_equal(meaning_fail(&m, &http, &answer, &err), OSP_EREFUSED);
    assert_non_null(strstr(err.text, "sound on is not supported with video input"));
    assert_non_null(strstr(err.text, "request_id r-7"));
    assert_non_null(strstr(err.text, "HTTP 400, code 1201"));
    assert_null(strstr(err.text, "SECRET"));
    answer_release(&answer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),  cmocka_unit_test(test_no_retry_of_what_may_exist),
        cmocka_unit_test(test_ids),   cmocka_unit_test(test_addresses_of_results),
        cmocka_unit_test(test_words),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
