/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Whole requests, rule by rule and at the borders. No media is opened. In rows ' stands for ", and
 * #x9# for nine of something: see expand(). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/auto.h"
#include "base/fs.h"
#include "base/json.h"
#include "base/str.h"
#include "omnisplice/check.h"
#include "sim/limits.h"
#include "sim/request.h"

#define O1     "kling-video-o1"
#define NATIVE "kling-3.0-native"

#define ASPECT "'aspect_ratio':'16:9'"
#define MODEL  "'model_name':'kling-video-o1'"
#define URL    "https://a.example/a"
#define IMG    "{'image_url':'" URL "'}"
#define FIRST  "{'image_url':'" URL "','type':'first_frame'}"
#define LAST   "{'image_url':'" URL "','type':'end_frame'}"
#define BASE   "'video_list':[{'video_url':'" URL "','refer_type':'base'}]"
#define FEAT   "'video_list':[{'video_url':'" URL "','refer_type':'feature'}]"
#define SHOTS  "'multi_shot':true,'shot_type':'customize'," ASPECT
#define TWO                                                    \
    "'multi_prompt':[{'index':1,'prompt':'a','duration':'2'}," \
    "{'index':2,'prompt':'b','duration':'3'}]"
#define N_PROMPT(text) "{'contents':[{'type':'prompt','text':'" text "'}"
#define N_END          "],'settings':{" ASPECT "}}"
#define N_BASE         "{'type':'base_video','url':'" URL "','id':'video_1'}"
#define N_FEAT         "{'type':'feature_video','url':'" URL "','id':'video_1'}"

