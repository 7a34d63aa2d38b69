/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The outputs of check, from facts made by hand: no media are read. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/auto.h"
#include "base/fs.h"
#include "base/tmpfile.h"
#include "base/json.h"
#include "base/str.h"
#include "report/report.h"

#define PICTURES 250
#define ODD      "a<b>&\"'\x1b[2J\n\xff.mp4" /* a name that attacks terminal, XML and JSON */

static char folder[64];
static int64_t pts[PICTURES];

static int setup(void **state)
{
    (void)state;
    for (int i = 0; i < PICTURES; i++)
        pts[i] = i;
    snprintf(folder, sizeof(folder), "/tmp/osp-report-XXXXXX");
    return mkdtemp(folder) ? 0 : -1;
}

static int teardown(void **state)
{
    (void)state;
    return fs_remove_tree(folder, NULL);
}

/* A 25 fps video of that size and count of pictures that breaks nothing else. */
static osp_facts video(int width, int height, int pictures)
{
    osp_facts f = { .kind = OSP_KIND_VIDEO, .size_bytes = 1000, .faststart = 1, .video_tracks = 1 };
    osp_video_facts *v = &f.video;

    strcpy(f.container, "mp4");
    strcpy(f.extension, "mp4");
    strcpy(v->codec, "h264");
    strcpy(v->chroma, "4:2:0");
    strcpy(v->matrix, "bt709");
    strcpy(v->range, "tv");
    strcpy(v->field_order, "progressive");
    v->bit_depth = 8;
    v->sar = (osp_rational){ 1, 1 };
    v->width_px = v->coded_width_px = width;
    v->height_px = v->coded_height_px = height;
    v->time_base = (osp_rational){ 1, 25 };
    v->rate = v->rate_min = v->rate_max = (osp_rational){ 25, 1 };
    v->frame_pts = pts;
    v->frame_count = pictures;
    v->last_duration = 1;
    f.container_s = f.track_s = f.frames_s = (osp_rational){ pictures, 25 };
    f.start_s = (osp_rational){ 0, 1 };
    return f;
}

static osp_facts picture(const char *container, int width, int height)
{
    osp_facts f = { .kind = OSP_KIND_IMAGE, .size_bytes = 1000 };

    strcpy(f.container, container);
    strcpy(f.video.chroma, "4:2:0");
    f.video.bit_depth = 8;
    f.video.sar = (osp_rational){ 1, 1 };
    f.video.width_px = f.video.coded_width_px = width;
    f.video.height_px = f.video.coded_height_px = height;
    return f;
}

static osp_facts sound(const char *container, int64_t seconds, int64_t bytes)
{
    osp_facts f = { .kind = OSP_KIND_SOUND, .size_bytes = bytes, .sound_tracks = 1 };

    strcpy(f.container, container);
    strcpy(f.sound.codec, container);
    f.sound.duration_s = (osp_rational){ seconds, 1 };
    return f;
}

/* A file with its findings and its mending, by the default profile. */
struct judged {
    osp_facts facts;
    osp_profile *profile;
    osp_findings *findings;
    struct report_mend mend;
    struct report_file file;
};

static void judge(struct judged *j, const char *path, osp_facts facts)
{
    const struct mend_words words = { NULL, NULL };

    memset(j, 0, sizeof(*j));
    j->facts = facts;
    assert_int_equal(osp_profile_find(NULL, &j->profile, NULL), OSP_OK);
    assert_int_equal(osp_check(&j->facts, j->profile, OSP_USE_GUESS, &j->findings, NULL), OSP_OK);
    j->file = (struct report_file){ .path = path, .facts = &j->facts, .findings = j->findings };
    assert_int_equal(report_mend(&j->file, j->profile, &words, &j->mend, NULL), OSP_OK);
    j->file.mend = j->mend.command;
    j->file.mend_not = j->mend.reason;
}

static void unjudge(struct judged *j)
{
    report_mend_release(&j->mend);
    osp_findings_free(&j->findings);
    osp_profile_free(&j->profile);
}

