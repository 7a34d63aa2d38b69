/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef SIM_FAULTS_H
#define SIM_FAULTS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/json.h"

/** What the simulator does wrong on demand. One table (faults.c) serves prompts and files. */
enum sim_fault {
    SIM_FAULT_REFUSE, /* answered at create, nothing made */
    SIM_FAULT_MONEY,
    SIM_FAULT_BUSY,
    SIM_FAULT_CODE,
    SIM_FAULT_500, /* the task is made, the answer goes wrong */
    SIM_FAULT_RESET,
    SIM_FAULT_HANG,
    SIM_FAULT_NOJSON,
    SIM_FAULT_SLOW, /* the task's life */
    SIM_FAULT_HIDE,
    SIM_FAULT_FAIL,
    SIM_FAULT_POLICY,
    SIM_FAULT_SHORT, /* the result */
    SIM_FAULT_RATIO,
    SIM_FAULT_GARBAGE,
    SIM_FAULT_GONE,
    SIM_FAULT_CUT,
    SIM_FAULT_COUNT
};

struct sim_faults {
    int64_t value[SIM_FAULT_COUNT]; /* -1: off; else milliseconds or a code, 0 without a value */
};

void sim_faults_clear(struct sim_faults *faults);
bool sim_faults_on(const struct sim_faults *faults, enum sim_fault fault);
/** "slow=2.5". @return false: not in the table, or the value is missing or out of place */
bool sim_faults_add(struct sim_faults *faults, const char *word);
/** Every "sim:..." of a prompt.
 *  @param unknown  the first word that is not in the table, "" when all are; 64 bytes */
void sim_faults_from_prompt(struct sim_faults *faults, const char *prompt, char *unknown);

/** As words in a JSON list and back, for the state folder. */
struct json *sim_faults_json(const struct sim_faults *faults);
void sim_faults_read(struct sim_faults *faults, const struct json *list);

/** A faults file, read and judged. @param out  yours: json_free() */
int sim_faults_file_open(const char *path, struct json **out, osp_error *err);
/** What the file says about the nth create on that endpoint. */
void sim_faults_from_file(struct sim_faults *faults, const struct json *file, const char *endpoint,
                          int64_t nth);

#endif
