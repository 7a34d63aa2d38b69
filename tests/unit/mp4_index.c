/* SPDX-License-Identifier: LGPL-2.1-or-later */
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
#include "base/error.h"
#include "base/str.h"
#include "probe/mp4.h"
#include "probe/table.h"

/* A small MP4 put together by hand, with one thing wrong at a time. */
struct recipe {
    uint32_t samples;       /* really in the table */
    uint32_t declared;      /* 0: as many as there are */
    uint32_t fixed_size;    /* of every sample; 0: a table of 100 each */
    uint32_t stts_count;    /* 0: right */
    uint32_t stco_declared; /* 0: right */
    bool wide_moov;         /* 64-bit box size */
    bool co64, stz2, mvex, encrypted, external, no_moov, no_mdhd;
    int edits;             /* 0 none, 1 simple, 2 with an empty edit, 3 two pieces, 4 half speed */
    int64_t mdat_missing;  /* bytes cut off the end */
    size_t moov_cut;       /* bytes of moov that are missing, moov last */
    uint32_t ctts_version; /* 0 or 1 */
};

static void u32(struct strbuf *b, uint32_t v)
{
    uint8_t p[4] = { (uint8_t)(v >> 24), (uint8_t)(v >> 16), (uint8_t)(v >> 8), (uint8_t)v };

    strbuf_add(b, p, 4);
}

static void box(struct strbuf *out, const char *type, const struct strbuf *payload)
{
    u32(out, (uint32_t)payload->size + 8);
    strbuf_add(out, type, 4);
    strbuf_add(out, payload->data, payload->size);
}

/* words: a list of 32-bit values ended by the count */
static void box_of(struct strbuf *out, const char *type, size_t count, const uint32_t *words)
{
    struct strbuf b = STRBUF_INIT;

    for (size_t i = 0; i < count; i++)
        u32(&b, words[i]);
    box(out, type, &b);
    strbuf_release(&b);
}

#define BOX(out, type, ...)                                                   \
    box_of(out, type, sizeof((uint32_t[]){ __VA_ARGS__ }) / sizeof(uint32_t), \
           (uint32_t[]){ __VA_ARGS__ })

static void stsd(struct strbuf *out, const struct recipe *r)
{
    struct strbuf entry = STRBUF_INIT, b = STRBUF_INIT;
    static const uint8_t fixed[78];

    strbuf_add(&entry, fixed, sizeof(fixed));
    u32(&b, 0);
    u32(&b, 1);
    box(&b, r->encrypted ? "encv" : "avc1", &entry);
    box(out, "stsd", &b);
    strbuf_release(&entry);
    strbuf_release(&b);
}

static void stbl(struct strbuf *out, const struct recipe *r, uint32_t mdat)
{
    struct strbuf b = STRBUF_INIT, sizes = STRBUF_INIT;
    uint32_t declared = r->declared ? r->declared : r->samples;

    stsd(&b, r);
    BOX(&b, "stts", 0, 1, r->stts_count ? r->stts_count : r->samples, 10);
    /* I P b b: shown 0 3 1 2 */
    BOX(&b, "ctts", r->ctts_version << 24, 4, 1, 0, 1, 20, 1, (uint32_t)-10, 1, (uint32_t)-10);
    BOX(&b, "stss", 0, 2, 1, 5);
    BOX(&b, "stsc", 0, 2, 1, 2, 1, 2, 1, 1); /* two in the first chunk, one in the others */
    if (r->stz2) {
        static const uint8_t bytes[8] = { 100, 100, 100, 100, 100, 100, 100, 100 };

        u32(&sizes, 0);
        u32(&sizes, 8);
        u32(&sizes, declared);
        strbuf_add(&sizes, bytes, r->samples);
        box(&b, "stz2", &sizes);
    } else {
        u32(&sizes, 0);
        u32(&sizes, r->fixed_size);
        u32(&sizes, declared);
        for (uint32_t i = 0; !r->fixed_size && i < r->samples; i++)
            u32(&sizes, 100);
        box(&b, "stsz", &sizes);
    }
    sizes.size = 0;
    u32(&sizes, 0);
    u32(&sizes, r->stco_declared ? r->stco_declared : r->samples - 1);
    for (uint32_t i = 0; i < r->samples - 1; i++) {
        if (r->co64)
            u32(&sizes, 0);
        u32(&sizes, mdat + 8 + (i ? (i + 1) * 100 : 0));
    }
    box(&b, r->co64 ? "co64" : "stco", &sizes);
    box(out, "stbl", &b);
    strbuf_release(&sizes);
    strbuf_release(&b);
}

