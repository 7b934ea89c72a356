// SPDX-License-Identifier: GPL-2.0-only
#include "metrics_fleet.h"

#include "fw/fleet/rings.h"

#include <string.h>

#define EMIT(name)                                                                                        \
	void emit_fleet_##name(const struct metric *m, const struct snapshot *s, const struct self *self, \
			       struct page *p)
#define FRESH(s) ((s)->fleet.object != NULL)

EMIT(up)
{
	if (s->in_fleet)
		page_u64(p, NULL, FRESH(s));
}

EMIT(file_age)
{
	if (s->in_fleet && s->fleet.age >= 0)
		page_real(p, NULL, s->fleet.age);
}

EMIT(info)
{
	const char *const values[] = { fw_fleet_status_text(&s->fleet, "fleet"),
				       fw_fleet_status_text(&s->fleet, "ring") };

	if (FRESH(s))
		page_u64(p, values, 1);
}

EMIT(generation)
{
	if (FRESH(s))
		page_u64(p, NULL, fw_fleet_status_generation(&s->fleet, m->path));
}

EMIT(state)
{
	static const char *const names[FW_NREPORT_STATES] = {
#define STATE(sym, word) word,
		FW_REPORT_STATES(STATE)
#undef STATE
	};

	for (int i = 0; FRESH(s) && i < FW_NREPORT_STATES; i++)
		page_u64(p, &names[i], !strcmp(fw_fleet_status_text(&s->fleet, "state"), names[i]));
}

EMIT(value)
{
	const json_t *v = json_object_get(s->fleet.object, m->path);

	if (json_is_boolean(v))
		page_u64(p, NULL, json_is_true(v));
	else if (json_is_number(v))
		page_real(p, NULL, json_number_value(v));
}

EMIT(connected)
{
	const json_t *v = json_object_get(s->fleet.object, "etcd");

	if (json_is_boolean(v))
		page_u64(p, NULL, json_is_true(v));
}

EMIT(age)
{
	double at = (double)fw_fleet_status_number(&s->fleet, m->path);

	if (at > 0)
		page_real(p, NULL, s->fleet.now > at ? s->fleet.now - at : 0);
}

EMIT(errors)
{
	const json_t *errors = json_object_get(s->fleet.object, "errors"), *n;
	const char *kind;

	json_object_foreach((json_t *)errors, kind, n) if (json_integer_value(n) >= 0)
		page_u64(p, &kind, (uint64_t)json_integer_value(n));
}
