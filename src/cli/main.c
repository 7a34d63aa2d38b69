/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/error.h"
#include "base/str.h"
#include "cli/cli.h"

static const char *resume_details(void)
{
    return "Without an ID: every job that is neither done nor given up.\n";
}

static const char *check_details(void)
{
    return "A folder stands for the files in it and below, by name; hidden ones are left out, "
           "links\n"
           "to folders not followed. Files are read by processes that can open nothing, so that a\n"
           "file that crashes its reader costs its own verdict and no more.\n";
}

static const struct verb verbs[] = {
    {
        .id = VERB_CHECK,
        .name = "check",
        .summary = "may these files be sent as they are?",
        .synopsis = "[options] FILE|FOLDER|-... | --request FILE.json",
        .details = check_details,
        .example = "omnisplice check clip.mp4 && ffmpeg -i clip.mp4 ...",
        .run = cmd_check,
    },
    {
        .id = VERB_PLAN,
        .name = "plan",
        .summary = "the least change that passes, and what the edit will cost",
        .synopsis = "[options] FILE | -i MASTER --from TIME --to TIME",
        .example = "omnisplice plan -i holiday.mp4 --from 12 --to 17",
        .run = cmd_plan,
    },
    {
        .id = VERB_CONFORM,
        .name = "conform",
        .summary = "carry the plan out: a file that passes",
        .synopsis = "[options] -i IN -o OUT",
        .example = "omnisplice conform -i phone.mov --from 3 --to 8 -o reference.mp4",
        .run = cmd_conform,
    },
    {
        .id = VERB_EDIT,
        .name = "edit",
        .summary = "change one shot of a video; nothing else changes",
        .synopsis = "[options] -i MASTER --from TIME --to TIME --prompt TEXT -o OUT",
        .example =
            "omnisplice edit -i holiday.mp4 --from 12 --to 17 --prompt 'make it snow' -o out.mp4",
        .run = cmd_edit,
    },
    {
        .id = VERB_SPLICE,
        .name = "splice",
        .summary = "the last step alone: put any clip into a master",
        .synopsis = "[options] -i MASTER --clip CLIP --from TIME --to TIME -o OUT",
        .example = "omnisplice splice -i holiday.mp4 --clip snow.mp4 --from 12 --to 17 -o out.mp4",
        .run = cmd_splice,
    },
    {
        .id = VERB_VERIFY,
        .name = "verify",
        .summary = "prove what two files have in common, packet by packet",
        .synopsis = "[options] MASTER RESULT [--from TIME --to TIME]...",
        .example = "omnisplice verify holiday.mp4 out.mp4 --from 12 --to 17",
        .run = cmd_verify,
    },
    {
        .id = VERB_JOBS,
        .name = "jobs",
        .summary = "list the journal",
        .synopsis = "[options] [ID...]",
        .example = "omnisplice jobs --json",
        .run = cmd_jobs,
    },
    {
        .id = VERB_RESUME,
        .name = "resume",
        .summary = "go on with jobs that were interrupted",
        .synopsis = "[options] [ID...]",
        .details = resume_details,
        .example = "omnisplice resume",
        .run = cmd_resume,
    },
    {
        .id = VERB_FETCH,
        .name = "fetch",
        .summary = "wait for a job and print the path of its clip",
        .synopsis = "[options] ID",
        .example = "omnisplice fetch k3vq",
        .run = cmd_fetch,
    },
    {
        .id = VERB_FORGET,
        .name = "forget",
        .summary = "give jobs up and remove their files",
        .synopsis = "[options] ID...",
        .example = "omnisplice forget k3vq",
        .run = cmd_forget,
    },
    {
        .id = VERB_PROFILE,
        .name = "profile",
        .summary = "the service's limits as data",
        .synopsis = "list | show [NAME] | lint FILE",
        .example = "omnisplice profile show cloudsway-kling-o3",
        .run = cmd_profile,
    },
    {
        .id = VERB_CONFIG,
        .name = "config",
        .summary = "settings in effect, and where each comes from",
        .synopsis = "show",
        .example = "omnisplice config show",
        .run = cmd_config,
    },
    {
        .id = VERB_SIM,
        .name = "sim",
        .summary = "the simulator: the gateway's HTTP, a store, a ledger",
        .synopsis = "[options]",
        .details = sim_help_looks,
        .more = sim_help_faults,
        .example = "omnisplice sim --port 8080 --delay 5",
        .run = cmd_sim,
    },
};

