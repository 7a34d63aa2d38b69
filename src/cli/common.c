/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What several verbs share: signals, progress, output, sessions. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/error.h"
#include "base/fs.h"
#include "base/tmpfile.h"
#include "base/rational.h"
#include "base/str.h"
#include "cli/cli.h"

/* ---- signals and progress ---- */

static osp_cancel *interrupt; /* written by the handler: eventfd writes are async-signal-safe */

static void on_signal(int number)
{
    osp_cancel_trigger(interrupt);
    signal(number, SIG_DFL); /* the second one does not ask */
}

int cli_catch_signals(osp_error *err)
{
    int ret = osp_cancel_new(&interrupt, err);

    if (ret < 0)
        return ret;
    signal(SIGINT, on_signal);
    signal(SIGTERM, on_signal);
    return OSP_OK;
}

int cli_interrupted(osp_error *err)
{
    struct pollfd flag = { .fd = osp_cancel_fd(interrupt), .events = POLLIN };

    if (poll(&flag, 1, 0) <= 0)
        return OSP_OK;
    return osp_fail(err, OSP_ECANCELED, "interrupted");
}

static struct {
    bool shown;
    double next_s;
    char stage[24];
} line;

static double now_s(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

void progress_clear(void)
{
    if (line.shown)
        fprintf(stderr, "\r\033[K");
    line.shown = false;
}

static void show_progress(const char *stage, double fraction, const char *detail, void *opaque)
{
    static double start;
    double now = now_s();

    (void)opaque;
    if (start <= 0)
        start = now;
    if (!isatty(STDERR_FILENO) || (now < line.next_s && strcmp(stage, line.stage) == 0))
        return;
    line.next_s = now + 0.1;
    str_copy(line.stage, sizeof(line.stage), stage);
    fprintf(stderr, "\r\033[K%-8s", stage);
    if (fraction >= 0)
        fprintf(stderr, " %3d %%", (int)(fraction * 100));
    fprintf(stderr, "  %.0f s  %.40s", now - start, detail);
    fflush(stderr);
    line.shown = true;
}

const osp_control *cli_control(void)
{
    static osp_control control;

    control = (osp_control){ interrupt, show_progress, NULL };
    return &control;
}

/* ---- output ---- */

FILE *cli_talk(const struct settings *s)
{
    bool taken = (s->json && !s->json_file) || (s->output && strcmp(s->output, "-") == 0);

    return taken ? stderr : stdout;
}

int cli_flush(osp_error *err)
{
    if (fflush(stdout) == 0 && !ferror(stdout))
        return OSP_OK;
    return osp_fail(err, OSP_EOUTPUT, "cannot write to standard output: %s", strerror(errno));
}

int cli_print_json(const struct settings *s, struct json *document, osp_error *err)
{
    OSP_AUTO(json_free) struct json *owned = document;
    OSP_AUTO(auto_free) char *text = json_print(document, true);
    OSP_AUTO(auto_free) char *whole = text ? str_format("%s\n", text) : NULL;

    if (!whole)
        return osp_nomem(err);
    if (s->json_file)
        return tmpfile_write(s->json_file, whole, strlen(whole), err);
    progress_clear();
    fputs(whole, stdout);
    return cli_flush(err);
}

int cli_check_output(const struct settings *s, osp_error *err)
{
    if (!s->output)
        return osp_fail(err, OSP_EUSAGE, "no output: give -o FILE");
    if (s->overwrite || !fs_exists(s->output) || strcmp(s->output, "-") == 0)
        return OSP_OK;
    osp_fail(err, OSP_EOUTPUT, "'%s' exists", s->output);
    return osp_hint(err, "give another -o, or -y to replace it");
}

/* ---- words ---- */

const char *cli_argument(const struct settings *s, int i, const char *what, osp_error *err)
{
    if (i < s->argument_count)
        return s->arguments[i];
    osp_fail(err, OSP_EUSAGE, "no %s given", what);
    return NULL;
}

int cli_threads(const struct settings *s, int *threads, osp_error *err)
{
    int64_t value = 0;

    if (s->threads && !str_to_int64(s->threads, 0, 256, &value))
        return osp_fail(err, OSP_EUSAGE, "'%s' is no number of threads (0 to 256)", s->threads);
    *threads = (int)value;
    return OSP_OK;
}

int cli_profile(const struct settings *s, osp_profile **out, osp_error *err)
{
    const char *name = s->profile;

    if (name && (strchr(name, '/') || str_ends(name, ".json")))
        return osp_profile_load(name, out, err);
    return osp_profile_find(name, out, err);
}

static bool frames_of(const char *text, int64_t *frames)
{
    char digits[24];
    size_t length = strlen(text);

    if (length < 2 || length > sizeof(digits) || text[length - 1] != 'f')
        return false;
    memcpy(digits, text, length - 1);
    digits[length - 1] = 0;
    return str_to_int64(digits, 0, INT64_MAX / 4, frames);
}

int cli_range_end(const struct settings *s, const char **to, char **owned, osp_error *err)
{
    osp_rational from = { 0, 1 }, length;
    int64_t first = 0, count;
    char text[48];

    *to = s->to;
    if (!s->length)
        return OSP_OK;
    if (s->to)
        return osp_fail(err, OSP_EUSAGE, "give --to or -t, not both");
    if (frames_of(s->length, &count) && (!s->from || frames_of(s->from, &first))) {
        *owned = str_format("%lldf", (long long)(first + count));
    } else if (rational_parse_time(s->length, &length) &&
               (!s->from || rational_parse_time(s->from, &from))) {
        rational_print(rational_add(from, length), 9, text, sizeof(text));
        *owned = strdup(text);
    } else {
        return osp_fail(err, OSP_EUSAGE,
                        "-t '%s' does not go with --from '%s': both are times, or "
                        "both pictures",
                        s->length, s->from ? s->from : "0");
    }
    *to = *owned;
    return *owned ? OSP_OK : osp_nomem(err);
}

/* ---- sessions ---- */

char *cli_state(const struct settings *s, const char *below)
{
    const char *home = getenv("HOME"), *own = getenv("OMNISPLICE_STATE");
    const char *base = getenv("XDG_STATE_HOME");

    if (s->state || (own && own[0]))
        return str_format("%s/%s", s->state ? s->state : own, below);
    if (base && base[0] == '/')
        return str_format("%s/omnisplice/%s", base, below);
    return str_format("%s/.local/state/omnisplice/%s", home ? home : ".", below);
}

/* --gateway sim: a simulator inside the program, its state beside the journal. */
static int start_sim(const struct settings *s, struct session *out, osp_error *err)
{
    OSP_AUTO(auto_free) char *folder = cli_state(s, "sim");
    struct sim_options options = { .state = folder, .delay_s = -1 };
    const char *delay = getenv("OMNISPLICE_SIM_DELAY");
    osp_rational seconds;

    if (!folder)
        return osp_nomem(err);
    if (delay && rational_parse(delay, &seconds))
        options.delay_s = rational_double(seconds);
    return sim_start(&options, &out->sim, err);
}

static int check_max_units(const struct settings *s, osp_error *err)
{
    osp_rational bound;

    if (!s->max_units || (rational_parse(s->max_units, &bound) && bound.num >= 0))
        return OSP_OK;
    return osp_fail(err, OSP_EUSAGE, "--max-units '%s' is no amount of units", s->max_units);
}

void cli_engine_options(const struct settings *s, osp_engine_options *options)
{
    osp_engine_options_init(options);
    options->state = s->state;
    options->config = s->config;
    options->gateway = s->gateway;
    options->key_file = s->key_file;
    options->max_units = s->max_units;
    options->store = s->store;
    options->public_url = s->public_url;
    options->no_fetch_back = s->no_fetch_back;
    options->store_endpoint = s->store_endpoint;
    options->store_region = s->store_region;
    options->store_addressing = s->store_addressing;
    options->store_profile = s->store_profile;
    options->store_user = s->store_user;
    options->store_key_file = s->store_key_file;
    options->store_life_s = s->store_life;
    options->store_part_mib = s->store_part;
    options->store_parallel = s->store_parallel;
    options->store_timeout_s = s->store_timeout;
    options->store_delete = s->store_delete;
    options->keep_upload = s->keep_upload;
}

int cli_print_store(const struct settings *s, osp_error *err)
{
    OSP_AUTO(auto_free) char *text = NULL;
    osp_engine_options options;
    int ret;

    cli_engine_options(s, &options);
    ret = osp_store_text(&options, &text, err);
    if (ret == OSP_OK && text)
        fprintf(cli_talk(s), "store:  %s\n", text);
    return ret;
}

int session_open(const struct settings *s, const char *gateway, struct session *out, osp_error *err)
{
    osp_engine_options options;
    int ret = check_max_units(s, err);

    if (ret < 0)
        return ret;

    cli_engine_options(s, &options);
    if (gateway)
        options.gateway = gateway;
    ret = cli_threads(s, &options.threads, err);
    if (ret < 0)
        return ret;
    if (!options.gateway)
        options.gateway = getenv("OMNISPLICE_GATEWAY");
    if (options.gateway && strcmp(options.gateway, "sim") == 0) {
        ret = start_sim(s, out, err);
        if (ret < 0)
            return ret;
        options.gateway = sim_url(out->sim);
        options.gateway_name = "sim";
        options.key = sim_key(out->sim);
    }
    return osp_engine_open(&options, &out->engine, err);
}

void session_close(struct session *session)
{
    osp_engine_close(&session->engine);
    sim_stop(&session->sim);
}
