/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A key that a server sends back, in every writing of it. The base64 is that of coreutils. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "net/secret.h"

static const char key[] = "sk/ret+key-12345";

static const struct {
    const char *text, *shown;
} rows[] = {
    { "", "" },
    { "nothing of it: sk/ret+key-1234", "nothing of it: sk/ret+key-1234" },
    { "a sk/ret+key-12345 b", "a *** b" },
    { "sk/ret+key-12345sk/ret+key-12345", "******" },
    { "?k=sk%2Fret%2Bkey-12345&x", "?k=***&x" },
    { "%73%6b%2f%72%65%74%2b%6b%65%79%2d%31%32%33%34%35", "***" },
    { "{\"m\":\"sk\\/ret+key-12345\"}", "{\"m\":\"***\"}" },
    { "\\u0073k\\u002Fret\\u002bkey-12345!", "***!" },
    { "<b>sk&#47;ret&#x2b;key-12345</b>", "<b>***</b>" },
    { "sk&#47;ret&#x2b;key-1234", "sk&#47;ret&#x2b;key-1234" },
    { "Basic c2svcmV0K2tleS0xMjM0NQ==", "Basic ***" },          /* the key */
    { "Basic OnNrL3JldCtrZXktMTIzNDU= x", "Basic On*** x" },    /* :key */
    { "Basic dTpzay9yZXQra2V5LTEyMzQ1LmVuZA", "Basic dTp***" }, /* u:key.end */
    { "Basic dTpzay9yZXQra2V5LTEyMzQ1LmVuZA.x", "Basic dTp***.x" },
    { "%", "%" },
    { "&#", "&#" },
    { "\\u00", "\\u00" },
};

static void test_rows(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        size_t size = strlen(rows[i].text);
        char *shown = secret_mask(rows[i].text, &size, key);

        assert_string_equal(shown, rows[i].shown);
        assert_int_equal(size, strlen(rows[i].shown));
        free(shown);
    }
}

/* Both digits of the second alphabet: ">>>???" is "Pj4+Pz8/". */
static void test_base64_of_addresses(void **state)
{
    static const char text[] = "t=Pj4-Pz8_PHNlY3JldD4&n=1";
    size_t size = strlen(text);
    char *shown = secret_mask(text, &size, ">>>??\?<secret>");

    (void)state;
    assert_string_equal(shown, "t=***&n=1");
    free(shown);
}

static void test_bytes(void **state)
{
    static const char text[] = "a\0sk/ret+key-12345\0b";
    size_t size = sizeof(text) - 1;
    char *shown = secret_mask(text, &size, key);

    (void)state;
    assert_int_equal(size, 7);
    assert_memory_equal(shown, "a\0***\0b", 8);
    free(shown);
}

/* No key, and one that would stand in every second word. */
static void test_no_secret(void **state)
{
    static const char *const keys[] = { NULL, "", "k", "taskid7" };
    static const char text[] = "{\"task_id\":\"taskid7\"}";

    (void)state;
    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
        size_t size = strlen(text);
        char *shown = secret_mask(text, &size, keys[i]);

        assert_string_equal(shown, text);
        free(shown);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_base64_of_addresses),
        cmocka_unit_test(test_bytes),
        cmocka_unit_test(test_no_secret),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
