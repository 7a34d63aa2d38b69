/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "gstomniedit.h"

#define PACKAGE "omnisplice"

/* Nothing but types: every scan of the registry comes through here. */
static gboolean plugin_init(GstPlugin *plugin)
{
    return GST_ELEMENT_REGISTER(omniedit, plugin);
}

GST_PLUGIN_DEFINE(GST_VERSION_MAJOR, GST_VERSION_MINOR, omnisplice,
                  "One shot of a video, edited by a generative service", plugin_init, OSP_VERSION,
                  "LGPL", "omnisplice", "Unknown package origin")