static const struct row {
    const char *name;
    const char *profile;
    const char *json;
    const char *findings; /* rule ids; ! violation, ? warning, . note; "request.url" notes aside */
} rows[] = {
    /* ---- reading ---- */
    { "text alone passes", NULL, "{'prompt':'x'," ASPECT "}", "" },
    { "broken JSON", NULL, "{'prompt':'x'", "!request.json" },
    { "a list is no request", NULL, "[]", "!request.json" },
    { "a key twice", NULL, "{'prompt':'x','prompt':'y'," ASPECT "}", "!request.json" },
    { "more after the end", NULL, "{'prompt':'x'," ASPECT "} 1", "!request.json" },
    { "empty fields are none", NULL,
      "{'prompt':'x'," ASPECT ",'image_list':[],'video_list':[],'external_task_id':'','mode':null}",
      "" },
    { "an unknown field", NULL, "{'prompt':'x'," ASPECT ",'seed':1}", "?request.unknown-field" },
    { "an unknown field below", NULL,
      "{'prompt':'<<<image_1>>>'," ASPECT ",'image_list':[{'image_url':'" URL "','kind':'x'}]}",
      "?request.unknown-field" },
    { "callback_url is not in the gateway's table", NULL,
      "{'prompt':'x'," ASPECT ",'callback_url':'" URL "'}", "?request.unknown-field" },
    { "callback_url is in Kling's", O1,
      "{'prompt':'x'," ASPECT "," MODEL ",'callback_url':'" URL "'}", "" },
    { "a number for a word", NULL, "{'prompt':'x'," ASPECT ",'mode':1}", "!request.type" },
    { "a word for a list", NULL, "{'prompt':'x'," ASPECT ",'image_list':'a'}", "!request.type" },
    { "a word for an entry", NULL, "{'prompt':'x'," ASPECT ",'image_list':['a']}",
      "!request.type" },
    { "watermark_info is an object", NULL,
      "{'prompt':'x'," ASPECT ",'watermark_info':{'enabled':true}}", "" },
    { "its switch is no word", NULL, "{'prompt':'x'," ASPECT ",'watermark_info':{'enabled':'yes'}}",
      "!request.type" },
    { "watermark_info as a list", NULL,
      "{'prompt':'x'," ASPECT ",'watermark_info':[{'enabled':true}]}", "?request.type" },
    { "the native form is not the gateway's", NULL, N_PROMPT("x") N_END,
      "!request.form !request.prompt.missing !request.aspect.required ?request.unknown-field" },
    { "the legacy form is not the native one", NATIVE, "{'prompt':'x'," ASPECT "}",
      "!request.form !request.prompt.missing !request.required ?request.aspect.required "
      "?request.unknown-field" },

    /* ---- lengths ---- */
    { "2500 characters", NULL, "{'prompt':'#a2500#'," ASPECT "}", "" },
    { "2501 characters", NULL, "{'prompt':'#a2501#'," ASPECT "}", "!request.length" },
    { "2500 of four bytes each", NULL, "{'prompt':'#u2500#'," ASPECT "}", ".request.length" },
    { "2501 of four bytes each", NULL, "{'prompt':'#u2501#'," ASPECT "}", "!request.length" },
    { "native advises 2500", NATIVE, N_PROMPT("#a2500#") N_END, "" },
    { "native takes more with a warning", NATIVE, N_PROMPT("#a2501#") N_END, "?request.length" },
    { "native takes 3072", NATIVE, N_PROMPT("#a3072#") N_END, "?request.length" },
    { "native takes no 3073", NATIVE, N_PROMPT("#a3073#") N_END, "!request.length" },
    { "512 characters a shot", NULL,
      "{" SHOTS ",'multi_prompt':[{'index':1,'prompt':'#a512#','duration':'5'}]}", "" },
    { "513 characters a shot", NULL,
      "{" SHOTS ",'multi_prompt':[{'index':1,'prompt':'#a513#','duration':'5'}]}",
      "!request.length" },
    { "512 in a written shot", NATIVE, N_PROMPT("shot 1, 5,#a512#;") N_END, "" },
    { "513 in a written shot", NATIVE, N_PROMPT("shot 1, 5,#a513#;") N_END, "!request.length" },

    /* ---- enumerations ---- */
    { "mode std", NULL, "{'prompt':'x'," ASPECT ",'mode':'std'}", "" },
    { "mode of another service", NULL, "{'prompt':'x'," ASPECT ",'mode':'720p'}", "!request.enum" },
    { "4k on the gateway", NULL, "{'prompt':'x'," ASPECT ",'mode':'4k'}", "?request.mode" },
    { "4k on O1", O1, "{'prompt':'x'," ASPECT "," MODEL ",'mode':'4k'}", "!request.enum" },
    { "4k on the native interface", NATIVE,
      "{'contents':[{'type':'prompt','text':'x'}],'settings':{" ASPECT ",'resolution':'4k'}}", "" },
    { "an aspect ratio", NULL, "{'prompt':'x','aspect_ratio':'4:3'}", "!request.enum" },
    { "a use of a video", NULL,
      "{'prompt':'<<<video_1>>>','video_list':[{'video_url':'" URL "','refer_type':'style'}]}",
      "!request.enum" },
    { "keep_original_sound is no boolean", NULL,
      "{'prompt':'<<<video_1>>>','video_list':[{'video_url':'" URL
      "','keep_original_sound':true}]}",
      "!request.type" },
    { "a kind of frame", NULL,
      "{'prompt':'<<<image_1>>>'," ASPECT ",'image_list':[{'image_url':'" URL
      "','type':'last_frame'}]}",
      "!request.enum" },
    { "a kind of content", NATIVE, N_PROMPT("x") ",{'type':'end_frame','url':'" URL "'}" N_END,
      "!request.enum" },
    { "duration 3", NULL, "{'prompt':'x'," ASPECT ",'duration':'3'}", "" },
    { "duration 2", NULL, "{'prompt':'x'," ASPECT ",'duration':'2'}", "!request.enum" },
    { "duration 15", NULL, "{'prompt':'x'," ASPECT ",'duration':'15'}", "" },
    { "duration 16", NULL, "{'prompt':'x'," ASPECT ",'duration':'16'}", "!request.enum" },
    { "duration as a number", NULL, "{'prompt':'x'," ASPECT ",'duration':5}", "?request.type" },
    { "duration as a fraction", NULL, "{'prompt':'x'," ASPECT ",'duration':5.5}", "!request.type" },
    { "duration as words", NULL, "{'prompt':'x'," ASPECT ",'duration':'5s'}", "!request.type" },
    { "a list for a duration says nothing of the shots", NULL, "{" SHOTS ",'duration':[]," TWO "}",
      "!request.type" },
    { "nor does one that is no number", NULL, "{" SHOTS ",'duration':'6s'," TWO "}",
      "!request.type" },
    { "an aspect ratio of the wrong type is no missing one", NULL,
      "{'prompt':'x','aspect_ratio':1}", "!request.type" },
    { "audio of the wrong type", NULL, "{'prompt':'rain','duration':'x','external_task_id':'a'}",
      "!request.type !request.aspect.required" },
    { "duration as a number, native", NATIVE,
      "{'contents':[{'type':'prompt','text':'x'}],'settings':{" ASPECT ",'duration':5}}", "" },
    { "duration as a string, native", NATIVE,
      "{'contents':[{'type':'prompt','text':'x'}],'settings':{" ASPECT ",'duration':'5'}}",
      "?request.type" },

    /* ---- prompts and shots ---- */
    { "no prompt", NULL, "{" ASPECT "}", "!request.prompt.missing" },
    { "a blank prompt", NULL, "{'prompt':' '," ASPECT "}", "!request.prompt.missing" },
    { "no prompt, native", NATIVE, "{'contents':[{'type':'prompt'}],'settings':{" ASPECT "}}",
      "!request.prompt.missing" },
    { "shots need no prompt", NULL, "{" SHOTS "," TWO "}", "" },
    { "shots make the prompt invalid", NULL, "{" SHOTS "," TWO ",'prompt':'x'}",
      "?request.prompt.ignored" },
    { "an empty prompt beside shots", NULL, "{" SHOTS "," TWO ",'prompt':''}", "" },
    { "shots without multi_shot", NULL, "{'prompt':'x'," ASPECT "," TWO "}",
      "?request.shot.ignored" },
    { "shot_type without multi_shot", NULL, "{'prompt':'x'," ASPECT ",'shot_type':'customize'}",
      "?request.shot.ignored" },
    { "written shots that are switched off", NATIVE,
      "{'contents':[{'type':'prompt','text':'shot 1, 2, a; shot 2, 3, b'}],"
      "'settings':{" ASPECT ",'multi_shot':false}}",
      "?request.shot.ignored" },
    { "multi_shot without shot_type", NULL, "{'multi_shot':true,'prompt':'x'," ASPECT "}",
      "!request.shot.type" },
    { "a shot_type of no page", NULL,
      "{'multi_shot':true,'shot_type':'auto','prompt':'x'," ASPECT "}", "!request.enum" },
    { "intelligence", NULL,
      "{'multi_shot':true,'shot_type':'intelligence','prompt':'x'," ASPECT "}",
      "?request.shot.intelligence" },
    { "intelligence needs a prompt", NULL,
      "{'multi_shot':true,'shot_type':'intelligence'," ASPECT "}",
      "?request.shot.intelligence !request.prompt.missing" },
    { "customize without shots", NULL, "{" SHOTS "}", "!request.shot.sum" },
    { "six shots", NULL, "{" SHOTS ",'duration':'6','multi_prompt':[#s6#]}", "" },
    { "seven shots", NULL, "{" SHOTS ",'duration':'7','multi_prompt':[#s7#]}",
      "!request.shot.sum" },
    { "a sum that is short", NULL, "{" SHOTS ",'duration':'6'," TWO "}", "!request.shot.sum" },
    { "a sum of the default duration", NULL, "{" SHOTS "," TWO "}", "" },
    { "an index from 0", NULL,
      "{" SHOTS ",'multi_prompt':[{'index':0,'prompt':'a','duration':'5'}]}", "!request.shot.sum" },
    { "a gap in the indexes", NULL,
      "{" SHOTS ",'multi_prompt':[{'index':1,'prompt':'a','duration':'2'},"
      "{'index':3,'prompt':'b','duration':'3'}]}",
      "!request.shot.sum" },
    { "a shot of 0 s", NULL,
      "{" SHOTS ",'multi_prompt':[{'index':1,'prompt':'a','duration':'5'},"
      "{'index':2,'prompt':'b','duration':'0'}]}",
      "!request.shot.sum" },
    { "a shot longer than the whole", NULL,
      "{" SHOTS ",'multi_prompt':[{'index':1,'prompt':'a','duration':'6'}]}", "!request.shot.sum" },
    { "a shot without words", NULL, "{" SHOTS ",'multi_prompt':[{'index':1,'duration':'5'}]}",
      "!request.required" },
    { "a shot's duration as a number", NULL,
      "{" SHOTS ",'multi_prompt':[{'index':1,'prompt':'a','duration':5}]}", "?request.type" },
    { "a shot's index as a string", NULL,
      "{" SHOTS ",'multi_prompt':[{'index':'1','prompt':'a','duration':'5'}]}", "!request.type" },
    { "written shots", NATIVE, N_PROMPT("shot 1, 2, a; shot 2, 3, b;") N_END, "" },
    { "written shots that do not add up", NATIVE, N_PROMPT("shot 1, 2, a; shot 2, 2, b;") N_END,
      "!request.shot.sum" },
    { "written shots in the wrong order", NATIVE, N_PROMPT("shot 2, 2, a; shot 1, 3, b") N_END,
      "!request.shot.sum" },
    { "shots and a base video", NULL,
      "{'multi_shot':true,'shot_type':'customize'," TWO "," BASE "}",
      "!request.shot.base ?cite.unused" },
    { "shots and a base video, native", NATIVE, N_PROMPT("shot 1, 5, @video_1") "," N_BASE "]}",
      "!request.shot.base" },
    { "shots and a feature video", NULL,
      "{" SHOTS ",'multi_prompt':[{'index':1,'prompt':'<<<video_1>>>','duration':'5'}]," FEAT "}",
      "?request.shot.feature" },
    { "a feature video without shots, native", NATIVE,
      N_PROMPT("@video_1") "," N_FEAT "],'settings':{'multi_shot':false}}",
      "?request.shot.feature" },
    { "shots and a first frame", NULL,
      "{'multi_shot':true,'shot_type':'customize','image_list':[" FIRST
      "],'multi_prompt':[{'index':1,'prompt':'<<<image_1>>>','duration':'5'}]}",
      "?request.shot.frames" },
    { "shots on O1", O1, "{" SHOTS "," MODEL "," TWO "}", "!request.shot.o1" },

    /* ---- frames ---- */
    { "a first frame", NULL, "{'prompt':'<<<image_1>>>','image_list':[" FIRST "]}", "" },
    { "first and end frame", NULL,
      "{'prompt':'<<<image_1>>><<<image_2>>>','image_list':[" FIRST "," LAST "]}", "" },
    { "an image beside a base video", NULL,
      "{'prompt':'<<<image_1>>><<<video_1>>>','image_list':[" IMG "]," BASE "}", "" },
    { "a frame beside a base video", NULL,
      "{'prompt':'<<<image_1>>><<<video_1>>>','image_list':[" FIRST "]," BASE "}",
      "!request.frames.base" },
    { "an end frame alone", NULL, "{'prompt':'<<<image_1>>>'," ASPECT ",'image_list':[" LAST "]}",
      "!request.frames.end-only" },
    { "a third image beside an end frame", NULL,
      "{'prompt':'#c3#','image_list':[" FIRST "," LAST "," IMG "]}", "!request.frames.end-many" },
    { "the same on the native interface", NATIVE,
      N_PROMPT("@a @b @c") ",{'type':'first_frame','url':'" URL
                           "','id':'a'},{'type':'last_frame','url':'" URL
                           "','id':'b'},{'type':'refer_image','url':'" URL "','id':'c'}]}",
      "" },
    { "two first frames", NULL, "{'prompt':'#c2#','image_list':[" FIRST "," FIRST "]}",
      "!request.frames.dup" },
    { "two end frames", NULL, "{'prompt':'#c3#','image_list':[" FIRST "," LAST "," LAST "]}",
      "!request.frames.dup !request.frames.end-many" },
    { "end frame and feature video", NULL,
      "{'prompt':'#c2#<<<video_1>>>','image_list':[" FIRST "," LAST "]," FEAT "}",
      "?request.frames.feature-end" },
    { "end frame and feature video on O1", O1,
      "{'prompt':'#c2#<<<video_1>>>','image_list':[" FIRST "," LAST "]," FEAT "," MODEL "}",
      "!request.frames.feature-end" },
    { "first frame and feature video on O1", O1,
      "{'prompt':'<<<image_1>>><<<video_1>>>','image_list':[" FIRST "]," FEAT "," MODEL "}", "" },
    { "an element beside an end frame on O1", O1,
      "{'prompt':'#c2##g1#','image_list':[" FIRST "," LAST "],'element_list':[#e1#]," MODEL "}",
      "!request.frames.o1-extra" },
    { "an element beside an end frame elsewhere", NULL,
      "{'prompt':'#c2##g1#','image_list':[" FIRST "," LAST "],'element_list':[#e1#]}", "" },

    /* ---- counts ---- */
    { "two videos", NULL,
      "{'prompt':'<<<video_1>>><<<video_2>>>','video_list':[{'video_url':'" URL
      "'},{'video_url':'" URL "'}]}",
      "!video.count" },
    { "four beside a video", NULL,
      "{'prompt':'#c2##g2#<<<video_1>>>'," BASE ",'image_list':[#i2#],'element_list':[#e2#]}",
      ".request.element.character" },
    { "five beside a video", NULL, "{'prompt':'#c5#<<<video_1>>>'," BASE ",'image_list':[#i5#]}",
      "!request.count.video" },
    { "seven without", NULL,
      "{'prompt':'#c4##g3#'," ASPECT ",'image_list':[#i4#],'element_list':[#e3#]}", "" },
    { "eight without", NULL,
      "{'prompt':'#c4##g4#'," ASPECT ",'image_list':[#i4#],'element_list':[#e4#]}",
      "!request.count.novideo" },
    { "three elements beside a first frame", NULL,
      "{'prompt':'#c1##g3#','image_list':[" FIRST "],'element_list':[#e3#]}", "" },
    { "four elements beside a first frame", NULL,
      "{'prompt':'#c1##g4#','image_list':[" FIRST "],'element_list':[#e4#]}",
      "!request.count.frames" },
    { "a character beside a video", NULL,
      "{'prompt':'<<<video_1>>>#g1#'," BASE ",'element_list':[{'element_id':77}]}",
      "!request.element.character" },
    { "an element that is none", NULL,
      "{'prompt':'<<<video_1>>>#g1#'," BASE ",'element_list':[{'element_id':78}]}",
      ".request.element.character" },
    { "a character without a video", NULL,
      "{'prompt':'#g1#'," ASPECT ",'element_list':[{'element_id':77}]}", "" },
    { "native: one character beside a video", NATIVE,
      N_PROMPT("@video_1 @a") "," N_BASE ",{'type':'element','element_id':'77','id':'a'}]}", "" },
    { "native: and an image", NATIVE,
      N_PROMPT("@video_1 @a @b") "," N_BASE ",{'type':'element','element_id':'77','id':'a'},{'type'"
                                 ":'refer_image','url':'" URL "','id':'b'}]}",
      "!request.element.character" },
    { "native: four characters", NATIVE,
      N_PROMPT("@a @b @c @d") ",{'type':'element','element_id':'77','id':'a'},{'type':'element',"
                              "'element_id':'77','id':'b'},{'type':'element','element_id':'77',"
                              "'id':'c'},{'type':'element','element_id':'77','id':'d'}" N_END,
      "!request.element.character" },
    { "native: a character and four images", NATIVE,
      N_PROMPT("@a @b @c @d @e") ",{'type':'element','element_id':'77','id':'a'},"
                                 "{'type':'refer_image','url':'" URL
                                 "','id':'b'},{'type':'refer_image','url':'" URL
                                 "','id':'c'},{'type':'refer_image','url':'" URL
                                 "','id':'d'},{'type':'refer_image','url':'" URL
                                 "','id':'e'}" N_END,
      "!request.element.character" },
    { "a 64-bit id as a number", NULL,
      "{'prompt':'#g1#'," ASPECT ",'element_list':[{'element_id':829836802793406551}]}", "" },
    { "a 64-bit id as a string", NULL,
      "{'prompt':'#g1#'," ASPECT ",'element_list':[{'element_id':'829836802793406551'}]}",
      "?request.type" },
    { "an id of 65 bits", NULL,
      "{'prompt':'#g1#'," ASPECT ",'element_list':[{'element_id':9223372036854775808}]}",
      "!request.type" },
    { "an id with a point", NULL,
      "{'prompt':'#g1#'," ASPECT ",'element_list':[{'element_id':1.5}]}", "!request.type" },
    { "native writes ids as strings", NATIVE,
      N_PROMPT("@a") ",{'type':'element','element_id':829836802793406551,'id':'a'}" N_END,
      "?request.type" },
    { "an entry without its id", NULL, "{'prompt':'#g1#'," ASPECT ",'element_list':[{}]}",
      "!request.required" },
    { "an image without its address", NULL,
      "{'prompt':'#c1#'," ASPECT ",'image_list':[{'image_url':''}]}", "!request.required" },
    { "native: an element needs a name", NATIVE,
      N_PROMPT("x") ",{'type':'element','element_id':'1'}" N_END,
      "!request.required ?cite.unused" },

    /* ---- sound, aspect, duration, model ---- */
    { "sound", NULL, "{'prompt':'x'," ASPECT ",'sound':'on'}", "" },
    { "sound of no page", NULL, "{'prompt':'x'," ASPECT ",'sound':'loud'}", "!request.enum" },
    { "sound beside a base video", NULL, "{'prompt':'<<<video_1>>>'," BASE ",'sound':'on'}",
      "!request.sound.video" },
    { "sound off beside a base video", NULL, "{'prompt':'<<<video_1>>>'," BASE ",'sound':'off'}",
      "" },
    { "sound beside a feature video", NULL,
      "{'prompt':'<<<video_1>>>'," ASPECT "," FEAT ",'sound':'on'}", "!request.sound.video" },
    { "native: original beside a base video", NATIVE,
      N_PROMPT("@video_1") "," N_BASE "],'settings':{'audio':'original'}}", "" },
    { "native: native beside a base video", NATIVE,
      N_PROMPT("@video_1") "," N_BASE "],'settings':{'audio':'native'}}", "!request.sound.video" },
    { "native: original beside a feature video", NATIVE,
      N_PROMPT("@video_1") "," N_FEAT "],'settings':{'audio':'original'}}",
      "!request.sound.video" },
    { "sound on O1", O1, "{'prompt':'x'," ASPECT "," MODEL ",'sound':'on'}", "!request.sound.o1" },
    { "no aspect ratio", NULL, "{'prompt':'x'}", "!request.aspect.required" },
    { "none beside a feature video", NULL, "{'prompt':'<<<video_1>>>'," FEAT "}",
      "!request.aspect.required" },
    { "none beside a base video", NULL, "{'prompt':'<<<video_1>>>'," BASE "}", "" },
    { "no aspect ratio, native", NATIVE, N_PROMPT("x") "]}", "?request.aspect.required" },
    { "one beside a base video", NULL, "{'prompt':'<<<video_1>>>'," BASE "," ASPECT "}",
      "?request.aspect.ignored" },
    { "one beside a first frame", NULL,
      "{'prompt':'<<<image_1>>>'," ASPECT ",'image_list':[" FIRST "]}", "?request.aspect.ignored" },
    { "a duration beside a base video", NULL, "{'prompt':'<<<video_1>>>'," BASE ",'duration':'5'}",
      ".request.duration.ignored" },
    { "10 s beside a feature video", NULL,
      "{'prompt':'<<<video_1>>>'," ASPECT "," FEAT ",'duration':'10'}", "" },
    { "11 s beside a feature video", NULL,
      "{'prompt':'<<<video_1>>>'," ASPECT "," FEAT ",'duration':'11'}", "?request.duration.video" },
    { "O1: 5 s of text", O1, "{'prompt':'x'," ASPECT "," MODEL ",'duration':'5'}", "" },
    { "O1: 6 s of text", O1, "{'prompt':'x'," ASPECT "," MODEL ",'duration':'6'}",
      "!request.duration.o1" },
    { "O1: 10 s of a first frame", O1,
      "{'prompt':'<<<image_1>>>'," MODEL ",'image_list':[" FIRST "],'duration':'10'}", "" },
    { "O1: 9 s of a first frame", O1,
      "{'prompt':'<<<image_1>>>'," MODEL ",'image_list':[" FIRST "],'duration':'9'}",
      "!request.duration.o1" },
    { "O1: 9 s of an image", O1,
      "{'prompt':'<<<image_1>>>'," ASPECT "," MODEL ",'image_list':[" IMG "],'duration':'9'}", "" },
    { "O1: 11 s", O1,
      "{'prompt':'<<<image_1>>>'," ASPECT "," MODEL ",'image_list':[" IMG "],'duration':'11'}",
      "!request.enum" },
    { "a model's name to the gateway", NULL, "{'prompt':'x'," ASPECT "," MODEL "}",
      "?request.model" },
    { "none on Kling's own path", O1, "{'prompt':'x'," ASPECT "}", "?request.model" },
    { "another one there", O1, "{'prompt':'x'," ASPECT ",'model_name':'kling-v3-omni'}",
      "?request.model" },
    { "one to the gateway's images", NULL, "{'prompt':'x','resolution':'1k'," MODEL "}",
      "?request.model" },

    /* ---- citations ---- */
    { "a citation of nothing", NULL,
      "{'prompt':'<<<image_3>>>#c2#'," ASPECT ",'image_list':[#i2#]}", "!cite.dangling" },
    { "of image 0", NULL, "{'prompt':'<<<image_0>>>'," ASPECT "}", "!cite.dangling" },
    { "media without one", NULL, "{'prompt':'x'," BASE "}", "?cite.unused" },
    { "in a shot", NULL,
      "{" SHOTS ",'multi_prompt':[{'index':1,'prompt':'#c1#','duration':'5'}],"
      "'image_list':[#i1#]}",
      "" },
    { "two brackets", NULL, "{'prompt':'<<image_1>>'," ASPECT ",'image_list':[#i1#]}",
      "?cite.form" },
    { "three and two", NULL, "{'prompt':'<<<image_1>>'," ASPECT ",'image_list':[#i1#]}",
      "?cite.form" },
    { "blanks", NULL, "{'prompt':'<<< image_1 >>>'," ASPECT ",'image_list':[#i1#]}", "?cite.form" },
    { "a capital", NULL, "{'prompt':'<<<Image_1>>>'," ASPECT ",'image_list':[#i1#]}",
      "?cite.form" },
    { "object", NULL, "{'prompt':'<<<object_1>>>'," ASPECT "}", "?cite.form" },
    { "the native form", NULL, "{'prompt':'@image_1'," ASPECT ",'image_list':[#i1#]}",
      "?cite.form" },
    { "a wrong form of nothing", NULL, "{'prompt':'<<image_2>>'," ASPECT "}",
      "?cite.form !cite.dangling" },
    { "arrows are none", NULL, "{'prompt':'a << b >> c <- <b> d@image_1.com'," ASPECT "}",
      "?cite.form" },
    { "an address of mail is none", NULL, "{'prompt':'me@image_1 <b>'," ASPECT "}", "" },
    { "native: by id", NATIVE,
      N_PROMPT("@Zhang") ",{'type':'element','element_id':'1','id':'Zhang'}" N_END, "" },
    { "native: of nothing", NATIVE, N_PROMPT("@image_1") N_END, "!cite.dangling" },
    { "native: of a name that is perhaps none", NATIVE, N_PROMPT("@Zhang") N_END,
      "?cite.dangling" },
    { "native: the legacy form", NATIVE, N_PROMPT("<<<video_1>>>") "," N_BASE "]}",
      "?cite.form ?cite.overlap" },
    { "native: without one", NATIVE, N_PROMPT("x") "," N_BASE "]}", "?cite.unused" },
    { "native: names that contain each other", NATIVE,
      N_PROMPT("@Zhang @ZhangSan") ",{'type':'element','element_id':'1','id':'Zhang'},"
                                   "{'type':'element','element_id':'2','id':'ZhangSan'}" N_END,
      "?cite.overlap" },
    { "native: a name as plain text", NATIVE,
      N_PROMPT("@gmail me@gmail.com") ",{'type':'element','element_id':'1','id':'gmail'}" N_END,
      "?cite.overlap" },
    { "native: a name twice", NATIVE,
      N_PROMPT("@a") ",{'type':'element','element_id':'1','id':'a'},"
                     "{'type':'element','element_id':'2','id':'a'}" N_END,
      "!cite.overlap ?cite.unused" },

    /* ---- how media are passed ---- */
    { "a URL is not looked at", NULL, "{'prompt':'<<<video_1>>>'," BASE "}", ".request.url" },
    { "a prefix in capitals", NULL,
      "{'prompt':'<<<image_1>>>'," ASPECT ",'image_list':[{'image_url':'DATA:image/png;base64,"
      "#b64#'}]}",
      "!image.pass" },
    { "an address of another kind", NULL,
      "{'prompt':'<<<image_1>>>'," ASPECT ",'image_list':[{'image_url':'s3://b/a.png'}]}",
      "!image.pass" },
    { "a prefix", NULL,
      "{'prompt':'<<<image_1>>>'," ASPECT ",'image_list':[{'image_url':'data:image/png;base64,"
      "#b64#'}]}",
      "!image.pass" },
    { "bare base64", NULL,
      "{'prompt':'<<<image_1>>>'," ASPECT ",'image_list':[{'image_url':'#b64#'}]}", "" },
    { "base64 that is cut", NULL,
      "{'prompt':'<<<image_1>>>'," ASPECT ",'image_list':[{'image_url':'#b65#'}]}", "!image.pass" },
    { "base64 in lines", NULL,
      "{'prompt':'<<<image_1>>>'," ASPECT ",'image_list':[{'image_url':'#b64#\\n#b64#'}]}",
      "!image.pass" },
    { "a video inline", NULL, "{'prompt':'<<<video_1>>>','video_list':[{'video_url':'#b64#'}]}",
      "!video.url" },
    { "a video without address", NULL, "{'prompt':'<<<video_1>>>','video_list':[{}]}",
      "!video.url" },
    { "a video of another kind", NULL,
      "{'prompt':'<<<video_1>>>','video_list':[{'video_url':'ftp://a/b.mp4'}]}", "!video.url" },
    { "10,000,000 characters inline", NULL,
      "{'prompt':'<<<image_1>>>'," ASPECT ",'image_list':[{'image_url':'#b10000000#'}]}", "" },
    { "more than 10,000,000", NULL,
      "{'prompt':'<<<image_1>>>'," ASPECT ",'image_list':[{'image_url':'#b10000004#'}]}",
      "?image.inline" },
    { "20,000,000 in all", NULL,
      "{'prompt':'#c2#'," ASPECT ",'image_list':[{'image_url':'#b10000000#'},"
      "{'image_url':'#b10000000#'}]}",
      "" },
    { "more than 20,000,000 in all", NULL,
      "{'prompt':'#c3#'," ASPECT ",'image_list':[{'image_url':'#b10000000#'},"
      "{'image_url':'#b10000000#'},{'image_url':'#b64#'}]}",
      "?image.inline.total" },
    { "sound with a prefix", NULL,
      "{'image':'" URL "','sound_file':'data:audio/mpeg;base64,#b64#'}", "!sound.pass" },
    { "sound inline", NULL, "{'image':'" URL "','sound_file':'#b64#'}", "" },

    /* ---- omni-image ---- */
    { "ten images and elements", NULL,
      "{'prompt':'#p6##g4#','image_list':[#n6#],'element_list':[#e4#]}", "" },
    { "eleven", NULL, "{'prompt':'#p6##g5#','image_list':[#n6#],'element_list':[#e5#]}",
      "!omni-image.count" },
    { "omni-image: no prompt", NULL, "{'image_list':[#n1#],'resolution':'1k'}",
      "!request.prompt.missing" },
    { "omni-image: 2501 characters", NULL, "{'prompt':'#a2501#','resolution':'1k'}",
      "!request.length" },
    { "omni-image: an image of omni-video", NULL,
      "{'prompt':'x','resolution':'1k','n':1,'image_list':[{'image_url':'" URL "'}]}",
      "!request.required ?request.unknown-field ?cite.unused" },
    { "4k", NULL, "{'prompt':'x','resolution':'4k'}", "" },
    { "4k is not of O1", O1, "{'prompt':'x','resolution':'4k'}", "!omni-image.resolution" },
    { "8k", NULL, "{'prompt':'x','resolution':'8k'}", "!omni-image.resolution" },
    { "n 1", NULL, "{'prompt':'x','n':1}", "" },
    { "n 9", NULL, "{'prompt':'x','n':9}", "" },
    { "n 0", NULL, "{'prompt':'x','n':0}", "!omni-image.n" },
    { "n 10", NULL, "{'prompt':'x','n':10}", "!omni-image.n" },
    { "n as a string", NULL, "{'prompt':'x','resolution':'1k','n':'1'}", "!request.type" },
    { "a series of 2", NULL, "{'prompt':'x','result_type':'series','series_amount':2}", "" },
    { "of 9", NULL, "{'prompt':'x','result_type':'series','series_amount':9}", "" },
    { "of 1", NULL, "{'prompt':'x','result_type':'series','series_amount':1}",
      "!omni-image.series" },
    { "of 10", NULL, "{'prompt':'x','result_type':'series','series_amount':10}",
      "!omni-image.series" },
    { "of auto", NULL, "{'prompt':'x','result_type':'series','series_amount':'auto'}",
      "!omni-image.series" },
    { "of auto, natively", NATIVE, "{'prompt':'x','result_type':'series','series_amount':'auto'}",
      "" },
    { "of '3'", NATIVE, "{'prompt':'x','result_type':'series','series_amount':'3'}",
      "!omni-image.series" },
    { "a series on O1", O1, "{'prompt':'x','result_type':'series'}", "!omni-image.series" },
    { "n with a series", NULL, "{'prompt':'x','result_type':'series','n':2}",
      "?omni-image.exclusive" },
    { "series_amount without one", NULL, "{'prompt':'x','result_type':'single','series_amount':2}",
      "?omni-image.exclusive" },
    { "a result of no page", NULL, "{'prompt':'x','result_type':'grid'}", "!request.enum" },
    { "auto from text alone", NULL, "{'prompt':'x','resolution':'1k','aspect_ratio':'auto'}",
      "?omni-image.auto-ratio" },
    { "auto with an image", NULL,
      "{'prompt':'#p1#','image_list':[#n1#],'resolution':'1k','aspect_ratio':'auto'}", "" },
    { "omni-image: 5:4", NULL, "{'prompt':'x','resolution':'1k','aspect_ratio':'5:4'}",
      "!request.enum" },
    { "omni-image: the document's own slip", NULL,
      "{'prompt':'all in <<<object_1>>>','image_list':[#n1#],'element_list':[#e1#]}",
      "?cite.form ?cite.unused" },
    { "omni-image cites a video", NULL, "{'prompt':'<<<video_1>>>','resolution':'1k'}",
      "!cite.dangling" },

    /* ---- text-to-audio ---- */
    { "3 s", NULL, "{'prompt':'rain','duration':3}", "" },
    { "2.9 s", NULL, "{'prompt':'rain','duration':2.9}", "!audio.duration" },
    { "10.0 s", NULL, "{'prompt':'rain','duration':10.0}", "" },
    { "10.1 s", NULL, "{'prompt':'rain','duration':10.1}", "!audio.duration" },
    { "3.25 s", NULL, "{'prompt':'rain','duration':3.25}", "?audio.step" },
    { "3.50 s", NULL, "{'prompt':'rain','duration':3.50}", "" },
    { "200 characters", NULL, "{'prompt':'#a200#','duration':3}", "" },
    { "201 characters", NULL, "{'prompt':'#a201#','duration':3}", "!audio.prompt" },
    { "200 of four bytes", NULL, "{'prompt':'#u200#','duration':3}", ".audio.prompt" },

    /* ---- avatar ---- */
    { "image and sound", NULL, "{'image':'" URL "','sound_file':'" URL "'}", "" },
    { "image and id", NULL, "{'image':'" URL "','audio_id':'1'}", "" },
    { "both", NULL, "{'image':'" URL "','sound_file':'" URL "','audio_id':'1'}",
      "!avatar.sound.exclusive" },
    { "neither", NULL, "{'image':'" URL "'}", "!avatar.sound.exclusive" },
    { "no image", NULL, "{'sound_file':'" URL "'}", "!request.required" },
    { "avatar: 2500 characters", NULL, "{'image':'" URL "','audio_id':'1','prompt':'#a2500#'}",
      "" },
    { "avatar: 2501 characters", NULL, "{'image':'" URL "','audio_id':'1','prompt':'#a2501#'}",
      "!avatar.prompt" },
    { "avatar: pro", NULL, "{'image':'" URL "','audio_id':'1','mode':'pro'}", "" },
    { "avatar: 4k", NULL, "{'image':'" URL "','audio_id':'1','mode':'4k'}", "!avatar.mode" },
};

