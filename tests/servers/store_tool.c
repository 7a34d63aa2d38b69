/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The store room by hand, for tests against real servers:
 *
 *     store_tool SPECIFICATION [SETTING=VALUE...] put FILE NAME | present FILE NAME | url NAME |
 *                fetch URL SIZE | remove NAME
 *
 * Settings are the members of struct store_settings. Exit codes are those of the program; put
 * prints the address, present yes or no, and each "memory KiB" above what the process began with.
 * OMNISPLICE_STORE_KEY is the key. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/fs.h"
#include "base/hash.h"
#include "base/str.h"
#include "store/store.h"

static const struct {
    const char *name;
    size_t at;
    enum { TEXT, LONG, INT } type;
} members[] = {
    { "public_url", offsetof(struct store_settings, public_url), TEXT },
    { "user", offsetof(struct store_settings, user), TEXT },
    { "endpoint", offsetof(struct store_settings, endpoint), TEXT },
    { "region", offsetof(struct store_settings, region), TEXT },
    { "addressing", offsetof(struct store_settings, addressing), TEXT },
    { "profile", offsetof(struct store_settings, profile), TEXT },
    { "delete_command", offsetof(struct store_settings, delete_command), TEXT },
    { "memory", offsetof(struct store_settings, memory), TEXT },
    { "life_s", offsetof(struct store_settings, life_s), LONG },
    { "part_bytes", offsetof(struct store_settings, part_bytes), LONG },
    { "parallel", offsetof(struct store_settings, parallel), INT },
    { "timeout_s", offsetof(struct store_settings, timeout_s), INT },
};

static bool take(struct store_settings *settings, const char *word)
{
    const char *equals = strchr(word, '=');

    for (size_t i = 0; equals && i < OSP_COUNT(members); i++) {
        char *at = (char *)settings + members[i].at;

        if (strlen(members[i].name) != (size_t)(equals - word) ||
            strncmp(members[i].name, word, (size_t)(equals - word)) != 0)
            continue;
        if (members[i].type == TEXT)
            *(const char **)(void *)at = equals + 1;
        else if (members[i].type == LONG)
            *(int64_t *)(void *)at = strtoll(equals + 1, NULL, 10);
        else
            *(int *)(void *)at = (int)strtol(equals + 1, NULL, 10);
        return true;
    }
    return false;
}

/* Not ru_maxrss: that begins with what the caller had before the exec. */
static long peak_kib(void)
{
    char line[128];
    long kib = 0;
    FILE *file = fopen("/proc/self/status", "r");

    while (file && fgets(line, sizeof(line), file)) {
        if (sscanf(line, "VmHWM: %ld kB", &kib) == 1)
            break;
    }
    if (file)
        fclose(file);
    return kib;
}

/* Every tenth is told, so that a test can kill it half way. */
static void on_progress(int64_t done, int64_t total, void *opaque)
{
    int *told = opaque;
    int now = total > 0 ? (int)(done * 10 / total) : 0;

    if (now > *told) {
        fprintf(stderr, "progress %d0\n", now);
        *told = now;
    }
}

static int put(struct store *store, const char *verb, const char *file, const char *name,
               osp_error *err)
{
    OSP_AUTO(auto_free) char *url = NULL;
    char sha256[SHA256_HEX];
    int told = 0, ret = sha256_file(file, sha256, err);
    struct store_put what = { .file = file,
                              .name = name,
                              .type = store_type(file),
                              .sha256 = sha256,
                              .progress = on_progress,
                              .opaque = &told };
    bool there = false;

    if (ret == OSP_OK && strcmp(verb, "present") == 0) {
        ret = store_present(store, &what, true, &there, err);
        printf("%s\n", there ? "yes" : "no");
        return ret;
    }
    if (ret == OSP_OK)
        ret = store_put(store, &what, err);
    if (ret == OSP_OK)
        ret = store_address(store, name, &url, err);
    if (ret == OSP_OK)
        printf("%s\n", url);
    return ret;
}

static int run(struct store *store, char **words, osp_error *err)
{
    const char *verb = words[0] ? words[0] : "";
    OSP_AUTO(auto_free) char *url = NULL;
    int ret;

    if ((strcmp(verb, "put") == 0 || strcmp(verb, "present") == 0) && words[1] && words[2])
        return put(store, verb, words[1], words[2], err);
    if (strcmp(verb, "remove") == 0 && words[1])
        return store_remove(store, words[1], NULL, err);
    if (strcmp(verb, "fetch") == 0 && words[1] && words[2])
        return store_fetch_back(store, words[1], strtoll(words[2], NULL, 10), NULL, err);
    if (strcmp(verb, "url") != 0 || !words[1])
        return osp_fail(err, OSP_EUSAGE, "no such verb: '%s'", verb);
    ret = store_address(store, words[1], &url, err);
    if (ret == OSP_OK)
        printf("%s\n", url);
    return ret;
}

int main(int argc, char **argv)
{
    OSP_AUTO(http_free) struct http *http = NULL;
    OSP_AUTO(store_close) struct store *store = NULL;
    struct store_settings settings = { .specification = argc > 1 ? argv[1] : "",
                                       .key = getenv("OMNISPLICE_STORE_KEY") };
    osp_error err = { 0 };
    long start = peak_kib();
    int word = 2, ret;

    while (word < argc && take(&settings, argv[word]))
        word++;
    ret = http_new(&http, &err);
    settings.http = http;
    if (ret == OSP_OK)
        ret = store_open(&settings, &store, &err);
    if (ret == OSP_OK)
        ret = run(store, argv + (word < argc ? word : argc), &err);
    if (ret < 0)
        fprintf(stderr, "omnisplice: %s\n%s%s%s", err.text, err.hint[0] ? "hint: " : "", err.hint,
                err.hint[0] ? "\n" : "");
    fprintf(stderr, "memory %ld\n", peak_kib() - start);
    return -ret;
}
