/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef REPORT_REPORT_H
#define REPORT_REPORT_H

#include <stdbool.h>
#include <stdio.h>

#include "base/json.h"
#include "omnisplice/check.h"
#include "omnisplice/edit.h"
#include "omnisplice/splice.h"

/** Results as text for people and as JSON documents for programs. Linked into the program only. */

/* ---- the outputs of check ---- */

/** One file that was checked. All of it belongs to the caller, who may free it after the call. */
struct report_file {
    const char *path;             /* bytes as they came: may hold anything but 0 */
    const osp_facts *facts;       /* NULL: it could not even be opened; fault says why */
    const osp_findings *findings; /* NULL with facts NULL */
    const char *fault;
    const char *hint;         /* with a fault: what to do about it; NULL or "": nothing is known */
    const char *mend;         /* a shell command that makes a file that passes; NULL: none does */
    const char *mend_not;     /* with mend NULL: why nothing does; NULL: nothing is to be mended */
    const unsigned char *png; /* a small picture of it; NULL: there is none */
    size_t png_size;
};

/** What all files of a run have in common. */
struct report_document {
    const char *profile; /* its name; lives until the end */
};

/** What a run came to. */
struct report_summary {
    int64_t files, pass, violation, unreadable;
    int64_t warned; /* of pass: with a warning */
};

/** How text for people looks. */
struct report_style {
    bool colour;
    bool verbose; /* limit, source and date of every finding */
    bool quiet;   /* files that do not pass, alone */
    int columns;  /* of the terminal; 0: lines are not broken */
};

enum report_format { REPORT_TEXT, REPORT_JSON, REPORT_JUNIT, REPORT_HTML, REPORT_FORMATS };

/**
 * One output of a run. Files are written as they come, in constant memory; a named output appears
 * when it is complete (base/tmpfile.h). One thread at a time per sink:
 *
 *     report_open(REPORT_JSON, "out.json", NULL, &sink, err);
 *     report_begin(sink, &document, err);
 *     report_add(sink, &file, err);          for each
 *     report_end(sink, &summary, err);        now "out.json" is there
 *     report_close(&sink);                    without the end nothing is left of it
 */
struct report_sink;

/**
 * @param path   NULL or "-": standard output. What exists and is no regular file (a FIFO,
 *               /dev/null) is written as it is
 * @param style  of text; copied; NULL: plain
 * @param out    set on success only; yours: report_close()
 * @return OSP_OK, OSP_EOUTPUT, OSP_EINTERNAL
 */
int report_open(enum report_format format, const char *path, const struct report_style *style,
                struct report_sink **out, osp_error *err);
/** @param document  copied. @return as report_end() */
int report_begin(struct report_sink *sink, const struct report_document *document, osp_error *err);
/** @return as report_end(); OSP_EOUTPUT also when the file is what is being written */
int report_add(struct report_sink *sink, const struct report_file *file, osp_error *err);
/** @return OSP_OK, OSP_EOUTPUT (disk full, reader gone), OSP_EINTERNAL (out of memory) */
int report_end(struct report_sink *sink, const struct report_summary *summary, osp_error *err);
void report_close(struct report_sink **sink); /* NULL is fine; sets NULL */
/** Whether this output shows pictures: decoding for the others would be a waste. */
bool report_shows_pictures(enum report_format format);

/** Words of the command line that a mending command repeats; NULL: they were not said. */
struct mend_words {
    const char *profile, *use;
};
/** Both NULL: there is nothing to mend. */
struct report_mend {
    char *command; /* for sh: writes NAME.conformed.EXT beside the file */
    char *reason;  /* in its place: why no command mends it */
};
/**
 * What would make of this file one that passes. Pure: reads no file.
 * @param file  facts and findings of it are read
 * @param out   yours, also after a failure: report_mend_release()
 * @return OSP_OK, OSP_EINTERNAL
 */
int report_mend(const struct report_file *file, const osp_profile *profile,
                const struct mend_words *words, struct report_mend *out, osp_error *err);
void report_mend_release(struct report_mend *mend);

/** Count a file into a summary. */
void report_count(struct report_summary *summary, const struct report_file *file);
/** @return "pass", "violation" or "unreadable" */
const char *report_verdict(const struct report_file *file);
/** What is known of a file, "mp4, h264 1280x720, 25 fps, 4 s, aac; for edit"; yours: free(); ""
 * when nothing is; NULL: out of memory. @param use  OSP_USE_GUESS: not said */
char *report_facts_words(const osp_facts *facts, osp_use use);
/** A line of its own, with its path where it has one. */
void report_finding_text(FILE *out, const osp_finding *finding, bool colour);
/** The finding as omnisplice.check/1 has it, without a path. */
struct json *report_finding_json(const osp_finding *finding);
/** The escape that begins the colour of "pass", "violation", "warning" ...; of "": that ends it. */
const char *report_paint(const char *word, bool colour);

/** A request that was judged: verdict, endpoint, media, findings. */
void report_request_text(FILE *out, const char *path, const osp_findings *findings, bool colour);
/** The document omnisplice.check-request/1; NULL: out of memory. */
struct json *report_request_json(const char *path, const char *profile,
                                 const osp_findings *findings);

/** A list of findings; empty for NULL. */
struct json *report_findings_json(const osp_findings *findings);
/** Steps, size, price, and what was found about the shot (NULL: nothing was looked for). */
void report_plan_text(FILE *out, const osp_plan *plan, const osp_findings *findings, bool colour);
/** What an edit came to, a few lines. */
void report_edit_text(FILE *out, const osp_edit_report *report, const char *output);
struct json *report_edit_json(const osp_edit_report *report, const char *output);
void report_splice_text(FILE *out, const osp_splice_report *report, const char *output);
struct json *report_splice_json(const osp_splice_report *report, const char *output);
void report_verify_text(FILE *out, const osp_verification *verification);
struct json *report_verify_json(const osp_verification *verification);
/** One line of `jobs`. */
void report_job_text(FILE *out, const osp_job_info *info);
struct json *report_job_json(const osp_job_info *info);

/** Seconds for people: "7.54". */
void report_seconds(osp_rational value, char out[32]);

#endif
