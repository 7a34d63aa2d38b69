/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Command stores: what the shell gets, what is taken for an address, how they end; and the small
 * readers of the S3 store: AWS's files, XML. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/fs.h"
#include "base/tmpfile.h"
#include "base/str.h"
#include "omnisplice/cancel.h"
#include "store/aws.h"
#include "store/store.h"
#include "store/xml.h"

static char folder[64];
static struct http *http;

static const char *in_folder(const char *name)
{
    static char paths[4][200];
    static int turn;

    turn = (turn + 1) % 4;
    snprintf(paths[turn], sizeof(paths[turn]), "%s/%s", folder, name);
    return paths[turn];
}

static int setup(void **state)
{
    osp_error err = { 0 };

    (void)state;
    snprintf(folder, sizeof(folder), "/tmp/osp-cmd-XXXXXX");
    return mkdtemp(folder) ? http_new(&http, &err) : -1;
}

static int teardown(void **state)
{
    osp_error err = { 0 };

    (void)state;
    http_free(&http);
    return fs_remove_tree(folder, &err);
}

static int open_with(const char *spec, const char *delete_command, const char *memory,
                     int timeout_s, struct store **store, osp_error *err)
{
    struct store_settings settings = { .specification = spec,
                                       .delete_command = delete_command,
                                       .memory = memory,
                                       .timeout_s = timeout_s,
                                       .http = http };

    return store_open(&settings, store, err);
}

static int64_t now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Names that a shell would like to read. */
static void test_no_name_is_shell_text(void **state)
{
    static const char *const names[] = {
        "$(touch evil)", "`touch evil`", "a b", "x; touch evil", "'\"", "*", "-n"
    };
    char spec[300];

    (void)state;
    snprintf(spec, sizeof(spec),
             "cmd:cd %s && printf '%%s\\n' {file} {name} > seen && echo https://x.example/y",
             folder);
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        struct store *store = NULL;
        osp_error err = { 0 };
        struct store_put put = { .file = names[i], .name = names[i], .type = "video/mp4" };
        char want[100], *seen = NULL, *url = NULL;

        assert_int_equal(open_with(spec, NULL, NULL, 0, &store, &err), 0);
        if (store_put(store, &put, &err) < 0)
            fail_msg("%s: %s", names[i], err.text);
        assert_int_equal(fs_read_file(in_folder("seen"), 1000, &seen, NULL, &err), 0);
        snprintf(want, sizeof(want), "%s\n%s\n", names[i], names[i]);
        assert_string_equal(seen, want);
        assert_false(fs_exists(in_folder("evil")));
        assert_int_equal(store_address(store, names[i], &url, &err), 0);
        assert_string_equal(url, "https://x.example/y");
        free(seen);
        free(url);
        store_close(&store);
    }
}

static void test_how_it_ends(void **state)
{
    static const struct {
        const char *name, *command;
        int code;
        const char *says;
    } rows[] = {
        { "the last line counts", "cmd:echo {file}; echo talk; echo ' https://a.example/b \n\n'", 0,
          NULL },
        { "its own words", "cmd:echo {file} >&2; echo 'no route to remote' >&2; exit 3",
          OSP_EOUTPUT, "ended with 3: no route to remote" },
        { "no signed address in them",
          "cmd:echo {file} 'see https://h.example/x?sig=abc' >&2; false", OSP_EOUTPUT,
          "https://h.example/x?..." },
        { "75 is try again", "cmd:: {file}; exit 75", OSP_EAGAIN, "ended with 75" },
        { "a signal", "cmd:: {file}; kill -9 $$", OSP_EOUTPUT, "signal 9" },
        { "no such program", "cmd:no-such-program-here {file}", OSP_EOUTPUT, "127" },
        { "nothing printed", "cmd:: {file}", OSP_EACCESS, "printed no address, but ''" },
        { "a path is no address", "cmd:echo /srv/x {file}", OSP_EACCESS, "printed no address" },
        { "nor is plain http", "cmd:: {file}; echo http://h.example/x", OSP_EACCESS,
          "printed no address" },
        { "too long", "cmd:sleep 30; : {file}", OSP_EOUTPUT, "longer than 1 s" },
        { "what it leaves behind is not waited for",
          "cmd:sleep 5 & : {file}; echo https://h.example/x", 0, NULL },
    };
    struct store_put put = { .file = "/f", .name = "n.mp4", .type = "video/mp4" };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct store *store = NULL;
        osp_error err = { 0 };
        int64_t begin = now_ms();

        assert_int_equal(open_with(rows[i].command, NULL, NULL, 1, &store, &err), 0);
        if (store_put(store, &put, &err) != rows[i].code)
            fail_msg("%s: %d %s", rows[i].name, err.code, err.text);
        if (rows[i].says && !strstr(err.text, rows[i].says))
            fail_msg("%s: %s", rows[i].name, err.text);
        assert_true(now_ms() - begin < 4500);
        store_close(&store);
    }
}

