/* SPDX-License-Identifier: GPL-2.0-only */
/* The loaded program and its maps as this process holds them. Private to lib/kern. */
#ifndef FW_KERN_PRIVATE_H
#define FW_KERN_PRIVATE_H

#include "fw/kern.h"

#include <limits.h>

/* Descriptors of segments that are held open at the same time. */
#define PENDING_MAX 256
#define FOLDER_MAX 24
/* Classic tc filters at most. */
#define FILTERS_MAX 4096

/* Programs of PROG_L3 on are those of enum fw_prog again, for interfaces without Ethernet header: loaded when one is attached. */
enum { PROG_DRY_RUN = FW_NPROGS, PROG_L3, NPROGS = PROG_L3 + FW_NPROGS };
enum kern_map { MAP_POOL, MAP_ARENA, MAP_COUNTERS, MAP_TRAFFIC, MAP_CPUS, MAP_IFACES, MAP_CONTROL, MAP_FILTERS, NMAPS };

/* A folder under the pins, by its name there; the empty name: none. */
struct folder {
	char name[FOLDER_MAX];
};

/*
 * Something attached: a link, which goes away with its descriptor unless it is pinned, or a classic tc filter, which
 * stays until it is removed.
 */
struct attachment {
	int link;    /* descriptor, or -1 for a classic filter */
	uint32_t id; /* of the link; 0: a classic filter */
	uint32_t ifindex;
	enum fw_prog prog;
	bool l3; /* by the program for interfaces without Ethernet header */
	enum fw_xdp_mode mode;
	uint32_t handle, priority; /* of a classic filter */
	bool qdisc;                /* the clsact qdisc is ours to remove */
	bool away;                 /* its interface is in another network namespace, as of the last look */
	uint32_t in_front;         /* as of the last look: see struct fw_kern_attachment */
	struct folder folder;      /* that remembers it */
};

/* What the map of filters holds: classic tc filters stay when a process ends, and so must their handles. */
struct filter_key {
	uint32_t ifindex, prog;
};
struct filter_value {
	uint32_t handle, priority, qdisc;
};

/* A segment that the program does not know yet. */
struct segment {
	uint32_t index;
	int fd;
};

