// JSON models (.plena.json, version 1) to graphs: family `graph` with constants that are given,
// encoded, seeded or filled. Other families and tensors in separate files are refused by name. The
// schedule-related keys (`run`, `expect`) are checked for type and reported as not applied.
#include "base/text.h"
#include "io/base64.h"
#include "io/importer.h"
#include "io/json_syntax.h"
#include "io/weights.h"
#include "ir/verify.h"
#include "ops/infer.h"
#include "ops/registry.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <nlohmann/json.hpp>

namespace plena::io {

namespace {

using nlohmann::json;
using Keys = std::vector<std::string_view>;

constexpr std::int64_t version = 1;
constexpr std::size_t max_errors = 50;
/// Elements that generators and fills may make in one document.
constexpr std::int64_t max_generated = std::int64_t{1} << 28;

const Keys top_keys = {
  "plena_model",
  "name",
  "description",
  "family",
  "dims",
  "attention",
  "ffn",
  "norm",
  "lm_head",
  "connector",
  "vision",
  "text",
  "merge",
  "graph",
  "weights",
  "input",
  "run",
  "expect"};
const Keys tensor_keys = {
  "shape",
  "dtype",
  "values",
  "base64",
  "file",
  "offset",
  "length",
  "sha256",
  "key",
  "generator",
  "name",
  "seed",
  "std",
  "mean",
  "fill",
  "layout"};
const Keys run_keys = {
  "seq_len",
  "batch_size",
  "layers",
  "layer_start",
  "stop_after",
  "hardware",
  "precision",
  "references",
  "unroll",
  "roll_kv_groups",
  "conv_use_shift",
  "stage_checkpoints",
  "compat",
  "atol",
  "rtol",
  "min_allclose"};
constexpr std::string_view other_families[] = {
  "llama", "llada", "siglip_vision", "vlm", "gpt_oss", "qwen3_moe"};
constexpr ir::DType json_dtypes[] = {
  ir::DType::F32, ir::DType::F16, ir::DType::BF16, ir::DType::I32, ir::DType::I64, ir::DType::U8};

struct Generator {
  std::string name;
  std::uint64_t seed = 42;
  double std = 1;
  double mean = 0;
};

/// A tensor specification as read.
struct TensorSpec {
  ir::DType dtype = ir::DType::F32;
  std::optional<ir::Shape> shape{};
  std::optional<ir::Constant> values{};
  std::optional<Generator> generator{};
  bool out_in = true; ///< layout of a weight of `linear`

  bool has_source() const { return values || generator; }
};

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

class Reader {
 public:
  Reader(std::string_view file, const json& document, const ImportOptions& options)
      : file_(file),
        document_(document),
        options_(options) {}

  Result<ir::Graph> run() {
    if (check_header()) {
      const json* graph = member(document_, "", "graph", true);
      if (graph != nullptr && object(*graph, "/graph")) {
        read_weights();
        read_graph(*graph);
        read_input();
        ignored("run", run_keys);
        ignored("expect", {});
      }
    }
    if (errors_ == 0) {
      finish();
    }
    if (errors_ != 0) {
      return std::move(diagnostics_);
    }
    return {std::move(graph_), std::move(diagnostics_)};
  }

 private:
  // ---- messages and typed access

  void error(std::string code, std::string path, std::string message, std::string hint = {}) {
    if (++errors_ <= max_errors) {
      diagnostics_.push_back(
        {.code = std::move(code),
         .message = std::move(message),
         .hint = hint.empty() ? "correct the document at this place" : std::move(hint),
         .file = file_,
         .where = std::move(path)}
      );
    }
  }
  void warning(std::string code, std::string path, std::string message) {
    if (diagnostics_.size() < 2 * max_errors) {
      diagnostics_.push_back(
        {.severity = Severity::Warning,
         .code = std::move(code),
         .message = std::move(message),
         .file = file_,
         .where = std::move(path)}
      );
    }
  }
  static std::string child(const std::string& path, std::string_view key) {
    return path + "/" + pointer_step(key);
  }
  static std::string child(const std::string& path, std::size_t index) {
    return path + "/" + std::to_string(index);
  }

  bool expect(bool fits, const json& value, const std::string& path, std::string_view wanted) {
    if (!fits) {
      error(
        "E_TYPE",
        path,
        "expected " + std::string(wanted) + ", found " + std::string(value.type_name())
      );
    }
    return fits;
  }
  bool object(const json& value, const std::string& path) {
    return expect(value.is_object(), value, path, "an object");
  }
  bool array(const json& value, const std::string& path) {
    return expect(value.is_array(), value, path, "an array");
  }
  const json* member(const json& parent, const std::string& path, const char* key, bool required) {
    const auto found = parent.find(key);
    if (found != parent.end()) {
      return &*found;
    }
    if (required) {
      error("E_MISSING", child(path, key), "this key is required");
    }
    return nullptr;
  }
  void check_keys(const json& value, const std::string& path, const Keys& known, bool strict) {
    for (const auto& [key, ignored_value] : value.items()) {
      if (key.starts_with("x-") || std::find(known.begin(), known.end(), key) != known.end()) {
        continue;
      }
      const auto near = nearest(key, known);
      const std::string hint = near ? "did you mean `" + std::string(*near) + "`?" : std::string();
      if (strict) {
        error("E_UNKNOWN_KEY", child(path, key), "this key is not known", hint);
      } else {
        warning("W_IGNORED", child(path, key), "this key is not known and was ignored");
      }
    }
  }

