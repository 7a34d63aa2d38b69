/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef CHECK_FINDINGS_H
#define CHECK_FINDINGS_H

#include <stdbool.h>
#include <stddef.h>

#include "omnisplice/check.h"

/** What judging has found, and of a request the media that it names. */
struct osp_findings {
    osp_finding *items;
    size_t count, capacity;
    osp_use use;
    bool unreadable; /* the verdict */
    char *source, *as_of;

    osp_endpoint endpoint;
    bool guessed;
    osp_medium *media; /* path, name and facts are owned */
    size_t media_count, media_capacity;
};

/** @return none yet; NULL: out of memory */
osp_findings *findings_new(const char *source, const char *as_of);
/** One more, with the findings' source and date; the caller fills in the rest. NULL: out of memory
 */
osp_finding *findings_add(osp_findings *findings, const char *rule, osp_level level,
                          const char *remedy);
/** One more medium; takes facts, copies the words. @return false: out of memory, facts are freed */
bool findings_add_medium(osp_findings *findings, const osp_medium *medium, osp_facts *facts);
/** Violations first, then by path, then by rule. */
void findings_sort(osp_findings *findings);

#endif
