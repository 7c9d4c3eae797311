#include "bench/memory.h"

#ifdef __EMSCRIPTEN__
#include <emscripten/heap.h>
#else
#include <fstream>
#include <string>
#endif

namespace plena::bench {

std::uint64_t peak_memory() {
#ifdef __EMSCRIPTEN__
  return emscripten_get_heap_size(); // never shrinks
#else
  std::ifstream status("/proc/self/status");
  for (std::string word; status >> word;) {
    std::uint64_t kib = 0;
    if (word == "VmHWM:" && status >> kib) {
      return kib * 1024;
    }
  }
  return 0;
#endif
}

void forget_peak_memory() {
#ifndef __EMSCRIPTEN__
  std::ofstream("/proc/self/clear_refs") << "5";
#endif
}

} // namespace plena::bench
