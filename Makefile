# Everything a contributor runs. The work is done by the scripts named here.

.PHONY: help setup build demo test faults bench bench-check fuzz lint clean

help: ## list the targets
	@sed -n 's/^\([a-z-]*\): .*## \(.*\)/  make \1\t\2/p' Makefile | expand -t 20

setup: ## install the packages that building and testing need
	@scripts/setup.sh build control-plane

build: ## build msh, optimised, into .build/release
	@scripts/build.sh

demo: ## join two simulated clusters into one mesh, twice
	@scripts/demo.sh

test: ## build and run every test; ends with the count
	@Tests/run

faults: ## hurt connections to API servers and print what callers see, fault by fault
	@Tests/faults

bench: ## run the benchmarks and print their figures
	@Benchmarks/run || true

bench-check: ## run the benchmarks; fails when a floor is broken
	@Benchmarks/run

fuzz: ## look for crashes, TIME=300 seconds a target, under the address sanitizer
	@Fuzz/run

lint: ## check the format of the Swift sources
	@command -v swift >/dev/null || \
	  { echo 'Swift 6 is missing; get it at https://www.swift.org/install/linux/' >&2; exit 1; }
	swift format lint --strict --recursive Sources Tests Examples Package.swift \
	  Fuzz/Package.swift Fuzz/Sources/fuzz Benchmarks/Package.swift Benchmarks/Sources/measure

clean: ## remove what was built here
	rm -rf .build Fuzz/.build Benchmarks/.build
