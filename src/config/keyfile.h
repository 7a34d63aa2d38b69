/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef CONFIG_KEYFILE_H
#define CONFIG_KEYFILE_H

#include "base/error.h"

/** The key in a file of its own: one line; refused when anybody but its owner can read it.
 *  @param key  set on success only; yours: free() */
int keyfile_read(const char *path, char **key, osp_error *err);
/** Blanks around it are cut. What could not stand in a header is refused. */
int keyfile_clean(const char *text, const char *origin, char **key, osp_error *err);

#endif
