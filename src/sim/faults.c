/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sim/faults.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/fs.h"
#include "base/rational.h"
#include "base/str.h"
#include "sim/endpoint.h"
#include "sim/sim.h"

#define WORD_MAX 64

/* fault, word, unit of its value ("" when it takes none), scale of that value, help */
#define FAULTS(X)                                                                             \
    X(SIM_FAULT_REFUSE, "refuse", "", 0, "refused at create: 400, code 1201")                 \
    X(SIM_FAULT_MONEY, "money", "", 0, "refused at create: 429, code 1102")                   \
    X(SIM_FAULT_BUSY, "busy", "", 0, "refused the first time: 429, code 1303")                \
    X(SIM_FAULT_CODE, "code", "=CODE", 1, "refused at create with that code")                 \
    X(SIM_FAULT_500, "500", "", 0, "the task is made, the answer is 500, code 5000")          \
    X(SIM_FAULT_RESET, "reset", "", 0, "the task is made, the connection is reset")           \
    X(SIM_FAULT_HANG, "hang", "=SECONDS", 1000, "the task is made, the answer comes late")    \
    X(SIM_FAULT_NOJSON, "nojson", "", 0, "the task is made, the answer is 200 with HTML")     \
    X(SIM_FAULT_SLOW, "slow", "=SECONDS", 1000, "the task takes that much longer")            \
    X(SIM_FAULT_HIDE, "hide", "=SECONDS", 1000, "queries do not find the task for that long") \
    X(SIM_FAULT_FAIL, "fail", "", 0, "the task fails")                                        \
    X(SIM_FAULT_POLICY, "policy", "", 0, "the task fails: risk control")                      \
    X(SIM_FAULT_SHORT, "short", "", 0, "the result is one second shorter")                    \
    X(SIM_FAULT_RATIO, "ratio", "", 0, "the result has another aspect ratio")                 \
    X(SIM_FAULT_GARBAGE, "garbage", "", 0, "the result is not what its name says")            \
    X(SIM_FAULT_GONE, "gone", "", 0, "the result's address answers 404")                      \
    X(SIM_FAULT_CUT, "cut", "", 0, "the result's first download breaks off in the middle")

struct entry {
    const char *word;
    int64_t scale; /* of the value; 0: it takes none */
};

#define ENTRY(fault, word, unit, scale, help) [fault] = { word, scale },
#define LINE(fault, word, unit, scale, help)  "  sim:" word unit "  " help "\n"

static const struct entry table[SIM_FAULT_COUNT] = { FAULTS(ENTRY) };

static const char help_text[] = "Words in a prompt that make the simulator misbehave:\n" FAULTS(
    LINE) "A faults file applies the same to creates by their number, counted from 1 for each "
          "endpoint\n"
          "over the life of the state folder:\n"
          "  [{\"endpoint\": \"omni-video\", \"nth\": 1, \"fault\": \"reset\"},\n"
          "   {\"endpoint\": \"text-to-audio\", \"nth\": 2, \"fault\": \"hang=2\"}]\n"
          "endpoint is omni-video, omni-image, text-to-audio or avatar; left out: any. nth left "
          "out:\n"
          "every one.\n";

const char *sim_help_faults(void)
{
    return help_text;
}

void sim_faults_clear(struct sim_faults *faults)
{
    for (int i = 0; i < SIM_FAULT_COUNT; i++)
        faults->value[i] = -1;
}

bool sim_faults_on(const struct sim_faults *faults, enum sim_fault fault)
{
    return faults->value[fault] >= 0;
}

bool sim_faults_add(struct sim_faults *faults, const char *word)
{
    const char *equals = strchr(word, '=');
    size_t length = equals ? (size_t)(equals - word) : strlen(word);
    osp_rational value = { 0, 1 };

    for (int i = 0; i < SIM_FAULT_COUNT; i++) {
        if (strlen(table[i].word) != length || strncmp(table[i].word, word, length) != 0)
            continue;
        if (!equals != !table[i].scale)
            return false;
        if (equals && (!rational_parse(equals + 1, &value) || value.num < 0))
            return false;
        faults->value[i] = rational_round(rational_mul(value, rational(table[i].scale, 1)));
        return true;
    }
    return false;
}

