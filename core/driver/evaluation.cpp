#include "driver/evaluation.h"

#include "config/changes.h"
#include "driver/choices.h"
#include "driver/fault_text.h"
#include "driver/session_state.h"
#include "golden/reference.h"
#include "numerics/bits.h"
#include "numerics/math.h"
#include "ops/load.h"
#include "report/options.h"

#include <algorithm>
#include <fmt/format.h>
#include <limits>
#include <utility>

namespace plena::driver {

namespace {

constexpr Source sources_of_scores[]{Source::Machine, Source::Hardware, Source::Fp32};
/// Those of keys and values first.
constexpr std::string_view formats_keys[]{
  "HBM_M_KV_TYPE", "HBM_V_KV_TYPE", "HBM_M_WEIGHT_TYPE", "HBM_V_ACT_TYPE"};
constexpr std::size_t kv_keys = 2;
constexpr std::string_view only_kv = "kv:";

constexpr KnownFormat format_rows[]{
  {"e8m7", "bf16"},
  {"e4m3x8/ue8m0", "MXFP8 E4M3"},
  {"e4m3x32/ue8m0", "MXFP8 E4M3, blocks of 32"},
  {"e5m2x8/ue8m0", "MXFP8 E5M2"},
  {"e3m4x8/ue8m0", "MX E3M4"},
  {"e2m5x8/ue8m0", "MX E2M5"},
  {"i8x8/ue8m0", "MXINT8"},
  {"i8x32/ue8m0", "MXINT8, blocks of 32"},
  {"kv:e8m7", "keys and values in bf16"},
  {"kv:e5m2x8/ue8m0", "keys and values in E5M2"}};

std::size_t index(Source source) { return static_cast<std::size_t>(source); }

/// One row of logits.
struct Prediction {
  std::size_t choice = 0;
  double loss = 0;
};

Prediction predict(std::span<const float> logits, std::int64_t right) {
  Prediction result;
  for (std::size_t i = 1; i < logits.size(); ++i) {
    result.choice = logits[i] > logits[result.choice] ? i : result.choice;
  }
  const auto largest = static_cast<double>(logits[result.choice]);
  double sum = 0;
  for (const float logit : logits) {
    sum += numerics::exp_f64(static_cast<double>(logit) - largest);
  }
  result.loss =
    numerics::log_f64(sum) + largest - static_cast<double>(logits[static_cast<std::size_t>(right)]);
  return result;
}

/// Rows of logits of all sources, and the right token of each.
using Rows = std::array<std::span<const float>, std::size(sources_of_scores)>;

/// An item: row `first` of the logits predicts the first of `right`.
void score(
  Evaluation& result,
  const Rows& rows,
  std::size_t first,
  std::span<const std::int64_t> right,
  std::size_t vocabulary
) {
  std::vector<std::size_t> choices;
  for (const Source source : sources_of_scores) {
    if (rows[index(source)].empty()) {
      continue; // the machine did not run
    }
    Score& of = result.scores[index(source)];
    std::size_t hits = 0;
    for (std::size_t i = 0; i < right.size(); ++i) {
      const Prediction made =
        predict(rows[index(source)].subspan((first + i) * vocabulary, vocabulary), right[i]);
      hits += std::cmp_equal(made.choice, right[i]) ? 1u : 0u;
      of.loss += made.loss;
      if (source == Source::Machine) {
        choices.push_back(made.choice);
      } else if (source == Source::Fp32) {
        result.same_choices += i < choices.size() && made.choice == choices[i] ? 1u : 0u;
      }
    }
    ++of.items;
    of.right_items += hits == right.size() ? 1u : 0u;
    of.predictions += right.size();
    of.right += hits;
  }
}

Diagnostic does_not_fit(std::string message, std::string_view name) {
  return {
    .code = "E_VOCABULARY",
    .message = std::move(message),
    .hint = "give the vocabulary that belongs to the model",
    .file = std::string(name)};
}

/// A text, and how many tokens at its end are to be predicted.
struct Task {
  std::vector<std::int64_t> ids;
  std::size_t predicted = 0;
};

Result<std::vector<Task>> tasks_of(const io::Vocabulary& vocabulary, const io::Holdout& holdout) {
  std::vector<Task> tasks;
  for (const std::string& text : holdout.texts) {
    Result<std::vector<std::int64_t>> ids = vocabulary.ids_of(text);
    if (!ids) {
      return ids.diagnostics();
    }
    const std::size_t predicted = ids->size() - 1;
    tasks.push_back({std::move(*ids), predicted});
  }
  for (const io::Answer& answer : holdout.answers) {
    const auto prompt = vocabulary.ids_of(answer.prompt);
    Result<std::vector<std::int64_t>> ids = vocabulary.ids_of(answer.prompt + answer.answer);
    if (!prompt || !ids) {
      return prompt ? ids.diagnostics() : prompt.diagnostics();
    }
    if (vocabulary.end) {
      ids->push_back(*vocabulary.end);
    }
    const std::size_t predicted = ids->size() - prompt->size();
    tasks.push_back({std::move(*ids), predicted});
  }
  return tasks;
}

class Evaluator {
 public:
  Evaluator(
    Session& session,
    std::string_view name,
    std::span<const ModelFile> files,
    const io::Vocabulary& vocabulary,
    const io::Holdout& holdout,
    const EvaluationOptions& options
  )
      : session_(session),
        name_(name),
        files_(files),
        vocabulary_(vocabulary),
        holdout_(holdout),
        options_(options),
        items_(options.items == 0 ? holdout.size() : std::min(options.items, holdout.size())) {}

