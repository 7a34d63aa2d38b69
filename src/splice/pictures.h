/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef SPLICE_PICTURES_H
#define SPLICE_PICTURES_H

#include <libavutil/frame.h>

#include "splice/master.h"

/**
 * Decoded pictures of a master by rank, asked in rising order. Samples go from the sample table
 * straight to the decoder, so that no demuxer's view of edit lists comes between.
 */
struct pictures;

/**
 * @param master   must outlive it
 * @param threads  of the decoder; 0: its choice
 */
int pictures_open(const struct master *master, int threads, struct pictures **out, osp_error *err);
/** Start decoding at the IDR picture at or before a rank, whatever was decoded so far. */
int pictures_start(struct pictures *pictures, int64_t rank, osp_error *err);
/** The picture of a rank; goes on from where it is, or jumps to a nearer IDR picture.
 *  @param frame  emptied first; its pts is the rank. @return OSP_OK, OSP_EMEDIA */
int pictures_get(struct pictures *pictures, int64_t rank, AVFrame *frame, osp_error *err);
/** The same without a jump: everything between is decoded too. */
int pictures_next(struct pictures *pictures, int64_t rank, AVFrame *frame, osp_error *err);
/** Damage that the decoder told of since the start. */
int64_t pictures_errors(const struct pictures *pictures);
/** The decoder says that the picture is not what its packets were to hold. */
bool picture_damaged(const AVFrame *frame);
void pictures_close(struct pictures **pictures); /* NULL is fine; sets NULL */

#endif