void sim_faults_from_prompt(struct sim_faults *faults, const char *prompt, char *unknown)
{
    const char *p = prompt;

    *unknown = 0;
    while ((p = strstr(p, "sim:"))) {
        bool starts = p == prompt || !isalnum((unsigned char)p[-1]);
        size_t length = strspn(p + 4, "abcdefghijklmnopqrstuvwxyz0123456789=.");
        char word[WORD_MAX];

        p += 4;
        while (length > 0 && p[length - 1] == '.') /* the end of a sentence */
            length--;
        snprintf(word, sizeof(word), "%.*s", (int)(length < WORD_MAX ? length : WORD_MAX - 1), p);
        p += length;
        if (starts && length > 0 && !sim_faults_add(faults, word) && !*unknown)
            str_copy(unknown, WORD_MAX, word);
    }
}

struct json *sim_faults_json(const struct sim_faults *faults)
{
    struct json *list = json_array();

    for (int i = 0; i < SIM_FAULT_COUNT; i++) {
        char word[WORD_MAX], number[32];

        if (faults->value[i] < 0)
            continue;
        snprintf(word, sizeof(word), "%s", table[i].word);
        if (table[i].scale) {
            rational_print(rational(faults->value[i], table[i].scale), 3, number, sizeof(number));
            snprintf(word, sizeof(word), "%.20s=%s", table[i].word, number);
        }
        json_push_string(list, word);
    }
    return list;
}

void sim_faults_read(struct sim_faults *faults, const struct json *list)
{
    sim_faults_clear(faults);
    for (size_t i = 0; i < json_size(list); i++) {
        const char *word = json_string(json_at(list, i));

        if (word)
            (void)sim_faults_add(faults, word); /* written by sim_faults_json() */
    }
}

/* "reset" and "sim:reset" are the same in a file. */
static const char *file_word(const struct json *entry)
{
    const char *word = json_string(json_get(entry, "fault"));

    return word && str_starts(word, "sim:") ? word + 4 : word;
}

static int judge_entry(const struct json *entry, size_t i, const char *path, osp_error *err)
{
    const struct json *endpoint = json_get(entry, "endpoint"), *nth = json_get(entry, "nth");
    const char *word = file_word(entry);
    struct sim_faults scratch;
    int64_t number = 1;

    sim_faults_clear(&scratch);
    if (!json_is_object(entry) || !word || !sim_faults_add(&scratch, word))
        return osp_fail(err, OSP_EUSAGE, "'%s': entry %zu names no fault of the simulator", path,
                        i + 1);
    if (!json_is_null(endpoint) &&
        (!json_string(endpoint) || sim_endpoint_find(json_string(endpoint)) == SIM_ENDPOINT_COUNT))
        return osp_fail(err, OSP_EUSAGE, "'%s': entry %zu names no endpoint", path, i + 1);
    if (!json_is_null(nth) && (!json_int64(nth, &number) || number < 1))
        return osp_fail(err, OSP_EUSAGE, "'%s': entry %zu: nth counts from 1", path, i + 1);
    return OSP_OK;
}

int sim_faults_file_open(const char *path, struct json **out, osp_error *err)
{
    OSP_AUTO(auto_free) char *text = NULL;
    OSP_AUTO(json_free) struct json *list = NULL;
    size_t size;
    int ret = fs_read_file(path, 1u << 20, &text, &size, err);

    if (ret == OSP_OK)
        ret = json_parse(text, size, path, &list, err);
    if (ret == OSP_OK && !json_is_array(list))
        ret = osp_fail(err, OSP_EUSAGE, "'%s' is not a list of faults", path);
    for (size_t i = 0; ret == OSP_OK && i < json_size(list); i++)
        ret = judge_entry(json_at(list, i), i, path, err);
    if (ret < 0)
        return ret;
    *out = OSP_TAKE(list);
    return OSP_OK;
}

void sim_faults_from_file(struct sim_faults *faults, const struct json *file, const char *endpoint,
                          int64_t nth)
{
    for (size_t i = 0; i < json_size(file); i++) {
        const struct json *entry = json_at(file, i);
        const char *where = json_string(json_get(entry, "endpoint"));

        if ((!where || strcmp(where, endpoint) == 0) &&
            json_int64_or(json_get(entry, "nth"), nth) == nth)
            (void)sim_faults_add(faults, file_word(entry)); /* judged when it was opened */
    }
}
