/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef CLI_FILES_H
#define CLI_FILES_H

#include "cli/opt.h"
#include "omnisplice/cancel.h"

/**
 * The files that a command line names, one at a time: arguments in their order, where "-" is a list
 * on standard input, then the list of --files-from. A folder stands for what is in it and below, in
 * the order of the bytes of the names; hidden names are left out, links to folders not followed.
 * One folder's names are in memory at a time, and those of the folders above it.
 */
struct files;

enum {
    FILES_END,
    FILES_NEXT,
    FILES_LATER, /* whoever writes the list has not yet written more */
};

/** @param settings  kept, as is cancel: they must outlive the files
 *  @param cancel    ends the wait for a list; may be NULL
 *  @param out       set on success only; yours: files_free()
 *  @return OSP_OK, OSP_EUSAGE, OSP_EMEDIA (the list cannot be read) */
int files_open(const struct settings *settings, const osp_cancel *cancel, struct files **out,
               osp_error *err);
/** @param wait  false: FILES_LATER rather than a wait for the list
 *  @param path  of the next file; holds until the next call
 *  @return FILES_NEXT, FILES_END, FILES_LATER; below 0: error */
int files_next(struct files *files, bool wait, const char **path, osp_error *err);
/** How far, 0 to 1; below 0: not known, a list has no end that could be seen. */
double files_fraction(const struct files *files);
void files_free(struct files **files); /* NULL is fine; sets NULL */

#endif
