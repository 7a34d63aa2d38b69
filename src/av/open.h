/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AV_OPEN_H
#define AV_OPEN_H

#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>

#include "base/bounds.h"
#include "base/error.h"

/**
 * The one way to open a media file. The demuxer reads through a descriptor of a regular file and
 * can open nothing else: playlists, patterns and external references inside a file stay closed.
 * Demuxers that are no media (text, playlists, devices) are not tried.
 * @param out  set on success only; close with input_close()
 * @return OSP_OK, OSP_EMEDIA (missing, not regular, no known container)
 */
int input_open(const char *path, AVFormatContext **out, osp_error *err);
/** The same for a demuxer option or two, for example "ignore_editlist=1"; NULL: none. */
int input_open_with(const char *path, const char *options, AVFormatContext **out, osp_error *err);
/** input_open() and what only packets tell (bounded avformat_find_stream_info). */
int input_open_deep(const char *path, AVFormatContext **out, osp_error *err);
/**
 * The same for a file that is open already.
 * @param fd    of a regular file; borrowed, its offset is neither used nor moved
 * @param name  what errors call it
 */
int input_open_fd(int fd, const char *name, AVFormatContext **out, osp_error *err);
int input_open_deep_fd(int fd, const char *name, AVFormatContext **out, osp_error *err);
void input_close(AVFormatContext **input);
/** A descriptor of a regular file, for reading: no pipe, no device, nothing that could block.
 *  @return OSP_OK, OSP_EMEDIA */
int file_open_regular(const char *path, int *out, osp_error *err);

/**
 * The track of that type that players show: of those with media in them and no cover art the
 * first that is enabled (MP4, MOV) or marked as default, else the first; NULL: none.
 * mp4_video_track() follows the same rule.
 */
AVStream *input_track(AVFormatContext *input, enum AVMediaType type);

/** osp_fail() with libav's word for its error code at the end. */
int av_failed(osp_error *err, osp_code code, int averror, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/** A decoder for the track, opened. Pictures above DECODER_PIXELS_MAX are refused.
 *  @param threads  0: one per processor, at most 8 */
int decoder_open(const AVStream *stream, int threads, AVCodecContext **out, osp_error *err);

/** Send libav's own talk to ours; once per process, idempotent. */
void av_talk_redirect(void);
/** Headers and libraries of libav agree in their major versions: a static host program may have
 *  put its own in place of ours. @return OSP_OK, OSP_EINTERNAL */
int av_versions_check(osp_error *err);

#endif
