/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/error.h"
#include "base/str.h"
#include "cli/cli.h"
#include "cli/files.h"
#include "report/report.h"

#define JOBS_MAX       256
#define TIME_LIMIT_MAX 86400

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

/* @param ret  what the prober said: OSP_OK and facts, or why there are none */
static int check_file(struct check *c, const char *path, int ret, const osp_facts *facts,
                      osp_error *fault, osp_error *err)
{
    OSP_AUTO(osp_findings_free) osp_findings *findings = NULL;
    struct report_file file = { .path = path };

    if (ret == OSP_OK)
        ret = osp_check(facts, c->profile, c->use, &findings, fault);
    if (ret == OSP_EINTERNAL || ret == OSP_ECANCELED) {
        osp_fail(err, (osp_code)ret, "%s", fault->text);
        return fault->hint[0] ? osp_hint(err, "%s", fault->hint) : ret;
    }
    file.facts = facts;
    file.findings = findings;
    file.fault = fault->text;
    count_verdict(c, report_verdict(&file));
    if (c->list)
        json_push(c->list, report_check_json(&file));
    if (!c->list || c->settings->json_file) {
        progress_clear();
        report_check_text(stdout, &file, c->colour);
    }
    return OSP_OK;
}

/* ---- many files ---- */

/* Paths that are with the prober, oldest first. */
struct window {
    char **paths;
    int size, first, count;
};

static void window_release(struct window *w)
{
    for (int i = 0; i < w->count; i++)
        free(w->paths[(w->first + i) % w->size]);
    free(w->paths);
}

static int window_open(struct window *w, int size, osp_error *err)
{
    *w = (struct window){ .paths = calloc((size_t)size, sizeof(*w->paths)), .size = size };
    return w->paths ? OSP_OK : osp_nomem(err);
}

static int push_file(struct window *w, osp_prober *prober, const char *path, osp_error *err)
{
    char *copy = str_dup(path);

    if (!copy)
        return osp_nomem(err);
    w->paths[(w->first + w->count++) % w->size] = copy;
    return osp_prober_push(prober, path, err);
}

static int pull_file(struct check *c, struct window *w, osp_prober *prober, osp_error *err)
{
    OSP_AUTO(osp_facts_free) osp_facts *facts = NULL;
    OSP_AUTO(auto_free) char *path = w->paths[w->first];
    osp_error fault = { 0 };
    int ret = osp_prober_pull(prober, &facts, &fault);

    w->first = (w->first + 1) % w->size;
    w->count--;
    return check_file(c, path, ret, facts, &fault, err);
}

static void tell_progress(const struct check *c, const struct files *files)
{
    const osp_control *control = cli_control();
    char words[64];

    snprintf(words, sizeof(words), "%d files, %d may not be sent",
             c->counts[0] + c->counts[1] + c->counts[2], c->counts[1] + c->counts[2]);
    control->progress("check", files_fraction(files), words, control->opaque);
}

/* The prober is kept some files ahead; what comes back comes in order, so that nothing is held. */
static int check_through(struct check *c, struct files *files, osp_prober *prober, osp_error *err)
{
    OSP_AUTO(window_release) struct window window;
    int ret = window_open(&window, osp_prober_ahead(prober), err), next = FILES_NEXT;

    while (ret == OSP_OK && (next != FILES_END || window.count)) {
        const char *path;

        if (next != FILES_END && window.count < window.size) {
            /* while a list waits for its writer, what is known is said */
            next = files_next(files, !window.count, &path, err);
            if (next == FILES_NEXT)
                ret = push_file(&window, prober, path, err);
            if (next < 0)
                return next;
            if (next != FILES_LATER)
                continue;
        }
        ret = pull_file(c, &window, prober, err);
        tell_progress(c, files);
        if (ret == OSP_OK && next == FILES_LATER)
            ret = cli_flush(err);
    }
    return ret;
}

static int read_number(const char *text, const char *what, int most, int *out, osp_error *err)
{
    int64_t value = 0;

    if (text && !str_to_int64(text, 0, most, &value))
        return osp_fail(err, OSP_EUSAGE, "'%s' is no %s (0 to %d)", text, what, most);
    *out = (int)value;
    return OSP_OK;
}

static int check_files(struct check *c, osp_error *err)
{
    OSP_AUTO(files_free) struct files *files = NULL;
    OSP_AUTO(osp_prober_close) osp_prober *prober = NULL;
    osp_prober_options options;
    int ret;

    osp_prober_options_init(&options);
    options.deep = c->settings->deep;
    options.cancel = cli_control()->cancel;
    ret = read_number(c->settings->jobs, "number of jobs", JOBS_MAX, &options.workers, err);
    if (ret == OSP_OK)
        ret = read_number(c->settings->time_limit, "time limit in seconds", TIME_LIMIT_MAX,
                          &options.time_limit_s, err);
    if (ret == OSP_OK)
        ret = files_open(c->settings, options.cancel, &files, err);
    if (ret == OSP_OK)
        ret = osp_prober_open(&options, &prober, err);
    if (ret == OSP_OK)
        ret = check_through(c, files, prober, err);
    if (ret == OSP_OK && !(c->counts[0] + c->counts[1] + c->counts[2]))
        return osp_fail(err, OSP_EUSAGE, "no file to check: the folder or the list is empty");
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

int cmd_check(const struct settings *s, osp_error *err)
{
    OSP_AUTO(osp_profile_free) osp_profile *profile = NULL;
    struct check c = { .settings = s, .colour = isatty(STDOUT_FILENO) };
    int files, ret = cli_profile(s, &profile, err);

    if (ret == OSP_OK)
        ret = find_use(s, &c.use, err);
    if (ret < 0)
        return ret;
    c.profile = profile;
    c.list = s->json ? json_array() : NULL;
    ret = check_files(&c, err);
    files = c.counts[0] + c.counts[1] + c.counts[2];
    if (ret == OSP_OK && c.list)
        ret = cli_print_json(
            s, report_check_document(osp_profile_name(profile), OSP_TAKE(c.list), c.counts), err);
    progress_clear();
    if (ret == OSP_OK && files > 1 && (!s->json || s->json_file))
        printf("%d files: %d pass, %d in violation, %d unreadable\n", files, c.counts[0],
               c.counts[1], c.counts[2]);
    json_free(&c.list);
    if (ret < 0)
        return ret;
    return c.counts[1] ? EXIT_VIOLATION : c.counts[2] ? EXIT_MEDIA : EXIT_OK;
}