/* #a9# letters, #u9# characters of four bytes, #b9# letters of base64, #i9# images of omni-video,
 * #n9# of omni-image, #e9# elements, #s9# shots of 1 s; citations: #c9# and #p9# of the images,
 * #g9# of the elements. */
static void expand_one(struct strbuf *out, char what, long count)
{
    static const struct {
        char what;
        const char *text, *between; /* %ld, where it is: the number */
    } kinds[] = {
        { 'a', "a", "" },
        { 'u', "\xF0\x9F\x8E\xAC", "" },
        { 'b', "A", "" },
        { 'i', "{'image_url':'" URL "'}", "," },
        { 'n', "{'image':'" URL "'}", "," },
        { 'e', "{'element_id':160}", "," },
        { 's', "{'index':%ld,'prompt':'a','duration':'1'}", "," },
        { 'c', "<<<image_%ld>>>", "" },
        { 'p', "<<<image_%ld>>>", "" },
        { 'g', "<<<element_%ld>>>", "" },
    };
    size_t k = 0;

    while (kinds[k].what != what)
        assert_in_range(++k, 0, OSP_COUNT(kinds) - 1);
    for (char many[4096]; strlen(kinds[k].text) == 1 && count >= (long)sizeof(many);
         count -= (long)sizeof(many)) {
        memset(many, kinds[k].text[0], sizeof(many));
        strbuf_add(out, many, sizeof(many));
    }
    for (long i = 1; i <= count; i++) {
        const char *number = strstr(kinds[k].text, "%ld");

        strbuf_puts(out, i > 1 ? kinds[k].between : "");
        if (number)
            strbuf_printf(out, "%.*s%ld%s", (int)(number - kinds[k].text), kinds[k].text, i,
                          number + 3);
        else
            strbuf_puts(out, kinds[k].text);
    }
}

