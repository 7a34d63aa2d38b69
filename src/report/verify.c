/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/rational.h"
#include "report/report.h"

static void print_ranges(FILE *out, const char *what, const osp_frame_range *list, size_t count)
{
    if (!count)
        return;
    fprintf(out, "  %s:", what);
    for (size_t i = 0; i < count && i < 8; i++)
        fprintf(out, "%s %lld to %lld", i ? "," : "", (long long)list[i].first,
                (long long)(list[i].first + list[i].count - 1));
    if (count > 8)
        fprintf(out, " and %zu more", count - 8);
    fprintf(out, "\n");
}

static const char *same(int identical)
{
    return identical ? "identical" : "DIFFERENT";
}

void report_verify_text(FILE *out, const osp_verification *v)
{
    char db[32];

    if (!v->outside_identical)
        fprintf(out, "DIFFERENT outside the given ranges\n");
    else if (v->min_psnr_db > 0)
        fprintf(out, "outside the given ranges nothing differs but re-encoded border pictures\n");
    else
        fprintf(out, "identical outside the given ranges\n");
    fprintf(out, "  pictures: %lld in the master, %lld in the result\n",
            (long long)v->master_frames, (long long)v->result_frames);
    fprintf(out, "  picture packets: %lld of %lld identical\n", (long long)v->identical_packets,
            (long long)v->master_packets);
    fprintf(out, "  time stamps: %s\n", same(v->time_stamps_identical));
    fprintf(out, "  sound and other packets: %s\n", same(v->audio_packets_identical));
    fprintf(out, "  tracks: %s\n", same(v->tracks_identical));
    for (size_t i = 0; i < v->differences_count; i++)
        fprintf(out, "    differs: %s\n", v->differences[i]);
    print_ranges(out, "pictures that differ", v->differing, v->differing_count);
    print_ranges(out, "packets re-encoded", v->recoded, v->recoded_count);
    if (v->min_psnr_db > 0) {
        rational_print(rational((int64_t)(v->min_psnr_db * 100), 100), 2, db, sizeof(db));
        fprintf(out, "  least PSNR of those outside the ranges: %s dB\n", db);
    }
}

static struct json *ranges_json(const osp_frame_range *list, size_t count)
{
    struct json *out = json_array();

    for (size_t i = 0; i < count; i++) {
        struct json *range = json_object();

        json_set_int(range, "first_frame", list[i].first);
        json_set_int(range, "frames", list[i].count);
        json_push(out, range);
    }
    return out;
}

struct json *report_verify_json(const osp_verification *v)
{
    struct json *out = json_object(), *frames = json_object(), *video = json_object();
    struct json *audio = json_object(), *differences = json_array();

    json_set_string(out, "schema", "omnisplice.verify/1");
    json_set_int(frames, "master", v->master_frames);
    json_set_int(frames, "result", v->result_frames);
    json_set(out, "frames", frames);
    json_set_bool(video, "identical_outside", v->outside_identical);
    json_set_int(video, "packets", v->master_packets);
    json_set_int(video, "identical_packets", v->identical_packets);
    json_set(video, "differing_ranges", ranges_json(v->differing, v->differing_count));
    json_set(video, "reencoded_ranges", ranges_json(v->recoded, v->recoded_count));
    if (v->min_psnr_db > 0)
        json_set_double(video, "min_psnr_db", v->min_psnr_db, 2);
    else
        json_set_null(video, "min_psnr_db");
    json_set(out, "video", video);
    json_set_bool(audio, "packets_identical", v->audio_packets_identical);
    json_set(out, "audio", audio);
    json_set_bool(out, "time_stamps_identical", v->time_stamps_identical);
    json_set_bool(out, "tracks_identical", v->tracks_identical);
    for (size_t i = 0; i < v->differences_count; i++)
        json_push_string(differences, v->differences[i]);
    json_set(out, "differences", differences);
    return out;
}
