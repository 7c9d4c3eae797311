// The same for people, spreadsheets and drawings; the page makes its own.
#include "report/analytic_documents.h"
#include "report/csv.h"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace plena::report {

namespace {

using namespace analytic;
using Json = nlohmann::ordered_json;

std::string
parts_text(std::string_view name, const std::vector<PartCycles>& parts, std::uint64_t total) {
  std::string text = fmt::format(
    "\n{:<32} {:>16} {:>7} {:>18} {:>8}\n", name, "cycles each", "times", "cycles", "share"
  );
  for (const PartCycles& part : parts) {
    const std::uint64_t cycles = part.each * part.times;
    text += fmt::format(
      "{:<32} {:>16} {:>7} {:>18} {:>7.2f}%\n",
      title(part.layer),
      part.each,
      part.times,
      cycles,
      total == 0 ? 0 : 100 * static_cast<double>(cycles) / static_cast<double>(total)
    );
  }
  return text;
}

std::string ratio(std::uint64_t a, std::uint64_t b) {
  return b == 0 ? "-" : fmt::format("{:.3f}", static_cast<double>(a) / static_cast<double>(b));
}

std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    out += c == '<' ? "&lt;" : c == '>' ? "&gt;" : c == '&' ? "&amp;" : std::string(1, c);
  }
  return out;
}

/// Points in logarithmic axes.
class Plot {
 public:
  Plot(std::string_view title, std::string_view x, std::string_view y)
      : title_(title),
        x_(x),
        y_(y) {}

  void point(double x, double y, bool marked, std::string label) {
    if (x > 0 && y > 0) {
      points_.push_back({x, y, marked, std::move(label)});
    }
  }
  void line(std::vector<std::pair<double, double>> corners) { corners_ = std::move(corners); }

  std::string svg() const {
    Range x = range([](const Point& point) { return point.x; });
    Range y = range([](const Point& point) { return point.y; });
    for (const auto& [cx, cy] : corners_) {
      x.include(cx);
      y.include(cy);
    }
    const auto at_x = [&](double value) { return left + x.share(value) * (width - left - 20); };
    const auto at_y = [&](double value) {
      return height - bottom - y.share(value) * (height - bottom - 40);
    };
    std::string text = fmt::format(
      "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{0:.0f}\" height=\"{1:.0f}\" viewBox=\"0 "
      "0 {0:.0f} {1:.0f}\" "
      "font-family=\"sans-serif\" font-size=\"12\">\n<rect width=\"100%\" height=\"100%\" "
      "fill=\"white\"/>\n"
      "<text x=\"{2:.0f}\" y=\"20\">{3}</text>\n",
      width,
      height,
      left,
      escaped(title_)
    );
    for (double power = std::ceil(x.low); power <= x.high; ++power) {
      text += fmt::format(
        "<path d=\"M{0:.1f} 30V{1:.1f}\" stroke=\"#ddd\"/><text x=\"{0:.1f}\" y=\"{2:.1f}\" "
        "text-anchor=\"middle\">1e{3:.0f}</text>\n",
        at_x(std::pow(10, power)),
        height - bottom,
        height - bottom + 16,
        power
      );
    }
    for (double power = std::ceil(y.low); power <= y.high; ++power) {
      text += fmt::format(
        "<path d=\"M{0:.0f} {1:.1f}H{2:.0f}\" stroke=\"#ddd\"/><text x=\"{3:.0f}\" y=\"{1:.1f}\" "
        "text-anchor=\"end\">1e{4:.0f}</text>\n",
        left,
        at_y(std::pow(10, power)),
        width - 20,
        left - 6,
        power
      );
    }
    if (!corners_.empty()) {
      text += "<polyline fill=\"none\" stroke=\"#444\" points=\"";
      for (const auto& [cx, cy] : corners_) {
        text += fmt::format("{:.1f},{:.1f} ", at_x(cx), at_y(cy));
      }
      text += "\"/>\n";
    }
    for (const Point& point : points_) {
      text += fmt::format(
        "<circle cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"{}\" fill=\"{}\"><title>{}</title></circle>\n",
        at_x(point.x),
        at_y(point.y),
        point.marked ? 5 : 3,
        point.marked ? "#c2410c" : "#94a3b8",
        escaped(point.label)
      );
    }
    return text + fmt::format(
                    "<text x=\"{:.0f}\" y=\"{:.0f}\" text-anchor=\"middle\">{}</text>\n"
                    "<text transform=\"translate(16 {:.0f}) rotate(-90)\" "
                    "text-anchor=\"middle\">{}</text>\n</svg>\n",
                    width / 2,
                    height - 8,
                    escaped(x_),
                    height / 2,
                    escaped(y_)
                  );
  }

 private:
  static constexpr double width = 760;
  static constexpr double height = 480;
  static constexpr double left = 70;
  static constexpr double bottom = 50;

