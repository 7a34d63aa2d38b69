/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef CHECK_PROFILE_H
#define CHECK_PROFILE_H

#include "base/json.h"
#include "omnisplice/check.h"

/** A profile that is compiled in: its name and its JSON, made from src/check/profiles/. */
struct profile_text {
    const char *name;
    const char *json;
};
extern const struct profile_text profile_texts[]; /* ended by a NULL name */

/** A value of the profile by its dotted path, "video.side_px.min"; NULL: no such rule. */
const struct json *profile_get(const osp_profile *profile, const char *path);
/** Text at that path, or `otherwise`. */
const char *profile_text_or(const osp_profile *profile, const char *path, const char *otherwise);
/** [num, den], or a decimal string, or an integer at that path; 0/0: no such rule. */
osp_rational profile_rational(const osp_profile *profile, const char *path);
int64_t profile_int_or(const osp_profile *profile, const char *path, int64_t otherwise);
/** osp_profile_load() of a text; what names it in messages. */
int profile_parse(const char *text, size_t size, const char *what, osp_profile **out,
                  osp_error *err);
/** Find by built-in name, or load when it looks like a file (has "/" or ends in ".json"). */
int profile_open(const char *name_or_path, osp_profile **out, osp_error *err);

#endif
