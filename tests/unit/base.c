/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <fcntl.h>
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

#include "base/auto.h"
#include "base/bits.h"
#include "base/error.h"
#include "base/fs.h"
#include "base/hash.h"
#include "base/base64.h"
#include "base/json.h"
#include "base/rational.h"
#include "base/str.h"
#include "base/tmpfile.h"

static struct json *parse(const char *text, osp_error *err)
{
    struct json *root = NULL;

    memset(err, 0, sizeof(*err));
    return json_parse(text, strlen(text), "text", &root, err) == OSP_OK ? root : NULL;
}

static void json_keeps_digits(void **state)
{
    osp_error err;
    struct json *root = parse("{\"element_id\": 829836802793406551, \"x\": [0.25, -1e3]}", &err);
    OSP_AUTO(auto_free) char *text = NULL;
    int64_t id;

    (void)state;
    assert_non_null(root);
    assert_true(json_int64(json_get(root, "element_id"), &id));
    assert_true(id == INT64_C(829836802793406551));
    text = json_print(root, false);
    assert_string_equal(text, "{\"element_id\":829836802793406551,\"x\":[0.25,-1e3]}");
    json_free(&root);
}

static void json_refuses(void **state)
{
    static const struct {
        const char *name, *text;
    } rows[] = {
        { "trailing bytes", "{} x" },
        { "two documents", "{}{}" },
        { "a key twice", "{\"a\":1,\"b\":2,\"a\":3}" },
        { "a key twice, deep", "[{\"x\":{\"a\":1,\"a\":1}}]" },
        { "bad UTF-8", "\"\xC3\x28\"" },
        { "overlong UTF-8", "\"\xC0\xAF\"" },
        { "a NUL in a string", "\"a\\u0000b\"" },
        { "a control character", "\"a\nb\"" },
        { "a leading zero", "[01]" },
        { "a lone minus", "[-]" },
        { "a point without digits", "[1.]" },
        { "an open string", "\"abc" },
        { "a comma at the end", "[1,]" },
        { "a comma at the end of an object", "{\"a\":1,}" },
        { "no comma", "[1 2]" },
        { "no colon", "{\"a\" 1}" },
        { "a key that is no string", "{1:2}" },
        { "a key alone", "{\"a\"}" },
        { "the wrong bracket", "[1}" },
        { "a bracket too many", "[1]]" },
        { "an open bracket", "[1" },
        { "two values", "1 2" },
        { "a word of no JSON", "[True]" },
        { "a word that goes on", "[nullx]" },
        { "an unknown escape", "[\"\\x\"]" },
        { "half a character", "[\"\\ud83c\"]" },
        { "the other half", "[\"\\udfac\"]" },
        { "a string that looks like our mark", "[\"\\u0001n:5\"]" },
        { "nothing", "" },
        { "deep nesting", "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[["
                          "[[[[[[[[[[[[[[[[" },
    };
    osp_error err;

    (void)state;
    for (size_t i = 0; i < OSP_COUNT(rows); i++) {
        struct json *root = parse(rows[i].text, &err);

        if (root)
            fail_msg("%s was taken", rows[i].name);
        assert_int_equal(err.code, OSP_EUSAGE);
    }
}

/* Nine million bytes that would be half a gigabyte of nodes. */
static void json_bounds_its_memory(void **state)
{
    size_t size = 9000001;
    OSP_AUTO(auto_free) char *text = malloc(size);
    struct json *root = NULL;
    osp_error err = { 0 };

    (void)state;
    assert_non_null(text);
    for (size_t i = 0; i < size; i++)
        text[i] = i % 2 ? '1' : ',';
    text[0] = '[';
    text[size - 1] = ']';
    assert_int_equal(json_parse(text, size, "text", &root, &err), OSP_EUSAGE);
    assert_non_null(strstr(err.text, "too many"));
}

static void json_takes(void **state)
{
    static const char *const rows[] = {
        "null",
        " [ ] ",
        "{ \"a\" : { } , \"b\" : [ [ ] , 1e-3 ] }\n",
        "[\"\\ud83c\\udfac \\n\\/ \\u00e9\", true, false, null, -0.5E+2]",
    };
    osp_error err;

    (void)state;
    for (size_t i = 0; i < OSP_COUNT(rows); i++) {
        struct json *root = parse(rows[i], &err);

        if (!root)
            fail_msg("%s: %s", rows[i], err.text);
        json_free(&root);
    }
}

