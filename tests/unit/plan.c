/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Plans from facts made by hand: what is sent, at which size and rate, and the way back. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/auto.h"
#include "omnisplice/plan.h"
#include "plan/plan.h"

struct video {
    int width, height, rotation, mirrored;
    osp_rational sar, rate;
    int64_t frames;
};

static osp_facts make_facts(const struct video *video)
{
    osp_facts f = { .kind = OSP_KIND_VIDEO, .size_bytes = 1000, .faststart = 1, .video_tracks = 1 };
    osp_video_facts *v = &f.video;
    double width = video->width * (double)video->sar.num / (double)video->sar.den;

    strcpy(f.container, "mp4");
    strcpy(f.extension, "mp4");
    strcpy(v->codec, "h264");
    strcpy(v->chroma, "4:2:0");
    strcpy(v->matrix, "bt709");
    strcpy(v->field_order, "progressive");
    v->bit_depth = 8;
    v->sar = video->sar;
    v->rotation_deg = video->rotation;
    v->mirrored = video->mirrored;
    v->coded_width_px = video->width;
    v->coded_height_px = video->height;
    v->width_px = (int)lround(video->rotation % 180 ? video->height : width);
    v->height_px = (int)lround(video->rotation % 180 ? width : video->height);
    v->rate = v->rate_min = v->rate_max = video->rate;
    v->time_base = (osp_rational){ 1, 60000 };
    v->frame_count = video->frames;
    v->frame_pts = calloc((size_t)video->frames, sizeof(int64_t));
    for (int64_t i = 0; i < video->frames; i++)
        v->frame_pts[i] = i * 60000 * video->rate.den / video->rate.num;
    v->last_duration = 60000 * video->rate.den / video->rate.num;
    f.container_s = f.track_s = f.frames_s = (osp_rational){ video->frames * video->rate.den,
                                                             video->rate.num };
    f.start_s = (osp_rational){ 0, 1 };
    return f;
}

static int make_plan(const struct video *video, const char *from, const char *to, osp_fit fit,
                     osp_plan **plan, osp_error *err)
{
    OSP_AUTO(osp_profile_free) osp_profile *profile = NULL;
    osp_facts f = make_facts(video);
    osp_plan_options options;
    int ret;

    osp_plan_options_init(&options);
    options.from = from;
    options.to = to;
    options.fit = fit;
    assert_int_equal(osp_profile_find(NULL, &profile, NULL), OSP_OK);
    ret = osp_plan_make(&f, profile, &options, plan, err);
    free(f.video.frame_pts);
    return ret;
}

#define SQUARE \
    {          \
        1, 1   \
    }

static void points_come_back(void **state)
{
    static const int rotations[] = { 0, 90, 180, 270 };
    static const osp_rational sars[] = { { 1, 1 }, { 16, 11 }, { 4, 3 }, { 8, 9 } };
    static const int sizes[][2] = { { 1280, 720 }, { 640, 360 },  { 3840, 2160 }, { 720, 576 },
                                    { 853, 480 },  { 3000, 900 }, { 400, 1600 } };
    static const osp_fit fits[] = { OSP_FIT_CROP, OSP_FIT_PAD, OSP_FIT_STRETCH };

    (void)state;
    for (size_t n = 0; n < 4 * 4 * 7 * 3 * 2; n++) {
        struct video video = { .width = sizes[n % 7][0],
                               .height = sizes[n % 7][1],
                               .sar = sars[n / 7 % 4],
                               .rotation = rotations[n / 28 % 4],
                               .mirrored = (int)(n / 336 % 2),
                               .rate = { 25, 1 },
                               .frames = 100 };
        OSP_AUTO(osp_plan_free) osp_plan *plan = NULL;
        osp_error err = { 0 };
        const struct geometry *g;

        if (make_plan(&video, NULL, NULL, fits[n / 112 % 3], &plan, &err) != OSP_OK)
            fail_msg("%dx%d: %s", video.width, video.height, err.text);
        g = plan_geometry(plan);
        assert_true(g->width % 2 == 0 && g->height % 2 == 0);
        assert_true(g->crop_x + g->crop_width <= g->upright_width);
        assert_true(2 * g->width <= 5 * g->height && 2 * g->height <= 5 * g->width);
        assert_true(fmin(g->width, g->height) >= 720 && fmax(g->width, g->height) <= 2160);
        for (int i = 0; i < 25; i++) {
            double x = 0.5 + i % 5 * 100, y = 0.5 + i / 5 * 70, ox, oy, bx, by;

            osp_plan_forward(plan, x, y, &ox, &oy);
            osp_plan_inverse(plan, ox, oy, &bx, &by);
            assert_true(fabs(bx - x) < 1e-6 && fabs(by - y) < 1e-6);
        }
    }
}