static char *expand(const char *row, size_t *size)
{
    struct strbuf out = STRBUF_INIT;
    char *text;

    for (const char *p = row; *p;) {
        char *end;
        long count = *p == '#' ? strtol(p + 2, &end, 10) : 0;

        if (*p == '#' && *end == '#') {
            expand_one(&out, p[1], count);
            p = end + 1;
        } else {
            strbuf_add(&out, p++, 1);
        }
    }
    *size = out.size;
    text = strbuf_take(&out);
    for (char *p = text; p && *p; p++)
        *p = *p == '\'' ? '"' : *p;
    return text;
}

static osp_findings *judge(const char *profile_name, const char *row)
{
    static const char *const characters[] = { "77" };
    static osp_profile *profiles[3];
    osp_findings *findings = NULL;
    osp_request_options options;
    size_t size, k = !profile_name ? 0 : strcmp(profile_name, O1) == 0 ? 1 : 2;
    OSP_AUTO(auto_free) char *text = expand(row, &size);
    osp_error err = { 0 };

    if (!profiles[k])
        assert_int_equal(osp_profile_find(profile_name, &profiles[k], NULL), OSP_OK);
    osp_request_options_init(&options);
    options.profile = profiles[k];
    options.no_media = 1;
    options.characters = characters;
    options.character_count = strstr(row, "77") != NULL;
    if (osp_check_request(text, size, &options, &findings, &err) != OSP_OK)
        fail_msg("%s", err.text);
    return findings;
}

