/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Facts held against the tables of rules*.c. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/auto.h"
#include "base/error.h"
#include "base/rational.h"
#include "base/str.h"
#include "check/findings.h"
#include "check/profile.h"
#include "check/rules.h"

static const char *const use_names[] = { "guess",           "edit",         "feature",
                                         "reference-image", "first-frame",  "end-frame",
                                         "omni-image",      "avatar-image", "avatar-sound" };

const char *osp_use_name(osp_use use)
{
    return (size_t)use < OSP_COUNT(use_names) ? use_names[use] : "guess";
}

int osp_use_find(const char *name)
{
    for (size_t i = 0; i < OSP_COUNT(use_names); i++) {
        if (strcmp(use_names[i], name) == 0)
            return (int)i;
    }
    return -1;
}

static osp_kind kind_of_use(osp_use use)
{
    unsigned bit = 1u << use;

    return bit & USES_VIDEO ? OSP_KIND_VIDEO : bit & USES_IMAGE ? OSP_KIND_IMAGE : OSP_KIND_SOUND;
}

static osp_use guess_use(const osp_facts *facts)
{
    static const osp_use guesses[] = { OSP_USE_GUESS, OSP_USE_EDIT, OSP_USE_REFERENCE_IMAGE,
                                       OSP_USE_AVATAR_SOUND };

    return guesses[facts->kind];
}

static void print_number(osp_rational value, const char *unit, char *out, size_t size)
{
    if (strcmp(unit, "fps") == 0)
        snprintf(out, size, "%lld/%lld", (long long)value.num, (long long)value.den);
    else
        rational_print(value, unit[0] == 's' || !unit[0] ? 4 : 0, out, (int)size);
}

/* For a sentence: 23.976 rather than 24000/1001. */
static void print_plain(osp_rational value, char *out, size_t size)
{
    rational_print(value, 4, out, (int)size);
}

static bool beyond(enum bound bound, osp_rational value, osp_rational limit)
{
    int order = rational_compare(value, limit);

    return bound == AT_LEAST ? order < 0 : order > 0;
}

/* A printed number must not contradict its verdict: 2.99999 against 3 reads "less than 3". */
static void print_measured(const struct bound_rule *rule, osp_rational value, osp_rational limit,
                           char *out, size_t size)
{
    char other[48];

    print_plain(value, out, size);
    print_plain(limit, other, sizeof(other));
    if (strcmp(out, other) == 0)
        snprintf(out, size, "%s than %s", rule->bound == AT_LEAST ? "a hair less" : "a hair more",
                 other);
}

__attribute__((format(printf, 3, 0))) static void fill(char *out, size_t size, const char *format,
                                                       ...)
{
    va_list args;

    va_start(args, format);
    vsnprintf(out, size, format, args);
    va_end(args);
}

static int judge_bound(const struct bound_rule *rule, const osp_facts *facts,
                       const osp_profile *profile, osp_findings *out)
{
    osp_rational limit = profile_rational(profile, rule->limit), value, grace = { 0, 0 };
    char measured[64], allowed[48];
    osp_finding *finding;
    bool tolerated;

    if (!rational_known(limit))
        return OSP_OK;
    value = rule->fact(facts);
    if (!rational_known(value) || !beyond(rule->bound, value, limit))
        return OSP_OK;
    if (rule->grace)
        grace = profile_rational(profile, rule->grace);
    tolerated = rational_known(grace) && !beyond(rule->bound, value, grace);
    finding = findings_add(out, tolerated && rule->grace_id ? rule->grace_id : rule->id,
                           tolerated ? OSP_WARNING : rule->level, rule->remedy);
    if (!finding)
        return OSP_EINTERNAL;
    finding->unit = rule->unit;
    print_number(value, rule->unit, finding->measured, sizeof(finding->measured));
    print_number(limit, rule->unit, finding->limit, sizeof(finding->limit));
    print_measured(rule, value, limit, measured, sizeof(measured));
    print_plain(limit, allowed, sizeof(allowed));
    fill(finding->text, sizeof(finding->text), rule->text, measured, allowed);
    if (rule->more)
        rule->more(facts, profile, finding->text, sizeof(finding->text));
    return OSP_OK;
}

