/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The HTTP client against a server of a few lines: how far a request got, and what is shown. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <arpa/inet.h>
#include <pthread.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/fs.h"
#include "net/http.h"
#include "net/retry.h"

/* ---- the server: one script per connection ------------------------------------------------- */

struct script {
    const char *reply; /* NULL: reset after the request; "": say nothing for a while */
    bool keep;         /* answer a second request on the same connection by a reset */
};

static struct {
    int fd, port, connections, requests;
    int talking; /* atomic: threads of connections that have not ended */
    const struct script *scripts;
    char seen[1 << 16]; /* everything that was read */
    pthread_t thread;
} server;

static size_t read_request(int fd)
{
    char chunk[4096];
    size_t size = 0;
    const char *end = NULL;
    size_t start = strlen(server.seen);

    while (!end) {
        ssize_t got = recv(fd, chunk, sizeof(chunk), 0);

        if (got <= 0)
            return size;
        size += (size_t)got;
        strncat(server.seen, chunk, (size_t)got);
        end = strstr(server.seen + start, "\r\n\r\n");
    }
    server.requests++;
    return size;
}

static void reset(int fd)
{
    struct linger hard = { 1, 0 };

    setsockopt(fd, SOL_SOCKET, SO_LINGER, &hard, sizeof(hard));
    close(fd);
}

struct talk {
    int fd;
    const struct script *script;
};

static void converse(struct talk talk)
{
    const char *reply = talk.script->reply;

    if (read_request(talk.fd) == 0) {
        close(talk.fd);
        return;
    }
    if (reply && !*reply)
        sleep(2);
    if (reply)
        (void)!write(talk.fd, reply, strlen(reply));
    if (reply && talk.script->keep)
        read_request(talk.fd);
    if (!reply || talk.script->keep)
        reset(talk.fd);
    else
        close(talk.fd);
}

static void *talk(void *opaque)
{
    converse(*(struct talk *)opaque);
    free(opaque);
    __atomic_fetch_sub(&server.talking, 1, __ATOMIC_SEQ_CST);
    return NULL;
}

/* A thread each, as a kept connection may sit there; they end with their connections. */
static void *serve(void *opaque)
{
    (void)opaque;
    for (;;) {
        struct talk *next = calloc(1, sizeof(*next));
        pthread_t thread;

        next->fd = accept(server.fd, NULL, NULL);
        if (next->fd < 0) {
            free(next);
            return NULL;
        }
        next->script = &server.scripts[server.connections++];
        __atomic_fetch_add(&server.talking, 1, __ATOMIC_SEQ_CST);
        pthread_create(&thread, NULL, talk, next);
        pthread_detach(thread);
    }
}

static void server_start(const struct script *scripts)
{
    struct sockaddr_in address = { .sin_family = AF_INET };
    socklen_t size = sizeof(address);

    memset(&server, 0, sizeof(server));
    server.scripts = scripts;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    server.fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(bind(server.fd, (struct sockaddr *)&address, size), 0);
    assert_int_equal(listen(server.fd, 8), 0);
    getsockname(server.fd, (struct sockaddr *)&address, &size);
    server.port = ntohs(address.sin_port);
    pthread_create(&server.thread, NULL, serve, NULL);
}

static void server_stop(void)
{
    shutdown(server.fd, SHUT_RDWR);
    pthread_join(server.thread, NULL);
    close(server.fd);
    while (__atomic_load_n(&server.talking, __ATOMIC_SEQ_CST) > 0)
        usleep(1000);
}

static const char *url(const char *path)
{
    static char text[128];

    snprintf(text, sizeof(text), "http://127.0.0.1:%d%s", server.port, path);
    return text;
}

static struct http *client(void)
{
    struct http *http = NULL;
    osp_error err = { 0 };

    assert_int_equal(http_new(&http, &err), 0);
    return http;
}

static int64_t now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

#define PAGE "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Type: a/b\r\n\r\nok"

/* ---- tests --------------------------------------------------------------------------------- */

