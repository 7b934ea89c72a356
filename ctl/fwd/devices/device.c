// SPDX-License-Identifier: GPL-2.0-only
/* Attaching one interface: in which mode, and how modes change without a gap. */
#include "device.h"

#include "fw/log.h"
#include "ctl/fwd/history.h"
#include "fw/json.h"
#include "fw/interfaces.h"

#include <string.h>

/* Seconds between two moves before the programs of others: at first, and at most, if they always move back. */
#define FRONT_WAIT 10.0
#define FRONT_WAIT_MAX 640.0

bool device_filtered(const struct fwd *d, uint32_t index, enum args_mode *mode, bool *out)
{
	struct fw_kern_attachment a;
	bool in = false;

	*out = false;
	for (size_t i = 0; fw_kern_attached(engine_kern(d->engine), i, &a); i++) {
		if (a.ifindex != index || a.away)
			continue;
		if (a.prog == FW_PROG_TC_EGRESS) {
			*out = true;
			continue;
		}
		/* XDP runs first: where both are attached, while the mode changes, it is what filters. */
		if (a.prog == FW_PROG_XDP)
			*mode = a.mode == FW_XDP_GENERIC ? ARGS_GENERIC : ARGS_NATIVE;
		else if (!in)
			*mode = ARGS_TC;
		in = true;
	}
	return in;
}

/* The mode to attach in: for AUTO, one that sees everything that the rules need. ARGS_AUTO: XDP, native if possible. */
static enum args_mode resolve(const struct fwd *d, struct device *dev)
{
	const struct fw_attach_needs *needs = engine_needs(d->engine);
	bool vlan = needs->vlan && fw_interface_strips_vlan(engine_interface_name(d->engine, dev->index));
	bool lost = fw_attach_needs_replies(needs, engine_ruleset(d->engine)) && fw_interface_is_veth(dev->index);

	if (dev->wanted == ARGS_AUTO)
		return needs->mark || vlan || lost || fw_interface_is_l3(dev->index) ? ARGS_TC : ARGS_AUTO;
	if (dev->wanted == ARGS_TC)
		return ARGS_TC;
	if (needs->mark)
		snprintf(dev->warning, sizeof(dev->warning),
			 "%zu rule%s on the mark of incoming packets, which have none yet at XDP: attach with mode tc",
			 needs->mark, fw_plural(needs->mark));
	else if (vlan)
		snprintf(dev->warning, sizeof(dev->warning),
			 "the driver may take VLAN tags out of packets before XDP sees them, and rules match them: "
			 "ethtool -K DEV rx-vlan-offload off, or attach with mode tc");
	else if (lost && dev->wanted == ARGS_NATIVE)
		snprintf(
			dev->warning, sizeof(dev->warning),
			"replies to rejected packets are lost unless the other end of this veth pair has an XDP program: "
			"attach with mode tc");
	return dev->wanted;
}

static int attach_xdp(struct fwd *d, struct device *dev, enum args_mode mode, struct fw_diags *ds)
{
	static const enum fw_xdp_mode modes[] = {
		[ARGS_AUTO] = FW_XDP_AUTO, [ARGS_NATIVE] = FW_XDP_NATIVE, [ARGS_GENERIC] = FW_XDP_GENERIC
	};
	enum fw_xdp_mode used = modes[mode];
	int err = fw_kern_attach_xdp(engine_kern(d->engine), dev->index, modes[mode], &used, ds);

	if (!err)
		dev->mode = used == FW_XDP_GENERIC ? ARGS_GENERIC : ARGS_NATIVE;
	return err;
}

/* From one XDP mode to another: an interface cannot have both, so tc filters in between. */
static int change_xdp(struct fwd *d, struct device *dev, enum args_mode from, enum args_mode to, struct fw_diags *ds)
{
	struct fw_kern *k = engine_kern(d->engine);
	int err = fw_kern_attach_tc(k, dev->index, FW_PROG_TC_INGRESS, ds);

	if (err)
		return err;
	fw_kern_detach(k, dev->index, FW_PROG_XDP);
	err = attach_xdp(d, dev, to, ds);
	if (err && attach_xdp(d, dev, from, NULL))
		dev->mode = ARGS_TC;
	else
		fw_kern_detach(k, dev->index, FW_PROG_TC_INGRESS);
	return err;
}

