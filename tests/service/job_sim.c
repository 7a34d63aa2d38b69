/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Whole jobs against the simulator: what is sent, what is paid, what is kept. */
#include <pthread.h>

#include "service/job_rig.h"

#include "job/engine.h"

static void test_a_job_runs_once_and_is_met_again(void **state)
{
    osp_engine *engine = engine_new("once");
    osp_job *job = open_job(engine, "make it blue", 0);
    osp_job *second;
    osp_error err = { 0 };
    osp_job_info info;
    struct tally tally;

    (void)state;
    if (run(job, &err) < 0)
        fail_msg("%s", err.text);
    osp_job_state_get(job, &info);
    assert_int_equal(info.state, OSP_JOB_FETCHED);
    assert_non_null(osp_job_clip(job));
    assert_true(fs_size(osp_job_clip(job)) > 1000);
    assert_string_not_equal(info.task_id, "");
    assert_string_not_equal(info.request_id, "");
    assert_string_not_equal(info.units_deducted, "");
    assert_true(str_starts(info.external_task_id, "osp-"));
    assert_int_equal(strlen(info.external_task_id), 30);
    assert_int_equal(strlen(info.id), 12);
    assert_int_equal(job_mark_done(job, master, "abc", &err), 0);
    assert_string_equal(job_output_hash(job), "abc");
    tally = ledger(job);
    assert_int_equal(tally.tasks, 1);

    second = open_job(engine, "make it blue", 0);
    assert_string_equal(job_id(second), job_id(job));
    assert_int_equal(run(second, &err), 0);
    assert_int_equal(ledger(second).posts, tally.posts);
    osp_job_free(&second);

    second = open_job(engine, "make it blue", 1); /* --again */
    assert_string_not_equal(job_id(second), job_id(job));
    osp_job_free(&second);
    osp_job_free(&job);
    osp_engine_close(&engine);
}

/* The store holds nothing of a job that is fetched. */
static void test_the_upload_is_removed(void **state)
{
    osp_engine *engine = engine_new("upload");
    osp_job *job = open_job(engine, "make it green", 0);
    osp_error err = { 0 };
    char command[400];

    (void)state;
    assert_int_equal(run(job, &err), 0);
    snprintf(command, sizeof(command), "test -z \"$(ls -A '%s/sim/store')\"", folder);
    assert_int_equal(system(command), 0);
    osp_job_free(&job);
    osp_engine_close(&engine);
}

/* The task was made, the answer went wrong: found again, never sent again. */
static void test_an_ambiguous_create_is_looked_up(void **state)
{
    static const char *const prompts[] = { "red sim:reset", "red sim:500", "red sim:nojson" };

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        osp_engine *engine = engine_new("ambiguous");
        osp_job *job = open_job(engine, prompts[i], 0);
        osp_error err = { 0 };
        int64_t before = ledger(job).posts;

        if (run(job, &err) < 0)
            fail_msg("%s: %s", prompts[i], err.text);
        assert_int_equal(state_of(job), OSP_JOB_FETCHED);
        assert_int_equal(ledger(job).tasks, 1);
        assert_int_equal(ledger(job).posts, before + 1);
        osp_job_free(&job);
        osp_engine_close(&engine);
    }
}

/* 429 with 1303: nothing was created, so it is sent again by itself. */
static void test_busy_is_waited_for(void **state)
{
    osp_engine *engine = engine_new("busy");
    osp_job *job = open_job(engine, "red sim:busy", 0);
    osp_error err = { 0 };
    int64_t before = ledger(job).posts;

    (void)state;
    if (run(job, &err) < 0)
        fail_msg("%s", err.text);
    assert_int_equal(ledger(job).tasks, 1);
    assert_int_equal(ledger(job).posts, before + 2);
    osp_job_free(&job);
    osp_engine_close(&engine);
}

/* A task that hides: the job stays unsure, sends nothing by itself, and a resend makes no second
 * task where the service refuses a second use of the external id. */
static void test_unsure_stays_unsure_until_a_person_decides(void **state)
{
    osp_engine *engine = engine_new("unsure");
    osp_job *job = open_job(engine, "red sim:reset sim:hide=9", 0);
    osp_error err = { 0 };
    int64_t before = ledger(job).posts;

    (void)state;
    assert_int_equal(run(job, &err), OSP_EAGAIN);
    assert_int_equal(state_of(job), OSP_JOB_UNSURE);
    assert_non_null(strstr(err.text, "unsure"));
    assert_non_null(strstr(err.hint, "--resend"));
    assert_int_equal(ledger(job).posts, before + 1);

    osp_error_clear(&err); /* begun again, it looks once more and sends nothing */
    assert_int_equal(run(job, &err), OSP_EAGAIN);
    assert_int_equal(ledger(job).posts, before + 1);

    osp_error_clear(&err);
    assert_int_equal(osp_job_resend(job, &err), 0);
    while (osp_job_wait(job, 60000, NULL, &err) == OSP_EAGAIN) { /* hidden still: look again */
        osp_error_clear(&err);
        usleep(500000);
        assert_int_equal(osp_job_begin(job, &err), 0);
    }
    assert_int_equal(err.code, 0);
    assert_int_equal(state_of(job), OSP_JOB_FETCHED);
    assert_int_equal(ledger(job).tasks, 1);
    assert_int_equal(ledger(job).posts, before + 2);
    osp_job_free(&job);
    osp_engine_close(&engine);
}