/* RFC 4648 10, and what is not to the letter */
static void base64_to_the_letter(void **state)
{
    static const struct {
        const char *text, *bytes; /* NULL: refused */
    } rows[] = {
        { "", "" },
        { "Zg==", "f" },
        { "Zm8=", "fo" },
        { "Zm9v", "foo" },
        { "Zm9vYg==", "foob" },
        { "Zm9vYmE=", "fooba" },
        { "Zm9vYmFy", "foobar" },
        { "+/+/", "\xFB\xFF\xBF" },
        { "Zg=", NULL },
        { "Zg", NULL },
        { "Z===", NULL },
        { "Zm9v\nYmFy", NULL },
        { "Zm9v ", NULL },
        { "-_-_", NULL },
        { "Zg==Zg==", NULL },
    };

    (void)state;
    for (size_t i = 0; i < OSP_COUNT(rows); i++) {
        unsigned char out[16];
        size_t size = 0;
        bool taken = base64_decode(rows[i].text, strlen(rows[i].text), out, &size);

        if (taken != (rows[i].bytes != NULL))
            fail_msg("'%s' was %s", rows[i].text, taken ? "taken" : "refused");
        if (taken) {
            assert_int_equal(size, strlen(rows[i].bytes));
            assert_memory_equal(out, rows[i].bytes, size);
        }
    }
}

static void json_canonical_sorts(void **state)
{
    osp_error err;
    struct json *a = parse("{\"b\": [1, {\"z\": 1, \"y\": 2}], \"a\": \"\xC3\xA9\"}", &err);
    struct json *b = parse("{\"a\":\"\\u00e9\",\"b\":[1,{\"y\":2,\"z\":1}]}", &err);
    OSP_AUTO(auto_free) char *x = json_print_canonical(a);
    OSP_AUTO(auto_free) char *y = json_print_canonical(b);

    (void)state;
    assert_string_equal(x, y);
    json_free(&a);
    json_free(&b);
}

/* RFC 7396, examples of its appendix A */
static void json_merge_patches(void **state)
{
    static const char *const rows[][3] = {
        { "{\"a\":\"b\"}", "{\"a\":\"c\"}", "{\"a\":\"c\"}" },
        { "{\"a\":\"b\",\"b\":\"c\"}", "{\"a\":null}", "{\"b\":\"c\"}" },
        { "{\"a\":[\"b\"]}", "{\"a\":\"c\"}", "{\"a\":\"c\"}" },
        { "{\"a\":{\"b\":\"c\"}}", "{\"a\":{\"b\":\"d\",\"c\":null}}", "{\"a\":{\"b\":\"d\"}}" },
        { "{\"a\":\"c\"}", "{\"a\":[\"b\"]}", "{\"a\":[\"b\"]}" },
        { "{\"a\":[{\"b\":\"c\"}]}", "{\"a\":[1]}", "{\"a\":[1]}" },
        { "{\"e\":null}", "{\"a\":1}", "{\"a\":1,\"e\":null}" },
        { "{\"a\":\"x\"}", "{\"a\":{\"b\":null,\"c\":1}}", "{\"a\":{\"c\":1}}" },
        { "{\"id\":1}", "{\"id\":829836802793406551}", "{\"id\":829836802793406551}" },
        { "{}", "{\"a\":{\"bb\":{\"ccc\":null}}}", "{\"a\":{\"bb\":{}}}" },
    };
    osp_error err;

    (void)state;
    for (size_t i = 0; i < OSP_COUNT(rows); i++) {
        struct json *target = parse(rows[i][0], &err), *patch = parse(rows[i][1], &err);
        OSP_AUTO(auto_free) char *text = NULL;

        json_merge(target, patch);
        text = json_print_canonical(target);
        assert_string_equal(text, rows[i][2]);
        json_free(&target);
        json_free(&patch);
    }
}

