#include "analytic/sweep.h"

#include "analytic/refuse.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <fmt/format.h>
#include <iterator>
#include <map>
#include <tuple>

namespace plena::analytic {

namespace {

Diagnostic bad_axis(std::string_view text, std::string_view what) {
  return refuse(
    "E_ANALYTIC_SWEEP",
    "sweep",
    std::string(text.substr(0, 100)) + ": " + std::string(what),
    "for example MLEN=64,128,256 or MLEN=64..4096*2 or batch_size=1..16+5"
  );
}

std::optional<std::uint64_t> number(std::string_view text) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && end == text.data() + text.size() && !text.empty()
           ? std::optional(value)
           : std::nullopt;
}

std::uint64_t sram_bytes(const Scenario& scenario, const Hardware& hardware) {
  const double matrix =
    static_cast<double>(hardware.matrix_sram_rows) * static_cast<double>(hardware.mlen);
  const double vector = static_cast<double>(hardware.vector_sram_elems);
  return static_cast<std::uint64_t>(std::min(
    std::ceil((matrix * scenario.matrix_sram_bits + vector * scenario.vector_sram_bits) / 8), 0x1p53
  ));
}

/// Marks the points that no other beats. Points that are alike stand or fall together.
void mark_front(std::vector<SweepPoint>& points) {
  std::vector<std::size_t> order;
  for (std::size_t i = 0; i < points.size(); ++i) {
    if (!points[i].error) {
      order.push_back(i);
    }
  }
  const auto key = [&](std::size_t i) {
    const SweepPoint& point = points[i];
    return std::tuple(point.cycles, point.sram_bytes, point.multipliers);
  };
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    return key(a) < key(b);
  });
  // Whoever beats a point comes before it in this order. By SRAM, with ever fewer multipliers: the
  // points so far that no other of them beats in these two.
  std::map<std::uint64_t, std::uint64_t> front;
  for (std::size_t n = 0; n < order.size(); ++n) {
    SweepPoint& point = points[order[n]];
    if (n > 0 && key(order[n - 1]) == key(order[n])) {
      point.pareto = points[order[n - 1]].pareto;
      continue;
    }
    auto next = front.upper_bound(point.sram_bytes);
    point.pareto = next == front.begin() || std::prev(next)->second > point.multipliers;
    if (point.pareto) {
      while (next != front.end() && next->second >= point.multipliers) {
        next = front.erase(next);
      }
      front[point.sram_bytes] = point.multipliers;
    }
  }
}

} // namespace

Status set(Scenario& scenario, std::string_view key, std::uint64_t value) {
  const auto names = setting_names();
  if (const std::size_t index = setting_index(key);
      index < names.size() - 1) { // SA_ACC_CYCLES is computed
    if (value > 0x7FFFFFFFFFFFFFFF) {
      return refuse(
        "E_RANGE", key, fmt::format("{} is {}", key, value), "a number of at most 63 bits"
      );
    }
    scenario.settings[index] = static_cast<std::int64_t>(value);
    if (key == "VLEN") {
      scenario.vlen_follows = false;
    } else if (key == "MLEN" && scenario.vlen_follows) {
      scenario.settings[setting_index("VLEN")] = static_cast<std::int64_t>(value);
    }
    return Done{};
  }
  if (set_workload(scenario.workload, key, value) || set_dimension(scenario.dims, key, value)) {
    return Done{};
  }
  std::vector<std::string_view> known(names.begin(), names.end() - 1);
  for (const std::string_view name : workload_keys()) {
    known.push_back(name);
  }
  for (const std::string_view name : dimension_keys()) {
    known.push_back(name);
  }
  return refuse(
    "E_ANALYTIC_KEY",
    key.empty() ? "name" : key.substr(0, 100),
    fmt::format("'{}' is no setting, dimension or number of the request", key.substr(0, 100)),
    meant(key, known, "for example MLEN, batch_size or num_hidden_layers")
  );
}

namespace {

/// Of numbers as they come from users.
Status check_limits(const Scenario& scenario) {
  // Beyond these, products of the formulas would no longer be exact; keys.def has the same limits.
  for (const std::string_view key :
       {"MLEN",
        "BLEN",
        "VLEN",
        "HLEN",
        "HBM_V_Prefetch_Amount",
        "VECTOR_SRAM_SIZE",
        "MATRIX_SRAM_SIZE"}) {
    const std::int64_t most = key.ends_with("SIZE")     ? std::int64_t{1} << 32
                              : key.ends_with("Amount") ? std::int64_t{1} << 24
                                                        : std::int64_t{65536};
    const std::int64_t value = scenario.settings[setting_index(key)];
    if (value > most) {
      return refuse(
        "E_ANALYTIC_MACHINE",
        key,
        fmt::format("{} is {}", key, value),
        fmt::format("at most {}", most)
      );
    }
  }
  return Done{};
}

Result<Prediction> predict(const Scenario& scenario, const Result<Hardware>& hardware) {
  if (!hardware) {
    return hardware.diagnostics();
  }
  Result<Prediction> made =
    predict(scenario.dims, scenario.workload, scenario.form_in_force(), *hardware);
  if (!made) {
    return made;
  }
  return {std::move(*made), hardware.diagnostics()};
}

Status check_all(const Scenario& scenario) {
  for (Status status : {check(scenario.dims), check(scenario.workload), check_limits(scenario)}) {
    if (!status) {
      return status;
    }
  }
  return Done{};
}

} // namespace

