// The JSON documents of the engine, for the page and for the command line's --json. Their types are
// in wasm/plena.d.ts under the same names.
#pragma once

#include "base/result.h"
#include "codegen/compile.h"
#include "config/config.h"
#include "config/timing.h"
#include "emu/costs.h"
#include "emu/machine.h"
#include "ir/graph.h"
#include "numerics/compare.h"

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace plena::report {

/// Number of the reports of the command line; raised when a key changes its meaning.
inline constexpr int schema = 1;

/// A named piece of JSON text that another module has made.
struct Part {
  std::string_view key;
  std::string json;
};

struct OperatorRow {
  std::string_view name;
  std::string_view summary;
};

/// A choice that the compiler leaves to the caller; the first value is the default.
struct ChoiceRow {
  std::string_view name;
  std::string_view title;
  std::string_view meaning;
  std::vector<std::pair<std::string_view, std::string_view>> values; ///< names and meanings
};

/// Description
std::string describe(
  int api_version,
  std::string_view version,
  std::span<const Part> tables,
  std::span<const OperatorRow> operators,
  std::span<const ChoiceRow> choices,
  std::span<const OperatorRow> precisions
);

/// `{"schema", KEY: value, "diagnostics"}`
std::string single_value(std::string_view key, std::uint64_t value, const Diagnostics& diagnostics);

/// Report of `plena compile --json`.
std::string compile_report(
  std::uint64_t words,
  const ir::RunChoices& options,
  const std::optional<codegen::ProductPrices>& products,
  const Diagnostics& diagnostics
);

/// ProductPrices, null for none.
std::string product_prices(const std::optional<codegen::ProductPrices>& products);

/// SettingsInfo
std::string settings_info(std::string_view name, const config::Config& config);

/// ChangedSettings; `changed` and `values` are JSON objects.
std::string
changed_settings(std::string_view toml, std::string_view changed, std::string_view values);

/// The part of a model that a graph is, and what can be chosen of it.
struct ModelPart {
  std::int64_t layers = 0; ///< of the whole model
  std::int64_t first_layer = 0;
  std::int64_t last_layer = 0; ///< included
  std::int64_t rows = 0;
  std::int64_t vocabulary = 0; ///< 0: it does not start with ids
  std::vector<std::int64_t> ids{};
  std::int64_t batch = 1; ///< texts or images, each with as many rows
};
struct ModelFacts {
  std::string name;
  std::string format;
  std::string sha256;
  std::optional<ModelPart> part{}; ///< of models that are read in parts
};
/// ModelInfo
std::string model_info(const ModelFacts& facts, const ir::Graph& graph);

/// Words [first, first + count) came from graph node `node`.
struct NodeRange {
  std::uint32_t first = 0;
  std::uint32_t count = 0;
  std::uint32_t node = 0;
};
/// Bytes that a program uses of each memory, as far as that is known before it runs.
struct MemoryUse {
  std::uint64_t hbm = 0;
  std::uint64_t vector_sram = 0;
  std::uint64_t matrix_sram = 0;
};
struct ProgramFacts {
  std::uint64_t instructions = 0;
  std::uint64_t loops = 0;
  MemoryUse bytes{};
  std::vector<NodeRange> nodes{};
  std::string words_sha256;
  ir::RunChoices options{};                         ///< that it was compiled with
  std::optional<codegen::ProductPrices> products{}; ///< of a compiled program with a choice of them
};
/// ProgramInfo
std::string program_info(const ProgramFacts& facts);

struct Row {
  std::uint32_t pc = 0;
  std::uint32_t word = 0;
  std::string text;
  std::uint32_t line = 0; ///< 0: none
  std::int64_t node = -1; ///< -1: none
  std::uint32_t depth = 0;
  std::string effect;
};
/// Row[]
std::string rows(std::span<const Row> rows);

/// Why a run stands where it stands.
struct Stop {
  std::string condition; ///< as it was written; empty: none
  std::string text;      ///< a sentence
};
/// What can be said of a run whose history is kept.
struct DebugFacts {
  bool kept = false;
  std::uint64_t farthest = 0;
  std::size_t states = 0;
  std::uint64_t bytes = 0;
  std::uint64_t limit = 0;
  std::size_t changes = 0; ///< by hand
  bool moving = false;     ///< a movement has not come to its end
  Stop stop;
};

/// RunState. `expected`: instructions of the whole run, when that is known.
std::string run_state(
  std::string_view reason,
  const emu::Machine& machine,
  const std::optional<std::uint64_t>& expected,
  const config::Timing& timing,
  std::uint64_t cycles,
  const DebugFacts& debug
);

/// Registers
std::string registers(const emu::Machine& machine);

/// Counts of a program: lines of text, comments among them, words, executed instructions, loops.
struct InstructionCounts {
  std::uint64_t lines = 0;
  std::uint64_t comments = 0;
  std::uint64_t words = 0;
  std::uint64_t executed = 0;
  std::uint64_t loops = 0;
};

struct Digests {
  std::string words;
  std::string state;
  std::string cycles;
};

/// Cycles of a run, and how they were counted.
struct TimeFacts {
  config::Timing timing{};
  std::uint64_t cycles = 0;
  emu::CauseCycles causes{};
};

/// Report of `plena emulate --json`.
std::string emulate_report(
  const emu::Machine& machine,
  const InstructionCounts& counts,
  const Digests& digests,
  const TimeFacts& time,
  const Diagnostics& diagnostics
);

struct OutputFacts {
  std::string name;
  ir::Shape shape;
  std::string bound;
  bool pass = false;
  std::optional<numerics::Errors> expected_vs_fp32{};
  numerics::Errors fp32_vs_golden;
  numerics::Errors golden_vs_machine;
  numerics::Errors fp32_vs_machine;
  std::vector<float> sample_fp32{}; ///< the first values of each side
  std::vector<float> sample_golden{};
  std::vector<float> sample_machine{};
};

struct StageFacts {
  std::string name;
  std::uint32_t node = 0;
  std::string bound;
  bool pass = false;
  bool chained_pass = false;
  bool local_pass = false;
  numerics::Errors golden_vs_machine{}; ///< golden made from the model's inputs
  numerics::Errors local_vs_machine{};  ///< golden made from the machine's inputs of the stage
  double price = 0;                     ///< relative RMS, golden against fp32
};

/// The first wrong element, and the instruction that wrote it.
struct FirstBad {
  std::string stage;
  std::uint32_t node = 0;
  std::string tensor;
  bool overwritten = false; ///< `tensor` was right until code of the stage wrote over it
  std::vector<std::uint64_t> index;
  std::string_view memory;
  std::uint64_t address = 0;
  float golden = 0;
  float machine = 0;
  std::optional<std::uint32_t> pc{};
  std::uint32_t line = 0; ///< 0: none
  std::string instruction{};
};
/// For people.
std::string sentence(const FirstBad& bad);

struct VerdictFacts {
  std::string model;
  std::string settings;
  ir::RunChoices options{};
  std::optional<codegen::ProductPrices> products{};
  std::string precision; ///< of the golden whose numbers these are
  bool pass = false;
  InstructionCounts instructions;
  std::uint64_t read_bytes = 0;
  std::uint64_t written_bytes = 0;
  TimeFacts time{};
  std::vector<std::pair<std::string, double>> seconds{}; ///< wall time by step
  std::vector<OutputFacts> outputs{};
  std::vector<StageFacts> stages{};
  std::optional<std::string> first_bad_stage{};
  std::optional<FirstBad> first_bad{};
  Digests digests;
  Diagnostics diagnostics{};
};
/// Verdict
std::string verdict(const VerdictFacts& facts);

struct AblationOutput {
  std::string name;
  double match = 1; ///< share of elements within the tolerance
  numerics::Errors fp32_vs_golden;
};
struct AblationRow {
  std::string_view precision;
  std::string_view meaning;
  std::vector<AblationOutput> outputs;
};
struct AblationFacts {
  std::string model;
  std::string settings;
  numerics::Tolerance tolerance;
  std::vector<AblationRow> rows;
};
/// Ablation
std::string ablation(const AblationFacts& facts);

/// layout.json and map.json of `plena compile`. The map has an entry for each run of instructions
/// of one graph node in the same loops: `first`, `count`, `node` and, outermost first, the numbers
/// of the `loops`, which are listed with their first and last instruction and their trips.
std::string layout(const codegen::Compiled& compiled);
std::string map(const codegen::Compiled& compiled, const ir::Graph& graph);

} // namespace plena::report
