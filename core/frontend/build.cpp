#include "frontend/build.h"

#include "frontend/graph_builder.h"
#include "frontend/stack_builder.h"

#include <algorithm>
#include <fmt/format.h>
#include <span>

namespace plena::frontend {

namespace {

/// Of a table of embeddings that is larger, only the rows that are looked up become part of the graph.
constexpr std::int64_t large_table = std::int64_t{1} << 24;
constexpr std::int64_t max_rows = 65536;
constexpr std::int64_t max_values = std::int64_t{1} << 28; ///< of one activation
constexpr std::int64_t default_rows = 16;
constexpr std::int64_t max_batch = 65536;

/// Before the modules of a stack in these files: the root under which the first layer wanted has its norm.
std::string root_of(const GraphBuilder& graph, const Stack& stack, std::int64_t first_layer) {
  const NameTable& names = names_of(stack.names);
  for (const std::string_view root : names.roots) {
    if (graph.has(
          fmt::format("{}{}.{}.{}.weight", root, names.layers, first_layer, names.attention_norm)
        )) {
      return std::string(root);
    }
  }
  return std::string(names.roots.front());
}

std::int64_t grid_of(const VisionModel& vision) { return vision.image_size / vision.patch_size; }

/// Rows that an image becomes.
std::int64_t image_rows(const Architecture& architecture) {
  const std::int64_t grid = grid_of(*architecture.vision);
  const std::int64_t factor = architecture.connector ? architecture.connector->factor : 1;
  return grid / factor * (grid / factor);
}

class ModelBuilder {
 public:
  ModelBuilder(const Architecture& architecture, const TensorSource& tensors, const Part& part)
      : architecture_(architecture),
        part_(part),
        graph_(tensors) {}

  Result<ir::Graph> run(BuiltPart* built) && {
    const Stack& stack = architecture_.text ? architecture_.text->stack : architecture_.vision->stack;
    last_ = part_.last_layer.value_or(stack.layers - 1);
    built_.batch = part_.batch;
    if (check_batch() && check_layers(stack)) {
      if (architecture_.text) {
        text(*architecture_.text);
      } else if (part_.step) {
        graph_.error(
          "E_KV_CACHE", "text", "this model has no text", "give a model that tells the next token"
        );
      } else {
        (void)vision(*architecture_.vision, true);
      }
    }
    Result<ir::Graph> graph = std::move(graph_).finish();
    if (graph) {
      graph->name = architecture_.model_type;
      built_.layers = stack.layers;
      built_.first_layer = part_.first_layer;
      built_.last_layer = last_;
    }
    if (built != nullptr) {
      *built = std::move(built_);
    }
    return graph;
  }

 private:
  bool starts() const { return part_.first_layer == 0 && !part_.from_hidden; }

  bool check_layers(const Stack& stack) {
    if (part_.first_layer < 0 || last_ < part_.first_layer || last_ >= stack.layers) {
      graph_.error(
        "E_RANGE",
        "layers",
        fmt::format("layers {} to {} are asked for", part_.first_layer, last_),
        fmt::format("the model has layers 0 to {}", stack.layers - 1)
      );
      return false;
    }
    return true;
  }

  bool check_batch() {
    if (part_.batch >= 1 && part_.batch <= max_batch) {
      return true;
    }
    graph_.error(
      "E_RANGE",
      "batch",
      fmt::format("a batch of {} is asked for", part_.batch),
      fmt::format("1 to {} texts or images", max_batch)
    );
    return false;
  }

  bool check_rows(std::int64_t rows, std::int64_t cols) {
    if (rows >= 1 && rows <= max_rows && rows <= max_values / cols) {
      return true;
    }
    graph_.error(
      "E_RESOURCE",
      "rows",
      fmt::format("{} rows of {} values are asked for", rows, cols),
      fmt::format("1 to {} rows are built", std::min(max_rows, max_values / cols))
    );
    return false;
  }

  ir::TensorId
  layers(StackBuilder& builder, ir::TensorId x, std::int64_t first, std::int64_t last) {
    for (std::int64_t number = first; number <= last && !graph_.full(); ++number) {
      x = builder.layer(number, x);
    }
    return x;
  }

  // ---- text

