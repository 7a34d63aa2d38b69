/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef SIM_ANSWER_H
#define SIM_ANSWER_H

#include <stddef.h>

#include "sim/state.h"

#define SIM_SIGNATURE_SIZE 33

/** HTTP status of a code of the service; 400 for one that is not in the table. */
int sim_code_status(int code);
/** The service's words for a code. */
const char *sim_code_message(int code);

/** {code, message, request_id}, data when given (takes it). */
struct json *sim_answer(int code, const char *message, struct json *data);
/** data of a create. */
struct json *sim_answer_created(const struct sim_task *task);
/** data of a query; under the lock. */
struct json *sim_answer_task(const struct sim *sim, const struct sim_task *task, int64_t now_ms);
/** The ledger; under the lock. */
struct json *sim_answer_ledger(const struct sim *sim, int64_t now_ms);

/** What makes the address of a result hard to guess. */
void sim_sign(const struct sim *sim, const char *task_id, const char *file,
              char out[SIM_SIGNATURE_SIZE]);

#endif
