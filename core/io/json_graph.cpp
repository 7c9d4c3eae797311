#include "io/json_graph.h"

#include "base/text.h"
#include "ops/registry.h"

#include <algorithm>
#include <nlohmann/json.hpp>

namespace plena::io {

namespace {

constexpr const char* producer_hint =
  "tensors are graph inputs, constants and outputs of nodes; compare the spelling";

bool all_of(const json& array, bool (json::*holds)() const noexcept) {
  return std::all_of(array.begin(), array.end(), [&](const json& one) { return (one.*holds)(); });
}

} // namespace

void JsonGraph::read(const json& document, const json& graph) {
  const std::string path = "/graph";
  fields_.check_keys(graph, path, {"inputs", "constants", "nodes", "outputs", "value_info"}, true);
  graph_.name = fields_.text(document, "", "name").value_or("graph");
  if (const json* inputs = fields_.array_member(graph, path, "inputs", true)) {
    for (std::size_t i = 0; i < inputs->size(); ++i) {
      read_input((*inputs)[i], child("/graph/inputs", i));
    }
  }
  if (const json* constants = fields_.object_member(graph, path, "constants", false)) {
    for (const auto& [name, value] : constants->items()) {
      constants_.add(define(name, child("/graph/constants", name)), name, value);
    }
  }
  constants_.check_overrides(ids_);
  const json* nodes = fields_.array_member(graph, path, "nodes", true);
  if (nodes != nullptr && read_nodes(*nodes)) {
    read_outputs(graph);
    read_value_info(graph);
  }
}

/// A tensor that must be new.
std::optional<ir::TensorId> JsonGraph::define(const std::string& name, const std::string& path) {
  if (name.empty() || !ids_.try_emplace(name, ir::no_tensor).second) {
    fields_.error(
      "E_GRAPH",
      path,
      name.empty() ? "an empty name" : "tensor \"" + name + "\" has two producers",
      "give every tensor a name of its own"
    );
    return std::nullopt;
  }
  const ir::TensorId id = graph_.add_tensor({.name = name, .known = false});
  ids_[name] = id;
  return id;
}

void JsonGraph::read_input(const json& value, const std::string& path) {
  if (!fields_.object(value, path)) {
    return;
  }
  fields_.check_keys(value, path, {"name", "shape", "dtype", "memory"}, true);
  const json* name = fields_.member(value, path, "name", true);
  const json* dims = fields_.member(value, path, "shape", true);
  if (name == nullptr || dims == nullptr || !fields_.as_text(*name, child(path, "name"))) {
    return;
  }
  const auto given = tensors_.shape(*dims, child(path, "shape"));
  const auto type = tensors_.dtype(value, path);
  const auto memory = fields_.choice(value, path, "memory", {"hbm", "vector_sram"});
  const auto id = define(name->get<std::string>(), child(path, "name"));
  if (given && *ir::element_count(*given) > max_input_elements) {
    fields_.error(
      "E_RESOURCE",
      child(path, "shape"),
      "more than " + std::to_string(max_input_elements) + " elements",
      "use a smaller input"
    );
  } else if (given && type && id) {
    ir::Tensor& tensor = graph_.tensor(*id);
    tensor.shape = *given;
    tensor.dtype = *type;
    tensor.known = true;
    graph_.inputs.push_back(*id);
    graph_.input_specs.emplace_back().prestaged = memory == "vector_sram";
  }
}

// ---- nodes

bool JsonGraph::read_nodes(const json& nodes) {
  if (nodes.size() > options_.max_nodes) {
    fields_.error(
      "E_RESOURCE",
      "/graph/nodes",
      "more than " + std::to_string(options_.max_nodes) + " nodes",
      "split the model"
    );
    return false;
  }
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    ir::Node node{
      .name = {}, .op = {}, .inputs = {}, .outputs = {}, .position = static_cast<std::int64_t>(i)};
    read_node(nodes[i], child("/graph/nodes", i), node);
    node.origin = {node.name};
    graph_.add_node(std::move(node));
  }
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    connect(nodes[i], child("/graph/nodes", i), graph_.nodes[i]);
  }
  return true;
}

