/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AV_LATE_H
#define AV_LATE_H

#include <libavfilter/avfilter.h>
#include <libavfilter/buffersink.h>
#include <libavfilter/buffersrc.h>

#include "base/error.h"

/**
 * libavfilter, loaded when the first graph is made: it brings about a hundred libraries of its own
 * (fonts, speech, GPUs), which takes 18 of the 50 ms that a start costs, and most commands filter
 * nothing. One member per function that is used, by its name.
 */
#define LATE_AVFILTER(X)            \
    X(avfilter_version)             \
    X(avfilter_get_by_name)         \
    X(avfilter_graph_alloc)         \
    X(avfilter_graph_create_filter) \
    X(avfilter_graph_parse_ptr)     \
    X(avfilter_graph_config)        \
    X(avfilter_graph_free)          \
    X(avfilter_inout_alloc)         \
    X(avfilter_inout_free)          \
    X(av_buffersrc_add_frame_flags) \
    X(av_buffersink_get_frame)      \
    X(av_buffersink_get_time_base)  \
    X(av_buffersink_set_frame_size)

struct late_avfilter {
#define LATE_MEMBER(name) __typeof__(name) *name;
    LATE_AVFILTER(LATE_MEMBER)
#undef LATE_MEMBER
};

/** @return the functions, for the life of the process; NULL: OSP_EINTERNAL (it is not installed, or
 *  another version than this was built for). Any thread. */
const struct late_avfilter *late_avfilter(osp_error *err);

#endif
