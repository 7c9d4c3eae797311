// The constants of a JSON document: their specifications, the section `weights` that overrides or
// seeds them, and the values that come of both. Internal to the JSON importer.
#pragma once

#include "io/json_tensors.h"

#include <map>

namespace plena::io {

class JsonConstants {
 public:
  JsonConstants(JsonFields& fields, JsonTensors& tensors) : fields_(fields), tensors_(tensors) {}

  /// Reads `weights`; comes first.
  void read_weights(const json& document);
  /// One entry of `graph.constants`; without an id (its name was refused) it is only checked.
  void add(std::optional<ir::TensorId> id, const std::string& name, const json& value);
  /// E_WEIGHTS for overrides of tensors that do not exist.
  void check_overrides(const std::map<std::string, ir::TensorId>& names);
  /// Gives every constant its values, once the graph has been read without errors.
  void resolve(ir::Graph& graph);

 private:
  /// The seeded rule of `weights`, for constants without a source of their own.
  struct SeedRule {
    bool active = false;
    std::uint64_t seed = 42;
    std::optional<double> matrix{}; ///< 1/sqrt(fan_in) when absent
    double norm_mean = 1;
    double norm_std = 0;
    double bias_mean = 0;
    double bias_std = 0;
  };
  /// How a constant is used decides its layout and its seeded distribution.
  struct Usage {
    bool weight = false; ///< second input of linear, (in, out)
    bool transposed = false; ///< the same, transposed: (out, in)
    bool gain = false;
    bool other = false;
  };

  void read_source(const json& weights);
  void read_std(const json& std);
  void read_distribution(
    const json& parent, const std::string& path, const char* key, double& mean, double& std
  );
  std::map<ir::TensorId, Usage> usages(const ir::Graph& graph) const;
  void resolve_one(ir::Tensor& tensor, TensorSpec& spec, Usage usage, const std::string& path);
  bool seeded(const std::string& name, TensorSpec& spec, Usage usage, const std::string& path);

  JsonFields& fields_;
  JsonTensors& tensors_;
  const json* overrides_ = nullptr;
  SeedRule rule_;
  std::map<ir::TensorId, TensorSpec> specs_;
};

} // namespace plena::io
