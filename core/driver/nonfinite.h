// Weights and inputs that hold NaN or infinities, told by name before they spread.
#pragma once

#include "base/result.h"
#include "ir/graph.h"

#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>

namespace plena::driver {

/// W_NONFINITE with the number of such values and the first one's place; nothing when there are none.
std::optional<Diagnostic>
nonfinite_values(std::string_view name, const ir::Shape& shape, std::span<const float> values);

/// Looks twice, since a pass may fold one constant into others: negative infinities are what masks are
/// made of, so that a tensor of the file with no other such value is told only when the graph uses it as
/// a weight.
class Nonfinite {
 public:
  void look_at_file(const ir::Graph& graph);
  void look_at_graph(const ir::Graph& graph);
  const Diagnostics& warnings() const { return warnings_; }

 private:
  void tell(const ir::Tensor& tensor);

  std::set<std::string> told_;
  Diagnostics warnings_;
};

} // namespace plena::driver
