/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef NET_HTTP_H
#define NET_HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "omnisplice/cancel.h"

/**
 * One HTTP client: connections that are kept, one loop for the transfers, one thread at a time.
 * Plain http is spoken with loopback addresses alone; TLS is always verified.
 */
struct http;

/** How far a request got. It decides whether a create may be sent again. */
enum http_reach {
    HTTP_ANSWERED,   /* a whole answer came back, whatever its status */
    HTTP_NOT_SENT,   /* no such host, refused, no route, connect time-out: nothing was sent */
    HTTP_TLS,        /* no trusted TLS: nothing was sent */
    HTTP_PROXY,      /* the proxy refused: nothing was sent */
    HTTP_STOPPED,    /* before_send said no, or there is no such request: nothing was sent */
    HTTP_MAYBE_SENT, /* the connection stood, then no whole answer came */
};

struct http_request {
    const char *method; /* NULL: "GET" */
    const char *url;
    const char *const *headers; /* "Name: value", ended by NULL; or NULL */
    const char *bearer;         /* key; never logged, never sent to the target of a redirect */
    const char *user;           /* then the key is this user's password (Basic authorization) */
    const char *body;           /* from memory ... */
    size_t body_size;
    const char *body_file; /* ... or streamed from this file ... */
    int64_t body_offset;   /* ... or from a part of it */
    int64_t body_length;   /* 0: to its end */
    const char *sink;      /* a 2xx body goes to this file, behind what it holds (Range) */
    int64_t ceiling;       /* of the answer's body in bytes; 0: 16 MiB in memory, none in a file */
    int connect_timeout_s; /* 0: 15 */
    int idle_timeout_s;    /* 0: 60; ends a transfer that is slower for so long than ... */
    int slowest_bps;       /* ... so many bytes a second; 0: 1 */
    bool fresh;            /* never on a kept connection, HTTP/1.1: libcurl then never repeats it */
    bool secret_answer;    /* the answer may repeat what was signed: never traced */
    bool follow;           /* GET: follow redirects, at most five; the key stays behind */
    /** When the connection stands, before the first byte of the request. A negative code stops
     *  the transfer with nothing sent. Called on the caller's thread. */
    int (*before_send)(void *opaque, osp_error *err);
    void (*progress)(int64_t done, int64_t total, void *opaque); /* bytes; total 0: not known */
    void *opaque;                                                /* of both */
    osp_cancel *cancel;
};

/** No text of an answer holds the bearer key, whatever the server wrote: it reads *** there. */
struct http_answer {
    enum http_reach reach;
    int status; /* 0 without an answer */
    char *body; /* ended by 0, "" when it went to a file */
    size_t body_size;
    bool too_large; /* it passed the ceiling; what came before stays in the sink */
    char content_type[128];
    char content_range[96];
    char retry_after[64];
    char date[64];           /* the server's clock, as it says it */
    int64_t date_s;          /* the same, seconds since 1970; 0: not told */
    char etag[96];           /* without quotes */
    char sha256[72];         /* x-amz-meta-sha256: what we said of an object */
    int64_t content_length;  /* -1: not told; of HEAD, too */
    char location_host[256]; /* where a redirect pointed to, without path and query */
};

/** @param out  set on success only; yours: http_free() */
int http_new(struct http **out, osp_error *err);
void http_free(struct http **http);

/**
 * Send a request and wait for the whole answer.
 * @param answer  filled in either case; http_answer_release()
 * @return OSP_OK (any status: read it), OSP_EAGAIN (network), OSP_EACCESS (TLS, proxy, an address
 *         that must not be used), OSP_ECANCELED within 100 ms, OSP_EOUTPUT (sink), OSP_EMEDIA
 *         (body_file), or what before_send said
 */
int http_perform(struct http *http, const struct http_request *request, struct http_answer *answer,
                 osp_error *err);
void http_answer_release(struct http_answer *answer);

/** Requests that run side by side on the client's loop. The callbacks use no client. */
struct http_feed {
    size_t parallel; /* at most so many at once; at least 1 */
    /** The next request, when there is room. What it points to stays until it has ended.
     *  @return 1, 0 (none at present: asked again when one has ended), or a negative code: stop */
    int (*next)(void *opaque, struct http_request *request, void **tag, osp_error *err);
    /** One has ended as http_perform() would have. @return OSP_OK, or a negative code: stop */
    int (*ended)(void *opaque, void *tag, int ret, const struct http_answer *answer,
                 const osp_error *fault, osp_error *err);
    void *opaque;
    osp_cancel *cancel;
};

/** Until none runs and next() has none. Redirects are not followed.
 *  @return OSP_OK, OSP_ECANCELED within 100 ms, or what a callback stopped it with */
int http_run(struct http *http, const struct http_feed *feed, osp_error *err);

/** https anywhere, http on this machine (127.0.0.0/8, ::1, localhost). @return OSP_EACCESS */
int http_url_check(const char *url, osp_error *err);
bool http_url_is_loopback(const char *url);
/** One spelling for all of an address: scheme and host in small letters, no default port, no zeros
 *  before a port, no slash at the end, no query, nobody's name or password.
 *  @return yours: free(); NULL: no address, or out of memory */
char *http_url_identity(const char *url);
/** "host[:port]", as the Host header says it; yours: free(). NULL: no address, or no memory. */
char *http_url_host(const char *url);
/** The address carries a name, and maybe a password, before its host. */
bool http_url_has_user(const char *url);
/** One segment of a path, percent-encoded (RFC 3986 2.3); yours: free(). */
char *http_escape(const char *segment);
/** The text with queries and passwords of addresses cut: they may be signed; yours: free(). */
char *http_mask(const char *text);

#endif