/* A run over these files, as text; yours: free(). */
static char *report(enum report_format format, const struct report_style *style,
                    const struct report_file *files, size_t count)
{
    OSP_AUTO(report_close) struct report_sink *sink = NULL;
    OSP_AUTO(auto_free) char *path = str_format("%s/out", folder);
    const struct report_document document = { "a <profile>" };
    struct report_summary summary = { 0 };
    char *text = NULL;
    size_t size;

    assert_int_equal(report_open(format, path, style, &sink, NULL), OSP_OK);
    assert_int_equal(report_begin(sink, &document, NULL), OSP_OK);
    for (size_t i = 0; i < count; i++) {
        report_count(&summary, &files[i]);
        assert_int_equal(report_add(sink, &files[i], NULL), OSP_OK);
    }
    assert_int_equal(report_end(sink, &summary, NULL), OSP_OK);
    assert_int_equal(fs_read_file(path, 1 << 20, &text, &size, NULL), OSP_OK);
    assert_int_equal(size, strlen(text));
    return text;
}

/* Each of these stands in the text, one behind the other. */
static void holds(const char *text, const char *const *parts)
{
    const char *at = text;

    for (; *parts; parts++) {
        const char *found = strstr(at, *parts);

        if (!found)
            fail_msg("'%s' is missed, or too early, in\n%s", *parts, text);
        at = found + strlen(*parts);
    }
}

/* ---- text ---- */

static void test_text_says_the_worst_first_and_how_to_mend_it(void **state)
{
    static const char *const parts[] = { "violation: in.mp4\n",
                                         "  mp4, h264 640x360, 25 fps, 2 s, no sound; for edit\n",
                                         "  violation video.duration.min: ",
                                         "  violation video.side.min: ",
                                         "  warning video.hdr: ",
                                         "  mend: omnisplice conform -i in.mp4 -o "
                                         "in.conformed.mp4\n",
                                         "1 file: 0 pass, 1 in violation; limits of a <profile>\n",
                                         NULL };
    OSP_AUTO(auto_free) char *text = NULL;
    osp_facts f = video(640, 360, 50);
    struct judged j;

    (void)state;
    strcpy(f.video.hdr, "PQ");
    judge(&j, "in.mp4", f);
    text = report(REPORT_TEXT, NULL, &j.file, 1);
    holds(text, parts);
    assert_null(strchr(text, '\x1b'));
    unjudge(&j);
}

static void test_text_keeps_to_the_terminal(void **state)
{
    static const int widths[] = { 40, 60, 80, 0 };
    osp_facts f = video(640, 360, 50);
    struct judged j;

    (void)state;
    f.edit_list = 1;
    judge(&j, "in.mp4", f);
    for (size_t i = 0; i < OSP_COUNT(widths); i++) {
        struct report_style style = { .columns = widths[i], .verbose = true };
        OSP_AUTO(auto_free) char *text = report(REPORT_TEXT, &style, &j.file, 1);
        size_t longest = 0;

        for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n")) {
            if (!strstr(line, "mend:") && !strstr(line, "limits of") && strlen(line) > longest)
                longest = strlen(line);
        }
        if (widths[i])
            assert_in_range(longest, widths[i] - 20, widths[i]);
        else
            assert_true(longest > 100);
    }
    unjudge(&j);
}

static void test_a_number_stays_with_its_unit(void **state)
{
    struct judged j;

    (void)state;
    judge(&j, "in.mp4", video(1280, 720, 50));
    for (int columns = 30; columns < 90; columns++) {
        struct report_style style = { .columns = columns };
        OSP_AUTO(auto_free) char *text = report(REPORT_TEXT, &style, &j.file, 1);

        assert_null(strstr(text, "\n    s,"));
        assert_null(strstr(text, "\n    s or"));
        assert_non_null(strstr(text, "2 s"));
    }
    unjudge(&j);
}

