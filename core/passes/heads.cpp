#include "passes/heads.h"

#include "passes/onnx_eval.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace plena::passes {

namespace {

/// What is added to a score that is not to count, at most; exporters use the smallest number of the
/// type.
constexpr float hidden_from = -1e4f;

std::vector<std::uint32_t>
joined(const std::vector<std::vector<std::uint32_t>>& heads, std::size_t every) {
  std::vector<std::uint32_t> columns;
  for (std::size_t i = 0; i < heads.size(); i += every) {
    columns.insert(columns.end(), heads[i].begin(), heads[i].end());
  }
  return columns;
}

/// The largest number of neighbouring heads that share their keys and values.
std::size_t sharing(const Heads& keys, const Heads& values) {
  const std::size_t count = keys.columns.size();
  for (std::size_t share = count; share > 1; --share) {
    bool equal = count % share == 0;
    for (std::size_t i = 0; equal && i < count; ++i) {
      const std::size_t first = i / share * share;
      equal = keys.columns[i] == keys.columns[first] && values.columns[i] == values.columns[first];
    }
    if (equal) {
      return share;
    }
  }
  return 1;
}

} // namespace

std::optional<Heads> heads_of(
  const Rewriter& rewriter, Layout& layout, TensorId id, const ir::Shape& matrices, bool transposed
) {
  const Form* form = rewriter.known_float(id) ? layout.form(id) : nullptr;
  if (form == nullptr || !form->second.empty() || !rewriter.known_float(form->source)) {
    return std::nullopt;
  }
  const ir::Shape shape = rewriter.shape(id);
  const ir::Shape source = rewriter.shape(form->source);
  if (shape.size() < 2 || source.empty() || rewriter.constant(form->source)) {
    return std::nullopt;
  }
  const ir::Shape own(shape.begin(), shape.end() - 2);
  const auto rows = static_cast<std::size_t>(shape[shape.size() - (transposed ? 1 : 2)]);
  const auto lanes = static_cast<std::size_t>(shape[shape.size() - (transposed ? 2 : 1)]);
  const auto cols = static_cast<std::size_t>(source.back());
  const auto all_rows = static_cast<std::size_t>(*ir::element_count(source)) / cols;
  if (broadcast(own, matrices) != matrices || all_rows % rows != 0) {
    return std::nullopt;
  }
  Heads heads;
  heads.source = form->source;
  heads.factor = static_cast<double>(form->first.front().factor);
  heads.batch = all_rows / rows;
  std::vector<std::vector<std::vector<std::uint32_t>>> by_sequence(heads.batch);
  const auto count = static_cast<std::size_t>(*ir::element_count(matrices));
  BroadcastIndex at(own, matrices);
  for (std::size_t g = 0; g < count; ++g, at.next()) {
    const std::size_t base = at.value() * rows * lanes;
    const auto part = [&](std::size_t row, std::size_t lane) {
      return form->first[base + (transposed ? lane * rows + row : row * lanes + lane)];
    };
    const std::size_t first_row = part(0, 0).index / cols;
    if (part(0, 0).index == Part::none || first_row % rows != 0) {
      return std::nullopt;
    }
    std::vector<std::uint32_t> columns;
    for (std::size_t c = 0; c < lanes; ++c) {
      columns.push_back(part(0, c).index % static_cast<std::uint32_t>(cols));
    }
    for (std::size_t r = 0; r < rows; ++r) {
      for (std::size_t c = 0; c < lanes; ++c) {
        const Part found = part(r, c);
        if (found.index == Part::none || found.index / cols != first_row + r ||
            found.index % cols != columns[c] ||
            static_cast<double>(found.factor) != heads.factor) {
          return std::nullopt;
        }
      }
    }
    const std::size_t sequence = first_row / rows;
    heads.place.emplace_back(sequence, by_sequence[sequence].size());
    by_sequence[sequence].push_back(std::move(columns));
  }
  for (const auto& sequence : by_sequence) {
    if (sequence != by_sequence.front()) {
      return std::nullopt;
    }
  }
  heads.columns = std::move(by_sequence.front());
  return heads;
}

