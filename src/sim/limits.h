/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef SIM_LIMITS_H
#define SIM_LIMITS_H

#include <stdbool.h>

#include "base/json.h"
#include "base/rational.h"

/** src/sim/limits.json, compiled in. The simulator is an independent judge: it shares no table and
 *  no code with the product's own check. */
extern const char sim_limits_text[];

/** @param out  set on success only; yours: json_free() */
int sim_limits_open(struct json **out, osp_error *err);

/** The number at a dotted path: [num, den], "10.05" or 24; 0/0 when there is none. */
osp_rational sim_limit(const struct json *limits, const char *path);
int64_t sim_limit_int(const struct json *limits, const char *path);
const char *sim_limit_text(const struct json *limits, const char *path);
/** Whether the list at path holds the word. */
bool sim_limit_lists(const struct json *limits, const char *path, const char *word);

#endif
