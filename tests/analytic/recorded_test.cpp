// Upstream's records of its closed-form models: integers exactly, ratios to 1e-9.
#include "analytic/memory.h"
#include "analytic/prediction.h"
#include "analytic/static_profile.h"
#include "analytic/sweep.h"
#include "config/config.h"
#include "io/model_dims_json.h"
#include "shared_data.h"

#include <catch2/catch.hpp>
#include <fstream>
#include <nlohmann/json.hpp>
#include <set>

using namespace plena;
using namespace plena::analytic;
using nlohmann::json;
namespace fs = std::filesystem;

namespace {

fs::path folder() { return tests::shared_dir() / "analytic"; }

std::string text_of(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}
json read(const fs::path& path) { return json::parse(text_of(path)); }

/// Files of a kind, which is told by what is in them.
std::vector<fs::path> files_with(const std::string& key) {
  std::vector<fs::path> found;
  for (const auto& entry : fs::directory_iterator(folder())) {
    if (read(entry.path()).contains(key)) {
      found.push_back(entry.path());
    }
  }
  std::sort(found.begin(), found.end());
  return found;
}

/// The record has the values themselves, whatever the column.
Settings settings_in(const json& hardware) {
  Settings settings = settings_of(
    *config::load(config::find_preset("upstream")->toml, "upstream")->analytic,
    latency_profiles()[0]
  );
  for (const auto& [key, value] : hardware.items()) {
    INFO(key);
    const std::size_t index = setting_index(key);
    REQUIRE(index < settings.size());
    settings[index] = value.get<std::int64_t>();
  }
  return settings;
}

Dims dims_in(const json& inputs) {
  json params = inputs["model_params"];
  if (inputs.contains("head_dim")) {
    params["head_dim"] = inputs["head_dim"];
  }
  const std::string text = params.dump();
  const auto dims = io::read_model_dims(
    inputs["model"].get<std::string>(),
    {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()}
  );
  REQUIRE(dims.ok());
  return *dims;
}

bool close(double a, double b) {
  return a == b || std::abs(a - b) <= 1e-9 * std::max(std::abs(a), std::abs(b));
}

std::uint64_t each(const std::vector<PartCycles>& parts, std::string_view name) {
  for (const PartCycles& part : parts) {
    if (part.name == name) {
      return part.each;
    }
  }
  return 0;
}

/// The record also has a part that no layer of the model is made of.
std::uint64_t each(
  const std::vector<PartCycles>& parts,
  std::string_view name,
  const Scenario& scenario,
  const Hardware& hardware,
  Mode mode
) {
  const std::uint64_t found = each(parts, name);
  return found != 0 || name != "feed_forward"
           ? found
           : cycles(
               Layer::feed_forward,
               call_of(scenario.dims, scenario.workload, *scenario.form, mode),
               hardware
             )
               .value;
}

} // namespace

TEST_CASE("every record of the folder is asked for", "[analytic][recorded]") {
  if (!tests::has_shared_data()) {
    return;
  }
  std::set<std::string> asked{
    "asm_static_profile.json", "compiler_utilization.json", "perfmodel_calls.json"};
  for (const char* key : {"instruction_latency_pipelined", "model_kind"}) {
    for (const fs::path& file : files_with(key)) {
      asked.insert(file.filename().string());
    }
  }
  std::set<std::string> there;
  for (const auto& entry : fs::directory_iterator(folder())) {
    there.insert(entry.path().filename().string());
  }
  CHECK(asked == there);
  CHECK(there.size() == 27);
}

