/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "net/http.h"

#include <curl/curl.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/cancel.h"
#include "base/log.h"
#include "base/str.h"
#include "net/secret.h"

#define MEMORY_CEILING (16 << 20)
#define REDIRECTS_MAX  5
#define UPLOAD_BUFFER  (1L << 19)

struct http {
    CURLM *multi;
    char *key; /* the last bearer that was sent: no answer may bring it back */
};

/* One request under way. */
struct transfer {
    const struct http_request *request;
    const char *key; /* what must not come back; may be NULL */
    struct http_answer *answer;
    CURL *easy;
    struct curl_slist *headers;
    struct strbuf body;
    int in_fd, out_fd;
    int64_t in_size; /* of the body */
    int64_t in_done;
    int64_t offset;  /* what the sink held at the start */
    int64_t written; /* by this transfer */
    bool to_file;    /* decided by the status, at the first byte of the body */
    bool sent;       /* the connection stood: bytes may have left */
    osp_error fault; /* what a callback of ours said */
    char words[CURL_ERROR_SIZE];
};

static void global_init(void)
{
    (void)curl_global_init(CURL_GLOBAL_DEFAULT); /* a failure shows when the first handle is made */
}

int http_new(struct http **out, osp_error *err)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    struct http *http;

    pthread_once(&once, global_init);
    http = calloc(1, sizeof(*http));
    if (!http)
        return osp_nomem(err);
    http->multi = curl_multi_init();
    if (!http->multi) {
        free(http);
        return osp_nomem(err);
    }
    *out = http;
    return OSP_OK;
}

static void forget_key(struct http *http)
{
    if (http->key)
        explicit_bzero(http->key, strlen(http->key));
    auto_free(&http->key);
}

void http_free(struct http **http)
{
    if (!http || !*http)
        return;
    curl_multi_cleanup((*http)->multi);
    forget_key(*http);
    free(*http);
    *http = NULL;
}

void http_answer_release(struct http_answer *answer)
{
    auto_free(&answer->body);
    memset(answer, 0, sizeof(*answer));
}

/* ---- callbacks of libcurl ------------------------------------------------------------------ */

static int on_connected(void *opaque, char *ip, char *local_ip, int port, int local_port)
{
    struct transfer *t = opaque;

    (void)local_ip;
    (void)local_port;
    log_write(OSP_LOG_TRACE, "http: connected to %s port %d", ip, port);
    if (t->request->before_send && t->request->before_send(t->request->opaque, &t->fault) < 0)
        return CURL_PREREQFUNC_ABORT;
    t->sent = true;
    return CURL_PREREQFUNC_OK;
}

static void keep_header(const char *line, size_t size, const char *name, char *to, size_t room)
{
    size_t skip = strlen(name);
    size_t n;

    if (size <= skip || strncasecmp(line, name, skip) != 0)
        return;
    line += skip;
    size -= skip;
    while (size && (*line == ' ' || *line == '\t')) {
        line++;
        size--;
    }
    while (size && (line[size - 1] == '\r' || line[size - 1] == '\n' || line[size - 1] == ' '))
        size--;
    n = size < room - 1 ? size : room - 1;
    memcpy(to, line, n);
    to[n] = 0;
}

static size_t on_header(char *raw, size_t unit, size_t count, void *opaque)
{
    struct transfer *t = opaque;
    size_t size = unit * count;
    OSP_AUTO(auto_free) char *line = secret_mask(raw, &size, t->key);
    struct http_answer *answer = t->answer;

    const struct {
        const char *name;
        char *to;
        size_t room;
    } kept[] = {
        { "Retry-After:", answer->retry_after, sizeof(answer->retry_after) },
        { "Content-Type:", answer->content_type, sizeof(answer->content_type) },
        { "Content-Range:", answer->content_range, sizeof(answer->content_range) },
        { "Date:", answer->date, sizeof(answer->date) },
        { "ETag:", answer->etag, sizeof(answer->etag) },
        { "X-Amz-Meta-Sha256:", answer->sha256, sizeof(answer->sha256) },
    };
    bool anew;

    if (!line)
        return 0;
    anew = size > 5 && memcmp(line, "HTTP/", 5) == 0; /* an answer after "100 Continue" */
    for (size_t i = 0; i < OSP_COUNT(kept); i++) {
        if (anew)
            kept[i].to[0] = 0;
        keep_header(line, size, kept[i].name, kept[i].to, kept[i].room);
    }
    if (answer->date[0])
        answer->date_s = curl_getdate(answer->date, NULL) > 0 ? curl_getdate(answer->date, NULL)
                                                              : 0;
    return unit * count;
}