Made make_attention(
  Rewriter& rewriter,
  Columns& columns,
  const ir::Node& before,
  const Attention& attention,
  const std::vector<const ir::Node*>& from
) {
  Attention a = attention;
  const std::size_t heads = a.queries.columns.size();
  const std::size_t width = heads == 0 ? 0 : a.queries.columns.front().size();
  const auto equal = [&](const Heads& other) {
    return other.columns.size() == heads && other.place == a.queries.place &&
           other.batch == a.queries.batch;
  };
  if (!equal(a.keys) || !equal(a.values)) {
    return {.problem = "queries, keys and values are not equally many heads in one order"};
  }
  if (a.keys.columns.front().size() != width || a.values.columns.front().size() != width) {
    return {.problem = "heads of queries, keys and values are not equally wide"};
  }
  // Scores do not depend on the order of lanes.
  std::vector<std::size_t> order(width);
  std::iota(order.begin(), order.end(), std::size_t{0});
  const std::vector<std::uint32_t> model = a.queries.columns.front();
  std::sort(order.begin(), order.end(), [&](std::size_t x, std::size_t y) {
    return model[x] < model[y];
  });
  for (Heads* both : {&a.queries, &a.keys}) {
    for (std::vector<std::uint32_t>& head : both->columns) {
      const std::vector<std::uint32_t> given = head;
      for (std::size_t i = 0; i < width; ++i) {
        head[i] = given[order[i]];
      }
    }
  }
  const std::size_t share = sharing(a.keys, a.values);
  std::vector<TensorId> inputs;
  const std::pair<const char*, std::vector<std::uint32_t>> operands[] = {
    {"queries", joined(a.queries.columns, 1)},
    {"keys", joined(a.keys.columns, share)},
    {"values", joined(a.values.columns, share)}};
  const TensorId sources[] = {a.queries.source, a.keys.source, a.values.source};
  for (std::size_t i = 0; i < std::size(operands); ++i) {
    const auto selected = columns.select(before, sources[i], operands[i].second);
    if (!selected) {
      return {
        .problem = std::string("the ") + operands[i].first + " are some columns of \"" +
                   rewriter.graph.tensor(sources[i]).name +
                   "\", which is not the result of a linear"};
    }
    inputs.push_back(*selected);
  }
  if (!a.sinks.empty()) {
    const auto count = static_cast<std::int64_t>(a.sinks.size());
    inputs.push_back(rewriter.add_constant(before.name + "_sinks", {count}, a.sinks));
  }
  std::map<std::string, ir::Attr> attrs{
    {"heads", static_cast<std::int64_t>(heads)},
    {"kv_heads", static_cast<std::int64_t>(heads / share)},
    {"scale", a.scale * a.queries.factor * a.keys.factor},
    {"mask", a.mask}};
  if (a.batch() != 1) {
    attrs["batch"] = static_cast<std::int64_t>(a.batch());
  }
  if (a.mask == "sliding") {
    attrs["window"] = a.window;
  }
  ir::Shape shape = rewriter.shape(inputs.front());
  return {.result = rewriter.insert(before, "attention", inputs, attrs, std::move(shape), from)};
}

Added added_by(const std::vector<float>& values, const ir::Shape& mask, const ir::Shape& scores) {
  if (broadcast(mask, scores) != scores) {
    return {.problem = "its mask has the shape " + ir::to_string(mask)};
  }
  const auto matrix = static_cast<std::size_t>(scores[scores.size() - 2] * scores.back());
  const auto count = static_cast<std::size_t>(*ir::element_count(scores));
  Added added;
  added.values.reserve(matrix);
  BroadcastIndex at(mask, scores);
  for (std::size_t i = 0; i < count; ++i, at.next()) {
    const float value = values[at.value()];
    if (i < matrix) {
      added.values.push_back(value);
    } else if (added.values[i % matrix] != value) {
      return {.problem = "its mask differs between heads or sequences"};
    }
  }
  return added;
}

std::vector<float> hiding(const std::vector<std::int64_t>& condition, bool so) {
  std::vector<float> added;
  added.reserve(condition.size());
  for (const std::int64_t value : condition) {
    added.push_back((value != 0) == so ? -INFINITY : 0.0f);
  }
  return added;
}

Mask classify_mask(const std::vector<float>& added, std::size_t queries, std::size_t keys) {
  std::vector<bool> hidden;
  for (const float value : added) {
    hidden.push_back(value <= hidden_from);
    if (!hidden.back() && !(std::fabs(value) <= 1e-6f)) {
      return {
        .problem =
          "its mask adds " + std::to_string(value) + ", which neither hides nor shows a key"};
    }
  }
  const auto holds = [&](auto&& sees) {
    for (std::size_t q = 0; q < queries; ++q) {
      for (std::size_t k = 0; k < keys; ++k) {
        if (hidden[q * keys + k] == sees(q, k)) {
          return false;
        }
      }
    }
    return true;
  };
  if (hidden.empty() || holds([](std::size_t, std::size_t) { return true; })) {
    return {.kind = "none"};
  }
  if (queries != keys) {
    return {
      .problem = "its mask has " + std::to_string(queries) + " queries and " +
                 std::to_string(keys) + " keys, supported are masks of equally many"};
  }
  if (holds([](std::size_t q, std::size_t k) { return k <= q; })) {
    return {.kind = "causal"};
  }
  // The last query sees as many keys as any.
  const auto last = hidden.end() - static_cast<std::ptrdiff_t>(keys);
  const auto window = static_cast<std::size_t>(std::count(last, hidden.end(), false));
  if (window > 0 && holds([&](std::size_t q, std::size_t k) { return k <= q && q - k < window; })) {
    return {.kind = "sliding", .window = static_cast<std::int64_t>(window)};
  }
  return {.problem = "its mask is neither causal nor a sliding window"};
}

} // namespace plena::passes