  struct Point {
    double x;
    double y;
    bool marked;
    std::string label;
  };
  /// Of logarithms.
  struct Range {
    double low = 1e300;
    double high = -1e300;
    void include(double value) {
      low = std::min(low, std::log10(value) - 0.05);
      high = std::max(high, std::log10(value) + 0.05);
    }
    double share(double value) const { return (std::log10(value) - low) / (high - low); }
  };
  template <class F> Range range(F&& of) const {
    Range found;
    for (const Point& point : points_) {
      found.include(of(point));
    }
    return found;
  }

  std::string title_;
  std::string x_;
  std::string y_;
  std::vector<Point> points_;
  std::vector<std::pair<double, double>> corners_;
};

std::string point_label(const std::vector<Axis>& axes, const SweepPoint& point) {
  std::string label;
  for (std::size_t i = 0; i < axes.size(); ++i) {
    label += fmt::format("{}{} {}", i == 0 ? "" : ", ", axes[i].key, point.values[i]);
  }
  return label;
}

} // namespace

std::string analytic_text(const AnalyticFacts& facts) {
  const Prediction& made = facts.prediction;
  const Workload& workload = facts.scenario.workload;
  const Hardware& machine = facts.hardware;
  std::string text = fmt::format(
    "{}, {} layers, form {}\nMLEN {}, BLEN {}, VLEN {}, HLEN {} (section {}), latencies {}, {} "
    "devices\n",
    facts.scenario.dims.name,
    facts.scenario.dims.layers,
    to_string(made.form),
    machine.mlen,
    machine.blen,
    machine.vlen,
    machine.hlen,
    facts.section,
    facts.latencies,
    workload.devices
  );
  if (made.form == Form::Llada) {
    text += fmt::format(
      "batch {}, {} tokens, {} steps\n\n{:.6f} s in all, {:.2f} tokens/s\n",
      workload.batch,
      workload.sequence(),
      workload.steps,
      made.total_seconds,
      made.tokens_per_second
    );
  } else {
    text += fmt::format(
      "batch {}, {} tokens in, {} out\n\ntime to first token {:.6f} s ({:.3f} ms)\n{:.2f} "
      "tokens/s\n",
      workload.batch,
      workload.input,
      workload.output,
      made.ttft_seconds,
      made.ttft_seconds * 1000,
      made.tokens_per_second
    );
  }
  text +=
    parts_text(made.form == Form::Llada ? "step" : "prefill", made.prefill, made.prefill_cycles);
  text += fmt::format("{:<32} {:>43}\n", "total", made.prefill_cycles);
  if (!made.decode.empty()) {
    text += parts_text("first token", made.decode, made.first_token_cycles / 2);
    text +=
      fmt::format("{:<32} {:>43}\n", "total, doubled as upstream does", made.first_token_cycles);
  }
  text += fmt::format(
    "\nHBM: {:.3f} GB of {:.3f} needed{}; prefill moves {:.3f} MB, a token {:.3f} MB\n",
    static_cast<double>(facts.memory.required().value) / 1e9,
    static_cast<double>(facts.memory.hbm_bytes) / 1e9,
    facts.memory.fits() ? "" : ": does not fit",
    static_cast<double>(
      (facts.memory.prefill.total().read + facts.memory.prefill.total().write).value
    ) /
      1e6,
    static_cast<double>((facts.memory.decode.total().read + facts.memory.decode.total().write).value
    ) /
      1e6
  );
  text += fmt::format("utilisation: {:.2f}% in all\n", 100 * facts.utilisation.overall);
  const Roof roof = roof_of(machine);
  for (const RooflinePoint& point : facts.points) {
    // The closed form knows no memory: it may be faster than the HBM allows.
    text += fmt::format(
      "{} {}: {:.2f} operations/byte, {:.3f} times the speed that {} allows\n",
      point.phase,
      point.part,
      point.intensity(),
      point.achieved() / roof.ceiling(point.intensity()),
      point.intensity() < roof.ridge() ? "memory" : "arithmetic"
    );
  }
  if (!facts.sweep.empty()) {
    std::size_t failed = 0;
    text += fmt::format(
      "\nPareto front of {} points (cycles, SRAM bytes, multipliers):\n", facts.sweep.size()
    );
    for (const SweepPoint& point : facts.sweep) {
      failed += point.error ? 1u : 0u;
      if (point.pareto) {
        text += fmt::format(
          "{}: {} cycles, {} bytes, {} multipliers, {:.2f} tokens/s\n",
          point_label(facts.axes, point),
          point.cycles,
          point.sram_bytes,
          point.multipliers,
          point.tokens_per_second
        );
      }
    }
    if (failed != 0) {
      text += fmt::format("{} combinations cannot be; --csv says why\n", failed);
    }
  }
  return text;
}

