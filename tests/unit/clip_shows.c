/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "av/output.h"
#include "base/auto.h"
#include "clip/clip.h"
#include "plan/plan.h"

#define RATE 24

typedef int (*painter)(int number, int x, int y, int width, int height);

/* Picture k is a flat grey of 20 + 4k. */
static int grey(int number, int x, int y, int width, int height)
{
    (void)x, (void)y, (void)width, (void)height;
    return 20 + 4 * number;
}

static int ramp_x(int number, int x, int y, int width, int height)
{
    (void)number, (void)y, (void)height;
    return 16 + 219 * x / (width - 1);
}

static int ramp_y(int number, int x, int y, int width, int height)
{
    (void)number, (void)x, (void)width;
    return 16 + 219 * y / (height - 1);
}

static void make_clip(const char *path, int width, int height, int count, painter paint)
{
    struct video_spec spec = {
        .width_px = width,
        .height_px = height,
        .format = AV_PIX_FMT_YUV420P,
        .rate = { RATE, 1 },
        .sar = { 1, 1 },
        .crf = 4,
        .preset = "ultrafast",
        .threads = 1,
        .global_header = 1,
    };
    OSP_AUTO(output_free) struct output *output = NULL;
    OSP_AUTO(avcodec_free_context) AVCodecContext *encoder = NULL;
    OSP_AUTO(av_frame_free) AVFrame *frame = av_frame_alloc();
    int track;

    assert_int_equal(output_open(path, "mp4", &output, NULL), OSP_OK);
    assert_int_equal(encoder_open_h264(&spec, &encoder, NULL), OSP_OK);
    track = output_add_encoder(output, &encoder, NULL);
    assert_int_equal(track, 0);
    assert_int_equal(output_start(output, NULL, NULL), OSP_OK);
    frame->width = width;
    frame->height = height;
    frame->format = AV_PIX_FMT_YUV420P;
    assert_int_equal(av_frame_get_buffer(frame, 0), 0);
    for (int i = 0; i < count; i++) {
        assert_int_equal(av_frame_make_writable(frame), 0);
        for (int y = 0; y < height; y++) {
            for (int x = 0; x < width; x++)
                frame->data[0][y * frame->linesize[0] + x] = (uint8_t)paint(i, x, y, width, height);
        }
        for (int plane = 1; plane < 3; plane++)
            memset(frame->data[plane], 128, (size_t)(frame->linesize[plane] * height / 2));
        frame->pts = i;
        assert_int_equal(output_frame(output, track, frame, NULL), OSP_OK);
    }
    assert_int_equal(output_frame(output, track, NULL, NULL), OSP_OK);
    assert_int_equal(output_finish(output, NULL), OSP_OK);
}

static char clip_path[] = "/tmp/osp-clip-XXXXXX";

static int set_up(void **state)
{
    int fd = mkstemp(clip_path);

    (void)state;
    if (fd < 0)
        return -1;
    close(fd);
    make_clip(clip_path, 64, 48, 48, grey);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    return unlink(clip_path);
}

/* Which picture is it? */
static int number_at(osp_clip *clip, int64_t pts)
{
    osp_picture picture;
    int number;

    assert_int_equal(osp_clip_picture_at(clip, pts, &picture, NULL), OSP_OK);
    assert_int_equal(picture.pts, pts);
    number = (int)lround((picture.planes[0][0] - 20) / 4.0);
    osp_picture_release(&picture);
    return number;
}

static osp_clip *open_clip(int64_t num, int64_t den, int64_t start, osp_rational speed)
{
    osp_clip_options options;
    osp_clip *clip = NULL;

    osp_clip_options_init(&options);
    options.time_base = (osp_rational){ num, den };
    options.start_pts = start;
    options.speed = speed;
    assert_int_equal(osp_clip_open(clip_path, &options, &clip, NULL), OSP_OK);
    return clip;
}

/* floor(t x 24), counted by hand for each clock; a clip is never short of its last picture. */
static void test_holds_on_every_clock(void **state)
{
    static const struct {
        const char *name;
        int64_t num, den, step; /* time base, ticks between pictures */
    } rows[] = {
        { "25", 1, 12800, 512 },      { "29.97", 1, 30000, 1001 }, { "30", 1, 90000, 3000 },
        { "50", 1, 50, 1 },           { "59.94", 1, 60000, 1001 }, { "24", 1, 24, 1 },
        { "23.976", 1, 24000, 1001 },
    };

    (void)state;
    for (size_t r = 0; r < OSP_COUNT(rows); r++) {
        OSP_AUTO(osp_clip_free)
        osp_clip *clip = open_clip(rows[r].num, rows[r].den, 7777, (osp_rational){ 0, 0 });

        for (int64_t i = 0;; i++) {
            int64_t want = i * rows[r].step * rows[r].num * RATE / rows[r].den;
            int got;

            if (want >= 48)
                break;
            got = number_at(clip, 7777 + i * rows[r].step);
            if (got != want)
                fail_msg("%s: master picture %d shows %d, not %d", rows[r].name, (int)i, got,
                         (int)want);
        }
    }
}

