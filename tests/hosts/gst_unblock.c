/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Waits of omniedit are cut by a state change and by a flushing seek. Built by gst_unblock.sh.
 * Usage: gst_unblock CYCLES 'LAUNCH LINE' */
#include <gst/gst.h>
#include <stdlib.h>

static int zeros, hundreds; /* buffering messages */

static void count_buffering(GstMessage *message)
{
    gint percent;

    gst_message_parse_buffering(message, &percent);
    zeros += percent == 0;
    hundreds += percent == 100;
}

/* 100 ms, where a processor is free; a machine that others keep busy gets its share of them. */
static gint64 bar_us(void)
{
    double load = 0;

    if (getloadavg(&load, 1) != 1 || load < g_get_num_processors())
        return 100000;
    return (gint64)(100000 * load / g_get_num_processors());
}

static gboolean stage_seen; /* since the cycle began: it may be told before the wait */

static gboolean is_stage(GstMessage *message, const char *stage)
{
    const GstStructure *structure = gst_message_get_structure(message);

    return (gst_structure_has_name(structure, "omnisplice-job") &&
            g_strcmp0(gst_structure_get_string(structure, "stage"), stage) == 0);
}

/* FALSE: an error, or nothing within a minute. @param stage  of the job; NULL: any message will do
 */
static gboolean until(GstElement *pipeline, GstMessageType wanted, const char *stage)
{
    g_autoptr(GstBus) bus = gst_element_get_bus(pipeline);

    while (!stage || !stage_seen) {
        g_autoptr(GstMessage) message = gst_bus_timed_pop(bus, 60 * GST_SECOND);

        if (!message || GST_MESSAGE_TYPE(message) == GST_MESSAGE_ERROR) {
            g_printerr("%s instead of %s\n", message ? "an error" : "silence",
                       gst_message_type_get_name(wanted));
            return FALSE;
        }
        if (GST_MESSAGE_TYPE(message) == GST_MESSAGE_BUFFERING)
            count_buffering(message);
        if (GST_MESSAGE_TYPE(message) == GST_MESSAGE_ELEMENT)
            stage_seen = stage_seen || is_stage(message, "task");
        if (!stage && GST_MESSAGE_TYPE(message) == wanted)
            return TRUE;
    }
    return TRUE;
}

static void drain(GstElement *pipeline)
{
    g_autoptr(GstBus) bus = gst_element_get_bus(pipeline);
    GstMessage *message;

    while ((message = gst_bus_pop(bus))) {
        if (GST_MESSAGE_TYPE(message) == GST_MESSAGE_BUFFERING)
            count_buffering(message);
        gst_message_unref(message);
    }
}

static gint64 timed(GstElement *pipeline, gboolean seek)
{
    gint64 start = g_get_monotonic_time();

    if (!seek)
        gst_element_set_state(pipeline, GST_STATE_READY);
    else if (!gst_element_seek_simple(pipeline, GST_FORMAT_TIME, GST_SEEK_FLAG_FLUSH,
                                      6 * GST_SECOND))
        return -1;
    return g_get_monotonic_time() - start;
}

/* stage NULL: cut as soon as the flow waits, whatever the job does */
static gboolean cycle(const char *line, gboolean seek, const char *stage, gint64 *slowest)
{
    g_autoptr(GstElement) pipeline = gst_parse_launch(line, NULL);
    gboolean ok;
    gint64 took = -1;

    stage_seen = FALSE;
    gst_element_set_state(pipeline, GST_STATE_PAUSED);
    ok = until(pipeline, GST_MESSAGE_BUFFERING, NULL) &&
         (!stage || until(pipeline, GST_MESSAGE_ELEMENT, stage));
    if (ok) {
        g_usleep(50000);
        took = timed(pipeline, seek);
    }
    /* behind the shot the flow goes on although the job is not done */
    if (ok && seek)
        ok = took >= 0 && until(pipeline, GST_MESSAGE_ASYNC_DONE, NULL);
    drain(pipeline);
    gst_element_set_state(pipeline, GST_STATE_NULL);
    *slowest = took;
    g_print("%s, %s: %" G_GINT64_FORMAT " us of %" G_GINT64_FORMAT "\n", seek ? "seek" : "stop",
            stage ? stage : "anywhere", took, bar_us());
    return ok && took >= 0;
}

int main(int argc, char **argv)
{
    int cycles = argc == 3 ? atoi(argv[1]) : 0, late = 0;
    gint64 slowest = 0;

    gst_init(NULL, NULL);
    for (int i = 0; i < cycles; i++) {
        gint64 took = 0;

        if (!cycle(argv[2], i % 2, i < cycles / 2 ? NULL : "task", &took))
            return 1;
        late += took > bar_us();
        slowest = MAX(slowest, took);
    }
    g_print("%d cycles, slowest %" G_GINT64_FORMAT " us, %d late, buffering %d/%d\n", cycles,
            slowest, late, zeros, hundreds);
    return cycles > 0 && late == 0 && zeros == hundreds && zeros == cycles ? 0 : 1;
}
