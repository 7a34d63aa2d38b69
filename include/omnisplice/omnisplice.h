/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef OMNISPLICE_OMNISPLICE_H
#define OMNISPLICE_OMNISPLICE_H

/** @file omnisplice.h  Everything but avframe.h, which needs libavutil. */

#include "omnisplice/cancel.h"
#include "omnisplice/check.h"
#include "omnisplice/clip.h"
#include "omnisplice/conform.h"
#include "omnisplice/edit.h"
#include "omnisplice/error.h"
#include "omnisplice/job.h"
#include "omnisplice/media.h"
#include "omnisplice/plan.h"
#include "omnisplice/prober.h"
#include "omnisplice/splice.h"
#include "omnisplice/stream.h"

#endif
