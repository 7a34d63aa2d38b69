/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/auto.h"
#include "base/fs.h"
#include "base/str.h"
#include "omnisplice/omnisplice.h"
#include "splice/compare.h"
#include "splice/composite.h"

static char folder[] = "/tmp/osp-whole-XXXXXX";
static char *film;
static char *result;

static int set_up(void **state)
{
    (void)state;
    film = str_format("%s/samples/v003_butterfly.mp4", getenv("OSP_SOURCE"));
    if (!mkdtemp(folder))
        return -1;
    result = str_format("%s/result.mp4", folder);
    return film && result ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    free(film);
    free(result);
    return fs_remove_tree(folder, NULL);
}

static int files_left(void)
{
    DIR *list = opendir(folder);
    struct dirent *entry;
    int count = 0;

    while ((entry = readdir(list)))
        count += strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
    closedir(list);
    return count;
}

static osp_splice_options options_for(int64_t first, int64_t frames)
{
    osp_splice_options options;

    osp_splice_options_init(&options);
    options.first_frame = first;
    options.frames = frames;
    options.clip_first = first;
    options.threads = 2;
    return options;
}

/* The film is its own clip: its first pictures stand in for later ones. */
static void test_report_check_and_verify_agree(void **state)
{
    osp_splice_options options = options_for(150, 10);
    osp_frame_range range = { 150, 10 };
    OSP_AUTO(osp_verification_free) osp_verification *verification = NULL;
    osp_splice_report told, report;
    osp_error err = { 0 };

    (void)state;
    assert_int_equal(osp_splice_check(film, &options, &told, &err), OSP_OK);
    if (osp_splice(film, film, result, &options, NULL, &report, &err) < 0)
        fail_msg("%s", err.text);
    assert_int_equal(report.outside_identical, 1);
    assert_int_equal(report.reencoded_all, 0);
    assert_int_equal(report.generated_frames, 10);
    assert_int_equal(report.copied_packets, told.copied_packets);
    assert_int_equal(report.reencoded_frames, told.reencoded_frames);
    assert_int_equal(report.first_changed, told.first_changed);
    assert_int_equal(report.changed, told.changed);
    assert_true(report.border_psnr_db >= BORDER_PSNR_DB);

    assert_int_equal(osp_verify(film, result, &range, 1, NULL, &verification, &err), OSP_OK);
    assert_int_equal(verification->outside_identical, 1);
    assert_int_equal(verification->identical_packets, report.copied_packets);
    assert_int_equal(verification->differing_count, 1);
    assert_int_equal(verification->differing[0].first, report.first_changed);
    assert_int_equal(verification->differing[0].count, report.changed);
    assert_int_equal(verification->recoded_count, 1);
    assert_true(verification->min_psnr_db >= report.border_psnr_db - 0.01);

    /* it exists now */
    assert_int_equal(osp_splice(film, film, result, &options, NULL, NULL, &err), OSP_EOUTPUT);
    options.overwrite = 1;
    osp_error_clear(&err);
    assert_int_equal(osp_splice(film, film, film, &options, NULL, NULL, &err), OSP_EOUTPUT);
    assert_int_equal(unlink(result), 0);
}

struct stopper {
    osp_cancel *cancel;
    int calls, stop_at;
    bool proof_seen;
};

static void stop(const char *stage, double fraction, const char *detail, void *opaque)
{
    struct stopper *stopper = opaque;

    assert_true(fraction <= 1 && detail);
    stopper->proof_seen |= strcmp(stage, "proof") == 0;
    if (++stopper->calls == stopper->stop_at)
        osp_cancel_trigger(stopper->cancel);
}

static void test_cancel_leaves_nothing(void **state)
{
    osp_splice_options options = options_for(200, 5);
    struct stopper stopper = { 0 };
    osp_control control = { NULL, stop, &stopper };
    int total;

    (void)state;
    assert_int_equal(osp_cancel_new(&stopper.cancel, NULL), OSP_OK);
    control.cancel = stopper.cancel;
    assert_int_equal(osp_splice(film, film, result, &options, &control, NULL, NULL), OSP_OK);
    assert_int_equal(unlink(result), 0);
    assert_true(stopper.proof_seen);
    total = stopper.calls;
    for (int at = 1; at <= total; at += total / 6 + 1) {
        osp_error err = { 0 };

        stopper.calls = 0;
        stopper.stop_at = at;
        assert_int_equal(osp_splice(film, film, result, &options, &control, NULL, &err),
                         OSP_ECANCELED);
        assert_int_equal(stopper.calls, at); /* at once */
        assert_int_equal(files_left(), 0);
        osp_cancel_reset(stopper.cancel);
    }
    osp_cancel_free(&stopper.cancel);
}

