/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "job/edges.h"

#include <string.h>

#include "base/auto.h"

/*
 * The life of a job. A row is on disk before the effect that it announces: `posting` before the
 * connection is opened, `sending` before the first byte of the create. So a process that is killed
 * leaves a state that tells what may have happened: in `posting` nothing was sent and it is safe
 * to begin again, in `sending` a task may exist and is looked up, never sent again by itself.
 *
 * An unsure job that a person resends stays unsure until the new connection stands: a connection
 * that fails says nothing about the create before it. For the same reason a later "not created"
 * of such a job is JOB_EV_NO_REPLY (see post.c): it is no word about the first one.
 *
 * A lost job is asked for again whenever a person wants it: what was taken for deleted may have
 * been out of sight only.
 */
static const struct edge {
    osp_job_state from;
    job_event event;
    osp_job_state to;
} edges[] = {
    { OSP_JOB_NEW, JOB_EV_PREPARED, OSP_JOB_PREPARED },
    { OSP_JOB_NEW, JOB_EV_FORGET, OSP_JOB_FORGOTTEN },

    { OSP_JOB_PREPARED, JOB_EV_REFERENCE_GONE, OSP_JOB_NEW },
    { OSP_JOB_PREPARED, JOB_EV_STORED, OSP_JOB_STORED },
    { OSP_JOB_PREPARED, JOB_EV_FORGET, OSP_JOB_FORGOTTEN },

    { OSP_JOB_STORED, JOB_EV_UPLOAD_GONE, OSP_JOB_PREPARED },
    { OSP_JOB_STORED, JOB_EV_BEGIN_POST, OSP_JOB_POSTING },
    { OSP_JOB_STORED, JOB_EV_FORGET, OSP_JOB_FORGOTTEN },

    { OSP_JOB_POSTING, JOB_EV_NOT_SENT, OSP_JOB_STORED },
    { OSP_JOB_POSTING, JOB_EV_CONNECTED, OSP_JOB_SENDING },
    { OSP_JOB_POSTING, JOB_EV_FORGET, OSP_JOB_FORGOTTEN },

    { OSP_JOB_SENDING, JOB_EV_TASK_ID, OSP_JOB_WAITING },
    { OSP_JOB_SENDING, JOB_EV_NOT_CREATED, OSP_JOB_STORED },
    { OSP_JOB_SENDING, JOB_EV_REFUSED, OSP_JOB_REFUSED },
    { OSP_JOB_SENDING, JOB_EV_NO_REPLY, OSP_JOB_UNSURE },
    { OSP_JOB_SENDING, JOB_EV_FORGET, OSP_JOB_FORGOTTEN },

    { OSP_JOB_UNSURE, JOB_EV_TASK_ID, OSP_JOB_WAITING },
    { OSP_JOB_UNSURE, JOB_EV_CONNECTED, OSP_JOB_SENDING },
    { OSP_JOB_UNSURE, JOB_EV_FORGET, OSP_JOB_FORGOTTEN },

    { OSP_JOB_WAITING, JOB_EV_RESULT, OSP_JOB_FINISHED },
    { OSP_JOB_WAITING, JOB_EV_FAILED, OSP_JOB_FAILED },
    { OSP_JOB_WAITING, JOB_EV_TASK_GONE, OSP_JOB_LOST },
    { OSP_JOB_WAITING, JOB_EV_FORGET, OSP_JOB_FORGOTTEN },

    { OSP_JOB_FINISHED, JOB_EV_FETCHED, OSP_JOB_FETCHED },
    { OSP_JOB_FINISHED, JOB_EV_REJECTED, OSP_JOB_REJECTED },
    { OSP_JOB_FINISHED, JOB_EV_TASK_GONE, OSP_JOB_LOST },
    { OSP_JOB_FINISHED, JOB_EV_FORGET, OSP_JOB_FORGOTTEN },

    { OSP_JOB_FETCHED, JOB_EV_USED, OSP_JOB_DONE },
    { OSP_JOB_FETCHED, JOB_EV_CLIP_GONE, OSP_JOB_FINISHED },
    { OSP_JOB_FETCHED, JOB_EV_FORGET, OSP_JOB_FORGOTTEN },

    { OSP_JOB_DONE, JOB_EV_USED, OSP_JOB_DONE },
    { OSP_JOB_DONE, JOB_EV_CLIP_GONE, OSP_JOB_FINISHED },
    { OSP_JOB_DONE, JOB_EV_FORGET, OSP_JOB_FORGOTTEN },

    { OSP_JOB_REFUSED, JOB_EV_FORGET, OSP_JOB_FORGOTTEN },
    { OSP_JOB_FAILED, JOB_EV_FORGET, OSP_JOB_FORGOTTEN },
    { OSP_JOB_REJECTED, JOB_EV_FORGET, OSP_JOB_FORGOTTEN },
    { OSP_JOB_LOST, JOB_EV_TASK_ID, OSP_JOB_WAITING },
    { OSP_JOB_LOST, JOB_EV_FORGET, OSP_JOB_FORGOTTEN },
};

