/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "splice/inband.h"

#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/auto.h"

/* A camera may change its sets with every zoom; a table that grows beyond this is no film. */
#define CHANGES_MAX   10000u
#define SET_MAX_BYTES 65535u /* what a decoder configuration can hold */

static bool same_bytes(const uint8_t *a, size_t a_size, const uint8_t *b, size_t b_size)
{
    return a_size == b_size && memcmp(a, b, a_size) == 0;
}

/* The last change of an id before a slot; NULL: none. */
static const struct set_change *last_change(const struct master *master, int64_t before,
                                            unsigned type, unsigned id)
{
    for (size_t i = master->change_count; i > 0; i--) {
        const struct set_change *change = &master->changes[i - 1];

        if (change->slot < before && change->type == type && change->id == id)
            return change;
    }
    return NULL;
}

static bool in_record(const struct h264_record *record, const struct set_change *set)
{
    const struct nal *sets = set->type == H264_NAL_SPS ? record->sps : record->pps;
    unsigned count = set->type == H264_NAL_SPS ? record->sps_count : record->pps_count;

    for (unsigned i = 0; i < count; i++) {
        if (same_bytes(sets[i].data, sets[i].size, set->data, set->size))
            return true;
    }
    return false;
}

static unsigned id_of(const struct set_change *set)
{
    struct h264_sps sps;
    struct h264_pps pps;

    if (set->type == H264_NAL_SPS)
        return h264_sps_parse(set->data, set->size, &sps) ? sps.id : H264_PPS_MAX;
    return h264_pps_parse(set->data, set->size, &pps) ? pps.id : H264_PPS_MAX;
}

/* Keep a set if it changes something; takes its bytes. */
static int note_set(struct master *master, size_t *capacity, struct set_change set, osp_error *err)
{
    OSP_AUTO(auto_free) uint8_t *bytes = set.data;
    const struct set_change *before;

    set.id = id_of(&set);
    before = last_change(master, INT64_MAX, set.type, set.id);
    if (before ? same_bytes(before->data, before->size, set.data, set.size)
               : in_record(&master->record, &set))
        return OSP_OK;
    if (master->change_count == CHANGES_MAX)
        return master_refuse(err, "its parameter sets change more than %u times", CHANGES_MAX);
    if (!array_grow((void **)&master->changes, sizeof(set), master->change_count, capacity))
        return osp_nomem(err);
    master->changes[master->change_count++] = set;
    bytes = NULL;
    return OSP_OK;
}

/* Damage ends the walk through that sample alone: it may lie far from every shot. */
static int read_slot(struct master *master, int64_t slot, size_t *capacity, osp_error *err)
{
    struct nal_walk walk = { .slot = slot };
    int more;

    while ((more = master_next_nal(master, &walk, err)) > 0) {
        struct set_change set = { .slot = slot, .type = walk.head[0] & 31u, .size = walk.size };
        int ret;

        if (set.type != H264_NAL_SPS && set.type != H264_NAL_PPS)
            continue;
        if (set.size > SET_MAX_BYTES)
            return master_refuse(err, "a parameter set has %zu bytes", set.size);
        set.data = malloc(set.size);
        if (!set.data)
            return osp_nomem(err);
        ret = mp4_read(master->file, walk.offset, set.data, set.size, err);
        if (ret < 0) {
            free(set.data);
            return ret;
        }
        ret = note_set(master, capacity, set, err);
        if (ret < 0)
            return ret;
    }
    return more == NAL_WALK_DAMAGED ? OSP_OK : more;
}

int inband_read(struct master *master, osp_error *err)
{
    size_t capacity = 0;
    int ret = OSP_OK;

    for (int64_t slot = 0; ret >= 0 && slot < master->count; slot++)
        ret = read_slot(master, slot, &capacity, err);
    return ret;
}

void inband_release(struct master *master)
{
    for (size_t i = 0; i < master->change_count; i++)
        free(master->changes[i].data);
    free(master->changes);
}

bool inband_pps(const struct master *master, int64_t slot, unsigned id, struct h264_pps *out)
{
    const struct set_change *change = last_change(master, slot + 1, H264_NAL_PPS, id);

    if (change)
        return h264_pps_parse(change->data, change->size, out);
    return h264_record_pps(&master->record, id, out);
}

void inband_missed(const struct master *master, int64_t slot, struct strbuf *out)
{
    for (size_t i = 0; i < master->change_count; i++) {
        const struct set_change *change = &master->changes[i];

        if (change->slot >= slot || change->id == H264_PPS_MAX ||
            last_change(master, slot, change->type, change->id) != change)
            continue;
        for (unsigned byte = master->record.length_size; byte > 0; byte--) {
            uint8_t part = (uint8_t)((uint64_t)change->size >> 8 * (byte - 1));

            strbuf_add(out, &part, 1);
        }
        strbuf_add(out, change->data, change->size);
    }
}