static void test_a_cut_download_is_resumed(void **state)
{
    osp_engine *engine = engine_new("cut");
    osp_job *job = open_job(engine, "red sim:cut", 0);
    osp_error err = { 0 };

    (void)state;
    log_text[0] = 0;
    if (run(job, &err) < 0)
        fail_msg("%s", err.text);
    assert_non_null(strstr(log_text, "> Range: bytes="));
    assert_non_null(strstr(log_text, "206"));
    osp_job_free(&job);
    osp_engine_close(&engine);
}

/* The host goes in the middle: within 100 ms, and another engine finishes the job. */
static void test_free_is_prompt_and_the_job_goes_on(void **state)
{
    osp_engine *engine = engine_new("free");
    osp_job *job = open_job(engine, "red sim:slow=1", 0);
    char id[40];
    osp_error err = { 0 };
    int64_t start;

    (void)state;
    snprintf(id, sizeof(id), "%s", job_id(job));
    assert_int_equal(osp_job_begin(job, &err), 0);
    while (state_of(job) < OSP_JOB_WAITING)
        usleep(20000);
    start = job_now_us();
    osp_job_free(&job);
    assert_true(job_now_us() - start < 100000);
    osp_engine_close(&engine);

    engine = engine_new("free");
    assert_int_equal(osp_job_find(engine, "nonsense", &job, &err), OSP_EUSAGE);
    osp_error_clear(&err);
    id[5] = 0;
    assert_int_equal(osp_job_find(engine, id, &job, &err), 0);
    assert_null(osp_job_plan(job));
    if (run(job, &err) < 0)
        fail_msg("%s", err.text);
    assert_int_equal(ledger(job).tasks, 1);
    assert_int_equal(job_restore(job, &err), 0);
    assert_non_null(osp_job_plan(job));
    osp_job_free(&job);
    osp_engine_close(&engine);
}

static void on_progress(const char *stage, double fraction, const char *detail, void *opaque)
{
    char *stages = opaque;

    (void)fraction;
    (void)detail;
    if (!strstr(stages, stage) && strlen(stages) < 200) {
        strcat(stages, stage);
        strcat(stages, " ");
    }
}

static void *trigger_soon(void *opaque)
{
    usleep(300000);
    osp_cancel_trigger(opaque);
    return NULL;
}

static void test_wait_pumps_progress_and_ends_with_the_cancel(void **state)
{
    osp_engine *engine = engine_new("wait");
    osp_job *job = open_job(engine, "red sim:slow=20", 0);
    char stages[256] = "";
    osp_control control = { NULL, on_progress, stages };
    osp_error err = { 0 };
    pthread_t thread;
    int64_t start;

    (void)state;
    assert_int_equal(osp_cancel_new(&control.cancel, &err), 0);
    assert_int_equal(osp_job_begin(job, &err), 0);
    while (state_of(job) < OSP_JOB_WAITING)
        usleep(20000);
    start = job_now_us();
    pthread_create(&thread, NULL, trigger_soon, control.cancel);
    assert_int_equal(osp_job_wait(job, -1, &control, &err), OSP_ECANCELED);
    assert_true(job_now_us() - start < 400000);
    assert_non_null(strstr(err.hint, "omnisplice resume"));
    assert_non_null(strstr(stages, "conform"));
    assert_non_null(strstr(stages, "store"));
    assert_non_null(strstr(stages, "task"));
    pthread_join(thread, NULL);
    osp_job_free(&job);
    osp_cancel_free(&control.cancel);
    osp_engine_close(&engine);
}

/* Two holders of one job, as two processes would be: one task, both get the clip. */
static void test_two_at_once_make_one_task(void **state)
{
    osp_engine *a = engine_new("two"), *b = engine_new("two");
    osp_job *x = open_job(a, "red", 0), *y = open_job(b, "red", 0);
    osp_error err = { 0 };

    (void)state;
    assert_string_equal(job_id(x), job_id(y));
    assert_int_equal(osp_job_begin(x, &err), 0);
    assert_int_equal(osp_job_begin(y, &err), 0);
    if (osp_job_wait(y, 60000, NULL, &err) < 0 || osp_job_wait(x, 60000, NULL, &err) < 0)
        fail_msg("%s", err.text);
    assert_int_equal(ledger(x).tasks, 1);
    osp_job_free(&x);
    osp_job_free(&y);
    osp_engine_close(&a);
    osp_engine_close(&b);
}

