/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BASE_CANCEL_H
#define BASE_CANCEL_H

#include <stdbool.h>

#include "base/error.h"
#include "omnisplice/cancel.h"

/** True once triggered; NULL never is. */
bool cancel_requested(const osp_cancel *cancel);
/** OSP_ECANCELED with words when triggered, else OSP_OK. */
int cancel_check(const osp_cancel *cancel, osp_error *err);
/** Sleep, but not through a cancel. @return OSP_OK after the time, or OSP_ECANCELED */
int cancel_sleep(const osp_cancel *cancel, int milliseconds, osp_error *err);

/** Progress of a control that may be NULL; also answers whether to go on, as cancel_check(). */
int control_step(const osp_control *control, const char *stage, double fraction, const char *detail,
                 osp_error *err);

#endif
