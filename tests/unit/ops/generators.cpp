#include "unit/ops/generators.h"

#include <algorithm>
#include <cmath>

namespace plena::tests {

std::int64_t Dice::size(std::int64_t limit) {
  const std::int64_t mlen = config_.mlen;
  const std::int64_t blen = config_.blen;
  const std::int64_t wanted =
    random_.once_in(2)
      ? random_.pick<std::int64_t>(
          {1, 2, blen - 1, blen, blen + 1, mlen - 1, mlen, mlen + 1, 2 * mlen, 4 * mlen + 1, limit}
        )
      : 1 + random_.below(static_cast<std::uint32_t>(limit));
  return std::clamp<std::int64_t>(wanted, 1, limit);
}

ir::Shape Dice::shape(std::int64_t cols, std::int64_t limit) {
  const std::int64_t rows = size(limit);
  for (const std::int64_t outer : {5, 3, 2}) {
    if (rows % outer == 0 && coin()) {
      return {outer, rows / outer, cols};
    }
  }
  return {rows, cols};
}

namespace {

using Attrs = std::map<std::string, ir::Attr>;

/// One input, one output.
void unary(Dice& dice, Sample& sample, const char* op, double std, Attrs attrs = {}) {
  Model& m = sample.model;
  m.output(m.node(op, {m.input(dice.shape(dice.size()), std)}, std::move(attrs)));
}

void binary(Dice& dice, Sample& sample, const char* op) {
  Model& m = sample.model;
  const ir::Shape shape = dice.shape(dice.size());
  const auto a = m.input(shape, dice.between(0.1, 4));
  // The same tensor twice, a constant, another input.
  const auto b = dice.random().once_in(4) ? a : dice.coin() ? m.constant(shape) : m.input(shape);
  m.output(m.node(op, {a, b}));
}

void with_vector(Dice& dice, Sample& sample, const char* op) {
  Model& m = sample.model;
  const std::int64_t cols = dice.size();
  const auto x = m.input(dice.shape(cols));
  m.output(m.node(op, {x, m.constant({cols})}));
}

void add(Dice& dice, Sample& sample) { binary(dice, sample, "add"); }
void mul(Dice& dice, Sample& sample) { binary(dice, sample, "mul"); }
void add_vec(Dice& dice, Sample& sample) { with_vector(dice, sample, "add_vec"); }
void mul_vec(Dice& dice, Sample& sample) { with_vector(dice, sample, "mul_vec"); }
void silu(Dice& dice, Sample& sample) { unary(dice, sample, "silu", 2); }

void scale(Dice& dice, Sample& sample) {
  Model& m = sample.model;
  const auto x = m.input(dice.shape(dice.size()));
  const auto factor = static_cast<float>(dice.between(-8, 8));
  m.output(m.node("scale", {x, m.constant_of({}, {factor})}));
}

void gelu(Dice& dice, Sample& sample) {
  const auto form = dice.random().pick<const char*>({"none", "tanh", "sigmoid1702"});
  unary(dice, sample, "gelu", 2, {{"approximate", std::string(form)}});
}

void linear(Dice& dice, Sample& sample) {
  Model& m = sample.model;
  const std::int64_t k = dice.size();
  const std::int64_t n = dice.size();
  const auto x = m.input(dice.shape(k));
  const bool transposed = dice.coin();
  const ir::Shape weight = transposed ? ir::Shape{n, k} : ir::Shape{k, n};
  std::vector<ir::TensorId> operands{x, m.constant(weight, 1 / std::sqrt(static_cast<double>(k)))};
  if (dice.coin()) {
    operands.push_back(m.constant({n}));
  }
  Attrs attrs;
  if (transposed || dice.coin()) {
    attrs["transposed"] = std::int64_t{transposed};
  }
  if (dice.random().once_in(4)) {
    attrs["k_split"] = std::int64_t{1 + dice.random().below(3)};
  }
  m.output(m.node("linear", operands, std::move(attrs)));
  sample.fp32_rms = 0.2;
}

/// Rows that differ from each other and, where the operator centres, from zero.
void norm(Dice& dice, Sample& sample, const char* op, std::size_t vectors) {
  Model& m = sample.model;
  // Two columns alone may nearly be equal, and what is left when they are centred is rounding.
  const std::int64_t cols = std::max<std::int64_t>(dice.size(), vectors == 2 ? 16 : 1);
  std::vector<ir::TensorId> operands{m.input(dice.shape(cols), dice.between(0.2, 5))};
  while (operands.size() <= vectors && dice.coin()) {
    operands.push_back(m.constant({cols}));
  }
  m.output(m.node(op, operands, {{"eps", dice.between(1e-6, 1e-3)}}));
}

void rms_norm(Dice& dice, Sample& sample) {
  Model& m = sample.model;
  const std::int64_t by_blocks = dice.random().once_in(4) ? 1 : 0;
  if (dice.coin()) {
    norm(dice, sample, "rms_norm", 1);
    m.graph.nodes.back().attrs["by_blocks"] = by_blocks;
    return;
  }
  const std::int64_t heads = 1 + dice.random().below(5);
  const std::int64_t cols = heads * dice.size(150);
  std::vector<ir::TensorId> operands{m.input(dice.shape(cols, 50), dice.between(0.2, 5))};
  if (dice.coin()) {
    operands.push_back(m.constant({cols}));
  }
  m.output(m.node(
    "rms_norm",
    operands,
    {{"eps", dice.between(1e-6, 1e-3)}, {"heads", heads}, {"by_blocks", by_blocks}}
  ));
}
void layer_norm(Dice& dice, Sample& sample) {
  norm(dice, sample, "layer_norm", 2);
  if (dice.random().once_in(4)) {
    sample.model.graph.nodes.back().attrs["by_blocks"] = std::int64_t{1};
  }
}

void softmax(Dice& dice, Sample& sample) {
  unary(dice, sample, "softmax", dice.between(0.1, 2), {{"scale", dice.between(0.05, 1)}});
  sample.fp32_rms = 0.2;
}

void view(Dice& dice, Sample& sample) {
  Model& m = sample.model;
  const std::int64_t cols = dice.size();
  // A view alone has nothing to compute: it stands between two operators.
  const auto x = m.node("silu", {m.input(dice.shape(cols))});
  const auto y = m.node("view", {x}, {{"shape", std::vector<std::int64_t>{1, -1, cols}}});
  m.output(m.node("silu", {y}));
}

void sub(Dice& dice, Sample& sample) {
  binary(dice, sample, "sub");
  // What is left of equal numbers, or of nearly equal ones, is rounding.
  sample.fp32_rms = 0.3;
}

void clamp(Dice& dice, Sample& sample) {
  Attrs attrs;
  if (dice.coin()) {
    attrs["min"] = dice.between(-2, -0.1);
  }
  if (attrs.empty() || dice.coin()) {
    // Now and then limits that exclude zero, which padding has to stay.
    attrs["max"] = dice.random().once_in(4) ? dice.between(-0.1, -0.01) : dice.between(0.1, 2);
  }
  unary(dice, sample, "clamp", 1.5, std::move(attrs));
}

void gated(Dice& dice, Sample& sample) {
  Model& m = sample.model;
  const ir::Shape shape = dice.shape(dice.size());
  const auto gate = m.input(shape, 2);
  const auto up = m.input(shape, 2);
  const Attrs clamped{
    {"kind", std::string("clamped")},
    {"limit", dice.between(1, 7)},
    {"alpha", dice.between(1, 2)}};
  m.output(m.node("gated", {gate, up}, dice.coin() ? Attrs{{"kind", std::string("swiglu")}} : clamped));
  sample.fp32_rms = 0.15;
}

/// Angles as rotary embeddings have them.
std::vector<float> angles(std::int64_t rows, std::int64_t cols, bool sine) {
  std::vector<float> values;
  for (std::int64_t r = 0; r < rows; ++r) {
    for (std::int64_t c = 0; c < cols; ++c) {
      const std::int64_t half = std::max<std::int64_t>(cols / 2, 1);
      const double angle = static_cast<double>(r) *
                           std::pow(100.0, -static_cast<double>(c % half) / static_cast<double>(half));
      values.push_back(static_cast<float>(sine ? std::sin(angle) : std::cos(angle)));
    }
  }
  return values;
}

void rope(Dice& dice, Sample& sample) {
  Model& m = sample.model;
  const std::int64_t heads = dice.random().pick<std::int64_t>({1, 1, 2, 4});
  const std::int64_t width = 2 * dice.size(150 / heads);
  const std::int64_t rows = dice.size(120);
  const auto x = m.input({rows, heads * width});
  std::vector<ir::TensorId> operands{
    x,
    m.constant_of({rows, width}, angles(rows, width, false)),
    m.constant_of({rows, width}, angles(rows, width, true))};
  if (dice.coin()) {
    operands.push_back(m.input({rows, heads * width}));
  }
  m.output(m.node("rope", operands));
}

void attention(Dice& dice, Sample& sample) {
  Model& m = sample.model;
  const std::int64_t kv_heads = dice.random().pick<std::int64_t>({1, 1, 2});
  const std::int64_t ratio = dice.random().pick<std::int64_t>({1, 1, 2, 3, 4});
  const std::int64_t width = dice.size(300 / (kv_heads * ratio) > 96 ? 96 : 300 / (kv_heads * ratio));
  const std::int64_t batch = dice.random().pick<std::int64_t>({1, 1, 2});
  const std::int64_t queries = dice.size(100);
  const char* mask = dice.random().pick<const char*>({"none", "causal", "sliding"});
  const bool masked = std::string_view(mask) != "none";
  const std::int64_t keys = masked ? queries : dice.size(150);
  Attrs attrs{
    {"heads", kv_heads * ratio},
    {"kv_heads", kv_heads},
    {"batch", batch},
    {"mask", std::string(mask)},
    {"form", std::string(dice.random().once_in(3) ? "online" : "auto")}};
  if (std::string_view(mask) == "sliding") {
    attrs["window"] = dice.size(queries);
  }
  if (dice.coin()) {
    attrs["scale"] = dice.between(0.05, 0.5);
  }
  const auto q = m.input({batch * queries, kv_heads * ratio * width}, 0.5);
  const auto k = m.input({batch * keys, kv_heads * width}, 0.5);
  std::vector<ir::TensorId> operands{q, k, m.input({batch * keys, kv_heads * width})};
  if (dice.random().once_in(4)) {
    operands.push_back(m.constant({kv_heads * ratio}));
  }
  m.output(m.node("attention", operands, std::move(attrs)));
  sample.fp32_rms = 0.2;
}

void store(Dice& dice, Sample& sample) {
  Model& m = sample.model;
  const auto x = m.node("silu", {m.input(dice.shape(dice.size()))});
  m.output(m.node("store", {x}));
  sample.fp32_rms = 0.15;
}

/// A number of rows, and a position from which on a cache has room for them.
struct Place {
  std::int64_t rows;
  std::int64_t first;

