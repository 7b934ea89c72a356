# SPDX-License-Identifier: GPL-2.0-only
# Targets: all deps demo check check-quick conformance check-kernels check-package check-reproducible bench bench-full
# bench-fleet bench-instructions bench-compare lint circles fuzz install uninstall deb clean. Variables: V=1 (print every command), SAN=1 (ASan
# and UBSan) or SAN=thread (TSan), T=SECONDS (of each fuzzer, or of all of conformance), FW_RULESETS=DIR (check, bench), CORPUS=DIR
# (conformance), BASE=REVISION (bench-compare), PREFIX, DESTDIR, SYSCONFDIR (/etc), UNITDIR and ZSHDIR (where systemd and zsh look).
# check-quick takes a minute once everything is built.
# demo, all checks, bench, lint, fuzz and deb first install missing Debian packages (as root).

VERSION := 0.1.0
PREFIX  ?= /usr/local
SYSCONFDIR ?= /etc
T       ?= 60
ifeq ($(origin CC),default)
CC      := gcc
endif
CLANG   ?= clang
BUILD   := build$(if $(SAN),/$(if $(filter thread,$(SAN)),tsan,san))
Q       := $(if $(V),,@)
, := ,

BUILD_PACKAGES := build-essential linux-libc-dev clang llvm bpftool libbpf-dev libmnl-dev libjemalloc-dev libelf-dev zlib1g-dev \
	libjansson-dev libpcap-dev libsqlite3-dev libmicrohttpd-dev libsodium-dev libcurl4-openssl-dev libzstd-dev
PACKAGES := $(BUILD_PACKAGES) libcmocka-dev iproute2 iputils-ping ethtool netcat-openbsd procps zsh \
	bash-completion
QUICK_PACKAGES := curl jq prometheus
CHECK_PACKAGES := etcd-server etcd-client nginx-light zstd curl jq openssl prometheus python3 valgrind gnuplot-nox nftables dnsmasq-base isc-dhcp-client ldnsutils sqlite3 iptables ipset
CONFORMANCE_PACKAGES := nftables iptables ipset python3
BENCH_PACKAGES := nftables iptables ipset jq gnuplot-nox librte-acl23 libbsd-dev
LINT_PACKAGES := clang-format clang-tidy cppcheck git libbsd-dev
FUZZ_PACKAGES := libclang-rt-dev
DEB_PACKAGES := debhelper fakeroot dpkg-dev
CHECK_DEB_PACKAGES := lintian debootstrap systemd-container iproute2 iputils-ping jq procps openssl
KERNEL_PACKAGES := qemu-system-x86 busybox-static cpio xz-utils

SANITIZER := $(if $(filter thread,$(SAN)),thread,address$(,)undefined)
SANITIZE := $(if $(SAN),-fsanitize=$(SANITIZER) -fno-sanitize-recover=all -fno-omit-frame-pointer)
WARN     := -Wall -Wextra -Werror -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wno-unused-parameter
DEFINES  := -Iinclude -I. -I$(BUILD) -D_GNU_SOURCE -DFW_VERSION='"$(VERSION)"'
CFLAGS   ?= -O2 -g
COMPILE  := $(DEFINES) -std=gnu11 $(WARN) $(SANITIZE) $(CPPFLAGS) $(CFLAGS) -MMD -MP
LINK     := $(SANITIZE) $(CFLAGS) $(LDFLAGS)
LDLIBS   := -lbpf -lelf -lz -lmnl -ljansson -lpcap
FWD_LIBS := -lsqlite3 -lpthread
# Signatures, transfers and compression of a fleet's rulesets.
FLEET_LIBS := -lsodium -lcurl -lzstd
# The sanitizers have their own allocator.
JEMALLOC := $(if $(SAN),,-ljemalloc)

# Expanded only when a BPF program is compiled: on a new machine there is no compiler when this file is read.
ARCH_INC = -I/usr/include/$(shell $(CC) -print-multiarch)
# Keeps the name of the build folder out of the program's line information.
BPF_CFLAGS := -fdebug-compilation-dir=. -O2 -g -target bpf -mcpu=v3 -std=gnu11 -Wall -Wextra -Werror -Wno-unused-parameter -Wno-address-of-packed-member

