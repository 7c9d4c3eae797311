// Predictions over ranges of settings and dimensions, and those among them that no other beats.
#pragma once

#include "analytic/prediction.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace plena::analytic {

inline constexpr std::size_t max_points = 65536;
/// Of counting (Prediction::steps), of all points; about a second. Points beyond are refused.
inline constexpr std::uint64_t max_steps = std::uint64_t{1} << 24;

/// One point: a model, what is asked of it, and a machine.
struct Scenario {
  Dims dims;
  Workload workload;
  Settings settings;
  /// VLEN follows MLEN, as it does where machines are changed by single numbers, until it is set
  /// itself.
  bool vlen_follows = true;
  std::optional<Form> form; ///< by default the model's
  const PriceTable* prices = &PriceTable::standard();
  double matrix_sram_bits = 16; ///< of an element
  double vector_sram_bits = 16;

  Form form_in_force() const { return form.value_or(dims.form()); }
  Result<Hardware> hardware() const { return make_hardware(settings, *prices); }
};

/// Sets a setting of the machine, a dimension or a number of the workload by its name.
/// E_ANALYTIC_KEY for other names.
Status set(Scenario& scenario, std::string_view key, std::uint64_t value);

/// Checks dims and workload and predicts.
Result<Prediction> predict(const Scenario& scenario);

struct Axis {
  std::string key;
  std::vector<std::uint64_t> values;
};
/// `KEY=1,2,3`, or `KEY=64..4096*2` and `KEY=64..256+64` for steps. E_ANALYTIC_SWEEP.
Result<Axis> parse_axis(std::string_view text);

struct SweepPoint {
  std::vector<std::uint64_t> values; ///< one for each axis
  std::optional<Diagnostic> error;   ///< why there are no numbers
  double first = 0;                  ///< seconds to the first token, or of the whole diffusion
  double tokens_per_second = 0;
  std::uint64_t cycles = 0; ///< of the whole request on one device
  std::uint64_t sram_bytes = 0;
  std::uint64_t multipliers = 0;
  bool pareto = false; ///< no other needs less of one of these three without more of another
};

/// All combinations, the last axis fastest. E_ANALYTIC_SWEEP for more than `max_points`; a
/// combination that cannot be has its error in its place.
Result<std::vector<SweepPoint>> sweep(const Scenario& base, const std::vector<Axis>& axes);

} // namespace plena::analytic