  std::optional<std::string> text(const json& parent, const std::string& path, const char* key) {
    const json* value = member(parent, path, key, false);
    if (value == nullptr || !expect(value->is_string(), *value, child(path, key), "a text")) {
      return std::nullopt;
    }
    return value->get<std::string>();
  }
  std::optional<double> number(const json& parent, const std::string& path, const char* key) {
    const json* value = member(parent, path, key, false);
    if (value == nullptr || !expect(value->is_number(), *value, child(path, key), "a number")) {
      return std::nullopt;
    }
    return value->get<double>();
  }
  std::optional<std::uint64_t> seed(const json& parent, const std::string& path) {
    const json* value = member(parent, path, "seed", false);
    if (value == nullptr || !expect(value->is_number_unsigned(), *value, child(path, "seed"), "a whole number from 0")) {
      return std::nullopt;
    }
    return value->get<std::uint64_t>();
  }

  // ---- top level

  bool check_header() {
    if (!object(document_, "")) {
      return false;
    }
    if (const json* given = member(document_, "", "plena_model", true)) {
      const bool integer = expect(given->is_number_integer(), *given, "/plena_model", "an integer");
      if (integer && *given != version) {
        error(
          "E_VERSION",
          "/plena_model",
          "version " + given->dump() + " is not read",
          "this program reads version " + std::to_string(version)
        );
      }
    }
    check_keys(document_, "", top_keys, false);
    for (const char* key : {"name", "description"}) {
      (void)text(document_, "", key);
    }
    const json* given = member(document_, "", "family", true);
    if (given == nullptr || !expect(given->is_string(), *given, "/family", "a text")) {
      return false;
    }
    const auto family = given->get<std::string>();
    if (family == "graph") {
      return true;
    }
    const bool reserved = std::find(std::begin(other_families), std::end(other_families), family) !=
                          std::end(other_families);
    error(
      "E_FAMILY",
      "/family",
      "family \"" + family + "\" is " + (reserved ? "not supported yet" : "not known"),
      "supported now: graph"
    );
    return false;
  }

  /// A part of the document that is legal but not used.
  void ignored(const char* key, const Keys& keys) {
    const json* value = member(document_, "", key, false);
    const std::string path = child("", key);
    if (value == nullptr || !object(*value, path) || value->empty()) {
      return;
    }
    if (!keys.empty()) {
      check_keys(*value, path, keys, true);
    }
    warning("W_IGNORED", path, "not applied; the settings of the session decide");
  }

  // ---- tensors

  std::optional<ir::Shape> shape(const json& value, const std::string& path) {
    if (!array(value, path)) {
      return std::nullopt;
    }
    ir::Shape result;
    for (std::size_t i = 0; i < value.size(); ++i) {
      if (!expect(value[i].is_number_integer(), value[i], child(path, i), "an integer")) {
        return std::nullopt;
      }
      const bool huge =
        value[i].is_number_unsigned() &&
        value[i].get<std::uint64_t>() > static_cast<std::uint64_t>(ir::max_elements);
      result.push_back(huge ? -1 : value[i].get<std::int64_t>());
    }
    const auto count = ir::element_count(result);
    if (!count || *count == 0 || result.size() > 16) {
      error(
        "E_RANGE",
        path,
        "the shape " + value.dump() + " is empty or too large",
        "dimensions are whole numbers from 1"
      );
      return std::nullopt;
    }
    return result;
  }

  std::optional<ir::DType> dtype(const json& parent, const std::string& path) {
    const json* value = member(parent, path, "dtype", false);
    if (value == nullptr) {
      return ir::DType::F32;
    }
    const auto name = text(parent, path, "dtype");
    const auto found = name ? ir::parse_dtype(*name) : std::nullopt;
    if (name && (!found || std::find(std::begin(json_dtypes), std::end(json_dtypes), *found) == std::end(json_dtypes))) {
      error(
        "E_RANGE",
        child(path, "dtype"),
        "element type \"" + *name + "\" is not read",
        "types read: f32, f16, bf16, i32, i64, u8"
      );
      return std::nullopt;
    }
    return found;
  }

