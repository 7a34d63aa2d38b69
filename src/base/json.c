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
#define TOKENS_MAX (4u << 20) /* a node takes 64 bytes: small texts must not become gigabytes */

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

/* The four digits of a \\u escape; -1: none. */
static int hex4(const char *p)
{
    char digits[5] = "";

    for (int i = 0; i < 4; i++) {
        if (!isxdigit((unsigned char)p[i]))
            return -1;
        digits[i] = p[i];
    }
    return (int)strtol(digits, NULL, 16);
}

/* Length of the escape at p, a backslash; 0: it is none, stands for NUL, or for half a character.
 */
static size_t escape_length(const char *p)
{
    int code, low;

    if (p[1] && strchr("\"\\/bfnrt", p[1]))
        return 2;
    if (p[1] != 'u' || (code = hex4(p + 2)) <= 0 || (code >= 0xDC00 && code <= 0xDFFF))
        return 0;
    if (code < 0xD800 || code > 0xDBFF)
        return 6;
    low = p[6] == '\\' && p[7] == 'u' ? hex4(p + 8) : -1;
    return low >= 0xDC00 && low <= 0xDFFF ? 12 : 0;
}

/* Length of the string at p; 0: it does not end, holds what a string may not, or looks like a mark.
 */
static size_t string_length(const char *p)
{
    const char *start = p;
    size_t length;

    if (str_starts(p + 1, "\\u0001"))
        return 0;
    for (p++; *p != '"'; p += length) {
        length = *p == '\\' ? escape_length(p) : (unsigned char)*p >= 0x20;
        if (!length)
            return 0;
    }
    return (size_t)(p + 1 - start);
}

/* ---- the grammar: what cJSON is given has been read here, token by token ---- */

enum expected { VALUE, VALUE_OR_END, KEY, KEY_OR_END, COLON, COMMA_OR_END, NOTHING };

struct grammar {
    enum expected expected;
    int depth;
    char open[DEPTH_MAX]; /* the brackets that are open */
};

static bool value_may_stand(const struct grammar *g)
{
    return g->expected == VALUE || g->expected == VALUE_OR_END;
}

static bool after_value(struct grammar *g)
{
    g->expected = g->depth ? COMMA_OR_END : NOTHING;
    return true;
}

static bool open_bracket(struct grammar *g, char bracket)
{
    if (!value_may_stand(g))
        return false;
    g->open[g->depth++] = bracket;
    g->expected = bracket == '{' ? KEY_OR_END : VALUE_OR_END;
    return true;
}

static bool close_bracket(struct grammar *g, char bracket)
{
    enum expected empty = bracket == '{' ? KEY_OR_END : VALUE_OR_END;

    if (!g->depth || g->open[g->depth - 1] != bracket ||
        (g->expected != empty && g->expected != COMMA_OR_END))
        return false;
    g->depth--;
    return after_value(g);
}

static bool take_string(struct grammar *g)
{
    if (g->expected != KEY && g->expected != KEY_OR_END)
        return value_may_stand(g) && after_value(g);
    g->expected = COLON;
    return true;
}

static bool take_sign(struct grammar *g, char sign)
{
    if (g->expected != (sign == ':' ? COLON : COMMA_OR_END))
        return false;
    g->expected = sign == ',' && g->open[g->depth - 1] == '{' ? KEY : VALUE;
    return true;
}

/* The token that begins with c may stand here. */
static bool take(struct grammar *g, char c)
{
    switch (c) {
    case ' ':
    case '\t':
    case '\r':
    case '\n':
        return true;
    case '{':
    case '[':
        return open_bracket(g, c);
    case '}':
        return close_bracket(g, '{');
    case ']':
        return close_bracket(g, '[');
    case ':':
    case ',':
        return take_sign(g, c);
    case '"':
        return take_string(g);
    default: /* a number, true, false or null */
        return value_may_stand(g) && after_value(g);
    }
}

#define NUMBER_DIGITS 400

static bool is_number(const char *p)
{
    return *p == '-' || isdigit((unsigned char)*p);
}

/* The length of the token at p. 0: *fault says why. */
static size_t token_length(const char *p, const char **fault)
{
    static const char *const words[] = { "true", "false", "null" };
    size_t length;

    *fault = "unexpected text";
    if (*p == '"') {
        *fault = "a string does not end, or holds what a string may not";
        return string_length(p);
    }
    if (is_number(p)) {
        *fault = "a number is malformed";
        length = number_length(p);
        return length > NUMBER_DIGITS ? 0 : length;
    }
    for (size_t i = 0; i < OSP_COUNT(words); i++) {
        if (str_starts(p, words[i]))
            return strlen(words[i]);
    }
    return strchr("{}[]:, \t\r\n", *p) ? 1 : 0;
}

