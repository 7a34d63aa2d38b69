/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "store/store.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/cancel.h"
#include "base/str.h"
#include "store/memory.h"

/*
 * A command of the person's: cmd:rclone copyto {file} remote:b/{name} && rclone link ... The last
 * line that it prints is the address. It is run as `sh -c COMMAND omnisplice FILE NAME`, with
 * {file} and {name} standing for "$1" and "$2": no name is ever read as shell text.
 */

#define TIMEOUT_S 600
#define CEILING   (1 << 20) /* of what it prints */
#define TICK_MS   100

extern char **environ;

struct command {
    char *put, *remove; /* shell text; remove may be NULL */
    char *memory;
    char *url; /* of the last put */
    char *name;
    int timeout_s;
};

static void command_close(void *self)
{
    struct command *command = self;

    auto_free(&command->put);
    auto_free(&command->remove);
    auto_free(&command->memory);
    auto_free(&command->url);
    auto_free(&command->name);
    free(command);
}

/* ---- the text ------------------------------------------------------------------------------ */

/* Inside quotes "$1" would end them: such a text is refused rather than guessed at. */
static int expand(const char *text, char **out, osp_error *err)
{
    static const struct {
        const char *mark, *stands_for;
    } marks[] = { { "{file}", "\"$1\"" }, { "{name}", "\"$2\"" } };
    OSP_AUTO(strbuf_release) struct strbuf shell = STRBUF_INIT;
    char quote = 0;

    while (*text) {
        size_t i = 0, used = 1;

        while (i < OSP_COUNT(marks) && !str_starts(text, marks[i].mark))
            i++;
        if (i < OSP_COUNT(marks) && quote) {
            osp_fail(err, OSP_EACCESS, "the store's command has %s inside quotes", marks[i].mark);
            return osp_hint(err, "write it without quotes around it: it is one word in any case");
        }
        if (i < OSP_COUNT(marks)) {
            strbuf_puts(&shell, marks[i].stands_for);
            text += strlen(marks[i].mark);
            continue;
        }
        if (*text == '\\' && quote != '\'' && text[1])
            used = 2;
        else if (quote ? *text == quote : *text == '\'' || *text == '"')
            quote = quote ? 0 : *text;
        strbuf_add(&shell, text, used);
        text += used;
    }
    *out = strbuf_take(&shell);
    return *out ? OSP_OK : osp_nomem(err);
}

static int command_open(const struct store_settings *settings, const char *rest, void **self,
                        osp_error *err)
{
    const char *delete_text = settings->delete_command;
    struct command *command = calloc(1, sizeof(*command));
    int ret;

    if (!command)
        return osp_nomem(err);
    *self = command;
    command->timeout_s = settings->timeout_s ? settings->timeout_s : TIMEOUT_S;
    command->memory = str_dup(settings->memory);
    if (settings->memory && !command->memory)
        return osp_nomem(err);
    if (!strstr(rest, "{file}"))
        return osp_fail(err, OSP_EACCESS, "the store's command does not say {file}");
    if (delete_text && !str_starts(delete_text, "cmd:"))
        return osp_fail(err, OSP_EACCESS,
                        "the store's delete '%s' does not begin with cmd:", delete_text);
    ret = expand(rest, &command->put, err);
    if (ret == OSP_OK && delete_text)
        ret = expand(delete_text + strlen("cmd:"), &command->remove, err);
    return ret;
}

/* ---- running it ---------------------------------------------------------------------------- */

/* The gateway's key and the store's are nobody else's. */
static char **clean_environment(void)
{
    static const char *const ours[] = { "OMNISPLICE_API_KEY=", "OMNISPLICE_STORE_KEY=" };
    size_t count = 0, kept = 0;
    char **list;

    while (environ[count])
        count++;
    list = calloc(count + 1, sizeof(*list));
    for (size_t i = 0; list && i < count; i++) {
        bool secret = false;

        for (size_t k = 0; k < OSP_COUNT(ours); k++)
            secret = secret || str_starts(environ[i], ours[k]);
        if (!secret)
            list[kept++] = environ[i];
    }
    return list;
}