  /// Reads a specification; `name` is the generator's default.
  std::optional<TensorSpec>
  tensor_spec(const json& value, const std::string& path, const std::string& name) {
    if (!object(value, path)) {
      return std::nullopt;
    }
    check_keys(value, path, tensor_keys, true);
    TensorSpec spec;
    const auto type = dtype(value, path);
    if (const json* given = member(value, path, "shape", false)) {
      spec.shape = shape(*given, child(path, "shape"));
      if (!spec.shape) {
        return std::nullopt;
      }
    }
    if (const auto layout = text(value, path, "layout")) {
      spec.out_in = *layout == "out_in";
      if (!spec.out_in && *layout != "in_out") {
        error("E_RANGE", child(path, "layout"), "a layout is `out_in` or `in_out`");
      }
    }
    if (!type) {
      return std::nullopt;
    }
    spec.dtype = *type;
    return source(value, path, name, spec) ? std::optional(std::move(spec)) : std::nullopt;
  }

  bool
  source(const json& value, const std::string& path, const std::string& name, TensorSpec& spec) {
    std::string given;
    for (const char* key : {"values", "base64", "file", "generator", "fill"}) {
      if (value.contains(key)) {
        if (!given.empty()) {
          error("E_WEIGHTS", path, "two sources for one tensor: `" + given + "` and `" + key + "`");
          return false;
        }
        given = key;
      }
    }
    if (given.empty()) {
      return true;
    }
    if (given == "file") {
      error(
        "E_EXTERNAL_DATA",
        child(path, "file"),
        "tensors in separate files are not read yet",
        "put the values into the document as `base64`"
      );
      return false;
    }
    const bool half = spec.dtype == ir::DType::F16 || spec.dtype == ir::DType::BF16;
    if (half && given != "base64") {
      error("E_TYPE", path, "f16 and bf16 tensors are given as `base64` only", "use dtype f32");
      return false;
    }
    if (given != "values" && !spec.shape) {
      error("E_MISSING", child(path, "shape"), "this key is required");
      return false;
    }
    if (given == "values") {
      return values(value["values"], child(path, "values"), spec);
    }
    if (given == "base64") {
      return encoded(value, path, spec);
    }
    generated_ += *ir::element_count(*spec.shape);
    if (generated_ > max_generated) {
      error(
        "E_RESOURCE",
        child(path, "shape"),
        "generated tensors have more than " + std::to_string(max_generated) + " elements"
      );
      return false;
    }
    if (given == "fill") {
      const auto filled = number(value, path, "fill");
      const auto count = static_cast<std::size_t>(*ir::element_count(*spec.shape));
      if (filled && ir::is_float(spec.dtype)) {
        spec.values =
          ir::Constant{.floats = std::vector<float>(count, static_cast<float>(*filled))};
      } else if (filled && whole(*filled)) {
        spec.values = ir::Constant{
          .ints = std::vector<std::int64_t>(count, static_cast<std::int64_t>(*filled))};
      } else if (filled) {
        error("E_TYPE", child(path, "fill"), "expected a whole number");
      }
      return spec.values.has_value();
    }
    return generator(value, path, name, spec);
  }

  bool
  generator(const json& value, const std::string& path, const std::string& name, TensorSpec& spec) {
    const auto kind = text(value, path, "generator");
    if (!kind || *kind != "ih4" || !ir::is_float(spec.dtype)) {
      if (kind) {
        error("E_RANGE", child(path, "generator"), "only `ih4` for f32 tensors is known");
      }
      return false;
    }
    Generator made{.name = text(value, path, "name").value_or(name)};
    made.seed = seed(value, path).value_or(made.seed);
    made.std = number(value, path, "std").value_or(made.std);
    made.mean = number(value, path, "mean").value_or(made.mean);
    spec.generator = std::move(made);
    return true;
  }

  static bool whole(double value) {
    return std::fabs(value) < 0x1p62 && value == std::trunc(value);
  }

