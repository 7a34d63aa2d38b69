/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One table of options: parsing and --help come from it. */
#include "cli/opt.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/error.h"
#include "base/str.h"
#include "cli/exit.h"

enum kind { TEXT, FLAG, RANGE_FROM, RANGE_TO, JSON, JUNIT, HTML };

#define V(verb)    (1u << VERB_##verb)
#define GATEWAY    (V(EDIT) | V(JOBS) | V(RESUME) | V(FETCH) | V(FORGET) | V(CONFIG))
#define RANGE      (V(PLAN) | V(CONFORM) | V(EDIT) | V(SPLICE))
#define STORE      (V(PLAN) | V(EDIT) | V(RESUME) | V(FETCH) | V(FORGET) | V(CONFIG))
#define EVERY      ((1u << VERBS) - 1)
#define AT(member) offsetof(struct settings, member)
#define COMMON     false
#define ADVANCED   true

/* Documents: the switch, and where =FILE goes. */
static const size_t file_at[] = {
    [JSON] = AT(json_file), [JUNIT] = AT(junit_file), [HTML] = AT(html_file)
};

static bool is_document(enum kind kind)
{
    return kind >= JSON;
}

struct option_row {
    const char *name;
    char letter;          /* 0: none */
    const char *argument; /* NULL: a switch */
    enum kind kind;
    size_t at;
    unsigned verbs;
    bool advanced;
    const char *help;
};

