#include "emu/stage_profile.h"

#include "base/text.h"

#include <algorithm>
#include <charconv>

namespace plena::emu {

namespace {

/// Index of a stage by its name.
consteval std::uint8_t stage(std::string_view name) {
  std::size_t i = 0;
  while (stage_names[i] != name) { // past the end: does not compile
    ++i;
  }
  return static_cast<std::uint8_t>(i);
}

constexpr std::uint8_t router = stage("router_topk");
constexpr std::uint8_t accumulator_init = stage("accumulator_init");
constexpr std::uint8_t gather = stage("gather");
constexpr std::uint8_t weight_address = stage("expert_weight_address");
constexpr std::uint8_t weight_prefetch = stage("expert_weight_prefetch");
constexpr std::uint8_t projection = stage("expert_projection");
constexpr std::uint8_t activation = stage("expert_activation");
constexpr std::uint8_t bias = stage("expert_bias");
constexpr std::uint8_t route_weight = stage("expert_route_weight");
constexpr std::uint8_t scatter = stage("scatter_combine");

/// The stage after a comment, by the first rule that matches (timing.md 3.3).
std::uint8_t stage_after(std::string_view comment, std::uint8_t now) {
  const auto has = [&](std::string_view part) { return comment.find(part) != std::string::npos; };
  const bool allocates_pair = has("allocate vram matrix step6_pair");
  if (has("gpt-oss router") || has("router token") || has("router dot token")) {
    return router;
  }
  if (has("gpt-oss vram scatter-add") || has("_scatter")) {
    return scatter;
  }
  if (allocates_pair && has("_route")) {
    return route_weight;
  }
  if (has("materialize route weight") || has("vram matrix mul") || (has("true-zero vram rows") && now == route_weight)) {
    return route_weight;
  }
  if (has("step6_device_routing_acc") || has("true-zero vram rows")) {
    return accumulator_init;
  }
  if (has("gpt-oss gather token rows") || has("gather pair") || has("clear gather padding") || (allocates_pair && has("_gather"))) {
    return gather;
  }
  if (has("dynamic expert bias add")) {
    return bias;
  }
  if (allocates_pair && has("_sigmoid")) {
    return activation;
  }
  if (has("tile row min fp") || has("tile row max fp") || (now == activation && (has("vram fill zero") || has("vram matrix add")))) {
    return activation;
  }
  if (has("dynamic hbm weight prefetch") || has("expert_id_to_weight_base")) {
    return weight_address;
  }
  if (has("subblock [")) {
    return weight_prefetch;
  }
  if (has("sub projection") || has("vram block") || (allocates_pair && !has("_gather"))) {
    return projection;
  }
  return now;
}

/// The number right after the first `marker` that a digit follows.
std::optional<std::uint64_t> number_after(std::string_view text, std::string_view marker) {
  for (std::size_t at = text.find(marker); at != std::string_view::npos;
       at = text.find(marker, at + 1)) {
    const std::string_view rest = text.substr(at + marker.size());
    std::uint64_t number = 0;
    const auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), number);
    if (error == std::errc{}) {
      return number;
    }
  }
  return std::nullopt;
}

std::string lower_case(std::string_view text) {
  std::string lower(text);
  std::transform(lower.begin(), lower.end(), lower.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  return lower;
}

/// Simulated seconds of a cycle count: upstream's clock counts picoseconds.
double seconds_at(std::uint64_t cycles) { return static_cast<double>(cycles) * 1000.0 / 1e12; }

void add(StageSums& sums, double seconds, std::uint64_t read, std::uint64_t written) {
  ++sums.instructions;
  sums.seconds += seconds;
  sums.hbm_read_bytes += read;
  sums.hbm_written_bytes += written;
}

} // namespace

std::vector<StageLabel> stage_labels(std::string_view asm_text) {
  std::vector<StageLabel> labels;
  StageLabel now;
  while (!asm_text.empty()) {
    const std::size_t end = std::min(asm_text.find('\n'), asm_text.size());
    const std::string_view line = asm_text.substr(0, end);
    asm_text.remove_prefix(std::min(end + 1, asm_text.size()));
    const std::size_t first = line.find_first_not_of(" \t\r\f\v");
    if (first == std::string_view::npos) {
      continue;
    }
    if (line[first] == ';') {
      const std::string_view comment = line.substr(first);
      now.stage = stage_after(lower_case(comment), now.stage);
      std::optional<std::uint64_t> pair = number_after(comment, "step6_pair");
      pair = pair ? pair : number_after(comment, "pair=");
      if (pair) {
        now.pair = pair;
      } else if (now.stage == router || now.stage == accumulator_init) {
        now.pair.reset();
      }
    } else if (line[0] >= 'A' && line[0] <= 'Z') {
      labels.push_back(now);
    }
  }
  return labels;
}

StageProfile::StageProfile(std::vector<StageLabel> labels, const Counters& counters)
    : labels_(std::move(labels)),
      counters_(counters) {}

void StageProfile::stepped(const Step& step) {
  const StageLabel label = step.pc < labels_.size() ? labels_[step.pc] : StageLabel{};
  const double seconds = seconds_at(step.end) - seconds_at(step.start);
  const std::uint64_t read = counters_.hbm_read_bytes - read_before_;
  const std::uint64_t written = counters_.hbm_written_bytes - written_before_;
  read_before_ = counters_.hbm_read_bytes;
  written_before_ = counters_.hbm_written_bytes;
  add(totals_, seconds, read, written);
  add(stages_[label.stage], seconds, read, written);
  if (label.pair) {
    Pair& pair = pairs_[*label.pair];
    add(pair.totals, seconds, read, written);
    add(pair.stages[label.stage], seconds, read, written);
  }
}

} // namespace plena::emu
