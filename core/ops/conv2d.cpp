// conv2d: products of image windows with kernels, without padding or dilation. Rows of the result are
// positions, row after row of the image, image after image; columns are output channels.
//
// Windows are put together in the Vector SRAM and then multiplied with the kernels as a matrix. Rows of
// the image are fetched once for each column that windows start at, from the nearest place where a
// scale begins; a mask keeps the lanes of the window, and a shift per row puts them to their lanes of
// the matrix. Shifts only go upwards, hence the few empty lanes at the start of each of its rows.
#include "base/size.h"
#include "numerics/bits.h"
#include "ops/arith.h"
#include "ops/load.h"
#include "ops/product.h"
#include "ops/unstored.h"

#include <algorithm>
#include <fmt/format.h>
#include <limits>
#include <map>

namespace plena::ops {

namespace {

enum Input : std::size_t { X, W, Bias };
constexpr InputSpec inputs[]{
  {"x", Role::Activation}, {"W", Role::Laid}, {"bias", Role::Vector, true}};
constexpr AttrSpec attrs[]{
  {"strides", AttrType::Integers, false, 0, {}, "rows and columns from one window to the next"},
  k_split_attr};

/// Sizes of a node: images [images, channels, height, width], kernels [outputs, channels, kernel_rows,
/// kernel_cols].
struct Sizes {
  std::uint64_t images, channels, height, width, outputs, kernel_rows, kernel_cols, row_stride, col_stride;

  explicit Sizes(const NodeView& view) {
    const ir::Shape& x = view.input(X)->shape;
    const ir::Shape& w = view.input(W)->shape;
    const auto size = [](std::int64_t n) { return static_cast<std::uint64_t>(n); };
    images = x.size() == 4 ? size(x[0]) : 1;
    channels = size(x[x.size() - 3]);
    height = size(x[x.size() - 2]);
    width = size(x[x.size() - 1]);
    outputs = size(w[0]);
    kernel_rows = size(w[2]);
    kernel_cols = size(w[3]);
    const std::vector<std::int64_t>* strides = view.integers("strides");
    row_stride = strides == nullptr ? 1 : size((*strides)[0]);
    col_stride = strides == nullptr ? 1 : size((*strides)[1]);
  }
  std::uint64_t out_rows() const { return (height - kernel_rows) / row_stride + 1; }
  std::uint64_t out_cols() const { return (width - kernel_cols) / col_stride + 1; }
  std::uint64_t positions() const { return out_rows() * out_cols(); } ///< of an image
  std::uint64_t image_rows() const { return channels * height; }
};

Result<ir::Shape> infer(const NodeView& view) {
  const ir::Shape& x = view.input(X)->shape;
  const ir::Shape& w = view.input(W)->shape;
  const bool images = x.size() == 3 || x.size() == 4;
  if (!images || w.size() != 4 || w[1] != x[x.size() - 3]) {
    return view.error(
      "E_SHAPE",
      fmt::format("kernels {} do not fit the image {}", to_string(w), to_string(x)),
      "an image [channels, height, width] or several, kernels [outputs, channels, rows, columns]"
    );
  }
  if (std::optional<Diagnostic> error = check_k_split(view)) {
    return *std::move(error);
  }
  const std::vector<std::int64_t>* strides = view.integers("strides");
  const bool legal = strides == nullptr ||
                     (strides->size() == 2 && std::all_of(strides->begin(), strides->end(), [](auto s) {
                        return s > 0;
                      }));
  if (!legal) {
    return view.error(
      "E_UNSUPPORTED_ATTR",
      "strides are not two numbers of at least 1",
      "give those of rows and columns, or leave them out where both are 1"
    );
  }
  if (w[2] > x[x.size() - 2] || w[3] > x[x.size() - 1]) {
    return view.error(
      "E_SHAPE",
      fmt::format("kernels {} are larger than the image {}", to_string(w), to_string(x)),
      "nothing is padded here: pad the image itself"
    );
  }
  if (origin_of(view.graph, view.node.inputs[X]) != Origin::Host) {
    return view.error(
      "E_PATTERN",
      fmt::format("the image {} is not read from HBM", view.input(X)->name),
      "windows are cut while loading: the image has to be a constant or an input of the graph"
    );
  }
  const Sizes sizes(view);
  if (view.has_input(Bias) && view.input_extent(Bias) != Extent{1, sizes.outputs}) {
    return view.error(
      "E_SHAPE",
      fmt::format(
        "bias {} does not fit kernels {}", to_string(view.input(Bias)->shape), to_string(w)
      ),
      "bias has a number for each kernel"
    );
  }
  return ir::Shape{
    static_cast<std::int64_t>(sizes.images * sizes.positions()),
    static_cast<std::int64_t>(sizes.outputs)};
}

// ---- where taps lie in the rows of the matrix

/// Neighbouring columns of one kernel row, which lie next to each other in one block.
struct Piece {
  std::uint64_t channel, row, first_col, cols; ///< of the kernel
  std::uint64_t block, lane;                   ///< of the matrix
};

struct Windows {
  std::uint64_t grain = 1;  ///< columns of the image that fetches may start at are multiples of it
  std::uint64_t spare = 0;  ///< empty lanes at the start of each block
  std::uint64_t blocks = 0;
  std::vector<Piece> pieces;

