/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Numbers. cJSON holds them as double and prints them from it, so 829836802793406551 would come
 * out as 829836802793406592. Before cJSON sees a text, every number token is therefore rewritten
 * to a marked string; afterwards those strings become raw nodes, which cJSON prints as they are.
 */
#include "base/json.h"

#include <cjson/cJSON.h>
#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/rational.h"
#include "base/str.h"

#define MARK       "\\u0001n:" /* in JSON text */
#define MARK_VALUE "\001n:"    /* the same, parsed */
#define DEPTH_MAX  64

static cJSON *node(const struct json *value)
{
    return (cJSON *)(uintptr_t)(const void *)value;
}

static struct json *wrap(cJSON *value)
{
    return (struct json *)(void *)value;
}

/* RFC 8259 6: the grammar of a number; the length of the one at p, 0 when there is none. */
static size_t number_length(const char *p)
{
    const char *start = p;

    if (*p == '-')
        p++;
    if (*p == '0')
        p++;
    else if (isdigit((unsigned char)*p))
        p += strspn(p, "0123456789");
    else
        return 0;
    if (*p == '.') {
        if (!isdigit((unsigned char)p[1]))
            return 0;
        p += 1 + strspn(p + 1, "0123456789");
    }
    if (*p == 'e' || *p == 'E') {
        p++;
        if (*p == '+' || *p == '-')
            p++;
        if (!isdigit((unsigned char)*p))
            return 0;
        p += strspn(p, "0123456789");
    }
    return (size_t)(p - start);
}

/* Past the string that begins at p; NULL: it does not end, or holds a NUL. */
static const char *string_end(const char *p)
{
    for (p++; *p && *p != '"'; p++) {
        if (*p == '\\') {
            p++;
            if (!*p || strncmp(p, "u0000", 5) == 0)
                return NULL;
        } else if ((unsigned char)*p < 0x20) {
            return NULL;
        }
    }
    return *p ? p + 1 : NULL;
}

static const char *mark_numbers(const char *text, struct strbuf *out)
{
    int depth = 0;

    for (const char *p = text; *p;) {
        const char *next = p + 1;

        if (*p == '"') {
            next = string_end(p);
            if (!next)
                return "a string does not end or holds a control character";
            strbuf_add(out, p, (size_t)(next - p));
        } else if (*p == '-' || isdigit((unsigned char)*p)) {
            size_t length = number_length(p);

            if (!length || length > 400)
                return "a number is malformed";
            next = p + length;
            strbuf_puts(out, "\"" MARK);
            strbuf_add(out, p, length);
            strbuf_puts(out, "\"");
        } else {
            depth += *p == '{' || *p == '[';
            depth -= *p == '}' || *p == ']';
            if (depth > DEPTH_MAX)
                return "it is nested too deeply";
            strbuf_add(out, p, 1);
        }
        p = next;
    }
    return NULL;
}

static int compare_keys(const void *a, const void *b)
{
    return strcmp((*(cJSON *const *)a)->string, (*(cJSON *const *)b)->string);
}

/* Members sorted by key into a fresh array; NULL: out of memory or none. */
static cJSON **sorted_members(const cJSON *object, size_t *count)
{
    cJSON **members, *member;
    size_t i = 0;

    *count = (size_t)cJSON_GetArraySize(object);
    members = *count ? calloc(*count, sizeof(*members)) : NULL;
    if (!members)
        return NULL;
    cJSON_ArrayForEach(member, object) members[i++] = member;
    qsort(members, *count, sizeof(*members), compare_keys);
    return members;
}

static const char *duplicate_key(const cJSON *object)
{
    size_t count;
    OSP_AUTO(auto_free) cJSON **members = sorted_members(object, &count);

    for (size_t i = 1; members && i < count; i++) {
        if (strcmp(members[i - 1]->string, members[i]->string) == 0)
            return members[i]->string;
    }
    return NULL;
}

/* Marked strings become raw numbers. @return a key that stands twice, or NULL */
static const char *settle(cJSON *value)
{
    const char *twice = NULL;
    cJSON *child;

    if (cJSON_IsString(value) && str_starts(value->valuestring, MARK_VALUE)) {
        char *digits = value->valuestring + strlen(MARK_VALUE);

        if (*digits && number_length(digits) == strlen(digits)) {
            memmove(value->valuestring, digits, strlen(digits) + 1);
            value->type = (value->type & ~0xFF) | cJSON_Raw;
        }
    }
    if (cJSON_IsObject(value) && (twice = duplicate_key(value)))
        return twice;
    cJSON_ArrayForEach(child, value)
    {
        if ((twice = settle(child)))
            return twice;
    }
    return NULL;
}