static int count_call(void *opaque, osp_error *err)
{
    (void)err;
    ++*(int *)opaque;
    return 0;
}

static int say_no(void *opaque, osp_error *err)
{
    ++*(int *)opaque;
    return osp_fail(err, OSP_EOUTPUT, "the journal says no");
}

static void test_an_answer(void **state)
{
    static const struct script scripts[] = { { PAGE, false } };
    static const char *const headers[] = { "X-Test: 1", NULL };
    struct http *http = client();
    struct http_answer answer;
    osp_error err = { 0 };
    int calls = 0;
    struct http_request request = { .method = "POST",
                                    .headers = headers,
                                    .bearer = "k1",
                                    .body = "hello",
                                    .body_size = 5,
                                    .before_send = count_call,
                                    .opaque = &calls };

    (void)state;
    server_start(scripts);
    request.url = url("/a?b=c");
    assert_int_equal(http_perform(http, &request, &answer, &err), 0);
    assert_int_equal(answer.reach, HTTP_ANSWERED);
    assert_int_equal(answer.status, 200);
    assert_string_equal(answer.body, "ok");
    assert_string_equal(answer.content_type, "a/b");
    assert_int_equal(calls, 1);
    server_stop();
    assert_non_null(strstr(server.seen, "POST /a?b=c HTTP/1.1"));
    assert_non_null(strstr(server.seen, "Authorization: Bearer k1"));
    assert_non_null(strstr(server.seen, "X-Test: 1"));
    assert_null(strstr(server.seen, "Expect"));
    http_answer_release(&answer);
    http_free(&http);
}

static char traced[1 << 16];

static void keep_trace(osp_log_level level, const char *text, void *opaque)
{
    (void)level;
    (void)opaque;
    strncat(traced, text, sizeof(traced) - strlen(traced) - 1);
}

/* A gateway that shows what it was sent: in this answer, and in one that was asked without it. */
static void test_the_key_does_not_come_back(void **state)
{
    static const char echo[] = "HTTP/1.1 401 no\r\nContent-Type: x/secret-4711\r\n"
                               "Retry-After: secret-4711\r\nX-Echo: Bearer secret-4711\r\n"
                               "Location: https://secret-4711.example/\r\n"
                               "Content-Length: 27\r\n\r\n{\"m\":\"bad key secret-4711\"}";
    static const struct script scripts[] = { { echo, false }, { echo, false } };
    struct http *http = client();
    struct http_answer answer;
    osp_error err = { 0 };
    struct http_request request = { .bearer = "secret-4711" };

    (void)state;
    osp_log_set(keep_trace, NULL, OSP_LOG_TRACE);
    server_start(scripts);
    request.url = url("/");
    for (int i = 0; i < 2; i++) {
        assert_int_equal(http_perform(http, &request, &answer, &err), 0);
        assert_string_equal(answer.body, "{\"m\":\"bad key ***\"}");
        assert_int_equal(answer.body_size, strlen(answer.body));
        assert_string_equal(answer.content_type, "x/***");
        assert_string_equal(answer.retry_after, "***");
        assert_null(strstr(answer.location_host, "4711"));
        http_answer_release(&answer);
        request.bearer = NULL;
    }
    http_free(&http);
    server_stop();
    osp_log_set(NULL, NULL, OSP_LOG_WARNING);
    assert_non_null(strstr(traced, "X-Echo: Bearer ***"));
    assert_null(strstr(traced, "4711"));
}

static void test_before_send_stops_it_with_nothing_sent(void **state)
{
    static const struct script scripts[] = { { PAGE, false } };
    struct http *http = client();
    struct http_answer answer;
    osp_error err = { 0 };
    int calls = 0;
    struct http_request request = {
        .method = "POST", .body = "x", .body_size = 1, .before_send = say_no, .opaque = &calls
    };

    (void)state;
    server_start(scripts);
    request.url = url("/");
    assert_int_equal(http_perform(http, &request, &answer, &err), OSP_EOUTPUT);
    assert_int_equal(answer.reach, HTTP_STOPPED);
    assert_string_equal(err.text, "the journal says no");
    http_free(&http);
    server_stop();
    assert_int_equal(calls, 1);
    assert_string_equal(server.seen, ""); /* not one byte */
}

