/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * HTTP: one thread per connection, so that a handler may wait (sim:hang) and write to disk without
 * holding up the others; they are few. Routes are a table.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/auto.h"
#include "base/json.h"
#include "sim/answer.h"
#include "sim/call.h"
#include "sim/limits.h"

struct sim_route {
    const char *method; /* "GET" serves HEAD too */
    const char *path;
    enum { WHOLE, PREFIX, ENDPOINT, ENDPOINT_ID } match;
    enum MHD_Result (*handle)(struct sim_call *call);
};

/* ---- the simulator's own pages */

static enum MHD_Result handle_sim(struct sim_call *call)
{
    struct json *value = json_object();

    json_set_string(value, "url", call->sim->url);
    json_set_string(value, "ledger", call->sim->ledger);
    json_set_string(value, "store", call->sim->store);
    return sim_reply_json(call, MHD_HTTP_OK, value);
}

static enum MHD_Result handle_ledger(struct sim_call *call)
{
    struct json *ledger;

    pthread_mutex_lock(&call->sim->lock);
    ledger = sim_answer_ledger(call->sim, sim_now_ms());
    pthread_mutex_unlock(&call->sim->lock);
    return sim_reply_json(call, MHD_HTTP_OK, ledger);
}

/* ---- the gateway */

static enum MHD_Result handle_create(struct sim_call *call)
{
    const char *id;

    return sim_handle_create(call, sim_endpoint_of_path(call->url, &id));
}

static enum MHD_Result handle_query(struct sim_call *call)
{
    const char *id;
    enum sim_endpoint endpoint = sim_endpoint_of_path(call->url, &id);
    const struct sim_task *task;
    struct json *data = NULL;
    int code = sim_call_auth(call);
    char message[256];
    int64_t now = sim_now_ms();

    if (code)
        return sim_reply_code(call, code, sim_code_message(code));
    pthread_mutex_lock(&call->sim->lock);
    task = sim_task_find(call->sim, endpoint, id, now);
    if (task)
        data = sim_answer_task(call->sim, task, now);
    pthread_mutex_unlock(&call->sim->lock);
    if (data)
        return sim_reply_json(call, MHD_HTTP_OK, sim_answer(0, sim_code_message(0), data));
    snprintf(message, sizeof(message), "Task not found by id/external id: %.180s", id);
    return sim_reply_code(call, 1201, message);
}

static bool page_argument(const struct sim_call *call, const char *name, int64_t most,
                          int64_t otherwise, int64_t *out)
{
    const char *text = MHD_lookup_connection_value(call->connection, MHD_GET_ARGUMENT_KIND, name);

    *out = otherwise;
    return !text || str_to_int64(text, 1, most, out);
}

/* Newest first. */
static struct json *list_page(struct sim *sim, enum sim_endpoint endpoint, int64_t page,
                              int64_t size)
{
    struct json *list = json_array();
    int64_t now = sim_now_ms(), skip = (page - 1) * size;

    for (size_t i = sim->task_count; i > 0 && (int64_t)json_size(list) < size; i--) {
        const struct sim_task *task = sim->tasks[i - 1];

        if (task->endpoint != endpoint || !sim_task_find(sim, endpoint, task->id, now))
            continue;
        if (skip > 0)
            skip--;
        else
            json_push(list, sim_answer_task(sim, task, now));
    }
    return list;
}

static enum MHD_Result handle_list(struct sim_call *call)
{
    const struct json *limits = call->sim->limits;
    const char *id;
    enum sim_endpoint endpoint = sim_endpoint_of_path(call->url, &id);
    int64_t page, size;
    struct json *list;
    int code = sim_call_auth(call);

    if (code)
        return sim_reply_code(call, code, sim_code_message(code));
    if (!page_argument(call, "pageNum", sim_limit_int(limits, "list.page_max"), 1, &page) ||
        !page_argument(call, "pageSize", sim_limit_int(limits, "list.page_size_max"),
                       sim_limit_int(limits, "list.page_size_default"), &size))
        return sim_reply_code(call, 1201, "pageNum or pageSize value is invalid");
    pthread_mutex_lock(&call->sim->lock);
    list = list_page(call->sim, endpoint, page, size);
    pthread_mutex_unlock(&call->sim->lock);
    return sim_reply_json(call, MHD_HTTP_OK, sim_answer(0, sim_code_message(0), list));
}

/* ---- routes */

static const struct sim_route routes[] = {
    { "GET", "/sim", WHOLE, handle_sim },
    { "GET", "/sim/ledger", WHOLE, handle_ledger },
    { "PUT", "/store/", PREFIX, sim_handle_store_put },
    { "GET", "/store/", PREFIX, sim_handle_store_get },
    { "DELETE", "/store/", PREFIX, sim_handle_store_delete },
    { "GET", "/result/", PREFIX, sim_handle_result },
    { "POST", NULL, ENDPOINT, handle_create },
    { "GET", NULL, ENDPOINT, handle_list },
    { "GET", NULL, ENDPOINT_ID, handle_query },
};

