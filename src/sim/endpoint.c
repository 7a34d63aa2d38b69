/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sim/endpoint.h"

#include <stddef.h>
#include <string.h>

static const struct {
    const char *name, *path;
} endpoints[SIM_ENDPOINT_COUNT] = {
    [SIM_OMNI_VIDEO] = { "omni-video", "/kling/videos/omni-video" },
    [SIM_OMNI_IMAGE] = { "omni-image", "/kling/images/omni-image" },
    [SIM_TEXT_TO_AUDIO] = { "text-to-audio", "/kling/audio/text-to-audio" },
    [SIM_AVATAR] = { "avatar", "/kling/videos/avatar/image2video" },
};

const char *sim_endpoint_name(enum sim_endpoint endpoint)
{
    return endpoint < SIM_ENDPOINT_COUNT ? endpoints[endpoint].name : "";
}

enum sim_endpoint sim_endpoint_find(const char *name)
{
    int i = 0;

    while (i < SIM_ENDPOINT_COUNT && strcmp(endpoints[i].name, name) != 0)
        i++;
    return (enum sim_endpoint)i;
}

enum sim_endpoint sim_endpoint_of_path(const char *path, const char **id)
{
    *id = NULL;
    for (int i = 0; i < SIM_ENDPOINT_COUNT; i++) {
        const char *at = strstr(path, endpoints[i].path);
        const char *end = at ? at + strlen(endpoints[i].path) : NULL;

        if (!end || (*end && *end != '/'))
            continue;
        if (*end && end[1]) /* "/kling/videos/omni-video/" is the list, too */
            *id = end + 1;
        return (enum sim_endpoint)i;
    }
    return SIM_ENDPOINT_COUNT;
}
