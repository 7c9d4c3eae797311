// rope: rotary position embedding of heads of d columns, y = x * cos + rotated * sin with a rounding
// per instruction. `rotated` is given, or it is made here: (-upper half, lower half) of every head.
//
// Halves of whole blocks are rotated by taking the other block and subtracting. Otherwise the rows go
// through the matrix unit with a matrix of +-1, which changes no value. With portable products only
// the lower halves do, since a row can be shifted towards higher lanes, but not back. An infinite x
// leaves what is no number in all that the products make of its row, lanes without a column included.
#include "base/size.h"
#include "numerics/bits.h"
#include "ops/arith.h"
#include "ops/product.h"

#include <fmt/format.h>
#include <limits>

namespace plena::ops {

namespace {

enum Input : std::size_t { X, Cos, Sin, Rotated };
constexpr InputSpec inputs[]{
  {"x", Role::Activation},
  {"cos", Role::Activation},
  {"sin", Role::Activation},
  {"rotated", Role::Activation, true}};

std::uint64_t width_of(const NodeView& view) { return view.input_extent(Cos).cols; }

Result<ir::Shape> infer(const NodeView& view) {
  const ir::Shape& x = view.input(X)->shape;
  const Extent cos = view.input_extent(Cos);
  if (cos != view.input_extent(Sin) || cos.rows != view.input_extent(X).rows) {
    return view.error(
      "E_SHAPE",
      fmt::format(
        "cos {} and sin {} do not fit x {}",
        to_string(view.input(Cos)->shape),
        to_string(view.input(Sin)->shape),
        to_string(x)
      ),
      "both have a row for each row of x"
    );
  }
  if (view.input_extent(X).cols % cos.cols != 0) {
    return view.error(
      "E_SHAPE",
      fmt::format("the columns of x {} are no heads of {} columns", to_string(x), cos.cols),
      "cos and sin have the columns of one head"
    );
  }
  if (!view.has_input(Rotated)) {
    if (cos.cols % 2 != 0) {
      return view.error(
        "E_SHAPE",
        fmt::format("a head of {} columns has no halves", cos.cols),
        "heads have an even number of columns, or give rotated"
      );
    }
  } else if (view.input(Rotated)->shape != x) {
    return view.error(
      "E_SHAPE",
      fmt::format(
        "rotated {} is not of the shape {}", to_string(view.input(Rotated)->shape), to_string(x)
      ),
      "leave it out to have it made of x"
    );
  }
  return x;
}

/// Halves of whole blocks need no matrix product.
bool by_blocks(std::uint64_t width, std::uint64_t lanes) { return width % (2 * lanes) == 0; }

/// Columns of a portable product start at multiples of BLEN. Where heads within blocks do, products
/// make their lower halves only.
bool heads_apart(std::uint64_t width, std::uint64_t blen) { return width % blen == 0; }

/// How many columns of a head, from the first on, come from products with the matrix.
std::uint64_t product_cols(std::uint64_t width, const Arithmetic& machine, bool dense) {
  const bool halves = !dense && width <= machine.lanes && heads_apart(width, machine.block);
  return halves ? lower::round_up(width / 2, machine.block) : width;
}

/// (-upper half, lower half) of every head.
std::vector<float> turned(const ReferenceCall& call) {
  const std::size_t width = to_size(width_of(call.view));
  const std::span<const float> x = call.inputs[X];
  std::vector<float> result(x.size());
  for (std::size_t i = 0; i < x.size(); ++i) {
    result[i] = i % width < width / 2 ? -x[i + width / 2] : x[i - width / 2];
  }
  return result;
}

/// The same as the machine does it: a product with the matrix adds zero times every other lane that
/// it meets, and zero times what is not finite is no number.
std::vector<float> turned_by_products(const ReferenceCall& call) {
  std::vector<float> result = turned(call);
  const Arithmetic& machine = call.arithmetic;
  const std::size_t width = to_size(width_of(call.view));
  const std::size_t cols = to_size(call.view.input_extent(X).cols);
  const std::size_t made = to_size(product_cols(width, machine, call.dense));
  const std::uint64_t group = machine.plan.group_cols(call.view.node.inputs[X]);
  const auto met = [&](std::size_t col) { // columns with the same answer meet
    return width > machine.lanes ? col / width
                                 : to_size(grouped_index(col, group, machine.lanes) / machine.lanes);
  };
  for (std::size_t begin = 0; begin < result.size(); begin += cols) {
    const std::span<float> row = std::span(result).subspan(begin, cols);
    std::vector<std::size_t> infinite(cols); // and NaN, by `met`
    for (std::size_t c = 0; c < cols; ++c) {
      infinite[met(c)] += numerics::is_finite(row[c]) ? 0u : 1u;
    }
    for (std::size_t c = 0; c < cols; ++c) {
      if (c % width < made && infinite[met(c)] > (numerics::is_finite(row[c]) ? 0u : 1u)) {
        row[c] = std::numeric_limits<float>::quiet_NaN();
      }
    }
  }
  return result;
}

std::vector<float> reference(const ReferenceCall& call) {
  const std::size_t width = to_size(width_of(call.view));
  const std::size_t cols = to_size(call.view.input_extent(X).cols);
  const std::span<const float> x = call.inputs[X];
  std::vector<float> made;
  if (!call.view.has_input(Rotated)) {
    const bool products = call.hardware() && !by_blocks(width, call.arithmetic.lanes);
    made = products ? turned_by_products(call) : turned(call);
  }
  const std::span<const float> rotated =
    call.view.has_input(Rotated) ? call.inputs[Rotated] : std::span<const float>(made);
  std::vector<float> y(x.size());
  for (std::size_t i = 0; i < x.size(); ++i) {
    const std::size_t at = i / cols * width + i % width;
    const float cos = call.inputs[Cos][at];
    const float sin = call.inputs[Sin][at];
    y[i] = call.hardware() ? hw::add(hw::mul(x[i], cos), hw::mul(rotated[i], sin))
                           : static_cast<float>(
                               static_cast<double>(x[i]) * static_cast<double>(cos) +
                               static_cast<double>(rotated[i]) * static_cast<double>(sin)
                             );
  }
  return y;
}

/// Heads that fill rows exactly may lie in them one after the other, others have blocks of their own.
bool fill_rows(std::uint64_t width, std::uint64_t lanes) {
  return lanes % width == 0 || width % lanes == 0;
}

std::uint64_t group_cols(const NodeView& view, const Arithmetic& machine, std::size_t i) {
  const std::uint64_t width = width_of(view);
  return i == Cos || i == Sin || !fill_rows(width, machine.lanes) ? width : any_group;
}

class RopeLowering {
 public:
  explicit RopeLowering(Lowering& low)
      : low_(low),
        b_(low.builder()),
        t_(low.tiling()),
        width_(width_of(low.view())),
        by_blocks_(!low.view().has_input(Rotated) && by_blocks(width_, t_.mlen)),
        x_(low.input(X)),
        cos_(low.input(Cos)),
        sin_(low.input(Sin)) {
    if (x_.group_cols != width_ && x_.cols != width_ && width_ < t_.mlen) {
      packed_ = t_.mlen / width_;
      cos_ = repeated(cos_);
      sin_ = repeated(sin_);
    }
    used_ = lower::round_up(x_.rows, t_.blen);
    term_ = b_.set(lower::Address{low.scratch("product with cos", 1)});
  }