/* A clock of milliseconds rounds 2/24 s to 83: the picture is due all the same. */
static void test_rounded_clock(void **state)
{
    OSP_AUTO(osp_clip_free)
    osp_clip *clip = open_clip(1, 1000, 0, (osp_rational){ 0, 0 });

    (void)state;
    for (int i = 0; i < 48; i++)
        assert_int_equal(number_at(clip, (i * 1000 + 12) / RATE), i);
}

static void test_ends_and_jumps(void **state)
{
    OSP_AUTO(osp_clip_free)
    osp_clip *clip = open_clip(1, 24, 100, (osp_rational){ 0, 0 });

    (void)state;
    assert_int_equal(number_at(clip, 147), 47);
    assert_int_equal(number_at(clip, 5000), 47); /* after the last: the last */
    assert_int_equal(number_at(clip, 110), 10);  /* back */
    assert_int_equal(number_at(clip, -3), 0);    /* before the first: the first */
    assert_int_equal(number_at(clip, 100), 0);
    assert_int_equal(number_at(clip, 101), 1);
}

/* 23.976 pictures a second were sent as 24: one to one. */
static void test_speed(void **state)
{
    OSP_AUTO(osp_clip_free)
    osp_clip *clip = open_clip(1, 24000, 0, (osp_rational){ 1001, 1000 });
    OSP_AUTO(osp_clip_free)
    osp_clip *slow = open_clip(1, 24, 0, (osp_rational){ 1, 2 });

    (void)state;
    for (int i = 0; i < 48; i++)
        assert_int_equal(number_at(clip, i * 1000), i * 1001 / 1000);
    for (int i = 0; i < 48; i++)
        assert_int_equal(number_at(slow, i), i / 2);
}

static void test_refusals(void **state)
{
    osp_clip_options options;
    osp_clip *clip = NULL;
    osp_error err = { 0 };

    (void)state;
    osp_clip_options_init(&options);
    assert_int_equal(osp_clip_open(clip_path, &options, &clip, &err), OSP_EUSAGE);
    osp_error_clear(&err);
    options.time_base = (osp_rational){ 1, 25 };
    assert_int_equal(osp_clip_open("/nowhere.mp4", &options, &clip, &err), OSP_EMEDIA);
    osp_error_clear(&err);
    assert_int_equal(osp_clip_open("/etc/hostname", &options, &clip, &err), OSP_EMEDIA);
    assert_null(clip);
    assert_true(err.text[0]);
}

/* ---- size, colour, geometry ---- */

static void test_size_format_range(void **state)
{
    OSP_AUTO(osp_clip_free) osp_clip *clip = NULL;
    osp_clip_options options;
    osp_picture picture;

    (void)state;
    osp_clip_options_init(&options);
    options.time_base = (osp_rational){ 1, 24 };
    options.pixel_format = "yuv422p10le";
    options.width_px = 130;
    options.height_px = 96;
    options.range = "pc";
    assert_int_equal(osp_clip_open(clip_path, &options, &clip, NULL), OSP_OK);
    assert_int_equal(osp_clip_picture_at(clip, 20, &picture, NULL), OSP_OK);
    assert_string_equal(picture.pixel_format, "yuv422p10le");
    assert_int_equal(picture.width_px, 130);
    assert_int_equal(picture.height_px, 96);
    /* grey 100 of 16..235 is (100 - 16) / 219 of 0..1023 */
    assert_in_range(((const uint16_t *)(const void *)picture.planes[0])[50], 388, 396);
    osp_picture_release(&picture);
}