  Windows(const Sizes& sizes, std::uint64_t lanes, const numerics::StorageFormat& format)
      : grain(format.mx ? format.block : 1) {
    // Shifts only go upwards: lanes up to the furthest start of a window stay empty.
    std::uint64_t widest = std::min(sizes.kernel_cols, lanes);
    for (std::uint64_t c = 0; c < sizes.out_cols(); ++c) {
      spare = std::max(spare, c * sizes.col_stride % grain);
    }
    if (sizes.kernel_cols + spare > lanes) { // pieces start anywhere
      spare = grain - 1;
      widest = lanes - spare;
    }
    std::uint64_t lane = lanes;
    for (std::uint64_t channel = 0; channel < sizes.channels; ++channel) {
      for (std::uint64_t row = 0; row < sizes.kernel_rows; ++row) {
        for (std::uint64_t col = 0; col < sizes.kernel_cols; col += widest) {
          const std::uint64_t cols = std::min(widest, sizes.kernel_cols - col);
          if (lane + cols > lanes) {
            ++blocks;
            lane = spare;
          }
          pieces.push_back({channel, row, col, cols, blocks - 1, lane});
          lane += cols;
        }
      }
    }
  }

  /// Lanes from the start of a fetch to this column of the image.
  std::uint64_t offset_of(std::uint64_t col) const { return col % grain; }

  /// `visit(tap of the kernel, column of the matrix, piece, column in the piece)`.
  template <class F> void each_tap(const Sizes& sizes, std::uint64_t lanes, F&& visit) const {
    for (const Piece& piece : pieces) {
      for (std::uint64_t i = 0; i < piece.cols; ++i) {
        const std::uint64_t tap =
          (piece.channel * sizes.kernel_rows + piece.row) * sizes.kernel_cols + piece.first_col + i;
        visit(tap, piece.block * lanes + piece.lane + i, piece, i);
      }
    }
  }
};

/// Kernels as a matrix with a row for every lane of the windows.
std::vector<float> kernel_matrix(
  const Sizes& sizes, const Windows& windows, std::uint64_t lanes, std::span<const float> w
) {
  const std::uint64_t taps = sizes.channels * sizes.kernel_rows * sizes.kernel_cols;
  std::vector<float> matrix(to_size(windows.blocks * lanes * sizes.outputs), 0.0f);
  windows.each_tap(sizes, lanes, [&](std::uint64_t tap, std::uint64_t row, const Piece&, auto) {
    for (std::uint64_t o = 0; o < sizes.outputs; ++o) {
      matrix[to_size(row * sizes.outputs + o)] = w[to_size(o * taps + tap)];
    }
  });
  return matrix;
}

/// A mask clears what a fetch brings beside a piece, but zero times what is not finite is no number: that
/// spoils the lane where it would have come to lie in a row of the matrix.
void spoil(
  std::span<float> row,
  const Windows& windows,
  const Piece& piece,
  std::span<const float> image_row,
  std::uint64_t col,
  std::uint64_t lanes
) {
  const std::uint64_t offset = windows.offset_of(col);
  for (std::uint64_t lane = 0; lane < lanes && col - offset + lane < image_row.size(); ++lane) {
    const bool kept = lane >= offset && lane < offset + piece.cols;
    const std::uint64_t to = piece.lane - offset + lane;
    if (!kept && to < lanes && !numerics::is_finite(image_row[to_size(col - offset + lane)])) {
      row[to_size(piece.block * lanes + to)] = std::numeric_limits<float>::quiet_NaN();
    }
  }
}

std::vector<float> reference(const ReferenceCall& call) {
  const Sizes sizes(call.view);
  const std::uint64_t lanes = call.arithmetic.lanes;
  const Windows windows(sizes, lanes, call.arithmetic.activation);
  const std::uint64_t cols = windows.blocks * lanes;
  std::vector<float> kernels = kernel_matrix(sizes, windows, lanes, call.inputs[W]);
  if (is_stored(call.arithmetic.weight)) {
    kernels = stored(kernels, sizes.outputs, call.arithmetic.weight);
  } else if (call.hardware()) {
    std::transform(kernels.begin(), kernels.end(), kernels.begin(), hw::round);
  }
  const std::uint64_t positions = sizes.images * sizes.positions();
  std::vector<float> rows(to_size(positions * cols), 0.0f);
  const bool spoils = call.hardware() && !std::all_of(
    call.inputs[X].begin(), call.inputs[X].end(), numerics::is_finite
  );
  for (std::uint64_t position = 0; position < positions; ++position) {
    const std::uint64_t first = position / sizes.positions() * sizes.image_rows();
    const std::uint64_t top = position % sizes.positions() / sizes.out_cols() * sizes.row_stride;
    const std::uint64_t left = position % sizes.out_cols() * sizes.col_stride;
    windows.each_tap(sizes, lanes, [&](auto, std::uint64_t col, const Piece& piece, std::uint64_t i) {
      const std::uint64_t row = first + piece.channel * sizes.height + top + piece.row;
      rows[to_size(position * cols + col)] =
        call.inputs[X][to_size(row * sizes.width + left + piece.first_col + i)];
    });
    for (std::size_t i = 0; spoils && i < windows.pieces.size(); ++i) {
      const Piece& piece = windows.pieces[i];
      const std::uint64_t row = first + piece.channel * sizes.height + top + piece.row;
      spoil(
        std::span(rows).subspan(to_size(position * cols), to_size(cols)),
        windows,
        piece,
        call.inputs[X].subspan(to_size(row * sizes.width), to_size(sizes.width)),
        left + piece.first_col,
        lanes
      );
    }
  }
  return product_by_chunks(
    call,
    rows,
    call.inputs[Bias],
    {cols, 0},
    [&](std::span<const float> x, std::span<const float> bias) {
      return product(call, x, kernels, bias, {cols, sizes.outputs}, 0);
    }
  );
}

// ---- lowering

class ConvLowering {
 public:
  explicit ConvLowering(Lowering& low)
      : low_(low),
        b_(low.builder()),
        t_(low.tiling()),
        sizes_(low.view()),
        windows_(sizes_, t_.mlen, low.activation_format()),
        rows_(lower::round_up(sizes_.image_rows(), t_.prefetch_rows)),
        strips_(low.staged_strips(X)),
        image_(low.scratch("image rows", rows_)),
        moved_(low.scratch("moved row", 1)) {}