  Place(Dice& dice, std::int64_t capacity)
      : rows(dice.size(std::min<std::int64_t>(capacity, 30))),
        first(dice.random().below(static_cast<std::uint32_t>(capacity - rows + 1))) {}
};

/// Rows before the position, and room behind.
ir::TensorId cache(Model& m, std::int64_t capacity, std::int64_t cols, const Place& place) {
  const ir::TensorId id = m.input({capacity, cols}, 0.5);
  std::vector<float>& values = m.inputs[id];
  std::fill(values.begin() + static_cast<std::ptrdiff_t>(place.first * cols), values.end(), 0.0f);
  return id;
}

ir::TensorId position(Model& m, const Place& place) {
  return m.integers({static_cast<float>(place.first)});
}

void append(Dice& dice, Sample& sample) {
  Model& m = sample.model;
  const std::int64_t capacity = dice.size(150);
  const std::int64_t cols = dice.size();
  const Place place(dice, capacity);
  const auto before = cache(m, capacity, cols, place);
  const auto x = m.input({place.rows, cols});
  const auto added = dice.coin() ? x : m.node("silu", {x});
  m.output(m.node("append", {before, added, position(m, place)}));
  sample.fp32_rms = 0.15;
}

void lookup(Dice& dice, Sample& sample) {
  Model& m = sample.model;
  const std::int64_t entries = dice.size();
  const std::int64_t rows = dice.coin() ? 1 : dice.size(std::min<std::int64_t>(entries, 20));
  std::vector<float> ids;
  for (std::int64_t left = dice.size(20); left > 0; --left) {
    ids.push_back(
      static_cast<float>(dice.random().below(static_cast<std::uint32_t>(entries - rows + 1)))
    );
  }
  const auto table = m.constant({entries, dice.size()});
  m.output(m.node("lookup", {table, m.integers(std::move(ids))}, {{"rows", rows}}));
  sample.fp32_rms = 0.1;
}

/// With what it is for: attention to caches.
void position_mask(Dice& dice, Sample& sample) {
  Model& m = sample.model;
  const std::int64_t kv_heads = dice.random().pick<std::int64_t>({1, 2});
  const std::int64_t ratio = dice.random().pick<std::int64_t>({1, 2, 4});
  const std::int64_t width =
    dice.coin() && dice.config().hlen % 4 == 0 ? dice.config().hlen : dice.size(70);
  // Wide machines have the Vector SRAM for two tiles of keys, for all heads.
  const std::int64_t tiles = dice.random().pick<std::int64_t>({1, 2, 5});
  const std::int64_t capacity =
    dice.config().mlen * (dice.config().mlen > 64 ? std::min<std::int64_t>(tiles, 2) : tiles);
  const Place place(dice, capacity);
  const auto at = position(m, place);
  Attrs mask{{"keys", capacity}, {"rows", place.rows}};
  if (dice.coin()) {
    mask["window"] = dice.size(capacity);
  }
  const auto rows = [&] {
    const auto before = cache(m, capacity, kv_heads * width, place);
    const auto added = m.input({place.rows, kv_heads * width}, 0.5);
    return m.node("append", {before, added, at});
  };
  const auto q = m.input({place.rows, kv_heads * ratio * width}, 0.5);
  const auto k = rows();
  const auto v = rows();
  const auto sinks = dice.random().once_in(4) ? m.constant({kv_heads * ratio}) : ir::no_tensor;
  m.output(m.node(
    "attention",
    {q, k, v, sinks, m.node("position_mask", {at}, std::move(mask))},
    {{"heads", kv_heads * ratio},
     {"kv_heads", kv_heads},
     {"form", std::string(dice.random().once_in(3) ? "online" : "auto")}}
  ));
  sample.fp32_rms = 0.2;
}

void embedding(Dice& dice, Sample& sample) {
  Model& m = sample.model;
  const std::int64_t entries = dice.size();
  std::vector<std::int64_t> ids;
  for (std::int64_t left = dice.size(100); left > 0; --left) {
    ids.push_back(dice.random().below(static_cast<std::uint32_t>(entries)));
  }
  const auto table = m.constant({entries, dice.size()});
  m.output(m.node("embedding", {table}, {{"ids", std::move(ids)}}));
}

void rows(Dice& dice, Sample& sample) {
  Model& m = sample.model;
  const std::int64_t cols = dice.size();
  const std::int64_t first = dice.size(60);
  const bool two = dice.coin();
  const std::int64_t second = two ? dice.size(60) : 0;
  std::vector<ir::TensorId> operands(1, m.input({first, cols}));
  if (two) {
    operands.push_back(m.node("silu", {m.input({second, cols})}));
  }
  std::vector<std::int64_t> ids;
  for (std::int64_t left = 1 + dice.random().below(10); left > 0; --left) {
    // Runs at equal distances, and single rows.
    const std::int64_t step = 1 + dice.random().below(4);
    std::int64_t id = dice.random().below(static_cast<std::uint32_t>(first + second));
    for (std::int64_t count = 1 + dice.random().below(6); count > 0 && id < first + second; --count) {
      ids.push_back(id);
      id += step;
    }
  }
  const std::int64_t across = dice.random().pick<std::int64_t>({1, 1, 2, 3});
  while (ids.size() % static_cast<std::size_t>(across) != 0) {
    ids.push_back(ids.front());
  }
  m.output(m.node("rows", operands, {{"ids", std::move(ids)}, {"across", across}}));
}

void conv2d(Dice& dice, Sample& sample) {
  Model& m = sample.model;
  const std::int64_t channels = dice.random().pick<std::int64_t>({1, 2, 3, 5});
  const std::int64_t kernel_h = dice.random().pick<std::int64_t>({1, 2, 3, 4, 8});
  const std::int64_t kernel_w = dice.coin() ? kernel_h : 1 + dice.random().below(6);
  const std::int64_t stride_h = dice.coin() ? kernel_h : 1 + dice.random().below(3);
  const std::int64_t stride_w = dice.coin() ? kernel_w : 1 + dice.random().below(3);
  const std::int64_t height = kernel_h + dice.random().below(24);
  const std::int64_t width = kernel_w + dice.random().below(24);
  const std::int64_t outputs = dice.size(100);
  const double fan = 1 / std::sqrt(static_cast<double>(channels * kernel_h * kernel_w));
  const std::int64_t images = dice.random().pick<std::int64_t>({1, 1, 2, 3});
  const auto x = m.input({images, channels, height, width});
  std::vector<ir::TensorId> operands{x, m.constant({outputs, channels, kernel_h, kernel_w}, fan)};
  if (dice.coin()) {
    operands.push_back(m.constant({outputs}));
  }
  Attrs attrs{{"strides", std::vector<std::int64_t>{stride_h, stride_w}}};
  if (dice.random().once_in(4)) {
    attrs["k_split"] = std::int64_t{1 + dice.random().below(2)};
  }
  m.output(m.node("conv2d", operands, std::move(attrs)));
  sample.fp32_rms = 0.2;
}

void argmax(Dice& dice, Sample& sample) {
  Model& m = sample.model;
  // Values apart from each other, so that formats do not change their order.
  // Lanes beyond 128 cannot be told apart.
  const std::int64_t cols = dice.size(dice.config().mlen > 128 ? 128 : 300);
  const std::int64_t rows = dice.size(20);
  const auto x = m.input({rows, cols});
  for (std::int64_t r = 0; r < rows; ++r) {
    m.inputs[x][static_cast<std::size_t>(
      r * cols + dice.random().below(static_cast<std::uint32_t>(cols))
    )] = 16.0f;
  }
  m.output(m.node("argmax", {x}));
}

/// Rows of numbers of which the `k` largest are apart from each other and from the rest in every number
/// format, so that formats do not change which they are.
std::vector<float> with_largest(Dice& dice, std::int64_t k, std::int64_t rows, std::int64_t cols) {
  std::vector<float> values;
  for (std::int64_t r = 0; r < rows; ++r) {
    const std::size_t first = values.size();
    for (std::int64_t c = 0; c < cols; ++c) {
      values.push_back(static_cast<float>(c < k ? 8 + static_cast<double>(c) : dice.between(-4, 4)));
    }
    for (std::size_t i = static_cast<std::size_t>(cols) - 1; i > 0; --i) {
      std::swap(
        values[first + i], values[first + dice.random().below(static_cast<std::uint32_t>(i + 1))]
      );
    }
  }
  return values;
}

/// How many of how many.
std::pair<std::int64_t, std::int64_t> selection(Dice& dice) {
  constexpr std::int64_t few = 4;
  constexpr std::int64_t many = 8;
  return dice.coin() ? std::pair{few, few - 1 + dice.size(29)}
                     : std::pair{many, many - 1 + dice.size(121)};
}

void top_k(Dice& dice, Sample& sample) {
  Model& m = sample.model;
  const auto [k, cols] = selection(dice);
  const std::int64_t rows = dice.random().once_in(3) ? 1 : dice.size(40);
  const auto x = m.input({rows, cols});
  m.inputs[x] = with_largest(dice, k, rows, cols);
  const auto weights = m.node("top_k", {x}, {{"k", k}});
  ir::Tensor tensor;
  tensor.name = "ids";
  const ir::TensorId ids = m.graph.add_tensor(std::move(tensor));
  m.graph.nodes.back().outputs.push_back(ids);
  m.output(weights);
  m.output(ids);
}

void moe(Dice& dice, Sample& sample) {
  Model& m = sample.model;
  // Wide machines take their time.
  const bool wide = dice.config().mlen > 64;
  const auto [chosen, most] = wide ? std::pair{std::int64_t{4}, std::int64_t{6}} : selection(dice);
  const std::int64_t experts = std::min<std::int64_t>(most, chosen + 5);
  // Fewer than the instruction chooses, too.
  const std::int64_t k =
    dice.coin() ? chosen : 1 + dice.random().below(static_cast<std::uint32_t>(chosen));
  const std::int64_t hidden = dice.size(70);
  const std::int64_t inner = dice.size(70);
  const std::int64_t tokens = wide ? 1 : dice.random().pick<std::int64_t>({1, 1, 1, 3});
  const auto fan = [](std::int64_t count) { return 1 / std::sqrt(static_cast<double>(count)); };
  const auto x = m.input({tokens, hidden});
  const auto router = m.constant({experts, hidden}, 0.01 * fan(hidden));
  std::vector<ir::TensorId> operands{
    x,
    router,
    m.constant({experts, hidden, inner}, fan(hidden)),
    m.constant({experts, hidden, inner}, fan(hidden)),
    m.constant({experts, inner, hidden}, fan(inner)),
    // Decides, as what the router adds is small.
    m.constant_of({experts}, with_largest(dice, k, 1, experts))};
  if (dice.coin()) {
    operands.push_back(m.constant({experts, inner}));
    operands.push_back(m.constant({experts, inner}));
    operands.push_back(m.constant({experts, hidden}));
  }
  m.output(m.node(
    "moe", operands, {{"k", k}, {"kind", std::string(dice.coin() ? "swiglu" : "clamped")}}
  ));
  sample.fp32_rms = 0.5; // of a single column, say, where nothing averages out
}

constexpr Generator all[]{
  {"add", add},
  {"add_vec", add_vec},
  {"append", append},
  {"argmax", argmax},
  {"attention", attention},
  {"clamp", clamp},
  {"conv2d", conv2d},
  {"embedding", embedding},
  {"gated", gated},
  {"gelu", gelu},
  {"layer_norm", layer_norm},
  {"linear", linear},
  {"lookup", lookup},
  {"moe", moe},
  {"mul", mul},
  {"mul_vec", mul_vec},
  {"position_mask", position_mask},
  {"rms_norm", rms_norm},
  {"rope", rope},
  {"rows", rows},
  {"scale", scale},
  {"silu", silu},
  {"softmax", softmax},
  {"store", store},
  {"sub", sub},
  {"top_k", top_k},
  {"view", view},
};

} // namespace

std::span<const Generator> generators() { return all; }

} // namespace plena::tests