  void text(const TextModel& text) {
    if (part_.step) {
      return step(text, *part_.step);
    }
    std::vector<std::int64_t> ids = part_.ids;
    if (ids.empty()) {
      const std::int64_t least =
        architecture_.vision && starts() ? image_rows(architecture_) + 8 : default_rows;
      const std::int64_t rows = part_.rows.value_or(least);
      if (!check_rows(rows, text.stack.hidden * part_.batch)) {
        return;
      }
      for (std::int64_t i = 0; i < part_.batch && starts(); ++i) {
        const std::vector<std::int64_t> one = default_ids(architecture_, rows);
        ids.insert(ids.end(), one.begin(), one.end());
      }
    }
    const std::int64_t rows = starts() || !part_.ids.empty()
                                ? static_cast<std::int64_t>(ids.size())
                                : part_.rows.value_or(default_rows) * part_.batch;
    if (rows % part_.batch != 0) {
      return graph_.error(
        "E_RANGE",
        "ids",
        fmt::format("{} ids are not those of {} texts of one length", rows, part_.batch),
        "give as many ids for each"
      );
    }
    if (!check_rows(rows, text.stack.hidden) || (starts() && !check_ids(text, ids))) {
      return;
    }
    built_.rows = rows / part_.batch;
    StackBuilder builder(
      graph_, text.stack, root_of(graph_, text.stack, part_.first_layer), ""
    );
    builder.set_rows(rows / part_.batch, part_.batch, part_.first_position);
    ir::TensorId x = starts() ? embedded(text, builder, ids)
                              : graph_.input(hidden_input, {rows, text.stack.hidden});
    if (starts()) {
      built_.vocabulary = text.vocabulary;
      built_.ids = std::move(ids);
    }
    finish_text(text, builder, layers(builder, x, part_.first_layer, last_));
  }

  /// What comes after the last layer that is built.
  void finish_text(const TextModel& text, StackBuilder& builder, ir::TensorId x) {
    if (last_ + 1 < text.stack.layers) {
      return graph_.output(x, hidden_output);
    }
    const NameTable& names = names_of(text.stack.names);
    if (text.final_norm) {
      x = builder.norm("final_norm", builder.module(names.final_norm), x);
    }
    if (text.head) {
      graph_.output(head(text, builder, x), logits_output);
    } else {
      graph_.output(x, text.final_norm ? last_output : hidden_output);
    }
  }

  // ---- some tokens of a text

  void step(const TextModel& text, const Step& step) {
    const std::int64_t cached = text.stack.kv_heads * text.stack.head_dim;
    // The capacity first: only then it can be rounded up.
    if (!check_step(text, step) || !check_rows(step.rows, text.stack.hidden) ||
        !check_rows(step.capacity, cached) || !check_rows(step.cache_rows(), cached)) {
      return;
    }
    const ir::TensorId ids = graph_.input(ids_input, ir::Shape(1, step.rows), ir::DType::I64);
    const ir::TensorId position = graph_.input(position_input, ir::Shape(1, 1), ir::DType::I64);
    StackBuilder builder(graph_, text.stack, root_of(graph_, text.stack, 0), "");
    builder.set_step(step.rows, step.cache_rows(), position);
    const NameTable& names = names_of(text.stack.names);
    const std::string module = builder.module(names.embedding);
    const ir::Shape shape{text.vocabulary, text.stack.hidden};
    const ir::TensorId table =
      graph_.constant("embedding.table", shape, graph_.take(module + ".weight", shape));
    ir::TensorId x = scaled(text, graph_.node("lookup", "embedding", {table, ids}, {}, module));
    if (text.learned_positions != 0) {
      const std::string learned = builder.module(names.positions);
      const ir::Shape rows{step.cache_rows(), text.stack.hidden};
      std::vector<float> values = graph_.take(
        learned + ".weight", {text.learned_positions, text.stack.hidden}, 0, step.capacity
      );
      values.resize(static_cast<std::size_t>(rows[0] * rows[1]));
      const ir::TensorId positions = graph_.constant("positions.table", rows, std::move(values));
      const ir::TensorId added = graph_.node(
        "lookup", "positions", {positions, position}, {{"rows", step.rows}}, learned
      );
      x = graph_.node("add", "embedding_positions", {x, added}, {}, learned);
    }
    finish_text(text, builder, layers(builder, x, 0, last_));
    for (const auto& [cache, name] : builder.caches()) {
      graph_.output(cache, name);
    }
  }

