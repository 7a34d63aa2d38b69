/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef CLI_OPT_H
#define CLI_OPT_H

#include <stdbool.h>
#include <stddef.h>

#include "omnisplice/error.h"

/* Verbs as a set, so that one row of the option table serves several. */
enum verb_id {
    VERB_CHECK,
    VERB_PLAN,
    VERB_CONFORM,
    VERB_EDIT,
    VERB_SPLICE,
    VERB_VERIFY,
    VERB_JOBS,
    VERB_RESUME,
    VERB_FETCH,
    VERB_FORGET,
    VERB_PROFILE,
    VERB_CONFIG,
    VERB_SIM,
    VERBS
};

#define RANGES_MAX 64

/** Values of all options. Strings point into argv. */
struct settings {
    const char *input, *output, *clip, *from, *to, *length;
    const char *range_from[RANGES_MAX], *range_to[RANGES_MAX];
    int range_count;
    const char *prompt, *mode, *profile, *fit, *use;
    const char *gateway, *key_file, *state, *config, *store, *public_url, *max_units;
    const char *store_endpoint, *store_region, *store_addressing, *store_profile;
    const char *store_user, *store_key_file, *store_delete;
    const char *store_life, *store_part, *store_parallel, *store_timeout;
    const char *format, *json_file, *junit_file, *html_file, *colour, *log_level, *threads;
    const char *files_from, *jobs, *time_limit;
    const char *request, *endpoint, *characters;
    const char *port, *key, *delay, *faults;
    int json, junit, html, quiet, overwrite, keep, no_cite, again, reencode, dry_run, print_ffmpeg;
    int deep, null_ends;
    int documented, no_fetch_back, keep_upload, accept_duplicates, resend, force;
    int keep_sound;         /* -1: not said */
    const char **arguments; /* what is no option */
    int argument_count;
};

/** A verb of the program. */
struct verb {
    enum verb_id id;
    const char *name;
    const char *summary;          /* a line */
    const char *synopsis;         /* what follows "omnisplice NAME" */
    const char *(*details)(void); /* more lines for --help; NULL: none */
    const char *(*more)(void);    /* the same for --help all */
    const char *example;
    int (*run)(const struct settings *settings, osp_error *err);
};

/**
 * Read the words of a verb.
 * @return OSP_OK, OSP_EUSAGE; 1: --help was asked for and has been printed
 */
int opt_parse(const struct verb *verb, int argc, char **argv, struct settings *settings,
              osp_error *err);
/** Print the help of a verb: common options, or all. */
void opt_help(const struct verb *verb, bool all);
/** Print a verb's section of the man page. */
void opt_man(const struct verb *verb);

#endif