static const struct option_row rows[] = {
    { "input", 'i', "FILE", TEXT, AT(input), RANGE, COMMON, "the master" },
    { "clip", 0, "FILE", TEXT, AT(clip), V(SPLICE), COMMON, "the clip that fills the shot" },
    { "from", 0, "TIME", RANGE_FROM, AT(from), RANGE | V(VERIFY), COMMON,
      "where the shot begins: 12.5, 00:00:12.5 or 300f (a picture)" },
    { "to", 0, "TIME", RANGE_TO, AT(to), RANGE | V(VERIFY), COMMON,
      "the first moment after the shot" },
    { "t", 0, "TIME", TEXT, AT(length), RANGE, ADVANCED, "how long the shot is, in place of --to" },
    { "ss", 0, "TIME", RANGE_FROM, AT(from), RANGE | V(VERIFY), ADVANCED, "the same as --from" },
    { "prompt", 0, "TEXT", TEXT, AT(prompt), V(EDIT), COMMON,
      "what the service shall do; <<<video_1>>> names the shot" },
    { "output", 'o', "FILE", TEXT, AT(output), V(CONFORM) | V(EDIT) | V(SPLICE) | V(RESUME), COMMON,
      "the result; - is standard output (edit)" },
    { "overwrite", 'y', NULL, FLAG, AT(overwrite), V(CONFORM) | V(EDIT) | V(SPLICE) | V(RESUME),
      COMMON, "replace an output that exists" },
    { "no-overwrite", 'n', NULL, FLAG, AT(keep), V(CONFORM) | V(EDIT) | V(SPLICE) | V(RESUME),
      ADVANCED, "do not replace it (the default)" },
    { "format", 'f', "NAME", TEXT, AT(format), V(EDIT), ADVANCED,
      "container for -o -: matroska (default), nut, mpegts, mp4, mov" },
    { "use", 0, "USE", TEXT, AT(use), V(CHECK) | V(PLAN) | V(CONFORM), COMMON,
      "what the files are for: edit, feature, reference-image, first-frame, end-frame, "
      "omni-image, avatar-image, avatar-sound; guessed from the content otherwise" },
    { "deep", 0, NULL, FLAG, AT(deep), V(CHECK), COMMON,
      "decode everything: damage, missing pictures, broken time stamps" },
    { "jobs", 'j', "N", TEXT, AT(jobs), V(CHECK), COMMON,
      "how many files at once; 0, the default: one per processor" },
    { "files-from", 0, "FILE", TEXT, AT(files_from), V(CHECK), COMMON,
      "a list of files, a line each; - (also as an argument) is standard input" },
    { "null", '0', NULL, FLAG, AT(null_ends), V(CHECK), COMMON,
      "names in lists end with a null character, as find -print0 writes them" },
    { "time-limit", 0, "SECONDS", TEXT, AT(time_limit), V(CHECK), ADVANCED,
      "for reading one file (30); --deep adds what its pictures may take" },
    { "request", 0, "FILE", TEXT, AT(request), V(CHECK), COMMON,
      "judge a whole request (JSON, - is standard input), with files of this machine, named from "
      "the request's folder, in place of URLs" },
    { "endpoint", 0, "NAME", TEXT, AT(endpoint), V(CHECK), ADVANCED,
      "what the request is for: omni-video, omni-image, text-to-audio, avatar; told by its fields "
      "otherwise" },
    { "characters", 0, "IDS", TEXT, AT(characters), V(CHECK), ADVANCED,
      "element ids of the request that are video characters, parted by commas" },
    { "profile", 0, "NAME", TEXT, AT(profile), V(CHECK) | RANGE, COMMON,
      "limits of the service: a name of `profile list`, or a JSON file" },
    { "mode", 0, "NAME", TEXT, AT(mode), V(PLAN) | V(CONFORM) | V(EDIT), COMMON,
      "of the service: std (720p) or pro (1080p)" },
    { "fit", 0, "WAY", TEXT, AT(fit), V(PLAN) | V(CONFORM) | V(EDIT), ADVANCED,
      "a picture too wide or tall: crop (default), pad, stretch" },
    { "keep-sound", 0, NULL, FLAG, AT(keep_sound), V(PLAN) | V(CONFORM) | V(EDIT), ADVANCED,
      "send the master's sound along" },
    { "documented", 0, NULL, FLAG, AT(documented), V(PLAN) | V(CONFORM), ADVANCED,
      "mend violations alone, not warnings" },
    { "reencode", 0, NULL, FLAG, AT(reencode), V(EDIT) | V(SPLICE), ADVANCED,
      "where packets cannot be copied around the shot, encode all of the video anew" },
    { "gateway", 0, "NAME", TEXT, AT(gateway), GATEWAY | V(PLAN), COMMON,
      "a name of the config, a URL, or sim: the simulator" },
    { "max-units", 0, "N", TEXT, AT(max_units), V(EDIT), COMMON,
      "send nothing that may cost more units" },
    { "dry-run", 0, NULL, FLAG, AT(dry_run), V(EDIT), COMMON,
      "say what would be done and what it costs; send nothing" },
    { "print-ffmpeg", 0, NULL, FLAG, AT(print_ffmpeg), V(EDIT), ADVANCED,
      "when the clip is there, print an ffmpeg command that shows it, in place of splicing" },
    { "again", 0, NULL, FLAG, AT(again), V(EDIT), ADVANCED,
      "pay anew although this edit was made before" },
    { "no-cite", 0, NULL, FLAG, AT(no_cite), V(EDIT), ADVANCED,
      "do not add <<<video_1>>> to the prompt" },
    { "resend", 0, NULL, FLAG, AT(resend), V(RESUME), COMMON,
      "send an unsure job again under the same external id: it may be paid twice where the "
      "service accepts that" },
    { "force", 0, NULL, FLAG, AT(force), V(FORGET), COMMON,
      "also what was paid for, or may have been, and has not been used yet" },
    { "store", 0, "STORE", TEXT, AT(store), STORE, ADVANCED,
      "where the reference is put: a name of the config, s3://BUCKET/PREFIX, https://HOST/FOLDER "
      "(PUT), dir:/FOLDER, or 'cmd:COMMAND {file} {name}', which prints the address" },
    { "public-url", 0, "URL", TEXT, AT(public_url), STORE, ADVANCED,
      "the address under which the service reads it: {name} in it, or the name behind it" },
    { "store-endpoint", 0, "URL", TEXT, AT(store_endpoint), STORE, ADVANCED,
      "s3: the service's address, when it is not AWS" },
    { "store-region", 0, "NAME", TEXT, AT(store_region), STORE, ADVANCED, "s3: its region" },
    { "store-addressing", 0, "STYLE", TEXT, AT(store_addressing), STORE, ADVANCED,
      "s3: the bucket in the path or in the host (virtual); auto, the default" },
    { "store-profile", 0, "NAME", TEXT, AT(store_profile), STORE, ADVANCED,
      "s3: of ~/.aws/credentials; otherwise AWS_ACCESS_KEY_ID and so on, AWS_PROFILE" },
    { "store-part", 0, "MIB", TEXT, AT(store_part), STORE, ADVANCED,
      "s3: size of a part (8); a file of more than two is sent in parts" },
    { "store-parallel", 0, "N", TEXT, AT(store_parallel), STORE, ADVANCED,
      "s3: parts at once (4)" },
    { "store-life", 0, "SECONDS", TEXT, AT(store_life), STORE, ADVANCED,
      "s3: how long the signed address can be read (6 hours)" },
    { "store-user", 0, "NAME", TEXT, AT(store_user), STORE, ADVANCED,
      "https: Basic authorization; without it the key is sent as a bearer" },
    { "store-key-file", 0, "FILE", TEXT, AT(store_key_file), STORE, ADVANCED,
      "https: the password or bearer (or OMNISPLICE_STORE_KEY)" },
    { "store-delete", 0, "CMD", TEXT, AT(store_delete), STORE, ADVANCED,
      "of a command store: 'cmd:COMMAND {name}' that takes the reference away" },
    { "store-timeout", 0, "SECONDS", TEXT, AT(store_timeout), STORE, ADVANCED,
      "give up when no byte moves for so long (60); of a command: in all (600)" },
    { "keep-upload", 0, NULL, FLAG, AT(keep_upload), STORE, ADVANCED,
      "leave the reference in the store after the job; it then serves the next edit of that shot" },
    { "no-fetch-back", 0, NULL, FLAG, AT(no_fetch_back), V(EDIT) | V(RESUME) | V(CONFIG), ADVANCED,
      "do not test from here that the reference can be fetched" },
    { "key-file", 0, "FILE", TEXT, AT(key_file), GATEWAY, ADVANCED,
      "the gateway's key (or OMNISPLICE_API_KEY, or key_file in the config)" },
    { "json", 0, NULL, JSON, AT(json),
      V(CHECK) | V(PLAN) | V(EDIT) | V(SPLICE) | V(VERIFY) | V(JOBS) | V(RESUME) | V(CONFIG),
      COMMON, "report as JSON; --json=FILE writes it there" },
    { "junit", 0, NULL, JUNIT, AT(junit), V(CHECK), COMMON,
      "report as JUnit XML, for build servers; --junit=FILE writes it there" },
    { "html", 0, NULL, HTML, AT(html), V(CHECK), COMMON,
      "report as one page with pictures; --html=FILE writes it there" },
    { "quiet", 'q', NULL, FLAG, AT(quiet), V(CHECK), COMMON,
      "print only files that do not pass; nothing when all do" },
    { "color", 0, "WHEN", TEXT, AT(colour), V(CHECK), ADVANCED,
      "auto (on a terminal, unless NO_COLOR is set), always or never" },
    { "port", 0, "N", TEXT, AT(port), V(SIM), COMMON, "0, the default: any free one" },
    { "key", 0, "KEY", TEXT, AT(key), V(SIM), COMMON,
      "the key to take; otherwise one is made and kept" },
    { "delay", 0, "SECONDS", TEXT, AT(delay), V(SIM), COMMON, "how long a task takes (1)" },
    { "faults", 0, "FILE", TEXT, AT(faults), V(SIM), ADVANCED, "misbehave as the file says" },
    { "accept-duplicates", 0, NULL, FLAG, AT(accept_duplicates), V(SIM), ADVANCED,
      "take a second use of an external_task_id" },
    { "state", 0, "DIR", TEXT, AT(state), GATEWAY | V(SIM), ADVANCED,
      "journal, clips, simulator (or OMNISPLICE_STATE)" },
    { "config", 0, "FILE", TEXT, AT(config), GATEWAY | V(PLAN), ADVANCED, "config.ini to read" },
    { "threads", 0, "N", TEXT, AT(threads), RANGE | V(RESUME), ADVANCED,
      "of decoders and encoders; 0, the default: one per processor" },
    { "log", 'v', "LEVEL", TEXT, AT(log_level), EVERY, ADVANCED,
      "talk: quiet, error, warning, info, debug, trace (HTTP too, secrets masked)" },
};

