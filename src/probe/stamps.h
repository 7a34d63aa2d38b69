/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef PROBE_STAMPS_H
#define PROBE_STAMPS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "omnisplice/media.h"

/** Time stamps of the picture track while they are gathered, whatever the container. One unit. */
struct stamps {
    int64_t *pts; /* shown pictures, any order until stamps_sort() */
    size_t count, capacity;
    int64_t samples;                 /* all of them, hidden ones too */
    int64_t total_duration;          /* of all of them */
    int64_t bytes;                   /* of all of them */
    int64_t last_pts, last_duration; /* of the picture that is shown last */
    bool unsorted;
    bool too_many; /* more pictures than any sane file has: what is here is not all */
};

/** A shown picture. Stamps beyond a quarter of 64 bits are cut to that, so that differences of
 *  any two fit. @return false: out of memory */
bool stamps_add(struct stamps *s, int64_t pts, int64_t duration);
/** Ascending. */
void stamps_sort(struct stamps *s);
/** Two fields make one frame: keep the first of each pair. The stamps are sorted. */
void stamps_pair_fields(struct stamps *s);
void stamps_release(struct stamps *s);

/**
 * Move sorted stamps into the facts: frame_pts, counts, the fitted rate, start_s, frames_s.
 * @param start  of the container, same unit: frame_pts count from there
 */
void stamps_finish(struct stamps *s, osp_rational time_base, int64_t start, osp_facts *facts);

#endif
