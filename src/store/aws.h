/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef STORE_AWS_H
#define STORE_AWS_H

#include "base/error.h"

/**
 * What the tools of AWS know of an account: the AWS_* variables, then a profile of
 * ~/.aws/credentials and ~/.aws/config (AWS_SHARED_CREDENTIALS_FILE, AWS_CONFIG_FILE).
 */
struct aws {
    char *access, *secret;
    char *token; /* NULL: a key that lasts */
    char *region;
    char *endpoint;
    char *addressing; /* "path", "virtual", "auto" */
};

/**
 * @param profile  a name wins over keys of the environment, as it does for those tools; NULL:
 *                 AWS_PROFILE, "default"
 * @param out      aws_release() in either case
 * @return OSP_OK (access and secret are set, the rest may be NULL), OSP_EACCESS
 */
int aws_load(const char *profile, struct aws *out, osp_error *err);
void aws_release(struct aws *aws);

#endif