/* The first byte of a body for the sink: where does it go? */
static bool sink_begin(struct transfer *t)
{
    long status = 0;
    long long first;

    curl_easy_getinfo(t->easy, CURLINFO_RESPONSE_CODE, &status);
    t->to_file = t->out_fd >= 0 && (status == 200 || status == 206);
    if (!t->to_file)
        return true;
    if (status == 206) {
        if (sscanf(t->answer->content_range, "bytes %lld-", &first) == 1 && first == t->offset)
            return true;
        osp_fail(&t->fault, OSP_EAGAIN, "the server sent another part of the file than was asked");
        return false;
    }
    t->offset = 0; /* the server does not know Range: all of it comes again */
    if (ftruncate(t->out_fd, 0) == 0 && lseek(t->out_fd, 0, SEEK_SET) == 0)
        return true;
    osp_fail_errno(&t->fault, OSP_EOUTPUT, "write", t->request->sink);
    return false;
}

static bool within_ceiling(struct transfer *t, size_t size)
{
    int64_t ceiling = t->request->ceiling;
    curl_off_t announced = -1; /* of the body; not known */

    if (!ceiling)
        ceiling = t->to_file ? INT64_MAX : MEMORY_CEILING;
    curl_easy_getinfo(t->easy, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &announced);
    if (t->written + (int64_t)size <= ceiling - t->offset && announced <= ceiling - t->offset)
        return true;
    t->answer->too_large = true;
    osp_fail(&t->fault, OSP_EAGAIN, "the answer is larger than %lld bytes", (long long)ceiling);
    return false;
}

static size_t on_body(char *data, size_t unit, size_t count, void *opaque)
{
    struct transfer *t = opaque;
    size_t size = unit * count;

    if (t->written == 0 && !sink_begin(t))
        return 0;
    if (!within_ceiling(t, size))
        return 0;
    t->written += (int64_t)size;
    if (!t->to_file) {
        strbuf_add(&t->body, data, size);
        return t->body.failed ? 0 : size;
    }
    for (size_t done = 0; done < size;) {
        ssize_t put = write(t->out_fd, data + done, size - done);

        if (put < 0 && errno == EINTR)
            continue;
        if (put < 0) {
            osp_fail_errno(&t->fault, OSP_EOUTPUT, "write", t->request->sink);
            return 0;
        }
        done += (size_t)put;
    }
    return size;
}

static size_t on_read(char *data, size_t unit, size_t count, void *opaque)
{
    struct transfer *t = opaque;
    int64_t left = t->in_size - t->in_done;
    size_t want = left < (int64_t)(unit * count) ? (size_t)left : unit * count;
    ssize_t got;

    do {
        got = pread(t->in_fd, data, want, (off_t)(t->request->body_offset + t->in_done));
    } while (got < 0 && errno == EINTR);
    if (got < 0) {
        osp_fail_errno(&t->fault, OSP_EMEDIA, "read", t->request->body_file);
        return CURL_READFUNC_ABORT;
    }
    t->in_done += got;
    return (size_t)got;
}

static int on_seek(void *opaque, curl_off_t offset, int origin)
{
    struct transfer *t = opaque;

    if (origin != SEEK_SET || offset < 0 || offset > t->in_size)
        return CURL_SEEKFUNC_FAIL;
    t->in_done = offset;
    return CURL_SEEKFUNC_OK;
}

static int on_progress(void *opaque, curl_off_t down_total, curl_off_t down, curl_off_t up_total,
                       curl_off_t up)
{
    struct transfer *t = opaque;

    if (t->request->body_file)
        t->request->progress(up, up_total, t->request->opaque);
    else
        t->request->progress(t->offset + down, down_total ? t->offset + down_total : 0,
                             t->request->opaque);
    return 0;
}