  bool check_step(const TextModel& text, const Step& step) {
    const auto refuse = [&](std::string where, std::string message, std::string hint) {
      graph_.error("E_KV_CACHE", std::move(where), std::move(message), std::move(hint));
      return false;
    };
    if (!text.stack.causal) {
      return refuse(
        "text",
        "tokens of this model see those after them",
        "keys and values change with every token: compute the whole text"
      );
    }
    if (text.vocabulary == 0) {
      return refuse("text", "the model has no table of tokens", "give it a vocabulary");
    }
    if (!starts() || part_.batch != 1) {
      return refuse(
        "text",
        "a text is gone on with from its ids, one text at a time",
        "start with layer 0, and with a batch of 1"
      );
    }
    if (step.rows < 1 || step.multiple < 1 || step.rows > step.capacity) {
      return refuse(
        "rows",
        fmt::format("{} rows at a time and caches of {}", step.rows, step.capacity),
        "give the caches at least as many rows as come at a time"
      );
    }
    if (text.learned_positions != 0 && step.capacity > text.learned_positions) {
      return refuse(
        "capacity",
        fmt::format("caches of {} rows are asked for", step.capacity),
        fmt::format("the model has learned {} positions", text.learned_positions)
      );
    }
    return true;
  }

  ir::TensorId scaled(const TextModel& text, ir::TensorId x) {
    if (text.embedding_scale == 1) {
      return x;
    }
    const ir::TensorId factor = graph_.constant(
      "embedding.factor", {}, std::vector<float>(1, static_cast<float>(text.embedding_scale))
    );
    return graph_.node("scale", "embedding_scaled", {x, factor});
  }

  bool check_ids(const TextModel& text, const std::vector<std::int64_t>& ids) {
    for (std::size_t i = 0; i < ids.size(); ++i) {
      if (ids[i] < 0 || ids[i] >= text.vocabulary) {
        graph_.error(
          "E_RANGE",
          fmt::format("id {}", i),
          fmt::format("the id is {}", ids[i]),
          fmt::format("ids of this model are 0 to {}", text.vocabulary - 1)
        );
        return false;
      }
    }
    const auto rows = static_cast<std::int64_t>(ids.size());
    if (text.learned_positions != 0 && part_.first_position + rows / part_.batch > text.learned_positions) {
      graph_.error(
        "E_RANGE",
        "rows",
        fmt::format("there are {} rows from position {} on", rows / part_.batch, part_.first_position),
        fmt::format("the model has learned positions 0 to {}", text.learned_positions - 1)
      );
      return false;
    }
    return true;
  }

  ir::TensorId
  embedded(const TextModel& text, StackBuilder& builder, const std::vector<std::int64_t>& ids) {
    const NameTable& names = names_of(text.stack.names);
    const std::int64_t hidden = text.stack.hidden;
    const std::string module = builder.module(names.embedding);
    std::vector<std::int64_t> used = ids;
    ir::TensorId table{};
    if (text.vocabulary > large_table / hidden) {
      table = used_rows(module, {text.vocabulary, hidden}, used);
    } else {
      const ir::Shape shape{text.vocabulary, hidden};
      table = graph_.constant("embedding.table", shape, graph_.take(module + ".weight", shape));
    }
    ir::TensorId x =
      scaled(text, graph_.node("embedding", "embedding", {table}, {{"ids", used}}, module));
    x = with_image(text, ids, x);
    if (text.learned_positions != 0) {
      const auto rows = static_cast<std::int64_t>(ids.size());
      const std::string positions = builder.module(names.positions);
      const std::vector<float> learned = graph_.take(
        positions + ".weight",
        {text.learned_positions, hidden},
        part_.first_position,
        rows / part_.batch
      );
      const ir::TensorId added =
        graph_.constant("positions.table", {rows, hidden}, repeated(learned, part_.batch));
      x = graph_.node("add", "embedding_positions", {x, added}, {}, positions);
    }
    return x;
  }

