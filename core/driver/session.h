// The public face of the engine: one session holds settings, a model, a program, a run and its
// results. The command line and the WebAssembly boundary are thin layers over this class.
#pragma once

#include "base/result.h"
#include "driver/generation.h"
#include "driver/model_file.h"
#include "recipe/judge.h"
#include "recipe/recipe.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace plena::driver {

/// Raised when the meaning of a session function or of its JSON changes.
inline constexpr int api_version = 1;

/// The preset that is in force until other settings are given: upstream's default machine.
inline constexpr std::string_view default_settings = "upstream";

/// Images that a program starts from; all little-endian, in the file formats of upstream.
struct Images {
  std::vector<std::uint8_t> hbm{};
  std::vector<std::uint8_t> fp_sram{};  ///< IEEE binary16
  std::vector<std::uint8_t> int_sram{}; ///< u32
  std::vector<std::uint8_t> vram{};     ///< elements of VECTOR_SRAM_TYPE
};

enum class AsmMode : std::uint8_t { Compatible, Strict };

enum class Memory : std::uint8_t { Vector, Matrix, Fp, Int, Hbm };

/// Receives a memory's bytes in order, in pieces.
using ByteSink = std::function<void(std::span<const std::uint8_t>)>;
/// Receives the length of a run of zeros, in its place among the pieces.
using ZeroSink = std::function<void(std::uint64_t)>;

/// Receives a text in pieces.
using TextSink = std::function<void(std::string_view)>;

/// Files that other tools read a trace from.
enum class TraceForm : std::uint8_t {
  Perfetto, ///< JSON trace events
  Konata,   ///< Konata log, version 4
};

/// A piece of a trace file; pieces are joined.
struct TracePiece {
  std::string text;
  std::optional<std::uint64_t> next{}; ///< where the next piece starts; none after the last
};

/// Cycles of a group of instructions, for callers that need no JSON.
struct TableRow {
  std::string label;
  std::uint64_t executions = 0;
  std::uint64_t cycles = 0;
};

/// Where a run stands, for callers that need no JSON.
struct RunStatus {
  enum class Reason : std::uint8_t { Ready, Slice, Done, Fault };

  Reason reason = Reason::Ready;
  std::uint32_t pc = 0;
  std::uint64_t executed = 0;
  std::uint64_t cycles = 0;
  std::uint64_t serial_cycles = 0; ///< one instruction after the other; equal unless overlapped
  std::uint64_t hbm_read_bytes = 0;
  std::uint64_t hbm_written_bytes = 0;
  std::optional<Diagnostic> fault{}; ///< its code is E_FAULT_ and the kind of fault
};

/// What can be counted in a program, for callers that need no JSON.
struct ProgramCounts {
  std::optional<std::uint64_t> lines{};    ///< of the text, when there is one
  std::optional<std::uint64_t> comments{}; ///< lines that hold nothing else
  std::uint64_t words = 0;
  std::uint64_t loops = 0;
  std::uint64_t depth = 0; ///< of loops in loops
};

/// How the bytes of a tensor are to be read.
enum class TensorForm : std::uint8_t {
  Detect, ///< .npy by its magic, else raw little-endian, row-major, in the model's element type
  Text,   ///< decimal numbers separated by white space or commas
};

/// The tile program as text: as the operators wrote it, or after a pass of the compiler.
struct PassDump {
  std::string pass;
  std::string text;
};

/// What a compilation leaves behind, as the files of `plena compile`.
struct Artefacts {
  std::string asm_text;
  std::string mem_text;
  Images images;
  std::string layout_json;
  std::string map_json;
  std::vector<PassDump> dumps; ///< when `keep_dumps` asked for them
};

/// A file of the present program; `bytes` are the session's own, as long as the program is its.
struct ProgramFile {
  std::string_view name;
  std::string text{};
  std::span<const std::uint8_t> image{};

