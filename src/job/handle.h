/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef JOB_HANDLE_H
#define JOB_HANDLE_H

#include "job/job.h"
#include "job/work.h"

#define EVENTS_KEPT 64

/** A host's hold on a job. The row itself lives in the journal. */
struct osp_job {
    osp_engine *engine;
    char *id, *key, *gateway, *folder;
    osp_shot shot;
    struct material material;          /* empty for a job of osp_job_find() until job_restore() */
    char *clip, *output, *output_hash; /* answers to getters: live as long as the job */

    pthread_t thread;
    bool thread_made; /* to be joined */
    osp_cancel *stop; /* ends the thread's waits */
    struct work work; /* the thread's, while it runs */
    int result;       /* the thread's last word, once `ended` */
    osp_error fault;

    int wake;             /* eventfd: an event is queued, or the thread has ended */
    pthread_mutex_t lock; /* the queue and `ended`; nothing else is locked inside */
    osp_job_event events[EVENTS_KEPT];
    size_t first, count;
    bool ended;
};

/** Takes what it needs of the row. @param out  set on success only; yours: osp_job_free() */
int job_new(osp_engine *engine, struct job_row *row, osp_job **out, osp_error *err);

#endif