static void test_text_has_colour_only_when_asked(void **state)
{
    struct report_style style = { .colour = true };
    OSP_AUTO(auto_free) char *text = NULL;
    struct judged j;

    (void)state;
    judge(&j, ODD, video(1280, 720, 50));
    text = report(REPORT_TEXT, &style, &j.file, 1);
    assert_non_null(strstr(text, "\033[1;31mviolation\033[0m: a<b>&\"'\\x1b[2J\\x0a\xEF\xBF\xBD"));
    assert_null(strstr(text, "\033[2J"));
    unjudge(&j);
}

static void test_quiet_says_nothing_of_what_passes(void **state)
{
    struct report_style style = { .quiet = true };
    OSP_AUTO(auto_free) char *alone = NULL;
    OSP_AUTO(auto_free) char *both = NULL;
    struct judged good, bad;
    struct report_file files[2];

    (void)state;
    judge(&good, "good.mp4", video(1280, 720, 125));
    judge(&bad, "bad.mp4", video(1280, 720, 50));
    files[0] = good.file;
    files[1] = bad.file;
    alone = report(REPORT_TEXT, &style, files, 1);
    both = report(REPORT_TEXT, &style, files, 2);
    assert_string_equal(alone, "");
    assert_null(strstr(both, "good.mp4"));
    assert_non_null(strstr(both, "violation: bad.mp4"));
    assert_non_null(strstr(both, "2 files: 1 pass, 1 in violation"));
    unjudge(&good);
    unjudge(&bad);
}

/* ---- documents ---- */

static void test_json_is_one_document_a_line_per_file(void **state)
{
    struct judged j;
    struct report_file files[3];

    (void)state;
    judge(&j, ODD, video(640, 360, 50));
    for (int i = 0; i < 3; i++)
        files[i] = j.file;
    files[2] = (struct report_file){ .path = "none", .fault = "cannot read 'none\xfe'" };
    for (size_t n = 0; n <= 3; n++) {
        OSP_AUTO(auto_free) char *text = report(REPORT_JSON, NULL, files, n);
        OSP_AUTO(json_free) struct json *doc = NULL;
        const struct json *list, *first;
        size_t lines = 0;

        for (const char *p = text; (p = strstr(p, "\n{\"path\"")); p++)
            lines++;
        assert_int_equal(lines, n);
        assert_int_equal(json_parse(text, strlen(text), "report", &doc, NULL), OSP_OK);
        assert_string_equal(json_string(json_get(doc, "profile")), "a <profile>");
        list = json_get(doc, "files");
        first = json_at(list, 0);
        assert_int_equal(json_size(list), n);
        assert_int_equal(json_int64_or(json_path(doc, "summary.files"), -1), (int64_t)n);
        if (n) {
            assert_string_equal(json_string(json_get(first, "path")),
                                "a<b>&\"'\x1b[2J\n\xEF\xBF\xBD.mp4");
            assert_string_equal(json_string(json_get(first, "mend")), j.mend.command);
        }
    }
    unjudge(&j);
}

static void test_junit_sorts_by_verdict(void **state)
{
    static const char *const parts[] = {
        "tests=\"3\" failures=\"1\" errors=\"1\"",
        "value=\"a &lt;profile&gt;\"",
        "<testcase classname=\"omnisplice.check.edit\" "
        "name=\"a&lt;b&gt;&amp;&quot;&#39;\\x1b[2J\\x0a\xEF\xBF\xBD.mp4\">",
        "<failure type=\"video.duration.min\" message=\"it lasts 2 s, ",
        "mend: omnisplice conform -i &quot;$(printf &#39;",
        "</failure>",
        "<system-out>",
        "warning video.hdr: ",
        "</system-out>\n</testcase>",
        "<testcase classname=\"omnisplice.check.edit\" name=\"good.mp4\">\n<system-out>",
        "<error type=\"media.unreadable\" message=\"cannot read &#39;none&#39;\">",
        "</testsuite>\n",
        NULL
    };
    OSP_AUTO(auto_free) char *text = NULL;
    osp_facts f = video(1280, 720, 50);
    struct judged bad, good;
    struct report_file files[3];

    (void)state;
    strcpy(f.video.hdr, "PQ");
    judge(&bad, ODD, f);
    judge(&good, "good.mp4", video(1280, 720, 125));
    files[0] = bad.file;
    files[1] = good.file;
    files[2] = (struct report_file){ .path = "none", .fault = "cannot read 'none'" };
    text = report(REPORT_JUNIT, NULL, files, 3);
    holds(text, parts);
    unjudge(&bad);
    unjudge(&good);
}

