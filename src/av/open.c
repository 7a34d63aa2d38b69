/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "av/open.h"

#include <errno.h>
#include <fcntl.h>
#include <libavutil/dict.h>
#include <libavutil/opt.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/log.h"

#define IO_BUFFER (1 << 15)
#define BLOCK_MAX ((size_t)1 << 29)

/* Containers with media in them. What is left out reads other files (concat, hls, dash, sdp,
 * image2), devices, or takes any text for pictures (tty). A name of the demuxer's list is enough.
 */
static const char formats[] =
    "mov,matroska,mpegts,mpeg,mpegvideo,avi,mxf,flv,live_flv,asf,ogg,wav,w64,mp3,aac,flac,gif,"
    "h264,hevc,av1,obu,ivf,m4v,vc1,rm,dv,nut,yuv4mpegpipe,apng,caf,aiff,ac3,eac3,dts,amr,gxf,nsv,"
    "wtv,swf,bink,roq,cavsvideo,dirac,h261,h263,ape,tta,wv,jpeg_pipe,png_pipe,bmp_pipe,tiff_pipe,"
    "gif_pipe,webp_pipe,jpegls_pipe,j2k_pipe,mjpeg,mpjpeg,lxf,smjpeg,4xm,mlv,ty,film_cpk,thp";

int av_failed(osp_error *err, osp_code code, int averror, const char *format, ...)
{
    char text[480], word[AV_ERROR_MAX_STRING_SIZE] = "";
    va_list args;

    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    if (averror == AVERROR(ENOMEM))
        return osp_nomem(err);
    av_strerror(averror, word, sizeof(word));
    if (averror == AVERROR_INVALIDDATA || averror == AVERROR(EINVAL))
        snprintf(word, sizeof(word), "no such media, or broken");
    return osp_fail(err, code, "%s: %s", text, word);
}

static void talk(void *object, int level, const char *format, va_list args)
{
    osp_log_level ours = level <= AV_LOG_ERROR ? OSP_LOG_DEBUG : OSP_LOG_TRACE;
    char line[480];
    int prefix = 1;
    size_t length;

    if (level > AV_LOG_INFO || !log_wanted(ours))
        return;
    av_log_format_line2(object, level, format, args, line, (int)sizeof(line), &prefix);
    length = strcspn(line, "\r\n");
    line[length] = 0;
    log_write(ours, "libav: %s", line);
}

static void redirect(void)
{
    av_log_set_callback(talk);
    av_max_alloc(BLOCK_MAX);
}

void av_talk_redirect(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;

    pthread_once(&once, redirect);
}

int av_versions_check(osp_error *err)
{
    static const struct {
        const char *name;
        unsigned (*version)(void);
        unsigned built;
    } libraries[] = {
        { "libavutil", avutil_version, LIBAVUTIL_VERSION_MAJOR },
        { "libavcodec", avcodec_version, LIBAVCODEC_VERSION_MAJOR },
        { "libavformat", avformat_version, LIBAVFORMAT_VERSION_MAJOR },
    };

    for (size_t i = 0; i < OSP_COUNT(libraries); i++) {
        unsigned now = libraries[i].version() >> 16;

        if (now != libraries[i].built)
            return osp_fail(err, OSP_EINTERNAL,
                            "this program carries %s %u in place of %u, which omnisplice was "
                            "built for",
                            libraries[i].name, now, libraries[i].built);
    }
    return OSP_OK;
}

/* ---- input ---- */

/* Read by position: a descriptor that was handed on shares its offset with whoever else holds it.
 */
struct source {
    int fd;
    int64_t at, size;
};

static int source_read(void *opaque, uint8_t *buffer, int size)
{
    struct source *source = opaque;
    ssize_t got;

    do {
        got = pread(source->fd, buffer, (size_t)size, source->at);
    } while (got < 0 && errno == EINTR);
    if (got <= 0)
        return got < 0 ? AVERROR(errno) : AVERROR_EOF;
    source->at += got;
    return (int)got;
}

