/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/auto.h"
#include "probe/sps.h"

/* Sets of real files and of x264 runs (ffmpeg -c:v libx264), as hexadecimal digits. What they say
 * was read with ffmpeg's trace_headers. */
static const struct row {
    const char *name, *hex;
    struct h264_sps want;
} rows[] = {
#include "sps_rows.inc"
};

static size_t unhex(const char *hex, uint8_t *out)
{
    size_t n = 0;

    for (; hex[0] && hex[1]; hex += 2) {
        unsigned v;

        sscanf(hex, "%2x", &v);
        out[n++] = (uint8_t)v;
    }
    return n;
}
#define SAME(m)               \
    if (got.m != row->want.m) \
    fail_msg("%s: " #m " is %d, not %d", row->name, (int)got.m, (int)row->want.m)

static void test_reads_fields(void **state)
{
    (void)state;
    for (const struct row *row = rows; row < rows + OSP_COUNT(rows); row++) {
        uint8_t nal[256];
        struct h264_sps got;

        assert_true(h264_sps_parse(nal, unhex(row->hex, nal), &got));
        SAME(profile_idc);
        SAME(level_idc);
        SAME(chroma_format_idc);
        SAME(bit_depth_luma);
        SAME(log2_max_frame_num);
        SAME(poc_type);
        SAME(log2_max_poc_lsb);
        SAME(num_ref_frames);
        SAME(frame_mbs_only);
        SAME(width_px);
        SAME(height_px);
        SAME(sar_num);
        SAME(sar_den);
        SAME(full_range);
        SAME(matrix);
        SAME(nal_hrd);
        SAME(max_num_reorder);
    }
}

static void test_survives_damage(void **state)
{
    (void)state;
    for (const struct row *row = rows; row < rows + OSP_COUNT(rows); row++) {
        uint8_t nal[256], bad[256];
        size_t size = unhex(row->hex, nal);
        struct h264_sps got;

        for (size_t length = 0; length < 6; length++)
            assert_false(h264_sps_parse(nal, length, &got));
        for (size_t i = 0; i < size * 8; i++) {
            memcpy(bad, nal, size);
            bad[i / 8] ^= (uint8_t)(1u << (i % 8));
            if (h264_sps_parse(bad, size, &got)) {
                assert_true(got.width_px > 0 && got.height_px > 0);
                assert_true(got.num_ref_frames <= 16 && got.log2_max_frame_num <= 16);
            }
        }
    }
}

static void test_refuses_other_nals(void **state)
{
    const uint8_t pps[] = { 0x68, 0xeb, 0xe3, 0xcb, 0x22, 0xc0 };
    struct h264_sps got;

    (void)state;
    assert_false(h264_sps_parse(pps, sizeof(pps), &got));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reads_fields),
        cmocka_unit_test(test_survives_damage),
        cmocka_unit_test(test_refuses_other_nals),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
