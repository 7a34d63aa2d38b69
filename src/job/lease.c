/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "job/lease.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/fs.h"
#include "base/str.h"

/*
 * flock() on STATE/jobs/ID/lock: the kernel takes it back when the process dies, kill -9 included,
 * so no time has to pass before another may go on, and no clock is compared. It binds the processes
 * of one machine. A journal that many machines share will need leases with an epoch in the journal
 * itself; only this file changes then.
 */
int lease_take(struct lease *lease, const char *folder, osp_error *err)
{
    OSP_AUTO(auto_free) char *path = str_format("%s/lock", folder);
    int ret = path ? fs_mkdirs(folder, err) : osp_nomem(err);

    if (ret < 0)
        return ret;
    lease_release(lease);
    lease->fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (lease->fd < 0)
        return osp_fail_errno(err, OSP_EOUTPUT, "open", path);
    while (flock(lease->fd, LOCK_EX | LOCK_NB) < 0) {
        if (errno == EINTR)
            continue;
        ret = errno == EWOULDBLOCK ? 0 : osp_fail_errno(err, OSP_EOUTPUT, "lock", path);
        lease_release(lease);
        return ret;
    }
    return 1;
}

void lease_release(struct lease *lease)
{
    auto_close(&lease->fd); /* closing is what unlocks */
}
