#include "driver/generation.h"

#include "driver/choices.h"
#include "driver/fault_text.h"
#include "driver/model_sources.h"
#include "driver/session_state.h"
#include "golden/reference.h"
#include "io/import_checkpoint.h"
#include "io/importer.h"
#include "io/weights.h"
#include "numerics/bits.h"
#include "numerics/compare.h"
#include "numerics/math.h"
#include "numerics/minifloat.h"
#include "passes/pipeline.h"
#include "report/options.h"

#include <algorithm>
#include <chrono>
#include <fmt/format.h>
#include <limits>

namespace plena::driver {

namespace {

constexpr SourceInfo source_rows[]{
  {Source::Machine, "machine", "what the emulated machine computes"},
  {Source::Hardware, "hardware", "the reference with every rounding of the machine"},
  {Source::Fp32, "fp32", "the exact reference"}};
constexpr std::size_t source_count = std::size(source_rows);
/// Numbers of a token that are kept, of all layers and heads.
constexpr std::uint64_t most_weights_told = 1 << 14;

constexpr Source reference_sources[]{Source::Hardware, Source::Fp32};

std::size_t index(Source source) { return static_cast<std::size_t>(source); }

double seconds_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

Diagnostic no_steps(std::string message, std::string_view name) {
  return {
    .code = "E_KV_CACHE",
    .message = std::move(message),
    .hint = "texts are gone on with by checkpoints, and by JSON models of a family with a "
            "vocabulary and a "
            "head",
    .file = std::string(name)};
}

/// A cache: input of a graph, and the result that takes its place.
struct CachePair {
  ir::TensorId input{};
  ir::TensorId result{};
  const codegen::Placement* place = nullptr; ///< of the result
};

/// Everything about runs of some tokens at a time.
struct StepProgram {
  ir::Graph graph;
  codegen::Compiled compiled;
  std::int64_t tokens = 0;
  std::vector<std::uint16_t> fp_sram;  ///< bf16 bits
  std::vector<std::uint32_t> int_sram; ///< with the entries below
  std::uint64_t ids_at = 0;
  std::uint64_t position_at = 0;
  ir::TensorId ids{};
  ir::TensorId position{};
  ir::TensorId logits{};
  const codegen::Placement* logits_place = nullptr;
  std::vector<CachePair> caches;
  std::array<ops::Arithmetic, source_count> arithmetic; ///< of the references
};

std::optional<ir::TensorId>
find(const ir::Graph& graph, const std::vector<ir::TensorId>& ids, std::string_view name) {
  const auto found = std::find_if(ids.begin(), ids.end(), [&](ir::TensorId id) {
    return graph.tensor(id).name == name;
  });
  return found == ids.end() ? std::nullopt : std::optional(*found);
}

const codegen::Placement*
place_of(const codegen::Compiled& compiled, ir::TensorId tensor, lower::Memory memory) {
  const auto found = std::find_if(
    compiled.placements.begin(),
    compiled.placements.end(),
    [&](const codegen::Placement& place) {
      return place.tensor == tensor && place.memory == memory &&
             (memory != lower::Memory::Hbm || place.result);
    }
  );
  PLENA_CHECK(found != compiled.placements.end());
  return &*found;
}

std::uint64_t bytes_of(const codegen::Placement& place) {
  return ops::StoredTensor{place.phys_rows, place.phys_cols, place.format}.bytes();
}

/// Where the host writes: the same in all programs of a text.
bool same_image(const codegen::Compiled& a, const codegen::Compiled& b) {
  const auto next = [](const codegen::Compiled& of, std::size_t& i) -> const codegen::Placement* {
    while (i < of.placements.size() && of.placements[i].memory != lower::Memory::Hbm) {
      ++i;
    }
    return i < of.placements.size() ? &of.placements[i++] : nullptr;
  };
  for (std::size_t i = 0, j = 0;;) {
    const codegen::Placement* one = next(a, i);
    const codegen::Placement* other = next(b, j);
    if (one == nullptr || other == nullptr) {
      return one == other;
    }
    if (one->name != other->name || one->address != other->address ||
        one->phys_rows != other->phys_rows || one->phys_cols != other->phys_cols ||
        one->col_group != other->col_group || !(one->format == other->format)) {
      return false;
    }
  }
}

} // namespace

std::span<const SourceInfo> sources() { return source_rows; }

struct Generation::Impl {
  std::string name;
  std::vector<io::ModelFile> files;
  GenerationOptions options;
  config::Config given;  ///< settings
  std::int64_t tile = 1; ///< MLEN of the machine in force
  config::Config config; ///< with the numbers that the model asks for
  config::Timing timing;
  std::vector<std::unique_ptr<StepProgram>> made; ///< the first is for one token
  std::vector<GenerationProgram> told;
  std::optional<emu::Machine> machine;
  std::shared_ptr<const emu::State> empty_text; ///< of the machine
  bool stopped = false; ///< in the middle of a run, whose results are nowhere complete
  std::int64_t position = 0;
  std::int64_t vocabulary = 0;
  std::array<std::vector<float>, source_count> logits;
  std::array<std::vector<float>, source_count> all_logits; ///< of the last feed
  /// Of the references, in the order of CachePair.
  std::array<std::vector<std::vector<float>>, source_count> caches;

