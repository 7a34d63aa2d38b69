/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef HELPER_JAIL_H
#define HELPER_JAIL_H

/**
 * Give up, for good, what reading a file does not need: limits on memory, descriptors and files
 * written, then a filter of system calls. Whatever must be loaded or opened is, before.
 * @return 0: all of it is in force; else the errno with which the kernel refuses the filter (the
 *         limits are in force)
 */
int jail_enter(void);

#endif
