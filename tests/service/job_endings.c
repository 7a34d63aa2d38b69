/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Jobs that do not end well against the simulator, and what a kill leaves. */
#include "service/job_rig.h"

static const struct {
    const char *prompt;
    int code;
    osp_job_state state;
    const char *says;
} endings[] = {
    { "red sim:refuse", OSP_EREFUSED, OSP_JOB_REFUSED, "code 1201" },
    { "red sim:money", OSP_EMONEY, OSP_JOB_STORED, "code 1102" },
    { "red sim:code=1301", OSP_EREFUSED, OSP_JOB_REFUSED, "code 1301" },
    { "red sim:code=1103", OSP_EACCESS, OSP_JOB_STORED, "code 1103" },
    { "red sim:fail", OSP_EREFUSED, OSP_JOB_FAILED, "task failed" },
    { "red sim:policy", OSP_EREFUSED, OSP_JOB_FAILED, "risk control" },
    { "red sim:short", OSP_ERESULT, OSP_JOB_REJECTED, "lasts" },
    { "red sim:ratio", OSP_ERESULT, OSP_JOB_REJECTED, "another shape" },
    { "red sim:garbage", OSP_ERESULT, OSP_JOB_REJECTED, "does not decode" },
    { "red sim:gone", OSP_EAGAIN, OSP_JOB_FINISHED, "HTTP 404" },
};

static void test_endings(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(endings) / sizeof(endings[0]); i++) {
        osp_engine *engine = engine_new("endings");
        osp_job *job = open_job(engine, endings[i].prompt, 0);
        osp_error err = { 0 };
        int ret = run(job, &err);

        if (ret != endings[i].code || state_of(job) != endings[i].state ||
            !strstr(err.text, endings[i].says) || !strstr(err.text, "request_id"))
            fail_msg("%s: %d %s '%s'", endings[i].prompt, ret, osp_job_state_name(state_of(job)),
                     err.text);
        osp_job_free(&job);
        osp_engine_close(&engine);
    }
}

/* After a failure the same edit tells the same end; a refused one may be run again for nothing. */
static void test_ends_are_kept(void **state)
{
    osp_engine *engine = engine_new("endings");
    osp_job *failed = open_job(engine, "red sim:fail", 0);
    osp_job *refused = open_job(engine, "red sim:refuse", 0);
    int64_t before = ledger(failed).posts;
    osp_error err = { 0 };

    (void)state;
    assert_int_equal(state_of(failed), OSP_JOB_FAILED);
    assert_int_equal(run(failed, &err), OSP_EREFUSED);
    assert_int_equal(ledger(failed).posts, before);
    assert_int_equal(state_of(refused), OSP_JOB_NEW);
    osp_job_free(&failed);
    failed = open_job(engine, "red sim:fail", 1);
    assert_int_equal(state_of(failed), OSP_JOB_NEW);
    osp_job_free(&failed);
    osp_job_free(&refused);
    osp_engine_close(&engine);
}

/* Nothing listens there: three seconds, the job keeps its state, nothing was sent. */
static void test_a_gateway_that_is_down(void **state)
{
    osp_engine *engine = engine_for("down", "http://127.0.0.1:9", "k");
    osp_job *job = open_job(engine, "red", 0);
    osp_error err = { 0 };
    int64_t start = job_now_us();

    (void)state;
    assert_int_equal(run(job, &err), OSP_EAGAIN);
    assert_true(job_now_us() - start < 10 * 1000000);
    assert_non_null(strstr(err.text, "127.0.0.1"));
    assert_non_null(strstr(err.hint, "omnisplice resume"));
    assert_true(state_of(job) < OSP_JOB_POSTING);
    osp_job_free(&job);
    osp_engine_close(&engine);
}

static void test_a_wrong_key(void **state)
{
    osp_engine *engine = engine_for("wrong", sim_url(sim), "wrong-key-4711");
    osp_job *job = open_job(engine, "red", 0);
    osp_error err = { 0 };

    (void)state;
    assert_int_equal(run(job, &err), OSP_EACCESS);
    assert_null(strstr(err.text, "wrong-key")); /* digits alone may be a port's */
    assert_null(strstr(log_text, "wrong-key"));
    osp_job_free(&job);
    osp_engine_close(&engine);
}