static osp_plan *plan_for(int width, int height, int rotation, int mirrored, osp_fit fit)
{
    OSP_AUTO(osp_profile_free) osp_profile *profile = NULL;
    osp_facts facts = { .kind = OSP_KIND_VIDEO, .container = "mp4", .video_tracks = 1 };
    osp_video_facts *v = &facts.video;
    osp_plan_options options;
    osp_plan *plan = NULL;
    osp_error err = { 0 };
    int64_t pts[125];
    bool turned = rotation % 180;

    for (int i = 0; i < 125; i++)
        pts[i] = i;
    strcpy(v->codec, "h264");
    strcpy(v->pixel_format, "yuv420p");
    v->bit_depth = 8;
    strcpy(v->chroma, "4:2:0");
    v->coded_width_px = width;
    v->coded_height_px = height;
    v->width_px = turned ? height : width;
    v->height_px = turned ? width : height;
    v->sar = (osp_rational){ 1, 1 };
    v->rotation_deg = rotation;
    v->mirrored = mirrored;
    v->time_base = (osp_rational){ 1, 25 };
    v->frame_pts = pts;
    v->frame_count = 125;
    v->last_duration = 1;
    v->rate = v->rate_min = v->rate_max = (osp_rational){ 25, 1 };
    facts.container_s = facts.track_s = facts.frames_s = (osp_rational){ 5, 1 };
    facts.start_s = (osp_rational){ 0, 1 };
    osp_plan_options_init(&options);
    options.use = OSP_USE_EDIT;
    options.fit = fit;
    if (osp_profile_find(NULL, &profile, &err) < 0 ||
        osp_plan_make(&facts, profile, &options, &plan, &err) < 0)
        fail_msg("%s", err.text);
    return plan;
}

/* Where a coded pixel's centre lies in the upright picture. */
static void to_upright(int width, int height, int rotation, int mirrored, double x, double y,
                       double *ux, double *uy)
{
    if (mirrored)
        x = width - x;
    *ux = rotation == 0 ? x : rotation == 90 ? height - y : rotation == 180 ? width - x : y;
    *uy = rotation == 0 ? y : rotation == 90 ? x : rotation == 180 ? height - y : width - x;
}

/* A ramp over the reference, seen through the clip: every pixel of the master shows what the
 * plan's own forward map says. */
static void check_geometry(int width, int height, int rotation, int mirrored, osp_fit fit)
{
    OSP_AUTO(osp_plan_free) osp_plan *plan = plan_for(width, height, rotation, mirrored, fit);
    OSP_AUTO(av_frame_free) AVFrame *frame = av_frame_alloc();
    const struct geometry *g = plan_geometry(plan);

    for (int axis = 0; axis < 2; axis++) {
        char path[] = "/tmp/osp-ramp-XXXXXX";
        OSP_AUTO(osp_clip_free) osp_clip *clip = NULL;
        osp_clip_options options;
        int fd = mkstemp(path), x0, y0;

        close(fd);
        make_clip(path, 512, 320, 1, axis ? ramp_y : ramp_x);
        osp_clip_options_init(&options);
        options.time_base = (osp_rational){ 1, 25 };
        options.pixel_format = "yuv420p";
        options.width_px = width;
        options.height_px = height;
        options.plan = plan;
        assert_int_equal(osp_clip_open(path, &options, &clip, NULL), OSP_OK);
        assert_int_equal(clip_frame_at(clip, 0, frame, &x0, &y0, NULL), OSP_OK);
        assert_true(x0 >= 0 && y0 >= 0 && x0 + frame->width <= width &&
                    y0 + frame->height <= height);
        assert_int_equal((int64_t)frame->width * frame->height,
                         (int64_t)g->crop_width * g->crop_height);
        for (int y = 10; y < frame->height - 10; y += 37) {
            for (int x = 10; x < frame->width - 10; x += 41) {
                double ux, uy, rx, ry, want;
                int got = frame->data[0][y * frame->linesize[0] + x];

                to_upright(width, height, rotation, mirrored, x0 + x + 0.5, y0 + y + 0.5, &ux, &uy);
                osp_plan_forward(plan, ux, uy, &rx, &ry);
                want = 16 + 219 * (axis ? ry / g->height : rx / g->width);
                if (fabs(got - want) > 2.5)
                    fail_msg("%dx%d turned %d mirrored %d fit %d: (%d,%d) shows %d, not %.1f",
                             width, height, rotation, mirrored, fit, x, y, got, want);
            }
        }
        av_frame_unref(frame);
        unlink(path);
    }
}

static void test_geometry_is_undone(void **state)
{
    (void)state;
    for (int rotation = 0; rotation < 360; rotation += 90) {
        for (int mirrored = 0; mirrored < 2; mirrored++) {
            check_geometry(1280, 720, rotation, mirrored, OSP_FIT_CROP);
            check_geometry(1600, 400, rotation, mirrored, OSP_FIT_CROP);
            check_geometry(1600, 400, rotation, mirrored, OSP_FIT_PAD);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_holds_on_every_clock),
        cmocka_unit_test(test_rounded_clock),
        cmocka_unit_test(test_ends_and_jumps),
        cmocka_unit_test(test_speed),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_size_format_range),
        cmocka_unit_test(test_geometry_is_undone),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
