#include "analytic/memory.h"

#include <algorithm>
#include <cmath>

namespace plena::analytic {

namespace {

double bits_of(const numerics::StorageFormat& format) {
  // Upstream counts a sign for every floating-point element.
  const numerics::ScalarFormat& type = format.element;
  const double element =
    type.kind == numerics::ScalarFormat::Kind::Fp ? 1 + type.exponent + type.mantissa : type.width;
  return format.mx ? element + static_cast<double>(format.scale.width) / format.block : element;
}

Count bytes(Count elements, double bits) {
  const double exact = std::ceil(static_cast<double>(elements.value) * bits / 8);
  return exact < 0x1p63 ? Count(static_cast<std::uint64_t>(exact)) : Count(Count::most);
}

/// The letters are those of analytic.md.
class Mover {
 public:
  Mover(
    const Dims& dims,
    const Workload& workload,
    const Hardware& hardware,
    const Bits& bits,
    bool flash,
    Mode mode
  )
      : dims_(dims),
        bits_(bits),
        flash_(flash),
        prefill_(mode == Mode::Prefill),
        H(dims.hidden),
        A(dims.heads),
        K(dims.kv_heads),
        D(dims.stated_head_dim()),
        I(dims.inner),
        V(dims.vocabulary),
        S(prefill_ ? workload.input : 1),
        B(workload.device_batch()),
        kv(workload.input),
        n(S * B),
        on_chip_bytes_(static_cast<double>(hardware.vector_sram_elems) * bits.activation / 8) {}

  PhaseTraffic run() const {
    PhaseTraffic sum;
    if (prefill_) {
      sum.embedding = {act(Count(n) * H), act(Count(n) * H)};
    }
    for (std::uint64_t i = 0; i < dims_.layers; ++i) {
      sum.attention += projections();
      sum.attention += attention(dims_.is_sliding(i));
      sum.ffn += dims_.is_routed(i) ? experts() : feed_forward();
    }
    sum.lm_head = {wt(Count(H) * V), 0};
    return sum;
  }

 private:
  Count act(Count elements) const { return bytes(elements, bits_.activation); }
  Count kvb(Count elements) const { return bytes(elements, bits_.kv); }
  Count wt(Count elements) const { return bytes(elements, bits_.weight); }

  /// Whether activations of so many elements a token go through the HBM.
  bool spills(std::uint64_t elements) const {
    const double each = static_cast<double>(elements) * bits_.activation / 8;
    return prefill_ || static_cast<double>(B) >= std::floor(on_chip_bytes_ / each);
  }

  Traffic projections() const {
    const Count qkv = wt(Count(H) * A * D + Count(2) * H * K * D);
    const Count out = wt(Count(A) * D * H);
    Traffic sum =
      prefill_ ? Traffic{act(Count(n) * H) + qkv, act(Count(n) * H) + kvb(Count(2) * n * K * D)}
               : Traffic{qkv, kvb(Count(2) * n * K * D)};
    sum +=
      spills(A * D + H) ? Traffic{out + act(Count(n) * A * D), act(Count(n) * H)} : Traffic{out, 0};
    return sum;
  }

  Traffic attention(bool slides) const {
    const Count rows = act(Count(n) * A * D);
    const std::uint64_t seen = slides ? std::min(kv, dims_.window) : kv;
    const Count keys = Count(2) * kvb(Count(seen) * B * K * D);
    if (!spills(A * D)) {
      return {keys, slides ? Count(0) : rows};
    }
    if (slides || flash_) {
      return {rows + keys, rows};
    }
    const Count scores = Count(3) * act(Count(S) * kv * B * A);
    return {rows + keys + scores, scores + rows};
  }

  Traffic feed_forward() const {
    const Count weights = Count(dims_.gated ? 3 : 2) * wt(Count(H) * I);
    if (!spills(2 * H + 2 * I)) {
      return {weights, 0};
    }
    return {
      Count(2) * act(Count(H) * n) + weights + act(Count(I) * n),
      Count(2) * act(Count(I) * n) + act(Count(H) * n)};
  }

  Traffic experts() const {
    const Count Y = dims_.chosen;
    const Count weights = wt(Count(H) * dims_.experts) + Y * wt(Count(3) * H * I);
    if (!spills(2 * H + 2 * I)) {
      return {weights, 0};
    }
    return {
      weights + Y * act(Count(n) * H) + Y * act(Count(n) * I),
      Y * (Count(2) * act(Count(n) * I) + act(Count(n) * H))};
  }

