// Nodes and constants of a graph that is being built, and the errors on the way. Internal.
#pragma once

#include "frontend/tensors.h"
#include "ir/graph.h"

#include <string>
#include <utility>
#include <vector>

namespace plena::frontend {

using Attrs = std::map<std::string, ir::Attr>;

class GraphBuilder {
 public:
  explicit GraphBuilder(const TensorSource& source) : source_(source) {}

  // ---- nodes

  ir::TensorId
  input(const std::string& name, ir::Shape shape, ir::DType dtype = ir::DType::F32);
  ir::TensorId constant(const std::string& name, ir::Shape shape, std::vector<float> values);
  /// The node and its result have this name. `origin` is the module that it stands for.
  ir::TensorId node(
    const std::string& op,
    const std::string& name,
    std::vector<ir::TensorId> inputs,
    Attrs attrs = {},
    const std::string& origin = {}
  );
  void output(ir::TensorId tensor, const std::string& name);

  // ---- parameters; after an error their values are missing, which nobody reads then

  bool has(const std::string& name) const { return source_.shape(name).has_value(); }
  /// The whole tensor; E_WEIGHTS when it is missing, E_SHAPE when its shape is another.
  std::vector<float> take(const std::string& name, const ir::Shape& shape);
  /// `count` entries of the first dimension.
  std::vector<float>
  take(const std::string& name, const ir::Shape& shape, std::int64_t first, std::int64_t count);

  void error(std::string code, std::string where, std::string message, std::string hint);
  void warning(std::string code, std::string where, std::string message, std::string hint);
  /// Nothing more can be said.
  bool full() const { return errors_ >= max_errors; }

  Result<ir::Graph> finish() &&;

 private:
  static constexpr std::size_t max_errors = 50;

  const TensorSource& source_;
  ir::Graph graph_;
  Diagnostics diagnostics_;
  std::size_t errors_ = 0;
};

/// Columns become rows.
std::vector<float> transposed(const std::vector<float>& values, std::int64_t rows, std::int64_t cols);

/// The values, `times` times one after the other.
std::vector<float> repeated(const std::vector<float>& values, std::int64_t times);

} // namespace plena::frontend
