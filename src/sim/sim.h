/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef SIM_SIM_H
#define SIM_SIM_H

#include <stdbool.h>

#include "base/error.h"

/**
 * The simulator: the gateway's HTTP on the loopback interface, a store for uploads, a ledger of
 * what was billed. It runs on threads of its own until it is stopped. All it knows lives in its
 * state folder and survives it, kill -9 included: a task that was accepted goes on when another
 * simulator opens the same folder.
 */
struct sim;

struct sim_options {
    const char *state;      /* folder; made when it is not there */
    int port;               /* 0: any free one */
    const char *key;        /* the bearer key it takes; NULL: made once, kept in the state folder */
    double delay_s;         /* from the create to the end of a task; below 0: the default, 1 s */
    const char *faults;     /* JSON file: see sim_help_faults(); NULL: behave */
    bool accept_duplicates; /* take a second use of an external_task_id, as a gateway might */
};

/** @param out  set on success only; yours: sim_stop() */
int sim_start(const struct sim_options *options, struct sim **out, osp_error *err);
const char *sim_url(const struct sim *sim);    /* base URL of the gateway, without "/" at the end */
const char *sim_ledger(const struct sim *sim); /* address of the ledger */
const char *sim_store(const struct sim *sim);  /* base address of the object store */
const char *sim_key(const struct sim *sim);
void sim_stop(struct sim **sim); /* NULL is fine; sets NULL */

/** Text for --help: the looks that words of a prompt choose, one line each. */
const char *sim_help_looks(void);
/** Text for --help all: what a faults file holds. */
const char *sim_help_faults(void);

#endif