TEST_CASE("predictions of whole models", "[analytic][recorded]") {
  if (!tests::has_shared_data()) {
    return;
  }
  const std::vector<fs::path> files = files_with("entry");
  REQUIRE(files.size() == 16);
  for (const fs::path& file : files) {
    INFO(file.filename().string());
    const json record = read(file);
    const json& inputs = record["inputs"];
    const bool diffusion = inputs.contains("llada");
    Scenario scenario;
    scenario.dims = dims_in(inputs);
    scenario.settings = settings_in(inputs["hardware"]);
    scenario.form = diffusion                               ? Form::Llada
                    : record["entry"] == "gpt_oss_model.py" ? Form::GptOss
                                                            : Form::Llama;
    scenario.workload.batch = inputs["batch_size"];
    scenario.workload.input = inputs["input_seq"];
    scenario.workload.output = inputs["output_seq"];
    scenario.workload.devices = inputs["device_num"];
    if (diffusion) {
      scenario.workload.steps = inputs["diffusion_steps"];
      scenario.workload.rows = inputs["seq_len"];
    }
    const auto hardware = scenario.hardware();
    REQUIRE(hardware.ok());
    for (std::size_t i = 0; i < insn_count; ++i) {
      const std::string insn(to_string(static_cast<Insn>(i)));
      INFO(insn);
      CHECK(
        hardware->prices[i] == record["instruction_latency_pipelined"].at(insn).get<std::uint64_t>()
      );
    }
    CHECK(record["instruction_latency_pipelined"].size() == insn_count);
    CHECK(scenario.dims.head_dim_of(*scenario.form) == record["derived"]["head_dim"]);
    CHECK(scenario.workload.device_batch() == record["derived"]["device_batch_size"]);
    CHECK(hardware->vector_sram_elems == record["derived"]["vector_sram_elements"]);

    const auto made = predict(scenario);
    REQUIRE(made.ok());
    for (const auto& [key, value] : record["prefill_cycles"].items()) {
      INFO(key);
      if (key == "block") {
        continue; // the sum of the others but one norm, which is checked by the total
      }
      if (key == "total" && diffusion) {
        CHECK(
          made->prefill_cycles - each(made->prefill, "lm_head_full_seq") -
            each(made->prefill, "softmax_full_seq") ==
          value
        );
      } else if (key == "total" || key == "step_total") {
        CHECK(made->prefill_cycles == value);
      } else {
        CHECK(each(made->prefill, key, scenario, *hardware, Mode::Prefill) == value);
      }
    }
    const json& outputs = record["outputs"];
    if (diffusion) {
      CHECK(made->total_seconds == outputs["total_time_seconds"]);
      CHECK(made->tokens_per_second == outputs["output_tokens_per_second"]);
      continue;
    }
    for (const auto& [key, value] : record["decode_first_token_cycles_per_layer"].items()) {
      INFO(key);
      CHECK(each(made->decode, key, scenario, *hardware, Mode::Decode) == value);
    }
    CHECK(made->prefill_cycles == record["prefill_total_cycles"]);
    CHECK(made->decode_cycles == record["decode_all_tokens_cycles"]);
    CHECK(made->prefill_seconds == record["prefill_seconds"]);
    CHECK(made->first_token_seconds == record["first_decode_token_seconds"]);
    CHECK(made->decode_seconds == record["decode_all_tokens_seconds"]);
    // Formed as upstream does: to the bit.
    CHECK(made->ttft_seconds == outputs["ttft_seconds"]);
    CHECK(made->ttft_seconds * 1000 == outputs["ttft_ms"]);
    CHECK(made->tokens_per_second == outputs["tps"]);
  }
}

TEST_CASE("672 calls of single parts", "[analytic][recorded]") {
  if (!tests::has_shared_data()) {
    return;
  }
  const json record = read(folder() / "perfmodel_calls.json");
  std::map<std::string, Hardware> machines;
  for (const auto& [name, machine] : record["hardware"].items()) {
    const auto made = make_hardware(settings_in(machine["hardware"]));
    REQUIRE(made.ok());
    machines[name] = *made;
    for (std::size_t i = 0; i < insn_count; ++i) {
      const std::string insn(to_string(static_cast<Insn>(i)));
      CHECK(
        made->prices[i] == machine["instruction_latency_pipelined"].at(insn).get<std::uint64_t>()
      );
    }
  }
  std::size_t count = 0;
  for (const json& one : record["cases"]) {
    const json& args = one["args"];
    const auto number = [&](const char* key, std::uint64_t& value) {
      if (args.contains(key)) {
        value = args[key];
      }
    };
    Call call;
    number("hidden_size", call.hidden);
    number("num_attention_heads", call.heads);
    number("num_kv_heads", call.kv_heads);
    number("head_dim", call.head_dim);
    number("seq_len", call.rows);
    number("kv_size", call.keys);
    number("batch_size", call.batch);
    number("intermediate_size", call.inner);
    number("vocab_size", call.vocabulary);
    number("num_experts", call.experts);
    number("expert_per_token", call.chosen);
    number("sliding_window_size", call.window);
    number("num_sink_tokens", call.sinks);
    call.multi_core = args.value("multi_core_mode", false);
    call.mode = args.value("mode", "prefill") == "decode" ? Mode::Decode : Mode::Prefill;
    const auto layer = find_layer(one["method"].get<std::string>());
    REQUIRE(layer);
    INFO(one.dump());
    CHECK(
      cycles(*layer, call, machines.at(one["hardware"])).value == one["cycles"].get<std::uint64_t>()
    );
    ++count;
  }
  CHECK(count == 672);
}

