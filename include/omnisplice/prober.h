/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef OMNISPLICE_PROBER_H
#define OMNISPLICE_PROBER_H

#include "omnisplice/cancel.h"
#include "omnisplice/media.h"

#ifdef __cplusplus
extern "C" {
#endif

/**
 * @file prober.h  Facts of files that nobody vouches for.
 *
 * osp_probe() reads a file in the caller's own process: right for files of one's own, quick, and as
 * exposed as every reader of media is. A prober reads in processes apart. They are handed open
 * descriptors and can open, connect, start or write nothing (Linux: seccomp, limits). A file that
 * crashes one, hangs or wants too much memory costs its own verdict and a restart, nothing else.
 */

/** Processes that probe. Any number of threads may use one; it makes a thread per process. */
typedef struct osp_prober osp_prober;

typedef struct osp_prober_options {
    size_t size;              /* filled in by osp_prober_options_init() */
    int workers;              /* processes, at most 256; 0: one per processor */
    int time_limit_s;         /* for one file; 0: 30. With `deep` the pictures add to it */
    int deep;                 /* 1: decode everything, fill osp_facts.deep */
    const osp_cancel *cancel; /* ends waits with OSP_ECANCELED; kept; may be NULL */
    /* new members go below this line; zero keeps the old behaviour */
} osp_prober_options;

/** The defaults. */
OSP_API void osp_prober_options_init(osp_prober_options *options);

/**
 * Make a prober. Its processes are started when there are files for them; never by fork(), so a
 * host with threads is safe.
 * @param options  read during the call, but for `cancel`; NULL: the defaults
 * @param out      set on success only; yours: osp_prober_close()
 * @return OSP_OK, OSP_EUSAGE (an option out of bounds), OSP_EINTERNAL (the helper program is not
 *         installed: its folder is the environment's OMNISPLICE_LIBEXEC, else known from the
 *         library's own place)
 */
OSP_API int osp_prober_open(const osp_prober_options *options, osp_prober **out, osp_error *err);

/**
 * osp_probe(), apart. Waits; from several threads at once the files share the processes.
 * Media that crashed the process or went beyond a limit are no failure: kind is OSP_KIND_UNKNOWN
 * and fault says why.
 * @param out  set on success only; yours: osp_facts_free()
 * @return OSP_OK, OSP_EMEDIA (no such file, no regular file, no permission), OSP_ECANCELED,
 *         OSP_EINTERNAL (the helper cannot be started)
 */
OSP_API int osp_prober_probe(osp_prober *prober, const char *path, osp_facts **out, osp_error *err);

/**
 * The same for many files, without a thread for each: push paths, pull results in the order of the
 * pushes. Push some way ahead, so that no process waits for the caller: osp_prober_ahead() says how
 * far. Pushes and pulls of one prober come from one thread.
 * @return OSP_OK, OSP_EINTERNAL (out of memory)
 */
OSP_API int osp_prober_push(osp_prober *prober, const char *path, osp_error *err);
/** @return as osp_prober_probe(); OSP_EUSAGE when nothing was pushed that was not pulled */
OSP_API int osp_prober_pull(osp_prober *prober, osp_facts **out, osp_error *err);
/** How many pushed files keep every process busy. */
OSP_API int osp_prober_ahead(const osp_prober *prober);

/** End the processes; what was pushed and not pulled is dropped. No other thread may still use the
 *  prober. NULL is fine; sets NULL. */
OSP_API void osp_prober_close(osp_prober **prober);

#ifdef __cplusplus
}
#endif
#endif
