/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "omnisplice/error.h"

const char *osp_version(void)
{
    return OSP_VERSION;
}
