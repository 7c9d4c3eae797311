#include "driver/compare.h"

#include <algorithm>

namespace plena::driver {

report::Side side_of(const Session& session, std::string name) {
  using report::Metric;
  report::Side side(std::move(name));
  const auto set = [&](Metric metric, std::uint64_t value) {
    side[metric] = static_cast<double>(value);
  };
  const ProgramCounts counts = session.program_counts();
  if (counts.lines) {
    set(Metric::lines, *counts.lines);
    set(Metric::comments, *counts.comments);
  }
  set(Metric::words, counts.words);
  set(Metric::loops, counts.loops);
  set(Metric::depth, counts.depth);
  const RunStatus status = session.status();
  set(Metric::executed, status.executed);
  set(Metric::cycles, status.cycles);
  set(Metric::read_bytes, status.hbm_read_bytes);
  set(Metric::written_bytes, status.hbm_written_bytes);
  if (const auto products = session.product_table()) {
    for (const ProductCycles& row : products->rows) {
      if (row.form == ProductCycles::Form::Portable) {
        set(Metric::portable_emulator, row.emulator);
        set(Metric::portable_analytic, row.analytic);
      } else if (row.form == ProductCycles::Form::Dense) {
        set(Metric::dense_emulator, row.emulator);
        set(Metric::dense_analytic, row.analytic);
      }
    }
  }
  if (status.fault) {
    side.fault = status.fault->code;
  }
  for (const Comparison& output : session.verdict().outputs) {
    side[Metric::error] = std::max(side[Metric::error].value_or(0), output.machine_error);
    side[Metric::allclose] = std::min(side[Metric::allclose].value_or(1), output.allclose);
    side[Metric::argmax] = std::min(side[Metric::argmax].value_or(1), output.argmax);
    side[Metric::price] = std::max(side[Metric::price].value_or(0), output.price);
  }
  return side;
}

} // namespace plena::driver
