/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef PROBE_MOVIE_H
#define PROBE_MOVIE_H

#include "omnisplice/media.h"
#include "probe/mp4.h"

/**
 * Facts of an MP4 or MOV from its index alone: no demuxer and no decoder is opened. Leaves
 * facts->kind unknown with facts->fault set, or without it when there is sound but no picture.
 * @return OSP_OK, OSP_EINTERNAL
 */
int movie_read(struct mp4_file *file, osp_facts *facts, osp_error *err);

#endif
