#include "passes/rotation.h"

#include <algorithm>
#include <cmath>

namespace plena::passes {

namespace {

constexpr std::uint32_t nobody = Part::none;
/// Tables of heads or sequences that should be equal come from the same numbers in other orders.
constexpr float tolerance = 1e-6f;

/// Lanes of a head: which column of the source each is, and which other lane it is mixed with.
struct Lane {
  std::uint32_t column = nobody;
  std::uint32_t partner = nobody;
};

bool has(const std::vector<Part>& parts, std::size_t i) {
  return i < parts.size() && parts[i].index != Part::none;
}

/// The lanes of one row, or nothing when they are not mixed in pairs within heads of `width` lanes.
std::optional<std::vector<Lane>>
lanes_of(const Form& form, const RowForm& rows, std::size_t cols, std::size_t width) {
  std::vector<Lane> lanes(rows.width);
  std::vector<std::uint32_t> lane_of(cols, nobody);
  for (std::size_t head = 0; head < rows.width; head += width) {
    // A head's columns in order are its lanes, unless some lane has no part in its own.
    std::vector<std::uint32_t> used;
    for (std::size_t m = head; m < head + width; ++m) {
      const std::size_t e = rows.element[m];
      used.push_back(form.first[e].index % static_cast<std::uint32_t>(cols));
      if (has(form.second, e)) {
        used.push_back(form.second[e].index % static_cast<std::uint32_t>(cols));
      }
    }
    std::sort(used.begin(), used.end());
    used.erase(std::unique(used.begin(), used.end()), used.end());
    if (used.size() != width) {
      return std::nullopt;
    }
    bool in_order = true;
    for (std::size_t m = 0; m < width; ++m) {
      const std::size_t e = rows.element[head + m];
      const auto column = [&](const std::vector<Part>& parts) {
        return parts[e].index % static_cast<std::uint32_t>(cols);
      };
      in_order = in_order && (column(form.first) == used[m] ||
                              (has(form.second, e) && column(form.second) == used[m]));
    }
    for (std::size_t m = 0; m < width; ++m) {
      const std::size_t e = rows.element[head + m];
      const std::uint32_t column =
        in_order ? used[m] : form.first[e].index % static_cast<std::uint32_t>(cols);
      if (lane_of[column] != nobody) {
        return std::nullopt;
      }
      lanes[head + m].column = column;
      lane_of[column] = static_cast<std::uint32_t>(head + m);
    }
    for (std::size_t m = 0; m < width; ++m) {
      const std::size_t e = rows.element[head + m];
      if (!has(form.second, e)) {
        continue;
      }
      const std::uint32_t one = form.first[e].index % static_cast<std::uint32_t>(cols);
      const std::uint32_t two = form.second[e].index % static_cast<std::uint32_t>(cols);
      const std::uint32_t partner = one == lanes[head + m].column ? two : one;
      if (lane_of[partner] == nobody || lane_of[partner] / width != head / width) {
        return std::nullopt;
      }
      lanes[head + m].partner = static_cast<std::uint32_t>(lane_of[partner] - head);
    }
  }
  return lanes;
}

} // namespace

/// How lanes are ordered so that each one's partner is half a head away.
struct Rotations::Pairs {
  std::vector<std::uint32_t> order; ///< lanes of a head by their new place
  std::vector<std::uint32_t> place; ///< new places by lane

