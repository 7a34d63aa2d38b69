/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sim/state.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <openssl/rand.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/array.h"
#include "base/auto.h"
#include "base/fs.h"
#include "base/tmpfile.h"
#include "base/str.h"
#include "sim/figures.h"

#define TASK_FILE_CEILING (4u << 20)

int64_t sim_now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

char *sim_path(const struct sim *sim, const char *folder, const char *name)
{
    return name ? str_format("%s/%s/%s", sim->state, folder, name)
                : str_format("%s/%s", sim->state, folder);
}

bool sim_wait(struct sim *sim, int64_t ms)
{
    int64_t until = sim_now_ms() + ms;
    struct timespec deadline = { .tv_sec = until / 1000, .tv_nsec = until % 1000 * 1000000 };
    int ret = 0;
    bool stopping;

    pthread_mutex_lock(&sim->lock);
    while (!sim->stopping && ret != ETIMEDOUT)
        ret = pthread_cond_timedwait(&sim->changed, &sim->lock, &deadline);
    stopping = sim->stopping;
    pthread_mutex_unlock(&sim->lock);
    return !stopping;
}

static void task_free(struct sim_task **task)
{
    if (!*task)
        return;
    json_free(&(*task)->outcome);
    free((*task)->external);
    free((*task)->origin);
    auto_free(task);
}

void sim_tasks_release(struct sim *sim)
{
    for (size_t i = 0; i < sim->task_count; i++)
        task_free(&sim->tasks[i]);
    auto_free(&sim->tasks);
    auto_free(&sim->posts);
    sim->task_count = sim->post_count = 0;
}

enum sim_status sim_status_at(int64_t created_ms, int64_t delay_ms, const struct json *outcome,
                              int64_t now_ms)
{
    const char *end = json_string(json_get(outcome, "status"));

    if (now_ms < created_ms + delay_ms / 4)
        return SIM_SUBMITTED;
    if (now_ms < created_ms + delay_ms || !end)
        return SIM_PROCESSING;
    return strcmp(end, "succeed") == 0 ? SIM_SUCCEED : SIM_FAILED;
}

const char *sim_status_word(enum sim_status status)
{
    static const char *const words[] = { "submitted", "processing", "succeed", "failed" };

    return words[status];
}

/* ---- on disk */

static int write_json(const struct sim *sim, const char *folder, const char *id,
                      const struct json *value, osp_error *err)
{
    OSP_AUTO(auto_free) char *name = str_format("%s.json", id);
    OSP_AUTO(auto_free) char *path = name ? sim_path(sim, folder, name) : NULL;
    OSP_AUTO(auto_free) char *text = json_print(value, false);

    if (!path || !text)
        return osp_nomem(err);
    return tmpfile_write(path, text, strlen(text), err);
}

static int read_json(const struct sim *sim, const char *folder, const char *id, struct json **out,
                     osp_error *err)
{
    OSP_AUTO(auto_free) char *name = str_format("%s.json", id);
    OSP_AUTO(auto_free) char *path = name ? sim_path(sim, folder, name) : NULL;
    OSP_AUTO(auto_free) char *text = NULL;
    size_t size;
    int ret = path ? fs_read_file(path, TASK_FILE_CEILING, &text, &size, err) : osp_nomem(err);

    return ret < 0 ? ret : json_parse(text, size, path, out, err);
}

static struct json *task_json(const struct sim_task *task)
{
    struct json *value = json_object();

    json_set_string(value, "task_id", task->id);
    json_set_string(value, "endpoint", sim_endpoint_name(task->endpoint));
    json_set_string(value, "external_task_id", task->external);
    json_set_string(value, "origin", task->origin);
    json_set_int(value, "created_ms", task->created_ms);
    json_set_int(value, "delay_ms", task->delay_ms);
    json_set(value, "faults", sim_faults_json(&task->faults));
    return value;
}

