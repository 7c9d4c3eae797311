#include "ops_cases/recorded_case.h"

#include "numerics/bits.h"
#include "ops/registry.h"
#include "ops_cases/compiler.h"
#include "shared_data.h"

#include <algorithm>
#include <cstring>
#include <limits>
#include <map>
#include <nlohmann/json.hpp>
#include <sstream>

namespace plena::tests {

namespace {

/// Iterators of 32-bit hosts move by fewer bits than the recorded numbers have.
std::ptrdiff_t offset(std::int64_t elements) { return static_cast<std::ptrdiff_t>(elements); }

using Kind = ops::Bound::Kind;
const Limit exact{{Kind::Exact}};

Limit steps_of_row(double steps) { return {{Kind::StepsOfRowMax, steps}}; }
Limit share_of_row(double share) { return {{Kind::ShareOfRowMax, share}}; }
Limit steps_of_largest(double steps) { return {{Kind::StepsOfRowMax, steps}, Limit::Of::Whole}; }
Limit share_of_largest(double share) { return {{Kind::ShareOfRowMax, share}, Limit::Of::Whole}; }

std::vector<float> read_floats(const std::filesystem::path& path) {
  const std::vector<std::uint8_t> bytes = read_bytes(path);
  std::vector<float> values(bytes.size() / sizeof(float));
  std::memcpy(values.data(), bytes.data(), values.size() * sizeof(float));
  return values;
}

ir::Shape shape_of(const nlohmann::json& json) { return json.get<ir::Shape>(); }

/// Writes one case's graph.
class CaseGraph {
 public:
  CaseGraph(RecordedCase& target, nlohmann::json meta)
      : target_(target),
        meta_(std::move(meta)),
        model_(target.model) {}

  const nlohmann::json& meta() const { return meta_; }

  /// A number or flag among the arguments, which are either named or the text of a command line.
  std::int64_t argument(const std::string& name, std::int64_t absent) const {
    const nlohmann::json& arguments = meta_.at("arguments");
    if (arguments.is_object()) {
      const auto found = arguments.find(name);
      return found == arguments.end() ? absent
             : found->is_boolean()    ? static_cast<std::int64_t>(found->get<bool>())
                                      : found->get<std::int64_t>();
    }
    std::string option = "--" + name;
    std::replace(option.begin(), option.end(), '_', '-');
    std::istringstream words(arguments.get<std::string>());
    for (std::string word; words >> word;) {
      if (word == option) {
        std::int64_t value = 1; // of a flag
        words >> value;
        return words ? value : 1;
      }
    }
    return absent;
  }
  std::string preset() const {
    const std::string text = meta_.at("arguments").get<std::string>();
    return text.substr(text.rfind(' ') + 1);
  }
  std::int64_t hardware(const char* key) const { return meta_.at("hardware").at(key); }

  /// Logical shape of an HBM tensor.
  ir::Shape shape(const std::string& name) const {
    return shape_of(meta_.at("hbm_tensors").at(name).at("shape"));
  }
  /// The first `cols` of every `pitch` recorded values, for every row of `rows`.
  std::vector<float> recorded(
    const std::string& name, std::int64_t rows, std::int64_t cols, std::int64_t pitch
  ) const {
    const std::vector<float> all = read_floats(target_.folder / ("input_" + name + ".f32.bin"));
    REQUIRE(all.size() >= static_cast<std::size_t>((rows - 1) * pitch + cols));
    std::vector<float> values;
    for (std::int64_t r = 0; r < rows; ++r) {
      const auto begin = all.begin() + offset(r * pitch);
      values.insert(values.end(), begin, begin + offset(cols));
    }
    return values;
  }
  /// Recorded values without the padding of the recorded shape.
  std::vector<float> recorded(const std::string& name) const {
    const ir::Shape logical = shape(name);
    const ir::Shape file = shape_of(meta_.at("inputs").at(name).at("shape"));
    return recorded(name, logical[0], logical[1], file[1]);
  }
  /// What the Vector SRAM held when the program started.
  std::vector<float> preloaded(const std::string& name) const {
    const nlohmann::json& tensor = meta_.at("vram_tensors").at(name);
    const ir::Shape logical = shape_of(tensor.at("shape"));
    const std::int64_t phys_rows = shape_of(tensor.at("physical"))[0];
    const std::int64_t lanes = hardware("mlen");
    const std::int64_t base = tensor.at("base");
    const std::vector<std::uint8_t> bytes = read_bytes(target_.folder / "vram_preload.bin");
    std::vector<float> values;
    for (std::int64_t r = 0; r < logical[0]; ++r) {
      for (std::int64_t c = 0; c < logical[1]; ++c) {
        const std::int64_t element = base + c / lanes * phys_rows * lanes + r * lanes + c % lanes;
        const auto at = static_cast<std::size_t>(2 * element);
        // What the image does not reach is zero.
        const std::uint32_t bits =
          at + 1 < bytes.size() ? bytes[at] | static_cast<std::uint32_t>(bytes[at + 1]) << 8 : 0;
        values.push_back(numerics::widen_bf16(static_cast<std::uint16_t>(bits)));
      }
    }
    return values;
  }