static bool is_secret(const char *line)
{
    static const char *const names[] = { "Authorization:", "Proxy-Authorization:", "Cookie:",
                                         "Set-Cookie:", "X-Amz-Security-Token:" };

    for (size_t i = 0; i < OSP_COUNT(names); i++) {
        if (strncasecmp(line, names[i], strlen(names[i])) == 0)
            return true;
    }
    return false;
}

static void trace_lines(const char *mark, const char *data, size_t size, const char *key)
{
    while (size > 0) {
        const char *end = memchr(data, '\n', size);
        size_t n = end ? (size_t)(end - data) + 1 : size;
        size_t kept = n;
        OSP_AUTO(auto_free) char *line = secret_mask(data, &kept, key);
        OSP_AUTO(auto_free) char *shown = NULL;

        data += n;
        size -= n;
        if (!line)
            return;
        line[strcspn(line, "\r\n")] = 0;
        shown = http_mask(line);
        if (is_secret(line))
            log_write(OSP_LOG_TRACE, "http: %s %.*s: ***", mark, (int)strcspn(line, ":"), line);
        else if (shown && *shown)
            log_write(OSP_LOG_TRACE, "http: %s %s", mark, shown);
    }
}

static int on_debug(CURL *easy, curl_infotype type, char *data, size_t size, void *opaque)
{
    const struct transfer *t = opaque;

    (void)easy;
    if (type == CURLINFO_HEADER_OUT)
        trace_lines(">", data, size, t->key);
    if (type == CURLINFO_HEADER_IN)
        trace_lines("<", data, size, t->key);
    return 0; /* bodies are shown whole, afterwards: a chunk's border could hide half an address */
}

/* ---- one transfer -------------------------------------------------------------------------- */

static void transfer_release(struct transfer *t)
{
    curl_easy_cleanup(t->easy);
    curl_slist_free_all(t->headers);
    strbuf_release(&t->body);
    auto_close(&t->in_fd);
    auto_close(&t->out_fd);
}

static int open_body(struct transfer *t, osp_error *err)
{
    const char *path = t->request->body_file;
    struct stat st;

    if (!path)
        return OSP_OK;
    t->in_fd = open(path, O_RDONLY | O_CLOEXEC);
    if (t->in_fd < 0 || fstat(t->in_fd, &st) < 0)
        return osp_fail_errno(err, OSP_EMEDIA, "read", path);
    t->in_size = t->request->body_length ? t->request->body_length
                                         : (int64_t)st.st_size - t->request->body_offset;
    return OSP_OK;
}

static int open_sink(struct transfer *t, osp_error *err)
{
    const char *path = t->request->sink;

    if (!path)
        return OSP_OK;
    t->out_fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    t->offset = t->out_fd < 0 ? -1 : (int64_t)lseek(t->out_fd, 0, SEEK_END);
    return t->offset < 0 ? osp_fail_errno(err, OSP_EOUTPUT, "write", path) : OSP_OK;
}

static bool add_header(struct transfer *t, const char *line)
{
    struct curl_slist *more = curl_slist_append(t->headers, line);

    if (more)
        t->headers = more;
    return more != NULL;
}

static int add_headers(struct transfer *t, const char *bearer, osp_error *err)
{
    const char *const *line = t->request->headers;
    bool basic = t->request->user != NULL; /* libcurl writes that header */
    OSP_AUTO(auto_free)
    char *key = bearer && !basic ? str_format("Authorization: Bearer %s", bearer) : NULL;
    bool fine = (!bearer || basic || key) && (!key || add_header(t, key));

    for (; fine && line && *line; line++)
        fine = add_header(t, *line);
    if (fine && t->request->body)
        fine = add_header(t, "Expect:"); /* a round trip less; bodies in memory are small */
    return fine ? OSP_OK : osp_nomem(err);
}