static int task_from_json(const char *id, const struct json *value, struct sim_task **out,
                          osp_error *err)
{
    OSP_AUTO(task_free) struct sim_task *task = calloc(1, sizeof(*task));
    const char *endpoint = json_string(json_get(value, "endpoint"));
    const char *external = json_string(json_get(value, "external_task_id"));
    const char *origin = json_string(json_get(value, "origin"));

    if (!task)
        return osp_nomem(err);
    str_copy(task->id, sizeof(task->id), id);
    task->endpoint = sim_endpoint_find(endpoint ? endpoint : "");
    if (task->endpoint == SIM_ENDPOINT_COUNT ||
        !json_int64(json_get(value, "created_ms"), &task->created_ms) ||
        !json_int64(json_get(value, "delay_ms"), &task->delay_ms))
        return osp_fail(err, OSP_EOUTPUT, "task %s in the simulator's folder is damaged", id);
    task->external = strdup(external ? external : "");
    task->origin = strdup(origin ? origin : "");
    if (!task->external || !task->origin)
        return osp_nomem(err);
    sim_faults_read(&task->faults, json_get(value, "faults"));
    *out = OSP_TAKE(task);
    return OSP_OK;
}

/* Takes the task. */
static int remember(struct sim *sim, struct sim_task *task, osp_error *err)
{
    if (!array_grow((void **)&sim->tasks, sizeof(*sim->tasks), sim->task_count,
                    &sim->task_capacity)) {
        task_free(&task);
        return osp_nomem(err);
    }
    sim->tasks[sim->task_count++] = task;
    return OSP_OK;
}

static int load_task(struct sim *sim, const char *id, osp_error *err)
{
    OSP_AUTO(json_free) struct json *value = NULL;
    struct sim_task *task = NULL;
    int ret = read_json(sim, "tasks", id, &value, err);

    if (ret == OSP_OK)
        ret = task_from_json(id, value, &task, err);
    if (ret < 0)
        return ret;
    (void)read_json(sim, "outcomes", id, &task->outcome, NULL); /* not there: goes on */
    return remember(sim, task, err);
}

static int compare_tasks(const void *a, const void *b)
{
    return strcmp((*(struct sim_task *const *)a)->id, (*(struct sim_task *const *)b)->id);
}

typedef int (*entry_fn)(struct sim *sim, const char *folder, const char *name, osp_error *err);

static int each_entry(struct sim *sim, const char *folder, entry_fn fn, osp_error *err)
{
    OSP_AUTO(auto_free) char *path = sim_path(sim, folder, NULL);
    DIR *list = path ? opendir(path) : NULL;
    struct dirent *entry;
    int ret = OSP_OK;

    if (!list)
        return path ? osp_fail_errno(err, OSP_EOUTPUT, "read", path) : osp_nomem(err);
    while (ret == OSP_OK && (entry = readdir(list))) {
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
            ret = fn(sim, folder, entry->d_name, err);
    }
    closedir(list);
    return ret;
}

static int load_entry(struct sim *sim, const char *folder, const char *name, osp_error *err)
{
    char id[24];

    (void)folder;
    if (*name == '.' || !str_ends(name, ".json") || strlen(name) >= sizeof(id))
        return OSP_OK;
    snprintf(id, sizeof(id), "%.*s", (int)(strlen(name) - strlen(".json")), name);
    return load_task(sim, id, err);
}

/* Hidden names are what a killed run was writing; the lock says that nobody writes them now. */
static int sweep_entry(struct sim *sim, const char *folder, const char *name, osp_error *err)
{
    OSP_AUTO(auto_free) char *path = *name == '.' ? sim_path(sim, folder, name) : NULL;

    return path ? fs_remove_tree(path, err) : OSP_OK;
}

static int open_folder(struct sim *sim, const char *folder, osp_error *err)
{
    OSP_AUTO(auto_free) char *path = sim_path(sim, folder, NULL);
    int ret = path ? fs_mkdirs(path, err) : osp_nomem(err);

    return ret < 0 ? ret : each_entry(sim, folder, sweep_entry, err);
}

