/* SPDX-License-Identifier: LGPL-2.1-or-later */

/**
 * SECTION:element-omniedit
 * @title: omniedit
 * @short_description: replace one shot by what a generative service makes of it
 *
 * The shot of a file, between the properties from and to, is cut from that file, sent to the
 * service once, and replaced in the flow by the clip that comes back. Buffers outside the shot pass
 * untouched, by reference; inside it every buffer keeps its time stamp, duration and metadata.
 *
 * The flow must be the pictures of the file that location names. The shot is in stream time: the
 * first picture of the flow stands for the first picture of the file. The flow waits at the first
 * buffer of the shot until the clip is there, which takes minutes; where the shot is at the start
 * of the file, the change to PAUSED takes that long. Live flows cannot wait and are refused.
 *
 * The task is paid for once: the same edit meets the same job in the journal, in this process or a
 * later one.
 *
 * #GstMessage of type progress with the code `omni-job` tell how far it is; so does an element
 * message with the structure `omnisplice-job` and these fields:
 *
 * * gchararray `job-id`: of the journal
 * * gchararray `task-id`: of the service, or an empty text
 * * gchararray `stage`: one word
 * * gint64 `age-ms`: since the job was made
 * * gchararray `units`: the price, decimal
 * * guint64 `shot-start`, guint64 `shot-stop`: nanoseconds from the start of the file
 *
 * ## Example launch line
 * |[
 * gst-launch-1.0 filesrc location=in.mp4 ! qtdemux ! queue ! h264parse ! avdec_h264 ! omniedit
 * location=in.mp4 from=2 to=5 prompt="Make it snow" gateway=cloudsway ! videoconvert ! x264enc !
 * mp4mux ! filesink location=out.mp4
 * ]| Edits seconds 2 to 5 of in.mp4.
 *
 * Since: 0.1
 */

#include "gstomniedit.h"

#include "gstomniformat.h"

GST_DEBUG_CATEGORY_STATIC(omniedit_debug);
#define GST_CAT_DEFAULT        omniedit_debug

#define PROGRESS_CODE          "omni-job"
#define DEFAULT_POST_BUFFERING TRUE
#define DEFAULT_ON_ERROR       GST_OMNI_EDIT_ON_ERROR_ERROR

/* The texts that are handed to the engine as they are; PROP_0 + 1 + index is the property. */
typedef enum {
    TEXT_LOCATION,
    TEXT_FROM,
    TEXT_TO,
    TEXT_PROMPT,
    TEXT_GATEWAY,
    TEXT_KEY_FILE,
    TEXT_STATE,
    TEXT_STORE,
    TEXT_MODE,
    TEXT_PROFILE,
    TEXT_MAX_UNITS,
    TEXTS
} GstOmniEditText;

enum {
    PROP_0,
    PROP_LAST_TEXT = TEXTS,
    PROP_KEEP_SOUND,
    PROP_POST_BUFFERING,
    PROP_ON_ERROR,
};

static const struct {
    const gchar *name, *nick, *blurb;
    const gchar *shot; /* its name in osp_shot_set(); NULL: a setting of the engine */
} texts[TEXTS] = {
    { "location", "Location", "The file that the pictures come from", "master" },
    { "from", "From", "First moment of the shot: 12.5, 00:00:12.5 or 300f (a picture)", "from" },
    { "to", "To", "First moment after the shot", "to" },
    { "prompt", "Prompt", "What the service is to do", "prompt" },
    { "gateway", "Gateway", "Name in the configuration, or address, of the service", NULL },
    { "key-file", "Key file", "File that holds the key of the service", NULL },
    { "state", "State", "Folder of the journal and of the clips", NULL },
    { "store", "Store", "Where the reference is put for the service to fetch", NULL },
    { "mode", "Mode", "Mode of the service", "mode" },
    { "profile", "Profile", "Limits of the service: a name or a JSON file", "profile" },
    { "max-units", "Maximum units", "The most that the shot may cost, decimal", NULL },
};

struct _GstOmniEdit {
    GstElement parent;

