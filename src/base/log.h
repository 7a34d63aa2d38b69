/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include <stdbool.h>

#include "omnisplice/error.h"

/** A line of talk, without newline. Never a key, never a signed address. */
void log_write(osp_log_level level, const char *format, ...) __attribute__((format(printf, 2, 3)));
/** Whether a line of that level would go anywhere. */
bool log_wanted(osp_log_level level);

#endif
