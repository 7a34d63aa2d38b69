/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Headers of images: real ones of every kind, large ones, damaged ones. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/auto.h"
#include "rows.h"

static const struct row {
    const char *name, *container;
    int width, height, orientation, rotation, mirrored, pictures, animated, alpha, depth;
    const char *model, *coding, *icc_name;
    int wide_gamut, gain_map, cut_off;
    const char *hex;
} rows[] = {
#include "image_rows.inc"
};

static struct scratch scratch;

#define SAME(got, want)            \
    if ((int)(got) != (int)(want)) \
    fail_msg("%s: " #got " is %d, expected %d", row->name, (int)(got), (int)(want))
#define SAME_WORD(got, want)        \
    if (strcmp((got), (want)) != 0) \
    fail_msg("%s: " #got " is '%s', expected '%s'", row->name, (got), (want))

static void test_reads_facts(void **state)
{
    (void)state;
    for (const struct row *row = rows; row < rows + OSP_COUNT(rows); row++) {
        uint8_t data[ROW_MAX];
        osp_facts *f = scratch_probe(&scratch, data, unhex(row->hex, data));

        SAME(f->kind, OSP_KIND_IMAGE);
        SAME_WORD(f->container, row->container);
        SAME(f->video.width_px, row->width);
        SAME(f->video.height_px, row->height);
        SAME(f->image.exif_orientation, row->orientation);
        SAME(f->video.rotation_deg, row->rotation);
        SAME(f->video.mirrored, row->mirrored);
        SAME(f->image.pictures, row->pictures);
        SAME(f->image.animated, row->animated);
        SAME(f->video.alpha, row->alpha);
        SAME(f->video.bit_depth, row->depth);
        SAME_WORD(f->image.model, row->model);
        SAME_WORD(f->image.coding, row->coding);
        SAME_WORD(f->image.icc_name, row->icc_name);
        SAME(f->image.wide_gamut, row->wide_gamut);
        SAME(f->image.gain_map, row->gain_map);
        SAME(f->image.cut_off, row->cut_off);
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

/* Exif 2.32, tag 274: eight ways; the tag's value is the last 6 of the row before its padding. */
static void test_eight_orientations(void **state)
{
    static const int rotations[9] = { 0, 0, 0, 180, 180, 270, 90, 90, 270 };
    static const int mirrored[9] = { 0, 0, 1, 0, 1, 1, 0, 1, 0 };
    const struct row *row = find_row("a JPEG that lies on its side");
    uint8_t data[ROW_MAX], *entry;
    size_t size = unhex(row->hex, data);

    (void)state;
    entry = memmem(data, size, "\x01\x12\x00\x03\x00\x00\x00\x01", 8);
    assert_non_null(entry);
    for (int i = 1; i <= 8; i++) {
        osp_facts *f;

        entry[9] = (uint8_t)i;
        f = scratch_probe(&scratch, data, size);
        assert_int_equal(f->image.exif_orientation, i);
        assert_int_equal(f->video.rotation_deg, rotations[i]);
        assert_int_equal(f->video.mirrored, mirrored[i]);
        assert_int_equal(f->video.width_px, i < 5 ? 24 : 16);
        osp_facts_free(&f);
    }
}

/* Bytes that this process has read by system calls. */
static long long bytes_read(void)
{
    FILE *io = fopen("/proc/self/io", "r");
    long long count = -1;

    if (!io || fscanf(io, "rchar: %lld", &count) != 1)
        count = -1;
    if (io)
        fclose(io);
    return count;
}

/* 95 MB behind each header, nothing of it on the disk: the price is that of the header. */
static void test_large_files_cost_their_headers(void **state)
{
    const off_t large = 95000000;

    (void)state;
    for (const struct row *row = rows; row < rows + OSP_COUNT(rows); row++) {
        uint8_t data[ROW_MAX];
        osp_facts *f = NULL;
        long long before;

        scratch_write(&scratch, data, unhex(row->hex, data));
        assert_int_equal(ftruncate(scratch.fd, large), 0);
        before = bytes_read();
        assert_true(before >= 0);
        assert_int_equal(osp_probe(scratch.path, &f, NULL), OSP_OK);
        if (bytes_read() - before > 200000)
            fail_msg("%s: %lld bytes read", row->name, bytes_read() - before);
        SAME(f->kind, OSP_KIND_IMAGE);
        SAME(f->video.width_px, row->width);
        osp_facts_free(&f);
    }
}

/* A PNG of 30,000 px whose picture lies in thousands of chunks: they are not walked. */
static void test_thousands_of_chunks(void **state)
{
    const struct row *row = find_row("a PNG that lies on its side");
    uint8_t data[ROW_MAX], chunk[8] = "\0\0\x20\0IDAT";
    osp_facts *f = NULL;
    size_t size = unhex(row->hex, data);
    uint8_t *idat = memmem(data, size, "IDAT", 4);
    off_t at;
    long long before;

    (void)state;
    assert_non_null(idat);
    memcpy(data + 16, "\0\0\x75\x30\0\0\x75\x30", 8);
    scratch_write(&scratch, data, size);
    at = idat - 4 - data;
    for (int i = 0; i < 12000; i++, at += 12 + 0x2000)
        assert_int_equal(pwrite(scratch.fd, chunk, 8, at), 8);
    assert_int_equal(pwrite(scratch.fd, "\0\0\0\0IEND\xAE\x42\x60\x82", 12, at), 12);
    before = bytes_read();
    assert_int_equal(osp_probe(scratch.path, &f, NULL), OSP_OK);
    assert_true(bytes_read() - before < 200000);
    assert_int_equal(f->video.width_px, 30000);
    assert_int_equal(f->image.exif_orientation, 6);
    assert_int_equal(f->image.cut_off, 0);
    osp_facts_free(&f);
}

/* Cameras put megabytes of extended XMP before the picture: passed over, not read. */
static void test_megabytes_of_segments(void **state)
{
    static const uint8_t extension[40] = "\xFF\xE1\xFF\xFFhttp://ns.adobe.com/xmp/extension/";
    const struct row *row = find_row("a JPEG that lies on its side");
    uint8_t data[ROW_MAX];
    osp_facts *f = NULL;
    size_t size = unhex(row->hex, data);
    off_t at = 2;
    long long before;

    (void)state;
    scratch_write(&scratch, data, 2);
    for (int i = 0; i < 200; i++, at += 2 + 0xFFFF)
        assert_int_equal(pwrite(scratch.fd, extension, sizeof(extension), at), sizeof(extension));
    assert_int_equal(pwrite(scratch.fd, data + 2, size - 2, at), size - 2);
    before = bytes_read();
    assert_int_equal(osp_probe(scratch.path, &f, NULL), OSP_OK);
    assert_true(bytes_read() - before < 1000000);
    assert_int_equal(f->kind, OSP_KIND_IMAGE);
    assert_int_equal(f->image.exif_orientation, 6);
    osp_facts_free(&f);
}

/* eXIf may stand behind the picture: there, too, it is found. */
static void test_orientation_behind_the_picture(void **state)
{
    const struct row *row = find_row("a PNG that lies on its side");
    uint8_t data[ROW_MAX], moved[ROW_MAX];
    size_t size = unhex(row->hex, data), before, length;
    uint8_t *exif = memmem(data, size, "eXIf", 4);
    osp_facts *f;

    (void)state;
    assert_non_null(exif);
    before = (size_t)(exif - 4 - data);
    length = 12 + (size_t)(exif[-2] << 8 | exif[-1]);
    memcpy(moved, data, before);
    memcpy(moved + before, data + before + length, size - before - length - 12);
    memcpy(moved + size - length - 12, data + before, length);
    memcpy(moved + size - 12, data + size - 12, 12);
    f = scratch_probe(&scratch, moved, size);
    assert_int_equal(f->kind, OSP_KIND_IMAGE);
    assert_int_equal(f->image.exif_orientation, 6);
    osp_facts_free(&f);
}

/* Formats that nobody takes are named, so that the verdict can say what the file is. */
static void test_names_what_is_not_read(void **state)
{
    static const struct {
        const char *container, *head;
        size_t size;
    } heads[] = {
        { "exr", "\x76\x2F\x31\x01\x02\0\0\0", 8 },
        { "ico", "\0\0\1\0\1\0\x10\x10", 8 },
        { "pdf", "%PDF-1.7", 8 },
        { "qoi", "qoif\0\0\0\x18", 8 },
        { "cr2", "II*\0\x10\0\0\0CR\2\0", 12 },
        { "bigtiff", "II+\0\x08\0\0\0", 8 },
        { "pnm", "P6\n24 16\n", 9 },
        { "hdr", "#?RADIANCE\n", 11 },
        { "svg", "\xEF\xBB\xBF<!DOCTYPE svg [<!ENTITY a \"b\">]>\n<x:svg width='2'>", 51 },
    };

    (void)state;
    for (size_t i = 0; i < OSP_COUNT(heads); i++) {
        osp_facts *f = scratch_probe(&scratch, (const uint8_t *)heads[i].head, heads[i].size);

        assert_int_equal(f->kind, OSP_KIND_IMAGE);
        assert_string_equal(f->container, heads[i].container);
        osp_facts_free(&f);
    }
}

static void test_text_is_no_image(void **state)
{
    static const char *const texts[] = { "<html><body><svg width=\"9\"></svg></body></html>",
                                         "BM is how this letter begins, and goes on for long",
                                         "P6 was its name", "GIF8 is short" };

    (void)state;
    for (size_t i = 0; i < OSP_COUNT(texts); i++) {
        osp_facts *f = scratch_probe(&scratch, (const uint8_t *)texts[i], strlen(texts[i]));

        if (f->kind != OSP_KIND_UNKNOWN)
            fail_msg("'%s' is called %s", texts[i], f->container);
        osp_facts_free(&f);
    }
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
        cmocka_unit_test(test_reads_facts),
        cmocka_unit_test(test_eight_orientations),
        cmocka_unit_test(test_large_files_cost_their_headers),
        cmocka_unit_test(test_thousands_of_chunks),
        cmocka_unit_test(test_megabytes_of_segments),
        cmocka_unit_test(test_orientation_behind_the_picture),
        cmocka_unit_test(test_names_what_is_not_read),
        cmocka_unit_test(test_text_is_no_image),
        cmocka_unit_test(test_survives_damage),
    };
    int failed;

    scratch_open(&scratch);
    failed = cmocka_run_group_tests(tests, NULL, NULL);
    scratch_close(&scratch);
    return failed;
}