  ir::TensorId input(const std::string& name, ir::Shape shape, std::vector<float> values) {
    const ir::TensorId id = model_.input(std::move(shape));
    model_.graph.input_specs.resize(model_.graph.inputs.size());
    model_.graph.tensor(id).name = name;
    model_.inputs[id] = std::move(values);
    return id;
  }
  ir::TensorId input(const std::string& name) { return input(name, shape(name), recorded(name)); }
  ir::TensorId prestaged(const std::string& name, ir::Shape shape, std::vector<float> values) {
    const ir::TensorId id = input(name, std::move(shape), std::move(values));
    set_prestaged(model_.graph.input_specs.back());
    return id;
  }
  ir::TensorId prestaged(const std::string& name) {
    const ir::Shape logical = shape_of(meta_.at("vram_tensors").at(name).at("shape"));
    return prestaged(name, logical, preloaded(name));
  }
  ir::TensorId constant(const std::string& name, ir::Shape shape, std::vector<float> values) {
    const ir::TensorId id = model_.constant_of(std::move(shape), std::move(values));
    model_.graph.tensor(id).name = name;
    return id;
  }
  ir::TensorId constant(const std::string& name) {
    return constant(name, shape(name), recorded(name));
  }

  using Attrs = std::map<std::string, ir::Attr>;
  ir::TensorId node(const std::string& op, std::vector<ir::TensorId> operands, Attrs attrs = {}) {
    needs(op);
    return model_.node(op, std::move(operands), std::move(attrs));
  }
  void needs(const std::string& op) {
    const auto& missing = target_.missing;
    const bool told = std::find(missing.begin(), missing.end(), op) != missing.end();
    if (ops::find(op) == nullptr && !told) {
      target_.missing.push_back(op);
    }
  }
  /// The graph's output, which shall be the golden.
  void output(ir::TensorId id, const Limit& limit) {
    output(id, read_floats(target_.folder / "golden.f32.bin"), limit);
  }
  void output(ir::TensorId id, std::vector<float> values, const Limit& limit) {
    model_.output(id);
    target_.expected.push_back({std::move(values), limit});
  }
  /// Another result of the node that was made last.
  ir::TensorId more_outputs() {
    ir::Tensor tensor;
    tensor.name = "more" + std::to_string(model_.graph.tensors.size());
    const ir::TensorId id = model_.graph.add_tensor(std::move(tensor));
    model_.graph.nodes.back().outputs.push_back(id);
    return id;
  }

