/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config/config.h"

#include <errno.h>
#include <glib.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/auto.h"
#include "base/fs.h"
#include "base/json.h"
#include "base/rational.h"
#include "base/str.h"
#include "config/keyfile.h"
#include "net/http.h"

static void key_file_cleanup(GKeyFile **ini)
{
    if (*ini)
        g_key_file_free(*ini);
    *ini = NULL;
}

static void gerror_cleanup(GError **error)
{
    g_clear_error(error);
}

/* ---- one setting --------------------------------------------------------------------------- */

static void setting_release(struct setting *setting)
{
    auto_free(&setting->value);
    auto_free(&setting->origin);
}

/* The first place that has a value wins: later calls for a set one do nothing. */
static int setting_put(struct setting *setting, const char *value, const char *origin,
                       osp_error *err)
{
    if (setting->value || !value || !*value)
        return OSP_OK;
    setting->value = strdup(value);
    setting->origin = strdup(origin);
    return setting->value && setting->origin ? OSP_OK : osp_nomem(err);
}

static int setting_option(struct setting *setting, const char *value, osp_error *err)
{
    return setting_put(setting, value, "option", err);
}

static int setting_env(struct setting *setting, const char *name, osp_error *err)
{
    char origin[64];

    snprintf(origin, sizeof(origin), "environment %s", name);
    return setting_put(setting, getenv(name), origin, err);
}

static int setting_ini(struct setting *setting, GKeyFile *ini, const char *group, const char *key,
                       osp_error *err)
{
    char *value = ini ? g_key_file_get_string(ini, group, key, NULL) : NULL;
    OSP_AUTO(auto_free) char *origin = str_format("config.ini [%s] %s", group, key);
    int ret = origin ? setting_put(setting, value, origin, err) : osp_nomem(err);

    g_free(value);
    return ret;
}

/* ---- places -------------------------------------------------------------------------------- */

/* XDG Base Directory Specification: a value that is no absolute path is ignored. */
static char *xdg_path(const char *name, const char *fallback, const char *leaf)
{
    const char *base = getenv(name);
    const char *home = getenv("HOME");

    if (base && base[0] == '/')
        return str_format("%s/omnisplice%s", base, leaf);
    return str_format("%s/%s/omnisplice%s", home && *home ? home : "/", fallback, leaf);
}

static int find_state(struct config *config, const osp_engine_options *options, GKeyFile *ini,
                      osp_error *err)
{
    OSP_AUTO(auto_free) char *fallback = xdg_path("XDG_STATE_HOME", ".local/state", "");
    int ret = setting_option(&config->state, options->state, err);

    if (ret == OSP_OK)
        ret = setting_env(&config->state, "OMNISPLICE_STATE", err);
    if (ret == OSP_OK)
        ret = setting_ini(&config->state, ini, "defaults", "state", err);
    if (ret == OSP_OK)
        ret = fallback ? setting_put(&config->state, fallback, "default", err) : osp_nomem(err);
    return ret;
}

/* A file that was asked for must be there; the one at the usual place need not. */
static int load_ini(struct config *config, const osp_engine_options *options, GKeyFile **ini,
                    osp_error *err)
{
    OSP_AUTO(auto_free) char *usual = xdg_path("XDG_CONFIG_HOME", ".config", "/config.ini");
    OSP_AUTO(gerror_cleanup) GError *error = NULL;
    int ret = setting_option(&config->file, options->config, err);
    struct stat st;

    if (ret == OSP_OK)
        ret = setting_env(&config->file, "OMNISPLICE_CONFIG", err);
    if (ret < 0)
        return ret;
    if (!config->file.value && (!usual || !fs_exists(usual)))
        return usual ? OSP_OK : osp_nomem(err);
    ret = setting_put(&config->file, usual, "default", err);
    if (ret < 0)
        return ret;
    if (stat(config->file.value, &st) == 0 && !S_ISREG(st.st_mode)) /* a pipe would block */
        return osp_fail(err, OSP_EACCESS, "the configuration '%s' is no regular file",
                        config->file.value);
    *ini = g_key_file_new();
    if (!g_key_file_load_from_file(*ini, config->file.value, G_KEY_FILE_NONE, &error))
        return osp_fail(err, OSP_EACCESS, "cannot read the configuration '%s': %s",
                        config->file.value, error->message);
    return OSP_OK;
}

