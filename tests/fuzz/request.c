/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Any bytes as a request, by every profile, for the endpoint that they look like and for one more.
 * No file is opened. */
#include "omnisplice/check.h"

#include "base/auto.h"
#include "fuzz.h"

static const osp_profile *profile_at(size_t i)
{
    static osp_profile *profiles[8]; /* kept for all inputs */

    if (i < OSP_COUNT(profiles) && !profiles[i] && osp_profile_builtin(i))
        (void)osp_profile_find(osp_profile_builtin(i), &profiles[i], NULL);
    return i < OSP_COUNT(profiles) ? profiles[i] : NULL;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const characters[] = { "829836802793406551" };
    const osp_endpoint endpoints[] = { OSP_ENDPOINT_GUESS, (osp_endpoint)(size % 5) };
    osp_request_options options;

    osp_request_options_init(&options);
    options.no_media = 1;
    for (size_t i = 0; profile_at(i); i++) {
        for (size_t k = 0; k < OSP_COUNT(endpoints); k++) {
            OSP_AUTO(osp_findings_free) osp_findings *findings = NULL;

            options.profile = profile_at(i);
            options.endpoint = endpoints[k];
            options.characters = characters;
            options.character_count = k;
            (void)osp_check_request((const char *)data, size, &options, &findings, NULL);
        }
    }
    return 0;
}