    GstPad *sinkpad, *srcpad;

    /* properties: under the object lock */
    gchar *texts[TEXTS];
    gboolean keep_sound;
    gboolean post_buffering;
    GstOmniEditOnError on_error;

    osp_cancel *cancel; /* ends waits; triggered from any thread, no lock */

    /* from READY to PAUSED and back; between, only the streaming thread touches what follows */
    osp_engine *engine;
    osp_stream *stream; /* NULL: everything passes */
    GstSegment segment;
    GstVideoInfo info;
    gboolean waiting;       /* a buffer of the shot waits for the clip */
    gboolean begun;         /* the paid step was allowed */
    gboolean complete;      /* the clip is there, and that was told */
    gboolean failed;        /* that was told */
    gboolean fresh;         /* no buffer has come since the start or a flush */
    GstClockTimeDiff lead;  /* stream time of the file's start */
    GstClockTime next_time; /* where a buffer without time stamp would lie */
    gchar stage[16];        /* told last */
};

#define FORMATS_CAPS GST_VIDEO_CAPS_MAKE(GST_OMNI_FORMATS)

static GstStaticPadTemplate sink_template = GST_STATIC_PAD_TEMPLATE(
    "sink", GST_PAD_SINK, GST_PAD_ALWAYS, GST_STATIC_CAPS(FORMATS_CAPS));
static GstStaticPadTemplate src_template = GST_STATIC_PAD_TEMPLATE(
    "src", GST_PAD_SRC, GST_PAD_ALWAYS, GST_STATIC_CAPS(FORMATS_CAPS));

#define GST_TYPE_OMNI_EDIT_ON_ERROR (gst_omni_edit_on_error_get_type())
static GType gst_omni_edit_on_error_get_type(void)
{
    static gsize type = 0;
    static const GEnumValue values[] = {
        { GST_OMNI_EDIT_ON_ERROR_ERROR, "Post an error and stop", "error" },
        { GST_OMNI_EDIT_ON_ERROR_PASSTHROUGH, "Let the shot pass as it is", "passthrough" },
        { 0, NULL, NULL }
    };

    if (g_once_init_enter(&type))
        g_once_init_leave(&type, g_enum_register_static("GstOmniEditOnError", values));
    return type;
}

G_DEFINE_TYPE(GstOmniEdit, gst_omni_edit, GST_TYPE_ELEMENT)
GST_ELEMENT_REGISTER_DEFINE(omniedit, "omniedit", GST_RANK_NONE, GST_TYPE_OMNI_EDIT)

/* ---- telling ---- */

static void post_progress(GstOmniEdit *self, GstProgressType type, const gchar *text)
{
    gst_element_post_message(GST_ELEMENT(self),
                             gst_message_new_progress(GST_OBJECT(self), type, PROGRESS_CODE, text));
}

static void post_job(GstOmniEdit *self, const gchar *stage)
{
    osp_job_info job;
    gint64 from, to, age;

    osp_job_state_get(osp_stream_job(self->stream), &job);
    osp_stream_shot(self->stream, &from, &to);
    age = job.created_us > 0 ? (g_get_real_time() - job.created_us) / 1000 : 0;
    gst_element_post_message(
        GST_ELEMENT(self),
        gst_message_new_element(
            GST_OBJECT(self),
            gst_structure_new("omnisplice-job", "job-id", G_TYPE_STRING, job.id, "task-id",
                              G_TYPE_STRING, job.task_id, "stage", G_TYPE_STRING, stage, "age-ms",
                              G_TYPE_INT64, age, "units", G_TYPE_STRING,
                              job.units_deducted[0] ? job.units_deducted : job.units_estimated,
                              "shot-start", G_TYPE_UINT64, (guint64)from, "shot-stop",
                              G_TYPE_UINT64, (guint64)to, NULL)));
}

