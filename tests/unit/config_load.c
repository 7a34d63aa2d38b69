/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Where each setting comes from: options over environment over file over defaults. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "base/fs.h"
#include "base/tmpfile.h"
#include "config/config.h"

static char folder[64];
static char ini_path[128], key_path[128];

static const char *const variables[] = { "OMNISPLICE_STATE",   "OMNISPLICE_GATEWAY",
                                         "OMNISPLICE_API_KEY", "OMNISPLICE_STORE",
                                         "OMNISPLICE_CONFIG",  "OMNISPLICE_PUBLIC_URL",
                                         "XDG_STATE_HOME",     "XDG_CONFIG_HOME" };

static void write_file(const char *path, const char *text, mode_t mode)
{
    osp_error err = { 0 };

    assert_int_equal(tmpfile_write(path, text, strlen(text), &err), 0);
    assert_int_equal(chmod(path, mode), 0);
}

static int setup(void **state)
{
    char text[1024];

    (void)state;
    for (size_t i = 0; i < sizeof(variables) / sizeof(variables[0]); i++)
        unsetenv(variables[i]);
    snprintf(folder, sizeof(folder), "/tmp/osp-config-XXXXXX");
    if (!mkdtemp(folder))
        return -1;
    setenv("HOME", folder, 1);
    snprintf(ini_path, sizeof(ini_path), "%s/config.ini", folder);
    snprintf(key_path, sizeof(key_path), "%s/key", folder);
    snprintf(text, sizeof(text),
             "[defaults]\ngateway=one\nstate=/from/file\nthreads=3\n"
             "[gateway one]\nurl=https://one.example/v1/\nkey_file=%s\nstore=web\n"
             "max_units_per_job=12.5\nprofile=kling-video-o1\n"
             "[gateway two]\nurl=https://two.example\n"
             "[gateway broken]\nprofile=x\n"
             "[store web]\nurl=dir:/srv/media\npublic_url=https://media.example\n",
             key_path);
    write_file(ini_path, text, 0644);
    write_file(key_path, "  key-from-file \n", 0600);
    return 0;
}

static int teardown(void **state)
{
    osp_error err = { 0 };

    (void)state;
    return fs_remove_tree(folder, &err);
}

static struct config *load(osp_engine_options *options, int want, osp_error *err)
{
    struct config *config = NULL;
    int ret = config_load(options, &config, err);

    if (ret != want)
        fail_msg("%d instead of %d: %s", ret, want, err->text);
    return config;
}

#define IS(setting, text, from)                                \
    do {                                                       \
        assert_non_null(config->setting.value);                \
        assert_string_equal(config->setting.value, text);      \
        assert_non_null(strstr(config->setting.origin, from)); \
    } while (0)

static void test_file(void **state)
{
    osp_engine_options options = { .config = ini_path };
    osp_error err = { 0 };
    struct config *config = load(&options, 0, &err);

    (void)state;
    IS(gateway, "one", "[defaults]");
    IS(gateway_url, "https://one.example/v1", "[gateway one]");
    IS(key, "key-from-file", "[gateway one]");
    IS(state, "/from/file", "[defaults]");
    IS(store, "dir:/srv/media", "[store web]");
    IS(store_name, "web", "[gateway one]");
    IS(public_url, "https://media.example", "[store web]");
    IS(max_units, "12.5", "[gateway one]");
    IS(profile, "kling-video-o1", "[gateway one]");
    assert_int_equal(config_threads(config), 3);
    config_free(&config);
}

static void test_environment_over_file(void **state)
{
    osp_engine_options options = { 0 };
    osp_error err = { 0 };
    struct config *config;

    (void)state;
    setenv("OMNISPLICE_CONFIG", ini_path, 1);
    setenv("OMNISPLICE_STATE", "/from/env", 1);
    setenv("OMNISPLICE_GATEWAY", "two", 1);
    setenv("OMNISPLICE_API_KEY", "key-from-env", 1);
    setenv("OMNISPLICE_STORE", "web", 1);
    config = load(&options, 0, &err);
    IS(state, "/from/env", "OMNISPLICE_STATE");
    IS(gateway, "two", "OMNISPLICE_GATEWAY");
    IS(key, "key-from-env", "OMNISPLICE_API_KEY");
    IS(store, "dir:/srv/media", "[store web]");
    assert_null(config->max_units.value);
    config_free(&config);
}

