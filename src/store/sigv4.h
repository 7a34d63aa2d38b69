/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef STORE_SIGV4_H
#define STORE_SIGV4_H

#include <stddef.h>
#include <stdint.h>

/**
 * AWS Signature Version 4 for headers and for query strings. Pure: the time is given. libcurl's
 * own signer of that name signs only what is canonical already, and no query string.
 */
struct sigv4_key {
    const char *access, *secret;
    const char *token; /* of a session; NULL: none */
    const char *region, *service;
};

struct sigv4_pair {
    const char *name, *value;
};

#define SIGV4_UNSIGNED  "UNSIGNED-PAYLOAD"
#define SIGV4_DATE_SIZE 17
#define SIGV4_PAIRS     16 /* at most so many headers, and as many query pairs */

/** A request as it will be sent. Texts are raw: nothing is escaped yet. */
struct sigv4_request {
    const char *method;
    const char *path; /* begins with "/"; dots and double slashes stay as they are */
    struct sigv4_pair query[SIGV4_PAIRS];
    size_t query_count;
    struct sigv4_pair headers[SIGV4_PAIRS]; /* those to sign; host among them */
    size_t header_count;
    const char *payload; /* SHA-256 of the body in hexadecimal, or SIGV4_UNSIGNED */
};

/** "20130524T000000Z", the value of x-amz-date. */
void sigv4_date(int64_t now_s, char out[SIGV4_DATE_SIZE]);
/** What stands in the request line, escaped: the path, "?", the query; yours: free(). */
char *sigv4_target(const struct sigv4_request *request);
/** Value of the Authorization header. x-amz-date and a token are among the headers, by the caller;
 *  yours: free(). NULL: out of memory. */
char *sigv4_header(const struct sigv4_key *key, const struct sigv4_request *request, int64_t now_s);
/** sigv4_target() with the signature in its query, good for life_s; yours: free(). */
char *sigv4_query(const struct sigv4_key *key, const struct sigv4_request *request, int64_t now_s,
                  int64_t life_s);

#endif
