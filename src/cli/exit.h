/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef CLI_EXIT_H
#define CLI_EXIT_H

#include "omnisplice/error.h"

/** What the program ends with; printed in the man page. Library codes are these, negated. */
enum exit_code {
    EXIT_OK = 0,
    EXIT_VIOLATION = 1,
    EXIT_USAGE = 2,
    EXIT_MEDIA = 3,
    EXIT_OUTPUT = 4,
    EXIT_ACCESS = 5,
    EXIT_MONEY = 6,
    EXIT_REFUSED = 7,
    EXIT_RESULT = 8,
    EXIT_INTERNAL = 70,
    EXIT_AGAIN = 75,
    EXIT_INTERRUPTED = 130,
};

/** The exit code of a failure; EXIT_INTERNAL for what is no osp_code. */
int exit_of(int code);

/** Text of the table, for --help all. */
extern const char exit_help[];

#endif
