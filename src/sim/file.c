/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Files over HTTP. The library knows no ranges, so 206, 416 and If-Range are written here (RFC 9110
 * 13.1.5, 14). Nothing is held in memory: the library sends from the file.
 */
#include <ctype.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/auto.h"
#include "sim/call.h"

static const struct {
    const char *extension, *type;
} types[] = {
    { ".mp4", "video/mp4" },   { ".m4v", "video/mp4" },         { ".mov", "video/quicktime" },
    { ".jpg", "image/jpeg" },  { ".jpeg", "image/jpeg" },       { ".png", "image/png" },
    { ".mp3", "audio/mpeg" },  { ".wav", "audio/wav" },         { ".m4a", "audio/mp4" },
    { ".aac", "audio/aac" },   { ".json", "application/json" }, { ".txt", "text/plain" },
    { ".webm", "video/webm" }, { ".mkv", "video/x-matroska" },
};

static const char *type_of(const char *path)
{
    const char *point = strrchr(path, '.');

    for (size_t i = 0; point && i < OSP_COUNT(types); i++) {
        if (strcasecmp(point, types[i].extension) == 0)
            return types[i].type;
    }
    return "application/octet-stream";
}

/* Digits only; beyond 18 of them no file reaches. @return what stands behind, NULL: no number */
static const char *read_number(const char *p, int64_t *out)
{
    int64_t value = 0;

    if (!isdigit((unsigned char)*p))
        return NULL;
    for (; isdigit((unsigned char)*p); p++)
        value = value > INT64_MAX / 100 ? value : value * 10 + (*p - '0');
    *out = value;
    return p;
}

enum sim_range sim_range_parse(const char *header, int64_t size, int64_t *first, int64_t *last)
{
    const char *p;
    int64_t suffix;

    if (strncasecmp(header, "bytes=", 6) != 0)
        return SIM_RANGE_NONE;
    p = header + 6 + strspn(header + 6, " ");
    *last = size - 1;
    if (*p == '-') { /* the last so many bytes */
        p = read_number(p + 1, &suffix);
        if (!p || *p)
            return SIM_RANGE_NONE;
        *first = suffix < size ? size - suffix : 0;
        return suffix > 0 && size > 0 ? SIM_RANGE_PART : SIM_RANGE_OUTSIDE;
    }
    p = read_number(p, first);
    if (!p || *p++ != '-')
        return SIM_RANGE_NONE;
    if (*p) {
        p = read_number(p, last);
        if (!p || *p || *last < *first)
            return SIM_RANGE_NONE; /* several ranges too: the whole is a right answer */
    }
    if (*first >= size)
        return SIM_RANGE_OUTSIDE;
    if (*last >= size)
        *last = size - 1;
    return SIM_RANGE_PART;
}

static void http_date(time_t when, char *out, size_t size)
{
    static const char *const days[] = { "Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat" };
    static const char *const months[] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                          "Jul", "Aug", "Sep", "Oct", "Nov", "Dec" };
    struct tm tm;

    gmtime_r(&when, &tm); /* strftime() would write the locale's names */
    snprintf(out, size, "%s, %02d %s %04d %02d:%02d:%02d GMT", days[tm.tm_wday], tm.tm_mday,
             months[tm.tm_mon], tm.tm_year + 1900, tm.tm_hour, tm.tm_min, tm.tm_sec);
}

struct headers {
    char etag[96], date[64];
};

static struct headers headers_of(const struct stat *st)
{
    struct headers headers;

    snprintf(headers.etag, sizeof(headers.etag), "\"%llx-%llx-%llx.%lx\"",
             (unsigned long long)st->st_ino, (unsigned long long)st->st_size,
             (unsigned long long)st->st_mtim.tv_sec, (unsigned long)st->st_mtim.tv_nsec);
    http_date(st->st_mtim.tv_sec, headers.date, sizeof(headers.date));
    return headers;
}

/* A body that stops in the middle of what its length promised. */
struct cut {
    int fd;
    uint64_t offset, stop;
};