  /// Numbers, flat or nested as the shape says.
  bool values(const json& value, const std::string& path, TensorSpec& spec) {
    if (!spec.shape && value.is_array()) {
      error("E_MISSING", path, "a tensor with an array of values needs `shape`");
      return false;
    }
    const ir::Shape shape = spec.shape.value_or(ir::Shape{});
    ir::Constant constant;
    const bool nested = value.is_array() && !value.empty() && value[0].is_array();
    const auto count = static_cast<std::uint64_t>(*ir::element_count(shape));
    if (value.is_array() && !nested && value.size() != count) {
      error(
        "E_SHAPE",
        path,
        std::to_string(value.size()) + " values, expected " + std::to_string(count) +
          " for shape " + ir::to_string(shape)
      );
      return false;
    }
    const bool fits = nested ? append_nested(value, path, shape, 0, spec.dtype, constant)
                             : append_flat(value, path, spec.dtype, constant);
    if (!fits) {
      return false;
    }
    if (constant.floats.size() + constant.ints.size() != count) {
      error("E_SHAPE", path, "one value for shape " + ir::to_string(shape));
      return false;
    }
    spec.shape = shape;
    spec.values = std::move(constant);
    return true;
  }
  bool append_nested(
    const json& value,
    const std::string& path,
    const ir::Shape& shape,
    std::size_t depth,
    ir::DType type,
    ir::Constant& constant
  ) {
    if (depth == shape.size()) {
      return append(value, path, type, constant);
    }
    if (!array(value, path)) {
      return false;
    }
    if (static_cast<std::int64_t>(value.size()) != shape[depth]) {
      error(
        "E_SHAPE",
        path,
        std::to_string(value.size()) + " entries, expected " + std::to_string(shape[depth]) +
          " for shape " + ir::to_string(shape)
      );
      return false;
    }
    for (std::size_t i = 0; i < value.size(); ++i) {
      if (!append_nested(value[i], child(path, i), shape, depth + 1, type, constant)) {
        return false;
      }
    }
    return true;
  }
  bool
  append_flat(const json& value, const std::string& path, ir::DType type, ir::Constant& constant) {
    if (!value.is_array()) {
      return append(value, path, type, constant);
    }
    for (std::size_t i = 0; i < value.size(); ++i) {
      if (!append(value[i], child(path, i), type, constant)) {
        return false;
      }
    }
    return true;
  }
  bool append(const json& value, const std::string& path, ir::DType type, ir::Constant& constant) {
    if (!ir::is_float(type)) {
      if (!expect(value.is_number_integer(), value, path, "a whole number")) {
        return false;
      }
      constant.ints.push_back(value.get<std::int64_t>());
      return true;
    }
    if (value.is_number()) {
      constant.floats.push_back(value.get<float>());
      return true;
    }
    const float infinity = std::numeric_limits<float>::infinity();
    if (value == "inf" || value == "-inf") {
      constant.floats.push_back(value == "inf" ? infinity : -infinity);
      return true;
    }
    if (value == "nan") {
      constant.floats.push_back(std::numeric_limits<float>::quiet_NaN());
      return true;
    }
    return expect(false, value, path, "a number, \"inf\", \"-inf\" or \"nan\"");
  }

  bool encoded(const json& value, const std::string& path, TensorSpec& spec) {
    const auto given = text(value, path, "base64");
    if (!given) {
      return false;
    }
    const std::size_t width = ir::info(spec.dtype).bytes;
    const std::uint64_t wanted =
      static_cast<std::uint64_t>(*ir::element_count(*spec.shape)) * width;
    const auto bytes = base64_decode(*given);
    if (!bytes) {
      error("E_WEIGHTS", child(path, "base64"), "this is no base64 text");
      return false;
    }
    if (bytes->size() != wanted) {
      error(
        "E_WEIGHTS",
        child(path, "base64"),
        "byte length " + std::to_string(bytes->size()) + ", expected " + std::to_string(wanted)
      );
      return false;
    }
    spec.values = decode(*bytes, spec.dtype);
    return true;
  }
  template <class T> static T load(const std::uint8_t* at) {
    T value;
    std::memcpy(&value, at, sizeof(T));
    return value;
  }
  static ir::Constant decode(const std::vector<std::uint8_t>& bytes, ir::DType type) {
    ir::Constant constant;
    for (std::size_t at = 0; at < bytes.size(); at += ir::info(type).bytes) {
      const std::uint8_t* from = bytes.data() + at;
      switch (type) {
      case ir::DType::F32:
        constant.floats.push_back(load<float>(from));
        break;
      case ir::DType::F64:
        constant.floats.push_back(static_cast<float>(load<double>(from)));
        break;
      case ir::DType::F16:
        constant.floats.push_back(half_value(load<std::uint16_t>(from)));
        break;
      case ir::DType::BF16:
        constant.floats.push_back(bf16_value(load<std::uint16_t>(from)));
        break;
      case ir::DType::I64:
        constant.ints.push_back(load<std::int64_t>(from));
        break;
      case ir::DType::I32:
        constant.ints.push_back(load<std::int32_t>(from));
        break;
      case ir::DType::I16:
        constant.ints.push_back(load<std::int16_t>(from));
        break;
      case ir::DType::I8:
        constant.ints.push_back(load<std::int8_t>(from));
        break;
      case ir::DType::U8:
      case ir::DType::Bool:
        constant.ints.push_back(*from);
        break;
      }
    }
    return constant;
  }

  // ---- weights

