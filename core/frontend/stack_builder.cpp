#include "frontend/stack_builder.h"

#include "frontend/build.h"
#include "frontend/rotary.h"

#include <algorithm>
#include <fmt/format.h>

namespace plena::frontend {

namespace {

/// Columns [first, first + count) of rows of `cols`.
std::vector<float>
columns(const std::vector<float>& values, std::int64_t cols, std::int64_t first, std::int64_t count) {
  std::vector<float> taken;
  const auto width = static_cast<std::size_t>(cols);
  for (std::size_t row = 0; row + width <= values.size(); row += width) {
    const auto begin = values.begin() + static_cast<std::ptrdiff_t>(row) + static_cast<std::ptrdiff_t>(first);
    taken.insert(taken.end(), begin, begin + static_cast<std::ptrdiff_t>(count));
  }
  return taken;
}

/// Every second value from `first` on.
std::vector<float> every_second(const std::vector<float>& values, std::size_t first) {
  std::vector<float> taken;
  taken.reserve(values.size() / 2);
  for (std::size_t i = first; i < values.size(); i += 2) {
    taken.push_back(values[i]);
  }
  return taken;
}

} // namespace

// ---- a layer

ir::TensorId StackBuilder::layer(std::int64_t number, ir::TensorId x) {
  const Layer layer{
    number,
    module(fmt::format("{}.{}.", names_.layers, number)),
    label(fmt::format("layer{}.", number))};
  const auto add = [&](const char* name, ir::TensorId a, ir::TensorId b) {
    return graph_.node("add", layer.label + name, {a, b});
  };
  const ir::TensorId normed =
    norm(layer.label + "attention_norm", layer.module + std::string(names_.attention_norm), x);
  x = add("attention_residual", x, attention(layer, normed));
  const ir::TensorId again =
    norm(layer.label + "ffn_norm", layer.module + std::string(names_.ffn_norm), x);
  return add("ffn_residual", x, feed_forward(layer, again));
}

ir::TensorId
StackBuilder::norm(const std::string& label, const std::string& module, ir::TensorId x) {
  const ir::Shape shape(1, stack_.hidden);
  std::vector<ir::TensorId> inputs{x};
  const bool centred = stack_.norm.kind == NormKind::Layer;
  if (stack_.norm.gains) {
    std::vector<float> gain = graph_.take(module + ".weight", shape);
    for (float& value : gain) {
      value += static_cast<float>(stack_.norm.gain_offset);
    }
    const bool shifted = centred && graph_.has(module + ".bias");
    // Gains of one change nothing and cost instructions.
    const bool ones = std::all_of(gain.begin(), gain.end(), [](float value) { return value == 1.0f; });
    if (!ones || shifted) {
      inputs.push_back(graph_.constant(label + ".gain", shape, std::move(gain)));
    }
    if (shifted) {
      inputs.push_back(
        graph_.constant(label + ".bias", shape, graph_.take(module + ".bias", shape))
      );
    }
  }
  return graph_.node(
    centred ? "layer_norm" : "rms_norm", label, std::move(inputs), {{"eps", stack_.norm.eps}}, module
  );
}

// ---- projections

ir::TensorId
StackBuilder::linear(const std::string& label, ir::TensorId x, const Projection& p) {
  std::vector<float> weight;
  if (stack_.inputs_first) {
    weight = columns(
      graph_.take(p.module + ".weight", {p.inputs, p.of}), p.of, p.first, p.outputs
    );
  } else {
    weight = graph_.take(p.module + ".weight", {p.of, p.inputs}, p.first, p.outputs);
    if (p.heads) {
      order_heads(weight, p.inputs);
    }
    weight = transposed(weight, p.outputs, p.inputs);
  }
  std::vector<ir::TensorId> inputs{
    x, graph_.constant(label + ".weight", {p.inputs, p.outputs}, std::move(weight))};
  if (graph_.has(p.module + ".bias")) {
    std::vector<float> bias =
      graph_.take(p.module + ".bias", ir::Shape(1, p.of), p.first, p.outputs);
    if (p.heads) {
      order_heads(bias, 1);
    }
    inputs.push_back(graph_.constant(label + ".bias", ir::Shape(1, p.outputs), std::move(bias)));
  }
  return graph_.node("linear", label, std::move(inputs), {}, p.module);
}

StackBuilder::Projection StackBuilder::part(
  const Layer& layer,
  std::string_view own,
  std::string_view fused,
  std::int64_t first,
  std::int64_t outputs,
  std::int64_t of
) const {
  const bool alone = fused.empty();
  return {
    .module = layer.module + std::string(alone ? own : fused),
    .inputs = stack_.hidden,
    .outputs = outputs,
    .first = alone ? 0 : first,
    .of = alone ? outputs : of};
}

StackBuilder::Projection StackBuilder::queries(const Layer& layer) const {
  const std::int64_t all = (stack_.heads + 2 * stack_.kv_heads) * stack_.head_dim;
  Projection p = part(layer, names_.q, names_.qkv, 0, stack_.heads * stack_.head_dim, all);
  p.heads = true;
  return p;
}
StackBuilder::Projection StackBuilder::keys(const Layer& layer) const {
  const std::int64_t q = stack_.heads * stack_.head_dim;
  const std::int64_t kv = stack_.kv_heads * stack_.head_dim;
  Projection p = part(layer, names_.k, names_.qkv, q, kv, q + 2 * kv);
  p.heads = true;
  return p;
}
StackBuilder::Projection StackBuilder::values(const Layer& layer) const {
  const std::int64_t q = stack_.heads * stack_.head_dim;
  const std::int64_t kv = stack_.kv_heads * stack_.head_dim;
  return part(layer, names_.v, names_.qkv, q + kv, kv, q + 2 * kv);
}

std::vector<std::int64_t> StackBuilder::head_order() const {
  if (!stack_.rotary || stack_.rotary->columns == stack_.head_dim) {
    return {};
  }
  const std::int64_t turned = stack_.rotary->columns;
  const std::int64_t half = stack_.head_dim / 2;
  std::vector<std::int64_t> order;
  std::int64_t rest = turned;
  for (std::int64_t column = 0; column < stack_.head_dim; ++column) {
    const std::int64_t pair = column % half;
    order.push_back(pair < turned / 2 ? column / half * (turned / 2) + pair : rest++);
  }
  return order;
}

void StackBuilder::order_heads(std::vector<float>& rows, std::int64_t row_length) const {
  const std::vector<std::int64_t> order = head_order();
  if (order.empty() || rows.empty()) {
    return;
  }
  std::vector<float> ordered;
  ordered.reserve(rows.size());
  const auto head = static_cast<std::ptrdiff_t>(stack_.head_dim * row_length);
  const auto size = static_cast<std::ptrdiff_t>(rows.size());
  for (std::ptrdiff_t at = 0; at < size; at += head) {
    for (const std::int64_t column : order) {
      const auto begin = rows.begin() + at + static_cast<std::ptrdiff_t>(column * row_length);
      ordered.insert(ordered.end(), begin, begin + static_cast<std::ptrdiff_t>(row_length));
    }
  }
  rows = std::move(ordered);
}

// ---- attention

ir::TensorId StackBuilder::attention(const Layer& layer, ir::TensorId x) {
  ir::TensorId q = linear(layer.label + "q", x, queries(layer));
  ir::TensorId k = linear(layer.label + "k", x, keys(layer));
  ir::TensorId v = linear(layer.label + "v", x, values(layer));
  if (stack_.head_norms) {
    q = head_norm(layer.label + "q_norm", layer.module + std::string(names_.q_norm), stack_.heads, q);
    k = head_norm(layer.label + "k_norm", layer.module + std::string(names_.k_norm), stack_.kv_heads, k);
  }
  if (stack_.rotary) {
    q = turned(layer.label + "q_turned", q);
    k = turned(layer.label + "k_turned", k);
  }
  const auto number = static_cast<std::size_t>(layer.number);
  const std::int64_t window = number < stack_.windows.size() ? stack_.windows[number] : 0;
  if (step_) {
    k = cached(layer, key_cache_input, key_cache_output, k);
    v = cached(layer, value_cache_input, value_cache_output, v);
  }
  std::vector<ir::TensorId> inputs{q, k, v};
  if (stack_.sinks) {
    const ir::Shape shape(1, stack_.heads);
    inputs.push_back(graph_.constant(
      layer.label + "sinks",
      shape,
      graph_.take(layer.module + std::string(names_.sinks), shape)
    ));
  }
  Attrs attrs{{"heads", stack_.heads}, {"kv_heads", stack_.kv_heads}};
  if (batch_ != 1) {
    attrs["batch"] = batch_;
  }
  if (stack_.attention_scale) {
    attrs["scale"] = *stack_.attention_scale;
  }
  if (step_) {
    inputs.resize(4, ir::no_tensor);
    inputs.push_back(mask_of(window < step_->capacity ? window : 0));
  } else if (window != 0 && window < rows_) {
    attrs["mask"] = std::string("sliding");
    attrs["window"] = window;
  } else if (stack_.causal) {
    attrs["mask"] = std::string("causal");
  }
  const ir::TensorId mixed =
    graph_.node("attention", layer.label + "attention", std::move(inputs), std::move(attrs));
  return linear(
    layer.label + "o",
    mixed,
    {.module = layer.module + std::string(names_.o),
     .inputs = stack_.heads * stack_.head_dim,
     .outputs = stack_.hidden,
     .of = stack_.hidden}
  );
}

ir::TensorId StackBuilder::cached(
  const Layer& layer, const char* input, const char* output, ir::TensorId rows
) {
  const ir::Shape shape{step_->capacity, stack_.kv_heads * stack_.head_dim};
  const ir::TensorId cache =
    graph_.input(fmt::format(fmt::runtime(input), layer.number), shape);
  const std::string name = fmt::format(fmt::runtime(output), layer.number);
  const ir::TensorId appended = graph_.node("append", name, {cache, rows, step_->position});
  caches_.emplace_back(appended, name);
  return appended;
}

/// One for all layers with this window.
ir::TensorId StackBuilder::mask_of(std::int64_t window) {
  const auto found = masks_.find(window);
  if (found != masks_.end()) {
    return found->second;
  }
  Attrs attrs{{"keys", step_->capacity}, {"rows", rows_}};
  if (window != 0) {
    attrs["window"] = window;
  }
  const std::string name = window == 0 ? "mask" : fmt::format("mask.window{}", window);
  return masks_[window] =
           graph_.node("position_mask", label(name), {step_->position}, std::move(attrs));
}

ir::TensorId StackBuilder::turned(const std::string& label, ir::TensorId x) {
  if (!tables_ && step_) {
    const RotaryTables made =
      rotary_tables(*stack_.rotary, stack_.head_dim, 0, step_->capacity);
    const ir::Shape shape{step_->capacity, stack_.head_dim};
    const auto rows = [&](const char* name, std::vector<float> values) {
      const std::string table = this->label(name);
      return graph_.node(
        "lookup",
        table,
        {graph_.constant(table + ".table", shape, std::move(values)), step_->position},
        {{"rows", rows_}}
      );
    };
    const ir::TensorId cos = rows("rotary.cos", made.cos);
    tables_.emplace(cos, rows("rotary.sin", made.sin));
  }
  if (!tables_) {
    const RotaryTables made = rotary_tables(*stack_.rotary, stack_.head_dim, first_position_, rows_);
    const ir::Shape shape{rows_ * batch_, stack_.head_dim};
    const ir::TensorId cos =
      graph_.constant(this->label("rotary.cos"), shape, repeated(made.cos, batch_));
    tables_.emplace(
      cos, graph_.constant(this->label("rotary.sin"), shape, repeated(made.sin, batch_))
    );
  }
  return graph_.node("rope", label, {x, tables_->first, tables_->second});
}

ir::TensorId StackBuilder::head_norm(
  const std::string& label, const std::string& module, std::int64_t heads, ir::TensorId x
) {
  const ir::Shape shape(1, stack_.head_dim);
  std::vector<float> gain = graph_.take(module + ".weight", shape);
  order_heads(gain, 1);
  const ir::TensorId gains = graph_.constant(
    label + ".gain", ir::Shape(1, heads * stack_.head_dim), repeated(gain, heads)
  );
  return graph_.node(
    "rms_norm", label, {x, gains}, {{"eps", stack_.norm.eps}, {"heads", heads}}, module
  );
}

// ---- feed forward

ir::TensorId StackBuilder::activated(const std::string& label, ir::TensorId x) {
  switch (stack_.ffn.function) {
  case Function::Silu:
    return graph_.node("silu", label, {x});
  case Function::GeluTanh:
    return graph_.node("gelu", label, {x}, {{"approximate", std::string("tanh")}});
  case Function::GeluErf:
    return graph_.node("gelu", label, {x}, {{"approximate", std::string("none")}});
  case Function::GeluSigmoid:
    return graph_.node("gelu", label, {x}, {{"approximate", std::string("sigmoid1702")}});
  }
  return x;
}

ir::TensorId StackBuilder::feed_forward(const Layer& layer, ir::TensorId x) {
  const Ffn& ffn = stack_.ffn;
  if (ffn.kind == FfnKind::Experts) {
    return experts(layer, x);
  }
  const auto inner = [&](const char* name, std::string_view own, std::int64_t first) {
    return linear(
      layer.label + name,
      x,
      part(layer, own, names_.gate_up, first, ffn.inner, 2 * ffn.inner)
    );
  };
  ir::TensorId y{};
  if (ffn.kind == FfnKind::Plain) {
    y = activated(layer.label + "activated", inner("up", names_.up, 0));
  } else {
    ir::TensorId gate = inner("gate", names_.gate, 0);
    ir::TensorId up = inner("up", names_.up, ffn.inner);
    if (ffn.swapped) {
      std::swap(gate, up);
    }
    y = ffn.function == Function::Silu
          ? graph_.node("gated", layer.label + "gated", {gate, up})
          : graph_.node(
              "mul", layer.label + "gated", {activated(layer.label + "activated", gate), up}
            );
  }
  return linear(
    layer.label + "down",
    y,
    {.module = layer.module + std::string(names_.down),
     .inputs = ffn.inner,
     .outputs = stack_.hidden,
     .of = stack_.hidden}
  );
}

ir::TensorId StackBuilder::experts(const Layer& layer, ir::TensorId x) {
  const Ffn& ffn = stack_.ffn;
  const std::string router = layer.module + std::string(names_.router);
  const ir::Shape matrix{ffn.experts, stack_.hidden};
  std::vector<ir::TensorId> inputs(9, ir::no_tensor);
  inputs[0] = x;
  inputs[1] =
    graph_.constant(layer.label + "router", matrix, graph_.take(router + ".weight", matrix));
  if (graph_.has(router + ".bias")) {
    const ir::Shape row(1, ffn.experts);
    inputs[5] =
      graph_.constant(layer.label + "router.bias", row, graph_.take(router + ".bias", row));
  }
  if (names_.gate_up.empty()) {
    separate_experts(layer, inputs);
  } else {
    joined_experts(layer, inputs);
  }
  Attrs attrs{{"k", ffn.chosen}};
  if (ffn.limit > 0) {
    attrs["kind"] = std::string("clamped");
    attrs["limit"] = ffn.limit;
    attrs["alpha"] = ffn.alpha;
  }
  return graph_.node(
    "moe",
    layer.label + "experts",
    std::move(inputs),
    std::move(attrs),
    layer.module + std::string(names_.experts)
  );
}

void StackBuilder::separate_experts(const Layer& layer, std::vector<ir::TensorId>& inputs) {
  const Ffn& ffn = stack_.ffn;
  const struct {
    const char* label;
    std::string_view module;
    std::int64_t in, out;
  } projections[] = {
    {"gate", names_.gate, stack_.hidden, ffn.inner},
    {"up", names_.up, stack_.hidden, ffn.inner},
    {"down", names_.down, ffn.inner, stack_.hidden}};
  for (std::size_t i = 0; i < std::size(projections); ++i) {
    const auto& p = projections[i];
    std::vector<float> all;
    for (std::int64_t expert = 0; expert < ffn.experts && !graph_.full(); ++expert) {
      const std::vector<float> one = transposed(
        graph_.take(
          fmt::format("{}{}.{}.{}.weight", layer.module, names_.experts, expert, p.module),
          {p.out, p.in}
        ),
        p.out,
        p.in
      );
      all.insert(all.end(), one.begin(), one.end());
    }
    inputs[2 + i] = graph_.constant(
      layer.label + "experts." + p.label, {ffn.experts, p.in, p.out}, std::move(all)
    );
  }
}

/// One tensor for all experts, inputs before outputs; gate and up take turns.
void StackBuilder::joined_experts(const Layer& layer, std::vector<ir::TensorId>& inputs) {
  const Ffn& ffn = stack_.ffn;
  const std::string module = fmt::format("{}{}.", layer.module, names_.experts);
  const std::string joined = module + std::string(names_.gate_up);
  const std::string down = module + std::string(names_.down);
  const auto add = [&](std::size_t at, const char* name, ir::Shape shape, std::vector<float> values) {
    inputs[at] =
      graph_.constant(layer.label + "experts." + name, std::move(shape), std::move(values));
  };
  const std::vector<float> both = graph_.take(joined, {ffn.experts, stack_.hidden, 2 * ffn.inner});
  add(2, "gate", {ffn.experts, stack_.hidden, ffn.inner}, every_second(both, 0));
  add(3, "up", {ffn.experts, stack_.hidden, ffn.inner}, every_second(both, 1));
  const ir::Shape matrix{ffn.experts, ffn.inner, stack_.hidden};
  add(4, "down", matrix, graph_.take(down, matrix));
  if (graph_.has(joined + "_bias")) {
    const std::vector<float> biases = graph_.take(joined + "_bias", {ffn.experts, 2 * ffn.inner});
    add(6, "gate_bias", {ffn.experts, ffn.inner}, every_second(biases, 0));
    add(7, "up_bias", {ffn.experts, ffn.inner}, every_second(biases, 1));
  }
  if (graph_.has(down + "_bias")) {
    const ir::Shape row{ffn.experts, stack_.hidden};
    add(8, "down_bias", row, graph_.take(down + "_bias", row));
  }
}

} // namespace plena::frontend