/* " !rule ?rule", each once */
static void summarize(const osp_findings *findings, char *out, size_t size)
{
    const osp_finding *finding;

    str_copy(out, size, " ");
    for (size_t i = 0; (finding = osp_findings_get(findings, i)); i++) {
        char token[80];

        assert_true(finding->text[0] && finding->source[0] && finding->as_of[0]);
        snprintf(token, sizeof(token), " %c%s ", ".?!"[finding->level], finding -> rule);
        if (!strstr(out, token))
            snprintf(out + strlen(out), size - strlen(out), "%s", token + 1);
    }
}

/* Every word of `some` is in `all`. */
static bool words_in(const char *some, const char *all)
{
    OSP_AUTO(auto_free) char *copy = strdup(some);
    char *rest = copy, *word, token[90];

    while ((word = strsep(&rest, " "))) {
        snprintf(token, sizeof(token), " %s ", word);
        if (*word && strcmp(word, ".request.url") != 0 && !strstr(all, token))
            return false;
    }
    return true;
}

static void every_rule_at_its_border(void **state)
{
    char got[1024], wanted[1024];

    (void)state;
    for (size_t i = 0; i < OSP_COUNT(rows); i++) {
        OSP_AUTO(osp_findings_free) osp_findings *findings = judge(rows[i].profile, rows[i].json);

        summarize(findings, got, sizeof(got));
        snprintf(wanted, sizeof(wanted), " %s ", rows[i].findings);
        if (!words_in(got, wanted) || !words_in(wanted, got))
            fail_msg("%s: '%s', expected '%s'", rows[i].name, got, rows[i].findings);
        if (strstr(wanted, "request.url"))
            assert_non_null(strstr(got, " .request.url "));
    }
}

