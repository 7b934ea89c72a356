/* SPDX-License-Identifier: GPL-2.0-only */
/* The loaded program and its maps as this process holds them. Private to lib/kern. */
#ifndef FW_KERN_PRIVATE_H
#define FW_KERN_PRIVATE_H

#include "fw/kern.h"

#include <bpf/libbpf.h>
#include <limits.h>

/* Descriptors of segments that are held open at the same time. */
#define PENDING_MAX 256
#define FOLDER_MAX 24
/* Classic tc filters at most. */
#define FILTERS_MAX 4096

/*
 * Programs: those of enum fw_prog; the dry run; from PROG_CALLS on those of enum fw_call; from PROG_L3 on those of enum fw_prog
 * for interfaces without Ethernet header.
 */
enum {
	PROG_DRY_RUN = FW_NPROGS,
	PROG_NF_GUARD,
	PROG_ANSWER_ANY,
	PROG_ANSWER_MARK,
	PROG_ANSWER_BIT,
	PROG_ANSWER_NEXT,
	PROG_ANSWER_PASS,
	PROG_ANSWER_TAKE,
	PROG_TABLE, /* of the hooks input, forward and output each */
	PROG_CALLS = PROG_TABLE + FW_HOST_HOOKS,
	PROG_L3 = PROG_CALLS + FW_NCALLS,
	NPROGS = PROG_L3 + FW_NPROGS
};

enum kern_map {
	MAP_POOL,
	MAP_ARENA,
	MAP_COUNTERS,
	MAP_TRAFFIC,
	MAP_CPUS,
	MAP_IFACES,
	MAP_CONTROL,
	MAP_XDP_CALLS,
	MAP_TC_CALLS,
	MAP_RING,
	MAP_EVENT_COUNTS,
	MAP_CONNECTIONS,
	MAP_LIMITS,
	MAP_TABLE_LIMITS,
	MAP_LIMIT_KEYS,
	MAP_RECENT,
	MAP_REPLY_RATE,
	MAP_REPLY_COUNTS,
	MAP_FILTERS,
	MAP_HOOKS,
	MAP_DECISIONS,
	MAP_GUARDED,
	NMAPS
};

/* The name of a folder below the pins; empty: none. */
struct folder {
	char name[FOLDER_MAX];
};

/* An attachment: a link, which ends with its descriptor unless it is pinned, or a classic tc filter, which stays until removed. */
struct attachment {
	int link;    /* descriptor, or -1 for a classic filter */
	uint32_t id; /* of the link; 0: a classic filter */
	uint32_t ifindex;
	enum fw_prog prog;
	uint8_t family; /* of netfilter's hooks, which have no interface: NFPROTO_IPV4 or NFPROTO_IPV6 */
	uint64_t netns; /* of them too: the inode of the network namespace */
	bool guard;     /* it runs PROG_NF_GUARD there, not the program @prog */
	bool l3;        /* it runs the program for interfaces without Ethernet header */
	enum fw_xdp_mode mode;
	uint32_t handle, priority; /* of a classic filter */
	bool qdisc;                /* the clsact qdisc is ours to remove */
	bool away;                 /* its interface was in another network namespace at the last look */
	uint32_t in_front;         /* at the last look: see struct fw_kern_attachment */
	struct folder folder;      /* has its pin or note */
};

/* The map of classic tc filters: they stay when a process ends, and so must their handles. */
struct filter_key {
	uint32_t ifindex, prog;
};
struct filter_value {
	uint32_t handle, priority, qdisc;
};

/* A segment that is not in the program's map yet. */
struct segment {
	uint32_t index;
	int fd;
};

/* What keeps connection tracking on: see conntrack.c. */
struct conntrack {
	_Atomic bool on; /* set by the thread that switches it on */
	bool left;       /* the table that outlives a process may exist */
	bool flushed;    /* others may have deleted it */
	int owner;       /* the socket that the other table belongs to, or -1 */
	int watch;       /* of nftables' changes, or -1 */
	uint64_t restored;
};

