/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* check --request: a whole request, with files of this machine in place of URLs. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/error.h"
#include "base/fs.h"
#include "base/str.h"
#include "cli/cli.h"
#include "report/report.h"

#define CHARACTERS_MAX 64

static int read_stdin(char **out, size_t *size, osp_error *err)
{
    OSP_AUTO(strbuf_release) struct strbuf text = STRBUF_INIT;
    char chunk[16384];
    size_t got;

    while ((got = fread(chunk, 1, sizeof(chunk), stdin)) > 0 && text.size <= JSON_CEILING)
        strbuf_add(&text, chunk, got);
    if (ferror(stdin))
        return osp_fail(err, OSP_EMEDIA, "cannot read standard input");
    *size = text.size;
    *out = strbuf_take(&text);
    return *out ? OSP_OK : osp_nomem(err);
}

/* The ids of --characters, parted at commas. */
static int split_characters(char *list, const char **ids, size_t *count, osp_error *err)
{
    char *rest = list, *id;

    while ((id = strsep(&rest, ","))) {
        if (*count == CHARACTERS_MAX)
            return osp_fail(err, OSP_EUSAGE, "more than %d characters", CHARACTERS_MAX);
        if (*id)
            ids[(*count)++] = id;
    }
    return OSP_OK;
}

static int find_endpoint(const struct settings *s, osp_endpoint *endpoint, osp_error *err)
{
    int found = s->endpoint ? osp_endpoint_find(s->endpoint) : OSP_ENDPOINT_GUESS;

    if (found < 0 || (s->endpoint && found == OSP_ENDPOINT_GUESS))
        return osp_fail(err, OSP_EUSAGE,
                        "'%s' is no endpoint; there are: omni-video, omni-image, text-to-audio, "
                        "avatar",
                        s->endpoint);
    *endpoint = (osp_endpoint)found;
    return OSP_OK;
}

static int report(const struct settings *s, const char *profile, const osp_findings *findings,
                  osp_error *err)
{
    if (!s->json || s->json_file)
        report_request_text(stdout, s->request, findings, isatty(STDOUT_FILENO));
    return s->json ? cli_print_json(s, report_request_json(s->request, profile, findings), err)
                   : OSP_OK;
}

int cmd_request(const struct settings *s, osp_error *err)
{
    OSP_AUTO(osp_profile_free) osp_profile *profile = NULL;
    OSP_AUTO(osp_findings_free) osp_findings *findings = NULL;
    OSP_AUTO(osp_prober_close) osp_prober *prober = NULL;
    OSP_AUTO(auto_free) char *text = NULL;
    OSP_AUTO(auto_free) char *characters = str_dup(s->characters);
    OSP_AUTO(auto_free) char *folder = NULL;
    const char *slash = strrchr(s->request, '/'), *ids[CHARACTERS_MAX], *verdict;
    osp_request_options options;
    osp_prober_options reading;
    bool pipe = strcmp(s->request, "-") == 0;
    size_t size = 0;
    int ret;

    if (s->argument_count || s->use)
        return osp_fail(err, OSP_EUSAGE, "--request takes neither further files nor --use");
    if (s->junit || s->html)
        return osp_fail(err, OSP_EUSAGE, "a request is reported as text or with --json only");
    osp_request_options_init(&options);
    ret = find_endpoint(s, &options.endpoint, err);
    if (ret == OSP_OK && characters)
        ret = split_characters(characters, ids, &options.character_count, err);
    if (ret == OSP_OK)
        ret = cli_profile(s, &profile, err);
    if (ret == OSP_OK)
        ret = pipe ? read_stdin(&text, &size, err)
                   : fs_read_file(s->request, JSON_CEILING, &text, &size, err);
    osp_prober_options_init(&reading);
    reading.workers = 1;
    reading.cancel = cli_control()->cancel;
    if (ret == OSP_OK)
        ret = osp_prober_open(&reading, &prober, err);
    if (ret < 0)
        return ret;
    folder = slash ? strndup(s->request, (size_t)(slash - s->request + 1)) : NULL;
    options.profile = profile;
    options.folder = folder;
    options.characters = ids;
    options.prober = prober;
    ret = osp_check_request(text, size, &options, &findings, err);
    if (ret == OSP_OK)
        ret = report(s, osp_profile_name(profile), findings, err);
    if (ret < 0)
        return ret;
    verdict = osp_findings_verdict(findings);
    return strcmp(verdict, "pass") == 0        ? EXIT_OK
           : strcmp(verdict, "violation") == 0 ? EXIT_VIOLATION
                                               : EXIT_MEDIA;
}