static void rational_times(void **state)
{
    static const struct {
        const char *text;
        int64_t num, den; /* 0/0: refused */
    } rows[] = {
        { "12.5", 25, 2 }, { "0", 0, 1 },           { "00:00:12.5", 25, 2 },
        { "1:30", 90, 1 }, { "01:00:00", 3600, 1 }, { "1500ms", 3, 2 },
        { "2s", 2, 1 },    { "7us", 7, 1000000 },   { "", 0, 0 },
        { "-1", 0, 0 },    { "1.5:00", 0, 0 },      { "1:2:3:4", 0, 0 },
        { "12,5", 0, 0 },  { "abc", 0, 0 },         { "1e3", 0, 0 },
        { "12.", 12, 1 },  { ".5", 1, 2 },          { "1:", 0, 0 },
    };

    (void)state;
    for (size_t i = 0; i < OSP_COUNT(rows); i++) {
        osp_rational got = { 0, 0 };
        bool ok = rational_parse_time(rows[i].text, &got);

        if (ok != (rows[i].den != 0) || (ok && (got.num != rows[i].num || got.den != rows[i].den)))
            fail_msg("'%s': %d %lld/%lld", rows[i].text, ok, (long long)got.num,
                     (long long)got.den);
    }
}

static void rational_prints(void **state)
{
    static const struct {
        osp_rational value;
        int places;
        const char *text;
    } rows[] = {
        { { 3, 1 }, 3, "3" },     { { 30000, 1001 }, 3, "29.97" }, { { 1001, 100 }, 3, "10.01" },
        { { -1, 2 }, 2, "-0.5" }, { { 1, 3 }, 2, "0.33" },         { { 2, 3 }, 0, "1" },
        { { -1, 1000 }, 2, "0" }, { { 0, 0 }, 2, "unknown" },
    };
    char text[32];

    (void)state;
    for (size_t i = 0; i < OSP_COUNT(rows); i++) {
        rational_print(rows[i].value, rows[i].places, text, sizeof(text));
        assert_string_equal(text, rows[i].text);
    }
    assert_int_equal(rational_round((osp_rational){ 7, 2 }), 4);
    assert_int_equal(rational_round((osp_rational){ 10, 3 }), 3);
    assert_int_equal(rational_floor((osp_rational){ -1, 2 }), -1);
    assert_int_equal(rational_compare((osp_rational){ 24000, 1001 }, (osp_rational){ 24, 1 }), -1);
}

static void a_file_appears_whole_or_not(void **state)
{
    char folder[] = "/tmp/osp-base-XXXXXX", path[64], *text = NULL;
    struct tmpfile file = TMPFILE_INIT;
    osp_error err = { 0 };

    (void)state;
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof(path), "%s/out.mp4", folder);
    assert_int_equal(tmpfile_open(&file, path, &err), OSP_OK);
    assert_true(str_ends(file.path, ".mp4"));
    assert_int_equal(write(file.fd, "half", 4), 4);
    assert_false(fs_exists(path));
    tmpfile_release(&file);
    assert_false(fs_exists(path));
    assert_int_equal(rmdir(folder), 0); /* nothing is left */

    assert_int_equal(fs_mkdirs(folder, &err), OSP_OK);
    assert_int_equal(tmpfile_open(&file, path, &err), OSP_OK);
    assert_int_equal(write(file.fd, "whole", 5), 5);
    assert_int_equal(tmpfile_commit(&file, false, &err), OSP_OK);
    tmpfile_release(&file);
    assert_int_equal(fs_read_file(path, 100, &text, NULL, &err), OSP_OK);
    assert_string_equal(text, "whole");
    free(text);

    /* an existing file stays unless it may be replaced */
    assert_int_equal(tmpfile_open(&file, path, &err), OSP_OK);
    assert_int_equal(tmpfile_commit(&file, false, &err), OSP_EOUTPUT);
    assert_int_equal(fs_size(path), 5);
    osp_error_clear(&err);
    assert_int_equal(tmpfile_commit(&file, true, &err), OSP_OK);
    tmpfile_release(&file);
    assert_int_equal(fs_size(path), 0);
    assert_int_equal(fs_remove_tree(folder, &err), OSP_OK);
    assert_false(fs_exists(folder));
}