/* The tables of nf_tables at netfilter's hooks: see netfilter_table.c. */
struct host_tables {
	int guard;         /* the socket that the guard's table belongs to; -1: it is not there */
	int own;           /* likewise, of the tree in a table of our own */
	bool up;           /* the tree is there, with our programs */
	uint64_t restored; /* how often it was missing */
};

struct fw_kern {
	struct fw_pool pool;            /* first: its callbacks cast it to this struct */
	int progs[NPROGS], maps[NMAPS]; /* descriptors */
	double load_seconds;
	uint32_t ncpus;      /* possible ones */
	struct fw_cpu *cpus; /* mmapped */
	uint64_t *control;   /* mmapped */
	bool flow_cache;     /* the programs use it */
	struct arena *arena; /* of the pool; NULL: it consists of segments */
	struct segment pending[PENDING_MAX];
	uint32_t npending;
	uint64_t known[FW_POOL_SEGMENTS / 64];     /* segments in the program's map */
	uint64_t inherited[FW_POOL_SEGMENTS / 64]; /* segments of an earlier process */
	int hole;                   /* the map that replaces segments that were given back; -1: not made yet */
	int grace[2];               /* a map of maps and its value, where membarrier() cannot be used; else -1 */
	struct fw_counter **chunks; /* chunk * columns + column, mmapped; of sparse columns some are NULL */
	uint32_t nchunks, columns;
	struct fw_traffic_table *traffic;        /* by CPU, mmapped */
	struct events *events;                   /* the ring, as it is read */
	uint32_t reply_rate;                     /* of rejected packets */
	bool shared;                             /* the folder of readers has its final name */
	struct fw_label_name **names[FW_NNAMED]; /* by chunk, mmapped; NULL: no rule of that chunk has one */
	struct files *files;                     /* NULL: no iterator files */
	int files_err;                           /* the reason */
	struct conntrack conntrack;
	int stub[2];    /* of netfilter's links, those of the guard second; -1: not loaded */
	bool has_links; /* the kernel has them on netfilter's hooks */
	struct host_tables host;
	struct attachment *attached;
	size_t nattached, attached_cap;
	char *pins;                 /* NULL: nothing is pinned */
	int lock;                   /* the folder of the pins, locked */
	struct folder folder;       /* ours, named after the fingerprint */
	uint32_t generation_before; /* of another version's tables, which packets saw until now */
	bool published;             /* by this process */
};

/* Bits by segment. */
static inline bool kern_bit(const uint64_t *bits, uint32_t i)
{
	return bits[i / 64] >> i % 64 & 1;
}

static inline void kern_bit_set(uint64_t *bits, uint32_t i, bool value)
{
	bits[i / 64] = (bits[i / 64] & ~(1ull << i % 64)) | (uint64_t)value << i % 64;
}

/* Creates an mmap-able array of one value of @bytes. Return: its descriptor, or -errno. */
int kern_value_map(const char *name, uint32_t bytes);
/* Closes a descriptor and sets it to -1; -1 is fine. */
void kern_close_fd(int *fd);
/* Opens an inner map of a map of maps. Return: its descriptor, -ENOENT or -errno. */
int kern_inner_map(int outer, uint32_t index, uint32_t *id);

/* segment.c: sets the pool's callbacks; keeps the segments of an earlier process; frees. */
void kern_segments_init(struct fw_kern *k);
int kern_segments_adopt(struct fw_kern *k);
void kern_segments_fini(struct fw_kern *k);
int kern_grace_init(struct fw_kern *k);
int kern_counters_adopt(struct fw_kern *k);
void kern_counters_fini(struct fw_kern *k);

/*
 * arena.c: creates a map for the pool, and opens the pool over the map that exists, with the tables of an earlier process.
 * 0; -EINVAL or another -errno where the kernel has no arenas.
 */
