#include "io/export_json.h"

#include "base/sha256.h"
#include "io/base64.h"
#include "ir/choices.h"

#include <cmath>
#include <cstring>
#include <nlohmann/json.hpp>
#include <set>

namespace plena::io {

namespace {

using nlohmann::json;

/// Longer constants are written as base64.
constexpr std::size_t max_readable = 64;

/// Where long constants go instead of into the document.
struct Beside {
  std::string file;
  std::vector<std::uint8_t> bytes{};
};

std::vector<std::uint8_t> bytes_of(const ir::Constant& constant, bool floats) {
  std::vector<std::uint8_t> bytes;
  const auto append = [&](const auto& values) {
    using Value = typename std::decay_t<decltype(values)>::value_type;
    bytes.resize(values.size() * sizeof(Value));
    if (!values.empty()) {
      std::memcpy(bytes.data(), values.data(), bytes.size());
    }
  };
  if (floats) {
    append(constant.floats);
  } else {
    append(constant.ints);
  }
  return bytes;
}

/// Values are written as they are held: f32 or i64, whatever the declared type was.
json tensor_spec(
  const ir::Shape& shape, bool floats, const ir::Constant& constant, Beside* beside = nullptr
) {
  json spec{{"shape", shape}, {"dtype", floats ? "f32" : "i64"}};
  bool readable = constant.floats.size() + constant.ints.size() <= max_readable;
  for (const float value : constant.floats) {
    readable = readable && std::isfinite(value);
  }
  if (!readable) {
    const std::vector<std::uint8_t> bytes = bytes_of(constant, floats);
    if (beside == nullptr) {
      spec["base64"] = base64_encode(bytes);
    } else {
      spec["file"] = beside->file;
      spec["offset"] = beside->bytes.size();
      spec["length"] = bytes.size();
      spec["sha256"] = sha256_hex(bytes);
      beside->bytes.insert(beside->bytes.end(), bytes.begin(), bytes.end());
    }
  } else if (floats) {
    spec["values"] = constant.floats;
  } else {
    spec["values"] = constant.ints;
  }
  return spec;
}

json node_json(const ir::Graph& graph, const ir::Node& node) {
  const auto names = [&](const std::vector<ir::TensorId>& ids) {
    json list = json::array();
    for (const ir::TensorId id : ids) {
      list.push_back(id == ir::no_tensor ? "" : graph.tensor(id).name);
    }
    return list;
  };
  json result{
    {"op", node.op},
    {"name", node.name},
    {"inputs", names(node.inputs)},
    {"outputs", names(node.outputs)}};
  for (const auto& entry : node.attrs) {
    std::visit([&](const auto& held) { result["attrs"][entry.first] = held; }, entry.second);
  }
  if (!node.origin.empty()) {
    result["x-origin"] = node.origin;
  }
  return result;
}

json input_json(const ir::Graph& graph, std::size_t number) {
  const ir::Tensor& tensor = graph.tensor(graph.inputs[number]);
  const ir::InputSpec spec =
    graph.input_specs.empty() ? ir::InputSpec{} : graph.input_specs[number];
  json result{{"shape", tensor.shape}};
  if (spec.values) {
    result = tensor_spec(tensor.shape, ir::is_float(tensor.dtype), *spec.values);
  } else if (ir::is_float(tensor.dtype)) {
    result["generator"] = "ih4";
    result["seed"] = spec.seed;
    result["std"] = spec.std;
    result["mean"] = spec.mean;
  }
  result["name"] = tensor.name;
  return result;
}

json choice_json(const std::string& chosen) {
  return chosen.empty() ? json(nullptr) : json(chosen);
}
json choice_json(const std::optional<bool>& chosen) {
  return chosen ? json(*chosen) : json(nullptr);
}

json run_json(const ir::RunChoices& run) {
  json result = json::object();
  ir::visit_choices(run, [&](const char* name, const auto& chosen) {
    if (const json value = choice_json(chosen); !value.is_null()) {
      result[name] = value;
    }
  });
  if (!run.hardware.empty()) {
    result["hardware"] = run.hardware;
  }
  return result;
}

std::string document_of(const ir::Graph& graph, Beside* beside) {
  json inputs = json::array();
  json values = json::array();
  for (std::size_t i = 0; i < graph.inputs.size(); ++i) {
    const ir::Tensor& tensor = graph.tensor(graph.inputs[i]);
    const bool floats = ir::is_float(tensor.dtype);
    inputs.push_back(
      {{"name", tensor.name}, {"shape", tensor.shape}, {"dtype", floats ? "f32" : "i64"}}
    );
    if (!graph.input_specs.empty() && graph.input_specs[i].prestaged) {
      inputs.back()["memory"] = "vector_sram";
    }
    values.push_back(input_json(graph, i));
  }
  std::set<ir::TensorId> weights;
  json nodes = json::array();
  for (const ir::Node& node : graph.nodes) {
    nodes.push_back(node_json(graph, node));
    const bool transposed = node.attrs.contains("transposed") &&
                            node.attrs.at("transposed") != ir::Attr(std::int64_t{0});
    if (node.op == "linear" && node.inputs.size() > 1 && !transposed) {
      weights.insert(node.inputs[1]);
    }
  }
  json constants = json::object();
  json shapes = json::object();
  for (std::size_t t = 0; t < graph.tensors.size(); ++t) {
    const ir::Tensor& tensor = graph.tensors[t];
    if (tensor.constant) {
      json& spec = constants[tensor.name];
      spec = tensor_spec(tensor.shape, ir::is_float(tensor.dtype), *tensor.constant, beside);
      if (weights.contains(static_cast<ir::TensorId>(t))) {
        spec["layout"] = "in_out";
      }
    } else if (!tensor.shape.empty()) {
      shapes[tensor.name] = tensor.shape;
    }
  }
  json outputs = json::array();
  for (const ir::TensorId id : graph.outputs) {
    outputs.push_back(graph.tensor(id).name);
  }
  json document{
    {"plena_model", 1},
    {"name", graph.name},
    {"family", "graph"},
    {"graph",
     {{"inputs", inputs},
      {"constants", constants},
      {"nodes", nodes},
      {"outputs", outputs},
      {"value_info", shapes}}},
    {"weights", {{"source", beside == nullptr ? "inline" : "external"}}},
    {"input", {{"kind", "tensor"}, {"tensor", values}}}};
  if (json run = run_json(graph.run); !run.empty()) {
    document["run"] = std::move(run);
  }
  return document.dump(1);
}

} // namespace

std::string export_json(const ir::Graph& graph) { return document_of(graph, nullptr); }

ExportedModel export_json_beside(const ir::Graph& graph, const std::string& file) {
  Beside beside{file};
  std::string json = document_of(graph, &beside);
  return {std::move(json), std::move(beside.bytes)};
}

} // namespace plena::io