  void read_weights() {
    const json* weights = member(document_, "", "weights", false);
    if (weights == nullptr || !object(*weights, "/weights")) {
      return;
    }
    check_keys(
      *weights, "/weights", {"source", "generator", "seed", "naming", "std", "tensors"}, true
    );
    const json* kind = member(*weights, "/weights", "source", true);
    if (kind != nullptr && expect(kind->is_string(), *kind, "/weights/source", "a text")) {
      if (*kind == "external") {
        error(
          "E_EXTERNAL_DATA",
          "/weights/source",
          "tensors in separate files are not read yet",
          "supported: seed, inline, base64"
        );
      } else if (*kind != "seed" && *kind != "inline" && *kind != "base64") {
        error(
          "E_RANGE",
          "/weights/source",
          "source " + kind->dump() + " is not known",
          "supported: seed, inline, base64"
        );
      }
      rule_.active = *kind == "seed";
    }
    const auto generator_name = text(*weights, "/weights", "generator");
    if (generator_name && *generator_name != "ih4") {
      error("E_RANGE", "/weights/generator", "only `ih4` is known");
    }
    rule_.seed = seed(*weights, "/weights").value_or(rule_.seed);
    if (const json* std = member(*weights, "/weights", "std", false)) {
      read_std(*std);
    }
    const json* tensors = member(*weights, "/weights", "tensors", false);
    if (tensors != nullptr && object(*tensors, "/weights/tensors")) {
      overrides_ = tensors;
    }
  }

  void read_std(const json& std) {
    const std::string path = "/weights/std";
    if (!object(std, path)) {
      return;
    }
    check_keys(std, path, {"matrix", "norm", "bias", "embedding", "position_embedding"}, true);
    if (const json* matrix = member(std, path, "matrix", false);
        matrix != nullptr && *matrix != "1/sqrt(fan_in)") {
      rule_.matrix = number(std, path, "matrix");
    }
    read_distribution(std, path, "norm", rule_.norm_mean, rule_.norm_std);
    read_distribution(std, path, "bias", rule_.bias_mean, rule_.bias_std);
  }
  /// `"ones"`, a standard deviation, or {mean, std}.
  void read_distribution(
    const json& parent, const std::string& path, const char* key, double& mean, double& std
  ) {
    const json* value = member(parent, path, key, false);
    if (value == nullptr || *value == "ones") {
      return;
    }
    if (value->is_object()) {
      check_keys(*value, child(path, key), {"mean", "std"}, true);
      mean = number(*value, child(path, key), "mean").value_or(mean);
      std = number(*value, child(path, key), "std").value_or(std);
    } else {
      std = number(parent, path, key).value_or(std);
    }
  }

  // ---- graph

  std::optional<ir::TensorId> define(const std::string& name, const std::string& path) {
    if (name.empty() || !ids_.try_emplace(name, ir::no_tensor).second) {
      error(
        "E_GRAPH",
        path,
        name.empty() ? "an empty name" : "tensor \"" + name + "\" has two producers"
      );
      return std::nullopt;
    }
    const ir::TensorId id = graph_.add_tensor({.name = name, .known = false});
    ids_[name] = id;
    return id;
  }

  void read_graph(const json& graph) {
    const std::string path = "/graph";
    check_keys(graph, path, {"inputs", "constants", "nodes", "outputs", "value_info"}, true);
    graph_.name = text(document_, "", "name").value_or("graph");
    const json* inputs = member(graph, path, "inputs", true);
    for (std::size_t i = 0;
         inputs != nullptr && array(*inputs, "/graph/inputs") && i < inputs->size();
         ++i) {
      read_graph_input((*inputs)[i], child("/graph/inputs", i));
    }
    const json* nodes = member(graph, path, "nodes", true);
    const json* constants = member(graph, path, "constants", false);
    if (constants != nullptr && object(*constants, "/graph/constants")) {
      for (const auto& [name, value] : constants->items()) {
        read_constant(name, value);
      }
    }
    check_overrides();
    if (nodes == nullptr || !array(*nodes, "/graph/nodes")) {
      return;
    }
    if (nodes->size() > options_.max_nodes) {
      error(
        "E_RESOURCE", "/graph/nodes", "more than " + std::to_string(options_.max_nodes) + " nodes"
      );
      return;
    }
    for (std::size_t i = 0; i < nodes->size(); ++i) {
      read_node((*nodes)[i], i);
    }
    for (std::size_t i = 0; i < nodes->size(); ++i) {
      connect((*nodes)[i], i);
    }
    read_outputs(graph);
    read_value_info(graph);
  }

  void read_graph_input(const json& value, const std::string& path) {
    if (!object(value, path)) {
      return;
    }
    check_keys(value, path, {"name", "shape", "dtype"}, true);
    const json* name = member(value, path, "name", true);
    const json* dims = member(value, path, "shape", true);
    if (name == nullptr || dims == nullptr || !expect(name->is_string(), *name, child(path, "name"), "a text")) {
      return;
    }
    const auto given = shape(*dims, child(path, "shape"));
    const auto type = dtype(value, path);
    const auto id = define(name->get<std::string>(), child(path, "name"));
    if (given && *ir::element_count(*given) > max_input_elements) {
      error(
        "E_RESOURCE",
        child(path, "shape"),
        "more than " + std::to_string(max_input_elements) + " elements"
      );
    } else if (given && type && id) {
      ir::Tensor& tensor = graph_.tensor(*id);
      tensor.shape = *given;
      tensor.dtype = *type;
      tensor.known = true;
      graph_.inputs.push_back(*id);
      graph_.input_specs.emplace_back();
    }
  }