const char exit_help[] =
    "exit codes:\n"
    "  0    done; every file passes\n"
    "  1    check: a violation; verify: a difference outside the given ranges\n"
    "  2    usage: wrong options, times or ranges\n"
    "  3    an input is missing, unreadable, not supported or refused\n"
    "  4    the output cannot be written, or exists\n"
    "  5    no key, the key is refused, or the configuration is bad\n"
    "  6    out of units, or --max-units would be passed\n"
    "  7    the service refused or failed the task\n"
    "  8    the clip does not keep what was asked; it is kept aside\n"
    "  70   a bug in omnisplice\n"
    "  75   nothing is lost: try again, or omnisplice resume\n"
    "  130  interrupted; says how to resume\n";

static void print_usage(FILE *out)
{
    fprintf(out, "omnisplice: change one shot of a video with a generative service; nothing else "
                 "changes\n\nusage: omnisplice VERB [options]\n\n");
    for (size_t i = 0; i < OSP_COUNT(verbs); i++)
        fprintf(out, "  %-8s  %s\n", verbs[i].name, verbs[i].summary);
    fprintf(out, "\n  omnisplice VERB --help, omnisplice --version\n");
}

/* The man page is made from the same tables: omnisplice --man, at build time. */
static void print_man(void)
{
    printf(
        ".TH OMNISPLICE 1 \"\" \"omnisplice %s\"\n.SH NAME\nomnisplice \\- change one shot of a "
        "video with a generative service\n.SH SYNOPSIS\n.B omnisplice\n.I verb\n.RI [ options "
        "]\n.SH DESCRIPTION\nA shot of a video (the master) is trimmed and made fit for the "
        "service (conform), put where the service can fetch it (store), changed there (task), and "
        "put back so that outside the shot every packet stays the master's (splice). What is "
        "paid for is on disk before it is asked for, and never asked for twice.\n.PP\n"
        "Times are written as in ffmpeg: 12.5, 00:00:12.5, or 300f for a picture.\n.SH VERBS\n",
        osp_version());
    for (size_t i = 0; i < OSP_COUNT(verbs); i++)
        opt_man(&verbs[i]);
    printf(".SH EXIT STATUS\n.nf\n%s.fi\n", exit_help + strlen("exit codes:\n"));
    printf(".SH ENVIRONMENT\n.TP\n.B OMNISPLICE_API_KEY\nthe gateway's key\n.TP\n.B "
           "OMNISPLICE_GATEWAY\na name of the config, a URL, or sim\n.TP\n.B OMNISPLICE_STATE\n"
           "the state folder\n.TP\n.B OMNISPLICE_SIM_DELAY\nseconds that a task of \\-\\-gateway "
           "sim takes\n.TP\n.B OMNISPLICE_LIBEXEC\nthe folder of omnisplice\\-probe, where it is "
           "not beside the library or where it was installed\n.SH FILES\n.TP\n.I "
           "$XDG_STATE_HOME/omnisplice\njournal (jobs.db), clips, "
           "the simulator's state\n.TP\n.I $XDG_CONFIG_HOME/omnisplice/config.ini\nsections "
           "[gateway NAME] and [store NAME]\n");
}

static const struct verb *find_verb(const char *name)
{
    for (size_t i = 0; i < OSP_COUNT(verbs); i++) {
        if (strcmp(verbs[i].name, name) == 0)
            return &verbs[i];
    }
    return NULL;
}

