/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef SIM_CHILD_H
#define SIM_CHILD_H

#include <pthread.h>
#include <stdbool.h>
#include <sys/types.h>

#include "base/error.h"
#include "base/str.h"

/** ffmpeg and ffprobe as child processes. Any thread; the lock keeps pids from being killed after
 *  they were reaped. */
struct sim_children {
    pthread_mutex_t lock;
    pid_t pids[8];
    bool stopping;
    char *ffmpeg, *ffprobe; /* absolute paths, found once */
};

/** @return OSP_EACCESS: one of the two is not in PATH */
int sim_children_init(struct sim_children *children, osp_error *err);
void sim_children_release(struct sim_children *children);
/** Kill what runs; later runs end at once with OSP_ECANCELED. */
void sim_children_stop(struct sim_children *children);

/**
 * Run a program to its end, without a shell.
 * @param argv    NULL-ended, argv[0] an absolute path
 * @param out     its stdout; NULL: not wanted
 * @param status  its exit code
 * @return OSP_OK when it ended by itself (look at status), OSP_ECANCELED when stopping,
 *         OSP_EINTERNAL when it could not be run, was killed, or took too long
 */
int sim_child_run(struct sim_children *children, const char *const *argv, struct strbuf *out,
                  int *status, osp_error *err);

#endif
