/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "store/sigv4.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "base/auto.h"
#include "base/hash.h"
#include "base/str.h"

/*
 * AWS General Reference, "Signature Version 4", with what S3 does otherwise: the path is escaped
 * once, and neither dot segments nor double slashes are folded. Every byte but RFC 3986's
 * unreserved ones is escaped, in upper case; pairs of the query are sorted after that, by name,
 * then by value; a name without a value gets its "=".
 */

#define ALGORITHM "AWS4-HMAC-SHA256"

/* ---- the query ----------------------------------------------------------------------------- */

struct escaped {
    char *name, *value;
};

static int by_name_and_value(const void *a, const void *b)
{
    const struct escaped *x = a, *y = b;
    int order = strcmp(x->name, y->name);

    return order ? order : strcmp(x->value, y->value);
}

static char *escaped_text(const char *text)
{
    OSP_AUTO(strbuf_release) struct strbuf out = STRBUF_INIT;

    strbuf_escape(&out, text, "");
    return strbuf_take(&out);
}

static void add_query(struct strbuf *out, const struct sigv4_request *request)
{
    struct escaped pairs[SIGV4_PAIRS] = { 0 };
    size_t count = request->query_count;
    bool whole = true;

    for (size_t i = 0; i < count; i++) {
        pairs[i].name = escaped_text(request->query[i].name);
        pairs[i].value = escaped_text(request->query[i].value);
        whole = whole && pairs[i].name && pairs[i].value;
    }
    if (whole)
        qsort(pairs, count, sizeof(pairs[0]), by_name_and_value);
    for (size_t i = 0; whole && i < count; i++)
        strbuf_printf(out, "%s%s=%s", i ? "&" : "", pairs[i].name, pairs[i].value);
    for (size_t i = 0; i < count; i++) {
        free(pairs[i].name);
        free(pairs[i].value);
    }
    out->failed = out->failed || !whole;
}

char *sigv4_target(const struct sigv4_request *request)
{
    OSP_AUTO(strbuf_release) struct strbuf out = STRBUF_INIT;

    strbuf_escape(&out, request->path, "/");
    if (request->query_count)
        strbuf_puts(&out, "?");
    add_query(&out, request);
    return strbuf_take(&out);
}

/* ---- the headers --------------------------------------------------------------------------- */

static int by_lower_name(const void *a, const void *b)
{
    const struct sigv4_pair *x = a, *y = b;

    return strcasecmp(x->name, y->name);
}

static void add_lower(struct strbuf *out, const char *name)
{
    for (; *name; name++) {
        char c = (char)tolower((unsigned char)*name);

        strbuf_add(out, &c, 1);
    }
}

/* Blanks around a value are cut, those within it become one. */
static void add_value(struct strbuf *out, const char *value)
{
    bool gap = false, begun = false;

    for (; *value; value++) {
        if (*value == ' ' || *value == '\t') {
            gap = begun;
            continue;
        }
        if (gap)
            strbuf_puts(out, " ");
        strbuf_add(out, value, 1);
        gap = false;
        begun = true;
    }
}

struct canonical {
    struct sigv4_pair headers[SIGV4_PAIRS]; /* sorted */
    char *signed_names;                     /* "host;x-amz-date" */
};

static void canonical_release(struct canonical *canonical)
{
    auto_free(&canonical->signed_names);
}

static bool canonical_make(struct canonical *canonical, const struct sigv4_request *request)
{
    OSP_AUTO(strbuf_release) struct strbuf names = STRBUF_INIT;

    memcpy(canonical->headers, request->headers, sizeof(canonical->headers));
    qsort(canonical->headers, request->header_count, sizeof(canonical->headers[0]), by_lower_name);
    for (size_t i = 0; i < request->header_count; i++) {
        strbuf_puts(&names, i ? ";" : "");
        add_lower(&names, canonical->headers[i].name);
    }
    canonical->signed_names = strbuf_take(&names);
    return canonical->signed_names != NULL;
}

/* ---- the signature ------------------------------------------------------------------------- */

struct scope {
    char date[SIGV4_DATE_SIZE];
    char *text; /* "20130524/us-east-1/s3/aws4_request" */
};

static void scope_release(struct scope *scope)
{
    auto_free(&scope->text);
}

static bool scope_make(struct scope *scope, const struct sigv4_key *key, int64_t now_s)
{
    sigv4_date(now_s, scope->date);
    scope->text = str_format("%.8s/%s/%s/aws4_request", scope->date, key->region, key->service);
    return scope->text != NULL;
}

void sigv4_date(int64_t now_s, char out[SIGV4_DATE_SIZE])
{
    time_t now = (time_t)now_s;
    struct tm utc;

    if (!gmtime_r(&now, &utc) || !strftime(out, SIGV4_DATE_SIZE, "%Y%m%dT%H%M%SZ", &utc))
        out[0] = 0;
}

