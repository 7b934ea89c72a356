/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The kernel side: the BPF programs, their maps, and where they are attached.
 * Knows tables, never rules.
 */
#ifndef FW_KERN_H
#define FW_KERN_H

#include "fw/compile.h"
#include "fw/rule.h"
#include "fw/pinned.h"
#include "fw/table/connections.h"
#include "fw/table/event.h"
#include "fw/table/prog.h"
#include "fw/table/reject.h"

#include <sys/types.h>

struct fw_kern;

/* The memory of the tables: an arena is faster, maps exist on every kernel. */
enum fw_kern_pool { FW_POOL_AUTO, FW_POOL_ARENA, FW_POOL_MAPS, FW_NPOOLS };
extern const char *const fw_kern_pool_names[FW_NPOOLS];

struct fw_kern_options {
	bool no_flow_cache;
	enum fw_kern_pool pool; /* FW_POOL_AUTO: an arena if the kernel has them, else maps */
	/*
	 * Folder in bpffs where programs, maps and links are pinned: filtering continues when this process ends, and the next
	 * one takes over. NULL: nothing outlives this process.
	 */
	const char *pins;
};

/**
 * fw_kern_open - load the programs and create their maps, or take over what is pinned
 *
 * Also takes over what another version of the programs has pinned: the first fw_kern_publish() makes its links run the new
 * programs, so that no packet goes unfiltered, and removes its pins; counting continues. Nothing new is attached.
 * Return: 0; -EPERM or another -errno of the kernel, with a diagnostic that names what is missing.
 */
int fw_kern_open(const struct fw_kern_options *opts, struct fw_diags *ds, struct fw_kern **out);
/*
 * Detaches and frees everything. With pins, filtering continues unchanged, even if the image of the tables was freed since the
 * last fw_kern_sync(). NULL is fine.
 */
void fw_kern_close(struct fw_kern *k);
/*
 * Is the file system of the pins not mounted in the mount namespace of process 1? Then it disappears with the mount namespace
 * of this process, and filtering ends. false: it is, or that is unknown.
 */
bool fw_kern_pins_private(const char *pins);
/* Stops filtering: detaches everything and removes the pins. The folder of pins stays, empty. */
void fw_kern_unpin(struct fw_kern *k);
/*
 * The generation that packets see; 0: nothing was ever published. The tables of an earlier process keep their segments until
 * fw_kern_retire(), which is called a grace period after this process has published an image.
 */
uint32_t fw_kern_generation(const struct fw_kern *k);
void fw_kern_retire(struct fw_kern *k);

/* The pool that the programs read. Owned by @k. */
struct fw_pool *fw_kern_pool(struct fw_kern *k);
/* FW_POOL_ARENA or FW_POOL_MAPS. */
enum fw_kern_pool fw_kern_pool_kind(const struct fw_kern *k);
/*
 * Makes room for the counters of rule slots 0 to @slots - 1. Call before fw_kern_publish(). Counts may be read meanwhile.
 * 0 or -errno.
 */
int fw_kern_counters_reserve(struct fw_kern *k, uint32_t slots);
/* Makes room for the buckets of the same slots, and of policies: see fw/table/rate.h. Without, their rates are used up. 0 or -errno. */
int fw_kern_buckets_reserve(struct fw_kern *k);
/* Slots that have counters, including those added by an earlier process. */
uint32_t fw_kern_counter_slots(const struct fw_kern *k);
/* Zeroes a slot's counter and detaches it from its rule. No packet may be counting there: see fw_edit_commit(). */
void fw_kern_counter_clear(struct fw_kern *k, uint32_t slot);
/* Restarts a counter from 0. @counter: FW_COUNTER_REASON(), or a slot + FW_COUNTER_RULES. 0 or -ENOMEM. */
int fw_kern_count_reset(struct fw_kern *k, uint32_t counter);
/* Adds to a counter what was counted elsewhere. Once that has succeeded, it does for the same counter until that is cleared. 0 or -ENOMEM. */
int fw_kern_count_add(struct fw_kern *k, uint32_t counter, struct fw_count more);
/* What a rule and its chain are called; NULL: it has no name, or belongs to the main list. */
struct fw_label_names {
	const char *of[FW_NNAMED];
};
/*
 * Labels a counter with its rule, for readers of the pins, who need no running process. Only the id of a reason's label is
 * used: a counter with id 0 is shown once it has counted something.
 * @names: may be NULL; not shown if the kernel has no memory for them
 */
void fw_kern_label_set(struct fw_kern *k, uint32_t counter, const struct fw_label *label,
		       const struct fw_label_names *names);