  /// Its content, whichever of both it is.
  std::span<const std::uint8_t> bytes() const {
    return text.empty()
             ? image
             : std::span(reinterpret_cast<const std::uint8_t*>(text.data()), text.size());
  }
};

/// One line of the verdict, for callers that need no JSON.
struct Comparison {
  std::string name;
  bool pass = false;
  std::string bound;
  double price = 0;         ///< relative RMS, fp32 against hardware golden
  double machine_error = 0; ///< maximum absolute, hardware golden against machine
  double local_error = 0;   ///< of a stage: the same, the golden made from the machine's own inputs
  double rel_rms = 0;       ///< hardware golden against machine
  double allclose = 0;      ///< share, hardware golden against machine
  double argmax = 0;        ///< share of rows, hardware golden against machine
  std::optional<double>
    expected_error{}; ///< maximum absolute, reference given by the user against fp32
};

/// What a compiled program costs under both profiles with these products, without the waits for
/// memory.
struct ProductCycles {
  enum class Form : std::uint8_t { Portable, Dense, Chosen };
  Form form = Form::Portable;
  std::uint64_t emulator = 0;
  std::uint64_t analytic = 0;
};
struct ProductTable {
  /// Without those that machine and memories do not allow; all the same where there are no
  /// products.
  std::vector<ProductCycles> rows;
  std::size_t products = 0; ///< operators that have products
  std::size_t dense = 0;    ///< those among them whose products are dense
};

struct VerdictSummary {
  bool pass = false;
  std::string first_bad; ///< a sentence on the first wrong element; empty when there is none
  std::vector<Comparison> outputs;
  std::vector<Comparison> stages;
};

/// The part of a transformer that becomes a graph; what is not given is the model's.
struct ModelPart {
  std::optional<std::int64_t> first_layer{};
  std::optional<std::int64_t> last_layer{}; ///< included
  std::optional<std::int64_t> rows{};       ///< tokens or patches of each text or image
  std::vector<std::int64_t> ids{};          ///< of the tokens; their number is that of the rows
  /// Texts, or images, each with as many rows; `ids` are those of all, one text after the other.
  std::optional<std::int64_t> batch{};
};

/// What is left of an output with some of the roundings, against fp32.
struct AblationLine {
  std::string precision;
  std::string output;
  double match = 1; ///< share of elements within 1e-2 + 1e-5 |fp32|
  double mse = 0;
  double rel_rms = 0;
};

/// A tensor by name, as read from or written to a file.
struct NamedTensor {
  std::string name;
  std::vector<std::int64_t> shape; ///< empty when the file does not tell
  std::vector<float> values;
};

/// Every `step`-th of some rows or columns.
struct TensorWindow {
  std::uint64_t first = 0;
  std::uint64_t count = 0;
  std::uint64_t step = 1;
};

class Session {
 public:
  Session();
  ~Session();
  Session(Session&&) noexcept;
  Session& operator=(Session&&) noexcept;

  // Documents below are JSON texts; wasm/plena.d.ts gives their types under the same names.

  /// Everything the page and the documentation derive from tables: instructions, settings keys,
  /// operators, metrics, presets.
  static std::string describe();

  /// A settings file with changes that a JSON object names (config/changes.h): its text, and everything in
  /// which it then differs from the file.
  static Result<std::string> change_settings(
    std::string_view name, std::string_view toml, std::string_view changes_json
  ); // ChangedSettings

