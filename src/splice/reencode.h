/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef SPLICE_REENCODE_H
#define SPLICE_REENCODE_H

#include "omnisplice/cancel.h"
#include "omnisplice/splice.h"

/**
 * The full re-encode, for masters that cannot be spliced by packets, and only where it was asked
 * for: every picture is decoded and encoded as H.264 at the master's size and time stamps; all
 * other tracks are copied. The report says so.
 */
int reencode_check(const char *path, const osp_splice_options *options, osp_splice_report *report,
                   osp_error *err);
/** @param out  an empty file's path, written by libavformat
 *  @param name the name that the user gave: decides the container */
int reencode_run(const char *path, const char *clip, const char *out, const char *name,
                 const osp_splice_options *options, const osp_control *control,
                 osp_splice_report *report, osp_error *err);

#endif