static int64_t source_seek(void *opaque, int64_t offset, int whence)
{
    struct source *source = opaque;
    int64_t from = 0;

    whence &= ~AVSEEK_FORCE;
    if (whence == AVSEEK_SIZE)
        return source->size;
    if (whence != SEEK_SET)
        from = whence == SEEK_CUR ? source->at : source->size;
    if (offset < -from || offset > INT64_MAX - from)
        return AVERROR(EINVAL);
    return source->at = from + offset;
}

/* The reader of a file, and the file with it. */
static void source_close(AVIOContext **io)
{
    struct source *source = *io ? (*io)->opaque : NULL;

    if (!*io)
        return;
    close(source->fd);
    free(source);
    av_freep(&(*io)->buffer);
    avio_context_free(io);
}

/* Nothing inside a file names another file that we would open. */
static int refuse_nested(AVFormatContext *format, AVIOContext **io, const char *url, int flags,
                         AVDictionary **options)
{
    (void)format, (void)io, (void)flags, (void)options;
    log_write(OSP_LOG_DEBUG, "not opened from inside a file: '%.80s'", url);
    return AVERROR(EPERM);
}

void input_close(AVFormatContext **input)
{
    AVIOContext *io;

    if (!*input)
        return;
    io = (*input)->pb;
    avformat_close_input(input);
    source_close(&io);
}

int file_open_regular(const char *path, int *out, osp_error *err)
{
    struct stat st;
    /* O_NONBLOCK: a FIFO must not hang the open; O_NOCTTY: nor a terminal become ours */
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);

    if (fd < 0)
        return osp_fail_errno(err, OSP_EMEDIA, "read", path);
    if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode)) {
        close(fd);
        return osp_fail(err, OSP_EMEDIA, "'%s' is not a regular file", path);
    }
    *out = fd;
    return OSP_OK;
}

static int source_open(int fd, AVIOContext **out, osp_error *err)
{
    OSP_AUTO(auto_close) int own = fcntl(fd, F_DUPFD_CLOEXEC, 0);
    OSP_AUTO(auto_free) struct source *source = calloc(1, sizeof(*source));
    uint8_t *buffer = av_malloc(IO_BUFFER);
    struct stat st;

    if (own >= 0 && fstat(own, &st) == 0 && source && buffer)
        *out = avio_alloc_context(buffer, IO_BUFFER, 0, source, source_read, NULL, source_seek);
    if (!*out) {
        av_free(buffer);
        return osp_nomem(err);
    }
    *source = (struct source){ .fd = own, .size = st.st_size };
    own = -1;
    source = NULL; /* both belong to the reader now */
    return OSP_OK;
}

static int prepare(int fd, AVFormatContext **out, osp_error *err)
{
    AVFormatContext *format = avformat_alloc_context();

    if (!format || source_open(fd, &format->pb, err) < 0) {
        avformat_free_context(format);
        return osp_nomem(err);
    }
    format->io_open = refuse_nested;
    format->max_streams = 64;
    *out = format;
    return OSP_OK;
}

static int open_fd(int fd, const char *name, const char *options, AVFormatContext **out,
                   osp_error *err)
{
    AVDictionary *settings = NULL;
    AVFormatContext *format = NULL;
    AVIOContext *io;
    int ret = prepare(fd, &format, err);

    av_talk_redirect();
    if (ret < 0)
        return ret;
    av_dict_set(&settings, "format_whitelist", formats, 0);
    if (options)
        av_dict_parse_string(&settings, options, "=", ":", 0);
    io = format->pb;
    /* no name: demuxers go by the content alone, and image2 sees no pattern */
    ret = avformat_open_input(&format, NULL, NULL, &settings);
    av_dict_free(&settings);
    if (ret < 0) { /* libav freed the context, but not our reader */
        source_close(&io);
        if (ret == AVERROR_INVALIDDATA || ret == AVERROR(EINVAL) || ret == AVERROR_EOF)
            return osp_fail(err, OSP_EMEDIA, "'%s' is no media file that can be read, or broken",
                            name);
        return av_failed(err, OSP_EMEDIA, ret, "cannot open '%s'", name);
    }
    *out = format;
    return OSP_OK;
}