static void set_body(struct transfer *t)
{
    const struct http_request *request = t->request;
    const char *method = request->method ? request->method : "GET";

    if (strcmp(method, "HEAD") == 0)
        curl_easy_setopt(t->easy, CURLOPT_NOBODY, 1L);
    if (request->body_file) {
        curl_easy_setopt(t->easy, CURLOPT_UPLOAD, 1L);
        curl_easy_setopt(t->easy, CURLOPT_UPLOAD_BUFFERSIZE, UPLOAD_BUFFER);
        curl_easy_setopt(t->easy, CURLOPT_READFUNCTION, on_read);
        curl_easy_setopt(t->easy, CURLOPT_READDATA, t);
        curl_easy_setopt(t->easy, CURLOPT_SEEKFUNCTION, on_seek);
        curl_easy_setopt(t->easy, CURLOPT_SEEKDATA, t);
        curl_easy_setopt(t->easy, CURLOPT_INFILESIZE_LARGE, (curl_off_t)t->in_size);
    } else if (request->body) {
        curl_easy_setopt(t->easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request->body_size);
        curl_easy_setopt(t->easy, CURLOPT_POSTFIELDS, request->body);
    }
    if (strcmp(method, "GET") != 0)
        curl_easy_setopt(t->easy, CURLOPT_CUSTOMREQUEST, method);
}