static void test_options_over_environment(void **state)
{
    osp_engine_options options = { .state = "/from/option",
                                   .gateway = "https://three.example/x/",
                                   .key_file = key_path,
                                   .store = "dir:/tmp",
                                   .public_url = "https://p.example",
                                   .max_units = "3",
                                   .threads = 2 };
    osp_error err = { 0 };
    struct config *config;

    (void)state;
    test_environment_over_file(NULL);
    config = load(&options, 0, &err);
    IS(state, "/from/option", "option");
    IS(gateway, "https://three.example/x", "option");
    IS(gateway_url, "https://three.example/x", "option");
    IS(key, "key-from-file", "option"); /* a key file that was asked for, over the environment */
    IS(store, "dir:/tmp", "option");
    IS(public_url, "https://p.example", "option");
    IS(max_units, "3", "option");
    assert_int_equal(config_threads(config), 2);
    config_free(&config);
    options.gateway_name = "sim";
    options.key = "key-from-option";
    config = load(&options, 0, &err);
    IS(gateway, "sim", "option");
    IS(key, "key-from-option", "option");
    config_free(&config);
}

static void test_defaults(void **state)
{
    osp_engine_options options = { 0 };
    osp_error err = { 0 };
    struct config *config = load(&options, 0, &err);
    char path[128];

    (void)state;
    snprintf(path, sizeof(path), "%s/.local/state/omnisplice", folder);
    IS(state, path, "default");
    assert_int_equal(config_need_gateway(config, &err), OSP_EACCESS);
    assert_non_null(strstr(err.hint, "OMNISPLICE_GATEWAY"));
    osp_error_clear(&err);
    assert_int_equal(config_need_key(config, &err), OSP_EACCESS);
    assert_non_null(strstr(err.text, "OMNISPLICE_API_KEY"));
    assert_non_null(strstr(err.text, "--key-file"));
    assert_non_null(strstr(err.text, "config.ini"));
    config_free(&config);
    setenv("XDG_STATE_HOME", "/xdg", 1);
    config = load(&options, 0, &err);
    IS(state, "/xdg/omnisplice", "default");
    config_free(&config);
    setenv("XDG_STATE_HOME", "relative", 1); /* ignored, as the XDG document says */
    config = load(&options, 0, &err);
    IS(state, path, "default");
    config_free(&config);
}

static void test_refused(void **state)
{
    osp_engine_options options = { .config = ini_path, .gateway = "three" };
    osp_error err = { 0 };

    (void)state;
    load(&options, OSP_EACCESS, &err);
    assert_non_null(strstr(err.text, "three"));
    osp_error_clear(&err);
    options.gateway = "broken";
    load(&options, OSP_EACCESS, &err);
    osp_error_clear(&err);
    options.gateway = "one";
    assert_int_equal(chmod(key_path, 0644), 0); /* others can read it */
    load(&options, OSP_EACCESS, &err);
    assert_non_null(strstr(err.text, "others"));
    osp_error_clear(&err);
    options.key = "two words";
    load(&options, OSP_EACCESS, &err);
    assert_null(strstr(err.text, "two words"));
    osp_error_clear(&err);
    options.key = "good";
    options.max_units = "many";
    load(&options, OSP_EACCESS, &err);
    osp_error_clear(&err);
    options.config = "/nowhere/config.ini";
    load(&options, OSP_EACCESS, &err);
}

/* A bound that is misspelt must not pass for one. */
static void test_keys_that_nobody_reads(void **state)
{
    static const char *const lines[] = { "[gateway one]\nmax_unit_per_job = 2\n",
                                         "[gateway one]\nmax_units = 2\n",
                                         "[store web]\npath = /\n", "[defaults]\nkey = 1\n",
                                         "[other]\nurl = x\n" };
    osp_engine_options options = { .config = ini_path };

    (void)state;
    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
        osp_error err = { 0 };

        assert_int_equal(tmpfile_write(ini_path, lines[i], strlen(lines[i]), &err), 0);
        load(&options, OSP_EACCESS, &err);
        assert_non_null(strstr(err.text, "is no setting"));
    }
}