static void test_how_far_it_got(void **state)
{
    static const struct script scripts[] = {
        { NULL, false }, { "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf", false }
    };
    struct http *http = client();
    struct http_answer answer;
    osp_error err = { 0 };
    struct http_request request = { .method = "POST", .body = "x", .body_size = 1, .fresh = true };

    (void)state;
    server_start(scripts);
    request.url = url("/");
    assert_int_equal(http_perform(http, &request, &answer, &err), OSP_EAGAIN); /* a reset */
    assert_int_equal(answer.reach, HTTP_MAYBE_SENT);
    http_answer_release(&answer);
    osp_error_clear(&err);
    assert_int_equal(http_perform(http, &request, &answer, &err), OSP_EAGAIN); /* half an answer */
    assert_int_equal(answer.reach, HTTP_MAYBE_SENT);
    http_answer_release(&answer);
    osp_error_clear(&err);
    server_stop();
    assert_int_equal(http_perform(http, &request, &answer, &err), OSP_EAGAIN); /* refused */
    assert_int_equal(answer.reach, HTTP_NOT_SENT);
    osp_error_clear(&err);
    request.url = "https://no-such-host.invalid/";
    assert_int_equal(http_perform(http, &request, &answer, &err), OSP_EAGAIN);
    assert_int_equal(answer.reach, HTTP_NOT_SENT);
    http_free(&http);
}

static void *plain_words(void *opaque)
{
    int fd = accept(*(int *)opaque, NULL, NULL);

    (void)!write(fd, "hello, no TLS here\r\n", 20);
    usleep(100000);
    close(fd);
    return NULL;
}

/* A server that speaks no TLS is no network trouble. */
static void test_tls_is_told_apart(void **state)
{
    struct sockaddr_in address = { .sin_family = AF_INET };
    socklen_t size = sizeof(address);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    struct http *http = client();
    struct http_answer answer;
    osp_error err = { 0 };
    pthread_t thread;
    char text[64];
    struct http_request request = { .url = text };

    (void)state;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, size), 0);
    assert_int_equal(listen(fd, 1), 0);
    getsockname(fd, (struct sockaddr *)&address, &size);
    pthread_create(&thread, NULL, plain_words, &fd);
    snprintf(text, sizeof(text), "https://127.0.0.1:%d/", ntohs(address.sin_port));
    assert_int_equal(http_perform(http, &request, &answer, &err), OSP_EACCESS);
    assert_int_equal(answer.reach, HTTP_TLS);
    pthread_join(thread, NULL);
    close(fd);
    http_free(&http);
}

/* libcurl repeats a request on a kept connection that died; a fresh one it does not. */
static void test_a_create_is_never_repeated(void **state)
{
    static const struct script scripts[] = { { PAGE, true }, { NULL, false }, { PAGE, false } };
    struct http *http = client();
    struct http_answer answer;
    osp_error err = { 0 };
    struct http_request request = { .method = "POST", .body = "x", .body_size = 1 };

    (void)state;
    server_start(scripts);
    request.url = url("/");
    assert_int_equal(http_perform(http, &request, &answer, &err), 0); /* is kept */
    http_answer_release(&answer);
    request.fresh = true; /* the kept connection would do, but is left alone */
    assert_int_equal(http_perform(http, &request, &answer, &err), OSP_EAGAIN);
    assert_int_equal(server.requests, 2);
    assert_int_equal(server.connections, 2);
    http_answer_release(&answer);
    http_free(&http);
    server_stop();
}

