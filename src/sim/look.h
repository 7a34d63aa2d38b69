/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef SIM_LOOK_H
#define SIM_LOOK_H

#include <stddef.h>

/** Things that fall, rise or drift over the picture: white specks, thresholded from noise. */
struct sim_specks {
    int part;            /* made at that part of the picture's sides: the larger the part, the
                            larger the specks; 0: none */
    int above;           /* of the noise: the higher, the fewer */
    const char *dx, *dy; /* motion per picture, in pictures */
    const char *soften;  /* filters, ended by ","; may be "" */
    const char *mode;    /* how their luma meets the picture's: a mode of the blend filter */
};

/** How a result visibly differs from what was sent. Words of the prompt choose one. */
struct sim_look {
    const char *name;
    const char *words; /* separated by blanks; "rain*" is any word that begins so */
    const char *help;
    const char *base; /* filters; {pw} {ph} are a twentieth of the size, {w} {h} the size */
    struct sim_specks specks[2];
};

/** The first of the table with a word in the prompt, or the last: the look without a word. */
const struct sim_look *sim_look_choose(const char *prompt);
/** i from 0; NULL behind the last. */
const struct sim_look *sim_look_at(size_t i);
/** The filters with the sizes put in; yours: free(). NULL: out of memory. */
char *sim_look_graph(const struct sim_look *look, int width, int height);

#endif
