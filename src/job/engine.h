/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef JOB_ENGINE_H
#define JOB_ENGINE_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "config/config.h"
#include "job/journal.h"
#include "net/http.h"

/** What all jobs of a process share. */
struct osp_engine {
    struct config *config;
    struct journal *journal;
    pthread_mutex_t lock;  /* the members below; held for moments, never across a wait */
    int sim;               /* 1: the gateway is a simulator, 0: it is not, -1: not asked yet */
    char *sim_store;       /* base address of its store */
    int64_t next_query_us; /* job_mono_us() */
};

/** Is the gateway a simulator? Asks until it has answered once, at most `tries` times.
 *  @return 1, 0, OSP_EAGAIN (no answer), OSP_ECANCELED */
int engine_is_sim(osp_engine *engine, struct http *http, int tries, osp_cancel *cancel,
                  osp_error *err);
#define ENGINE_SIM_TRIES 5 /* about three seconds */
/** Base address of the simulator's store, NULL when the gateway is none or was not asked yet. The
 *  engine's: set once and never changed. */
const char *engine_sim_store(osp_engine *engine);
/** Wait for a turn to query the gateway: at most ten a second over all jobs of the engine. */
int engine_query_turn(osp_engine *engine, osp_cancel *cancel, osp_error *err);
/** Two identities of gateways, of which one may be an address that was spelled otherwise. */
bool engine_same_gateway(const char *a, const char *b);
/** STATE/jobs/ID; yours: free(); NULL: out of memory */
char *engine_folder(const osp_engine *engine, const char *id);

#endif
