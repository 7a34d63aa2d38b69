/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BASE_JSON_H
#define BASE_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

/**
 * The one way to JSON (RFC 8259). cJSON does the work; what it lets pass is refused here: trailing
 * bytes, duplicate keys, text that is not UTF-8, deep nesting, sizes above the ceiling, millions of
 * values. Integers keep their digits: task ids and element ids lie beyond 2^53, where a double
 * loses the last ones.
 */
struct json; /* a value; children belong to the root */

#define JSON_CEILING (64u << 20)

/** A refusal says where: line and column, or of a key that stands twice its path.
 *  @param what  names the text in messages ("answer of the gateway")
 *  @param out   set on success only; yours: json_free() */
int json_parse(const char *text, size_t size, const char *what, struct json **out, osp_error *err);
void json_free(struct json **root);

/** Readers take NULL for a value that is not there, so that calls can be nested. */
const struct json *json_get(const struct json *object, const char *key);
/** Dotted way down: "video.side_px.min". */
const struct json *json_path(const struct json *root, const char *path);
const struct json *json_at(const struct json *array, size_t i);
/** Over the members of an array or object: for (m = json_first(v); m; m = json_next(m)) */
const struct json *json_first(const struct json *value);
const struct json *json_next(const struct json *member);
size_t json_size(const struct json *value);      /* members of an array or object */
const char *json_key(const struct json *member); /* of an object's member; NULL otherwise */
bool json_is_null(const struct json *value);     /* null, or not there */
bool json_is_object(const struct json *value);
bool json_is_array(const struct json *value);
bool json_is_string(const struct json *value);
bool json_is_number(const struct json *value);
bool json_is_bool(const struct json *value);
const char *json_string(const struct json *value); /* NULL: not a string */
/** A string, or the digits of a number as they stood in the text; NULL: neither. */
const char *json_text(const struct json *value);
bool json_true(const struct json *value);
/** An integer within 64 bits, of a number or of a string of digits. */
bool json_int64(const struct json *value, int64_t *out);
int64_t json_int64_or(const struct json *value, int64_t otherwise);

/** Writers. They return NULL or do nothing when memory is out; json_print() then fails. */
struct json *json_object(void);
struct json *json_array(void);
void json_set(struct json *object, const char *key, struct json *value);       /* takes the value */
void json_push(struct json *array, struct json *value);                        /* takes the value */
void json_set_string(struct json *object, const char *key, const char *value); /* NULL: null */
void json_set_int(struct json *object, const char *key, int64_t value);
void json_set_bool(struct json *object, const char *key, bool value);
/** At most `places` decimals, point in every locale; not finite: null. */
void json_set_double(struct json *object, const char *key, double value, int places);
/** Digits as they are, for example a 64-bit id as a bare number. */
void json_set_raw_number(struct json *object, const char *key, const char *digits);
void json_set_null(struct json *object, const char *key);
void json_push_string(struct json *array, const char *value);
struct json *json_new_string(const char *value);
struct json *json_new_int(int64_t value);
struct json *json_copy(const struct json *value);
/** Merge patch (RFC 7396). */
void json_merge(struct json *target, const struct json *patch);

/** Text; yours: free(). NULL: out of memory. */
char *json_print(const struct json *value, bool pretty);
/** Members of every object sorted by key, no blanks: equal meaning gives equal text. */
char *json_print_canonical(const struct json *value);

#endif