  const Dims& dims_;
  const Bits& bits_;
  bool flash_;
  bool prefill_;
  std::uint64_t H, A, K, D, I, V, S, B, kv, n;
  double on_chip_bytes_;
};

} // namespace

Bits bits_of(const config::Machine& machine) {
  return {
    bits_of(machine.hbm_m_weight_type),
    bits_of(machine.hbm_v_kv_type),
    bits_of(machine.hbm_v_act_type)};
}

MemoryModel memory_model(
  const Dims& dims, const Workload& workload, const Hardware& hardware, const Bits& bits, bool flash
) {
  const std::uint64_t H = dims.hidden;
  const std::uint64_t A = dims.heads;
  const std::uint64_t K = dims.kv_heads;
  const std::uint64_t D = dims.stated_head_dim();
  const std::uint64_t N = dims.layers;
  const std::uint64_t B = workload.device_batch();
  std::uint64_t routed = 0;
  for (std::uint64_t i = 0; i < N; ++i) {
    routed += dims.is_routed(i) ? 1u : 0u;
  }
  const auto wt = [&](Count elements) { return bytes(elements, bits.weight); };
  MemoryModel model;
  model.embedding = wt(Count(dims.vocabulary) * H);
  model.attention = (wt(Count(H) * A * D + Count(2) * H * K * D) + wt(Count(A) * D * H)) * N;
  model.ffn = wt(Count(dims.gated ? 3 : 2) * H * dims.inner) * (N - routed);
  model.router = wt(Count(H) * dims.experts) * routed;
  model.experts = wt(Count(3) * H * dims.inner * dims.experts) * routed;
  model.norms = wt(Count(2) * H) * N;
  model.lm_head = dims.tied ? Count(0) : wt(Count(H) * dims.vocabulary);
  const std::uint64_t tokens = workload.input + workload.output;
  model.kv_per_layer = bytes(Count(2) * K * D * tokens * B, bits.kv);
  model.kv = bytes(Count(2) * K * D * tokens * B * N, bits.kv);
  const double peak = static_cast<double>(B) * static_cast<double>(workload.input) *
                      static_cast<double>(H) * (bits.activation / 8) * 4;
  model.activations = static_cast<std::uint64_t>(peak);
  model.hbm_bytes = hardware.hbm_bytes;
  model.prefill = Mover(dims, workload, hardware, bits, flash, Mode::Prefill).run();
  model.decode = Mover(dims, workload, hardware, bits, flash, Mode::Decode).run();
  model.peak_bytes_per_second = static_cast<double>(hardware.hbm_width) / 8 * clock_hz;
  return model;
}

// ---- utilisation

namespace {

class Arrays {
 public:
  Arrays(const Dims& dims, const Workload& workload, const Hardware& hardware, bool partitioned)
      : partitioned_(partitioned),
        H(dims.hidden),
        A(dims.heads),
        K(dims.kv_heads),
        D(dims.stated_head_dim()),
        I(dims.inner),
        S(workload.input),
        kv(workload.input),
        B(workload.device_batch()),
        M(hardware.mlen),
        b(hardware.blen),
        L(hardware.vlen),
        q(A / K),
        mh(ceil_quotient(M, D)),
        w(real(M)) {}

  Share projection(Mode mode) const {
    if (mode == Mode::Prefill) {
      const double depth = real(H) / real(M);
      const double g = (real(S / b) * depth * real(b) * real(D * A / b) +
                        real(D * K / b) * depth * real(b) * real(S / b) * 2) *
                       real(B);
      return {g, bubble * g};
    }
    const double batches = real(ceil_quotient(B, b));
    const double g = real(D * A / b) * real(H / M) * real(b) * batches +
                     2 * real(D * K / b) * real(H / M) * real(b) * batches;
    return {B > b ? g : g * real(B) / real(b), bubble * g};
  }

  Share attention(Mode mode) const {
    const double scale = 5 * w + 4;
    if (mode == Mode::Prefill) {
      const std::uint64_t tiles = ceil_quotient(S, M) * ceil_quotient(S, M);
      if (partitioned_) {
        const double scores = real(D);
        const double values = real(c(M, b) * b * c(D, b) * q);
        return times(
          real(B) * real(c(A, mh)) * real(tiles),
          {(A > mh ? scores : scores * (scores * real(A) / w)) +
             (D > b ? values : values * real(D) / real(b)),
           bubble * scores + 10 * w + bubble * values + w * real(q) * real(D / b) * bubble + scale}
        );
      }
      const double scores = real((M / b) * c(D, M) * b * (M / b));
      const double values = real((M / b) * c(D, b) * b);
      return times(
        real(B) * real(A) * real(tiles),
        {(D > M ? scores : scores * real(D) / w) + (D > b ? values : values * real(D) / real(b)),
         bubble * scores + 10 * w + bubble * values + scale}
      );
    }
    const std::uint64_t tiles = c(kv, M);
    if (partitioned_) {
      const double scores = real(c(q, b) * D * c(M, b));
      const double values = real(c(q, b) * c(D, b) * q);
      const double rows = q > b ? 1 : real(q) / real(b);
      const double heads = K > M / D ? 1 : real(K) / real(M / D);
      return times(
        real(B) * real(c(K, mh)) * real(tiles),
        {scores * rows * heads + values * rows, bubble * scores + 10 * w + bubble * values + scale}
      );
    }
    const double scores = real(c(D, M) * c(M, b) * b);
    const double values = real(D / b * b);
    return times(
      real(B) * real(A) * real(tiles),
      {scores * (1 / real(b)) * (real(D) / w) + values / real(b),
       bubble * scores + 10 * w + bubble * values + scale}
    );
  }

