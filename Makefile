# SPDX-License-Identifier: GPL-2.0-or-later
# make           release build               make demo       the gate at work between network namespaces (root)
# make check     every test                  make check-unit what needs no root
# make install   DESTDIR, PREFIX             make fuzz T=tls S=60   make fuzz-all S=240
VERSION    := 0.1.0
PREFIX     ?= /usr
SYSCONFDIR ?= /etc
SBINDIR    ?= $(PREFIX)/sbin
MANDIR     ?= $(PREFIX)/share/man
DATADIR    ?= $(PREFIX)/share/sluice
UNITDIR    ?= $(PREFIX)/lib/systemd/system
SYSUSERSDIR ?= $(PREFIX)/lib/sysusers.d
CLANG      ?= clang
PKGS       := libmnl libnftnl libnetfilter_queue libnetfilter_conntrack libconfig nettle hogweed jansson libpcap libcap-ng
PKGS       := $(filter-out hogweed,$(PKGS))

CFLAGS   ?= -O2 -g
HARDEN   := -fstack-protector-strong -fPIE -D_FORTIFY_SOURCE=2
WARN     := -std=gnu11 -Wall -Wextra -Wshadow -Wconversion -Wsign-conversion -Wformat=2 -Wvla \
            -Wstrict-prototypes -Wmissing-prototypes -Wpointer-arith -Wwrite-strings -Wundef -Wcast-align
CPPFLAGS += -I. -D_GNU_SOURCE -DSLUICE_VERSION='"$(VERSION)"'
# Asked once, at first use: pkg-config may not be there before `deps` has run
PKG_CFLAGS = $(eval PKG_CFLAGS := $$(shell pkg-config --cflags $(PKGS)))$(PKG_CFLAGS)
PKG_LIBS   = $(eval PKG_LIBS := $$(shell pkg-config --libs $(PKGS)) -pthread)$(PKG_LIBS)
SAN      := -O1 -g -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer -Werror
FUZZSAN  := -O1 -g -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all

