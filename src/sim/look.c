/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The looks. Each changes every picture strongly whatever is in it, since tests measure that the
 * shot was really replaced: a change of luma or chroma over the whole frame, and on top of it what
 * gives the look its name. Falling things are a still of thresholded noise that scrolls: drawing
 * them anew for each picture with an expression would be some hundred times slower.
 */
#include "sim/look.h"

#include <ctype.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/auto.h"
#include "base/str.h"
#include "sim/sim.h"

#define BLUR_TALL "avgblur=sizeX=1:sizeY=6:planes=1,lutyuv=y='16+(val-16)*3',"
#define BLUR      "avgblur=1,lutyuv=y='16+(val-16)*3',"
#define VEIL      "gblur=sigma=4,lutyuv=y='16+(val-16)*0.35',"
#define WAVES     "gblur=sigma=2,lutyuv=y='16+(val-16)*0.4',"

/* The first with a word in the prompt is taken; the last is for all other prompts. */
static const struct sim_look looks[] = {
    { "snow",
      "snow* blizzard winter* frost* icy christmas",
      "falling flakes, pale and cold",
      "lutyuv=y=val*0.7+70:u=128+(val-128)*0.5+6:v=128+(val-128)*0.5-4",
      { { 6, 228, "-0.002", "-0.012", "", "lighten" },
        { 11, 220, "0.004", "-0.022", BLUR, "lighten" } } },
    { "rain",
      "rain* storm* thunder* downpour",
      "falling streaks, dull and blue",
      "lutyuv=y=val*0.55+14:u=128+(val-128)*0.6+10:v=128+(val-128)*0.6-8",
      { { 6, 233, "0.004", "-0.06", BLUR_TALL, "screen" } } },
    { "fog",
      "fog* mist* haz* smoke*",
      "a drifting veil",
      "lutyuv=y=val*0.45+112:u=128+(val-128)*0.35:v=128+(val-128)*0.35",
      { { 20, 150, "0.003", "0", VEIL, "screen" } } },
    { "night",
      "night* dark* moon* midnight",
      "dark, blue, a moon's light",
      "lutyuv=y='16+(val-16)*0.42':u=128+(val-128)*0.5+18:v=128+(val-128)*0.5-10,vignette",
      { { .part = 0 } } },
    { "sepia",
      "sepia vintage antique old retro film",
      "brown and grained like old film",
      "lutyuv=y=val*0.85+14:u=108:v=148,noise=c0s=22:c0f=t+u",
      { { .part = 0 } } },
    { "negative",
      "negative invert* x-ray xray",
      "colours and light turned round",
      "negate",
      { { .part = 0 } } },
    { "cartoon",
      "cartoon* comic* anime poster* paint* draw*",
      "few tones, loud colours",
      "lutyuv=y='floor(val/44)*44+34':u=128+(val-128)*2:v=128+(val-128)*2",
      { { .part = 0 } } },
    { "fire",
      "fire* flame* burn* lava warm* sunset autumn",
      "red and glowing, rising sparks",
      "lutyuv=y=val*0.9+4:u=val-34:v=val+34",
      { { 6, 236, "0.002", "0.02", "", "lighten" } } },
    { "water",
      "water* underwater ocean sea blue* aquarium",
      "blue and wavering",
      "lutyuv=y=val*0.75+14:u=val*0.7+70:v=val*0.7+8",
      { { 20, 140, "0.004", "0.006", WAVES, "screen" } } },
    { "green",
      "green* forest jungle spring matrix",
      "green light",
      "lutyuv=y=val*0.85+6:u=val*0.6+28:v=val*0.6+20",
      { { .part = 0 } } },
    { "neon",
      "neon cyber* purple pink violet",
      "violet, hard contrast",
      "lutyuv=y='128+(val-128)*1.45':u=val+26:v=val+24",
      { { .part = 0 } } },
    { "desert",
      "desert sand* dust* mars",
      "yellow dust",
      "lutyuv=y=val*0.65+72:u=val*0.5+34:v=val*0.5+82,noise=c0s=14:c0f=t",
      { { .part = 0 } } },
    { "grey",
      "grey* gray* monochrome noir black-and-white",
      "no colour, hard contrast",
      "lutyuv=y='112+(val-128)*1.5':u=128:v=128",
      { { .part = 0 } } },
    { "pixel",
      "pixel* mosaic lego blocks",
      "big squares",
      "scale={pw}:{ph}:flags=area,lutyuv=y='floor(val/36)*36+30',scale={w}:{h}:flags=neighbor",
      { { .part = 0 } } },
    { "mirror",
      "mirror* flip* reverse*",
      "left and right exchanged, a cool tint",
      "hflip,lutyuv=y=val*0.85+8:u=val+16:v=val-10",
      { { .part = 0 } } },
    { "other",
      "",
      "colours turned, light flattened",
      "lutyuv=y=val*0.7+46:u=270-val:v=242-val",
      { { .part = 0 } } },
};

