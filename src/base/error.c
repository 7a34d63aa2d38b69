/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/error.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/str.h"

int osp_fail(osp_error *err, osp_code code, const char *format, ...)
{
    va_list args;

    if (!err || err->code)
        return err ? err->code : (int)code;
    err->code = (int)code;
    va_start(args, format);
    vsnprintf(err->text, sizeof(err->text), format, args);
    va_end(args);
    str_make_line(err->text);
    return err->code;
}

int osp_while(osp_error *err, const char *format, ...)
{
    va_list args;
    size_t used;

    if (!err)
        return OSP_EINTERNAL;
    used = strlen(err->text);
    if (used + 16 < sizeof(err->text)) {
        used += (size_t)snprintf(err->text + used, sizeof(err->text) - used, ", while ");
        va_start(args, format);
        vsnprintf(err->text + used, sizeof(err->text) - used, format, args);
        va_end(args);
        str_make_line(err->text);
    }
    return err->code;
}

int osp_hint(osp_error *err, const char *format, ...)
{
    va_list args;

    if (!err)
        return OSP_EINTERNAL;
    if (!err->hint[0]) {
        va_start(args, format);
        vsnprintf(err->hint, sizeof(err->hint), format, args);
        va_end(args);
        str_make_line(err->hint);
    }
    return err->code;
}

int osp_nomem(osp_error *err)
{
    return osp_fail(err, OSP_EINTERNAL, "out of memory");
}

int osp_fail_errno(osp_error *err, osp_code code, const char *what, const char *path)
{
    return osp_fail(err, code, "cannot %s '%s': %s", what, path, strerror(errno));
}
