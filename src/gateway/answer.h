/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef GATEWAY_ANSWER_H
#define GATEWAY_ANSWER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

/** Where a task stands. Words that nobody documents are no end: TASK_RUNNING. */
enum task_status { TASK_RUNNING, TASK_SUCCEEDED, TASK_FAILED };

#define TASK_ID_SIZE    513
#define REQUEST_ID_SIZE 257

/**
 * A create or query answer, read leniently: codes come as numbers and as strings, ids as strings
 * and as numbers beyond 2^53, members are missing or null. "" stands for what is not there.
 */
struct answer {
    bool json;         /* the body is a JSON object */
    bool accepted;     /* code 0 */
    char code[64];     /* "1201", "NO_PROVIDER_ERROR" ... */
    char message[480]; /* as the service wrote it; without JSON the beginning of the body */
    char request_id[REQUEST_ID_SIZE];
    char task_id[TASK_ID_SIZE]; /* whole, byte by byte: it may hold anything but 0 */
    bool unusable_id;           /* one is told and cannot be asked for: too long, "." or ".." */
    char external_task_id[64];  /* the echo; it cannot be relied on */
    char status[32];            /* the service's word */
    char status_message[480];
    char units[24];      /* final_unit_deduction: decimal text */
    char *url;           /* of the first video; may be signed: never shown; no control characters */
    char *watermark_url; /* same */
    int64_t created_ms;  /* 0: not told */
};

/** @return OSP_OK whatever the body is, OSP_EINTERNAL (out of memory) */
int answer_read(const char *body, size_t size, struct answer *answer, osp_error *err);
void answer_release(struct answer *answer);
enum task_status answer_status(const struct answer *answer);

#endif