static void test_forget_removes_the_folder_and_keeps_the_row(void **state)
{
    osp_engine *engine = engine_new("cut");
    osp_job *job = open_job(engine, "red sim:cut", 0), *anew;
    osp_error err = { 0 };

    (void)state;
    assert_true(fs_exists(job_folder(job)));
    assert_int_equal(state_of(job), OSP_JOB_FETCHED);
    assert_int_equal(osp_job_forget(job, 0, &err), OSP_EUSAGE);
    assert_non_null(strstr(err.hint, "--force"));
    assert_non_null(osp_job_clip(job)); /* all is there */
    assert_int_equal(osp_job_forget(job, 1, &err), 0);
    assert_false(fs_exists(job_folder(job)));
    assert_int_equal(state_of(job), OSP_JOB_FORGOTTEN);
    anew = open_job(engine, "red sim:cut", 0); /* it was paid for */
    assert_string_equal(job_id(anew), job_id(job));
    osp_error_clear(&err);
    assert_int_equal(run(anew, &err), OSP_EUSAGE);
    assert_non_null(strstr(err.hint, "--again"));
    osp_job_free(&anew);
    anew = open_job(engine, "red sim:cut", 1);
    assert_string_not_equal(job_id(anew), job_id(job));
    osp_job_free(&anew);
    osp_job_free(&job);

    job = open_job(engine, "red sim:money", 0); /* and for this one never */
    osp_error_clear(&err);
    assert_int_equal(run(job, &err), OSP_EMONEY);
    assert_int_equal(osp_job_forget(job, 0, &err), 0);
    anew = open_job(engine, "red sim:money", 0);
    assert_string_not_equal(job_id(anew), job_id(job));
    osp_job_free(&anew);
    osp_job_free(&job);
    osp_engine_close(&engine);
}

/* An older journal keeps addresses as they were spelled. */
static void test_an_older_spelling_is_met(void **state)
{
    static char spelled[64];
    osp_engine_options options;
    osp_engine *engine = NULL;
    osp_job *older = NULL, *job = NULL;
    osp_error err = { 0 };
    osp_shot shot;

    (void)state;
    snprintf(spelled, sizeof(spelled), "HTTP://127.0.0.1:0%s", strrchr(sim_url(sim), ':') + 1);
    osp_engine_options_init(&options);
    options.state = in_folder("spelling");
    options.config = in_folder("config.ini");
    options.gateway = sim_url(sim);
    options.key = sim_key(sim);
    shot_for(&shot, "red");
    assert_int_equal(osp_engine_open(&options, &engine, &err), 0);
    free(engine->config->gateway.value); /* as it used to be */
    engine->config->gateway.value = strdup(spelled);
    assert_int_equal(osp_job_open(engine, &shot, &older, &err), 0);
    osp_engine_close(&engine);

    assert_int_equal(osp_engine_open(&options, &engine, &err), 0);
    assert_string_not_equal(engine->config->gateway.value, spelled);
    assert_int_equal(osp_job_open(engine, &shot, &job, &err), 0);
    assert_string_equal(job_id(job), job_id(older));
    if (run(job, &err) < 0) /* and it is this gateway's */
        fail_msg("%s", err.text);
    osp_shot_release(&shot);
    osp_job_free(&job);
    osp_job_free(&older);
    osp_engine_close(&engine);
}

/* Everything that was written, against the key and the signatures of addresses. */
static void test_no_secret_was_written(void **state)
{
    char command[700];

    (void)state;
    assert_true(strlen(log_text) > 1000);
    assert_null(strstr(log_text, sim_key(sim)));
    assert_null(strstr(log_text, "token="));
    assert_non_null(strstr(log_text, "Authorization: ***"));
    snprintf(command, sizeof(command),
             "! grep -rqaF -e '%s' --exclude-dir=sim --exclude=config.ini '%s'", sim_key(sim),
             folder);
    assert_int_equal(system(command), 0);
    snprintf(command, sizeof(command), "! grep -qaE 'https?://[^ ]*/result/' '%s/once/jobs.db'*",
             folder);
    assert_int_equal(system(command), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_job_runs_once_and_is_met_again),
        cmocka_unit_test(test_the_upload_is_removed),
        cmocka_unit_test(test_an_ambiguous_create_is_looked_up),
        cmocka_unit_test(test_busy_is_waited_for),
        cmocka_unit_test(test_unsure_stays_unsure_until_a_person_decides),
        cmocka_unit_test(test_a_cut_download_is_resumed),
        cmocka_unit_test(test_free_is_prompt_and_the_job_goes_on),
        cmocka_unit_test(test_wait_pumps_progress_and_ends_with_the_cancel),
        cmocka_unit_test(test_two_at_once_make_one_task),
        cmocka_unit_test(test_forget_removes_the_folder_and_keeps_the_row),
        cmocka_unit_test(test_an_older_spelling_is_met),
        cmocka_unit_test(test_no_secret_was_written),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
