/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* profile and config: data that other verbs use. */
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/error.h"
#include "base/fs.h"
#include "cli/cli.h"

#define PROFILE_CEILING (1u << 20) /* bytes: the largest file that can be a profile */

static int list_profiles(void)
{
    const char *name;

    for (size_t i = 0; (name = osp_profile_builtin(i)); i++)
        printf("%s\n", name);
    return OSP_OK;
}

static int open_profile(const char *name, osp_profile **out, osp_error *err)
{
    struct settings s = { .profile = name };

    return cli_profile(&s, out, err);
}

static int show_profile(const char *name, osp_error *err)
{
    OSP_AUTO(osp_profile_free) osp_profile *profile = NULL;
    OSP_AUTO(auto_free) char *text = NULL;
    int ret = open_profile(name, &profile, err);

    if (ret < 0)
        return ret;
    text = osp_profile_json(profile);
    if (!text)
        return osp_nomem(err);
    printf("%s\n", text);
    return OSP_OK;
}

/* A line per finding, its path first. @return EXIT_OK, EXIT_VIOLATION */
static int print_lint(const char *path, const osp_findings *findings)
{
    const osp_finding *finding;

    for (size_t i = 0; (finding = osp_findings_get(findings, i)); i++)
        printf("%s%s%s (%s)\n", finding->path, finding->path[0] ? ": " : "", finding->text,
               finding->rule);
    if (osp_findings_count(findings))
        return EXIT_VIOLATION;
    printf("sound: %s\n", path);
    return EXIT_OK;
}

static int lint_profile(const char *path, osp_error *err)
{
    OSP_AUTO(osp_findings_free) osp_findings *findings = NULL;
    OSP_AUTO(osp_profile_free) osp_profile *builtin = NULL;
    OSP_AUTO(auto_free) char *text = NULL;
    size_t size = 0;
    int ret;

    if (!fs_exists(path) && osp_profile_find(path, &builtin, NULL) == OSP_OK)
        text = osp_profile_json(builtin);
    else if ((ret = fs_read_file(path, PROFILE_CEILING, &text, &size, err)) < 0)
        return ret;
    if (!text)
        return osp_nomem(err);
    ret = osp_profile_lint(text, size ? size : strlen(text), &findings, err);
    return ret < 0 ? ret : print_lint(path, findings);
}

int cmd_profile(const struct settings *s, osp_error *err)
{
    const char *what = cli_argument(s, 0, "word: list, show or lint", err);
    const char *name = s->argument_count > 1 ? s->arguments[1] : NULL;

    if (!what)
        return OSP_EUSAGE;
    if (strcmp(what, "list") == 0)
        return list_profiles();
    if (strcmp(what, "show") == 0)
        return show_profile(name, err);
    if (strcmp(what, "lint") == 0)
        return name ? lint_profile(name, err) : osp_fail(err, OSP_EUSAGE, "no file given");
    return osp_fail(err, OSP_EUSAGE, "profile takes list, show or lint, not '%s'", what);
}

int cmd_config(const struct settings *s, osp_error *err)
{
    OSP_AUTO(osp_engine_close) osp_engine *engine = NULL;
    OSP_AUTO(auto_free) char *text = NULL;
    osp_engine_options options;
    int ret;

    if (s->argument_count != 1 || strcmp(s->arguments[0], "show") != 0)
        return osp_fail(err, OSP_EUSAGE, "config takes the word show");
    cli_engine_options(s, &options);
    ret = osp_engine_open(&options, &engine, err);
    if (ret < 0)
        return ret;
    text = osp_engine_settings_json(engine);
    if (!text)
        return osp_nomem(err);
    printf("%s\n", text);
    return OSP_OK;
}
