#include "report/profile_tables.h"

#include "isa/codec.h"
#include "isa/isa.h"

#include <algorithm>
#include <array>
#include <fmt/format.h>
#include <map>

namespace plena::report {

namespace {

constexpr std::string_view outside = "none";

/// The rows of a table in the making, by a number that orders them.
class Rows {
 public:
  void add(
    std::uint64_t order,
    std::string_view key,
    std::string_view label,
    std::uint32_t pc,
    const emu::PcTime& time
  ) {
    ProfileRow& row = named(order, key, label);
    if (row.pc < 0) {
      row.pc = pc;
    }
    row.executions += time.executions;
    for (std::size_t i = 0; i < emu::cause_count; ++i) {
      row.causes[i] += time.cycles[i];
    }
    row.cycles += emu::total(time.cycles);
    row.bytes += time.bytes;
  }
  ProfileRow& named(std::uint64_t order, std::string_view key, std::string_view label) {
    ProfileRow& row = rows_[order];
    if (row.key.empty()) {
      row.key = key;
      row.label = label;
    }
    return row;
  }
  std::vector<ProfileRow> take(bool by_cycles) {
    std::vector<ProfileRow> rows;
    for (auto& [order, row] : rows_) {
      rows.push_back(std::move(row));
    }
    if (by_cycles) {
      std::stable_sort(rows.begin(), rows.end(), [](const ProfileRow& a, const ProfileRow& b) {
        return a.cycles > b.cycles;
      });
    }
    return rows;
  }