/* A store's own settings: its section, the environment over it, options over both. */
static void test_store_settings(void **state)
{
    static const char ini[] = "[store web]\nurl = https://web.example/in\nuser = alice\n"
                              "timeout_s = 30\nkeep_upload = yes\nno_fetch_back = no\n"
                              "region = of-the-file\nendpoint = https://s3.example\n";
    osp_engine_options options = { .config = ini_path,
                                   .store = "web",
                                   .store_region = "of-option" };
    osp_error err = { 0 };
    struct config *config;
    char *json;

    (void)state;
    assert_int_equal(tmpfile_write(ini_path, ini, strlen(ini), &err), 0);
    setenv("OMNISPLICE_STORE_REGION", "of-env", 1);
    setenv("OMNISPLICE_STORE_TIMEOUT", "40", 1);
    setenv("OMNISPLICE_STORE_KEY", "hush-hush", 1);
    config = load(&options, 0, &err);
    IS(store, "https://web.example/in", "[store web] url");
    IS(store_user, "alice", "[store web] user");
    IS(store_region, "of-option", "option");
    IS(store_timeout_s, "40", "environment OMNISPLICE_STORE_TIMEOUT");
    IS(store_endpoint, "https://s3.example", "[store web] endpoint");
    IS(store_key, "hush-hush", "OMNISPLICE_STORE_KEY");
    IS(keep_upload, "yes", "[store web]");
    assert_null(config->no_fetch_back.value);
    assert_int_equal(config_number(&config->store_timeout_s, 7), 40);
    assert_int_equal(config_number(&config->store_life_s, 7), 7);
    json = config_json(config);
    assert_null(strstr(json, "hush"));
    assert_non_null(strstr(json, "store_key"));
    free(json);
    config_free(&config);
    options.store_life_s = "604801";
    load(&options, OSP_EACCESS, &err);
    assert_non_null(strstr(err.text, "life_s = '604801'"));
    osp_error_clear(&err);
    options.store_life_s = NULL;
    setenv("OMNISPLICE_KEEP_UPLOAD", "perhaps", 1);
    load(&options, OSP_EACCESS, &err);
    unsetenv("OMNISPLICE_KEEP_UPLOAD");
    unsetenv("OMNISPLICE_STORE_REGION");
    unsetenv("OMNISPLICE_STORE_TIMEOUT");
    unsetenv("OMNISPLICE_STORE_KEY");
}

static void test_json_without_secrets(void **state)
{
    osp_engine_options options = { .config = ini_path };
    osp_error err = { 0 };
    struct config *config = load(&options, 0, &err);
    char *json = config_json(config);

    (void)state;
    assert_null(strstr(json, "key-from-file"));
    assert_non_null(strstr(json, "https://one.example/v1"));
    assert_non_null(strstr(json, "[gateway one] url"));
    free(json);
    config_free(&config);
}

static void test_addresses_are_shown_without_secrets(void **state)
{
    osp_engine_options options = { .config = ini_path, .key = "k", .store = "dir:/srv" };
    osp_error err = { 0 };
    struct config *config;
    char *text;

    (void)state;
    options.gateway = "https://user:hunter2secret@one.example/v1?token=hunter2secret";
    options.public_url = "https://me:hunter2secret@media.example/refs";
    config = load(&options, 0, &err);
    text = config_json(config);
    assert_null(strstr(text, "hunter2"));
    assert_non_null(strstr(text, "one.example/v1"));
    assert_non_null(strstr(text, "media.example/refs"));
    assert_non_null(strstr(text, "dir:/srv"));
    free(text);
    config_free(&config);
}

/* Nobody writes into it: opening it would wait for ever. */
static void test_a_pipe_is_no_configuration(void **state)
{
    char pipe_path[128];
    osp_engine_options options = { .config = pipe_path };
    osp_error err = { 0 };

    (void)state;
    snprintf(pipe_path, sizeof(pipe_path), "%s/pipe", folder);
    assert_int_equal(mkfifo(pipe_path, 0600), 0);
    load(&options, OSP_EACCESS, &err);
    assert_non_null(strstr(err.text, "no regular file"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_file, setup, teardown),
        cmocka_unit_test_setup_teardown(test_environment_over_file, setup, teardown),
        cmocka_unit_test_setup_teardown(test_options_over_environment, setup, teardown),
        cmocka_unit_test_setup_teardown(test_defaults, setup, teardown),
        cmocka_unit_test_setup_teardown(test_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(test_keys_that_nobody_reads, setup, teardown),
        cmocka_unit_test_setup_teardown(test_store_settings, setup, teardown),
        cmocka_unit_test_setup_teardown(test_json_without_secrets, setup, teardown),
        cmocka_unit_test_setup_teardown(test_addresses_are_shown_without_secrets, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_pipe_is_no_configuration, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
