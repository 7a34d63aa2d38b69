/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef SIM_STATE_H
#define SIM_STATE_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/json.h"
#include "sim/child.h"
#include "sim/endpoint.h"
#include "sim/faults.h"

/*
 * The state folder. Each file appears whole (temporary file, fsync, rename), so a kill at any
 * instant leaves either the old state or the new one:
 *
 *   lock              held by flock() while a simulator runs on the folder
 *   key, secret       the bearer key; what result addresses are signed with
 *   posts             one line for each create that was seen whole
 *   requests/ID.json  what was asked: written before the task
 *   tasks/ID.json     the task: with this file it exists
 *   results/ID/       what was made: renamed into place when complete
 *   outcomes/ID.json  how the task ended: written after the results
 *   store/NAME        uploads
 *
 * One process owns the folder, so "no second task for one external_task_id" needs no file of its
 * own: the id stands in the task's file, and the check and the write are done under one lock.
 */

#define SIM_WORKERS 2

struct sim_task {
    char id[24];
    enum sim_endpoint endpoint;
    char *external; /* "" when none was given */
    char *origin;   /* the simulator's own address when it was made: its store is read as files */
    int64_t created_ms;
    int64_t delay_ms;
    struct sim_faults faults;
    bool taken;           /* by a worker */
    struct json *outcome; /* NULL until it is made; visible only after the delay */
};

struct sim_post {
    enum sim_endpoint endpoint;
    char digest[65]; /* of what makes a resend a resend: external id, else the body */
};

struct sim {
    char *state, *url, *ledger, *store, *key, *secret;
    struct json *limits;
    struct json *fault_file; /* or NULL */
    int64_t delay_ms;
    bool accept_duplicates;
    int lock_fd, posts_fd;
    struct MHD_Daemon *daemon;
    struct sim_children children;
    pthread_t workers[SIM_WORKERS];
    int worker_count;

    pthread_mutex_t lock; /* of all below */
    pthread_cond_t changed;
    bool stopping;
    struct sim_task **tasks; /* in the order of their ids; never freed while running */
    size_t task_count, task_capacity;
    struct sim_post *posts;
    size_t post_count, post_capacity;
};

int64_t sim_now_ms(void);
/** STATE/FOLDER/NAME, or STATE/FOLDER; yours: free(). */
char *sim_path(const struct sim *sim, const char *folder, const char *name);
/** Wait, but not through a stop. @return false: stopping */
bool sim_wait(struct sim *sim, int64_t ms);

/* ---- task.c */

/** Read what an earlier run left; leftovers of killed runs are removed. */
int sim_tasks_load(struct sim *sim, osp_error *err);
void sim_tasks_release(struct sim *sim);

/**
 * Make a task durable and known.
 * @param body    the request as text
 * @param out     set on success, and to the first task when the id is taken
 * @return OSP_OK, OSP_EREFUSED (the external id is taken), other: cannot be written
 */
int sim_task_create(struct sim *sim, enum sim_endpoint endpoint, const char *external,
                    const char *body, const struct sim_faults *faults, struct sim_task **out,
                    osp_error *err);
/** By task id or external id; hidden tasks are not found. NULL: none. Under the lock. */
const struct sim_task *sim_task_find(struct sim *sim, enum sim_endpoint endpoint, const char *id,
                                     int64_t now_ms);
/** The task id alone, any endpoint. Under the lock. */
const struct sim_task *sim_task_by_id(struct sim *sim, const char *id);
/** Whether a finished sound has this id; under the lock. @return its task, or NULL */
const struct sim_task *sim_task_of_audio(struct sim *sim, const char *audio_id, int64_t now_ms);
/** Keep how it ended, on disk and in memory. Takes the outcome. */
int sim_task_finish(struct sim *sim, struct sim_task *task, struct json *outcome, osp_error *err);
/** Unfinished and not taken; marks it taken. Waits. NULL: stopping. */
struct sim_task *sim_task_take(struct sim *sim);

enum sim_status { SIM_SUBMITTED, SIM_PROCESSING, SIM_SUCCEED, SIM_FAILED };

/** Pure: what a query sees at that time. outcome may be NULL. */
enum sim_status sim_status_at(int64_t created_ms, int64_t delay_ms, const struct json *outcome,
                              int64_t now_ms);
const char *sim_status_word(enum sim_status status);

/* ---- posts: what was seen */

int sim_posts_load(struct sim *sim, osp_error *err);
/**
 * Book a create that was seen whole, before it is acted on.
 * @param digest  of the request, SHA256_HEX
 * @param nth     its number on this endpoint, from 1
 * @param again   whether the same was seen before
 */
int sim_post_book(struct sim *sim, enum sim_endpoint endpoint, const char *digest, int64_t *nth,
                  bool *again, osp_error *err);

/* ---- render.c */

/** The workers' life: take a task, make its results, keep its outcome. */
void *sim_worker(void *sim);

/* ---- server.c */

int sim_server_start(struct sim *sim, int port, osp_error *err);
void sim_server_stop(struct sim *sim);

#endif