/* Incoming packets: the new mode is attached first, then the old one detached. */
static int apply_in(struct fwd *d, struct device *dev, struct fw_diags *ds)
{
	struct fw_kern *k = engine_kern(d->engine);
	enum args_mode mode = resolve(d, dev), now;
	bool out, in = device_filtered(d, dev->index, &now, &out);
	int err;

	if (mode == ARGS_TC) {
		err = fw_kern_attach_tc(k, dev->index, FW_PROG_TC_INGRESS, ds);
		if (!err) {
			dev->mode = ARGS_TC;
			fw_kern_detach(k, dev->index, FW_PROG_XDP);
		}
		return err;
	}
	if (in && now != ARGS_TC && (mode == ARGS_AUTO ? dev->asked && now == ARGS_GENERIC : mode != now))
		return change_xdp(d, dev, now, mode, ds);
	err = attach_xdp(d, dev, mode, ds);
	if (!err)
		fw_kern_detach(k, dev->index, FW_PROG_TC_INGRESS);
	return err;
}

static bool wants_out(const struct fwd *d, const struct device *dev)
{
	const struct fw_ruleset *rs = engine_ruleset(d->engine);

	if (dev->wanted_out != ARGS_OUT_AUTO)
		return dev->wanted_out == ARGS_OUT_YES;
	return fw_attach_needs_out(engine_needs(d->engine), rs);
}

static int apply_out(struct fwd *d, struct device *dev, struct fw_diags *ds)
{
	struct fw_kern *k = engine_kern(d->engine);
	bool want = wants_out(d, dev);
	int err = 0;

	if (want)
		err = fw_kern_attach_tc(k, dev->index, FW_PROG_TC_EGRESS, ds);
	else
		fw_kern_detach(k, dev->index, FW_PROG_TC_EGRESS);
	dev->out = want && !err;
	return err;
}

/* Sets the warning of a device that is filtered as asked for, but not as well as it could be. */
static void warn(const struct fwd *d, struct device *dev)
{
	const char *torn[2];
	uint32_t xdp = dev->mode == ARGS_TC ? fw_kern_xdp_prog(dev->index) : 0;

	dev->warning[0] = '\0';
	resolve(d, dev);
	if (engine_interface_torn(d->engine, dev->index, torn))
		snprintf(
			dev->warning, sizeof(dev->warning),
			"rules call this interface '%.128s' and '%.128s': those with '%.128s' do not match, use one name",
			FW_NAME(torn[0]), FW_NAME(torn[1]), FW_NAME(torn[1]));
	else if (xdp)
		snprintf(dev->warning, sizeof(dev->warning),
			 "XDP program %u of someone else comes first: what it drops or redirects is not seen", xdp);
	else if (dev->mode == ARGS_GENERIC && !dev->warning[0])
		snprintf(dev->warning, sizeof(dev->warning),
			 "generic XDP is slow, since it may copy each packet; mode tc is faster where native XDP "
			 "is not available");
}

int device_apply(struct fwd *d, struct device *dev, struct fw_diags *ds)
{
	unsigned first = ds->n;
	int err;

	dev->error[0] = dev->warning[0] = '\0';
	dev->out = false;
	dev->state = DEVICE_MISSING;
	if (!dev->index)
		return 0;
	err = apply_in(d, dev, ds);
	if (!err)
		err = apply_out(d, dev, ds);
	dev->state = err ? DEVICE_FAILED : DEVICE_ATTACHED;
	if (err)
		snprintf(dev->error, sizeof(dev->error), "%s", ds->n > first ? ds->d[first].message : strerror(-err));
	else
		warn(d, dev);
	return err;
}

static void note_links(const struct fwd *d, struct device *dev)
{
	struct fw_kern_attachment a;

	dev->nlinks = 0;
	dev->in_front = 0;
	for (size_t i = 0; fw_kern_attached(engine_kern(d->engine), i, &a); i++) {
		if (!a.ifindex || a.ifindex != dev->index || a.away)
			continue;
		if (a.link && dev->nlinks < DEVICE_LINKS)
			dev->links[dev->nlinks++] = a.link;
		if (!dev->in_front)
			dev->in_front = a.in_front;
	}
}