static void talk(osp_log_level level, const char *text, void *opaque)
{
    static const char *const names[] = { "error", "warning", "info", "debug", "trace" };

    (void)opaque;
    progress_clear();
    fprintf(stderr, "omnisplice: %s: %s\n", names[level], text);
}

static int set_log(const char *name, osp_error *err)
{
    static const struct {
        const char *name;
        int level; /* -1: nothing */
    } levels[] = {
        { "quiet", -1 },           { "error", OSP_LOG_ERROR },   { "warning", OSP_LOG_WARNING },
        { "info", OSP_LOG_INFO },  { "verbose", OSP_LOG_DEBUG }, { "debug", OSP_LOG_DEBUG },
        { "trace", OSP_LOG_TRACE }
    };

    for (size_t i = 0; i < OSP_COUNT(levels); i++) {
        if (strcmp(levels[i].name, name ? name : "warning") != 0)
            continue;
        if (levels[i].level >= 0)
            osp_log_set(talk, NULL, (osp_log_level)levels[i].level);
        return OSP_OK;
    }
    return osp_fail(err, OSP_EUSAGE,
                    "'%s' is no level of talk; there are: quiet, error, warning, "
                    "info, debug, trace",
                    name);
}

static int run(const struct verb *verb, int argc, char **argv, osp_error *err)
{
    struct settings settings = { .keep_sound = -1 };
    int ret = opt_parse(verb, argc, argv, &settings, err);

    if (ret)
        return ret < 0 ? ret : OSP_OK;
    ret = set_log(settings.log_level, err);
    if (ret == OSP_OK)
        ret = cli_catch_signals(err);
    if (ret < 0)
        return ret;
    ret = verb->run(&settings, err);
    progress_clear();
    if (ret >= 0 && cli_flush(err) < 0)
        return err->code;
    return ret;
}

int exit_of(int code)
{
    static const int codes[] = { EXIT_USAGE,  EXIT_MEDIA, EXIT_OUTPUT,
                                 EXIT_ACCESS, EXIT_MONEY, EXIT_REFUSED,
                                 EXIT_RESULT, EXIT_AGAIN, EXIT_INTERRUPTED };

    for (size_t i = 0; i < OSP_COUNT(codes); i++) {
        if (code == codes[i] || code == -codes[i])
            return codes[i];
    }
    return EXIT_INTERNAL;
}

int main(int argc, char **argv)
{
    const char *word = argc > 1 ? argv[1] : "--help";
    const struct verb *verb = find_verb(word);
    osp_error err = { 0 };
    int ret;

    /* decimals have a point in every locale: only the characters' encoding is taken from it */
    setlocale(LC_CTYPE, "");
    signal(SIGPIPE, SIG_IGN); /* a reader that leaves is an output error with words */
    if (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0 || strcmp(word, "help") == 0) {
        if (argc > 2 && find_verb(argv[2]))
            opt_help(find_verb(argv[2]), false);
        else
            print_usage(stdout);
        return EXIT_OK;
    }
    if (strcmp(word, "--version") == 0) {
        printf("omnisplice %s\n%s\n", osp_version(), osp_version_libraries());
        return EXIT_OK;
    }
    if (strcmp(word, "--man") == 0) {
        print_man();
        return EXIT_OK;
    }
    if (!verb) {
        fprintf(stderr, "omnisplice: no verb '%s'\nhint: omnisplice --help\n", word);
        return EXIT_USAGE;
    }
    ret = run(verb, argc - 1, argv + 1, &err);
    if (ret >= 0)
        return ret;
    if (!err.text[0]) /* every failure has words; one that has none is a bug too */
        osp_fail(&err, OSP_EINTERNAL, "failed without a reason (%d)", ret);
    fprintf(stderr, "omnisplice: %s\n", err.text);
    if (err.hint[0])
        fprintf(stderr, "hint: %s\n", err.hint);
    return exit_of(ret);
}
