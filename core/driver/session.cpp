// Settings, model and program of a session.
#include "asm/assembler.h"
#include "asm/image.h"
#include "asm/printer.h"
#include "base/sha256.h"
#include "config/changes.h"
#include "driver/choices.h"
#include "driver/conditions.h"
#include "driver/model_sources.h"
#include "driver/nonfinite.h"
#include "driver/npy.h"
#include "driver/program_facts.h"
#include "driver/session_state.h"
#include "driver/tensor_bytes.h"
#include "driver/tools.h"
#include "io/importer.h"
#include "io/part_dimensions.h"
#include "io/weights.h"
#include "isa/codec.h"
#include "isa/describe.h"
#include "ops/registry.h"
#include "report/analytic_documents.h"
#include "report/look_documents.h"
#include "report/time_documents.h"

#include <algorithm>
#include <array>
#include <fmt/format.h>

namespace plena::driver {

namespace {

std::string words_digest(std::span<const std::uint32_t> words) {
  Sha256 hash;
  for (const std::uint32_t word : words) {
    const std::array<std::uint8_t, 4> bytes{
      static_cast<std::uint8_t>(word),
      static_cast<std::uint8_t>(word >> 8),
      static_cast<std::uint8_t>(word >> 16),
      static_cast<std::uint8_t>(word >> 24)};
    hash.update(bytes);
  }
  return hash.finish_hex();
}

std::vector<std::string> names(const ir::Graph& graph, const std::vector<ir::TensorId>& ids) {
  std::vector<std::string> result;
  for (const ir::TensorId id : ids) {
    result.push_back(graph.tensor(id).name);
  }
  return result;
}

/// The tensor called `name` among `ids`, or an error that lists the names there are.
Result<ir::TensorId>
find_tensor(const ir::Graph& graph, const std::vector<ir::TensorId>& ids, std::string_view name) {
  for (const ir::TensorId id : ids) {
    if (graph.tensor(id).name == name) {
      return id;
    }
  }
  return Diagnostic{
    .code = "E_TENSOR_NAME",
    .message = fmt::format("the model has no tensor '{}' here", name),
    .hint = fmt::format("it has {}", fmt::join(names(graph, ids), ", "))};
}

} // namespace

Diagnostic missing(std::string code, std::string what, std::string hint) {
  return {.code = std::move(code), .message = std::move(what), .hint = std::move(hint)};
}

// ---- state

Result<const config::Config*> Session::State::configuration() {
  if (!config) {
    const config::Preset* standard = config::find_preset(default_settings);
    PLENA_CHECK(standard != nullptr);
    Result<config::Config> loaded = config::load(standard->toml, standard->name);
    if (!loaded) {
      return std::move(loaded).diagnostics();
    }
    settings_name = standard->name;
    given_config = config = std::move(loaded).value();
  }
  return &*config;
}

void Session::State::take_program(isa::Program new_program, std::string new_text) {
  if (compiled) {
    node_of_word = carry_nodes(compiled->program.words, compiled->node_of_word, new_program.words);
  } else {
    node_of_word.assign(new_program.words.size(), no_node);
  }
  program = std::move(new_program);
  has_program = true;
  text = std::move(new_text);
  depths = loop_depths(program.words);
  expected_executions = driver::expected_executions(program.words);
  diff.reset();
  drop_run();
}

report::ProgramFacts Session::State::program_facts() const {
  report::ProgramFacts facts;
  facts.instructions = program.words.size();
  facts.loops = count_loops(program.words);
  if (compiled) {
    const std::uint64_t row_bytes =
      std::uint64_t{config->vlen} * config->vector_sram_type.element.width / 8;
    const std::uint64_t tile_bytes =
      config->tile_elems() * config->matrix_sram_type.element.width / 8;
    facts.bytes = {
      compiled->use.hbm_bytes,
      compiled->use.vector_rows * row_bytes,
      compiled->use.matrix_tiles * tile_bytes};
  }
  facts.nodes = node_ranges(node_of_word);
  facts.words_sha256 = words_digest(program.words);
  facts.options = compiled ? options : ir::RunChoices{};
  facts.products = products();
  return facts;
}

std::optional<codegen::ProductPrices> Session::State::products() const {
  return compiled && compiled->program.words == program.words ? compiled->prices : std::nullopt;
}

report::InstructionCounts Session::State::counts() const {
  const TextCounts lines = count_text(text);
  return {
    .lines = lines.lines,
    .comments = lines.comments,
    .words = program.words.size(),
    .executed = machine ? machine->counters().executed : 0,
    .loops = count_loops(program.words)};
}

void Session::State::note_seconds(std::string_view step, double value) {
  const auto found = std::find_if(seconds.begin(), seconds.end(), [&](const auto& entry) {
    return entry.first == step;
  });
  if (found == seconds.end()) {
    seconds.emplace_back(step, value);
  } else {
    found->second = value;
  }
}

std::optional<report::ModelPart> part_of(const frontend::BuiltPart& built) {
  if (built.layers == 0) {
    return std::nullopt;
  }
  return report::ModelPart{
    .layers = built.layers,
    .first_layer = built.first_layer,
    .last_layer = built.last_layer,
    .rows = built.rows,
    .vocabulary = built.vocabulary,
    .ids = built.ids,
    .batch = built.batch};
}

// ---- session

Session::Session() : state_(std::make_unique<State>()) {}
Session::~Session() = default;
Session::Session(Session&&) noexcept = default;
Session& Session::operator=(Session&&) noexcept = default;

std::string Session::describe() {
  std::vector<report::OperatorRow> operators;
  for (const ops::Op& op : ops::all()) {
    operators.push_back({op.name, op.summary});
  }
  std::vector<report::ChoiceRow> conditions;
  for (const ConditionRow& row : condition_rows()) {
    conditions.push_back({row.name, row.arguments, row.meaning, {}});
  }
  const std::array<report::Part, 6> tables{
    {{"analytic", report::describe_analytic()},
     {"instructions", isa::describe_json()},
     {"keys", config::describe_keys_json()},
     {"causes", report::describe_causes()},
     {"lanes", report::describe_lanes()},
     {"conditions", report::describe_conditions(conditions)}}};
  std::vector<report::ChoiceRow> choice_rows;
  for (const Choice& choice : choices()) {
    choice_rows.push_back({choice.name, choice.title, choice.meaning, {}});
    for (const ChoiceValue& value : choice.values) {
      choice_rows.back().values.emplace_back(value.name, value.meaning);
    }
  }
  std::vector<report::OperatorRow> precision_rows;
  for (const Precision& precision : precisions()) {
    precision_rows.push_back({precision.name, precision.meaning});
  }
  return report::describe(api_version, version(), tables, operators, choice_rows, precision_rows);
}

Result<std::string> Session::change_settings(
  std::string_view name, std::string_view toml, std::string_view changes_json
) {
  const Result<config::Config> before = config::load(toml, name);
  if (!before) {
    return before.diagnostics();
  }
  const Result<config::Config> after = config::changed_by_json(toml, name, changes_json);
  if (!after) {
    return after.diagnostics();
  }
  const Result<config::Prices> prices = config::load_prices(toml, name);
  if (!prices) {
    return prices.diagnostics();
  }
  return {
    report::changed_settings(
      config::to_toml(*after, fmt::format("{}, changed", name), *prices),
      config::to_json(config::changes_between(*before, *after)),
      config::to_json(config::all_values(*after))
    ),
    after.diagnostics()};
}

Result<std::string> Session::set_settings(std::string_view name, std::string_view toml) {
  Result<config::Config> loaded = config::load(toml, name);
  if (!loaded) {
    return std::move(loaded).diagnostics();
  }
  Diagnostics warnings = loaded.diagnostics();
  state_->settings_name = name;
  state_->settings_toml = toml;
  if (state_->given_config != *loaded) {
    state_->compiled.reset();
  }
  state_->given_config = state_->config = std::move(loaded).value();
  state_->drop_run();
  return {report::settings_info(name, *state_->config), std::move(warnings)};
}

Result<std::string> Session::load_model(
  std::string_view name, std::span<const std::uint8_t> bytes, const FileFinder& beside
) {
  return state_->load_one(name, bytes, finder({}, beside));
}

Result<std::string> Session::State::load_one(
  std::string_view name, std::span<const std::uint8_t> bytes, io::Companions::Find find
) {
  const StepTimer timer(*this, "import");
  io::Companions companions(std::move(find));
  io::ImportOptions import;
  import.companions = &companions;
  import.dims = dimensions;
  const auto choose = [&](std::string_view dimension, const std::optional<std::int64_t>& value) {
    if (value) {
      import.dims.emplace(dimension, *value);
    }
  };
  const auto texts = std::max<std::int64_t>(part.batch.value_or(1), 1);
  const std::optional<std::int64_t> tokens =
    part.rows || part.ids.empty()
      ? part.rows
      : std::optional(static_cast<std::int64_t>(part.ids.size()) / texts);
  import.ids = part.ids;
  choose(io::rows_dimension, part.rows);
  for (const std::string_view sequence : io::sequence_dimensions) {
    choose(sequence, tokens);
  }
  choose(io::first_layer_dimension, part.first_layer);
  choose(io::last_layer_dimension, part.last_layer);
  for (const std::string_view batch : io::batch_dimensions) {
    choose(batch, part.batch);
  }
  frontend::BuiltPart built;
  import.built = &built;
  Result<ir::Graph> imported = io::import_model(name, bytes, import);
  if (!imported) {
    return std::move(imported).diagnostics();
  }
  Diagnostics warnings = imported.diagnostics();
  const io::FormatInfo* format = io::recognise(name, bytes);
  report::ModelFacts facts{
    std::string(name),
    format != nullptr ? std::string(format->id) : "",
    companions.used() ? companions.digest(sha256_hex(bytes)) : sha256_hex(bytes),
    part_of(built)};
  Result<std::string> info =
    take_graph(std::move(imported).value(), std::move(facts), std::move(warnings));
  if (!info) {
    return info;
  }
  model_bytes = companions.used() ? 0 : bytes.size();
  if (Status given = give_ids(); !given) {
    return std::move(given).diagnostics();
  }
  return info;
}

Status Session::State::give_ids() {
  if (part.ids.empty() || model.part) { // models by their dimensions are made for them
    return Done{};
  }
  std::vector<ir::TensorId> found;
  for (const ir::TensorId id : graph->inputs) {
    const ir::Tensor& tensor = graph->tensor(id);
    if (!ir::is_float(tensor.dtype)) {
      found.push_back(id);
    }
    if (tensor.name == "input_ids") {
      found = {id};
      break;
    }
  }
  if (found.size() != 1) {
    return Diagnostic{
      .code = "E_INPUT",
      .message =
        fmt::format("ids are given, and the model has {} inputs of integers", found.size()),
      .hint = found.empty() ? "leave the ids away"
                            : fmt::format(
                                "give each of them a file, NAME.npy or NAME.txt: {}",
                                fmt::join(names(*graph, found), ", ")
                              )};
  }
  const ir::Tensor& tensor = graph->tensor(found.front());
  if (static_cast<std::int64_t>(part.ids.size()) != ir::element_count(tensor.shape)) {
    return Diagnostic{
      .code = "E_SHAPE",
      .message = fmt::format(
        "{} ids are given, the model wants {}", part.ids.size(), ir::to_string(tensor.shape)
      ),
      .hint = "give as many, or another size for dimensions that the file leaves open",
      .where = tensor.name};
  }
  inputs[tensor.name].assign(part.ids.begin(), part.ids.end());
  return Done{};
}

void Session::bind_dimension(std::string_view name, std::int64_t value) {
  state_->dimensions[std::string(name)] = value;
}

namespace {

/// Dimensions without those of size 1 before them: a batch of one, which files have and graphs do
/// not.
std::span<const std::int64_t> without_ones(std::span<const std::int64_t> shape) {
  while (!shape.empty() && shape.front() == 1) {
    shape = shape.subspan(1);
  }
  return shape;
}

Result<std::vector<float>>
tensor_values(const ir::Tensor& tensor, std::span<const std::uint8_t> bytes, TensorForm form) {
  if (form == TensorForm::Text) {
    return values_from_text(
      {reinterpret_cast<const char*>(bytes.data()), bytes.size()}, tensor.shape, tensor.name
    );
  }
  if (!is_npy(bytes)) {
    return values_from_bytes(bytes, tensor.dtype, tensor.shape, tensor.name);
  }
  Result<NamedTensor> read = read_npy(bytes, tensor.name);
  if (!read) {
    return std::move(read).diagnostics();
  }
  const auto given = without_ones(read->shape);
  const auto wanted = without_ones(tensor.shape);
  if (!std::equal(given.begin(), given.end(), wanted.begin(), wanted.end())) {
    return Diagnostic{
      .code = "E_SHAPE",
      .message = fmt::format(
        "the file has shape [{}], the model wants [{}]",
        fmt::join(read->shape, ", "),
        fmt::join(tensor.shape, ", ")
      ),
      .hint = "reshape the array before saving it",
      .where = tensor.name};
  }
  return std::move(read->values);
}

} // namespace

Status
Session::set_input(std::string_view name, std::span<const std::uint8_t> bytes, TensorForm form) {
  if (!state_->graph) {
    return missing("E_NO_MODEL", "there is no model to give inputs to", "load a model first");
  }
  const Result<ir::TensorId> id = find_tensor(*state_->graph, state_->graph->inputs, name);
  if (!id) {
    return id.diagnostics();
  }
  Result<std::vector<float>> values = tensor_values(state_->graph->tensor(*id), bytes, form);
  if (!values) {
    return std::move(values).diagnostics();
  }
  Diagnostics warnings;
  if (std::optional<Diagnostic> warning = nonfinite_values(name, state_->graph->tensor(*id).shape, *values)) {
    warnings.push_back(*std::move(warning));
  }
  state_->inputs[std::string(name)] = std::move(values).value();
  State::InputFile& file = state_->input_files[std::string(name)];
  file = {bytes.size(), sha256_hex(bytes), {}};
  if (bytes.size() <= recipe::max_input_bytes) {
    file.small.assign(bytes.begin(), bytes.end());
  }
  return {Done{}, std::move(warnings)};
}

Status
Session::set_expected(std::string_view name, std::span<const std::uint8_t> bytes, TensorForm form) {
  if (!state_->graph) {
    return missing("E_NO_MODEL", "there is no model to compare with", "load a model first");
  }
  const Result<ir::TensorId> id = find_tensor(*state_->graph, state_->graph->outputs, name);
  if (!id) {
    return id.diagnostics();
  }
  Result<std::vector<float>> values = tensor_values(state_->graph->tensor(*id), bytes, form);
  if (!values) {
    return std::move(values).diagnostics();
  }
  state_->expected[std::string(name)] = std::move(values).value();
  return Done{};
}

std::vector<std::string> Session::input_names() const {
  return state_->graph ? names(*state_->graph, state_->graph->inputs) : std::vector<std::string>{};
}

std::vector<std::string> Session::output_names() const {
  return state_->graph ? names(*state_->graph, state_->graph->outputs) : std::vector<std::string>{};
}

Result<std::string> Session::assemble(std::string_view text, AsmMode mode) {
  assembly::Options options;
  options.mode = mode == AsmMode::Strict ? assembly::Mode::Strict : assembly::Mode::Compatible;
  options.allow_word = true;
  assembly::Assembled assembled = assembly::assemble(text, options);
  if (assembled.ok && !assembled.loadable()) {
    // The assembler only warns, as upstream does; here the words are to be run.
    for (Diagnostic& diagnostic : assembled.diagnostics) {
      if (diagnostic.code == "W_ASM_NOT_LOADABLE") {
        diagnostic.severity = Severity::Error;
      }
    }
    assembled.ok = false;
  }
  if (!assembled.ok) {
    return std::move(assembled.diagnostics);
  }
  state_->take_program(std::move(assembled.program), std::string(text));
  return {report::program_info(state_->program_facts()), std::move(assembled.diagnostics)};
}

Result<std::string> Session::load_words(std::string_view mem_text) {
  Result<isa::Program> program = assembly::parse_mem(mem_text);
  if (!program) {
    return std::move(program).diagnostics();
  }
  state_->compiled.reset();
  state_->take_program(std::move(program).value(), {});
  return report::program_info(state_->program_facts());
}

void Session::set_images(Images images, std::optional<std::uint64_t> hbm_bytes) {
  state_->images = std::move(images);
  state_->hbm_bytes = hbm_bytes;
  state_->drop_run();
}

std::size_t Session::program_words() const { return state_->program.words.size(); }

ProgramCounts Session::program_counts() const {
  const State& state = *state_;
  ProgramCounts counts;
  if (!state.text.empty()) {
    const TextCounts text = count_text(state.text);
    counts.lines = text.lines;
    counts.comments = text.comments;
  }
  counts.words = state.program.words.size();
  counts.loops = count_loops(state.program.words);
  if (!state.depths.empty()) {
    counts.depth = *std::max_element(state.depths.begin(), state.depths.end());
  }
  return counts;
}

std::string Session::program_text() const { return state_->text; }

std::string Session::rows(std::uint32_t first, std::uint32_t count) const {
  std::vector<report::Row> rows;
  const std::size_t size = state_->program.words.size();
  const std::size_t end = std::min<std::size_t>(size, std::size_t{first} + count);
  for (std::size_t pc = first; pc < end; ++pc) {
    const std::uint32_t word = state_->program.words[pc];
    const std::uint32_t node = state_->node_of_word[pc];
    rows.push_back(
      {.pc = static_cast<std::uint32_t>(pc),
       .word = word,
       .text = isa::disassemble(word),
       .line = pc < state_->program.lines.size() ? state_->program.lines[pc] : 0,
       .node = node == no_node ? -1 : static_cast<std::int64_t>(node),
       .depth = state_->depths[pc],
       .effect = isa::effect_text(word)}
    );
  }
  return report::rows(rows);
}

} // namespace plena::driver
