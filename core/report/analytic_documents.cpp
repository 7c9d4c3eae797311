#include "report/analytic_documents.h"

#include <nlohmann/json.hpp>

namespace plena::report {

namespace {

using namespace analytic;

constexpr int schema = 1;

/// Writes a document as it goes: these have hundreds of fields, and a tree of them would be much
/// code to download.
class Writer {
 public:
  std::string take() { return std::move(out_); }

  void open(char bracket) {
    separate();
    out_ += bracket;
    first_ = true;
  }
  void open(std::string_view name, char bracket) {
    key(name);
    open(bracket);
  }
  void close(char bracket) {
    out_ += bracket;
    first_ = false;
  }

  void text(std::string_view value) {
    plain(Json(value).dump(-1, ' ', false, Json::error_handler_t::replace));
  }
  void whole(std::uint64_t value) { plain(std::to_string(value)); }
  void real(double value) { plain(Json(value).dump()); }
  void flag(bool value) { plain(value ? "true" : "false"); }
  void none() { plain("null"); }

  void text(std::string_view name, std::string_view value) {
    key(name);
    text(value);
  }
  void whole(std::string_view name, std::uint64_t value) {
    key(name);
    whole(value);
  }
  void real(std::string_view name, double value) {
    key(name);
    real(value);
  }
  void flag(std::string_view name, bool value) {
    key(name);
    flag(value);
  }
  void none(std::string_view name) {
    key(name);
    none();
  }
  void megabytes(std::string_view name, Count count) {
    real(name, static_cast<double>(count.value) / 1e6);
  }
  void gigabytes(std::string_view name, Count count) {
    real(name, static_cast<double>(count.value) / 1e9);
  }

 private:
  using Json = nlohmann::ordered_json;

  void separate() {
    if (!first_) {
      out_ += ',';
    }
    first_ = false;
  }
  /// Names are the program's own.
  void key(std::string_view name) {
    separate();
    out_ += '"';
    out_ += name;
    out_ += "\":";
    first_ = true;
  }
  void plain(std::string_view value) {
    separate();
    out_ += value;
  }