/* ---- help ---- */

#define WIDTH  79
#define COLUMN 22

/* Text from COLUMN on, broken at blanks. */
static void print_wrapped(const char *text, size_t used)
{
    size_t at = used;

    while (*text) {
        size_t word = strcspn(text, " ");

        if (at > COLUMN && at + 1 + word > WIDTH) {
            printf("\n%*s", COLUMN, "");
            at = COLUMN;
        } else if (at > COLUMN) {
            putchar(' ');
            at++;
        }
        printf("%.*s", (int)word, text);
        at += word;
        text += word + (text[word] == ' ');
    }
    putchar('\n');
}

static void print_row(const struct option_row *row)
{
    char left[64], letter[8] = "  ";
    int used;

    if (row->letter)
        snprintf(letter, sizeof(letter), "  -%c, ", row->letter);
    used = snprintf(left, sizeof(left), "%s%s%s%s%s", letter,
                    strlen(row->name) < 3 && strcmp(row->name, "to") ? "-" : "--", row->name,
                    row->argument ? " " : "", row->argument ? row->argument : "");
    if (used >= COLUMN - 1) {
        printf("%s\n%*s", left, COLUMN, "");
        used = COLUMN;
    } else {
        printf("%-*s", COLUMN, left);
    }
    print_wrapped(row->help, COLUMN);
}