/*
 * The two halves of it, for many slots at once. A name is not shown without FW_LABEL_NAMED, so it can be set before its slot
 * has a rule. Making room for names takes time; any thread may do it, one at a time.
 */
void fw_kern_names_set(struct fw_kern *k, uint32_t slot, const struct fw_label_names *names);
void fw_kern_labels_put(struct fw_kern *k, uint32_t slot, const struct fw_label *labels, uint32_t n);
/*
 * Adds new segments of the pool to the program's map. With FW_POOL_MAPS it also removes those that were given back, which
 * frees their memory, and takes a grace period, or before Linux 6.8 one for each segment. 0, or -errno of the kernel.
 */
int fw_kern_sync(struct fw_kern *k);
/*
 * With FW_POOL_ARENA: returns to the kernel a part of the memory that was given back to the pool, in about a millisecond.
 * false: there is no more. Not while another thread uses the pool.
 */
bool fw_kern_give_back(struct fw_kern *k);
/*
 * One store, after which every packet sees the image at @root as generation @generation, which is neither 0 nor
 * fw_kern_generation(). After fw_kern_sync() only the first call can fail, because it takes over another version's links:
 * then -errno, and nothing has changed.
 */
int fw_kern_publish(struct fw_kern *k, uint32_t root, uint32_t generation);
/* Waits, some milliseconds, until all packets that are being filtered at the time of the call are done. Any thread. 0 or -errno. */
int fw_kern_grace(struct fw_kern *k);
/* Maps an interface index to a number in the ruleset. 0 or -errno. */
int fw_kern_iface_set(struct fw_kern *k, uint32_t ifindex, uint32_t number);
/*
 * The same from generation @since on: packets of an earlier one have the number @before. Until no packet of those is left, the
 * number is not changed again.
 */
int fw_kern_iface_change(struct fw_kern *k, uint32_t ifindex, const struct fw_iface_number *to);
/* What packets are told of an index. 0, -ENOENT: it is not mapped, or another -errno. */
int fw_kern_iface_read(struct fw_kern *k, uint32_t ifindex, struct fw_iface_number *out);
/* Removes an index. 0, also if it was not mapped, or -errno. */
int fw_kern_iface_clear(struct fw_kern *k, uint32_t ifindex);
/* Removes every index for which @gone returns true. 0, or -errno: some may be left. */
typedef bool fw_kern_iface_gone(void *ctx, uint32_t ifindex, uint32_t number);
int fw_kern_ifaces_forget(struct fw_kern *k, fw_kern_iface_gone *gone, void *ctx);

/* How many connections the addresses of a key have; 0: fewer than any rule asks for. 0; -E2BIG: no room; -errno. */
int fw_kern_connections_set(struct fw_kern *k, const struct fw_connections_key *key, uint32_t count);
/* Every key has fewer than any rule asks for. 0 or -errno. */
int fw_kern_connections_clear(struct fw_kern *k);

/* The sum over all CPUs, without the base. */
struct fw_count fw_kern_rule_count(const struct fw_kern *k, uint32_t slot);
/* Packets that a policy decided by this verdict; @reason as in struct fw_result. Of one program, or of all. */
struct fw_count fw_kern_prog_count(const struct fw_kern *k, enum fw_prog prog, enum fw_reason reason,
				   enum fw_verdict verdict);
struct fw_count fw_kern_reason_count(const struct fw_kern *k, enum fw_reason reason, enum fw_verdict verdict);
/*
 * Counts and labels of @n slots from @slot on; all 0 for slots without a counter.
 */
struct fw_kern_row {
	struct fw_count count;
	struct fw_label label;
};
void fw_kern_rows(const struct fw_kern *k, uint32_t slot, uint32_t n, struct fw_kern_row *rows);

/*
 * Packets of each interface, summed over all CPUs and sorted by ifindex. The first entry, of ifindex 0, is for interfaces that
 * got no entry; the last one, FW_TRAFFIC_GONE, for those that are gone. @out: free() it. 0 or -ENOMEM.
 */
int fw_kern_traffic(const struct fw_kern *k, struct fw_traffic **out, size_t *n);
/* Moves the counts of an interface that is gone to FW_TRAFFIC_GONE. */
void fw_kern_traffic_forget(struct fw_kern *k, uint32_t ifindex);

/*
 * Events (fw/table/event.h), which survive this process if something is pinned. The descriptor, owned by @k, is readable when the
 * ring was empty and is not any more.
 */
int fw_kern_events_fd(const struct fw_kern *k);
/*
 * Reads at most @max events, oldest first; @each gets each of them. What does not hold together is skipped.
 * Return: how many were read; 0: there is none.
 */
