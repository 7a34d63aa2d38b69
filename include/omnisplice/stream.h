/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef OMNISPLICE_STREAM_H
#define OMNISPLICE_STREAM_H

#include "omnisplice/job.h"

#ifdef __cplusplus
extern "C" {
#endif

/** @file stream.h  Frames in, frames out: a shot in a flow of pictures whose file is known. */

/** One shot in a flow. One thread at a time, but osp_stream_classify() and a cancel from any. */
typedef struct osp_stream osp_stream;

/** The pictures that the host passes and wants back. */
typedef struct osp_stream_format {
    size_t size;              /* filled in by the caller: sizeof(osp_stream_format) */
    const char *pixel_format; /* FFmpeg's name */
    int width_px, height_px;
    const char *matrix, *primaries, *transfer, *range; /* FFmpeg's names; NULL: not known */
} osp_stream_format;

/**
 * Open a shot of a flow. The shot's master must be the file that the flow comes from. Opens the
 * job (never costs) but does not begin it.
 * @param out  set on success only; yours: osp_stream_free()
 */
OSP_API int osp_stream_open(osp_engine *engine, const osp_shot *shot, osp_stream **out,
                            osp_error *err);
/** The job behind it: begin it to allow the paid step. The stream's: do not free. */
OSP_API osp_job *osp_stream_job(osp_stream *stream);
/** The host's pictures from now on; may change between pictures. */
OSP_API int osp_stream_set_format(osp_stream *stream, const osp_stream_format *format,
                                  osp_error *err);

typedef enum osp_place { OSP_BEFORE, OSP_INSIDE, OSP_AFTER } osp_place;

/** Where a time lies; t_ns counts from the master's start. Pure, any thread. */
OSP_API osp_place osp_stream_classify(const osp_stream *stream, int64_t t_ns);
/** First moment of the shot and first after it, nanoseconds from the master's start. */
OSP_API void osp_stream_shot(const osp_stream *stream, int64_t *from_ns, int64_t *to_ns);
/** Time of the master's first picture, nanoseconds from the master's start. A host whose clock
 *  begins elsewhere takes the difference to the first picture that it sees. */
OSP_API int64_t osp_stream_first(const osp_stream *stream);
/**
 * The clip's picture for a time inside the shot, in the host's format; waits for the job.
 * @param picture  set on success: yours, osp_picture_release()
 * @return OSP_OK, OSP_ECANCELED within 100 ms of the cancel, OSP_EAGAIN (timeout_ms passed), or
 *         why the job ended
 */
OSP_API int osp_stream_take(osp_stream *stream, int64_t t_ns, int timeout_ms,
                            const osp_control *control, osp_picture *picture, osp_error *err);
/** A jump in the flow: forget where the clip was read. The job goes on. */
OSP_API void osp_stream_flush(osp_stream *stream);
OSP_API void osp_stream_free(osp_stream **stream); /* NULL is fine; sets NULL; job stays */

#ifdef __cplusplus
}
#endif
#endif