static void print_rows(const struct verb *verb, bool advanced)
{
    for (size_t i = 0; i < OSP_COUNT(rows); i++) {
        if (rows[i].verbs & 1u << verb->id && rows[i].advanced == advanced)
            print_row(&rows[i]);
    }
}

void opt_help(const struct verb *verb, bool all)
{
    printf("omnisplice %s: %s\n\nusage: omnisplice %s %s\n", verb->name, verb->summary, verb->name,
           verb->synopsis);
    if (verb->details)
        printf("\n%s", verb->details());
    printf("\noptions:\n");
    print_rows(verb, COMMON);
    if (all) {
        printf("\nmore:\n");
        print_rows(verb, ADVANCED);
        if (verb->more)
            printf("\n%s", verb->more());
        printf("\n%s", exit_help);
    } else {
        printf("      --help all      the other options, and what the exit codes mean\n");
    }
    if (verb->example)
        printf("\nexample:\n  %s\n", verb->example);
}

/* roff: a hyphen that is typed, and no line that begins with a control character. */
static void man_text(const char *text)
{
    for (; *text; text++) {
        if (*text == '-' || *text == '\\')
            putchar('\\');
        putchar(*text);
    }
}

void opt_man(const struct verb *verb)
{
    printf(".SS ");
    man_text(verb->name);
    printf("\n%s\n.PP\n.B omnisplice %s\n", verb->summary, verb->name);
    man_text(verb->synopsis);
    printf("\n");
    for (size_t i = 0; i < OSP_COUNT(rows); i++) {
        const struct option_row *row = &rows[i];

        if (!(row->verbs & 1u << verb->id) || row->letter == 'v')
            continue;
        printf(".TP\n.BR ");
        if (row->letter)
            printf("\\-%c \", \" ", row->letter);
        man_text(strlen(row->name) < 3 && strcmp(row->name, "to") != 0 ? "-" : "--");
        man_text(row->name);
        if (row->argument)
            printf(" \" \\fI%s\\fR\"", row->argument);
        printf("\n");
        man_text(row->help);
        printf("\n");
    }
    if (verb->example) {
        printf(".PP\nExample:\n.PP\n.RS\n.EX\n");
        man_text(verb->example);
        printf("\n.EE\n.RE\n");
    }
}

/* ---- parsing ---- */

#define LONG_HELP  1000
#define LONG_FIRST 1001 /* rows from here on */
#define LONG_NO    2000 /* --no-NAME of a switch */

struct words {
    struct option list[2 * OSP_COUNT(rows) + 2];
    char names[OSP_COUNT(rows)][32];
    char letters[3 * OSP_COUNT(rows) + 4];
};

static void make_words(const struct verb *verb, struct words *w)
{
    size_t count = 0, letters = 0;

    w->letters[letters++] = ':';
    for (size_t i = 0; i < OSP_COUNT(rows); i++) {
        const struct option_row *row = &rows[i];
        int has = row->argument ? required_argument : no_argument;

        if (!(row->verbs & 1u << verb->id))
            continue;
        w->list[count++] = (struct option){ row->name,
                                            is_document(row->kind) ? optional_argument : has, NULL,
                                            LONG_FIRST + (int)i };
        if (row->letter) {
            w->letters[letters++] = row->letter;
            if (row->argument)
                w->letters[letters++] = ':';
        }
        if (row->kind == FLAG && !str_starts(row->name, "no-")) {
            snprintf(w->names[i], sizeof(w->names[i]), "no-%s", row->name);
            if (strcmp(row->name, "overwrite") != 0) /* -n has a row of its own */
                w->list[count++] = (struct option){ w->names[i], no_argument, NULL,
                                                    LONG_NO + (int)i };
        }
    }
    w->letters[letters++] = 'h';
    w->letters[letters] = 0;
    w->list[count++] = (struct option){ "help", optional_argument, NULL, LONG_HELP };
    w->list[count] = (struct option){ NULL, 0, NULL, 0 };
}

