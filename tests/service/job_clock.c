/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Jobs while somebody sets the clock. */
#include <sys/syscall.h>
#include <time.h>

#include "service/job_rig.h"

#include "job/engine.h"

static int set_s; /* atomic: by so much the wall clock was set */

/* In place of the C library's. */
int clock_gettime(clockid_t clock, struct timespec *now)
{
    int ret = (int)syscall(SYS_clock_gettime, clock, now);

    if (clock == CLOCK_REALTIME)
        now->tv_sec += __atomic_load_n(&set_s, __ATOMIC_SEQ_CST);
    return ret;
}

static void set_clock(int seconds)
{
    __atomic_store_n(&set_s, seconds, __ATOMIC_SEQ_CST);
}

/* Half an hour back: the queries of all jobs used to wait for it to pass. */
static void test_turns_of_queries(void **state)
{
    osp_engine *engine = engine_new("turns");
    osp_error err = { 0 };
    int64_t start = job_mono_us();

    (void)state;
    assert_int_equal(engine_query_turn(engine, NULL, &err), 0);
    set_clock(-1800);
    for (int i = 0; i < 4; i++)
        assert_int_equal(engine_query_turn(engine, NULL, &err), 0);
    set_clock(1800);
    assert_int_equal(engine_query_turn(engine, NULL, &err), 0);
    set_clock(0);
    assert_in_range(job_mono_us() - start, 400000, 10000000); /* ten a second all the same */
    osp_engine_close(&engine);
}

/* Patience with a task that is out of sight is ten seconds, whatever a person does to the clock.
 * The simulator lives in this process and by the same clock: it hides the task for longer. */
static void test_patience(void **state)
{
    static const int steps[] = { -1800, 1800 };

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        osp_engine *engine = engine_new("patience");
        osp_job *job = open_job(engine, i ? "red sim:hide=99999" : "dark sim:hide=99999", 0);
        osp_error err = { 0 };
        int64_t start = job_mono_us();

        assert_int_equal(osp_job_begin(job, &err), 0);
        while (state_of(job) < OSP_JOB_WAITING && job_mono_us() - start < 60000000)
            usleep(10000);
        usleep(1000000); /* it has asked */
        set_clock(steps[i]);
        start = job_mono_us();
        assert_int_equal(osp_job_wait(job, 60000, NULL, &err), OSP_EAGAIN);
        set_clock(0);
        assert_non_null(strstr(err.text, "cannot be asked for"));
        assert_true(job_mono_us() - start > 4000000);
        assert_int_equal(state_of(job), OSP_JOB_WAITING);
        osp_job_free(&job);
        osp_engine_close(&engine);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_turns_of_queries),
        cmocka_unit_test(test_patience),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
