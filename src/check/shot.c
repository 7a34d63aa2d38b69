/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A shot among the hard cuts of its master. What comes back may be early or late by some pictures:
 * a cut close to a border then flashes up on the wrong side of it. A border exactly at a cut is the
 * best there is.
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/auto.h"
#include "base/error.h"
#include "base/moment.h"
#include "base/rational.h"
#include "check/findings.h"
#include "check/profile.h"

static osp_rational distance(const osp_facts *facts, int64_t a, int64_t b)
{
    osp_rational apart = rational_sub(facts_moment(facts, a), facts_moment(facts, b));

    return apart.num < 0 ? (osp_rational){ -apart.num, apart.den } : apart;
}

/* The cut closest to a border, but not at it; -1: none is that near. */
static int64_t near_cut(const osp_facts *facts, const osp_look *look, int64_t border,
                        osp_rational near)
{
    int64_t found = -1;

    for (size_t i = 0; i < look->cut_count; i++) {
        int64_t cut = look->cuts[i];

        if (cut == border)
            return -1;
        if (rational_compare(distance(facts, cut, border), near) < 0 &&
            (found < 0 || llabs(cut - border) < llabs(found - border)))
            found = cut;
    }
    return found;
}

static int judge_border(const osp_facts *facts, const osp_look *look, int64_t border,
                        const char *verb, osp_rational near, osp_findings *out, osp_error *err)
{
    int64_t cut = near_cut(facts, look, border, near);
    char apart[32], at[32];
    osp_finding *f;

    if (cut < 0)
        return OSP_OK;
    f = findings_add(out, "edit.cut.near", OSP_WARNING, "none");
    if (!f)
        return osp_nomem(err);
    rational_print(distance(facts, cut, border), 3, apart, sizeof(apart));
    rational_print(facts_moment(facts, cut), 3, at, sizeof(at));
    snprintf(f->measured, sizeof(f->measured), "%s", apart);
    rational_print(near, 3, f->limit, sizeof(f->limit));
    f->unit = "s";
    snprintf(f->text, sizeof(f->text),
             "the shot %s %s s %s a hard cut at %s s, where results flicker; a border at the cut "
             "itself (%lldf) is safe",
             verb, apart, cut < border ? "after" : "before", at, (long long)cut);
    return OSP_OK;
}

static int judge_count(const osp_look *look, int64_t first, int64_t frames, int64_t most,
                       osp_findings *out, osp_error *err)
{
    long long within = 0;
    osp_finding *f;

    for (size_t i = 0; i < look->cut_count; i++)
        within += look->cuts[i] > first && look->cuts[i] < first + frames;
    if (within <= most)
        return OSP_OK;
    f = findings_add(out, "edit.cut.many", OSP_WARNING, "none");
    if (!f)
        return osp_nomem(err);
    snprintf(f->measured, sizeof(f->measured), "%lld", within);
    snprintf(f->limit, sizeof(f->limit), "%lld", (long long)most);
    snprintf(f->text, sizeof(f->text),
             "the shot holds %lld hard cuts, more than %lld: the service treats it as one scene; "
             "edit it scene by scene",
             within, (long long)most);
    return OSP_OK;
}

int osp_check_shot(const osp_facts *facts, const osp_look *look, const osp_profile *profile,
                   int64_t first, int64_t frames, osp_findings **out, osp_error *err)
{
    OSP_AUTO(osp_findings_free)
    osp_findings *findings = findings_new("omnisplice", profile_text_or(profile, "as_of", ""));
    osp_rational near = profile_rational(profile, "edit.cut_near_s");
    int64_t most = profile_int_or(profile, "edit.cuts_max", INT64_MAX);
    int ret = OSP_OK;

    if (!findings)
        return osp_nomem(err);
    findings->use = OSP_USE_EDIT;
    if (rational_known(near) && first > 0)
        ret = judge_border(facts, look, first, "begins", near, findings, err);
    if (ret == OSP_OK && rational_known(near) && first + frames < facts->video.frame_count)
        ret = judge_border(facts, look, first + frames, "ends", near, findings, err);
    if (ret == OSP_OK)
        ret = judge_count(look, first, frames, most, findings, err);
    if (ret == OSP_OK)
        *out = OSP_TAKE(findings);
    return ret;
}

void osp_shot_surroundings(const osp_facts *facts, const osp_profile *profile, int64_t first,
                           int64_t frames, int64_t *look_first, int64_t *look_count)
{
    osp_rational near = profile_rational(profile, "edit.cut_near_s");
    int64_t from = first, to = first + frames;

    while (rational_known(near) && from > 0 &&
           rational_compare(distance(facts, from, first), near) < 0)
        from--;
    while (rational_known(near) && to < facts->video.frame_count &&
           rational_compare(distance(facts, to, first + frames), near) < 0)
        to++;
    *look_first = from > 0 ? from - 1 : 0; /* a cut is seen from the picture before it */
    *look_count = to + 1 - *look_first;
}
