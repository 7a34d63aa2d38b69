/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef EDIT_PIPE_H
#define EDIT_PIPE_H

#include "omnisplice/cancel.h"

/**
 * Copy every picture and sound packet of a file to standard output.
 * @param format  libavformat's name of a container that needs no seeking; NULL: "matroska"
 */
int pipe_out(const char *path, const char *format, const osp_control *control, osp_error *err);
/** Whether a format can be written to a pipe. @return OSP_OK, OSP_EUSAGE */
int pipe_check(const char *format, osp_error *err);

#endif
