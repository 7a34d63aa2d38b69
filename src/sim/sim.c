/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sim/sim.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/fs.h"
#include "base/hash.h"
#include "base/str.h"
#include "base/tmpfile.h"
#include "sim/limits.h"
#include "sim/state.h"

#define DEFAULT_DELAY_MS 1000
#define KEY_SIZE         41 /* 40 base32 digits: 200 bits */

const char *sim_url(const struct sim *sim)
{
    return sim->url;
}

const char *sim_ledger(const struct sim *sim)
{
    return sim->ledger;
}

const char *sim_store(const struct sim *sim)
{
    return sim->store;
}

const char *sim_key(const struct sim *sim)
{
    return sim->key;
}

/* One simulator per folder: everything else relies on it. */
static int lock_folder(struct sim *sim, osp_error *err)
{
    OSP_AUTO(auto_free) char *path = sim_path(sim, "lock", NULL);

    if (!path)
        return osp_nomem(err);
    sim->lock_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (sim->lock_fd < 0)
        return osp_fail_errno(err, OSP_EOUTPUT, "write", path);
    if (flock(sim->lock_fd, LOCK_EX | LOCK_NB) == 0)
        return OSP_OK;
    if (errno != EWOULDBLOCK)
        return osp_fail_errno(err, OSP_EOUTPUT, "lock", path);
    osp_fail(err, OSP_EAGAIN, "another simulator is running on '%s'", sim->state);
    return osp_hint(err, "try again when it has ended, or give another --state");
}

/* Readable by its owner alone before anything stands in it. */
static int write_secret(const char *path, const char *secret, osp_error *err)
{
    OSP_AUTO(tmpfile_release) struct tmpfile file = TMPFILE_INIT;
    int ret = tmpfile_open(&file, path, err);

    if (ret < 0)
        return ret;
    if (fchmod(file.fd, 0600) < 0 || fs_write_all(file.fd, secret, strlen(secret)) < 0)
        return osp_fail_errno(err, OSP_EOUTPUT, "write", path);
    return tmpfile_commit(&file, true, err);
}

/* Made once, read back afterwards. */
static int kept_secret(struct sim *sim, const char *name, char **out, osp_error *err)
{
    OSP_AUTO(auto_free) char *path = sim_path(sim, name, NULL);

    if (!path)
        return osp_nomem(err);
    if (fs_read_file(path, 4096, out, NULL, NULL) == OSP_OK && **out)
        return OSP_OK;
    auto_free(out);
    *out = malloc(KEY_SIZE);
    if (!*out)
        return osp_nomem(err);
    random_base32(*out, KEY_SIZE);
    return write_secret(path, *out, err);
}

static int open_state(struct sim *sim, const struct sim_options *options, osp_error *err)
{
    int ret = fs_mkdirs(sim->state, err);

    if (ret == OSP_OK)
        ret = lock_folder(sim, err);
    if (ret == OSP_OK)
        ret = kept_secret(sim, "secret", &sim->secret, err);
    if (ret == OSP_OK && options->key)
        ret = (sim->key = strdup(options->key)) ? OSP_OK : osp_nomem(err);
    else if (ret == OSP_OK)
        ret = kept_secret(sim, "key", &sim->key, err);
    if (ret == OSP_OK)
        ret = sim_posts_load(sim, err);
    if (ret == OSP_OK)
        ret = sim_tasks_load(sim, err);
    return ret;
}

static int start_threads(struct sim *sim, int port, osp_error *err)
{
    int ret = sim_server_start(sim, port, err);

    while (ret == OSP_OK && sim->worker_count < SIM_WORKERS) {
        if (pthread_create(&sim->workers[sim->worker_count], NULL, sim_worker, sim) != 0)
            return osp_fail(err, OSP_EINTERNAL, "cannot start a thread");
        sim->worker_count++;
    }
    return ret;
}

/* Signals are the program's: none of the simulator's threads may take one. */
static int start_quiet(struct sim *sim, int port, osp_error *err)
{
    sigset_t all, before;
    int ret;

    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, &before);
    ret = start_threads(sim, port, err);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return ret;
}

int sim_start(const struct sim_options *options, struct sim **out, osp_error *err)
{
    OSP_AUTO(sim_stop) struct sim *sim = calloc(1, sizeof(*sim));
    int ret;

    if (!sim)
        return osp_nomem(err);
    sim->lock_fd = sim->posts_fd = -1;
    pthread_mutex_init(&sim->lock, NULL);
    pthread_mutex_init(&sim->children.lock, NULL);
    pthread_cond_init(&sim->changed, NULL);
    sim->accept_duplicates = options->accept_duplicates;
    sim->delay_ms = options->delay_s < 0 ? DEFAULT_DELAY_MS
                                         : (int64_t)(options->delay_s * 1000 + 0.5);
    sim->state = str_dup(options->state);
    if (!sim->state)
        return osp_nomem(err);
    ret = sim_children_init(&sim->children, err);
    if (ret == OSP_OK)
        ret = sim_limits_open(&sim->limits, err);
    if (ret == OSP_OK && options->faults)
        ret = sim_faults_file_open(options->faults, &sim->fault_file, err);
    if (ret == OSP_OK)
        ret = open_state(sim, options, err);
    if (ret == OSP_OK)
        ret = start_quiet(sim, options->port, err);
    if (ret < 0)
        return ret;
    *out = OSP_TAKE(sim);
    return OSP_OK;
}

void sim_stop(struct sim **out)
{
    struct sim *sim = *out;

    if (!sim)
        return;
    pthread_mutex_lock(&sim->lock);
    sim->stopping = true; /* ends waits of handlers, too, which the server's stop waits for */
    pthread_cond_broadcast(&sim->changed);
    pthread_mutex_unlock(&sim->lock);
    sim_children_stop(&sim->children);
    sim_server_stop(sim);
    while (sim->worker_count > 0)
        pthread_join(sim->workers[--sim->worker_count], NULL);
    sim_tasks_release(sim);
    sim_children_release(&sim->children);
    json_free(&sim->limits);
    json_free(&sim->fault_file);
    auto_close(&sim->posts_fd);
    auto_close(&sim->lock_fd);
    pthread_cond_destroy(&sim->changed);
    pthread_mutex_destroy(&sim->children.lock);
    pthread_mutex_destroy(&sim->lock);
    auto_free(&sim->state);
    auto_free(&sim->url);
    auto_free(&sim->ledger);
    auto_free(&sim->store);
    auto_free(&sim->key);
    auto_free(&sim->secret);
    auto_free(out);
}
