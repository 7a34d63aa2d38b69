/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef SIM_ENDPOINT_H
#define SIM_ENDPOINT_H

/** The four endpoints. A path is known by its end, so that any prefix works. */
enum sim_endpoint {
    SIM_OMNI_VIDEO,
    SIM_OMNI_IMAGE,
    SIM_TEXT_TO_AUDIO,
    SIM_AVATAR,
    SIM_ENDPOINT_COUNT /* none of them */
};

/** "omni-video": the ledger's and the faults file's word. */
const char *sim_endpoint_name(enum sim_endpoint endpoint);
/** By that word; SIM_ENDPOINT_COUNT when there is none. */
enum sim_endpoint sim_endpoint_find(const char *name);
/**
 * By the path of a URL.
 * @param id  set to what stands behind the endpoint's path, NULL when nothing does
 */
enum sim_endpoint sim_endpoint_of_path(const char *path, const char **id);

#endif
