/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef OMNISPLICE_CONFORM_H
#define OMNISPLICE_CONFORM_H

#include "omnisplice/cancel.h"
#include "omnisplice/plan.h"

#ifdef __cplusplus
extern "C" {
#endif

/** @file conform.h  Carries a plan out. */

/**
 * Write what the plan says. The output appears under its name only when it is complete.
 * Metadata, location and data tracks of the input never reach it.
 * @param input    the file whose facts the plan was made from
 * @param output   .mp4, .mov, .jpg or .png; never the input itself
 * @param threads  0: as many as there are processors
 * @return OSP_OK, OSP_EMEDIA (cannot be decoded), OSP_EOUTPUT, OSP_ECANCELED, OSP_EINTERNAL
 */
OSP_API int osp_conform(const char *input, const char *output, const osp_plan *plan, int threads,
                        const osp_control *control, osp_error *err);

#ifdef __cplusplus
}
#endif
#endif
