/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "av/late.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include <libavfilter/version.h>
#include <libavutil/macros.h>

#include "base/auto.h"

#define LIBRARY "libavfilter.so." AV_STRINGIFY(LIBAVFILTER_VERSION_MAJOR)

static struct late_avfilter calls;
static bool loaded;

static void load(void)
{
    static const struct {
        const char *name;
        size_t at;
    } rows[] = {
#define LATE_ROW(name) { #name, offsetof(struct late_avfilter, name) },
        LATE_AVFILTER(LATE_ROW)
#undef LATE_ROW
    };
    void *library = dlopen(LIBRARY, RTLD_NOW | RTLD_LOCAL); /* never closed */

    for (size_t i = 0; library && i < OSP_COUNT(rows); i++) {
        void *address = dlsym(library, rows[i].name);

        if (!address)
            return;
        /* POSIX dlsym(): an address of a function has the size of a pointer to data */
        memcpy((char *)&calls + rows[i].at, &address, sizeof(address));
    }
    loaded = library && calls.avfilter_version() >> 16 == LIBAVFILTER_VERSION_MAJOR;
}

const struct late_avfilter *late_avfilter(osp_error *err)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;

    pthread_once(&once, load);
    if (loaded)
        return &calls;
    osp_fail(err, OSP_EINTERNAL, "%s cannot be loaded, or is another version", LIBRARY);
    osp_hint(err, "install it: libavfilter%d", LIBAVFILTER_VERSION_MAJOR);
    return NULL;
}
