# Vigie. "make help" lists the targets.
SHELL   := /bin/bash
GO      ?= go
BIN     := bin/vigie
# Asked for by the build alone: git's answer touches .git, and tests that list the tree
# would no longer be taken from the cache.
VERSION  = $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
TOOL    := $(GO) tool -modfile=internal/tools/go.mod

.DEFAULT_GOAL := help
.PHONY: help run build test test-short race lint fmt fuzz golden bench bench-start bench-history bench-probe cut-off chaos simulate clean go postgres chromium snmpd snmpsim fping victoria-metrics iperf3

help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F':.*## ' '{printf "  %-12s %s\n", $$1, $$2}'

run: postgres build iperf3 ## set up what is missing, build, and start the demo on http://127.0.0.1:8080
	@$(BIN) serve --demo

build: go ## build bin/vigie
	@[ -e $(BIN) ] || echo "building $(BIN): the first time may take minutes"
	@$(GO) build -trimpath -buildvcs=false -ldflags '-X main.version=$(VERSION)' -o $(BIN) ./cmd/vigie

test: go postgres chromium snmpd snmpsim fping victoria-metrics iperf3 ## set up what is missing and run every test
	$(GO) vet ./...
	$(GO) test -timeout 14m ./...

test-short: go ## only the tests that need no database, no namespace and no browser
	$(GO) test -short -timeout 5m ./billing/... ./probe/schedule ./internal/calendar ./internal/incident ./internal/linkstate ./internal/sla ./internal/measure ./internal/ticket

race: go postgres ## the tests under the race detector
	$(GO) test -race -timeout 30m ./...

lint: go ## gofumpt, vet, staticcheck, deadcode
	@out=$$(git ls-files '*.go' | xargs $(TOOL) gofumpt -l) && { [ -z "$$out" ] || { echo "gofumpt would change:"; echo "$$out"; exit 1; }; }
	$(GO) vet ./...
	$(TOOL) staticcheck ./...
	@out=$$($(TOOL) deadcode -test ./... | grep -v 'unreachable func: Example' || true) && { [ -z "$$out" ] || { echo "$$out"; exit 1; }; }

fmt: go ## format every Go file
	git ls-files '*.go' | xargs $(TOOL) gofumpt -w

fuzz: go ## fuzz every parser for ten seconds
	@for f in $$(grep -rl --include='*_test.go' '^func Fuzz' . | grep -v internal/tools); do \
	  for name in $$(grep -ho '^func Fuzz[A-Za-z0-9]*' $$f | sed 's/func //'); do \
	    echo "$$name in $$(dirname $$f)"; $(GO) test -run '^$$' -fuzz "^$$name\$$" -fuzztime 10s ./$$(dirname $$f) || exit 1; \
	  done; done

golden: go postgres ## write the expected files of the tests anew; review the difference
	$(GO) test ./internal/intake ./dashboards -update

bench: bench-start bench-history bench-probe ## every figure: name, value, unit, goal, ok or short

bench-start: postgres build ## how long the demo takes to be ready, first and again
	@internal/tools/bench-start.sh $(BIN)

bench-history: postgres go ## what history costs: a region's minutes, 60,000 links live, thirteen months on the pages
	@$(GO) run ./internal/benchhistory

# The floor is a bare loop in C, compared with where its source is at hand.
bench-probe: go fping ## what an echo and a poll cost, beside others doing the same (two minutes)
	@$(GO) run ./internal/benchprobe --floor "$(wildcard ../shared/bench/limit.c)"

cut-off: postgres go ## two probers and a core in three namespaces, one cut off for five minutes
	@VIGIE_TEST_CUT=5m $(GO) test ./internal/app -run '^TestTwoProbersAndACoreInThreeNamespaces$$' -count=1 -timeout 12m -v

# Real processes, killed and cut off; needs root. CHAOS="--rounds 20 --only kill-two" for some of it.
chaos: postgres build simulate ## break real installations 200 times and check what they promise (forty minutes)
	@$(GO) run ./internal/chaos $(CHAOS)

simulate: go ## 3,000 rounds of the chain in virtual time, with faults at every step (some minutes)
	@$(GO) run ./internal/simulation --rounds 3000

clean: ## remove what the build made
	rm -rf bin

go:
	@command -v $(GO) >/dev/null || { echo "Vigie needs Go 1.26 or later, and no go is on the PATH: see https://go.dev/dl"; exit 1; }
	@v=$$($(GO) env GOVERSION | sed -E 's/^go([0-9]+)\.([0-9]+).*/\1 \2/'); set -- $$v; \
	  [ "$$1" -gt 1 ] || [ "$$2" -ge 26 ] || { echo "Vigie needs Go 1.26 or later; this is $$($(GO) env GOVERSION)"; exit 1; }

