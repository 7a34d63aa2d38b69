/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BASE_RATIONAL_H
#define BASE_RATIONAL_H

#include <stdbool.h>
#include <stdint.h>

#include "omnisplice/media.h"

/** Exact sums. Results are reduced; what does not fit 64 bits is rounded to the nearest that does.
 *  0/0 (not known) stays 0/0. */
osp_rational rational(int64_t num, int64_t den);
osp_rational rational_add(osp_rational a, osp_rational b);
osp_rational rational_sub(osp_rational a, osp_rational b);
osp_rational rational_mul(osp_rational a, osp_rational b);
osp_rational rational_div(osp_rational a, osp_rational b);
/** -1, 0, 1; neither may be 0/0. */
int rational_compare(osp_rational a, osp_rational b);
bool rational_known(osp_rational a);
double rational_double(osp_rational a);
/** Decimal text such as "10.05", exact when it has at most 9 places. @return false: no number */
bool rational_parse(const char *text, osp_rational *out);
/** A time as ffmpeg writes it, in seconds: "12.5", "1:30", "00:01:30.5", "1500ms", "2s". */
bool rational_parse_time(const char *text, osp_rational *out);
/** Shortest text with at most `places` decimals, point in every locale: "3", "7.54". */
void rational_print(osp_rational a, int places, char *out, int size);
/** Nearest integer, halves up; 0 of 0/0, as of rational_floor(). */
int64_t rational_round(osp_rational a);
int64_t rational_floor(osp_rational a);

#endif