typedef void fw_kern_event(const struct fw_event *event, void *ctx);
unsigned fw_kern_events(struct fw_kern *k, unsigned max, fw_kern_event *each, void *ctx);
/* What became of events so far, summed over all CPUs. */
void fw_kern_event_counts(const struct fw_kern *k, struct fw_event_counts *out);
/* Events that were lost since the last call, also by an earlier process: @out[enum fw_event_loss]. Return: were there any? */
bool fw_kern_events_lost(struct fw_kern *k, uint64_t out[FW_NLOSSES]);

/*
 * Loads the programs that answer rejected packets at XDP and tc, unless they are loaded. Call before fw_kern_publish() of tables
 * that reject packets: without it these are dropped. 0 or -errno.
 */
int fw_kern_need_reject(struct fw_kern *k);
/* How many packets may be answered, a second and at once; 0: none. Until it is called: FW_REPLY_RATE. 0 or -errno. */
int fw_kern_reply_rate(struct fw_kern *k, uint32_t rate);
/* What became of rejected packets at XDP and tc, summed over all CPUs. */
void fw_kern_reply_counts(const struct fw_kern *k, struct fw_reply_counts *out);

/*
 * Iterator files: pins whose text is the current counts, for `cat`. They need no running process. For the numbers themselves see
 * fw/pinned.h.
 *
 *	counters    a line for each policy, with POLICY/HOOK for the id, and a line for each rule: see fw/table/rule_line.h
 *	interfaces  INDEX HOOK rule|policy VERDICT PACKETS; index 0: got no entry; -1: gone
 *
 * Lines that begin with # are comments.
 */
enum fw_kern_iterator_file { FW_ITERATOR_COUNTERS, FW_ITERATOR_INTERFACES, FW_NITERATORS };
/* Does the kernel allow them? 0, or -errno: it has no iterators, or refuses programs of their type. */
int fw_kern_iterator_files_probe(void);
/**
 * fw_kern_share - replace the iterator files, and the pins that fw_pinned_open() reads, of an earlier process
 * @readers: members of this group may read them; (gid_t)-1: root only
 *
 * Call it when the labels are set. Everything else works without iterator files.
 * Return: 0, also when nothing is pinned, or -errno.
 */
int fw_kern_share(struct fw_kern *k, gid_t readers);
/* Its path; NULL: it does not exist. */
const char *fw_kern_iterator_file(const struct fw_kern *k, enum fw_kern_iterator_file file);

/* File descriptor of a loaded program, owned by @k. */
int fw_kern_prog_fd(const struct fw_kern *k, enum fw_prog prog);
/* How long loading and verifying took, in seconds; the memory of all maps in bytes: pool, counters, per-CPU state. */
double fw_kern_load_seconds(const struct fw_kern *k);
uint64_t fw_kern_memory(const struct fw_kern *k);

/**
 * fw_kern_test - run one packet through a loaded program, without any interface
 * @frame: @len bytes from the Ethernet header, at least 14; netfilter's programs take IPv4 and IPv6 with a whole IP header
 * @mark:  for the tc programs
 * @out:   the result that live traffic would get; the packet is counted
 *
 * The packet arrives on the loopback device (interface index 1): map that index with fw_kern_iface_set() first.
 * Return: 0 or -errno.
 */
int fw_kern_test(struct fw_kern *k, enum fw_prog prog, const void *frame, uint32_t len, uint32_t mark,
		 struct fw_result *out);

/* A packet as a hook sees it. */
#define FW_PROBE_OTHER UINT32_MAX
struct fw_probe {
	const void *frame; /* @len bytes, from the Ethernet header on */
	uint32_t len, mark;
	enum fw_hook hook;
	uint32_t iface, from_if, to_if; /* indices of interfaces; 0: none; FW_PROBE_OTHER: one that no rule names */
	uint32_t state, uid, gid;       /* as in a key: the absent value if the packet has none */
};
/**
 * fw_kern_probe - classify a packet by the live tables, without counting it
 *
 * Runs a separate program over the same maps, which does not disturb live packets. One thread at a time.
 * Return: 0 or -errno.
 */
int fw_kern_probe(struct fw_kern *k, const struct fw_probe *packet, struct fw_result *out);

enum fw_xdp_mode { FW_XDP_AUTO, FW_XDP_NATIVE, FW_XDP_GENERIC };
/**
 * fw_kern_attach_xdp - filter incoming packets of an interface by XDP
 * @mode: AUTO tries native, then generic, and keeps the mode of an existing attachment. To change the mode, the program is
 *        detached and attached again, because the kernel cannot change it: packets in between are not filtered
 * @used: the mode that it has now; may be NULL
 * Return: 0, also if it was attached already; -EBUSY with a diagnostic that names the id of a foreign program; another -errno
 * with a diagnostic.
 */