std::string analytic_csv(const AnalyticFacts& facts) {
  std::string text;
  if (facts.axes.empty()) {
    text = "phase,part,each,times,cycles\n";
    for (const auto& [phase, parts] :
         {std::pair{"prefill", &facts.prediction.prefill}, {"decode", &facts.prediction.decode}}) {
      for (const PartCycles& part : *parts) {
        text += fmt::format(
          "{},{},{},{},{}\n", phase, part.name, part.each, part.times, part.each * part.times
        );
      }
    }
    return text;
  }
  for (const Axis& axis : facts.axes) {
    text += axis.key + ",";
  }
  text += "seconds,tokens_per_second,cycles,sram_bytes,multipliers,pareto,error\n";
  for (const SweepPoint& point : facts.sweep) {
    for (const std::uint64_t value : point.values) {
      text += fmt::format("{},", value);
    }
    text += point.error ? fmt::format(",,,,,0,{}\n", csv_field(point.error->message))
                        : fmt::format(
                            "{},{},{},{},{},{},\n",
                            point.first,
                            point.tokens_per_second,
                            point.cycles,
                            point.sram_bytes,
                            point.multipliers,
                            point.pareto ? 1 : 0
                          );
  }
  return text;
}

std::string analytic_svg(const AnalyticFacts& facts) {
  const std::string& name = facts.scenario.dims.name;
  if (!facts.axes.empty()) {
    Plot plot(name + ": no other point needs less of all three", "multipliers", "cycles");
    for (const bool marked : {false, true}) {
      for (const SweepPoint& point : facts.sweep) {
        if (!point.error && point.pareto == marked) {
          plot.point(
            static_cast<double>(point.multipliers),
            static_cast<double>(point.cycles),
            marked,
            fmt::format(
              "{}: {} cycles, {} SRAM bytes",
              point_label(facts.axes, point),
              point.cycles,
              point.sram_bytes
            )
          );
        }
      }
    }
    return plot.svg();
  }
  Plot plot(name + ": roofline", "operations per byte", "operations per second");
  const Roof roof = roof_of(facts.hardware);
  double low = roof.ridge();
  double high = roof.ridge();
  for (const RooflinePoint& point : facts.points) {
    low = std::min(low, point.intensity());
    high = std::max(high, point.intensity());
    plot.point(
      point.intensity(), point.achieved(), true, fmt::format("{} {}", point.phase, point.part)
    );
  }
  plot.line(
    {{low / 2, roof.ceiling(low / 2)},
     {roof.ridge(), roof.flops_per_second},
     {high * 2, roof.flops_per_second}}
  );
  return plot.svg();
}

// ---- comparison with a run

namespace {

ComparisonRow total_of(const AnalyticRun& comparison) {
  ComparisonRow total;
  for (const ComparisonRow& row : comparison.rows) {
    total.nodes += row.nodes;
    total.formula = total.formula.value_or(0) + row.formula.value_or(0);
    total.analytic += row.analytic;
    total.emulator += row.emulator;
    total.run += row.run;
  }
  return total;
}

} // namespace

std::string run_comparison_table(const AnalyticRun& comparison) {
  std::string text = fmt::format(
    "{}, {} ({}), {}\n\n"
    "| part | closed form | program, analytic prices | program, emulator prices | run | run / "
    "closed form | "
    "= program / form | x prices | x memory |\n|---|--:|--:|--:|--:|--:|--:|--:|--:|\n",
    comparison.model,
    comparison.machine,
    comparison.settings,
    comparison.timing
  );
  const auto line = [&](std::string_view name, const ComparisonRow& row) {
    const std::uint64_t formula = row.formula.value_or(0);
    text += fmt::format(
      "| {} | {} | {} | {} | {} | {} | {} | {} | {} |\n",
      name,
      row.formula ? fmt::format("{}", formula) : "-",
      row.analytic,
      row.emulator,
      row.run,
      ratio(row.run, formula),
      ratio(row.analytic, formula),
      ratio(row.emulator, row.analytic),
      ratio(row.run, row.emulator)
    );
  };
  for (const ComparisonRow& row : comparison.rows) {
    line(title(row.part), row);
  }
  line("total", total_of(comparison));
  text += "\nThe closed form charges BLEN cycles for an M_MM and one for a transfer; the emulator "
          "MLEN, and what the HBM takes.\n"
          "A dash: the closed form leaves the part out.\n";
  if (comparison.roofline) {
    text += fmt::format(
      "Roofline of before: {:.2f} operations/byte, {:.4f}% of the ceiling, {} bound\n",
      comparison.roofline->intensity,
      100 * comparison.roofline->efficiency,
      comparison.roofline->memory_bound ? "memory" : "compute"
    );
  }
  return text;
}