int kern_arena_new(struct fw_kern *k);
int kern_arena_open(struct fw_kern *k);
void kern_arena_close(struct fw_kern *k);
/* Frees some memory of segments that were given back; false: there is none. */
bool kern_arena_give_back(struct fw_kern *k);

/* iterator_files.c: loads the iterators, and pins them as files. 0, or -errno, and then there are no files. */
int kern_iterator_files_open(struct fw_kern *k);
int kern_iterator_files_pin(struct fw_kern *k, gid_t readers);
void kern_iterator_files_close(struct fw_kern *k);
void kern_iterator_files_remove(const struct fw_kern *k);
/* Makes the files show the names of a chunk's rules, which are in the map @fd. 0 or -errno. */
int kern_iterator_files_names(struct fw_kern *k, enum fw_named whose, uint32_t chunk, int fd);

/* traffic.c: fw_kern_traffic() of these tables. */
int kern_traffic_sum(const struct fw_traffic_table *tables, uint32_t ncpus, struct fw_traffic **out, size_t *n);

/* ring.c: maps the ring and its counts into this process. 0 or -errno. */
int kern_events_open(struct fw_kern *k);
void kern_events_close(struct fw_kern *k);

/* conntrack.c */
void kern_conntrack_init(struct conntrack *c);
/* Watches the tables of nf_tables, also for others than tracking. 0 or -errno. */
int kern_conntrack_watch(struct conntrack *c);
/* Loads the programs that look connections up, where the kernel has what they take. */
void kern_conntrack_open(struct fw_kern *k);
/* Tracking goes on if something is pinned. */
void kern_conntrack_close(struct conntrack *c);