/* ---- the gateway --------------------------------------------------------------------------- */

static void cut_slashes(char *url)
{
    size_t size = strlen(url);

    while (size && url[size - 1] == '/')
        url[--size] = 0;
}

static int named_gateway(struct config *config, GKeyFile *ini, osp_error *err)
{
    const char *name = config->gateway.value;
    OSP_AUTO(auto_free) char *group = str_format("gateway %s", name);
    int ret;

    if (!group)
        return osp_nomem(err);
    /* a reserved word: the program runs the simulator and gives its address */
    if (strcmp(name, "sim") == 0 && (!ini || !g_key_file_has_group(ini, group)))
        return OSP_OK;
    if (!ini || !g_key_file_has_group(ini, group)) {
        osp_fail(err, OSP_EACCESS, "there is no gateway '%s' in %s", name,
                 config->file.value ? config->file.value : "the configuration (there is none)");
        return osp_hint(err, "add [gateway %s] with url and key_file, or give an address", name);
    }
    ret = setting_ini(&config->gateway_url, ini, group, "url", err);
    if (ret == OSP_OK)
        ret = setting_ini(&config->key_file, ini, group, "key_file", err);
    if (ret == OSP_OK)
        ret = setting_ini(&config->profile, ini, group, "profile", err);
    if (ret == OSP_OK)
        ret = setting_ini(&config->store, ini, group, "store", err);
    if (ret == OSP_OK)
        ret = setting_ini(&config->max_units, ini, group, "max_units_per_job", err);
    if (ret == OSP_OK && !config->gateway_url.value)
        ret = osp_fail(err, OSP_EACCESS, "[gateway %s] has no url", name);
    return ret;
}

/* An address is its own name in the journal, unless the caller knows a better one: the port of a
 * simulator changes from run to run, its tasks do not. */
static int gateway_by_url(struct config *config, const osp_engine_options *options, osp_error *err)
{
    int ret = setting_put(&config->gateway_url, config->gateway.value, config->gateway.origin, err);

    if (ret < 0)
        return ret;
    cut_slashes(config->gateway.value);
    config->gateway.value[strcspn(config->gateway.value, "?#")] = 0;
    if (!options->gateway_name || !*options->gateway_name)
        return OSP_OK;
    setting_release(&config->gateway);
    return setting_option(&config->gateway, options->gateway_name, err);
}

static int find_gateway(struct config *config, const osp_engine_options *options, GKeyFile *ini,
                        osp_error *err)
{
    int ret = setting_option(&config->gateway, options->gateway, err);

    if (ret == OSP_OK)
        ret = setting_env(&config->gateway, "OMNISPLICE_GATEWAY", err);
    if (ret == OSP_OK)
        ret = setting_ini(&config->gateway, ini, "defaults", "gateway", err);
    if (ret < 0 || !config->gateway.value)
        return ret;
    ret = strstr(config->gateway.value, "://") ? gateway_by_url(config, options, err)
                                               : named_gateway(config, ini, err);
    if (ret == OSP_OK && config->gateway_url.value)
        cut_slashes(config->gateway_url.value);
    return ret;
}

/* ---- key, store, the rest ------------------------------------------------------------------ */

/* Of the file only when nothing nearer gave a key. */
static int key_of_file(struct setting *to, const struct setting *file, osp_error *err)
{
    OSP_AUTO(auto_free) char *key = NULL;
    int ret;

    if (!file->value)
        return OSP_OK;
    ret = keyfile_read(file->value, &key, err);
    return ret < 0 ? ret : setting_put(to, key, file->origin, err);
}

