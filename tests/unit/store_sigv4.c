/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The signer against what AWS publishes: the five examples of the S3 guide ("Signature
 * calculations"), and the cases of aws-c-auth's tests/aws-signing-test-suite/v4 that hold for S3
 * (those that fold dots and slashes, or escape twice, do not). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/hash.h"
#include "store/sigv4.h"

#define EMPTY  "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
#define SECRET "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
#define SUITE  "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
#define TOKEN  "6e86291e8372ff2a2260956d9b8aae1d763fbf315fa00fa31553b73ebf194267"

static const struct sigv4_key guide = { "AKIAIOSFODNN7EXAMPLE", SECRET, NULL, "us-east-1", "s3" };
static const struct sigv4_key suite = { "AKIDEXAMPLE", SUITE, NULL, "us-east-1", "service" };
static const struct sigv4_key with_token = { "AKIDEXAMPLE", SUITE, TOKEN, "us-east-1", "service" };

#define GUIDE_TIME 1369353600 /* 2013-05-24T00:00:00Z */
#define SUITE_TIME 1440938160 /* 2015-08-30T12:36:00Z */
#define GUIDE_HOST                               \
    {                                            \
        "Host", "examplebucket.s3.amazonaws.com" \
    }
#define GUIDE_DATE                       \
    {                                    \
        "x-amz-date", "20130524T000000Z" \
    }
#define SUITE_HOST                      \
    {                                   \
        "Host", "example.amazonaws.com" \
    }
#define SUITE_DATE                       \
    {                                    \
        "X-Amz-Date", "20150830T123600Z" \
    }

static const struct row {
    const char *name;
    const struct sigv4_key *key;
    int64_t now;
    struct sigv4_request request;
    const char *signature;
} by_header[] = {
    { "guide: GET object",
      &guide,
      GUIDE_TIME,
      { .method = "GET",
        .path = "/test.txt",
        .headers = { GUIDE_HOST, { "Range", "bytes=0-9" }, { "x-amz-content-sha256", EMPTY },
                     GUIDE_DATE },
        .header_count = 4,
        .payload = EMPTY },
      "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41" },
    { "guide: PUT object",
      &guide,
      GUIDE_TIME,
      { .method = "PUT",
        .path = "/test$file.text",
        .headers = { GUIDE_HOST,
                     { "Date", "Fri, 24 May 2013 00:00:00 GMT" },
                     GUIDE_DATE,
                     { "x-amz-storage-class", "REDUCED_REDUNDANCY" },
                     { "x-amz-content-sha256",
                       "44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072" } },
        .header_count = 5,
        .payload = "44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072" },
      "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd" },
    { "guide: GET lifecycle",
      &guide,
      GUIDE_TIME,
      { .method = "GET",
        .path = "/",
        .query = { { "lifecycle", "" } },
        .query_count = 1,
        .headers = { GUIDE_HOST, GUIDE_DATE, { "x-amz-content-sha256", EMPTY } },
        .header_count = 3,
        .payload = EMPTY },
      "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543" },
    { "guide: list objects",
      &guide,
      GUIDE_TIME,
      { .method = "GET",
        .path = "/",
        .query = { { "prefix", "J" }, { "max-keys", "2" } },
        .query_count = 2,
        .headers = { GUIDE_HOST, GUIDE_DATE, { "x-amz-content-sha256", EMPTY } },
        .header_count = 3,
        .payload = EMPTY },
      "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7" },
    { "suite: get-vanilla",
      &suite,
      SUITE_TIME,
      { .method = "GET",
        .path = "/",
        .headers = { SUITE_HOST, SUITE_DATE },
        .header_count = 2,
        .payload = EMPTY },
      "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31" },
    { "suite: get-vanilla-with-session-token",
      &with_token,
      SUITE_TIME,
      { .method = "GET",
        .path = "/",
        .headers = { SUITE_HOST, SUITE_DATE, { "X-Amz-Security-Token", TOKEN } },
        .header_count = 3,
        .payload = EMPTY },
      "07ec1639c89043aa0e3e2de82b96708f198cceab042d4a97044c66dd9f74e7f8" },
    { "suite: get-vanilla-query-order-key-case",
      &suite,
      SUITE_TIME,
      { .method = "GET",
        .path = "/",
        .query = { { "Param2", "value2" }, { "Param1", "value1" } },
        .query_count = 2,
        .headers = { SUITE_HOST, SUITE_DATE },
        .header_count = 2,
        .payload = EMPTY },
      "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500" },
    { "suite: get-vanilla-empty-query-key",
      &suite,
      SUITE_TIME,
      { .method = "GET",
        .path = "/",
        .query = { { "Param1", "value1" } },
        .query_count = 1,
        .headers = { SUITE_HOST, SUITE_DATE },
        .header_count = 2,
        .payload = EMPTY },
      "a67d582fa61cc504c4bae71f336f98b97f1ea3c7a6bfe1b6e45aec72011b9aeb" },
    { "suite: get-vanilla-utf8-query",
      &suite,
      SUITE_TIME,
      { .method = "GET",
        .path = "/",
        .query = { { "\xe1\x88\xb4", "bar" } },
        .query_count = 1,
        .headers = { SUITE_HOST, SUITE_DATE },
        .header_count = 2,
        .payload = EMPTY },
      "2cdec8eed098649ff3a119c94853b13c643bcf08f8b0a1d91e12c9027818dd04" },
    { "suite: get-unreserved",
      &suite,
      SUITE_TIME,
      { .method = "GET",
        .path = "/-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz",
        .headers = { SUITE_HOST, SUITE_DATE },
        .header_count = 2,
        .payload = EMPTY },
      "07ef7494c76fa4850883e2b006601f940f8a34d404d0cfa977f52a65bbf5f24f" },
    { "suite: get-space-unnormalized",
      &suite,
      SUITE_TIME,
      { .method = "GET",
        .path = "/example space/",
        .headers = { SUITE_HOST, SUITE_DATE },
        .header_count = 2,
        .payload = EMPTY },
      "652487583200325589f1fba4c7e578f72c47cb61beeca81406b39ddec1366741" },
    { "suite: get-slashes-unnormalized",
      &suite,
      SUITE_TIME,
      { .method = "GET",
        .path = "//example//",
        .headers = { SUITE_HOST, SUITE_DATE },
        .header_count = 2,
        .payload = EMPTY },
      "87cca117541a147f6df867677d98a7d80dff226d2bfca9e4ffa899665623c7e5" },
    { "suite: get-relative-unnormalized",
      &suite,
      SUITE_TIME,
      { .method = "GET",
        .path = "/example/..",
        .headers = { SUITE_HOST, SUITE_DATE },
        .header_count = 2,
        .payload = EMPTY },
      "eca7ead57bb5aa5c8e28007acd4ff04e1ff9a0ff3b237ec1554a184887ff9282" },
    { "suite: get-header-value-trim",
      &suite,
      SUITE_TIME,
      { .method = "GET",
        .path = "/",
        .headers = { { "My-Header2", " \"a   b   c\"" }, SUITE_DATE, { "My-Header1", " value1" },
                     SUITE_HOST },
        .header_count = 4,
        .payload = EMPTY },
      "acc3ed3afb60bb290fc8d2dd0098b9911fcaa05412b367055dee359757a9c736" },
}, by_query[] = {
    { "guide: presigned GET",
      &guide,
      GUIDE_TIME,
      { .method = "GET",
        .path = "/test.txt",
        .headers = { GUIDE_HOST },
        .header_count = 1,
        .payload = SIGV4_UNSIGNED },
      "aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404" },
    { "suite: get-vanilla-with-session-token",
      &with_token,
      SUITE_TIME,
      { .method = "GET",
        .path = "/",
        .headers = { SUITE_HOST },
        .header_count = 1,
        .payload = EMPTY },
      "7ff2b50b376cb4d151970630573d6291dc128cc5c2a12ffb237f73cc53f67b6c" },
    { "suite: get-vanilla-query-order-key-case",
      &suite,
      SUITE_TIME,
      { .method = "GET",
        .path = "/",
        .query = { { "Param2", "value2" }, { "Param1", "value1" } },
        .query_count = 2,
        .headers = { SUITE_HOST },
        .header_count = 1,
        .payload = EMPTY },
      "86012e2c9ad4d77369f5d81c11f75158aae4f895a085212cc6d3f923d300bed5" },
    { "suite: get-vanilla-utf8-query",
      &suite,
      SUITE_TIME,
      { .method = "GET",
        .path = "/",
        .query = { { "\xe1\x88\xb4", "bar" } },
        .query_count = 1,
        .headers = { SUITE_HOST },
        .header_count = 1,
        .payload = EMPTY },
      "0bdd809b1519ac4f0c1dc3540e2cc46bd0c7f778eda408b2ebf3b913d21ff600" },
    { "suite: get-slashes-unnormalized",
      &suite,
      SUITE_TIME,
      { .method = "GET",
        .path = "//example//",
        .headers = { SUITE_HOST },
        .header_count = 1,
        .payload = EMPTY },
      "822a5a9ba28072c5ab2bb4a6307d0c88276d40e49fec6b724c03fb4d4ba60fc2" },
    { "suite: get-header-value-trim",
      &suite,
      SUITE_TIME,
      { .method = "GET",
        .path = "/",
        .headers = { SUITE_HOST, { "My-Header1", " value1" }, { "My-Header2", " \"a   b   c\"" } },
        .header_count = 3,
        .payload = EMPTY },
      "e7bb0fd515e125e1aec2ecc4c0c17484fb06f6846b927c35e46005dd3df3acd4" },
};

static void expect(const struct row *row, const char *text, const char *before)
{
    const char *at = text ? strstr(text, before) : NULL;

    if (!at || strcmp(at + strlen(before), row->signature) != 0)
        fail_msg("%s: %s", row->name, text ? text : "nothing");
}

static void test_headers(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(by_header) / sizeof(by_header[0]); i++) {
        const struct row *row = &by_header[i];
        char *text = sigv4_header(row->key, &row->request, row->now);

        expect(row, text, ", Signature=");
        free(text);
    }
}