  /// A compiled model is of one machine: other settings leave its program, but only a new
  /// compilation can be verified.
  Result<std::string> set_settings(std::string_view name, std::string_view toml); // SettingsInfo
  /// `beside` finds the files in which values of its tensors lie, by default there are none.
  Result<std::string> load_model(
    std::string_view name, std::span<const std::uint8_t> bytes, const FileFinder& beside = {}
  ); // ModelInfo
  /// A checkpoint: config.json and the files of its tensors, of which only those are read that the
  /// part needs; or one file, as `load_model`, with those beside it. `name` is the model's.
  Result<std::string>
  load_files(std::string_view name, std::span<const ModelFile> files); // ModelInfo
  /// Of the models loaded from here on that are checkpoints or described by their dimensions.
  void choose_part(ModelPart part);
  /// Of inputs that are made up, instead of the model's.
  void set_seed(std::optional<std::uint64_t> seed);
  /// The model as a document that `load_model` reads back to the same graph.
  Result<std::string> model_json() const;
  /// The same with long constants as bytes of the file `beside`, a name without directories, which is to lie
  /// where the document lies.
  struct ModelDocument {
    std::string json;
    std::vector<std::uint8_t> bytes; ///< of that file
  };
  Result<ModelDocument> model_document(const std::string& beside) const;
  /// Value of a symbolic dimension of the next model loaded.
  void bind_dimension(std::string_view name, std::int64_t value);
  /// Values for one graph input; inputs that are never set are seeded.
  Status set_input(
    std::string_view name, std::span<const std::uint8_t> bytes, TensorForm form = TensorForm::Detect
  );
  /// Output of a trusted runtime; compared with the fp32 golden.
  Status set_expected(
    std::string_view name, std::span<const std::uint8_t> bytes, TensorForm form = TensorForm::Detect
  );
  std::vector<std::string> input_names() const;
  std::vector<std::string> output_names() const;
  /// Whether compilations from here on keep the tile program after each pass.
  void keep_dumps(bool keep);
  /// `auto` goes by the cost profile in force.
  Result<std::string> compile(std::string_view options_json); // ProgramInfo
  /// Report of `plena compile --json`, with what the compiler has said.
  std::string compile_report(const Diagnostics& diagnostics) const;
  /// Replaces the program; on errors the earlier program stays.
  Result<std::string> assemble(std::string_view text, AsmMode mode); // ProgramInfo
  Result<std::string> load_words(std::string_view mem_text);         // ProgramInfo
  void set_images(Images images, std::optional<std::uint64_t> hbm_bytes);

  std::size_t program_words() const;
  ProgramCounts program_counts() const;

  /// Of the compiled model.
  Result<Artefacts> artefacts() const;
  std::string program_text() const;
  /// What the present program can be run again from, under the names that `plena compile` gives its
  /// files; an edited program has no map of its own. E_NO_PROGRAM.
  Result<std::vector<ProgramFile>> program_files() const;
  /// Listing rows [first, first + count) as Row[].
  std::string rows(std::uint32_t first, std::uint32_t count) const;

  Result<std::string> reset(); // RunState
  /// Executes at most `max_instructions`; cancel by not calling again.
  Result<std::string> run(std::uint64_t max_instructions); // RunState
  RunStatus status() const;
  Result<std::string> registers() const; // Registers
  /// Bytes of a memory as upstream dumps it. Memories are as large as the settings say: without
  /// `zeros`, what was never written comes as bytes too.
  void dump(Memory memory, const ByteSink& sink, const ZeroSink& zeros = {}) const;
  /// Warnings gathered while running: accesses that upstream accepts silently.
  Diagnostics run_warnings() const;
  /// Report of `plena emulate --json`.
  std::string emulate_report() const;

  // Going back. A run whose history is kept can be moved to any moment of it; what it computes
  // there, and afterwards, is the same each time. A moment is given by the instructions executed
  // before it.

