// Pass: convolutions without padding over an image that is an input. The result of conv2d has
// positions as rows and channels as columns, so what reads the ONNX result, channels first, reads
// it moved.
#include "passes/layout.h"

#include <algorithm>

namespace plena::passes {

namespace {

constexpr std::int64_t max_result = std::int64_t{1} << 24;

bool all_are(const std::vector<std::int64_t>* values, std::int64_t wanted) {
  return values == nullptr ||
         std::all_of(values->begin(), values->end(), [&](std::int64_t v) { return v == wanted; });
}

std::optional<Diagnostic> beyond(const Rewriter& rewriter, const OnnxNode& view) {
  const auto refuse = [&](const std::string& what, std::string hint) {
    return view.error("E_UNSUPPORTED_ATTR", what, std::move(hint));
  };
  if (const std::int64_t group = view.integer("group", 1); group != 1) {
    return refuse("group is " + std::to_string(group), "grouped convolutions are not supported");
  }
  if (!all_are(view.list("dilations"), 1)) {
    return refuse("dilations are not 1", "dilated convolutions are not supported");
  }
  const std::string pad = view.text("auto_pad", "NOTSET");
  if (!all_are(view.list("pads"), 0) || (pad != "NOTSET" && pad != "VALID")) {
    return refuse("the image is padded", "supported are convolutions without padding");
  }
  const ir::Node& node = view.node;
  if (view.shape(0).size() != 4 || view.shape(1).size() != 4) {
    return view.error(
      "E_PATTERN",
      "an image of the shape " + ir::to_string(view.shape(0)) + " meets kernels of the shape " +
        ir::to_string(view.shape(1)),
      "supported are images [batch, channels, height, width] and kernels of two dimensions"
    );
  }
  const auto& inputs = rewriter.graph.inputs;
  if (std::find(inputs.begin(), inputs.end(), node.inputs[0]) == inputs.end()) {
    return view.error(
      "E_PATTERN",
      "the image is computed",
      "windows are cut while loading: the image has to be an input"
    );
  }
  if (*ir::element_count(rewriter.shape(node.outputs.front())) > max_result) {
    return view.error("E_RESOURCE", "its result is too large", "use a smaller image");
  }
  if (!rewriter.constant(node.inputs[1]) || (view.has(2) && !rewriter.is_vector(node.inputs[2], view.shape(1)[0]))) {
    return view.error("E_PATTERN", "kernels or bias are no constants");
  }
  return std::nullopt;
}

} // namespace

bool form_conv2d(ir::Graph& graph, Context& context) {
  Rewriter rewriter(graph);
  for (ir::Node& node : graph.nodes) {
    const TensorId y = node.outputs.front();
    if (node.op != "onnx:Conv" || node.inputs.size() < 2 || context.failures.contains(node.name) ||
        !rewriter.known_float(node.inputs[0]) || !rewriter.known_float(node.inputs[1]) ||
        !rewriter.known_float(y)) {
      continue;
    }
    const OnnxNode view{graph, node};
    if (auto refusal = beyond(rewriter, view)) {
      context.refuse(node, *std::move(refusal));
      continue;
    }
    const ir::Shape shape = rewriter.shape(y); // [images, channels, rows, columns]
    const std::int64_t channels = shape[1];
    const std::int64_t positions = shape[2] * shape[3];
    std::map<std::string, ir::Attr> attrs;
    if (const auto* strides = view.list("strides")) {
      attrs["strides"] = *strides;
    }
    std::vector<std::int64_t> take;
    const std::int64_t images = shape[0];
    for (std::int64_t i = 0; i < images * channels * positions; ++i) {
      const std::int64_t image = i / (channels * positions);
      const std::int64_t channel = i / positions % channels;
      take.push_back((image * positions + i % positions) * channels + channel);
    }
    std::vector<TensorId> inputs = node.inputs;
    const TensorId rows = rewriter.insert(
      node, "conv2d", std::move(inputs), std::move(attrs), {images * positions, channels}, {&node}
    );
    rewriter.take(node, rows, std::move(take));
  }
  return rewriter.finish();
}

} // namespace plena::passes