static char help_text[4096];

static void write_help(void)
{
    size_t at = 0;
    int line = snprintf(
        help_text, sizeof(help_text),
        "Words of a prompt choose the look of a simulated result; the first look of "
        "this list wins:\n");

    for (size_t i = 0; line >= 0 && at + (size_t)line < sizeof(help_text) && i < OSP_COUNT(looks);
         i++) {
        at += (size_t)line;
        line = snprintf(help_text + at, sizeof(help_text) - at, "  %-9s %s (%s)\n", looks[i].name,
                        looks[i].help, *looks[i].words ? looks[i].words : "any other prompt");
    }
}

const char *sim_help_looks(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;

    (void)pthread_once(&once, write_help); /* fails for bad arguments only */
    return help_text;
}

const struct sim_look *sim_look_at(size_t i)
{
    return i < OSP_COUNT(looks) ? &looks[i] : NULL;
}

static bool in_word(char c)
{
    return isalnum((unsigned char)c) || c == '-' || c == '_' || c == ':';
}

/* One word of the table, maybe with "*" at its end, as a word of the prompt. */
static bool prompt_has(const char *prompt, const char *word, size_t length)
{
    bool open = word[length - 1] == '*';

    length -= open;
    for (const char *p = prompt; *p; p++) {
        if (strncasecmp(p, word, length) == 0 && (p == prompt || !in_word(p[-1])) &&
            (open || !in_word(p[length])))
            return true;
    }
    return false;
}

const struct sim_look *sim_look_choose(const char *prompt)
{
    for (size_t i = 0; i + 1 < OSP_COUNT(looks); i++) {
        for (const char *word = looks[i].words; *word;) {
            size_t length = strcspn(word, " ");

            if (prompt_has(prompt, word, length))
                return &looks[i];
            word += length + (word[length] == ' ');
        }
    }
    return &looks[OSP_COUNT(looks) - 1];
}

static int even_part(int side, int part)
{
    int even = side / part / 2 * 2;

    return even > 16 ? even : 16;
}

/* The base filters with the sizes put in. */
static void add_base(const char *base, int width, int height, struct strbuf *graph)
{
    const struct {
        const char *name;
        int value;
    } sizes[] = {
        { "{w}", width },
        { "{h}", height },
        { "{pw}", even_part(width, 20) },
        { "{ph}", even_part(height, 20) },
    };

    while (*base) {
        size_t i = 0;

        while (i < OSP_COUNT(sizes) && !str_starts(base, sizes[i].name))
            i++;
        if (i < OSP_COUNT(sizes)) {
            strbuf_printf(graph, "%d", sizes[i].value);
            base += strlen(sizes[i].name);
        } else {
            strbuf_add(graph, base++, 1);
        }
    }
}

/* Their luma over the picture's; the chroma stays. */
static void add_specks(const struct sim_specks *specks, size_t i, int width, int height,
                       struct strbuf *graph)
{
    strbuf_printf(
        graph,
        "[base%zu];color=c=0x808080:s=%dx%d:r=24,setsar=1,format=yuv420p,"
        "noise=c0s=100:c0_seed=%zu,lutyuv=y='if(gt(val,%d),235,16)':u=128:v=128,"
        "scroll=h=%s:v=%s,%sscale=%d:%d:flags=bicubic,setsar=1,format=yuv420p[specks%zu];",
        i, even_part(width, specks->part), even_part(height, specks->part), 7 + 4 * i,
        specks->above, specks->dx, specks->dy, specks->soften, width, height, i);
    strbuf_printf(graph,
                  "[base%zu][specks%zu]blend=c0_mode=%s:c1_mode=normal:c2_mode=normal:shortest=1",
                  i, i, specks->mode);
}

char *sim_look_graph(const struct sim_look *look, int width, int height)
{
    struct strbuf graph = STRBUF_INIT;

    add_base(look->base, width, height, &graph);
    for (size_t i = 0; i < OSP_COUNT(look->specks) && look->specks[i].part; i++)
        add_specks(&look->specks[i], i, width, height, &graph);
    return strbuf_take(&graph);
}
