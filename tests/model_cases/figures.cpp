#include "model_cases/figures.h"

#include "golden/precision.h"
#include "golden/reference.h"
#include "io/weights.h"
#include "model_cases/model_run.h"
#include "model_cases/stage_figures.h"
#include "ops_cases/measure.h"
#include "shared_data.h"

#include <cmath>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>
#include <optional>

namespace plena::tests {

namespace {

using Json = nlohmann::json;
using Number = std::optional<std::uint64_t>;

const ModelForm& kept = model_forms[0];
const ModelForm& written_out = model_forms[1];

// ---- programs

/// What upstream tells of one of its programs, at one time.
struct Told {
  const char* program = nullptr; ///< none: this row is not there
  Number lines{};
  Number words{};
  Number comments{};
  Number executed{};
  Number loops{};
  Number cycles{};    ///< its estimate, without waits for memory
  Number simulated{}; ///< its emulator's
};

/// A model of the folder `models` on a machine.
struct Setting {
  const char* title = "";
  const char* file = "";
  std::uint64_t mlen = 64;
  std::uint64_t blen = 4;
  std::int64_t layers = 1;
  std::int64_t rows = 64;
  bool connector = false;
  /// The program without loops is made, too, which takes long and must not have more than 4 million
  /// words.
  bool write_out = true;
  Told told[4]{};
  std::uint64_t head = 64; ///< columns
};

const Setting settings_of_programs[]{
  {"CLM-60M, 1 layer",
   "clm60m",
   64,
   4,
   1,
   64,
   false,
   true,
   {{"before loops", 35479, 34041, 1438, 645334, 248, 8915366, {}},
    {"with loops in attention", 15367, 14403, 964, 649762, 296, 8919794, {}},
    {"written out", 177375, 175937, {}, {}, {}, {}, {}},
    {"today", 138821, 137856, 965, 749098, 13292, 9019130, 9109171}}},
  {"CLM-60M, 2 layers",
   "clm60m",
   64,
   4,
   2,
   64,
   false,
   false,
   {{"today", {}, 273761, {}, {}, {}, {}, 18204767}}},
  {"CLM-60M, 5 layers",
   "clm60m",
   64,
   4,
   5,
   64,
   false,
   false,
   {{"today", {}, 749600, {}, {}, {}, {}, 45559428}}},
  {"CLM-60M, 10 layers",
   "clm60m",
   64,
   4,
   10,
   64,
   false,
   false,
   {{"today", {}, 1542661, {}, {}, {}, {}, 91147554}}},
  {"CLM-60M, 1 layer",
   "clm60m",
   64,
   16,
   1,
   64,
   false,
   true,
   {{"today", 29621, 28656, 965, 113002, 1292, 641822, 729356}}},
  {"CLM-60M, 1 layer, packed heads",
   "clm60m",
   256,
   64,
   1,
   64,
   false,
   true,
   {{"today", 33299, 32946, 353, 156496, 1101, 419146, 578456}}},
  {"SmolLM2-135M, 1 layer",
   "smollm2_135m",
   64,
   4,
   1,
   64,
   false,
   true,
   {{"today", 161454, 159728, {}, {}, {}, {}, 15860820}}},
  {"SmolLM2-135M, 1 layer",
   "smollm2_135m",
   64,
   16,
   1,
   64,
   false,
   true,
   {{"today", 36966, {}, {}, {}, {}, {}, 1260000}}},
  {"SmolLM2-135M, 1 layer, packed heads",
   "smollm2_135m",
   256,
   64,
   1,
   64,
   false,
   true,
   {{"before loops", 33487, {}, {}, {}, {}, {}, {}},
    {"with loops", 15325, {}, {}, {}, {}, {}, {}},
    {"today", 36223, {}, {}, {}, {}, {}, 980000}}},
  {"SmolLM2-135M, 5 layers, packed heads",
   "smollm2_135m",
   256,
   64,
   5,
   64,
   false,
   true,
   {{"before loops", 144207, {}, {}, {}, {}, {}, {}},
    {"with loops", 59541, {}, {}, {}, {}, {}, {}}}},
  {"SmolLM2-135M, 1 layer",
   "smollm2_135m",
   16,
   4,
   1,
   64,
   false,
   false,
   {{"today", 512915, {}, {}, {}, {}, {}, {}}}},
  {"SmolLM2-135M, 1 layer, 4 tokens",
   "smollm2_135m",
   16,
   4,
   1,
   4,
   false,
   true,
   {{"before loops", 638919, {}, {}, {}, {}, 15207724, 5354236},
    {"with loops", 625491, {}, {}, {}, {}, 15212104, 5358616},
    {"today", 152421, {}, {}, {}, {}, {}, {}}}},
  {"SmolVLM2 vision, 1 layer",
   "smolvlm2_vision",
   64,
   16,
   1,
   64,
   false,
   true,
   {{"today", 307672, 295077, 12595, 750293, 2709, 3095117, 3649286}}},
  {"SmolVLM2 vision, 1 layer, connector",
   "smolvlm2_vision",
   64,
   16,
   1,
   64,
   true,
   false,
   {{"today", 344469, 321800, {}, {}, {}, {}, {}}}},
  {"SmolVLM2 vision, 1 layer",
   "smolvlm2_vision",
   256,
   64,
   1,
   64,
   false,
   false,
   {{"today", {}, {}, {}, {}, {}, {}, 9550000}}},
  {"SmolVLM2 vision, 1 layer",
   "smolvlm2_vision",
   32,
   4,
   1,
   64,
   false,
   false,
   {{"before loops", 599202, {}, {}, {}, {}, {}, {}},
    {"with loops", 569058, {}, {}, {}, {}, {}, 39830000},
    {"today", 569154, {}, {}, {}, {}, {}, {}}}},
  {"SmolVLM2 vision, 1 layer",
   "smolvlm2_vision",
   16,
   4,
   1,
   64,
   false,
   false,
   {{"before loops", 2431905, 1992722, {}, {}, {}, {}, 54840000},
    {"with loops", 2369505, {}, {}, {}, {}, {}, {}}}},
};

LoadedModel load(const Setting& setting) {
  const auto path = tests::source_dir() / "tests" / "model_cases" / "models" /
                    (std::string(setting.file) + ".json");
  Json document = Json::parse(read_text(path));
  document["dims"]["num_layers"] = setting.layers;
  Json& shape = document["input"]["tensor"]["shape"];
  if (shape.size() == 2) {
    shape[0] = setting.rows;
  }
  if (setting.connector) {
    document["connector"] = {{"scale_factor", 4}, {"output_dim", 576}};
  }
  // As upstream's presets: heads fill rows, or share them; the Matrix SRAM has 4 tiles, with shared
  // rows 16.
  const bool shared = setting.mlen > setting.head;
  document["run"]["hardware"] = {
    {"mlen", setting.mlen},
    {"blen", setting.blen},
    {"hlen", shared ? setting.head : setting.mlen},
    {"broadcast", shared ? setting.mlen / setting.head : 1},
    {"mram_tiles", shared ? 16 : 4}};
  const config::Preset* preset = config::find_preset("upstream");
  return load_model(document.dump(), *config::load(preset->toml, preset->name));
}

/// At 64/4.
Setting plain(const char* file, std::int64_t layers = 1, std::int64_t rows = 64) {
  Setting setting;
  setting.file = file;
  setting.layers = layers;
  setting.rows = rows;
  return setting;
}

/// A layer of LLaDA-8B.
Setting llada(std::uint64_t mlen) {
  Setting setting = plain("llada_layer");
  setting.mlen = mlen;
  setting.blen = 64;
  setting.head = 128;
  return setting;
}

/// What is told of the results of the programs above.
struct ResultRow {
  std::string title;
  numerics::Errors against_own_golden{};
  numerics::Errors against_exact{};
};

std::string number(const Number& value) { return value ? std::to_string(*value) : ""; }

void add_line(std::string& text, std::string_view program, const Told& told) {
  text += fmt::format(
    "| | {} | {} | {} | {} | {} | {} | {} | {} |\n",
    program,
    number(told.lines),
    number(told.words),
    number(told.comments),
    number(told.executed),
    number(told.loops),
    number(told.cycles),
    number(told.simulated)
  );
}

std::string programs_table(std::vector<ResultRow>& results) {
  std::string text =
    "## Programs\n\n"
    "Machines are MLEN/BLEN. Estimate: upstream's cycles without waits for memory. Cycles: those "
    "of the emulator, the "
    "memory's with them. Upstream tells some of them to three digits only. Where it says nothing, "
    "nothing stands. Ours: "
    "portable products.\n\n"
    "| figure | program | lines | static | comments | dynamic | loops | estimate | cycles |\n"
    "|---|---|--:|--:|--:|--:|--:|--:|--:|\n";
  for (const Setting& setting : settings_of_programs) {
    const std::string title = fmt::format("{}, {}/{}", setting.title, setting.mlen, setting.blen);
    INFO(title);
    text += fmt::format("| **{}** | | | | | | | | |\n", title);
    for (const Told& told : setting.told) {
      if (told.program != nullptr) {
        add_line(text, fmt::format("upstream, {}", told.program), told);
      }
    }
    const LoadedModel model = load(setting);
    const auto ours = [&](const ModelForm& form, const char* name, bool judge) {
      const ModelRun run = run_model(model, form, judge);
      INFO(run.failure);
      REQUIRE(run.failure.empty());
      const Cost& cost = run.cost;
      add_line(
        text,
        name,
        {name, cost.lines, cost.words, cost.comments, cost.executed, cost.loops, {}, cost.cycles}
      );
      return run;
    };
    if (setting.write_out) {
      ours(written_out, "ours, written out", false);
    }
    const ModelRun run = ours(kept, "ours", true);
    CHECK(run.against_own_golden.differing == 0);
    results.push_back(
      {title,
       run.against_own_golden,
       numerics::compare(run.result, exact_result(model), model.cols)}
    );
  }
  return text;
}

// ---- one operator

struct Attention {
  std::int64_t head_dim;
  Told told[3];
};
const Attention attentions[]{
  {64,
   {{"written out", {}, 2960, {}, {}, {}, 39379, {}},
    {"with loops", {}, 128, {}, {}, {}, 40558, {}},
    {"today", {}, 131, {}, {}, {}, {}, {}}}},
  {128,
   {{"written out", {}, 4399, {}, {}, {}, 74411, {}},
    {"with loops", {}, 169, {}, {}, {}, 76634, {}},
    {"today", {}, 172, {}, {}, {}, {}, {}}}}};

std::string attention_table() {
  std::string text =
    "\n## Attention of one head\n\n64 tokens, causal, 64/4; queries lie in the Vector SRAM when "
    "the program starts.\n\n"
    "| figure | program | lines | static | comments | dynamic | loops | estimate | cycles |\n"
    "|---|---|--:|--:|--:|--:|--:|--:|--:|\n";
  for (const Attention& one : attentions) {
    Model made;
    const ir::Shape shape{64, one.head_dim};
    const ir::TensorId q = made.input(shape);
    const ir::TensorId k = made.input(shape);
    const ir::TensorId v = made.input(shape);
    made.graph.input_specs.resize(3);
    made.graph.input_specs[0].prestaged = true;
    made.output(made.node(
      "attention",
      {q, k, v},
      {{"heads", std::int64_t{1}}, {"kv_heads", std::int64_t{1}}, {"mask", std::string("causal")}}
    ));
    REQUIRE(ops::infer_shapes(made.graph).ok());
    const LoadedModel model{
      machine(64, 4), made.graph, made.inputs, static_cast<std::uint64_t>(one.head_dim)};
    text += fmt::format("| **{} columns** | | | | | | | | |\n", one.head_dim);
    for (const Told& told : one.told) {
      add_line(text, fmt::format("upstream, {}", told.program), told);
    }
    for (const auto& [form, name] :
         {std::pair{&written_out, "ours, written out"}, std::pair{&kept, "ours"}}) {
      const ModelRun run = run_model(model, *form);
      INFO(run.failure);
      REQUIRE(run.failure.empty());
      CHECK(run.against_own_golden.differing == 0);
      const Cost& cost = run.cost;
      add_line(
        text,
        name,
        {name, cost.lines, cost.words, cost.comments, cost.executed, cost.loops, {}, cost.cycles}
      );
    }
  }
  return text;
}

// ---- results

std::string results_table(const std::vector<ResultRow>& results) {
  std::string text =
    "\n## Results of these programs\n\n"
    "Upstream tells that 100 % of the elements of CLM-60M with 1, 5 and 10 layers lie within 0.2 + "
    "20 % of its golden, "
    "the furthest 0.035, 0.083 and 0.117 away, 98.5 to 100 % of SmolVLM2's text and 99.95 to 100 % "
    "of its vision.\n\n"
    "| figure | differing from its reference | within 0.2 of the exact result | cosine | max |\n"
    "|---|--:|--:|--:|--:|\n";
  for (const ResultRow& one : results) {
    const numerics::Errors& exact = one.against_exact;
    text += fmt::format(
      "| {} | {} of {} | {:.2f} % | {:.5f} | {:.3f} |\n",
      one.title,
      one.against_own_golden.differing,
      one.against_own_golden.count,
      100 * exact.allclose,
      exact.cosine,
      exact.max_abs
    );
  }
  return text;
}

/// A convolution of upstream's presets, with a square kernel as wide as the image.
std::string convolutions_table() {
  std::string text =
    "\n## Convolutions\n\nShare of elements within 0.2 + 20 % of a result without formats. Inputs "
    "of the first three are "
    "upstream's, those of the last one, of which it has recorded none, are seeded.\n\n"
    "| preset | upstream | ours | differing from its reference |\n|---|--:|--:|--:|\n";
  const struct {
    const char* preset;
    double told;
  } recorded[]{{"baseline", 95.58}, {"tiled", 93.07}, {"siglip", 91.24}};
  const auto line =
    [&](
      const char* preset, double told, const LoadedModel& model, const std::vector<float>& expected
    ) {
      const ModelRun run = run_model(model, kept);
      INFO(preset << run.failure);
      REQUIRE(run.failure.empty());
      CHECK(run.against_own_golden.differing == 0);
      const double ours = 100 * numerics::compare(run.result, expected, model.cols).allclose;
      text += fmt::format(
        "| {} | {:.2f} % | {:.2f} % | {} |\n", preset, told, ours, run.against_own_golden.differing
      );
    };
  for (const auto& one : recorded) {
    RecordedCase test = recorded_case(std::string("conv2d/") + one.preset);
    REQUIRE(ops::infer_shapes(test.model.graph).ok());
    const LoadedModel model{test.config, test.model.graph, test.model.inputs, 64};
    line(one.preset, one.told, model, test.expected.at(0).values);
  }
  Model made;
  const ir::TensorId image = made.input({3, 77, 14});
  const ir::TensorId weight = made.constant({64, 3, 14, 14});
  made.output(made.node("conv2d", {image, weight}));
  REQUIRE(ops::infer_shapes(made.graph).ok());
  const LoadedModel model{machine(64, 4), made.graph, made.inputs, 64};
  line("ksplit", 90.33, model, exact_result(model));
  return text;
}

constexpr std::string_view model_head =
  "| figure | upstream | differing from its reference | relative RMS from the exact result | within 0.2 "
  "of it | cycles |\n"
  "|---|---|--:|--:|--:|--:|\n";

std::string model_line(std::string_view title, std::string_view told, const LoadedModel& model) {
  const ModelRun run = run_model(model, kept);
  INFO(title << run.failure);
  REQUIRE(run.failure.empty());
  CHECK(run.against_own_golden.rel_rms <= 0.02);
  const numerics::Errors exact = numerics::compare(run.result, exact_result(model), model.cols);
  return fmt::format(
    "| {} | {} | {} | {:.4f} | {:.2f} % | {} |\n",
    title,
    told,
    run.against_own_golden.differing,
    exact.rel_rms,
    100 * exact.allclose,
    run.cost.cycles
  );
}

std::string other_models_table() {
  std::string text = "\n## LLaDA and routed experts\n\nA layer of LLaDA cut to 64 columns, every "
                     "token sees every other: 64 tokens, and 128, "
                     "where upstream leaves out the keys that come later; llada.md has whole layers. "
                     "`models/routed_experts.json` chooses 4 of 6 experts on the machine; "
                     "upstream's limit for the relative RMS from its golden is 2 %.\n\n";
  text += model_head;
  const auto line = [&](std::string_view title, std::string_view told, const LoadedModel& model) {
    text += model_line(title, told, model);
  };
  line("LLaDA, 64 tokens", "100 % of its golden", load(plain("llada_slice")));
  line("LLaDA, 128 tokens", "wrong", load(plain("llada_slice", 1, 128)));
  const config::Preset* preset = config::find_preset("m64b4");
  line(
    "routed experts",
    "at most 0.02 from its golden",
    load_model(
      read_text(tests::source_dir() / "models" / "routed_experts.json"),
      *config::load(preset->toml, preset->name)
    )
  );
  return text;
}

/// Of models.md 3.6, upstream's shares in percent.
struct Ablation {
  const char* title;
  const char* file;
  std::int64_t layers;
  double told[4];
};
const Ablation ablations[]{
  {"CLM-60M, 1 layer", "clm60m", 1, {13.04, 83.18, 12.80, 100}},
  {"CLM-60M, 2 layers", "clm60m", 2, {9.57, 69.26, 9.70, 100}},
  {"CLM-60M, 5 layers", "clm60m", 5, {6.63, 50.32, 6.65, 99.98}},
  {"SmolLM2-135M, 1 layer", "smollm2_135m", 1, {13.03, 81.37, 13.10, 100}}};

std::string ablation_table() {
  std::string text = "\n## What each kind of rounding costs\n\nShare of elements within 0.01 of "
                     "the exact result, references only, 64/4.\n\n"
                     "| model | program |";
  std::string rule = "|---|---|";
  for (const golden::PrecisionInfo& precision : golden::precisions()) {
    text += fmt::format(" {} |", precision.name);
    rule += "--:|";
  }
  text += "\n" + rule + "\n";
  for (const Ablation& one : ablations) {
    INFO(one.title);
    text += fmt::format("| {} | upstream |", one.title);
    for (const double told : one.told) {
      text += fmt::format(" {:.2f} % |", told);
    }
    text += fmt::format("\n| {} | ours |", one.title);
    const LoadedModel model = load(plain(one.file, one.layers));
    const auto compiled = codegen::compile(model.graph, model.config, model.inputs, {});
    REQUIRE(compiled.ok());
    const std::vector<float> exact = exact_result(model);
    std::vector<double> shares;
    for (const golden::PrecisionInfo& precision : golden::precisions()) {
      const auto values = golden::evaluate(
        model.graph,
        golden::arithmetic_in(
          precision.precision,
          ops::arithmetic_of(model.config, ops::Precision::Hardware, compiled->plan)
        ),
        model.inputs
      );
      REQUIRE(values.ok());
      shares.push_back(
        100 * numerics::compare(values->at(model.graph.outputs[0]), exact, model.cols, {1e-2, 1e-5})
                .allclose
      );
      text += fmt::format(" {:.2f} % |", shares.back());
    }
    text += "\n";
    // Formats of HBM cost nearly everything: upstream's rules, for weights that are seeded.
    CHECK(std::fabs(shares[0] - shares[2]) < 2);
    CHECK(shares[1] > shares[0] + 10);
    CHECK(shares[3] > 99.9);
  }
  return text;
}

} // namespace

std::string llada_table() {
  std::string text = "# A layer of LLaDA-8B\n\nSeeded, 64 tokens of which every one sees every other. The "
                     "golden that upstream compares with is computed as if tokens saw earlier ones only. "
                     "Again: `build/native-release/test_model_cases \"[.llada]\"`, which takes too long to "
                     "be among the tests of every run.\n\n";
  text += model_head;
  text += model_line("128/64", "92.29 % of its golden", load(llada(128)));
  text += model_line("256/64", "99.13 % of its golden", load(llada(256)));
  return text;
}

std::string figures_table() {
  std::vector<ResultRow> results;
  std::string text =
    "# Figures that upstream tells, and ours\n\n"
    "All of them again, compared with this file: `build/native-release/test_model_cases "
    "\"[figures]\"`; with `--update` "
    "they are written. The models are those of `tests/model_cases/models`, with other numbers of "
    "layers and tokens and on "
    "other machines where it says so; each is one for `plena compare` and `plena verify`, too.\n\n";
  text += programs_table(results);
  text += attention_table();
  text += results_table(results);
  text += stages_table(load(plain("smollm2_135m")));
  text += convolutions_table();
  text += other_models_table();
  text += ablation_table();
  return text;
}

} // namespace plena::tests
