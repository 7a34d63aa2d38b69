/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef JOB_EDGES_H
#define JOB_EDGES_H

#include <stdbool.h>

#include "omnisplice/job.h"

/** What happens to a job. */
typedef enum job_event {
    JOB_EV_PREPARED,       /* the reference is on disk */
    JOB_EV_REFERENCE_GONE, /* it is not there any more */
    JOB_EV_STORED,         /* uploaded and fetched back */
    JOB_EV_UPLOAD_GONE,    /* it cannot be fetched any more */
    JOB_EV_BEGIN_POST,     /* a create is about to be made */
    JOB_EV_NOT_SENT,       /* no connection: not one byte left */
    JOB_EV_CONNECTED,      /* the connection stands, the first byte follows */
    JOB_EV_TASK_ID,        /* accepted, or found by a look-up */
    JOB_EV_NOT_CREATED,    /* the table of codes says so; asking again may help */
    JOB_EV_REFUSED,        /* the table of codes says so; asking again will not help */
    JOB_EV_NO_REPLY,       /* a task may exist */
    JOB_EV_RESULT,         /* the task succeeded */
    JOB_EV_FAILED,         /* the task failed */
    JOB_EV_TASK_GONE,      /* the service has deleted it */
    JOB_EV_FETCHED,        /* the clip is on disk and verified */
    JOB_EV_REJECTED,       /* the clip does not keep what was asked */
    JOB_EV_CLIP_GONE,      /* the clip's file is not there any more */
    JOB_EV_USED,           /* a result was made with it */
    JOB_EV_FORGET,         /* a person gives it up */
    JOB_EVENTS
} job_event;

/** The state after an event; false: the event cannot happen there. Pure. */
bool job_next_state(osp_job_state state, job_event event, osp_job_state *next);
const char *job_event_name(job_event event);
/** @return the state of that name, or -1 */
int job_state_find(const char *name);
/** Nothing more will happen by itself (a lost one is asked for again on request): done, refused,
 * failed, rejected, lost, forgotten. */
bool job_state_ended(osp_job_state state);
/** A task may exist or has been paid for. */
bool job_state_paid(osp_job_state state);
/** Money lies in it, and nothing has come of it yet. */
bool job_state_at_stake(osp_job_state state);

#endif