static void trak(struct strbuf *out, const struct recipe *r, uint32_t mdat)
{
    struct strbuf b = STRBUF_INIT, c = STRBUF_INIT, d = STRBUF_INIT, e = STRBUF_INIT;

    BOX(&b, "tkhd", 1, 0, 0, 7, 0, 0, 0, 0);
    if (r->edits) {
        if (r->edits == 1)
            BOX(&c, "elst", 0, 1, 50, 5, 0x10000);
        if (r->edits == 2)
            BOX(&c, "elst", 0, 2, 1000, UINT32_MAX, 0x10000, 60, 5, 0x10000);
        if (r->edits == 3)
            BOX(&c, "elst", 0, 2, 20, 0, 0x10000, 20, 40, 0x10000);
        if (r->edits == 4)
            BOX(&c, "elst", 0, 1, 50, 5, 0x8000);
        box(&b, "edts", &c);
    }
    c.size = 0;
    if (!r->no_mdhd)
        BOX(&c, "mdhd", 0, 0, 0, 500, 80, 0, 0);
    BOX(&c, "hdlr", 0, 0, MP4_TYPE('v', 'i', 'd', 'e'), 0, 0, 0);
    BOX(&d, "dref", 0, 1, 12, MP4_TYPE('u', 'r', 'l', ' '), r->external ? 0 : 1);
    box(&e, "dinf", &d);
    stbl(&e, r, mdat);
    box(&c, "minf", &e);
    box(&b, "mdia", &c);
    box(out, "trak", &b);
    strbuf_release(&b);
    strbuf_release(&c);
    strbuf_release(&d);
    strbuf_release(&e);
}

static char *write_file(const struct recipe *r, char path[64])
{
    struct strbuf out = STRBUF_INIT, moov = STRBUF_INIT;
    uint8_t media[800] = { 0 };
    int fd;
    size_t size;

    BOX(&out, "ftyp", MP4_TYPE('i', 's', 'o', 'm'), 0x200);
    u32(&out, sizeof(media) + 8);
    strbuf_puts(&out, "mdat");
    strbuf_add(&out, media, sizeof(media));
    BOX(&moov, "mvhd", 0, 0, 0, 1000, 160);
    trak(&moov, r, 16);
    if (r->mvex)
        BOX(&moov, "mvex", 0);
    if (r->wide_moov) {
        u32(&out, 1);
        strbuf_puts(&out, "moov");
        u32(&out, 0);
        u32(&out, (uint32_t)moov.size + 16);
        strbuf_add(&out, moov.data, moov.size);
    } else if (!r->no_moov) {
        box(&out, "moov", &moov);
    }
    strcpy(path, "/tmp/osp-mp4-XXXXXX");
    fd = mkstemp(path);
    assert_true(fd >= 0);
    size = out.size - r->moov_cut;
    assert_int_equal(write(fd, out.data, size), (ssize_t)size);
    close(fd);
    strbuf_release(&out);
    strbuf_release(&moov);
    return path;
}

/* Opened, unlinked, samples loaded when asked. @return the code of the first failure */
static int load(const struct recipe *r, struct mp4_file **file, osp_error *err)
{
    char path[64];
    int ret = mp4_open(write_file(r, path), file, err);

    unlink(path);
    if (ret < 0)
        return ret;
    assert_non_null(mp4_video_track(*file));
    return mp4_load_samples(*file, mp4_video_track(*file), err);
}

#define GOOD .samples = 8

static void test_reads_tables(void **state)
{
    struct recipe kinds[] = {
        { GOOD },
        { GOOD, .co64 = true },
        { GOOD, .stz2 = true },
        { GOOD, .wide_moov = true },
        { GOOD, .ctts_version = 1 },
        { GOOD, .fixed_size = 100 },
    };
    static const int64_t ranks[] = { 0, 3, 1, 2, 4, 5, 6, 7 };

    (void)state;
    for (size_t k = 0; k < OSP_COUNT(kinds); k++) {
        OSP_AUTO(mp4_close) struct mp4_file *file = NULL;
        const struct mp4_track *track;

        assert_int_equal(load(&kinds[k], &file, NULL), OSP_OK);
        track = mp4_video_track(file);
        assert_int_equal(track->sample_count, 8);
        assert_int_equal(track->timescale, 500);
        assert_int_equal(track->id, 7);
        assert_string_equal(file->brand, "isom");
        assert_false(file->faststart);
        assert_false(track->truncated);
        for (int i = 0; i < 8; i++) {
            assert_int_equal(track->samples[i].offset, 16 + 8 + i * 100);
            assert_int_equal(track->samples[i].size, 100);
            assert_int_equal(track->samples[i].dts, i * 10);
            assert_int_equal(track->samples[i].rank, ranks[i]);
            assert_int_equal(track->samples[i].sync, i == 0 || i == 4);
        }
    }
}