int json_parse(const char *text, size_t size, const char *what, struct json **out, osp_error *err)
{
    OSP_AUTO(strbuf_release) struct strbuf marked = { .ceiling = 4u * JSON_CEILING };
    OSP_AUTO(auto_free) char *copy = NULL;
    const char *fault, *end = NULL, *twice;
    cJSON *root;

    if (size > JSON_CEILING)
        return osp_fail(err, OSP_EUSAGE, "%s is larger than %u bytes", what, JSON_CEILING);
    copy = malloc(size + 1);
    if (!copy)
        return osp_nomem(err);
    memcpy(copy, text, size);
    copy[size] = 0;
    if (strlen(copy) != size || str_code_points(copy) < 0)
        return osp_fail(err, OSP_EUSAGE, "%s is not JSON: it is not UTF-8 text", what);
    fault = mark_numbers(copy, &marked);
    if (fault)
        return osp_fail(err, OSP_EUSAGE, "%s is not JSON: %s", what, fault);
    strbuf_add(&marked, "", 0);
    if (marked.failed)
        return osp_nomem(err);
    root = cJSON_ParseWithOpts(marked.data, &end, 1);
    if (!root)
        return osp_fail(err, OSP_EUSAGE, "%s is not JSON: unexpected text at '%.24s'", what,
                        end ? end : "");
    twice = settle(root);
    if (twice) {
        osp_fail(err, OSP_EUSAGE, "%s is not sound JSON: '%.60s' stands twice", what, twice);
        cJSON_Delete(root);
        return OSP_EUSAGE;
    }
    *out = wrap(root);
    return OSP_OK;
}

void json_free(struct json **root)
{
    cJSON_Delete(node(*root));
    *root = NULL;
}

const struct json *json_get(const struct json *object, const char *key)
{
    return wrap(cJSON_GetObjectItemCaseSensitive(node(object), key));
}

const struct json *json_path(const struct json *root, const char *path)
{
    char key[64];

    while (root && *path) {
        size_t length = strcspn(path, ".");

        if (length >= sizeof(key))
            return NULL;
        memcpy(key, path, length);
        key[length] = 0;
        root = json_get(root, key);
        path += length + (path[length] == '.');
    }
    return root;
}

const struct json *json_at(const struct json *array, size_t i)
{
    return wrap(cJSON_GetArrayItem(node(array), (int)i));
}

size_t json_size(const struct json *value)
{
    return value ? (size_t)cJSON_GetArraySize(node(value)) : 0;
}

const char *json_key(const struct json *member)
{
    return member ? node(member)->string : NULL;
}

bool json_is_null(const struct json *value)
{
    return !value || cJSON_IsNull(node(value));
}

bool json_is_object(const struct json *value)
{
    return cJSON_IsObject(node(value));
}

bool json_is_array(const struct json *value)
{
    return cJSON_IsArray(node(value));
}

bool json_is_string(const struct json *value)
{
    return cJSON_IsString(node(value));
}

bool json_is_number(const struct json *value)
{
    return cJSON_IsRaw(node(value));
}

bool json_is_bool(const struct json *value)
{
    return cJSON_IsBool(node(value));
}

const char *json_string(const struct json *value)
{
    return cJSON_IsString(node(value)) ? node(value)->valuestring : NULL;
}

const char *json_text(const struct json *value)
{
    return json_is_string(value) || json_is_number(value) ? node(value)->valuestring : NULL;
}

bool json_true(const struct json *value)
{
    return cJSON_IsTrue(node(value));
}

bool json_int64(const struct json *value, int64_t *out)
{
    return str_to_int64(json_text(value), INT64_MIN, INT64_MAX, out);
}

int64_t json_int64_or(const struct json *value, int64_t otherwise)
{
    int64_t number;

    return json_int64(value, &number) ? number : otherwise;
}

struct json *json_object(void)
{
    return wrap(cJSON_CreateObject());
}

struct json *json_array(void)
{
    return wrap(cJSON_CreateArray());
}

void json_set(struct json *object, const char *key, struct json *value)
{
    if (!object || !value || !cJSON_AddItemToObject(node(object), key, node(value)))
        cJSON_Delete(node(value));
}

void json_push(struct json *array, struct json *value)
{
    if (!array || !value || !cJSON_AddItemToArray(node(array), node(value)))
        cJSON_Delete(node(value));
}

struct json *json_new_string(const char *value)
{
    return wrap(value ? cJSON_CreateString(value) : cJSON_CreateNull());
}

struct json *json_new_int(int64_t value)
{
    char digits[24];

    snprintf(digits, sizeof(digits), "%lld", (long long)value);
    return wrap(cJSON_CreateRaw(digits));
}

void json_set_string(struct json *object, const char *key, const char *value)
{
    json_set(object, key, json_new_string(value));
}

void json_set_int(struct json *object, const char *key, int64_t value)
{
    json_set(object, key, json_new_int(value));
}

void json_set_bool(struct json *object, const char *key, bool value)
{
    json_set(object, key, wrap(cJSON_CreateBool(value)));
}

void json_set_double(struct json *object, const char *key, double value, int places)
{
    char digits[64];

    if (!isfinite(value) || fabs(value) > 1e12) {
        json_set_null(object, key);
        return;
    }
    /* through a ratio, since printf would use the locale's point */
    rational_print(rational((int64_t)llround(value * 1e6), 1000000), places, digits,
                   (int)sizeof(digits));
    json_set_raw_number(object, key, digits);
}

