/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/str.h"

/* Set once before the library is used (error.h says so), read by any thread afterwards. */
static struct {
    osp_log_fn fn;
    void *opaque;
    osp_log_level max;
} sink;

void osp_log_set(osp_log_fn fn, void *opaque, osp_log_level max)
{
    sink.fn = fn;
    sink.opaque = opaque;
    sink.max = max;
}

bool log_wanted(osp_log_level level)
{
    return sink.fn && level <= sink.max;
}

void log_write(osp_log_level level, const char *format, ...)
{
    char text[2048];
    va_list args;

    if (!log_wanted(level))
        return;
    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    str_make_line(text);
    sink.fn(level, text, sink.opaque);
}

void osp_error_clear(osp_error *err)
{
    if (err)
        memset(err, 0, sizeof(*err));
}