/* An osp_progress_fn; called on the streaming thread. A stage is told once. */
static void tell_stage(const char *stage, double fraction, const char *detail, void *opaque)
{
    GstOmniEdit *self = opaque;
    g_autofree gchar *text = NULL;

    GST_LOG_OBJECT(self, "%s %.3f %s", stage, fraction, detail);
    if (g_strcmp0(stage, self->stage) == 0)
        return;
    g_strlcpy(self->stage, stage, sizeof(self->stage));
    text = detail && *detail ? g_strdup_printf("%s: %s", stage, detail) : g_strdup(stage);
    if (self->waiting)
        post_progress(self, GST_PROGRESS_TYPE_CONTINUE, text);
    post_job(self, stage);
}

static void tell_complete(GstOmniEdit *self)
{
    if (self->complete)
        return;
    self->complete = TRUE;
    if (!self->waiting)
        post_progress(self, GST_PROGRESS_TYPE_START, "the shot was edited");
    post_progress(self, GST_PROGRESS_TYPE_COMPLETE, "the clip is there");
    post_job(self, "complete");
}

/* What the job said since the last buffer. */
static void tell_news(GstOmniEdit *self)
{
    osp_job *job = osp_stream_job(self->stream);
    osp_job_event event;

    if (!self->begun || self->complete || self->failed)
        return;
    while (osp_job_next_event(job, &event)) {
        tell_stage(event.stage, event.fraction, event.detail, self);
        if (event.state == OSP_JOB_FETCHED || event.state == OSP_JOB_DONE)
            tell_complete(self);
    }
}

static void post_buffering(GstOmniEdit *self, gint percent)
{
    gboolean wanted;

    GST_OBJECT_LOCK(self);
    wanted = self->post_buffering;
    GST_OBJECT_UNLOCK(self);
    if (wanted)
        gst_element_post_message(GST_ELEMENT(self),
                                 gst_message_new_buffering(GST_OBJECT(self), percent));
}

/* ---- errors ---- */

static const struct {
    int code; /* of the engine */
    gboolean of_stream;
    gint gst_code;
} faults[] = {
    { OSP_EUSAGE, FALSE, GST_RESOURCE_ERROR_SETTINGS },
    { OSP_EMEDIA, TRUE, GST_STREAM_ERROR_DECODE },
    { OSP_EOUTPUT, FALSE, GST_RESOURCE_ERROR_NO_SPACE_LEFT },
    { OSP_EACCESS, FALSE, GST_RESOURCE_ERROR_NOT_AUTHORIZED },
    { OSP_EMONEY, FALSE, GST_RESOURCE_ERROR_NOT_AUTHORIZED },
    { OSP_EREFUSED, TRUE, GST_STREAM_ERROR_FAILED },
    { OSP_ERESULT, TRUE, GST_STREAM_ERROR_FORMAT },
    { OSP_EAGAIN, FALSE, GST_RESOURCE_ERROR_BUSY },
};

/* The job goes on in the journal; what stays here is a person's answer. */
static gchar *debug_text(GstOmniEdit *self, const osp_error *err)
{
    osp_job_info job;

    if (!self->stream)
        return g_strdup(err->hint);
    osp_job_state_get(osp_stream_job(self->stream), &job);
    return g_strdup_printf("%s%sjob '%s' is %s, task '%s', request '%s'", err->hint,
                           err->hint[0] ? "; " : "", job.id, osp_job_state_name(job.state),
                           job.task_id, job.request_id);
}

/* Post what happened as the on-error property wants it. TRUE: the flow may go on, untouched. */
static gboolean gst_omni_edit_fault(GstOmniEdit *self, const osp_error *err)
{
    GQuark domain = GST_STREAM_ERROR;
    gint code = GST_STREAM_ERROR_FAILED;
    gboolean pass;

    for (guint i = 0; i < G_N_ELEMENTS(faults); i++) {
        if (faults[i].code == err->code) {
            domain = faults[i].of_stream ? GST_STREAM_ERROR : GST_RESOURCE_ERROR;
            code = faults[i].gst_code;
        }
    }
    GST_OBJECT_LOCK(self);
    pass = self->on_error == GST_OMNI_EDIT_ON_ERROR_PASSTHROUGH;
    GST_OBJECT_UNLOCK(self);
    self->failed = TRUE;
    if (self->waiting)
        post_progress(self, GST_PROGRESS_TYPE_ERROR, err->text);
    gst_element_message_full(GST_ELEMENT(self), pass ? GST_MESSAGE_WARNING : GST_MESSAGE_ERROR,
                             domain, code, g_strdup(err->text), debug_text(self, err), __FILE__,
                             GST_FUNCTION, __LINE__);
    return pass;
}

