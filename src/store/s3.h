/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef STORE_S3_H
#define STORE_S3_H

#include "store/aws.h"
#include "store/sigv4.h"
#include "store/store.h"

/** One bucket of an S3-compatible service. */
struct s3 {
    char *bucket;
    char *prefix; /* of every name: "" or "folder/" */
    char *base;   /* scheme and host, no "/" at the end */
    char *host;   /* value of the Host header: it is signed */
    bool path_style;
    struct aws aws; /* key; region is set */
    char *public_url;
    char *memory;
    int64_t life_s, part_bytes;
    size_t parallel;
    int timeout_s;
    int64_t clock_offset_s; /* the server's clock less ours, once it had to be learnt */
    bool clock_learnt;
};

/* ---- one request (s3_wire.c) ---- */

/** What is asked. Everything stays the caller's until the request has ended. */
struct s3_call {
    const char *method;
    const char *name; /* of the object, without the prefix; NULL: the bucket */
    struct sigv4_pair query[4];
    size_t query_count;
    const char *body; /* from memory; NULL: none */
    const char *file; /* or a part of a file, with its hashes */
    int64_t offset, length;
    const char *sha256, *md5; /* md5: base64, "" or NULL: not sent */
    const char *type;         /* Content-Type */
    const char *content;      /* SHA-256 of the whole object, kept with it */
    void (*progress)(int64_t done, int64_t total, void *opaque);
    void *opaque;
    osp_cancel *cancel;
};

#define S3_LINES 8

/** A signed request and the texts that it points to. */
struct s3_request {
    struct http_request http;
    char *url;
    char *lines[S3_LINES];
    const char *headers[S3_LINES + 1];
};

int s3_request_make(const struct s3 *s3, const struct s3_call *call, struct s3_request *out,
                    osp_error *err);
void s3_request_release(struct s3_request *request);

/** Send one and wait; once more when the server's clock had to be learnt.
 *  @return as http_perform(): any status is an answer */
int s3_call(struct s3 *s3, struct http *http, const struct s3_call *call,
            struct http_answer *answer, osp_error *err);
/** The server's clock is another than ours, and is known from now on: sign again. */
bool s3_learn_clock(struct s3 *s3, const struct http_answer *answer);
/** Why an answer is none of success, in one line. @return OSP_EACCESS, OSP_EAGAIN, OSP_EOUTPUT */
int s3_refused(const struct s3 *s3, const struct http_answer *answer, osp_error *err);
/** The <Code> of an answer; "" when it has none. */
void s3_code(const struct http_answer *answer, char *to, size_t room);
/** Key of an object: prefix and name; yours: free(). */
char *s3_key(const struct s3 *s3, const char *name);
/** Path of an object, or of the bucket (NULL), before it is escaped; yours: free(). */
char *s3_path(const struct s3 *s3, const char *name);

/* ---- whole objects (s3.c) and in parts (s3_parts.c) ---- */

/** This very content lies there. @return OSP_OK (*there tells), or why nobody knows */
int s3_present(struct s3 *s3, struct http *http, const struct store_put *put, bool *there,
               osp_error *err);
/**
 * Put a file in parts, side by side; goes on where an earlier run stopped.
 * @return OSP_OK; OSP_EAGAIN and OSP_ECANCELED leave the parts for the next run, after any other
 *         failure they are taken away
 */
int s3_put_parts(struct s3 *s3, struct http *http, const struct store_put *put, int64_t size,
                 osp_error *err);
/** Take away what an upload that will not be finished has left. Best effort. */
void s3_abort_parts(struct s3 *s3, struct http *http, const char *name);

#endif
