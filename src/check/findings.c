/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "check/findings.h"

#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/auto.h"

osp_findings *findings_new(const char *source, const char *as_of)
{
    OSP_AUTO(osp_findings_free) osp_findings *findings = calloc(1, sizeof(*findings));

    if (!findings)
        return NULL;
    findings->source = strdup(source);
    findings->as_of = strdup(as_of);
    return findings->source && findings->as_of ? OSP_TAKE(findings) : NULL;
}

osp_finding *findings_add(osp_findings *f, const char *rule, osp_level level, const char *remedy)
{
    osp_finding *finding;

    if (!array_grow((void **)&f->items, sizeof(*f->items), f->count, &f->capacity))
        return NULL;
    finding = &f->items[f->count++];
    *finding = (osp_finding){ .rule = rule,
                              .level = level,
                              .remedy = remedy,
                              .unit = "",
                              .source = f->source,
                              .as_of = f->as_of };
    return finding;
}

bool findings_add_medium(osp_findings *f, const osp_medium *medium, osp_facts *facts)
{
    OSP_AUTO(osp_facts_free) osp_facts *owned = facts;
    OSP_AUTO(auto_free) char *path = strdup(medium->path);
    OSP_AUTO(auto_free) char *name = strdup(medium->name);
    osp_medium *added;

    if (!path || !name ||
        !array_grow((void **)&f->media, sizeof(*f->media), f->media_count, &f->media_capacity))
        return false;
    added = &f->media[f->media_count++];
    *added = *medium;
    added->path = OSP_TAKE(path);
    added->name = OSP_TAKE(name);
    added->facts = OSP_TAKE(owned);
    return true;
}

static int by_level(const void *a, const void *b)
{
    const osp_finding *x = a, *y = b;
    int order = strcmp(x->path, y->path);

    if (x->level != y->level)
        return x->level > y->level ? -1 : 1;
    return order ? order : strcmp(x->rule, y->rule);
}

void findings_sort(osp_findings *f)
{
    if (f->count)
        qsort(f->items, f->count, sizeof(*f->items), by_level);
}

size_t osp_findings_count(const osp_findings *findings)
{
    return findings->count;
}

const osp_finding *osp_findings_get(const osp_findings *findings, size_t i)
{
    return i < findings->count ? &findings->items[i] : NULL;
}

osp_use osp_findings_use(const osp_findings *findings)
{
    return findings->use;
}

osp_endpoint osp_findings_endpoint(const osp_findings *findings, int *guessed)
{
    if (guessed)
        *guessed = findings->guessed;
    return findings->endpoint;
}

const osp_medium *osp_findings_medium(const osp_findings *findings, size_t i)
{
    return i < findings->media_count ? &findings->media[i] : NULL;
}

const char *osp_findings_verdict(const osp_findings *findings)
{
    if (findings->unreadable)
        return "unreadable";
    return findings->count && findings->items[0].level == OSP_VIOLATION ? "violation" : "pass";
}

/* The words are the findings' own; the members are const for those who look. */
static void free_medium(osp_medium *medium)
{
    osp_facts *facts = (osp_facts *)(uintptr_t)medium->facts;

    free((void *)(uintptr_t)medium->path);
    free((void *)(uintptr_t)medium->name);
    osp_facts_free(&facts);
}

void osp_findings_free(osp_findings **findings)
{
    if (!findings || !*findings)
        return;
    for (size_t i = 0; i < (*findings)->media_count; i++)
        free_medium(&(*findings)->media[i]);
    free((*findings)->media);
    free((*findings)->items);
    free((*findings)->source);
    free((*findings)->as_of);
    free(*findings);
    *findings = NULL;
}
