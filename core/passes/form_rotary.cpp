// Pass: RotaryEmbedding, of ai.onnx and of ONNX Runtime, with constant tables and positions.
#include "passes/node_pass.h"
#include "passes/rotation.h"

#include <algorithm>

namespace plena::passes {

namespace {

/// Where an operator has its inputs; both know the same attributes.
struct Kind {
  std::string_view op;
  std::size_t positions;
  std::size_t cos;
};
constexpr Kind kinds[] = {
  {"onnx:RotaryEmbedding", 3, 1},
  {"com.microsoft:RotaryEmbedding", 1, 2},
};

/// Heads of a tensor of three dimensions (positions, heads in a row) or four (heads, positions).
struct Sizes {
  std::int64_t batch, heads, positions, width;
  bool in_rows;

  std::size_t at(std::int64_t b, std::int64_t h, std::int64_t s, std::int64_t lane) const {
    const std::int64_t row =
      in_rows ? (b * positions + s) * heads + h : (b * heads + h) * positions + s;
    return static_cast<std::size_t>(row * width + lane);
  }
};

class Former : NodePass {
 public:
  Former(ir::Graph& graph, Context& context)
      : NodePass(graph, context),
        layout_(rewriter_, context, Through::Sums),
        rotations_(rewriter_, context) {}

  bool run() {
    for (ir::Node& node : rewriter_.graph.nodes) {
      for (const Kind& kind : kinds) {
        if (node.op == kind.op && sound(node)) {
          map(node, kind);
          break;
        }
      }
    }
    return rewriter_.finish();
  }

 private:
  std::optional<Sizes> sizes_of(const OnnxNode& view) {
    const ir::Shape& shape = view.shape(0);
    if (shape.size() == 4) {
      return Sizes{shape[0], shape[1], shape[2], shape[3], false};
    }
    std::int64_t heads = view.integer("num_heads", 0);
    if (shape.size() == 3 && heads == 0) {
      // Without a number of heads the tables tell how wide they are, when they rotate all of a
      // head.
      const std::int64_t rotated = view.integer("rotary_embedding_dim", 0);
      const ir::Tensor* cos = view.input(view.node.op == "onnx:RotaryEmbedding" ? 1 : 2);
      const std::int64_t width = cos == nullptr || cos->shape.empty() ? 0 : 2 * cos->shape.back();
      heads = rotated == 0 && width > 0 && shape[2] % width == 0 ? shape[2] / width : 0;
    }
    if (shape.size() != 3 || heads < 1 || shape[2] % heads != 0) {
      return std::nullopt;
    }
    return Sizes{shape[0], heads, shape[1], shape[2] / heads, true};
  }

  void map(ir::Node& node, const Kind& kind) {
    const OnnxNode view{rewriter_.graph, node};
    if (!rewriter_.known_float(node.inputs[0])) {
      return;
    }
    const auto sizes = sizes_of(view);
    if (!sizes) {
      return refuse(
        node,
        "E_UNSUPPORTED_ATTR",
        "num_heads does not fit the shape " + ir::to_string(view.shape(0))
      );
    }
    if (view.integer("is_packed_batching", 0) != 0 || view.real("scale", 1) != 1) {
      return refuse(node, "E_UNSUPPORTED_ATTR", "is_packed_batching or scale is set");
    }
    const std::int64_t given = view.integer("rotary_embedding_dim", 0);
    const std::int64_t rotated = given == 0 ? sizes->width : given;
    for (const std::size_t i : {kind.cos, kind.cos + 1}) {
      if (!view.has(i) || !rewriter_.constant(node.inputs[i]) || !rewriter_.known_float(node.inputs[i])) {
        return refuse(node, "E_PATTERN", "its tables are no constants", "angles have to be known");
      }
    }
    const ir::Shape table = view.shape(kind.cos);
    if (rotated < 2 || rotated > sizes->width || rotated % 2 != 0 || table.empty() ||
        table.back() != rotated / 2 || view.shape(kind.cos + 1) != table) {
      return refuse(
        node,
        "E_PATTERN",
        "tables of the shape " + ir::to_string(table) + " do not fit " + std::to_string(rotated) +
          " lanes"
      );
    }
    const Form* x = layout_.form(node.inputs[0]);
    if (x == nullptr || !x->second.empty()) {
      return refuse(node, "E_PATTERN", "what it rotates is no tensor's moved elements");
    }
    std::vector<std::int64_t> rows; // of the tables, by sequence and position
    if (std::string problem = rows_of(view, kind, *sizes, table, rows); !problem.empty()) {
      return refuse(node, "E_PATTERN", problem, "positions have to be constant");
    }
    const Form form = rotation(view, kind, *sizes, rotated, rows, *x);
    (void)rotations_.map(node, form, static_cast<std::size_t>(sizes->width), {});
  }