static char *string_to_sign(const struct scope *scope, const struct sigv4_request *request,
                            const struct canonical *canonical)
{
    OSP_AUTO(strbuf_release) struct strbuf text = STRBUF_INIT;
    char hash[SHA256_HEX];

    strbuf_printf(&text, "%s\n", request->method);
    strbuf_escape(&text, request->path, "/");
    strbuf_puts(&text, "\n");
    add_query(&text, request);
    strbuf_puts(&text, "\n");
    for (size_t i = 0; i < request->header_count; i++) {
        add_lower(&text, canonical->headers[i].name);
        strbuf_puts(&text, ":");
        add_value(&text, canonical->headers[i].value);
        strbuf_puts(&text, "\n");
    }
    strbuf_printf(&text, "\n%s\n%s", canonical->signed_names, request->payload);
    if (text.failed)
        return NULL;
    sha256_buffer(text.data, text.size, hash);
    return str_format(ALGORITHM "\n%s\n%s\n%s", scope->date, scope->text, hash);
}

/* The key of a day, a region and a service, then the signature of the text by it. */
static bool sign(const struct sigv4_key *key, const struct scope *scope, const char *text,
                 char out[SHA256_HEX])
{
    OSP_AUTO(auto_free) char *seed = str_format("AWS4%s", key->secret);
    const char *const steps[] = { scope->date, key->region, key->service, "aws4_request", text };
    unsigned char digest[HMAC_SHA256_SIZE];
    bool fine = seed != NULL;

    for (size_t i = 0; fine && i < OSP_COUNT(steps); i++) {
        unsigned char next[HMAC_SHA256_SIZE];
        size_t size = i ? strlen(steps[i]) : 8; /* the day alone */

        fine = hmac_sha256(i ? (const char *)digest : seed, i ? sizeof(digest) : strlen(seed),
                           steps[i], size, next);
        memcpy(digest, next, sizeof(digest));
    }
    if (seed)
        explicit_bzero(seed, strlen(seed));
    if (fine)
        sha256_digest_hex(digest, out);
    explicit_bzero(digest, sizeof(digest));
    return fine;
}

static bool signature(const struct sigv4_key *key, const struct scope *scope,
                      const struct sigv4_request *request, const struct canonical *canonical,
                      char out[SHA256_HEX])
{
    OSP_AUTO(auto_free) char *text = string_to_sign(scope, request, canonical);

    return text && sign(key, scope, text, out);
}

char *sigv4_header(const struct sigv4_key *key, const struct sigv4_request *request, int64_t now_s)
{
    OSP_AUTO(scope_release) struct scope scope = { 0 };
    OSP_AUTO(canonical_release) struct canonical canonical = { 0 };
    char signed_text[SHA256_HEX];

    if (!scope_make(&scope, key, now_s) || !canonical_make(&canonical, request) ||
        !signature(key, &scope, request, &canonical, signed_text))
        return NULL;
    return str_format(ALGORITHM " Credential=%s/%s, SignedHeaders=%s, Signature=%s", key->access,
                      scope.text, canonical.signed_names, signed_text);
}

char *sigv4_query(const struct sigv4_key *key, const struct sigv4_request *plain, int64_t now_s,
                  int64_t life_s)
{
    OSP_AUTO(scope_release) struct scope scope = { 0 };
    OSP_AUTO(canonical_release) struct canonical canonical = { 0 };
    OSP_AUTO(auto_free) char *credential = NULL;
    OSP_AUTO(auto_free) char *life = str_format("%lld", (long long)life_s);
    OSP_AUTO(auto_free) char *target = NULL;
    struct sigv4_request request = *plain;
    char signed_text[SHA256_HEX];

    if (!life || !scope_make(&scope, key, now_s) || !canonical_make(&canonical, &request))
        return NULL;
    credential = str_format("%s/%s", key->access, scope.text);
    if (!credential || request.query_count + 6 > SIGV4_PAIRS)
        return NULL;
    request.query[request.query_count++] = (struct sigv4_pair){ "X-Amz-Algorithm", ALGORITHM };
    request.query[request.query_count++] = (struct sigv4_pair){ "X-Amz-Credential", credential };
    request.query[request.query_count++] = (struct sigv4_pair){ "X-Amz-Date", scope.date };
    request.query[request.query_count++] = (struct sigv4_pair){ "X-Amz-Expires", life };
    request.query[request.query_count++] = (struct sigv4_pair){ "X-Amz-SignedHeaders",
                                                                canonical.signed_names };
    if (key->token)
        request.query[request.query_count++] = (struct sigv4_pair){ "X-Amz-Security-Token",
                                                                    key->token };
    if (!signature(key, &scope, &request, &canonical, signed_text))
        return NULL;
    target = sigv4_target(&request);
    return target ? str_format("%s&X-Amz-Signature=%s", target, signed_text) : NULL;
}