static int find_key(struct config *config, const osp_engine_options *options, osp_error *err)
{
    const char *text = options->key && *options->key ? options->key : NULL;
    const char *origin = text ? "option" : "environment OMNISPLICE_API_KEY";
    OSP_AUTO(auto_free) char *key = NULL;
    int ret;

    if (!text && !options->key_file)
        text = getenv("OMNISPLICE_API_KEY");
    if (text && *text) {
        ret = keyfile_clean(text, origin, &key, err);
        return ret < 0 ? ret : setting_put(&config->key, key, origin, err);
    }
    return key_of_file(&config->key, &config->key_file, err);
}

/* ---- the store ----------------------------------------------------------------------------- */

/* What belongs to a store: by option, environment, and in its section. A number has bounds. */
static const struct store_row {
    const char *ini, *variable, *shown;
    size_t at, option;
    int64_t min, max;
} store_rows[] = {
#define ROW(ini, variable, member)                                          \
#ini, "OMNISPLICE_" variable, #member, offsetof(struct config, member), \
        offsetof(osp_engine_options, member)
    { ROW(public_url, "PUBLIC_URL", public_url), 0, 0 },
    { ROW(endpoint, "STORE_ENDPOINT", store_endpoint), 0, 0 },
    { ROW(region, "STORE_REGION", store_region), 0, 0 },
    { ROW(addressing, "STORE_ADDRESSING", store_addressing), 0, 0 },
    { ROW(profile, "STORE_PROFILE", store_profile), 0, 0 },
    { ROW(user, "STORE_USER", store_user), 0, 0 },
    { ROW(key_file, "STORE_KEY_FILE", store_key_file), 0, 0 },
    { ROW(life_s, "STORE_LIFE", store_life_s), 1, 7 * 24 * 3600 }, /* AWS takes no longer one */
    { ROW(part_mib, "STORE_PART", store_part_mib), 5, 5 * 1024 },  /* the API's own bounds */
    { ROW(parallel, "STORE_PARALLEL", store_parallel), 1, 16 },
    { ROW(timeout_s, "STORE_TIMEOUT", store_timeout_s), 1, 24 * 3600 },
    { ROW(delete, "STORE_DELETE", store_delete), 0, 0 },
#undef ROW
};

static struct setting *store_setting(struct config *config, const struct store_row *row)
{
    return (struct setting *)(void *)((char *)config + row->at);
}

static const char *store_option(const osp_engine_options *options, const struct store_row *row)
{
    return *(const char *const *)(const void *)((const char *)options + row->option);
}

static int check_bounds(const struct setting *setting, const struct store_row *row, osp_error *err)
{
    int64_t n;

    if (!row->max || !setting->value || str_to_int64(setting->value, row->min, row->max, &n))
        return OSP_OK;
    return osp_fail(err, OSP_EACCESS, "%s = '%s' is no number from %lld to %lld (%s)", row->ini,
                    setting->value, (long long)row->min, (long long)row->max, setting->origin);
}

/* A switch that is off is not set. */
static int check_switch(struct setting *setting, osp_error *err)
{
    static const char *const on[] = { "1", "yes", "true" }, *const off[] = { "0", "no", "false" };

    for (size_t i = 0; setting->value && i < OSP_COUNT(on); i++) {
        if (strcmp(setting->value, on[i]) == 0)
            return OSP_OK;
        if (strcmp(setting->value, off[i]) == 0)
            setting_release(setting);
    }
    if (!setting->value)
        return OSP_OK;
    return osp_fail(err, OSP_EACCESS, "'%s' is neither yes nor no (%s)", setting->value,
                    setting->origin);
}