/* What a killed process leaves in each state before the answer. */
static void test_states_that_a_kill_leaves(void **state)
{
    static const osp_job_state left[] = { OSP_JOB_POSTING, OSP_JOB_SENDING };
    static const job_event ways[] = { JOB_EV_BEGIN_POST, JOB_EV_CONNECTED };

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        osp_engine *engine = engine_for("kill", sim_url(sim), sim_key(sim));
        osp_job *job = open_job(engine, i ? "red sim:code=1303" : "blue sim:code=1303", 0);
        struct job_row row = { 0 };
        struct journal *journal = NULL;
        osp_error err = { 0 };

        assert_int_equal(run(job, &err), OSP_EAGAIN); /* busy for ever: stored */
        assert_int_equal(state_of(job), OSP_JOB_STORED);
        assert_int_equal(journal_open(in_folder("kill/jobs.db"), &journal, &err), 0);
        osp_error_clear(&err);
        assert_int_equal(journal_load(journal, job_id(job), &row, &err), 1);
        for (size_t k = 0; k <= i; k++)
            assert_int_equal(journal_move(journal, &row, ways[k], &err), 0);
        assert_int_equal(state_of(job), left[i]);
        job_row_release(&row);
        journal_close(&journal);
        osp_error_clear(&err);
        assert_int_equal(run(job, &err), OSP_EAGAIN);
        assert_int_equal(state_of(job), i ? OSP_JOB_UNSURE : OSP_JOB_STORED);
        assert_int_equal(ledger(job).tasks, 0);
        osp_job_free(&job);
        osp_engine_close(&engine);
    }
}

static int count_jobs(const osp_job_info *info, void *opaque)
{
    ++*(int *)opaque;
    return info->id[0] == 0;
}

static void test_bounds_and_bad_input(void **state)
{
    osp_engine_options options;
    osp_engine *engine = NULL;
    osp_error err = { 0 };
    osp_job *job = NULL;
    osp_shot shot;
    int count = 0;

    (void)state;
    osp_engine_options_init(&options);
    options.state = in_folder("bounds");
    options.config = in_folder("config.ini");
    options.gateway = sim_url(sim);
    options.max_units = "1";
    assert_int_equal(osp_engine_open(&options, &engine, &err), 0);
    shot_for(&shot, "red");
    unsetenv("OMNISPLICE_API_KEY");
    assert_int_equal(osp_job_open(engine, &shot, &job, &err), OSP_EACCESS); /* no key */
    assert_non_null(strstr(err.text, "OMNISPLICE_API_KEY"));
    osp_engine_close(&engine);

    osp_error_clear(&err);
    options.key = "k";
    assert_int_equal(osp_engine_open(&options, &engine, &err), 0);
    assert_int_equal(osp_job_open(engine, &shot, &job, &err), OSP_EMONEY);
    assert_non_null(strstr(err.text, "the bound is 1 "));
    osp_error_clear(&err);
    osp_shot_set(&shot, "master", in_folder("config.ini"), &err);
    assert_int_equal(osp_job_open(engine, &shot, &job, &err), OSP_EMEDIA);
    osp_error_clear(&err);
    osp_shot_set(&shot, "master", master, &err);
    osp_shot_set(&shot, "prompt", "  ", &err);
    assert_int_equal(osp_job_open(engine, &shot, &job, &err), OSP_EUSAGE);
    osp_shot_release(&shot);
    osp_error_clear(&err);
    assert_int_equal(osp_job_list(engine, count_jobs, &count, &err), 0);
    assert_int_equal(count, 0); /* nothing of this made a row */
    osp_engine_close(&engine);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_endings),
        cmocka_unit_test(test_ends_are_kept),
        cmocka_unit_test(test_a_gateway_that_is_down),
        cmocka_unit_test(test_a_wrong_key),
        cmocka_unit_test(test_states_that_a_kill_leaves),
        cmocka_unit_test(test_bounds_and_bad_input),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