static void test_what_is_no_command(void **state)
{
    static const struct {
        const char *command, *remove, *says;
    } rows[] = {
        { "cmd:cp x y", NULL, "{file}" },
        { "cmd:cp '{file}' x", NULL, "inside quotes" },
        { "cmd:cp \"{file}\" x", NULL, "inside quotes" },
        { "cmd:cp {file} \"a \\\" {name}\"", NULL, "inside quotes" },
        { "cmd:cp {file} x", "rm {name}", "cmd:" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct store *store = NULL;
        osp_error err = { 0 };

        assert_int_equal(open_with(rows[i].command, rows[i].remove, NULL, 0, &store, &err),
                         OSP_EACCESS);
        if (!strstr(err.text, rows[i].says))
            fail_msg("%s: %s", rows[i].command, err.text);
    }
}

/* The address outlives the process, the object goes by a command of its own, keys stay here. */
static void test_memory_and_delete(void **state)
{
    struct store *store = NULL;
    osp_error err = { 0 };
    const char *memory = in_folder("upload.json");
    struct store_put put = { .file = "/f", .name = "n.mp4", .type = "video/mp4" };
    char spec[300], delete_command[300], *url = NULL, *text = NULL;

    (void)state;
    setenv("OMNISPLICE_API_KEY", "hush", 1);
    snprintf(spec, sizeof(spec), "cmd:: {file}; env > %s/env; echo https://h.example/x?s=1",
             folder);
    snprintf(delete_command, sizeof(delete_command), "cmd:echo {name} > %s/gone", folder);
    assert_int_equal(open_with(spec, delete_command, memory, 0, &store, &err), 0);
    assert_int_equal(store_put(store, &put, &err), 0);
    unsetenv("OMNISPLICE_API_KEY");
    store_close(&store);
    assert_int_equal(fs_read_file(in_folder("env"), 1 << 20, &text, NULL, &err), 0);
    assert_null(strstr(text, "hush"));
    free(text);
    assert_int_equal(open_with(spec, delete_command, memory, 0, &store, &err), 0);
    assert_int_equal(store_address(store, "other.mp4", &url, &err), OSP_EACCESS);
    osp_error_clear(&err);
    assert_int_equal(store_address(store, "n.mp4", &url, &err), 0);
    assert_string_equal(url, "https://h.example/x?s=1");
    assert_int_equal(store_remove(store, "n.mp4", NULL, &err), 0);
    assert_int_equal(fs_read_file(in_folder("gone"), 100, &text, NULL, &err), 0);
    assert_string_equal(text, "n.mp4\n");
    assert_false(fs_exists(memory));
    free(url);
    free(text);
    store_close(&store);
}

static void test_cancel(void **state)
{
    struct store *store = NULL;
    osp_error err = { 0 };
    osp_cancel *cancel = NULL;
    struct store_put put = { .file = "/f", .name = "n", .type = "video/mp4" };
    int64_t begin = now_ms();

    (void)state;
    assert_int_equal(osp_cancel_new(&cancel, &err), 0);
    put.cancel = cancel;
    assert_int_equal(open_with("cmd:sleep 30; : {file}", NULL, NULL, 0, &store, &err), 0);
    osp_cancel_trigger(cancel);
    assert_int_equal(store_put(store, &put, &err), OSP_ECANCELED);
    assert_true(now_ms() - begin < 5000);
    store_close(&store);
    osp_cancel_free(&cancel);
}

static void test_labels_and_addresses(void **state)
{
    char *label = store_label("cmd:curl -u me:hush {file}");
    char *other = store_label("s3://b/p");

    (void)state;
    assert_null(strstr(label, "hush"));
    assert_true(str_starts(label, "cmd:"));
    assert_string_equal(other, "s3://b/p");
    free(label);
    free(other);
    label = store_public_address("https://cdn.example/{name}?v=1", "a b.mp4");
    assert_string_equal(label, "https://cdn.example/a%20b.mp4?v=1");
    free(label);
    label = store_public_address("https://cdn.example/refs//", "n.mp4");
    assert_string_equal(label, "https://cdn.example/refs/n.mp4");
    free(label);
}

/* ---- AWS's files --------------------------------------------------------------------------- */

static const struct aws_row {
    const char *name, *profile, *env_profile, *env_key, *env_region;
    const char *access, *region; /* wanted; access NULL: an error */
} aws_rows[] = {
    { "the default profile", NULL, NULL, NULL, NULL, "DEFAULT", "r-default" },
    { "a named one", "two", NULL, NULL, NULL, "TWO", "r-two" },
    { "AWS_PROFILE", NULL, "two", NULL, NULL, "TWO", "r-two" },
    { "the environment wins", NULL, "two", "ENV", "r-env", "ENV", "r-env" },
    { "but not over a profile that is asked for", "two", NULL, "ENV", NULL, "TWO", "r-two" },
    { "keys in the config file", "three", NULL, NULL, NULL, "THREE", NULL },
    { "no such profile", "four", NULL, NULL, NULL, NULL, NULL },
    { "half a key", "half", NULL, NULL, NULL, NULL, NULL },
};

static void set(const char *name, const char *value)
{
    if (value)
        setenv(name, value, 1);
    else
        unsetenv(name);
}

static void test_aws(void **state)
{
    static const char credentials[] =
        "# of two accounts\n[default]\naws_access_key_id=DEFAULT\naws_secret_access_key = s/1+=\n"
        "[two]\r\naws_access_key_id = TWO\r\naws_secret_access_key = s2\r\n"
        "aws_session_token=t2\r\n[half]\naws_access_key_id = H\n";
    static const char settings[] =
        "[default]\nregion = r-default\n[profile two]\nregion = r-two\n"
        "endpoint_url = https://s3.example\ns3 =\n  addressing_style = path\n"
        "[profile three]\naws_access_key_id = THREE\naws_secret_access_key = s3\n";
    osp_error err = { 0 };

    (void)state;
    assert_int_equal(
        tmpfile_write(in_folder("credentials"), credentials, strlen(credentials), &err), 0);
    assert_int_equal(tmpfile_write(in_folder("config"), settings, strlen(settings), &err), 0);
    set("AWS_SHARED_CREDENTIALS_FILE", in_folder("credentials"));
    set("AWS_CONFIG_FILE", in_folder("config"));
    for (size_t i = 0; i < sizeof(aws_rows) / sizeof(aws_rows[0]); i++) {
        const struct aws_row *row = &aws_rows[i];
        struct aws aws = { 0 };
        int ret;

        set("AWS_PROFILE", row->env_profile);
        set("AWS_ACCESS_KEY_ID", row->env_key);
        set("AWS_SECRET_ACCESS_KEY", row->env_key);
        set("AWS_REGION", row->env_region);
        osp_error_clear(&err);
        ret = aws_load(row->profile, &aws, &err);
        if (ret != (row->access ? 0 : OSP_EACCESS) ||
            (row->access && strcmp(row->access, aws.access) != 0) ||
            (row->access && (!row->region != !aws.region ||
                             (row->region && strcmp(row->region, aws.region) != 0))))
            fail_msg("%s: %d %s %s %s", row->name, ret, err.text, aws.access, aws.region);
        if (row->access && strcmp(row->access, "TWO") == 0) {
            assert_string_equal(aws.secret, "s2");
            assert_string_equal(aws.token, "t2");
            assert_string_equal(aws.endpoint, "https://s3.example");
            assert_string_equal(aws.addressing, "path");
        }
        aws_release(&aws);
    }
}

static void test_xml(void **state)
{
    static const char text[] = "<?xml version=\"1.0\"?>\n<R xmlns='x'><Partial>7</Partial>"
                               "<Part a=\"b\"><N>1</N><ETag>&quot;ab&quot;</ETag></Part>"
                               "<Part><N>2</N><ETag>c&amp;d</ETag></Part><Message/></R>";
    struct xml_span all = { text, sizeof(text) - 1 }, one;
    char value[20], small[3];

    (void)state;
    assert_true(xml_next(&all, "Part", &one));
    xml_text(one, "N", value, sizeof(value));
    assert_string_equal(value, "1");
    xml_text(one, "ETag", value, sizeof(value));
    assert_string_equal(value, "\"ab\"");
    assert_true(xml_next(&all, "Part", &one));
    xml_text(one, "ETag", value, sizeof(value));
    assert_string_equal(value, "c&d");
    xml_text(one, "ETag", small, sizeof(small));
    assert_string_equal(small, "c&");
    assert_false(xml_next(&all, "Part", &one));
    xml_text((struct xml_span){ text, sizeof(text) - 1 }, "Code", value, sizeof(value));
    assert_string_equal(value, "");
    for (size_t cut = 0; cut < sizeof(text); cut++) { /* never past the end */
        char *part = malloc(cut + 1);

        memcpy(part, text, cut);
        xml_text((struct xml_span){ part, cut }, "ETag", value, sizeof(value));
        free(part);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_no_name_is_shell_text),
        cmocka_unit_test(test_how_it_ends),
        cmocka_unit_test(test_what_is_no_command),
        cmocka_unit_test(test_memory_and_delete),
        cmocka_unit_test(test_cancel),
        cmocka_unit_test(test_labels_and_addresses),
        cmocka_unit_test(test_aws),
        cmocka_unit_test(test_xml),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
