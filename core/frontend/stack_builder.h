// The layers of one transformer as nodes. Internal.
#pragma once

#include "frontend/architecture.h"
#include "frontend/graph_builder.h"

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace plena::frontend {

class StackBuilder {
 public:
  /// `root` stands before the modules' names in files, `label` before the nodes' names.
  StackBuilder(GraphBuilder& graph, const Stack& stack, std::string root, std::string label)
      : graph_(graph),
        stack_(stack),
        names_(names_of(stack.names)),
        root_(std::move(root)),
        label_(std::move(label)) {}

  /// Rows of each of `batch` texts, which follow each other; comes before the layers.
  void set_rows(std::int64_t rows, std::int64_t batch, std::int64_t first_position) {
    rows_ = rows;
    batch_ = batch;
    first_position_ = first_position;
  }
  /// The rows are tokens from a position on that is an input; comes instead of the rows.
  void set_step(std::int64_t rows, std::int64_t capacity, ir::TensorId position) {
    set_rows(rows, 1, 0);
    step_ = {capacity, position};
  }
  /// Caches with the rows that have come to them, in the order of the layers.
  const std::vector<std::pair<ir::TensorId, std::string>>& caches() const { return caches_; }
  ir::TensorId layer(std::int64_t number, ir::TensorId x);
  ir::TensorId norm(const std::string& label, const std::string& module, ir::TensorId x);
  std::string module(std::string_view name) const { return root_ + std::string(name); }
  std::string label(const std::string& name) const { return label_ + name; }

 private:
  /// Some of the outputs of a module.
  struct Projection {
    std::string module;
    std::int64_t inputs = 0;
    std::int64_t outputs = 0;
    std::int64_t first = 0;
    std::int64_t of = 0;  ///< outputs of the whole module
    bool heads = false;   ///< heads whose columns are turned in pairs
  };

  struct Layer {
    std::int64_t number = 0;
    std::string module; ///< with a point at its end
    std::string label;  ///< likewise
  };

  ir::TensorId linear(const std::string& label, ir::TensorId x, const Projection& projection);
  Projection queries(const Layer& layer) const;
  Projection keys(const Layer& layer) const;
  Projection values(const Layer& layer) const;
  /// The part of a fused module, or a module of its own.
  Projection part(
    const Layer& layer,
    std::string_view own,
    std::string_view fused,
    std::int64_t first,
    std::int64_t outputs,
    std::int64_t of
  ) const;
  ir::TensorId attention(const Layer& layer, ir::TensorId x);
  /// The rows in the layer's cache.
  ir::TensorId
  cached(const Layer& layer, const char* input, const char* output, ir::TensorId rows);
  ir::TensorId mask_of(std::int64_t window);
  ir::TensorId turned(const std::string& label, ir::TensorId x);
  ir::TensorId head_norm(
    const std::string& label, const std::string& module, std::int64_t heads, ir::TensorId x
  );
  ir::TensorId feed_forward(const Layer& layer, ir::TensorId x);
  ir::TensorId activated(const std::string& label, ir::TensorId x);
  ir::TensorId experts(const Layer& layer, ir::TensorId x);
  /// gate, up, down and their biases, as the operator takes them.
  void separate_experts(const Layer& layer, std::vector<ir::TensorId>& inputs);
  void joined_experts(const Layer& layer, std::vector<ir::TensorId>& inputs);
  /// Columns of a head in the order in which pairs lie half a head apart; empty when they do already.
  std::vector<std::int64_t> head_order() const;
  void order_heads(std::vector<float>& rows, std::int64_t row_length) const;

  GraphBuilder& graph_;
  const Stack& stack_;
  const NameTable& names_;
  std::string root_;
  std::string label_;
  std::int64_t rows_ = 0;
  std::int64_t batch_ = 1;
  std::int64_t first_position_ = 0;
  struct StepRows {
    std::int64_t capacity = 0;
    ir::TensorId position{};
  };
  std::optional<StepRows> step_{};
  std::vector<std::pair<ir::TensorId, std::string>> caches_{};
  std::map<std::int64_t, ir::TensorId> masks_{}; ///< of steps, by window
  std::optional<std::pair<ir::TensorId, ir::TensorId>> tables_{}; ///< cosines and sines
};

} // namespace plena::frontend
