/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Facts that come from a process apart: the same facts, in order, and never believed. */
#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>
#include <pthread.h>

#include "base/auto.h"
#include "base/str.h"
#include "omnisplice/prober.h"
#include "probe/wire.h"

#define FILES 40

static char *sample(void)
{
    const char *source = getenv("OSP_SOURCE");

    assert_non_null(source);
    return str_format("%s/samples/v003_butterfly.mp4", source);
}

/* ---- the wire ---- */

static void fill(osp_facts *facts)
{
    facts->kind = OSP_KIND_VIDEO;
    strcpy(facts->container, "mp4");
    facts->size_bytes = 77;
    facts->track_s = (osp_rational){ 10, 3 };
    facts->video.frame_count = 3;
    facts->video.level = -1;
    facts->video.start_pts = -5;
    strcpy(facts->video.codec, "h264");
    facts->deep.corrupt = 2;
    facts->deep.corrupt_s = (osp_rational){ 5, 4 };
}

static void members_come_through(void **state)
{
    OSP_AUTO(auto_free) uint8_t *bytes = calloc(1, wire_facts_size());
    osp_facts there = { 0 }, back = { 0 };

    (void)state;
    fill(&there);
    wire_pack(&there, bytes);
    assert_true(wire_unpack(bytes, &back));
    assert_memory_equal(&there, &back, sizeof(back));
}

static void a_pointer_does_not(void **state)
{
    OSP_AUTO(auto_free) uint8_t *bytes = calloc(1, wire_facts_size());
    osp_facts there = { 0 }, back = { 0 };
    int64_t pts[3] = { 0 };

    (void)state;
    fill(&there);
    there.video.frame_pts = pts;
    wire_pack(&there, bytes);
    assert_true(wire_unpack(bytes, &back));
    assert_null(back.video.frame_pts);
}

enum lie { NO_KIND, NO_END, NEGATIVE_SIZE, NEGATIVE_COUNT, TOO_MANY, NO_PICTURES, NEGATIVE_RATIO };

static const struct lie_row {
    const char *name;
    enum lie lie;
} lies[] = {
    { "a kind that there is not", NO_KIND },
    { "a text without an end", NO_END },
    { "a size below zero", NEGATIVE_SIZE },
    { "a count below zero", NEGATIVE_COUNT },
    { "more pictures than a file can have", TOO_MANY },
    { "a video without pictures", NO_PICTURES },
    { "a denominator below zero", NEGATIVE_RATIO },
};

static void tell(osp_facts *facts, enum lie lie)
{
    switch (lie) {
    case NO_KIND:
        facts->kind = (osp_kind)(OSP_KIND_SOUND + 1);
        break;
    case NO_END:
        memset(facts->fault, 'x', sizeof(facts->fault));
        break;
    case NEGATIVE_SIZE:
        facts->size_bytes = -1;
        break;
    case NEGATIVE_COUNT:
        facts->video.frame_count = -1;
        break;
    case TOO_MANY:
        facts->video.frame_count = (int64_t)WIRE_FRAMES + 1;
        break;
    case NO_PICTURES:
        facts->video.frame_count = 0;
        break;
    case NEGATIVE_RATIO:
        facts->video.rate.den = -1;
        break;
    }
}

static void lies_are_refused(void **state)
{
    OSP_AUTO(auto_free) uint8_t *bytes = calloc(1, wire_facts_size());

    (void)state;
    for (size_t i = 0; i < OSP_COUNT(lies); i++) {
        osp_facts there = { 0 }, back = { 0 };

        fill(&there);
        tell(&there, lies[i].lie);
        wire_pack(&there, bytes);
        if (wire_unpack(bytes, &back))
            fail_msg("%s is believed", lies[i].name);
    }
}

/* ---- the prober ---- */

static osp_prober *open_prober(int workers, const osp_cancel *cancel)
{
    osp_prober *prober = NULL;
    osp_prober_options options;
    osp_error err = { 0 };

    osp_prober_options_init(&options);
    options.workers = workers;
    options.cancel = cancel;
    if (osp_prober_open(&options, &prober, &err) < 0)
        fail_msg("%s", err.text);
    return prober;
}