std::string run_comparison_csv(const AnalyticRun& comparison) {
  std::string text = "part,formula,program_analytic,program_emulator,run\n";
  for (const ComparisonRow& row : comparison.rows) {
    text += fmt::format(
      "{},{},{},{},{}\n",
      to_string(row.part),
      row.formula ? fmt::format("{}", *row.formula) : "",
      row.analytic,
      row.emulator,
      row.run
    );
  }
  return text;
}

// ---- assembly texts

std::string static_profile_json(const StaticFacts& facts) {
  const StaticProfile& profile = facts.current;
  const bool enabled = find_latency_profile(facts.latencies).value()->enabled;
  Json types = Json::object();
  for (const auto& [type, count] : profile.types) {
    types[type] = count.value;
  }
  Json opcodes = Json::object();
  for (const std::string_view name : selected_opcodes()) {
    if (const auto found = profile.opcodes.find(std::string(name));
        found != profile.opcodes.end()) {
      opcodes[std::string(name)] = found->second.value;
    }
  }
  Json all = Json::array();
  for (const auto& [name, times] : profile.opcodes) {
    Json& one = all.emplace_back();
    one["opcode"] = name;
    one["times"] = times.value;
    one["cycles"] = profile.opcode_cycles.at(name).value;
  }
  Json lines = Json::array();
  for (std::size_t i = 0; i < profile.lines.size(); ++i) {
    const LineCost& former = facts.former.lines[i];
    Json& one = lines.emplace_back();
    one["line"] = profile.lines[i].line;
    one["times"] = profile.lines[i].times.value;
    one["cycles"] = profile.lines[i].cycles.value;
    one["former_times"] = former.times.value;
    one["former_cycles"] = former.cycles.value;
    one["section"] = former.section;
  }
  Json sections = Json::array();
  for (const SectionProfile& section : facts.former.sections) {
    sections.push_back(
      {{"section", section.name},
       {"instructions", section.instructions.value},
       {"cycles", section.cycles.value}}
    );
  }
  Json former_types = Json::object();
  for (const auto& [type, count] : facts.former.types) {
    former_types[type] = count.value;
  }
  Json document = {
    {"schema", 1},
    {"source_lines", profile.source_lines},
    {"static_instruction_lines", profile.static_instructions},
    {"comment_or_metadata_lines", profile.comments},
    {"dynamic_instruction_count", profile.dynamic_instructions.value},
    {"estimated_cycles", profile.cycles.value},
    {"estimated_ms_at_1ghz", static_cast<double>(profile.cycles.value) / 1e6},
    {"estimated_ms", static_cast<double>(profile.cycles.value) / (facts.clock_mhz * 1e3)},
    {"clock_mhz", facts.clock_mhz},
    {"cycle_model", "prices of the settings, transfers free, loops as often as C_LOOP_START says"},
    {"cycle_model_dc_en", enabled ? 1 : 0},
    {"cycle_model_latency_profile", facts.latencies},
    {"loop_start_lines", profile.loop_starts},
    {"instruction_types_dynamic", std::move(types)},
    {"selected_opcodes_dynamic", std::move(opcodes)},
    {"former",
     {{"instructions", facts.former.instructions.value},
      {"cycles", facts.former.cycles.value},
      {"types", std::move(former_types)},
      {"sections", std::move(sections)}}}};
  document["opcodes"] = std::move(all);
  if (!lines.empty()) {
    document["lines"] = std::move(lines);
  }
  return document.dump(1) + "\n";
}

std::string static_profile_text(const StaticFacts& facts) {
  const StaticProfile& profile = facts.current;
  std::string text = fmt::format(
    "{} lines, {} instructions, {} comments, {} loops\n{} instructions executed, {} cycles ({:.6f} "
    "ms at {} MHz), latencies {}\n",
    profile.source_lines,
    profile.static_instructions,
    profile.comments,
    profile.loop_starts,
    profile.dynamic_instructions.value,
    profile.cycles.value,
    static_cast<double>(profile.cycles.value) / (facts.clock_mhz * 1e3),
    facts.clock_mhz,
    facts.latencies
  );
  for (const auto& [type, count] : profile.types) {
    text += fmt::format("{}_*  {}\n", type, count.value);
  }
  text += fmt::format(
    "\nas the former profiler counts (64 for V_, H_ and M_): {} cycles\n{:<18} {:>14} {:>16} "
    "{:>8}\n",
    facts.former.cycles.value,
    "section",
    "instructions",
    "cycles",
    "share"
  );
  for (const SectionProfile& section : facts.former.sections) {
    text += fmt::format(
      "{:<18} {:>14} {:>16} {:>7.2f}%\n",
      section.name,
      section.instructions.value,
      section.cycles.value,
      100 * static_cast<double>(section.cycles.value) /
        std::max(1.0, static_cast<double>(facts.former.cycles.value))
    );
  }
  return text;
}

} // namespace plena::report
