/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <poll.h>
#include <stdlib.h>

#include "base/auto.h"
#include "base/error.h"
#include "base/rational.h"
#include "base/str.h"
#include "cli/cli.h"

static int read_numbers(const struct settings *s, struct sim_options *o, osp_error *err)
{
    osp_rational delay;
    int64_t port = 0;

    if (s->port && !str_to_int64(s->port, 0, 65535, &port))
        return osp_fail(err, OSP_EUSAGE, "'%s' is no port", s->port);
    o->port = (int)port;
    o->delay_s = -1;
    if (s->delay && (!rational_parse(s->delay, &delay) || delay.num < 0))
        return osp_fail(err, OSP_EUSAGE, "'%s' is no number of seconds", s->delay);
    if (s->delay)
        o->delay_s = rational_double(delay);
    return OSP_OK;
}

/* Once ready, one line that programs read. */
static int say_ready(const struct sim *sim, osp_error *err)
{
    OSP_AUTO(json_free) struct json *ready = json_object();
    OSP_AUTO(auto_free) char *text = NULL;

    json_set_string(ready, "url", sim_url(sim));
    json_set_string(ready, "ledger", sim_ledger(sim));
    json_set_string(ready, "store", sim_store(sim));
    json_set_string(ready, "key", sim_key(sim));
    text = json_print(ready, false);
    if (!text)
        return osp_nomem(err);
    printf("%s\n", text);
    return cli_flush(err);
}

int cmd_sim(const struct settings *s, osp_error *err)
{
    OSP_AUTO(sim_stop) struct sim *sim = NULL;
    OSP_AUTO(auto_free) char *state = NULL;
    struct sim_options options = { .key = s->key, .faults = s->faults };
    struct pollfd stop = { .fd = osp_cancel_fd(cli_control()->cancel), .events = POLLIN };
    int ret = read_numbers(s, &options, err);

    if (ret < 0)
        return ret;
    state = s->state ? str_dup(s->state) : cli_state(s, "sim");
    if (!state)
        return osp_nomem(err);
    options.state = state;
    options.accept_duplicates = s->accept_duplicates;
    ret = sim_start(&options, &sim, err);
    if (ret == OSP_OK)
        ret = say_ready(sim, err);
    while (ret == OSP_OK && poll(&stop, 1, -1) <= 0)
        continue; /* a signal ends poll() early; the flag then stands */
    return ret;
}