static int spawn(const char *text, const char *file, const char *name, int out, int errors,
                 pid_t *pid, osp_error *err)
{
    char *const argv[] = { (char *)(uintptr_t) "sh",
                           (char *)(uintptr_t) "-c",
                           (char *)(uintptr_t)text,
                           (char *)(uintptr_t) "omnisplice",
                           (char *)(uintptr_t)file,
                           (char *)(uintptr_t)name,
                           NULL };
    OSP_AUTO(auto_free) char **environment = clean_environment();
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    sigset_t none, usual;
    int ret;

    if (!environment)
        return osp_nomem(err);
    sigemptyset(&none);
    sigemptyset(&usual);
    sigaddset(&usual, SIGPIPE);
    sigaddset(&usual, SIGINT);
    sigaddset(&usual, SIGTERM);
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&actions, out, 1);
    posix_spawn_file_actions_adddup2(&actions, errors, 2);
    posix_spawnattr_init(&attributes);
    posix_spawnattr_setpgroup(&attributes, 0); /* what it starts ends with it */
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setsigdefault(&attributes, &usual);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK |
                                              POSIX_SPAWN_SETSIGDEF);
    ret = posix_spawn(pid, "/bin/sh", &actions, &attributes, argv, environment);
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attributes);
    return ret ? osp_fail(err, OSP_EACCESS, "cannot start /bin/sh: %s", strerror(ret)) : OSP_OK;
}

struct run {
    pid_t pid;
    int fds[2]; /* stdout, stderr of it */
    struct strbuf texts[2];
    int status;
    bool late;
};

static void run_release(struct run *run)
{
    for (int i = 0; i < 2; i++) {
        auto_close(&run->fds[i]);
        strbuf_release(&run->texts[i]);
    }
}

static int64_t now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void take_output(struct run *run, int i)
{
    char chunk[4096];
    ssize_t got = read(run->fds[i], chunk, sizeof(chunk));

    if (got > 0)
        strbuf_add(&run->texts[i], chunk, (size_t)got);
    else if (got == 0 || errno != EINTR)
        auto_close(&run->fds[i]);
}

/* Until the shell has ended; what it left in the background with our pipes is not waited for. */
static void follow(struct run *run, int timeout_s, osp_cancel *cancel)
{
    int64_t deadline = now_ms() + (int64_t)timeout_s * 1000;
    bool ended = false;

    for (;;) {
        struct pollfd wait[3] = { { run->fds[0], POLLIN, 0 },
                                  { run->fds[1], POLLIN, 0 },
                                  { osp_cancel_fd(cancel), POLLIN, 0 } };
        int ready = poll(wait, cancel ? 3 : 2, ended ? 0 : TICK_MS);

        for (int i = 0; i < 2; i++) {
            if (wait[i].revents)
                take_output(run, i);
        }
        if (ended && ready <= 0)
            return;
        if (!ended && waitpid(run->pid, &run->status, WNOHANG) == run->pid)
            ended = true;
        run->late = !ended && now_ms() > deadline;
        if (ended && run->fds[0] < 0 && run->fds[1] < 0)
            return;
        if (ended ? cancel_requested(cancel) : run->late || cancel_requested(cancel))
            break;
    }
    (void)kill(-run->pid, SIGKILL); /* the group: it and what it started */
    while (!ended && waitpid(run->pid, &run->status, 0) < 0 && errno == EINTR)
        ;
}

/* The last line that is not blank; cut out of the text. */
static char *last_line(struct strbuf *text)
{
    char *line;
    size_t size = text->data ? text->size : 0;

    while (size && strchr(" \t\r\n", text->data[size - 1]))
        text->data[--size] = 0;
    if (!size)
        return NULL;
    line = strrchr(text->data, '\n');
    line = line ? line + 1 : text->data;
    return line + strspn(line, " \t");
}

static int verdict(struct run *run, int timeout_s, osp_error *err)
{
    const char *line = last_line(&run->texts[1]);
    OSP_AUTO(auto_free) char *said = line ? http_mask(line) : NULL;
    int code = WIFEXITED(run->status) ? WEXITSTATUS(run->status) : -1;

    if (run->late)
        return osp_fail(err, OSP_EOUTPUT, "the store's command took longer than %d s and was ended",
                        timeout_s);
    if (code == 0)
        return OSP_OK;
    if (code < 0)
        return osp_fail(err, OSP_EOUTPUT, "the store's command was ended by signal %d",
                        WTERMSIG(run->status));
    return osp_fail(err, code == -OSP_EAGAIN ? OSP_EAGAIN : OSP_EOUTPUT,
                    "the store's command ended with %d%s%.200s", code, said ? ": " : "",
                    said ? said : "");
}

