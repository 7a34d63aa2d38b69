/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Any bytes as a profile: linted, and where they can be loaded, judged by. */
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "check/profile.h"
#include "fuzz.h"

static const char request[] =
    "{\"multi_shot\":true,\"shot_type\":\"customize\",\"prompt\":\"<<<image_1>>> "
    "@x\",\"duration\":\"5\","
    "\"multi_prompt\":[{\"index\":1,\"prompt\":\"a\",\"duration\":\"5\"}],\"mode\":\"pro\","
    "\"image_list\":[{\"image_url\":\"https://a.example/a.png\",\"type\":\"first_frame\"}],"
    "\"video_list\":[{\"video_url\":\"https://a.example/a.mp4\",\"refer_type\":\"base\"}]}";
static const char audio[] = "{\"prompt\":\"rain\",\"duration\":3.25}";

static void judge_by(const osp_profile *profile)
{
    osp_facts facts = { .kind = OSP_KIND_VIDEO, .size_bytes = 1000 };
    osp_request_options options;

    facts.video.width_px = 1280;
    facts.video.height_px = 720;
    facts.container_s = facts.track_s = facts.frames_s = (osp_rational){ 5, 1 };
    facts.video.rate = facts.video.sar = (osp_rational){ 25, 1 };
    osp_request_options_init(&options);
    options.profile = profile;
    options.no_media = 1;
    for (int use = OSP_USE_EDIT; use <= OSP_USE_AVATAR_SOUND; use++) {
        OSP_AUTO(osp_findings_free) osp_findings *findings = NULL;

        (void)osp_check(&facts, profile, (osp_use)use, &findings, NULL);
    }
    for (size_t i = 0; i < 2; i++) {
        OSP_AUTO(osp_findings_free) osp_findings *findings = NULL;
        const char *text = i ? audio : request;

        (void)osp_check_request(text, strlen(text), &options, &findings, NULL);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    OSP_AUTO(osp_findings_free) osp_findings *findings = NULL;
    OSP_AUTO(osp_profile_free) osp_profile *profile = NULL;

    (void)osp_profile_lint((const char *)data, size, &findings, NULL);
    if (profile_parse((const char *)data, size, "fuzz", &profile, NULL) == OSP_OK)
        judge_by(profile);
    return 0;
}
