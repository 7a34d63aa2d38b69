/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sim/call.h"

#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

#include "base/auto.h"
#include "sim/answer.h"

enum MHD_Result sim_reply(struct sim_call *call, int status, struct MHD_Response *response)
{
    enum MHD_Result ret;

    if (!response)
        return MHD_NO;
    ret = MHD_queue_response(call->connection, (unsigned)status, response);
    MHD_destroy_response(response);
    return ret;
}

enum MHD_Result sim_reply_text(struct sim_call *call, int status, const char *type,
                               const char *text)
{
    struct MHD_Response *response = MHD_create_response_from_buffer(
        strlen(text), (void *)(uintptr_t)text, MHD_RESPMEM_MUST_COPY);

    if (response)
        MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, type);
    return sim_reply(call, status, response);
}

enum MHD_Result sim_reply_json(struct sim_call *call, int status, struct json *value)
{
    OSP_AUTO(auto_free) char *text = value ? json_print(value, false) : NULL;

    json_free(&value);
    return text ? sim_reply_text(call, status, "application/json", text) : MHD_NO;
}

enum MHD_Result sim_reply_code(struct sim_call *call, int code, const char *message)
{
    return sim_reply_json(call, sim_code_status(code), sim_answer(code, message, NULL));
}

enum MHD_Result sim_reply_error(struct sim_call *call, int status, const char *message)
{
    return sim_reply_json(call, status, sim_answer(status, message, NULL));
}

const char *sim_header(const struct sim_call *call, const char *name)
{
    return MHD_lookup_connection_value(call->connection, MHD_HEADER_KIND, name);
}

int sim_call_auth(const struct sim_call *call)
{
    const char *header = sim_header(call, MHD_HTTP_HEADER_AUTHORIZATION);
    const char *key = call->sim->key;

    if (!header || !*header)
        return 1001;
    if (strncasecmp(header, "Bearer ", 7) != 0)
        return 1002;
    header += 7;
    header += strspn(header, " ");
    return strlen(header) == strlen(key) && CRYPTO_memcmp(header, key, strlen(key)) == 0 ? 0 : 1002;
}

/* connect() to AF_UNSPEC dissolves the connection: the kernel sends RST at once. SO_LINGER would
 * do so only at the close, and the library's own shutdown comes before that. */
enum MHD_Result sim_reset(struct sim_call *call)
{
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(
        call->connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    struct sockaddr nowhere = { .sa_family = AF_UNSPEC };

    if (info)
        (void)connect(info->connect_fd, &nowhere, sizeof(nowhere)); /* MHD_NO closes it anyway */
    return MHD_NO;
}
