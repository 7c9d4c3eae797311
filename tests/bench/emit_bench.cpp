#include "bench/emit_bench.h"

#include "asm/printer.h"
#include "bench/memory.h"
#include "codegen/instructions.h"
#include "codegen/layout.h"
#include "codegen/passes.h"
#include "ir/graph.h"
#include "ops/infer.h"
#include "ops/lower_graph.h"
#include "ops/plan.h"

#include <algorithm>
#include <chrono>
#include <fmt/format.h>
#include <iterator>
#include <optional>
#include <utility>

namespace plena::bench {

namespace {

struct LayerShape {
  const char* name;
  std::int64_t tokens;
  std::int64_t width;
  std::int64_t heads;
  std::int64_t inner; ///< columns between the two products behind the attention
};
/// The last is a whole layer of width 768; the smaller ones leave out tokens, then columns.
constexpr LayerShape layers[]{
  {"8 tokens, width 384", 8, 384, 6, 1536},
  {"8 tokens, width 768", 8, 768, 12, 3072},
  {"32 tokens, width 768", 32, 768, 12, 3072},
};

/// x + attention(norm(x)), then y + products(norm(y)); weights are random.
class VisionLayer {
 public:
  explicit VisionLayer(const LayerShape& shape) {
    const ir::TensorId x = tensor("x", {shape.tokens, shape.width});
    graph_.inputs.push_back(x);
    const ir::TensorId normed = norm(x, shape.width);
    const ir::TensorId q = linear(normed, shape.width, shape.width);
    const ir::TensorId k = linear(normed, shape.width, shape.width);
    const ir::TensorId v = linear(normed, shape.width, shape.width);
    const ir::TensorId heads =
      node("attention", {q, k, v}, {{"heads", shape.heads}, {"kv_heads", shape.heads}});
    const ir::TensorId y = node("add", {x, linear(heads, shape.width, shape.width)});
    const ir::TensorId wide = linear(norm(y, shape.width), shape.width, shape.inner);
    const ir::TensorId active = node("gelu", {wide}, {{"approximate", std::string("sigmoid1702")}});
    graph_.outputs.push_back(node("add", {y, linear(active, shape.inner, shape.width)}));
  }

  ir::Graph graph() && { return std::move(graph_); }

 private:
  ir::TensorId tensor(const char* prefix, ir::Shape shape) {
    ir::Tensor tensor;
    tensor.name = fmt::format("{}{}", prefix, graph_.tensors.size());
    tensor.shape = std::move(shape);
    return graph_.add_tensor(std::move(tensor));
  }
  ir::TensorId constant(ir::Shape shape) {
    std::size_t count = 1;
    for (const std::int64_t size : shape) {
      count *= static_cast<std::size_t>(size);
    }
    std::vector<float> values(count);
    for (float& value : values) {
      random_ = random_ * 1664525 + 1013904223;
      value = static_cast<float>(static_cast<std::int32_t>(random_)) * 0x1p-34f;
    }
    const ir::TensorId id = tensor("w", std::move(shape));
    graph_.tensor(id).constant = ir::Constant{std::move(values), {}};
    return id;
  }
  ir::TensorId node(
    const char* op, std::vector<ir::TensorId> inputs, std::map<std::string, ir::Attr> attrs = {}
  ) {
    const ir::TensorId out = tensor("t", {});
    ir::Node node;
    node.name = fmt::format("{}{}", op, graph_.nodes.size());
    node.op = op;
    node.inputs = std::move(inputs);
    node.outputs = {out};
    node.attrs = std::move(attrs);
    graph_.add_node(std::move(node));
    return out;
  }
  ir::TensorId norm(ir::TensorId x, std::int64_t width) {
    return node("layer_norm", {x, constant({width}), constant({width})});
  }
  ir::TensorId linear(ir::TensorId x, std::int64_t in, std::int64_t out) {
    return node("linear", {x, constant({in, out}), constant({out})});
  }

  ir::Graph graph_;
  std::uint32_t random_ = 42;
};

config::Config machine() {
  config::Config config;
  config.mlen = config.vlen = 16;
  config.blen = 4;
  config.hlen = 16;
  config.broadcast_amount = 1;
  config.hbm_m_prefetch_amount = 16;
  config.hbm_v_prefetch_amount = config.hbm_v_writeback_amount = 4;
  config.hbm_size = std::uint64_t{1} << 32;
  config.vector_sram_size = 1u << 20;
  return config;
}

double seconds_since(std::chrono::steady_clock::time_point begin) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

/// The usual way to write a program: one formatted line after the other.
std::size_t line_by_line(std::size_t bytes) {
  std::string text;
  for (std::uint32_t i = 0; text.size() < bytes; ++i) {
    fmt::format_to(
      std::back_inserter(text), "S_ADDI_INT gp{}, gp{}, {}\n", i & 15, i >> 4 & 15, i & 0x3FFFF
    );
  }
  return text.size();
}

bool measure(EmitRow& row, const ir::Graph& graph, bool first) {
  const config::Config config = machine();
  forget_peak_memory();
  const auto best = [&](double& seconds, double now) {
    seconds = first ? now : std::min(seconds, now);
  };
  auto begin = std::chrono::steady_clock::now();
  Result<std::vector<std::uint64_t>> groups =
    ops::plan_groups(graph, ops::arithmetic_of(config, ops::Precision::Hardware));
  if (!groups) {
    return false;
  }
  ops::Plan plan;
  plan.groups = std::move(*groups);
  plan.dense = std::vector<bool>(graph.nodes.size(), false);
  const Result<ops::LoweredGraph> lowered = ops::lower_graph(graph, config, plan);
  if (!lowered) {
    return false;
  }
  const Result<codegen::Layout> layout = codegen::place(*lowered, graph, config, true);
  if (!layout) {
    return false;
  }
  codegen::Listing resolved = codegen::resolve(lowered->program, *layout);
  best(row.lower_seconds, seconds_since(begin));
  begin = std::chrono::steady_clock::now();
  constexpr std::uint64_t most_words = 10'000'000;
  const Result<codegen::Listing> listing = codegen::run_passes(
    std::move(resolved), {config.max_loop_instructions, most_words, codegen::Unroll::All}
  );
  if (!listing) {
    return false;
  }
  best(row.pass_seconds, seconds_since(begin));
  begin = std::chrono::steady_clock::now();
  const Result<codegen::Emitted> emitted = codegen::emit(*listing);
  if (!emitted) {
    return false;
  }
  best(row.word_seconds, seconds_since(begin));
  begin = std::chrono::steady_clock::now();
  const std::string text = assembly::print(emitted->program, emitted->comments);
  best(row.text_seconds, seconds_since(begin));
  row.peak_bytes = std::max(row.peak_bytes, peak_memory());
  row.lines = static_cast<std::uint64_t>(std::count(text.begin(), text.end(), '\n'));
  row.text_bytes = text.size();
  begin = std::chrono::steady_clock::now();
  if (line_by_line(text.size()) < text.size()) {
    return false;
  }
  best(row.baseline_seconds, seconds_since(begin));
  return true;
}

} // namespace

std::vector<EmitRow> emission(int repetitions) {
  std::vector<EmitRow> rows;
  for (const LayerShape& shape : layers) {
    ir::Graph graph = VisionLayer(shape).graph();
    if (!ops::infer_shapes(graph).ok()) {
      return {};
    }
    EmitRow row;
    row.name = shape.name;
    for (int i = 0; i < repetitions; ++i) {
      if (!measure(row, graph, i == 0)) {
        return {};
      }
    }
    rows.push_back(std::move(row));
  }
  return rows;
}

} // namespace plena::bench