  void read_constant(const std::string& name, const json& value) {
    const std::string path = child("/graph/constants", name);
    auto spec = tensor_spec(value, path, name);
    const auto id = define(name, path);
    if (overrides_ != nullptr && overrides_->contains(name)) {
      const std::string other = child("/weights/tensors", name);
      auto given = tensor_spec((*overrides_)[name], other, name);
      if (spec && given && spec->has_source()) {
        error("E_WEIGHTS", other, "two sources for one tensor");
      } else if (spec && given && spec->shape && given->shape && *spec->shape != *given->shape) {
        error(
          "E_SHAPE",
          other,
          "shape " + ir::to_string(*given->shape) + ", expected " + ir::to_string(*spec->shape)
        );
      }
      if (spec && given && !given->shape) {
        given->shape = spec->shape;
      }
      spec = std::move(given);
    }
    if (spec && id && !spec->shape) {
      error("E_MISSING", child(path, "shape"), "this key is required");
    } else if (spec && id) {
      specs_.emplace(*id, std::move(*spec));
    }
  }

  void check_overrides() {
    if (overrides_ == nullptr) {
      return;
    }
    for (const auto& [name, value] : overrides_->items()) {
      if (!ids_.contains(name)) {
        error("E_WEIGHTS", child("/weights/tensors", name), "no constant has this name");
      }
    }
  }

  void read_node(const json& value, std::size_t position) {
    const std::string path = child("/graph/nodes", position);
    ir::Node node{
      .name = {},
      .op = {},
      .inputs = {},
      .outputs = {},
      .position = static_cast<std::int64_t>(position)};
    if (object(value, path)) {
      check_keys(value, path, {"op", "name", "inputs", "outputs", "attrs"}, true);
      if (member(value, path, "op", true) != nullptr) {
        node.op = text(value, path, "op").value_or("");
      }
      if (!node.op.empty() && ops::find(node.op) == nullptr) {
        Keys names;
        std::string list;
        for (const ops::Op& op : ops::all()) {
          names.push_back(op.name);
          list += (list.empty() ? "" : ", ") + std::string(op.name);
        }
        const auto near = nearest(node.op, names);
        error(
          "E_UNSUPPORTED_OP",
          child(path, "op"),
          "operator \"" + node.op + "\" is not supported",
          near ? "did you mean `" + std::string(*near) + "`?" : "supported: " + list
        );
      }
      node.name = text(value, path, "name").value_or(node.op + "_" + std::to_string(position));
      read_attrs(value, path, node);
      const json* outputs = member(value, path, "outputs", true);
      for (std::size_t i = 0;
           outputs != nullptr && array(*outputs, path + "/outputs") && i < outputs->size();
           ++i) {
        const std::string at = child(path + "/outputs", i);
        if (expect((*outputs)[i].is_string(), (*outputs)[i], at, "a text")) {
          const auto id = define((*outputs)[i].get<std::string>(), at);
          node.outputs.push_back(id.value_or(ir::no_tensor));
        }
      }
    }
    node.origin = {node.name};
    graph_.add_node(std::move(node));
  }

  void read_attrs(const json& value, const std::string& path, ir::Node& node) {
    const json* attrs = member(value, path, "attrs", false);
    if (attrs == nullptr || !object(*attrs, path + "/attrs")) {
      return;
    }
    for (const auto& [key, given] : attrs->items()) {
      if (given.is_number_integer()) {
        node.attrs[key] = given.get<std::int64_t>();
      } else if (given.is_number()) {
        node.attrs[key] = given.get<double>();
      } else if (given.is_string()) {
        node.attrs[key] = given.get<std::string>();
      } else {
        error(
          "E_TYPE",
          child(path + "/attrs", key),
          "expected a number or a text, found " + std::string(given.type_name())
        );
      }
    }
  }

  void connect(const json& value, std::size_t position) {
    const std::string path = child("/graph/nodes", position);
    if (!value.is_object()) {
      return;
    }
    const json* inputs = member(value, path, "inputs", true);
    for (std::size_t i = 0;
         inputs != nullptr && array(*inputs, path + "/inputs") && i < inputs->size();
         ++i) {
      const std::string at = child(path + "/inputs", i);
      if (!expect((*inputs)[i].is_string(), (*inputs)[i], at, "a text")) {
        continue;
      }
      const auto name = (*inputs)[i].get<std::string>();
      const auto found = ids_.find(name);
      if (!name.empty() && found == ids_.end()) {
        error("E_GRAPH", at, "nothing produces \"" + name + "\"");
      }
      graph_.nodes[position].inputs.push_back(
        name.empty() || found == ids_.end() ? ir::no_tensor : found->second
      );
    }
  }