  /// From the next reset on: keeps states in at most so many bytes; 0: none. Not while stages are
  /// profiled or a trace is streamed.
  void keep_history(std::uint64_t bytes);
  /// Goes to a moment, back or on, executing at most `max_instructions` on the way: it is reached
  /// when as many have been executed, or the run has ended before. Call again with the same moment
  /// to go on.
  Result<std::string> seek(std::uint64_t executed, std::uint64_t max_instructions); // RunState
  /// Goes to the instruction that the cycle is spent on, counted from 0.
  Result<std::string> seek_cycle(std::uint64_t cycle, std::uint64_t max_instructions); // RunState
  /// Goes on, or back, to the next moment of which a condition (conditions.def) holds;
  /// `breakpoints` stands for those set. Empty: goes on with the movement in hand, which ends with
  /// the field `moving` false. One slice of the work per call: `max_instructions` are looked at.
  Result<std::string>
  move(std::string_view condition, bool back, std::uint64_t max_instructions); // RunState
  /// Conditions, one a line, in place of those set before.
  Status set_breakpoints(std::string_view conditions);
  /// What an instruction is known by when the program around it changes, and where it is now.
  std::string anchor(std::uint32_t pc) const;
  std::optional<std::uint32_t> find_anchor(std::string_view anchor) const;
  /// Changes a register, `gp3 17`, or an element, `vector_sram 64 0.5`; the run is no longer the
  /// program's own and cannot be verified until the next reset.
  Result<std::string> change(std::string_view what); // RunState

  // Looking at memories. Addresses count elements of the SRAMs and bytes of the HBM; their names
  // are `vector_sram`, `matrix_sram`, `fp_sram`, `int_sram` and `hbm`.

  Result<std::string> memory_map() const; // MemoryMap
  Result<std::string>
  cells(std::string_view memory, std::uint64_t first, std::uint64_t count) const; // Elements
  /// Of a region of the memory map, in the coordinates of its tensor.
  Result<std::string>
  tensor(std::size_t region, const TensorWindow& rows, const TensorWindow& cols) const; // Elements
  /// What the next instruction reads and writes.
  Result<std::string> touches() const; // Touches
  /// Where the values of some places come from. Empty `memory`: goes on with the question in hand
  /// until it is done.
  Result<std::string>
  origin(std::string_view memory, std::uint64_t first, std::uint64_t count); // Origin

  // Time. Cycles are counted as the section PLAYGROUND.TIMING of the settings says.

  /// How cycles are counted, for people, e.g. `emulator profile, HBM2, serial`.
  std::string timing_title() const;
  /// Whether cycles are those that upstream's emulator reports.
  bool timing_is_upstream() const;
  /// Takes the place of the settings' choices from the next reset on; empty: as the settings say.
  /// E_TIMING for a name that is no choice.
  Status set_timing(
    std::string_view cost_profile, std::string_view memory_model, std::string_view schedule
  );
  /// From the next reset on: keeps up to `events` instructions from `first_cycle` on one by one for
  /// `lanes`, `moment` and `export_trace`. 0: keeps no trace at all.
  void record_trace(std::uint64_t events, std::uint64_t first_cycle = 0);
  /// From the next reset on: writes each instruction to `sink` as it executes; `finish_trace`
  /// writes the rest of the file. Memory does not grow with the run.
  void stream_trace(TraceForm form, TextSink sink);
  void finish_trace();
  /// From the next reset on: cycles, instructions and bytes by the stages that the comments of an
  /// assembly text name (timing.md 3.3). The text is of the program that runs.
  /// Returns the number of instructions in the text.
  std::size_t profile_stages(std::string_view asm_text);
  /// Upstream's JSON of the stages.
  Result<std::string> stage_profile() const;

  Result<std::string> profile() const; // Profile
  /// A table of the profile: `cause`, `unit`, `opcode`, `node`, `loop` or `line`.
  Result<std::vector<TableRow>> profile_table(std::string_view by) const;
  Result<std::string> heat(std::uint32_t first, std::uint32_t count) const; // Heat
  Result<std::string>
  lanes(std::uint64_t from, std::uint64_t to, std::uint32_t pixels) const; // Lanes
  Result<std::string> moment(std::uint64_t cycle) const;                   // Moment | null
  /// A piece of the recorded trace: the first for 0, then each for the `next` of the one before.
  Result<TracePiece> export_trace(TraceForm form, std::uint64_t from);
  Result<std::string> profile_csv() const;

  // A run that others are compared with. It stays when another model, other settings or another
  // program take the session over.