  /// A table of the rows that `ids` names; `ids` becomes their numbers in it.
  ir::TensorId
  used_rows(const std::string& module, const ir::Shape& shape, std::vector<std::int64_t>& ids) {
    std::vector<std::int64_t> rows = ids;
    std::sort(rows.begin(), rows.end());
    rows.erase(std::unique(rows.begin(), rows.end()), rows.end());
    std::vector<float> values;
    for (const std::int64_t row : rows) {
      const std::vector<float> one = graph_.take(module + ".weight", shape, row, 1);
      values.insert(values.end(), one.begin(), one.end());
    }
    for (std::int64_t& id : ids) {
      id = std::lower_bound(rows.begin(), rows.end(), id) - rows.begin();
    }
    return graph_.constant(
      "embedding.table", {static_cast<std::int64_t>(rows.size()), shape[1]}, std::move(values)
    );
  }

  ir::TensorId head(const TextModel& text, StackBuilder& builder, ir::TensorId x) {
    const NameTable& names = names_of(text.stack.names);
    const ir::Shape shape{text.vocabulary, text.stack.hidden};
    const std::string own(names.head);
    std::string module = graph_.has(own + ".weight") ? own : builder.module(own);
    if (text.tied || !graph_.has(module + ".weight")) {
      if (!text.tied) {
        graph_.error(
          "E_WEIGHTS",
          own + ".weight",
          "there is no such tensor, and the head is not tied to the embedding",
          "give the file that holds it"
        );
        return x;
      }
      module = builder.module(names.embedding);
    }
    const ir::TensorId weight = graph_.constant(
      "head.weight",
      {text.stack.hidden, text.vocabulary},
      transposed(graph_.take(module + ".weight", shape), text.vocabulary, text.stack.hidden)
    );
    std::vector<ir::TensorId> inputs{x, weight};
    if (!text.tied && graph_.has(module + ".bias")) {
      const ir::Shape row(1, text.vocabulary);
      inputs.push_back(graph_.constant("head.bias", row, graph_.take(module + ".bias", row)));
    }
    return graph_.node("linear", "head", std::move(inputs), {}, module);
  }

  // ---- images

  /// Rows of images in the places of their tokens.
  ir::TensorId
  with_image(const TextModel& text, const std::vector<std::int64_t>& ids, ir::TensorId x) {
    if (!architecture_.vision ||
        std::find(ids.begin(), ids.end(), architecture_.image_token) == ids.end()) {
      return x;
    }
    const std::int64_t rows = image_rows(architecture_);
    const auto texts = static_cast<std::ptrdiff_t>(part_.batch);
    const auto each = static_cast<std::ptrdiff_t>(ids.size()) / texts;
    for (auto one = ids.begin(); one != ids.end(); one += each) {
      const auto tokens = std::count(one, one + each, architecture_.image_token);
      if (tokens != rows) {
        graph_.error(
          "E_RANGE",
          "ids",
          fmt::format("a text has {} tokens of images (id {})", tokens, architecture_.image_token),
          fmt::format("an image becomes {} rows: give that many tokens to each text, or none", rows)
        );
        return x;
      }
    }
    if (architecture_.connector->output != text.stack.hidden) {
      graph_.error(
        "E_SHAPE",
        "connector",
        fmt::format("rows of images have {} columns", architecture_.connector->output),
        fmt::format("rows of the text have {}", text.stack.hidden)
      );
      return x;
    }
    const VisionModel& encoder = *architecture_.vision;
    const ir::TensorId image = connected(vision(encoder, false), grid_of(encoder));
    std::vector<std::int64_t> sources;
    auto next = static_cast<std::int64_t>(ids.size());
    for (std::size_t i = 0; i < ids.size(); ++i) {
      sources.push_back(
        ids[i] == architecture_.image_token ? next++ : static_cast<std::int64_t>(i)
      );
    }
    graph_.output(image, image_output);
    return graph_.node("rows", "merged", {x, image}, {{"ids", std::move(sources)}});
  }

