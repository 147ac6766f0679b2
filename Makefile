# Everything a person does here. `make demo` and `make test` do all the set-up they need.
export SWIFT ?= swift
# SwiftPM hands the package's traits to the compiler in the order of a set. Another order is another command line, and everything is
# built again.
export SWIFT_DETERMINISTIC_HASHING := 1

.PHONY: help deps build demo test pytempo vectors vectors-other bench budgets fuzz tsan format lint ci

help:
	@echo "make demo    a paid session end to end on the embedded chain"
	@echo "make test    the whole test suite"
	@echo "make pytempo Python clients against mpp devnet (installs them from the package index)"
	@echo "make vectors the golden files, file by file"
	@echo "make vectors-other the same with other keys, ids, amounts, times and names, made by scripts/rekey-vectors"
	@echo "make bench   the benchmark program, release build"
	@echo "make budgets instructions and allocations of a paid request, compared with the thresholds"
	@echo "make fuzz    every fuzz target for T seconds (T=60), with Address Sanitizer"
	@echo "make tsan    the concurrent suites under Thread Sanitizer"
	@echo "make format  format the sources"
	@echo "make lint    format, layer and structure checks"
	@echo "make ci      what CI runs"

deps:
	@scripts/deps

build: deps
	$(SWIFT) build

demo: deps
	$(SWIFT) run mpp demo

test: deps
	$(SWIFT) test --no-parallel

vectors: deps
	scripts/vectors

vectors-other: deps
	rm -rf .build/vectors-other
	scripts/rekey-vectors Vectors .build/vectors-other
	MPP_VECTORS="$(CURDIR)/.build/vectors-other" scripts/vectors

pytempo: deps
	scripts/test-pytempo

bench: deps
	$(SWIFT) run -c release mpp-bench

budgets: deps
	scripts/check-budgets

T ?= 60

fuzz: deps
	Fuzz/run build
	Fuzz/run all $(T)

tsan: deps
	scripts/tsan

format:
	$(SWIFT) format -i -r -p Package.swift Sources Tests Examples Fuzz/Package.swift Fuzz/Sources

lint:
	$(SWIFT) format lint -r -p --strict Package.swift Sources Tests Examples Fuzz/Package.swift Fuzz/Sources
	scripts/check-layers
	scripts/check-rules
	scripts/check-snippets

ci:
	.ci/run
