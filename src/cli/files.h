/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef CLI_FILES_H
#define CLI_FILES_H

#include "cli/opt.h"

/**
 * The files that a command line names, one at a time: arguments in their order, where "-" is a list
 * on standard input, then the list of --files-from. A folder stands for what is in it and below, in
 * the order of the bytes of the names; hidden names are left out, links to folders not followed.
 * One folder's names are in memory at a time, and those of the folders above it.
 */
struct files;

/** @param settings  kept: it must outlive the files
 *  @param out       set on success only; yours: files_free()
 *  @return OSP_OK, OSP_EUSAGE, OSP_EMEDIA (the list cannot be read) */
int files_open(const struct settings *settings, struct files **out, osp_error *err);
/** @param path  holds until the next call
 *  @return 1: *path is the next file; 0: there is none; below 0: error */
int files_next(struct files *files, const char **path, osp_error *err);
/** How far, 0 to 1; below 0: not known, a list has no end that could be seen. */
double files_fraction(const struct files *files);
void files_free(struct files **files); /* NULL is fine; sets NULL */

#endif