Result<Prediction> predict(const Scenario& scenario) {
  if (Status status = check_all(scenario); !status) {
    return std::move(status).diagnostics();
  }
  return predict(scenario, scenario.hardware());
}

Result<Axis> parse_axis(std::string_view text) {
  const std::size_t equals = text.find('=');
  if (equals == std::string_view::npos || equals == 0) {
    return bad_axis(text, "a name, =, and values");
  }
  Axis axis{std::string(text.substr(0, equals)), {}};
  std::string_view rest = text.substr(equals + 1);
  if (const std::size_t dots = rest.find(".."); dots != std::string_view::npos) {
    const std::size_t sign = rest.find_first_of("*+", dots);
    const auto first = number(rest.substr(0, dots));
    const auto last =
      number(rest.substr(dots + 2, sign == std::string_view::npos ? sign : sign - dots - 2));
    const auto step = sign == std::string_view::npos ? std::optional<std::uint64_t>(1)
                                                     : number(rest.substr(sign + 1));
    const bool factor = sign != std::string_view::npos && rest[sign] == '*';
    if (!first || !last || !step || *step < (factor ? 2u : 1u) || *first > *last || (factor && *first == 0)) {
      return bad_axis(text, "no range of numbers");
    }
    for (std::uint64_t value = *first; value <= *last;) {
      if (axis.values.size() == max_points) {
        return bad_axis(text, fmt::format("more than {} values", max_points));
      }
      axis.values.push_back(value);
      if (factor ? __builtin_mul_overflow(value, *step, &value) : __builtin_add_overflow(value, *step, &value)) {
        break;
      }
    }
    return axis;
  }
  for (;;) {
    const std::size_t comma = std::min(rest.find(','), rest.size());
    const auto value = number(rest.substr(0, comma));
    if (!value) {
      return bad_axis(
        text,
        fmt::format("'{}' is no whole number", rest.substr(0, std::min<std::size_t>(comma, 40)))
      );
    }
    axis.values.push_back(*value);
    if (comma == rest.size()) {
      return axis;
    }
    rest.remove_prefix(comma + 1);
  }
}

Result<std::vector<SweepPoint>> sweep(const Scenario& base, const std::vector<Axis>& axes) {
  std::size_t count = 1;
  for (const Axis& axis : axes) {
    if (axis.values.empty()) {
      return bad_axis(axis.key, "no values");
    }
    if (std::count_if(axes.begin(), axes.end(), [&](const Axis& other) {
          return other.key == axis.key;
        }) > 1) {
      return bad_axis(axis.key, "given twice");
    }
    Scenario probe = base;
    if (Status known = set(probe, axis.key, axis.values.front()); !known) {
      return std::move(known).diagnostics();
    }
    if (axis.values.size() > max_points / count) {
      return bad_axis(axis.key, fmt::format("all combinations are more than {}", max_points));
    }
    count *= axis.values.size();
  }
  std::vector<SweepPoint> points(count);
  std::uint64_t steps = 0;
  for (std::size_t i = 0; i < count; ++i) {
    SweepPoint& point = points[i];
    point.values.resize(axes.size());
    std::size_t rest = i;
    for (std::size_t axis = axes.size(); axis-- > 0;) {
      point.values[axis] = axes[axis].values[rest % axes[axis].values.size()];
      rest /= axes[axis].values.size();
    }
    Scenario scenario = base;
    Status status = Done{};
    for (std::size_t axis = 0; axis < axes.size() && status; ++axis) {
      status = set(scenario, axes[axis].key, point.values[axis]);
    }
    if (status) {
      status = check_all(scenario);
    }
    if (!status) {
      point.error = status.diagnostics().front();
      continue;
    }
    if (steps > max_steps) {
      point.error =
        bad_axis(axes.front().key, "too much to count at once; fewer points, or fewer tokens made");
      continue;
    }
    const Result<Hardware> hardware = scenario.hardware();
    const Result<Prediction> made = predict(scenario, hardware);
    steps += made ? made->steps : 1;
    if (!made) {
      point.error = made.diagnostics().front();
      continue;
    }
    point.first = made->form == Form::Llada ? made->total_seconds : made->ttft_seconds;
    point.tokens_per_second = made->tokens_per_second;
    point.cycles = made->request_cycles;
    point.sram_bytes = sram_bytes(scenario, *hardware);
    point.multipliers = hardware->multipliers();
  }
  mark_front(points);
  return points;
}

} // namespace plena::analytic
