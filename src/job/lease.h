/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef JOB_LEASE_H
#define JOB_LEASE_H

#include "base/error.h"

/** The right to work on a job: one holder at a time, over all processes of this machine. */
struct lease {
    int fd;
};

#define LEASE_INIT \
    {              \
        -1         \
    }

/** Try to take it. @return 1 taken, 0 somebody else has it, or a negative code */
int lease_take(struct lease *lease, const char *folder, osp_error *err);
/** Safe on LEASE_INIT and twice. */
void lease_release(struct lease *lease);

#endif