static void test_refuses_damage(void **state)
{
    static const struct {
        struct recipe recipe;
        const char *word;
    } rows[] = {
        { { GOOD, .declared = 60000000 }, "60000000 samples" },
        { { GOOD, .declared = 9000 }, "stsz" },
        { { GOOD, .declared = 9000, .stz2 = true }, "stz2" },
        { { GOOD, .declared = 19000000, .fixed_size = 1 }, "stsz" },
        { { GOOD, .stts_count = 3 }, "stts" },
        { { GOOD, .stco_declared = 4000000000u }, "stco" },
        { { GOOD, .stco_declared = 2 }, "stsc" },
        { { GOOD, .no_moov = true }, "moov" },
        { { GOOD, .moov_cut = 10 }, "cut off" },
        { { GOOD, .no_mdhd = true }, "time scale" },
    };

    (void)state;
    for (size_t i = 0; i < OSP_COUNT(rows); i++) {
        OSP_AUTO(mp4_close) struct mp4_file *file = NULL;
        osp_error err = { 0 };

        assert_int_equal(load(&rows[i].recipe, &file, &err), OSP_EMEDIA);
        if (!strstr(err.text, rows[i].word))
            fail_msg("row %zu: '%s' does not say '%s'", i, err.text, rows[i].word);
    }
}

static void test_tells_what_it_is(void **state)
{
    static const struct {
        struct recipe recipe;
        bool fragmented, encrypted, external;
    } rows[] = {
        { { GOOD }, false, false, false },
        { { GOOD, .mvex = true }, true, false, false },
        { { GOOD, .encrypted = true }, false, true, false },
        { { GOOD, .external = true }, false, false, true },
    };

    (void)state;
    for (size_t i = 0; i < OSP_COUNT(rows); i++) {
        OSP_AUTO(mp4_close) struct mp4_file *file = NULL;

        assert_int_equal(load(&rows[i].recipe, &file, NULL), OSP_OK);
        assert_int_equal(file->fragmented, rows[i].fragmented);
        assert_int_equal(mp4_video_track(file)->encrypted, rows[i].encrypted);
        assert_int_equal(mp4_video_track(file)->external, rows[i].external);
    }
}

static void test_edit_lists(void **state)
{
    static const struct {
        int edits;
        bool simple;
        int64_t start, end, empty;
    } rows[] = {
        { 0, true, 0, INT64_MAX, 0 }, { 1, true, 5, 30, 0 }, { 2, true, 5, 35, 500 },
        { 3, false, 0, 0, 0 },        { 4, false, 0, 0, 0 },
    };

    (void)state;
    for (size_t i = 0; i < OSP_COUNT(rows); i++) {
        OSP_AUTO(mp4_close) struct mp4_file *file = NULL;
        struct recipe recipe = { GOOD, .edits = rows[i].edits };
        int64_t start, end, empty;

        assert_int_equal(load(&recipe, &file, NULL), OSP_OK);
        assert_int_equal(mp4_simple_edits(file, mp4_video_track(file), &start, &end, &empty),
                         rows[i].simple);
        if (!rows[i].simple)
            continue;
        assert_int_equal(start, rows[i].start);
        assert_int_equal(end, rows[i].end);
        assert_int_equal(empty, rows[i].empty);
    }
}

/* The same tables read for facts: what every kind of list shows, in the order shown. */
static void test_presents(void **state)
{
    static const struct {
        int edits;
        size_t count;
        int64_t pts[8];
        osp_rational track_s;
        int listed;
    } rows[] = {
        { 0, 8, { 0, 10, 20, 30, 40, 50, 60, 70 }, { 80, 500 }, 0 },
        { 1, 2, { 5, 15 }, { 50, 1000 }, 1 },
        { 2, 3, { 505, 515, 525 }, { 60, 1000 }, 1 },
        { 3, 2, { 0, 10 }, { 40, 1000 }, 1 },
    };

    (void)state;
    for (size_t i = 0; i < OSP_COUNT(rows); i++) {
        OSP_AUTO(mp4_close) struct mp4_file *file = NULL;
        OSP_AUTO(stamps_release) struct stamps stamps = { 0 };
        struct recipe recipe = { GOOD, .edits = rows[i].edits };
        struct table_facts table;
        osp_facts facts = { 0 };
        const struct mp4_track *track;

        assert_int_equal(load(&recipe, &file, NULL), OSP_OK);
        track = mp4_video_track(file);
        assert_int_equal(table_read(file, track, &stamps, &table, NULL), OSP_OK);
        assert_false(table.damaged || table.truncated || table.first_missing);
        assert_int_equal(table.first_offset, 16 + 8);
        assert_int_equal(stamps.bytes, 800);
        stamps_sort(&stamps);
        assert_int_equal(table_present(file, track, &stamps, &facts, NULL), OSP_OK);
        assert_int_equal(stamps.count, rows[i].count);
        assert_memory_equal(stamps.pts, rows[i].pts, rows[i].count * sizeof(*stamps.pts));
        assert_int_equal(stamps.samples, 8);
        assert_int_equal(facts.track_s.num * rows[i].track_s.den,
                         rows[i].track_s.num * facts.track_s.den);
        assert_int_equal(facts.edit_list, rows[i].listed);
        assert_int_equal(facts.edits, rows[i].edits == 0 ? 0 : rows[i].edits == 1 ? 1 : 2);
    }
}