  Result<Evaluation> run() {
    Status done = vocabulary_.picture ? pictures() : texts();
    if (!done) {
      return done.diagnostics();
    }
    return std::move(result_);
  }

 private:
  bool goes_on(std::size_t done) {
    result_.stopped = options_.go_on && !options_.go_on(done);
    return !result_.stopped;
  }

  Status texts() {
    Result<std::vector<Task>> tasks = tasks_of(vocabulary_, holdout_);
    if (!tasks) {
      return tasks.diagnostics();
    }
    GenerationOptions wanted;
    wanted.choices = options_.choices;
    wanted.references = true;
    wanted.all_logits = true;
    wanted.instead = options_.instead;
    wanted.capacity = vocabulary_.context;
    // All texts are as long as the model allows, with tokens behind their ends that nobody looks
    // at, and no earlier token sees: so that one program serves all.
    Result<Generation> text = session_.generation(name_, files_, wanted);
    if (!text) {
      return text.diagnostics();
    }
    if (text->vocabulary() != static_cast<std::int64_t>(vocabulary_.tokens.size())) {
      return does_not_fit(
        fmt::format(
          "the vocabulary has {} tokens, and the model {}",
          vocabulary_.tokens.size(),
          text->vocabulary()
        ),
        name_
      );
    }
    for (std::size_t i = 0; i < items_ && goes_on(i); ++i) {
      Task& task = (*tasks)[i];
      const std::size_t known = task.ids.size() - task.predicted;
      const std::vector<std::int64_t> right(
        task.ids.begin() + static_cast<std::ptrdiff_t>(known), task.ids.end()
      );
      task.ids.pop_back();
      task.ids.resize(static_cast<std::size_t>(vocabulary_.context), std::int64_t{task.ids.back()});
      text->restart();
      const Result<std::vector<GenerationRun>> runs = text->feed(task.ids);
      if (!runs) {
        return runs.diagnostics();
      }
      for (const GenerationRun& one : *runs) {
        ++result_.runs;
        result_.instructions += one.instructions;
        result_.cycles += one.cycles;
        result_.seconds += one.seconds;
        if (one.check) {
          result_.compared += one.check->compared;
          result_.differing += one.check->differing;
        }
      }
      Rows rows;
      for (const Source source : sources_of_scores) {
        rows[index(source)] = text->all_logits(source);
      }
      score(result_, rows, known - 1, right, vocabulary_.tokens.size());
    }
    return Done{};
  }

  Status pictures() {
    if (const Result<std::string> loaded = session_.load_files(name_, files_); !loaded) {
      return loaded.diagnostics();
    }
    const Session::State& state = session_.state();
    const ir::Graph& graph = *state.graph;
    const auto named = [&](const std::vector<ir::TensorId>& ids, const std::string& name) {
      return std::find_if(ids.begin(), ids.end(), [&](ir::TensorId id) {
        return graph.tensor(id).name == name;
      });
    };
    const io::Picture& picture = *vocabulary_.picture;
    const auto input = named(graph.inputs, picture.input);
    const auto output = named(graph.outputs, picture.output);
    const auto count = [&](ir::TensorId id) {
      return ir::element_count(graph.tensor(id).shape).value_or(0);
    };
    if (input == graph.inputs.end() || graph.inputs.size() != 1 ||
        count(*input) != static_cast<std::int64_t>(picture.pixels())) {
      return does_not_fit(
        fmt::format("the model has no single input {} of that many pixels", picture.input), name_
      );
    }
    if (output == graph.outputs.end() || count(*output) != static_cast<std::int64_t>(vocabulary_.tokens.size())) {
      return does_not_fit(
        fmt::format("the model has no output {} of that many labels", picture.output), name_
      );
    }
    for (std::size_t i = 0; i < items_ && goes_on(i); ++i) {
      const io::LabelledPicture& item = holdout_.pictures[i];
      const Result<std::vector<float>> values = vocabulary_.input_of(item.pixels);
      if (!values) {
        return values.diagnostics();
      }
      if (Status ran = run_picture(state, *input, *output, *values, item.label); !ran) {
        return ran;
      }
    }
    return Done{};
  }

