/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef CLI_CLI_H
#define CLI_CLI_H

#include <stdio.h>

#include "base/json.h"
#include "cli/exit.h"
#include "cli/opt.h"
#include "omnisplice/omnisplice.h"
#include "sim/sim.h"

/* Each verb returns an exit code that is no failure (0, 1, 3), or a negative osp_code. */
int cmd_check(const struct settings *s, osp_error *err);
int cmd_request(const struct settings *s, osp_error *err); /* check --request */
int cmd_plan(const struct settings *s, osp_error *err);
int cmd_conform(const struct settings *s, osp_error *err);
int cmd_edit(const struct settings *s, osp_error *err);
int cmd_splice(const struct settings *s, osp_error *err);
int cmd_verify(const struct settings *s, osp_error *err);
int cmd_jobs(const struct settings *s, osp_error *err);
int cmd_resume(const struct settings *s, osp_error *err);
int cmd_fetch(const struct settings *s, osp_error *err);
int cmd_forget(const struct settings *s, osp_error *err);
int cmd_profile(const struct settings *s, osp_error *err);
int cmd_config(const struct settings *s, osp_error *err);
int cmd_sim(const struct settings *s, osp_error *err);

/* ---- shared by the verbs ---- */

/** The flag that Ctrl-C and SIGTERM raise, and the line of progress on a terminal. */
const osp_control *cli_control(void);
/** Catch Ctrl-C and SIGTERM; the second one ends the process at once. */
int cli_catch_signals(osp_error *err);
/** @return OSP_ECANCELED with words once they came, else OSP_OK. For loops that only compute. */
int cli_interrupted(osp_error *err);
/** Take the line of progress off the terminal. */
void progress_clear(void);

/** Print a document where --json says; takes it. @return OSP_OK, OSP_EOUTPUT */
int cli_print_json(const struct settings *s, struct json *document, osp_error *err);
/** Where text for people goes: stdout, but stderr when stdout carries JSON or media. */
FILE *cli_talk(const struct settings *s);
/** stdout has taken everything. */
int cli_flush(osp_error *err);

/** The shot's end: --to, or --from plus -t. *owned is to be freed. */
int cli_range_end(const struct settings *s, const char **to, char **owned, osp_error *err);
/** Positional argument i, or an error that names what is missing. */
const char *cli_argument(const struct settings *s, int i, const char *what, osp_error *err);
int cli_threads(const struct settings *s, int *threads, osp_error *err);
/** A profile by --profile. */
int cli_profile(const struct settings *s, osp_profile **out, osp_error *err);
/** An output that exists is refused without -y. */
int cli_check_output(const struct settings *s, osp_error *err);

/** A folder below the state folder; yours: free(); NULL: out of memory. */
char *cli_state(const struct settings *s, const char *below);

/** What the options say of gateway, store and state; the rest is left to environment and config. */
void cli_engine_options(const struct settings *s, osp_engine_options *options);
/** One line about the store that would be used; nothing when none is named. */
int cli_print_store(const struct settings *s, osp_error *err);

/** An engine, and the simulator that --gateway sim runs inside the program. */
struct session {
    osp_engine *engine;
    struct sim *sim;
};
/** @param gateway  NULL: what --gateway, the environment or the config say */
int session_open(const struct settings *s, const char *gateway, struct session *out,
                 osp_error *err);
void session_close(struct session *session);

#endif