static gboolean gst_omni_edit_refuse(GstOmniEdit *self, int code, const gchar *text)
{
    osp_error err = { .code = code };

    g_strlcpy(err.text, text, sizeof(err.text));
    return gst_omni_edit_fault(self, &err);
}

/* ---- the engine ---- */

/* The texts as they are now; yours: g_strfreev(). An empty array slot would end it early, so that
 * what is not set is an empty text. */
static gchar **copy_texts(GstOmniEdit *self, gboolean *keep_sound)
{
    gchar **copy = g_new0(gchar *, TEXTS + 1);

    GST_OBJECT_LOCK(self);
    for (guint i = 0; i < TEXTS; i++)
        copy[i] = g_strdup(self->texts[i] ? self->texts[i] : "");
    *keep_sound = self->keep_sound;
    GST_OBJECT_UNLOCK(self);
    return copy;
}

static const gchar *or_null(const gchar *text)
{
    return *text ? text : NULL;
}

static gboolean fill_shot(gchar **set, gboolean keep_sound, osp_shot *shot, osp_error *err)
{
    static const GstOmniEditText needed[] = { TEXT_LOCATION, TEXT_PROMPT };

    for (guint i = 0; i < G_N_ELEMENTS(needed); i++) {
        if (!*set[needed[i]]) {
            err->code = OSP_EUSAGE;
            g_snprintf(err->text, sizeof(err->text), "the property '%s' is not set",
                       texts[needed[i]].name);
            return FALSE;
        }
    }
    for (guint i = 0; i < TEXTS; i++) {
        if (texts[i].shot && *set[i] && osp_shot_set(shot, texts[i].shot, set[i], err) != OSP_OK)
            return FALSE;
    }
    return osp_shot_set(shot, "keep-sound", keep_sound ? "1" : "0", err) == OSP_OK;
}

static gboolean open_engine(GstOmniEdit *self, gchar **set, osp_error *err)
{
    osp_engine_options options;

    osp_engine_options_init(&options);
    options.gateway = or_null(set[TEXT_GATEWAY]);
    options.key_file = or_null(set[TEXT_KEY_FILE]);
    options.state = or_null(set[TEXT_STATE]);
    options.store = or_null(set[TEXT_STORE]);
    options.max_units = or_null(set[TEXT_MAX_UNITS]);
    return osp_engine_open(&options, &self->engine, err) == OSP_OK;
}

/* Disk only: journal, facts of the file, plan. */
static gboolean gst_omni_edit_open(GstOmniEdit *self)
{
    gboolean keep_sound, ok;
    g_auto(GStrv) set = copy_texts(self, &keep_sound);
    osp_error err = { .code = OSP_OK };
    osp_shot shot;

    osp_cancel_reset(self->cancel);
    osp_shot_init(&shot);
    ok = fill_shot(set, keep_sound, &shot, &err) && open_engine(self, set, &err) &&
         osp_stream_open(self->engine, &shot, &self->stream, &err) == OSP_OK;
    osp_shot_release(&shot);
    return ok || gst_omni_edit_fault(self, &err);
}

/* No streaming thread is left. The job stays in the journal. */
static void gst_omni_edit_close(GstOmniEdit *self)
{
    osp_stream_free(&self->stream);
    osp_engine_close(&self->engine);
    gst_segment_init(&self->segment, GST_FORMAT_UNDEFINED);
    gst_video_info_init(&self->info);
    self->begun = self->waiting = self->complete = self->failed = FALSE;
    self->fresh = TRUE;
    self->lead = 0;
    self->next_time = GST_CLOCK_TIME_NONE;
    self->stage[0] = '\0';
}