  std::string out_;
  bool first_ = true;
};

void write_parts(
  Writer& out, std::string_view name, const std::vector<PartCycles>& parts, std::uint64_t total
) {
  out.open(name, '[');
  for (const PartCycles& part : parts) {
    const std::uint64_t cycles = part.each * part.times;
    out.open('{');
    out.text("part", part.name);
    out.text("title", title(part.layer));
    out.whole("each", part.each);
    out.whole("times", part.times);
    out.whole("cycles", cycles);
    out.real("share", total == 0 ? 0 : static_cast<double>(cycles) / static_cast<double>(total));
    out.close('}');
  }
  out.close(']');
}

void write_traffic(Writer& out, std::string_view name, const PhaseTraffic& traffic, bool of_token) {
  const Traffic total = traffic.total();
  const Count all = total.read + total.write;
  out.open(name, '{');
  out.megabytes("read_mb", total.read);
  out.megabytes("write_mb", total.write);
  out.megabytes("total_mb", all);
  if (of_token) {
    out.whole("bytes_per_token", all.value);
    out.megabytes("mb_per_token", all);
  }
  const std::pair<std::string_view, const Traffic*> rows[] = {
    {"embedding", &traffic.embedding},
    {"attention", &traffic.attention},
    {"ffn", &traffic.ffn},
    {"lm_head", &traffic.lm_head}};
  out.open("parts", '{');
  for (const auto& [part, moved] : rows) {
    out.open(part, '{');
    out.whole("read", moved->read.value);
    out.whole("write", moved->write.value);
    out.close('}');
  }
  out.close('}');
  out.close('}');
}

void write_bandwidth(
  Writer& out,
  std::string_view name,
  const MemoryModel& memory,
  const PhaseTraffic& traffic,
  double seconds
) {
  const Traffic total = traffic.total();
  const double achieved =
    seconds > 0 ? static_cast<double>((total.read + total.write).value) / seconds : 0;
  const double share =
    memory.peak_bytes_per_second > 0 ? achieved / memory.peak_bytes_per_second : 0;
  out.open(name, '{');
  out.real("peak_gbps", memory.peak_bytes_per_second / 1e9);
  out.real("achieved_gbps", achieved / 1e9);
  out.real("utilization_percent", 100 * share);
  out.flag("hbm_bound", share > bandwidth_bound);
  out.close('}');
}

void write_memory(Writer& out, const AnalyticFacts& facts) {
  const MemoryModel& memory = facts.memory;
  const double capacity = static_cast<double>(memory.hbm_bytes);
  const double required = static_cast<double>(memory.required().value);
  out.open("memory", '{');
  out.open("weight_footprint", '{');
  out.megabytes("embedding_mb", memory.embedding);
  out.megabytes("attention_mb", memory.attention);
  out.megabytes("ffn_mb", memory.ffn);
  out.megabytes("lm_head_mb", memory.lm_head);
  out.megabytes("router_mb", memory.router);
  out.megabytes("expert_mb", memory.experts);
  out.megabytes("other_mb", memory.norms);
  out.megabytes("total_mb", memory.weights());
  out.gigabytes("total_gb", memory.weights());
  out.close('}');
  out.open("kv_cache_footprint", '{');
  out.megabytes("per_layer_mb", memory.kv_per_layer);
  out.megabytes("total_mb", memory.kv);
  out.gigabytes("total_gb", memory.kv);
  out.close('}');
  out.megabytes("activations_mb", memory.activations);
  out.open("hbm_analysis", '{');
  out.real("capacity_gb", capacity / 1e9);
  out.gigabytes("required_gb", memory.required());
  out.real("utilization_percent", capacity > 0 ? 100 * required / capacity : 0);
  out.flag("fits_in_hbm", memory.fits());
  out.real("headroom_gb", (capacity - required) / 1e9);
  out.close('}');
  write_traffic(out, "prefill_traffic", memory.prefill, false);
  write_traffic(out, "decode_traffic", memory.decode, true);
  out.open("bandwidth_utilization", '{');
  write_bandwidth(out, "prefill", memory, memory.prefill, facts.prediction.prefill_seconds);
  write_bandwidth(out, "decode", memory, memory.decode, facts.prediction.first_token_seconds);
  out.close('}');
  out.close('}');
}

void write_roofline(Writer& out, const AnalyticFacts& facts) {
  const Roof roof = roof_of(facts.hardware);
  out.open("roofline", '{');
  out.real("peak_flops", roof.flops_per_second);
  out.real("peak_bytes", roof.bytes_per_second);
  out.real("ridge", roof.ridge());
  out.open("points", '[');
  for (const RooflinePoint& point : facts.points) {
    out.open('{');
    out.text("phase", point.phase);
    out.text("part", point.part);
    out.real("flops", point.flops);
    out.real("bytes", point.bytes);
    out.real("seconds", point.seconds);
    out.real("intensity", point.intensity());
    out.real("achieved", point.achieved());
    out.real("ceiling", roof.ceiling(point.intensity()));
    out.flag("memory_bound", point.intensity() < roof.ridge());
    out.close('}');
  }
  out.close(']');
  out.close('}');
}

/// A column of the sweep: null where a combination cannot be.
void write_reals(
  Writer& out,
  std::string_view name,
  const std::vector<SweepPoint>& points,
  double SweepPoint::*member
) {
  out.open(name, '[');
  for (const SweepPoint& point : points) {
    point.error ? out.none() : out.real(point.*member);
  }
  out.close(']');
}
void write_wholes(
  Writer& out,
  std::string_view name,
  const std::vector<SweepPoint>& points,
  std::uint64_t SweepPoint::*member
) {
  out.open(name, '[');
  for (const SweepPoint& point : points) {
    point.error ? out.none() : out.whole(point.*member);
  }
  out.close(']');
}

void write_sweep(Writer& out, const AnalyticFacts& facts) {
  out.open("sweep", '{');
  out.open("axes", '[');
  for (const Axis& axis : facts.axes) {
    out.open('{');
    out.text("key", axis.key);
    out.open("values", '[');
    for (const std::uint64_t value : axis.values) {
      out.whole(value);
    }
    out.close(']');
    out.close('}');
  }
  out.close(']');
  write_reals(out, "seconds", facts.sweep, &SweepPoint::first);
  write_reals(out, "tokens_per_second", facts.sweep, &SweepPoint::tokens_per_second);
  write_wholes(out, "cycles", facts.sweep, &SweepPoint::cycles);
  write_wholes(out, "sram_bytes", facts.sweep, &SweepPoint::sram_bytes);
  write_wholes(out, "multipliers", facts.sweep, &SweepPoint::multipliers);
  out.open("pareto", '[');
  for (const SweepPoint& point : facts.sweep) {
    out.flag(point.pareto);
  }
  out.close(']');
  out.open("errors", '[');
  for (const SweepPoint& point : facts.sweep) {
    if (!point.error) {
      out.none();
      continue;
    }
    out.open('{');
    out.text("code", point.error->code);
    out.text("message", point.error->message);
    out.close('}');
  }
  out.close(']');
  out.close('}');
}

void write_names(Writer& out, std::string_view name, const std::vector<std::string_view>& names) {
  out.open(name, '[');
  for (const std::string_view one : names) {
    out.text(one);
  }
  out.close(']');
}

} // namespace

std::string analytic_json(const AnalyticFacts& facts) {
  const Prediction& made = facts.prediction;
  const Workload& workload = facts.scenario.workload;
  const Dims& dims = facts.scenario.dims;
  Writer out;
  out.open('{');
  out.whole("schema", schema);
  out.text("model", dims.name);
  out.text("form", to_string(made.form));
  out.whole("batch_size", workload.batch);
  if (made.form == Form::Llada) {
    out.text("mode", "llada_diffusion");
    out.whole("seq_len", workload.sequence());
    out.whole("diffusion_steps", workload.steps);
    out.whole("device_num", workload.devices);
    out.real("total_time_seconds", made.total_seconds);
    out.real("total_time_ms", made.total_seconds * 1000);
    out.real("output_tokens_per_second", made.tokens_per_second);
    out.whole("step_total_cycles", made.prefill_cycles);
  } else {
    out.whole("input_seq_len", workload.input);
    out.whole("output_seq_len", workload.output);
    out.whole("device_num", workload.devices);
    out.real("ttft_seconds", made.ttft_seconds);
    out.real("ttft_ms", made.ttft_seconds * 1000);
    out.real("tps", made.tokens_per_second);
    out.whole("prefill_total_cycles", made.prefill_cycles);
    out.whole("first_decode_token_cycles", made.first_token_cycles);
    out.whole("decode_all_tokens_cycles", made.decode_cycles);
  }
  out.whole("request_cycles", made.request_cycles);
  out.text("section", facts.section);
  out.text("latencies", facts.latencies);
  const auto names = setting_names();
  out.open("settings", '{');
  for (std::size_t i = 0; i + 1 < names.size(); ++i) {
    out.whole(names[i], static_cast<std::uint64_t>(facts.scenario.settings[i]));
  }
  out.close('}');
  out.whole("multipliers", facts.hardware.multipliers());
  out.open("prices", '[');
  for (const PriceFacts& price : facts.prices) {
    out.open('{');
    out.text("insn", to_string(price.insn));
    out.text("pipelined", price.text);
    out.text("standard", price.standard);
    out.whole("cycles", facts.hardware[price.insn]);
    out.close('}');
  }
  out.close(']');
  out.open("dims", '{');
  for (const std::string_view key : dimension_keys()) {
    out.whole(key, key == "head_dim" ? dims.head_dim_of(made.form) : dimension(dims, key));
  }
  out.close('}');
  write_parts(out, "prefill", made.prefill, made.prefill_cycles);
  // The parts' own cycles; the totals are doubled, as upstream counts.
  write_parts(out, "decode", made.decode, made.first_token_cycles / 2);
  write_memory(out, facts);
  const Utilisation& used = facts.utilisation;
  out.open("utilisation", '{');
  out.real("prefill_attention_util", used.prefill_attention.ratio());
  out.real("prefill_ffn_util", used.prefill_ffn.ratio());
  out.real("decode_attention_util", used.decode_attention.ratio());
  out.real("decode_ffn_util", used.decode_ffn.ratio());
  out.real("overall_utilization", used.overall);
  out.close('}');
  write_roofline(out, facts);
  if (facts.axes.empty()) {
    out.none("sweep");
  } else {
    write_sweep(out, facts);
  }
  out.close('}');
  return out.take();
}

std::string describe_analytic() {
  std::vector<std::string_view> models;
  for (const ShippedDims& model : shipped_dims()) {
    models.push_back(model.name);
  }
  const auto names = setting_names();
  Writer out;
  out.open('{');
  write_names(out, "models", models);
  out.open("latencies", '[');
  for (const LatencyProfile& profile : latency_profiles()) {
    out.open('{');
    out.text("name", profile.name);
    out.text("meaning", profile.meaning);
    out.close('}');
  }
  out.close(']');
  write_names(out, "settings", {names.begin(), names.end() - 1});
  write_names(out, "workload", workload_keys());
  write_names(out, "dimensions", dimension_keys());
  out.close('}');
  return out.take();
}

// ---- comparison with a run

std::string run_comparison_json(const AnalyticRun& comparison) {
  Writer out;
  out.open('{');
  out.whole("schema", schema);
  out.text("model", comparison.model);
  out.text("settings", comparison.settings);
  out.text("machine", comparison.machine);
  out.text("timing", comparison.timing);
  out.text("form", comparison.form);
  out.open("parts", '[');
  for (const ComparisonRow& row : comparison.rows) {
    out.open('{');
    out.text("part", to_string(row.part));
    out.text("title", title(row.part));
    out.whole("nodes", row.nodes);
    if (row.formula) {
      out.whole("formula", *row.formula);
    } else {
      out.none("formula");
    }
    out.whole("program_analytic", row.analytic);
    out.whole("program_emulator", row.emulator);
    out.whole("run", row.run);
    out.close('}');
  }
  out.close(']');
  out.whole("bytes_read", comparison.bytes_read);
  if (const auto& roofline = comparison.roofline) {
    out.open("roofline", '{');
    out.real("flops", roofline->flops);
    out.real("intensity", roofline->intensity);
    out.real("achieved", roofline->achieved);
    out.real("ceiling", roofline->ceiling);
    out.real("efficiency", roofline->efficiency);
    out.flag("memory_bound", roofline->memory_bound);
    out.close('}');
  }
  out.close('}');
  return out.take();
}

} // namespace plena::report