static void test_html_lets_no_name_through(void **state)
{
    static const char *const parts[] = {
        "http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; img-src data:; "
        "style-src 'sha256-",
        "<h1>The file does not pass</h1>",
        "data-name=\"&lt;script&gt;alert(1)&lt;&gt;.mp4\"",
        "<img alt=\"\" src=\"data:image/png;base64,AAEC/w==\">",
        "&lt;script&gt;alert(1)&lt;&gt;.mp4</span>",
        "<code>omnisplice conform -i &#39;&lt;script&gt;alert(1)&lt;&gt;.mp4&#39;",
        NULL
    };
    OSP_AUTO(auto_free) char *text = NULL;
    struct judged j;
    size_t scripts = 0;

    (void)state;
    judge(&j, "<script>alert(1)<>.mp4", video(1280, 720, 50));
    j.file.png = (const unsigned char *)"\x00\x01\x02\xff";
    j.file.png_size = 4;
    text = report(REPORT_HTML, NULL, &j.file, 1);
    holds(text, parts);
    for (const char *p = text; (p = strstr(p, "<script")); p++)
        scripts++;
    assert_int_equal(scripts, 1);
    assert_null(strstr(text, "http://"));
    assert_null(strstr(text, "https://"));
    unjudge(&j);
}

/* ---- where they go ---- */

static size_t entries(void)
{
    OSP_AUTO(auto_free) char *command = str_format("ls -A %s | wc -l", folder);
    FILE *pipe = popen(command, "r");
    int count = -1;

    assert_non_null(pipe);
    assert_int_equal(fscanf(pipe, "%d", &count), 1);
    pclose(pipe);
    return (size_t)count;
}

static void test_a_named_output_appears_whole_or_not(void **state)
{
    OSP_AUTO(auto_free) char *path = str_format("%s/late", folder);
    const struct report_document document = { "p" };
    const struct report_file file = { .path = "none", .fault = "no" };
    const struct report_summary summary = { .files = 1, .unreadable = 1 };

    (void)state;
    for (int format = 0; format < REPORT_FORMATS; format++) {
        struct report_sink *sink = NULL;
        size_t before = entries();

        assert_int_equal(report_open((enum report_format)format, path, NULL, &sink, NULL), OSP_OK);
        assert_int_equal(report_begin(sink, &document, NULL), OSP_OK);
        assert_int_equal(report_add(sink, &file, NULL), OSP_OK);
        assert_false(fs_exists(path));
        report_close(&sink); /* as after Ctrl-C */
        assert_int_equal(entries(), before);

        assert_int_equal(report_open((enum report_format)format, path, NULL, &sink, NULL), OSP_OK);
        assert_int_equal(report_begin(sink, &document, NULL), OSP_OK);
        assert_int_equal(report_add(sink, &file, NULL), OSP_OK);
        assert_int_equal(report_end(sink, &summary, NULL), OSP_OK);
        report_close(&sink);
        assert_int_equal(entries(), before + 1);
        assert_int_equal(unlink(path), 0);
    }
}

static void test_a_checked_file_is_not_written_over(void **state)
{
    OSP_AUTO(auto_free) char *path = str_format("%s/film.mp4", folder);
    OSP_AUTO(auto_free) char *other = str_format("%s/../%s/film.mp4", folder, folder + 5);
    OSP_AUTO(report_close) struct report_sink *sink = NULL;
    const struct report_document document = { "p" };
    const struct report_file file = { .path = other, .fault = "no" };
    osp_error err = { 0 };

    (void)state;
    assert_int_equal(tmpfile_write(path, "film", 4, NULL), OSP_OK);
    assert_int_equal(report_open(REPORT_JSON, path, NULL, &sink, NULL), OSP_OK);
    assert_int_equal(report_begin(sink, &document, NULL), OSP_OK);
    assert_int_equal(report_add(sink, &file, &err), OSP_EOUTPUT);
    assert_non_null(strstr(err.text, "film.mp4' is one of the files"));
    report_close(&sink);
    assert_int_equal(fs_size(path), 4);
    assert_int_equal(unlink(path), 0);
}

