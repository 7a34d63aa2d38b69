/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AV_OUTPUT_H
#define AV_OUTPUT_H

#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>

#include "base/error.h"

/** What an H.264 encoder is to make. */
struct video_spec {
    int width_px, height_px;
    enum AVPixelFormat format;
    AVRational rate, time_base; /* time_base 0/0: one tick per picture */
    AVRational sar;
    const AVFrame *tags; /* colour tags are copied from it; NULL: untagged */
    int crf;
    const char *preset; /* NULL: "faster" */
    const char *params; /* x264-params; NULL: none */
    int threads;        /* 0: one per processor, at most 8 */
    int global_header;
};
int encoder_open_h264(const struct video_spec *spec, AVCodecContext **out, osp_error *err);
int encoder_open_aac(int sample_rate_hz, int channels, int global_header, AVCodecContext **out,
                     osp_error *err);

/** A file that is being written by libavformat. */
struct output;

/**
 * @param path    written as it is: give it the path of a tmpfile; "-": standard output
 * @param format  libavformat's name; NULL: by the path's extension
 * @param out     set on success only; yours: output_free()
 */
int output_open(const char *path, const char *format, struct output **out, osp_error *err);
/** A track fed by frames. The encoder becomes the output's. @return track number, or below 0 */
int output_add_encoder(struct output *output, AVCodecContext **encoder, osp_error *err);
/** A track fed by packets of that stream. @return track number, or below 0 */
int output_add_copy(struct output *output, const AVStream *from, osp_error *err);
/** @param options  of the muxer, "movflags=+faststart"; NULL: none */
int output_start(struct output *output, const char *options, osp_error *err);
/** Encode and write; pts in the encoder's time base. NULL: drain the track. */
int output_frame(struct output *output, int track, AVFrame *frame, osp_error *err);
/** Write a packet of a copied track; times in that time base. The packet is used up. */
int output_packet(struct output *output, int track, AVPacket *packet, AVRational time_base,
                  osp_error *err);
int output_finish(struct output *output, osp_error *err);
void output_free(struct output **output); /* NULL is fine; sets NULL */

#endif
