/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * May these files be sent as they are? The library in its smallest use.
 *
 *     cc -std=c11 check.c $(pkg-config --cflags --libs omnisplice) -o check
 *     ./check [--facts] FILE...
 *
 * Ends with 0 when every file passes, 1 when one does not, 2 when it is used wrongly.
 */
#include <omnisplice/omnisplice.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void print_facts(const osp_facts *facts)
{
    char *json = osp_facts_json(facts); /* ours: free() */

    if (json)
        printf("  %s\n", json);
    free(json);
}

static void print_findings(const osp_findings *findings)
{
    static const char *const levels[] = { "note", "warning", "violation" };
    const osp_finding *finding;

    for (size_t i = 0; (finding = osp_findings_get(findings, i)); i++) {
        printf("  %s %s: %s\n", levels[finding->level], finding->rule, finding->text);
        printf("    measured %s %s", finding->measured, finding->unit);
        if (finding->limit[0])
            printf(", limit %s %s", finding->limit, finding->unit);
        printf(" (%s, %s)\n", finding->source, finding->as_of);
    }
}

/* @return 0: it passes, 1: it does not */
static int check(const char *path, const osp_profile *profile, int with_facts)
{
    osp_error err = { 0 };
    osp_facts *facts = NULL;
    osp_findings *findings = NULL;
    int passes = 0;

    /* what fails here failed for us; broken media are a finding, no error */
    if (osp_probe(path, &facts, &err) < 0 ||
        osp_check(facts, profile, OSP_USE_GUESS, &findings, &err) < 0) {
        printf("%s: %s\n", path, err.text);
    } else {
        printf("%s: %s, for %s\n", path, osp_findings_verdict(findings),
               osp_use_name(osp_findings_use(findings)));
        if (with_facts)
            print_facts(facts);
        print_findings(findings);
        passes = strcmp(osp_findings_verdict(findings), "pass") == 0;
    }
    osp_findings_free(&findings);
    osp_facts_free(&facts);
    return !passes;
}

int main(int argc, char **argv)
{
    int with_facts = argc > 1 && strcmp(argv[1], "--facts") == 0, refused = 0;
    osp_error err = { 0 };
    osp_profile *profile = NULL;

    if (argc < 2 + with_facts) {
        fprintf(stderr, "usage: check [--facts] FILE...\n");
        return 2;
    }
    if (osp_profile_find(NULL, &profile, &err) < 0) {
        fprintf(stderr, "check: %s\n", err.text);
        return 2;
    }
    for (int i = 1 + with_facts; i < argc; i++)
        refused |= check(argv[i], profile, with_facts);
    osp_profile_free(&profile);
    return refused;
}