/* The simulator is another judge with another table of limits: what has neither violation nor
 * warning here is taken there. */
static void the_simulator_agrees(void **state)
{
    struct json *limits = NULL;
    int agreed = 0;

    (void)state;
    assert_int_equal(sim_limits_open(&limits, NULL), OSP_OK);
    for (size_t i = 0; i < OSP_COUNT(rows); i++) {
        OSP_AUTO(osp_findings_free) osp_findings *findings = NULL;
        OSP_AUTO(json_free) struct json *root = NULL;
        OSP_AUTO(auto_free) char *text = NULL;
        struct sim_refusal refusal;
        size_t size;

        if (rows[i].profile || strpbrk(rows[i].findings, "!?"))
            continue;
        text = expand(rows[i].json, &size);
        assert_int_equal(json_parse(text, size, rows[i].name, &root, NULL), OSP_OK);
        findings = judge(NULL, rows[i].json);
        sim_request_judge(
            limits, sim_endpoint_find(osp_endpoint_name(osp_findings_endpoint(findings, NULL))),
            root, &refusal);
        if (refusal.code)
            fail_msg("%s: %s", rows[i].name, refusal.message);
        agreed++;
    }
    assert_true(agreed > 50);
    json_free(&limits);
}

/* The ids of the documentation's section on requests: each fires in a row, and is silent in one. */
static void rows_cover_the_documentation(void **state)
{
    OSP_AUTO(auto_free) char *path = str_format("%s/docs/rules.md", getenv("OSP_SOURCE"));
    OSP_AUTO(auto_free) char *text = NULL;
    char *section, *end, *p;
    int ids = 0;

    (void)state;
    assert_int_equal(fs_read_file(path, 1 << 20, &text, NULL, NULL), OSP_OK);
    section = strstr(text, "## Requests");
    assert_non_null(section);
    end = strstr(section + 3, "\n## ");
    if (end)
        *end = 0;
    for (p = section; (p = strstr(p, "\n| `"));) {
        char id[64];
        size_t length = strcspn(p + 4, "`"), fires = 0;

        snprintf(id, sizeof(id), "%.*s", (int)length, p + 4);
        for (size_t i = 0; i < OSP_COUNT(rows); i++) {
            const char *found = strstr(rows[i].findings, id);

            fires += found && (!found[strlen(id)] || found[strlen(id)] == ' ');
        }
        if (!fires || fires == OSP_COUNT(rows))
            fail_msg("%s is documented, and fires in %zu rows", id, fires);
        p += 4;
        ids++;
    }
    assert_true(ids > 50);
    for (size_t i = 0; i < OSP_COUNT(rows); i++) { /* and the other way round */
        OSP_AUTO(auto_free) char *copy = strdup(rows[i].findings);
        char *rest = copy, *word, *cell;

        while ((word = strsep(&rest, " "))) {
            cell = *word ? str_format("| `%s`", word + 1) : NULL;
            if (cell && !strstr(section, cell))
                fail_msg("%s is not documented", word);
            free(cell);
        }
    }
}

