/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Sound files to the sample: real ones of every kind, and damaged ones. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/auto.h"
#include "rows.h"

static const struct row {
    const char *name, *container, *codec;
    int rate, channels, bits;
    osp_rational seconds;
    int cut_off;
    const char *hex;
} rows[] = {
#include "sound_rows.inc"
};

static struct scratch scratch;

static void expect(const struct row *row, const osp_facts *f, osp_rational seconds)
{
    if (f->kind != OSP_KIND_SOUND || strcmp(f->container, row->container) != 0 ||
        strcmp(f->sound.codec, row->codec) != 0)
        fail_msg("%s: kind %d, '%s' in '%s'", row->name, f->kind, f->sound.codec, f->container);
    if (f->sound.sample_rate_hz != row->rate || f->sound.channels != row->channels ||
        f->sound.sample_bits != row->bits || f->truncated != row->cut_off)
        fail_msg("%s: %d Hz, %d channels, %d bits, cut off %d", row->name, f->sound.sample_rate_hz,
                 f->sound.channels, f->sound.sample_bits, f->truncated);
    if (f->sound.duration_s.num != seconds.num || f->sound.duration_s.den != seconds.den)
        fail_msg("%s: %lld/%lld s, expected %lld/%lld", row->name,
                 (long long)f->sound.duration_s.num, (long long)f->sound.duration_s.den,
                 (long long)seconds.num, (long long)seconds.den);
}

static void test_lengths_to_the_sample(void **state)
{
    (void)state;
    for (const struct row *row = rows; row < rows + OSP_COUNT(rows); row++) {
        uint8_t data[ROW_MAX];
        osp_facts *f = scratch_probe(&scratch, data, unhex(row->hex, data));

        expect(row, f, row->seconds);
        osp_facts_free(&f);
    }
}

static const struct row *find_row(const char *name)
{
    for (const struct row *row = rows; row < rows + OSP_COUNT(rows); row++) {
        if (strcmp(row->name, name) == 0)
            return row;
    }
    fail_msg("no row '%s'", name);
    return NULL;
}

/* Rubbish between frames, as joined files have it, is passed over and counts nothing; so is a tag
 * at the end. */
static void test_rubbish_between_frames(void **state)
{
    const struct row *row = find_row("MP3 without a table");
    uint8_t data[ROW_MAX];
    size_t size = unhex(row->hex, data), frame = size / 7;
    osp_facts *f;

    (void)state;
    memmove(data + 3 * frame + 100, data + 3 * frame, size - 3 * frame);
    memset(data + 3 * frame, 'x', 100);
    memcpy(data + size + 100, "TAGsome title", 13);
    f = scratch_probe(&scratch, data, size + 113);
    expect(row, f, row->seconds);
    osp_facts_free(&f);
}

/* "VBRI" in place of Xing (Fraunhofer): that frame is no sound either. */
static void test_vbri_is_a_table(void **state)
{
    const struct row *row = find_row("MP3 without a table");
    uint8_t data[ROW_MAX];
    size_t size = unhex(row->hex, data);
    osp_facts *f;

    (void)state;
    memcpy(data + 36, "VBRI\0\1\0\0\0\0\0\0\0\0\0\0\0\6", 18);
    f = scratch_probe(&scratch, data, size);
    expect(row, f, (osp_rational){ 6 * 576 / 64, 8000 / 64 });
    osp_facts_free(&f);
}

static void test_survives_damage(void **state)
{
    (void)state;
    for (const struct row *row = rows; row < rows + OSP_COUNT(rows); row++) {
        uint8_t data[ROW_MAX];

        damage(&scratch, data, unhex(row->hex, data), 60);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lengths_to_the_sample),
        cmocka_unit_test(test_rubbish_between_frames),
        cmocka_unit_test(test_vbri_is_a_table),
        cmocka_unit_test(test_survives_damage),
    };
    int failed;

    scratch_open(&scratch);
    failed = cmocka_run_group_tests(tests, NULL, NULL);
    scratch_close(&scratch);
    return failed;
}