/* Damage is a fact, and what the tables agree on counts. */
static void test_reads_on_in_damage(void **state)
{
    static const struct {
        struct recipe recipe;
        bool damaged, truncated, first_missing;
        size_t count;
    } rows[] = {
        { { GOOD, .declared = 9000 }, true, false, false, 8 },
        { { GOOD, .declared = 60000000 }, true, false, false, 8 },
        { { GOOD, .declared = 9000, .stz2 = true }, true, false, false, 8 },
        { { GOOD, .stco_declared = 2 }, true, false, false, 3 },
        { { GOOD, .stco_declared = 4000000000u }, true, false, false, 8 },
        { { .samples = 8, .fixed_size = 1000 }, false, true, false, 8 },
        { { .samples = 8, .fixed_size = 20000 }, false, true, true, 8 },
    };

    (void)state;
    for (size_t i = 0; i < OSP_COUNT(rows); i++) {
        OSP_AUTO(mp4_close) struct mp4_file *file = NULL;
        OSP_AUTO(stamps_release) struct stamps stamps = { 0 };
        struct table_facts table;
        char path[64];

        assert_int_equal(mp4_open(write_file(&rows[i].recipe, path), &file, NULL), OSP_OK);
        unlink(path);
        assert_int_equal(table_read(file, mp4_video_track(file), &stamps, &table, NULL), OSP_OK);
        if (table.damaged != rows[i].damaged || table.truncated != rows[i].truncated ||
            table.first_missing != rows[i].first_missing || stamps.count != rows[i].count)
            fail_msg("row %zu: %d %d %d %zu", i, table.damaged, table.truncated,
                     table.first_missing, stamps.count);
    }
}

/* Media that are cut off: the index is whole, samples lie past the end. */
static void test_truncated_media(void **state)
{
    OSP_AUTO(mp4_close) struct mp4_file *file = NULL;
    struct recipe recipe = { .samples = 8, .fixed_size = 2000 };

    (void)state;
    assert_int_equal(load(&recipe, &file, NULL), OSP_OK);
    assert_true(mp4_video_track(file)->truncated);
}

/* Every byte of a good file changed in turn: no crash, no endless loop, and errors have words. */
static void test_survives_noise(void **state)
{
    struct recipe recipe = { GOOD, .edits = 2 };
    OSP_AUTO(auto_free) uint8_t *whole = malloc(1 << 16);
    char path[64];
    FILE *f = fopen(write_file(&recipe, path), "r+b");
    size_t size = fread(whole, 1, 1 << 16, f);

    (void)state;
    for (size_t at = 824; at < size; at++) {
        for (int bit = 0; bit < 8; bit += 7) {
            struct mp4_file *file = NULL;
            osp_error err = { 0 };
            uint8_t wrong = (uint8_t)(whole[at] ^ 1u << bit);

            fseek(f, (long)at, SEEK_SET);
            fwrite(&wrong, 1, 1, f);
            fflush(f);
            if (mp4_open(path, &file, &err) == OSP_OK && mp4_video_track(file))
                (void)mp4_load_samples(file, mp4_video_track(file), &err);
            assert_true(err.code == OSP_OK || err.text[0]);
            mp4_close(&file);
            fseek(f, (long)at, SEEK_SET);
            fwrite(&whole[at], 1, 1, f);
        }
    }
    fclose(f);
    unlink(path);
}

static void test_sniff(void **state)
{
    (void)state;
    assert_true(mp4_sniff((const uint8_t *)"\0\0\0\x18"
                                           "ftypisom",
                          12));
    assert_true(mp4_sniff((const uint8_t *)"\0\0\0\x08"
                                           "wide",
                          8));
    assert_false(mp4_sniff((const uint8_t *)"\x1a\x45\xdf\xa3\0\0\0\0", 8));
    assert_false(mp4_sniff((const uint8_t *)"ftyp", 4));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reads_tables),
        cmocka_unit_test(test_refuses_damage),
        cmocka_unit_test(test_tells_what_it_is),
        cmocka_unit_test(test_edit_lists),
        cmocka_unit_test(test_presents),
        cmocka_unit_test(test_reads_on_in_damage),
        cmocka_unit_test(test_truncated_media),
        cmocka_unit_test(test_survives_noise),
        cmocka_unit_test(test_sniff),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