static void findings_say_where(void **state)
{
    static const struct {
        const char *json, *rule, *path, *measured, *limit, *profile;
    } places[] = {
        { N_PROMPT("@image_1") N_END, "cite.dangling", "contents[0].text", "@image_1", "", NATIVE },
        { N_PROMPT("@video_1") "," N_FEAT "],'settings':{'audio':'native'}}", "request.sound.video",
          "settings.audio", "native", "", NATIVE },
        { "{'prompt':'#c2#'," ASPECT ",'image_list':[" IMG ",{'image_url':'" URL "','type':'x'}]}",
          "request.enum", "image_list[1].type", "x", "first_frame, end_frame", NULL },
        { "{" SHOTS ",'multi_prompt':[{'index':1,'prompt':'#a513#','duration':'5'}]}",
          "request.length", "multi_prompt[0].prompt", "513", "512", NULL },
        { "{'prompt':'x'," ASPECT ",'a':1}", "request.unknown-field", "a", "", "", NULL },
        { "{'prompt':'#c5#<<<video_1>>>'," BASE ",'image_list':[#i5#]}", "request.count.video",
          "image_list", "5", "4", NULL },
        { "{'prompt':'x'," BASE "}", "cite.unused", "video_list[0]", "", "<<<video_1>>>", NULL },
        { "{'prompt':'<<image_1>>'," ASPECT ",'image_list':[#i1#]}", "cite.form", "prompt",
          "<<image_1>>", "<<<image_1>>>", NULL },
        { "{'prompt':'x'," ASPECT ",'duration':'16'}", "request.enum", "duration", "16", "15",
          NULL },
        { "{'image':'" URL "'}", "avatar.sound.exclusive", "sound_file", "0", "1", NULL },
    };

    (void)state;
    for (size_t i = 0; i < OSP_COUNT(places); i++) {
        OSP_AUTO(osp_findings_free)
        osp_findings *findings = judge(places[i].profile, places[i].json);
        const osp_finding *finding;
        size_t k = 0;

        while ((finding = osp_findings_get(findings, k)) &&
               strcmp(finding->rule, places[i].rule) != 0)
            k++;
        assert_non_null(finding);
        assert_string_equal(finding->path, places[i].path);
        assert_string_equal(finding->measured, places[i].measured);
        assert_string_equal(finding->limit, places[i].limit);
    }
}

