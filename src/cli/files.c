/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/array.h"
#include "base/auto.h"
#include "base/error.h"
#include "base/str.h"

#define CHUNK        16384
#define NAME_CEILING (1 << 20)
#define LOOK_AGAIN   100  /* beside FILES_END and its like: there may be more elsewhere */
#define DEPTH_MAX    1000 /* folders in folders: more is a loop that somebody mounted */

/* A folder being walked: its names in one block, and where each begins. */
struct level {
    char *path;
    struct strbuf names;
    uint32_t *starts;
    size_t count, at;
};

struct files {
    const struct settings *settings;
    const osp_cancel *cancel;
    int argument; /* the next one */
    bool from_read, listed;
    int list;           /* being read; -1: none */
    struct strbuf text; /* of the list, from text_at on not yet handed out */
    size_t text_at;
    struct level *levels;
    size_t depth, capacity;
    char *path; /* handed out */
};

static void level_release(struct level *level)
{
    free(level->path);
    strbuf_release(&level->names);
    free(level->starts);
    *level = (struct level){ 0 };
}

static void list_close(struct files *files)
{
    if (files->list != STDIN_FILENO)
        auto_close(&files->list);
    files->list = -1;
    strbuf_release(&files->text);
    files->text_at = 0;
}

void files_free(struct files **files)
{
    if (!*files)
        return;
    list_close(*files);
    while ((*files)->depth)
        level_release(&(*files)->levels[--(*files)->depth]);
    free((*files)->levels);
    free((*files)->path);
    free(*files);
    *files = NULL;
}

/* ---- folders ---- */

static int compare_names(const void *a, const void *b, void *names)
{
    const char *block = names;

    return strcmp(block + *(const uint32_t *)a, block + *(const uint32_t *)b);
}

/* Links to files count as files. Links to folders are not followed: one may lead back up. */
static bool leads_to_folder(int folder, const struct dirent *entry)
{
    struct stat st;

    return entry->d_type == DT_LNK && fstatat(folder, entry->d_name, &st, 0) == 0 &&
           S_ISDIR(st.st_mode);
}

static bool read_names(DIR *folder, struct level *level)
{
    const struct dirent *entry;
    size_t capacity = 0;

    while ((entry = readdir(folder))) {
        if (entry->d_name[0] == '.' || leads_to_folder(dirfd(folder), entry))
            continue;
        if (!array_grow((void **)&level->starts, sizeof(*level->starts), level->count, &capacity))
            return false;
        level->starts[level->count++] = (uint32_t)level->names.size;
        strbuf_add(&level->names, entry->d_name, strlen(entry->d_name) + 1);
    }
    if (level->count)
        qsort_r(level->starts, level->count, sizeof(*level->starts), compare_names,
                level->names.data);
    return !level->names.failed;
}

static void folder_close(DIR **folder)
{
    if (*folder)
        (void)closedir(*folder); /* read only */
}

/* @return LOOK_AGAIN: it is a folder, and has been entered; FILES_NEXT: it is none, or cannot be
 * read (to open it as a file then says why) */
static int enter(struct files *files, const char *path, bool follow, osp_error *err)
{
    int how = O_RDONLY | O_DIRECTORY | O_CLOEXEC | (follow ? 0 : O_NOFOLLOW);
    OSP_AUTO(auto_close) int fd = open(path, how);
    OSP_AUTO(folder_close) DIR *folder = fd >= 0 ? fdopendir(fd) : NULL;
    OSP_AUTO(level_release) struct level level = { .names = STRBUF_INIT };

    if (!folder)
        return FILES_NEXT;
    fd = -1; /* it is the folder's now */
    if (files->depth == DEPTH_MAX)
        return osp_fail(err, OSP_EMEDIA, "'%.200s' lies in more than %d folders", path, DEPTH_MAX);
    level.path = str_dup(path);
    if (!level.path || !read_names(folder, &level) ||
        !array_grow((void **)&files->levels, sizeof(*files->levels), files->depth,
                    &files->capacity))
        return osp_nomem(err);
    files->levels[files->depth++] = level;
    level = (struct level){ .names = STRBUF_INIT };
    return LOOK_AGAIN;
}

/* The next name of the innermost folder. @return FILES_NEXT: files->path; LOOK_AGAIN: it is done */
static int next_below(struct files *files, osp_error *err)
{
    struct level *level = &files->levels[files->depth - 1];
    const char *name;

    if (level->at == level->count) {
        level_release(level);
        files->depth--;
        return LOOK_AGAIN;
    }
    name = level->names.data + level->starts[level->at++];
    free(files->path);
    files->path = str_format("%s%s%s", level->path, str_ends(level->path, "/") ? "" : "/", name);
    return files->path ? FILES_NEXT : osp_nomem(err);
}

/* ---- arguments and lists ---- */

static int list_open(struct files *files, const char *path, osp_error *err)
{
    files->listed = true;
    files->list = strcmp(path, "-") == 0 ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
    return files->list >= 0 ? OSP_OK : osp_fail_errno(err, OSP_EMEDIA, "read", path);
}

