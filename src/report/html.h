/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef REPORT_HTML_H
#define REPORT_HTML_H

/* src/report/html/check.css and check.js, compiled in. They hold no "</". */
extern const char html_css[], html_js[];

#endif