static void sizes(void **state)
{
    static const struct {
        int width, height, to_width, to_height;
    } rows[] = {
        { 1280, 720, 1280, 720 },   { 1920, 1080, 1920, 1080 }, { 3840, 2160, 1920, 1080 },
        { 2160, 3840, 1080, 1920 }, { 640, 360, 1280, 720 },    { 640, 480, 960, 720 },
        { 1280, 704, 1320, 726 },   { 2000, 2000, 2000, 2000 }, { 1800, 720, 1800, 720 },
    };

    (void)state;
    for (size_t i = 0; i < OSP_COUNT(rows); i++) {
        struct video video = { rows[i].width, rows[i].height, 0, 0, SQUARE, { 25, 1 }, 100 };
        OSP_AUTO(osp_plan_free) osp_plan *plan = NULL;
        osp_plan_summary s = { .size = sizeof(s) };

        assert_int_equal(make_plan(&video, NULL, NULL, OSP_FIT_CROP, &plan, NULL), OSP_OK);
        osp_plan_summarize(plan, &s);
        if (s.width_px != rows[i].to_width || s.height_px != rows[i].to_height)
            fail_msg("%dx%d became %dx%d", rows[i].width, rows[i].height, s.width_px, s.height_px);
    }
}

/* Headers may say anything; undefined arithmetic shows under the sanitizers. */
static void no_size(void **state)
{
    static const struct {
        int width, height;
        osp_rational sar;
    } rows[] = {
        { 0, 720, SQUARE },     { 1280, 0, SQUARE },           { -16, 16, SQUARE },
        { 1, 1000000, SQUARE }, { 16, 16, { 2147483647, 1 } }, { 16, 16, { 1, 2147483647 } },
    };

    (void)state;
    for (size_t i = 0; i < OSP_COUNT(rows); i++) {
        for (int fit = OSP_FIT_CROP; fit <= OSP_FIT_STRETCH; fit++) {
            struct video video = {
                rows[i].width, rows[i].height, 0, 0, rows[i].sar, { 25, 1 }, 100
            };
            OSP_AUTO(osp_plan_free) osp_plan *plan = NULL;
            osp_error err = { 0 };
            int ret = make_plan(&video, NULL, NULL, (osp_fit)fit, &plan, &err);

            if (rows[i].width < 1 || rows[i].height < 1)
                assert_int_equal(ret, OSP_EMEDIA);
            if (ret == OSP_OK)
                assert_true(plan_geometry(plan)->crop_width > 0 &&
                            plan_geometry(plan)->crop_height > 0);
            else
                assert_true(err.text[0] != 0);
        }
    }
}

static const struct range_row {
    const char *name;
    osp_rational rate;
    int64_t total;
    const char *from, *to;
    int code;
    int64_t first, frames, sent_first, sent, reference;
    const char *units;
} ranges[] = {
    { "a shot inside", { 25, 1 }, 500, "4", "8", 0, 100, 100, 100, 100, 100, "4.8" },
    { "from counts up to the next picture",
      { 25, 1 },
      500,
      "4.001",
      "8",
      0,
      101,
      99,
      101,
      99,
      99,
      "4.8" },
    { "pictures by number", { 25, 1 }, 500, "300f", "400f", 0, 300, 100, 300, 100, 100, "4.8" },
    { "3 s get no handles", { 24, 1 }, 500, "0", "3", 0, 0, 72, 0, 72, 72, "3.6" },
    { "one picture less gets one more",
      { 24, 1 },
      500,
      "100f",
      "171f",
      0,
      100,
      71,
      100,
      72,
      72,
      "3.6" },
    { "one picture, centred", { 25, 1 }, 500, "200f", "201f", 0, 200, 1, 163, 75, 75, "3.6" },
    { "handles stop at the start", { 25, 1 }, 500, "0", "1", 0, 0, 25, 0, 75, 75, "3.6" },
    { "handles stop at the end", { 25, 1 }, 500, "19.6", "20", 0, 490, 10, 425, 75, 75, "3.6" },
    { "29.97 needs 90 pictures", { 30000, 1001 }, 500, "0f", "10f", 0, 0, 10, 0, 90, 90, "3.6" },
    { "a whole master too short is held", { 25, 1 }, 50, NULL, NULL, 0, 0, 50, 0, 50, 75, "3.6" },
    { "10 s go as they are", { 25, 1 }, 500, "0", "10", 0, 0, 250, 0, 250, 250, "12" },
    { "a hair more is held", { 30000, 1001 }, 500, "0f", "300f", 0, 0, 300, 0, 299, 299, "12" },
    { "10.2 s are too long", { 25, 1 }, 500, "0", "10.2", OSP_EUSAGE, 0, 0, 0, 0, 0, "" },
    { "23.976 is relabelled", { 24000, 1001 }, 500, "0f", "120f", 0, 0, 120, 0, 120, 120, "6" },
    { "12 fps is doubled", { 12, 1 }, 200, "0", "4", 0, 0, 48, 0, 48, 96, "4.8" },
    { "120 fps is halved", { 120, 1 }, 2000, "0", "4", 0, 0, 480, 0, 480, 240, "4.8" },
    { "3.5 s are billed as 4", { 24, 1 }, 500, "0", "3.5", 0, 0, 84, 0, 84, 84, "4.8" },
    { "to before from", { 25, 1 }, 500, "8", "4", OSP_EUSAGE, 0, 0, 0, 0, 0, "" },
    { "an empty shot", { 25, 1 }, 500, "4", "4", OSP_EUSAGE, 0, 0, 0, 0, 0, "" },
    { "past the end", { 25, 1 }, 500, "4", "21", OSP_EUSAGE, 0, 0, 0, 0, 0, "" },
    { "past the end by pictures", { 25, 1 }, 500, "4", "501f", OSP_EUSAGE, 0, 0, 0, 0, 0, "" },
    { "the very end", { 25, 1 }, 500, "16", "20", 0, 400, 100, 400, 100, 100, "4.8" },
    { "no time", { 25, 1 }, 500, "soon", NULL, OSP_EUSAGE, 0, 0, 0, 0, 0, "" },
};

