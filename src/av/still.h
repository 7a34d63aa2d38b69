/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AV_STILL_H
#define AV_STILL_H

#include <libavcodec/avcodec.h>

#include "base/error.h"

/** An encoder for one picture such as `frame`; what is particular to its codec is the caller's to
 *  set before still_encode(). @return yours: avcodec_free_context(); NULL: out of memory */
AVCodecContext *still_encoder(enum AVCodecID id, const AVFrame *frame);
/** Open it, encode the picture and end. @param packet  filled. @return OSP_OK, OSP_EINTERNAL */
int still_encode(AVCodecContext *encoder, const AVFrame *frame, AVPacket *packet, osp_error *err);

#endif
