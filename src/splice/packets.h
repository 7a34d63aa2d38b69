/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef SPLICE_PACKETS_H
#define SPLICE_PACKETS_H

#include <stdbool.h>

#include "av/open.h"
#include "omnisplice/cancel.h"

/** One packet: what it says and a hash of what it holds. */
struct packet_row {
    int64_t pts, duration;
    uint8_t hash[32]; /* half of a SHA-256, in hexadecimal digits */
    bool key, hidden; /* hidden: decoded, but an edit list keeps it from being shown */
};

struct packet_track {
    AVRational time_base;
    struct packet_row *rows; /* decode order */
    size_t count, capacity;
    uint32_t *shown;                  /* the picture track: rows in display order */
    size_t hidden_first, shown_count; /* hidden ones lie at both ends */
};

struct packet_table {
    struct packet_track *tracks;
    size_t count;
    size_t picture; /* which is the picture track */
};

/** Read every packet of a file. @param out  zeros; packets_release() also after a failure */
int packets_read(const char *path, const osp_control *control, struct packet_table *out,
                 osp_error *err);
void packets_release(struct packet_table *table);

#endif
