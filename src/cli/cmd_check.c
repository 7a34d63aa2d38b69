/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* check: each file is examined, then handed to every output. */
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/error.h"
#include "base/str.h"
#include "cli/cli.h"
#include "cli/files.h"
#include "report/report.h"

#define JOBS_MAX       256
#define TIME_LIMIT_MAX 86400
#define PICTURE_PX     160 /* of the pictures in --html */

struct check {
    const struct settings *settings;
    const osp_profile *profile;
    osp_use use;
    struct report_sink *sinks[REPORT_FORMATS];
    size_t sink_count;
    bool pictures; /* some sink shows them */
    struct report_summary summary;
};

/* What is known of one file; report_file points into it. */
struct examined {
    osp_facts *facts;
    osp_findings *findings;
    struct report_mend mend;
    unsigned char *png;
    size_t png_size;
    osp_error fault;
};

static void release_examined(struct examined *e)
{
    auto_free(&e->png);
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
                                 .hint = e->fault.hint,
                                 .mend = e->mend.command,
                                 .mend_not = e->mend.reason,
                                 .png = e->png,
                                 .png_size = e->png_size };
}

/* @param ret  what the prober said: OSP_OK and facts, or why there are none */
static int examine(const struct check *c, const char *path, int ret, struct examined *e,
                   osp_error *err)
{
    const struct mend_words words = { c->settings->profile, c->settings->use };
    struct report_file file;

    if (ret == OSP_OK)
        ret = osp_check(e->facts, c->profile, c->use, &e->findings, &e->fault);
    if (ret == OSP_EINTERNAL || ret == OSP_ECANCELED) {
        osp_fail(err, (osp_code)ret, "%s", e->fault.text);
        return e->fault.hint[0] ? osp_hint(err, "%s", e->fault.hint) : ret;
    }
    if (c->pictures && e->facts)
        /* no picture is no fault of the file's: the report shows an empty frame */
        (void)osp_thumbnail(path, e->facts, (osp_rational){ 0, 0 }, PICTURE_PX, &e->png,
                            &e->png_size, NULL);
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
    OSP_AUTO(release_examined) struct examined e = { 0 };
    OSP_AUTO(auto_free) char *path = w->paths[w->first];
    int ret = osp_prober_pull(prober, &e.facts, &e.fault);

    w->first = (w->first + 1) % w->size;
    w->count--;
    ret = examine(c, path, ret, &e, err);
    progress_clear();
    return ret < 0 ? ret : hand_out(c, path, &e, err);
}

static void tell_progress(const struct check *c, const struct files *files)
{
    const osp_control *control = cli_control();
    char words[64];

    snprintf(words, sizeof(words), "%d files, %d may not be sent", (int)c->summary.files,
             (int)(c->summary.violation + c->summary.unreadable));
    control->progress("check", files_fraction(files), words, control->opaque);
}

/* The prober is kept some files ahead; what comes back comes in order, so that nothing is held. */
static int check_through(struct check *c, struct files *files, osp_prober *prober, osp_error *err)
{
    OSP_AUTO(window_release) struct window window;
    int ret = window_open(&window, osp_prober_ahead(prober), err), next = FILES_NEXT;

    while (ret == OSP_OK && (next != FILES_END || window.count)) {
        const char *path;

        ret = cli_interrupted(err); /* what the prober has ready would go on for a while */
        if (ret < 0)
            return ret;
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
    if (ret == OSP_OK && !c->summary.files)
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

/* ---- outputs ---- */

/* On a terminal, unless NO_COLOR says otherwise (https://no-color.org: set and not empty). */
static int choose_colour(const char *when, bool *colour, osp_error *err)
{
    const char *no_color = getenv("NO_COLOR"), *term = getenv("TERM");
    bool plain = (no_color && no_color[0]) || (term && strcmp(term, "dumb") == 0);

    if (when && strcmp(when, "auto") != 0 && strcmp(when, "always") != 0 &&
        strcmp(when, "never") != 0)
        return osp_fail(err, OSP_EUSAGE, "--color takes auto, always or never, not '%s'", when);
    *colour = isatty(STDOUT_FILENO) && !plain;
    if (when && strcmp(when, "auto") != 0)
        *colour = strcmp(when, "always") == 0;
    return OSP_OK;
}

static int terminal_columns(void)
{
    struct winsize size;

    return ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 ? size.ws_col : 0;
}

static bool says_more(const char *level)
{
    static const char *const levels[] = { "info", "verbose", "debug", "trace" };

    for (size_t i = 0; level && i < OSP_COUNT(levels); i++) {
        if (strcmp(levels[i], level) == 0)
            return true;
    }
    return false;
}

static int set_style(const struct settings *s, struct report_style *style, osp_error *err)
{
    *style = (struct report_style){ .columns = terminal_columns(),
                                    .verbose = says_more(s->log_level),
                                    .quiet = s->quiet };
    return choose_colour(s->colour, &style->colour, err);
}

static int open_sink(struct check *c, enum report_format format, const char *path,
                     const struct report_style *style, osp_error *err)
{
    int ret = report_open(format, path, style, &c->sinks[c->sink_count], err);

    if (ret < 0)
        return ret;
    c->sink_count++;
    c->pictures |= report_shows_pictures(format);
    return OSP_OK;
}

static bool is_stdout(const char *path)
{
    return !path || strcmp(path, "-") == 0;
}

/* The documents that were asked for, and text unless one of them takes standard output. */
static int open_sinks(struct check *c, osp_error *err)
{
    const struct settings *s = c->settings;
    const struct {
        int wanted;
        enum report_format format;
        const char *path;
    } documents[] = { { s->json, REPORT_JSON, s->json_file },
                      { s->junit, REPORT_JUNIT, s->junit_file },
                      { s->html, REPORT_HTML, s->html_file } };
    struct report_style style;
    int to_stdout = 0, ret = set_style(s, &style, err);

    for (size_t i = 0; i < OSP_COUNT(documents); i++)
        to_stdout += documents[i].wanted && is_stdout(documents[i].path);
    if (ret == OSP_OK && to_stdout > 1) {
        osp_fail(err, OSP_EUSAGE, "%d documents for one standard output", to_stdout);
        ret = osp_hint(err, "name a file: --json=FILE, --junit=FILE, --html=FILE");
    }
    for (size_t i = 0; ret == OSP_OK && i < OSP_COUNT(documents); i++) {
        if (documents[i].wanted)
            ret = open_sink(c, documents[i].format, documents[i].path, NULL, err);
    }
    if (ret == OSP_OK && !to_stdout)
        ret = open_sink(c, REPORT_TEXT, NULL, &style, err);
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
    int ret;

    if (s->request)
        return cmd_request(s, err);
    ret = cli_profile(s, &profile, err);
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
