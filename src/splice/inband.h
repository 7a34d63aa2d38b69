/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef SPLICE_INBAND_H
#define SPLICE_INBAND_H

#include "base/str.h"
#include "splice/master.h"

/**
 * Parameter sets that lie in the samples, next to those of the decoder configuration. Who plays
 * a film from its start holds the last set of every id; so what counts are the places where a set
 * differs from the one that its id had until then. A film that only repeats its sets has none.
 */
struct set_change {
    int64_t slot;
    unsigned type; /* H264_NAL_SPS, H264_NAL_PPS */
    unsigned id;   /* H264_PPS_MAX: the set cannot be read */
    uint8_t *data; /* the NAL unit */
    size_t size;
};

/** Find the changes by the heads of all NAL units; fills master->changes.
 *  @return OSP_OK, OSP_EMEDIA (too many or too large) */
int inband_read(struct master *master, osp_error *err);
void inband_release(struct master *master);

/** The picture parameter set that a slot's slices name. @return false: none, or not readable */
bool inband_pps(const struct master *master, int64_t slot, unsigned id, struct h264_pps *out);
/** What a decoder that begins at a slot has missed: sets with their lengths, as in a sample. */
void inband_missed(const struct master *master, int64_t slot, struct strbuf *out);

#endif