int input_open_fd(int fd, const char *name, AVFormatContext **out, osp_error *err)
{
    return open_fd(fd, name, NULL, out, err);
}

int input_open_with(const char *path, const char *options, AVFormatContext **out, osp_error *err)
{
    OSP_AUTO(auto_close) int fd = -1;
    int ret = file_open_regular(path, &fd, err);

    return ret < 0 ? ret : open_fd(fd, path, options, out, err);
}

int input_open(const char *path, AVFormatContext **out, osp_error *err)
{
    return input_open_with(path, NULL, out, err);
}

int input_open_deep_fd(int fd, const char *name, AVFormatContext **out, osp_error *err)
{
    OSP_AUTO(input_close) AVFormatContext *format = NULL;
    int ret = input_open_fd(fd, name, &format, err);

    if (ret < 0)
        return ret;
    format->max_analyze_duration = 5 * AV_TIME_BASE;
    ret = avformat_find_stream_info(format, NULL);
    if (ret < 0)
        return av_failed(err, OSP_EMEDIA, ret, "cannot read '%s'", name);
    *out = OSP_TAKE(format);
    return OSP_OK;
}

int input_open_deep(const char *path, AVFormatContext **out, osp_error *err)
{
    OSP_AUTO(auto_close) int fd = -1;
    int ret = file_open_regular(path, &fd, err);

    return ret < 0 ? ret : input_open_deep_fd(fd, path, out, err);
}

AVStream *input_track(AVFormatContext *input, enum AVMediaType type)
{
    const int still = AV_DISPOSITION_ATTACHED_PIC | AV_DISPOSITION_TIMED_THUMBNAILS;
    AVStream *best = NULL;
    int best_rank = -1;

    for (unsigned i = 0; i < input->nb_streams; i++) {
        AVStream *stream = input->streams[i];
        /* libavformat: DEFAULT is the track header's "enabled"; nb_frames is the sample table's
         * count, 0 for every track of containers that do not count */
        int rank = (stream->nb_frames > 0 ? 2 : 0) +
                   (stream->disposition & AV_DISPOSITION_DEFAULT ? 1 : 0);

        if (stream->codecpar->codec_type != type || stream->disposition & still ||
            rank <= best_rank)
            continue;
        best = stream;
        best_rank = rank;
    }
    return best;
}

int decoder_open(const AVStream *stream, int threads, AVCodecContext **out, osp_error *err)
{
    OSP_AUTO(avcodec_free_context) AVCodecContext *decoder = NULL;
    const AVCodec *codec = avcodec_find_decoder(stream->codecpar->codec_id);
    int ret;

    if (!codec)
        return osp_fail(err, OSP_EMEDIA, "no decoder for '%s'",
                        avcodec_get_name(stream->codecpar->codec_id));
    decoder = avcodec_alloc_context3(codec);
    if (!decoder)
        return osp_nomem(err);
    ret = avcodec_parameters_to_context(decoder, stream->codecpar);
    if (ret < 0)
        return av_failed(err, OSP_EMEDIA, ret, "cannot decode '%s'", codec->name);
    decoder->pkt_timebase = stream->time_base;
    decoder->max_pixels = DECODER_PIXELS_MAX;
    decoder->thread_count = threads > 0 ? threads : 0;
    if (!threads && sysconf(_SC_NPROCESSORS_ONLN) > 8)
        decoder->thread_count = 8; /* frame threads hold a picture each */
    ret = avcodec_open2(decoder, codec, NULL);
    if (ret < 0)
        return av_failed(err, OSP_EMEDIA, ret, "cannot decode '%s'", codec->name);
    *out = OSP_TAKE(decoder);
    return OSP_OK;
}
