/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/error.h"
#include "cli/cli.h"
#include "report/report.h"

struct check {
    const struct settings *settings;
    const osp_profile *profile;
    osp_use use;
    struct json *list; /* NULL: text */
    int counts[3];     /* pass, violation, unreadable */
    bool colour;
};

static void count_verdict(struct check *c, const char *verdict)
{
    c->counts[strcmp(verdict, "pass") == 0 ? 0 : strcmp(verdict, "violation") == 0 ? 1 : 2]++;
}

static int check_file(struct check *c, const char *path, osp_error *err)
{
    OSP_AUTO(osp_facts_free) osp_facts *facts = NULL;
    OSP_AUTO(osp_findings_free) osp_findings *findings = NULL;
    osp_error fault = { 0 };
    struct report_file file = { .path = path };
    int ret = osp_probe(path, &facts, &fault);

    if (ret == OSP_OK)
        ret = osp_check(facts, c->profile, c->use, &findings, &fault);
    if (ret == OSP_EINTERNAL)
        return osp_fail(err, OSP_EINTERNAL, "%s", fault.text);
    file.facts = facts;
    file.findings = findings;
    file.fault = fault.text;
    count_verdict(c, report_verdict(&file));
    if (c->list)
        json_push(c->list, report_check_json(&file));
    if (!c->list || c->settings->json_file)
        report_check_text(stdout, &file, c->colour);
    return OSP_OK;
}

static int find_use(const struct settings *s, osp_use *use, osp_error *err)
{
    int found = s->use ? osp_use_find(s->use) : OSP_USE_GUESS;

    if (found < 0 || (s->use && found == OSP_USE_GUESS)) {
        osp_fail(err, OSP_EUSAGE, "'%s' is no use of a file", s->use);
        return osp_hint(err, "omnisplice check --help lists them");
    }
    *use = (osp_use)found;
    return OSP_OK;
}

int cmd_check(const struct settings *s, osp_error *err)
{
    OSP_AUTO(osp_profile_free) osp_profile *profile = NULL;
    struct check c = { .settings = s, .colour = isatty(STDOUT_FILENO) };
    int ret;

    if (s->request)
        return cmd_request(s, err);
    ret = cli_argument(s, 0, "file", err) ? cli_profile(s, &profile, err) : OSP_EUSAGE;
    if (ret == OSP_OK)
        ret = find_use(s, &c.use, err);
    if (ret < 0)
        return ret;
    c.profile = profile;
    c.list = s->json ? json_array() : NULL;
    for (int i = 0; ret == OSP_OK && i < s->argument_count; i++)
        ret = check_file(&c, s->arguments[i], err);
    if (ret == OSP_OK && c.list)
        ret = cli_print_json(
            s, report_check_document(osp_profile_name(profile), OSP_TAKE(c.list), c.counts), err);
    if (ret == OSP_OK && s->argument_count > 1 && (!s->json || s->json_file))
        printf("%d files: %d pass, %d in violation, %d unreadable\n", s->argument_count,
               c.counts[0], c.counts[1], c.counts[2]);
    json_free(&c.list);
    if (ret < 0)
        return ret;
    return c.counts[1] ? EXIT_VIOLATION : c.counts[2] ? EXIT_MEDIA : EXIT_OK;
}
