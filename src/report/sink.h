/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef REPORT_SINK_H
#define REPORT_SINK_H

#include "base/tmpfile.h"
#include "report/report.h"

/** What the formats of check's outputs see of a sink. They write with stdio: errors are looked at
 *  once, after each call. */
struct report_sink {
    const struct sink_format *format;
    struct report_style style;
    struct report_document document;
    FILE *out;   /* where the document goes */
    FILE *files; /* where file() writes: out, or a spool that is copied there */
    struct tmpfile target;
    int64_t count; /* of files so far */
    bool own;      /* out is to be closed */
};

/** A format. Functions that are NULL have nothing to write; all return OSP_OK or OSP_EINTERNAL. */
struct sink_format {
    bool head_counts; /* head() tells the summary: files wait in a spool until it is known */
    bool pictures;
    int (*head)(struct report_sink *sink, const struct report_summary *summary, osp_error *err);
    int (*file)(struct report_sink *sink, const struct report_file *file, osp_error *err);
    int (*tail)(struct report_sink *sink, const struct report_summary *summary, osp_error *err);
};

extern const struct sink_format sink_text, sink_json, sink_junit, sink_html;

/* ---- words that the formats share ---- */

/** "note", "warning", "violation". */
const char *level_name(osp_level level);
/** What is known of the file in one line: "mp4, h264 1280x720, 25 fps, 4 s, aac; for edit"; yours:
 *  free(); "" when nothing is; NULL: out of memory. */
char *facts_line(const struct report_file *file);
/** Finding i, also the one that stands for a file that could not be opened. @param made  room for
 *  that one. @return NULL past the end */
const osp_finding *finding_at(const struct report_file *file, size_t i, osp_finding *made);
/** "12.3 s", "29.97 fps", or the word; "" when nothing was measured. */
void value_text(const char *value, const char *unit, char *out, size_t size);
/**
 * Text that any reader takes: bytes that are not UTF-8 become U+FFFD; yours: free(); NULL: out of
 * memory.
 * @param controls  spell control characters as \x1b: on a terminal they are commands
 */
char *clean_text(const char *text, bool controls);
/** Text for XML and HTML, between quotes or tags, whatever its bytes. Control characters are
 * spelled as by clean_text(). @param one_line  line feeds too */
void put_escaped(FILE *out, const char *text, bool one_line);

#endif
