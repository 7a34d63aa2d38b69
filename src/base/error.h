/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BASE_ERROR_H
#define BASE_ERROR_H

#include "omnisplice/error.h"

/**
 * Fill an error, unless one stands already (the first failure wins), and hand its code back:
 * `return osp_fail(err, OSP_EMEDIA, "'%s' has no picture", path);`. err may be NULL.
 */
int osp_fail(osp_error *err, osp_code code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/** Add ", while ..." to what a called function said; returns the error's code. */
int osp_while(osp_error *err, const char *format, ...) __attribute__((format(printf, 2, 3)));
/** Set the hint, unless one stands already; returns the error's code. */
int osp_hint(osp_error *err, const char *format, ...) __attribute__((format(printf, 2, 3)));
/** OSP_EINTERNAL, "out of memory". */
int osp_nomem(osp_error *err);
/** An output error with the system's word for errno: "cannot write 'x': No space left ...". */
int osp_fail_errno(osp_error *err, osp_code code, const char *what, const char *path);

#endif