int sim_tasks_load(struct sim *sim, osp_error *err)
{
    static const char *const folders[] = { "requests", "tasks", "results", "outcomes", "store" };
    int ret = OSP_OK;

    for (size_t i = 0; ret == OSP_OK && i < OSP_COUNT(folders); i++)
        ret = open_folder(sim, folders[i], err);
    if (ret == OSP_OK)
        ret = each_entry(sim, "tasks", load_entry, err);
    if (ret == OSP_OK && sim->task_count)
        qsort(sim->tasks, sim->task_count, sizeof(*sim->tasks), compare_tasks);
    return ret;
}

/* ---- in memory */

static bool is_hidden(const struct sim_task *task, int64_t now_ms)
{
    return sim_faults_on(&task->faults, SIM_FAULT_HIDE) &&
           now_ms < task->created_ms + task->faults.value[SIM_FAULT_HIDE];
}

const struct sim_task *sim_task_by_id(struct sim *sim, const char *id)
{
    for (size_t i = 0; i < sim->task_count; i++) {
        if (strcmp(sim->tasks[i]->id, id) == 0)
            return sim->tasks[i];
    }
    return NULL;
}

static struct sim_task *by_external(struct sim *sim, enum sim_endpoint endpoint,
                                    const char *external)
{
    for (size_t i = 0; *external && i < sim->task_count; i++) {
        if (sim->tasks[i]->endpoint == endpoint && strcmp(sim->tasks[i]->external, external) == 0)
            return sim->tasks[i];
    }
    return NULL;
}

const struct sim_task *sim_task_find(struct sim *sim, enum sim_endpoint endpoint, const char *id,
                                     int64_t now_ms)
{
    const struct sim_task *task = sim_task_by_id(sim, id);

    if (!task || task->endpoint != endpoint)
        task = by_external(sim, endpoint, id);
    return task && !is_hidden(task, now_ms) ? task : NULL;
}

const struct sim_task *sim_task_of_audio(struct sim *sim, const char *audio_id, int64_t now_ms)
{
    for (size_t i = 0; i < sim->task_count; i++) {
        const struct sim_task *task = sim->tasks[i];
        const struct json *file = json_at(json_get(task->outcome, "files"), 0);
        const char *id = json_string(json_get(file, "id"));

        if (task->endpoint == SIM_TEXT_TO_AUDIO && id && strcmp(id, audio_id) == 0 &&
            now_ms >= task->created_ms + task->delay_ms)
            return task;
    }
    return NULL;
}

/* Under the lock, so the loop sees every id there is. */
static int64_t fresh_id(struct sim *sim, int64_t now_ms, char *out, size_t size)
{
    for (;;) {
        uint32_t low = 0;
        int64_t id;

        (void)RAND_bytes((unsigned char *)&low, sizeof(low)); /* 0 is as good as any */
        id = sim_id_make(now_ms, low);
        snprintf(out, size, "%lld", (long long)id);
        if (!sim_task_by_id(sim, out))
            return id;
        now_ms++;
    }
}

static int make(struct sim *sim, enum sim_endpoint endpoint, const char *external, const char *body,
                const struct sim_faults *faults, struct sim_task **out, osp_error *err)
{
    OSP_AUTO(task_free) struct sim_task *task = calloc(1, sizeof(*task));
    OSP_AUTO(auto_free) char *name = NULL;
    OSP_AUTO(auto_free) char *path = NULL;
    OSP_AUTO(json_free) struct json *value = NULL;
    int ret;

    if (!task)
        return osp_nomem(err);
    task->endpoint = endpoint;
    task->faults = *faults;
    task->external = strdup(external);
    task->origin = strdup(sim->url);
    task->created_ms = sim_id_time(fresh_id(sim, sim_now_ms(), task->id, sizeof(task->id)));
    task->delay_ms = sim->delay_ms;
    if (sim_faults_on(faults, SIM_FAULT_SLOW))
        task->delay_ms += faults->value[SIM_FAULT_SLOW];
    name = str_format("%s.json", task->id);
    path = name ? sim_path(sim, "requests", name) : NULL;
    value = task->external && task->origin ? task_json(task) : NULL;
    if (!path || !value)
        return osp_nomem(err);
    ret = tmpfile_write(path, body, strlen(body), err);
    if (ret == OSP_OK)
        ret = write_json(sim, "tasks", task->id, value, err);
    if (ret == OSP_OK) {
        *out = task;
        ret = remember(sim, OSP_TAKE(task), err);
    }
    return ret;
}

