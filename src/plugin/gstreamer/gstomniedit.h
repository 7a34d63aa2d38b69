/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef GST_OMNI_EDIT_H
#define GST_OMNI_EDIT_H

#include <gst/gst.h>

G_BEGIN_DECLS

#define GST_TYPE_OMNI_EDIT (gst_omni_edit_get_type())
G_DECLARE_FINAL_TYPE(GstOmniEdit, gst_omni_edit, GST, OMNI_EDIT, GstElement)

/**
 * GstOmniEditOnError:
 * @GST_OMNI_EDIT_ON_ERROR_ERROR: post an error and stop the flow
 * @GST_OMNI_EDIT_ON_ERROR_PASSTHROUGH: post a warning and let the shot pass as it is
 *
 * What happens when the shot cannot be edited.
 *
 * Since: 0.1
 */
typedef enum {
    GST_OMNI_EDIT_ON_ERROR_ERROR,
    GST_OMNI_EDIT_ON_ERROR_PASSTHROUGH,
} GstOmniEditOnError;

GST_ELEMENT_REGISTER_DECLARE(omniedit)

G_END_DECLS

#endif