static void test_refuses_bad_arguments(void **state)
{
    osp_splice_options options = options_for(0, 0);
    osp_error err = { 0 };

    (void)state;
    assert_int_equal(osp_splice_check(film, &options, NULL, &err), OSP_EUSAGE);
    options = options_for(10, 5);
    options.clip_first = 100000;
    osp_error_clear(&err);
    assert_int_equal(osp_splice(film, film, result, &options, NULL, NULL, &err), OSP_EUSAGE);
    options = options_for(10, 5);
    osp_error_clear(&err);
    assert_int_equal(osp_splice(film, "/nowhere.mp4", result, &options, NULL, NULL, &err),
                     OSP_EMEDIA);
    assert_int_equal(files_left(), 0);
}

/* ---- parts of pictures ---- */

static AVFrame *painted(enum AVPixelFormat format, int width, int height, int value)
{
    AVFrame *frame = av_frame_alloc();

    frame->format = format;
    frame->width = width;
    frame->height = height;
    assert_int_equal(av_frame_get_buffer(frame, 0), 0);
    for (int plane = 0; plane < 4 && frame->buf[plane]; plane++)
        memset(frame->buf[plane]->data, value, frame->buf[plane]->size);
    return frame;
}

static void test_composite(void **state)
{
    static const struct {
        enum AVPixelFormat format;
        int planes, shift_x, shift_y, bytes; /* of the second plane; bytes of a column there */
    } rows[] = {
        { AV_PIX_FMT_YUV420P, 3, 1, 1, 1 },
        { AV_PIX_FMT_NV12, 2, 1, 1, 2 },
        { AV_PIX_FMT_YUV422P10, 3, 1, 0, 2 },
        { AV_PIX_FMT_YUV444P, 3, 0, 0, 1 },
    };

    (void)state;
    for (size_t r = 0; r < OSP_COUNT(rows); r++) {
        OSP_AUTO(av_frame_free) AVFrame *onto = painted(rows[r].format, 32, 24, 1);
        OSP_AUTO(av_frame_free) AVFrame *part = painted(rows[r].format, 8, 6, 2);

        assert_int_equal(composite_onto(onto, part, 10, 4, NULL), OSP_OK);
        for (int y = 0; y < 24 >> rows[r].shift_y; y++) {
            for (int x = 0; x < 32 >> rows[r].shift_x; x++) {
                int px = x << rows[r].shift_x, py = y << rows[r].shift_y;
                bool inside = px >= 10 && px < 18 && py >= 4 && py < 10;

                assert_int_equal(onto->data[1][y * onto->linesize[1] + x * rows[r].bytes],
                                 inside ? 2 : 1);
            }
        }
        assert_int_equal(composite_onto(onto, part, 26, 4, NULL), OSP_EINTERNAL);
        assert_int_equal(composite_onto(onto, part, -2, 4, NULL), OSP_EINTERNAL);
    }
}

static void test_psnr(void **state)
{
    OSP_AUTO(av_frame_free) AVFrame *a = painted(AV_PIX_FMT_YUV420P, 32, 24, 100);
    OSP_AUTO(av_frame_free) AVFrame *b = painted(AV_PIX_FMT_YUV420P, 32, 24, 101);
    OSP_AUTO(av_frame_free) AVFrame *c = painted(AV_PIX_FMT_YUVJ420P, 32, 24, 100);
    OSP_AUTO(av_frame_free) AVFrame *d = painted(AV_PIX_FMT_YUV422P, 32, 24, 100);

    (void)state;
    assert_true(frames_equal(a, a));
    assert_true(frames_equal(a, c));
    assert_false(frames_equal(a, b));
    assert_false(frames_equal(a, d));
    assert_true(frames_psnr(a, a) >= IDENTICAL_PSNR_DB);
    assert_in_range(frames_psnr(a, b) * 100, 4812, 4814); /* 20 log10(255) */
    assert_true(frames_psnr(a, d) == 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_report_check_and_verify_agree),
        cmocka_unit_test(test_cancel_leaves_nothing),
        cmocka_unit_test(test_refuses_bad_arguments),
        cmocka_unit_test(test_composite),
        cmocka_unit_test(test_psnr),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
