// Rotary position embedding, told by what it computes: every lane of a head is a multiple of itself
// plus a multiple of one other lane, the same two in every head and row.
#pragma once

#include "passes/columns.h"
#include "passes/layout.h"

namespace plena::passes {

/// Makes ropes, sharing tables among those that are equal.
class Rotations {
 public:
  Rotations(Rewriter& rewriter, Context& context)
      : rewriter_(rewriter),
        context_(context),
        columns_(rewriter) {}

  /// Makes `node` the rotation that its first output is, by its form and head width; false, with a
  /// refusal if it is one of a kind that cannot be mapped, when it is none.
  bool map(
    ir::Node& node, const Form& form, std::size_t width, const std::vector<const ir::Node*>& from
  );

 private:
  struct Pairs;
  /// What the rotation is made of gets the reason, too: it may be what is left over.
  void refuse(
    const ir::Node& node,
    const std::vector<const ir::Node*>& parts,
    const std::string& message,
    const std::string& hint
  );
  TensorId table(const std::string& name, std::size_t width, std::vector<float> values);

  Rewriter& rewriter_;
  Context& context_;
  Columns columns_;
  std::map<std::pair<std::size_t, std::vector<float>>, TensorId> tables_;
};

} // namespace plena::passes
