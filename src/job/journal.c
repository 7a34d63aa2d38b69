/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "job/journal.h"

#include <pthread.h>
#include <sqlite3.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/array.h"
#include "base/auto.h"
#include "base/log.h"
#include "base/str.h"
#include "job/schema.h"

#define BUSY_MS 5000

struct journal {
    sqlite3 *db;
    pthread_mutex_t lock; /* one statement or transaction at a time; nothing waits inside it but
                             for the disk and for another process's transaction */
};

/* ---- rows as data -------------------------------------------------------------------------- */

static const struct column {
    const char *name;
    enum { TEXT, NUMBER, STATE } type;
    size_t offset;
} columns[] = {
    { "id", TEXT, offsetof(struct job_row, id) },
    { "key", TEXT, offsetof(struct job_row, key) },
    { "generation", NUMBER, offsetof(struct job_row, generation) },
    { "state", STATE, offsetof(struct job_row, state) },
    { "doubt", NUMBER, offsetof(struct job_row, doubt) },
    { "external_task_id", TEXT, offsetof(struct job_row, external_task_id) },
    { "task_id", TEXT, offsetof(struct job_row, task_id) },
    { "request_id", TEXT, offsetof(struct job_row, request_id) },
    { "gateway", TEXT, offsetof(struct job_row, gateway) },
    { "endpoint", TEXT, offsetof(struct job_row, endpoint) },
    { "master", TEXT, offsetof(struct job_row, master) },
    { "from_text", TEXT, offsetof(struct job_row, from) },
    { "to_text", TEXT, offsetof(struct job_row, to) },
    { "prompt", TEXT, offsetof(struct job_row, prompt) },
    { "mode", TEXT, offsetof(struct job_row, mode) },
    { "profile", TEXT, offsetof(struct job_row, profile) },
    { "fit", TEXT, offsetof(struct job_row, fit) },
    { "keep_sound", NUMBER, offsetof(struct job_row, keep_sound) },
    { "no_cite", NUMBER, offsetof(struct job_row, no_cite) },
    { "reference_width", NUMBER, offsetof(struct job_row, reference_width) },
    { "reference_height", NUMBER, offsetof(struct job_row, reference_height) },
    { "reference_duration", TEXT, offsetof(struct job_row, reference_duration) },
    { "upload_store", TEXT, offsetof(struct job_row, upload_store) },
    { "upload_name", TEXT, offsetof(struct job_row, upload_name) },
    { "upload_sha256", TEXT, offsetof(struct job_row, upload_sha256) },
    { "upload_kept", NUMBER, offsetof(struct job_row, upload_kept) },
    { "units_estimated", TEXT, offsetof(struct job_row, units_estimated) },
    { "units_deducted", TEXT, offsetof(struct job_row, units_deducted) },
    { "output", TEXT, offsetof(struct job_row, output) },
    { "output_sha256", TEXT, offsetof(struct job_row, output_sha256) },
    { "fault", TEXT, offsetof(struct job_row, fault) },
    { "begun_us", NUMBER, offsetof(struct job_row, begun_us) },
    { "posted_us", NUMBER, offsetof(struct job_row, posted_us) },
    { "created_us", NUMBER, offsetof(struct job_row, created_us) },
    { "updated_us", NUMBER, offsetof(struct job_row, updated_us) },
    { "born_ms", NUMBER, offsetof(struct job_row, born_ms) },
    { "forgotten_from", TEXT, offsetof(struct job_row, forgotten_from) },
};

static char **text_of(struct job_row *row, const struct column *column)
{
    return (char **)(void *)((char *)row + column->offset);
}

static int64_t *number_of(struct job_row *row, const struct column *column)
{
    return (int64_t *)(void *)((char *)row + column->offset);
}

void job_row_release(struct job_row *row)
{
    for (size_t i = 0; i < OSP_COUNT(columns); i++) {
        if (columns[i].type == TEXT)
            auto_free(text_of(row, &columns[i]));
    }
    memset(row, 0, sizeof(*row));
}

int job_row_text(char **member, const char *value, osp_error *err)
{
    char *copy = value && *value ? strdup(value) : NULL;

    if (value && *value && !copy)
        return osp_nomem(err);
    free(*member);
    *member = copy;
    return OSP_OK;
}

