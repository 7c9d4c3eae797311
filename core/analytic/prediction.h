// Time to the first token, tokens per second and diffusion steps in closed form (analytic.md 4 to
// 6).
#pragma once

#include "analytic/dims.h"
#include "analytic/layers.h"

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace plena::analytic {

/// Of all predictions; no setting of upstream changes it.
inline constexpr double clock_hz = 1e9;
inline constexpr std::uint64_t max_tokens = std::uint64_t{1} << 20;
inline constexpr std::uint64_t max_batch = 65536;
/// Cycles up to which every number is exact in a double, as documents give it.
inline constexpr std::uint64_t max_cycles = std::uint64_t{1} << 53;

struct Workload {
  std::uint64_t batch = 4;
  std::uint64_t input = 2048;
  std::uint64_t output = 1024;
  std::uint64_t devices = 1;
  std::uint64_t steps = 64; ///< of diffusion
  std::uint64_t rows = 0;   ///< of a diffusion step; 0: input
  std::uint64_t sequence() const { return rows != 0 ? rows : input; }
  std::uint64_t device_batch() const { return batch / devices; }
};

/// Sets a number by the name of its option with underscores (batch_size, input_seq, ...).
bool set_workload(Workload& workload, std::string_view key, std::uint64_t value);
std::vector<std::string_view> workload_keys();
/// E_RANGE, at the name of the option.
Status check(const Workload& workload);

/// A part of a phase: `each` cycles, `times` of them.
struct PartCycles {
  Layer layer = Layer::embeddings;
  std::string_view name; ///< as in upstream's records
  std::uint64_t each = 0;
  std::uint64_t times = 0;
};

struct Prediction {
  Form form = Form::Llama;
  std::vector<PartCycles> prefill; ///< of a diffusion model, the step
  std::vector<PartCycles> decode;  ///< of the first token, as upstream's functions say: not doubled
  std::uint64_t prefill_cycles = 0;
  std::uint64_t first_token_cycles = 0; ///< doubled, as upstream counts
  std::uint64_t decode_cycles = 0;      ///< of all tokens, doubled
  std::uint64_t request_cycles = 0;     ///< all that one device does
  double prefill_seconds = 0;
  double first_token_seconds = 0;
  double decode_seconds = 0;
  double ttft_seconds = 0;
  double total_seconds = 0; ///< of a diffusion model
  double tokens_per_second = 0;
  std::uint64_t steps = 0; ///< of counting, for those who count many
};

/// What a layer of the model is asked for in this phase; keys are those of the first token.
Call call_of(const Dims& dims, const Workload& workload, Form form, Mode mode);

/// E_ANALYTIC_RANGE for cycles beyond what is exact. Dims and workload have passed `check`.
Result<Prediction>
predict(const Dims& dims, const Workload& workload, Form form, const Hardware& hardware);

} // namespace plena::analytic