  void run() {
    if (by_blocks_) {
      y_ = low_.output();
      return turn_blocks();
    }
    if (low_.view().has_input(Rotated)) {
      const VectorTensor rotated = low_.input(Rotated);
      y_ = low_.output();
      return combine(rotated);
    }
    y_ = low_.output(0, product_slack(low_));
    if (cos_.blocks > 1) {
      rotate_heads();
    } else if (low_.dense()) {
      // Every block meets the same matrix: together they are one block of many rows.
      multiply(low_, as_one_block(x_), rotation(), as_one_block(y_));
    } else {
      rotate_blocks();
    }
    combine(y_);
  }

 private:
  /// The heads of a block side by side: copies that are shifted by their width, added.
  VectorTensor repeated(const VectorTensor& table) {
    VectorTensor all = table;
    all.symbol = low_.scratch("table of all heads in a row", table.phys_rows);
    all.offset = 0;
    const lower::Gp from = b_.set(table.at());
    const lower::Gp to = b_.set(all.at());
    const lower::Gp shifted = b_.set(lower::Address{low_.scratch("shifted table", 1)});
    const lower::Gp width = b_.set(width_);
    low_.each_row(lower::round_up(table.rows, t_.blen), [&] {
      b_.V_SHFT_V(shifted, from, width);
      b_.V_ADD_VV(to, from, shifted);
      b_.repeat(packed_ - 2, [&] {
        b_.V_SHFT_V(shifted, shifted, width);
        b_.V_ADD_VV(to, to, shifted);
      });
      b_.step(from, table.row_step());
      b_.step(to, all.row_step());
    });
    return all;
  }