/* A pipe takes a small file's bytes and stays what it is; a result never replaces it. */
static void devices_and_pipes_stay(void **state)
{
    char folder[] = "/tmp/osp-base-XXXXXX", path[64], got[8] = "";
    struct tmpfile file = TMPFILE_INIT;
    osp_error err = { 0 };
    struct stat st;
    int fd;

    (void)state;
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof(path), "%s/pipe.mp4", folder);
    assert_int_equal(tmpfile_open(&file, path, &err), OSP_OK);
    assert_int_equal(mkfifo(path, 0600), 0); /* it appears while the file is written */
    assert_int_equal(tmpfile_commit(&file, true, &err), OSP_EOUTPUT);
    tmpfile_release(&file);
    osp_error_clear(&err);
    assert_int_equal(tmpfile_open(&file, path, &err), OSP_EOUTPUT);
    assert_non_null(strstr(err.text, "a pipe"));
    tmpfile_release(&file);
    fd = open(path, O_RDWR | O_NONBLOCK);
    assert_int_equal(tmpfile_write(path, "whole", 5, NULL), OSP_OK);
    assert_int_equal(read(fd, got, sizeof(got)), 5);
    assert_string_equal(got, "whole");
    close(fd);
    assert_int_equal(lstat(path, &st), 0);
    assert_true(S_ISFIFO(st.st_mode));
    assert_int_equal(tmpfile_write("/dev/null", "whole", 5, NULL), OSP_OK);
    assert_int_equal(stat("/dev/null", &st), 0);
    assert_true(S_ISCHR(st.st_mode));
    assert_int_equal(fs_remove_tree(folder, NULL), OSP_OK);
}

static void what_a_killed_process_left_is_swept(void **state)
{
    char folder[] = "/tmp/osp-base-XXXXXX", path[64], left[80];
    struct tmpfile file = TMPFILE_INIT;
    osp_error err = { 0 };

    (void)state;
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof(path), "%s/out.mp4", folder);
    snprintf(left, sizeof(left), "%s/.out.mp4.999999999-0.osp.mp4", folder);
    assert_int_equal(tmpfile_write(left, "x", 1, &err), OSP_OK);
    assert_int_equal(tmpfile_open(&file, path, &err), OSP_OK);
    assert_false(fs_exists(left));
    tmpfile_release(&file);
    assert_int_equal(rmdir(folder), 0);
}

/* What a file is called must not move a terminal's cursor, nor make a document invalid. */
static void names_that_are_no_text(void **state)
{
    static const struct {
        const char *name, *line, *document;
    } rows[] = {
        { "plain.mp4", "plain.mp4", "[\"plain.mp4\"]" },
        { "gr\xC3\xBC\xC3\x9F \xE2\x82\xAC \xF0\x9F\x8E\xAC",
          "gr\xC3\xBC\xC3\x9F \xE2\x82\xAC \xF0\x9F\x8E\xAC",
          "[\"gr\xC3\xBC\xC3\x9F \xE2\x82\xAC \xF0\x9F\x8E\xAC\"]" },
        { "a\nb\x1B[2J\x7F", "a?b?[2J?", "[\"a\\nb\\u001b[2J\x7F\"]" },
        { "\xC2\x9B"
          "1m",
          "??1m",
          "[\"\xC2\x9B"
          "1m\"]" },
        { "\xFF\xFE.mp4", "??.mp4", "[\"\xEF\xBF\xBD\xEF\xBF\xBD.mp4\"]" },
        { "cut \xE2\x82", "cut ??", "[\"cut \xEF\xBF\xBD\xEF\xBF\xBD\"]" },
        { "\xC0\xAF \xED\xA0\x80", "?? ???",
          "[\"\xEF\xBF\xBD\xEF\xBF\xBD \xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\"]" },
    };

    (void)state;
    for (size_t i = 0; i < OSP_COUNT(rows); i++) {
        OSP_AUTO(json_free) struct json *list = json_array();
        OSP_AUTO(auto_free) char *compact = NULL;
        OSP_AUTO(auto_free) char *spread = NULL;
        osp_error err = { 0 };

        osp_fail(&err, OSP_EMEDIA, "%s", rows[i].name);
        osp_hint(&err, "%s", rows[i].name);
        assert_string_equal(err.text, rows[i].line);
        assert_string_equal(err.hint, rows[i].line);
        json_push_string(list, rows[i].name);
        compact = json_print(list, false);
        spread = json_print(list, true);
        assert_string_equal(compact, rows[i].document);
        assert_string_equal(spread, rows[i].document);
    }
}

