/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef STORE_STORE_H
#define STORE_STORE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "net/http.h"

/**
 * A place where a reference is put so that the service can fetch it by URL. A kind of store is a
 * table of functions; store.c finds the kind by what stands before the first ":" of a
 * specification. Names of objects are unguessable and say nothing of the person's files.
 */
struct store;

/** What a store needs to know; read during store_open(). NULL and 0: the kind's own default. */
struct store_settings {
    const char *specification;  /* "dir:/srv/media", "s3://bucket/prefix", "cmd:..." */
    const char *public_url;     /* where the service fetches: {name} in it, or the name behind it */
    const char *key;            /* sim: bearer key; http, https: password of user, or bearer */
    struct http *http;          /* the caller's; must outlive the store */
    const char *user;           /* http, https: then the key is this user's password */
    const char *endpoint;       /* s3: address of the service; NULL: AWS */
    const char *region;         /* s3 */
    const char *addressing;     /* s3: "path", "virtual", "auto" */
    const char *profile;        /* s3: of the AWS files */
    const char *delete_command; /* cmd: what takes an object away */
    const char *memory; /* a file of the job: what must outlive the process (an upload's id) */
    int64_t life_s;     /* of an address that is signed */
    int64_t part_bytes; /* s3: of one part */
    int parallel;       /* s3: parts at once */
    int timeout_s;      /* without a byte moving; cmd: in all */
};

struct store_put {
    const char *file;
    const char *name;   /* of the object: store_name() */
    const char *type;   /* "video/mp4" */
    const char *sha256; /* of the file in hexadecimal; NULL: not known */
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
    /** Whether this very content lies under the name. NULL: its address and length tell. */
    int (*present)(void *self, struct http *http, const struct store_put *put, bool *there,
                   osp_error *err);
    /** The address that the service fetches; *url is the caller's: free(). It may be signed. */
    int (*address)(void *self, const char *name, char **url, osp_error *err);
    /** Take an object away; one that is not there is fine. */
    int (*remove)(void *self, struct http *http, const char *name, osp_cancel *cancel,
                  osp_error *err);
    void (*close)(void *self);
};

extern const struct store_kind store_dir, store_sim, store_s3, store_http, store_https, store_cmd;

/** @param out  set on success only; yours: store_close()
 *  @return OSP_OK, OSP_EACCESS (no such kind, or not usable) */
int store_open(const struct store_settings *settings, struct store **out, osp_error *err);
int store_put(struct store *store, const struct store_put *put, osp_error *err);
/**
 * Whether this very content lies under the name already and need not be sent again.
 * @param fetch_back  the address may be asked where the kind has no better way
 * @return OSP_OK (*there tells), OSP_ECANCELED; what cannot be found out is not there
 */
int store_present(struct store *store, const struct store_put *put, bool fetch_back, bool *there,
                  osp_error *err);
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
/** What the journal may call a store: its specification, of a command a hash; yours: free(). */
char *store_label(const char *specification);
/** The seconds that a signed address lives unless told otherwise. */
int64_t store_default_life_s(void);
/** A fresh name with the extension (".mp4") of the file; yours: free(). */
char *store_name(const char *file);
/** The type to send with a name: "video/mp4", "video/quicktime" ... */
const char *store_type(const char *name);

/* What the kinds share. */

/** The name in a person's address: in place of {name}, or behind it; yours: free(). */
char *store_public_address(const char *public_url, const char *name);
/** One word for each way in which a PUT or DELETE is turned down (RFC 9110 15). */
int store_refused(const char *what, int status, osp_error *err);

#endif