 private:
  RecordedCase& target_;
  nlohmann::json meta_;
  Model& model_;
};

/// The value that upstream has in binary16 for 1e-6.
constexpr double norm_eps = 1.0132789611816406e-06;
/// Of the clamped activation of routed experts.
constexpr double clamp_limit = 7.0;
constexpr double clamp_alpha = 1.702;

void linear(CaseGraph& g) {
  const auto y = g.node("linear", {g.input("X"), g.constant("W")});
  const bool has_bias = g.argument("include_bias", 0) != 0;
  g.output(has_bias ? g.node("add", {y, g.prestaged("Bias")}) : y, exact);
}

void add(CaseGraph& g) {
  const bool residual = g.meta().at("op") == "residual_add";
  const auto a = g.input(residual ? "A" : "X");
  g.output(g.node("add", {a, g.input(residual ? "B" : "POS")}), exact);
}

void silu(CaseGraph& g) { g.output(g.node("silu", {g.input("X")}), exact); }

void gelu(CaseGraph& g) {
  g.output(g.node("gelu", {g.input("X")}, {{"approximate", std::string("sigmoid1702")}}), exact);
}

void norm(CaseGraph& g) {
  const std::string op = g.meta().at("op");
  g.output(g.node(op, {g.input("X")}, {{"eps", norm_eps}}), steps_of_row(2));
}

void softmax(CaseGraph& g) {
  // The scale that the program finds in its first constant.
  const double scale = g.meta().at("fp_sram_nonzero").at("1");
  g.output(g.node("softmax", {g.input("X")}, {{"scale", scale}}), share_of_row(0.02));
}

void ffn(CaseGraph& g) {
  const auto x = g.input("X");
  // The branch that upstream calls up gets the activation.
  const auto up = g.node("linear", {x, g.constant("W_up")});
  const auto gate = g.node("linear", {x, g.constant("W_gate")});
  const bool fused = ops::find("gated") != nullptr;
  const auto h = fused ? g.node("gated", {up, gate}, {{"kind", std::string("swiglu")}})
                       : g.node("mul", {g.node("silu", {up}), gate});
  g.output(g.node("linear", {h, g.constant("W_down")}), steps_of_largest(2));
}

CaseGraph::Attrs
attention_attrs(const CaseGraph& g, std::int64_t heads, std::int64_t kv_heads, std::int64_t batch) {
  const bool causal = g.argument("causal", 0) != 0 || g.argument("causal_mask", 0) != 0;
  return {
    {"heads", heads},
    {"kv_heads", kv_heads},
    {"batch", batch},
    {"mask", std::string(causal ? "causal" : "none")}};
}

void attention(CaseGraph& g) {
  const std::int64_t batch = g.argument("batch_size", 1);
  const auto q = g.prestaged("Q", g.shape("Q"), g.recorded("Q"));
  const auto k = g.input("K");
  const auto v = g.input("V");
  // The golden knows no number formats.
  g.output(g.node("attention", {q, k, v}, attention_attrs(g, 1, 1, batch)), share_of_largest(0.05));
}

void grouped_attention(CaseGraph& g) {
  const std::int64_t batch = g.argument("batch_size", 1);
  const std::int64_t lanes = g.hardware("mlen");
  const std::int64_t head = g.hardware("hlen");
  const std::int64_t rows = g.shape("Q")[0];
  const std::int64_t seq = rows / batch;
  // Keys and values of each batch lie in whole tiles, a single head in the first lanes of a row.
  const std::int64_t rows_apart = batch == 1 ? seq : (seq + lanes - 1) / lanes * lanes;
  const auto one_head = [&](const std::string& name) {
    std::vector<float> values;
    const std::vector<float> all = g.recorded(name, batch * rows_apart, head, lanes);
    for (std::int64_t b = 0; b < batch; ++b) {
      const auto begin = all.begin() + offset(b * rows_apart * head);
      values.insert(values.end(), begin, begin + offset(seq * head));
    }
    return g.input(name, {rows, head}, std::move(values));
  };
  const auto q = g.prestaged("Q", {rows, lanes}, g.recorded("Q", rows, lanes, lanes));
  const auto k = one_head("K");
  const auto v = one_head("V");
  g.output(
    g.node("attention", {q, k, v}, attention_attrs(g, lanes / head, 1, batch)),
    share_of_largest(0.01)
  );
}

void packed_groups(CaseGraph& g) {
  const std::int64_t groups = g.argument("kv_groups", 1);
  const std::int64_t ratio = g.argument("ratio", 1);
  const std::int64_t head = g.argument("head_dim", 1);
  const std::int64_t rows = g.argument("seq_len", 1);
  const auto all_heads = [&](const std::string& name) {
    std::vector<float> values(static_cast<std::size_t>(rows * groups * head));
    for (std::int64_t group = 0; group < groups; ++group) {
      const std::vector<float> one =
        g.recorded(name + std::to_string(group), rows, head, g.hardware("mlen"));
      for (std::int64_t r = 0; r < rows; ++r) {
        std::copy_n(
          one.begin() + offset(r * head), head, values.begin() + offset((r * groups + group) * head)
        );
      }
    }
    return g.input(name, {rows, groups * head}, std::move(values));
  };
  const auto q = g.prestaged("Q", g.shape("Q"), g.recorded("Q"));
  const auto k = all_heads("K");
  const auto v = all_heads("V");
  g.output(
    g.node("attention", {q, k, v}, attention_attrs(g, groups * ratio, groups, 1)),
    share_of_largest(0.01)
  );
}

void rope(CaseGraph& g) {
  const auto x = g.input("Q");
  const auto cos = g.input("COS");
  const auto sin = g.input("SIN");
  g.output(g.node("rope", {x, cos, sin, g.input("QROT")}), exact);
}

void rope_runtime(CaseGraph& g) {
  const auto x = g.input("X");
  const auto cos = g.input("COS");
  g.output(g.node("rope", {x, cos, g.input("SIN")}), exact);
}

void kv_store(CaseGraph& g) {
  const auto k = g.node("linear", {g.input("X"), g.constant("W_k")});
  g.output(g.node("store", {k}), exact);
}

void embedding(CaseGraph& g) {
  const auto ids = g.meta().at("arguments").at("token_ids").get<std::vector<std::int64_t>>();
  g.output(g.node("embedding", {g.constant("TABLE")}, {{"ids", ids}}), exact);
}

struct ConvSize {
  std::int64_t channels, height, width, kernel, stride;
};

/// The presets of upstream's test have one column of results: the kernel is as wide as the image.
const std::map<std::string, ConvSize> conv_presets{
  {"baseline", {4, 67, 4, 4, 1}},
  {"tiled", {2, 71, 8, 8, 1}},
  {"siglip", {3, 71, 8, 8, 1}},
};

void conv2d(CaseGraph& g) {
  const bool named = g.meta().at("arguments").is_object();
  const ConvSize size =
    named
      ? ConvSize{g.argument("C_in", 0), g.argument("H", 0), g.argument("W", 0), g.argument("K", 0), g.argument("stride", 0)}
      : conv_presets.at(g.preset());
  const std::int64_t taps = size.channels * size.kernel * size.kernel;
  const std::int64_t outputs = g.shape("W_2d")[1];
  // Weights are recorded as a matrix of one row per tap.
  const std::vector<float> matrix = g.recorded("W_2d");
  std::vector<float> weights(matrix.size());
  for (std::int64_t tap = 0; tap < taps; ++tap) {
    for (std::int64_t o = 0; o < outputs; ++o) {
      weights[static_cast<std::size_t>(o * taps + tap)] =
        matrix[static_cast<std::size_t>(tap * outputs + o)];
    }
  }
  const auto image = g.input(
    "input_raw",
    {size.channels, size.height, size.width},
    g.recorded("input_raw", size.channels * size.height, size.width, g.shape("input_raw")[1])
  );
  const auto w =
    g.constant("W_2d", {outputs, size.channels, size.kernel, size.kernel}, std::move(weights));
  const auto y = g.node(
    "conv2d", {image, w}, {{"strides", std::vector<std::int64_t>{size.stride, size.stride}}}
  );
  // Goldens of the presets know no number formats. Those of the patch cases do, but add up chunks
  // of four tiles of taps, each rounded, when there are more.
  const bool split = taps > 4 * g.hardware("mlen");
  g.output(y, !named ? share_of_largest(0.08) : split ? steps_of_largest(1) : exact);
}

/// One expert: gate and up projection, then the clamped activation; `e` names its tensors.
ir::TensorId activated(CaseGraph& g, ir::TensorId gate, ir::TensorId up) {
  return g.node(
    "gated",
    {gate, up},
    {{"kind", std::string("clamped")}, {"limit", clamp_limit}, {"alpha", clamp_alpha}}
  );
}

void moe_stage(CaseGraph& g) {
  const std::string stage = g.meta().at("case");
  const auto x = g.input("X");
  if (stage == "gate_up") {
    return g.output(g.node("linear", {x, g.constant("W_gate_up_e0")}), exact);
  }
  const auto gate = g.node("linear", {x, g.constant("W_gate_e0")});
  const auto up = g.node("linear", {x, g.constant("W_up_e0")});
  if (stage == "clamp") {
    const auto gate_limited = g.node("clamp", {gate}, {{"max", clamp_limit}});
    const auto up_limited = g.node("clamp", {up}, {{"min", -clamp_limit}, {"max", clamp_limit}});
    return g.output(g.node("add", {gate_limited, up_limited}), exact);
  }
  const auto h = activated(g, gate, up);
  g.output(stage == "activation" ? h : g.node("linear", {h, g.constant("W_down_e0")}), exact);
}

void moe_combine(CaseGraph& g) {
  const bool has_bias = g.argument("include_bias", 0) != 0;
  const auto x = g.input("X");
  const auto projection = [&](ir::TensorId in, const std::string& expert, const char* part) {
    std::vector<ir::TensorId> operands{in, g.constant("W" + expert + "_" + part)};
    if (has_bias) { // recorded once per row
      const std::string name = "B" + expert + "_" + part;
      const std::int64_t cols = g.shape(name)[1];
      operands.push_back(g.constant(name, {cols}, g.recorded(name, 1, cols, cols)));
    }
    return g.node("linear", std::move(operands));
  };
  const auto routed = [&](const std::string& expert) {
    const auto gate = projection(x, expert, "gate");
    const auto h = activated(g, gate, projection(x, expert, "up"));
    return g.node("mul", {projection(h, expert, "down"), g.input("route" + expert)});
  };
  const auto first = routed("0");
  g.output(g.node("add", {first, routed("1")}), exact);
}

void moe_device_routing(CaseGraph& g) {
  const std::int64_t experts = g.meta().at("arguments").at("experts");
  const auto all_experts = [&](const std::string& part) {
    std::vector<float> values;
    ir::Shape shape;
    for (std::int64_t e = 0; e < experts; ++e) {
      const std::string name = part + "_e" + std::to_string(e);
      const std::vector<float> one = g.recorded(name);
      values.insert(values.end(), one.begin(), one.end());
      shape = g.shape(name);
    }
    shape.insert(shape.begin(), experts);
    return g.constant(part, std::move(shape), std::move(values));
  };
  const auto x = g.prestaged("RouterX");
  const auto router = g.prestaged("RouterW");
  const auto gate = all_experts("gate");
  const auto up = all_experts("up");
  const auto down = all_experts("down");
  g.output(
    g.node(
      "moe",
      {x, router, gate, up, down, g.prestaged("RouterB")},
      {{"k", g.argument("top_k", 0)},
       {"kind", std::string("clamped")},
       {"limit", clamp_limit},
       {"alpha", clamp_alpha}}
    ),
    exact
  );
}

void top_k(CaseGraph& g) {
  const nlohmann::json& wanted = g.meta().at("expected");
  const auto ids = wanted.at("indices").get<std::vector<float>>();
  const auto weights = wanted.at("weights").get<std::vector<float>>();
  const double tolerance = wanted.at("weight_atol");
  const auto chosen =
    g.node("top_k", {g.prestaged("TopKLogits")}, {{"k", static_cast<std::int64_t>(ids.size())}});
  g.output(chosen, weights, {{Kind::Exact, tolerance}, Limit::Of::Number});
  g.output(g.more_outputs(), ids, exact);
}

using Write = void (*)(CaseGraph&);

Write writer_of(const std::string& op, const std::string& name) {
  if (op == "routed_moe") {
    return name.starts_with("combine")          ? moe_combine
           : name.starts_with("device_routing") ? moe_device_routing
           : name.starts_with("topk")           ? top_k
                                                : moe_stage;
  }
  static const std::map<std::string, Write> writers{
    {"conv2d", conv2d},
    {"embedding_add", add},
    {"embedding_lookup", embedding},
    {"ffn", ffn},
    {"flash_attention_gqa", grouped_attention},
    {"flash_attention_mha", attention},
    {"flash_attention_packed_groups", packed_groups},
    {"gelu", gelu},
    {"kv_store", kv_store},
    {"layer_norm", norm},
    {"linear", linear},
    {"residual_add", add},
    {"rms_norm", norm},
    {"rope", rope},
    {"rope_runtime", rope_runtime},
    {"silu", silu},
    {"softmax", softmax},
  };
  return writers.at(op);
}

} // namespace

std::vector<std::string> recorded_cases() {
  std::vector<std::string> names;
  const std::filesystem::path root = shared_dir() / "ops";
  for (const auto& entry : std::filesystem::recursive_directory_iterator(root)) {
    if (entry.path().filename() == "meta.json") {
      names.push_back(std::filesystem::relative(entry.path().parent_path(), root).string());
    }
  }
  std::sort(names.begin(), names.end());
  return names;
}

RecordedCase recorded_case(const std::string& name) {
  RecordedCase result;
  result.name = name;
  result.folder = shared_dir() / "ops" / name;
  const auto config = config::load(read_text(result.folder / "settings.toml"), "settings.toml");
  REQUIRE(config.ok());
  result.config = *config;
  const auto meta = nlohmann::json::parse(read_text(result.folder / "meta.json"));
  result.unrolled = name.ends_with("_unrolled");
  const nlohmann::json& recorded = meta.at("upstream_emulator");
  result.aborts = !recorded.at("completed").get<bool>();
  result.recorded_error = recorded.value("max_abs_err", 0.0);
  CaseGraph graph(result, meta);
  writer_of(meta.at("op"), meta.at("case"))(graph);
  return result;
}

} // namespace plena::tests