static gboolean upstream_is_live(GstOmniEdit *self)
{
    g_autoptr(GstQuery) query = gst_query_new_latency();
    gboolean live = FALSE;

    if (gst_pad_peer_query(self->sinkpad, query))
        gst_query_parse_latency(query, &live, NULL, NULL);
    return live;
}

/* The pictures have begun to come: now the job may cost. */
static gboolean gst_omni_edit_begin(GstOmniEdit *self)
{
    osp_error err = { .code = OSP_OK };

    if (upstream_is_live(self))
        return gst_omni_edit_refuse(self, OSP_EMEDIA,
                                    "a live flow cannot wait for an edit that takes minutes");
    if (osp_job_begin(osp_stream_job(self->stream), &err) != OSP_OK)
        return gst_omni_edit_fault(self, &err);
    self->begun = TRUE;
    return TRUE;
}

/* ---- events ---- */

static gboolean gst_omni_edit_set_caps(GstOmniEdit *self, GstCaps *caps)
{
    osp_stream_format format;
    osp_error err = { .code = OSP_OK };

    if (!gst_video_info_from_caps(&self->info, caps))
        return FALSE;
    if (!self->stream || self->failed)
        return TRUE;
    if (!gst_omni_format_from_info(&format, &self->info))
        return gst_omni_edit_refuse(self, OSP_EMEDIA,
                                    "the pictures have a format that no clip "
                                    "can be given in");
    if (osp_stream_set_format(self->stream, &format, &err) != OSP_OK)
        return gst_omni_edit_fault(self, &err);
    return self->begun || gst_omni_edit_begin(self);
}

static gboolean gst_omni_edit_set_segment(GstOmniEdit *self, GstEvent *event)
{
    gst_event_copy_segment(event, &self->segment);
    self->next_time = GST_CLOCK_TIME_NONE;
    if (self->segment.format == GST_FORMAT_TIME || !self->stream || self->failed)
        return TRUE;
    return gst_omni_edit_refuse(self, OSP_EMEDIA, "the pictures carry no time");
}

static gboolean gst_omni_edit_sink_event(GstPad *pad, GstObject *parent, GstEvent *event)
{
    GstOmniEdit *self = GST_OMNI_EDIT(parent);
    gboolean ok = TRUE;
    GstCaps *caps;

    switch (GST_EVENT_TYPE(event)) {
    case GST_EVENT_CAPS:
        gst_event_parse_caps(event, &caps);
        ok = gst_omni_edit_set_caps(self, caps);
        break;
    case GST_EVENT_SEGMENT:
        ok = gst_omni_edit_set_segment(self, event);
        break;
    case GST_EVENT_FLUSH_START:
        /* without the stream lock, which a waiting chain function holds: end the wait first */
        osp_cancel_trigger(self->cancel);
        break;
    case GST_EVENT_FLUSH_STOP:
        osp_cancel_reset(self->cancel);
        gst_segment_init(&self->segment, GST_FORMAT_UNDEFINED);
        self->fresh = TRUE;
        if (self->stream)
            osp_stream_flush(self->stream);
        break;
    default:
        break;
    }
    if (ok)
        return gst_pad_event_default(pad, parent, event);
    gst_event_unref(event);
    return FALSE;
}

/* ---- buffers ---- */

