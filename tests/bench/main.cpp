// The benchmarks as WebAssembly, under Node: `npm run bench` sets them beside the native ones.
#include "bench/benches.h"

int main() { return plena::bench::run_all() ? 0 : 1; }