# $(call sources,FOLDER): its C files and those of its subfolders.
sources   = $(sort $(wildcard $(1)/*.c $(1)/*/*.c))
LIB_SRC  := $(foreach l,$(wildcard lib/*),$(call sources,$(l)))
LIB_OBJ  := $(LIB_SRC:%.c=$(BUILD)/%.o)
FWD_OBJ  := $(patsubst %.c,$(BUILD)/%.o,$(call sources,ctl/fwd))
FWCTL_OBJ := $(patsubst %.c,$(BUILD)/%.o,$(call sources,ctl/fwctl))
EXPORTER := $(BUILD)/fw-exporter
EXPORTER_OBJ := $(patsubst %.c,$(BUILD)/%.o,$(call sources,ctl/exporter))
AGENT_OBJ := $(patsubst %.c,$(BUILD)/%.o,$(call sources,ctl/agent))
FWGEN_OBJ := $(patsubst %.c,$(BUILD)/%.o,$(wildcard tools/fwgen/*.c))
# counted.o, of the unit tests, counts what a lookup reads.
BENCH_OBJ := $(BUILD)/tests/unit/counted.o $(patsubst %.c,$(BUILD)/%.o,$(filter-out %.bpf.c %/peers_acl.c,$(wildcard tests/perf/*.c tests/perf/peers/*.c)))
BPF_SRC  := $(wildcard bpf/*.bpf.c tests/perf/*.bpf.c tests/perf/peers/*.bpf.c)
SKEL     := $(patsubst %.bpf.c,$(BUILD)/%.skel.h,$(BPF_SRC))
TESTS    := $(patsubst tests/unit/%.c,$(BUILD)/tests/%,$(wildcard tests/unit/test_*.c))
TEST_LIB := $(patsubst %.c,$(BUILD)/%.o,$(filter-out tests/unit/test_%.c,$(wildcard tests/unit/*.c)))
BINS     := $(addprefix $(BUILD)/,fwd fwctl fw-agent fw-exporter fwgen fwbench)
MAN      := $(addprefix $(BUILD)/man/,fwctl.8 fwd.8 fw-exporter.8 fw-agent.8 fw.rules.5 fw.metrics.5)
COMPLETION := $(addprefix $(BUILD)/completion/,fwctl _fwctl)
UNITS    := $(patsubst tools/systemd/%.in,$(BUILD)/systemd/%,$(wildcard tools/systemd/*.service.in))
FUZZERS  := $(patsubst tests/fuzz/fuzz_%.c,%,$(wildcard tests/fuzz/fuzz_*.c))
# Of the kernel side only what the exporter reads is fuzzed.
FUZZ_OBJ := $(patsubst %.c,build/fuzz/%.o,$(filter-out lib/kern/%,$(LIB_SRC)) lib/kern/pinned.c lib/kern/traffic.c ctl/fwd/base/args.c)
FUZZ_OBJ += $(addprefix build/fuzz/tests/,unit/ruleset_check.o fuzz/files.o fuzz/reparse.o)
# The exporter's server is not fuzzed.
FUZZ_OBJ += $(patsubst %.c,build/fuzz/%.o,$(filter-out $(addprefix ctl/exporter/,http/web.c http/answer.c http/address.c exporter.c main.c), \
	$(call sources,ctl/exporter)))
KERNEL_TESTS := $(addprefix build/tests/,test_packet test_lookup test_kern test_place test_publish test_counts test_readers test_traffic test_pins test_conntrack test_state test_reject test_reject_wire \
	test_netfilter test_log test_tracked test_rates test_limit)
# Only two tests of pins: loading takes long there, and QEMU 7.2 fails when the kernel patches the call of an XDP program while
# another CPU executes it, which a takeover under traffic does.
KERNEL_PINS := "build/tests/test_pins attached_twice" "build/tests/test_pins damaged"

.PHONY: FORCE all deps demo check check-quick conformance unit-tests check-kernels check-package check-reproducible bench bench-full bench-fleet bench-instructions bench-compare lint fuzz programs install uninstall deb clean $(FUZZERS:%=run-fuzz-%)
.DELETE_ON_ERROR:
.SECONDARY:

all: $(BINS) $(MAN) $(COMPLETION) $(BUILD)/jsonl $(BUILD)/peer $(BUILD)/webpeer $(BUILD)/fleetpeer $(BUILD)/frames $(BUILD)/events $(BUILD)/tunpair \
	$(BUILD)/refusing.so $(BUILD)/clock.so

$(BUILD)/%.bpf.o: %.bpf.c
	@mkdir -p $(@D)
	@echo "  BPF     $@"
	$(Q)$(CLANG) $(BPF_CFLAGS) $(ARCH_INC) -Iinclude -I. -MMD -MP -MT $@ -c $< -o $@
	$(Q)llvm-strip -g $@

$(BUILD)/%.skel.h: $(BUILD)/%.bpf.o
	$(Q)PATH=$$PATH:/usr/sbin bpftool gen skeleton $< > $@

$(BUILD)/%.o: %.c
	@mkdir -p $(@D)
	@echo "  CC      $@"
	$(Q)$(CC) $(COMPILE) -c $< -o $@

$(filter $(BUILD)/lib/kern/%,$(LIB_OBJ)) $(BENCH_OBJ): | $(SKEL)

$(BUILD)/libfw.a: $(LIB_OBJ)
	$(Q)rm -f $@ && ar rcs $@ $^

# The daemon without its main(), for its tests.
$(BUILD)/libfwd.a: $(filter-out %/main.o,$(FWD_OBJ))
	$(Q)rm -f $@ && ar rcs $@ $^

$(BUILD)/fwd: $(BUILD)/ctl/fwd/main.o $(BUILD)/libfwd.a $(BUILD)/libfw.a
	@echo "  LINK    $@"
	$(Q)$(CC) $(LINK) $^ $(LDLIBS) $(FWD_LIBS) $(JEMALLOC) -o $@

# The command line without its main(), for its tests.
$(BUILD)/libfwctl.a: $(filter-out %/main.o,$(FWCTL_OBJ))
	$(Q)rm -f $@ && ar rcs $@ $^

$(BUILD)/fwctl: $(BUILD)/ctl/fwctl/main.o $(BUILD)/libfwctl.a $(BUILD)/libfw.a
	@echo "  LINK    $@"
	$(Q)$(CC) $(LINK) $^ $(LDLIBS) $(FLEET_LIBS) -o $@

# The commands and options in the manual are generated from the table that the command line is parsed with.
$(BUILD)/man/fwctl.8: docs/fwctl.8.in $(BUILD)/fwctl
	@mkdir -p $(@D)
	@echo "  MAN     $@"
	$(Q)$(BUILD)/fwctl man $< > $@

# Inserts the output of `--help`.
$(addprefix $(BUILD)/man/,fwd.8 fw-exporter.8 fw-agent.8): $(BUILD)/man/%.8: docs/%.8.in $(BUILD)/%
	@mkdir -p $(@D)
	@echo "  MAN     $@"
	$(Q)$(BUILD)/$* --help | sed -e 's/\\/\\e/g' -e 's/-/\\-/g' -e "s/^[.']/\\\\\&&/" | sed -e '/^@HELP@$$/{' -e 'r /dev/stdin' -e 'd' -e '}' $< > $@

$(BUILD)/man/%.5: docs/%.md tools/md2man
	@mkdir -p $(@D)
	@echo "  MAN     $@"
	$(Q)tools/md2man $* 5 $< > $@

$(BUILD)/completion/fwctl: $(BUILD)/fwctl
	@mkdir -p $(@D)
	$(Q)$< completion bash > $@

$(BUILD)/completion/_fwctl: $(BUILD)/fwctl
	@mkdir -p $(@D)
	$(Q)$< completion zsh > $@

# Written each time: PREFIX may have changed.
$(BUILD)/systemd/%.service: tools/systemd/%.service.in FORCE
	@mkdir -p $(@D)
	$(Q)sed -e 's|@SBINDIR@|$(PREFIX)/sbin|' -e 's|@BINDIR@|$(PREFIX)/bin|' -e 's|@DATADIR@|$(PREFIX)/share/fwd|' $< > $@

# Checks JSON in tests.
$(BUILD)/jsonl: $(BUILD)/tests/e2e/jsonl.o
	$(Q)$(CC) $(LINK) $^ -ljansson -o $@

# Misbehaving HTTP clients, for tests.
$(BUILD)/webpeer: $(BUILD)/tests/e2e/webpeer.o
	$(Q)$(CC) $(LINK) $^ -o $@

# A client of fwd, also a misbehaving one, for tests.
$(BUILD)/peer: $(BUILD)/tests/e2e/peer.o $(BUILD)/libfw.a
	$(Q)$(CC) $(LINK) $^ -o $@

# A client of etcd, for tests.
$(BUILD)/fleetpeer: $(BUILD)/tests/e2e/fleetpeer.o $(BUILD)/libfw.a
	$(Q)$(CC) $(LINK) $^ -ljansson $(FLEET_LIBS) -o $@

# Sends exact numbers of packets, for tests.
$(BUILD)/frames: $(BUILD)/tests/e2e/frames.o $(BUILD)/libfw.a
	$(Q)$(CC) $(LINK) $^ $(LDLIBS) -o $@

# Writes events into the ring of fwd, for tests.
$(BUILD)/events: $(BUILD)/tests/e2e/events.o $(BUILD)/tests/unit/events.o $(BUILD)/libfw.a
	$(Q)$(CC) $(LINK) $^ $(LDLIBS) -o $@

# Preloaded, it makes the kernel refuse tracing programs, for tests.
$(BUILD)/refusing.so: tests/refusing.c
	@mkdir -p $(@D)
	$(Q)$(CC) $(WARN) -O2 -shared -fPIC $< -o $@

# Preloaded, it makes the wall clock jump, for tests.
$(BUILD)/clock.so: tests/clock.c
	@mkdir -p $(@D)
	$(Q)$(CC) $(WARN) -D_GNU_SOURCE -O2 -shared -fPIC $< -o $@

# Makes two interfaces without Ethernet header, for tests.
$(BUILD)/tunpair: $(BUILD)/tests/e2e/tunpair.o
	$(Q)$(CC) $(LINK) $^ -o $@

# Runs the lookups whose instructions are counted.
$(BUILD)/lookups: $(BUILD)/tests/perf/instructions/lookups.o $(BUILD)/libfw.a
	@echo "  LINK    $@"
	$(Q)$(CC) $(LINK) $^ $(LDLIBS) -o $@

# Kills fwd and checks what is left.
$(BUILD)/kills: $(patsubst %.c,$(BUILD)/%.o,$(wildcard tests/e2e/kills/*.c)) $(TEST_LIB) $(BUILD)/libfwd.a $(BUILD)/libfw.a
	@echo "  LINK    $@"
	$(Q)$(CC) $(LINK) $^ $(LDLIBS) $(FWD_LIBS) $(FLEET_LIBS) -lcmocka -o $@

# Changes interfaces in random order and checks what is attached.
$(BUILD)/sequences: $(patsubst %.c,$(BUILD)/%.o,$(wildcard tests/e2e/sequences/*.c)) $(BUILD)/tests/e2e/kills/daemon.o $(TEST_LIB) \
		$(BUILD)/libfwd.a $(BUILD)/libfw.a
	@echo "  LINK    $@"
	$(Q)$(CC) $(LINK) $^ $(LDLIBS) $(FWD_LIBS) $(FLEET_LIBS) -lcmocka -o $@

$(BUILD)/fwbench: $(BENCH_OBJ) $(BUILD)/libfw.a
	@echo "  LINK    $@"
	$(Q)$(CC) $(LINK) $^ $(LDLIBS) -lpthread $(JEMALLOC) -o $@

# Thousands of simulated hosts of a fleet. Each has the agent's own core, but large objects are checked and decompressed once for all.
$(BUILD)/fleetbench: $(patsubst %.c,$(BUILD)/%.o,$(wildcard tests/perf/fleet/*.c)) $(BUILD)/libagent.a $(BUILD)/libfw.a
	@echo "  LINK    $@"
	$(Q)$(CC) $(LINK) $^ -Wl,--wrap=fw_object_open,--wrap=fw_http_start -ljansson $(FLEET_LIBS) -lpthread -lm -o $@

# With DPDK's classifier as a peer. Takes only the headers from its development package, which depends on the drivers of all
# network cards.
DPDK := build/dpdk/include
DPDK_INC = -isystem $(DPDK)/dpdk -isystem $(DPDK)/$(shell $(CC) -print-multiarch)/dpdk
ACL_OBJ := $(filter-out %/peers_acl_none.o,$(BENCH_OBJ)) $(BUILD)/tests/perf/peers/peers_acl.o
$(BUILD)/fwbench-acl: $(ACL_OBJ) $(BUILD)/libfw.a
	@echo "  LINK    $@"
	$(Q)$(CC) $(LINK) $^ $(LDLIBS) -lpthread $(JEMALLOC) -l:librte_acl.so.23 -l:librte_eal.so.23 -o $@

$(BUILD)/tests/perf/peers/peers_acl.o: COMPILE += $(DPDK_INC)
$(BUILD)/tests/perf/peers/peers_acl.o: | $(DPDK)

$(DPDK):
	@mkdir -p $@.part
	@echo "  FETCH   $@"
	$(Q)cd $@.part && apt-get -q -o APT::Sandbox::User=root download libdpdk-dev >log 2>&1 || { cat log; exit 1; }
	$(Q)cd $@.part && dpkg-deb --fsys-tarfile libdpdk-dev_*.deb | tar -x --strip-components=3 ./usr/include
	$(Q)rm $@.part/libdpdk-dev_*.deb $@.part/log && mv $@.part $@

# The exporter without its main(), for its tests. It does not link the libraries that load BPF programs.
$(BUILD)/libexporter.a: $(filter-out %/main.o,$(EXPORTER_OBJ))
	$(Q)rm -f $@ && ar rcs $@ $^

$(BUILD)/fw-exporter: LDLIBS := -lmicrohttpd -ljansson -lz -lpthread -lm
$(BUILD)/fw-exporter: $(BUILD)/ctl/exporter/main.o $(BUILD)/libexporter.a $(BUILD)/libfw.a
	@echo "  LINK    $@"
	$(Q)$(CC) $(LINK) $^ $(LDLIBS) -o $@

# The agent without its main(), for tests and simulations.
$(BUILD)/libagent.a: $(filter-out %/main.o,$(AGENT_OBJ))
	$(Q)rm -f $@ && ar rcs $@ $^

# It does not link the libraries that load BPF programs.
$(BUILD)/fw-agent: LDLIBS := -ljansson -lpthread -lm
$(BUILD)/fw-agent: $(BUILD)/ctl/agent/main.o $(BUILD)/libagent.a $(BUILD)/libfw.a
	@echo "  LINK    $@"
	$(Q)$(CC) $(LINK) $^ $(LDLIBS) $(FLEET_LIBS) -o $@

$(BUILD)/fwgen: $(FWGEN_OBJ) $(BUILD)/libfw.a
	@echo "  LINK    $@"
	$(Q)$(CC) $(LINK) $^ $(LDLIBS) -o $@

$(BUILD)/tests/%: $(BUILD)/tests/unit/%.o $(TEST_LIB) $(BUILD)/libagent.a $(BUILD)/libexporter.a $(BUILD)/libfwctl.a $(BUILD)/libfwd.a $(BUILD)/libfw.a
	@mkdir -p $(@D)
	@echo "  LINK    $@"
	$(Q)$(CC) $(LINK) $(filter %.o,$^) $(filter %.a,$^) $(LDLIBS) $(FWD_LIBS) $(FLEET_LIBS) -lcmocka -o $@

# Tests read files of the sources.
TOP := -DFW_TOP='"$(CURDIR)"'
$(BUILD)/tests/unit/tree.o: COMPILE += $(TOP)
# The world around an agent takes the place of HTTP and etcd.
AGENT_WORLD := $(patsubst %.c,$(BUILD)/%.o,$(wildcard tests/unit/agent/*.c))
$(BUILD)/tests/test_agent $(BUILD)/tests/test_agent_random: $(AGENT_WORLD)
$(BUILD)/tests/test_batch: $(patsubst %.c,$(BUILD)/%.o,$(wildcard tests/perf/peers/batch*.c))
$(BUILD)/tests/test_web: LDLIBS += -lmicrohttpd
# Simulates running out of memory.
$(BUILD)/tests/test_update: LDLIBS += -Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc

unit-tests: $(TESTS) $(BUILD)/refusing.so

# Comparisons are not traced, which would halve the speed: the fuzzers of texts have dictionaries.
build/fuzz/%.o: %.c
	@mkdir -p $(@D)
	@echo "  CC      $@"
	$(Q)$(CLANG) $(DEFINES) -std=gnu11 -O2 -g -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-coverage=trace-cmp \
		-fno-sanitize-recover=all -MMD -MP -c $< -o $@

# A fuzzer links only what it uses, because libFuzzer goes through all counters after each run.
build/fuzz/libfuzzed.a: $(FUZZ_OBJ)
	$(Q)rm -f $@ && ar rcs $@ $^

build/fuzz/fuzz_%: build/fuzz/tests/fuzz/fuzz_%.o build/fuzz/libfuzzed.a
	@echo "  LINK    $@"
	$(Q)$(CLANG) -fsanitize=fuzzer,address,undefined $^ $(LDLIBS) $(FLEET_LIBS) -Wl,--wrap=fw_file_read -o $@

# The keywords of fields are those of their rows.
build/fuzz/words.dict: tests/fuzz/words.dict include/fw/table/fields.h
	@mkdir -p $(@D)
	$(Q){ cat $<; sed -nE 's/^\tX\([A-Z0-9_]+, ("[^"]*"), .*(MAYBE|ALWAYS).*/\1/p' include/fw/table/fields.h; } >$@

# Short texts, of a few statements, because a run takes as long as its text. Freed memory is quarantined only briefly.
$(foreach f,text edit list,$(eval FUZZ_ARGS_$f := -max_len=256 -dict=build/fuzz/words.dict)\
	$(eval run-fuzz-$f: build/fuzz/words.dict))
FUZZ_ENV := ASAN_OPTIONS=malloc_context_size=2:quarantine_size_mb=16

# New and failing inputs stay in build/; the tracked corpus is extended by hand.
$(FUZZERS:%=run-fuzz-%): run-fuzz-%: build/fuzz/fuzz_%
	@mkdir -p build/fuzz/corpus/$*
	@echo "  FUZZ    $* ($(T) s)"
	$(Q)$(FUZZ_ENV) $< -max_total_time=$(T) -timeout=10 $(FUZZ_ARGS_$*) -artifact_prefix=build/fuzz/$*- build/fuzz/corpus/$* tests/fuzz/corpus/$* \
		>build/fuzz/$*.log 2>&1 || { tail -n 50 build/fuzz/$*.log; echo "  FAILED  $*"; exit 1; }
	@echo "  PASSED  $*: $$(tail -n 1 build/fuzz/$*.log)"

# The fuzzers of texts with line coverage, for tests/fuzz/reached.
REACHED := text edit list
build/reached/%.o: %.c
	@mkdir -p $(@D)
	@echo "  CC      $@"
	$(Q)$(CC) $(DEFINES) -std=gnu11 -O0 --coverage -MMD -MP -c $< -o $@

build/reached/replay_%: build/reached/tests/fuzz/fuzz_%.o $(patsubst %.c,build/reached/%.o,$(filter lib/text/%,$(LIB_SRC)) \
		$(addprefix tests/,fuzz/replay.c fuzz/files.c fuzz/reparse.c unit/ruleset_check.c)) build/libfw.a
	@echo "  LINK    $@"
	$(Q)$(CC) --coverage $^ $(LDLIBS) -Wl,--wrap=fw_file_read -o $@

# $(call install_missing,PACKAGES): needs root. Does nothing on systems other than Debian.
APT_INSTALL := DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends
define install_missing
@command -v dpkg-query >/dev/null || exit 0; \
missing=$$(for p in $(1); do \
	dpkg-query -W -f '$${Status}' $$p 2>/dev/null | grep -q 'ok installed' || printf '%s ' $$p; done); \
[ -n "$$missing" ] || exit 0; \
[ "$$(id -u)" = 0 ] || { echo "missing (as root: apt-get install): $$missing" >&2; exit 1; }; \
echo "  INSTALL $$missing"; \
$(APT_INSTALL) $$missing $(if $(V),,>/dev/null 2>&1) || { apt-get update -q $(if $(V),,>/dev/null) && \
	$(APT_INSTALL) $$missing $(if $(V),,>/dev/null); }
endef

# With systemd, $(call no_service,PACKAGE) prevents the service of a missing package from being started when it is installed;
# $(call disabled_service,PACKAGE) then leaves it disabled.
define no_service
@[ ! -d /run/systemd/system ] || [ "$$(id -u)" != 0 ] || [ -e /lib/systemd/system/$(1).service ] || \
	systemctl -q mask --runtime $(1).service
endef
define disabled_service
@[ ! -L /run/systemd/system/$(1).service ] || \
	{ systemctl -q unmask --runtime $(1).service && systemctl -q disable $(1).service; }
endef

# A second make, which starts once the packages are installed; with a job for each CPU unless -j is given.
SUBMAKE = +$(Q)$(MAKE) --no-print-directory $(if $(filter -j%,$(MAKEFLAGS)),,-j$$(nproc))

deps:
	$(call install_missing,$(PACKAGES))

demo: deps
	$(SUBMAKE) all
	$(Q)tests/e2e/demo

# The tests run Prometheus, etcd and nginx themselves: their services are neither started nor enabled.
check: deps
	$(call no_service,prometheus)
	$(call no_service,etcd)
	$(call no_service,nginx)
	$(call install_missing,$(CHECK_PACKAGES))
	$(call disabled_service,prometheus)
	$(call disabled_service,etcd)
	$(call disabled_service,nginx)
	$(SUBMAKE) SAN= all build/kills build/sequences build/lookups $(REACHED:%=build/reached/replay_%)
	$(SUBMAKE) SAN=1 unit-tests
	$(Q)tests/unit/run build/san/tests
	$(SUBMAKE) SAN=thread build/tsan/tests/test_storm
	$(Q)tests/unit/run build/tsan/tests
	$(Q)tests/e2e/docs
	$(Q)tests/fuzz/reached build/reached
	$(Q)tests/perf/pages/check
	$(Q)tests/perf/peers/check
	$(Q)$(INSTRUCTIONS) check
	$(Q)tests/e2e/run.sh

# Without sanitizers: the short unit tests, once each, and an end-to-end case of each kind.
QUICK_CASES := auto classify_in_kernel fwd_rules fwd_metrics
check-quick: deps
	$(call install_missing,$(QUICK_PACKAGES))
	$(SUBMAKE) SAN= all unit-tests
	$(Q)tests/unit/run --quick build/tests
	$(Q)tests/e2e/docs
	$(Q)tests/e2e/run.sh $(QUICK_CASES)

# Rulesets of other packet filters against the filters themselves: tests/conformance/README.md.
conformance: deps
	$(call install_missing,$(CONFORMANCE_PACKAGES))
	$(SUBMAKE) SAN= all
	$(Q)tests/conformance/run $(if $(filter command,$(firstword $(origin T))),--time $(T)) tests/conformance/files $(CORPUS)

check-kernels: deps
	$(call install_missing,$(KERNEL_PACKAGES))
	$(SUBMAKE) SAN= $(KERNEL_TESTS)
	$(Q)tools/check-kernels $(filter-out %/test_pins,$(KERNEL_TESTS)) $(KERNEL_PINS)

bench bench-full: deps
	$(call install_missing,$(BENCH_PACKAGES))
	$(SUBMAKE) SAN= all $(if $(shell command -v dpkg-deb),build/fwbench-acl)
	$(Q)tests/perf/run $(if $(filter bench-full,$@),--full)

# Rollouts to simulated hosts of a fleet, SIZES=N,M,... at a time.
bench-fleet: deps
	$(call no_service,etcd)
	$(call no_service,nginx)
	$(call install_missing,etcd-server nginx-light curl jq gnuplot-nox)
	$(call disabled_service,etcd)
	$(call disabled_service,nginx)
	$(SUBMAKE) SAN= all build/fleetbench
	$(Q)tests/perf/fleet/run $(SIZES)

# Counts the instructions of lookups, and records them as what `make check` expects.
INSTRUCTIONS = CC='$(CC)' CFLAGS='$(CFLAGS)' tests/perf/instructions/run
bench-instructions: deps
	$(call install_missing,valgrind)
	$(SUBMAKE) SAN= build/fwgen build/lookups
	$(Q)$(INSTRUCTIONS) note

# Compares this tree with a revision: BASE=HEAD~1, a tag or a hash. ROUNDS=N: how often.
bench-compare: deps
	$(if $(BASE),,$(error which revision? For example: make bench-compare BASE=HEAD~1))
	$(call install_missing,git jq valgrind)
	$(SUBMAKE) SAN= build/fwbench build/fwgen build/fwd build/fwctl build/lookups
	$(Q)CC='$(CC)' CFLAGS='$(CFLAGS)' tests/perf/compare '$(BASE)'

fuzz: deps
	$(call install_missing,$(FUZZ_PACKAGES))
	$(SUBMAKE) $(FUZZERS:%=run-fuzz-%)

# BPF programs are compiled with clang's warnings already. cppcheck does not read the headers of libraries, so macros that it
# cannot parse are defined here, without semicolons, where it would split definitions.
LINTED = $(shell git ls-files '*.c' '*.h')
CHECKED = $(filter-out %.bpf.c tests/fuzz/%,$(filter %.c,$(LINTED)))
lint: deps
	$(call install_missing,$(LINT_PACKAGES))
	$(SUBMAKE) SAN= all $(DPDK)
	@echo "  LINT    clang-format"
	$(Q)clang-format --dry-run -Werror $(LINTED)
	@echo "  LINT    cppcheck"
	$(Q)cppcheck -q -j$$(nproc) --enable=warning,performance,portability --std=c11 --error-exitcode=1 \
		--suppressions-list=.cppcheck-suppressions $(DEFINES) -D__x86_64__ -D__LP64__ \
		'-DLIBBPF_OPTS(t,n,...)=struct t n = { __VA_ARGS__ }' \
		'-Djson_array_foreach(o,i,v)=while ((v = json_next(o, &i)))' \
		'-Djson_object_foreach(o,k,v)=while ((v = json_next(o, &k)))' $(CHECKED)
	@echo "  LINT    clang-tidy"
	$(Q)printf '%s\n' $(CHECKED) | xargs -P$$(nproc) -I{} clang-tidy --quiet {} -- $(DEFINES) $(TOP) $(DPDK_INC) -std=gnu11 2>/dev/null
	$(SUBMAKE) SAN= circles
	$(SUBMAKE) SAN= analyze

# The analyzers of gcc and clang, run on each file when it or one of its headers has changed. gcc's leak check is off, because
# it loses track of array elements; clang's does not. Unused results are reported as with Debian's flags.
ANALYZED = $(patsubst %.c,build/analyzed/%.o,$(filter lib/% ctl/% tools/%,$(CHECKED)))
ANALYZE = $(filter-out -I$(BUILD),$(DEFINES)) -isystem build -std=gnu11 '-D__wur=__attribute__((__warn_unused_result__))'
build/analyzed/%.o: %.c tests/lint/clang-analyze .analyzer-suppressions
	@mkdir -p $(@D)
	@echo "  ANALYZE $<"
	$(Q)$(CC) $(ANALYZE) -O0 $(WARN) -Wno-format-truncation -fanalyzer -Wno-analyzer-malloc-leak -Werror -MMD -MP -c $< -o $@
	$(Q)CLANG='$(CLANG)' tests/lint/clang-analyze $< $(ANALYZE)

# No circles of files that call each other; libraries use only those below them.
.PHONY: circles
circles: $(LIB_OBJ) $(FWD_OBJ) $(FWCTL_OBJ) $(EXPORTER_OBJ) $(FWGEN_OBJ)
	@echo "  LINT    circles"
	$(Q)CC='$(CC)' tests/lint/circles_test
	$(Q)tests/lint/circles $^

.PHONY: analyze
analyze: $(ANALYZED)

# What is installed, under its own name: $(call installed,KIND,FOLDER,MODE,FILES).
define installed
$(eval KINDS += $1)$(eval TO_$1 := $2)$(eval MODE_$1 := $3)$(eval FILES_$1 := $4)
endef
UNITDIR ?= $(PREFIX)/lib/systemd/system
ZSHDIR  ?= $(PREFIX)/share/zsh/site-functions
$(call installed,bin,$(PREFIX)/bin,755,$(BUILD)/fwctl $(EXPORTER))
$(call installed,sbin,$(PREFIX)/sbin,755,$(BUILD)/fwd $(BUILD)/fw-agent)
$(call installed,man8,$(PREFIX)/share/man/man8,644,$(filter %.8,$(MAN)))
$(call installed,man5,$(PREFIX)/share/man/man5,644,$(filter %.5,$(MAN)))
$(call installed,bash,$(PREFIX)/share/bash-completion/completions,644,$(BUILD)/completion/fwctl $(wildcard tools/completion/bash/*))
$(call installed,zsh,$(ZSHDIR),644,$(BUILD)/completion/_fwctl $(wildcard tools/completion/zsh/*))
$(call installed,units,$(UNITDIR),644,$(UNITS) $(wildcard tools/systemd/*.socket))
$(call installed,sysusers,$(PREFIX)/lib/sysusers.d,644,tools/systemd/fwd.conf)
$(call installed,closed,$(PREFIX)/share/fwd,644,$(wildcard tools/systemd/*.nft))
$(call installed,grafana,$(PREFIX)/share/fwd/grafana,644,$(wildcard tools/grafana/*.json))
$(call installed,prometheus,$(PREFIX)/share/fwd/prometheus,644,$(wildcard tools/prometheus/*.yml))
$(call installed,examples,$(PREFIX)/share/doc/fwd/examples,644,$(wildcard examples/*))
$(call installed,doc,$(PREFIX)/share/doc/fwd,644,README.md SECURITY.md LICENSE)
$(call installed,docs,$(PREFIX)/share/doc/fwd/docs,644,$(wildcard docs/*.md))
$(call installed,plots,$(PREFIX)/share/doc/fwd/docs/bench,644,$(wildcard docs/bench/*))

define install_kind
install -D -m $(MODE_$1) -t $(DESTDIR)$(TO_$1) $(FILES_$1)

endef
programs: $(foreach k,$(KINDS),$(FILES_$k))

install: programs
	$(foreach k,$(KINDS),$(if $(FILES_$k),$(call install_kind,$k)))
	[ -e $(DESTDIR)$(SYSCONFDIR)/fwd/fwd.conf ] || install -D -m 644 -t $(DESTDIR)$(SYSCONFDIR)/fwd etc/fwd.conf
	[ -e $(DESTDIR)$(SYSCONFDIR)/fwd/fleet.conf ] || install -D -m 644 -t $(DESTDIR)$(SYSCONFDIR)/fwd etc/fleet.conf

# Keeps the configuration. Without DESTDIR also removes the folder of pins if it is empty.
uninstall:
	rm -f $(foreach k,$(KINDS),$(addprefix $(DESTDIR)$(TO_$k)/,$(notdir $(FILES_$k))))
	@[ -n "$(DESTDIR)" ] || rmdir /sys/fs/bpf/fwd 2>/dev/null || :
	@rmdir -p $(addprefix $(DESTDIR),$(TO_grafana) $(TO_prometheus) $(TO_plots) $(TO_examples)) 2>/dev/null || :

# The Debian package, built by dpkg-buildpackage from a copy of the sources, without root and network. Reproducible: its date
# is that of the last commit. The variables of this make are not passed on.
DEB_MAINTAINER ?= fwd maintainers <maintainers@fwd.invalid>
DEB_TREE := build/deb/fwd-$(VERSION)
DEB_DEPENDS = $(filter-out build-essential linux-libc-dev,$(BUILD_PACKAGES))
deb:
	$(call install_missing,$(BUILD_PACKAGES) $(DEB_PACKAGES))
	$(Q)rm -rf build/deb && mkdir -p $(DEB_TREE)
	$(Q)tools/debian/sources | tar -c --mtime="$$(tools/debian/date)" --null -T - | tar -x -C $(DEB_TREE)
	$(Q)mv $(DEB_TREE)/tools/debian $(DEB_TREE)/debian
	$(Q)for f in control changelog; do sed -e 's|@VERSION@|$(VERSION)|' -e 's|@MAINTAINER@|$(DEB_MAINTAINER)|' \
		-e "s|@DATE@|$$(tools/debian/date)|" -e 's|@BUILD_DEPENDS@|$(subst $() ,$(,) ,$(DEB_DEPENDS))|' \
		tools/debian/$$f.in >$(DEB_TREE)/debian/$$f; done
	@echo "  DEB     build/deb/fwd_$(VERSION)_$$(dpkg --print-architecture).deb"
	$(Q)cd $(DEB_TREE) && env -u MAKEFLAGS -u MAKELEVEL -u MAKEOVERRIDES -u MFLAGS -u SAN -u BUILD -u CFLAGS -u LDFLAGS \
		dpkg-buildpackage -b -us -uc -j$$(nproc) $(if $(V),,>../log 2>&1 || { tail -n 30 ../log; exit 1; })

# Builds the package twice, in different environments, and compares the bytes.
check-reproducible:
	$(SUBMAKE) deb
	$(Q)tests/e2e/reproducible.sh build/reproducible build/deb/*.deb
	@echo "  SAME    $$(echo build/deb/*.deb)"

# Installs the package in a clean Debian, which is downloaded the first time, and upgrades it to one of another version with
# another BPF program.
DEB_NEXT := build/package/next
check-package:
	$(call install_missing,$(BUILD_PACKAGES) $(DEB_PACKAGES) $(CHECK_DEB_PACKAGES))
	$(SUBMAKE) check-reproducible
	$(Q)rm -rf $(DEB_NEXT) && mkdir -p $(DEB_NEXT) && tools/debian/sources | tar -c --null -T - | tar -x -C $(DEB_NEXT)
	$(Q)echo 'volatile const __u32 fw_other_version = 1;' >>$(DEB_NEXT)/bpf/fw.bpf.c
	$(SUBMAKE) -C $(DEB_NEXT) deb VERSION=$(VERSION)+next
	$(Q)tests/e2e/package.sh build/deb/fwd_$(VERSION)_*.deb $(DEB_NEXT)/build/deb/fwd_*.deb $(CURDIR)/build/package

clean:
	rm -rf build

-include $(shell find $(BUILD) \( -path '*/deb' -o -path '*/package' -o -path '*/compare' -o -path '*/reproducible' \) -prune -o -name '*.d' -type f -print 2>/dev/null)