  Result<ir::Graph> graph(std::int64_t tokens) const;
  Result<std::unique_ptr<StepProgram>> compile(std::int64_t tokens);
  Result<StepProgram*> program(std::int64_t tokens);
  Status start();
  void clear_references();
  void take_logits(Source source, const std::vector<float>& rows);
  Result<std::vector<float>>
  run_machine(StepProgram& program, std::span<const std::int64_t> ids, GenerationRun& result);
  Result<GenerationRun> run(StepProgram& program, std::span<const std::int64_t> ids);
  std::vector<GenerationAttention>
  attention(const StepProgram& program, const golden::Values& values) const;
  GenerationCheck compared(
    const StepProgram& program,
    const std::vector<float>& rows,
    const std::array<golden::Values, source_count>& references
  ) const;
};

Result<ir::Graph> Generation::Impl::graph(std::int64_t tokens) const {
  const frontend::Step step{tokens, options.capacity, tile};
  Result<ir::Graph> imported = [&]() -> Result<ir::Graph> {
    if (io::is_checkpoint(files)) {
      frontend::Part part;
      part.step = step;
      Result<io::CheckpointModel> model = io::import_checkpoint(files, part);
      return model ? Result<ir::Graph>(std::move(model->graph))
                   : Result<ir::Graph>(model.diagnostics());
    }
    const Result<OneModel> model = one_model(name, files);
    if (!model) {
      return model.diagnostics();
    }
    io::Companions companions(finder(model->beside, options.beside));
    io::ImportOptions import;
    import.step = step;
    import.companions = &companions;
    return io::import_model(model->name, model->bytes, import);
  }();
  if (!imported) {
    return imported;
  }
  if (!find(*imported, imported->inputs, frontend::position_input)) {
    return no_steps("the graph of this model is that of a whole text", name);
  }
  if (!find(*imported, imported->outputs, frontend::logits_output)) {
    return no_steps("this model has no logits", name);
  }
  Result<passes::Lowered> lowered = passes::run(std::move(*imported), {.file = name});
  if (!lowered) {
    return lowered.diagnostics();
  }
  return std::move(lowered->graph);
}

Result<std::unique_ptr<StepProgram>> Generation::Impl::compile(std::int64_t tokens) {
  const auto start = std::chrono::steady_clock::now();
  Result<ir::Graph> built = graph(tokens);
  if (!built) {
    return built.diagnostics();
  }
  auto program = std::make_unique<StepProgram>();
  program->graph = std::move(*built);
  const ir::Graph& graph = program->graph;
  program->tokens = tokens;
  const Result<ir::RunChoices> asked = report::parse_choices(options.choices);
  if (!asked) {
    return asked.diagnostics();
  }
  Result<codegen::Options> chosen = options_of(merge(*asked, graph.run), "E_OPTIONS", "");
  if (!chosen) {
    return chosen.diagnostics();
  }
  // Nobody looks at single stages, and texts are long.
  chosen->keep_stages = false;
  chosen->cost_profile = timing.cost_profile;
  Result<config::Config> numbers = config::with_numbers(given, graph.run.hardware);
  if (!numbers) {
    return numbers.diagnostics();
  }
  config = *numbers;
  if (const auto asked_for = static_cast<std::int64_t>(config.mlen); asked_for != tile) {
    tile = asked_for; // the model asks for another machine, with other tiles
    return compile(tokens);
  }
  codegen::Values values;
  for (const ir::TensorId input : graph.inputs) {
    values[input].assign(to_size(ops::extent_of(graph.tensor(input).shape).count()), 0.0f);
  }
  Result<codegen::Compiled> compiled = codegen::compile(graph, config, values, *chosen);
  if (!compiled) {
    return compiled.diagnostics();
  }
  program->compiled = std::move(*compiled);
  const std::vector<std::uint8_t>& constants = program->compiled.fp_sram;
  for (std::size_t at = 0; at + 1 < constants.size(); at += 2) {
    const auto half = static_cast<std::uint16_t>(constants[at] | constants[at + 1] << 8);
    program->fp_sram.push_back(numerics::narrow_bf16(numerics::half_to_f32(half)));
  }
  program->int_sram.resize(program->compiled.int_sram.size() / 4, 0);
  program->ids = *find(graph, graph.inputs, frontend::ids_input);
  program->position = *find(graph, graph.inputs, frontend::position_input);
  program->logits = *find(graph, graph.outputs, frontend::logits_output);
  using lower::Memory;
  program->ids_at = place_of(program->compiled, program->ids, Memory::IntSram)->address;
  program->position_at = place_of(program->compiled, program->position, Memory::IntSram)->address;
  program->logits_place = place_of(program->compiled, program->logits, Memory::VectorSram);
  for (const ir::Node& node : graph.nodes) {
    if (node.op == "append") {
      program->caches.push_back(
        {node.inputs[0], node.outputs[0], place_of(program->compiled, node.outputs[0], Memory::Hbm)}
      );
    }
  }
  for (const Source source : reference_sources) {
    const bool exact = source == Source::Fp32;
    program->arithmetic[index(source)] = ops::arithmetic_of(
      config,
      exact ? ops::Precision::Fp32 : ops::Precision::Hardware,
      exact ? ops::Plan{} : program->compiled.plan
    );
    program->arithmetic[index(source)].caches_hold = true;
    if (options.instead && !exact) {
      options.instead->apply(program->arithmetic[index(source)]);
    }
  }
  if (!options.references) { // the machine has them
    for (ir::Tensor& tensor : program->graph.tensors) {
      tensor.constant.reset();
    }
  }
  told.push_back({tokens, program->compiled.program.words.size(), seconds_since(start)});
  return program;
}

Result<StepProgram*> Generation::Impl::program(std::int64_t tokens) {
  for (const auto& one : made) {
    if (one->tokens == tokens) {
      return one.get();
    }
  }
  Result<std::unique_ptr<StepProgram>> compiled = compile(tokens);
  if (!compiled) {
    return compiled.diagnostics();
  }
  if (!same_image((*compiled)->compiled, made.front()->compiled)) {
    return Diagnostic{
      .code = "E_INTERNAL",
      .message = fmt::format("programs for 1 and for {} tokens lay HBM out differently", tokens),
      .hint = "this is a fault of the compiler; please report it with the model"};
  }
  (*compiled)->compiled.hbm = {};
  // One for prompts is kept beside that for single tokens.
  made.resize(1);
  made.push_back(std::move(*compiled));
  return made.back().get();
}

void Generation::Impl::clear_references() {
  for (const Source source : reference_sources) {
    std::vector<std::vector<float>>& of = caches[index(source)];
    of.clear();
    for (const CachePair& cache : made.front()->caches) {
      of.emplace_back(to_size(cache.place->rows * cache.place->cols), 0.0f);
    }
  }
}

/// The program for one token, and the machine with the model and empty caches.
Status Generation::Impl::start() {
  Result<std::unique_ptr<StepProgram>> one = compile(1);
  if (!one) {
    return one.diagnostics();
  }
  made.push_back(std::move(*one));
  codegen::Compiled& compiled = made.front()->compiled;
  vocabulary = static_cast<std::int64_t>(made.front()->logits_place->cols);
  emu::Options machine_options;
  machine_options.hbm_bytes = std::max(compiled.hbm_bytes, config.hbm_size);
  Result<emu::Machine> created =
    emu::Machine::create(config, {.hbm = compiled.hbm}, machine_options);
  if (!created) {
    return created.diagnostics();
  }
  machine.emplace(std::move(*created));
  empty_text = machine->save();
  compiled.hbm = {};
  clear_references();
  return Done{};
}

void Generation::Impl::take_logits(Source source, const std::vector<float>& rows) {
  logits[index(source)].assign(rows.end() - static_cast<std::ptrdiff_t>(vocabulary), rows.end());
  if (options.all_logits) {
    std::vector<float>& all = all_logits[index(source)];
    all.insert(all.end(), rows.begin(), rows.end());
  }
}

/// The logits.
Result<std::vector<float>> Generation::Impl::run_machine(
  StepProgram& program, std::span<const std::int64_t> ids, GenerationRun& result
) {
  for (std::size_t i = 0; i < ids.size(); ++i) {
    program.int_sram[to_size(program.ids_at) + i] = static_cast<std::uint32_t>(ids[i]);
  }
  program.int_sram[to_size(program.position_at)] = static_cast<std::uint32_t>(position);
  const isa::Program& words = program.compiled.program;
  if (const std::optional<emu::Fault> fault = machine->load(words)) {
    return diagnostic_of(*fault);
  }
  machine->set_registers({});
  machine->write_fp_sram(0, program.fp_sram);
  machine->write_int_sram(0, program.int_sram);
  std::optional<emu::Timing> clock;
  if (options.cycles) {
    clock.emplace(config, timing, words);
  }
  const auto start = std::chrono::steady_clock::now();
  const emu::RunResult ran =
    machine->run(std::numeric_limits<std::uint64_t>::max(), clock ? &*clock : nullptr);
  result.seconds = seconds_since(start);
  result.instructions = ran.executed;
  result.cycles = clock ? clock->cycles() : 0;
  if (machine->fault()) {
    return diagnostic_of(*machine->fault());
  }
  return codegen::read_back(*program.logits_place, reader_of(*machine));
}

Result<GenerationRun>
Generation::Impl::run(StepProgram& program, std::span<const std::int64_t> ids) {
  stopped = true; // until the end of this function
  GenerationRun result;
  result.position = position;
  result.tokens = program.tokens;
  std::vector<float> all;
  if (!options.instead) {
    Result<std::vector<float>> ran = run_machine(program, ids, result);
    if (!ran) {
      return ran.diagnostics();
    }
    all = std::move(*ran);
    take_logits(Source::Machine, all);
  }
  if (options.references) {
    codegen::Values inputs;
    inputs[program.ids].assign(ids.begin(), ids.end());
    inputs[program.position].push_back(static_cast<float>(position));
    std::array<golden::Values, source_count> values;
    for (const Source source : reference_sources) {
      std::vector<std::vector<float>>& own = caches[index(source)];
      for (std::size_t i = 0; i < own.size(); ++i) {
        inputs[program.caches[i].input] = own[i];
      }
      Result<golden::Values> computed =
        golden::evaluate(program.graph, program.arithmetic[index(source)], inputs);
      if (!computed) {
        return computed.diagnostics();
      }
      for (std::size_t i = 0; i < own.size(); ++i) {
        own[i] = computed->at(program.caches[i].result);
      }
      take_logits(source, computed->at(program.logits));
      values[index(source)] = std::move(*computed);
    }
    if (!options.instead) {
      result.check = compared(program, all, values);
    }
    if (options.attention) {
      result.attention = attention(program, values[index(Source::Hardware)]);
    }
  }
  position += program.tokens;
  stopped = false;
  return result;
}

/// Before `position` counts the run.
std::vector<GenerationAttention>
Generation::Impl::attention(const StepProgram& program, const golden::Values& values) const {
  const auto keys = static_cast<std::uint64_t>(position + program.tokens);
  std::vector<GenerationAttention> layers;
  std::uint64_t numbers = 0;
  for (std::size_t i = 0; i < program.graph.nodes.size(); ++i) {
    const ir::Node& node = program.graph.nodes[i];
    if (node.op != "attention") {
      continue;
    }
    const std::uint64_t heads = ops::attention_shape({program.graph, node}).heads;
    numbers += heads * keys;
    if (numbers > most_weights_told) {
      return {};
    }
    const ops::AttentionWeights all = golden::attention_weights(
      program.graph,
      ir::NodeId{static_cast<std::uint32_t>(i)},
      program.arithmetic[index(Source::Hardware)],
      values,
      1
    );
    GenerationAttention layer{node.name, heads, keys, {}};
    for (std::uint64_t head = 0; head < heads; ++head) {
      const auto row = all.values.begin() + static_cast<std::ptrdiff_t>(head * all.keys);
      layer.weights.insert(layer.weights.end(), row, row + static_cast<std::ptrdiff_t>(keys));
    }
    layers.push_back(std::move(layer));
  }
  return layers;
}

GenerationCheck Generation::Impl::compared(
  const StepProgram& program,
  const std::vector<float>& rows,
  const std::array<golden::Values, source_count>& references
) const {
  GenerationCheck check;
  const golden::Values& hardware = references[index(Source::Hardware)];
  const auto count = [&](const std::vector<float>& found, const std::vector<float>& wanted) {
    PLENA_CHECK(found.size() == wanted.size());
    check.compared += found.size();
    for (std::size_t i = 0; i < found.size(); ++i) {
      check.differing += numerics::bits_of(found[i]) != numerics::bits_of(wanted[i]) ? 1u : 0u;
    }
  };
  count(rows, hardware.at(program.logits));
  for (const CachePair& cache : program.caches) {
    count(codegen::read_back(*cache.place, reader_of(*machine)), hardware.at(cache.result));
  }
  const numerics::Errors errors =
    numerics::compare(rows, references[index(Source::Fp32)].at(program.logits));
  check.price = errors.rel_rms;
  check.worst = errors.max_abs;
  check.same_choice = Sampler(0, 0).choose(logits[index(Source::Machine)]) ==
                      Sampler(0, 0).choose(logits[index(Source::Fp32)]);
  return check;
}

// ---- the public face

Generation::Generation(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Generation::~Generation() = default;
Generation::Generation(Generation&&) noexcept = default;
Generation& Generation::operator=(Generation&&) noexcept = default;

Status Generation::check(std::span<const std::int64_t> ids) const {
  const Impl& impl = *impl_;
  const auto count = static_cast<std::int64_t>(ids.size());
  if (impl.stopped) {
    return Diagnostic{
      .code = "E_KV_CACHE",
      .message = "the last run stopped on the way, and its caches are written in part",
      .hint = "start the text again"};
  }
  if (count > capacity() - impl.position) {
    return Diagnostic{
      .code = "E_KV_CACHE",
      .message = fmt::format(
        "{} tokens more after {} pass the {} that the cache has room for",
        count,
        impl.position,
        capacity()
      ),
      .hint = "start again with a larger capacity, or with a shorter text"};
  }
  for (const std::int64_t id : ids) {
    if (id < 0 || id >= impl.vocabulary) {
      return Diagnostic{
        .code = "E_RANGE",
        .message = fmt::format("the id is {}", id),
        .hint = fmt::format("ids of this model are 0 to {}", impl.vocabulary - 1)};
    }
  }
  return Done{};
}

Result<std::vector<GenerationRun>> Generation::feed(std::span<const std::int64_t> ids) {
  if (Status able = check(ids); !able) {
    return able.diagnostics();
  }
  Impl& impl = *impl_;
  const auto count = static_cast<std::int64_t>(ids.size());
  impl.all_logits = {};
  std::vector<GenerationRun> runs;
  const std::int64_t chunk = this->chunk();
  for (std::int64_t done = 0; done < count;) {
    const std::int64_t tokens = std::min(chunk, count - done);
    const Result<StepProgram*> program = impl.program(tokens);
    if (!program) {
      return program.diagnostics();
    }
    Result<GenerationRun> run = impl.run(
      **program, ids.subspan(static_cast<std::size_t>(done), static_cast<std::size_t>(tokens))
    );
    if (!run) {
      return run.diagnostics();
    }
    runs.push_back(std::move(*run));
    done += tokens;
  }
  return runs;
}

std::span<const float> Generation::logits(Source source) const {
  return impl_->logits[index(source)];
}

std::span<const float> Generation::all_logits(Source source) const {
  return impl_->all_logits[index(source)];
}

void Generation::restart() {
  Impl& impl = *impl_;
  impl.machine->restore(*impl.empty_text);
  impl.clear_references();
  impl.logits = {};
  impl.all_logits = {};
  impl.position = 0;
  impl.stopped = false;
}

std::int64_t Generation::position() const { return impl_->position; }
std::int64_t Generation::capacity() const { return impl_->options.capacity; }
std::int64_t Generation::vocabulary() const { return impl_->vocabulary; }
const std::vector<GenerationProgram>& Generation::programs() const { return impl_->told; }

std::uint64_t Generation::cache_bytes() const {
  std::uint64_t bytes = 0;
  for (const CachePair& cache : impl_->made.front()->caches) {
    bytes += bytes_of(*cache.place);
  }
  return bytes;
}

std::vector<GenerationCache> Generation::caches() const {
  std::vector<GenerationCache> caches;
  for (const CachePair& cache : impl_->made.front()->caches) {
    const codegen::Placement& place = *cache.place;
    caches.push_back({place.name, place.address, bytes_of(place), place.phys_rows, place.cols});
  }
  return caches;
}

std::int64_t Generation::chunk() const {
  return impl_->options.chunk > 0 ? impl_->options.chunk : impl_->tile;
}

Result<Generation> Session::generation(
  std::string_view name, std::span<const ModelFile> files, GenerationOptions options
) {
  if (options.capacity < 1 || options.chunk < 0) {
    return Diagnostic{
      .code = "E_KV_CACHE",
      .message =
        fmt::format("a text of at most {} tokens, {} at a time", options.capacity, options.chunk),
      .hint = "give room for at least one token"};
  }
  if (const auto standard = state_->configuration(); !standard) {
    return standard.diagnostics();
  }
  auto impl = std::make_unique<Generation::Impl>();
  impl->name = name;
  impl->files = sources_of(files);
  impl->options = std::move(options);
  impl->given = *state_->given_config;
  impl->tile = static_cast<std::int64_t>(impl->given.mlen);
  impl->timing = state_->timing_settings();
  if (Status started = impl->start(); !started) {
    return started.diagnostics();
  }
  return Generation(std::move(impl));
}

// ---- the next token

std::int64_t Sampler::choose(std::span<const float> logits) {
  std::size_t largest = 0;
  for (std::size_t i = 1; i < logits.size(); ++i) {
    largest = logits[i] > logits[largest] ? i : largest;
  }
  if (!(temperature_ > 0) || logits.empty()) {
    return static_cast<std::int64_t>(largest);
  }
  std::vector<double> weights;
  double sum = 0;
  for (const float logit : logits) {
    const double below = static_cast<double>(logit) - static_cast<double>(logits[largest]);
    weights.push_back(numerics::exp_f64(below / temperature_));
    sum += weights.back();
  }
  // The upper 53 bits are a share of one.
  const std::uint64_t bits = io::ih4_word(seed_, drawn_++);
  double left = static_cast<double>(bits >> 11) * 0x1p-53 * sum;
  for (std::size_t i = 0; i < weights.size(); ++i) {
    left -= weights[i];
    if (left < 0) {
      return static_cast<std::int64_t>(i);
    }
  }
  return static_cast<std::int64_t>(largest); // what rounding has left over
}

} // namespace plena::driver
