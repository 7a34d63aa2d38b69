/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef SIM_REQUEST_H
#define SIM_REQUEST_H

#include <stdbool.h>

#include "base/json.h"
#include "sim/endpoint.h"

/** An answer that refuses a create: the code says the HTTP status, see sim_code_status(). */
struct sim_refusal {
    int code; /* 0: not refused */
    char message[256];
};

/** What is judged before a task is made: shape, types, enumerations, lengths, combinations. The
 *  media themselves are looked at later, as the service does. */
void sim_request_judge(const struct json *limits, enum sim_endpoint endpoint,
                       const struct json *request, struct sim_refusal *refusal);

/** Readers of a judged request; absent and "" mean the same. */
const char *sim_request_text(const struct json *request, const char *field, const char *otherwise);
/** The first (only) reference video, or NULL. */
const struct json *sim_request_video(const struct json *request);
bool sim_request_is_base(const struct json *request); /* that video is to be edited */
/** All prompts of a request as one text; yours: free(). NULL: out of memory. */
char *sim_request_prompts(const struct json *request);

#endif
