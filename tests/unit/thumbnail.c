/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* osp_thumbnail() as a host calls it, on the sample clip. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/auto.h"
#include "omnisplice/media.h"

static char clip[512];
static osp_facts *facts;

static int setup(void **state)
{
    (void)state;
    snprintf(clip, sizeof(clip), "%s/samples/v003_butterfly.mp4", getenv("OSP_SOURCE"));
    return osp_probe(clip, &facts, NULL);
}

static int teardown(void **state)
{
    (void)state;
    osp_facts_free(&facts);
    return 0;
}

struct png {
    uint8_t *data;
    size_t size;
};

static void release_png(struct png *png)
{
    free(png->data);
}

static struct png at(int64_t num, int64_t den, int max_px)
{
    struct png png = { 0 };
    osp_error err = { 0 };

    if (osp_thumbnail(clip, facts, (osp_rational){ num, den }, max_px, &png.data, &png.size, &err) <
        0)
        fail_msg("%s", err.text);
    return png;
}

/* PNG (ISO/IEC 15948) 11.2.2: width and height stand behind the signature and the chunk's head. */
static void has_size(const struct png *png, unsigned width, unsigned height)
{
    static const uint8_t signature[] = { 0x89, 'P', 'N', 'G', 0x0D, 0x0A, 0x1A, 0x0A };
    const uint8_t *p = png->data + 16;

    assert_true(png->size > 45);
    assert_memory_equal(png->data, signature, sizeof(signature));
    assert_int_equal(p[2] << 8 | p[3], width);
    assert_int_equal(p[6] << 8 | p[7], height);
}

static bool same(const struct png *a, const struct png *b)
{
    return a->size == b->size && memcmp(a->data, b->data, a->size) == 0;
}

static void test_sizes(void **state)
{
    static const struct {
        int max_px;
        unsigned width, height;
    } rows[] = { { 1, 1, 1 }, { 64, 64, 36 }, { 160, 160, 90 }, { 320, 320, 180 } };

    (void)state;
    for (size_t i = 0; i < OSP_COUNT(rows); i++) {
        OSP_AUTO(release_png) struct png png = at(0, 0, rows[i].max_px);

        has_size(&png, rows[i].width, rows[i].height);
    }
}

static void test_moments(void **state)
{
    OSP_AUTO(release_png) struct png start = at(0, 1, 64), middle = at(3, 1, 64);
    /* picture 90 lies at 3.003 s: both moments show it */
    OSP_AUTO(release_png) struct png just_before = at(3001, 1000, 64);
    OSP_AUTO(release_png) struct png next = at(3004, 1000, 64), late = at(100, 1, 64);

    (void)state;
    assert_false(same(&start, &middle));
    assert_true(same(&middle, &just_before));
    assert_false(same(&middle, &next));
    assert_false(same(&middle, &late)); /* past the end: the last one */
}

static void test_refusals(void **state)
{
    const osp_facts sound = { .kind = OSP_KIND_SOUND };
    struct png png = { 0 };
    osp_error err = { 0 };

    (void)state;
    assert_int_equal(
        osp_thumbnail(clip, facts, (osp_rational){ 0, 0 }, 0, &png.data, &png.size, NULL),
        OSP_EUSAGE);
    assert_int_equal(
        osp_thumbnail(clip, &sound, (osp_rational){ 0, 0 }, 64, &png.data, &png.size, NULL),
        OSP_EMEDIA);
    assert_int_equal(osp_thumbnail("/no/such/file.mp4", facts, (osp_rational){ 0, 0 }, 64,
                                   &png.data, &png.size, &err),
                     OSP_EMEDIA);
    assert_non_null(strstr(err.text, "/no/such/file.mp4"));
    assert_null(png.data);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sizes),
        cmocka_unit_test(test_moments),
        cmocka_unit_test(test_refusals),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