void json_set_raw_number(struct json *object, const char *key, const char *digits)
{
    size_t length = number_length(digits);

    if (length && !digits[length])
        json_set(object, key, wrap(cJSON_CreateRaw(digits)));
    else
        json_set_null(object, key);
}

void json_set_null(struct json *object, const char *key)
{
    json_set(object, key, wrap(cJSON_CreateNull()));
}

void json_push_string(struct json *array, const char *value)
{
    json_push(array, json_new_string(value));
}

struct json *json_copy(const struct json *value)
{
    return wrap(cJSON_Duplicate(node(value), 1));
}

void json_merge(struct json *target, const struct json *patch)
{
    cJSON *member;

    cJSON_ArrayForEach(member, node(patch))
    {
        cJSON *old = cJSON_GetObjectItemCaseSensitive(node(target), member->string);

        if (cJSON_IsNull(member)) {
            cJSON_DeleteItemFromObjectCaseSensitive(node(target), member->string);
        } else if (cJSON_IsObject(member)) {
            if (!cJSON_IsObject(old)) {
                cJSON_DeleteItemFromObjectCaseSensitive(node(target), member->string);
                json_set(target, member->string, json_object());
                old = cJSON_GetObjectItemCaseSensitive(node(target), member->string);
            }
            json_merge(wrap(old), wrap(member));
        } else {
            cJSON_DeleteItemFromObjectCaseSensitive(node(target), member->string);
            json_set(target, member->string, wrap(cJSON_Duplicate(member, 1)));
        }
    }
}

/* An object or array that holds another one goes over several lines, the rest stays on one. */
static bool spreads(const cJSON *value)
{
    const cJSON *child;

    if (cJSON_IsObject(value))
        return value->child != NULL;
    cJSON_ArrayForEach(child, value)
    {
        if (cJSON_IsObject(child) || cJSON_IsArray(child))
            return true;
    }
    return false;
}

static void print_leaf(const cJSON *value, struct strbuf *out)
{
    OSP_AUTO(auto_free) char *text = cJSON_PrintUnformatted(value);

    if (!text)
        out->failed = true;
    /* file names need not be UTF-8, a document must (RFC 8259 8.1): U+FFFD for each such byte */
    for (const char *p = text; p && *p;) {
        size_t size = str_character(p);

        strbuf_add(out, size ? p : "\xEF\xBF\xBD", size ? size : 3);
        p += size ? size : 1;
    }
}

static void print_pretty(const cJSON *value, int depth, struct strbuf *out)
{
    bool object = cJSON_IsObject(value), spread = spreads(value);
    const cJSON *child;

    if (!object && !cJSON_IsArray(value)) {
        print_leaf(value, out);
        return;
    }
    strbuf_puts(out, object ? "{" : "[");
    cJSON_ArrayForEach(child, value)
    {
        if (spread)
            strbuf_printf(out, "\n%*s", 2 * (depth + 1), "");
        if (object) {
            OSP_AUTO(json_free) struct json *key = json_new_string(child->string);

            print_leaf(node(key), out);
            strbuf_puts(out, ": ");
        }
        print_pretty(child, depth + 1, out);
        if (child->next)
            strbuf_puts(out, spread ? "," : ", ");
    }
    if (spread)
        strbuf_printf(out, "\n%*s", 2 * depth, "");
    strbuf_puts(out, object ? "}" : "]");
}

char *json_print(const struct json *value, bool pretty)
{
    struct strbuf out = STRBUF_INIT;

    if (!value)
        return NULL;
    if (pretty)
        print_pretty(node(value), 0, &out);
    else
        print_leaf(node(value), &out);
    return strbuf_take(&out);
}

static void print_sorted(const cJSON *value, struct strbuf *out)
{
    bool object = cJSON_IsObject(value);
    size_t count = 0, i = 0;
    OSP_AUTO(auto_free) cJSON **members = object ? sorted_members(value, &count) : NULL;
    const cJSON *child;

    if (!object && !cJSON_IsArray(value)) {
        print_leaf(value, out);
        return;
    }
    if (count && !members)
        out->failed = true;
    strbuf_puts(out, object ? "{" : "[");
    for (i = 0; members && i < count; i++) {
        OSP_AUTO(json_free) struct json *key = json_new_string(members[i]->string);

        strbuf_puts(out, i ? "," : "");
        print_leaf(node(key), out);
        strbuf_puts(out, ":");
        print_sorted(members[i], out);
    }
    i = 0;
    if (!object) {
        cJSON_ArrayForEach(child, value)
        {
            if (i++)
                strbuf_puts(out, ",");
            print_sorted(child, out);
        }
    }
    strbuf_puts(out, object ? "}" : "]");
}

char *json_print_canonical(const struct json *value)
{
    struct strbuf out = STRBUF_INIT;

    print_sorted(node(value), &out);
    return strbuf_take(&out);
}