  /// Keeps the present run, or that of another session, under a name, in the place of the one kept
  /// before. E_NO_RUN before its end.
  Status pin(std::string_view name);
  Status pin(std::string_view name, const Session& of);
  /// Keeps the run that another session keeps, or none where that keeps none.
  void keep_pinned_of(const Session& other);
  void unpin();
  /// The present run beside the one kept. E_NOT_PINNED, E_NO_RUN.
  Result<std::string> compare_with_pinned() const; // RunComparison
  /// The timeline of the run that is kept, as `lanes`. E_NOT_PINNED, E_NO_TRACE, E_RANGE.
  Result<std::string>
  pinned_lanes(std::uint64_t from, std::uint64_t to, std::uint32_t pixels) const; // Lanes
  /// When each node of both runs was worked on, as far as instructions were kept one by one.
  Result<std::string> spans_with_pinned() const; // RunSpans
  /// Both programs instruction by instruction, rows [first, first + count): all of them, or the real
  /// differences with some rows around each.
  Result<std::string>
  diff_with_pinned(std::uint64_t first, std::uint32_t count, bool everything) const; // DiffRows
  /// The same as text, a line each that begins with ` ` (the same), `~` (other registers), `@` (another
  /// constant), `!` (changed), `-` (only in the one kept) or `+` (only in the present one).
  Status write_diff(bool everything, const TextSink& sink) const;

  /// Compares machine results with both goldens; needs a compiled model and a finished run. The
  /// machine is always judged by the hardware golden; `precision` (ops/precisions.def) is that of
  /// the golden whose numbers are shown.
  Result<std::string> verify(std::string_view precision = "hardware"); // Verdict
  /// What each kind of rounding costs; needs a compiled model.
  Result<std::string> ablation(); // Ablation
  /// What queries take of their keys, of each attention of the graph, by the reference that rounds as the
  /// machine does and from what the machine had computed before. E_NO_MODEL, E_NO_RUN, E_CHANGED as
  /// `verify`; E_RESOURCE when these are too many to be told.
  Result<std::string> attention() const; // Attention
  /// That `ablation` has found.
  const std::vector<AblationLine>& ablation_lines() const;
  /// Of a program compiled with a choice of products, as long as it is not edited.
  std::optional<ProductTable> product_table() const;
  /// Texts by a model, token by token, on a machine of its own; the settings and the way of counting cycles
  /// are the session's. E_KV_CACHE for models that cannot go on with a text.
  Result<Generation>
  generation(std::string_view name, std::span<const ModelFile> files, GenerationOptions options);
  /// The verdict that `verify` has reached.
  const VerdictSummary& verdict() const;
  /// Values of the outputs after `verify`: fp32 golden, hardware golden, machine (name.fp32 ...).
  std::vector<NamedTensor> output_values() const;

  // Recipes (core/recipe); driver/reproduce.h opens one in a single step.

  /// What has been done since the model was loaded, with digests of what came of it. A run that was not
  /// finished becomes one that stops there. E_NO_PROGRAM, E_CHANGED, E_RECIPE_MODEL,
  /// E_RECIPE_PROGRAM, and E_RECIPE_VALUE for what a reader would refuse.
  Result<recipe::Recipe> recipe(const recipe::Wish& wish) const;
  /// Of the program and the run as they are.
  recipe::Digests recipe_digests() const;
  /// Before the model is loaded: what a recipe says about it.
  void prepare_recipe(const recipe::Recipe& recipe);
  /// E_RECIPE_FILE unless the model that was loaded is the recipe's.
  Status check_recipe_model(const recipe::Recipe& recipe) const;
  /// The compiled text with the recipe's edits, with W_RECIPE_EDIT for those that find no place.
  Result<std::string> recipe_text(const recipe::Recipe& recipe) const;

  struct State; ///< session_state.h
  /// For the driver's own files.
  const State& state() const { return *state_; }

 private:
  std::unique_ptr<State> state_;
};

} // namespace plena::driver
