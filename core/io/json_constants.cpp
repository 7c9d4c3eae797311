#include "io/json_constants.h"

#include "io/weights.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

namespace plena::io {

namespace {

constexpr const char* source_hint = "supported: seed, inline, base64, external";

void transpose(TensorSpec& spec) {
  const auto rows = static_cast<std::size_t>((*spec.shape)[0]);
  const auto cols = static_cast<std::size_t>((*spec.shape)[1]);
  std::vector<float>& floats = spec.values->floats;
  std::vector<float> turned(floats.size());
  for (std::size_t i = 0; i < floats.size(); ++i) {
    turned[i % cols * rows + i / cols] = floats[i];
  }
  floats = std::move(turned);
  std::swap((*spec.shape)[0], (*spec.shape)[1]);
}

} // namespace

// ---- what the document says

void JsonConstants::read_weights(const json& document) {
  const json* weights = fields_.object_member(document, "", "weights", false);
  if (weights == nullptr) {
    return;
  }
  fields_.check_keys(
    *weights, "/weights", {"source", "generator", "seed", "naming", "std", "tensors"}, true
  );
  read_source(*weights);
  const auto generator_name = fields_.text(*weights, "/weights", "generator");
  if (generator_name && *generator_name != "ih4") {
    fields_.error(
      "E_RANGE",
      "/weights/generator",
      "generator \"" + *generator_name + "\" is not known",
      "supported: ih4"
    );
  }
  rule_.seed = fields_.seed(*weights, "/weights").value_or(rule_.seed);
  if (const json* std = fields_.object_member(*weights, "/weights", "std", false)) {
    read_std(*std);
  }
  overrides_ = fields_.object_member(*weights, "/weights", "tensors", false);
}

void JsonConstants::read_source(const json& weights) {
  const std::string place = "/weights/source";
  const json* kind = fields_.member(weights, "/weights", "source", true);
  if (kind == nullptr || !fields_.expect(kind->is_string(), *kind, place, "a text")) {
    return;
  }
  if (*kind != "seed" && *kind != "inline" && *kind != "base64" && *kind != "external") {
    fields_.error("E_RANGE", place, "source " + kind->dump() + " is not known", source_hint);
  }
  rule_.active = *kind == "seed";
}

void JsonConstants::read_std(const json& std) {
  const std::string path = "/weights/std";
  fields_.check_keys(
    std, path, {"matrix", "norm", "bias", "embedding", "position_embedding"}, true
  );
  if (const json* matrix = fields_.member(std, path, "matrix", false);
      matrix != nullptr && *matrix != "1/sqrt(fan_in)") {
    rule_.matrix = fields_.number(std, path, "matrix");
  }
  read_distribution(std, path, "norm", rule_.norm_mean, rule_.norm_std);
  read_distribution(std, path, "bias", rule_.bias_mean, rule_.bias_std);
}

/// `"ones"`, a standard deviation, or {mean, std}.
void JsonConstants::read_distribution(
  const json& parent, const std::string& path, const char* key, double& mean, double& std
) {
  const json* value = fields_.member(parent, path, key, false);
  if (value == nullptr || *value == "ones") {
    return;
  }
  if (value->is_object()) {
    fields_.check_keys(*value, child(path, key), {"mean", "std"}, true);
    mean = fields_.number(*value, child(path, key), "mean").value_or(mean);
    std = fields_.number(*value, child(path, key), "std").value_or(std);
  } else {
    std = fields_.number(parent, path, key).value_or(std);
  }
}

void JsonConstants::add(
  std::optional<ir::TensorId> id, const std::string& name, const json& value
) {
  const std::string path = child("/graph/constants", name);
  auto spec = tensors_.spec(value, path, name);
  if (overrides_ != nullptr && overrides_->contains(name)) {
    const std::string other = child("/weights/tensors", name);
    auto given = tensors_.spec((*overrides_)[name], other, name);
    if (spec && given && spec->has_source()) {
      fields_.error(
        "E_WEIGHTS", other, "two sources for one tensor", "keep this one or that at " + path
      );
    } else if (spec && given && spec->shape && given->shape && *spec->shape != *given->shape) {
      fields_.error(
        "E_SHAPE",
        other,
        "shape " + ir::to_string(*given->shape) + ", expected " + ir::to_string(*spec->shape),
        "correct it here or at " + path
      );
    }
    if (spec && given && !given->shape) {
      given->shape = spec->shape;
    }
    spec = std::move(given);
  }
  if (spec && id && !spec->shape) {
    (void)fields_.member(value, path, "shape", true);
  } else if (spec && id) {
    specs_.emplace(*id, std::move(*spec));
  }
}

void JsonConstants::check_overrides(const std::map<std::string, ir::TensorId>& names) {
  if (overrides_ == nullptr) {
    return;
  }
  for (const auto& [name, value] : overrides_->items()) {
    if (!names.contains(name)) {
      fields_.error(
        "E_WEIGHTS",
        child("/weights/tensors", name),
        "no constant has this name",
        "remove it, or add the constant to `graph.constants`"
      );
    }
  }
}

// ---- what comes of it

std::map<ir::TensorId, JsonConstants::Usage> JsonConstants::usages(const ir::Graph& graph) const {
  std::map<ir::TensorId, Usage> result;
  for (const ir::Node& node : graph.nodes) {
    const bool norm = node.op == "rms_norm" || node.op == "layer_norm" || node.op == "mul_vec";
    for (std::size_t i = 0; i < node.inputs.size(); ++i) {
      if (!specs_.contains(node.inputs[i])) {
        continue;
      }
      Usage& usage = result[node.inputs[i]];
      if (node.op == "linear" && i == 1) {
        const auto given = node.attrs.find("transposed");
        const bool transposed = given != node.attrs.end() && given->second == ir::Attr(std::int64_t{1});
        (transposed ? usage.transposed : usage.weight) = true;
      } else {
        (norm && i == 1 ? usage.gain : usage.other) = true;
      }
    }
  }
  for (const ir::TensorId output : graph.outputs) {
    if (specs_.contains(output)) {
      result.try_emplace(output, Usage{.other = true});
    }
  }
  return result;
}

void JsonConstants::resolve(ir::Graph& graph) {
  const auto used = usages(graph);
  for (auto& [id, spec] : specs_) {
    ir::Tensor& tensor = graph.tensor(id);
    const std::string path = child("/graph/constants", tensor.name);
    const auto entry = used.find(id);
    if (entry == used.end()) {
      fields_.error("E_GRAPH", path, "no node uses this constant", "remove it, or use it");
      continue;
    }
    const Usage usage = entry->second;
    const bool other = usage.gain || usage.other;
    if (usage.weight && (other || usage.transposed) && spec.out_in) {
      fields_.error(
        "E_GRAPH",
        path,
        "one constant is a weight of layout `out_in` and something else",
        "write it twice, or with layout `in_out`"
      );
      continue;
    }
    if (usage.transposed && other && !usage.weight && !spec.out_in) {
      fields_.error(
        "E_GRAPH",
        path,
        "one constant is a transposed weight of layout `in_out` and something else",
        "write it twice, or with layout `out_in`"
      );
      continue;
    }
    resolve_one(tensor, spec, usage, path);
  }
}

void JsonConstants::resolve_one(
  ir::Tensor& tensor, TensorSpec& spec, Usage usage, const std::string& path
) {
  if (!spec.has_source() && !seeded(tensor.name, spec, usage, path)) {
    return;
  }
  if (spec.generator) {
    const Generator& made = *spec.generator;
    const auto count = static_cast<std::size_t>(*ir::element_count(*spec.shape));
    spec.values = ir::Constant{.floats = ih4(made.name, made.seed, made.std, made.mean, count)};
  }
  for (const float value : spec.values->floats) {
    if (!std::isfinite(value)) {
      fields_.error("E_WEIGHTS", path, "a value is not finite", "give finite values");
      return;
    }
  }
  const bool turned = usage.weight ? spec.out_in : usage.transposed && !spec.out_in;
  if (turned && spec.shape->size() == 2) {
    transpose(spec);
  }
  tensor.dtype = spec.dtype;
  tensor.shape = *spec.shape;
  tensor.constant = std::move(*spec.values);
  tensor.known = true;
}

bool JsonConstants::seeded(
  const std::string& name, TensorSpec& spec, Usage usage, const std::string& path
) {
  const bool fits = tensors_.reserve(*spec.shape);
  if (!rule_.active || spec.dtype != ir::DType::F32 || spec.shape->empty() || !fits) {
    fields_.error(
      "E_WEIGHTS",
      path,
      "no values for this tensor",
      "give `values`, `base64`, `file`, `generator` or `fill`, or a `weights` section with source `seed`"
    );
    return false;
  }
  Generator made{.name = name, .seed = rule_.seed};
  if (spec.shape->size() >= 2) {
    const auto fan_in = static_cast<double>(*ir::element_count(*spec.shape) / spec.shape->front());
    made.std = rule_.matrix.value_or(1.0 / std::sqrt(fan_in));
  } else {
    made.mean = usage.gain ? rule_.norm_mean : rule_.bias_mean;
    made.std = usage.gain ? rule_.norm_std : rule_.bias_std;
  }
  spec.generator = std::move(made);
  return true;
}

} // namespace plena::io
