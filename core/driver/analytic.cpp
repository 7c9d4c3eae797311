#include "driver/analytic.h"

#include "analytic/refuse.h"
#include "config/prices.h"
#include "cost/price.h"
#include "driver/session_state.h"
#include "io/analytic_request_json.h"
#include "io/model_dims_json.h"

#include <algorithm>
#include <fmt/format.h>

namespace plena::driver {

namespace {

using namespace analytic;

std::span<const std::uint8_t> bytes_of(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

/// The settings, and the prices that they give.
struct Ground {
  const config::Config* config = nullptr;
  PriceTable prices = PriceTable::standard();
};

/// `asked`: prices in place of the settings'.
Result<Ground>
ground_of(const Session::State& state, const std::map<std::string, std::string>& asked = {}) {
  Ground ground;
  static const config::Config standard = [] {
    const config::Preset* preset = config::find_preset(default_settings);
    return config::load(preset->toml, preset->name).value();
  }();
  ground.config = state.config ? &*state.config : &standard;
  std::map<std::string, std::string> texts = asked;
  if (!state.settings_toml.empty()) {
    const auto own = config::load_prices(state.settings_toml, state.settings_name);
    if (!own) {
      return own.diagnostics();
    }
    texts.insert(own->begin(), own->end());
  }
  if (!texts.empty()) {
    Result<PriceTable> prices = PriceTable::with(texts);
    if (!prices) {
      return std::move(prices).diagnostics();
    }
    ground.prices = std::move(*prices);
  }
  return ground;
}

Status choose_model(const Session::State& state, const Request& request, Scenario& scenario) {
  if (!request.model.empty() || !request.dims_json.empty()) {
    std::string_view text = request.dims_json;
    std::string_view name = request.dims_name;
    if (!request.model.empty()) {
      const std::vector<ShippedDims> shipped = shipped_dims();
      const auto found = std::find_if(shipped.begin(), shipped.end(), [&](const ShippedDims& one) {
        return one.name == request.model;
      });
      if (found == shipped.end()) {
        return refuse(
          "E_ANALYTIC_MODEL",
          "model",
          fmt::format("there are no dimensions '{}'", request.model),
          "choose one of " + list(shipped_dims_names())
        );
      }
      text = found->json;
      name = found->name;
    }
    Result<Dims> dims = io::read_model_dims(
      name, bytes_of(text), request.vision ? io::DimsPart::Vision : io::DimsPart::Text
    );
    if (!dims) {
      return std::move(dims).diagnostics();
    }
    scenario.dims = std::move(*dims);
    return Done{};
  }
  if (!state.graph) {
    return refuse(
      "E_ANALYTIC_MODEL",
      "model",
      "nothing says whose dimensions",
      "name a model of the list, give a config.json, or load a model"
    );
  }
  Result<Recovered> found = recover(*state.graph);
  if (!found) {
    return std::move(found).diagnostics();
  }
  if (!found->complete) {
    return refuse(
      "E_ANALYTIC_ARCHITECTURE",
      "model",
      fmt::format("\"{}\" has no layers of attention and a feed-forward part", state.graph->name),
      "give the dimensions: a config.json, or one of the models that come with the project"
    );
  }
  scenario.dims = std::move(found->dims);
  scenario.dims.name = state.model.name;
  scenario.workload.batch = found->workload.batch;
  scenario.workload.input = found->workload.input;
  return Done{};
}

double bits_of_sram(const numerics::StorageFormat& format) {
  return format.element.width +
         (format.mx ? static_cast<double>(format.scale.width) / format.block : 0.0);
}

} // namespace

Result<report::AnalyticFacts> analyse(const Session& session, const Request& request) {
  const Session::State& state = session.state();
  Result<Ground> ground = ground_of(state, request.prices);
  if (!ground) {
    return std::move(ground).diagnostics();
  }
  const Result<const LatencyProfile*> latencies = find_latency_profile(request.latencies);
  if (!latencies) {
    return latencies.diagnostics();
  }
  const bool emulated = request.section == Section::Transactional;
  if (!emulated && !ground->config->analytic) {
    return refuse(
      "E_ANALYTIC_SETTINGS",
      "ANALYTIC",
      "the settings have no section ANALYTIC that can be used",
      "complete it, or take the section TRANSACTIONAL"
    );
  }
  const config::Machine& machine = emulated ? *ground->config : *ground->config->analytic;
  report::AnalyticFacts facts;
  Scenario& scenario = facts.scenario;
  scenario.settings = settings_of(machine, **latencies);
  scenario.prices = &ground->prices;
  scenario.form = request.form;
  scenario.matrix_sram_bits = bits_of_sram(machine.matrix_sram_type);
  scenario.vector_sram_bits = bits_of_sram(machine.vector_sram_type);
  if (Status chosen = choose_model(state, request, scenario); !chosen) {
    return std::move(chosen).diagnostics();
  }
  for (const auto& [key, value] : request.numbers) {
    if (key == "VLEN") { // whatever the order
      scenario.vlen_follows = false;
    }
  }
  for (const auto& [key, value] : request.numbers) {
    if (Status done = analytic::set(scenario, key, value); !done) {
      return std::move(done).diagnostics();
    }
  }
  Result<Prediction> prediction = predict(scenario);
  if (!prediction) {
    return std::move(prediction).diagnostics();
  }
  facts.prediction = std::move(*prediction);
  facts.hardware = *scenario.hardware();
  for (std::size_t i = 0; i < insn_count; ++i) {
    const auto insn = static_cast<Insn>(i);
    facts.prices.push_back(
      {insn,
       ground->prices.row(insn).pipelined.text(),
       PriceTable::standard().row(insn).pipelined.text()}
    );
  }
  facts.latencies = (*latencies)->name;
  facts.section = emulated ? "TRANSACTIONAL" : "ANALYTIC";
  facts.memory = memory_model(scenario.dims, scenario.workload, facts.hardware, bits_of(machine));
  facts.utilisation = utilisation(scenario.dims, scenario.workload, facts.hardware);
  facts.points = roofline_points(scenario.dims, scenario.workload, facts.prediction, facts.memory);
  if (!request.axes.empty()) {
    Result<std::vector<SweepPoint>> points = analytic::sweep(scenario, request.axes);
    if (!points) {
      return std::move(points).diagnostics();
    }
    facts.axes = request.axes;
    facts.sweep = std::move(*points);
  }
  scenario.prices = &PriceTable::standard(); // those of the settings end here
  return {std::move(facts), prediction.diagnostics()};
}

namespace {

/// The formula of a part, of the whole graph.
std::optional<std::uint64_t>
formula_of(Part part, const Recovered& found, Form form, const Hardware& hardware) {
  Workload workload = found.workload;
  workload.rows = 0;
  const Call call = call_of(found.dims, workload, form, Mode::Prefill);
  const std::uint64_t N = found.dims.layers;
  const auto times = [&](Layer layer, std::uint64_t count) {
    return std::optional((cycles(layer, call, hardware) * count).value);
  };
  std::uint64_t sliding = 0;
  for (std::uint64_t i = 0; i < N; ++i) {
    sliding += form == Form::GptOss && found.dims.is_sliding(i) ? 1u : 0u;
  }
  switch (part) {
  case Part::embeddings:
    return times(Layer::embeddings, 1);
  case Part::norms:
    return times(Layer::rms_layer, found.complete ? 2 * N : N);
  case Part::projection:
    return times(Layer::projection, N);
  case Part::attention:
    return *times(Layer::flash_attention, N - sliding) +
           *times(Layer::sliding_window_attention, sliding);
  case Part::residual:
    return times(Layer::residual, form == Form::GptOss ? 2 * N : N);
  case Part::feed_forward:
    return times(found.dims.experts > 1 ? Layer::mlp_moe : Layer::feed_forward, N);
  case Part::head:
    return form == Form::GptOss ? times(Layer::lm_head, 1) : std::nullopt;
  case Part::output_projection:
  case Part::other:
    break;
  }
  return std::nullopt;
}

} // namespace

Result<report::AnalyticRun> compare_with_run(const Session& session) {
  const Session::State& state = session.state();
  if (!state.graph || !state.compiled) {
    return missing("E_NO_MODEL", "there is no compiled model to compare", "load and compile one");
  }
  if (!state.timing || state.reason != RunStatus::Reason::Done) {
    return missing(
      "E_NO_RUN", "there is no finished run to compare with", "run the program to its end"
    );
  }
  Result<Ground> ground = ground_of(state);
  if (!ground) {
    return std::move(ground).diagnostics();
  }
  const Result<Recovered> found = recover(*state.graph);
  if (!found) {
    return found.diagnostics();
  }
  for (const Status& status : {check(found->dims), check(found->workload)}) {
    if (!status) {
      return status.diagnostics();
    }
  }
  const config::Machine& machine = *ground->config;
  const LatencyProfile& latencies =
    **find_latency_profile(machine.dc_en != 0 ? "dc_lib_en" : "dc_lib_dis");
  const Result<Hardware> hardware = make_hardware(settings_of(machine, latencies), ground->prices);
  if (!hardware) {
    return hardware.diagnostics();
  }
  const Form form = found->dims.form();

  const auto part_of = [&](std::uint32_t node) {
    return static_cast<std::uint32_t>(
      node < found->parts.size() ? found->parts[node] : Part::other
    );
  };
  std::vector<std::uint32_t> part_of_word;
  for (const std::uint32_t node : state.node_of_word) {
    part_of_word.push_back(part_of(node));
  }
  std::array<report::ComparisonRow, part_count> rows;
  std::array<bool, part_count> used{};
  for (std::size_t i = 0; i < part_count; ++i) {
    rows[i].part = static_cast<Part>(i);
  }
  for (const Part part : found->parts) {
    ++rows[static_cast<std::size_t>(part)].nodes;
    used[static_cast<std::size_t>(part)] = true;
  }
  const auto by_analytic = cost::price_by_part(
    state.program, part_of_word, part_count, machine, config::CostProfile::analytic
  );
  const auto by_emulator = cost::price_by_part(
    state.program, part_of_word, part_count, machine, config::CostProfile::emulator
  );
  const std::vector<emu::PcTime> times = state.timing->account();
  for (std::size_t pc = 0; pc < times.size(); ++pc) {
    rows[part_of_word[pc]].run += emu::total(times[pc].cycles);
  }
  report::AnalyticRun made;
  for (std::size_t i = 0; i < part_count; ++i) {
    rows[i].analytic = by_analytic[i].cycles;
    rows[i].emulator = by_emulator[i].cycles;
    if (used[i]) {
      rows[i].formula = formula_of(static_cast<Part>(i), *found, form, *hardware);
    }
    if (used[i] || rows[i].run != 0) {
      made.rows.push_back(rows[i]);
    }
  }
  made.model = state.graph->name.empty() ? state.model.name : state.graph->name;
  made.settings = state.settings_name.empty() ? std::string(default_settings) : state.settings_name;
  made.machine = fmt::format("MLEN {}, BLEN {}", machine.mlen, machine.blen);
  made.timing = state.time_facts().timing.title();
  made.form = to_string(form);
  made.bytes_read = session.status().hbm_read_bytes;
  if (found->complete && made.bytes_read != 0) {
    made.roofline = former_roofline(
      *hardware,
      static_cast<double>(state.timing->cycles()),
      static_cast<double>(made.bytes_read),
      found->workload.input * found->workload.batch,
      found->dims.hidden,
      found->dims.inner,
      found->dims.heads
    );
  }
  return made;
}

Result<report::StaticFacts> profile_text(
  const Session& session, std::string_view assembly, std::string_view latencies, LineRange told
) {
  const Result<Ground> ground = ground_of(session.state());
  if (!ground) {
    return ground.diagnostics();
  }
  const bool enabled = ground->config->dc_en != 0;
  const auto profile = find_latency_profile(
    !latencies.empty() ? latencies
    : enabled          ? "dc_lib_en"
                       : "dc_lib_dis"
  );
  if (!profile) {
    return profile.diagnostics();
  }
  Result<StaticProfile> current =
    static_profile(assembly, settings_of(*ground->config, **profile), told);
  if (!current) {
    return std::move(current).diagnostics();
  }
  Result<FormerProfile> former = former_profile(assembly, told);
  if (!former) {
    return std::move(former).diagnostics();
  }
  return report::StaticFacts{
    std::move(*current), std::move(*former), std::string((*profile)->name), (*profile)->clock_mhz};
}

bool has_dims(std::string_view text) { return io::has_model_dims(bytes_of(text)); }

bool is_shipped_dims(std::string_view name) {
  const auto names = shipped_dims_names();
  return std::find(names.begin(), names.end(), name) != names.end();
}

std::vector<std::string_view> shipped_dims_names() {
  std::vector<std::string_view> names;
  for (const ShippedDims& one : shipped_dims()) {
    names.push_back(one.name);
  }
  return names;
}

Result<std::string> analytic_document(const Session& session, std::string_view request_json) {
  const Result<Request> request = io::read_analytic_request(request_json);
  if (!request) {
    return request.diagnostics();
  }
  const Result<report::AnalyticFacts> facts = analyse(session, *request);
  return facts ? Result<std::string>(report::analytic_json(*facts), facts.diagnostics())
               : Result<std::string>(facts.diagnostics());
}

Result<std::string> run_comparison_document(const Session& session) {
  const Result<report::AnalyticRun> made = compare_with_run(session);
  return made ? Result<std::string>(report::run_comparison_json(*made))
              : Result<std::string>(made.diagnostics());
}

Result<std::string> static_profile_document(
  const Session& session, std::string_view latencies, LineRange told
) {
  if (session.program_text().empty()) {
    return missing("E_NO_PROGRAM", "there is no assembly text", "compile a model or assemble a text");
  }
  const Result<report::StaticFacts> facts =
    profile_text(session, session.program_text(), latencies, told);
  return facts ? Result<std::string>(report::static_profile_json(*facts))
               : Result<std::string>(facts.diagnostics());
}

Status complete_prediction(
  recipe::Prediction& asked, const Session& session, const config::Config& opener
) {
  const Session::State& state = session.state();
  if (asked.shown.empty() || !state.config) {
    return Done{};
  }
  if (!state.settings_toml.empty()) {
    const Result<config::Prices> prices =
      config::load_prices(state.settings_toml, state.settings_name);
    if (!prices) {
      return prices.diagnostics();
    }
    for (const auto& [name, price] : *prices) {
      asked.prices.emplace(name, price);
    }
  }
  const auto& own = state.config->analytic;
  const auto& other = opener.analytic;
  const Result<const LatencyProfile*> latencies = find_latency_profile(asked.latencies);
  if (asked.section == "transactional" || !own || !other || !latencies) {
    return Done{};
  }
  if (own->matrix_sram_type != other->matrix_sram_type ||
      own->vector_sram_type != other->vector_sram_type || bits_of(*own) != bits_of(*other)) {
    return refuse(
      "E_RECIPE_ANALYTIC",
      "ANALYTIC.PRECISION",
      "the settings' section ANALYTIC has number formats of its own, which no link can tell",
      "send the settings file, or take the formats of a preset"
    );
  }
  const Settings mine = settings_of(*own, **latencies);
  const Settings theirs = settings_of(*other, **latencies);
  const auto numbers = asked.numbers; // what was asked comes before what the settings say
  for (std::size_t i = 0; i < mine.size(); ++i) {
    const std::string name(setting_names()[i]);
    // VLEN follows an MLEN that is asked for, and stays where MLEN comes of the settings.
    const bool vlen = name == "VLEN";
    const bool wanted = vlen ? !numbers.contains("MLEN") &&
                                 (mine[i] != theirs[i] ||
                                  mine[setting_index("MLEN")] != theirs[setting_index("MLEN")])
                             : mine[i] != theirs[i];
    if (wanted) {
      asked.numbers.emplace(name, static_cast<std::uint64_t>(mine[i]));
    }
  }
  return Done{};
}

} // namespace plena::driver