static int nearer_store_settings(struct config *config, const osp_engine_options *options,
                                 osp_error *err)
{
    int ret = setting_option(&config->keep_upload, options->keep_upload ? "1" : NULL, err);

    if (ret == OSP_OK)
        ret = setting_env(&config->keep_upload, "OMNISPLICE_KEEP_UPLOAD", err);
    if (ret == OSP_OK)
        ret = setting_option(&config->no_fetch_back, options->no_fetch_back ? "1" : NULL, err);
    for (size_t i = 0; ret == OSP_OK && i < OSP_COUNT(store_rows); i++) {
        struct setting *setting = store_setting(config, &store_rows[i]);

        ret = setting_option(setting, store_option(options, &store_rows[i]), err);
        if (ret == OSP_OK)
            ret = setting_env(setting, store_rows[i].variable, err);
    }
    return ret;
}

static int section_store_settings(struct config *config, GKeyFile *ini, const char *group,
                                  osp_error *err)
{
    int ret = setting_ini(&config->keep_upload, ini, group, "keep_upload", err);

    if (ret == OSP_OK)
        ret = setting_ini(&config->no_fetch_back, ini, group, "no_fetch_back", err);
    for (size_t i = 0; ret == OSP_OK && i < OSP_COUNT(store_rows); i++)
        ret = setting_ini(store_setting(config, &store_rows[i]), ini, group, store_rows[i].ini,
                          err);
    return ret;
}

static int find_store_key(struct config *config, const osp_engine_options *options, osp_error *err)
{
    static const char variable[] = "OMNISPLICE_STORE_KEY";
    const char *text = options->store_key_file ? NULL : getenv(variable);
    OSP_AUTO(auto_free) char *key = NULL;
    int ret;

    if (!text || !*text)
        return key_of_file(&config->store_key, &config->store_key_file, err);
    ret = keyfile_clean(text, variable, &key, err);
    return ret < 0 ? ret
                   : setting_put(&config->store_key, key, "environment OMNISPLICE_STORE_KEY", err);
}

/* A name of the configuration stands for its specification. */
static int resolve_store(struct config *config, GKeyFile *ini, osp_error *err)
{
    OSP_AUTO(auto_free) char *group = NULL;
    int ret;

    if (!config->store.value)
        return OSP_OK;
    group = str_format("store %s", config->store.value);
    if (!group)
        return osp_nomem(err);
    if (!ini || !g_key_file_has_group(ini, group))
        return OSP_OK;
    config->store_name = config->store;
    memset(&config->store, 0, sizeof(config->store));
    ret = setting_ini(&config->store, ini, group, "url", err);
    if (ret == OSP_OK)
        ret = section_store_settings(config, ini, group, err);
    if (ret == OSP_OK && !config->store.value)
        ret = osp_fail(err, OSP_EACCESS, "[%s] has no url", group);
    return ret;
}

static int find_store(struct config *config, const osp_engine_options *options, GKeyFile *ini,
                      osp_error *err)
{
    int ret = nearer_store_settings(config, options, err);

    if (ret == OSP_OK)
        ret = setting_ini(&config->store, ini, "defaults", "store", err);
    if (ret == OSP_OK)
        ret = resolve_store(config, ini, err);
    if (ret == OSP_OK)
        ret = find_store_key(config, options, err);
    if (ret == OSP_OK)
        ret = check_switch(&config->keep_upload, err);
    if (ret == OSP_OK)
        ret = check_switch(&config->no_fetch_back, err);
    for (size_t i = 0; ret == OSP_OK && i < OSP_COUNT(store_rows); i++)
        ret = check_bounds(store_setting(config, &store_rows[i]), &store_rows[i], err);
    return ret;
}

static int find_numbers(struct config *config, const osp_engine_options *options, GKeyFile *ini,
                        osp_error *err)
{
    char threads[16] = "";
    osp_rational bound;
    int64_t n;
    int ret;

    if (options->threads > 0)
        snprintf(threads, sizeof(threads), "%d", options->threads);
    ret = setting_option(&config->threads, threads, err);
    if (ret == OSP_OK)
        ret = setting_ini(&config->threads, ini, "defaults", "threads", err);
    if (ret == OSP_OK)
        ret = setting_put(&config->threads, "0", "default", err);
    if (ret < 0)
        return ret;
    if (!str_to_int64(config->threads.value, 0, 1024, &n))
        return osp_fail(err, OSP_EACCESS, "threads = '%s' is no number (%s)", config->threads.value,
                        config->threads.origin);
    if (config->max_units.value && (!rational_parse(config->max_units.value, &bound) ||
                                    rational_compare(bound, rational(0, 1)) < 0))
        return osp_fail(err, OSP_EACCESS, "'%s' is no amount of units (%s)",
                        config->max_units.value, config->max_units.origin);
    return OSP_OK;
}

