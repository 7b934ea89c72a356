/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The kernel side: the BPF program, its maps, and where it is attached. Knows
 * tables, never rules.
 */
#ifndef FW_KERN_H
#define FW_KERN_H

#include "fw/compile.h"
#include "fw/rule.h"
#include "fw/pinned.h"
#include "fw/table/prog.h"

#include <sys/types.h>

struct fw_kern;

/* Where the tables lie: an arena is faster, segments are there on every kernel. */
enum fw_kern_pool { FW_POOL_AUTO, FW_POOL_ARENA, FW_POOL_MAPS, FW_NPOOLS };
extern const char *const fw_kern_pool_names[FW_NPOOLS];

struct fw_kern_options {
	bool no_flow_cache;
	enum fw_kern_pool pool; /* FW_POOL_AUTO: an arena where the kernel has them */
	/*
	 * Folder in bpffs; NULL: nothing outlives this process. In it, a folder named after the program's fingerprint holds
	 * the pinned programs, maps and links: filtering goes on when this process ends, and the next one takes them over.
	 */
	const char *pins;
};

/**
 * fw_kern_open - load and verify the program and make its maps, or take over what is pinned
 *
 * What another version of the program left pinned is taken over too: its links are pointed at the new program when
 * the first image is published, so that no packet goes unfiltered, its counters go on, and its pins go away then.
 * Nothing is attached yet that was not attached before.
 * Return: 0; -EPERM, -errno of the kernel, with a diagnostic that says what is missing.
 */
int fw_kern_open(const struct fw_kern_options *opts, struct fw_diags *ds, struct fw_kern **out);
/*
 * Detaches what was attached and lets everything go. With pins all stays as it is, also the tables that packets see, even if
 * their image was freed since the last fw_kern_sync(). NULL is fine.
 */
void fw_kern_close(struct fw_kern *k);
/*
 * Is the file system of the pins mounted nowhere that process 1 sees? Then it goes with this process's mount namespace, and
 * filtering with it. false: no, or that cannot be told.
 */
bool fw_kern_pins_private(const char *pins);
/* Detaches everything and removes the pins: packets are not filtered any more. The folder of pins stays, empty. */
void fw_kern_unpin(struct fw_kern *k);
/*
 * The generation that packets see; 0: nothing was ever published. Tables of a process before stay in place, in segments
 * of their own, until fw_kern_retire(): a grace period after an image of this process was published.
 */
uint32_t fw_kern_generation(const struct fw_kern *k);
void fw_kern_retire(struct fw_kern *k);

/* The pool that the program reads. Owned by @k. */
struct fw_pool *fw_kern_pool(struct fw_kern *k);
/* FW_POOL_ARENA or FW_POOL_MAPS. */
enum fw_kern_pool fw_kern_pool_kind(const struct fw_kern *k);
/*
 * Room for the counters of rule slots 0 to @slots - 1. Call before fw_kern_publish(). 0 or -errno. Others may read counts
 * meanwhile.
 */
int fw_kern_counters_reserve(struct fw_kern *k, uint32_t slots);
/* Slots that there is room for, also those that a process before made room for. */
uint32_t fw_kern_counter_slots(const struct fw_kern *k);
/* The counter of a rule's slot becomes 0, and nobody's. No packet may be counting there: see fw_edit_commit(). */
void fw_kern_counter_clear(struct fw_kern *k, uint32_t slot);
/* From now on it counts from 0. @counter: FW_COUNTER_REASON(), or a slot + FW_COUNTER_RULES. 0 or -ENOMEM. */
int fw_kern_count_reset(struct fw_kern *k, uint32_t counter);
/*
 * Says whose a counter is: for the file of counters, which can be read also when this process is gone. Of a reason only
 * the id counts: a counter that is nobody's is shown when it has counted something.
 * @name: NULL: none; when the kernel has no memory for it, the file does not show it
 */
void fw_kern_label_set(struct fw_kern *k, uint32_t counter, const struct fw_label *label, const char *name);
/*
 * The two halves of it, for many slots at once. Nobody sees a name without FW_LABEL_NAMED: that of a slot without a rule can
 * be given before. Making room for names takes time; it may be done by any thread, one at a time.
 */
void fw_kern_name_set(struct fw_kern *k, uint32_t slot, const char *name);
void fw_kern_labels_put(struct fw_kern *k, uint32_t slot, const struct fw_label *labels, uint32_t n);
/*
 * Makes new segments of the pool known to the program. Where tables lie in maps, those that were given back go too, whose
 * memory is held until then; it takes a grace period, or on kernels before 6.8 one for each segment. 0, or -errno when the
 * kernel does not take them.
 */
