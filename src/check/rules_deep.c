/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Rules that only decoding tells of; silent where nobody decoded (facts->deep is empty then). */
#include <stdio.h>

#include "base/auto.h"
#include "check/measure.h"
#include "check/rules.h"

/* "3 from 1.25 s on" */
static bool first_of(int64_t count, osp_rational at, osp_finding *finding)
{
    char seconds[32];

    if (!count)
        return false;
    snprintf(finding->measured, sizeof(finding->measured), "%lld", (long long)count);
    if (rational_known(at)) {
        rational_print(at, 3, seconds, sizeof(seconds));
        snprintf(finding->measured, sizeof(finding->measured), "%lld from %s s on",
                 (long long)count, seconds);
    }
    return true;
}

static bool corrupt(const osp_facts *f, const osp_profile *p, osp_finding *finding)
{
    (void)p;
    return first_of(f->deep.corrupt, f->deep.corrupt_s, finding);
}

static bool missing(const osp_facts *f, const osp_profile *p, osp_finding *finding)
{
    (void)p;
    return first_of(f->deep.missing, f->deep.missing_s, finding);
}

static bool broken_stamps(const osp_facts *f, const osp_profile *p, osp_finding *finding)
{
    (void)p;
    return first_of(f->deep.breaks, f->deep.break_s, finding);
}

static bool corrupt_sound(const osp_facts *f, const osp_profile *p, osp_finding *finding)
{
    (void)p;
    return first_of(f->deep.sound_corrupt, f->deep.sound_corrupt_s, finding);
}

static const struct word_rule words[] = {
    { "video.corrupt", USES_VIDEO, OSP_VIOLATION, corrupt, "damaged pictures", "none" },
    { "video.frames.missing", USES_VIDEO, OSP_VIOLATION, missing,
      "pictures that the index promises and no decoder gives", "none" },
    { "video.timestamps", USES_VIDEO, OSP_WARNING, broken_stamps,
      "time stamps that go back, repeat or leap", "encode" },
    { "video.sound.corrupt", USES_VIDEO, OSP_WARNING, corrupt_sound, "damaged sound", "sound" },
    { "image.corrupt", USES_IMAGE, OSP_VIOLATION, corrupt, "the picture is damaged", "none" },
    { "sound.corrupt", USES_SOUND, OSP_WARNING, corrupt_sound, "damaged sound", "none" },
};

const struct rule_table deep_rules = { .words = words, .word_count = OSP_COUNT(words) };
