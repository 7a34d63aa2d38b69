/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef GATEWAY_CODES_H
#define GATEWAY_CODES_H

#include <stdbool.h>

#include "gateway/answer.h"
#include "net/http.h"

enum answer_class {
    ANSWER_OK,
    ANSWER_AUTH,
    ANSWER_DENIED,
    ANSWER_CREDIT,
    ANSWER_INPUT,
    ANSWER_POLICY,
    ANSWER_CONFIG,
    ANSWER_BUSY,
    ANSWER_AMBIGUOUS,
    ANSWER_DUPLICATE, /* the external id is taken: the first create was accepted */
    ANSWER_NOTFOUND,
    ANSWER_NETWORK,
    ANSWER_TLS,
    ANSWER_FAILED, /* accepted, then failed */
};

/** Whether a create made a task. NO is said by the table in codes.c and nowhere else. */
enum created { CREATED_NO, CREATED_YES, CREATED_MAYBE };

/** What was asked. */
enum act { ACT_CREATE = 1, ACT_QUERY = 2, ACT_TASK = 4 /* a task that ended as failed */ };

struct meaning {
    enum answer_class class;
    enum created created;
    bool retry; /* the same may be asked again by itself, with back-off */
    osp_code code;
    const char *words; /* for a person */
    const char *hint;  /* may be NULL */
};

/** @param answer  NULL when none came back */
struct meaning meaning_of(enum act act, const struct http_answer *http,
                          const struct answer *answer);
/** Fill the error: words, the service's message verbatim, HTTP status, code, request_id.
 *  What the transport said already stays in front. @return the code */
int meaning_fail(const struct meaning *meaning, const struct http_answer *http,
                 const struct answer *answer, osp_error *err);
const char *answer_class_name(enum answer_class class);

#endif