static void refusals_say_where(void **state)
{
    static const struct {
        const char *json, *words;
    } broken[] = {
        { "{'prompt':'x',\n 'duration': 5,\n  'mode': pro}", "line 3, column 11" },
        { "{'a':1,'b':12345678901234567890,'c':}", "line 1, column 37" },
        { "{'a':01}", "line 1, column 7" },
        { "{'a':'\xC3\xA4\xFF'}", "line 1, column 8" },
        { "{'a':[{'b':1},{'b':2,'c':{'d':1,'d':2}}]}", "'a[1].c.d' stands twice" },
        { "{'a':1} x", "line 1, column 9" },
        { "{'a':1,}", "line 1, column 8" },
        { "{'a':[1 2]}", "line 1, column 9" },
        { "{'a':(]}", "line 1, column 6" },
        { "{'a':'\\ud800'}", "line 1, column 6" },
        { "{'a':'x", "line 1, column 6" },
        { "{'a':1", "line 1, column 7" },
        { "", "line 1, column 1" },
    };

    (void)state;
    for (size_t i = 0; i < OSP_COUNT(broken); i++) {
        OSP_AUTO(osp_findings_free) osp_findings *findings = judge(NULL, broken[i].json);

        assert_string_equal(osp_findings_get(findings, 0)->rule, "request.json");
        assert_string_equal(osp_findings_verdict(findings), "unreadable");
        if (!strstr(osp_findings_get(findings, 0)->text, broken[i].words))
            fail_msg("'%s', not '%s'", osp_findings_get(findings, 0)->text, broken[i].words);
    }
}

static void endpoints_are_guessed(void **state)
{
    static const struct {
        const char *profile, *json;
        osp_endpoint endpoint;
    } guesses[] = {
        { NULL, "{'prompt':'x'}", OSP_ENDPOINT_OMNI_VIDEO },
        { NULL, "{'prompt':'x','duration':'5'}", OSP_ENDPOINT_OMNI_VIDEO },
        { NULL, "{'prompt':'x','duration':5}", OSP_ENDPOINT_TEXT_TO_AUDIO },
        { NULL, "{'prompt':'x','duration':5," ASPECT "}", OSP_ENDPOINT_OMNI_VIDEO },
        { NULL, "{'prompt':'x'," BASE "}", OSP_ENDPOINT_OMNI_VIDEO },
        { NULL, "{'prompt':'x','image_list':[#i1#]}", OSP_ENDPOINT_OMNI_VIDEO },
        { NULL, "{'prompt':'x','image_list':[#n1#]}", OSP_ENDPOINT_OMNI_IMAGE },
        { NULL, "{'prompt':'x','n':1}", OSP_ENDPOINT_OMNI_IMAGE },
        { NULL, "{'image':'a.png','sound_file':'a.mp3'}", OSP_ENDPOINT_AVATAR },
        { NULL, "{'image':'a.png','audio_id':'1','prompt':'x'}", OSP_ENDPOINT_AVATAR },
        { NATIVE, N_PROMPT("x") N_END, OSP_ENDPOINT_OMNI_VIDEO },
        { NATIVE, "{'prompt':'x'," BASE "}", OSP_ENDPOINT_OMNI_VIDEO },
        { NATIVE, "{'prompt':'rain','duration':3}", OSP_ENDPOINT_TEXT_TO_AUDIO },
    };
    osp_request_options options;
    int guessed;

    (void)state;
    for (size_t i = 0; i < OSP_COUNT(guesses); i++) {
        OSP_AUTO(osp_findings_free)
        osp_findings *findings = judge(guesses[i].profile, guesses[i].json);

        if (osp_findings_endpoint(findings, &guessed) != guesses[i].endpoint)
            fail_msg("%s: %s", guesses[i].json,
                     osp_endpoint_name(osp_findings_endpoint(findings, NULL)));
        assert_int_equal(guessed, 1);
    }
    osp_request_options_init(&options);
    options.no_media = 1;
    for (int e = OSP_ENDPOINT_OMNI_VIDEO; e <= OSP_ENDPOINT_AVATAR; e++) {
        OSP_AUTO(osp_findings_free) osp_findings *findings = NULL;

        assert_int_equal(osp_endpoint_find(osp_endpoint_name((osp_endpoint)e)), e);
        options.endpoint = (osp_endpoint)e;
        assert_int_equal(osp_check_request("{}", 2, &options, &findings, NULL), OSP_OK);
        assert_int_equal(osp_findings_endpoint(findings, &guessed), e);
        assert_int_equal(guessed, 0);
        assert_string_equal(osp_findings_verdict(findings), "violation");
    }
    assert_int_equal(osp_endpoint_find("omni"), -1);
}

static void media_are_listed(void **state)
{
    OSP_AUTO(osp_findings_free)
    osp_findings *findings = judge(
        NULL,
        "{'prompt':'x','image_list':[" FIRST "," IMG ",{'image_url':'#b64#'}],"
        "'video_list':[{'video_url':'HTTPS://a.example/a?key=secret','refer_type':'feature'}]}");
    static const struct {
        const char *path, *name;
        osp_use use;
    } media[] = {
        { "image_list[0].image_url", URL, OSP_USE_FIRST_FRAME },
        { "image_list[1].image_url", URL, OSP_USE_REFERENCE_IMAGE },
        { "image_list[2].image_url", "inline", OSP_USE_REFERENCE_IMAGE },
        { "video_list[0].video_url", "HTTPS://a.example/a", OSP_USE_FEATURE },
    };

    (void)state;
    for (size_t i = 0; i < OSP_COUNT(media); i++) {
        const osp_medium *medium = osp_findings_medium(findings, i);

        assert_non_null(medium);
        assert_string_equal(medium->path, media[i].path);
        assert_string_equal(medium->name, media[i].name);
        assert_int_equal(medium->use, media[i].use);
        assert_string_equal(medium->verdict, "unseen");
        assert_null(medium->facts);
    }
    assert_null(osp_findings_medium(findings, OSP_COUNT(media)));
}

/* Ten thousand unknown fields are neither ten thousand findings nor a verdict that changes. */
static void floods_are_bounded(void **state)
{
    struct strbuf text = STRBUF_INIT;
    OSP_AUTO(auto_free) char *owned = NULL;
    OSP_AUTO(osp_findings_free) osp_findings *findings = NULL;

    (void)state;
    strbuf_puts(&text, "{");
    for (int i = 0; i < 10000; i++)
        strbuf_printf(&text, "\"k%d\":1,", i);
    strbuf_puts(&text, "\"image_list\":[");
    for (int i = 0; i < 10000; i++)
        strbuf_printf(&text, "%s1", i ? "," : "");
    strbuf_puts(&text, "]}");
    owned = strbuf_take(&text);
    assert_int_equal(osp_check_request(owned, strlen(owned), NULL, &findings, NULL), OSP_OK);
    assert_int_equal(osp_findings_count(findings), 400);
    assert_string_equal(osp_findings_verdict(findings), "violation");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_rule_at_its_border), cmocka_unit_test(rows_cover_the_documentation),
        cmocka_unit_test(the_simulator_agrees),     cmocka_unit_test(findings_say_where),
        cmocka_unit_test(refusals_say_where),       cmocka_unit_test(endpoints_are_guessed),
        cmocka_unit_test(media_are_listed),         cmocka_unit_test(floods_are_bounded),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