  void read_outputs(const json& graph) {
    const json* outputs = member(graph, "/graph", "outputs", true);
    if (outputs == nullptr || !array(*outputs, "/graph/outputs")) {
      return;
    }
    if (outputs->empty()) {
      error("E_RANGE", "/graph/outputs", "a graph needs an output");
    }
    for (std::size_t i = 0; i < outputs->size(); ++i) {
      const std::string at = child("/graph/outputs", i);
      if (!expect((*outputs)[i].is_string(), (*outputs)[i], at, "a text")) {
        continue;
      }
      const auto found = ids_.find((*outputs)[i].get<std::string>());
      if (found == ids_.end()) {
        error("E_GRAPH", at, "nothing produces " + (*outputs)[i].dump());
      } else {
        graph_.outputs.push_back(found->second);
      }
    }
  }

  void read_value_info(const json& graph) {
    const json* infos = member(graph, "/graph", "value_info", false);
    if (infos == nullptr || !object(*infos, "/graph/value_info")) {
      return;
    }
    for (const auto& [name, value] : infos->items()) {
      const std::string at = child("/graph/value_info", name);
      const auto given = shape(value, at);
      const auto found = ids_.find(name);
      if (found == ids_.end()) {
        error("E_GRAPH", at, "no tensor has this name");
      } else if (given) {
        ir::Tensor& tensor = graph_.tensor(found->second);
        if (tensor.known && tensor.shape != *given) {
          error(
            "E_SHAPE",
            at,
            "shape " + ir::to_string(*given) + ", expected " + ir::to_string(tensor.shape)
          );
        }
        tensor.shape = *given;
      }
    }
  }

  // ---- inputs