struct fw_kern {
	struct fw_pool pool;            /* first: the pool's owner is found from it */
	int progs[NPROGS], maps[NMAPS]; /* descriptors */
	double load_seconds;
	uint32_t ncpus;      /* possible ones */
	struct fw_cpu *cpus; /* mmapped */
	uint64_t *control;   /* mmapped */
	bool flow_cache;     /* that the programs have */
	struct arena *arena; /* the pool is one; NULL: it is segments */
	struct segment pending[PENDING_MAX];
	uint32_t npending;
	uint64_t known[FW_POOL_SEGMENTS / 64];     /* segments that the program knows */
	uint64_t inherited[FW_POOL_SEGMENTS / 64]; /* those of a process before */
	int hole;     /* stands in the pool's map where a segment was given back; -1: there was none yet */
	int grace[2]; /* a map of maps and its value where membarrier() does not wait; else -1 */
	struct fw_counter **chunks; /* chunk * columns + column, mmapped; of the column of bases some may be NULL */
	uint32_t nchunks, columns;
	struct fw_traffic_table *traffic; /* by CPU, mmapped */
	bool shared;                      /* the folder of readers has its name */
	struct fw_label_name **names;     /* by chunk, mmapped; NULL: no rule of that chunk has one */
	struct files *files;              /* NULL: none, and why */
	int files_err;
	struct attachment *attached;
	size_t nattached, attached_cap;
	char *pins;                 /* NULL: nothing is pinned */
	int lock;                   /* the folder of the pins, locked */
	struct folder folder;       /* ours, named after the fingerprint */
	uint32_t generation_before; /* that packets saw in another version's tables */
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

/* An mmap-able array of one value of @bytes: its descriptor, or -errno. */
int kern_value_map(const char *name, uint32_t bytes);
/* Closes a descriptor and puts -1 in its place; -1 is fine. */
void kern_close_fd(int *fd);
/* The map that stands in a map of maps: its descriptor, -ENOENT, -errno. */
int kern_inner_map(int outer, uint32_t index, uint32_t *id);

/* The callbacks of the pool; what a process before put in place; what they leave behind. */
void kern_segments_init(struct fw_kern *k);
int kern_segments_adopt(struct fw_kern *k);
void kern_segments_fini(struct fw_kern *k);
int kern_grace_init(struct fw_kern *k);
int kern_counters_adopt(struct fw_kern *k);
void kern_counters_fini(struct fw_kern *k);

/*
 * arena.c: a map for the pool, and the pool over the map that is there, with what a process before put in place.
 * 0, -EINVAL or other -errno where the kernel has no arenas.
 */
int kern_arena_new(struct fw_kern *k);
int kern_arena_open(struct fw_kern *k);
void kern_arena_close(struct fw_kern *k);
/* Memory of segments that were given back goes. */
bool kern_arena_give_back(struct fw_kern *k);

/* iterator_files.c: the iterators' maps; fw_kern_share() makes the files. 0 or -errno, and then there are no files. */
int kern_iterator_files_open(struct fw_kern *k);
void kern_iterator_files_close(struct fw_kern *k);
void kern_iterator_files_remove(const struct fw_kern *k);
/* They show the names in a map from now on. 0 or -errno. */
int kern_iterator_files_names(struct fw_kern *k, uint32_t chunk, int fd);

/* traffic.c: fw_kern_traffic() of these tables. */
int kern_traffic_sum(const struct fw_traffic_table *tables, uint32_t ncpus, struct fw_traffic **out, size_t *n);

/* readers.c: 0, also when nothing is pinned, or -errno. */
int kern_readers_open(struct fw_kern *k);
void kern_readers_close(struct fw_kern *k);
void kern_readers_remove(const struct fw_kern *k);
/* Pins a map for them, by the name that is printed. */
int kern_readers_add(const struct fw_kern *k, int fd, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
/* From now on they find what this process has; @readers: the group, or (gid_t)-1. */
int kern_readers_share(struct fw_kern *k, gid_t readers);
/* The name of a counter's rule, which is not shown where there is no memory for it; and room for it, beforehand. */
void kern_readers_name(struct fw_kern *k, uint32_t counter, const char *name);
void kern_readers_room(struct fw_kern *k, uint32_t counter);

/* pins.c: 0 or -errno with a diagnostic. */
int kern_pins_open(struct fw_kern *k, const char *pins, struct fw_diags *ds);
int kern_pins_write(struct fw_kern *k, struct fw_diags *ds);
/* Everything of our own folder: 0; -ENOENT: it is not there or not whole. Programs of PROG_L3 may not be there. */
int kern_pins_adopt(struct fw_kern *k);
/* A program that was loaded later comes into our own folder. 0 or -errno. */
int kern_pins_add(const struct fw_kern *k, int which);
/* A map of another folder that can go on: its descriptor, or -ENOENT. @inner_size: of the values of the maps in it; 0: it has none. */
int kern_pins_inherit(const struct fw_kern *k, enum kern_map map, uint32_t max_entries, uint32_t value_size,
		      uint32_t inner_size);
/* The highest generation that another folder's tables have. */
uint32_t kern_pins_generation(const struct fw_kern *k);
/* Removes folders but for our own that have nothing attached; @own: our own too, and the folder of folders. */
void kern_pins_tidy(struct fw_kern *k, bool own);
const char *kern_pin_path(const struct fw_kern *k, const struct folder *f, const char *kind, const char *name,
			  char *buf);
/* All folders; *out is freed by the caller. 0 or -errno. */
int kern_folders(const struct fw_kern *k, struct folder **out, size_t *n);
/* Is a program that of any folder, or of this process? @which: index of fw_kern.progs */
bool kern_prog_is_ours(const struct fw_kern *k, int which, uint32_t id);
uint32_t kern_prog_id(int fd);

/* load.c: loads the programs of PROG_L3 that an attachment of this kind needs, unless they are there. 0 or -errno. */
int kern_prog_need(struct fw_kern *k, enum fw_prog prog, bool l3);
/* The program for an attachment: its index in fw_kern.progs, its descriptor. */
static inline int kern_which(const struct attachment *a)
{
	return (int)a->prog + (a->l3 ? PROG_L3 : 0);
}

static inline int kern_prog_of(const struct fw_kern *k, const struct attachment *a)
{
	return k->progs[kern_which(a)];
}

/* test.c: as fw_kern_test(), by any program; what those of PROG_L3 are given by tc has an Ethernet header all the same. */
int kern_test(struct fw_kern *k, int which, const void *frame, uint32_t len, uint32_t mark, struct fw_result *out);

/* layer.c: how the packets of an interface begin. */
enum layer { LAYER_ETHERNET, LAYER_IP, LAYER_OTHER };
struct kern_layer {
	enum layer layer;
	unsigned type;   /* ARPHRD_... */
	bool xdp_begins; /* for generic XDP they begin so too */
};
/* 0, -ENODEV or other -errno. */
int kern_layer_ask(uint32_t ifindex, struct kern_layer *out);

/* attached.c: the list of what is attached. */
int kern_attached_load(struct fw_kern *k);
/* On an interface of this network namespace. */
struct attachment *kern_attached_find(struct fw_kern *k, uint32_t ifindex, enum fw_prog prog);
/* Takes over the link; on failure it is closed. */
int kern_attached_add(struct fw_kern *k, struct attachment a);
void kern_attached_remove(struct fw_kern *k, struct attachment *a);
/* Forgets what went away with its interface. */
void kern_attached_prune(struct fw_kern *k);
/* The pin of a link; @buf: PATH_MAX. */
const char *kern_link_path(const struct fw_kern *k, const struct folder *f, const struct attachment *a, char *buf);
uint32_t kern_link_id(int link);
/* The link that is pinned there: 0, -ENOENT when it is called as none is or there is none, or -errno. */
int kern_link_open(const char *path, const char *name, struct attachment *out);
/* The program behind it: its id, 0 when the interface is gone. */
uint32_t kern_attached_prog(const struct attachment *a);
/* Points it at another program. 0 or -errno. */
int kern_attached_update(const struct attachment *a, int prog_fd);
/* Undoes it; the entry stays. */
void kern_detach(struct fw_kern *k, const struct attachment *a);

/* place.c: where an attachment is, as the kernel says. */
/* XDP programs of an interface, by id, 0: none: @prog in @mode, @hardware offloaded to the card, before it. */
struct xdp_view {
	uint32_t prog, hardware;
	enum fw_xdp_mode mode;
};
struct xdp_view kern_xdp_view(uint32_t ifindex);
/* Is it on the interface with its index in this network namespace? Notes the mode that it has there. */
bool kern_is_here(const struct fw_kern *k, struct attachment *a);
/* The same of all that was loaded: links of several namespaces may say the same index. */
void kern_places_tell(struct fw_kern *k);
/* What packets meet before it: see struct fw_kern_attachment. */
uint32_t kern_in_front(const struct attachment *a);

/* tcx.c: who is on a hook of an interface, first to last. */
#define CHAIN_MAX 64 /* as the kernel */
struct chain {
	uint32_t n;
	uint32_t prog[CHAIN_MAX], link[CHAIN_MAX]; /* ids; link 0: it is attached without one */
	uint64_t revision;
};
/* 0, -ENODEV, -EINVAL where the kernel has no tcx, or other -errno. */
int kern_chain_read(uint32_t ifindex, enum fw_prog prog, struct chain *out);
/* The place of a link, or -ENOENT. */
int kern_chain_find(const struct chain *c, uint32_t link);
/* Attaches before all others. Return: the link's descriptor; -EEXIST: the program is in the chain already; -errno. */
int kern_chain_head(uint32_t ifindex, enum fw_prog prog, int prog_fd);

/* stand_in.c: a program that does what @target does, as long as it is open: if it is not, packets are dropped. */
struct stand_in {
	int prog, calls;
};
int kern_stand_in_open(struct stand_in *s, enum fw_prog prog, int target);
void kern_stand_in_close(struct stand_in *s);

/* filter.c: classic tc filters. */
/* Before others', as far as they let it. */
int kern_filter_add(struct fw_kern *k, struct attachment *a);
int kern_filter_replace(const struct attachment *a, int prog_fd);
uint32_t kern_filter_prog(const struct attachment *a);
/* As kern_in_front(). */
uint32_t kern_filter_in_front(const struct attachment *a);
void kern_filter_remove(const struct attachment *a);
/* Writes it into a map of filters, deletes it there. */
int kern_filter_note(int map, const struct attachment *a);
void kern_filter_forget(int map, const struct attachment *a);

/* takeover.c: all that is attached comes to our program and our folder. 0 or -errno, and then nothing has changed. */
int kern_takeover(struct fw_kern *k);

#endif
