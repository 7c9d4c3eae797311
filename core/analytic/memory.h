// Bytes in HBM and bytes moved, and how busy the arrays are: models that upstream has dropped from
// its main line (analytic.md 10.1, 10.2), and its compiler's report (9).
#pragma once

#include "analytic/prediction.h"

#include <array>
#include <cstdint>

namespace plena::analytic {

struct Bits {
  double weight = 9;
  double kv = 9;
  double activation = 9;

  bool operator==(const Bits&) const = default;
};
/// Of a machine's HBM types.
Bits bits_of(const config::Machine& machine);

struct Traffic {
  Count read;
  Count write;
  Traffic& operator+=(const Traffic& other) {
    read += other.read;
    write += other.write;
    return *this;
  }
};

/// Traffic of a phase, all layers.
struct PhaseTraffic {
  Traffic embedding;
  Traffic attention; ///< with its projections
  Traffic ffn;
  Traffic lm_head;
  Traffic total() const {
    Traffic sum = embedding;
    sum += attention;
    sum += ffn;
    sum += lm_head;
    return sum;
  }
};

struct MemoryModel {
  // weights
  Count embedding;
  Count attention;
  Count ffn;
  Count router;
  Count experts;
  Count norms;
  Count lm_head;
  // keys and values
  Count kv_per_layer;
  Count kv;
  Count activations; ///< at their peak
  std::uint64_t hbm_bytes = 0;
  PhaseTraffic prefill;
  PhaseTraffic decode; ///< of the first token
  double peak_bytes_per_second = 0;

  Count weights() const { return embedding + attention + ffn + router + experts + norms + lm_head; }
  Count required() const { return weights() + kv + activations; }
  bool fits() const { return required().value <= hbm_bytes; }
};

MemoryModel memory_model(
  const Dims& dims,
  const Workload& workload,
  const Hardware& hardware,
  const Bits& bits,
  bool flash = true
);

/// Above this share of the peak a phase is bound by the HBM.
inline constexpr double bandwidth_bound = 0.7;

struct Share {
  double attainable = 0;
  double theoretical = 0;
  double ratio() const { return theoretical > 0 ? attainable / theoretical : 0; }
};
struct Utilisation {
  Share prefill_attention;
  Share prefill_ffn;
  Share decode_attention;
  Share decode_ffn;
  double overall = 0;
};

/// `partitioned`: heads narrower than MLEN share the array.
Utilisation utilisation(
  const Dims& dims, const Workload& workload, const Hardware& hardware, bool partitioned = true
);

/// The report of upstream's compiler, by kind of node: embedding, attention, ffn, lm_head.
struct CompilerUtilisation {
  std::array<Count, 4> operations{};
  std::array<Count, 4> attainable{};
  std::array<Count, 4> theoretical{};
};
inline constexpr std::string_view compiler_kinds[] = {"embedding", "attention", "ffn", "lm_head"};

struct ArraySizes {
  std::uint64_t m = 64;
  std::uint64_t k = 64;
  std::uint64_t n = 64;
};
CompilerUtilisation compiler_utilisation(
  const Dims& dims, std::uint64_t batch, const ArraySizes& sizes, std::uint64_t context = 1024
);

} // namespace plena::analytic
