/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Where a time of the flow lies: nanoseconds that a host has rounded against exact pictures. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/fs.h"
#include "omnisplice/stream.h"

static char state[] = "/tmp/osp-stream-XXXXXX";
static osp_engine *engine;

static int open_engine(void **unused)
{
    osp_engine_options options;
    osp_error err = { 0 };

    (void)unused;
    if (!mkdtemp(state))
        return -1;
    osp_engine_options_init(&options);
    options.state = state;
    options.gateway = "http://127.0.0.1:9"; /* never asked: nothing is begun */
    options.key = "key";
    return osp_engine_open(&options, &engine, &err);
}

static int close_engine(void **unused)
{
    (void)unused;
    osp_engine_close(&engine);
    return fs_remove_tree(state, NULL);
}

static osp_stream *open_shot(const char *from, const char *to)
{
    char master[1024];
    osp_stream *stream = NULL;
    osp_error err = { 0 };
    osp_shot shot;

    snprintf(master, sizeof(master), "%s/samples/v003_butterfly.mp4", getenv("OSP_SOURCE"));
    osp_shot_init(&shot);
    assert_int_equal(osp_shot_set(&shot, "master", master, &err), OSP_OK);
    assert_int_equal(osp_shot_set(&shot, "from", from, &err), OSP_OK);
    assert_int_equal(osp_shot_set(&shot, "to", to, &err), OSP_OK);
    assert_int_equal(osp_shot_set(&shot, "prompt", "snow", &err), OSP_OK);
    if (osp_stream_open(engine, &shot, &stream, &err) != OSP_OK)
        fail_msg("%s", err.text);
    osp_shot_release(&shot);
    return stream;
}

/* Picture i of 30000/1001 a second, rounded down to `unit` nanoseconds and then up. */
static int64_t picture_ns(int64_t i, int64_t unit, int up)
{
    int64_t exact = i * 1001 * INT64_C(1000000000);
    int64_t divisor = 30000 * unit;

    return (exact / divisor + (up && exact % divisor)) * unit;
}

static void check_pictures(const osp_stream *stream, int64_t first, int64_t end, int64_t unit)
{
    for (int64_t i = 0; i < 226; i++) {
        osp_place wanted = i < first ? OSP_BEFORE : i < end ? OSP_INSIDE : OSP_AFTER;

        assert_int_equal(osp_stream_classify(stream, picture_ns(i, unit, 0)), wanted);
        assert_int_equal(osp_stream_classify(stream, picture_ns(i, unit, 1)), wanted);
    }
}

static void rounded_times_find_their_picture(void **unused)
{
    osp_stream *stream = open_shot("61f", "151f"); /* not at whole milliseconds */
    int64_t from, to;

    (void)unused;
    check_pictures(stream, 61, 151, 1);
    check_pictures(stream, 61, 151, 1000);    /* microseconds */
    check_pictures(stream, 61, 151, 1000000); /* Matroska's milliseconds */
    osp_stream_free(&stream);
    stream = open_shot("2", "5");
    osp_stream_shot(stream, &from, &to);
    assert_int_equal(from, INT64_C(2002000000));
    assert_int_equal(to, INT64_C(5005000000));
    assert_int_equal(osp_stream_first(stream), 0);
    osp_stream_free(&stream);
    assert_null(stream);
}

/* A decoder that clips the picture before the shot to a seek's target moves it on: still outside */
static void a_clipped_picture_stays_outside(void **unused)
{
    osp_stream *stream = open_shot("2", "5");

    (void)unused;
    assert_int_equal(osp_stream_classify(stream, INT64_C(1995000000)), OSP_BEFORE);
    assert_int_equal(osp_stream_classify(stream, INT64_C(4995000000)), OSP_INSIDE);
    osp_stream_free(&stream);
}

static void a_shot_may_touch_the_files_ends(void **unused)
{
    osp_stream *stream = open_shot("0", "3");

    (void)unused;
    check_pictures(stream, 0, 90, 1);
    osp_stream_free(&stream);
    stream = open_shot("136f", "226f");
    check_pictures(stream, 136, 226, 1);
    assert_int_equal(osp_stream_classify(stream, picture_ns(226, 1, 1)), OSP_AFTER);
    osp_stream_free(&stream);
}

static void a_format_must_make_sense(void **unused)
{
    osp_stream *stream = open_shot("2", "5");
    osp_stream_format format = {
        .size = sizeof(format), .pixel_format = "yuv420p", .width_px = 1280, .height_px = 720
    };
    osp_picture picture = { .width_px = 0 };
    osp_error err = { 0 };

    (void)unused;
    assert_int_equal(osp_stream_take(stream, INT64_C(2002000000), 0, NULL, &picture, &err),
                     OSP_EUSAGE); /* no format */
    assert_int_equal(osp_stream_set_format(stream, &format, NULL), OSP_OK);
    format.pixel_format = "no such";
    assert_int_equal(osp_stream_set_format(stream, &format, NULL), OSP_EUSAGE);
    format.pixel_format = "nv12";
    format.width_px = 0;
    assert_int_equal(osp_stream_set_format(stream, &format, NULL), OSP_EUSAGE);
    osp_error_clear(&err);
    assert_int_equal(osp_stream_take(stream, 0, 0, NULL, &picture, &err), OSP_EUSAGE); /* outside */
    osp_stream_free(&stream);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rounded_times_find_their_picture),
        cmocka_unit_test(a_clipped_picture_stays_outside),
        cmocka_unit_test(a_shot_may_touch_the_files_ends),
        cmocka_unit_test(a_format_must_make_sense),
    };

    return cmocka_run_group_tests_name("stream_time", tests, open_engine, close_engine);
}
