/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "job/schema.h"

#include <stddef.h>

#include "base/auto.h"

/*
 * The journal's tables, STATE/jobs.db. `PRAGMA user_version` counts the migrations that were
 * carried out; a new version of the program appends a row to the table below and never changes one.
 *
 * jobs: one row per job, also of those that ended: they are the receipts.
 *   id                 12 base32 digits; the folder STATE/jobs/ID holds its files
 *   key, generation    what the job is of (open.c), and the how-manieth attempt at it that was
 *                      wanted: 0, then 1 after a refused one or with --again. Unique together, so
 *                      that two processes that want the same edit meet in one row
 *   state              a word of edges.c
 *   doubt              1: a create of this row went out and its fate was not learnt at once; from
 *                      then on no later answer to a create proves that nothing was created
 *   external_task_id   ours, random, made with the row: what an ambiguous create is looked up by
 *   task_id            the service's
 *   request_id         of its last answer
 *   gateway, endpoint  identity and path; never a key, never an address that may be signed
 *   master .. no_cite  the shot as it was asked for
 *   reference_*        what was sent: what the result is compared with
 *   upload_store,
 *   upload_name        where the reference lies; its address is made from them when needed
 *   upload_sha256      of the content that was put there
 *   upload_kept        1: it is left there, and may serve other jobs
 *   units_estimated,
 *   units_deducted     decimal text
 *   output,
 *   output_sha256      the last result that was made with the clip
 *   fault              why it stands where it stands
 *   begun_us           when the paid step was first allowed; 0: it was only looked at (a dry run, a
 *                      refusal before sending), and no resume may take it up by itself
 *   *_us               wall clock, microseconds since 1970
 *   forgotten_from     the state that it was forgotten in: tells whether it may have been paid for
 *   born_ms            when the service first showed the task, by the service's own clock; 0: not
 *                      known. Only this clock tells whether the service still keeps a result
 */
static const char *const migrations[] = {
    "CREATE TABLE jobs ("
    " id TEXT PRIMARY KEY,"
    " key TEXT NOT NULL,"
    " generation INTEGER NOT NULL,"
    " state TEXT NOT NULL,"
    " doubt INTEGER NOT NULL DEFAULT 0,"
    " external_task_id TEXT NOT NULL UNIQUE,"
    " task_id TEXT,"
    " request_id TEXT,"
    " gateway TEXT NOT NULL,"
    " endpoint TEXT NOT NULL,"
    " master TEXT NOT NULL,"
    " from_text TEXT,"
    " to_text TEXT,"
    " prompt TEXT,"
    " mode TEXT,"
    " profile TEXT,"
    " fit TEXT,"
    " keep_sound INTEGER NOT NULL DEFAULT 0,"
    " no_cite INTEGER NOT NULL DEFAULT 0,"
    " reference_width INTEGER,"
    " reference_height INTEGER,"
    " reference_duration TEXT,"
    " upload_store TEXT,"
    " upload_name TEXT,"
    " units_estimated TEXT,"
    " units_deducted TEXT,"
    " output TEXT,"
    " output_sha256 TEXT,"
    " fault TEXT,"
    " posted_us INTEGER NOT NULL DEFAULT 0,"
    " created_us INTEGER NOT NULL,"
    " updated_us INTEGER NOT NULL,"
    " UNIQUE (key, generation));"
    "CREATE INDEX jobs_created ON jobs (created_us);",
    "ALTER TABLE jobs ADD COLUMN begun_us INTEGER NOT NULL DEFAULT 0;"
    "UPDATE jobs SET begun_us = created_us;",
    "ALTER TABLE jobs ADD COLUMN born_ms INTEGER NOT NULL DEFAULT 0;",
    "ALTER TABLE jobs ADD COLUMN forgotten_from TEXT;",
    "ALTER TABLE jobs ADD COLUMN upload_sha256 TEXT;"
    "ALTER TABLE jobs ADD COLUMN upload_kept INTEGER NOT NULL DEFAULT 0;",
};

static void text_cleanup(char **text)
{
    sqlite3_free(*text);
}

static int run(sqlite3 *db, const char *sql, osp_error *err)
{
    if (sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK)
        return osp_fail(err, OSP_EOUTPUT, "the journal cannot be written: %s", sqlite3_errmsg(db));
    return OSP_OK;
}

static int version_of(sqlite3 *db, osp_error *err)
{
    sqlite3_stmt *statement = NULL;
    int version = -1;

    if (sqlite3_prepare_v2(db, "PRAGMA user_version", -1, &statement, NULL) == SQLITE_OK &&
        sqlite3_step(statement) == SQLITE_ROW)
        version = sqlite3_column_int(statement, 0);
    sqlite3_finalize(statement);
    return version >= 0
               ? version
               : osp_fail(err, OSP_EOUTPUT, "the journal cannot be read: %s", sqlite3_errmsg(db));
}

static int migrate_from(sqlite3 *db, int version, osp_error *err)
{
    const int newest = (int)OSP_COUNT(migrations);
    int ret = OSP_OK;

    if (version > newest)
        return osp_fail(err, OSP_EOUTPUT,
                        "the journal was written by a newer omnisplice (version %d, this one knows "
                        "%d)",
                        version, newest);
    for (; ret == OSP_OK && version < newest; version++) {
        OSP_AUTO(text_cleanup)
        char *count = sqlite3_mprintf("PRAGMA user_version = %d", version + 1);

        ret = count ? run(db, migrations[version], err) : osp_nomem(err);
        if (ret == OSP_OK)
            ret = run(db, count, err);
    }
    return ret;
}

int schema_migrate(sqlite3 *db, osp_error *err)
{
    int version = version_of(db, err);
    int ret;

    if (version < 0 || version == (int)OSP_COUNT(migrations))
        return version < 0 ? version : OSP_OK;
    ret = run(db, "BEGIN IMMEDIATE", err); /* another process may be at it: then read again */
    if (ret < 0)
        return ret;
    version = version_of(db, err);
    ret = version < 0 ? version : migrate_from(db, version, err);
    if (ret == OSP_OK)
        return run(db, "COMMIT", err);
    (void)sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL); /* the first failure is told */
    return ret;
}