static void set_manners(struct transfer *t, const char *url)
{
    const struct http_request *request = t->request;
    bool loopback = http_url_is_loopback(url);

    curl_easy_setopt(t->easy, CURLOPT_URL, url);
    curl_easy_setopt(t->easy, CURLOPT_PROTOCOLS_STR, loopback ? "http,https" : "https");
    curl_easy_setopt(t->easy, CURLOPT_PATH_AS_IS, 1L); /* ids stand in it, signatures hang on it */
    curl_easy_setopt(t->easy, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(t->easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(t->easy, CURLOPT_USERAGENT, "omnisplice/" OSP_VERSION);
    curl_easy_setopt(t->easy, CURLOPT_CONNECTTIMEOUT,
                     (long)(request->connect_timeout_s ? request->connect_timeout_s : 15));
    curl_easy_setopt(t->easy, CURLOPT_LOW_SPEED_LIMIT,
                     (long)(request->slowest_bps ? request->slowest_bps : 1));
    curl_easy_setopt(t->easy, CURLOPT_LOW_SPEED_TIME,
                     (long)(request->idle_timeout_s ? request->idle_timeout_s : 60));
    /* Without it a cancel would wait for a resolver thread that sits in getaddrinfo(). */
    curl_easy_setopt(t->easy, CURLOPT_QUICK_EXIT, 1L);
    if (loopback) /* a proxy of the environment is for the outside */
        curl_easy_setopt(t->easy, CURLOPT_NOPROXY, "*");
    if (request->fresh) {
        /* On a kept connection that has died libcurl sends a request a second time by itself.
         * A create must not be: the first may have been paid for. */
        curl_easy_setopt(t->easy, CURLOPT_FRESH_CONNECT, 1L);
        curl_easy_setopt(t->easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    }
}

static void set_callbacks(struct transfer *t)
{
    curl_easy_setopt(t->easy, CURLOPT_ERRORBUFFER, t->words);
    curl_easy_setopt(t->easy, CURLOPT_PREREQFUNCTION, on_connected);
    curl_easy_setopt(t->easy, CURLOPT_PREREQDATA, t);
    curl_easy_setopt(t->easy, CURLOPT_HEADERFUNCTION, on_header);
    curl_easy_setopt(t->easy, CURLOPT_HEADERDATA, t);
    curl_easy_setopt(t->easy, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(t->easy, CURLOPT_WRITEDATA, t);
    if (t->request->progress) {
        curl_easy_setopt(t->easy, CURLOPT_NOPROGRESS, 0L);
        curl_easy_setopt(t->easy, CURLOPT_XFERINFOFUNCTION, on_progress);
        curl_easy_setopt(t->easy, CURLOPT_XFERINFODATA, t);
    }
    if (log_wanted(OSP_LOG_TRACE)) {
        curl_easy_setopt(t->easy, CURLOPT_VERBOSE, 1L);
        curl_easy_setopt(t->easy, CURLOPT_DEBUGFUNCTION, on_debug);
        curl_easy_setopt(t->easy, CURLOPT_DEBUGDATA, t);
    }
}

static int transfer_prepare(struct transfer *t, const char *url, const char *bearer, osp_error *err)
{
    char range[40];
    int ret = open_body(t, err);

    if (ret == OSP_OK)
        ret = open_sink(t, err);
    if (ret < 0)
        return ret;
    t->easy = curl_easy_init();
    if (!t->easy)
        return osp_nomem(err);
    ret = add_headers(t, bearer, err);
    if (ret < 0)
        return ret;
    set_manners(t, url);
    set_body(t);
    curl_easy_setopt(t->easy, CURLOPT_PRIVATE, t);
    if (bearer && t->request->user) {
        curl_easy_setopt(t->easy, CURLOPT_HTTPAUTH, CURLAUTH_BASIC);
        curl_easy_setopt(t->easy, CURLOPT_USERNAME, t->request->user);
        curl_easy_setopt(t->easy, CURLOPT_PASSWORD, bearer);
    }
    set_callbacks(t);
    if (t->headers)
        curl_easy_setopt(t->easy, CURLOPT_HTTPHEADER, t->headers);
    if (t->offset > 0) {
        snprintf(range, sizeof(range), "%lld-", (long long)t->offset);
        curl_easy_setopt(t->easy, CURLOPT_RANGE, range);
    }
    return OSP_OK;
}

/* The loop: until one of the transfers is done or somebody wants it to end. */
static int drive(CURLM *multi, osp_cancel *cancel, struct transfer **done, CURLcode *result,
                 osp_error *err)
{
    struct curl_waitfd extra = { .fd = osp_cancel_fd(cancel), .events = CURL_WAIT_POLLIN };
    int running = 1, left;

    for (;;) {
        CURLMcode code = curl_multi_perform(multi, &running);
        CURLMsg *message;

        while ((message = curl_multi_info_read(multi, &left))) {
            if (message->msg == CURLMSG_DONE) {
                *result = message->data.result;
                curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, (char **)done);
                return OSP_OK;
            }
        }
        if (code != CURLM_OK)
            return osp_fail(err, OSP_EINTERNAL, "libcurl: %s", curl_multi_strerror(code));
        if (cancel_requested(cancel))
            return osp_fail(err, OSP_ECANCELED, "interrupted");
        (void)curl_multi_poll(multi, &extra, cancel ? 1 : 0, 1000, NULL); /* the loop looks again */
    }
}

static enum http_reach reach_without_answer(struct transfer *t, CURLcode code)
{
    long connect_status = 0;

    if (t->sent)
        return HTTP_MAYBE_SENT;
    curl_easy_getinfo(t->easy, CURLINFO_HTTP_CONNECTCODE, &connect_status);
    if (code == CURLE_COULDNT_RESOLVE_PROXY || code == CURLE_PROXY ||
        (connect_status && connect_status / 100 != 2))
        return HTTP_PROXY;
    switch (code) {
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CIPHER:
    case CURLE_SSL_ISSUER_ERROR:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_INVALIDCERTSTATUS:
        return HTTP_TLS;
    case CURLE_URL_MALFORMAT:
    case CURLE_UNSUPPORTED_PROTOCOL:
        return HTTP_STOPPED;
    default:
        return HTTP_NOT_SENT;
    }
}

static int fail_without_answer(struct transfer *t, const char *url, CURLcode code, osp_error *err)
{
    OSP_AUTO(auto_free) char *shown = http_mask(url);
    const char *words = t->words[0] ? t->words : curl_easy_strerror(code);
    enum http_reach reach = t->answer->reach;
    bool access = reach == HTTP_TLS || reach == HTTP_PROXY || reach == HTTP_STOPPED;

    if (t->body.failed)
        return osp_nomem(err);
    return osp_fail(err, access ? OSP_EACCESS : OSP_EAGAIN, "%s '%s': %s",
                    reach == HTTP_TLS     ? "no trusted connection to"
                    : reach == HTTP_PROXY ? "the proxy lets nothing through to"
                    : t->sent             ? "no whole answer from"
                                          : "cannot reach",
                    shown ? shown : "", words);
}

static void unquote(char *text)
{
    size_t size = strlen(text);

    if (size >= 2 && text[0] == '"' && text[size - 1] == '"') {
        memmove(text, text + 1, size - 2);
        text[size - 2] = 0;
    }
}

static int transfer_finish(struct transfer *t, const char *url, CURLcode code, osp_error *err)
{
    struct http_answer *answer = t->answer;
    curl_off_t length = -1;
    long status = 0;

    if (t->fault.code) {
        answer->reach = t->sent ? HTTP_MAYBE_SENT : HTTP_STOPPED;
        if (err && !err->code)
            *err = t->fault;
        return t->fault.code;
    }
    curl_easy_getinfo(t->easy, CURLINFO_RESPONSE_CODE, &status);
    if (code != CURLE_OK) {
        answer->reach = reach_without_answer(t, code);
        return fail_without_answer(t, url, code, err);
    }
    answer->reach = HTTP_ANSWERED;
    answer->status = (int)status;
    curl_easy_getinfo(t->easy, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &length);
    answer->content_length = length;
    unquote(answer->etag);
    if (t->written == 0 && status == 200 && t->out_fd >= 0 && !sink_begin(t))
        return osp_fail(err, t->fault.code, "%s", t->fault.text);
    answer->body_size = t->body.size;
    answer->body = secret_mask(t->body.data ? t->body.data : "", &answer->body_size, t->key);
    return answer->body ? OSP_OK : osp_nomem(err);
}

static void trace_answer(const struct http_request *request, const struct http_answer *answer)
{
    OSP_AUTO(auto_free) char *shown = NULL;

    if (!log_wanted(OSP_LOG_TRACE) || !answer->body_size || request->secret_answer)
        return;
    shown = http_mask(answer->body);
    if (shown)
        log_write(OSP_LOG_TRACE, "http: < %.1500s", shown);
}

static void keep_location(struct transfer *t)
{
    const char *location = NULL;
    CURLU *url = curl_url();
    char *host = NULL;

    curl_easy_getinfo(t->easy, CURLINFO_REDIRECT_URL, &location);
    if (url && location && curl_url_set(url, CURLUPART_URL, location, 0) == CURLUE_OK &&
        curl_url_get(url, CURLUPART_HOST, &host, 0) == CURLUE_OK) {
        size_t size = strlen(host);
        OSP_AUTO(auto_free) char *shown = secret_mask(host, &size, t->key);

        str_copy(t->answer->location_host, sizeof(t->answer->location_host), shown ? shown : "");
    }
    curl_free(host);
    curl_url_cleanup(url);
}

/* One hop. *next is set when the answer is a redirect. */
static int perform_once(struct http *http, const struct http_request *request, const char *url,
                        const char *bearer, struct http_answer *answer, char **next, osp_error *err)
{
    OSP_AUTO(transfer_release)
    struct transfer t = {
        .request = request, .key = http->key, .answer = answer, .in_fd = -1, .out_fd = -1
    };
    struct transfer *done = NULL;
    CURLcode result = CURLE_OK;
    const char *location = NULL;
    int ret = http_url_check(url, err);

    answer->reach = HTTP_STOPPED;
    if (ret == OSP_OK)
        ret = transfer_prepare(&t, url, bearer, err);
    if (ret < 0)
        return ret;
    if (curl_multi_add_handle(http->multi, t.easy) != CURLM_OK)
        return osp_nomem(err);
    ret = drive(http->multi, request->cancel, &done, &result, err);
    curl_multi_remove_handle(http->multi, t.easy);
    if (ret < 0) {
        answer->reach = t.sent ? HTTP_MAYBE_SENT : HTTP_NOT_SENT;
        return ret;
    }
    ret = transfer_finish(&t, url, result, err);
    if (ret < 0)
        return ret;
    trace_answer(request, answer);
    keep_location(&t);
    curl_easy_getinfo(t.easy, CURLINFO_REDIRECT_URL, &location);
    *next = str_dup(location);
    return OSP_OK;
}

/* A gateway that was told the key may show it in any later answer, asked with the key or not. */
static bool keep_key(struct http *http, const char *bearer)
{
    if (!bearer || (http->key && strcmp(http->key, bearer) == 0))
        return true;
    forget_key(http);
    http->key = strdup(bearer);
    return http->key != NULL;
}

int http_perform(struct http *http, const struct http_request *request, struct http_answer *answer,
                 osp_error *err)
{
    OSP_AUTO(auto_free) char *url = str_dup(request->url);
    const char *bearer = request->bearer;
    bool follow = request->follow && (!request->method || strcmp(request->method, "GET") == 0);

    memset(answer, 0, sizeof(*answer));
    if (!url || !keep_key(http, bearer))
        return osp_nomem(err);
    for (int hop = 0; hop <= REDIRECTS_MAX; hop++) {
        char *next = NULL;
        int ret;

        http_answer_release(answer);
        ret = perform_once(http, request, url, bearer, answer, &next, err);
        if (ret < 0 || !next || !follow) {
            auto_free(&next);
            return ret;
        }
        free(url);
        url = next;
        bearer = NULL;
    }
    return osp_fail(err, OSP_EAGAIN, "more than %d redirects", REDIRECTS_MAX);
}

/* ---- many at once -------------------------------------------------------------------------- */

struct slot {
    struct transfer t; /* .easy: it runs */
    struct http_request request;
    struct http_answer answer;
    void *tag;
};

struct slots {
    struct slot *list;
    size_t count;
    CURLM *multi;
};

static void slot_end(struct slots *slots, struct slot *slot)
{
    if (slot->t.easy)
        curl_multi_remove_handle(slots->multi, slot->t.easy);
    transfer_release(&slot->t);
    http_answer_release(&slot->answer);
    memset(slot, 0, sizeof(*slot));
    slot->t.in_fd = slot->t.out_fd = -1;
}

static void slots_release(struct slots *slots)
{
    for (size_t i = 0; slots->list && i < slots->count; i++)
        slot_end(slots, &slots->list[i]);
    free(slots->list);
}

static int slot_begin(struct slots *slots, struct slot *slot, osp_error *err)
{
    int ret = http_url_check(slot->request.url, err);

    slot->t.request = &slot->request;
    slot->t.answer = &slot->answer;
    if (ret == OSP_OK)
        ret = transfer_prepare(&slot->t, slot->request.url, slot->request.bearer, err);
    if (ret == OSP_OK && curl_multi_add_handle(slots->multi, slot->t.easy) != CURLM_OK)
        ret = osp_nomem(err);
    return ret;
}

/* As many as there is room for. @return how many run, or a negative code */
static int slots_fill(struct slots *slots, const struct http_feed *feed, osp_error *err)
{
    int running = 0, more = 1;

    for (size_t i = 0; i < slots->count; i++) {
        struct slot *slot = &slots->list[i];
        int ret;

        if (!slot->t.easy && more) {
            more = feed->next(feed->opaque, &slot->request, &slot->tag, err);
            ret = more > 0 ? slot_begin(slots, slot, err) : more;
            if (ret < 0)
                return ret;
        }
        running += slot->t.easy != NULL;
    }
    return running;
}

static int slot_finish(struct slots *slots, struct slot *slot, CURLcode code,
                       const struct http_feed *feed, osp_error *err)
{
    osp_error fault = { 0 };
    int ret = transfer_finish(&slot->t, slot->request.url, code, &fault);

    if (ret == OSP_OK)
        trace_answer(&slot->request, &slot->answer);
    ret = feed->ended(feed->opaque, slot->tag, ret, &slot->answer, &fault, err);
    slot_end(slots, slot);
    return ret;
}

int http_run(struct http *http, const struct http_feed *feed, osp_error *err)
{
    OSP_AUTO(slots_release)
    struct slots slots = { calloc(feed->parallel, sizeof(struct slot)), feed->parallel,
                           http->multi };
    int running;

    if (!slots.list)
        return osp_nomem(err);
    for (size_t i = 0; i < slots.count; i++)
        slots.list[i].t.in_fd = slots.list[i].t.out_fd = -1;
    while ((running = slots_fill(&slots, feed, err)) > 0) {
        struct transfer *done = NULL;
        CURLcode code = CURLE_OK;
        int ret = drive(http->multi, feed->cancel, &done, &code, err);

        if (ret == OSP_OK) /* a slot begins with its transfer */
            ret = slot_finish(&slots, (struct slot *)(void *)done, code, feed, err);
        if (ret < 0)
            return ret;
    }
    return running;
}
