/* SPDX-License-Identifier: GPL-2.0-only */
/* Where in a text a value of JSON is, which jansson does not keep. */
#ifndef FW_LIB_FLEET_JSON_PLACE_H
#define FW_LIB_FLEET_JSON_PLACE_H

#include "fw/base.h"

/**
 * fw_json_place - find an object of {"ANYTHING":[OBJECT...]}, or one of its members
 * @text:   valid JSON of that form
 * @object: which, from 0
 * @member: NULL: the object itself; one that does not exist: too
 * @at:     line and column are set
 */
void fw_json_place(const char *text, size_t len, size_t object, const char *member, struct fw_place *at);

#endif