static int judge_word(const struct word_rule *rule, const osp_facts *facts,
                      const osp_profile *profile, osp_findings *out)
{
    osp_finding found = { 0 }, *finding;

    if (!rule->broken(facts, profile, &found))
        return OSP_OK;
    finding = findings_add(out, rule->id, rule->level, rule->remedy);
    if (!finding)
        return OSP_EINTERNAL;
    str_copy(finding->measured, sizeof(finding->measured), found.measured);
    str_copy(finding->limit, sizeof(finding->limit), found.limit);
    snprintf(finding->text, sizeof(finding->text), "%s (%s)%s", rule->text, found.measured,
             found.text);
    return OSP_OK;
}

static int judge_unreadable(const osp_facts *facts, osp_findings *out, osp_error *err)
{
    osp_finding *finding = findings_add(out, "media.unreadable", OSP_VIOLATION, "none");

    if (!finding)
        return osp_nomem(err);
    out->unreadable = true;
    finding->source = "omnisplice";
    str_copy(finding->measured, sizeof(finding->measured), "unreadable");
    str_copy(finding->text, sizeof(finding->text),
             facts->fault[0]                 ? facts->fault
             : facts->kind == OSP_KIND_SOUND ? "it has sound but no picture"
             : facts->kind == OSP_KIND_IMAGE ? "it is a still image"
                                             : "it has no sound");
    return OSP_OK;
}

static bool judgeable(const osp_facts *facts, osp_use use)
{
    return facts->kind != OSP_KIND_UNKNOWN && facts->kind == kind_of_use(use);
}

static void set_sources(const struct rule_table *table, size_t from, osp_findings *out)
{
    for (size_t i = from; i < out->count; i++) {
        for (size_t k = 0; k < table->source_count; k++) {
            if (strcmp(out->items[i].rule, table->sources[k].id) == 0)
                out->items[i].source = table->sources[k].source;
        }
    }
}

/* A row of another use is as good as absent. */
static int judge_table(const struct rule_table *table, const osp_facts *facts,
                       const osp_profile *profile, osp_findings *out)
{
    unsigned bit = 1u << out->use;
    size_t from = out->count;
    int ret = OSP_OK;

    for (size_t i = 0; ret == OSP_OK && i < table->bound_count; i++)
        ret = table->bounds[i].uses & bit ? judge_bound(&table->bounds[i], facts, profile, out)
                                          : OSP_OK;
    for (size_t i = 0; ret == OSP_OK && i < table->word_count; i++)
        ret = table->words[i].uses & bit ? judge_word(&table->words[i], facts, profile, out)
                                         : OSP_OK;
    set_sources(table, from, out);
    return ret;
}

int osp_check(const osp_facts *facts, const osp_profile *profile, osp_use use, osp_findings **out,
              osp_error *err)
{
    static const struct rule_table *const tables[] = { &video_rules, &image_rules, &sound_rules,
                                                       &deep_rules };
    OSP_AUTO(osp_findings_free)
    osp_findings *findings = findings_new(profile_text_or(profile, "source", "profile file"),
                                          profile_text_or(profile, "as_of", ""));
    int ret = OSP_OK;

    if (!findings)
        return osp_nomem(err);
    findings->use = use == OSP_USE_GUESS ? guess_use(facts) : use;
    if (findings->use == OSP_USE_GUESS || !judgeable(facts, findings->use)) {
        ret = judge_unreadable(facts, findings, err);
        if (ret < 0)
            return ret;
        *out = OSP_TAKE(findings);
        return OSP_OK;
    }
    for (size_t i = 0; ret == OSP_OK && i < OSP_COUNT(tables); i++)
        ret = judge_table(tables[i], facts, profile, findings);
    if (ret < 0)
        return osp_nomem(err);
    findings_sort(findings);
    *out = OSP_TAKE(findings);
    return OSP_OK;
}