  static VectorTensor as_one_block(VectorTensor tensor) {
    tensor.rows = tensor.phys_rows = tensor.all_rows();
    tensor.cols = tensor.lanes;
    tensor.blocks = 1;
    tensor.group_cols = 0;
    return tensor;
  }

  /// Of all heads in a block, or of one head of several blocks.
  WeightTensor rotation() {
    const std::uint64_t size = cos_.blocks * t_.mlen;
    const std::uint64_t half = width_ / 2;
    std::vector<float> values(to_size(size * size), 0.0f);
    for (std::uint64_t head = 0; head < packed_; ++head) {
      for (std::uint64_t i = head * width_; i < head * width_ + half; ++i) {
        values[to_size((i + half) * size + i)] = -1.0f;
        values[to_size(i * size + i + half)] = 1.0f;
      }
    }
    return low_.generated_weight(
      fmt::format("rotation of {} heads of {} columns", packed_, width_), {size, size}, std::move(values)
    );
  }

  /// Heads of several blocks, the last one first: a whole-tile product spoils what lies below it.
  void rotate_heads() {
    const WeightTensor matrix = rotation();
    const std::uint64_t heads = x_.blocks / cos_.blocks;
    for (std::uint64_t head = heads; head-- > 0;) {
      multiply(low_, one_head(x_, head), matrix, one_head(y_, head));
    }
  }

  VectorTensor one_head(VectorTensor tensor, std::uint64_t head) const {
    tensor.offset = tensor.at(head * cos_.blocks).offset;
    tensor.blocks = cos_.blocks;
    tensor.cols = cos_.blocks * t_.mlen;
    tensor.group_cols = 0;
    return tensor;
  }

  /// Portable, heads within blocks: a shift brings the upper halves, products the lower ones.
  void rotate_blocks() {
    const WeightTensor matrix = rotation();
    const lower::Addr base = b_.address_of(matrix.symbol);
    set_up_transfers(b_, matrix.stored, matrix.stored.row_bytes());
    const lower::Gp tile = b_.set(0);
    const lower::Gp start = b_.set(0);
    b_.H_PREFETCH_M(tile, start, base, 1, 0);
    const lower::Gp half = b_.set(width_ / 2);
    const lower::Gp from = b_.set(x_.at());
    const lower::Gp to = b_.set(y_.at());
    each_run(x_.blocks, {from, to}, [&](std::uint64_t rows) {
      low_.each_row(rows, [&] {
        b_.V_SHFT_V(to, from, half);
        b_.step(from, x_.row_step());
        b_.step(to, y_.row_step());
      });
    });
    const bool apart = heads_apart(width_, t_.blen);
    const std::uint64_t heads = apart ? packed_ : 1;
    const std::uint64_t cols = apart ? width_ / 2 : packed_ * width_;
    const std::uint64_t groups = lower::ceil_div(cols, t_.blen);
    const lower::Gp column = b_.set(0);
    const lower::Gp first = b_.set(y_.at());
    b_.loop(heads, [&] {
      b_.loop(groups, [&] {
        const lower::Gp rows = b_.set(x_.at());
        const lower::Gp result = b_.copy(first);
        each_run(x_.blocks, {rows, result}, [&](std::uint64_t count) {
          low_.each_row(count / t_.blen, [&] {
            b_.M_MM(column, rows);
            b_.M_MM_WO(result, lower::zero_gp, 0);
            b_.step(rows, t_.blen * x_.row_step());
            b_.step(result, t_.blen * y_.row_step());
          });
        });
        b_.step(column, t_.blen * t_.mlen);
        b_.step(first, t_.blen);
      });
      if (heads > 1) {
        b_.step(column, (width_ - groups * t_.blen) * t_.mlen);
        b_.step(first, width_ - groups * t_.blen);
      }
    });
  }

