/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* check: each file is examined, then handed to every output. */
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
    struct report_sink *sinks[REPORT_FORMATS];
    size_t sink_count;
    struct report_summary summary;
};

/* What is known of one file; report_file points into it. */
struct examined {
    osp_facts *facts;
    osp_findings *findings;
    struct report_mend mend;
    osp_error fault;
};

static void release_examined(struct examined *e)
{
    report_mend_release(&e->mend);
    osp_findings_free(&e->findings);
    osp_facts_free(&e->facts);
}

static struct report_file view(const char *path, const struct examined *e)
{
    return (struct report_file){ .path = path,
                                 .facts = e->facts,
                                 .findings = e->findings,
                                 .fault = e->fault.text,
                                 .mend = e->mend.command,
                                 .mend_not = e->mend.reason };
}

/* Touches nothing of `c` but what is constant. */
static int examine(const struct check *c, const char *path, struct examined *e, osp_error *err)
{
    const struct mend_words words = { c->settings->profile, c->settings->use };
    struct report_file file;
    int ret = osp_probe(path, &e->facts, &e->fault);

    if (ret == OSP_OK)
        ret = osp_check(e->facts, c->profile, c->use, &e->findings, &e->fault);
    if (ret == OSP_EINTERNAL)
        return osp_fail(err, OSP_EINTERNAL, "%s", e->fault.text);
    file = view(path, e);
    return report_mend(&file, c->profile, &words, &e->mend, err);
}

static int hand_out(struct check *c, const char *path, const struct examined *e, osp_error *err)
{
    struct report_file file = view(path, e);
    int ret = OSP_OK;

    report_count(&c->summary, &file);
    for (size_t i = 0; ret == OSP_OK && i < c->sink_count; i++)
        ret = report_add(c->sinks[i], &file, err);
    return ret;
}

static int check_file(struct check *c, const char *path, osp_error *err)
{
    OSP_AUTO(release_examined) struct examined e = { 0 };
    int ret = examine(c, path, &e, err);

    return ret < 0 ? ret : hand_out(c, path, &e, err);
}

static int check_files(struct check *c, osp_error *err)
{
    const struct settings *s = c->settings;
    int ret = OSP_OK;

    for (int i = 0; ret == OSP_OK && i < s->argument_count; i++) {
        ret = cli_interrupted(err);
        if (ret == OSP_OK)
            ret = check_file(c, s->arguments[i], err);
    }
    return ret;
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

/* ---- outputs ---- */

static int open_sinks(struct check *c, osp_error *err)
{
    const struct settings *s = c->settings;
    struct report_style style = { .colour = isatty(STDOUT_FILENO) };
    int ret = OSP_OK;

    if (s->json)
        ret = report_open(REPORT_JSON, s->json_file, NULL, &c->sinks[c->sink_count++], err);
    if (ret == OSP_OK && (!s->json || s->json_file))
        ret = report_open(REPORT_TEXT, NULL, &style, &c->sinks[c->sink_count++], err);
    return ret;
}

static int begin_sinks(struct check *c, osp_error *err)
{
    struct report_document document = { .profile = osp_profile_name(c->profile) };
    int ret = OSP_OK;

    for (size_t i = 0; ret == OSP_OK && i < c->sink_count; i++)
        ret = report_begin(c->sinks[i], &document, err);
    return ret;
}

static int end_sinks(struct check *c, osp_error *err)
{
    int ret = OSP_OK;

    for (size_t i = 0; ret == OSP_OK && i < c->sink_count; i++)
        ret = report_end(c->sinks[i], &c->summary, err);
    return ret;
}

static void close_sinks(struct check *c)
{
    for (size_t i = 0; i < c->sink_count; i++)
        report_close(&c->sinks[i]);
}

int cmd_check(const struct settings *s, osp_error *err)
{
    OSP_AUTO(osp_profile_free) osp_profile *profile = NULL;
    OSP_AUTO(close_sinks) struct check c = { .settings = s };
    int ret = cli_argument(s, 0, "file", err) ? cli_profile(s, &profile, err) : OSP_EUSAGE;

    c.profile = profile;
    if (ret == OSP_OK)
        ret = find_use(s, &c.use, err);
    if (ret == OSP_OK)
        ret = open_sinks(&c, err);
    if (ret == OSP_OK)
        ret = begin_sinks(&c, err);
    if (ret == OSP_OK)
        ret = check_files(&c, err);
    if (ret == OSP_OK)
        ret = end_sinks(&c, err);
    if (ret < 0)
        return ret;
    return c.summary.violation ? EXIT_VIOLATION : c.summary.unreadable ? EXIT_MEDIA : EXIT_OK;
}