/* @param out  what it printed last; NULL: of no interest */
static int run_command(const struct command *command, const char *text, const char *file,
                       const char *name, osp_cancel *cancel, char **out, osp_error *err)
{
    OSP_AUTO(run_release) struct run run = { .fds = { -1, -1 } };
    OSP_AUTO(auto_close) int out_end = -1;
    OSP_AUTO(auto_close) int errors_end = -1;
    int one[2], two[2], ret;
    char *line;

    run.texts[0].ceiling = run.texts[1].ceiling = CEILING;
    if (pipe2(one, O_CLOEXEC) < 0)
        return osp_fail(err, OSP_EINTERNAL, "cannot make a pipe: %s", strerror(errno));
    run.fds[0] = one[0];
    out_end = one[1];
    if (pipe2(two, O_CLOEXEC) < 0)
        return osp_fail(err, OSP_EINTERNAL, "cannot make a pipe: %s", strerror(errno));
    run.fds[1] = two[0];
    errors_end = two[1];
    ret = spawn(text, file, name, out_end, errors_end, &run.pid, err);
    if (ret < 0)
        return ret;
    auto_close(&out_end);
    auto_close(&errors_end);
    follow(&run, command->timeout_s, cancel);
    ret = cancel_check(cancel, err);
    if (ret == OSP_OK)
        ret = verdict(&run, command->timeout_s, err);
    if (ret < 0 || !out)
        return ret;
    line = last_line(&run.texts[0]);
    *out = strdup(line ? line : "");
    return *out ? OSP_OK : osp_nomem(err);
}

/* ---- the functions of the kind ------------------------------------------------------------- */

static int keep_address(struct command *command, const struct store_put *put, osp_error *err)
{
    OSP_AUTO(json_free) struct json *known = json_object();

    auto_free(&command->name);
    command->name = strdup(put->name);
    if (!command->name)
        return osp_nomem(err);
    json_set_string(known, "url", command->url);
    return memory_save(command->memory, put->name, known, err);
}

static int command_put(void *self, struct http *http, const struct store_put *put, osp_error *err)
{
    struct command *command = self;
    int ret;

    (void)http;
    auto_free(&command->url);
    ret = run_command(command, command->put, put->file, put->name, put->cancel, &command->url, err);
    if (ret < 0)
        return osp_while(err, "uploading the reference");
    if (!*command->url || http_url_check(command->url, NULL) < 0) {
        OSP_AUTO(auto_free) char *shown = http_mask(command->url);

        osp_fail(err, OSP_EACCESS, "the store's command printed no address, but '%.200s'",
                 shown ? shown : "");
        return osp_hint(err, "the last line that it prints must be the https:// address of the "
                             "file");
    }
    return keep_address(command, put, err);
}

static int command_address(void *self, const char *name, char **url, osp_error *err)
{
    struct command *command = self;
    OSP_AUTO(json_free) struct json *known = NULL;
    const char *text = command->url;

    if (!text || !command->name || strcmp(command->name, name) != 0) {
        known = memory_load(command->memory, name);
        text = json_string(json_get(known, "url"));
    }
    if (!text)
        return osp_fail(err, OSP_EACCESS, "the address that the store's command printed is gone");
    *url = strdup(text);
    return *url ? OSP_OK : osp_nomem(err);
}

static int command_remove(void *self, struct http *http, const char *name, osp_cancel *cancel,
                          osp_error *err)
{
    struct command *command = self;

    (void)http;
    memory_forget(command->memory);
    if (!command->remove)
        return OSP_OK; /* nobody said how */
    return run_command(command, command->remove, "", name, cancel, NULL, err);
}

const struct store_kind store_cmd = {
    .prefix = "cmd",
    .open = command_open,
    .put = command_put,
    .address = command_address,
    .remove = command_remove,
    .close = command_close,
};