bool job_row_paid(const struct job_row *row)
{
    int from = row->state == OSP_JOB_FORGOTTEN ? job_state_find(row->forgotten_from)
                                               : (int)row->state;

    /* forgotten before the journal kept that: it may have been paid for once something was sent */
    return from < 0 ? row->posted_us > 0 : job_state_paid((osp_job_state)from);
}

static int64_t clock_us(clockid_t clock)
{
    struct timespec now;

    clock_gettime(clock, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

int64_t job_now_us(void)
{
    return clock_us(CLOCK_REALTIME);
}

int64_t job_mono_us(void)
{
    return clock_us(CLOCK_MONOTONIC);
}

/* ---- statements ---------------------------------------------------------------------------- */

static int failed(struct journal *journal, osp_error *err)
{
    return osp_fail(err, OSP_EOUTPUT, "the journal fails: %s", sqlite3_errmsg(journal->db));
}

static int run(struct journal *journal, const char *sql, osp_error *err)
{
    return sqlite3_exec(journal->db, sql, NULL, NULL, NULL) == SQLITE_OK ? OSP_OK
                                                                         : failed(journal, err);
}

static void statement_cleanup(sqlite3_stmt **statement)
{
    sqlite3_finalize(*statement);
}

static int prepare(struct journal *journal, struct strbuf *sql, sqlite3_stmt **out, osp_error *err)
{
    if (sql->failed)
        return osp_nomem(err);
    return sqlite3_prepare_v2(journal->db, sql->data, (int)sql->size, out, NULL) == SQLITE_OK
               ? OSP_OK
               : failed(journal, err);
}

static void bind_row(sqlite3_stmt *statement, struct job_row *row)
{
    for (size_t i = 0; i < OSP_COUNT(columns); i++) {
        int slot = (int)i + 1;

        if (columns[i].type == NUMBER)
            sqlite3_bind_int64(statement, slot, *number_of(row, &columns[i]));
        else
            sqlite3_bind_text(statement, slot,
                              columns[i].type == STATE ? osp_job_state_name(row->state)
                                                       : *text_of(row, &columns[i]),
                              -1, SQLITE_TRANSIENT);
    }
}

static int read_row(sqlite3_stmt *statement, struct job_row *row, osp_error *err)
{
    job_row_release(row);
    for (size_t i = 0; i < OSP_COUNT(columns); i++) {
        const char *text = (const char *)sqlite3_column_text(statement, (int)i);
        int state = columns[i].type == STATE ? job_state_find(text) : 0;

        if (state < 0)
            return osp_fail(err, OSP_EOUTPUT, "the journal holds a state that nobody knows: '%s'",
                            text ? text : "");
        if (columns[i].type == STATE)
            row->state = (osp_job_state)state;
        else if (columns[i].type == NUMBER)
            *number_of(row, &columns[i]) = sqlite3_column_int64(statement, (int)i);
        else if (job_row_text(text_of(row, &columns[i]), text, err) < 0)
            return OSP_EINTERNAL;
    }
    return 1;
}

static void column_list(struct strbuf *sql, const char *after)
{
    for (size_t i = 0; i < OSP_COUNT(columns); i++)
        strbuf_printf(sql, "%s%s%s", i ? ", " : "", columns[i].name, after);
}

static int select_row(struct journal *journal, const char *where, const char *value,
                      struct job_row *row, osp_error *err)
{
    OSP_AUTO(strbuf_release) struct strbuf sql = STRBUF_INIT;
    OSP_AUTO(statement_cleanup) sqlite3_stmt *statement = NULL;
    int ret;

    strbuf_puts(&sql, "SELECT ");
    column_list(&sql, "");
    strbuf_printf(&sql, " FROM jobs WHERE %s", where);
    ret = prepare(journal, &sql, &statement, err);
    if (ret < 0)
        return ret;
    sqlite3_bind_text(statement, 1, value, -1, SQLITE_TRANSIENT);
    ret = sqlite3_step(statement);
    if (ret == SQLITE_ROW)
        return read_row(statement, row, err);
    return ret == SQLITE_DONE ? 0 : failed(journal, err);
}

static int insert_row(struct journal *journal, struct job_row *row, osp_error *err)
{
    OSP_AUTO(strbuf_release) struct strbuf sql = STRBUF_INIT;
    OSP_AUTO(statement_cleanup) sqlite3_stmt *statement = NULL;
    int ret;

    strbuf_puts(&sql, "INSERT INTO jobs (");
    column_list(&sql, "");
    strbuf_puts(&sql, ") VALUES (");
    for (size_t i = 0; i < OSP_COUNT(columns); i++)
        strbuf_puts(&sql, i ? ", ?" : "?");
    strbuf_puts(&sql, ")");
    ret = prepare(journal, &sql, &statement, err);
    if (ret < 0)
        return ret;
    bind_row(statement, row);
    return sqlite3_step(statement) == SQLITE_DONE ? OSP_OK : failed(journal, err);
}

/* Writes the row if it is still in the state `before`. @return 1, 0 when it is not */
static int update_row(struct journal *journal, struct job_row *row, osp_job_state before,
                      osp_error *err)
{
    OSP_AUTO(strbuf_release) struct strbuf sql = STRBUF_INIT;
    OSP_AUTO(statement_cleanup) sqlite3_stmt *statement = NULL;
    int ret;

    strbuf_puts(&sql, "UPDATE jobs SET ");
    column_list(&sql, " = ?");
    strbuf_puts(&sql, " WHERE id = ? AND state = ?");
    ret = prepare(journal, &sql, &statement, err);
    if (ret < 0)
        return ret;
    bind_row(statement, row);
    sqlite3_bind_text(statement, (int)OSP_COUNT(columns) + 1, row->id, -1, SQLITE_TRANSIENT);
    sqlite3_bind_text(statement, (int)OSP_COUNT(columns) + 2, osp_job_state_name(before), -1,
                      SQLITE_TRANSIENT);
    if (sqlite3_step(statement) != SQLITE_DONE)
        return failed(journal, err);
    return sqlite3_changes(journal->db) == 1;
}

/* ---- open and close ------------------------------------------------------------------------ */

/* The switch needs the file for itself for a moment, and the busy time-out does not cover it: two
 * processes that make the journal at the same time meet here. */
static int switch_to_wal(struct journal *journal, osp_error *err)
{
    for (int i = 0; i < 100; i++) {
        int ret = sqlite3_exec(journal->db, "PRAGMA journal_mode=WAL", NULL, NULL, NULL);

        if (ret == SQLITE_OK)
            return OSP_OK;
        if (ret != SQLITE_BUSY && ret != SQLITE_LOCKED)
            break;
        sqlite3_sleep(20);
    }
    return failed(journal, err);
}

int journal_open(const char *path, struct journal **out, osp_error *err)
{
    OSP_AUTO(journal_close) struct journal *journal = calloc(1, sizeof(*journal));
    int ret;

    if (!journal)
        return osp_nomem(err);
    pthread_mutex_init(&journal->lock, NULL);
    if (sqlite3_open_v2(path, &journal->db,
                        SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX,
                        NULL) != SQLITE_OK)
        return osp_fail(err, OSP_EOUTPUT, "cannot open the journal '%s': %s", path,
                        journal->db ? sqlite3_errmsg(journal->db) : "out of memory");
    sqlite3_busy_timeout(journal->db, BUSY_MS);
    /* WAL: readers (`jobs`, a waiting process) never wait for a writer. synchronous=FULL: in WAL
     * mode NORMAL survives a kill but may lose the last commits when the power fails, and the last
     * commit may be the one that says "a create is on its way": the create would be sent and paid
     * for a second time. A job makes about ten transitions; their fsyncs cost milliseconds. */
    ret = switch_to_wal(journal, err);
    if (ret == OSP_OK)
        ret = run(journal, "PRAGMA synchronous=FULL", err);
    if (ret == OSP_OK)
        ret = schema_migrate(journal->db, err);
    if (ret < 0)
        return osp_while(err, "opening '%s'", path);
    *out = OSP_TAKE(journal);
    return OSP_OK;
}

void journal_close(struct journal **journal)
{
    if (!journal || !*journal)
        return;
    sqlite3_close_v2((*journal)->db);
    pthread_mutex_destroy(&(*journal)->lock);
    free(*journal);
    *journal = NULL;
}

/* ---- reading ------------------------------------------------------------------------------- */

int journal_load(struct journal *journal, const char *id, struct job_row *row, osp_error *err)
{
    int ret;

    pthread_mutex_lock(&journal->lock);
    ret = select_row(journal, "id = ?", id, row, err);
    pthread_mutex_unlock(&journal->lock);
    return ret;
}

/* The row of a key that counts: the newest that was begun. One that was only looked at (a dry run
 * with --again, say) must not stand before a result that was paid for. */
#define COUNTS "key = ? ORDER BY begun_us > 0 DESC, generation DESC LIMIT 1"
#define NEWEST "key = ? ORDER BY generation DESC LIMIT 1"

int journal_latest(struct journal *journal, const char *key, struct job_row *row, osp_error *err)
{
    int ret;

    pthread_mutex_lock(&journal->lock);
    ret = select_row(journal, COUNTS, key, row, err);
    pthread_mutex_unlock(&journal->lock);
    return ret;
}

static int match(struct journal *journal, const char *prefix, char **id, osp_error *err)
{
    OSP_AUTO(strbuf_release) struct strbuf sql = STRBUF_INIT;
    OSP_AUTO(statement_cleanup) sqlite3_stmt *statement = NULL;
    int found = 0, ret;

    strbuf_puts(&sql, "SELECT id FROM jobs WHERE substr(id, 1, length(?1)) = ?1 LIMIT 2");
    ret = prepare(journal, &sql, &statement, err);
    if (ret < 0)
        return ret;
    sqlite3_bind_text(statement, 1, prefix, -1, SQLITE_TRANSIENT);
    while ((ret = sqlite3_step(statement)) == SQLITE_ROW) {
        if (found++ == 0)
            *id = str_dup((const char *)sqlite3_column_text(statement, 0));
    }
    if (ret != SQLITE_DONE)
        return failed(journal, err);
    return found && !*id ? osp_nomem(err) : found;
}

int journal_match(struct journal *journal, const char *prefix, char **id, osp_error *err)
{
    int ret;

    *id = NULL;
    pthread_mutex_lock(&journal->lock);
    ret = match(journal, prefix, id, err);
    pthread_mutex_unlock(&journal->lock);
    return ret;
}

static int kept_upload(struct journal *journal, const char *store, const char *sha256, char **name,
                       osp_error *err)
{
    OSP_AUTO(strbuf_release) struct strbuf sql = STRBUF_INIT;
    OSP_AUTO(statement_cleanup) sqlite3_stmt *statement = NULL;
    int ret;

    strbuf_puts(&sql, "SELECT upload_name FROM jobs WHERE upload_kept = 1 AND upload_store = ?1 "
                      "AND upload_sha256 = ?2 AND upload_name IS NOT NULL "
                      "ORDER BY created_us DESC LIMIT 1");
    ret = prepare(journal, &sql, &statement, err);
    if (ret < 0)
        return ret;
    sqlite3_bind_text(statement, 1, store, -1, SQLITE_STATIC);
    sqlite3_bind_text(statement, 2, sha256, -1, SQLITE_STATIC);
    ret = sqlite3_step(statement);
    if (ret != SQLITE_ROW)
        return ret == SQLITE_DONE ? 0 : failed(journal, err);
    *name = str_dup((const char *)sqlite3_column_text(statement, 0));
    return *name ? 1 : osp_nomem(err);
}

int journal_kept_upload(struct journal *journal, const char *store, const char *sha256, char **name,
                        osp_error *err)
{
    int ret;

    *name = NULL;
    pthread_mutex_lock(&journal->lock);
    ret = kept_upload(journal, store, sha256, name, err);
    pthread_mutex_unlock(&journal->lock);
    return ret;
}

void journal_ids_free(char ***ids)
{
    for (char **id = *ids; id && *id; id++)
        free(*id);
    free(*ids);
    *ids = NULL;
}

static int list_texts(struct journal *journal, const char *select, char ***out, osp_error *err)
{
    OSP_AUTO(strbuf_release) struct strbuf sql = STRBUF_INIT;
    OSP_AUTO(statement_cleanup) sqlite3_stmt *statement = NULL;
    OSP_AUTO(journal_ids_free) char **texts = calloc(1, sizeof(*texts));
    size_t count = 0, capacity = 1;
    int ret;

    strbuf_puts(&sql, select);
    ret = texts ? prepare(journal, &sql, &statement, err) : osp_nomem(err);
    if (ret < 0)
        return ret;
    while ((ret = sqlite3_step(statement)) == SQLITE_ROW) {
        if (!array_grow((void **)&texts, sizeof(*texts), count + 1, &capacity))
            return osp_nomem(err);
        texts[count + 1] = NULL;
        texts[count] = str_dup((const char *)sqlite3_column_text(statement, 0));
        if (!texts[count])
            return osp_nomem(err);
        count++;
    }
    if (ret != SQLITE_DONE)
        return failed(journal, err);
    *out = OSP_TAKE(texts);
    return OSP_OK;
}

static int list(struct journal *journal, const char *select, char ***texts, osp_error *err)
{
    int ret;

    pthread_mutex_lock(&journal->lock);
    ret = list_texts(journal, select, texts, err);
    pthread_mutex_unlock(&journal->lock);
    return ret;
}

int journal_ids(struct journal *journal, char ***ids, osp_error *err)
{
    return list(journal, "SELECT id FROM jobs ORDER BY created_us DESC, rowid DESC", ids, err);
}

int journal_gateways(struct journal *journal, char ***gateways, osp_error *err)
{
    return list(journal, "SELECT DISTINCT gateway FROM jobs", gateways, err);
}

/* ---- writing ------------------------------------------------------------------------------- */

/* The row becomes what was found, which is emptied. */
static int take_row(struct job_row *row, struct job_row *found)
{
    job_row_release(row);
    *row = *found;
    memset(found, 0, sizeof(*found));
    return 0;
}

static int attach(struct journal *journal, struct job_row *row, journal_anew_fn anew, void *opaque,
                  osp_error *err)
{
    OSP_AUTO(job_row_release) struct job_row counts = { 0 };
    OSP_AUTO(job_row_release) struct job_row newest = { 0 };
    int ret = select_row(journal, COUNTS, row->key, &counts, err);

    if (ret == 1 && !anew(&counts, opaque))
        return take_row(row, &counts);
    if (ret >= 0)
        ret = select_row(journal, NEWEST, row->key, &newest, err);
    if (ret < 0)
        return ret;
    if (ret == 1 && !newest.begun_us && newest.state == OSP_JOB_NEW)
        return take_row(row, &newest); /* a new one that was only looked at will do */
    row->generation = ret == 1 ? newest.generation + 1 : 0;
    row->state = OSP_JOB_NEW;
    row->created_us = row->updated_us = job_now_us();
    ret = insert_row(journal, row, err);
    return ret < 0 ? ret : 1;
}

int journal_attach(struct journal *journal, struct job_row *row, journal_anew_fn anew, void *opaque,
                   osp_error *err)
{
    int ret;

    pthread_mutex_lock(&journal->lock);
    ret = run(journal, "BEGIN IMMEDIATE", err);
    if (ret == OSP_OK) {
        ret = attach(journal, row, anew, opaque, err);
        if (ret >= 0 && run(journal, "COMMIT", err) < 0)
            ret = OSP_EOUTPUT;
        if (ret < 0)
            (void)sqlite3_exec(journal->db, "ROLLBACK", NULL, NULL, NULL); /* first failure told */
    }
    pthread_mutex_unlock(&journal->lock);
    return ret;
}

static int write_row(struct journal *journal, struct job_row *row, osp_job_state before,
                     osp_error *err)
{
    int ret;

    row->updated_us = job_now_us();
    pthread_mutex_lock(&journal->lock);
    ret = update_row(journal, row, before, err);
    pthread_mutex_unlock(&journal->lock);
    if (ret == 0)
        return osp_fail(err, OSP_EAGAIN, "job %s is not '%s' any more: somebody else moved it",
                        row->id, osp_job_state_name(before));
    return ret < 0 ? ret : OSP_OK;
}

int journal_move(struct journal *journal, struct job_row *row, job_event event, osp_error *err)
{
    osp_job_state before = row->state;
    osp_job_state after;
    int ret;

    if (!job_next_state(before, event, &after))
        return osp_fail(err, OSP_EINTERNAL, "job %s: '%s' cannot happen while it is '%s'", row->id,
                        job_event_name(event), osp_job_state_name(before));
    if (after == OSP_JOB_UNSURE)
        row->doubt = 1;
    if (after == OSP_JOB_FORGOTTEN &&
        job_row_text(&row->forgotten_from, osp_job_state_name(before), err) < 0)
        return OSP_EINTERNAL;
    row->state = after;
    ret = write_row(journal, row, before, err);
    if (ret < 0) {
        row->state = before;
        return ret;
    }
    log_write(OSP_LOG_DEBUG, "job %s: %s -> %s (%s)", row->id, osp_job_state_name(before),
              osp_job_state_name(after), job_event_name(event));
    return OSP_OK;
}

int journal_note(struct journal *journal, struct job_row *row, osp_error *err)
{
    return write_row(journal, row, row->state, err);
}