/* readers.c: what read-only users find below the pins. 0, also when nothing is pinned, or -errno. */
int kern_readers_open(struct fw_kern *k);
void kern_readers_close(struct fw_kern *k);
void kern_readers_remove(const struct fw_kern *k);
/* Pins a map for them, under the formatted name. */
int kern_readers_add(const struct fw_kern *k, int fd, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
/* Sets the names of a counter's rule, unless memory is out; and makes room for them, beforehand. */
void kern_readers_names(struct fw_kern *k, uint32_t counter, const struct fw_label_names *names);
void kern_readers_room(struct fw_kern *k, uint32_t counter, const struct fw_label_names *names);

/* pins_open.c: creates and locks the folder of pins. 0 or -errno with a diagnostic. */
int kern_pins_open(struct fw_kern *k, const char *pins, struct fw_diags *ds);

/* pin.c */
/* The names of the pins, by index in fw_kern.progs and fw_kern.maps. */
extern const char *const kern_prog_pins[NPROGS], *const kern_map_pins[NMAPS];
/* A folder of pins is written under this name, and renamed once complete. */
extern const struct folder kern_new_folder;
/* PINS/FOLDER/KIND/NAME. Return: @buf, of PATH_MAX bytes. */
const char *kern_pin_path(const struct fw_kern *k, const struct folder *f, const char *kind, const char *name,
			  char *buf);
/* All folders; *out is freed by the caller. 0 or -errno. */
int kern_folders(const struct fw_kern *k, struct folder **out, size_t *n);
/* Is @id this process's program number @which (index of fw_kern.progs), or the same one of any folder? */
bool kern_prog_is_ours(const struct fw_kern *k, int which, uint32_t id);
uint32_t kern_prog_id(int fd);
/* Pins a program, or a map, that was added later. @which: index of fw_kern.progs, or of fw_kern.maps. 0 or -errno. */
int kern_pins_add(const struct fw_kern *k, int which);
int kern_pins_add_map(const struct fw_kern *k, int which);
/*
 * Opens another folder's map that can be used on: its descriptor, or -ENOENT. @inner_size: bytes of a value of its inner maps;
 * 0: it is no map of maps.
 */
int kern_pins_inherit(const struct fw_kern *k, enum kern_map map, uint32_t max_entries, uint32_t value_size,
		      uint32_t inner_size);
/* The highest generation of any folder's tables. */
uint32_t kern_pins_generation(const struct fw_kern *k);

/* pins.c: pins the programs and maps in our own folder. 0 or -errno with a diagnostic. */
int kern_pins_write(struct fw_kern *k, struct fw_diags *ds);
/* Opens everything in our own folder. 0; -ENOENT: it is missing or incomplete; -errno. Programs of PROG_L3 may be missing. */
int kern_pins_adopt(struct fw_kern *k);
/* Removes other folders that have nothing attached; @own: ours too, with the iterator files and the folder of readers. */
void kern_pins_tidy(struct fw_kern *k, bool own);

/*
 * objects.c: an object file. Only OBJECT_FW is always loaded, the others when they are needed: what comes with them may be
 * missing. A program of the kernel that an object needs and the kernel lacks makes the whole object fail.
 */
enum kern_object_number { OBJECT_FW, OBJECT_NF, OBJECT_REJECT, OBJECT_STATE, OBJECT_ANSWER, OBJECT_TABLE, NOBJECTS };
#define OBJECT_PROGS 8
struct kern_object {
	const void *(*elf)(size_t *bytes); /* the file */
	/* Sets what is its own before it is loaded; NULL: nothing. 0 or -errno. */
	int (*prepare)(struct fw_kern *k, struct bpf_object *obj);
	/* Its programs, and their numbers. Several numbers may have the same program. */
	struct {
		const char *symbol; /* NULL: no more */
		int which;
	} progs[OBJECT_PROGS];
};
extern const struct kern_object kern_objects[NOBJECTS];
/* Is the program, or the map, of an object that is loaded when it is needed? By index in fw_kern.progs or fw_kern.maps. */
bool kern_prog_is_optional(int which);
bool kern_map_is_optional(int which);
/* How an object is loaded. @l3: only the program @prog, for interfaces without Ethernet header. */
struct kern_variant {
	bool arena, l3;
	enum fw_prog prog;
};
/* Sets a constant of the programs, if they have it. 0 or -errno. */
int kern_object_set(struct bpf_object *obj, const char *name, uint32_t value);
/* Loads an object over the maps that exist, and adds those that it brings. 0 or -errno. */
int kern_object_load(struct fw_kern *k, enum kern_object_number number, const struct kern_variant *v);
/* Loads an object unless it is loaded, and pins what it brings. 0 or -errno. */
int kern_object_need(struct fw_kern *k, enum kern_object_number number);

/* programs.c: loads the programs, and makes their maps, with an arena or without. 0 or -errno. */
int kern_programs_load(struct fw_kern *k, bool arena);
/* Loads the program of PROG_L3 that an attachment of this kind needs, unless it is loaded. 0 or -errno. */
int kern_programs_need(struct fw_kern *k, enum fw_prog prog, bool l3);
/* The folder of pins for the programs and how they are configured: 16 hexadecimal digits. */
void kern_fingerprint(const struct fw_kern *k, bool arena, struct folder *out);
/* The control word, mmapped; NULL with errno. */
uint64_t *kern_control_map(const struct fw_kern *k);
void kern_control_unmap(uint64_t *control); /* NULL is fine */
/* The program for an attachment: its index in fw_kern.progs, its descriptor. */
static inline int kern_which(const struct attachment *a)
{
	return a->guard ? PROG_NF_GUARD : (int)a->prog + (a->l3 ? PROG_L3 : 0);
}

static inline int kern_prog_of(const struct fw_kern *k, const struct attachment *a)
{
	return k->progs[kern_which(a)];
}

/* test.c: fw_kern_test() with any program. With the tc programs of PROG_L3 too @frame has an Ethernet header. */
int kern_test(struct fw_kern *k, int which, const void *frame, uint32_t len, uint32_t mark, struct fw_result *out);

/* layer.c: how the packets of an interface begin. */
enum layer { LAYER_ETHERNET, LAYER_IP, LAYER_OTHER };
struct kern_layer {
	enum layer layer;
	unsigned type;   /* ARPHRD_... */
	bool xdp_begins; /* generic XDP sees them begin so too */
	bool veth;       /* it is one end of such a pair */
};
/* 0, -ENODEV or another -errno. */
int kern_layer_ask(uint32_t ifindex, struct kern_layer *out);

/* attached.c: the list of what is attached. This loads it from the pins: 0 or -errno. */
int kern_attached_load(struct fw_kern *k);
/* Finds one on an interface of this network namespace; NULL: there is none. */
struct attachment *kern_attached_find(struct fw_kern *k, uint32_t ifindex, enum fw_prog prog);
/* Takes ownership of the link, which is closed on failure. 0 or -ENOMEM. */
int kern_attached_add(struct fw_kern *k, struct attachment a);
void kern_attached_remove(struct fw_kern *k, struct attachment *a);
/* Forgets attachments whose interface is gone. */
void kern_attached_prune(struct fw_kern *k);

/* Adds it too, and pins its link. Detaches it on failure. 0 or -errno. */
int kern_attached_pin(struct fw_kern *k, struct attachment a);

/* attachment.c: a single one, in the list or not. */
/* The pin of a link; @buf: PATH_MAX. */
const char *kern_link_path(const struct fw_kern *k, const struct folder *f, const struct attachment *a, char *buf);
uint32_t kern_link_id(int link);
/* Opens a pinned link. 0; -ENOENT: @name is not that of a link, or there is none; -errno. */
int kern_link_open(const char *path, const char *name, struct attachment *out);
/* Is its interface there? Updates @a->ifindex of a link, which changes when the interface moves to another namespace. */
bool kern_attachment_find(struct attachment *a);
/* The id of the program that it runs; 0: the interface is gone. */
uint32_t kern_attachment_prog(const struct attachment *a);
/* Makes it run another program. 0 or -errno. */
int kern_attachment_update(const struct attachment *a, int prog_fd);
/* Removes its pin or note, and closes the link. */
void kern_attachment_forget(const struct fw_kern *k, const struct attachment *a);
/* Detaches it from its interface and forgets it; its entry in the list stays. */
void kern_attachment_undo(const struct fw_kern *k, const struct attachment *a);

/* place.c: where an attachment is, according to the kernel. */
/* Ids of an interface's XDP programs, 0: none. @prog runs in @mode, @hardware before it on the card. */
struct xdp_view {
	uint32_t prog, hardware;
	enum fw_xdp_mode mode;
};
struct xdp_view kern_xdp_view(uint32_t ifindex);
/* Is it on the interface with its index in this network namespace? Then sets @a->mode. */
bool kern_is_here(const struct fw_kern *k, struct attachment *a);
/* Sets `away` of all attachments: links of several namespaces may report the same index. */
void kern_places_tell(struct fw_kern *k);
/* The program that packets reach before it: see struct fw_kern_attachment. */
uint32_t kern_in_front(const struct attachment *a);

/* tcx.c: the programs on a hook of an interface, first to last. */
#define CHAIN_MAX 64 /* as the kernel */
struct chain {
	uint32_t n;
	uint32_t prog[CHAIN_MAX], link[CHAIN_MAX]; /* ids; link 0: attached without a link */
	uint64_t revision;
};
/* 0; -ENODEV; -EINVAL: the kernel has no tcx; another -errno. */
int kern_chain_read(uint32_t ifindex, enum fw_prog prog, struct chain *out);
/* A link's position, or -ENOENT. */
int kern_chain_find(const struct chain *c, uint32_t link);
/* Attaches before all others. Return: the link's descriptor; -EEXIST: the program is already in the chain; -errno. */
int kern_chain_head(uint32_t ifindex, enum fw_prog prog, int prog_fd);

/* Loads a 64-bit number or a map, as two instructions. */
#define LD_IMM64 (BPF_LD | BPF_DW | BPF_IMM)

/* stand_in.c: a program that calls @target while it is open. Once closed, it drops packets. */
struct stand_in {
	int prog, calls;
};
int kern_stand_in_open(struct stand_in *s, enum fw_prog prog, int target);
void kern_stand_in_close(struct stand_in *s);

/* filter.c: classic tc filters. */
/* Adds one before those of others, as far as they allow, and sets its handle and priority. 0 or -errno. */
int kern_filter_add(struct fw_kern *k, struct attachment *a);
int kern_filter_replace(const struct attachment *a, int prog_fd);
uint32_t kern_filter_prog(const struct attachment *a);
/* kern_in_front() of a filter. */
uint32_t kern_filter_in_front(const struct attachment *a);
void kern_filter_remove(const struct attachment *a);
/* Writes its note into a map of filters; deletes it. */
int kern_filter_note(int map, const struct attachment *a);
void kern_filter_forget(int map, const struct attachment *a);

/* netfilter.c: the links on netfilter's hooks in this network namespace: the classifier's, or the guard's. */
/* Are there any? */
bool kern_netfilter_attached(const struct fw_kern *k, bool guard);
/* Attaches to the hooks that are missing. 0, or -errno: nothing has changed. */
int kern_netfilter_attach(struct fw_kern *k, bool guard);
void kern_netfilter_detach(struct fw_kern *k, bool guard);
/* NF_INET_LOCAL_IN and so on, of a program. */
uint8_t kern_netfilter_hook(enum fw_prog prog);

bool kern_netfilter_complete(const struct fw_kern *k); /* the classifier's are all there */

/* netfilter_link.c: a single one. */
bool kern_netfilter_has_links(struct fw_kern *k); /* can the kernel make one? */
/* The map of the programs that they call: its descriptor or -errno. */
int kern_hooks_new(void);
/* Attaches to a hook (NF_INET_LOCAL_IN and so on) what calls the classifier or the guard. Return: the link's descriptor; -errno. */
int kern_netfilter_link(struct fw_kern *k, uint32_t family, uint32_t hook, bool guard);
/* The network namespace of this thread, by its inode; 0: unknown. */
uint64_t kern_netns(void);
/* Its family, NFPROTO_IPV4 or NFPROTO_IPV6; 0: it is no link of netfilter. */
uint8_t kern_netfilter_family(int link);
/* Is it still attached? true also if that is unknown. */
bool kern_netfilter_holds(struct fw_kern *k, const struct attachment *a);
/* kern_attachment_prog() and ..._update() of such a link. */
uint32_t kern_netfilter_prog(const struct attachment *a);
int kern_netfilter_update(const struct attachment *a, int prog_fd);

/* netfilter_answer.c: removes the table and the guard of links. */
void kern_answer_down(struct fw_kern *k);
/* The same, without links: filters by tables, or no longer. Both are idempotent. 0 or -errno; -ENOENT also: it did not filter. */
int kern_table_attach(struct fw_kern *k);
int kern_table_detach(struct fw_kern *k);
bool kern_table_attached(const struct fw_kern *k); /* also by an earlier process */
/* Why tables fail with -ENOENT. */
#define FW_HOST_LACKS "nf_tables lacks the match `bpf` of xtables (xt_bpf, nft_compat) or `reject` (nft_reject_inet)"

/*
 * netfilter_tree.c: the tables. The tree outlives this process only if something is pinned. It is put back if it was there and is
 * missing. The guard has to be put before. 0 or -errno; -ENOENT: nf_tables lacks something.
 */
int kern_tree_put(struct fw_kern *k);
bool kern_tree_holds(const struct fw_kern *k);
void kern_tree_remove(struct fw_kern *k);
int kern_tree_guard(struct fw_kern *k);

/* takeover.c: moves all attachments to our programs and our folder. 0, or -errno, and then nothing has changed. */
int kern_takeover(struct fw_kern *k);

#endif