/* The time of a buffer from the file's start. FALSE: it has none, or lies outside the segment. */
static gboolean master_time(GstOmniEdit *self, GstBuffer *buffer, gint64 *time)
{
    GstClockTime pts = GST_BUFFER_PTS(buffer);
    guint64 stream_time;

    if (!GST_CLOCK_TIME_IS_VALID(pts))
        pts = self->next_time;
    self->next_time = GST_CLOCK_TIME_IS_VALID(pts) && GST_BUFFER_DURATION_IS_VALID(buffer)
                          ? pts + GST_BUFFER_DURATION(buffer)
                          : GST_CLOCK_TIME_NONE;
    if (!GST_CLOCK_TIME_IS_VALID(pts))
        return FALSE;
    stream_time = gst_segment_to_stream_time(&self->segment, GST_FORMAT_TIME, pts);
    if (!GST_CLOCK_TIME_IS_VALID(stream_time))
        return FALSE;
    /* Demuxers disagree on where a file's clock begins (edit lists, MPEG-TS): its first picture
     * tells. After a seek the first buffer is any picture, and what was learned before holds. */
    if (self->fresh && self->segment.time == 0 && self->segment.rate > 0) {
        self->lead = (GstClockTimeDiff)stream_time - osp_stream_first(self->stream);
        GST_INFO_OBJECT(self, "the file begins at stream time %" GST_STIME_FORMAT,
                        GST_STIME_ARGS(self->lead));
    }
    self->fresh = FALSE;
    *time = (gint64)stream_time - self->lead;
    return TRUE;
}

/* Metadata that speaks of the old memory's layout must not come along. */
static gboolean copy_meta(GstBuffer *from, GstMeta **meta, gpointer to)
{
    const GstMetaInfo *kind = (*meta)->info;
    GstMetaTransformCopy copy = { FALSE, 0, (gsize)-1 };

    if (kind->transform_func &&
        !gst_meta_api_type_has_tag(kind->api, g_quark_from_static_string(GST_META_TAG_MEMORY_STR)))
        kind->transform_func(to, *meta, from, _gst_meta_transform_copy, &copy);
    return TRUE;
}

static GstBuffer *gst_omni_edit_replace(GstOmniEdit *self, GstBuffer *old,
                                        const osp_picture *picture)
{
    g_autoptr(GstBuffer) buffer = gst_omni_format_fill(&self->info, picture);

    if (!buffer ||
        !gst_buffer_copy_into(buffer, old, GST_BUFFER_COPY_FLAGS | GST_BUFFER_COPY_TIMESTAMPS, 0,
                              (gsize)-1))
        return NULL;
    gst_buffer_foreach_meta(old, copy_meta, buffer);
    return g_steal_pointer(&buffer);
}

/* Progress is told as begun no earlier than a buffer waits: applications hold a pipeline in PAUSED
 * until what is in progress is complete, and there no buffer would ever reach the shot. */
static void begin_wait(GstOmniEdit *self)
{
    self->waiting = TRUE;
    post_progress(self, GST_PROGRESS_TYPE_START, "the shot is being edited");
    post_buffering(self, 0);
}

static void end_wait(GstOmniEdit *self, int code)
{
    if (code == OSP_ECANCELED)
        post_progress(self, GST_PROGRESS_TYPE_CANCELED, "the job goes on in the journal");
    self->waiting = FALSE;
    post_buffering(self, 100);
}

/* FALSE: *flow says why there is no picture. */
static gboolean take_picture(GstOmniEdit *self, gint64 time, osp_picture *picture,
                             GstFlowReturn *flow)
{
    osp_control control = { self->cancel, tell_stage, self };
    osp_error err = { .code = OSP_OK };
    gboolean waits = !self->complete && !osp_job_clip(osp_stream_job(self->stream));
    int ret;

    if (waits)
        begin_wait(self);
    ret = osp_stream_take(self->stream, time, -1, &control, picture, &err);
    if (ret == OSP_OK)
        tell_complete(self);
    else if (ret == OSP_ECANCELED)
        *flow = GST_FLOW_FLUSHING;
    else /* passthrough: this buffer and those behind it go on as they are */
        *flow = gst_omni_edit_fault(self, &err) ? GST_FLOW_OK : GST_FLOW_ERROR;
    if (waits)
        end_wait(self, ret);
    return ret == OSP_OK;
}

