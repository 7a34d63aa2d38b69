/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef PROBE_WORKER_H
#define PROBE_WORKER_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"
#include "omnisplice/media.h"
#include "probe/probe.h"

/** Address space of a probing process: a 4K picture and its references fit, a bomb does not. */
#define WORKER_MEMORY_MAX ((uint64_t)1536 << 20)

/** One probing process, seen from the library. One thread at a time. */
struct worker {
    pid_t pid;      /* 0: none runs */
    int fd;         /* its socket */
    int unfiltered; /* errno of the kernel's refusal to filter its system calls; 0: filtered */
};

#define WORKER_INIT \
    {               \
        0, -1, 0    \
    }

enum worker_reply {
    WORKER_ANSWERED,
    WORKER_OVERDUE, /* the deadline has passed */
    WORKER_GONE,    /* it died */
    WORKER_ASTRAY,  /* it does not keep to what was agreed */
    WORKER_STOPPED, /* we were asked to stop waiting */
};

/** The helper program that belongs to this library. @param out  yours: free()
 *  @return OSP_OK, OSP_EINTERNAL (not installed) */
int worker_find_helper(char **out, osp_error *err);
/** Start one and wait for its greeting. @return OSP_OK, OSP_EINTERNAL */
int worker_start(struct worker *worker, const char *helper, osp_error *err);
/** Ask for a file's facts. Any number of requests may stand out, answers keep their order.
 *  @return false: it is gone */
bool worker_ask(const struct worker *worker, const struct probe_source *source, uint32_t id,
                bool deep);
/**
 * The answer to a request.
 * @param deadline_ms  on worker_clock_ms()
 * @param stop         looked at while waiting
 * @param code         when answered: OSP_OK and facts (yours: osp_facts_free()), or an error in err
 */
enum worker_reply worker_answer(const struct worker *worker, uint32_t id, int64_t deadline_ms,
                                const atomic_bool *stop, int *code, osp_facts **facts,
                                osp_error *err);
/**
 * End it, however it is.
 * @param reason  what it died of, "crashed (SIGSEGV)"; NULL: not asked for
 */
void worker_stop(struct worker *worker, char *reason, size_t size);
int64_t worker_clock_ms(void);

#endif
