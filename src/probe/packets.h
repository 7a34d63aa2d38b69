/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef PROBE_PACKETS_H
#define PROBE_PACKETS_H

#include "base/hash.h"
#include "omnisplice/media.h"

/**
 * Hash the packets that are needed to decode a range of the picture track: from the key frame
 * before it. No file name and no time stamp goes in, so a copy of the file gives the same hash.
 * @param first, count  shown pictures, display order
 */
int probe_hash_range(const char *path, const osp_facts *facts, int64_t first, int64_t count,
                     char out[SHA256_HEX], osp_error *err);

#endif