static GstFlowReturn gst_omni_edit_inside(GstOmniEdit *self, GstBuffer *taken, gint64 time)
{
    g_autoptr(GstBuffer) old = taken;
    g_autoptr(GstBuffer) buffer = NULL;
    osp_picture picture = { .free_fn = NULL };
    GstFlowReturn flow = GST_FLOW_OK;

    if (!take_picture(self, time, &picture, &flow))
        return flow == GST_FLOW_OK ? gst_pad_push(self->srcpad, g_steal_pointer(&old)) : flow;
    buffer = gst_omni_edit_replace(self, old, &picture);
    osp_picture_release(&picture);
    if (!buffer) {
        gst_omni_edit_refuse(self, OSP_EINTERNAL, "out of memory");
        return GST_FLOW_ERROR;
    }
    return gst_pad_push(self->srcpad, g_steal_pointer(&buffer));
}

static GstFlowReturn gst_omni_edit_chain(GstPad *pad, GstObject *parent, GstBuffer *buffer)
{
    GstOmniEdit *self = GST_OMNI_EDIT(parent);
    gint64 time;

    (void)pad;
    if (!self->stream || self->failed)
        return gst_pad_push(self->srcpad, buffer);
    tell_news(self);
    if (!master_time(self, buffer, &time) || osp_stream_classify(self->stream, time) != OSP_INSIDE)
        return gst_pad_push(self->srcpad, buffer);
    return gst_omni_edit_inside(self, buffer, time);
}

/* ---- the object ---- */

static GstStateChangeReturn gst_omni_edit_change_state(GstElement *element,
                                                       GstStateChange transition)
{
    GstOmniEdit *self = GST_OMNI_EDIT(element);
    GstStateChangeReturn ret;

    if (transition == GST_STATE_CHANGE_READY_TO_PAUSED && !gst_omni_edit_open(self)) {
        gst_omni_edit_close(self);
        return GST_STATE_CHANGE_FAILURE;
    }
    /* The parent takes the stream lock, which a waiting chain function holds: end the wait first */
    if (transition == GST_STATE_CHANGE_PAUSED_TO_READY)
        osp_cancel_trigger(self->cancel);
    ret = GST_ELEMENT_CLASS(gst_omni_edit_parent_class)->change_state(element, transition);
    if (transition == GST_STATE_CHANGE_PAUSED_TO_READY ||
        (transition == GST_STATE_CHANGE_READY_TO_PAUSED && ret == GST_STATE_CHANGE_FAILURE))
        gst_omni_edit_close(self);
    return ret;
}

static void gst_omni_edit_set_property(GObject *object, guint id, const GValue *value,
                                       GParamSpec *pspec)
{
    GstOmniEdit *self = GST_OMNI_EDIT(object);

    GST_OBJECT_LOCK(self);
    switch (id) {
    case PROP_KEEP_SOUND:
        self->keep_sound = g_value_get_boolean(value);
        break;
    case PROP_POST_BUFFERING:
        self->post_buffering = g_value_get_boolean(value);
        break;
    case PROP_ON_ERROR:
        self->on_error = (GstOmniEditOnError)g_value_get_enum(value);
        break;
    default:
        if (id > PROP_0 && id <= PROP_LAST_TEXT) {
            g_free(self->texts[id - 1]);
            self->texts[id - 1] = g_value_dup_string(value);
        } else {
            G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, pspec);
        }
    }
    GST_OBJECT_UNLOCK(self);
}

static void gst_omni_edit_get_property(GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
    GstOmniEdit *self = GST_OMNI_EDIT(object);

    GST_OBJECT_LOCK(self);
    switch (id) {
    case PROP_KEEP_SOUND:
        g_value_set_boolean(value, self->keep_sound);
        break;
    case PROP_POST_BUFFERING:
        g_value_set_boolean(value, self->post_buffering);
        break;
    case PROP_ON_ERROR:
        g_value_set_enum(value, (gint)self->on_error);
        break;
    default:
        if (id > PROP_0 && id <= PROP_LAST_TEXT)
            g_value_set_string(value, self->texts[id - 1]);
        else
            G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, pspec);
    }
    GST_OBJECT_UNLOCK(self);
}

static void gst_omni_edit_finalize(GObject *object)
{
    GstOmniEdit *self = GST_OMNI_EDIT(object);

    for (guint i = 0; i < TEXTS; i++)
        g_free(self->texts[i]);
    osp_cancel_free(&self->cancel);
    G_OBJECT_CLASS(gst_omni_edit_parent_class)->finalize(object);
}

