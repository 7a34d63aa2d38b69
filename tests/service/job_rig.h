/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef UNIT_JOB_RIG_H
#define UNIT_JOB_RIG_H

/* The rig of the tests that drive whole jobs through the simulator, in one process. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/cancel.h"
#include "base/fs.h"
#include "base/tmpfile.h"
#include "base/json.h"
#include "base/str.h"
#include "job/job.h"
#include "job/journal.h"
#include "net/http.h"
#include "omnisplice/omnisplice.h"
#include "sim/sim.h"

#define RIG static __attribute__((unused)) /* no program uses all of it */

static char folder[256], master[300];
static struct sim *sim;
static char log_text[1 << 20];

RIG void keep_log(osp_log_level level, const char *text, void *opaque)
{
    size_t used = strlen(log_text);

    (void)level;
    (void)opaque;
    if (used + strlen(text) + 2 < sizeof(log_text))
        snprintf(log_text + used, sizeof(log_text) - used, "%s\n", text);
}

RIG char *in_folder(const char *name)
{
    static char path[4][512];
    static int next;
    char *out = path[next++ % 4];

    snprintf(out, sizeof(path[0]), "%s/%s", folder, name);
    return out;
}

RIG osp_engine *engine_for(const char *state, const char *url, const char *key)
{
    osp_engine_options options;
    osp_engine *engine = NULL;
    osp_error err = { 0 };

    osp_engine_options_init(&options);
    options.state = in_folder(state);
    options.config = in_folder("config.ini");
    options.gateway = url;
    options.gateway_name = "sim";
    options.key = key;
    options.threads = 1;
    if (osp_engine_open(&options, &engine, &err) < 0)
        fail_msg("%s", err.text);
    return engine;
}

RIG osp_engine *engine_new(const char *state)
{
    return engine_for(state, sim_url(sim), sim_key(sim));
}

RIG void shot_for(osp_shot *shot, const char *prompt)
{
    osp_error err = { 0 };

    osp_shot_init(shot);
    osp_shot_set(shot, "master", master, &err);
    osp_shot_set(shot, "mode", "std", &err);
    if (strstr(prompt, "blue")) { /* the others go whole: less to encode */
        osp_shot_set(shot, "from", "0.1", &err);
        osp_shot_set(shot, "to", "3.2", &err);
    }
    osp_shot_set(shot, "prompt", prompt, &err);
    assert_int_equal(err.code, 0);
}

RIG osp_job *open_job(osp_engine *engine, const char *prompt, int again)
{
    osp_error err = { 0 };
    osp_job *job = NULL;
    osp_shot shot;

    shot_for(&shot, prompt);
    shot.again = again;
    if (osp_job_open(engine, &shot, &job, &err) < 0)
        fail_msg("%s", err.text);
    osp_shot_release(&shot);
    return job;
}

RIG int run(osp_job *job, osp_error *err)
{
    int ret = osp_job_begin(job, err);

    return ret < 0 ? ret : osp_job_wait(job, 60000, NULL, err);
}

RIG osp_job_state state_of(osp_job *job)
{
    osp_job_info info;

    osp_job_state_get(job, &info);
    return info.state;
}

struct tally {
    int64_t posts, tasks;
};

/* What the ledger says about one external id: tasks made, and posts seen in all. */
RIG struct tally ledger_of(const char *external)
{
    struct http_answer answer = { 0 };
    struct http_request request = { .url = sim_ledger(sim) };
    struct tally tally = { 0, 0 };
    struct json *root = NULL;
    const struct json *tasks;
    osp_error err = { 0 };
    struct http *http = NULL;

    assert_int_equal(http_new(&http, &err), 0);
    assert_int_equal(http_perform(http, &request, &answer, &err), 0);
    assert_int_equal(json_parse(answer.body, answer.body_size, "ledger", &root, &err), 0);
    tally.posts = json_int64_or(json_get(root, "posts"), -1);
    tasks = json_get(root, "tasks");
    for (size_t i = 0; i < json_size(tasks); i++) {
        const char *id = json_string(json_get(json_at(tasks, i), "external_task_id"));

        tally.tasks += id && strcmp(id, external) == 0;
    }
    json_free(&root);
    http_answer_release(&answer);
    http_free(&http);
    return tally;
}

RIG struct tally ledger(osp_job *job)
{
    osp_job_info info;

    osp_job_state_get(job, &info);
    return ledger_of(info.external_task_id);
}

RIG int setup(void **state)
{
    char command[700];
    struct sim_options options = { .port = 0, .delay_s = 0.3 };
    osp_error err = { 0 };

    (void)state;
    snprintf(folder, sizeof(folder), "/tmp/osp-job-XXXXXX");
    if (!mkdtemp(folder))
        return -1;
    snprintf(master, sizeof(master), "%s/master.mp4", folder);
    snprintf(command, sizeof(command),
             "ffmpeg -v error -f lavfi -i testsrc2=s=1280x720:r=25:d=3.2 -f lavfi -i sine=d=3.2 "
             "-c:v libx264 -preset veryfast -g 25 -pix_fmt yuv420p -color_range tv "
             "-colorspace bt709 -color_primaries bt709 -color_trc bt709 -c:a aac "
             "-movflags +faststart -map_metadata -1 -fflags +bitexact '%s'",
             master);
    if (system(command) != 0 || tmpfile_write(in_folder("config.ini"), "", 0, &err) < 0)
        return -1;
    osp_log_set(keep_log, NULL, OSP_LOG_TRACE);
    options.state = in_folder("sim");
    if (sim_start(&options, &sim, &err) < 0) {
        fprintf(stderr, "%s\n", err.text);
        return -1;
    }
    return 0;
}

RIG int teardown(void **state)
{
    osp_error err = { 0 };

    (void)state;
    sim_stop(&sim);
    return fs_remove_tree(folder, &err);
}

#endif
