/* SPDX-License-Identifier: GPL-2.0-only */
/* The settings of a host in a fleet, by default in /etc/fwd/fleet.conf: one table for fw-agent, `fwctl rollout` and `fwctl publish`. */
#ifndef FW_FLEET_CONFIG_H
#define FW_FLEET_CONFIG_H

#include "fw/settings.h"

#define FW_FLEET_CONFIG "/etc/fwd/fleet.conf"

enum fw_drift { FW_DRIFT_REPORT, FW_DRIFT_REPLACE };

struct fw_fleet_config {
	char fleet[FW_SETTING_TEXT];    /* its name */
	char host[FW_SETTING_TEXT];     /* this host's name; empty: gethostname() */
	char url[FW_SETTING_TEXT];      /* where head, manifest/ and object/ are */
	char keys[FW_SETTING_TEXT];     /* file of public keys that are trusted */
	char etcd[FW_SETTING_TEXT];     /* endpoints, separated by commas; empty: none, the agent polls head */
	char user[FW_SETTING_TEXT];     /* of etcd */
	char password[FW_SETTING_TEXT]; /* file with its password */
	char ca[FW_SETTING_TEXT], cert[FW_SETTING_TEXT], key[FW_SETTING_TEXT]; /* PEM files, of etcd and url */
	char ring[FW_SETTING_TEXT];   /* instead of the one that the rings say */
	unsigned poll;                /* seconds between polls of head, without etcd */
	unsigned confirm;             /* seconds of `load --confirm` */
	char probes[FW_SETTING_TEXT]; /* tcp:ADDRESS:PORT and icmp:ADDRESS, separated by spaces */
	unsigned dropped;             /* percentage points by which the share of dropped packets may grow */
	enum fw_drift drift;
	char local[FW_SETTING_TEXT];  /* a ruleset on this host that overrules the fleet while it exists */
	char state[FW_SETTING_TEXT];  /* folder of the agent's state */
	char status[FW_SETTING_TEXT]; /* file with the agent's status; empty: none */
	unsigned lead;                /* 1: take part in leading rollouts */
	char socket[FW_SETTING_TEXT]; /* fwd's */
};
extern const struct fw_settings fw_fleet_settings;

/**
 * fw_fleet_host - this host's name in its fleet
 * Return: @c->host, or what gethostname() says, as @out.
 */
const char *fw_fleet_host(const struct fw_fleet_config *c, char out[FW_SETTING_TEXT]);

#endif
