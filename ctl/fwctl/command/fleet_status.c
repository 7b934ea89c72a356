// SPDX-License-Identifier: GPL-2.0-only
#include "fleet_status.h"

#include "ctl/fwctl/output/json.h"
#include "ctl/fwctl/output/message.h"

#include "fw/fleet/rings.h"
#include "fw/fleet/status.h"

#include <string.h>

#define ROW(...) ctl_print_row(0, 14, __VA_ARGS__)

/* How people read a state; NULL: by its word. */
static const char *state_text(const char *word)
{
	static const struct {
		const char *word, *text;
	} loud[] = {
		{ "refused", "REFUSED" },
		{ "taken-back", "TAKEN BACK" },
		{ "overruled", "OVERRULED by this host's own file" },
		{ "drifted", "CHANGED by others than the fleet" },
	};

	for (size_t i = 0; i < sizeof(loud) / sizeof(loud[0]); i++)
		if (!strcmp(loud[i].word, word))
			return loud[i].text;
	return word;
}

static void print_heard(const struct fw_fleet_status *s)
{
	uint64_t heard = fw_fleet_status_number(s, "heard");
	char at[64];

	if (json_is_false(json_object_get(s->object, "etcd")))
		ROW("", "NOT CONNECTED to etcd; the fleet was %s%s", heard ? "last heard of at " : "never heard of",
		    heard ? ctl_time(at, sizeof(at), heard) : "");
}

static void print_rows(const struct fw_fleet_status *s)
{
	uint64_t running = fw_fleet_status_generation(s, "running"), wanted = fw_fleet_status_generation(s, "wanted");
	const char *ring = fw_fleet_status_text(s, "ring"), *why = fw_fleet_status_text(s, "why");
	uint64_t since = fw_fleet_status_number(s, "since");
	char runs[64] = "no generation yet", wants[64] = "", at[64];

	if (running)
		snprintf(runs, sizeof(runs), "generation %llu", (unsigned long long)running);
	if (wanted && wanted != running)
		snprintf(wants, sizeof(wants), ", wanted %llu", (unsigned long long)wanted);
	ROW("fleet", "%s%s%s: %s%s, %s%s%s", fw_fleet_status_text(s, "fleet"), ring[0] ? ", ring " : "", ring, runs,
	    wants, state_text(fw_fleet_status_text(s, "state")), since ? " since " : "",
	    since ? ctl_time(at, sizeof(at), since) : "");
	if (json_is_true(json_object_get(s->object, "worse")))
		ROW("", "WORSE than before%s%s", why[0] ? ": " : "", why);
	else if (why[0])
		ROW("", "%s", why);
	print_heard(s);
}

static void print_object(const struct fw_fleet_status *s, const char *why)
{
	ctl_json_print(json_pack("{s{so so so}}", "fleet", "status", s->object ? json_incref(s->object) : json_null(),
				 "age", s->age < 0 ? json_null() : json_real(s->age), "why",
				 why[0] ? json_string(why) : json_null()));
}

void ctl_fleet_status(const struct ctl_settings *s)
{
	const char *path = s->agent ? s->agent : FW_FLEET_STATUS;
	fw_cleanup(fw_fleet_status_free) struct fw_fleet_status st = { .age = -1 };
	int err = fw_fleet_status_read(path, &st);

	if (err == -ENOENT)
		return;
	if (err)
		snprintf(st.why, sizeof(st.why), "it cannot be read: %s", strerror(-err));
	ctl_json_clean(st.object);
	if (s->json)
		print_object(&st, st.why);
	else if (st.object)
		print_rows(&st);
	else
		ROW("fleet", "NOT KNOWN, by %s: %s (`systemctl status fw-agent`)", path, st.why);
}