  ir::TensorId vision(const VisionModel& vision, bool alone) {
    const Stack& stack = vision.stack;
    const NameTable& names = names_of(stack.names);
    const std::int64_t first = alone ? part_.first_layer : 0;
    const std::int64_t last = alone ? last_ : stack.layers - 1;
    const std::int64_t full = grid_of(vision);
    std::int64_t grid = full;
    if (alone && part_.rows) {
      for (grid = 1; grid < full && grid * grid < *part_.rows; ++grid) {
      }
      if (grid * grid != *part_.rows) {
        graph_.error(
          "E_RANGE",
          "rows",
          fmt::format("{} patches are asked for", *part_.rows),
          fmt::format("a square number up to {}: images are square", full * full)
        );
        return {};
      }
    }
    const std::int64_t rows = grid * grid * part_.batch;
    if (!check_rows(rows, stack.hidden)) {
      return {};
    }
    if (alone) {
      built_.rows = grid * grid;
    }
    StackBuilder builder(graph_, stack, root_of(graph_, stack, first), alone ? "" : "vision.");
    builder.set_rows(grid * grid, part_.batch, 0);
    ir::TensorId x = first == 0 && !(alone && part_.from_hidden)
                       ? patches(vision, builder, grid)
                       : graph_.input(hidden_input, {rows, stack.hidden});
    x = layers(builder, x, first, last);
    if (last + 1 < stack.layers) {
      graph_.output(x, hidden_output);
      return x;
    }
    x = builder.norm(builder.label("final_norm"), builder.module(names.final_norm), x);
    if (alone && architecture_.connector) {
      if (grid % architecture_.connector->factor != 0) {
        graph_.error(
          "E_RANGE",
          "rows",
          fmt::format(
            "{} patches in a row do not become squares of {}", grid, architecture_.connector->factor
          ),
          "ask for another number of patches"
        );
        return x;
      }
      graph_.output(connected(x, grid), image_output);
    } else if (alone) {
      graph_.output(x, last_output);
    }
    return x;
  }

  ir::TensorId patches(const VisionModel& vision, StackBuilder& builder, std::int64_t grid) {
    const NameTable& names = names_of(vision.stack.names);
    const std::int64_t hidden = vision.stack.hidden;
    const std::int64_t size = vision.patch_size;
    const std::string module = builder.module(names.embedding);
    const ir::TensorId pixels =
      graph_.input(pixel_input, {part_.batch, vision.channels, grid * size, grid * size});
    const ir::Shape kernels{hidden, vision.channels, size, size};
    std::vector<ir::TensorId> inputs{
      pixels,
      graph_.constant(
        builder.label("patches.weight"), kernels, graph_.take(module + ".weight", kernels)
      )};
    std::vector<float> shared_bias; // that of every patch goes with its position
    if (graph_.has(module + ".bias")) {
      const ir::Shape row(1, hidden);
      std::vector<float> bias = graph_.take(module + ".bias", row);
      if (vision.positions_with_bias) {
        shared_bias = std::move(bias);
      } else {
        inputs.push_back(graph_.constant(builder.label("patches.bias"), row, std::move(bias)));
      }
    }
    const ir::TensorId x = graph_.node(
      "conv2d",
      builder.label("patches"),
      std::move(inputs),
      {{"strides", std::vector<std::int64_t>{size, size}}},
      module
    );
    return graph_.node(
      "add",
      builder.label("patches_positions"),
      {x, positions(vision, builder, grid, shared_bias)},
      {},
      builder.module(names.positions)
    );
  }

  /// A small grid takes evenly spread rows of the table; `bias`, which may be empty, is added to each.
  ir::TensorId positions(
    const VisionModel& vision, StackBuilder& builder, std::int64_t grid, std::span<const float> bias
  ) {
    const std::int64_t hidden = vision.stack.hidden;
    const std::int64_t full = grid_of(vision);
    const std::vector<float> table = graph_.take(
      builder.module(names_of(vision.stack.names).positions) + ".weight", {full * full, hidden}
    );
    std::vector<float> taken;
    for (std::int64_t i = 0; i < grid * grid && !table.empty(); ++i) {
      const std::int64_t row = i / grid * full / grid * full + i % grid * full / grid;
      const auto begin = table.begin() + static_cast<std::ptrdiff_t>(row * hidden);
      taken.insert(taken.end(), begin, begin + static_cast<std::ptrdiff_t>(hidden));
    }
    for (std::size_t i = 0; !bias.empty() && i < taken.size(); ++i) {
      taken[i] += bias[i % bias.size()];
    }
    return graph_.constant(
      builder.label("positions.table"),
      {grid * grid * part_.batch, hidden},
      repeated(taken, part_.batch)
    );
  }

