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

/** One file that was checked. */
struct report_file {
    const char *path;
    const osp_facts *facts;       /* NULL: it could not even be opened; fault says why */
    const osp_findings *findings; /* NULL with facts NULL */
    const char *fault;
};

/** @return "pass", "violation" or "unreadable" */
const char *report_verdict(const struct report_file *file);
/** "mp4, h264 1280x720, ...", nothing for what cannot be read; no end of line. */
void report_facts_text(FILE *out, const osp_facts *facts);
/** A line of its own, with its path where it has one. */
void report_finding_text(FILE *out, const osp_finding *finding, bool colour);
/** The finding as omnisplice.check/1 has it, without a path. */
struct json *report_finding_json(const osp_finding *finding);
/** The escape that begins the colour of "pass", "violation", "warning" ...; "" for none. */
const char *report_paint(const char *word, bool colour);
/** Verdict first, then findings, worst first. */
void report_check_text(FILE *out, const struct report_file *file, bool colour);
/** An entry of the list "files" of omnisplice.check/1; NULL: out of memory. */
struct json *report_check_json(const struct report_file *file);
/** The document around it; takes the list. */
struct json *report_check_document(const char *profile, struct json *files, const int counts[3]);

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