static void test_redirects(void **state)
{
    static char moved[256], away[] = "HTTP/1.1 302 x\r\nLocation: http://example.com/x\r\n"
                                     "Content-Length: 0\r\nConnection: close\r\n\r\n";
    struct script scripts[] = {
        { moved, false }, { moved, false }, { PAGE, false }, { away, false }
    };
    struct http *http = client();
    struct http_answer answer;
    osp_error err = { 0 };
    struct http_request request = { .method = "POST", .body = "x", .body_size = 1, .follow = true };

    (void)state;
    server_start(scripts);
    snprintf(moved, sizeof(moved),
             "HTTP/1.1 307 x\r\nLocation: %s\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
             url("/there"));
    request.url = url("/");
    assert_int_equal(http_perform(http, &request, &answer, &err), 0); /* a POST stays */
    assert_int_equal(answer.status, 307);
    assert_string_equal(answer.location_host, "127.0.0.1");
    http_answer_release(&answer);
    request = (struct http_request){ .url = url("/"), .follow = true, .bearer = "k2" };
    assert_int_equal(http_perform(http, &request, &answer, &err), 0);
    assert_string_equal(answer.body, "ok");
    http_answer_release(&answer);
    assert_int_equal(http_perform(http, &request, &answer, &err), OSP_EACCESS); /* plain http */
    http_answer_release(&answer);
    http_free(&http);
    server_stop();
    *strstr(strstr(server.seen, "GET /there"), "\r\n\r\n") = 0;
    assert_null(strstr(strstr(server.seen, "GET /there"), "Authorization"));
}

static void test_download_is_resumed(void **state)
{
    static const struct script scripts[] = {
        { "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nabc", false },
        { "HTTP/1.1 206 x\r\nContent-Length: 3\r\nContent-Range: bytes 3-5/6\r\n\r\ndef", false },
        { "HTTP/1.1 206 x\r\nContent-Length: 3\r\nContent-Range: bytes 0-2/6\r\n\r\nabc", false },
        { "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nnew", false },
        { "HTTP/1.1 404 x\r\nContent-Length: 4\r\n\r\ngone", false },
    };
    struct http *http = client();
    struct http_answer answer;
    osp_error err = { 0 };
    char path[] = "/tmp/osp-net-XXXXXX", *text = NULL;
    struct http_request request = { .sink = path };
    static const struct {
        int ret, status;
        const char *holds;
    } steps[] = { { OSP_EAGAIN, 0, "abc" },
                  { 0, 206, "abcdef" },
                  { OSP_EAGAIN, 0, "abcdef" }, /* another part than was asked for */
                  { 0, 200, "new" },           /* no Range there: all of it again */
                  { 0, 404, "new" } };         /* a page of words is no result */

    (void)state;
    server_start(scripts);
    close(mkstemp(path));
    request.url = url("/");
    for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
        osp_error_clear(&err);
        assert_int_equal(http_perform(http, &request, &answer, &err), steps[i].ret);
        assert_int_equal(answer.status, steps[i].status);
        assert_int_equal(fs_read_file(path, 100, &text, NULL, NULL), 0);
        assert_string_equal(text, steps[i].holds);
        free(text);
        http_answer_release(&answer);
    }
    unlink(path);
    http_free(&http);
    server_stop();
    assert_non_null(strstr(server.seen, "Range: bytes=3-"));
}

static void *trigger_soon(void *opaque)
{
    usleep(200000);
    osp_cancel_trigger(opaque);
    return NULL;
}

static void test_cancel_and_ceiling_and_idle(void **state)
{
    static const struct script scripts[] = { { "", false }, { PAGE, false }, { "", false } };
    struct http *http = client();
    struct http_answer answer;
    osp_error err = { 0 };
    pthread_t thread;
    int64_t start = now_ms();
    struct http_request request = { 0 };

    (void)state;
    server_start(scripts);
    request.url = url("/");
    assert_int_equal(osp_cancel_new(&request.cancel, &err), 0);
    pthread_create(&thread, NULL, trigger_soon, request.cancel);
    assert_int_equal(http_perform(http, &request, &answer, &err), OSP_ECANCELED);
    assert_true(now_ms() - start < 300);
    assert_int_equal(answer.reach, HTTP_MAYBE_SENT);
    pthread_join(thread, NULL);
    osp_cancel_free(&request.cancel);
    osp_error_clear(&err);
    request.ceiling = 1;
    assert_int_equal(http_perform(http, &request, &answer, &err), OSP_EAGAIN);
    assert_non_null(strstr(err.text, "larger than 1 byte"));
    osp_error_clear(&err);
    request.idle_timeout_s = 1;
    start = now_ms();
    assert_int_equal(http_perform(http, &request, &answer, &err), OSP_EAGAIN);
    assert_true(now_ms() - start < 5000);
    http_free(&http);
    server_stop();
}

