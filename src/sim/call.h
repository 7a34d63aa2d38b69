/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef SIM_CALL_H
#define SIM_CALL_H

#include <microhttpd.h>

#include "base/str.h"
#include "base/tmpfile.h"
#include "sim/state.h"

struct sim_route;

/** One HTTP request while it is being read and answered; on the connection's own thread. */
struct sim_call {
    struct sim *sim;
    struct MHD_Connection *connection;
    const char *url; /* path, unescaped */
    const struct sim_route *route;
    bool is_head;
    struct strbuf body;
    struct tmpfile upload;
    int upload_status; /* 0: fine so far; else what the upload will be answered */
};

/* ---- call.c: answers */

enum MHD_Result sim_reply(struct sim_call *call, int status, struct MHD_Response *response);
enum MHD_Result sim_reply_text(struct sim_call *call, int status, const char *type,
                               const char *text);
/** Takes the JSON. */
enum MHD_Result sim_reply_json(struct sim_call *call, int status, struct json *value);
/** code, message, request_id; the status is the code's. */
enum MHD_Result sim_reply_code(struct sim_call *call, int code, const char *message);
/** The same with a status of its own, for what is not the gateway's (store, results). */
enum MHD_Result sim_reply_error(struct sim_call *call, int status, const char *message);
const char *sim_header(const struct sim_call *call, const char *name);
/** 0, or the code that the service answers: 1001 no key, 1002 a wrong one. */
int sim_call_auth(const struct sim_call *call);
/** Reset the connection (RST) without an answer. */
enum MHD_Result sim_reset(struct sim_call *call);

/* ---- file.c: files with ranges */

/**
 * A file with Range, If-Range, ETag, HEAD.
 * @param cut  break off in the middle of what was asked for
 */
enum MHD_Result sim_reply_file(struct sim_call *call, const char *path, bool cut);

enum sim_range { SIM_RANGE_NONE, SIM_RANGE_PART, SIM_RANGE_OUTSIDE };
/** Pure: a Range header against a size (RFC 9110 14). Several ranges, or nonsense: NONE. */
enum sim_range sim_range_parse(const char *header, int64_t size, int64_t *first, int64_t *last);

/* ---- create.c, store.c: handlers */

enum MHD_Result sim_handle_create(struct sim_call *call, enum sim_endpoint endpoint);
enum MHD_Result sim_handle_store_put(struct sim_call *call);
enum MHD_Result sim_handle_store_get(struct sim_call *call);
enum MHD_Result sim_handle_store_delete(struct sim_call *call);
enum MHD_Result sim_handle_result(struct sim_call *call);
/** Before and while the body comes. */
void sim_store_put_begin(struct sim_call *call);
void sim_store_put_data(struct sim_call *call, const char *data, size_t size);

#endif
