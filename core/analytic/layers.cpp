#include "analytic/layers.h"

#include <algorithm>

namespace plena::analytic {

namespace {

constexpr std::string_view names[] = {
#define LAYER(name, title) #name,
#include "analytic/layers.def"
};
constexpr std::string_view titles[] = {
#define LAYER(name, title) title,
#include "analytic/layers.def"
};

/// The formulas in the letters of analytic.md: H hidden, A heads, K heads of keys, D head, I inner,
/// V vocabulary, S rows, B batch, kv keys; M, b, L, h of the machine.
class Formula {
 public:
  Formula(const Call& call, const Hardware& hardware)
      : prefill_(call.mode == Mode::Prefill),
        call_(call),
        T(hardware),
        H(call.hidden),
        A(call.heads),
        K(call.kv_heads),
        D(call.head_dim),
        I(call.inner),
        V(call.vocabulary),
        S(call.rows),
        B(call.batch),
        kv(call.keys),
        M(hardware.mlen),
        b(hardware.blen),
        L(hardware.vlen),
        q(call.heads / call.kv_heads) {}

  Count embeddings() const { return Count(3) * SB() + tokens() * c(H, L) * T[Insn::H_PREFETCH_V]; }

  Count rms_layer() const {
    return Count(10) * SB() + Count(H / L) * 8 * rows() * VB() * B + spill();
  }

  Count projection() const {
    // RoPE counts the rows that it is given in both modes.
    const Count rope = c(S * B, L) * VB();
    const Count queries = Count(c(n(), b)) * c(H, M) * c(H, b) * MM() + Count(A) * rope;
    const Count keys = Count(c(n(), b)) * c(K * D, M) * c(K * D, b) * MM();
    const Count store =
      Count(2) * ((Count(n()) * K * D).value / (L * T.v_prefetch)) * T[Insn::H_STORE_V];
    return queries + Count(2) * keys + Count(K) * rope + spill() + store;
  }

  Count flash_attention() const {
    const Count groups = c(q, M / T.hlen);
    const std::uint64_t columns = std::min(M, kv);
    const Count softmax = Count(4) * VB() + Count(2) * SB() + T[Insn::S_EXP_FP];
    const Count inner = prefill_ ? (Count(4) + tile(std::min(S, M), columns) + PM()) * groups +
                                     Count(columns) * softmax * q +
                                     (Count(4) + Count(c(D, b)) * c(columns, b) * MM() * q) +
                                     Count(columns) * (Count(VB()) + 4 + T[Insn::S_RECI_FP]) * q
                                 : (Count(T[Insn::M_BTMV]) + PM()) * groups + softmax * q +
                                     Count(c(D, b)) * T[Insn::M_MV] * q + (Count(2) * VB() + 1) * q;
    return inner * c(S, M) * c(kv, M) * K * B;
  }

  Count self_attention() const {
    const Count row = Count(T[Insn::V_EXP_V]) + T[Insn::V_RED_MAX] + VB();
    const Count groups = c(q, M / T.hlen);
    Count sum;
    if (prefill_) {
      const Count scores =
        call_.multi_core
          ? (Count(4) + tile(std::min(S, M), std::min(kv, M)) * c(S, M) * c(kv, M) + PM()) * K *
              groups
          : (Count(4) + Count(MM()) * c(S, b) * c(S, b) + PM()) * A;
      sum = scores + Count(A) * S * c(S, L) + Count(S) * c(S, L) * row +
            (Count(4) + Count(MM()) * c(S, M) + PM()) * c(S, b) * c(D, b) * A;
    } else {
      const Count scores = call_.multi_core
                             ? (Count(4) + Count(T[Insn::M_BTMV]) * c(kv, M) + PM()) * K * groups
                             : (Count(4) + Count(T[Insn::M_MV]) * c(kv, b) + PM()) * A;
      sum = scores + Count(A) * c(kv, L) + Count(c(kv, L)) * row +
            (Count(4) + Count(T[Insn::M_MV]) * c(kv, M) + PM()) * c(D, b) * A;
    }
    return sum * B;
  }

  Count sliding_window_attention() const {
    const Count row = Count(T[Insn::V_EXP_V]) + T[Insn::V_RED_MAX] + VB();
    const std::uint64_t e = std::min(prefill_ ? S : kv, call_.window);
    const std::uint64_t groups = M / T.hlen / q;
    Count sum;
    if (prefill_) {
      const Count scores =
        call_.multi_core
          ? (Count(4) + tile(std::min(S, M), std::min(e, M)) * c(S, M) * c(e, M) + PM()) * K *
              groups
          : (Count(4) + Count(MM()) * c(S, b) * c(e, b) + PM()) * A;
      sum = scores + Count(A) * S * c(e, L) + Count(S) * c(e + call_.sinks, L) * row +
            (Count(4) + Count(MM()) * c(e, M) + PM()) * c(S, b) * c(D, b) * A;
    } else {
      const Count scores = call_.multi_core
                             ? (Count(4) + Count(T[Insn::M_BTMV]) * c(e, M) + PM()) * K * groups
                             : (Count(4) + Count(T[Insn::M_MV]) * c(e, b) + PM()) * A;
      sum = scores + Count(A) * c(e, L) + Count(c(e + call_.sinks, L)) * row +
            (Count(4) + Count(T[Insn::M_MV]) * c(e, M) + PM()) * c(D, b) * A;
    }
    return sum * B;
  }

