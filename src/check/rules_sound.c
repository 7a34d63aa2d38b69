/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The rules of sound files, which avatars speak. */
#include <stdio.h>
#include <string.h>

#include "base/auto.h"
#include "check/measure.h"
#include "check/rules.h"

#define NOT_DOCUMENTED "not documented by the service"

static osp_rational length(const osp_facts *f)
{
    return f->sound.duration_s;
}

/* An uncompressed file breaks its bytes long before its seconds: how much of it would fit, and
 * below which rate the longest sound does. */
static void more_bytes(const osp_facts *f, const osp_profile *p, char *text, size_t size)
{
    osp_rational limit = profile_rational(p, "sound_file.bytes_max");
    osp_rational longest = profile_rational(p, "sound_file.duration.max_s");
    int64_t rate = (int64_t)f->sound.sample_rate_hz * f->sound.channels * f->sound.sample_bits / 8;
    char words[160], seconds[32];

    if (rate > 0 && strcmp(f->container, "wav") == 0) {
        snprintf(words, sizeof(words), "; a WAV of %d channel%s, %d bit, %d Hz may last %lld s",
                 f->sound.channels, f->sound.channels == 1 ? "" : "s", f->sound.sample_bits,
                 f->sound.sample_rate_hz,
                 (long long)rational_floor(rational_div(limit, (osp_rational){ rate, 1 })));
        add(text, size, words);
    }
    if (!rational_known(longest) || !longest.num)
        return;
    rational_print(longest, 3, seconds, sizeof(seconds));
    snprintf(words, sizeof(words), "; %s s of MP3 or AAC fit at up to %lld kbit/s", seconds,
             (long long)rational_floor(
                 rational_div(limit, rational_mul(longest, (osp_rational){ 125, 1 }))));
    add(text, size, words);
}

static const struct bound_rule bounds[] = {
    { "sound.bytes", USES_SOUND, bytes, AT_MOST, "sound_file.bytes_max", "bytes",
      "it has %s bytes, the service takes at most %s", "none", NULL, NULL, OSP_VIOLATION,
      more_bytes },
    { "sound.duration.min", USES_SOUND, length, AT_LEAST, "sound_file.duration.min_s", "s",
      "it lasts %s s, the service takes %s s or more", "none", NULL, NULL, OSP_VIOLATION, NULL },
    { "sound.duration.max", USES_SOUND, length, AT_MOST, "sound_file.duration.max_s", "s",
      "it lasts %s s, the service takes at most %s s", "none", NULL, NULL, OSP_VIOLATION, NULL },
};

static bool is_bmff(const osp_facts *f)
{
    return strcmp(f->container, "mp4") == 0 || strcmp(f->container, "mov") == 0;
}

/* M4A is MP4 with AAC: the limit names containers alone, but nobody who says .m4a means ALAC. */
static bool format(const osp_facts *f, const osp_profile *p, osp_finding *finding)
{
    char words[48];

    if (!is_bmff(f))
        return not_listed(p, "sound_file.formats", f->container, finding);
    if (strcmp(f->sound.codec, "aac") == 0)
        return not_listed(p, "sound_file.formats", "m4a", finding);
    snprintf(words, sizeof(words), "m4a with %s", f->sound.codec);
    return not_listed(p, "sound_file.formats", words, finding);
}

/* Extensions that lie about what the file holds. Other names than these say nothing. */
static bool name(const osp_facts *f, const osp_profile *p, osp_finding *finding)
{
    static const struct {
        const char *extension, *container;
    } names[] = { { "mp3", "mp3" }, { "wav", "wav" },     { "wave", "wav" },  { "aac", "aac" },
                  { "m4a", "mp4" }, { "m4a", "mov" },     { "m4b", "mp4" },   { "mp4", "mp4" },
                  { "3gp", "mp4" }, { "mov", "mov" },     { "flac", "flac" }, { "ogg", "ogg" },
                  { "oga", "ogg" }, { "opus", "ogg" },    { "aif", "aiff" },  { "aiff", "aiff" },
                  { "ac3", "ac3" }, { "wma", "asf" },     { "mpg", "mpeg" },  { "mpeg", "mpeg" },
                  { "mp2", "mp2" }, { "mka", "matroska" } };
    bool known = false;

    (void)p;
    for (size_t i = 0; i < OSP_COUNT(names); i++) {
        if (strcmp(f->extension, names[i].extension) != 0)
            continue;
        if (strcmp(f->container, names[i].container) == 0)
            return false;
        known = true;
    }
    str_copy(finding->limit, sizeof(finding->limit), is_bmff(f) ? "m4a" : f->container);
    return known && measured(finding, f->extension);
}

static bool packed_wav(const osp_facts *f, const osp_profile *p, osp_finding *finding)
{
    (void)p;
    return strcmp(f->container, "wav") == 0 && !str_starts(f->sound.codec, "pcm_") &&
           measured(finding, f->sound.codec);
}

static bool truncated(const osp_facts *f, const osp_profile *p, osp_finding *finding)
{
    (void)p;
    return f->truncated && measured(finding, "truncated");
}

static const struct word_rule words[] = {
    { "sound.format", USES_SOUND, OSP_VIOLATION, format,
      "the service takes MP3, WAV, M4A and AAC by content", "none" },
    { "sound.codec", USES_SOUND, OSP_WARNING, packed_wav,
      "a WAV that is not plain PCM is not documented", "none" },
    { "sound.name", USES_SOUND, OSP_WARNING, name,
      "its name says another format than its content is, and the service names formats by "
      "extension",
      "rename" },
    { "sound.truncated", USES_SOUND, OSP_WARNING, truncated,
      "it says that it is longer than the file: it was cut off", "none" },
};

static const struct rule_source sources[] = {
    { "sound.codec", NOT_DOCUMENTED },
    { "sound.name", NOT_DOCUMENTED },
    { "sound.truncated", NOT_DOCUMENTED },
};

const struct rule_table sound_rules = {
    .bounds = bounds,
    .bound_count = OSP_COUNT(bounds),
    .words = words,
    .word_count = OSP_COUNT(words),
    .sources = sources,
    .source_count = OSP_COUNT(sources),
};
