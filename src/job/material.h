/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef JOB_MATERIAL_H
#define JOB_MATERIAL_H

#include "base/hash.h"
#include "job/engine.h"

/** What a job is made of: everything that its key is a hash of. */
struct material {
    osp_facts *facts;
    osp_profile *profile;
    osp_plan *plan;
    char *request; /* canonical body, without address and external id */
    char *gateway; /* identity */
    char key[SHA256_HEX];
};

/** Probe, plan, hash. Costs nothing, sends nothing. Release it in either case.
 *  @return OSP_OK, OSP_EMEDIA, OSP_EUSAGE, OSP_EINTERNAL */
int material_make(const osp_engine *engine, const osp_shot *shot, const char *gateway,
                  struct material *out, osp_error *err);
/** The same for another identity of the gateway. @return OSP_OK, OSP_EMEDIA, OSP_EINTERNAL */
int material_rename(struct material *material, const osp_shot *shot, const char *gateway,
                    osp_error *err);
void material_release(struct material *material);

#endif
