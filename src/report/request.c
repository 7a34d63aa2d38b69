/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A judged request as text and as JSON. */
#include <string.h>

#include "base/auto.h"
#include "report/report.h"

static void print_medium(FILE *out, const osp_medium *medium, bool colour)
{
    OSP_AUTO(auto_free) char *facts = report_facts_words(medium->facts, medium->use);

    fprintf(out, "  %s%s%s %s: %s", report_paint(medium->verdict, colour), medium->verdict,
            report_paint("", colour), medium->path, medium->name);
    if (facts && facts[0])
        fprintf(out, " (%s)\n", facts);
    else
        fprintf(out, " (for %s)\n", osp_use_name(medium->use));
}

void report_request_text(FILE *out, const char *path, const osp_findings *findings, bool colour)
{
    const char *verdict = osp_findings_verdict(findings);
    const osp_medium *medium;
    const osp_finding *finding;
    int guessed;
    osp_endpoint endpoint = osp_findings_endpoint(findings, &guessed);

    fprintf(out, "%s%s%s: %s", report_paint(verdict, colour), verdict, report_paint("", colour),
            path);
    if (endpoint != OSP_ENDPOINT_GUESS)
        fprintf(out, " (%s%s)", osp_endpoint_name(endpoint), guessed ? ", by its fields" : "");
    fprintf(out, "\n");
    for (size_t i = 0; (medium = osp_findings_medium(findings, i)); i++)
        print_medium(out, medium, colour);
    for (size_t i = 0; (finding = osp_findings_get(findings, i)); i++)
        report_finding_text(out, finding, colour);
}

static struct json *medium_json(const osp_medium *medium)
{
    OSP_AUTO(auto_free) char *facts = medium->facts ? osp_facts_json(medium->facts) : NULL;
    OSP_AUTO(json_free) struct json *parsed = NULL;
    struct json *out = json_object();

    json_set_string(out, "path", medium->path);
    json_set_string(out, "name", medium->name);
    json_set_string(out, "use", osp_use_name(medium->use));
    json_set_string(out, "verdict", medium->verdict);
    if (!facts || json_parse(facts, strlen(facts), "facts", &parsed, NULL) < 0)
        json_set_null(out, "facts");
    else
        json_set(out, "facts", OSP_TAKE(parsed));
    return out;
}

struct json *report_request_json(const char *path, const char *profile,
                                 const osp_findings *findings)
{
    struct json *out = json_object(), *media = json_array(), *list = json_array();
    const osp_medium *medium;
    const osp_finding *finding;
    int guessed;
    osp_endpoint endpoint = osp_findings_endpoint(findings, &guessed);

    json_set_string(out, "schema", "omnisplice.check-request/1");
    json_set_string(out, "profile", profile);
    json_set_string(out, "request", path);
    json_set_string(out, "endpoint",
                    endpoint == OSP_ENDPOINT_GUESS ? NULL : osp_endpoint_name(endpoint));
    json_set_bool(out, "endpoint_guessed", guessed);
    json_set_string(out, "verdict", osp_findings_verdict(findings));
    for (size_t i = 0; (medium = osp_findings_medium(findings, i)); i++)
        json_push(media, medium_json(medium));
    json_set(out, "media", media);
    for (size_t i = 0; (finding = osp_findings_get(findings, i)); i++) {
        struct json *one = report_finding_json(finding);

        json_set_string(one, "path", finding->path);
        json_push(list, one);
    }
    json_set(out, "findings", list);
    return out;
}
