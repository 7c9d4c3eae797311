// The sections `graph` and `input` of a JSON document. Internal to the JSON importer.
#pragma once

#include "io/importer.h"
#include "io/json_constants.h"

namespace plena::io {

class JsonGraph {
 public:
  JsonGraph(
    JsonFields& fields, JsonTensors& tensors, JsonConstants& constants, const ImportOptions& options
  )
      : fields_(fields),
        tensors_(tensors),
        constants_(constants),
        options_(options) {}

  /// Fills the graph but for the values of its constants.
  void read(const json& document, const json& graph);
  /// `input`: where the values of the graph's inputs come from.
  void read_input_values(const json& document);

  ir::Graph& graph() { return graph_; }

 private:
  std::optional<ir::TensorId> define(const std::string& name, const std::string& path);
  void read_input(const json& value, const std::string& path);
  /// False when there are too many to go on.
  bool read_nodes(const json& nodes);
  void read_node(const json& value, const std::string& path, ir::Node& node);
  void read_op(const json& value, const std::string& path, ir::Node& node);
  void read_attrs(const json& value, const std::string& path, ir::Node& node);
  void connect(const json& value, const std::string& path, ir::Node& node);
  void read_outputs(const json& graph);
  void read_value_info(const json& graph);
  void describe_input(const json& value, const std::string& path);

  JsonFields& fields_;
  JsonTensors& tensors_;
  JsonConstants& constants_;
  const ImportOptions& options_;
  ir::Graph graph_;
  std::map<std::string, ir::TensorId> ids_;
};

} // namespace plena::io