  Status run_picture(
    const Session::State& state,
    ir::TensorId input,
    ir::TensorId output,
    const std::vector<float>& values,
    std::int64_t label
  ) {
    std::vector<std::uint8_t> bytes;
    for (const float value : values) {
      const std::uint32_t bits = numerics::bits_of(value);
      for (unsigned shift = 0; shift < 32; shift += 8) {
        bytes.push_back(static_cast<std::uint8_t>(bits >> shift));
      }
    }
    const std::string& name = state.graph->tensor(input).name;
    if (Status set = session_.set_input(name, bytes); !set) {
      return set;
    }
    if (const Result<std::string> compiled = session_.compile(options_.choices); !compiled) {
      return compiled.diagnostics();
    }
    std::array<std::vector<float>, std::size(sources_of_scores)> logits;
    if (!options_.instead) {
      Result<std::vector<float>> ran = run_machine(state, output);
      if (!ran) {
        return ran.diagnostics();
      }
      logits[index(Source::Machine)] = std::move(*ran);
    }
    const codegen::Compiled& compiled = *state.compiled;
    codegen::Values inputs;
    inputs[input] = values;
    for (const Source source : {Source::Hardware, Source::Fp32}) {
      const bool exact = source == Source::Fp32;
      ops::Arithmetic arithmetic = ops::arithmetic_of(
        *state.config,
        exact ? ops::Precision::Fp32 : ops::Precision::Hardware,
        exact ? ops::Plan{} : compiled.plan
      );
      if (options_.instead && !exact) {
        options_.instead->apply(arithmetic);
      }
      Result<golden::Values> computed = golden::evaluate(*state.graph, arithmetic, inputs);
      if (!computed) {
        return computed.diagnostics();
      }
      logits[index(source)] = std::move(computed->at(output));
    }
    Rows rows;
    for (std::size_t i = 0; i < rows.size(); ++i) {
      rows[i] = logits[i];
    }
    for (std::size_t i = 0; i < logits[index(Source::Machine)].size(); ++i) {
      const bool same = numerics::bits_of(logits[index(Source::Machine)][i]) ==
                        numerics::bits_of(logits[index(Source::Hardware)][i]);
      result_.differing += same ? 0u : 1u;
      ++result_.compared;
    }
    score(result_, rows, 0, std::span(&label, 1), vocabulary_.tokens.size());
    return Done{};
  }

  /// The logits.
  Result<std::vector<float>> run_machine(const Session::State& state, ir::TensorId output) {
    if (const Result<std::string> reset = session_.reset(); !reset) {
      return reset.diagnostics();
    }
    if (const Result<std::string> ran = session_.run(std::numeric_limits<std::uint64_t>::max());
        !ran) {
      return ran.diagnostics();
    }
    const RunStatus status = session_.status();
    if (status.fault) {
      return *status.fault;
    }
    ++result_.runs;
    result_.instructions += status.executed;
    result_.cycles += status.cycles;
    result_.seconds += state.emulate_seconds;
    const codegen::Placement* place = codegen::find_vector(*state.compiled, output);
    if (place == nullptr) {
      return does_not_fit(
        fmt::format("the model's output {} is no logits", vocabulary_.picture->output), name_
      );
    }
    return codegen::read_back(*place, reader_of(*state.machine));
  }

  Session& session_;
  std::string_view name_;
  std::span<const ModelFile> files_;
  const io::Vocabulary& vocabulary_;
  const io::Holdout& holdout_;
  const EvaluationOptions& options_;
  std::size_t items_;
  Evaluation result_;
};

double share_of(std::size_t part, std::size_t whole) {
  return whole == 0 ? 0 : static_cast<double>(part) / static_cast<double>(whole);
}

} // namespace

double Score::accuracy() const { return share_of(right, predictions); }
double Score::share() const { return share_of(right_items, items); }
double Score::perplexity() const {
  return predictions == 0 ? 0 : numerics::exp_f64(loss / static_cast<double>(predictions));
}

Result<Evaluation> evaluate(
  Session& session,
  std::string_view name,
  std::span<const ModelFile> files,
  const io::Vocabulary& vocabulary,
  const io::Holdout& holdout,
  const EvaluationOptions& options
) {
  return Evaluator(session, name, files, vocabulary, holdout, options).run();
}

std::span<const KnownFormat> known_formats() { return format_rows; }

std::string_view title_of(std::string_view format) {
  const auto* found =
    std::find_if(std::begin(format_rows), std::end(format_rows), [&](const KnownFormat& one) {
      return one.format == format;
    });
  return found == std::end(format_rows) ? std::string_view{} : found->title;
}

Result<Tried> with_formats(std::string_view toml, std::string_view name, std::string_view format) {
  const Result<config::Config> given = config::load(toml, name);
  if (!given) {
    return given.diagnostics();
  }
  const bool kv = format.starts_with(only_kv);
  format.remove_prefix(kv ? only_kv.size() : 0);
  config::Changes changes;
  for (const std::string_view key :
       std::span(formats_keys).first(kv ? kv_keys : std::size(formats_keys))) {
    changes[std::string(key)] = std::string(format);
  }
  Result<config::Config> changed = config::changed(*given, changes);
  if (!changed) {
    return changed.diagnostics();
  }
  if (ops::is_mx_int(changed->hbm_m_kv_type)) {
    return Tried{std::string(toml), ReferenceFormats{changed->hbm_m_kv_type, kv}};
  }
  return {Tried{config::to_toml(*changed, name), std::nullopt}, changed.diagnostics()};
}

} // namespace plena::driver