  Count residual() const { return (Count(T[Insn::V_ADD_VV]) + 3) * rows() * (H / L) * B + spill(); }

  Count feed_forward() const {
    const Count in = Count(call_.gated ? 2 : 1) * c(n(), b) * c(H, M) * c(I, b) * MM();
    const Count activation = Count(c(I, L)) * 6 * VB() * rows() * B;
    return in + activation + Count(c(n(), b)) * c(I, M) * c(H, b) * MM();
  }

  Count mlp_moe() const {
    const std::uint64_t X = call_.experts;
    const std::uint64_t Y = call_.chosen;
    const std::uint64_t tok = n();
    const std::uint64_t te = c(tok * Y, X);
    const Count row = Count(T[Insn::V_EXP_V]) + T[Insn::V_RED_MAX] + VB();
    const auto product = [&](std::uint64_t depth, Insn insn) {
      return Count(4) + Count(c(depth, M)) * T[insn] + PM();
    };
    Count sum = Count(c(H, L)) * VB() * 4 * tok;
    sum += (Count(4) + Count(c(X, L)) * T[Insn::V_TOPK]) * tok;
    sum += Count(tok) * c(Y, L) * row;
    sum += Count(tok) * Y * c(I, L) * 6 * VB();
    sum += Count(tok) * Y * c(H, L) * (Count(T[Insn::V_MUL_VV]) + T[Insn::V_ADD_VV]);
    if (prefill_) {
      sum += product(H, Insn::M_MM) * c(tok, b) * c(X, b);
      sum += Count(X) * product(H, Insn::M_MM) * c(te, b) * c(2 * I, b);
      sum += Count(X) * product(I, Insn::M_MM) * c(te, b) * c(H, b);
    } else {
      sum += Count(tok) * product(H, Insn::M_MV) * c(X, b);
      sum += Count(tok) * Y * product(H, Insn::M_MV) * c(2 * I, b);
      sum += Count(tok) * Y * product(I, Insn::M_MV) * c(H, b);
    }
    return sum;
  }

  Count lm_head() const { return Count(3) * SB() + Count(c(B, b)) * c(H, M) * c(V, b) * MM(); }
  Count lm_head_full_seq() const {
    return Count(3) * SB() + Count(c(B * S, b)) * c(H, M) * c(V, b) * MM();
  }
  Count softmax_full_seq() const { return Count(B) * S * c(V, L) * 6 * VB(); }

 private:
  static std::uint64_t c(std::uint64_t x, std::uint64_t y) { return ceil_quotient(x, y); }

  std::uint64_t MM() const { return T[Insn::M_MM]; }
  std::uint64_t PM() const { return T[Insn::H_PREFETCH_M]; }
  std::uint64_t VB() const { return T[Insn::V_BASIC]; }
  std::uint64_t SB() const { return T[Insn::S_BASIC]; }

  /// Rows of a sequence, and of the batch.
  std::uint64_t rows() const { return prefill_ ? S : 1; }
  std::uint64_t n() const { return rows() * B; }
  Count tokens() const { return n(); }

  /// Activations that the Vector SRAM does not hold go out and come back; decoding never does.
  Count spill() const {
    const Count elems = Count(H) * S * B;
    if (!prefill_ || elems.value <= T.vector_sram_elems) {
      return 0;
    }
    return Count((elems.value - T.vector_sram_elems) / (L * T.v_prefetch)) * T[Insn::H_PREFETCH_V] *
           2;
  }

  /// A batched transposed product on a tile filled `r` by `k`.
  Count tile(std::uint64_t r, std::uint64_t k) const { return Count(c(r, b)) * c(k, b) * b; }

  bool prefill_;
  const Call& call_;
  const Hardware& T;
  std::uint64_t H, A, K, D, I, V, S, B, kv, M, b, L, q;
};

} // namespace

std::string_view to_string(Layer layer) { return names[static_cast<std::size_t>(layer)]; }
std::string_view title(Layer layer) { return titles[static_cast<std::size_t>(layer)]; }

std::optional<Layer> find_layer(std::string_view name) {
  const auto found = std::find(std::begin(names), std::end(names), name);
  return found == std::end(names) ? std::nullopt
                                  : std::optional(static_cast<Layer>(found - std::begin(names)));
}

Count cycles(Layer layer, const Call& call, const Hardware& hardware) {
  const Formula formula(call, hardware);
  switch (layer) {
#define LAYER(name, title)                                                                         \
  case Layer::name:                                                                                \
    return formula.name();
#include "analytic/layers.def"
  }
  return 0;
}

} // namespace plena::analytic