int fw_kern_sync(struct fw_kern *k);
/*
 * Gives a part of what was given back to the pool to the kernel, where tables lie in an arena: about a millisecond.
 * false: there is nothing left. Not while another thread uses the pool.
 */
bool fw_kern_give_back(struct fw_kern *k);
/*
 * One store: from now on every packet sees the image at @root, as generation @generation: not 0, and not the one before,
 * fw_kern_generation(). After fw_kern_sync() it
 * cannot fail, but for the first time after taking over another version's links: then -errno, and nothing has changed.
 */
int fw_kern_publish(struct fw_kern *k, uint32_t root, uint32_t generation);
/* Waits until every packet that was on its way at the time of the call is through: milliseconds. 0 or -errno. Any thread. */
int fw_kern_grace(struct fw_kern *k);
/* Interface index -> number in the ruleset. 0 or -errno. */
int fw_kern_iface_set(struct fw_kern *k, uint32_t ifindex, uint32_t number);
/* No rule names it any more. 0, also when none did, or -errno. */
int fw_kern_iface_clear(struct fw_kern *k, uint32_t ifindex);
/* Clears every index that, with its number, is @gone. 0, or -errno: some may be left. */
typedef bool fw_kern_iface_gone(void *ctx, uint32_t ifindex, uint32_t number);
int fw_kern_ifaces_forget(struct fw_kern *k, fw_kern_iface_gone *gone, void *ctx);

/* The sum over all CPUs, without the base. */
struct fw_count fw_kern_rule_count(const struct fw_kern *k, uint32_t slot);
/* Packets that a policy decided while this was its verdict: @reason as in struct fw_result. Of one program, or of all. */
struct fw_count fw_kern_prog_count(const struct fw_kern *k, enum fw_prog prog, enum fw_reason reason,
				   enum fw_verdict verdict);
struct fw_count fw_kern_reason_count(const struct fw_kern *k, enum fw_reason reason, enum fw_verdict verdict);
/*
 * Many at once: counts and labels of @n slots from @slot on; where there is no room, all is 0.
 */
struct fw_kern_row {
	struct fw_count count;
	struct fw_label label;
};
void fw_kern_rows(const struct fw_kern *k, uint32_t slot, uint32_t n, struct fw_kern_row *rows);

/*
 * What came by each interface, sums over all CPUs, by ifindex. The first entry has ifindex 0: interfaces for which there was
 * no room; the last FW_TRAFFIC_GONE: those that are gone. @out: free() it. 0 or -ENOMEM.
 */
int fw_kern_traffic(const struct fw_kern *k, struct fw_traffic **out, size_t *n);
/* The interface is gone: its counts go to those of FW_TRAFFIC_GONE. */
void fw_kern_traffic_forget(struct fw_kern *k, uint32_t ifindex);

/*
 * Files under the pins that say as text what was counted, for `cat`, also when no process of ours runs. (Who reads the numbers
 * themselves: see fw/pinned.h.)
 *
 *	counters    a line for each rule, see fw/table/rule_line.h; policies first, with POLICY/HOOK for the id, and also what
 *	            they counted under another verdict
 *	interfaces  INDEX HOOK rule|policy VERDICT PACKETS; index 0: found no room; -1: are gone
 *
 * Lines that begin with # are comments.
 */
enum fw_kern_iterator_file { FW_ITERATOR_COUNTERS, FW_ITERATOR_INTERFACES, FW_NITERATORS };
/* Does the kernel let them be made? 0, or -errno: it has no iterators, or refuses programs of their type. */
int fw_kern_iterator_files_probe(void);
/**
 * fw_kern_share - makes the files, and the pins that fw_pinned_open() reads, in the place of those of a process before
 * @readers: members of this group may read them; (gid_t)-1: root only
 *
 * Call it when the labels are there. Without iterators in the kernel there are no files, and all else works.
 * Return: 0, also when nothing is pinned, or -errno.
 */
int fw_kern_share(struct fw_kern *k, gid_t readers);
/* Its path; NULL: there is none. */
const char *fw_kern_iterator_file(const struct fw_kern *k, enum fw_kern_iterator_file file);

/* File descriptor of a loaded program, owned by @k. */
int fw_kern_prog_fd(const struct fw_kern *k, enum fw_prog prog);
/* Seconds that loading and verifying took; memory of maps in bytes (pool, counters, per-CPU state). */
double fw_kern_load_seconds(const struct fw_kern *k);
uint64_t fw_kern_memory(const struct fw_kern *k);