static bool path_matches(const struct sim_route *route, const char *url)
{
    const char *id;

    if (route->match == WHOLE)
        return strcmp(url, route->path) == 0;
    if (route->match == PREFIX)
        return str_starts(url, route->path);
    return sim_endpoint_of_path(url, &id) != SIM_ENDPOINT_COUNT &&
           (id != NULL) == (route->match == ENDPOINT_ID);
}

/* @param known  whether the path serves at least one method */
static const struct sim_route *find_route(const char *method, const char *url, bool *known)
{
    *known = false;
    for (size_t i = 0; i < OSP_COUNT(routes); i++) {
        if (!path_matches(&routes[i], url))
            continue;
        *known = true;
        if (strcmp(routes[i].method, method) == 0 ||
            (strcmp(routes[i].method, "GET") == 0 && strcmp(method, "HEAD") == 0))
            return &routes[i];
    }
    return NULL;
}

static bool is_put(const struct sim_call *call)
{
    return call->route && call->route->handle == sim_handle_store_put;
}

static enum MHD_Result begin(struct sim *sim, struct MHD_Connection *connection, const char *url,
                             const char *method, void **state)
{
    struct sim_call *call = calloc(1, sizeof(*call));
    bool known;

    if (!call)
        return MHD_NO;
    call->sim = sim;
    call->connection = connection;
    call->url = url;
    call->is_head = strcmp(method, "HEAD") == 0;
    call->body.ceiling = JSON_CEILING;
    call->upload = (struct tmpfile)TMPFILE_INIT;
    call->route = find_route(method, url, &known);
    *state = call;
    if (is_put(call))
        sim_store_put_begin(call);
    return MHD_YES;
}

static enum MHD_Result finish(struct sim_call *call, const char *method)
{
    bool known;

    if (call->route)
        return call->route->handle(call);
    (void)find_route(method, call->url, &known);
    return sim_reply_code(call, known ? 1202 : 1203, sim_code_message(known ? 1202 : 1203));
}

static enum MHD_Result on_request(void *opaque, struct MHD_Connection *connection, const char *url,
                                  const char *method, const char *version, const char *data,
                                  size_t *size, void **state)
{
    struct sim_call *call = *state;

    (void)version;
    if (!call)
        return begin(opaque, connection, url, method, state);
    if (*size == 0)
        return finish(call, method);
    if (is_put(call))
        sim_store_put_data(call, data, *size);
    else
        strbuf_add(&call->body, data, *size);
    *size = 0;
    return MHD_YES;
}

static void on_done(void *opaque, struct MHD_Connection *connection, void **state,
                    enum MHD_RequestTerminationCode why)
{
    struct sim_call *call = *state;

    (void)opaque;
    (void)connection;
    (void)why;
    if (!call)
        return;
    tmpfile_release(&call->upload); /* an upload that broke off leaves nothing */
    strbuf_release(&call->body);
    free(call);
    *state = NULL;
}

/* The address is known before the first request can come: a client may be waiting for a port that
 * it knows from an earlier run. */
static int listen_on(struct sim *sim, int port, int *out, osp_error *err)
{
    struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port) };
    OSP_AUTO(auto_close) int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    socklen_t size = sizeof(address);
    int on = 1;

    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) < 0 ||
        bind(fd, (const struct sockaddr *)&address, sizeof(address)) < 0 ||
        listen(fd, SOMAXCONN) < 0 || getsockname(fd, (struct sockaddr *)&address, &size) < 0)
        return osp_fail(err, OSP_EACCESS, "the simulator cannot listen on 127.0.0.1:%d: %s", port,
                        strerror(errno));
    sim->url = str_format("http://127.0.0.1:%d", (int)ntohs(address.sin_port));
    sim->ledger = sim->url ? str_format("%s/sim/ledger", sim->url) : NULL;
    sim->store = sim->url ? str_format("%s/store", sim->url) : NULL;
    if (!sim->store || !sim->ledger)
        return osp_nomem(err);
    *out = fd;
    fd = -1;
    return OSP_OK;
}

int sim_server_start(struct sim *sim, int port, osp_error *err)
{
    int fd = -1, ret = listen_on(sim, port, &fd, err);

    if (ret < 0)
        return ret;
    sim->daemon = MHD_start_daemon(MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_THREAD_PER_CONNECTION,
                                   0, NULL, NULL, on_request, sim, MHD_OPTION_LISTEN_SOCKET, fd,
                                   MHD_OPTION_NOTIFY_COMPLETED, on_done, NULL,
                                   MHD_OPTION_CONNECTION_TIMEOUT, 300u, MHD_OPTION_END);
    return sim->daemon ? OSP_OK
                       : osp_fail(err, OSP_EINTERNAL, "the simulator's server cannot start");
}

void sim_server_stop(struct sim *sim)
{
    if (sim->daemon)
        MHD_stop_daemon(sim->daemon); /* closes the socket, too */
    sim->daemon = NULL;
}
