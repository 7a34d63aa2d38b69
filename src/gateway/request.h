/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef GATEWAY_REQUEST_H
#define GATEWAY_REQUEST_H

#include <stdbool.h>

#include "check/profile.h"

/** Path of the endpoint below the gateway's base address. */
#define GATEWAY_OMNI_VIDEO "kling/videos/omni-video"

/** A base edit: one video, changed as the prompt says. */
struct edit_request {
    const char *prompt;
    const char *mode;             /* NULL: the profile's default */
    const char *video_url;        /* NULL: canonical form, what the job's key is made of */
    const char *external_task_id; /* NULL: same */
    bool keep_sound;
    bool no_cite; /* leave the prompt alone */
};

/**
 * The body of the create. Only documented fields; what does not apply is left out, never "".
 * Lengths and modes are tested here, before anything is sent.
 * @param out  canonical JSON text; set on success only; yours: free()
 * @return OSP_OK, OSP_EUSAGE (prompt missing or too long, no such mode), OSP_EINTERNAL
 */
int request_edit(const struct edit_request *request, const osp_profile *profile, char **out,
                 osp_error *err);

/** BASE/kling/videos/omni-video, or with "/ID" for an id that is not NULL; yours: free(). */
char *request_address(const char *base, const char *endpoint, const char *id);

#endif