 private:
  std::map<std::uint64_t, ProfileRow> rows_;
};

isa::Opcode opcode_of(std::uint32_t word) { return isa::decode_word(word).instr.op; }

/// The loops of a program by the pc of their starts, as far as starts and ends match.
struct Loops {
  std::vector<std::int64_t> innermost; ///< of each word, its start and end included; -1: none
  std::map<std::int64_t, std::string> labels;
};

/// Loops of a nest that a label names at each end; nests can be as deep as programs are long.
constexpr std::size_t named_at_ends = 4;

/// The nest from its outermost loop on.
template <class Range> std::string nest_label(const std::vector<Range>& nest) {
  std::string label;
  for (std::size_t i = 0; i < nest.size(); ++i) {
    if (i == named_at_ends && nest.size() > 2 * named_at_ends) {
      const std::size_t left_out = nest.size() - 2 * named_at_ends;
      label += fmt::format(" > {} more", left_out);
      i += left_out;
    }
    label += fmt::format("{}loop at {}", label.empty() ? "" : " > ", nest[i].start);
  }
  return label;
}

Loops loops_of(std::span<const std::uint32_t> words) {
  struct Range {
    std::size_t start;
    std::size_t end;
  };
  std::vector<isa::Instr> open;
  std::vector<std::size_t> starts;
  std::vector<Range> ranges;
  for (std::size_t pc = 0; pc < words.size(); ++pc) {
    const isa::Instr instr = isa::decode_word(words[pc]).instr;
    if (instr.op == isa::Opcode::C_LOOP_START) {
      open.push_back(instr);
      starts.push_back(pc);
    } else if (instr.op == isa::Opcode::C_LOOP_END) {
      std::size_t depth = open.size();
      while (depth > 0 && open[depth - 1].rd != instr.rd) {
        --depth;
      }
      if (depth > 0) {
        ranges.push_back({starts[depth - 1], pc});
        open.resize(depth - 1);
        starts.resize(depth - 1);
      }
    }
  }
  std::sort(ranges.begin(), ranges.end(), [](const Range& a, const Range& b) {
    return a.start < b.start;
  });
  Loops loops;
  loops.innermost.assign(words.size(), -1);
  std::vector<Range> inside;
  std::size_t next = 0;
  for (std::size_t pc = 0; pc < words.size(); ++pc) {
    if (next < ranges.size() && ranges[next].start == pc) {
      inside.push_back(ranges[next++]);
      loops.labels[static_cast<std::int64_t>(pc)] = nest_label(inside);
    }
    if (!inside.empty()) {
      loops.innermost[pc] = static_cast<std::int64_t>(inside.back().start);
      if (inside.back().end == pc) {
        inside.pop_back();
      }
    }
  }
  return loops;
}

std::vector<ProfileRow> by_cause(const ProfileSource& source) {
  Rows rows;
  for (std::size_t i = 0; i < emu::cause_count; ++i) {
    rows.named(i, emu::cause_rows[i].name, emu::cause_rows[i].title);
  }
  const auto row = [&](std::size_t cause) -> ProfileRow& { return rows.named(cause, "", ""); };
  for (std::uint32_t pc = 0; pc < source.times.size(); ++pc) {
    const emu::PcTime& time = source.times[pc];
    if (time.executions == 0) {
      continue;
    }
    const emu::Cause most =
      main_cause(time.cycles).value_or(emu::cause_of(opcode_of(source.program.words[pc])));
    ProfileRow& executed = row(static_cast<std::size_t>(most));
    executed.executions += time.executions;
    executed.bytes += time.bytes;
    executed.pc = executed.pc < 0 ? pc : executed.pc;
    for (std::size_t i = 0; i < emu::cause_count; ++i) {
      row(i).cycles += time.cycles[i];
      row(i).causes[i] += time.cycles[i];
    }
  }
  return rows.take(false);
}

} // namespace

std::optional<ProfileBy> profile_by(std::string_view name) {
  const auto found = std::find(std::begin(profile_by_names), std::end(profile_by_names), name);
  return found == std::end(profile_by_names)
           ? std::nullopt
           : std::optional(static_cast<ProfileBy>(found - std::begin(profile_by_names)));
}

std::optional<emu::Cause> main_cause(const emu::CauseCycles& cycles) {
  const auto most = std::max_element(cycles.begin(), cycles.end());
  return *most == 0 ? std::nullopt : std::optional(static_cast<emu::Cause>(most - cycles.begin()));
}

std::vector<std::uint32_t> hottest(std::span<const emu::PcTime> times, std::size_t count) {
  std::vector<std::pair<std::uint64_t, std::uint32_t>> found;
  for (std::uint32_t pc = 0; pc < times.size(); ++pc) {
    const std::uint64_t cycles = emu::total(times[pc].cycles);
    if (cycles > 0) {
      found.emplace_back(cycles, pc);
    }
  }
  const std::size_t kept = std::min(count, found.size());
  std::partial_sort(
    found.begin(),
    found.begin() + static_cast<std::ptrdiff_t>(kept),
    found.end(),
    [](const auto& a, const auto& b) {
      return a.first != b.first ? a.first > b.first : a.second < b.second;
    }
  );
  std::vector<std::uint32_t> pcs;
  for (std::size_t i = 0; i < kept; ++i) {
    pcs.push_back(found[i].second);
  }
  return pcs;
}

std::vector<ProfileRow> profile_table(const ProfileSource& source, ProfileBy by) {
  if (by == ProfileBy::Cause) {
    return by_cause(source);
  }
  Rows rows;
  if (by == ProfileBy::Unit) {
    for (std::size_t lane = 0; lane < emu::lane_count; ++lane) {
      if (static_cast<emu::Lane>(lane) != emu::Lane::waiting) { // no unit of its own
        rows.named(lane, emu::lane_rows[lane].name, emu::lane_rows[lane].title);
      }
    }
  }
  const Loops loops = by == ProfileBy::Loop ? loops_of(source.program.words) : Loops{};
  for (std::uint32_t pc = 0; pc < source.times.size(); ++pc) {
    const emu::PcTime& time = source.times[pc];
    if (time.executions == 0) {
      continue;
    }
    const isa::Opcode op = opcode_of(source.program.words[pc]);
    switch (by) {
    case ProfileBy::Cause:
      break;
    case ProfileBy::Unit: {
      const auto lane = static_cast<std::size_t>(emu::lane_of(op));
      rows.add(lane, emu::lane_rows[lane].name, emu::lane_rows[lane].title, pc, time);
      break;
    }
    case ProfileBy::Opcode:
      rows.add(static_cast<std::uint64_t>(op), isa::to_string(op), isa::to_string(op), pc, time);
      break;
    case ProfileBy::Node: {
      const std::uint32_t node = pc < source.nodes.size() ? source.nodes[pc] : UINT32_MAX;
      if (node < source.node_names.size()) {
        rows.add(node, std::to_string(node), source.node_names[node], pc, time);
      } else {
        rows.add(UINT64_MAX, outside, "no node", pc, time);
      }
      break;
    }
    case ProfileBy::Loop:
      if (loops.innermost[pc] < 0) {
        rows.add(UINT64_MAX, outside, "outside of loops", pc, time);
      } else {
        const std::int64_t start = loops.innermost[pc];
        const auto order = static_cast<std::uint64_t>(start);
        if (rows.named(order, std::to_string(start), "").label.empty()) {
          rows.named(order, "", "").label = loops.labels.at(start);
        }
        rows.add(order, "", "", pc, time);
      }
      break;
    case ProfileBy::Line: {
      const std::uint32_t line = pc < source.program.lines.size() ? source.program.lines[pc] : 0;
      const std::string key = line == 0 ? std::string(outside) : std::to_string(line);
      rows.add(line, key, line == 0 ? "no line" : fmt::format("line {}", line), pc, time);
      break;
    }
    }
  }
  return rows.take(by != ProfileBy::Unit && by != ProfileBy::Line);
}

} // namespace plena::report