MAINS := agent/main.c agent/ctl.c
SRC   := $(filter-out $(MAINS),$(wildcard agent/*.c agent/wire/*.c agent/flow/*.c agent/dissect/*.c policy/*.c policy/match/*.c nft/*.c))
HDR   := $(wildcard agent/*.h agent/*/*.h policy/*.h policy/match/*.h nft/*.h)
UNIT  := $(patsubst tests/unit/%.c,%,$(wildcard tests/unit/test_*.c))
FUZZ  := $(patsubst tests/fuzz/fuzz_%.c,%,$(wildcard tests/fuzz/fuzz_*.c))
S     ?= 60
Q     := $(if $(V),,@)

all: build/sluiced build/sluice

# $(1) variant folder, $(2) its flags: one rule set for release, sanitized and clang builds
define variant
build/$(1)/%.o: %.c
	@mkdir -p $$(@D)
	$$(if $$(V),,@echo "  CC [$(1)] $$<";) $$($(1)_CC) $$(CPPFLAGS) $$(PKG_CFLAGS) $$(WARN) $(2) -MMD -MP -c $$< -o $$@
build/$(1)/lib.a: $$(SRC:%.c=build/$(1)/%.o)
	@rm -f $$@
	$$(Q)$$(AR) rcs $$@ $$^
build/$(1)/sluiced: build/$(1)/agent/main.o build/$(1)/lib.a
	$$(Q)$$($(1)_CC) $(2) $$(LDFLAGS) $$^ $$(PKG_LIBS) -o $$@
build/$(1)/sluice: build/$(1)/agent/ctl.o build/$(1)/lib.a
	$$(Q)$$($(1)_CC) $(2) $$(LDFLAGS) $$^ $$(PKG_LIBS) -o $$@
build/$(1)/test_%: build/$(1)/tests/unit/test_%.o build/$(1)/lib.a
	$$(Q)$$($(1)_CC) $(2) $$(LDFLAGS) $$^ -lcmocka $$(PKG_LIBS) -o $$@
build/$(1)/replay_%: build/$(1)/tests/fuzz/fuzz_%.o build/$(1)/tests/fuzz/replay.o build/$(1)/lib.a
	$$(Q)$$($(1)_CC) $(2) $$(LDFLAGS) $$^ $$(PKG_LIBS) -o $$@
endef
rel_CC = $(CC)
san_CC = $(CC)
clang_CC = $(CLANG)
fuzz_CC = $(CLANG)
$(eval $(call variant,rel,$$(CFLAGS) $$(HARDEN)))
$(eval $(call variant,san,$$(SAN)))
$(eval $(call variant,clang,-O1 -g -Werror))
$(eval $(call variant,fuzz,$$(FUZZSAN)))

build/sluiced build/sluice: build/%: build/rel/%
	$(Q)cp $< $@
build/fuzz_%: build/fuzz/tests/fuzz/fuzz_%.o build/fuzz/lib.a
	$(Q)$(CLANG) $(FUZZSAN) -fsanitize=fuzzer $^ $(PKG_LIBS) -o $@

# Tests. `check` and `demo` are the only commands that a fresh clone needs: they install what is
# missing first (Debian, as root) and then call make again.
check:
	@contrib/install-deps check
	@tests/tools/check
check-unit:
	@contrib/install-deps check
	@tests/tools/check build unit
demo:
	@contrib/install-deps demo
	@$(MAKE) -s all
	@contrib/demo/demo.sh
e2e: build/san/sluiced build/san/sluice all
	@tests/e2e/run $(T)
fuzz: build/fuzz_$(T)
	@tests/tools/fuzz $(S) $(T)
fuzz-all: $(FUZZ:%=build/fuzz_%)
	@tests/tools/fuzz $(S)
tests: $(UNIT:%=build/san/%) $(FUZZ:%=build/san/replay_%)
binaries-%: build/%/sluiced build/%/sluice ;
deps:
	@contrib/install-deps check

build/lint/compile_commands.json: compile_commands.json
	@mkdir -p $(@D)
	@cp $< $@
# The input of each corpus, and of what fuzzing has added, that costs most: a figure, not a test
slowest: $(FUZZ:%=build/rel/replay_%)
	@for t in $(FUZZ); do printf '%-14s' $$t; SLOWEST=1 build/rel/replay_$$t tests/fuzz/corpus/$$t \
		$$([ -d build/corpus/$$t ] && echo build/corpus/$$t) | tail -n 1; done

compile_commands.json: Makefile $(SRC) $(wildcard $(MAINS)) $(wildcard tests/unit/*.c tests/fuzz/*.c)
	@args=$$(for a in $(CC) $(CPPFLAGS) $(PKG_CFLAGS) $(WARN) -c; do \
		printf '"%s",' "$$(printf '%s' "$$a" | sed 's/["\\]/\\&/g')"; done); \
	{ echo '['; sep=; for f in $(filter %.c,$^); do \
		printf '%s{"directory":"%s","file":"%s","arguments":[%s"%s"]}' "$$sep" '$(CURDIR)' \
			"$$f" "$$args" "$$f"; sep=$$(printf ',\n_'); sep=$${sep%_}; \
	done; echo; echo ']'; } > $@

# Installation. The example config is put in place only where there is none.
install: all
	install -d $(DESTDIR)$(SBINDIR) $(DESTDIR)$(SYSCONFDIR)/sluice $(DESTDIR)$(DATADIR)
	install -m 755 build/sluiced build/sluice $(DESTDIR)$(SBINDIR)
	install -d $(DESTDIR)$(DATADIR)/lists
	install -m 644 contrib/lists/*.domains $(DESTDIR)$(DATADIR)/lists
	sed 's#/usr/share/sluice/#$(DATADIR)/#' contrib/examples/sluice.conf \
		> $(DESTDIR)$(DATADIR)/sluice.conf.example
	chmod 644 $(DESTDIR)$(DATADIR)/sluice.conf.example
	test -e $(DESTDIR)$(SYSCONFDIR)/sluice/sluice.conf || \
		install -m 644 $(DESTDIR)$(DATADIR)/sluice.conf.example \
			$(DESTDIR)$(SYSCONFDIR)/sluice/sluice.conf
	for s in 1 5 8; do for m in contrib/man/*.$$s; do \
		test ! -e $$m || install -D -m 644 $$m $(DESTDIR)$(MANDIR)/man$$s/$${m##*/} || exit 1; \
	done; done
	install -d $(DESTDIR)$(UNITDIR)
	sed 's#@SBINDIR@#$(SBINDIR)#; s#@SYSCONFDIR@#$(SYSCONFDIR)#' contrib/systemd/sluice.service \
		> $(DESTDIR)$(UNITDIR)/sluice.service
	chmod 644 $(DESTDIR)$(UNITDIR)/sluice.service
	install -D -m 644 contrib/systemd/sluice.sysusers $(DESTDIR)$(SYSUSERSDIR)/sluice.conf

clean:
	rm -rf build compile_commands.json
.PHONY: all check check-unit demo e2e fuzz fuzz-all slowest tests deps install clean
.PRECIOUS: build/rel/%.o build/san/%.o build/clang/%.o build/fuzz/%.o
-include $(shell find build -name '*.d' 2>/dev/null)
