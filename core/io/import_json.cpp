// JSON models (.plena.json, version 1) to graphs: family `graph` with constants that are given,
// encoded, seeded, filled or in files beside, and the families that dimensions describe. Others are refused
// by name, and `expect` is reported as not applied.
#include "io/importer.h"
#include "io/json_dims.h"
#include "io/json_graph.h"
#include "io/json_run.h"
#include "io/json_syntax.h"
#include "ir/verify.h"
#include "ops/infer.h"

#include <algorithm>
#include <nlohmann/json.hpp>

namespace plena::io {

namespace {

constexpr std::int64_t version = 1;

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
constexpr std::string_view graph_family = "graph";
constexpr std::string_view other_families[] = {"gpt_oss", "qwen3_moe"};

class Reader {
 public:
  Reader(std::string_view file, const json& document, const ImportOptions& options)
      : document_(document),
        options_(options),
        problems_(file),
        model_(fields_, tensors_, constants_, options) {}

  Result<ir::Graph> run() {
    const bool known = check_header();
    if (known && family_ != graph_family) {
      read_dims();
    } else if (known) {
      const json* graph = fields_.member(document_, "", "graph", true);
      if (graph != nullptr && fields_.object(*graph, "/graph")) {
        constants_.read_weights(document_);
        model_.read(document_, *graph);
        model_.read_input_values(document_);
        model_.graph().run = read_json_run(fields_, document_);
        ignored("expect");
      }
    }
    if (!problems_.any_error()) {
      finish();
    }
    if (problems_.any_error()) {
      return problems_.take();
    }
    return {built_ ? std::move(*built_) : std::move(model_.graph()), problems_.take()};
  }

 private:
  bool check_header() {
    if (!fields_.object(document_, "")) {
      return false;
    }
    if (const json* given = fields_.member(document_, "", "plena_model", true)) {
      const bool integer =
        fields_.expect(given->is_number_integer(), *given, "/plena_model", "an integer");
      if (integer && *given != version) {
        fields_.error(
          "E_VERSION",
          "/plena_model",
          "version " + given->dump() + " is not read",
          "this program reads version " + std::to_string(version)
        );
      }
    }
    fields_.check_keys(document_, "", top_keys, false);
    for (const char* key : {"name", "description"}) {
      (void)fields_.text(document_, "", key);
    }
    return check_family();
  }

  bool check_family() {
    const json* given = fields_.member(document_, "", "family", true);
    const auto family = given != nullptr ? fields_.as_text(*given, "/family") : std::nullopt;
    if (!family || *family == graph_family || is_dims_family(*family)) {
      family_ = family.value_or("");
      return family.has_value();
    }
    const bool reserved =
      std::find(std::begin(other_families), std::end(other_families), *family) !=
      std::end(other_families);
    fields_.error(
      "E_FAMILY",
      "/family",
      "family \"" + *family + "\" is " + (reserved ? "not supported yet" : "not known"),
      "supported now: " + std::string(graph_family) + ", " + dims_families()
    );
    return false;
  }

  void read_dims() {
    if (auto graph = read_json_dims(fields_, tensors_, document_, family_, options_)) {
      built_ = std::move(graph);
      ignored("expect");
    }
  }

  /// A part of the document that is legal but not used.
  void ignored(const char* key) {
    const json* value = fields_.object_member(document_, "", key, false);
    if (value != nullptr && !value->empty()) {
      problems_.warning(
        "W_IGNORED", child("", key), "not applied", "compare with the report, or remove it"
      );
    }
  }

  // ---- after everything has been read

  void finish() {
    ir::Graph& graph = built_ ? *built_ : model_.graph();
    if (!built_) {
      constants_.resolve(graph);
    }
    if (problems_.any_error()) {
      return;
    }
    if (const auto cycle = ir::sort_nodes(graph); !cycle.empty()) {
      const ir::Node& node = graph.node(cycle.front());
      fields_.error(
        "E_GRAPH",
        child("/graph/nodes", static_cast<std::size_t>(node.position)),
        std::to_string(cycle.size()) + " nodes lie on or behind a cycle",
        "a graph must not feed back into itself"
      );
      return;
    }
    Status legal = ir::verify(graph, ir::Level::Imported);
    if (legal) {
      legal = ops::infer_shapes(graph);
    }
    for (const Diagnostic& problem : legal.diagnostics()) {
      fields_.error(
        problem.code,
        pointer_of(problem.where),
        problem.message,
        problem.hint.empty() ? "correct this node, or what its inputs come from" : problem.hint
      );
    }
    for (ir::Tensor& tensor : graph.tensors) {
      tensor.known = true;
    }
  }

  /// The node that a message of the operators is about, as a pointer; else the message's own place.
  std::string pointer_of(const std::string& where) {
    if (built_) {
      return where;
    }
    for (const ir::Node& node : model_.graph().nodes) {
      if (where == node.name + " (" + node.op + ")") {
        return child("/graph/nodes", static_cast<std::size_t>(node.position));
      }
    }
    return where;
  }

  const json& document_;
  const ImportOptions& options_;
  std::string family_;
  std::optional<ir::Graph> built_; ///< of the families that have no graph
  Problems problems_;
  JsonFields fields_{problems_};
  JsonTensors tensors_{fields_, options_.companions};
  JsonConstants constants_{fields_, tensors_};
  JsonGraph model_;
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
      .hint = "correct what the message names",
      .file = std::string(name)};
  }
}

} // namespace plena::io