TEST_CASE("memory of before", "[analytic][recorded]") {
  if (!tests::has_shared_data()) {
    return;
  }
  std::size_t count = 0;
  for (const fs::path& file : files_with("exact_bytes")) {
    INFO(file.filename().string());
    const json record = read(file);
    const json& inputs = record["inputs"];
    const Dims dims = dims_in(inputs);
    Workload workload;
    workload.batch = inputs["batch_size"];
    workload.input = inputs["input_seq"];
    workload.output = inputs["output_seq"];
    workload.devices = inputs["device_num"];
    const auto hardware = make_hardware(settings_in(inputs["hardware"]));
    REQUIRE(hardware.ok());
    const Bits bits{
      inputs["bits"]["weight"], inputs["bits"]["kv_cache"], inputs["bits"]["activation"]};
    const Bits shipped =
      bits_of(*config::load(config::find_preset("upstream")->toml, "")->analytic);
    CHECK(
      (shipped.weight == bits.weight && shipped.kv == bits.kv &&
       shipped.activation == bits.activation)
    );
    const MemoryModel made =
      memory_model(dims, workload, *hardware, bits, inputs["flash_attention"]);
    const json& weights = record["exact_bytes"]["weights"];
    CHECK(made.embedding.value == weights["embedding_bytes"]);
    CHECK(made.attention.value == weights["attention_bytes"]);
    CHECK(made.ffn.value == weights["ffn_bytes"]);
    CHECK(made.lm_head.value == weights["lm_head_bytes"]);
    CHECK(made.norms.value == weights["other_bytes"]);
    CHECK(made.router.value == weights["router_bytes"]);
    CHECK(made.experts.value == weights["expert_bytes"]);
    const auto traffic = [&](const Traffic& mine, const json& theirs) {
      INFO(theirs.dump());
      CHECK(mine.read.value == theirs["read"]);
      CHECK(mine.write.value == theirs["write"]);
    };
    for (const auto& [phase, key] :
         {std::pair{&made.prefill, "prefill"}, {&made.decode, "decode_first_token"}}) {
      const json& theirs = record["exact_bytes"][key];
      traffic(phase->embedding, theirs["embedding"]);
      traffic(phase->attention, theirs["attention"]);
      traffic(phase->ffn, theirs["ffn"]);
      traffic(phase->lm_head, theirs["lm_head"]);
      traffic(phase->total(), theirs["total"]);
    }
    const json& outputs = record["outputs"];
    CHECK(close(
      static_cast<double>(made.kv_per_layer.value) / 1e6,
      outputs["kv_cache_footprint"]["per_layer_mb"]
    ));
    CHECK(close(static_cast<double>(made.kv.value) / 1e6, outputs["kv_cache_footprint"]["total_mb"])
    );
    const json& hbm = outputs["hbm_analysis"];
    CHECK(close(static_cast<double>(made.required().value) / 1e9, hbm["required_gb"]));
    CHECK(close(static_cast<double>(made.hbm_bytes) / 1e9, hbm["capacity_gb"]));
    CHECK(made.fits() == hbm["fits_in_hbm"]);
    ++count;
  }
  CHECK(count == 4);
}

TEST_CASE("utilisation of before", "[analytic][recorded]") {
  if (!tests::has_shared_data()) {
    return;
  }
  std::size_t count = 0;
  for (const fs::path& file : files_with("raw")) {
    INFO(file.filename().string());
    const json record = read(file);
    const json& inputs = record["inputs"];
    Workload workload;
    workload.batch = inputs["batch_size"];
    workload.input = inputs["input_seq"];
    workload.output = inputs["output_seq"];
    const auto hardware = make_hardware(settings_in(inputs["hardware"]));
    REQUIRE(hardware.ok());
    const Utilisation made =
      utilisation(dims_in(inputs), workload, *hardware, inputs["partitioned_matrix"]);
    const auto share = [&](const Share& mine, const json& theirs) {
      INFO(theirs.dump());
      CHECK(close(mine.attainable, theirs["attainable"]));
      CHECK(close(mine.theoretical, theirs["theoretical"]));
      CHECK(close(mine.ratio(), theirs["utilization"]));
    };
    share(made.prefill_attention, record["raw"]["prefill"]["attention"]);
    share(made.prefill_ffn, record["raw"]["prefill"]["ffn"]);
    share(made.decode_attention, record["raw"]["decode"]["attention"]);
    share(made.decode_ffn, record["raw"]["decode"]["ffn"]);
    CHECK(close(made.overall, record["outputs"]["overall_utilization"]));
    ++count;
  }
  CHECK(count == 4);
}

