/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sim/limits.h"

#include <string.h>

int sim_limits_open(struct json **out, osp_error *err)
{
    return json_parse(sim_limits_text, strlen(sim_limits_text), "the simulator's limits", out, err);
}

osp_rational sim_limit(const struct json *limits, const char *path)
{
    const struct json *value = json_path(limits, path);
    osp_rational number = { 0, 0 };
    const char *text = json_text(value);

    if (json_is_array(value))
        return rational(json_int64_or(json_at(value, 0), 0), json_int64_or(json_at(value, 1), 0));
    if (!text || !rational_parse(text, &number))
        return (osp_rational){ 0, 0 };
    return number;
}

int64_t sim_limit_int(const struct json *limits, const char *path)
{
    return json_int64_or(json_path(limits, path), 0);
}

const char *sim_limit_text(const struct json *limits, const char *path)
{
    const char *text = json_string(json_path(limits, path));

    return text ? text : "";
}

bool sim_limit_lists(const struct json *limits, const char *path, const char *word)
{
    const struct json *list = json_path(limits, path);

    for (size_t i = 0; i < json_size(list); i++) {
        const char *entry = json_string(json_at(list, i));

        if (entry && strcmp(entry, word) == 0)
            return true;
    }
    return false;
}
