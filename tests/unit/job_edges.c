/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Every state x event pair of a job's life, against a drawing of it that is kept apart. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "job/edges.h"

/* One row per state, one letter per event in the order of job_event: "." cannot happen, else the
 * letter of the state that follows. */
/* clang-format off */
static const char letters[] = "NPSpsuwfFDRXJLG";
static const char *const drawing[OSP_JOB_STATES] = {
    /*                  PREPARED
                        | REFERENCE_GONE
                        | | STORED
                        | | | UPLOAD_GONE
                        | | | | BEGIN_POST
                        | | | | | NOT_SENT
                        | | | | | | CONNECTED
                        | | | | | | | TASK_ID
                        | | | | | | | | NOT_CREATED
                        | | | | | | | | | REFUSED
                        | | | | | | | | | | NO_REPLY
                        | | | | | | | | | | | RESULT
                        | | | | | | | | | | | | FAILED
                        | | | | | | | | | | | | | TASK_GONE
                        | | | | | | | | | | | | | | FETCHED
                        | | | | | | | | | | | | | | | REJECTED
                        | | | | | | | | | | | | | | | | CLIP_GONE
                        | | | | | | | | | | | | | | | | | USED
                        | | | | | | | | | | | | | | | | | | FORGET */
    [OSP_JOB_NEW] =      "P . . . . . . . . . . . . . . . . . G",
    [OSP_JOB_PREPARED] = ". N S . . . . . . . . . . . . . . . G",
    [OSP_JOB_STORED] =   ". . . P p . . . . . . . . . . . . . G",
    [OSP_JOB_POSTING] =  ". . . . . S s . . . . . . . . . . . G",
    [OSP_JOB_SENDING] =  ". . . . . . . w S R u . . . . . . . G",
    [OSP_JOB_UNSURE] =   ". . . . . . s w . . . . . . . . . . G",
    [OSP_JOB_WAITING] =  ". . . . . . . . . . . f X L . . . . G",
    [OSP_JOB_FINISHED] = ". . . . . . . . . . . . . L F J . . G",
    [OSP_JOB_FETCHED] =  ". . . . . . . . . . . . . . . . f D G",
    [OSP_JOB_DONE] =     ". . . . . . . . . . . . . . . . f D G",
    [OSP_JOB_REFUSED] =  ". . . . . . . . . . . . . . . . . . G",
    [OSP_JOB_FAILED] =   ". . . . . . . . . . . . . . . . . . G",
    [OSP_JOB_REJECTED] = ". . . . . . . . . . . . . . . . . . G",
    [OSP_JOB_LOST] =     ". . . . . . . w . . . . . . . . . . G",
    [OSP_JOB_FORGOTTEN] = ". . . . . . . . . . . . . . . . . . .",
};
/* clang-format on */

static void test_every_pair(void **state)
{
    (void)state;
    assert_int_equal(strlen(letters), OSP_JOB_STATES);
    for (int from = 0; from < OSP_JOB_STATES; from++) {
        assert_int_equal(strlen(drawing[from]), 2 * JOB_EVENTS - 1);
        for (int event = 0; event < JOB_EVENTS; event++) {
            char drawn = drawing[from][2 * event];
            osp_job_state to = OSP_JOB_STATES;
            bool can = job_next_state((osp_job_state)from, (job_event)event, &to);

            if (can != (drawn != '.') || (can && letters[to] != drawn))
                fail_msg("%s + %s -> %s, drawn as '%c'", osp_job_state_name((osp_job_state)from),
                         job_event_name((job_event)event), can ? osp_job_state_name(to) : "nothing",
                         drawn);
        }
    }
}

/* From a state in which a task may exist nothing leads back to one that posts by itself but the
 * one word of the table of codes. */
static void test_no_way_back_to_a_second_payment(void **state)
{
    (void)state;
    for (int from = OSP_JOB_SENDING; from < OSP_JOB_STATES; from++) {
        for (int event = 0; event < JOB_EVENTS; event++) {
            osp_job_state to;

            if (!job_next_state((osp_job_state)from, (job_event)event, &to) || to > OSP_JOB_POSTING)
                continue;
            assert_int_equal(from, OSP_JOB_SENDING);
            assert_int_equal(event, JOB_EV_NOT_CREATED);
        }
    }
}

/* What is given up only when a person insists, and what is paid for anew only with a word. */
static void test_money(void **state)
{
    static const char at_stake[] = "suwfF", paid[] = "suwfFDXJL";

    (void)state;
    for (int i = 0; i < OSP_JOB_STATES; i++) {
        assert_int_equal(job_state_at_stake((osp_job_state)i),
                         strchr(at_stake, letters[i]) != NULL);
        assert_int_equal(job_state_paid((osp_job_state)i), strchr(paid, letters[i]) != NULL);
    }
}

static void test_names(void **state)
{
    (void)state;
    for (int i = 0; i < OSP_JOB_STATES; i++)
        assert_int_equal(job_state_find(osp_job_state_name((osp_job_state)i)), i);
    assert_int_equal(job_state_find("nonsense"), -1);
    assert_int_equal(job_state_find(NULL), -1);
    for (int i = 0; i < JOB_EVENTS; i++)
        assert_string_not_equal(job_event_name((job_event)i), "?");
    assert_string_equal(osp_job_state_name(OSP_JOB_STATES), "?");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_pair),
        cmocka_unit_test(test_no_way_back_to_a_second_payment),
        cmocka_unit_test(test_money),
        cmocka_unit_test(test_names),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
