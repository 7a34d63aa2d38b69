/* SPDX-License-Identifier: LGPL-2.1-or-later */
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
#include "probe/format.h"

/* Configuration records of files that ffmpeg wrote, as hexadecimal digits, and what ffprobe says of
 * these files. */
static const struct row {
    const char *name, *codec, *hex;
    const char *profile;
    int level;
    const char *pixels;
    int width, height;
    const char *primaries, *transfer, *matrix, *range;
    osp_rational sar;
} rows[] = {
#include "record_rows.inc"
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

static osp_video_facts read_record(const struct row *row, const uint8_t *record, size_t size)
{
    osp_video_facts v = { .level = -1 };
    struct setup setup = { 0 };

    str_copy(v.codec, sizeof(v.codec), row->codec);
    format_record(record, size, &v, &setup);
    format_settle(&v);
    return v;
}

#define SAME_WORD(m, want)        \
    if (strcmp(v.m, (want)) != 0) \
    fail_msg("%s: " #m " is '%s', not '%s'", row->name, v.m, want)
#define SAME(m, want)  \
    if (v.m != (want)) \
    fail_msg("%s: " #m " is %d, not %d", row->name, (int)v.m, (int)(want))

static void test_reads_records(void **state)
{
    (void)state;
    for (const struct row *row = rows; row < rows + OSP_COUNT(rows); row++) {
        uint8_t record[1024];
        osp_video_facts v = read_record(row, record, unhex(row->hex, record));

        SAME_WORD(profile, row->profile);
        SAME(level, row->level);
        SAME_WORD(pixel_format, row->pixels);
        if (strcmp(row->codec, "vp9") != 0) { /* its record says no size */
            SAME(coded_width_px, row->width);
            SAME(coded_height_px, row->height);
        }
        SAME_WORD(primaries, row->primaries);
        SAME_WORD(transfer, row->transfer);
        SAME_WORD(matrix, row->matrix);
        SAME_WORD(range, row->range);
        if (!v.sar.den) /* not said: square */
            v.sar = (osp_rational){ 1, 1 };
        SAME(sar.num, row->sar.num);
        SAME(sar.den, row->sar.den);
    }
}

static void test_reads_hdr10(void **state)
{
    (void)state;
    for (const struct row *row = rows; row < rows + OSP_COUNT(rows); row++) {
        uint8_t record[1024];
        osp_video_facts v = read_record(row, record, unhex(row->hex, record));
        bool hdr10 = strcmp(row->name, "HEVC HDR10") == 0;

        assert_string_equal(v.hdr, hdr10 ? "PQ" : "");
        assert_int_equal(v.max_content_nits, hdr10 ? 1000 : 0);
        assert_int_equal(v.max_average_nits, hdr10 ? 400 : 0);
        assert_int_equal(v.mastering_max_nits.num, hdr10 ? 1000 : 0);
    }
}

/* Cut at every byte and with every bit turned: no read past the end, no endless loop. */
static void test_survives_noise(void **state)
{
    (void)state;
    for (const struct row *row = rows; row < rows + OSP_COUNT(rows); row++) {
        uint8_t whole[1024];
        size_t size = unhex(row->hex, whole);

        for (size_t i = 0; i <= size; i++) {
            OSP_AUTO(auto_free) uint8_t *cut = malloc(i + 1); /* its very size: a sanitizer sees */

            memcpy(cut, whole, i);
            (void)read_record(row, cut, i);
        }
        for (size_t i = 0; i < size * 8; i++) {
            whole[i / 8] ^= (uint8_t)(1 << (i % 8));
            (void)read_record(row, whole, size);
            whole[i / 8] ^= (uint8_t)(1 << (i % 8));
        }
    }
}

static void test_tells_conflicts(void **state)
{
    osp_video_facts v = { 0 };

    (void)state;
    format_colour(1, 1, 1, 0, &v.container_colour);
    format_colour(2, 1, 6, -1, &v.stream_colour);
    format_settle(&v);
    assert_int_equal(v.colour_conflict, 1); /* of the matrix */
    assert_string_equal(v.primaries, "bt709");
    assert_string_equal(v.matrix, "smpte170m");
    assert_string_equal(v.range, "tv");
    v = (osp_video_facts){ 0 };
    format_colour(1, 1, 1, 0, &v.container_colour);
    format_colour(2, 2, 1, -1, &v.stream_colour);
    format_settle(&v);
    assert_int_equal(v.colour_conflict, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reads_records),
        cmocka_unit_test(test_reads_hdr10),
        cmocka_unit_test(test_survives_noise),
        cmocka_unit_test(test_tells_conflicts),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