static const char *const state_names[OSP_JOB_STATES] = {
    [OSP_JOB_NEW] = "new",
    [OSP_JOB_PREPARED] = "prepared",
    [OSP_JOB_STORED] = "stored",
    [OSP_JOB_POSTING] = "posting",
    [OSP_JOB_SENDING] = "sending",
    [OSP_JOB_UNSURE] = "unsure",
    [OSP_JOB_WAITING] = "waiting",
    [OSP_JOB_FINISHED] = "finished",
    [OSP_JOB_FETCHED] = "fetched",
    [OSP_JOB_DONE] = "done",
    [OSP_JOB_REFUSED] = "refused",
    [OSP_JOB_FAILED] = "failed",
    [OSP_JOB_REJECTED] = "rejected",
    [OSP_JOB_LOST] = "lost",
    [OSP_JOB_FORGOTTEN] = "forgotten",
};

static const char *const event_names[JOB_EVENTS] = {
    [JOB_EV_PREPARED] = "prepared",       [JOB_EV_REFERENCE_GONE] = "reference gone",
    [JOB_EV_STORED] = "stored",           [JOB_EV_UPLOAD_GONE] = "upload gone",
    [JOB_EV_BEGIN_POST] = "begin post",   [JOB_EV_NOT_SENT] = "not sent",
    [JOB_EV_CONNECTED] = "connected",     [JOB_EV_TASK_ID] = "task id",
    [JOB_EV_NOT_CREATED] = "not created", [JOB_EV_REFUSED] = "refused",
    [JOB_EV_NO_REPLY] = "no reply",       [JOB_EV_RESULT] = "result",
    [JOB_EV_FAILED] = "failed",           [JOB_EV_TASK_GONE] = "task gone",
    [JOB_EV_FETCHED] = "fetched",         [JOB_EV_REJECTED] = "rejected",
    [JOB_EV_CLIP_GONE] = "clip gone",     [JOB_EV_USED] = "used",
    [JOB_EV_FORGET] = "forget",
};

bool job_next_state(osp_job_state state, job_event event, osp_job_state *next)
{
    for (size_t i = 0; i < OSP_COUNT(edges); i++) {
        if (edges[i].from == state && edges[i].event == event) {
            *next = edges[i].to;
            return true;
        }
    }
    return false;
}

const char *job_event_name(job_event event)
{
    return (unsigned)event < JOB_EVENTS ? event_names[event] : "?";
}

const char *osp_job_state_name(osp_job_state state)
{
    return (unsigned)state < OSP_JOB_STATES ? state_names[state] : "?";
}

int job_state_find(const char *name)
{
    for (int i = 0; name && i < OSP_JOB_STATES; i++) {
        if (strcmp(state_names[i], name) == 0)
            return i;
    }
    return -1;
}

bool job_state_ended(osp_job_state state)
{
    return state >= OSP_JOB_DONE;
}

bool job_state_paid(osp_job_state state)
{
    return state >= OSP_JOB_SENDING && state != OSP_JOB_REFUSED && state != OSP_JOB_FORGOTTEN;
}

bool job_state_at_stake(osp_job_state state)
{
    return state >= OSP_JOB_SENDING && state <= OSP_JOB_FETCHED;
}
