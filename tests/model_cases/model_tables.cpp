#include "model_cases/model_tables.h"

#include "table_head.h"
#include "unit/codegen/harness.h"
#include "unit/emu/recorded.h"

#include <algorithm>
#include <fmt/format.h>
#include <string_view>

namespace plena::tests {

namespace {

constexpr std::size_t portable = 0;
constexpr std::size_t dense = 2;
constexpr std::size_t as_upstream = 3;

/// A measure of models.md 3.7.
struct Measure {
  std::string_view title;
  double numerics::Errors::*field = nullptr;
  bool more_is_better = false;
  double unit = 1;
  std::string_view form{}; ///< of a number in a table
};
constexpr Measure measures[]{
  {"MSE", &numerics::Errors::mse, false, 1, "{:.3g}"},
  {"MAE", &numerics::Errors::mae, false, 1, "{:.3g}"},
  {"max", &numerics::Errors::max_abs, false, 1, "{:.3g}"},
  {"cosine", &numerics::Errors::cosine, true, 1, "{:.6f}"},
  {"mean relative", &numerics::Errors::mean_rel, false, 1, "{:.4f}"},
  {"within 0.2", &numerics::Errors::allclose, true, 100, "{:.2f} %"},
  {"relative match", &numerics::Errors::rel_match, true, 100, "{:.2f} %"},
  {"argmax", &numerics::Errors::argmax, true, 100, "{:.1f} %"}};

std::string text_of(const Measure& measure, const numerics::Errors& errors) {
  return fmt::format(fmt::runtime(measure.form), measure.unit * errors.*measure.field);
}

/// What results are compared with.
struct Reference {
  std::string_view title;
  Distances ModelRow::*distances = nullptr;
};
constexpr Reference references[]{
  {"recorded golden", &ModelRow::golden},
  {"recorded reference without formats", &ModelRow::fp32},
  {"exact result of the model", &ModelRow::exact}};

Cost recorded_cost(const RecordedModel& model) {
  Cost cost;
  const RecordedInputs inputs = read_inputs(model.folder, "vram_preload.bin");
  count_program(cost, inputs.program, read_text(model.folder / "program.asm"));
  emu::Options options;
  options.hbm_bytes = 2 * inputs.hbm.size();
  const auto settings = config::load(inputs.settings, "settings.toml");
  REQUIRE(settings.ok());
  auto machine = emu::Machine::create(*settings, inputs.images(), options);
  REQUIRE(machine.ok());
  REQUIRE(run_program(*machine, *settings, inputs.program, cost).empty());
  return cost;
}

} // namespace

ModelRow measure_model(const std::string& name) {
  const RecordedModel model = recorded_model(name);
  ModelRow row;
  row.name = name;
  row.latency = model.latency;
  row.quarter_scale = model.quarter_scale;
  row.recorded = recorded_cost(model);
  const std::vector<float> exact = exact_result(model);
  const auto compare = [&](const std::vector<float>& values, const std::vector<float>& reference) {
    return numerics::compare(values, reference, model.cols);
  };
  row.fp32_vs_exact = compare(model.fp32, exact);
  row.golden.recorded = compare(model.machine, model.golden);
  row.fp32.recorded = compare(model.machine, model.fp32);
  row.exact.recorded = compare(model.machine, exact);
  for (std::size_t i = 0; i < model_forms.size(); ++i) {
    ModelChanges changes;
    if (model_forms[i].as_upstream) {
      (model.quarter_scale ? changes.upstreams_rounding : changes.as_upstream) = true;
    }
    row.ours[i] = run_model(changed_model(name, changes), model_forms[i]);
    const ModelRun& run = row.ours[i];
    if (!run.failure.empty()) {
      continue;
    }
    row.fp32.ours[i] = compare(run.result, model.fp32);
    row.exact.ours[i] = compare(run.result, exact);
    row.golden.ours[i] = compare(run.result, model.golden);
    if (model.quarter_scale) {
      changes.quarter_scale = true;
      const ModelRun like = run_model(changed_model(name, changes), model_forms[i]);
      REQUIRE(like.failure.empty());
      row.golden.ours[i] = compare(like.result, model.golden);
    } else if (model_forms[i].as_upstream) {
      row.against_upstreams = compare(run.result, model.machine);
    }
  }
  return row;
}

std::string model_results_table(const std::vector<ModelRow>& rows) {
  std::string text =
    "# Results of the recorded models\n\n"
    "Upstream's program and ours against the same references. Against the "
    "reference with its own roundings, our "
    "machine's result is equal in every element of every model. As upstream, where the model's `run` asks "
    "for it (`compat`), it is that of upstream's own program, element by element; where heads share rows "
    "it asks for the roundings alone (`rounding`).\n\n"
    "The recorded golden has the roundings of upstream's program, whose order "
    "ours does not keep unless it is asked to; a key that one of them rounds the other way may become its neighbour in "
    "MXFP8, which every later row sees. In the recorded "
    "reference without formats, attention of a single text is rounded to bf16, "
    "whatever it says; the exact result of the "
    "model has no rounding at all. Where heads are packed, upstream's programs "
    "and their goldens scale attention by a "
    "quarter of what the model says: against the golden, ours is compiled with "
    "that scale as well, against the others "
    "with the model's.\n";
  for (const Reference& reference : references) {
    TableHead head;
    head.text("model").text("program");
    for (const Measure& measure : measures) {
      head.number(measure.title);
    }
    text += fmt::format("\n## Against the {}\n\n", reference.title) + head.lines();
    for (const ModelRow& row : rows) {
      const Distances& distances = row.*reference.distances;
      const auto line =
        [&](std::string_view model, std::string_view program, const numerics::Errors& errors) {
          text += fmt::format("| {} | {} |", model, program);
          for (const Measure& measure : measures) {
            text += fmt::format(" {} |", text_of(measure, errors));
          }
          text += "\n";
        };
      line(row.name, "upstream", distances.recorded);
      for (const std::size_t form : {portable, dense, as_upstream}) {
        if (row.ours[form].failure.empty()) {
          line(row.name, model_forms[form].name, distances.ours[form]);
        }
      }
    }
  }
  return text;
}

std::string model_cycles_table(const std::vector<ModelRow>& rows) {
  std::string text = "# Cycles of the recorded models\n\n"
                     "Upstream's are recorded, in nanoseconds at 1 GHz. Ours are counted as "
                     "upstream counts: emulator's profile, HBM2, "
                     "serial; those of both programs under the analytic profile come last.\n\n";
  TableHead head;
  head.text("model").number("upstream");
  for (const ModelForm& form : model_forms) {
    head.number(form.name);
  }
  head.number("upstream / portable").number("upstream / dense");
  head.number("analytic, upstream").number("portable").number("dense");
  text += head.lines();
  for (const ModelRow& row : rows) {
    text += fmt::format("| {} | {} |", row.name, row.latency);
    for (const ModelRun& run : row.ours) {
      text += run.failure.empty() ? fmt::format(" {} |", run.cost.cycles) : " fails |";
    }
    for (const std::size_t form : {portable, dense}) {
      text +=
        row.ours[form].failure.empty()
          ? fmt::format(
              " {:.2f} |",
              static_cast<double>(row.latency) / static_cast<double>(row.ours[form].cost.cycles)
            )
          : " |";
    }
    text += fmt::format(
      " {} | {} | {} |\n",
      row.recorded.analytic,
      row.ours[portable].cost.analytic,
      row.ours[dense].cost.analytic
    );
  }
  return text;
}

std::string model_counts_table(const std::vector<ModelRow>& rows) {
  std::string text = "# Programs of the recorded models\n\n" + cost_table_head("model");
  for (const ModelRow& row : rows) {
    text += cost_table_line(row.name, "upstream", row.recorded);
    for (std::size_t i = 0; i < model_forms.size(); ++i) {
      if (row.ours[i].failure.empty()) {
        text += cost_table_line(row.name, model_forms[i].name, row.ours[i].cost);
      }
    }
  }
  return text;
}

std::vector<ModelShortfall> model_shortfalls(const std::vector<ModelRow>& rows) {
  std::vector<ModelShortfall> found;
  for (const ModelRow& row : rows) {
    const auto note = [&](bool must, std::string rule, std::string detail) {
      found.push_back({row.name, std::move(rule), std::move(detail), must});
    };
    for (std::size_t i = 0; i < model_forms.size(); ++i) {
      const ModelRun& run = row.ours[i];
      if (!run.failure.empty()) {
        note(true, fmt::format("runs, {}", model_forms[i].name), run.failure);
        continue;
      }
      const numerics::Errors& own = run.against_own_golden;
      if (own.differing != 0 || own.nonfinite_actual != 0) {
        note(
          true,
          fmt::format("equal to its own reference, {}", model_forms[i].name),
          fmt::format("{} elements differ", own.differing)
        );
      }
      if (run.cost.cycles >= row.latency && model_forms[i].strategy == ops::Strategy::Portable) {
        note(
          true,
          fmt::format("fewer cycles, {}", model_forms[i].name),
          fmt::format("{}, {}", run.cost.cycles, row.latency)
        );
      }
    }
    if (row.name == "clm60m_l0_m64b4" && row.ours[dense].cost.cycles > row.latency / 8) {
      note(
        true,
        "dense an eighth of upstream",
        fmt::format("{}, {}", row.ours[dense].cost.cycles, row.latency)
      );
    }
    if (!row.ours[portable].failure.empty()) {
      continue;
    }
    if (row.against_upstreams && row.against_upstreams->differing != 0) {
      note(
        true,
        "as upstream, the result of upstream's program",
        fmt::format("{} elements differ", row.against_upstreams->differing)
      );
    }
    if (row.quarter_scale) {
      const numerics::Errors& packed = row.golden.ours[portable];
      if (packed.allclose < 0.995 || packed.cosine < 0.999) {
        note(
          true,
          "packed heads: 99.5 % within 0.2, cosine 0.999",
          fmt::format("{:.2f} %, {:.6f}", 100 * packed.allclose, packed.cosine)
        );
      }
    }
    for (const Reference& reference : references) {
      const Distances& distances = row.*reference.distances;
      for (const Measure& measure : measures) {
        const double ours = distances.ours[portable].*measure.field;
        const double theirs = distances.recorded.*measure.field;
        if (measure.more_is_better ? ours < theirs : ours > theirs) {
          note(
            false,
            fmt::format("{}, {}", reference.title, measure.title),
            fmt::format(
              "{} | {} | {}",
              text_of(measure, distances.recorded),
              text_of(measure, distances.ours[portable]),
              text_of(measure, distances.ours[as_upstream])
            )
          );
        }
        const double like = distances.ours[as_upstream].*measure.field;
        if (measure.more_is_better ? like < theirs : like > theirs) {
          note(
            true,
            fmt::format("as upstream at least upstream's figure, {}, {}", reference.title, measure.title),
            fmt::format("{}, {}", like, theirs)
          );
        }
      }
    }
  }
  return found;
}

namespace {

/// In how many measures a form of ours lies further from a reference than upstream's program.
std::size_t
count_short(const std::vector<ModelRow>& rows, const Reference& reference, std::size_t form) {
  std::size_t count = 0;
  for (const ModelRow& row : rows) {
    const Distances& distances = row.*reference.distances;
    for (const Measure& measure : measures) {
      const double ours = distances.ours[form].*measure.field;
      const double theirs = distances.recorded.*measure.field;
      count += (measure.more_is_better ? ours < theirs : ours > theirs) ? 1u : 0u;
    }
  }
  return count;
}

} // namespace

std::string model_shortfalls_table(const std::vector<ModelRow>& rows) {
  std::string text =
    "# Where upstream's program has the better figure\n\n"
    "Measures of results.md in which our portable program's result lies further "
    "from the reference than upstream's, of "
    "all measures of all models; the sums of both are rounded in another order, and vision has GELU "
    "in the form that its model says. With "
    "`\"compat\": \"upstream\"` in the model's `run`, the result is that of upstream's program in every "
    "element, for more cycles than ours, but fewer than upstream's (cycles.md). "
    "What must not fall short is not here: "
    "the test fails.\n\n"
    "| reference | measures | ours falls short in | as upstream in |\n"
    "|---|--:|--:|--:|\n";
  const bool all = rows.size() == recorded_models().size(); // counts of some are no kept lines
  for (const Reference& reference : references) {
    if (!all) {
      break;
    }
    text += fmt::format(
      "| {} | {} | {} | {} |\n",
      reference.title,
      rows.size() * std::size(measures),
      count_short(rows, reference, portable),
      count_short(rows, reference, as_upstream)
    );
  }
  text += "\n| model | reference, measure | upstream's | ours | as upstream |\n"
          "|---|---|--:|--:|--:|\n";
  for (const ModelShortfall& one : model_shortfalls(rows)) {
    if (!one.must) {
      text += fmt::format("| {} | {} | {} |\n", one.name, one.rule, one.detail);
    }
  }
  return text;
}

} // namespace plena::tests