TEST_CASE("the compiler's utilisation", "[analytic][recorded]") {
  if (!tests::has_shared_data()) {
    return;
  }
  const json record = read(folder() / "compiler_utilization.json");
  CHECK(record["cases"].size() == 6);
  for (const json& one : record["cases"]) {
    INFO(one["inputs"].dump());
    const auto sizes = one["inputs"]["m_k_n"].get<std::array<std::uint64_t, 3>>();
    const CompilerUtilisation made = compiler_utilisation(
      dims_in(one["inputs"]),
      one["inputs"]["batch_size"],
      {sizes[0], sizes[1], sizes[2]},
      one["inputs"]["attention_context"]
    );
    for (std::size_t i = 0; i < std::size(compiler_kinds); ++i) {
      const std::string kind(compiler_kinds[i]);
      CHECK(made.operations[i].value == one["outputs"]["operations"][kind]);
      CHECK(made.attainable[i].value == one["outputs"]["attainable_FLOPS"][kind]);
      CHECK(made.theoretical[i].value == one["outputs"]["theoretical_FLOPS"][kind]);
    }
  }
}

TEST_CASE("static profiles of assembly text", "[analytic][recorded]") {
  if (!tests::has_shared_data()) {
    return;
  }
  const json record = read(folder() / "asm_static_profile.json");
  CHECK(record["rows"].size() == 20);
  const config::Config upstream = *config::load(config::find_preset("upstream")->toml, "upstream");
  for (const json& row : record["rows"]) {
    const std::string name = row["program"];
    INFO(name);
    const std::string text = text_of(tests::shared_dir() / "timing_unit" / name / "program.asm");
    REQUIRE_FALSE(text.empty());
    for (const auto& [model, latencies] :
         {std::pair{"settings_dc1", "dc_lib_en"},
          {"settings_dc0", "dc_lib_dis"},
          {"board_nexys_a7", "nexys_a7"},
          {"board_v80", "v80"}}) {
      INFO(model);
      const auto made =
        static_profile(text, settings_of(upstream, **find_latency_profile(latencies)));
      REQUIRE(made.ok());
      CHECK(made->cycles.value == row[model]["estimated_cycles"]);
      CHECK(made->static_instructions == row["static"]);
      CHECK(made->dynamic_instructions.value == row["dynamic"]);
      CHECK(made->types.size() == row["types"].size());
      for (const auto& [type, count] : made->types) {
        CHECK(count.value == row["types"].at(type));
      }
    }
    const auto former = former_profile(text);
    REQUIRE(former.ok());
    const json& theirs = row["legacy_asm_profiler"];
    CHECK(former->instructions.value == theirs["instructions"]);
    CHECK(former->cycles.value == theirs["cycles"]);
    for (const auto& [type, count] : former->types) {
      CHECK(count.value == theirs["types"].at(type));
    }
  }
}

TEST_CASE("the profile of a whole decoder layer", "[analytic][recorded]") {
  if (!tests::has_shared_data()) {
    return;
  }
  const fs::path model = tests::shared_dir() / "models" / "clm60m_l0_m64b4";
  const json program = read(model / "meta.json")["program"];
  const config::Config upstream = *config::load(config::find_preset("upstream")->toml, "upstream");
  const auto made =
    static_profile(text_of(model / "program.asm"), settings_of(upstream, latency_profiles()[0]));
  REQUIRE(made.ok());
  CHECK(made->source_lines == program["source_lines"]);
  CHECK(made->static_instructions == program["static_instruction_lines"]);
  CHECK(made->comments == program["comment_or_metadata_lines"]);
  CHECK(made->dynamic_instructions.value == program["dynamic_instruction_count"]);
  CHECK(made->cycles.value == program["estimated_cycles"]);
  CHECK(made->loop_starts == program["loop_start_lines"]);
  for (const auto& [opcode, count] : program["selected_opcodes_dynamic"].items()) {
    INFO(opcode);
    CHECK(made->opcodes.at(opcode).value == count);
  }
}