static void ranges_and_price(void **state)
{
    (void)state;
    for (size_t i = 0; i < OSP_COUNT(ranges); i++) {
        const struct range_row *row = &ranges[i];
        struct video video = { 1280, 720, 0, 0, SQUARE, row->rate, row->total };
        OSP_AUTO(osp_plan_free) osp_plan *plan = NULL;
        osp_plan_summary s = { .size = sizeof(s) };
        osp_error err = { 0 };
        int ret = make_plan(&video, row->from, row->to, OSP_FIT_CROP, &plan, &err);

        if (ret != row->code)
            fail_msg("%s: %d %s", row->name, ret, err.text);
        if (ret < 0)
            continue;
        osp_plan_summarize(plan, &s);
        if (s.first_frame != row->first || s.frames != row->frames ||
            s.sent_first != row->sent_first || s.sent_frames != row->sent ||
            s.reference_frames != row->reference || strcmp(s.units, row->units) != 0)
            fail_msg("%s: shot %lld+%lld, sent %lld+%lld, reference %lld, %s units", row->name,
                     (long long)s.first_frame, (long long)s.frames, (long long)s.sent_first,
                     (long long)s.sent_frames, (long long)s.reference_frames, s.units);
    }
}

static void maps_take_the_nearest(void **state)
{
    struct video fast = { 1280, 720, 0, 0, SQUARE, { 120, 1 }, 600 };
    struct video slow = { 1280, 720, 0, 0, SQUARE, { 12, 1 }, 60 };
    OSP_AUTO(osp_plan_free) osp_plan *a = NULL;
    OSP_AUTO(osp_plan_free) osp_plan *b = NULL;

    (void)state;
    assert_int_equal(make_plan(&fast, "0", "4", OSP_FIT_CROP, &a, NULL), OSP_OK);
    for (int64_t k = 0; k < plan_timing(a)->frames; k++)
        assert_int_equal(plan_timing(a)->map[k], 2 * k);
    assert_int_equal(make_plan(&slow, "0", "4", OSP_FIT_CROP, &b, NULL), OSP_OK);
    for (int64_t k = 0; k < plan_timing(b)->frames; k++) /* ties to the earlier */
        assert_int_equal(plan_timing(b)->map[k], k / 2);
}

static void film_rate_is_one_to_one(void **state)
{
    struct video film = { 1280, 720, 0, 0, SQUARE, { 24000, 1001 }, 240 };
    OSP_AUTO(osp_plan_free) osp_plan *plan = NULL;

    (void)state;
    assert_int_equal(make_plan(&film, NULL, NULL, OSP_FIT_CROP, &plan, NULL), OSP_OK);
    assert_null(plan_timing(plan)->map);
    assert_true(plan_timing(plan)->rate.num == 24 && plan_timing(plan)->rate.den == 1);
    assert_true(plan_timing(plan)->speed.num == 1000 && plan_timing(plan)->speed.den == 1001);
    assert_int_equal(plan_timing(plan)->frames, 240);
}

static void the_least_change(void **state)
{
    struct video fine = { 1280, 720, 0, 0, SQUARE, { 25, 1 }, 100 };
    OSP_AUTO(osp_plan_free) osp_plan *copy = NULL;
    OSP_AUTO(osp_plan_free) osp_plan *trim = NULL;

    (void)state;
    assert_int_equal(make_plan(&fine, NULL, NULL, OSP_FIT_CROP, &copy, NULL), OSP_OK);
    assert_int_equal(plan_video(copy), PLAN_COPY);
    assert_string_equal(osp_plan_step_get(copy, 0)->name, "copy");
    assert_int_equal(make_plan(&fine, "0", "3.5", OSP_FIT_CROP, &trim, NULL), OSP_OK);
    assert_int_equal(plan_video(trim), PLAN_ENCODE);
    assert_string_equal(osp_plan_step_get(trim, 0)->name, "trim");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(points_come_back),
        cmocka_unit_test(sizes),
        cmocka_unit_test(no_size),
        cmocka_unit_test(ranges_and_price),
        cmocka_unit_test(maps_take_the_nearest),
        cmocka_unit_test(film_rate_is_one_to_one),
        cmocka_unit_test(the_least_change),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