  Share ffn(Mode mode) const {
    const double activation = real(5 * (I / L));
    if (mode == Mode::Prefill) {
      const double g = real(2 * (I / b) * (H / M) * (S / b)) + real(H / b * (I / M) * (S / b));
      return {g, bubble * g + activation};
    }
    const std::uint64_t batches = c(B, b);
    const double in = real(I / b * b * (H / M) * batches);
    const double out = real(H / b * b * (I / M) * batches);
    const double used = real(std::min(B, b)) / real(b);
    return {
      (2 * in + out) * used,
      2 * (in + real(b * (I / b) * batches)) + out + real(b * (H / b) * batches) + activation};
  }

 private:
  static constexpr double bubble = 1.2;
  static std::uint64_t c(std::uint64_t x, std::uint64_t y) { return ceil_quotient(x, y); }
  static double real(std::uint64_t x) { return static_cast<double>(x); }
  static Share times(double count, const Share& one) {
    return {count * one.attainable, count * one.theoretical};
  }

  bool partitioned_;
  std::uint64_t H, A, K, D, I, S, kv, B, M, b, L, q, mh;
  double w;
};

Share sum(const Share& a, const Share& b) {
  return {a.attainable + b.attainable, a.theoretical + b.theoretical};
}

} // namespace

Utilisation utilisation(
  const Dims& dims, const Workload& workload, const Hardware& hardware, bool partitioned
) {
  const Arrays arrays(dims, workload, hardware, partitioned);
  Utilisation found;
  found.prefill_attention = sum(arrays.projection(Mode::Prefill), arrays.attention(Mode::Prefill));
  found.prefill_ffn = arrays.ffn(Mode::Prefill);
  found.decode_attention = sum(arrays.projection(Mode::Decode), arrays.attention(Mode::Decode));
  found.decode_ffn = arrays.ffn(Mode::Decode);
  found.overall =
    sum(
      sum(found.prefill_attention, found.prefill_ffn), sum(found.decode_attention, found.decode_ffn)
    )
      .ratio();
  return found;
}

CompilerUtilisation compiler_utilisation(
  const Dims& dims, std::uint64_t batch, const ArraySizes& sizes, std::uint64_t context
) {
  const auto& [m, k, n] = sizes;
  // Upstream hands m, k, n to functions that take m, n, k; only the head is spared.
  const std::uint64_t n2 = k;
  const std::uint64_t k2 = n;
  const std::uint64_t H = dims.hidden;
  const std::uint64_t A = dims.heads;
  const std::uint64_t K = dims.kv_heads;
  const std::uint64_t D = dims.stated_head_dim();
  const std::uint64_t I = dims.inner;
  const Count N = dims.layers;
  enum : std::size_t { Embedding, Attention, Ffn, Head };
  CompilerUtilisation found;
  const Count row = Count(m) * k2;
  const Count tile = row * n2;

  const Count lookups = Count(H / m) * (H / k2);
  found.operations[Embedding] = lookups;
  found.attainable[Embedding] = lookups * row * batch;
  found.theoretical[Embedding] = lookups * tile;

  const Count projection = Count(D * A / m) * (H / k2) + Count(2) * (D * K / m) * (H / k2);
  const Count scores = Count(batch) * A * (D / k2) * (context / n2);
  const Count values = Count(batch) * A * (context / k2) * (D / n2);
  found.operations[Attention] = values * N;
  found.attainable[Attention] = (projection * row * batch + scores * row + values * row) * N;
  found.theoretical[Attention] = (projection + scores + values) * tile * N;

  const Count matrices = Count(2) * (I / m) * (H / k2) + Count(H / m) * (I / k2);
  found.operations[Ffn] = matrices * N;
  found.attainable[Ffn] = matrices * row * batch * N;
  found.theoretical[Ffn] = matrices * tile * N;

  const Count head = Count((dims.vocabulary != 0 ? dims.vocabulary : 128256) / m) * (H / k);
  found.operations[Head] = head;
  found.attainable[Head] = head * m * k * batch;
  found.theoretical[Head] = head * m * k * n;
  return found;
}

} // namespace plena::analytic
