/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef SPLICE_BOXES_H
#define SPLICE_BOXES_H

#include "omnisplice/cancel.h"
#include "splice/run.h"

/**
 * Write the master again with our samples in place of its own in slots [cut.head, cut.tail). The
 * new file is the old one byte for byte but for: those samples; of the picture track avcC, stsz,
 * ctts, stss and their like; every track's chunk offsets; the sizes of the boxes around. Nothing
 * is moved, so interleaving, order and unknown boxes stay.
 * @param fd   an empty file
 * @return OSP_OK, OSP_EMEDIA (the master's layout does not allow it), OSP_EOUTPUT, OSP_ECANCELED
 */
int boxes_write(const struct master *master, const struct cut *cut, const struct run *run, int fd,
                const osp_control *control, osp_error *err);

/** Would boxes_write() find the layout in order? */
int boxes_check(const struct master *master, const struct cut *cut, osp_error *err);

#endif