static void same_apart(osp_prober *prober, const char *path)
{
    OSP_AUTO(osp_facts_free) osp_facts *here = NULL;
    OSP_AUTO(osp_facts_free) osp_facts *apart = NULL;
    OSP_AUTO(auto_free) char *text = NULL;
    OSP_AUTO(auto_free) char *other = NULL;
    int64_t *pts;

    assert_int_equal(osp_probe(path, &here, NULL), OSP_OK);
    assert_int_equal(osp_prober_probe(prober, path, &apart, NULL), OSP_OK);
    assert_int_equal(apart->video.frame_count, here->video.frame_count);
    assert_true(!apart->video.frame_pts == !here->video.frame_pts);
    if (here->video.frame_pts)
        assert_memory_equal(apart->video.frame_pts, here->video.frame_pts,
                            (size_t)here->video.frame_count * sizeof(*pts));
    text = osp_facts_json(here);
    other = osp_facts_json(apart);
    assert_string_equal(text, other);
    pts = apart->video.frame_pts;
    apart->video.frame_pts = here->video.frame_pts;
    assert_memory_equal(here, apart, sizeof(*here));
    apart->video.frame_pts = pts;
}

/* A file of each container and a few codecs: the seeds of the fuzz target. */
static void apart_as_in_process(void **state)
{
    OSP_AUTO(osp_prober_close) osp_prober *prober = open_prober(1, NULL);
    OSP_AUTO(auto_free)
    char *folder = str_format("%s/tests/fuzz/corpus/probe", getenv("OSP_SOURCE"));
    OSP_AUTO(auto_free) char *film = sample();
    DIR *seeds = opendir(folder);
    struct dirent *entry;
    int seen = 0;

    (void)state;
    assert_non_null(seeds);
    while ((entry = readdir(seeds))) {
        OSP_AUTO(auto_free) char *path = str_format("%s/%s", folder, entry->d_name);

        if (entry->d_name[0] == '.')
            continue;
        same_apart(prober, path);
        seen++;
    }
    closedir(seeds);
    assert_true(seen > 10);
    same_apart(prober, film);
}

/* Files of FILES sizes, so that each result tells which file it is of. */
static void make_files(char *folder, char paths[FILES][64])
{
    assert_non_null(mkdtemp(folder));
    for (int i = 0; i < FILES; i++) {
        FILE *file;

        snprintf(paths[i], sizeof(paths[i]), "%s/%d", folder, i);
        file = fopen(paths[i], "w");
        assert_non_null(file);
        for (int k = 0; k <= i; k++)
            fputc('x', file);
        fclose(file);
    }
}

static void remove_files(const char *folder, char paths[FILES][64])
{
    for (int i = 0; i < FILES; i++)
        unlink(paths[i]);
    rmdir(folder);
}

static void results_keep_the_order_of_the_pushes(void **state)
{
    OSP_AUTO(osp_prober_close) osp_prober *prober = open_prober(3, NULL);
    char folder[] = "/tmp/osp-prober-XXXXXX", paths[FILES][64];
    osp_facts *facts = NULL;

    (void)state;
    make_files(folder, paths);
    for (int i = 0; i < FILES; i++)
        assert_int_equal(osp_prober_push(prober, paths[i], NULL), OSP_OK);
    for (int i = 0; i < FILES; i++) {
        assert_int_equal(osp_prober_pull(prober, &facts, NULL), OSP_OK);
        assert_int_equal(facts->size_bytes, i + 1);
        osp_facts_free(&facts);
    }
    assert_int_equal(osp_prober_pull(prober, &facts, NULL), OSP_EUSAGE);
    remove_files(folder, paths);
}

struct caller {
    osp_prober *prober;
    char (*paths)[64];
    int wrong;
};

static void *call(void *opaque)
{
    struct caller *caller = opaque;

    for (int i = 0; i < FILES; i++) {
        OSP_AUTO(osp_facts_free) osp_facts *facts = NULL;

        if (osp_prober_probe(caller->prober, caller->paths[i], &facts, NULL) != OSP_OK ||
            facts->size_bytes != i + 1)
            caller->wrong++;
    }
    return NULL;
}