static void test_a_full_disk_is_said(void **state)
{
    const struct report_document document = { "p" };
    const struct report_file file = { .path = "none", .fault = "no" };
    const struct report_summary summary = { .files = 1, .unreadable = 1 };
    struct stat st;

    (void)state;
    for (int format = 0; format < REPORT_FORMATS; format++) {
        OSP_AUTO(report_close) struct report_sink *sink = NULL;
        osp_error err = { 0 };
        int ret = report_open((enum report_format)format, "/dev/full", NULL, &sink, &err);

        if (ret == OSP_OK)
            ret = report_begin(sink, &document, &err);
        if (ret == OSP_OK)
            ret = report_add(sink, &file, &err);
        if (ret == OSP_OK)
            ret = report_end(sink, &summary, &err);
        assert_int_equal(ret, OSP_EOUTPUT);
        assert_non_null(strstr(err.text, "No space left"));
    }
    assert_int_equal(stat("/dev/full", &st), 0);
    assert_true(S_ISCHR(st.st_mode)); /* not replaced by a file */
}

/* ---- mending ---- */

enum spoil { NOTHING, TRUNCATED, ENCRYPTED, CMYK, MEGABYTES };

static void spoil(osp_facts *f, enum spoil how)
{
    f->truncated = how == TRUNCATED;
    if (how == ENCRYPTED) {
        f->kind = OSP_KIND_UNKNOWN;
        f->encrypted = 1;
    }
    if (how == CMYK)
        strcpy(f->image.model, "cmyk");
    if (how == MEGABYTES)
        f->size_bytes = 12000000;
}

static void test_mend(void **state)
{
    const struct {
        const char *name, *path;
        osp_facts facts;
        enum spoil spoil;
        const char *command, *reason; /* beginnings; NULL: none */
    } rows[] = {
        { "nothing to mend", "a.mp4", video(1280, 720, 125), NOTHING, NULL, NULL },
        { "small", "a.mov", video(640, 360, 125), NOTHING,
          "omnisplice conform -i a.mov -o a.conformed.mp4", NULL },
        { "a blank and a quote", "b c/it's.mov", video(640, 360, 125), NOTHING,
          "omnisplice conform -i 'b c/it'\\''s.mov' -o 'b c/it'\\''s.conformed.mp4'", NULL },
        { "no extension", "b.c/film", video(640, 360, 125), NOTHING,
          "omnisplice conform -i b.c/film -o b.c/film.conformed.mp4", NULL },
        { "a line feed", "a\nb.mp4", video(640, 360, 125), NOTHING,
          "omnisplice conform -i \"$(printf 'a\\012b.mp4')\" -o \"$(printf "
          "'a\\012b.conformed.mp4')\"",
          NULL },
        { "no UTF-8", "-\xff%\\", video(640, 360, 125), NOTHING,
          "omnisplice conform -i \"$(printf '\\055\\377\\045\\134')\" -o ", NULL },
        { "the rest is missing", "a.mp4", video(1280, 720, 125), TRUNCATED, NULL,
          "the rest of the file is missing" },
        { "encrypted", "a.mp4", video(1280, 720, 125), ENCRYPTED, NULL, "it is encrypted" },
        { "a small image", "a.png", picture("png", 200, 200), NOTHING,
          "omnisplice conform -i a.png -o a.conformed.png", NULL },
        { "too many bytes of PNG", "a.png", picture("png", 4000, 4000), MEGABYTES,
          "omnisplice conform -i a.png -o a.conformed.jpg", NULL },
        { "another format", "a.webp", picture("webp", 600, 600), NOTHING,
          "omnisplice conform -i a.webp -o a.conformed.jpg", NULL },
        { "no size", "a.webp", picture("webp", 0, 0), NOTHING, NULL, "the picture has no size" },
        { "print colours", "a.jpg", picture("jpeg", 600, 600), CMYK, NULL, "it is in print" },
        { "another sound format", "a.flac", sound("flac", 60, 4000000), NOTHING,
          "ffmpeg -i a.flac -vn -c:a aac -b:a 128k a.conformed.m4a", NULL },
        { "long sound", "-a:b.wav", sound("wav", 400, 4000000), NOTHING,
          "ffmpeg -i file:-a:b.wav -vn -t 299 -c:a aac -b:a 128k file:-a:b.conformed.m4a", NULL },
        { "short sound", "-a.wav", sound("wav", 1, 40000), NOTHING,
          "ffmpeg -i ./-a.wav -vn -af apad=whole_dur=2 -c:a aac", NULL },
        { "large sound", "a.wav", sound("wav", 290, 50000000), NOTHING,
          "ffmpeg -i a.wav -vn -c:a aac -b:a 128k a.conformed.m4a", NULL },
    };

    (void)state;
    for (size_t i = 0; i < OSP_COUNT(rows); i++) {
        osp_facts facts = rows[i].facts;
        struct judged j;

        spoil(&facts, rows[i].spoil);
        judge(&j, rows[i].path, facts);
        if (!rows[i].command != !j.mend.command || !rows[i].reason != !j.mend.reason ||
            (rows[i].command && !str_starts(j.mend.command, rows[i].command)) ||
            (rows[i].reason && !str_starts(j.mend.reason, rows[i].reason)))
            fail_msg("%s: '%s', '%s'", rows[i].name, j.mend.command ? j.mend.command : "none",
                     j.mend.reason ? j.mend.reason : "none");
        unjudge(&j);
    }
}

