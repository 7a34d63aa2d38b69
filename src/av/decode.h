/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AV_DECODE_H
#define AV_DECODE_H

#include <stdbool.h>

#include "av/open.h"

/** Decoded frames of one track of a file, in display order. One thread at a time. */
struct reader;

/**
 * @param type     AVMEDIA_TYPE_VIDEO or _AUDIO
 * @param threads  as in decoder_open()
 * @param out      set on success only; yours: reader_free()
 * @return OSP_OK, OSP_EMEDIA
 */
int reader_open(const char *path, enum AVMediaType type, int threads, struct reader **out,
                osp_error *err);
/**
 * The next frame; its pts is best effort, in the stream's time base; edit lists are applied.
 * @param frame  emptied first; filled when 1 comes back
 * @return 1, 0 at the end, OSP_EMEDIA (damage that the decoder cannot pass)
 */
int reader_next(struct reader *reader, AVFrame *frame, osp_error *err);
/** Go to the key frame at or before a time; the next frames may lie before it. */
int reader_seek(struct reader *reader, int64_t pts, osp_error *err);
const AVStream *reader_stream(const struct reader *reader);
/** Damage that the decoder reported and passed since the reader was opened. */
int64_t reader_errors(const struct reader *reader);
void reader_free(struct reader **reader); /* NULL is fine; sets NULL */

#endif