static void errors_keep_the_first_failure(void **state)
{
    osp_error err = { 0 };

    (void)state;
    assert_int_equal(osp_fail(&err, OSP_EMEDIA, "no picture in '%s'", "x"), OSP_EMEDIA);
    assert_int_equal(osp_fail(&err, OSP_EOUTPUT, "second"), OSP_EMEDIA);
    osp_while(&err, "reading");
    assert_string_equal(err.text, "no picture in 'x', while reading");
    osp_hint(&err, "first");
    osp_hint(&err, "second");
    assert_string_equal(err.hint, "first");
    assert_int_equal(osp_fail(NULL, OSP_EMONEY, "nobody listens"), OSP_EMONEY);
}

static void text_tools(void **state)
{
    char cut[6];
    OSP_AUTO(auto_free) char *quoted = str_shell_quote("it's; rm -rf");
    OSP_AUTO(auto_free) char *plain = str_shell_quote("a/b-1.mp4");

    (void)state;
    str_copy(cut, sizeof(cut), "ab\xC3\xA9\xC3\xA9"); /* cut at a whole character */
    assert_string_equal(cut, "ab\xC3\xA9");
    assert_string_equal(quoted, "'it'\\''s; rm -rf'");
    assert_string_equal(plain, "a/b-1.mp4");
    assert_int_equal(str_code_points("a\xC3\xA9\xF0\x9F\x98\x80"), 3);
    assert_int_equal(str_code_points("\xED\xA0\x80"), -1); /* a surrogate */
    assert_int_equal(str_utf8_span("a\xC3\xA9\xED\xA0\x80z"), 3);
    assert_int_equal(str_utf8_span("a\xC3\xA9"), 3);
    assert_int_equal(str_utf8_span("a\xC3"), 1);
}

/* FIPS 180-2 appendix B.1 */
static void sha256_vector(void **state)
{
    char hex[SHA256_HEX];

    (void)state;
    sha256_buffer("abc", 3, hex);
    assert_string_equal(hex, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

static void bits_read(void **state)
{
    /* 1 | 010 | 011 | 00100 | 0001111 : ue 0, 1, 2, 3 and 14 */
    static const uint8_t data[] = { 0xA6, 0x42, 0x1E };
    static const uint8_t nal[] = { 0, 0, 3, 1, 0, 0, 3, 0, 0, 3 };
    uint8_t out[sizeof(nal)];
    struct bit_reader bits;

    (void)state;
    bits_init(&bits, data, sizeof(data));
    for (uint32_t i = 0; i < 4; i++)
        assert_int_equal(bits_ue(&bits), i);
    assert_false(bits.overrun);
    bits_u(&bits, 32);
    assert_true(bits.overrun);
    assert_int_equal(nal_unescape(nal, sizeof(nal), out), 7);
    assert_memory_equal(out, "\0\0\1\0\0\0\0", 7);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(json_keeps_digits),
        cmocka_unit_test(json_refuses),
        cmocka_unit_test(json_bounds_its_memory),
        cmocka_unit_test(json_takes),
        cmocka_unit_test(base64_to_the_letter),
        cmocka_unit_test(json_canonical_sorts),
        cmocka_unit_test(json_merge_patches),
        cmocka_unit_test(rational_times),
        cmocka_unit_test(rational_prints),
        cmocka_unit_test(a_file_appears_whole_or_not),
        cmocka_unit_test(devices_and_pipes_stay),
        cmocka_unit_test(what_a_killed_process_left_is_swept),
        cmocka_unit_test(names_that_are_no_text),
        cmocka_unit_test(errors_keep_the_first_failure),
        cmocka_unit_test(text_tools),
        cmocka_unit_test(sha256_vector),
        cmocka_unit_test(bits_read),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