static void test_queries(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(by_query) / sizeof(by_query[0]); i++) {
        const struct row *row = &by_query[i];
        int64_t life = row->key == &guide ? 86400 : 3600;
        char *text = sigv4_query(row->key, &row->request, row->now, life);

        expect(row, text, "&X-Amz-Signature=");
        free(text);
    }
}

static void test_the_form_of_a_header(void **state)
{
    char *text = sigv4_header(&guide, &by_header[0].request, GUIDE_TIME);

    (void)state;
    assert_string_equal(
        text,
        "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request, "
        "SignedHeaders=host;range;x-amz-content-sha256;x-amz-date, Signature="
        "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41");
    free(text);
}

/* What is sent is what was signed: one text for both. */
static void test_targets(void **state)
{
    static const struct {
        struct sigv4_request request;
        const char *target;
    } rows[] = {
        { { .path = "/b/a b+c%d" }, "/b/a%20b%2Bc%25d" },
        { { .path = "/b/%20/\xc3\xa9/(x)/~" }, "/b/%2520/%C3%A9/%28x%29/~" },
        { { .path = "/b//x/../y" }, "/b//x/../y" },
        { { .path = "/b", .query = { { "uploads", "" } }, .query_count = 1 }, "/b?uploads=" },
        { { .path = "/b",
            .query = { { "b", "2/3" }, { "a-b", "1" }, { "a", "x y" }, { "a", "X" } },
            .query_count = 4 },
          "/b?a=X&a=x%20y&a-b=1&b=2%2F3" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char *target = sigv4_target(&rows[i].request);

        assert_string_equal(target, rows[i].target);
        free(target);
    }
}

/* RFC 4231 test case 2, and a key that is longer than a block (case 6). */
static void test_hmac(void **state)
{
    unsigned char digest[HMAC_SHA256_SIZE], key[131];
    char hex[SHA256_HEX];
    const char *text = "Test Using Larger Than Block-Size Key - Hash Key First";

    (void)state;
    assert_true(hmac_sha256("Jefe", 4, "what do ya want for nothing?", 28, digest));
    sha256_digest_hex(digest, hex);
    assert_string_equal(hex, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    memset(key, 0xaa, sizeof(key));
    assert_true(hmac_sha256(key, sizeof(key), text, strlen(text), digest));
    sha256_digest_hex(digest, hex);
    assert_string_equal(hex, "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_headers),
        cmocka_unit_test(test_queries),
        cmocka_unit_test(test_the_form_of_a_header),
        cmocka_unit_test(test_targets),
        cmocka_unit_test(test_hmac),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
