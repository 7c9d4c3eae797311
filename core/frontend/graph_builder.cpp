#include "frontend/graph_builder.h"

#include <fmt/format.h>

namespace plena::frontend {

ir::TensorId GraphBuilder::input(const std::string& name, ir::Shape shape, ir::DType dtype) {
  const ir::TensorId id =
    graph_.add_tensor({.name = name, .dtype = dtype, .shape = std::move(shape)});
  graph_.inputs.push_back(id);
  return id;
}

ir::TensorId
GraphBuilder::constant(const std::string& name, ir::Shape shape, std::vector<float> values) {
  return graph_.add_tensor(
    {.name = name,
     .shape = std::move(shape),
     .constant = ir::Constant{.floats = std::move(values)}}
  );
}

ir::TensorId GraphBuilder::node(
  const std::string& op,
  const std::string& name,
  std::vector<ir::TensorId> inputs,
  Attrs attrs,
  const std::string& origin
) {
  const ir::TensorId result = graph_.add_tensor({.name = name, .known = false});
  ir::Node node{
    .name = name,
    .op = op,
    .inputs = std::move(inputs),
    .outputs = std::vector<ir::TensorId>(1, result),
    .attrs = std::move(attrs)};
  if (!origin.empty()) {
    node.origin.push_back(origin);
  }
  node.position = static_cast<std::int64_t>(graph_.nodes.size());
  graph_.add_node(std::move(node));
  return result;
}

void GraphBuilder::output(ir::TensorId tensor, const std::string& name) {
  graph_.tensor(tensor).name = name;
  graph_.outputs.push_back(tensor);
}

std::vector<float> GraphBuilder::take(const std::string& name, const ir::Shape& shape) {
  return take(name, shape, 0, shape.empty() ? 1 : shape.front());
}

std::vector<float> GraphBuilder::take(
  const std::string& name, const ir::Shape& shape, std::int64_t first, std::int64_t count
) {
  if (full()) {
    return {};
  }
  const std::optional<ir::Shape> found = source_.shape(name);
  if (!found) {
    error(
      "E_WEIGHTS",
      name,
      fmt::format("there is no tensor {} of shape {}", name, ir::to_string(shape)),
      "give all files of the model that hold tensors of these layers"
    );
    return {};
  }
  if (*found != shape) {
    error(
      "E_SHAPE",
      name,
      fmt::format("shape {}, expected {}", ir::to_string(*found), ir::to_string(shape)),
      "the dimensions of the model and its tensors do not belong together"
    );
    return {};
  }
  Result<std::vector<float>> values = source_.read(name, first, count);
  if (!values) {
    for (const Diagnostic& diagnostic : values.diagnostics()) {
      diagnostics_.push_back(diagnostic);
      ++errors_;
    }
    return {};
  }
  return std::move(values).value();
}

void GraphBuilder::error(
  std::string code, std::string where, std::string message, std::string hint
) {
  if (!full()) {
    diagnostics_.push_back(
      {.code = std::move(code),
       .message = std::move(message),
       .hint = std::move(hint),
       .where = std::move(where)}
    );
    ++errors_;
  }
}

void GraphBuilder::warning(
  std::string code, std::string where, std::string message, std::string hint
) {
  diagnostics_.push_back(
    {.severity = Severity::Warning,
     .code = std::move(code),
     .message = std::move(message),
     .hint = std::move(hint),
     .where = std::move(where)}
  );
}

Result<ir::Graph> GraphBuilder::finish() && {
  if (errors_ != 0) {
    return std::move(diagnostics_);
  }
  return {std::move(graph_), std::move(diagnostics_)};
}

std::vector<float>
transposed(const std::vector<float>& values, std::int64_t rows, std::int64_t cols) {
  std::vector<float> turned(values.size());
  const auto height = static_cast<std::size_t>(rows);
  const auto width = static_cast<std::size_t>(cols);
  for (std::size_t i = 0; i < values.size(); ++i) {
    turned[i % width * height + i / width] = values[i];
  }
  return turned;
}

std::vector<float> repeated(const std::vector<float>& values, std::int64_t times) {
  std::vector<float> all;
  for (std::int64_t i = 0; i < times; ++i) {
    all.insert(all.end(), values.begin(), values.end());
  }
  return all;
}

} // namespace plena::frontend
