/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef CHECK_RULES_H
#define CHECK_RULES_H

#include <stdbool.h>
#include <stddef.h>

#include "omnisplice/check.h"

/* Uses as a set, so that a row can name several. */
#define USE(use)   (1u << OSP_USE_##use)
#define USES_VIDEO (USE(EDIT) | USE(FEATURE))
#define USES_OMNI  (USE(REFERENCE_IMAGE) | USE(FIRST_FRAME) | USE(END_FRAME))
#define USES_IMAGE (USES_OMNI | USE(OMNI_IMAGE) | USE(AVATAR_IMAGE))
#define USES_SOUND USE(AVATAR_SOUND)

enum bound { AT_LEAST, AT_MOST };

/** A measured number against a bound of the profile. The number is exact; both are inclusive. */
struct bound_rule {
    const char *id;
    unsigned uses;
    osp_rational (*fact)(const osp_facts *facts); /* 0/0: not known, the rule is silent */
    enum bound bound;
    const char *limit; /* path in the profile; a rule whose path is missing does not exist */
    const char *unit;
    const char *text; /* two %s: measured, limit */
    const char *remedy;
    const char *grace;    /* path of a second bound: between the two it is a warning */
    const char *grace_id; /* under this id; NULL: the rule's own */
    osp_level level;      /* beyond the bound, and the grace where there is one */
    /* adds words to the text, or nothing; also within the grace */
    void (*more)(const osp_facts *facts, const osp_profile *profile, char *text, size_t size);
};

/** A property that is broken or not; what was measured and what is asked are words. */
struct word_rule {
    const char *id;
    unsigned uses;
    osp_level level;
    /* broken? then measured (and limit, where the profile has a list) are filled; text may hold
     * more words for the end of the sentence */
    bool (*broken)(const osp_facts *facts, const osp_profile *profile, osp_finding *finding);
    const char *text; /* no %; the measured word stands in the finding */
    const char *remedy;
};

/** Whose a rule is, where it is not the profile's source. */
struct rule_source {
    const char *id, *source;
};

/** The rules of one kind of file. */
struct rule_table {
    const struct bound_rule *bounds;
    size_t bound_count;
    const struct word_rule *words;
    size_t word_count;
    const struct rule_source *sources;
    size_t source_count;
};

extern const struct rule_table video_rules, image_rules, sound_rules, deep_rules;

#endif
