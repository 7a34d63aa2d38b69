/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef STORE_MEMORY_H
#define STORE_MEMORY_H

#include "base/json.h"

/**
 * What a store must know after the process has ended: one small JSON object in the job's folder,
 * readable by its owner alone (it may hold an address), about the one object that is named in it.
 */

/** What is known of that object; NULL: nothing (no file, another name, not readable). */
struct json *memory_load(const char *path, const char *name);
/** Durable when it returns. path NULL: does nothing. @return OSP_OK, OSP_EOUTPUT */
int memory_save(const char *path, const char *name, struct json *what, osp_error *err);
void memory_forget(const char *path);

#endif
