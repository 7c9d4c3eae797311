// The common core of RMS norm and layer norm, in all spellings that exporters use:
// n / sqrt(mean(q * q) + eps) over the last axis.
#pragma once

#include "passes/rewriter.h"

namespace plena::passes {

struct Normalised {
  TensorId numerator;
  TensorId squared; ///< what was squared; the numerator itself in every known export
  double eps;
  std::vector<const ir::Node*> nodes;
};

/// With `node` as the last operation, a Div or a Mul.
std::optional<Normalised> match_normalised(const Rewriter& rewriter, const ir::Node& node);

/// A ReduceMean over the last axis that keeps it as 1; gives what is averaged.
std::optional<TensorId> mean_of_rows(const Rewriter& rewriter, TensorId id);

/// x - mean(x) over the last axis; gives x.
std::optional<TensorId> centred(const Rewriter& rewriter, TensorId id);

/// Maps a normalisation operator of ONNX (over the last axis, gain in input 1, shift in input 2) to
/// `op`, or refuses it.
void map_normalisation(Rewriter& rewriter, ir::Node& node, std::string op, Context& context);

/// Absorbs a product with a vector behind `op`, and a sum for operators with a shift, into the
/// operator's optional inputs, when nobody else reads the intermediate result.
void absorb_affine(Rewriter& rewriter, ir::Node& node, std::string_view op, bool has_shift);

} // namespace plena::passes
