/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/error.h"
#include "base/str.h"
#include "omnisplice/job.h"

static int fit_of(const char *value)
{
    static const char *const fits[] = { "crop", "pad", "stretch" };

    for (size_t i = 0; i < OSP_COUNT(fits); i++) {
        if (strcmp(fits[i], value) == 0)
            return 1;
    }
    return 0;
}

static const struct member {
    const char *name;
    bool flag;
    size_t offset;
    int (*allowed)(const char *value);
    const char *values;
} members[] = {
    { "master", false, offsetof(osp_shot, master), NULL, NULL },
    { "from", false, offsetof(osp_shot, from), NULL, NULL },
    { "to", false, offsetof(osp_shot, to), NULL, NULL },
    { "prompt", false, offsetof(osp_shot, prompt), NULL, NULL },
    { "mode", false, offsetof(osp_shot, mode), NULL, NULL },
    { "profile", false, offsetof(osp_shot, profile), NULL, NULL },
    { "fit", false, offsetof(osp_shot, fit), fit_of, "crop, pad or stretch" },
    { "keep-sound", true, offsetof(osp_shot, keep_sound), NULL, NULL },
    { "no-cite", true, offsetof(osp_shot, no_cite), NULL, NULL },
    { "again", true, offsetof(osp_shot, again), NULL, NULL },
};

void osp_shot_init(osp_shot *shot)
{
    memset(shot, 0, sizeof(*shot));
}

void osp_shot_release(osp_shot *shot)
{
    if (!shot)
        return;
    for (size_t i = 0; i < OSP_COUNT(members); i++) {
        if (!members[i].flag)
            auto_free((char *)shot + members[i].offset);
    }
    osp_shot_init(shot);
}

static int set_flag(int *flag, const struct member *member, const char *value, osp_error *err)
{
    if (!value || (strcmp(value, "0") != 0 && strcmp(value, "1") != 0))
        return osp_fail(err, OSP_EUSAGE, "'%s' is 1 or 0, not '%s'", member->name,
                        value ? value : "");
    *flag = value[0] == '1';
    return OSP_OK;
}

static int set_text(char **text, const struct member *member, const char *value, osp_error *err)
{
    char *copy = NULL;

    if (value && member->allowed && !member->allowed(value))
        return osp_fail(err, OSP_EUSAGE, "'%s' is %s, not '%s'", member->name, member->values,
                        value);
    if (value && !(copy = strdup(value)))
        return osp_nomem(err);
    free(*text);
    *text = copy;
    return OSP_OK;
}

int osp_shot_set(osp_shot *shot, const char *name, const char *value, osp_error *err)
{
    for (size_t i = 0; i < OSP_COUNT(members); i++) {
        void *at = (char *)shot + members[i].offset;

        if (strcmp(members[i].name, name) != 0)
            continue;
        return members[i].flag ? set_flag(at, &members[i], value, err)
                               : set_text(at, &members[i], value, err);
    }
    return osp_fail(err, OSP_EUSAGE, "a shot has no '%s'", name);
}