static ssize_t cut_read(void *opaque, uint64_t at, char *out, size_t max)
{
    struct cut *cut = opaque;
    uint64_t left = at < cut->stop ? cut->stop - at : 0;
    ssize_t got;

    if (!left)
        return MHD_CONTENT_READER_END_WITH_ERROR;
    got = pread(cut->fd, out, max < left ? max : (size_t)left, (off_t)(cut->offset + at));
    return got > 0 ? got : MHD_CONTENT_READER_END_WITH_ERROR;
}

static void cut_free(void *opaque)
{
    struct cut *cut = opaque;

    close(cut->fd);
    free(cut);
}

static struct MHD_Response *cut_response(int fd, int64_t first, int64_t size)
{
    struct cut *cut = calloc(1, sizeof(*cut));

    if (!cut) {
        close(fd);
        return NULL;
    }
    cut->fd = fd;
    cut->offset = (uint64_t)first;
    cut->stop = (uint64_t)size / 2;
    return MHD_create_response_from_callback((uint64_t)size, 1 << 16, cut_read, cut, cut_free);
}

static enum MHD_Result outside_range(struct sim_call *call, int64_t size)
{
    struct MHD_Response *response = MHD_create_response_from_buffer(0, (void *)(uintptr_t) "",
                                                                    MHD_RESPMEM_PERSISTENT);
    char range[64];

    snprintf(range, sizeof(range), "bytes */%lld", (long long)size);
    if (response)
        MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_RANGE, range);
    return sim_reply(call, MHD_HTTP_RANGE_NOT_SATISFIABLE, response);
}

static enum sim_range wanted_range(const struct sim_call *call, const struct headers *headers,
                                   int64_t size, int64_t *first, int64_t *last)
{
    const char *range = sim_header(call, MHD_HTTP_HEADER_RANGE);
    const char *condition = sim_header(call, MHD_HTTP_HEADER_IF_RANGE);

    if (!range || call->is_head)
        return SIM_RANGE_NONE;
    if (condition && strcmp(condition, headers->etag) != 0 && strcmp(condition, headers->date) != 0)
        return SIM_RANGE_NONE; /* it is another file by now: the whole of it */
    return sim_range_parse(range, size, first, last);
}

enum MHD_Result sim_reply_file(struct sim_call *call, const char *path, bool cut)
{
    OSP_AUTO(auto_close) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    struct MHD_Response *response;
    struct headers headers;
    enum sim_range range;
    int64_t first = 0, last, size;
    char text[96];
    struct stat st;
    int own;

    if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
        return sim_reply_error(call, MHD_HTTP_NOT_FOUND, "not found");
    size = st.st_size;
    last = size - 1;
    headers = headers_of(&st);
    range = wanted_range(call, &headers, size, &first, &last);
    if (range == SIM_RANGE_OUTSIDE)
        return outside_range(call, size);
    if (range == SIM_RANGE_NONE) {
        first = 0;
        last = size - 1;
    }
    own = fd;
    fd = -1; /* the response closes it */
    response = cut ? cut_response(own, first, last - first + 1)
                   : MHD_create_response_from_fd_at_offset64((uint64_t)(last - first + 1), own,
                                                             (uint64_t)first);
    if (!response)
        return MHD_NO;
    MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, type_of(path));
    MHD_add_response_header(response, MHD_HTTP_HEADER_ACCEPT_RANGES, "bytes");
    MHD_add_response_header(response, MHD_HTTP_HEADER_ETAG, headers.etag);
    MHD_add_response_header(response, MHD_HTTP_HEADER_LAST_MODIFIED, headers.date);
    if (range == SIM_RANGE_PART) {
        snprintf(text, sizeof(text), "bytes %lld-%lld/%lld", (long long)first, (long long)last,
                 (long long)size);
        MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_RANGE, text);
    }
    return sim_reply(call, range == SIM_RANGE_PART ? MHD_HTTP_PARTIAL_CONTENT : MHD_HTTP_OK,
                     response);
}