  void read_input() {
    const json* input = member(document_, "", "input", true);
    if (input == nullptr || !object(*input, "/input")) {
      return;
    }
    check_keys(*input, "/input", {"kind", "tensor"}, true);
    const json* kind = member(*input, "/input", "kind", true);
    if (kind != nullptr && *kind != "tensor") {
      error(
        "E_RANGE",
        "/input/kind",
        "family graph takes inputs of the kind `tensor`, not " + kind->dump()
      );
      return;
    }
    const json* tensor = member(*input, "/input", "tensor", true);
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

  void describe_input(const json& value, const std::string& path) {
    if (!object(value, path)) {
      return;
    }
    const auto given = text(value, path, "name");
    const std::string name = given                       ? *given
                             : graph_.inputs.size() == 1 ? graph_.tensor(graph_.inputs[0]).name
                                                         : std::string();
    const auto spec = tensor_spec(value, path, name);
    for (std::size_t i = 0; i < graph_.inputs.size(); ++i) {
      const ir::Tensor& tensor = graph_.tensor(graph_.inputs[i]);
      if (tensor.name != name) {
        continue;
      }
      if (spec && spec->shape && *spec->shape != tensor.shape) {
        error(
          "E_SHAPE",
          child(path, "shape"),
          "shape " + ir::to_string(*spec->shape) + ", expected " + ir::to_string(tensor.shape)
        );
      } else if (spec && spec->has_source() && ir::is_float(spec->dtype) != ir::is_float(tensor.dtype)) {
        error(
          "E_TYPE",
          child(path, "dtype"),
          "the graph input is " + std::string(ir::info(tensor.dtype).name)
        );
      } else if (spec && spec->generator) {
        const Generator& made = *spec->generator;
        graph_.input_specs[i] = {{}, made.name, made.seed, made.std, made.mean};
      } else if (spec) {
        graph_.input_specs[i].values = spec->values;
      }
      return;
    }
    error("E_GRAPH", path, "no graph input is called \"" + name + "\"");
  }

  // ---- after everything has been read

  void finish() {
    resolve_constants();
    if (errors_ != 0) {
      return;
    }
    if (const auto cycle = ir::sort_nodes(graph_); !cycle.empty()) {
      const ir::Node& node = graph_.node(cycle.front());
      error(
        "E_GRAPH",
        child("/graph/nodes", static_cast<std::size_t>(node.position)),
        std::to_string(cycle.size()) + " nodes lie on or behind a cycle"
      );
      return;
    }
    Status legal = ir::verify(graph_, ir::Level::Imported);
    if (legal) {
      legal = ops::infer_shapes(graph_);
    }
    for (const Diagnostic& diagnostic : legal.diagnostics()) {
      error(diagnostic.code, pointer_of(diagnostic.where), diagnostic.message, diagnostic.hint);
    }
    for (ir::Tensor& tensor : graph_.tensors) {
      tensor.known = true;
    }
  }

  /// The node that a message of the operators is about, as a pointer; else the message's own place.
  std::string pointer_of(const std::string& where) const {
    for (const ir::Node& node : graph_.nodes) {
      if (where == node.name + " (" + node.op + ")") {
        return child("/graph/nodes", static_cast<std::size_t>(node.position));
      }
    }
    return where;
  }

  /// How a constant is used decides its layout and its seeded distribution.
  struct Usage {
    bool weight = false; ///< second input of linear
    bool gain = false;
    bool other = false;
  };

  void resolve_constants() {
    std::map<ir::TensorId, Usage> usages;
    for (const ir::Node& node : graph_.nodes) {
      for (std::size_t i = 0; i < node.inputs.size(); ++i) {
        if (!specs_.contains(node.inputs[i])) {
          continue;
        }
        Usage& usage = usages[node.inputs[i]];
        const bool norm = node.op == "rms_norm" || node.op == "layer_norm" || node.op == "mul_vec";
        (node.op == "linear" && i == 1 ? usage.weight
         : norm && i == 1              ? usage.gain
                                       : usage.other) = true;
      }
    }
    for (auto& [id, spec] : specs_) {
      const ir::Tensor& tensor = graph_.tensor(id);
      const std::string path = child("/graph/constants", tensor.name);
      const auto used = usages.find(id);
      const bool output =
        std::find(graph_.outputs.begin(), graph_.outputs.end(), id) != graph_.outputs.end();
      if (used == usages.end() && !output) {
        error("E_GRAPH", path, "no node uses this constant");
        continue;
      }
      const Usage usage = used == usages.end() ? Usage{.other = true} : used->second;
      if (usage.weight && (usage.gain || usage.other) && spec.out_in) {
        error(
          "E_GRAPH",
          path,
          "one constant is a weight of layout `out_in` and something else",
          "write it twice, or with layout `in_out`"
        );
        continue;
      }
      resolve_constant(id, spec, usage, path);
    }
  }

  void
  resolve_constant(ir::TensorId id, TensorSpec& spec, const Usage& usage, const std::string& path) {
    ir::Tensor& tensor = graph_.tensor(id);
    const auto count = static_cast<std::size_t>(*ir::element_count(*spec.shape));
    if (!spec.has_source() && !seeded(tensor.name, spec, usage, path)) {
      return;
    }
    if (spec.generator) {
      const Generator& made = *spec.generator;
      spec.values = ir::Constant{.floats = ih4(made.name, made.seed, made.std, made.mean, count)};
    }
    for (const float value : spec.values->floats) {
      if (!std::isfinite(value)) {
        error("E_WEIGHTS", path, "a value is not finite");
        return;
      }
    }
    if (usage.weight && spec.out_in && spec.shape->size() == 2) {
      transpose(spec);
    }
    tensor.dtype = spec.dtype;
    tensor.shape = *spec.shape;
    tensor.constant = std::move(*spec.values);
    tensor.known = true;
  }

  bool
  seeded(const std::string& name, TensorSpec& spec, const Usage& usage, const std::string& path) {
    generated_ += *ir::element_count(*spec.shape);
    if (!rule_.active || spec.dtype != ir::DType::F32 || spec.shape->empty() || generated_ > max_generated) {
      error(
        "E_WEIGHTS",
        path,
        "no values for this tensor",
        "give `values`, `base64`, `generator` or `fill`, or a `weights` section with source `seed`"
      );
      return false;
    }
    Generator made{.name = name, .seed = rule_.seed};
    if (spec.shape->size() >= 2) {
      const auto fan_in =
        static_cast<double>(*ir::element_count(*spec.shape) / spec.shape->front());
      made.std = rule_.matrix.value_or(1.0 / std::sqrt(fan_in));
    } else {
      made.mean = usage.gain ? rule_.norm_mean : rule_.bias_mean;
      made.std = usage.gain ? rule_.norm_std : rule_.bias_std;
    }
    spec.generator = std::move(made);
    return true;
  }

  static void transpose(TensorSpec& spec) {
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

  std::string file_;
  const json& document_;
  const ImportOptions& options_;
  ir::Graph graph_;
  std::map<std::string, ir::TensorId> ids_;
  std::map<ir::TensorId, TensorSpec> specs_;
  SeedRule rule_;
  const json* overrides_ = nullptr;
  std::int64_t generated_ = 0;
  Diagnostics diagnostics_;
  std::size_t errors_ = 0;
};

} // namespace

Result<ir::Graph> import_json(std::string_view name, Bytes bytes, const ImportOptions& options) {
  if (Status syntax = check_json_syntax(name, bytes, options); !syntax) {
    return std::move(syntax).diagnostics();
  }
  try {
    const json document = json::parse(bytes.begin(), bytes.end());
    return Reader(name, document, options).run();
  } catch (const json::exception& exception) {
    return Diagnostic{
      .code = "E_JSON",
      .message = exception.what(),
      .hint = "mend the document",
      .file = std::string(name)};
  }
}

} // namespace plena::io