static void threads_share_a_prober(void **state)
{
    OSP_AUTO(osp_prober_close) osp_prober *prober = open_prober(2, NULL);
    char folder[] = "/tmp/osp-prober-XXXXXX", paths[FILES][64];
    struct caller callers[4];
    pthread_t threads[OSP_COUNT(callers)];

    (void)state;
    make_files(folder, paths);
    for (size_t i = 0; i < OSP_COUNT(callers); i++) {
        callers[i] = (struct caller){ prober, paths, 0 };
        assert_int_equal(pthread_create(&threads[i], NULL, call, &callers[i]), 0);
    }
    for (size_t i = 0; i < OSP_COUNT(callers); i++) {
        pthread_join(threads[i], NULL);
        assert_int_equal(callers[i].wrong, 0);
    }
    remove_files(folder, paths);
}

static void what_is_no_file_is_an_error(void **state)
{
    static const char *const names[] = { "/nowhere/at/all.mp4",    "/dev/zero",          "/tmp",
                                         "http://127.0.0.1/a.mp4", "concat:/etc/passwd", "pipe:0" };
    OSP_AUTO(osp_prober_close) osp_prober *prober = open_prober(1, NULL);

    (void)state;
    for (size_t i = 0; i < OSP_COUNT(names); i++) {
        osp_facts *facts = NULL;
        osp_error err = { 0 };

        assert_int_equal(osp_prober_probe(prober, names[i], &facts, &err), OSP_EMEDIA);
        assert_null(facts);
        assert_non_null(strstr(err.text, names[i]));
    }
}

static void a_cancel_ends_the_wait(void **state)
{
    OSP_AUTO(osp_cancel_free) osp_cancel *cancel = NULL;
    OSP_AUTO(osp_prober_close) osp_prober *prober = NULL;
    OSP_AUTO(auto_free) char *path = sample();
    osp_facts *facts = NULL;
    int ret;

    (void)state;
    assert_int_equal(osp_cancel_new(&cancel, NULL), OSP_OK);
    prober = open_prober(1, cancel);
    osp_cancel_trigger(cancel);
    ret = osp_prober_probe(prober, path, &facts, NULL);
    osp_facts_free(&facts);
    assert_int_equal(ret, OSP_ECANCELED);
    osp_prober_close(&prober);
}

static void without_its_helper_it_says_so(void **state)
{
    OSP_AUTO(auto_free) char *before = str_dup(getenv("OMNISPLICE_LIBEXEC"));
    osp_prober *prober = NULL;
    osp_error err = { 0 };

    (void)state;
    assert_non_null(before);
    setenv("OMNISPLICE_LIBEXEC", "/nowhere", 1);
    assert_int_equal(osp_prober_open(NULL, &prober, &err), OSP_EINTERNAL);
    setenv("OMNISPLICE_LIBEXEC", before, 1);
    assert_null(prober);
    assert_non_null(strstr(err.text, "/nowhere"));
    assert_true(err.hint[0]);
}

static void bad_options_are_refused(void **state)
{
    osp_prober_options options;
    osp_prober *prober = NULL;

    (void)state;
    osp_prober_options_init(&options);
    options.workers = -1;
    assert_int_equal(osp_prober_open(&options, &prober, NULL), OSP_EUSAGE);
    options.workers = 0;
    options.time_limit_s = -1;
    assert_int_equal(osp_prober_open(&options, &prober, NULL), OSP_EUSAGE);
    osp_prober_close(&prober);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(members_come_through),
        cmocka_unit_test(a_pointer_does_not),
        cmocka_unit_test(lies_are_refused),
        cmocka_unit_test(apart_as_in_process),
        cmocka_unit_test(results_keep_the_order_of_the_pushes),
        cmocka_unit_test(threads_share_a_prober),
        cmocka_unit_test(what_is_no_file_is_an_error),
        cmocka_unit_test(a_cancel_ends_the_wait),
        cmocka_unit_test(without_its_helper_it_says_so),
        cmocka_unit_test(bad_options_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
