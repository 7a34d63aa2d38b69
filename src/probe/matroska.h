/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef PROBE_MATROSKA_H
#define PROBE_MATROSKA_H

#include "base/error.h"
#include "probe/stamps.h"

/**
 * Time stamps of the first picture track of a Matroska or WebM file (RFC 9559) from the headers of
 * its blocks: the payload is not read. Sets encrypted of the facts.
 * @param fd      read by pread(), left as it is
 * @param stamps  in ticks of the segment's time scale, unsorted
 * @return 1: read; 0: a file that this reader does not follow (laced pictures, a broken element):
 *         ask libavformat; below 0: OSP_EINTERNAL
 */
int matroska_read(int fd, struct stamps *stamps, osp_facts *facts, osp_error *err);

#endif