void JsonGraph::read_node(const json& value, const std::string& path, ir::Node& node) {
  if (!fields_.object(value, path)) {
    return;
  }
  fields_.check_keys(value, path, {"op", "name", "inputs", "outputs", "attrs"}, true);
  read_op(value, path, node);
  node.name =
    fields_.text(value, path, "name").value_or(node.op + "_" + std::to_string(node.position));
  read_attrs(value, path, node);
  const json* outputs = fields_.array_member(value, path, "outputs", true);
  for (std::size_t i = 0; outputs != nullptr && i < outputs->size(); ++i) {
    const std::string at = child(path + "/outputs", i);
    if (const auto name = fields_.as_text((*outputs)[i], at)) {
      node.outputs.push_back(define(*name, at).value_or(ir::no_tensor));
    }
  }
}

void JsonGraph::read_op(const json& value, const std::string& path, ir::Node& node) {
  if (fields_.member(value, path, "op", true) != nullptr) {
    node.op = fields_.text(value, path, "op").value_or("");
  }
  if (node.op.empty() || ops::find(node.op) != nullptr) {
    return;
  }
  Keys names;
  std::string list;
  for (const ops::Op& op : ops::all()) {
    names.push_back(op.name);
    list += (list.empty() ? "" : ", ") + std::string(op.name);
  }
  const auto near = nearest(node.op, names);
  fields_.error(
    "E_UNSUPPORTED_OP",
    child(path, "op"),
    "operator \"" + node.op + "\" is not supported",
    near ? "did you mean `" + std::string(*near) + "`?" : "supported: " + list
  );
}

void JsonGraph::read_attrs(const json& value, const std::string& path, ir::Node& node) {
  const json* attrs = fields_.object_member(value, path, "attrs", false);
  if (attrs == nullptr) {
    return;
  }
  for (const auto& [key, given] : attrs->items()) {
    if (given.is_number_integer()) {
      node.attrs[key] = given.get<std::int64_t>();
    } else if (given.is_number()) {
      node.attrs[key] = given.get<double>();
    } else if (given.is_string()) {
      node.attrs[key] = given.get<std::string>();
    } else if (given.is_array() && all_of(given, &json::is_number_integer)) {
      node.attrs[key] = given.get<std::vector<std::int64_t>>();
    } else if (given.is_array() && all_of(given, &json::is_number)) {
      node.attrs[key] = given.get<std::vector<double>>();
    } else {
      (void)fields_.expect(false, given, child(path + "/attrs", key), "a number, numbers or a text");
    }
  }
}

void JsonGraph::connect(const json& value, const std::string& path, ir::Node& node) {
  if (!value.is_object()) {
    return;
  }
  const json* inputs = fields_.array_member(value, path, "inputs", true);
  for (std::size_t i = 0; inputs != nullptr && i < inputs->size(); ++i) {
    const std::string at = child(path + "/inputs", i);
    const auto name = fields_.as_text((*inputs)[i], at);
    if (!name) {
      continue;
    }
    const auto found = ids_.find(*name);
    if (!name->empty() && found == ids_.end()) {
      fields_.error("E_GRAPH", at, "nothing produces \"" + *name + "\"", producer_hint);
    }
    node.inputs.push_back(name->empty() || found == ids_.end() ? ir::no_tensor : found->second);
  }
}

// ---- outputs and stated shapes

void JsonGraph::read_outputs(const json& graph) {
  const json* outputs = fields_.array_member(graph, "/graph", "outputs", true);
  if (outputs == nullptr) {
    return;
  }
  if (outputs->empty()) {
    fields_.error(
      "E_RANGE", "/graph/outputs", "a graph needs an output", "name the tensors that are results"
    );
  }
  for (std::size_t i = 0; i < outputs->size(); ++i) {
    const std::string at = child("/graph/outputs", i);
    const auto name = fields_.as_text((*outputs)[i], at);
    if (!name) {
      continue;
    }
    if (const auto found = ids_.find(*name); found != ids_.end()) {
      graph_.outputs.push_back(found->second);
    } else {
      fields_.error("E_GRAPH", at, "nothing produces " + (*outputs)[i].dump(), producer_hint);
    }
  }
}