static void test_mend_takes_the_first_seconds_of_a_long_video(void **state)
{
    static int64_t many[1000];
    osp_facts f = video(1280, 720, 1000);
    struct judged j;

    (void)state;
    for (int i = 0; i < 1000; i++)
        many[i] = i;
    f.video.frame_pts = many;
    judge(&j, "a.mp4", f);
    assert_string_equal(j.mend.command,
                        "omnisplice conform -i a.mp4 --from 0 --to 10 -o a.conformed.mp4");
    unjudge(&j);
}

static void test_mend_repeats_profile_and_use(void **state)
{
    const struct mend_words words = { "my profile.json", "feature" };
    struct report_mend mend = { 0 };
    struct judged j;

    (void)state;
    judge(&j, "a.mp4", video(640, 360, 125));
    assert_int_equal(report_mend(&j.file, j.profile, &words, &mend, NULL), OSP_OK);
    assert_string_equal(mend.command,
                        "omnisplice conform --profile 'my profile.json' --use feature "
                        "-i a.mp4 -o a.conformed.mp4");
    report_mend_release(&mend);
    unjudge(&j);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_text_says_the_worst_first_and_how_to_mend_it),
        cmocka_unit_test(test_text_keeps_to_the_terminal),
        cmocka_unit_test(test_a_number_stays_with_its_unit),
        cmocka_unit_test(test_text_has_colour_only_when_asked),
        cmocka_unit_test(test_quiet_says_nothing_of_what_passes),
        cmocka_unit_test(test_json_is_one_document_a_line_per_file),
        cmocka_unit_test(test_junit_sorts_by_verdict),
        cmocka_unit_test(test_html_lets_no_name_through),
        cmocka_unit_test(test_a_named_output_appears_whole_or_not),
        cmocka_unit_test(test_a_checked_file_is_not_written_over),
        cmocka_unit_test(test_a_full_disk_is_said),
        cmocka_unit_test(test_mend),
        cmocka_unit_test(test_mend_takes_the_first_seconds_of_a_long_video),
        cmocka_unit_test(test_mend_repeats_profile_and_use),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