  void run() {
    make_masks();
    const VectorTensor x = 
      low_.scratch_tensor("windows", {sizes_.images * sizes_.positions(), windows_.blocks * t_.mlen});
    base_ = b_.address_of(strips_.symbol);
    set_up_transfers(b_, strips_.stored, strips_.stored.row_bytes());
    for (std::uint64_t image = 0; image < sizes_.images; ++image) {
      for (std::uint64_t c = 0; c < sizes_.out_cols(); ++c) {
        cut(x, image, c);
      }
    }
    const std::span<const float> kernels = low_.view().input(W)->constant->floats;
    const WeightTensor w = low_.generated_weight(
      fmt::format("{} of {}", low_.view().input(W)->name, low_.view().node.name),
      {windows_.blocks * t_.mlen, sizes_.outputs},
      kernel_matrix(sizes_, windows_, t_.mlen, kernels)
    );
    const VectorTensor y = low_.output(0, product_slack(low_));
    multiply_by_chunks(
      low_, x, y, [&](const VectorTensor& chunk, const VectorTensor& to, std::uint64_t first) {
        std::optional<lower::Gp> start;
        if (first != 0) {
          start = b_.set(w.at(first * t_.mlen, 0));
        }
        multiply(low_, chunk, w, to, start);
      }
    );
    add_bias(low_, Bias, y);
  }

 private:
  /// Whether lanes next to the piece may hold other columns of the image.
  bool needs_mask(std::uint64_t col, std::uint64_t cols) const {
    return windows_.offset_of(col) != 0 || (cols < t_.mlen && col + cols < sizes_.width);
  }

  /// One row for each extent of lanes that is kept somewhere.
  void make_masks() {
    for (std::uint64_t c = 0; c < sizes_.out_cols(); ++c) {
      for (const Piece& piece : windows_.pieces) {
        const std::uint64_t col = c * sizes_.col_stride + piece.first_col;
        const std::uint64_t offset = windows_.offset_of(col);
        if (!needs_mask(col, piece.cols) || masks_.count({offset, piece.cols}) != 0) {
          continue;
        }
        const VectorTensor first = low_.lane_mask(piece.cols, 1.0f, 0.0f);
        lower::Address mask = first.at();
        if (offset != 0) {
          mask = {low_.scratch(fmt::format("mask from lane {}", offset), 1), 0};
          const lower::Gp moved = b_.set(mask);
          const lower::Gp from = b_.set(first.at());
          const lower::Gp lanes = b_.set(offset);
          b_.V_SHFT_V(moved, from, lanes);
        }
        masks_.emplace(std::pair{offset, piece.cols}, mask);
      }
    }
  }