void JsonGraph::read_value_info(const json& graph) {
  const json* infos = fields_.object_member(graph, "/graph", "value_info", false);
  if (infos == nullptr) {
    return;
  }
  for (const auto& [name, value] : infos->items()) {
    const std::string at = child("/graph/value_info", name);
    const auto given = tensors_.shape(value, at);
    const auto found = ids_.find(name);
    if (found == ids_.end()) {
      fields_.error("E_GRAPH", at, "no tensor has this name", producer_hint);
    } else if (given) {
      ir::Tensor& tensor = graph_.tensor(found->second);
      if (tensor.known && tensor.shape != *given) {
        fields_.error(
          "E_SHAPE",
          at,
          "shape " + ir::to_string(*given) + ", expected " + ir::to_string(tensor.shape),
          "state the shape that the tensor has, or nothing"
        );
      }
      tensor.shape = *given;
    }
  }
}

// ---- values of the inputs

void JsonGraph::read_input_values(const json& document) {
  const json* input = fields_.member(document, "", "input", true);
  if (input == nullptr || !fields_.object(*input, "/input")) {
    return;
  }
  fields_.check_keys(*input, "/input", {"kind", "tensor"}, true);
  const json* kind = fields_.member(*input, "/input", "kind", true);
  if (kind != nullptr && *kind != "tensor") {
    fields_.error(
      "E_RANGE",
      "/input/kind",
      "family graph takes inputs of the kind `tensor`, not " + kind->dump(),
      "write \"tensor\""
    );
    return;
  }
  const json* tensor = fields_.member(*input, "/input", "tensor", true);
  if (tensor == nullptr) {
    return;
  }
  if (tensor->is_array()) {
    for (std::size_t i = 0; i < tensor->size(); ++i) {
      describe_input((*tensor)[i], child("/input/tensor", i));
    }
  } else {
    describe_input(*tensor, "/input/tensor");
  }
}

void JsonGraph::describe_input(const json& value, const std::string& path) {
  if (!fields_.object(value, path)) {
    return;
  }
  const auto given = fields_.text(value, path, "name");
  const std::string name = given                       ? *given
                           : graph_.inputs.size() == 1 ? graph_.tensor(graph_.inputs[0]).name
                                                       : std::string();
  const auto spec = tensors_.spec(value, path, name);
  for (std::size_t i = 0; i < graph_.inputs.size(); ++i) {
    const ir::Tensor& tensor = graph_.tensor(graph_.inputs[i]);
    if (tensor.name != name) {
      continue;
    }
    if (spec && spec->shape && *spec->shape != tensor.shape) {
      fields_.error(
        "E_SHAPE",
        child(path, "shape"),
        "shape " + ir::to_string(*spec->shape) + ", expected " + ir::to_string(tensor.shape),
        "give values for the shape of the graph input"
      );
    } else if (spec && spec->has_source() && ir::is_float(spec->dtype) != ir::is_float(tensor.dtype)) {
      fields_.error(
        "E_TYPE",
        child(path, "dtype"),
        "the graph input is " + std::string(ir::info(tensor.dtype).name),
        "give the values in that type"
      );
    } else if (spec && spec->generator) {
      const Generator& made = *spec->generator;
      const bool prestaged = graph_.input_specs[i].prestaged;
      graph_.input_specs[i] = {{}, made.name, made.seed, made.std, made.mean, prestaged};
    } else if (spec) {
      graph_.input_specs[i].values = spec->values;
    }
    return;
  }
  fields_.error(
    "E_GRAPH", path, "no graph input is called \"" + name + "\"", "name one of `graph.inputs`"
  );
}

} // namespace plena::io
