#include "analytic/roofline.h"

#include <algorithm>

namespace plena::analytic {

namespace {

double real(std::uint64_t x) { return static_cast<double>(x); }

/// Additions and multiplications of the products of one sequence, in all layers.
struct Work {
  double attention = 0;
  double ffn = 0;
};

Work work_of(const Dims& dims, Form form, double rows, double keys) {
  const double H = real(dims.hidden);
  const double D = real(dims.head_dim_of(form));
  const double queries = real(dims.heads) * D;
  Work sum;
  for (std::uint64_t i = 0; i < dims.layers; ++i) {
    const double seen =
      form == Form::GptOss && dims.is_sliding(i) ? std::min(keys, real(dims.window)) : keys;
    sum.attention +=
      2 * rows * H * (2 * queries + 2 * real(dims.kv_heads) * D) + 4 * rows * seen * queries;
    const double matrices = dims.gated ? 3 : 2;
    const double experts = form == Form::GptOss && dims.is_routed(i) ? real(dims.chosen) : 1;
    sum.ffn += 2 * matrices * rows * H * real(dims.inner) * experts;
  }
  return sum;
}

} // namespace

double Roof::ceiling(double intensity) const {
  return std::min(flops_per_second, intensity * bytes_per_second);
}

Roof roof_of(const Hardware& hardware) {
  const double macs =
    real(hardware.mlen) * real(hardware.blen) * real(hardware.blen) / real(hardware[Insn::M_MM]);
  return {2 * macs * clock_hz, real(hardware.hbm_width) / 8 * clock_hz};
}

Roof former_roof_of(const Hardware& hardware) {
  return {2 * real(hardware.mlen) * clock_hz, real(hardware.hbm_width) / 8 * clock_hz};
}

std::vector<RooflinePoint> roofline_points(
  const Dims& dims,
  const Workload& workload,
  const Prediction& prediction,
  const MemoryModel& memory
) {
  std::vector<RooflinePoint> points;
  const auto phase = [&](
                       std::string_view name,
                       const std::vector<PartCycles>& parts,
                       double factor,
                       const PhaseTraffic& traffic,
                       double rows
                     ) {
    double attention = 0;
    double ffn = 0;
    for (const PartCycles& part : parts) {
      const double seconds = factor * real(part.each) * real(part.times) / clock_hz;
      switch (part.layer) {
      case Layer::projection:
      case Layer::flash_attention:
      case Layer::sliding_window_attention:
        attention += seconds;
        break;
      case Layer::feed_forward:
      case Layer::mlp_moe:
        ffn += seconds;
        break;
      default:
        break;
      }
    }
    const Work work = work_of(dims, prediction.form, rows, real(workload.input));
    const double batch = real(workload.device_batch());
    const auto add =
      [&](std::string_view part, double flops, const Traffic& moved, double seconds) {
        const double bytes = real((moved.read + moved.write).value);
        if (bytes > 0 && seconds > 0) {
          points.push_back({name, part, flops * batch, bytes, seconds});
        }
      };
    add("attention", work.attention, traffic.attention, attention);
    add("ffn", work.ffn, traffic.ffn, ffn);
  };
  phase("prefill", prediction.prefill, 1, memory.prefill, real(workload.input));
  // A token costs twice what its parts do, as upstream counts.
  phase("decode", prediction.decode, 2, memory.decode, 1);
  return points;
}

FormerRoofline former_roofline(
  const Hardware& hardware,
  double nanoseconds,
  double bytes,
  std::uint64_t rows,
  std::uint64_t hidden,
  std::uint64_t inner,
  std::uint64_t heads
) {
  const double S = real(rows);
  const double H = real(hidden);
  const double D = real(hidden / std::max<std::uint64_t>(heads, 1));
  const double n = real(heads);
  const Roof roof = former_roof_of(hardware);
  FormerRoofline found;
  found.flops = 8 * S * H * D * n + 4 * S * S * D * n + 6 * S * H * real(inner) + 4 * S * H;
  found.intensity = bytes > 0 ? found.flops / bytes : 0;
  found.achieved = nanoseconds > 0 ? found.flops / (nanoseconds * 1e-9) : 0;
  found.ceiling = roof.ceiling(found.intensity);
  found.efficiency = found.ceiling > 0 ? found.achieved / found.ceiling : 0;
  found.memory_bound = found.intensity < roof.ridge();
  return found;
}

} // namespace plena::analytic
