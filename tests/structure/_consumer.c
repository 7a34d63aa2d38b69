/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A stranger's program on the installed library: may this file be sent as it is? */
#include <omnisplice/omnisplice.h>
#include <stdio.h>

int main(int argc, char **argv)
{
    osp_error err = { 0 };
    osp_facts *facts = NULL;
    osp_profile *profile = NULL;
    osp_findings *findings = NULL;
    const osp_finding *finding;
    int ret = argc == 2 ? osp_probe(argv[1], &facts, &err) : OSP_EUSAGE;

    if (ret == OSP_OK)
        ret = osp_profile_find(NULL, &profile, &err);
    if (ret == OSP_OK)
        ret = osp_check(facts, profile, OSP_USE_EDIT, &findings, &err);
    if (ret < 0)
        fprintf(stderr, "consumer: %s\n", err.text);
    else
        printf("%s %s\n", osp_version(), osp_findings_verdict(findings));
    for (size_t i = 0; ret == OSP_OK && (finding = osp_findings_get(findings, i)); i++)
        printf("%s\n", finding->rule);
    osp_findings_free(&findings);
    osp_profile_free(&profile);
    osp_facts_free(&facts);
    return -ret;
}