  /// `body(rows)` for the rows of `blocks` blocks, all at once when there is no padding between them.
  template <class F>
  void each_run(std::uint64_t blocks, const std::vector<lower::Gp>& pointers, F&& body) {
    if (used_ == x_.phys_rows || x_.blocks == 1) {
      return body(blocks * used_);
    }
    b_.loop(blocks, [&] {
      body(used_);
      for (const lower::Gp pointer : pointers) {
        b_.step(pointer, (x_.phys_rows - used_) * x_.row_step());
      }
    });
  }

  /// y = x * cos +- other * sin over `blocks` blocks; moves all pointers.
  void combine_rows(
    std::uint64_t blocks,
    const std::vector<lower::Gp>& pointers, // y, x, cos, sin, and `other` unless it is y
    lower::Gp other,
    bool minus
  ) {
    each_run(blocks, pointers, [&](std::uint64_t rows) {
      low_.each_row(rows, [&] {
        const lower::Gp y = pointers[0];
        b_.V_MUL_VV(y, other, pointers[3]);
        b_.V_MUL_VV(term_, pointers[1], pointers[2]);
        if (minus) {
          b_.V_SUB_VV(y, term_, y);
        } else {
          b_.V_ADD_VV(y, term_, y);
        }
        for (const lower::Gp pointer : pointers) {
          b_.step(pointer, x_.row_step());
        }
      });
    });
  }

  void combine(const VectorTensor& rotated) {
    const bool in_place = rotated.symbol == y_.symbol;
    const lower::Gp y = b_.set(y_.at());
    const lower::Gp x = b_.set(x_.at());
    const lower::Gp other = in_place ? y : b_.set(rotated.at());
    b_.loop(x_.blocks / cos_.blocks, [&] {
      std::vector<lower::Gp> pointers{y, x, b_.set(cos_.at()), b_.set(sin_.at())};
      if (!in_place) {
        pointers.push_back(other);
      }
      combine_rows(cos_.blocks, pointers, other, false);
    });
  }

  /// Halves of whole blocks: the other half is some blocks further on, or as many back.
  void turn_blocks() {
    const std::uint64_t half = cos_.blocks / 2;
    const lower::Gp y = b_.set(y_.at());
    const lower::Gp x = b_.set(x_.at());
    b_.loop(x_.blocks / cos_.blocks, [&] {
      const lower::Gp cos = b_.set(cos_.at());
      const lower::Gp sin = b_.set(sin_.at());
      const lower::Gp lower_half = b_.copy(x);
      const lower::Gp upper_half = b_.copy(x);
      b_.step(upper_half, half * x_.block_step());
      combine_rows(half, {y, x, cos, sin, upper_half}, upper_half, true);
      combine_rows(half, {y, x, cos, sin, lower_half}, lower_half, false);
    });
  }

  Lowering& low_;
  lower::Builder& b_;
  const lower::Tiling& t_;
  std::uint64_t width_;
  bool by_blocks_;
  VectorTensor x_;
  VectorTensor cos_;
  VectorTensor sin_;
  VectorTensor y_{};
  std::uint64_t packed_ = 1; ///< heads in a block
  std::uint64_t used_ = 0;   ///< rows of a block that are worked on
  lower::Gp term_{};
};

void lower_rope(Lowering& low) { RopeLowering(low).run(); }

} // namespace

extern const OpBody body_rope;
const OpBody body_rope{
  inputs,
  {},
  {Bound::Kind::Exact},
  one_shape<infer>,
  one_result<reference>,
  lower_rope,
  {ColumnUse::Kind::Asked, group_cols, nullptr, width_of},
  true};

} // namespace plena::ops
