# SPDX-License-Identifier: GPL-2.0-or-later
# What people type.  The building itself is Meson's.

# Keep this environment for everything below, also inside the virtual machine.
export PYTHONDONTWRITEBYTECODE = 1
export TANDEM_BUILD ?= $(CURDIR)/build
BUILD = $(TANDEM_BUILD)

help:
	@echo "make lab               a pair: kill the master, show what clients noticed"
	@echo "make lab-shell         keep a pair of routers up and enter either of them"
	@echo "make test              build with every compiler and run every test"
	@echo "make build             build into $(BUILD)"
	@echo "make measure-failover  the claim about outages, measured ten times"
	@echo "make bench             beside keepalived and FRR: 100 minutes; bench/run --help"
	@echo "make bench-connsync    beside conntrackd: half an hour"
	@echo "make sim               random lives in a simulator: SEEDS=, SECONDS=, TAKEOVERS="
	@echo "make sim-release       a million simulated takeovers, and all of a small world"
	@echo "make fuzz              every fuzzer for a minute; SECONDS="
	@echo "make install           install below \$$DESTDIR"
	@echo "make clean             remove build folders"

build:
	@lab/install
	@lab/step "Building" lab/build $(BUILD)

lab: build
	@lab/with-bonds /usr/bin/python3 -m lab.failover

lab-shell: build
	@lab/with-bonds --interactive /usr/bin/python3 -m lab.shell

measure-failover: build
	@lab/measure-failover

bench: build
	@lab/install bench
	@bench/run

bench-connsync: build
	@lab/install bench
	@bench/run h

# How much: whichever is set; see sim/run --help.
sim:
	@lab/step "Building" lab/build $(BUILD)
	@sim/run --sim $(BUILD)/sim/tandem-sim $(if $(SEEDS),--seeds $(SEEDS)) \
		$(if $(SECONDS),--seconds $(SECONDS)) $(if $(TAKEOVERS),--takeovers $(TAKEOVERS))

sim-release:
	@$(MAKE) --no-print-directory sim TAKEOVERS=1000000
	@sim/run --sim $(BUILD)/sim/tandem-sim --every 5

# Each fuzzer for so many seconds.
fuzz:
	@lab/install tests
	@fuzz/run $(or $(SECONDS),60)

test:
	@tests/run

install: build
	meson install -C $(BUILD)

clean:
	rm -rf build build-clang build-sanitized build-fuzz

.PHONY: help build lab lab-shell measure-failover bench bench-connsync sim sim-release fuzz test install clean
