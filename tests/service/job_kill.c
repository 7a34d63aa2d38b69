/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A process that is killed at any instant of a job, and run again: one task, one clip. */
#include <signal.h>
#include <sys/wait.h>

#include "service/job_rig.h"

#define KILLS 5

/* The process that is killed: `program child URL KEY FOLDER STATE`. */
static int child(char **argv)
{
    osp_engine *engine;
    osp_job *job;
    osp_error err = { 0 };
    int ret;

    snprintf(folder, sizeof(folder), "%s", argv[4]);
    snprintf(master, sizeof(master), "%s/master.mp4", folder);
    engine = engine_for(argv[5], argv[2], argv[3]);
    job = open_job(engine, "red", 0);
    ret = run(job, &err);
    if (ret == OSP_EAGAIN && state_of(job) == OSP_JOB_UNSURE) { /* what a person would do */
        osp_error_clear(&err);
        ret = osp_job_resend(job, &err);
        ret = ret < 0 ? ret : osp_job_wait(job, 60000, NULL, &err);
    }
    if (ret < 0)
        fprintf(stderr, "child: %s\n", err.text);
    osp_job_free(&job);
    osp_engine_close(&engine);
    return ret < 0;
}

static pid_t spawn(const char *state)
{
    pid_t pid = fork();

    if (pid == 0) {
        execl("/proc/self/exe", "child", "child", sim_url(sim), sim_key(sim), folder, state,
              (char *)NULL);
        _exit(127);
    }
    return pid;
}

static int finish(pid_t pid)
{
    int status = -1;

    waitpid(pid, &status, 0);
    return status;
}

static void external_of(const char *state, char *external, size_t size)
{
    osp_engine *engine = engine_new(state);
    osp_job *job = open_job(engine, "red", 0);
    osp_job_info info;

    osp_job_state_get(job, &info);
    assert_int_equal(info.state, OSP_JOB_FETCHED);
    assert_non_null(osp_job_clip(job));
    snprintf(external, size, "%s", info.external_task_id);
    osp_job_free(&job);
    osp_engine_close(&engine);
}

static void test_kills_at_instants_of_a_run(void **state)
{
    int64_t start = job_now_us(), undisturbed;

    (void)state;
    assert_int_equal(finish(spawn("whole")), 0);
    undisturbed = job_now_us() - start;
    for (int i = 0; i < KILLS; i++) {
        char name[32], external[64];
        int64_t delay = undisturbed * (i + 1) / (KILLS + 1);
        pid_t pid;

        snprintf(name, sizeof(name), "kill%d", i);
        pid = spawn(name);
        usleep((useconds_t)delay);
        kill(pid, SIGKILL);
        finish(pid);
        if (finish(spawn(name)) != 0)
            fail_msg("killed after %lld us, the second run fails", (long long)delay);
        external_of(name, external, sizeof(external));
        if (ledger_of(external).tasks != 1)
            fail_msg("killed after %lld us: %lld tasks", (long long)delay,
                     (long long)ledger_of(external).tasks);
    }
}

/* Every job of every state folder has its own id: so many tasks, and no more. */
static void test_nothing_else_was_paid(void **state)
{
    struct http_answer answer = { 0 };
    struct http_request request = { .url = sim_ledger(sim) };
    struct json *root = NULL;
    struct http *http = NULL;
    osp_error err = { 0 };

    (void)state;
    assert_int_equal(http_new(&http, &err), 0);
    assert_int_equal(http_perform(http, &request, &answer, &err), 0);
    assert_int_equal(json_parse(answer.body, answer.body_size, "ledger", &root, &err), 0);
    assert_int_equal(json_size(json_get(root, "tasks")), KILLS + 1);
    json_free(&root);
    http_answer_release(&answer);
    http_free(&http);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_kills_at_instants_of_a_run),
        cmocka_unit_test(test_nothing_else_was_paid),
    };

    if (argc == 6)
        return child(argv);
    return cmocka_run_group_tests(tests, setup, teardown);
}
