/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef PROBE_AV1_H
#define PROBE_AV1_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** An AV1 sequence header (AV1 specification 5.5), what we need of it. */
struct av1_sequence {
    unsigned profile, level;
    int width_px, height_px;
    unsigned bit_depth;
    bool mono;
    unsigned chroma_format_idc;      /* 0 grey, 1 4:2:0, 2 4:2:2, 3 4:4:4 */
    int primaries, transfer, matrix; /* ITU-T H.273; 2: not said */
    int full_range;
};

/** The first sequence header among OBUs with size fields. @return false: none, or broken */
bool av1_sequence_find(const uint8_t *obus, size_t size, struct av1_sequence *out);

#endif
