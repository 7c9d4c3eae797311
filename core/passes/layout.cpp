#include "passes/layout.h"

#include "passes/onnx_eval.h"

#include <algorithm>
#include <array>
#include <numeric>

namespace plena::passes {

namespace {

/// Longer chains are not followed.
constexpr int max_depth = 100;
/// Tensors of more elements are not followed.
constexpr std::int64_t max_followed = std::int64_t{1} << 24;
/// Forms of more elements together are not kept.
constexpr std::size_t max_kept = std::size_t{1} << 24;

constexpr std::string_view moves[] = {
  "view",
  "layout:Take",
  "onnx:Expand",
  "onnx:Flatten",
  "onnx:Gather",
  "onnx:Identity",
  "onnx:Reshape",
  "onnx:Slice",
  "onnx:Split",
  "onnx:Squeeze",
  "onnx:Tile",
  "onnx:Transpose",
  "onnx:Unsqueeze",
};

bool one_of(std::string_view op, std::initializer_list<std::string_view> names) {
  return std::find(names.begin(), names.end(), op) != names.end();
}

std::optional<std::int64_t> followed_count(const Rewriter& rewriter, TensorId id) {
  if (id == ir::no_tensor || !rewriter.graph.tensor(id).known) {
    return std::nullopt;
  }
  const auto count = ir::element_count(rewriter.shape(id));
  return count && *count <= max_followed && *count > 0 ? count : std::nullopt;
}

} // namespace

bool is_move(const Rewriter& rewriter, const ir::Node& node) {
  if (node.inputs.empty() || std::find(std::begin(moves), std::end(moves), node.op) == std::end(moves)) {
    return false;
  }
  for (std::size_t i = 1; i < node.inputs.size(); ++i) {
    if (node.inputs[i] != ir::no_tensor && !rewriter.constant(node.inputs[i])) {
      return false;
    }
  }
  return node.inputs.front() != ir::no_tensor;
}

Layout::Layout(const Rewriter& rewriter, Context& context, Through through)
    : rewriter_(rewriter),
      context_(context),
      sources_(rewriter.graph.tensors.size()) {
  for (std::size_t t = 0; t < sources_.size(); ++t) {
    sources_[t] = static_cast<TensorId>(t);
  }
  const auto behind = [&](TensorId id) {
    return id == ir::no_tensor ? id : sources_[ir::index(id)];
  };
  // Producers come first.
  for (const ir::Node& node : rewriter.graph.nodes) {
    TensorId found = ir::no_tensor;
    if (context.failures.contains(node.name)) {
      continue;
    }
    if (is_move(rewriter, node)) {
      found = behind(node.inputs.front());
    } else if (through == Through::Sums && one_of(node.op, {"onnx:Neg", "scale"})) {
      found = node.inputs.empty() ? ir::no_tensor : behind(node.inputs.front());
    } else if (through == Through::Sums && one_of(node.op, {"onnx:Mul", "onnx:Div"}) && node.inputs.size() == 2) {
      const bool left = rewriter.constant(node.inputs[0]);
      const bool right = rewriter.constant(node.inputs[1]);
      if (left != right && (right || node.op == "onnx:Mul")) {
        found = behind(node.inputs[right ? 0 : 1]);
      }
    } else if (through == Through::Sums && (node.op == "onnx:Concat" || (one_of(node.op, {"onnx:Add", "onnx:Sub"}) && node.inputs.size() == 2))) {
      for (const TensorId input : node.inputs) {
        const TensorId source = behind(input);
        if (source == ir::no_tensor || rewriter.constant(source) || (found != ir::no_tensor && found != source)) {
          found = ir::no_tensor;
          break;
        }
        found = source;
      }
    }
    for (const TensorId output : node.outputs) {
      if (output != ir::no_tensor && found != ir::no_tensor && followed_count(rewriter, output)) {
        sources_[ir::index(output)] = found;
      }
    }
  }
}

TensorId Layout::source(TensorId id) const {
  return ir::index(id) < sources_.size() ? sources_[ir::index(id)] : id;
}

const Form* Layout::form(TensorId id) {
  if (kept_ > max_kept) {
    forms_.clear();
    kept_ = 0;
  }
  return at_depth(id, max_depth);
}

const Form* Layout::at_depth(TensorId id, int depth) {
  if (const auto found = forms_.find(id); found != forms_.end()) {
    return &found->second;
  }
  std::optional<Form> made = derive(id, depth);
  if (!made) {
    return nullptr; // perhaps only from this depth
  }
  kept_ += made->first.size() + made->second.size();
  return &forms_.insert_or_assign(id, *std::move(made)).first->second;
}

std::optional<Form> Layout::derive(TensorId id, int depth) {
  const auto count = followed_count(rewriter_, id);
  if (!count || depth == 0) {
    return std::nullopt;
  }
  const auto steps = static_cast<std::uint64_t>(*count);
  if (steps > context_.budget.steps) {
    return std::nullopt;
  }
  context_.budget.steps -= steps;
  const ir::Node* node = rewriter_.producer(id);
  if (source(id) == id || node == nullptr) {
    Form form{id, std::vector<Part>(static_cast<std::size_t>(*count)), {}};
    for (std::size_t i = 0; i < form.first.size(); ++i) {
      form.first[i] = {static_cast<std::uint32_t>(i), 1.0f};
    }
    return form;
  }
  if (is_move(rewriter_, *node) || node->op == "onnx:Concat") {
    return moved(*node, id, depth);
  }
  if (node->op == "onnx:Add" || node->op == "onnx:Sub") {
    return summed(*node, id, depth);
  }
  return multiplied(*node, id, depth);
}

/// Runs the operator on the numbers of its inputs' elements, counted through.
std::optional<Form> Layout::moved(const ir::Node& node, TensorId id, int depth) {
  const std::size_t data = node.op == "onnx:Concat" ? node.inputs.size() : 1;
  std::vector<const Form*> forms;
  ir::Graph numbered;
  ir::Node copy = node;
  std::int64_t total = 0;
  std::vector<std::int64_t> starts;
  for (std::size_t i = 0; i < node.inputs.size(); ++i) {
    if (node.inputs[i] == ir::no_tensor && i >= data) {
      continue;
    }
    if (i >= data) {
      copy.inputs[i] = numbered.add_tensor(rewriter_.graph.tensor(node.inputs[i]));
      continue;
    }
    const auto count = followed_count(rewriter_, node.inputs[i]);
    const Form* form =
      count && total <= max_followed ? at_depth(node.inputs[i], depth - 1) : nullptr;
    if (form == nullptr) {
      return std::nullopt;
    }
    forms.push_back(form);
    starts.push_back(total);
    ir::Tensor tensor{
      .name = "numbers", .dtype = ir::DType::I64, .shape = rewriter_.shape(node.inputs[i])};
    tensor.constant.emplace().ints.resize(static_cast<std::size_t>(*count));
    std::iota(tensor.constant->ints.begin(), tensor.constant->ints.end(), total);
    total += *count;
    copy.inputs[i] = numbered.add_tensor(std::move(tensor));
  }
  std::vector<std::int64_t> from;
  if (node.op == "view") {
    from.resize(static_cast<std::size_t>(total));
    std::iota(from.begin(), from.end(), 0);
  } else {
    const OnnxOp* op = find_onnx_op(node.op);
    const auto place =
      std::find(node.outputs.begin(), node.outputs.end(), id) - node.outputs.begin();
    if (op == nullptr || op->evaluate == nullptr) {
      return std::nullopt;
    }
    Budget budget{.steps = context_.budget.steps};
    Result<ir::Constant> values = op->evaluate(
      {numbered, copy, static_cast<std::size_t>(place)},
      {ir::DType::I64, rewriter_.shape(id)},
      budget
    );
    context_.budget.steps = budget.steps;
    if (!values) {
      return std::nullopt;
    }
    from = std::move(values->ints);
  }
  Form result{forms.front()->source, {}, {}};
  const bool two =
    std::any_of(forms.begin(), forms.end(), [](const Form* f) { return !f->second.empty(); });
  for (const std::int64_t number : from) {
    std::size_t input = forms.size() - 1;
    while (starts[input] > number) {
      --input;
    }
    const auto at = static_cast<std::size_t>(number - starts[input]);
    result.first.push_back(forms[input]->first[at]);
    if (two) {
      result.second.push_back(forms[input]->second.empty() ? Part{} : forms[input]->second[at]);
    }
  }
  return result;
}

std::optional<Form> Layout::summed(const ir::Node& node, TensorId id, int depth) {
  const Form* left = at_depth(node.inputs[0], depth - 1);
  const Form* right = left == nullptr ? nullptr : at_depth(node.inputs[1], depth - 1);
  if (right == nullptr) {
    return std::nullopt;
  }
  const float sign = node.op == "onnx:Sub" ? -1.0f : 1.0f;
  BroadcastIndex at_left(rewriter_.shape(node.inputs[0]), rewriter_.shape(id));
  BroadcastIndex at_right(rewriter_.shape(node.inputs[1]), rewriter_.shape(id));
  const auto count = static_cast<std::size_t>(*ir::element_count(rewriter_.shape(id)));
  Form result{left->source, std::vector<Part>(count), std::vector<Part>(count)};
  for (std::size_t i = 0; i < count; ++i, at_left.next(), at_right.next()) {
    std::array<Part, 2> sum;
    std::size_t used = 0;
    const auto add = [&](const std::vector<Part>& parts, std::size_t at, float factor) {
      if (parts.empty() || parts[at].index == Part::none) {
        return true;
      }
      const Part part{parts[at].index, parts[at].factor * factor};
      for (std::size_t k = 0; k < used; ++k) {
        if (sum[k].index == part.index) {
          sum[k].factor += part.factor;
          return true;
        }
      }
      if (used == sum.size()) {
        return false;
      }
      sum[used++] = part;
      return true;
    };
    if (!add(left->first, at_left.value(), 1) || !add(left->second, at_left.value(), 1) ||
        !add(right->first, at_right.value(), sign) || !add(right->second, at_right.value(), sign)) {
      return std::nullopt;
    }
    result.first[i] = sum[0];
    result.second[i] = sum[1];
  }
  return result;
}

/// Neg, scale, products and quotients with a constant.
std::optional<Form> Layout::multiplied(const ir::Node& node, TensorId id, int depth) {
  const bool second = node.inputs.size() == 2 && rewriter_.constant(node.inputs[0]);
  const TensorId x = node.inputs[second ? 1 : 0];
  const Form* form = at_depth(x, depth - 1);
  if (form == nullptr) {
    return std::nullopt;
  }
  const auto count = static_cast<std::size_t>(*ir::element_count(rewriter_.shape(id)));
  BroadcastIndex at(rewriter_.shape(x), rewriter_.shape(id));
  Form result{form->source, std::vector<Part>(count), {}};
  result.second.resize(form->second.empty() ? 0 : count);
  const ir::Tensor* constant =
    node.inputs.size() == 2 ? &rewriter_.graph.tensor(node.inputs[second ? 0 : 1]) : nullptr;
  if (constant != nullptr && constant->constant->floats.empty()) {
    return std::nullopt;
  }
  std::optional<BroadcastIndex> at_constant;
  if (constant != nullptr) {
    at_constant.emplace(constant->shape, rewriter_.shape(id));
  }
  for (std::size_t i = 0; i < count; ++i, at.next()) {
    float factor = -1;
    if (constant != nullptr) {
      const float value = constant->constant->floats[at_constant->value()];
      factor = node.op == "onnx:Div" ? 1.0f / value : value;
      at_constant->next();
    }
    const auto times = [&](Part part) { return Part{part.index, part.factor * factor}; };
    result.first[i] = times(form->first[at.value()]);
    if (!result.second.empty()) {
      result.second[i] = times(form->second[at.value()]);
    }
  }
  return result;
}

std::optional<RowForm>
row_form(const Form& form, std::size_t elements_of_source, std::size_t cols) {
  RowForm result;
  if (cols == 0 || elements_of_source % cols != 0) {
    return std::nullopt;
  }
  result.rows = elements_of_source / cols;
  const std::size_t count = form.first.size();
  if (count % result.rows != 0) {
    return std::nullopt;
  }
  result.width = count / result.rows;
  std::vector<std::uint32_t> filled(result.rows);
  result.row.resize(count);
  result.rank.resize(count);
  result.element.resize(count);
  for (std::size_t i = 0; i < count; ++i) {
    if (form.first[i].index == Part::none) {
      return std::nullopt;
    }
    const std::size_t row = form.first[i].index / cols;
    const bool same = form.second.empty() || form.second[i].index == Part::none ||
                      form.second[i].index / cols == row;
    if (!same || filled[row] == result.width) {
      return std::nullopt;
    }
    result.row[i] = static_cast<std::uint32_t>(row);
    result.rank[i] = filled[row];
    result.element[row * result.width + filled[row]++] = static_cast<std::uint32_t>(i);
  }
  return result;
}

} // namespace plena::passes
