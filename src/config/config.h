/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef CONFIG_CONFIG_H
#define CONFIG_CONFIG_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "omnisplice/job.h"

/**
 * Every setting with the place it came from. Options win over the environment, the environment
 * over config.ini, that over defaults.
 *
 *     [defaults]
 *     gateway = cloudsway           a [gateway NAME]
 *     store = web                   a [store NAME] or a specification
 *     state = /srv/omnisplice
 *     threads = 4
 *
 *     [gateway cloudsway]
 *     url = https://genaiapi.cloudsway.net/v1/ai/ENDPOINT
 *     key_file = /home/me/.config/omnisplice/key
 *     profile = cloudsway-kling-o3
 *     store = web
 *     max_units_per_job = 12
 *
 *     [store web]
 *     url = dir:/srv/media
 *     public_url = https://media.example/refs
 *
 *     [store cloud]
 *     url = s3://dailies/refs
 *     endpoint = https://s3.studio.example
 *     region = eu-1
 *     profile = studio              of ~/.aws/credentials
 */
struct setting {
    char *value; /* NULL: not set */
    char *origin;
};

struct config {
    struct setting file;        /* the config.ini itself */
    struct setting state;       /* folder; always set */
    struct setting gateway;     /* the name that the journal knows it by */
    struct setting gateway_url; /* base address, no "/" at the end */
    struct setting key;         /* secret: never shown */
    struct setting key_file;    /* where it was read from */
    struct setting profile;     /* of this gateway; a shot's own wins */
    struct setting store;       /* specification */
    struct setting store_name;  /* the [store NAME] it stands in */
    struct setting public_url;  /* what stands before the object's name, or has {name} in it */
    struct setting store_endpoint, store_region, store_addressing, store_profile; /* s3 */
    struct setting store_user, store_key_file;                                    /* http(s) */
    struct setting store_key; /* secret: never shown */
    struct setting store_life_s, store_part_mib, store_parallel, store_timeout_s;
    struct setting store_delete;  /* "cmd:..." */
    struct setting keep_upload;   /* set: the reference stays in the store */
    struct setting max_units;     /* decimal */
    struct setting threads;       /* 0: as many as there are processors */
    struct setting no_fetch_back; /* set: it is not asked for from here */
};

/** @param options  read during the call; NULL: none
 *  @return OSP_OK, OSP_EACCESS (what is there cannot be read or makes no sense) */
int config_load(const osp_engine_options *options, struct config **out, osp_error *err);
void config_free(struct config **config); /* NULL is fine; sets NULL */

/** @return OSP_OK, or OSP_EACCESS and where a gateway is looked for */
int config_need_gateway(const struct config *config, osp_error *err);
/** @return OSP_OK, or OSP_EACCESS and where a key is looked for */
int config_need_key(const struct config *config, osp_error *err);
int config_threads(const struct config *config);
/** A whole number that config_load() has looked at; `otherwise` when it is not set. */
int64_t config_number(const struct setting *setting, int64_t otherwise);
/** {"settings":{NAME:{"value":...,"origin":...}}} without secrets; yours: free(). */
char *config_json(const struct config *config);

#endif
