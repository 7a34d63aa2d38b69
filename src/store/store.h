/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef STORE_STORE_H
#define STORE_STORE_H

#include <stdint.h>

#include "base/error.h"
#include "net/http.h"

/**
 * A place where a reference is put so that the service can fetch it by URL. A kind of store is a
 * table of five functions; store.c finds the kind by what stands before the first ":" of a
 * specification. Names of objects are unguessable and say nothing of the person's files.
 */
struct store;

/** What a store needs to know; read during store_open(), the rest stays the caller's. */
struct store_settings {
    const char *specification; /* "dir:/srv/media", "sim:http://127.0.0.1:8000/sim/store" */
    const char *public_url;    /* dir: what stands before the name; NULL: none */
    const char *key;           /* sim: bearer key */
    struct http *http;         /* the caller's; must outlive the store */
};

struct store_put {
    const char *file;
    const char *name;                                            /* of the object: store_name() */
    const char *type;                                            /* "video/mp4" */
    void (*progress)(int64_t done, int64_t total, void *opaque); /* may be NULL */
    void *opaque;
    osp_cancel *cancel;
};

struct store_kind {
    const char *prefix; /* of the specification, without ":" */
    int (*open)(const struct store_settings *settings, const char *rest, void **self,
                osp_error *err);
    /** Put a whole object under its name; never half of it. */
    int (*put)(void *self, struct http *http, const struct store_put *put, osp_error *err);
    /** The address that the service fetches; *url is the caller's: free(). It may be signed. */
    int (*address)(void *self, const char *name, char **url, osp_error *err);
    /** Take an object away; one that is not there is fine. */
    int (*remove)(void *self, struct http *http, const char *name, osp_cancel *cancel,
                  osp_error *err);
    void (*close)(void *self);
};

extern const struct store_kind store_dir, store_sim;

/** @param out  set on success only; yours: store_close()
 *  @return OSP_OK, OSP_EACCESS (no such kind, or not usable) */
int store_open(const struct store_settings *settings, struct store **out, osp_error *err);
int store_put(struct store *store, const struct store_put *put, osp_error *err);
int store_address(struct store *store, const char *name, char **url, osp_error *err);
int store_remove(struct store *store, const char *name, osp_cancel *cancel, osp_error *err);
void store_close(struct store **store); /* NULL is fine; sets NULL */

/**
 * Ask for one byte of the object, by its address and without credentials, as the service would,
 * and compare its length. A GET with a Range: HEAD breaks presigned addresses.
 * @return OSP_OK, OSP_EACCESS (not there, not readable, another length), OSP_EAGAIN (network),
 *         OSP_ECANCELED
 */
int store_fetch_back(struct store *store, const char *url, int64_t size, osp_cancel *cancel,
                     osp_error *err);
/** A fresh name with the extension (".mp4") of the file; yours: free(). */
char *store_name(const char *file);
/** The type to send with a name: "video/mp4", "video/quicktime" ... */
const char *store_type(const char *name);

#endif