int sim_task_create(struct sim *sim, enum sim_endpoint endpoint, const char *external,
                    const char *body, const struct sim_faults *faults, struct sim_task **out,
                    osp_error *err)
{
    int ret = OSP_OK;

    pthread_mutex_lock(&sim->lock);
    *out = sim->accept_duplicates ? NULL : by_external(sim, endpoint, external);
    if (*out)
        ret = osp_fail(err, OSP_EREFUSED, "External_task_id %s already exists", external);
    else
        ret = make(sim, endpoint, external, body, faults, out, err);
    pthread_cond_broadcast(&sim->changed);
    pthread_mutex_unlock(&sim->lock);
    return ret;
}

int sim_task_finish(struct sim *sim, struct sim_task *task, struct json *outcome, osp_error *err)
{
    int ret = write_json(sim, "outcomes", task->id, outcome, err);

    if (ret < 0) {
        json_free(&outcome);
        return ret;
    }
    pthread_mutex_lock(&sim->lock);
    task->outcome = outcome;
    pthread_mutex_unlock(&sim->lock);
    return OSP_OK;
}

struct sim_task *sim_task_take(struct sim *sim)
{
    struct sim_task *task = NULL;

    pthread_mutex_lock(&sim->lock);
    while (!sim->stopping && !task) {
        for (size_t i = 0; !task && i < sim->task_count; i++) {
            if (!sim->tasks[i]->taken && !sim->tasks[i]->outcome)
                task = sim->tasks[i];
        }
        if (!task)
            pthread_cond_wait(&sim->changed, &sim->lock);
    }
    if (sim->stopping)
        task = NULL;
    if (task)
        task->taken = true;
    pthread_mutex_unlock(&sim->lock);
    return task;
}

/* ---- posts */

static int add_post(struct sim *sim, enum sim_endpoint endpoint, const char *digest, osp_error *err)
{
    if (!array_grow((void **)&sim->posts, sizeof(*sim->posts), sim->post_count,
                    &sim->post_capacity))
        return osp_nomem(err);
    sim->posts[sim->post_count].endpoint = endpoint;
    str_copy(sim->posts[sim->post_count++].digest, sizeof(sim->posts->digest), digest);
    return OSP_OK;
}

int sim_posts_load(struct sim *sim, osp_error *err)
{
    OSP_AUTO(auto_free) char *path = sim_path(sim, "posts", NULL);
    FILE *file;
    char endpoint[32], digest[65];
    int ret = OSP_OK;

    if (!path)
        return osp_nomem(err);
    sim->posts_fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    file = sim->posts_fd >= 0 ? fopen(path, "re") : NULL;
    if (!file)
        return osp_fail_errno(err, OSP_EOUTPUT, "write", path);
    while (ret == OSP_OK && fscanf(file, "%31s %64s", endpoint, digest) == 2)
        ret = add_post(sim, sim_endpoint_find(endpoint), digest, err);
    fclose(file);
    return ret;
}

int sim_post_book(struct sim *sim, enum sim_endpoint endpoint, const char *digest, int64_t *nth,
                  bool *again, osp_error *err)
{
    char line[128];
    int size = snprintf(line, sizeof(line), "%s %s\n", sim_endpoint_name(endpoint), digest), ret;

    *nth = 1;
    *again = false;
    pthread_mutex_lock(&sim->lock);
    for (size_t i = 0; i < sim->post_count; i++) {
        if (sim->posts[i].endpoint != endpoint)
            continue;
        ++*nth;
        *again |= strcmp(sim->posts[i].digest, digest) == 0;
    }
    /* one write to a file opened for appending: a kill leaves the line or nothing */
    ret = fs_write_all(sim->posts_fd, line, (size_t)size) < 0
              ? osp_fail_errno(err, OSP_EOUTPUT, "write", "posts")
              : add_post(sim, endpoint, digest, err);
    pthread_mutex_unlock(&sim->lock);
    return ret;
}
