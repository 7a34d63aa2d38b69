/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef SPLICE_CUT_H
#define SPLICE_CUT_H

#include "splice/master.h"

/**
 * Where a file is opened and closed again. Ranks [first, end) are the shot; slots [head, tail)
 * hold ranks [head, tail) and are ours: [head, first) and [end, tail) are the borders, decoded
 * and encoded again.
 */
struct cut {
    int64_t first, end;
    int64_t head, tail;
    struct h264_sps sps; /* of the pictures there */
    bool all_intra;      /* every picture of ours must be an IDR picture */
    bool aud;            /* the master's samples begin with delimiters */
    int free_pps;        /* id for our picture parameter set */
    unsigned idr_pic_id; /* of our first picture */
};

/** @param first, frames  shown pictures. @return OSP_OK, OSP_EUSAGE (range), OSP_EMEDIA */
int cut_find(const struct master *master, int64_t first, int64_t frames, struct cut *out,
             osp_error *err);

#endif