  /// Empty, or what is wrong.
  std::string rows_of(
    const OnnxNode& view,
    const Kind& kind,
    const Sizes& sizes,
    const ir::Shape& table,
    std::vector<std::int64_t>& rows
  ) {
    const std::int64_t count = *ir::element_count(table) / table.back();
    for (std::int64_t row = 0; row < sizes.batch * sizes.positions; ++row) {
      rows.push_back(row);
    }
    if (view.has(kind.positions)) {
      const auto* positions = view.integers(kind.positions);
      if (positions == nullptr) {
        return "its positions are computed";
      }
      const bool one = positions->size() == 1; // the first position of every sequence
      if (!one && positions->size() != rows.size()) {
        return "its positions do not fit its sequences";
      }
      for (std::size_t i = 0; i < rows.size(); ++i) {
        rows[i] = one ? positions->front() + static_cast<std::int64_t>(i) % sizes.positions
                      : (*positions)[i];
      }
    } else if (table.size() != 3) {
      return "it has no positions";
    }
    for (const std::int64_t row : rows) {
      if (row < 0 || row >= count) {
        return "position " + std::to_string(row) + " lies outside its tables";
      }
    }
    return {};
  }

  Form rotation(
    const OnnxNode& view,
    const Kind& kind,
    const Sizes& sizes,
    std::int64_t rotated,
    const std::vector<std::int64_t>& rows,
    const Form& x
  ) {
    const std::vector<float>& cos = view.input(kind.cos)->constant->floats;
    const std::vector<float>& sin = view.input(kind.cos + 1)->constant->floats;
    const bool neighbours = view.integer("interleaved", 0) != 0;
    const std::int64_t half = rotated / 2;
    Form form{x.source, x.first, std::vector<Part>(x.first.size())};
    for (std::int64_t b = 0; b < sizes.batch; ++b) {
      for (std::int64_t h = 0; h < sizes.heads; ++h) {
        for (std::int64_t s = 0; s < sizes.positions; ++s) {
          const std::int64_t row = rows[static_cast<std::size_t>(b * sizes.positions + s)];
          for (std::int64_t i = 0; i < half; ++i) {
            const std::size_t low = sizes.at(b, h, s, neighbours ? 2 * i : i);
            const std::size_t high = sizes.at(b, h, s, neighbours ? 2 * i + 1 : i + half);
            const auto angle = static_cast<std::size_t>(row * half + i);
            const auto times = [](Part part, float factor) {
              return Part{part.index, part.factor * factor};
            };
            form.first[low] = times(x.first[low], cos[angle]);
            form.second[low] = times(x.first[high], -sin[angle]);
            form.first[high] = times(x.first[high], cos[angle]);
            form.second[high] = times(x.first[low], sin[angle]);
          }
        }
      }
    }
    return form;
  }

  Layout layout_;
  Rotations rotations_;
};

} // namespace

bool form_rotary(ir::Graph& graph, Context& context) { return Former(graph, context).run(); }

} // namespace plena::passes
