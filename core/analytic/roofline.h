// How near work comes to what arithmetic and memory allow.
#pragma once

#include "analytic/memory.h"

#include <string_view>
#include <vector>

namespace plena::analytic {

struct Roof {
  double flops_per_second = 0;
  double bytes_per_second = 0;
  /// Operations per byte from which arithmetic is the limit.
  double ridge() const { return flops_per_second / bytes_per_second; }
  double ceiling(double intensity) const;
};

/// Of the matrix unit at one M_MM each BLEN cycles, and of the HBM port.
Roof roof_of(const Hardware& hardware);
/// Upstream's dropped helper (analytic.md 10.3): MLEN products a cycle, whatever BLEN.
Roof former_roof_of(const Hardware& hardware);

struct RooflinePoint {
  std::string_view phase; ///< prefill, decode
  std::string_view part;  ///< attention, ffn, lm_head
  double flops = 0;
  double bytes = 0;
  double seconds = 0;
  double intensity() const { return flops / bytes; }
  double achieved() const { return flops / seconds; }
};

/// Work of one device by phase and part; those without time or bytes are left out.
std::vector<RooflinePoint> roofline_points(
  const Dims& dims,
  const Workload& workload,
  const Prediction& prediction,
  const MemoryModel& memory
);

/// Upstream's helper for one measured layer.
struct FormerRoofline {
  double flops = 0;
  double intensity = 0;
  double achieved = 0;
  double ceiling = 0;
  double efficiency = 0;
  bool memory_bound = false;
};
FormerRoofline former_roofline(
  const Hardware& hardware,
  double nanoseconds,
  double bytes,
  std::uint64_t rows = 64,
  std::uint64_t hidden = 64,
  std::uint64_t inner = 128,
  std::uint64_t heads = 1
);

} // namespace plena::analytic
