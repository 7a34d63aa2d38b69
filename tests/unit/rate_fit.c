/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Constant or variable, and which rate: from time stamps alone. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/auto.h"
#include "probe/probe.h"

#define MOST 2000

/* Stamps of a clock that were rounded to ticks on the way: first through (0: not at all), then
 * base. */
static void round_clock(double rate, int count, int through, int base, int64_t *pts)
{
    for (int k = 0; k < count; k++) {
        double at = k / rate;

        if (through)
            at = floor(at * through + 0.5) / through;
        pts[k] = (int64_t)floor(at * base + 0.5);
    }
}

static const struct row {
    const char *name;
    double rate;
    int count, through, base;
    osp_rational want;
} rows[] = {
    { "25 on its own clock", 25, 100, 0, 12800, { 25, 1 } },
    { "29.97 on its own clock", 30000 / 1001., 100, 0, 30000, { 30000, 1001 } },
    { "23.976 on 1/600 has steps of 24", 24000 / 1001., 72, 0, 600, { 24000, 1001 } },
    { "24 on 1/600", 24, 72, 0, 600, { 24, 1 } },
    { "29.97 on 1/600", 30000 / 1001., 150, 0, 600, { 30000, 1001 } },
    { "29.97 through milliseconds", 30000 / 1001., 150, 1000, 16000, { 30000, 1001 } },
    { "23.976 through milliseconds", 24000 / 1001., 240, 1000, 1000, { 24000, 1001 } },
    { "24 through milliseconds", 24, 240, 1000, 1000, { 24, 1 } },
    { "59.94 through milliseconds", 60000 / 1001., 600, 1000, 1000, { 60000, 1001 } },
    { "60 through milliseconds", 60, 600, 1000, 1000, { 60, 1 } },
    { "50 on 90 kHz", 50, 500, 0, 90000, { 50, 1 } },
};

static osp_video_facts fit(int64_t *pts, int count, int base)
{
    osp_video_facts v = {
        .frame_pts = pts, .frame_count = count, .time_base = { 1, base }, .last_duration = 1
    };

    probe_fit_rate(&v);
    return v;
}

static void test_constant(void **state)
{
    static int64_t pts[MOST];

    (void)state;
    for (size_t i = 0; i < OSP_COUNT(rows); i++) {
        osp_video_facts v;

        round_clock(rows[i].rate, rows[i].count, rows[i].through, rows[i].base, pts);
        v = fit(pts, rows[i].count, rows[i].base);
        if (v.variable_rate || v.rate.num != rows[i].want.num || v.rate.den != rows[i].want.den)
            fail_msg("%s: %lld/%lld%s", rows[i].name, (long long)v.rate.num, (long long)v.rate.den,
                     v.variable_rate ? ", variable" : "");
        assert_int_equal(v.rate_min.num * v.rate.den, v.rate.num * v.rate_min.den);
        assert_int_equal(v.rate_max.num * v.rate.den, v.rate.num * v.rate_max.den);
    }
}

static void test_variable(void **state)
{
    static int64_t pts[MOST];
    osp_video_facts v;

    (void)state;
    /* 60, then 30 a second: the lowest and the highest are those of the steps */
    for (int k = 0; k < 120; k++)
        pts[k] = k < 60 ? k * 256 : 60 * 256 + (k - 60) * 512;
    v = fit(pts, 120, 15360);
    assert_int_equal(v.variable_rate, 1);
    assert_int_equal(v.rate_min.num, 30 * v.rate_min.den);
    assert_int_equal(v.rate_max.num, 60 * v.rate_max.den);
    /* one picture is missing */
    round_clock(25, 100, 0, 12800, pts);
    for (int k = 50; k < 100; k++)
        pts[k] += 512;
    assert_int_equal(fit(pts, 100, 12800).variable_rate, 1);
    /* a phone that wanders by several milliseconds */
    round_clock(30, 100, 0, 90000, pts);
    for (int k = 0; k < 100; k += 3)
        pts[k] += 400;
    assert_int_equal(fit(pts, 100, 90000).variable_rate, 1);
    /* two pictures at once: there is no highest rate */
    round_clock(25, 100, 0, 12800, pts);
    pts[7] = pts[6];
    v = fit(pts, 100, 12800);
    assert_int_equal(v.variable_rate, 1);
    assert_int_equal(v.rate_max.den, 0);
}

static void test_few(void **state)
{
    int64_t one[] = { 0 }, none[] = { 0, 0, 0 };
    osp_video_facts v;

    (void)state;
    v = fit(one, 1, 25); /* its duration is all that tells */
    assert_int_equal(v.rate.num, 25 * v.rate.den);
    v = fit(none, 3, 25);
    assert_int_equal(v.rate.den, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_constant),
        cmocka_unit_test(test_variable),
        cmocka_unit_test(test_few),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
