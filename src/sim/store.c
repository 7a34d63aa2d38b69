/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/fs.h"
#include "sim/answer.h"
#include "sim/call.h"

#define NAME_CHARACTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-"
#define NAME_LONGEST    200

/* One path element; hidden names are the simulator's own temporary files. */
static bool is_name(const char *name)
{
    size_t length = strlen(name);

    return length > 0 && length <= NAME_LONGEST && *name != '.' &&
           strspn(name, NAME_CHARACTERS) == length;
}

/* File of the object that the path names, yours: free(); NULL: no name of an object. */
static char *object_path(const struct sim_call *call)
{
    const char *name = call->url + strlen("/store/");

    return is_name(name) ? sim_path(call->sim, "store", name) : NULL;
}

void sim_store_put_begin(struct sim_call *call)
{
    OSP_AUTO(auto_free) char *path = object_path(call);
    int code = sim_call_auth(call);

    if (code)
        call->upload_status = sim_code_status(code);
    else if (!path)
        call->upload_status = MHD_HTTP_BAD_REQUEST;
    else if (tmpfile_open(&call->upload, path, NULL) < 0)
        call->upload_status = MHD_HTTP_INSUFFICIENT_STORAGE;
}

/* A refused body is read to its end: a client that is still sending would not read the answer. */
void sim_store_put_data(struct sim_call *call, const char *data, size_t size)
{
    if (!call->upload_status && fs_write_all(call->upload.fd, data, size) < 0)
        call->upload_status = MHD_HTTP_INSUFFICIENT_STORAGE;
}

enum MHD_Result sim_handle_store_put(struct sim_call *call)
{
    int code = sim_call_auth(call);

    if (code)
        return sim_reply_code(call, code, sim_code_message(code));
    if (!call->upload_status && tmpfile_commit(&call->upload, true, NULL) < 0)
        call->upload_status = MHD_HTTP_INSUFFICIENT_STORAGE;
    if (call->upload_status)
        return sim_reply_error(call, call->upload_status,
                               call->upload_status == MHD_HTTP_BAD_REQUEST
                                   ? "the name of an object is one path element of letters, "
                                     "digits and ._-"
                                   : "the object cannot be written");
    return sim_reply_text(call, MHD_HTTP_CREATED, "text/plain", "");
}

enum MHD_Result sim_handle_store_get(struct sim_call *call)
{
    OSP_AUTO(auto_free) char *path = object_path(call);

    return path ? sim_reply_file(call, path, false)
                : sim_reply_error(call, MHD_HTTP_NOT_FOUND, "not found");
}

enum MHD_Result sim_handle_store_delete(struct sim_call *call)
{
    OSP_AUTO(auto_free) char *path = object_path(call);
    int code = sim_call_auth(call);

    if (code)
        return sim_reply_code(call, code, sim_code_message(code));
    if (!path || unlink(path) < 0)
        return sim_reply_error(call, MHD_HTTP_NOT_FOUND, "not found");
    return sim_reply_text(call, MHD_HTTP_NO_CONTENT, "text/plain", "");
}

/* The first download is the one that makes the mark, over restarts too. */
static bool cuts_now(const struct sim_call *call, const struct sim_task *task, const char *file)
{
    OSP_AUTO(auto_free) char *name = str_format("%s/.cut-%s", task->id, file);
    OSP_AUTO(auto_free) char *mark = name ? sim_path(call->sim, "results", name) : NULL;
    OSP_AUTO(auto_close) int fd = -1;

    if (!sim_faults_on(&task->faults, SIM_FAULT_CUT) || call->is_head || !mark)
        return false;
    fd = open(mark, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    return fd >= 0;
}

enum MHD_Result sim_handle_result(struct sim_call *call)
{
    const char *rest = call->url + strlen("/result/"), *slash = strchr(rest, '/');
    const char *given = MHD_lookup_connection_value(call->connection, MHD_GET_ARGUMENT_KIND, "sig");
    OSP_AUTO(auto_free) char *id = slash ? strndup(rest, (size_t)(slash - rest)) : NULL;
    OSP_AUTO(auto_free) char *name = NULL;
    OSP_AUTO(auto_free) char *path = NULL;
    char signature[SIM_SIGNATURE_SIZE];
    const struct sim_task *task;

    if (!id || !is_name(slash + 1))
        return sim_reply_error(call, MHD_HTTP_NOT_FOUND, "not found");
    sim_sign(call->sim, id, slash + 1, signature);
    if (!given || !*signature || strcmp(given, signature) != 0)
        return sim_reply_error(call, MHD_HTTP_FORBIDDEN, "the signature of this address is wrong");
    pthread_mutex_lock(&call->sim->lock);
    task = sim_task_by_id(call->sim, id); /* tasks are never freed while running */
    pthread_mutex_unlock(&call->sim->lock);
    name = str_format("%s/%s", id, slash + 1);
    path = name ? sim_path(call->sim, "results", name) : NULL;
    if (!task || !path || sim_faults_on(&task->faults, SIM_FAULT_GONE))
        return sim_reply_error(call, MHD_HTTP_NOT_FOUND, "not found");
    return sim_reply_file(call, path, fs_exists(path) && cuts_now(call, task, slash + 1));
}