static int add_range(const char **list, const char *value, struct settings *s)
{
    int i = 0;

    while (i < RANGES_MAX && list[i])
        i++;
    if (i == RANGES_MAX)
        return -1;
    list[i] = value;
    s->range_count = i + 1 > s->range_count ? i + 1 : s->range_count;
    return 0;
}

static int store(const struct option_row *row, const char *value, struct settings *s,
                 osp_error *err)
{
    char *base = (char *)s;
    int ret = 0;

    if (row->kind == FLAG || is_document(row->kind))
        *(int *)(void *)(base + row->at) = 1;
    else
        *(const char **)(void *)(base + row->at) = value;
    if (is_document(row->kind))
        *(const char **)(void *)(base + file_at[row->kind]) = value;
    if (row->kind == RANGE_FROM)
        ret = add_range(s->range_from, value, s);
    if (row->kind == RANGE_TO)
        ret = add_range(s->range_to, value, s);
    return ret < 0 ? osp_fail(err, OSP_EUSAGE, "more than %d ranges", RANGES_MAX) : OSP_OK;
}

static const struct option_row *row_of(int code)
{
    if (code >= LONG_NO)
        return &rows[code - LONG_NO];
    if (code >= LONG_FIRST)
        return &rows[code - LONG_FIRST];
    for (size_t i = 0; i < OSP_COUNT(rows); i++) {
        if (rows[i].letter == code)
            return &rows[i];
    }
    return NULL;
}

/* getopt takes the beginning of a name for the name, so that -t would be --to where there is no
 * -t. Names are whole here: a later option must not change what a script means. */
static bool abbreviated(const struct words *w, int code, const char *last, const char *before)
{
    const char *word = optarg && optarg == last ? before : last;
    size_t i = 0, length;

    if (code < LONG_HELP || word[0] != '-')
        return false;
    word += word[1] == '-' ? 2 : 1;
    length = strcspn(word, "=");
    while (w->list[i].name && w->list[i].val != code)
        i++;
    return !w->list[i].name || strlen(w->list[i].name) != length ||
           strncmp(w->list[i].name, word, length) != 0;
}

static int bad_word(const struct verb *verb, int code, const char *word, osp_error *err)
{
    if (code == ':')
        osp_fail(err, OSP_EUSAGE, "'%s' needs a value", word);
    else
        osp_fail(err, OSP_EUSAGE, "'%s' is no option of %s", word, verb->name);
    return osp_hint(err, "omnisplice %s --help all", verb->name);
}

int opt_parse(const struct verb *verb, int argc, char **argv, struct settings *s, osp_error *err)
{
    struct words words;
    int code;

    make_words(verb, &words);
    opterr = 0;
    optind = 1;
    while ((code = getopt_long_only(argc, argv, words.letters, words.list, NULL)) != -1) {
        const struct option_row *row;

        if (code == '?' || code == ':')
            return bad_word(verb, code, argv[optind - 1], err);
        if (code == LONG_HELP || code == 'h') {
            bool all = (optarg && strcmp(optarg, "all") == 0) ||
                       (optind < argc && strcmp(argv[optind], "all") == 0);

            opt_help(verb, all);
            return 1;
        }
        if (abbreviated(&words, code, argv[optind - 1], argv[optind > 1 ? optind - 2 : 0]))
            return bad_word(verb, '?', argv[optind - (optarg == argv[optind - 1] ? 2 : 1)], err);
        row = row_of(code);
        if (code >= LONG_NO)
            *(int *)(void *)((char *)s + row->at) = 0;
        else if (store(row, optarg, s, err) < 0)
            return err->code;
    }
    if (s->overwrite && s->keep)
        return osp_fail(err, OSP_EUSAGE, "give -y or -n, not both");
    s->arguments = (const char **)(argv + optind);
    s->argument_count = argc - optind;
    return OSP_OK;
}
