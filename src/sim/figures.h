/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef SIM_FIGURES_H
#define SIM_FIGURES_H

#include <stdint.h>

#include "base/rational.h"

/** The simulator's arithmetic: ids, frames, sizes, money. Pure. */

/** Ids of the service carry their time: (id >> 22) + 1568028518780 is the creation in ms. */
int64_t sim_id_make(int64_t created_ms, uint32_t low); /* the low 22 bits */
int64_t sim_id_time(int64_t id);

/** Frames of a result as long as its input: the nearest step*k + 1, a tie goes up. */
int64_t sim_frames(osp_rational seconds, int64_t fps, int64_t step);
/** Seconds of that many frames, cut (not rounded) to three places: 121 at 24 is "5.041". */
void sim_duration_text(int64_t frames, int64_t fps, char *out, int size);

/** Equal area, not equal side: sqrt(area x ratio), each side the nearest even number. */
void sim_size(int64_t area, osp_rational ratio, int *width, int *height);
/** "16:9"; 0/0 when it is no ratio. */
osp_rational sim_ratio_parse(const char *text);

/** Seconds that are billed: the nearest integer, a tie counts up. */
int64_t sim_seconds_billed(osp_rational seconds);
/** seconds times a decimal rate, exact. */
osp_rational sim_units(int64_t seconds, osp_rational units_per_s);
/** Money as the service writes it: "5", "0.25". */
void sim_units_text(osp_rational units, char *out, int size);

#endif
