/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef CHECK_MEASURE_H
#define CHECK_MEASURE_H

#include <stdio.h>
#include <string.h>

#include "base/rational.h"
#include "base/str.h"
#include "check/profile.h"
#include "omnisplice/check.h"

/* What the tables of rules measure in common. */

static inline osp_rational whole(int64_t value)
{
    return value > 0 ? (osp_rational){ value, 1 } : (osp_rational){ 0, 0 };
}

static inline osp_rational short_side(const osp_facts *f)
{
    const osp_video_facts *v = &f->video;

    return whole(v->width_px < v->height_px ? v->width_px : v->height_px);
}

static inline osp_rational long_side(const osp_facts *f)
{
    const osp_video_facts *v = &f->video;

    return whole(v->width_px > v->height_px ? v->width_px : v->height_px);
}

static inline osp_rational aspect(const osp_facts *f)
{
    if (f->video.width_px <= 0 || f->video.height_px <= 0)
        return (osp_rational){ 0, 0 };
    return rational(f->video.width_px, f->video.height_px);
}

static inline osp_rational bytes(const osp_facts *f)
{
    return (osp_rational){ f->size_bytes, 1 };
}

/* More words behind a text. */
static inline void add(char *text, size_t size, const char *more)
{
    size_t used = strlen(text);

    str_copy(text + used, size - used, more);
}

/* The measured word of a finding. @return true, so that a rule can end with it */
static inline bool measured(osp_finding *finding, const char *word)
{
    str_copy(finding->measured, sizeof(finding->measured), word[0] ? word : "unknown");
    return true;
}

/* A word that a list of the profile must hold. No list: no rule. */
static inline bool not_listed(const osp_profile *p, const char *path, const char *word,
                              osp_finding *finding)
{
    const struct json *list = profile_get(p, path);

    for (size_t i = 0; i < json_size(list); i++) {
        const char *entry = json_string(json_at(list, i));

        if (entry && strcmp(entry, word) == 0)
            return false;
        if (entry)
            snprintf(finding->limit + strlen(finding->limit),
                     sizeof(finding->limit) - strlen(finding->limit), "%s%s", i ? ", " : "", entry);
    }
    return list && measured(finding, word);
}

#endif
