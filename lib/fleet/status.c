// SPDX-License-Identifier: GPL-2.0-only
#include "fw/fleet/status.h"

#include <math.h>
#include <string.h>
#include <time.h>

#define MAX 65536

static double epoch(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* Takes @object, of a file that is there, if it can be believed. */
static void judge(struct fw_fleet_status *s, json_t *object)
{
	const json_t *written = json_object_get(object, "written");

	if (!json_is_integer(written) || !json_is_string(json_object_get(object, "state"))) {
		snprintf(s->why, sizeof(s->why), "it is no status of fw-agent");
		json_decref(object);
		return;
	}
	/* A time in the future is of a clock that was set back, or of nobody who can be trusted. */
	s->age = fabs(s->now - (double)json_integer_value(written));
	if (s->age <= FW_FLEET_STATUS_AGE) {
		s->object = object;
		return;
	}
	snprintf(s->why, sizeof(s->why), "fw-agent has not written it for %.0f s", s->age);
	json_decref(object);
}

int fw_fleet_status_read(const char *path, struct fw_fleet_status *out)
{
	struct fw_fleet_status s = { .now = epoch(), .age = -1 };
	fw_autofree char *text = NULL;
	size_t len;
	int err = fw_file_read(path, FW_FILE_REGULAR, MAX, &text, &len);

	if (err)
		return err;
	judge(&s, json_loadb(text, len, JSON_REJECT_DUPLICATES, NULL));
	*out = s;
	return 0;
}

void fw_fleet_status_free(struct fw_fleet_status *s)
{
	json_decref(s->object);
	*s = (struct fw_fleet_status){ .age = -1 };
}

const char *fw_fleet_status_text(const struct fw_fleet_status *s, const char *name)
{
	const char *text = json_string_value(json_object_get(s->object, name));

	return text ? text : "";
}

static uint64_t number(const json_t *v)
{
	return json_integer_value(v) > 0 ? (uint64_t)json_integer_value(v) : 0;
}

uint64_t fw_fleet_status_number(const struct fw_fleet_status *s, const char *name)
{
	return number(json_object_get(s->object, name));
}

uint64_t fw_fleet_status_generation(const struct fw_fleet_status *s, const char *name)
{
	return number(json_object_get(json_object_get(s->object, name), "generation"));
}