/* ---- what nobody reads --------------------------------------------------------------------- */

static bool listed(const char *key, const char *const *keys, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(keys[i], key) == 0)
            return true;
    }
    return false;
}

static bool known_key(const char *group, const char *key)
{
    static const char *const defaults[] = { "state", "gateway", "store", "threads" };
    static const char *const gateway[] = { "url", "key_file", "profile", "store",
                                           "max_units_per_job" };
    static const char *const store[] = { "url", "keep_upload", "no_fetch_back" };

    if (strcmp(group, "defaults") == 0)
        return listed(key, defaults, OSP_COUNT(defaults));
    if (str_starts(group, "gateway "))
        return listed(key, gateway, OSP_COUNT(gateway));
    for (size_t i = 0; str_starts(group, "store ") && i < OSP_COUNT(store_rows); i++) {
        if (strcmp(store_rows[i].ini, key) == 0)
            return true;
    }
    return str_starts(group, "store ") && listed(key, store, OSP_COUNT(store));
}

/* A bound on what a job may cost binds nothing when it is misspelt: that is said. */
static int check_keys(const struct config *config, GKeyFile *ini, osp_error *err)
{
    gchar **groups = ini ? g_key_file_get_groups(ini, NULL) : NULL;
    int ret = OSP_OK;

    for (size_t g = 0; groups && groups[g] && ret == OSP_OK; g++) {
        gchar **keys = g_key_file_get_keys(ini, groups[g], NULL, NULL);

        for (size_t k = 0; keys && keys[k] && ret == OSP_OK; k++) {
            if (!known_key(groups[g], keys[k]))
                ret = osp_fail(err, OSP_EACCESS, "'%.60s' in [%.60s] of '%s' is no setting",
                               keys[k], groups[g], config->file.value);
        }
        g_strfreev(keys);
    }
    g_strfreev(groups);
    return ret;
}

int config_load(const osp_engine_options *options, struct config **out, osp_error *err)
{
    static const osp_engine_options none;
    OSP_AUTO(config_free) struct config *config = calloc(1, sizeof(*config));
    OSP_AUTO(key_file_cleanup) GKeyFile *ini = NULL;
    int ret;

    if (!config)
        return osp_nomem(err);
    options = options ? options : &none;
    ret = load_ini(config, options, &ini, err);
    if (ret == OSP_OK)
        ret = check_keys(config, ini, err);
    if (ret == OSP_OK)
        ret = find_state(config, options, ini, err);
    if (ret == OSP_OK) /* before the gateway's section: options and environment win over it */
        ret = setting_option(&config->key_file, options->key_file, err);
    if (ret == OSP_OK)
        ret = setting_option(&config->max_units, options->max_units, err);
    if (ret == OSP_OK)
        ret = setting_option(&config->store, options->store, err);
    if (ret == OSP_OK)
        ret = setting_env(&config->store, "OMNISPLICE_STORE", err);
    if (ret == OSP_OK)
        ret = find_gateway(config, options, ini, err);
    if (ret == OSP_OK)
        ret = find_key(config, options, err);
    if (ret == OSP_OK)
        ret = find_store(config, options, ini, err);
    if (ret == OSP_OK)
        ret = find_numbers(config, options, ini, err);
    if (ret < 0)
        return ret;
    *out = OSP_TAKE(config);
    return OSP_OK;
}

/* ---- what the others ask ------------------------------------------------------------------- */