  /// Patches of a square side by side, times the projection: the sum over the places in the square.
  ir::TensorId connected(ir::TensorId x, std::int64_t grid) {
    const Connector& connector = *architecture_.connector;
    const std::int64_t hidden = architecture_.vision->stack.hidden;
    const std::int64_t factor = connector.factor;
    std::string module = "connector.modality_projection.proj";
    if (graph_.has("model." + module + ".weight")) {
      module = "model." + module;
    }
    const std::int64_t all = factor * factor * hidden;
    const std::vector<float> weight = transposed(
      graph_.take(module + ".weight", {connector.output, all}), connector.output, all
    );
    const auto rows_at = [&](std::int64_t place) {
      std::vector<std::int64_t> rows;
      for (std::int64_t y = place / factor; y < grid * part_.batch; y += factor) {
        for (std::int64_t i = place % factor; i < grid; i += factor) {
          rows.push_back(y * grid + i);
        }
      }
      return rows;
    };
    const auto with_bias = [&](std::vector<ir::TensorId> inputs) {
      if (graph_.has(module + ".bias")) {
        const ir::Shape row(1, connector.output);
        inputs.push_back(
          graph_.constant("connector.bias", row, graph_.take(module + ".bias", row))
        );
      }
      return inputs;
    };
    if (connector.one_product) {
      std::vector<std::int64_t> rows(static_cast<std::size_t>(grid * grid * part_.batch));
      for (std::int64_t place = 0; place < factor * factor; ++place) {
        const std::vector<std::int64_t> own = rows_at(place);
        for (std::size_t i = 0; i < own.size(); ++i) {
          rows[i * static_cast<std::size_t>(factor * factor) + static_cast<std::size_t>(place)] = own[i];
        }
      }
      const ir::TensorId squares = graph_.node(
        "rows", "connector.squares", {x}, {{"ids", std::move(rows)}, {"across", factor * factor}}
      );
      const ir::TensorId matrix =
        graph_.constant("connector.weight", {all, connector.output}, std::vector<float>(weight));
      return graph_.node("linear", "connector", with_bias({squares, matrix}), {}, module);
    }
    ir::TensorId sum{};
    for (std::int64_t place = 0; place < factor * factor && !weight.empty(); ++place) {
      const std::string label = fmt::format("connector.{}_{}", place / factor, place % factor);
      const ir::TensorId taken =
        graph_.node("rows", label + ".rows", {x}, {{"ids", rows_at(place)}});
      const auto begin =
        weight.begin() + static_cast<std::ptrdiff_t>(place * hidden * connector.output);
      const ir::TensorId part = graph_.constant(
        label + ".weight",
        {hidden, connector.output},
        std::vector<float>(begin, begin + static_cast<std::ptrdiff_t>(hidden * connector.output))
      );
      std::vector<ir::TensorId> inputs{taken, part};
      const ir::TensorId product = graph_.node(
        "linear", label, place == 0 ? with_bias(std::move(inputs)) : std::move(inputs), {}, module
      );
      sum = place == 0 ? product : graph_.node("add", label + ".sum", {sum, product});
    }
    return sum;
  }

  const Architecture& architecture_;
  const Part& part_;
  GraphBuilder graph_;
  std::int64_t last_ = 0;
  BuiltPart built_;
};

} // namespace

std::vector<std::int64_t> default_ids(const Architecture& architecture, std::int64_t rows) {
  const std::int64_t vocabulary = architecture.text->vocabulary;
  const std::int64_t image = architecture.vision ? image_rows(architecture) : 0;
  std::vector<std::int64_t> ids;
  for (std::int64_t p = 0; p < rows; ++p) {
    const auto special = [&](std::int64_t id) {
      return id == architecture.image_token || id == architecture.start_token ||
             id == architecture.pad_token;
    };
    std::int64_t id = p == 0 ? architecture.start_token % vocabulary : (17 + 37 * p) % vocabulary;
    for (int tries = 0; p != 0 && special(id) && tries < 3; ++tries) {
      id = (id + 1) % vocabulary;
    }
    ids.push_back(p >= 1 && p <= image && rows > image ? architecture.image_token : id);
  }
  return ids;
}

Result<ir::Graph>
build(
  const Architecture& architecture, const TensorSource& tensors, const Part& part, BuiltPart* built
) {
  return ModelBuilder(architecture, tensors, part).run(built);
}

} // namespace plena::frontend