static void install_properties(GObjectClass *object_class)
{
    const GParamFlags usual = G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS;

    for (guint i = 0; i < TEXTS; i++)
        g_object_class_install_property(object_class, i + 1,
                                        g_param_spec_string(texts[i].name, texts[i].nick,
                                                            texts[i].blurb, NULL,
                                                            usual | GST_PARAM_MUTABLE_READY));
    g_object_class_install_property(
        object_class, PROP_KEEP_SOUND,
        g_param_spec_boolean("keep-sound", "Keep sound",
                             "Send the sound of the shot to the service too", FALSE,
                             usual | GST_PARAM_MUTABLE_READY));
    g_object_class_install_property(
        object_class, PROP_POST_BUFFERING,
        g_param_spec_boolean("post-buffering", "Post buffering",
                             "Post buffering messages while the flow waits", DEFAULT_POST_BUFFERING,
                             usual));
    g_object_class_install_property(
        object_class, PROP_ON_ERROR,
        g_param_spec_enum("on-error", "On error", "What happens when the shot cannot be edited",
                          GST_TYPE_OMNI_EDIT_ON_ERROR, DEFAULT_ON_ERROR, usual));
}

static void gst_omni_edit_class_init(GstOmniEditClass *klass)
{
    GObjectClass *object_class = G_OBJECT_CLASS(klass);
    GstElementClass *element_class = GST_ELEMENT_CLASS(klass);

    GST_DEBUG_CATEGORY_INIT(omniedit_debug, "omniedit", 0, "edit of one shot by a service");
    object_class->set_property = gst_omni_edit_set_property;
    object_class->get_property = gst_omni_edit_get_property;
    object_class->finalize = gst_omni_edit_finalize;
    install_properties(object_class);
    element_class->change_state = GST_DEBUG_FUNCPTR(gst_omni_edit_change_state);
    gst_element_class_add_static_pad_template(element_class, &sink_template);
    gst_element_class_add_static_pad_template(element_class, &src_template);
    gst_element_class_set_static_metadata(
        element_class, "Generative shot editor", "Filter/Effect/Video",
        "Replaces one shot of a file by what a generative service makes of it", "omnisplice");
    gst_type_mark_as_plugin_api(GST_TYPE_OMNI_EDIT_ON_ERROR, 0);
}

static void gst_omni_edit_init(GstOmniEdit *self)
{
    self->sinkpad = gst_pad_new_from_static_template(&sink_template, "sink");
    gst_pad_set_chain_function(self->sinkpad, GST_DEBUG_FUNCPTR(gst_omni_edit_chain));
    gst_pad_set_event_function(self->sinkpad, GST_DEBUG_FUNCPTR(gst_omni_edit_sink_event));
    GST_PAD_SET_PROXY_CAPS(self->sinkpad);
    GST_PAD_SET_PROXY_ALLOCATION(self->sinkpad);
    GST_PAD_SET_PROXY_SCHEDULING(self->sinkpad);
    gst_element_add_pad(GST_ELEMENT(self), self->sinkpad);
    self->srcpad = gst_pad_new_from_static_template(&src_template, "src");
    GST_PAD_SET_PROXY_CAPS(self->srcpad);
    GST_PAD_SET_PROXY_SCHEDULING(self->srcpad);
    gst_element_add_pad(GST_ELEMENT(self), self->srcpad);
    self->post_buffering = DEFAULT_POST_BUFFERING;
    self->on_error = DEFAULT_ON_ERROR;
    gst_segment_init(&self->segment, GST_FORMAT_UNDEFINED);
    gst_video_info_init(&self->info);
    self->next_time = GST_CLOCK_TIME_NONE;
    self->fresh = TRUE;
    if (osp_cancel_new(&self->cancel, NULL) != OSP_OK)
        GST_ERROR_OBJECT(self, "no descriptor for a cancel is left: waits will not end early");
}