# The server's programs only: Debian's package would otherwise make and start a
# cluster of its own.
postgres:
	@command -v postgres >/dev/null || ls /usr/lib/postgresql/*/bin/postgres >/dev/null 2>&1 || { \
	  command -v apt-get >/dev/null && [ "$$(id -u)" = 0 ] || { echo "Vigie needs the programs of a PostgreSQL server (15 or later): install the package postgresql, or run make as root on a Debian system"; exit 1; }; \
	  echo "installing PostgreSQL"; export DEBIAN_FRONTEND=noninteractive; \
	  apt-get update -qq && apt-get install -y -qq --no-install-recommends postgresql-common >/dev/null && \
	  sed -i 's/^#* *create_main_cluster.*/create_main_cluster = false/' /etc/postgresql-common/createcluster.conf && \
	  apt-get install -y -qq --no-install-recommends postgresql >/dev/null || { \
	  echo "Vigie needs the programs of a PostgreSQL server (15 or later), and apt-get did not install the package postgresql: its reason stands above"; exit 1; }; }

chromium:
	@command -v chromium >/dev/null || { \
	  command -v apt-get >/dev/null && [ "$$(id -u)" = 0 ] || { echo "no chromium: the browser test will be skipped (package chromium)"; exit 0; }; \
	  echo "installing Chromium for the browser test"; export DEBIAN_FRONTEND=noninteractive; \
	  apt-get update -qq && apt-get install -y -qq --no-install-recommends chromium >/dev/null || echo "no chromium: the browser test will be skipped"; }

# The program only: Debian's package would otherwise start a daemon of its own, at
# once and with every start of the machine.
snmpd:
	@command -v snmpd >/dev/null || ls /usr/sbin/snmpd >/dev/null 2>&1 || { \
	  command -v apt-get >/dev/null && [ "$$(id -u)" = 0 ] || { echo "no snmpd: the test against it will be skipped (package snmpd)"; exit 0; }; \
	  echo "installing snmpd for the SNMP tests"; export DEBIAN_FRONTEND=noninteractive; policy=/usr/sbin/policy-rc.d; made=; \
	  [ -e $$policy ] || { printf '#!/bin/sh\nexit 101\n' >$$policy && chmod +x $$policy && made=yes; }; \
	  apt-get update -qq && apt-get install -y -qq --no-install-recommends snmpd >/dev/null && { /usr/sbin/update-rc.d snmpd disable; true; } || echo "no snmpd: the test against it will be skipped"; \
	  [ -z "$$made" ] || rm -f $$policy; }

snmpsim:
	@command -v snmpsimd >/dev/null || { \
	  command -v apt-get >/dev/null && [ "$$(id -u)" = 0 ] || { echo "no snmpsimd: the tests of captured devices will be skipped (package snmpsim)"; exit 0; }; \
	  echo "installing snmpsim for the SNMP tests"; export DEBIAN_FRONTEND=noninteractive; \
	  apt-get update -qq && apt-get install -y -qq --no-install-recommends snmpsim >/dev/null || echo "no snmpsimd: the tests of captured devices will be skipped"; }

# The program only, as with snmpd.
victoria-metrics:
	@command -v victoria-metrics >/dev/null || { \
	  command -v apt-get >/dev/null && [ "$$(id -u)" = 0 ] || { echo "no victoria-metrics: the test of the Grafana dashboards will be skipped (package victoria-metrics)"; exit 0; }; \
	  echo "installing VictoriaMetrics for the test of the dashboards"; export DEBIAN_FRONTEND=noninteractive; policy=/usr/sbin/policy-rc.d; made=; \
	  [ -e $$policy ] || { printf '#!/bin/sh\nexit 101\n' >$$policy && chmod +x $$policy && made=yes; }; \
	  apt-get update -qq && apt-get install -y -qq --no-install-recommends victoria-metrics >/dev/null && { /usr/sbin/update-rc.d victoria-metrics disable; true; } || echo "no victoria-metrics: the test of the Grafana dashboards will be skipped"; \
	  [ -z "$$made" ] || rm -f $$policy; }

fping:
	@command -v fping >/dev/null || { \
	  command -v apt-get >/dev/null && [ "$$(id -u)" = 0 ] || { echo "no fping: what compares with it will be left out (package fping)"; exit 0; }; \
	  echo "installing fping to compare with"; export DEBIAN_FRONTEND=noninteractive; \
	  apt-get update -qq && apt-get install -y -qq --no-install-recommends fping >/dev/null || echo "no fping: what compares with it will be left out"; }

# The demo tests its links with it, and by HTTP without; Debian asks whether to run it as
# a service, and the answer without a question is no.
iperf3:
	@command -v iperf3 >/dev/null || { \
	  command -v apt-get >/dev/null && [ "$$(id -u)" = 0 ] || { echo "no iperf3: links are tested by HTTP (package iperf3)"; exit 0; }; \
	  echo "installing iperf3 for tests of throughput"; export DEBIAN_FRONTEND=noninteractive; \
	  apt-get update -qq && apt-get install -y -qq --no-install-recommends iperf3 >/dev/null || echo "no iperf3: links are tested by HTTP"; }