/* @return where the text is refused, with *fault; NULL: nowhere */
static const char *mark_numbers(const char *text, struct strbuf *out, const char **fault)
{
    struct grammar grammar = { .expected = VALUE };
    const char *p = text;
    size_t length, tokens = 0;

    for (; *p; p += length) {
        length = token_length(p, fault);
        if (!length)
            return p;
        tokens += !isspace((unsigned char)*p);
        if (tokens > TOKENS_MAX) {
            *fault = "it has too many values";
            return p;
        }
        if ((*p == '{' || *p == '[') && grammar.depth == DEPTH_MAX) {
            *fault = "it is nested too deeply";
            return p;
        }
        if (!take(&grammar, *p)) {
            *fault = "unexpected text";
            return p;
        }
        if (is_number(p))
            strbuf_puts(out, "\"" MARK);
        strbuf_add(out, p, length);
        if (is_number(p))
            strbuf_puts(out, "\"");
    }
    *fault = "it ends too early";
    return grammar.expected == NOTHING ? NULL : p;
}

/* "line 3, column 7 (near '}')": columns count characters. */
static int refuse(const char *text, const char *at, const char *what, const char *fault,
                  osp_error *err)
{
    const char *start = at;
    int line = 1, column = 1;
    char near[28];

    for (const char *p = text; p < at; p++)
        line += *p == '\n';
    while (start > text && start[-1] != '\n')
        start--;
    for (; start < at; start++)
        column += ((unsigned char)*start & 0xC0) != 0x80;
    str_copy(near, sizeof(near), at);
    near[str_utf8_span(near)] = 0;
    near[strcspn(near, "\r\n")] = 0;
    return osp_fail(err, OSP_EUSAGE, "%s is not JSON: %s at line %d, column %d%s%s%s", what, fault,
                    line, column, near[0] ? " (near '" : "", near, near[0] ? "')" : "");
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

/* A child's name in front of the path that was found below it: "shots[1].index". */
static void prepend(const cJSON *child, size_t index, char *path, size_t size)
{
    OSP_AUTO(auto_free) char *below = strdup(path);
    const char *dot = below && below[0] && below[0] != '[' ? "." : "";

    if (child->string)
        snprintf(path, size, "%.60s%s%s", child->string, dot, below ? below : "");
    else
        snprintf(path, size, "[%zu]%s%s", index, dot, below ? below : "");
}

/* Marked strings become raw numbers. @return false: a key stands twice, path says where */
static bool settle(cJSON *value, char *path, size_t size)
{
    const char *twice;
    size_t i = 0;
    cJSON *child;

    if (cJSON_IsString(value) && str_starts(value->valuestring, MARK_VALUE)) {
        char *digits = value->valuestring + strlen(MARK_VALUE);

        memmove(value->valuestring, digits, strlen(digits) + 1);
        value->type = (value->type & ~0xFF) | cJSON_Raw;
    }
    if (cJSON_IsObject(value) && (twice = duplicate_key(value))) {
        str_copy(path, size, twice);
        return false;
    }
    cJSON_ArrayForEach(child, value)
    {
        if (!settle(child, path, size)) {
            prepend(child, i, path, size);
            return false;
        }
        i++;
    }
    return true;
}

int json_parse(const char *text, size_t size, const char *what, struct json **out, osp_error *err)
{
    OSP_AUTO(strbuf_release) struct strbuf marked = { .ceiling = 4u * JSON_CEILING };
    OSP_AUTO(auto_free) char *copy = NULL;
    const char *fault = NULL, *at;
    char path[200] = "";
    cJSON *root;

    if (size > JSON_CEILING)
        return osp_fail(err, OSP_EUSAGE, "%s is larger than %u bytes", what, JSON_CEILING);
    copy = malloc(size + 1);
    if (!copy)
        return osp_nomem(err);
    memcpy(copy, text, size);
    copy[size] = 0;
    at = copy + str_utf8_span(copy);
    if (at != copy + size)
        return refuse(copy, at, what, "it is not UTF-8 text", err);
    at = mark_numbers(copy, &marked, &fault);
    if (at)
        return refuse(copy, at, what, fault, err);
    strbuf_add(&marked, "", 0);
    if (marked.failed)
        return osp_nomem(err);
    root = cJSON_ParseWithOpts(marked.data, NULL, 1);
    if (!root) /* the grammar holds, so that memory is what failed */
        return osp_nomem(err);
    if (!settle(root, path, sizeof(path))) {
        osp_fail(err, OSP_EUSAGE, "%s is not sound JSON: '%s' stands twice", what, path);
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

const struct json *json_first(const struct json *value)
{
    return value ? wrap(node(value)->child) : NULL;
}

const struct json *json_next(const struct json *member)
{
    return wrap(node(member)->next);
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
