/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef SIM_MEDIA_H
#define SIM_MEDIA_H

#include <stdbool.h>
#include <stdint.h>

#include "base/json.h"
#include "base/rational.h"
#include "sim/child.h"

/** What ffprobe says about something that was sent. */
struct sim_media {
    char format[64]; /* FFmpeg's demuxer names, "mov,mp4,m4a,..." */
    char codec[32];  /* of the picture; "" when there is none */
    int64_t bytes;
    int width, height;     /* displayed: rotation and sample aspect ratio applied */
    osp_rational rate_a;   /* average */
    osp_rational rate_r;   /* least common */
    osp_rational duration; /* of the picture track, else of the file; 0/0 not known */
    bool has_sound;
};

enum sim_media_use { SIM_USE_VIDEO, SIM_USE_IMAGE, SIM_USE_SOUND };

/**
 * Ask ffprobe.
 * @param local   a file; otherwise an http(s) address, fetched by ffprobe itself
 * @param facts   set when readable
 * @return OSP_OK, OSP_EMEDIA (unreachable or no media), OSP_ECANCELED, OSP_EINTERNAL
 */
int sim_media_probe(struct sim_children *children, const char *from, bool local,
                    struct sim_media *facts, osp_error *err);
/** ffprobe's JSON to facts; for sim_media_probe() and tests. */
bool sim_media_read(const struct json *probe, struct sim_media *facts);

/** The sentence that a task fails with, or NULL when the service takes it. */
const char *sim_media_judge(const struct json *limits, enum sim_media_use use,
                            const struct sim_media *facts);

/** Options before -i that keep a file from opening anything else. NULL-ended. */
const char *const *sim_media_input_options(bool local);

#endif
