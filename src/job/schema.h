/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef JOB_SCHEMA_H
#define JOB_SCHEMA_H

#include <sqlite3.h>

#include "base/error.h"

/** Bring the journal to this program's version, whatever version it has.
 *  @return OSP_OK, OSP_EOUTPUT (cannot be written, or was written by a newer omnisplice) */
int schema_migrate(sqlite3 *db, osp_error *err);

#endif
