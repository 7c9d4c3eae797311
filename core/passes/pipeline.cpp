#include "passes/pipeline.h"

#include "ir/text.h"
#include "ir/verify.h"
#include "ops/infer.h"
#include "passes/pass.h"

#include <algorithm>

namespace plena::passes {

namespace {

constexpr Pass functions[] = {
#define PASS(name, meaning) name,
#include "passes/passes.def"
};

constexpr std::size_t max_errors = 50;
/// Every round that changes something removes or maps a node, so the rounds end; deep rewrites take
/// two or three.
constexpr int max_rounds = 100;

bool foreign(const ir::Node& node) { return node.op.find(':') != std::string::npos; }

/// An operator that no pass knows may be the cause of much that follows; what only follows from it,
/// because a shape is unknown, is not reported.
bool follows_from_other(const ir::Graph& graph, const ir::Node& node) {
  return std::any_of(node.inputs.begin(), node.inputs.end(), [&](ir::TensorId id) {
    return id != ir::no_tensor && !graph.tensor(id).known;
  });
}

Diagnostic unmapped(const OnnxNode& view, const Context& context) {
  const ir::Node& node = view.node;
  const OnnxOp* op = find_onnx_op(node.op);
  const std::string hint = "operators supported on computed values: " + supported_operators();
  if (op == nullptr) {
    return view.error("E_UNSUPPORTED_OP", "this operator is not supported", hint);
  }
  if (const auto reason = context.refusals.find(node.name); reason != context.refusals.end()) {
    Diagnostic diagnostic = reason->second;
    diagnostic.hint = diagnostic.hint.empty() ? hint : diagnostic.hint;
    return diagnostic;
  }
  if (op->use == Use::Constants) {
    return view.error(
      "E_UNSUPPORTED_OP", "this operator is supported on constants and shapes only", hint
    );
  }
  return view.error(
    "E_PATTERN",
    "this operator is supported only as part of a larger pattern, which is not there",
    "patterns: RMS norm, layer norm, GELU (erf or tanh), SiLU, linear, attention, rotary "
    "embedding, "
    "softmax; " +
      hint
  );
}

/// Relabels or moves values only. Why such a node is left over is seldom its own doing.
bool only_moves(const ir::Node& node) {
  constexpr std::string_view moves[] = {
    "layout:Take",
    "onnx:Expand",
    "onnx:Flatten",
    "onnx:Reshape",
    "onnx:Slice",
    "onnx:Split",
    "onnx:Squeeze",
    "onnx:Transpose",
    "onnx:Unsqueeze"};
  return std::find(std::begin(moves), std::end(moves), node.op) != std::end(moves);
}

/// What is left over, in the order of the file; nodes that move values only if there is nothing
/// else.
Diagnostics leftovers(const ir::Graph& graph, const Context& context) {
  std::vector<std::pair<std::int64_t, Diagnostic>> found;
  std::vector<std::pair<std::int64_t, Diagnostic>> moves;
  for (const ir::Node& node : graph.nodes) {
    if (const auto failure = context.failures.find(node.name); failure != context.failures.end()) {
      found.emplace_back(node.position, failure->second);
    } else if (foreign(node) && (find_onnx_op(node.op) == nullptr || !follows_from_other(graph, node))) {
      (only_moves(node) ? moves : found)
        .emplace_back(node.position, unmapped({graph, node}, context));
    }
  }
  if (found.empty()) {
    found = std::move(moves);
  }
  std::stable_sort(found.begin(), found.end(), [](const auto& a, const auto& b) {
    return a.first < b.first;
  });
  Diagnostics diagnostics;
  for (std::size_t i = 0; i < std::min(found.size(), max_errors); ++i) {
    diagnostics.push_back(std::move(found[i].second));
  }
  return diagnostics;
}

/// What to do about an error whose reporter has nothing more special to say.
struct Remedy {
  std::string_view code;
  std::string_view hint;
};
constexpr Remedy remedies[] = {
  {"E_DTYPE", "insert Cast nodes, or export the model in one floating-point type"},
  {"E_SHAPE", "check the model with onnx.checker.check_model(model, full_check=True)"},
  {"E_UNSUPPORTED_ATTR", "export the model without this use, or rewrite it with other operators"},
};
constexpr std::string_view general_remedy =
  "check the model with onnx.checker.check_model, then export it again";

/// Fills in the file and, where it is missing, the remedy.
void complete(Diagnostics& diagnostics, const std::string& file) {
  for (Diagnostic& diagnostic : diagnostics) {
    diagnostic.file = file;
    if (diagnostic.hint.empty()) {
      const auto row = std::find_if(std::begin(remedies), std::end(remedies), [&](const Remedy& r) {
        return r.code == diagnostic.code;
      });
      diagnostic.hint = row == std::end(remedies) ? general_remedy : row->hint;
    }
  }
}

Diagnostics approximations(const ir::Graph& graph) {
  Diagnostics warnings;
  for (const ir::Node& node : graph.nodes) {
    const auto form = node.attrs.find("approximate");
    const bool exact = form != node.attrs.end() && form->second != ir::Attr("none");
    if (node.op == "gelu" && !exact) {
      warnings.push_back(
        {.severity = Severity::Warning,
         .code = "W_APPROX",
         .message =
           "the machine has no erf: GELU is computed in its tanh form, which differs by at "
           "most 0.0005",
         .hint = "export GELU with approximate=\"tanh\" if the model was trained with that form",
         .where = ir::describe(graph, node)}
      );
    }
  }
  return warnings;
}

/// One walk over the table; returns whether any pass changed the graph.
Result<bool> round(ir::Graph& graph, Context& context, const Options& options, Lowered& lowered) {
  bool changed = false;
  for (std::size_t i = 0; i < std::size(functions); ++i) {
    if (!functions[i](graph, context)) {
      continue;
    }
    changed = true;
    if (Status legal = ir::verify(graph, ir::Level::Imported); !legal) {
      Diagnostics diagnostics = std::move(legal).diagnostics();
      for (Diagnostic& diagnostic : diagnostics) {
        diagnostic.code = "E_INTERNAL";
        diagnostic.message =
          "after pass " + std::string(pass_table()[i].name) + ": " + diagnostic.message;
        diagnostic.hint = "this is a defect of the compiler; please report it with the model";
      }
      return diagnostics;
    }
    if (options.keep_dumps) {
      lowered.dumps.push_back({pass_table()[i].name, ir::to_text(graph, {.max_values = 8})});
    }
  }
  return changed;
}

} // namespace

const std::vector<PassInfo>& pass_table() {
  static const std::vector<PassInfo> table = {
#define PASS(name, meaning) {#name, meaning},
#include "passes/passes.def"
  };
  return table;
}

Result<Lowered> run(ir::Graph graph, const Options& options) {
  Lowered lowered;
  Context context{.budget = options.budget};
  const auto refuse = [&](Diagnostics diagnostics) -> Result<Lowered> {
    complete(diagnostics, options.file);
    return diagnostics;
  };
  if (Status legal = ir::verify(graph, ir::Level::Imported); !legal) {
    return refuse(std::move(legal).diagnostics());
  }
  if (options.keep_dumps) {
    lowered.dumps.push_back({"import", ir::to_text(graph, {.max_values = 8})});
  }
  for (int rounds = 0; rounds < max_rounds; ++rounds) {
    Result<bool> changed = round(graph, context, options, lowered);
    if (!changed) {
      return refuse(std::move(changed).diagnostics());
    }
    if (!*changed) {
      break;
    }
  }
  if (Diagnostics left = leftovers(graph, context); !left.empty()) {
    return refuse(std::move(left));
  }
  Status shapes = ops::infer_shapes(graph);
  if (shapes) {
    for (ir::Tensor& tensor : graph.tensors) {
      tensor.known = true;
    }
    shapes = ir::verify(graph, ir::Level::Canonical);
  }
  if (!shapes) {
    return refuse(std::move(shapes).diagnostics());
  }
  Diagnostics warnings = approximations(graph);
  complete(warnings, options.file);
  lowered.graph = std::move(graph);
  return {std::move(lowered), std::move(warnings)};
}

} // namespace plena::passes
