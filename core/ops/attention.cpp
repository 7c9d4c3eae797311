// attention: softmax(scale q k^T) v by heads. Query heads share the heads of keys and values in
// equal numbers, in order. A sink is a score of a head that has no value. Rows of several batches
// follow each other.
#include "ops/attention.h"

#include "base/size.h"
#include "numerics/bits.h"
#include "numerics/minifloat.h"
#include "ops/arith.h"

#include <cmath>
#include <fmt/format.h>
#include <optional>

namespace plena::ops {

namespace {

constexpr InputSpec inputs[]{
  {"q", Role::Activation},
  {"k", Role::Stored},
  {"v", Role::Stored},
  {"sinks", Role::Laid, true},
  // Added to scores before these are scaled: of every sequence, or of each its own, one below the other.
  {"mask", Role::Activation, true}};

constexpr std::string_view masks[]{"none", "causal", "sliding"};
constexpr std::string_view forms[]{"auto", "online"};
constexpr AttrSpec attrs[]{
  {"heads", AttrType::Integer, false, 1, {}, "number of query heads"},
  {"kv_heads", AttrType::Integer, false, 1, {}, "number of heads of keys and values"},
  {"batch", AttrType::Integer, false, 1, {}, "sequences whose rows follow each other"},
  {"scale", AttrType::Real, false, 0, {}, "factor of scores; by default 1 / sqrt(head columns)"},
  {"mask", AttrType::Text, false, 0, masks, "none, causal or sliding"},
  {"window", AttrType::Integer, false, 0, {}, "keys that a query sees if sliding, itself included"},
  {"form", AttrType::Text, false, 0, forms, "online: scores of one tile at a time"}};

std::optional<Diagnostic> check_counts(const NodeView& view) {
  for (const char* name : {"heads", "kv_heads", "batch"}) {
    if (view.real(name) < 1) {
      return view.error(
        "E_UNSUPPORTED_ATTR",
        fmt::format("the attribute {} is {}, not at least 1", name, view.real(name)),
        "leave it out where there is one"
      );
    }
  }
  const AttentionShape shape = attention_shape(view);
  if (shape.heads % shape.kv_heads != 0) {
    return view.error(
      "E_UNSUPPORTED_ATTR",
      fmt::format("{} query heads cannot share {} heads of keys", shape.heads, shape.kv_heads),
      "heads has to be a multiple of kv_heads"
    );
  }
  if (view.text("mask") == "sliding" && view.real("window") < 1) {
    return view.error(
      "E_UNSUPPORTED_ATTR",
      "a sliding mask needs the attribute window, at least 1",
      "it counts the keys that a query sees, itself included"
    );
  }
  // Hidden scores are scaled like others and must stay far below these.
  constexpr double least_scale = 0x1p-80;
  if (!(shape.scale >= least_scale) || !numerics::is_finite(hw::constant(shape.scale / product_factor))) {
    return view.error(
      "E_UNSUPPORTED_ATTR",
      fmt::format("the scale {} is out of range", shape.scale),
      "give a scale of at least 2^-80 of which four times is a finite bf16 number"
    );
  }
  return std::nullopt;
}

std::optional<Diagnostic> check_mask(const NodeView& view, const AttentionShape& shape) {
  if (shape.masked) {
    return view.error(
      "E_UNSUPPORTED_ATTR",
      fmt::format("there is a {} mask and one that is computed", view.text("mask")),
      "give one of both"
    );
  }
  const std::uint64_t rows = (shape.own_masks ? shape.batch : 1) * shape.queries;
  if (view.input_extent(Mask) != Extent{rows, shape.keys}) {
    return view.error(
      "E_SHAPE",
      fmt::format(
        "the mask {} is not one of {} queries and {} keys",
        to_string(view.input(Mask)->shape),
        shape.queries,
        shape.keys
      ),
      "it has a row for each query of one sequence, or of all, and a column for each key of a sequence"
    );
  }
  return std::nullopt;
}

std::optional<Diagnostic> check_sinks(const NodeView& view, const AttentionShape& shape) {
  const ir::Tensor& sinks = *view.input(Sinks);
  if (extent_of(sinks.shape).count() != shape.heads) {
    return view.error(
      "E_SHAPE",
      fmt::format("sinks {} are not one of {} heads each", to_string(sinks.shape), shape.heads),
      "give one number for each query head"
    );
  }
  for (const float sink : sinks.constant->floats) {
    if (!numerics::is_finite(loaded_sink(sink))) {
      return view.error(
        "E_DTYPE",
        fmt::format("the sink {} is not a finite binary16 number", sink),
        "the FP SRAM is loaded with binary16 numbers"
      );
    }
  }
  return std::nullopt;
}

Result<ir::Shape> infer(const NodeView& view) {
  if (std::optional<Diagnostic> error = check_counts(view)) {
    return *std::move(error);
  }
  const Extent q = view.input_extent(Queries);
  const Extent k = view.input_extent(Keys);
  const Extent v = view.input_extent(Values);
  const AttentionShape shape = attention_shape(view);
  if (k != v || q.cols != shape.heads * shape.width || k.cols != shape.kv_heads * shape.width) {
    return view.error(
      "E_SHAPE",
      fmt::format(
        "q {}, k {} and v {} are not {} and {} heads of one width",
        to_string(view.input(Queries)->shape),
        to_string(view.input(Keys)->shape),
        to_string(view.input(Values)->shape),
        shape.heads,
        shape.kv_heads
      ),
      "columns of q are heads * width, those of k and v kv_heads * width"
    );
  }
  if (q.rows != shape.batch * shape.queries || k.rows != shape.batch * shape.keys) {
    return view.error(
      "E_SHAPE",
      fmt::format("{} and {} rows are not those of {} sequences", q.rows, k.rows, shape.batch),
      "all sequences of a batch have the same number of rows"
    );
  }
  if (shape.masked && shape.queries != shape.keys) {
    return view.error(
      "E_SHAPE",
      fmt::format(
        "a {} mask over {} queries and {} keys", view.text("mask"), shape.queries, shape.keys
      ),
      "masks need as many keys as queries"
    );
  }
  if (view.has_input(Mask)) {
    if (std::optional<Diagnostic> error = check_mask(view, shape)) {
      return *std::move(error);
    }
  }
  if (view.has_input(Sinks)) {
    if (std::optional<Diagnostic> error = check_sinks(view, shape)) {
      return *std::move(error);
    }
  }
  return view.input(Queries)->shape;
}

std::uint64_t group_cols(const NodeView& view, const Arithmetic& machine, std::size_t i) {
  if (i == Mask) {
    return 0;
  }
  const AttentionShape shape = attention_shape(view);
  const bool packs = i != Keys && i != Values &&
                     shape.can_pack(machine.lanes, machine.block, machine.heads);
  return packs ? any_group : shape.width;
}

} // namespace

float loaded_sink(float sink) {
  return numerics::round_to_bf16(numerics::half_to_f32(numerics::f32_to_half(sink)));
}

AttentionShape attention_shape(const NodeView& view) {
  const auto count = [&](const char* name) {
    return static_cast<std::uint64_t>(std::max(view.real(name), 1.0));
  };
  AttentionShape shape;
  shape.heads = count("heads");
  shape.kv_heads = count("kv_heads");
  shape.batch = count("batch");
  shape.queries = view.input_extent(Queries).rows / shape.batch;
  shape.keys = view.input_extent(Keys).rows / shape.batch;
  shape.width = view.input_extent(Queries).cols / shape.heads;
  const bool given = view.node.attrs.count("scale") != 0;
  shape.scale = given ? view.real("scale") : 1 / std::sqrt(static_cast<double>(shape.width));
  const std::string_view mask = view.text("mask");
  shape.masked = mask != "none";
  shape.window =
    mask == "sliding" ? count("window") : std::numeric_limits<std::uint32_t>::max();
  shape.own_masks = shape.batch != 1 && view.has_input(Mask) &&
                    view.input_extent(Mask).rows != shape.queries;
  shape.online = view.text("form") == "online";
  return shape;
}

extern const OpBody body_attention;
const OpBody body_attention{
  inputs,
  attrs,
  {Bound::Kind::ShareOfRowMax, 0.05},
  one_shape<infer>,
  attention_reference,
  lower_attention,
  {ColumnUse::Kind::Asked, group_cols},
  true};

} // namespace plena::ops
