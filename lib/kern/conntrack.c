// SPDX-License-Identifier: GPL-2.0-only
/*
 * Keeping connection tracking on. The kernel tracks while some rule of nftables has a `ct` expression, also in a chain that no
 * packet reaches. So there are two tables with such a chain and nothing else:
 *
 *	fwd_track     outlives this process, as what is pinned does. `nft flush ruleset` deletes it, and it is put back.
 *	fwd_track_N   belongs to a socket of this process, so that others cannot delete it, and ends with it.
 *
 * Tracking thus ends neither with this process nor by a flush; only a flush while no fwd runs ends it until the next one starts.
 */
#include "nft.h"

#include "kern.h"

#include "fw/conntrack.h"

#include <unistd.h>

#define TABLE "fwd_track"
#define CHAIN "track"

static void put_track(struct nft_batch *b, const void *ctx)
{
	nft_chain(b, CHAIN, NULL);
	nft_rule(b, CHAIN);
	nft_expr(b, "ct");
	nft_put_u32(b, NFTA_CT_KEY, NFT_CT_STATE);
	nft_put_u32(b, NFTA_CT_DREG, NFT_REG_1);
}

/* Creates the table that stays, or another one in its place if it is not as we make it. */
static int stay(void)
{
	struct nft_batch b;
	int rules = nft_rules(TABLE);

	if (rules < 0 || rules == 1)
		return rules < 0 ? rules : 0;
	nft_begin(&b, TABLE);
	nft_table(&b);
	nft_table_delete(&b);
	nft_table(&b);
	put_track(&b, NULL);
	return nft_send(&b);
}

/* Creates a table of our own. Return: the descriptor that it belongs to, or -errno. */
static int own(void)
{
	return nft_own(TABLE, put_track, NULL);
}

static int leave(void)
{
	struct nft_batch b;
	int err;

	nft_begin(&b, TABLE);
	nft_table_delete(&b);
	err = nft_send(&b);
	return err == -ENOENT ? 0 : err;
}

static const char *explain(int err)
{
	if (err == -ESRCH)
		return "the kernel has no functions that look connections up at XDP and tc (bpf_xdp_ct_lookup of nf_conntrack)";
	if (err == -ENOENT)
		return "nf_tables has no `ct`: the module nft_ct is missing";
	if (err == -EPERM)
		return "it needs CAP_NET_ADMIN";
	return "the kernel has no nf_tables, or refuses a table";
}

int kern_conntrack_watch(struct conntrack *c)
{
	if (c->watch < 0)
		c->watch = nft_watch_open();
	return c->watch < 0 ? c->watch : 0;
}

/* Everything that can be missing comes before anything that changes. */
static int begin(struct conntrack *c, bool stays)
{
	int err = kern_conntrack_watch(c);

	if (err)
		return err;
	if (c->owner < 0)
		c->owner = own();
	err = c->owner < 0 ? c->owner : 0;
	return !err && stays ? stay() : err;
}

/* The programs that look connections up; at the start, if that was possible then. 0; -ESRCH: something is missing. */
static int look_ups(struct fw_kern *k)
{
	return kern_object_need(k, OBJECT_STATE) ? -ESRCH : 0;
}

/*
 * The functions that look connections up come with nf_conntrack. If that is a module, it is loaded by switching tracking on for a
 * moment. Only privileged processes find the functions of a module.
 */
void kern_conntrack_open(struct fw_kern *k)
{
	int fd;

	if (!look_ups(k))
		return;
	fd = own();
	kern_close_fd(&fd);
	look_ups(k);
}

#define LOOSE "/proc/sys/net/netfilter/nf_conntrack_tcp_loose"

/* Tells the programs whether the namespace picks connections up in the middle. */
static void tell_loose(struct fw_kern *k)
{
	fw_autofree char *text = NULL;
	size_t n;
	bool loose = fw_file_read(LOOSE, FW_FILE_ANY, 64, &text, &n) || text[0] != '0';

	for (uint32_t i = 0; i < FW_CPU_STATES(k->ncpus); i++)
		FW_IN_MEMORY(k->cpus[i].tcp_loose) = loose;
}

int fw_conntrack_begin(struct fw_kern *k, const char **why)
{
	struct conntrack *c = &k->conntrack;
	int err;

	if (c->on)
		return 0;
	c->left = true;
	err = look_ups(k);
	if (!err)
		err = begin(c, k->pins != NULL);
	if (err) {
		if (why)
			*why = explain(err);
		fw_conntrack_end(k);
		return err;
	}
	tell_loose(k);
	c->on = true;
	return 0;
}

void fw_conntrack_end(struct fw_kern *k)
{
	struct conntrack *c = &k->conntrack;

	kern_close_fd(&c->owner);
	c->on = false;
	if (c->left && k->pins)
		c->left = leave() != 0;
}

int fw_conntrack_fd(const struct fw_kern *k)
{
	return k->conntrack.watch;
}

uint64_t fw_conntrack_restored(const struct fw_kern *k)
{
	return k->conntrack.restored;
}

int fw_conntrack_look(struct fw_kern *k)
{
	struct conntrack *c = &k->conntrack;
	int err;

	if (c->on)
		tell_loose(k);
	if (c->watch >= 0 && nft_watch_read(c->watch, TABLE) && c->on && k->pins)
		c->flushed = true;
	if (!c->flushed)
		return 0;
	if (nft_rules(TABLE) == 1) { /* it was ourselves */
		c->flushed = false;
		return 0;
	}
	err = stay();
	c->restored += !err;
	c->flushed = err != 0;
	return err;
}

void kern_conntrack_init(struct conntrack *c)
{
	*c = (struct conntrack){ .owner = -1, .watch = -1, .left = true };
}

void kern_conntrack_close(struct conntrack *c)
{
	kern_close_fd(&c->owner);
	kern_close_fd(&c->watch);
}