  /// Nothing when the lanes are not mixed in mutual pairs.
  static std::optional<Pairs> of(const std::vector<Lane>& lanes, std::size_t width) {
    std::vector<std::uint32_t> lower;
    std::vector<std::uint32_t> upper;
    std::vector<std::uint32_t> alone;
    for (std::uint32_t m = 0; m < width; ++m) {
      const std::uint32_t partner = lanes[m].partner;
      if (partner == nobody) {
        alone.push_back(m);
      } else if (partner == m || lanes[partner].partner != m) {
        return std::nullopt;
      } else if (m < partner) {
        lower.push_back(m);
        upper.push_back(partner);
      }
    }
    if (lower.empty() || alone.size() % 2 != 0) {
      return std::nullopt;
    }
    const auto middle = alone.begin() + static_cast<std::ptrdiff_t>(alone.size() / 2);
    lower.insert(lower.end(), alone.begin(), middle);
    upper.insert(upper.end(), middle, alone.end());
    Pairs pairs{lower, std::vector<std::uint32_t>(width)};
    pairs.order.insert(pairs.order.end(), upper.begin(), upper.end());
    for (std::uint32_t i = 0; i < width; ++i) {
      pairs.place[pairs.order[i]] = i;
    }
    return pairs;
  }
};

void Rotations::refuse(
  const ir::Node& node,
  const std::vector<const ir::Node*>& parts,
  const std::string& message,
  const std::string& hint
) {
  std::vector<const ir::Node*> all = parts;
  all.push_back(&node);
  for (const ir::Node* part : all) {
    const OnnxNode view{rewriter_.graph, *part};
    context_.refuse(*part, view.error("E_PATTERN", message, hint));
  }
}

TensorId Rotations::table(const std::string& name, std::size_t width, std::vector<float> values) {
  const auto [entry, added] = tables_.try_emplace({width, values}, ir::no_tensor);
  if (added) {
    const ir::Shape shape{
      static_cast<std::int64_t>(values.size() / width), static_cast<std::int64_t>(width)};
    entry->second = rewriter_.add_constant(name, shape, std::move(values));
  }
  return entry->second;
}

bool Rotations::map(
  ir::Node& node, const Form& form, std::size_t width, const std::vector<const ir::Node*>& from
) {
  const ir::Shape source = rewriter_.shape(form.source);
  const TensorId y = node.outputs.front();
  if (source.empty() || !rewriter_.known_float(form.source) || form.second.empty() || width < 2) {
    return false;
  }
  const auto cols = static_cast<std::size_t>(source.back());
  const auto rows = row_form(form, static_cast<std::size_t>(*ir::element_count(source)), cols);
  if (!rows || rows->width % width != 0) {
    return false;
  }
  const auto lanes = lanes_of(form, *rows, cols, width);
  const auto pairs = lanes ? Pairs::of(*lanes, width) : std::nullopt;
  if (!pairs) {
    return false;
  }
  // The other heads and rows have to do the same.
  for (std::size_t m = width; m < rows->width; ++m) {
    if ((*lanes)[m].partner != (*lanes)[m % width].partner) {
      return false;
    }
  }
  std::vector<float> cos(rows->rows * width);
  std::vector<float> sin(rows->rows * width);
  for (std::size_t r = 0; r < rows->rows; ++r) {
    for (std::size_t m = 0; m < rows->width; ++m) {
      const std::size_t e = rows->element[r * rows->width + m];
      const Lane& lane = (*lanes)[m];
      const std::size_t head = m / width * width;
      const std::uint32_t partner =
        lane.partner == nobody ? nobody : (*lanes)[head + lane.partner].column;
      float own_factor = 0;
      float partner_factor = 0;
      for (const auto* parts : {&form.first, &form.second}) {
        if (!has(*parts, e)) {
          continue;
        }
        const std::uint32_t column = (*parts)[e].index % static_cast<std::uint32_t>(cols);
        if (column == lane.column) {
          own_factor += (*parts)[e].factor;
        } else if (column == partner) {
          partner_factor += (*parts)[e].factor;
        } else {
          return false;
        }
      }
      const std::size_t place = pairs->place[m % width];
      const float turned = place < width / 2 ? -partner_factor : partner_factor;
      float& cos_there = cos[r * width + place];
      float& sin_there = sin[r * width + place];
      if (head == 0) {
        cos_there = own_factor;
        sin_there = turned + 0.0f; // no -0 from lanes without a partner
      } else if (std::fabs(cos_there - own_factor) > tolerance || std::fabs(sin_there - turned) > tolerance) {
        refuse(
          node,
          from,
          "its heads are rotated by different angles",
          "supported are equal angles in all heads"
        );
        return false;
      }
    }
  }
  std::vector<std::uint32_t> wanted;
  for (std::size_t head = 0; head < rows->width; head += width) {
    for (const std::uint32_t lane : pairs->order) {
      wanted.push_back((*lanes)[head + lane].column);
    }
  }
  const auto x = columns_.select(node, form.source, wanted);
  if (!x) {
    refuse(
      node,
      from,
      "its lanes lie in another order than half a head apart, and are not the result of a linear",
      "supported are rotations of the halves of heads, others right behind a linear"
    );
    return false;
  }
  ir::Shape shape = source;
  shape.back() = static_cast<std::int64_t>(rows->width);
  const std::string name = rewriter_.graph.tensor(y).name;
  const TensorId cos_table = table(name + "_cos", width, std::move(cos));
  const TensorId sin_table = table(name + "_sin", width, std::move(sin));
  std::vector<const ir::Node*> made_of = from;
  made_of.push_back(&node);
  const TensorId rope =
    rewriter_.insert(node, "rope", {*x, cos_table, sin_table}, {}, std::move(shape), made_of);
  std::vector<std::int64_t> take;
  for (std::size_t e = 0; e < rows->row.size(); ++e) {
    const std::size_t m = rows->rank[e];
    take.push_back(static_cast<std::int64_t>(
      rows->row[e] * rows->width + m / width * width + pairs->place[m % width]
    ));
  }
  rewriter_.take(node, rope, std::move(take), made_of);
  return true;
}

} // namespace plena::passes
