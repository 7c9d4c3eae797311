// What an operator is: the record that each file of this folder fills, and what its functions are
// given. Tensors are matrices here: the last dimension is the columns, all others together the
// rows.
#pragma once

#include "base/result.h"
#include "ir/graph.h"
#include "numerics/formats.h"

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace plena::ops {

class Lowering;

// ---- signature

/// What an input is used as: it decides where the values live and how they are stored.
enum class Role : std::uint8_t {
  Activation, ///< rows in the Vector SRAM
  Weight,     ///< constant matrix that goes through the Matrix SRAM
  Stored,     ///< keys or values: a matrix that goes through the Matrix SRAM, constant or not; a computed
              ///< one is stored to HBM first and has that format's precision from then on
  Table,      ///< constant or graph input, rows in HBM of which the program loads those it wants
  Laid,       ///< constant that the operator lays out itself; its reference is given it as it is
  Vector,     ///< one row in the Vector SRAM
  Scalar,     ///< one constant number, an entry of the FP SRAM
  Numbers,    ///< integers that shape the program: constant, or a graph input with values at that time
  Entries,    ///< graph input: integers in the INT SRAM, which may be others in every run
  Cache,      ///< graph input: a matrix in HBM that the program changes there, for the next run
};

struct InputSpec {
  std::string_view name;
  Role role = Role::Activation;
  bool optional = false;
};

/// Where a result lies when the node has run.
enum class ResultMemory : std::uint8_t {
  VectorSram, ///< rows
  Hbm,        ///< a matrix that the Matrix SRAM can load, in the format of computed ones
  FpSram,     ///< entries, row by row
  IntSram,    ///< entries, row by row; integers
};

struct OutputSpec {
  std::string_view name;
  ResultMemory memory = ResultMemory::VectorSram;
};
inline constexpr OutputSpec one_output[]{{"y"}};

enum class AttrType : std::uint8_t { Real, Integer, Integers, Text };

struct AttrSpec {
  std::string_view name;
  AttrType type = AttrType::Real;
  bool required = false;
  double number = 0;                         ///< default of Real and Integer
  std::span<const std::string_view> texts{}; ///< accepted values of Text, the default first
  std::string_view meaning{};
};

// ---- acceptance

/// How far a machine result may lie from the golden in hardware precision (the table of
/// compiler_backend.md 7.2). A step is the distance of neighbouring bf16 numbers.
struct Bound {
  enum class Kind : std::uint8_t {
    Exact,         ///< equal values
    StepsOfRowMax, ///< at most `amount` bf16 steps of the row's largest element
    ShareOfRowMax, ///< at most `amount` times the row's largest element
  };
  Kind kind = Kind::Exact;
  double amount = 0;
};

/// "exact", "2 bf16 steps of the row's largest element", ...
std::string to_string(const Bound& bound);

// ---- shapes

struct Extent {
  std::uint64_t rows = 1;
  std::uint64_t cols = 1;
  std::uint64_t count() const { return rows * cols; }
  bool operator==(const Extent&) const = default;
};

/// A scalar is 1 x 1, a vector one row.
Extent extent_of(const ir::Shape& shape);
/// "[2, 3]"
std::string to_string(const ir::Shape& shape);

/// A node with its graph; absent optional inputs are null.
struct NodeView {
  const ir::Graph& graph;
  const ir::Node& node;

  const ir::Tensor* input(std::size_t i) const;
  bool has_input(std::size_t i) const { return input(i) != nullptr; }
  const ir::Tensor& output(std::size_t i = 0) const;
  Extent input_extent(std::size_t i) const { return extent_of(input(i)->shape); }
  Extent output_extent(std::size_t i = 0) const { return extent_of(output(i).shape); }
  /// Attributes, or the default of the operator's record; the types have been checked.
  double real(std::string_view name) const;
  std::string_view text(std::string_view name) const;
  /// Null when the attribute is not given.
  const std::vector<std::int64_t>* integers(std::string_view name) const;
  /// The value of a Scalar input.
  double scalar(std::size_t i) const;
  /// An error at this node.
  Diagnostic error(std::string code, std::string message, std::string hint = {}) const;
  Diagnostic warning(std::string code, std::string message, std::string hint = {}) const;
};

// ---- reference

enum class Precision : std::uint8_t {
  Fp32,     ///< the mathematical function in f32, nothing else rounded
  Hardware, ///< the number formats of the machine and a rounding wherever the machine has one
};

/// What was decided for a graph before it is lowered; lowering and references follow it.
struct Plan {
  /// By node: its matrix products use the whole-tile instructions M_BMM and M_BTMM. Empty: none does.
  std::vector<bool> dense{};
  /// By tensor: columns that lie together, each such group padded to whole rows of the machine; 0 when
  /// all columns do. Empty: no tensor has groups.
  std::vector<std::uint64_t> groups{};
  /// Values of graph inputs that are Numbers, and those of Entries in the first run, by tensor.
  std::map<ir::TensorId, std::vector<std::int64_t>> numbers{};

  bool is_dense(std::size_t node) const { return node < dense.size() && dense[node]; }
  std::uint64_t group_cols(ir::TensorId tensor) const {
    return ir::index(tensor) < groups.size() ? groups[ir::index(tensor)] : 0;
  }
};

/// What the reference has to know of the machine.
struct Arithmetic {
  Precision precision = Precision::Fp32;
  std::uint64_t lanes = 64; ///< MLEN, elements that one instruction handles
  std::uint64_t block = 4;  ///< BLEN
  std::uint64_t heads = 1;  ///< slices of a whole-tile product, see lower::Tiling
  numerics::StorageFormat weight{};
  numerics::StorageFormat activation{};
  numerics::StorageFormat stored{}; ///< of keys and values, and other matrices that programs store
  Plan plan{};
  std::uint64_t store_rows = 1; ///< that one instruction writes to HBM
  bool caches_hold = false; ///< values of caches are those that HBM holds, and not rounded once more
};

struct ReferenceCall {
  NodeView view;
  const Arithmetic& arithmetic;
  /// Row-major values by input, as the machine has loaded them; empty for absent and Scalar ones.
  std::span<const std::span<const float>> inputs;
  bool dense = false; ///< the node's products use the whole-tile instructions

  bool hardware() const { return arithmetic.precision == Precision::Hardware; }
};

/// By output.
using Shapes = std::vector<ir::Shape>;
using Results = std::vector<std::vector<float>>;

/// Functions of operators with a single output, in the form of the record.
template <Result<ir::Shape> (*infer)(const NodeView&)>
Result<Shapes> one_shape(const NodeView& view) {
  Result<ir::Shape> shape = infer(view);
  if (!shape) {
    return shape.diagnostics();
  }
  return Shapes{std::move(*shape)};
}
template <std::vector<float> (*reference)(const ReferenceCall&)>
Results one_result(const ReferenceCall& call) {
  Results results;
  results.push_back(reference(call));
  return results;
}

// ---- the record

/// An answer of ColumnUse::group_cols: any grouping will do, the same for all operands with this answer.
inline constexpr std::uint64_t any_group = ~std::uint64_t{0};

/// How an operator deals with groups of columns that lie apart (Plan::groups).
struct ColumnUse {
  enum class Kind : std::uint8_t {
    Whole, ///< needs all columns of its activations and outputs next to each other
    Kept,  ///< takes any grouping, the same for its activations and outputs
    Free,  ///< takes any grouping of each activation and output
    Asked, ///< says what it needs, see `group_cols`
  };
  Kind kind = Kind::Whole;
  /// For Asked: columns per group of operand `i` (inputs, then outputs), 0 for all together.
  std::uint64_t (*group_cols)(const NodeView&, const Arithmetic&, std::size_t i) = nullptr;
  /// Whether the weights' columns are those of the first input instead of the output's; null: never.
  bool (*weight_transposed)(const NodeView&) = nullptr;
  /// Of how many columns any group has to be a multiple; null: of one.
  std::uint64_t (*group_unit)(const NodeView&) = nullptr;
};

inline constexpr ColumnUse keeps_columns{ColumnUse::Kind::Kept};
inline constexpr ColumnUse free_columns{ColumnUse::Kind::Free};

/// What core/ops/<name>.cpp defines, as `body_<name>`.
struct OpBody {
  std::span<const InputSpec> inputs;
  std::span<const AttrSpec> attrs;
  Bound bound;
  /// Shapes of the outputs; number of inputs, attributes and constants have been checked.
  Result<Shapes> (*infer)(const NodeView&);
  /// Row-major values of the outputs.
  Results (*reference)(const ReferenceCall&);
  /// Writes the node's instructions.
  void (*lower)(Lowering&);
  ColumnUse columns{};
  /// Has matrix products, which may use the whole-tile instructions.
  bool has_products = false;
  std::span<const OutputSpec> outputs = one_output;
};

/// With the name and summary of its row in ops.def.
struct Op : OpBody {
  std::string_view name;
  std::string_view summary;
};

} // namespace plena::ops
