/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef OMNISPLICE_CANCEL_H
#define OMNISPLICE_CANCEL_H

#include "omnisplice/error.h"

#ifdef __cplusplus
extern "C" {
#endif

/** @file cancel.h  A flag that ends waits, and a word on how far a call has come. */

/** A flag with a descriptor. Safe to trigger from any thread and from a signal handler. */
typedef struct osp_cancel osp_cancel;

/**
 * Make a flag.
 * @param out  set on success only; yours: osp_cancel_free()
 * @return OSP_OK, OSP_EINTERNAL (no descriptor left)
 */
OSP_API int osp_cancel_new(osp_cancel **out, osp_error *err);
/** Raise the flag; every wait that was given it returns OSP_ECANCELED within 100 ms. */
OSP_API void osp_cancel_trigger(osp_cancel *cancel);
/** Lower it again, so that the same object serves the next wait. NULL is fine. */
OSP_API void osp_cancel_reset(osp_cancel *cancel);
/** Readable once triggered; -1 for NULL. Not to be read from or closed by the caller. */
OSP_API int osp_cancel_fd(const osp_cancel *cancel);
/** NULL is fine; sets NULL. No wait may still be using it. */
OSP_API void osp_cancel_free(osp_cancel **cancel);

/**
 * Called on the caller's own thread, from inside the call it was given to.
 * @param stage     one word: "check", "conform", "store", "task", "fetch", "splice", "proof"
 * @param fraction  0 to 1; below 0 when not known
 * @param detail    a few words, or ""
 */
typedef void (*osp_progress_fn)(const char *stage, double fraction, const char *detail,
                                void *opaque);

/** What long calls take: either member may be NULL, and so may the pointer to it. */
typedef struct osp_control {
    osp_cancel *cancel;
    osp_progress_fn progress;
    void *opaque;
} osp_control;

#ifdef __cplusplus
}
#endif
#endif
