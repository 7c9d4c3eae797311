// The gated products of two branches: what `gated` and the experts of `moe` share.
#pragma once

#include "ops/lowering.h"
#include "ops/op.h"

#include <cstddef>
#include <optional>
#include <string_view>

namespace plena::ops {

inline constexpr std::string_view gate_kinds[]{"swiglu", "clamped"};
inline constexpr AttrSpec gate_attrs[]{
  {"kind", AttrType::Text, false, 0, gate_kinds, "clamped limits both branches and adds 1 to up"},
  {"limit", AttrType::Real, false, 7, {}, "of clamped: the largest magnitude of the branches"},
  {"alpha", AttrType::Real, false, 1.702, {}, "of clamped: multiplies gate in the sigmoid"}};

/// What the attributes of a node say.
class Gate {
 public:
  explicit Gate(const NodeView& view);

  /// What is wrong with the attributes.
  static std::optional<Diagnostic> check(const NodeView& view);

  float value(float gate, float up, bool hardware) const;

  bool clamped() const { return clamped_; }
  double limit() const { return limit_; }
  double alpha() const { return alpha_; }

 private:
  bool clamped_;
  double limit_;
  double alpha_;
};

/// Its instructions, with the constants in registers.
class GateRows {
 public:
  GateRows(Lowering& low, const Gate& gate);

  /// One row of each; `work`, for what is needed on the way, is neither gate nor up.
  void row(lower::Gp y, lower::Gp gate, lower::Gp up, lower::Gp work);

 private:
  void sigmoid(lower::Gp y); ///< of what has been negated

  lower::Builder& b_;
  bool clamped_;
  lower::Fp one_;
  lower::Fp upper_{};
  lower::Fp lower_{};
  lower::Fp factor_{};
  lower::Gp branch_{}; ///< a row of scratch
};

} // namespace plena::ops