  /// All pieces of the windows in one column of positions.
  void cut(const VectorTensor& x, std::uint64_t image, std::uint64_t position_col) {
    std::vector<Piece> pieces = windows_.pieces;
    // Pieces that start at the same column share their fetch.
    std::stable_sort(pieces.begin(), pieces.end(), [](const Piece& a, const Piece& b) {
      return std::pair(a.first_col, a.cols) < std::pair(b.first_col, b.cols);
    });
    const Piece* fetched = nullptr;
    for (const Piece& piece : pieces) {
      if (fetched == nullptr || fetched->first_col != piece.first_col || fetched->cols != piece.cols) {
        fetch(image, position_col * sizes_.col_stride + piece.first_col, piece.cols);
        fetched = &piece;
      }
      place(x, piece, image, position_col);
    }
  }

  /// Brings the rows of all channels, from this column on, and keeps `cols` lanes of them.
  void fetch(std::uint64_t image, std::uint64_t col, std::uint64_t cols) {
    const std::uint64_t start = col - windows_.offset_of(col);
    const std::uint64_t strip = start / t_.mlen;
    const lower::Gp row = b_.set(lower::Address{image_});
    const lower::Gp offset = b_.set(
      (strip * sizes_.images + image) * sizes_.image_rows() * strips_.stored.row_bytes() +
      start % t_.mlen * strips_.stored.element_bytes()
    );
    low_.each_row(rows_ / t_.prefetch_rows, [&] {
      b_.H_PREFETCH_V(row, offset, base_, 1, 0);
      b_.step(row, t_.prefetch_rows * t_.mlen);
      b_.step(offset, t_.prefetch_rows * strips_.stored.row_bytes());
    });
    if (!needs_mask(col, cols)) {
      return;
    }
    const lower::Gp mask = b_.set(masks_.at({windows_.offset_of(col), cols}));
    const lower::Gp kept = b_.set(lower::Address{image_});
    low_.each_row(rows_, [&] {
      b_.V_MUL_VV(kept, kept, mask);
      b_.step(kept, t_.mlen);
    });
  }

  /// Moves a piece of every window to its lanes. The first piece of a block writes the whole row.
  void place(
    const VectorTensor& x, const Piece& piece, std::uint64_t image, std::uint64_t position_col
  ) {
    const std::uint64_t col = position_col * sizes_.col_stride + piece.first_col;
    const std::uint64_t shift = piece.lane - windows_.offset_of(col);
    const bool first = piece.lane == windows_.spare;
    const lower::Gp lanes = shift == 0 ? lower::zero_gp : b_.set(shift);
    const lower::Gp moved = first ? lower::zero_gp : b_.set(lower::Address{moved_});
    const lower::Gp from = b_.set(
      lower::Address{image_, (piece.channel * sizes_.height + piece.row) * t_.mlen}
    );
    const lower::Gp to =
      b_.set(x.at(piece.block, image * sizes_.positions() + position_col));
    low_.each_row(sizes_.out_rows(), [&] {
      if (first && shift == 0) {
        b_.V_ADD_VF(to, from, lower::zero_fp);
      } else if (first) {
        b_.V_SHFT_V(to, from, lanes);
      } else {
        b_.V_SHFT_V(moved, from, lanes);
        b_.V_ADD_VV(to, to, moved);
      }
      b_.step(from, sizes_.row_stride * t_.mlen);
      b_.step(to, sizes_.out_cols() * t_.mlen);
    });
  }

  Lowering& low_;
  lower::Builder& b_;
  const lower::Tiling& t_;
  Sizes sizes_;
  Windows windows_;
  std::uint64_t rows_; ///< of the image in the Vector SRAM, with those that fill up the last transfer
  StripTensor strips_;
  lower::SymbolId image_;
  lower::SymbolId moved_;
  std::map<std::pair<std::uint64_t, std::uint64_t>, lower::Address> masks_; ///< by first lane, lanes
  lower::Addr base_{};
};

void lower_conv2d(Lowering& low) { ConvLowering(low).run(); }

} // namespace

extern const OpBody body_conv2d;
const OpBody body_conv2d{
  inputs,
  attrs,
  {Bound::Kind::Exact},
  one_shape<infer>,
  one_result<reference>,
  lower_conv2d,
  {},
  true};

} // namespace plena::ops
