/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/cancel.h"

#include <poll.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/auto.h"

struct osp_cancel {
    int fd; /* an eventfd: write() is safe in a signal handler */
};

int osp_cancel_new(osp_cancel **out, osp_error *err)
{
    OSP_AUTO(osp_cancel_free) osp_cancel *cancel = calloc(1, sizeof(*cancel));

    if (!cancel)
        return osp_nomem(err);
    cancel->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (cancel->fd < 0)
        return osp_fail_errno(err, OSP_EINTERNAL, "make", "eventfd");
    *out = OSP_TAKE(cancel);
    return OSP_OK;
}

void osp_cancel_trigger(osp_cancel *cancel)
{
    uint64_t one = 1;

    if (cancel && write(cancel->fd, &one, sizeof(one)) < 0)
        return; /* EAGAIN: it is triggered more than often enough */
}

void osp_cancel_reset(osp_cancel *cancel)
{
    uint64_t count;

    if (cancel && read(cancel->fd, &count, sizeof(count)) < 0)
        return; /* EAGAIN: it was not triggered */
}

int osp_cancel_fd(const osp_cancel *cancel)
{
    return cancel ? cancel->fd : -1;
}

void osp_cancel_free(osp_cancel **cancel)
{
    if (!cancel || !*cancel)
        return;
    auto_close(&(*cancel)->fd);
    free(*cancel);
    *cancel = NULL;
}

bool cancel_requested(const osp_cancel *cancel)
{
    struct pollfd p = { .fd = cancel ? cancel->fd : -1, .events = POLLIN };

    return cancel && poll(&p, 1, 0) > 0;
}

int cancel_check(const osp_cancel *cancel, osp_error *err)
{
    return cancel_requested(cancel) ? osp_fail(err, OSP_ECANCELED, "interrupted") : OSP_OK;
}

int cancel_sleep(const osp_cancel *cancel, int milliseconds, osp_error *err)
{
    struct pollfd p = { .fd = cancel ? cancel->fd : -1, .events = POLLIN };

    (void)poll(&p, 1, milliseconds); /* a signal ends it early: the caller's loop comes again */
    return cancel_check(cancel, err);
}

int control_step(const osp_control *control, const char *stage, double fraction, const char *detail,
                 osp_error *err)
{
    if (!control)
        return OSP_OK;
    if (control->progress)
        control->progress(stage, fraction, detail ? detail : "", control->opaque);
    return cancel_check(control->cancel, err);
}
