/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef SPLICE_PROOF_H
#define SPLICE_PROOF_H

#include "omnisplice/cancel.h"
#include "splice/cut.h"

/**
 * What a proof will need of the master: its pictures at the borders, which are to be encoded
 * again, can be decoded. Asked before anything is paid.
 * @return OSP_OK, OSP_EMEDIA
 */
int proof_check(const struct master *master, const struct cut *cut, int threads, osp_error *err);

/**
 * Prove a written splice by its own index: counts, time stamps and bytes of every track, and the
 * pictures at and around both borders, decoded from both files.
 * @param path  of the new file
 * @param psnr_db  least PSNR of a border picture, IDENTICAL_PSNR_DB when there is none
 * @return OSP_OK, OSP_ERESULT (something differs that must not), OSP_EMEDIA, OSP_ECANCELED
 */
int proof_run(const struct master *master, const struct cut *cut, const char *path, int threads,
              const osp_control *control, double *psnr_db, osp_error *err);

#endif
