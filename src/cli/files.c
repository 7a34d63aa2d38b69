/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/array.h"
#include "base/auto.h"
#include "base/error.h"
#include "base/str.h"

#define DEPTH_MAX 1000 /* folders in folders: more is a loop that somebody mounted */

/* A folder being walked: its names in one block, and where each begins. */
struct level {
    char *path;
    struct strbuf names;
    uint32_t *starts;
    size_t count, at;
};

struct files {
    const struct settings *settings;
    int argument; /* the next one */
    FILE *list;   /* being read; NULL: none */
    bool from_read, listed;
    char *line; /* of the list */
    size_t line_size;
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
    if (files->list && files->list != stdin)
        (void)fclose(files->list); /* it was read: there is nothing to lose */
    files->list = NULL;
}

void files_free(struct files **files)
{
    if (!*files)
        return;
    list_close(*files);
    while ((*files)->depth)
        level_release(&(*files)->levels[--(*files)->depth]);
    free((*files)->levels);
    free((*files)->line);
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

/* @return 1: it is a folder, and has been entered; 0: it is none, or cannot be read (to open it as
 *         a file then says why) */
static int enter(struct files *files, const char *path, bool follow, osp_error *err)
{
    int how = O_RDONLY | O_DIRECTORY | O_CLOEXEC | (follow ? 0 : O_NOFOLLOW);
    OSP_AUTO(auto_close) int fd = open(path, how);
    OSP_AUTO(folder_close) DIR *folder = fd >= 0 ? fdopendir(fd) : NULL;
    OSP_AUTO(level_release) struct level level = { .names = STRBUF_INIT };

    if (!folder)
        return 0;
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
    return 1;
}

/* The next name of the innermost folder. @return 1: files->path; 0: that folder is done */
static int next_below(struct files *files, osp_error *err)
{
    struct level *level = &files->levels[files->depth - 1];
    const char *name;

    if (level->at == level->count) {
        level_release(level);
        files->depth--;
        return 0;
    }
    name = level->names.data + level->starts[level->at++];
    free(files->path);
    files->path = str_format("%s%s%s", level->path, str_ends(level->path, "/") ? "" : "/", name);
    return files->path ? 1 : osp_nomem(err);
}

/* ---- arguments and lists ---- */

static int list_open(struct files *files, const char *path, osp_error *err)
{
    files->listed = true;
    files->list = strcmp(path, "-") == 0 ? stdin : fopen(path, "re");
    return files->list ? OSP_OK : osp_fail_errno(err, OSP_EMEDIA, "read", path);
}

/* @return 1: files->path; 0: the list is done */
static int next_line(struct files *files, osp_error *err)
{
    int end = files->settings->null_ends ? 0 : '\n';
    ssize_t length;

    do {
        length = getdelim(&files->line, &files->line_size, end, files->list);
        if (length < 0 && ferror(files->list))
            return osp_fail(err, OSP_EMEDIA, "cannot read the list of files: %s", strerror(errno));
        if (length < 0) {
            list_close(files);
            return 0;
        }
        if (length && files->line[length - 1] == end)
            files->line[--length] = 0;
    } while (!length);
    free(files->path);
    files->path = str_dup(files->line);
    return files->path ? 1 : osp_nomem(err);
}

/* @return 1: files->path; 0: look again (a list was opened); 2: there is no more */
static int next_argument(struct files *files, osp_error *err)
{
    const struct settings *s = files->settings;
    const char *word;

    if (files->argument == s->argument_count) {
        if (files->from_read || !s->files_from)
            return 2;
        files->from_read = true;
        return list_open(files, s->files_from, err);
    }
    word = s->arguments[files->argument++];
    if (strcmp(word, "-") == 0)
        return list_open(files, word, err);
    free(files->path);
    files->path = str_dup(word);
    return files->path ? 1 : osp_nomem(err);
}

int files_open(const struct settings *settings, struct files **out, osp_error *err)
{
    struct files *files;

    if (!settings->argument_count && !settings->files_from)
        return osp_fail(err, OSP_EUSAGE, "no file given");
    files = calloc(1, sizeof(*files));
    if (!files)
        return osp_nomem(err);
    files->settings = settings;
    *out = files;
    return OSP_OK;
}

int files_next(struct files *files, const char **path, osp_error *err)
{
    for (;;) {
        bool below = files->depth > 0;
        int ret = below         ? next_below(files, err)
                  : files->list ? next_line(files, err)
                                : next_argument(files, err);

        if (ret == 2)
            return 0;
        if (ret == 1) {
            int entered = enter(files, files->path, !below, err);

            ret = entered < 0 ? entered : !entered;
        }
        if (ret) {
            *path = files->path;
            return ret;
        }
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
