/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <fcntl.h>
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
#include "base/str.h"
#include "splice/boxes.h"
#include "splice/cut.h"
#include "splice/patch.h"

static struct master *open_sample(void)
{
    OSP_AUTO(auto_free)
    char *path = str_format("%s/samples/v003_butterfly.mp4", getenv("OSP_SOURCE"));
    struct master *master = NULL;
    osp_error err = { 0 };

    if (master_open(path, &master, &err) < 0)
        fail_msg("%s", err.text);
    return master;
}

/* ---- where to cut ---- */

/* Every start in the film: what the rules promise, told from the sample table. */
static void test_cut_points(void **state)
{
    OSP_AUTO(master_close) struct master *master = open_sample();
    const struct mp4_sample *samples = master->track->samples;

    (void)state;
    for (int64_t first = 0; first < master->shown_count; first++) {
        struct sample_kind kind;
        struct cut cut;

        assert_int_equal(cut_find(master, first, 1, &cut, NULL), OSP_OK);
        assert_true(cut.head <= cut.first && cut.end <= cut.tail);
        assert_int_equal(cut.first, master->shown_first + first);
        for (int64_t slot = 0; slot < master->count; slot++) {
            /* what is copied stays on its side */
            assert_int_equal(slot < cut.head, samples[slot].rank < cut.head);
            assert_int_equal(slot < cut.tail, samples[slot].rank < cut.tail);
        }
        if (cut.tail < master->count) {
            assert_int_equal(master_kind(master, cut.tail, &kind, NULL), OSP_OK);
            assert_true(kind.idr);
        }
        /* never further back than the reorder run */
        assert_true(cut.first - cut.head <= master->reorder + 2);
    }
}

static void test_ranges_outside(void **state)
{
    OSP_AUTO(master_close) struct master *master = open_sample();
    const int64_t rows[][2] = { { -1, 5 },
                                { 0, 0 },
                                { 0, master->shown_count + 1 },
                                { master->shown_count, 1 },
                                { 5, INT64_MAX } };
    struct cut cut;

    (void)state;
    for (size_t i = 0; i < OSP_COUNT(rows); i++)
        assert_int_equal(cut_find(master, rows[i][0], rows[i][1], &cut, NULL), OSP_EUSAGE);
    assert_int_equal(cut_find(master, 0, master->shown_count, &cut, NULL), OSP_OK);
}

/* ---- patches ---- */

static int temporary(void)
{
    char path[] = "/tmp/osp-patch-XXXXXX";
    int fd = mkstemp(path);

    assert_true(fd >= 0);
    unlink(path);
    return fd;
}

static void test_patches(void **state)
{
    static const uint8_t old[] = "0123456789abcdefghij";
    OSP_AUTO(patches_release) struct patches patches = { 0 };
    OSP_AUTO(auto_close) int from = temporary();
    OSP_AUTO(auto_close) int to = temporary();
    char got[64] = "";

    (void)state;
    assert_int_equal(write(from, old, 20), 20);
    assert_int_equal(patches_add(&patches, 10, 2, (const uint8_t *)"", 0, NULL), OSP_OK);
    assert_int_equal(patches_add(&patches, 2, 3, (const uint8_t *)"LONGER", 6, NULL), OSP_OK);
    assert_int_equal(patches_add(&patches, 5, 1, (const uint8_t *)"x", 1, NULL), OSP_OK);
    assert_int_equal(patches_sort(&patches, NULL), OSP_OK);
    assert_int_equal(patches_write(&patches, from, 20, to, NULL, NULL), OSP_OK);
    assert_int_equal(pread(to, got, sizeof(got), 0), 21);
    assert_string_equal(got, "01LONGERx6789cdefghij");
    /* every byte that stays is found again */
    for (int64_t i = 0; i < 20; i++) {
        int64_t mapped = patches_map(&patches, i);

        if (i == 3 || i == 4 || i == 11)
            assert_int_equal(mapped, -1);
        else if (i != 2 && i != 5 && i != 10)
            assert_int_equal(got[mapped], old[i]);
    }
    assert_int_equal(patches_growth(&patches, 0, 20), 1);
    assert_int_equal(patches_growth(&patches, 6, 20), -2);
}

static void test_patches_overlap(void **state)
{
    OSP_AUTO(patches_release) struct patches patches = { 0 };

    (void)state;
    assert_int_equal(patches_add(&patches, 10, 5, NULL, 5, NULL), OSP_OK);
    assert_int_equal(patches_add(&patches, 14, 5, NULL, 5, NULL), OSP_OK);
    assert_int_equal(patches_sort(&patches, NULL), OSP_EMEDIA);
}

