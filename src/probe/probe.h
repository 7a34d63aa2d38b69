/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef PROBE_PROBE_H
#define PROBE_PROBE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "omnisplice/media.h"

/**
 * The file that is probed. It is open already, because the one who reads may be a process that can
 * open nothing. Readers use pread() and leave the descriptor as it is.
 */
struct probe_source {
    int fd;           /* of a regular file */
    const char *name; /* what errors call it; its extension is a fact */
};

/* The readers behind osp_probe(), one per kind of file. Each fills the facts and returns OSP_OK,
 * or leaves facts->kind unknown with facts->fault set; only broken machines are errors. */
int probe_video(const struct probe_source *source, osp_facts *facts, osp_error *err);
int probe_sound(const struct probe_source *source, osp_facts *facts, osp_error *err);
/** WAV, MP3 and ADTS by our own readers. @return 1: facts are filled; 0: none of these */
int probe_plain_sound(const struct probe_source *source, const uint8_t *head, size_t size,
                      osp_facts *facts);
/** @return 1: it is an image, facts are filled; 0: it is none */
int probe_image(const struct probe_source *source, const uint8_t *head, size_t size,
                osp_facts *facts);
/**
 * osp_probe() of a file that is open.
 * @param out  set on success only; yours: osp_facts_free()
 */
int probe_source(const struct probe_source *source, osp_facts **out, osp_error *err);
/**
 * Decode everything and fill facts->deep. Damage is no failure; where there is no decoder nothing
 * is filled.
 * @param facts  of that file, by probe_source()
 * @return OSP_OK, OSP_EINTERNAL (out of memory)
 */
int probe_deep(const struct probe_source *source, osp_facts *facts, osp_error *err);
void probe_set_extension(const char *path, osp_facts *facts);
/** A file for it, from a path that a person gave. @return OSP_OK, OSP_EMEDIA */
int probe_open(const char *path, int *fd, osp_error *err);

struct AVFormatContext;
/** Facts of the first sound track of an open file. */
void probe_sound_track(struct AVFormatContext *input, osp_facts *facts);

/** Fit a clock to sorted time stamps: fills rate, rate_min, rate_max and variable_rate from
 *  frame_pts, frame_count, last_duration and time_base (rate.c tells the rule). */
void probe_fit_rate(osp_video_facts *video);

#endif