/**
 * fw_kern_test - run one packet through a loaded program, without any interface
 * @frame: @len bytes from the Ethernet header, at least 14
 * @mark:  for the tc programs
 * @out:   the same answer that live traffic would get; the packet is counted
 *
 * The packet comes from the loopback device (interface index 1): map that index with fw_kern_iface_set() first.
 * Return: 0 or -errno.
 */
int fw_kern_test(struct fw_kern *k, enum fw_prog prog, const void *frame, uint32_t len, uint32_t mark,
		 struct fw_result *out);

/**
 * fw_kern_probe - what the tables that live packets see say of a packet
 *
 * By a program of its own over the same maps: nothing is counted, and packets on their way are not disturbed.
 * @ifindex: where the packet comes from or goes to; 0: nowhere that a rule names
 * @frame:   @len bytes from the Ethernet header, also none
 * One thread at a time.
 * Return: 0 or -errno.
 */
int fw_kern_probe(struct fw_kern *k, enum fw_hook hook, uint32_t ifindex, const void *frame, uint32_t len,
		  uint32_t mark, struct fw_result *out);

enum fw_xdp_mode { FW_XDP_AUTO, FW_XDP_NATIVE, FW_XDP_GENERIC };
/**
 * fw_kern_attach_xdp - filter what comes in on an interface, by XDP
 * @mode: AUTO tries native, then generic; @used (may be NULL) says which. What is attached already stays as it is with
 *        AUTO; asked for in the other mode, it is detached and attached again, since the kernel has no way to change modes,
 *        and packets that come in between are not filtered
 * Return: 0, also when it is attached already; -EBUSY with a diagnostic that names the id of the foreign program; other
 * -errno with a diagnostic.
 */
int fw_kern_attach_xdp(struct fw_kern *k, uint32_t ifindex, enum fw_xdp_mode mode, enum fw_xdp_mode *used,
		       struct fw_diags *ds);
/* Filter by tc, @prog being FW_PROG_TC_INGRESS or FW_PROG_TC_EGRESS. Same contract. */
int fw_kern_attach_tc(struct fw_kern *k, uint32_t ifindex, enum fw_prog prog, struct fw_diags *ds);
/* Undoes one of these. 0, or -ENOENT. */
int fw_kern_detach(struct fw_kern *k, uint32_t ifindex, enum fw_prog prog);
/* Undoes the link with this id, wherever its interface is. 0, or -ENOENT. */
int fw_kern_detach_link(struct fw_kern *k, uint32_t link);
/**
 * fw_kern_to_front - what is attached by tc goes before the programs of others
 *
 * Every packet on its way meanwhile is filtered; it may be so twice, and counted twice.
 * Return: 0, also when it is there already; -ENOENT: it is not attached; -errno, and it stays where it was.
 */
int fw_kern_to_front(struct fw_kern *k, uint32_t ifindex, enum fw_prog prog);

extern const char *const fw_prog_names[FW_NPROGS]; /* "xdp", "tc-ingress", "tc-egress" */
/* What is attached, also by a process before, as the kernel said when fw_kern_look() asked it. */
struct fw_kern_attachment {
	uint32_t ifindex; /* in the network namespace of the interface */
	enum fw_prog prog;
	enum fw_xdp_mode mode; /* of XDP here: FW_XDP_NATIVE or FW_XDP_GENERIC */
	uint32_t link;         /* its id; 0: a classic tc filter */
	bool away;             /* the interface is in another network namespace than this process */
	uint32_t in_front; /* id of the program that packets meet first, and that may keep them from ours; 0: none */
};
#define FW_IN_FRONT_FILTER UINT32_MAX /* a tc filter that is no program */
/* Asks the kernel what is attached, where, and behind what. What went away with its interface is forgotten. */
void fw_kern_look(struct fw_kern *k);
/* The @i-th. false: there is none. */
bool fw_kern_attached(const struct fw_kern *k, size_t i, struct fw_kern_attachment *out);
/**
 * fw_kern_left - what is attached in this network namespace while no process of ours runs, as the kernel says it
 * @pins: fwd's folder in bpffs
 * @out:  free() it
 * For root. Return: 0; -ENOENT: nothing is pinned there; -EACCES; -errno.
 */
int fw_kern_left(const char *pins, struct fw_kern_attachment **out, size_t *n);

/* The XDP program of the interface, its id; 0: none. */
uint32_t fw_kern_xdp_prog(uint32_t ifindex);

#endif