/* ---- an index whose offsets pass 4 GiB ---- */

/* The sample file with a hole before its media, so that the last chunks come to lie just below
 * 4 GiB. Its index is in front of the media, so offsets are moved in the copy in memory. */
static void write_far(int fd, int64_t hole)
{
    struct master *master = open_sample();
    struct mp4_file *file = master->file;
    OSP_AUTO(auto_free) uint8_t *bytes = malloc((size_t)file->size);
    int64_t media = file->mdat_offset;
    uint8_t gap[16] = { 0, 0, 0, 1, 'f', 'r', 'e', 'e' };

    assert_int_equal(mp4_read(file, 0, bytes, (size_t)file->size, NULL), OSP_OK);
    for (int i = 0; i < 8; i++)
        gap[8 + i] = (uint8_t)((uint64_t)hole >> (56 - 8 * i));
    for (size_t t = 0; t < file->track_count; t++) {
        struct mp4_box stco;

        assert_true(mp4_find(file, &file->tracks[t].box, "mdia/minf/stbl/stco", &stco));
        for (size_t at = stco.payload + 8; at < stco.end; at += 4) {
            uint32_t offset = mp4_u32(file->moov + at) + (uint32_t)hole;

            for (int i = 0; i < 4; i++)
                bytes[(size_t)file->moov_offset + at + (size_t)i] = (uint8_t)(offset >>
                                                                              (24 - 8 * i));
        }
    }
    assert_int_equal(pwrite(fd, bytes, (size_t)media, 0), media);
    assert_int_equal(pwrite(fd, gap, 16, media), 16);
    assert_int_equal(pwrite(fd, bytes + media, (size_t)(file->size - media), media + hole),
                     file->size - media);
    master_close(&master);
}

static void test_offsets_beyond_4_gib(void **state)
{
    char path[] = "/tmp/osp-far-XXXXXX", out_path[] = "/tmp/osp-far-out-XXXXXX";
    OSP_AUTO(auto_close) int fd = mkstemp(path);
    OSP_AUTO(auto_close) int out = mkstemp(out_path);
    OSP_AUTO(master_close) struct master *near = open_sample();
    OSP_AUTO(master_close) struct master *far = NULL;
    OSP_AUTO(master_close) struct master *made = NULL;
    OSP_AUTO(run_free) struct run run = { 0 };
    struct mp4_box co64;
    struct cut cut;
    osp_error err = { 0 };

    (void)state;
    write_far(fd, ((int64_t)1 << 32) - near->file->size - 10000);
    assert_int_equal(master_open(path, &far, &err), OSP_OK);
    assert_int_equal(cut_find(far, 100, 3, &cut, &err), OSP_OK);
    /* samples of one kilobyte more than the old ones; what they hold does not matter here */
    run.count = cut.tail - cut.head;
    run.samples = calloc((size_t)run.count, sizeof(*run.samples));
    for (int64_t i = 0; i < run.count; i++) {
        run.samples[i].size = far->track->samples[cut.head + i].size + 1024;
        run.samples[i].data = calloc(1, run.samples[i].size);
        run.samples[i].idr = i == 0;
    }
    run.pps_size = far->record.pps[0].size;
    run.pps = malloc(run.pps_size);
    memcpy(run.pps, far->record.pps[0].data, run.pps_size);
    if (boxes_write(far, &cut, &run, out, NULL, &err) < 0)
        fail_msg("%s", err.text);
    assert_int_equal(master_open(out_path, &made, &err), OSP_OK);
    assert_true(mp4_find(made->file, &made->track->box, "mdia/minf/stbl/co64", &co64));
    assert_int_equal(made->count, far->count);
    for (int64_t i = 0; i < far->count; i++) {
        const struct mp4_sample *a = &far->track->samples[i], *b = &made->track->samples[i];
        uint8_t left[256], right[256];
        size_t size = a->size < sizeof(left) ? a->size : sizeof(left);

        if (i >= cut.head && i < cut.tail)
            continue;
        assert_int_equal(mp4_read(far->file, a->offset, left, size, NULL), OSP_OK);
        assert_int_equal(mp4_read(made->file, b->offset, right, size, NULL), OSP_OK);
        assert_memory_equal(left, right, size);
    }
    unlink(path);
    unlink(out_path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cut_points),
        cmocka_unit_test(test_ranges_outside),
        cmocka_unit_test(test_patches),
        cmocka_unit_test(test_patches_overlap),
        cmocka_unit_test(test_offsets_beyond_4_gib),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
