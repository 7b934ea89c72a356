# SPDX-License-Identifier: GPL-2.0-only
# Targets: all deps demo check check-kernels bench lint fuzz install clean. Settings: V=1 (say every command),
# SAN=1 (ASan and UBSan), T=seconds (fuzz), FW_RULESETS=DIR (check, bench), PREFIX, DESTDIR.

VERSION := 0.1.0
PREFIX  ?= /usr/local
T       ?= 60
CC      ?= gcc
CLANG   ?= clang
BUILD   := build$(if $(SAN),/san)
Q       := $(if $(V),,@)

PACKAGES := build-essential clang llvm bpftool libbpf-dev libmnl-dev libcmocka-dev libjemalloc-dev libelf-dev \
	zlib1g-dev libjansson-dev libpcap-dev linux-libc-dev pkg-config iproute2 iputils-ping ethtool tcpdump netcat-openbsd
LINT_PACKAGES := clang-format clang-tidy cppcheck
FUZZ_PACKAGES := libclang-rt-14-dev
KERNEL_PACKAGES := qemu-system-x86 busybox-static cpio xz-utils

WARN     := -Wall -Wextra -Werror -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wno-unused-parameter
CPPFLAGS := -Iinclude -I. -I$(BUILD) -D_GNU_SOURCE -DFW_VERSION='"$(VERSION)"'
CFLAGS   ?= -O2 -g
CFLAGS   += -std=gnu11 $(WARN) $(if $(SAN),-fsanitize=address$(,)undefined -fno-sanitize-recover=all -fno-omit-frame-pointer)
LDFLAGS  += $(if $(SAN),-fsanitize=address$(,)undefined)
LDLIBS   := -lbpf -lelf -lz -ljansson -lpcap
, := ,

ARCH_INC := -I/usr/include/$(shell $(CC) -print-multiarch)
BPF_CFLAGS := -O2 -g -target bpf -mcpu=v3 -std=gnu11 -Wall -Wextra -Werror -Wno-unused-parameter -Wno-address-of-packed-member

LIB_SRC  := $(wildcard lib/*/*.c)
LIB_OBJ  := $(LIB_SRC:%.c=$(BUILD)/%.o)
FWCTL_OBJ := $(patsubst %.c,$(BUILD)/%.o,$(wildcard ctl/fwctl/*.c))
BENCH_OBJ := $(patsubst %.c,$(BUILD)/%.o,$(filter-out %.bpf.c,$(wildcard tests/perf/*.c)))
BPF_SRC  := $(wildcard bpf/*.bpf.c tests/perf/*.bpf.c)
SKEL     := $(patsubst %.bpf.c,$(BUILD)/%.skel.h,$(BPF_SRC))
TESTS    := $(patsubst tests/unit/%.c,$(BUILD)/tests/%,$(wildcard tests/unit/test_*.c))
TEST_LIB := $(patsubst %.c,$(BUILD)/%.o,$(filter-out tests/unit/test_%.c,$(wildcard tests/unit/*.c)))
TOOLS    := $(patsubst tools/%.c,$(BUILD)/%,$(wildcard tools/*.c))
BINS     := $(BUILD)/fwctl $(BUILD)/fwbench $(TOOLS)

.PHONY: all deps need demo check check-run check-kernels bench lint fuzz install clean
.DELETE_ON_ERROR:
.SECONDARY:

all: $(BINS)

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
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS) -MMD -MP -c $< -o $@

$(filter $(BUILD)/lib/kern/%,$(LIB_OBJ)) $(BENCH_OBJ): | $(SKEL)

$(BUILD)/libfw.a: $(LIB_OBJ)
	$(Q)rm -f $@ && ar rcs $@ $^

$(BUILD)/fwctl: $(FWCTL_OBJ) $(BUILD)/libfw.a
	@echo "  LINK    $@"
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) $^ $(LDLIBS) -o $@

$(BUILD)/fwbench: $(BENCH_OBJ) $(BUILD)/libfw.a
	@echo "  LINK    $@"
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) $^ $(LDLIBS) -o $@

$(BUILD)/fwgen: $(patsubst %.c,$(BUILD)/%.o,$(wildcard tools/fwgen/*.c))
$(TOOLS): $(BUILD)/%: $(BUILD)/tools/%.o $(BUILD)/libfw.a
	@echo "  LINK    $@"
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) $(filter %.o,$^) $(filter %.a,$^) $(LDLIBS) -o $@

$(BUILD)/tests/%: $(BUILD)/tests/unit/%.o $(TEST_LIB) $(BUILD)/libfw.a
	@mkdir -p $(@D)
	@echo "  LINK    $@"
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) $^ $(LDLIBS) -lcmocka -o $@

deps:
	DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends $(PACKAGES) || \
	{ apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends $(PACKAGES); }

need:
	@dpkg -s $(PACKAGES) >/dev/null 2>&1 || $(MAKE) --no-print-directory deps

check: need
	$(Q)$(MAKE) --no-print-directory all
	$(Q)$(MAKE) --no-print-directory SAN=1 check-run

check-run: all $(TESTS)
	$(Q)for t in $(TESTS); do echo "  TEST    $$t"; $$t || exit 1; done

check-kernels: $(BUILD)/tests/test_kern
	@dpkg -s $(KERNEL_PACKAGES) >/dev/null 2>&1 || \
	DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends $(KERNEL_PACKAGES)
	$(Q)tools/check-kernels

clean:
	rm -rf build

-include $(shell find $(BUILD) -name '*.d' 2>/dev/null)
