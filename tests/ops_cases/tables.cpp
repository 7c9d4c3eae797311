#include "ops_cases/tables.h"

#include "table_head.h"

#include <algorithm>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <map>
#include <nlohmann/json.hpp>

namespace plena::tests {

namespace {

constexpr std::size_t portable = 0;
constexpr std::size_t dense = 2;

/// The form of ours that a recorded program is to be compared with.
std::size_t like_recorded(const CaseRow& row, std::size_t strategy) {
  return strategy + (row.unrolled ? 1 : 0);
}

/// Cycles of the whole-tile schedules by the case whose images they use.
std::map<std::string, std::uint64_t> dense_figures() {
  std::map<std::string, std::uint64_t> figures;
  for (const auto& entry :
       std::filesystem::directory_iterator(shared_dir() / "ops_dense_examples")) {
    const std::filesystem::path meta = entry.path() / "meta.json";
    if (std::filesystem::exists(meta)) {
      const auto json = nlohmann::json::parse(read_text(meta));
      const std::string images = json.at("memory_images_from");
      figures[images.substr(std::string_view("ops/").size())] =
        static_cast<std::uint64_t>(json.at("upstream_emulator").at("latency_ns").get<double>());
    }
  }
  return figures;
}

std::string missing_text(const CaseRow& row) {
  return fmt::format("operator {} missing", fmt::join(row.missing, ", "));
}

std::string times(std::uint64_t theirs, std::uint64_t ours) {
  return ours == 0 ? "-"
                   : fmt::format("{:.2f}", static_cast<double>(theirs) / static_cast<double>(ours));
}

double largest_of(const Measured& ours) {
  double largest = 0;
  for (const Agreement& one : ours.outputs) {
    largest = std::max(largest, one.largest);
  }
  return largest;
}

double formats_of(const Measured& ours) {
  double most = 0;
  for (const Agreement& one : ours.outputs) {
    most = std::max(most, one.of_formats);
  }
  return most;
}

std::string agreement_text(const Measured& ours) {
  if (!ours.failure.empty()) {
    return ours.absent ? "-" : "fails";
  }
  std::string text;
  for (const Agreement& one : ours.outputs) {
    text += text.empty() ? "" : "; ";
    text += one.max_abs == 0
              ? "equal"
              : fmt::format(
                  "{:.3g} of {:.3g}, {:.1f} % equal", one.max_abs, one.largest, 100 * one.equal
                );
    text += one.pass ? "" : fmt::format(" **outside: {:.1f} %**", 100 * one.max_abs / one.largest);
  }
  return text;
}

} // namespace

std::vector<CaseRow> measure_all() {
  const std::map<std::string, std::uint64_t> figures = dense_figures();
  std::map<std::string, std::uint64_t> words;
  std::vector<CaseRow> rows;
  for (const std::string& name : recorded_cases()) {
    const RecordedCase test = recorded_case(name);
    CaseRow row;
    row.name = name;
    row.missing = test.missing;
    row.unrolled = test.unrolled;
    row.aborts = test.aborts;
    row.recorded_error = test.recorded_error;
    const auto figure = figures.find(name);
    row.dense_figure = figure == figures.end() ? 0 : figure->second;
    for (const Expected& expected : test.expected) {
      row.limits.push_back(expected.limit);
    }
    row.recorded = recorded_cost(test);
    words[name] = row.recorded.words;
    for (std::size_t i = 0; i < forms.size() && row.measured(); ++i) {
      row.ours[i] = measure(test, forms[i]);
      if (i % 2 == 1 && row.ours[i - 1].machine && row.ours[i].machine) {
        row.differing[i / 2] = differing_memories(*row.ours[i - 1].machine, *row.ours[i].machine);
      }
      if (i % 2 == 1) {
        row.ours[i - 1].machine.reset();
        row.ours[i].machine.reset();
      }
    }
    if (row.measured() && !row.ours[0].outputs.empty()) {
      row.rows = row.ours[0].rows;
    }
    rows.push_back(std::move(row));
  }
  for (CaseRow& row : rows) {
    const std::size_t suffix = row.name.rfind("_unrolled");
    row.rolled_words = words.at(row.unrolled ? row.name.substr(0, suffix) : row.name);
  }
  return rows;
}

std::string results_table(const std::vector<CaseRow>& rows) {
  std::string text =
    "# Results of the operator cases against their goldens\n\n"
    "Largest error, the golden's largest element, and the share of elements that are equal.\n\n";
  TableHead head;
  head.text("case").text("bound");
  for (const Form& form : forms) {
    head.text(form.name);
  }
  text += head.text("rolled and unrolled").lines();
  for (const CaseRow& row : rows) {
    if (!row.measured()) {
      text += fmt::format("| {} | {} | | | | | |\n", row.name, missing_text(row));
      continue;
    }
    std::vector<std::string> limits;
    for (const Limit& limit : row.limits) {
      limits.push_back(to_string(limit));
    }
    text += fmt::format("| {} | {} |", row.name, fmt::join(limits, "; "));
    for (const Measured& ours : row.ours) {
      text += fmt::format(" {} |", agreement_text(ours));
    }
    std::vector<std::string> differing = row.differing[0];
    differing.insert(differing.end(), row.differing[1].begin(), row.differing[1].end());
    text += fmt::format(
      " {} |\n",
      row.ours[0].absent || row.ours[1].absent ? "-"
      : differing.empty()                      ? "same memories"
                          : fmt::format("differ in {}", fmt::join(differing, ", "))
    );
  }
  return text;
}

std::string cycles_table(const std::vector<CaseRow>& rows) {
  std::string text = "# Cycles of the operator cases\n";
  const auto table = [&](const char* title, std::uint64_t Cost::*cycles) {
    TableHead head;
    head.text("case").number("upstream");
    for (const Form& form : forms) {
      head.number(form.name);
    }
    head.number("upstream / portable").number("upstream / dense");
    text += fmt::format("\n## {}\n\n", title) + head.lines();
    for (const CaseRow& row : rows) {
      text +=
        fmt::format("| {} | {}{} |", row.name, row.recorded.*cycles, row.aborts ? " (aborts)" : "");
      if (!row.measured()) {
        text += fmt::format(" {} | | | | | |\n", missing_text(row));
        continue;
      }
      for (const Measured& ours : row.ours) {
        text += ours.failure.empty() ? fmt::format(" {} |", ours.cost.*cycles)
                : ours.absent        ? " - |"
                                     : " fails |";
      }
      for (const std::size_t strategy : {portable, dense}) {
        const Measured& ours = row.ours[like_recorded(row, strategy)];
        text += fmt::format(
          " {} |", ours.failure.empty() ? times(row.recorded.*cycles, ours.cost.*cycles) : "-"
        );
      }
      text += "\n";
    }
  };
  table("Emulator's profile, HBM2, serial", &Cost::cycles);
  table("Analytic profile", &Cost::analytic);
  return text;
}

std::string counts_table(const std::vector<CaseRow>& rows) {
  std::string text = "# Programs of the operator cases\n\n" + cost_table_head("case");
  for (const CaseRow& row : rows) {
    text +=
      cost_table_line(row.name, row.unrolled ? "upstream, unrolled" : "upstream", row.recorded);
    if (!row.measured()) {
      text += fmt::format("| | {} | | | | | | | | |\n", missing_text(row));
      continue;
    }
    for (std::size_t i = 0; i < forms.size(); ++i) {
      if (row.ours[i].failure.empty()) {
        text += cost_table_line("", forms[i].name, row.ours[i].cost);
      } else if (!row.ours[i].absent) {
        text += fmt::format("| | {}: fails | | | | | | | | |\n", forms[i].name);
      }
    }
  }
  return text;
}

std::string dense_figures_table(const std::vector<CaseRow>& rows) {
  std::string text =
    "# Whole-tile schedules\n\n"
    "Cycles under the emulator's profile: upstream's program, the schedules that were written by "
    "hand (compiler_backend.md 6.3), ours.\n\n"
    "| case | upstream | by hand | dense rolled | dense unrolled |\n|---|--:|--:|--:|--:|\n";
  for (const CaseRow& row : rows) {
    if (row.dense_figure == 0) {
      continue;
    }
    text += fmt::format("| {} | {} | {} |", row.name, row.recorded.cycles, row.dense_figure);
    if (!row.measured()) {
      text += fmt::format(" {} | |\n", missing_text(row));
      continue;
    }
    for (const std::size_t form : {dense, dense + 1}) {
      const Measured& ours = row.ours[form];
      text += ours.failure.empty() ? fmt::format(" {} |", ours.cost.cycles) : " - |";
    }
    text += "\n";
  }
  return text;
}

std::vector<Shortfall> shortfalls(const std::vector<CaseRow>& rows) {
  std::vector<Shortfall> found;
  for (const CaseRow& row : rows) {
    const auto note = [&](std::string rule, std::string detail) {
      found.push_back({row.name, std::move(rule), std::move(detail)});
    };
    if (!row.measured()) {
      found.push_back({row.name, "operator", missing_text(row), true});
      continue;
    }
    std::array<bool, forms.size()> runs{};
    for (std::size_t i = 0; i < forms.size(); ++i) {
      const Measured& ours = row.ours[i];
      if (!ours.failure.empty()) {
        found.push_back(
          {row.name, fmt::format("runs, {}", forms[i].name), ours.failure, ours.absent}
        );
        continue;
      }
      runs[i] = true;
      const bool good =
        std::all_of(ours.outputs.begin(), ours.outputs.end(), [](const Agreement& one) {
          return one.pass;
        });
      if (!good) {
        note(
          fmt::format("result, {}", forms[i].name),
          fmt::format(
            "{}; formats alone {:.1f} %; upstream's own {:.3g}, {:.1f} %",
            agreement_text(ours),
            100 * formats_of(ours) / largest_of(ours),
            row.recorded_error,
            100 * row.recorded_error / largest_of(ours)
          )
        );
        // Then the bound asks for less than the formats of HBM cost before the program begins.
        found.back().of_formats =
          std::all_of(ours.outputs.begin(), ours.outputs.end(), [&](const Agreement& one) {
            return one.pass || (one.max_abs <= row.recorded_error && one.max_abs <= one.of_formats);
          });
      }
    }
    for (std::size_t i = 0; i < row.differing.size(); ++i) {
      if (!row.differing[i].empty()) {
        note(
          i == 0 ? "same memories, portable" : "same memories, dense",
          fmt::format("differ in {}", fmt::join(row.differing[i], ", "))
        );
      }
    }
    const auto at_most = [&](const char* rule, std::uint64_t ours, std::uint64_t limit) {
      if (ours > limit) {
        found.push_back({row.name, rule, fmt::format("{} > {}", ours, limit), true});
      }
    };
    const std::size_t plain = like_recorded(row, portable);
    if (runs[plain]) {
      const Cost& ours = row.ours[plain].cost;
      at_most("cycles, emulator's profile, portable", ours.cycles, row.recorded.cycles - 1);
      at_most("cycles, analytic profile, portable", ours.analytic, row.recorded.analytic - 1);
    }
    if (runs[portable]) {
      at_most("static, portable rolled", row.ours[portable].cost.words, row.rolled_words);
    }
    if (runs[dense]) {
      at_most("static, dense rolled", row.ours[dense].cost.words, row.rolled_words);
    }
    const auto is = [&](const char* op) { return row.name.starts_with(op); };
    const std::size_t whole_tile = like_recorded(row, dense);
    const bool many_rows =
      row.rows >= 64 && (is("linear/") || is("ffn/") || is("flash_attention_mha/"));
    if (many_rows && runs[whole_tile]) {
      at_most(
        "dense a tenth of upstream", row.ours[whole_tile].cost.cycles, row.recorded.cycles / 10
      );
    }
    if (row.dense_figure != 0 && runs[dense] && runs[dense + 1]) {
      at_most(
        "dense as by hand",
        std::min(row.ours[dense].cost.cycles, row.ours[dense + 1].cost.cycles),
        row.dense_figure
      );
    }
  }
  return found;
}

std::string shortfalls_table(const std::vector<CaseRow>& rows) {
  std::string text = "# What the operator cases do not show\n\n"
                     "A result may lie outside of its bound where exact arithmetic over the "
                     "tensors as HBM holds them\n"
                     "lies outside as well (formats alone), if it is no further off than that, nor "
                     "than upstream's own.\n\n"
                     "| case | rule | ours, theirs |\n|---|---|---|\n";
  for (const Shortfall& one : shortfalls(rows)) {
    const std::string first_line = one.detail.substr(0, one.detail.find('\n'));
    text += fmt::format("| {} | {} | {} |\n", one.name, one.rule, first_line);
  }
  return text;
}

} // namespace plena::tests
