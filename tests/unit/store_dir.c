/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Stores: kinds, names, a folder that a web server serves, fetching back. */
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

#include "base/fs.h"
#include "base/tmpfile.h"
#include "base/str.h"
#include "sim/sim.h"
#include "store/store.h"

static char folder[64];
static struct http *http;

static int setup(void **state)
{
    osp_error err = { 0 };
    char path[128];

    (void)state;
    snprintf(folder, sizeof(folder), "/tmp/osp-store-XXXXXX");
    if (!mkdtemp(folder))
        return -1;
    snprintf(path, sizeof(path), "%s/reference.mp4", folder);
    if (tmpfile_write(path, "0123456789", 10, &err) < 0)
        return -1;
    snprintf(path, sizeof(path), "%s/public", folder);
    return mkdir(path, 0755) < 0 ? -1 : http_new(&http, &err);
}

static int teardown(void **state)
{
    osp_error err = { 0 };

    (void)state;
    http_free(&http);
    return fs_remove_tree(folder, &err);
}

static int open_store(const char *spec, const char *public_url, const char *key,
                      struct store **store, osp_error *err)
{
    struct store_settings settings = {
        .specification = spec, .public_url = public_url, .key = key, .http = http
    };

    return store_open(&settings, store, err);
}

static void test_kinds(void **state)
{
    static const struct {
        const char *spec, *public_url, *says;
    } rows[] = {
        { "ftp:/x", NULL, "s3:, http:, https:, cmd:, dir:, sim:" },
        { "directory", NULL, "s3:, http:, https:, cmd:, dir:, sim:" },
        { "di:/tmp", NULL, "s3:, http:, https:, cmd:, dir:, sim:" },
        { "dir:relative", "https://x.example", "absolute" },
        { "dir:/no/such/folder", "https://x.example", "not there" },
        { "dir:/tmp", NULL, "public_url" },
        { "dir:/tmp", "http://x.example", "plain http" },
        { "sim:http://x.example", NULL, "plain http" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct store *store = NULL;
        osp_error err = { 0 };

        assert_int_equal(open_store(rows[i].spec, rows[i].public_url, NULL, &store, &err),
                         OSP_EACCESS);
        if (!strstr(err.text, rows[i].says))
            fail_msg("'%s': %s", rows[i].spec, err.text);
        assert_null(store);
    }
}

static void test_names(void **state)
{
    char *a = store_name("/home/me/secret holiday/reference.mp4");
    char *b = store_name("/x.y/reference");

    (void)state;
    assert_int_equal(strlen(a), 36);
    assert_true(str_ends(a, ".mp4"));
    assert_null(strstr(a, "reference"));
    assert_int_equal(strlen(b), 32);
    assert_string_equal(store_type(a), "video/mp4");
    assert_string_equal(store_type("x.mov"), "video/quicktime");
    free(a);
    free(b);
}

static void test_dir(void **state)
{
    struct store *store = NULL;
    osp_error err = { 0 };
    char spec[128], file[128], object[200], *url = NULL, *text = NULL;
    struct store_put put = { .file = file, .name = "abc.mp4", .type = "video/mp4" };
    struct stat st;

    (void)state;
    umask(077);
    snprintf(spec, sizeof(spec), "dir:%s/public", folder);
    snprintf(file, sizeof(file), "%s/reference.mp4", folder);
    snprintf(object, sizeof(object), "%s/public/abc.mp4", folder);
    assert_int_equal(open_store(spec, "https://m.example/refs/", NULL, &store, &err), 0);
    assert_int_equal(store_put(store, &put, &err), 0);
    assert_int_equal(stat(object, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0644);
    assert_int_equal(fs_read_file(object, 100, &text, NULL, &err), 0);
    assert_string_equal(text, "0123456789");
    assert_int_equal(store_address(store, "abc.mp4", &url, &err), 0);
    assert_string_equal(url, "https://m.example/refs/abc.mp4");
    assert_int_equal(store_remove(store, "abc.mp4", NULL, &err), 0);
    assert_false(fs_exists(object));
    assert_int_equal(store_remove(store, "abc.mp4", NULL, &err), 0); /* gone is fine */
    put.file = "/no/such/file";
    assert_int_equal(store_put(store, &put, &err), OSP_EMEDIA);
    assert_false(fs_exists(object));
    free(url);
    free(text);
    store_close(&store);
}

static void test_sim_and_fetching_back(void **state)
{
    struct store *store = NULL;
    struct sim *sim = NULL;
    osp_error err = { 0 };
    char spec[256], file[128], sim_state[128], *url = NULL;
    struct store_put put = { .file = file, .name = "abc.mp4", .type = "video/mp4" };
    struct sim_options options = { .state = sim_state };

    (void)state;
    snprintf(sim_state, sizeof(sim_state), "%s/sim", folder);
    snprintf(file, sizeof(file), "%s/reference.mp4", folder);
    assert_int_equal(sim_start(&options, &sim, &err), 0);
    snprintf(spec, sizeof(spec), "sim:%s", sim_store(sim));
    assert_int_equal(open_store(spec, NULL, "wrong", &store, &err), 0);
    if (store_put(store, &put, &err) != OSP_EACCESS)
        fail_msg("%s", err.text);
    store_close(&store);
    osp_error_clear(&err);
    assert_int_equal(open_store(spec, NULL, sim_key(sim), &store, &err), 0);
    if (store_put(store, &put, &err) < 0)
        fail_msg("%s", err.text);
    assert_int_equal(store_address(store, "abc.mp4", &url, &err), 0);
    if (store_fetch_back(store, url, 10, NULL, &err) < 0)
        fail_msg("%s", err.text);
    assert_int_equal(store_fetch_back(store, url, 11, NULL, &err), OSP_EACCESS);
    assert_non_null(strstr(err.text, "10 bytes"));
    osp_error_clear(&err);
    if (store_remove(store, "abc.mp4", NULL, &err) < 0)
        fail_msg("%s", err.text);
    assert_int_equal(store_fetch_back(store, url, 10, NULL, &err), OSP_EACCESS);
    free(url);
    store_close(&store);
    sim_stop(&sim);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_kinds),
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_dir),
        cmocka_unit_test(test_sim_and_fetching_back),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
