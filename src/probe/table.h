/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef PROBE_TABLE_H
#define PROBE_TABLE_H

#include "probe/mp4.h"
#include "probe/stamps.h"

/**
 * The picture track's sample tables as facts. Nothing is kept per sample but a time stamp, and
 * damage is a fact: what the tables agree on counts, as it does for players.
 */
struct table_facts {
    int64_t first_offset; /* of the first sample in decoding order; -1 none */
    uint32_t first_size;
    int64_t shift;      /* what libavformat adds to every time stamp of such a file: it makes the
                           lowest composition offset of fragments 0 */
    bool damaged;       /* tables that do not fit each other */
    bool truncated;     /* a sample lies past the end of the file */
    bool first_missing; /* the very first does */
};

/** Stamps in media time, before edit lists, unsorted. @return OSP_OK, OSP_EINTERNAL */
int table_read(const struct mp4_file *file, const struct mp4_track *track, struct stamps *stamps,
               struct table_facts *out, osp_error *err);

/** Fragments (moof) after the tables: adds their samples; ISO/IEC 14496-12 8.8.
 *  @return OSP_OK, OSP_EINTERNAL */
int fragments_read(const struct mp4_file *file, const struct mp4_track *track,
                   struct stamps *stamps, struct table_facts *out, osp_error *err);

/**
 * The edit list: sorted media stamps become presentation stamps. Fragmented files are shifted and
 * nothing is hidden, as demuxers do. Sets edit_list, edits and track_s of the facts.
 */
int table_present(const struct mp4_file *file, const struct mp4_track *track, struct stamps *stamps,
                  osp_facts *facts, osp_error *err);

#endif
