/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "net/http.h"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/str.h"

static void url_cleanup(CURLU **url)
{
    curl_url_cleanup(*url);
}

static void curl_text_free(char **text)
{
    curl_free(*text);
}

static bool host_is_loopback(const char *host)
{
    struct in_addr v4;
    char bare[64];
    size_t n = strlen(host);

    if (strcmp(host, "localhost") == 0 || str_ends(host, ".localhost")) /* RFC 6761 6.3 */
        return true;
    if (n > 2 && n < sizeof(bare) && host[0] == '[') {
        struct in6_addr v6;

        memcpy(bare, host + 1, n - 2);
        bare[n - 2] = 0;
        return inet_pton(AF_INET6, bare, &v6) == 1 && IN6_IS_ADDR_LOOPBACK(&v6);
    }
    return inet_pton(AF_INET, host, &v4) == 1 && (ntohl(v4.s_addr) >> 24) == 127;
}

bool http_url_is_loopback(const char *text)
{
    OSP_AUTO(url_cleanup) CURLU *url = curl_url();
    OSP_AUTO(curl_text_free) char *host = NULL;

    return url && curl_url_set(url, CURLUPART_URL, text, 0) == CURLUE_OK &&
           curl_url_get(url, CURLUPART_HOST, &host, 0) == CURLUE_OK && host_is_loopback(host);
}

int http_url_check(const char *text, osp_error *err)
{
    OSP_AUTO(url_cleanup) CURLU *url = curl_url();
    OSP_AUTO(curl_text_free) char *scheme = NULL;
    OSP_AUTO(auto_free) char *shown = http_mask(text);

    if (!url || !shown)
        return osp_nomem(err);
    if (curl_url_set(url, CURLUPART_URL, text, CURLU_NON_SUPPORT_SCHEME) != CURLUE_OK ||
        curl_url_get(url, CURLUPART_SCHEME, &scheme, 0) != CURLUE_OK)
        return osp_fail(err, OSP_EACCESS, "'%s' is not an address", shown);
    if (strcmp(scheme, "https") == 0)
        return OSP_OK;
    if (strcmp(scheme, "http") == 0 && http_url_is_loopback(text))
        return OSP_OK;
    osp_fail(err, OSP_EACCESS, "'%s' is not used: %s", shown,
             strcmp(scheme, "http") == 0 ? "plain http would show the key and the pictures to "
                                           "everyone on the way"
                                         : "it is neither https nor http");
    return osp_hint(err, "https is spoken with any host, plain http with this machine alone");
}

static void small_letters(char *text)
{
    for (; *text; text++) {
        if (*text >= 'A' && *text <= 'Z')
            *text = (char)(*text - 'A' + 'a');
    }
}

char *http_url_identity(const char *text)
{
    OSP_AUTO(url_cleanup) CURLU *url = curl_url();
    OSP_AUTO(curl_text_free) char *scheme = NULL;
    OSP_AUTO(curl_text_free) char *host = NULL;
    OSP_AUTO(curl_text_free) char *port = NULL;
    OSP_AUTO(curl_text_free) char *path = NULL;
    size_t size;

    if (!url || curl_url_set(url, CURLUPART_URL, text, 0) != CURLUE_OK ||
        curl_url_get(url, CURLUPART_SCHEME, &scheme, 0) != CURLUE_OK ||
        curl_url_get(url, CURLUPART_HOST, &host, 0) != CURLUE_OK ||
        curl_url_get(url, CURLUPART_PATH, &path, 0) != CURLUE_OK)
        return NULL;
    (void)curl_url_get(url, CURLUPART_PORT, &port, CURLU_NO_DEFAULT_PORT); /* none: NULL */
    small_letters(scheme);
    small_letters(host);
    for (size = strlen(path); size && path[size - 1] == '/';)
        path[--size] = 0;
    return str_format("%s://%s%s%s%s", scheme, host, port ? ":" : "", port ? port : "", path);
}

char *http_url_host(const char *text)
{
    OSP_AUTO(url_cleanup) CURLU *url = curl_url();
    OSP_AUTO(curl_text_free) char *host = NULL;
    OSP_AUTO(curl_text_free) char *port = NULL;

    if (!url || curl_url_set(url, CURLUPART_URL, text, 0) != CURLUE_OK ||
        curl_url_get(url, CURLUPART_HOST, &host, 0) != CURLUE_OK)
        return NULL;
    if (curl_url_get(url, CURLUPART_PORT, &port, CURLU_NO_DEFAULT_PORT) != CURLUE_OK)
        return str_dup(host);
    return str_format("%s:%s", host, port);
}

bool http_url_has_user(const char *text)
{
    OSP_AUTO(url_cleanup) CURLU *url = curl_url();
    OSP_AUTO(curl_text_free) char *user = NULL;

    return url && curl_url_set(url, CURLUPART_URL, text, 0) == CURLUE_OK &&
           curl_url_get(url, CURLUPART_USER, &user, 0) == CURLUE_OK;
}

char *http_escape(const char *segment)
{
    OSP_AUTO(strbuf_release) struct strbuf out = STRBUF_INIT;

    strbuf_escape(&out, segment, "");
    return strbuf_take(&out);
}

/* One word of a text: the query of an address is cut, and who stands before its host. */
static void mask_word(struct strbuf *out, const char *word, size_t size)
{
    const char *query = memchr(word, '?', size);
    size_t keep = query ? (size_t)(query - word) : size;
    const char *scheme = memmem(word, keep, "://", 3);
    const char *host = scheme ? scheme + 3 : word;
    const char *path = scheme ? memchr(host, '/', (size_t)(word + keep - host)) : NULL;
    const char *at = scheme ? memrchr(host, '@', (size_t)((path ? path : word + keep) - host))
                            : NULL;

    if (!scheme && word[0] != '/') {
        strbuf_add(out, word, size);
        return;
    }
    strbuf_add(out, word, (size_t)(host - word));
    strbuf_puts(out, at ? "...@" : "");
    host = at ? at + 1 : host;
    strbuf_add(out, host, (size_t)(word + keep - host));
    if (query && keep + 1 < size)
        strbuf_puts(out, "?...");
}

char *http_mask(const char *text)
{
    static const char borders[] = " \t\r\n\"'<>\\";
    OSP_AUTO(strbuf_release) struct strbuf out = STRBUF_INIT;

    while (*text) {
        size_t word = strcspn(text, borders);
        size_t gap;

        mask_word(&out, text, word);
        text += word;
        gap = strspn(text, borders);
        strbuf_add(&out, text, gap);
        text += gap;
    }
    return strbuf_take(&out);
}