int config_need_gateway(const struct config *config, osp_error *err)
{
    if (config->gateway_url.value)
        return OSP_OK;
    if (config->gateway.value) {
        osp_fail(err, OSP_EACCESS, "the gateway 'sim' runs inside the program alone");
        return osp_hint(err, "start omnisplice sim, and give the address that it prints");
    }
    osp_fail(err, OSP_EACCESS, "no gateway is named");
    return osp_hint(err, "--gateway NAME, URL or sim; OMNISPLICE_GATEWAY; or [defaults] gateway in "
                         "config.ini");
}

int config_need_key(const struct config *config, osp_error *err)
{
    if (config->key.value)
        return OSP_OK;
    return osp_fail(err, OSP_EACCESS,
                    "no key for gateway '%s': looked for OMNISPLICE_API_KEY, --key-file, and "
                    "key_file of [gateway NAME] in config.ini",
                    config->gateway.value ? config->gateway.value : "");
}

int config_threads(const struct config *config)
{
    return (int)strtol(config->threads.value, NULL, 10);
}

int64_t config_number(const struct setting *setting, int64_t otherwise)
{
    int64_t n;

    return setting->value && str_to_int64(setting->value, 0, INT64_MAX, &n) ? n : otherwise;
}

/* Addresses without their queries and passwords. */
static void show(struct json *settings, const char *name, const struct setting *setting)
{
    OSP_AUTO(auto_free) char *shown = setting->value ? http_mask(setting->value) : NULL;
    struct json *entry = json_object();

    json_set_string(entry, "value", shown);
    json_set_string(entry, "origin", setting->origin);
    json_set(settings, name, entry);
}

char *config_json(const struct config *config)
{
    static const struct setting hidden = { (char *)(uintptr_t) "set, not shown", NULL };
    OSP_AUTO(json_free) struct json *root = json_object();
    struct json *settings = json_object();
    struct setting key = { config->key.value ? hidden.value : NULL, config->key.origin };
    struct setting store_key = { config->store_key.value ? hidden.value : NULL,
                                 config->store_key.origin };

    json_set_string(root, "schema", "omnisplice.config/1");
    show(settings, "config", &config->file);
    show(settings, "state", &config->state);
    show(settings, "gateway", &config->gateway);
    show(settings, "gateway_url", &config->gateway_url);
    show(settings, "key", &key);
    show(settings, "key_file", &config->key_file);
    show(settings, "profile", &config->profile);
    show(settings, "store", &config->store);
    show(settings, "store_name", &config->store_name);
    for (size_t i = 0; i < OSP_COUNT(store_rows); i++)
        show(settings, store_rows[i].shown,
             (const struct setting *)(const void *)((const char *)config + store_rows[i].at));
    show(settings, "store_key", &store_key);
    show(settings, "keep_upload", &config->keep_upload);
    show(settings, "max_units", &config->max_units);
    show(settings, "threads", &config->threads);
    show(settings, "no_fetch_back", &config->no_fetch_back);
    json_set(root, "settings", settings);
    return json_print(root, true);
}

void config_free(struct config **pointer)
{
    struct config *config = pointer ? *pointer : NULL;

    if (!config)
        return;
    if (config->key.value)
        explicit_bzero(config->key.value, strlen(config->key.value));
    setting_release(&config->file);
    setting_release(&config->state);
    setting_release(&config->gateway);
    setting_release(&config->gateway_url);
    setting_release(&config->key);
    setting_release(&config->key_file);
    setting_release(&config->profile);
    setting_release(&config->store);
    setting_release(&config->store_name);
    for (size_t i = 0; i < OSP_COUNT(store_rows); i++)
        setting_release(store_setting(config, &store_rows[i]));
    if (config->store_key.value)
        explicit_bzero(config->store_key.value, strlen(config->store_key.value));
    setting_release(&config->store_key);
    setting_release(&config->keep_upload);
    setting_release(&config->max_units);
    setting_release(&config->threads);
    setting_release(&config->no_fetch_back);
    free(config);
    *pointer = NULL;
}