/* @return FILES_NEXT: there is something to read, or the end */
static int list_ready(const struct files *files, bool wait, osp_error *err)
{
    struct pollfd fds[] = { { files->list, POLLIN, 0 },
                            { osp_cancel_fd(files->cancel), POLLIN, 0 } };
    int got;

    do {
        got = poll(fds, OSP_COUNT(fds), wait ? -1 : 0);
    } while (got < 0 && errno == EINTR);
    if (got > 0 && fds[1].revents)
        return osp_fail(err, OSP_ECANCELED, "interrupted");
    return got == 0 ? FILES_LATER : FILES_NEXT;
}

/* @return bytes read, 0 at the end */
static ssize_t list_fill(struct files *files, osp_error *err)
{
    char chunk[CHUNK];
    ssize_t got;

    if (files->text.size - files->text_at > NAME_CEILING)
        return osp_fail(err, OSP_EMEDIA, "the list of files has a name of more than %d bytes",
                        NAME_CEILING);
    if (files->text_at) {
        files->text.size -= files->text_at;
        memmove(files->text.data, files->text.data + files->text_at, files->text.size);
        files->text_at = 0;
    }
    do {
        got = read(files->list, chunk, sizeof(chunk));
    } while (got < 0 && errno == EINTR);
    if (got < 0)
        return osp_fail(err, OSP_EMEDIA, "cannot read the list of files: %s", strerror(errno));
    strbuf_add(&files->text, chunk, (size_t)got);
    return files->text.failed ? osp_nomem(err) : got;
}

/* The end of the first name in the text; NULL: it is not there yet. */
static char *name_end(const struct files *files)
{
    int end = files->settings->null_ends ? 0 : '\n';

    return files->text.size > files->text_at
               ? memchr(files->text.data + files->text_at, end, files->text.size - files->text_at)
               : NULL;
}

/* Names of no letters are passed over. @return FILES_NEXT: files->path; FILES_LATER; LOOK_AGAIN:
 * the list is done */
static int next_line(struct files *files, bool wait, osp_error *err)
{
    const char *end, *name;
    size_t length;

    for (;;) {
        ssize_t got = 1;

        while (!(end = name_end(files)) && got > 0) {
            int ready = list_ready(files, wait, err);

            if (ready != FILES_NEXT)
                return ready;
            got = list_fill(files, err);
            if (got < 0)
                return (int)got;
        }
        name = files->text.data + files->text_at;
        length = end ? (size_t)(end - name) : files->text.size - files->text_at;
        if (!end && !length) {
            list_close(files);
            return LOOK_AGAIN;
        }
        files->text_at += length + (end != NULL);
        if (!length)
            continue;
        free(files->path);
        files->path = strndup(name, length);
        return files->path ? FILES_NEXT : osp_nomem(err);
    }
}

/* @return FILES_NEXT: files->path; LOOK_AGAIN: a list was opened; FILES_END */
static int next_argument(struct files *files, osp_error *err)
{
    const struct settings *s = files->settings;
    const char *word;
    int ret;

    if (files->argument == s->argument_count) {
        if (files->from_read || !s->files_from)
            return FILES_END;
        files->from_read = true;
        ret = list_open(files, s->files_from, err);
        return ret < 0 ? ret : LOOK_AGAIN;
    }
    word = s->arguments[files->argument++];
    if (strcmp(word, "-") == 0) {
        ret = list_open(files, word, err);
        return ret < 0 ? ret : LOOK_AGAIN;
    }
    free(files->path);
    files->path = str_dup(word);
    return files->path ? FILES_NEXT : osp_nomem(err);
}

int files_open(const struct settings *settings, const osp_cancel *cancel, struct files **out,
               osp_error *err)
{
    struct files *files;

    if (!settings->argument_count && !settings->files_from)
        return osp_fail(err, OSP_EUSAGE, "no file given");
    files = calloc(1, sizeof(*files));
    if (!files)
        return osp_nomem(err);
    files->settings = settings;
    files->cancel = cancel;
    files->list = -1;
    *out = files;
    return OSP_OK;
}

static int next_name(struct files *files, bool wait, osp_error *err)
{
    if (files->depth)
        return next_below(files, err);
    return files->list >= 0 ? next_line(files, wait, err) : next_argument(files, err);
}

int files_next(struct files *files, bool wait, const char **path, osp_error *err)
{
    for (;;) {
        bool below = files->depth > 0;
        int ret = next_name(files, wait, err);

        if (ret == FILES_NEXT && (ret = enter(files, files->path, !below, err)) == FILES_NEXT)
            *path = files->path;
        if (ret != LOOK_AGAIN)
            return ret;
    }
}

double files_fraction(const struct files *files)
{
    double inner = 0;

    if (files->listed || files->settings->files_from)
        return -1;
    for (size_t i = files->depth; i > 0; i--) {
        const struct level *level = &files->levels[i - 1];

        /* the one that was handed out last is at - 1: in it, or done with it */
        inner = level->count
                    ? ((double)level->at - (i < files->depth) + inner) / (double)level->count
                    : 0;
    }
    if (!files->settings->argument_count)
        return -1;
    return (files->argument - (files->depth > 0) + inner) / files->settings->argument_count;
}