int fw_kern_attach_xdp(struct fw_kern *k, uint32_t ifindex, enum fw_xdp_mode mode, enum fw_xdp_mode *used,
		       struct fw_diags *ds);
/* The same by tc; @prog is FW_PROG_TC_INGRESS or FW_PROG_TC_EGRESS. */
int fw_kern_attach_tc(struct fw_kern *k, uint32_t ifindex, enum fw_prog prog, struct fw_diags *ds);
#define FW_HOST_HOOKS 3 /* of netfilter: input, forward, output */
#define FW_HOST_LINKS 6 /* of netfilter's hooks in one network namespace: three, of two families */
/**
 * fw_kern_attach_host - filter on netfilter's hooks input, forward and output in the network namespace of this thread
 *
 * Both families. Return: 0, also if it was attached already; -errno with a diagnostic: nothing has changed.
 */
int fw_kern_attach_host(struct fw_kern *k, struct fw_diags *ds);
bool fw_kern_host_attached(const struct fw_kern *k);
/* Nobody else has taken that away, in whole or in part. What was is attached again by fw_kern_attach_host(). */
bool fw_kern_host_holds(const struct fw_kern *k);
/* Tables of nf_tables filter there, since the kernel has no links on these hooks. */
bool fw_kern_host_by_table(const struct fw_kern *k);
/* Is there such a table in this network namespace, of whatever process? Needs CAP_NET_ADMIN. */
bool fw_kern_host_table(void);
/* Stops that. 0 or -ENOENT. */
int fw_kern_detach_host(struct fw_kern *k);
/**
 * fw_kern_host_answer - reject packets and set marks there, or no longer
 * @wanted: the ruleset does so. If the hooks are not attached, or nothing is published, only the programs are loaded
 * @why:    on failure a reason, a constant string
 *
 * Idempotent: call it again from time to time, since others may delete the table of nf_tables that answers (fwd_host). While it
 * is missing, packets are dropped instead of rejected. Return: 0 or -errno.
 */
int fw_kern_host_answer(struct fw_kern *k, bool wanted, const char **why);
/* Is that so? @restored: how often the table was missing. */
bool fw_kern_host_answers(const struct fw_kern *k, uint64_t *restored);
/* Stops filtering by @prog on an interface. 0 or -ENOENT. */
int fw_kern_detach(struct fw_kern *k, uint32_t ifindex, enum fw_prog prog);
/* Detaches the link with this id, in whatever network namespace its interface is. 0 or -ENOENT. */
int fw_kern_detach_link(struct fw_kern *k, uint32_t link);
/**
 * fw_kern_to_front - move a tc attachment before the programs of others
 *
 * Packets are filtered all the while; some may be filtered, and counted, twice.
 * Return: 0, also if it is first already; -ENOENT: it is not attached; -errno, and it stays where it was.
 */
int fw_kern_to_front(struct fw_kern *k, uint32_t ifindex, enum fw_prog prog);

extern const char *const fw_prog_names[FW_NPROGS]; /* "xdp", "tc-ingress", "tc-egress" */
/* An attachment, of this process or an earlier one, as of the last fw_kern_look(). */
struct fw_kern_attachment {
	uint32_t ifindex; /* in the network namespace of the interface */
	enum fw_prog prog;
	enum fw_xdp_mode mode; /* at XDP, unless @away: FW_XDP_NATIVE or FW_XDP_GENERIC */
	uint32_t link;         /* id of the BPF link; 0: a classic tc filter */
	bool away;             /* the interface is in another network namespace than this process */
	uint32_t in_front;     /* id of a program that packets reach first, and that may decide before ours; 0: none */
	uint8_t family;        /* on netfilter's hooks, where ifindex is 0: NFPROTO_IPV4 or NFPROTO_IPV6 */
	bool guard;            /* at these hooks: the program that keeps rejected packets from passing */
};
#define FW_IN_FRONT_FILTER UINT32_MAX /* a tc filter without a program */
/* Asks the kernel for the state of all attachments, and forgets those whose interface is gone. */
void fw_kern_look(struct fw_kern *k);
/* The @i-th. false: there is none. */
bool fw_kern_attached(const struct fw_kern *k, size_t i, struct fw_kern_attachment *out);
/**
 * fw_kern_left - the attachments in this network namespace that a process has left, as the kernel reports them
 * @pins: fwd's folder in bpffs
 * @out:  free() it
 * For root. Return: 0; -ENOENT: nothing is pinned there; -EACCES; -errno.
 */
int fw_kern_left(const char *pins, struct fw_kern_attachment **out, size_t *n);

/* The id of an interface's XDP program; 0: none. */
uint32_t fw_kern_xdp_prog(uint32_t ifindex);

#endif