static void test_addresses(void **state)
{
    static const struct {
        const char *url;
        int ret;
    } rows[] = {
        { "https://a.example/x", 0 },
        { "http://127.0.0.1:80/", 0 },
        { "http://127.8.9.1/", 0 },
        { "http://[::1]:1/", 0 },
        { "http://localhost/", 0 },
        { "http://a.example/", OSP_EACCESS },
        { "http://127.0.0.1.example/", OSP_EACCESS },
        { "http://localhost.example/", OSP_EACCESS },
        { "http://localhost@evil.example/", OSP_EACCESS },
        { "file:///etc/passwd", OSP_EACCESS },
        { "ftp://a.example/", OSP_EACCESS },
        { "nonsense", OSP_EACCESS },
        { "", OSP_EACCESS },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        osp_error err = { 0 };

        if (http_url_check(rows[i].url, &err) != rows[i].ret)
            fail_msg("'%s': %s", rows[i].url, err.text);
    }
}

static void test_identities(void **state)
{
    static const struct {
        const char *url, *identity;
    } rows[] = {
        { "http://127.0.0.1:7811", "http://127.0.0.1:7811" },
        { "HTTP://127.0.0.1:07811/", "http://127.0.0.1:7811" },
        { "https://Gate.Example:443/v1//", "https://gate.example/v1" },
        { "https://gate.example:80/V1", "https://gate.example:80/V1" },
        { "http://localhost:80", "http://localhost" },
        { "https://me:secret@gate.example/v1?token=secret#x", "https://gate.example/v1" },
        { "http://[::1]:80/a", "http://[::1]/a" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char *identity = http_url_identity(rows[i].url);

        assert_string_equal(identity, rows[i].identity);
        free(identity);
    }
    assert_null(http_url_identity("https://"));
}

static void test_masks(void **state)
{
    static const struct {
        const char *text, *shown;
    } rows[] = {
        { "plain words? yes", "plain words? yes" },
        { "see https://a/b?sig=1 now", "see https://a/b?... now" },
        { "{\"url\":\"https://a/b?sig=1&x=2\",\"n\":1}", "{\"url\":\"https://a/b?...\",\"n\":1}" },
        { "GET /a/b?sig=1 HTTP/1.1", "GET /a/b?... HTTP/1.1" },
        { "https://me:pw@a/b", "https://...@a/b" },
        { "https://a/b@c", "https://a/b@c" },
        { "", "" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char *shown = http_mask(rows[i].text);

        assert_string_equal(shown, rows[i].shown);
        free(shown);
    }
}

static void test_backoff(void **state)
{
    static const struct backoff b = { 9, 100, 1000 };
    static const int bounds[] = { 100, 200, 400, 800, 1000, 1000 };

    (void)state;
    for (int attempt = 1; attempt <= 6; attempt++) {
        int least = 1 << 30, most = 0;

        for (int i = 0; i < 400; i++) {
            int wait = backoff_wait_ms(&b, attempt, "");

            least = wait < least ? wait : least;
            most = wait > most ? wait : most;
        }
        assert_true(most <= bounds[attempt - 1]);
        assert_true(most > bounds[attempt - 1] / 2); /* full jitter reaches everywhere */
        assert_true(least < bounds[attempt - 1] / 4);
    }
    assert_true(backoff_wait_ms(&b, 1, "2") == 2000);
    assert_int_equal(retry_after_ms("7", 0), 7000);
    assert_int_equal(retry_after_ms("86400", 0), 600000);
    assert_int_equal(retry_after_ms("Sun, 06 Nov 1994 08:49:37 GMT", 784111770), 7000);
    assert_int_equal(retry_after_ms("Sun, 06 Nov 1994 08:49:37 GMT", 784111999), 0);
    assert_int_equal(retry_after_ms("nonsense", 0), 0);
    assert_int_equal(retry_after_ms("", 0), 0);
}

/* Requests of a feed: what was asked for, what came of it. */
struct feed_state {
    int asked, wanted, answered, failed, running, most;
    int stop_at; /* ended() stops it at that one */
};

static int next_request(void *opaque, struct http_request *request, void **tag, osp_error *err)
{
    struct feed_state *feed = opaque;

    (void)err;
    if (feed->asked == feed->wanted)
        return 0;
    feed->asked++;
    feed->running++;
    feed->most = feed->running > feed->most ? feed->running : feed->most;
    *request = (struct http_request){ .url = url("/"), .fresh = true };
    *tag = feed;
    return 1;
}

static int request_ended(void *opaque, void *tag, int ret, const struct http_answer *answer,
                         const osp_error *fault, osp_error *err)
{
    struct feed_state *feed = opaque;

    assert_ptr_equal(tag, opaque);
    feed->running--;
    if (ret == 0 && answer->status == 200) {
        assert_string_equal(answer->body, "ok");
        feed->answered++;
    } else {
        assert_int_equal(ret, OSP_EAGAIN);
        assert_int_equal(fault->code, OSP_EAGAIN);
        feed->failed++;
    }
    return feed->answered + feed->failed == feed->stop_at ? osp_fail(err, OSP_EOUTPUT, "enough")
                                                          : 0;
}

static void test_side_by_side(void **state)
{
    static const struct script scripts[] = { { PAGE, false }, { NULL, false }, { PAGE, false },
                                             { PAGE, false }, { PAGE, false }, { "", false } };
    struct http *http = client();
    struct feed_state feed = { .wanted = 5 }, stopped = { .wanted = 1, .stop_at = 0 };
    struct http_feed run = {
        .parallel = 2, .next = next_request, .ended = request_ended, .opaque = &feed
    };
    osp_error err = { 0 };
    osp_cancel *cancel = NULL;

    (void)state;
    server_start(scripts);
    assert_int_equal(http_run(http, &run, &err), 0);
    assert_int_equal(feed.answered, 4);
    assert_int_equal(feed.failed, 1);
    assert_int_equal(feed.most, 2);
    assert_int_equal(osp_cancel_new(&cancel, &err), 0);
    osp_cancel_trigger(cancel);
    run.opaque = &stopped;
    run.cancel = cancel;
    assert_int_equal(http_run(http, &run, &err), OSP_ECANCELED);
    osp_error_clear(&err);
    osp_cancel_free(&cancel);
    server_stop();
    /* nobody listens: every one fails, and the second of them stops the run */
    run.cancel = NULL;
    stopped = (struct feed_state){ .wanted = 5, .stop_at = 2 };
    assert_int_equal(http_run(http, &run, &err), OSP_EOUTPUT);
    assert_string_equal(err.text, "enough");
    assert_true(stopped.asked < 5);
    http_free(&http);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_an_answer),
        cmocka_unit_test(test_the_key_does_not_come_back),
        cmocka_unit_test(test_before_send_stops_it_with_nothing_sent),
        cmocka_unit_test(test_how_far_it_got),
        cmocka_unit_test(test_tls_is_told_apart),
        cmocka_unit_test(test_a_create_is_never_repeated),
        cmocka_unit_test(test_redirects),
        cmocka_unit_test(test_download_is_resumed),
        cmocka_unit_test(test_cancel_and_ceiling_and_idle),
        cmocka_unit_test(test_side_by_side),
        cmocka_unit_test(test_addresses),
        cmocka_unit_test(test_identities),
        cmocka_unit_test(test_masks),
        cmocka_unit_test(test_backoff),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