bool device_look(const struct fwd *d, struct device *dev)
{
	enum args_mode mode = dev->mode;
	bool out = false, in;

	note_links(d, dev);
	if (!dev->index)
		return true;
	in = device_filtered(d, dev->index, &mode, &out);
	if (dev->state != DEVICE_ATTACHED)
		return false;
	if (in && mode == dev->mode && out == dev->out) {
		warn(d, dev);
		return true;
	}
	dev->out = out;
	if (in) {
		dev->mode = mode;
	} else {
		dev->state = DEVICE_FAILED;
		snprintf(dev->error, sizeof(dev->error), "somebody detached it: it is attached again at once");
	}
	return false;
}

static const char *in_front_text(const struct device *dev, char *buf, size_t size)
{
	if (dev->in_front == FW_IN_FRONT_FILTER)
		return "a tc filter";
	snprintf(buf, size, "program %u", dev->in_front);
	return buf;
}

bool device_to_front(struct fwd *d, struct device *dev, double now)
{
	static const enum fw_prog progs[] = { FW_PROG_TC_INGRESS, FW_PROG_TC_EGRESS };
	char who[32], why[160];
	double wait;
	int err = 0;

	if (!dev->in_front || now < dev->front_again)
		return false;
	for (size_t i = 0; i < sizeof(progs) / sizeof(*progs); i++) {
		int one = fw_kern_to_front(engine_kern(d->engine), dev->index, progs[i]);

		err = one && one != -ENOENT ? one : err;
	}
	/* After a long time without a conflict it is quick again. */
	wait = now > dev->front_again + FRONT_WAIT_MAX ? FRONT_WAIT : 2 * dev->front_wait;
	dev->front_wait = wait < FRONT_WAIT ? FRONT_WAIT : wait > FRONT_WAIT_MAX ? FRONT_WAIT_MAX : wait;
	dev->front_again = now + dev->front_wait;
	snprintf(why, sizeof(why), "%s was attached in front of fwd: %s", in_front_text(dev, who, sizeof(who)),
		 err ? strerror(-err) : "fwd is first again");
	device_say(d, dev, err, why);
	return true;
}

void device_release(struct fwd *d, uint32_t index)
{
	for (int prog = 0; prog < FW_NPROGS; prog++)
		fw_kern_detach(engine_kern(d->engine), index, (enum fw_prog)prog);
}

static json_t *in_front_json(const struct device *dev)
{
	if (!dev->in_front)
		return json_null();
	return json_integer(dev->in_front == FW_IN_FRONT_FILTER ? -1 : (json_int_t)dev->in_front);
}

void device_say(struct fwd *d, const struct device *dev, bool refused, const char *why)
{
	char what[sizeof(struct fw_name_shown) + 64];

	snprintf(what, sizeof(what), "interface %s%s%s%s", FW_NAME(dev->name),
		 dev->state == DEVICE_ATTACHED ? " (" : "", dev->state == DEVICE_ATTACHED ? args_modes[dev->mode] : "",
		 dev->state == DEVICE_ATTACHED ? ")" : "");
	history_say(d, &(struct history_event){ RECORD_ATTACH, { 0 }, what, refused, why });
}

json_t *device_json(const struct fwd *d, const struct device *dev)
{
	static const char *const states[] = { "missing", "attached", "failed", "pattern" };
	bool attached = dev->state == DEVICE_ATTACHED;

	return json_pack("{so so sI so ss sb ss so so so so}", "dev", fw_json_name(dev->name), "interface",
			 fw_json_name(engine_interface_name(d->engine, dev->index)), "index", (json_int_t)dev->index,
			 "mode", fw_json_text(attached ? args_modes[dev->mode] : NULL), "wanted",
			 args_modes[dev->wanted], "out", dev->out, "state", states[dev->state], "error",
			 fw_json_text(dev->error[0] ? dev->error : NULL), "warning",
			 fw_json_text(dev->warning[0] ? dev->warning : NULL), "in_front", in_front_json(dev), "from",
			 fw_json_name(dev->wish ? NULL : dev->from));
}
