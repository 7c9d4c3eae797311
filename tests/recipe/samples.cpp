#include "recipe/samples.h"

#include <fmt/format.h>

namespace plena::tests {

std::uint64_t Random::next() {
  std::uint64_t z = (state_ += 0x9e3779b97f4a7c15);
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
  z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
  return z ^ (z >> 31);
}

namespace {

using namespace recipe;

std::string hex(Random& random, std::size_t digits) {
  std::string text;
  while (text.size() < digits) {
    text += fmt::format("{:016x}", random.next());
  }
  text.resize(digits);
  return text;
}

template <class T, std::size_t n> T pick(Random& random, const T (&list)[n]) {
  return list[random.below(n)];
}

Model random_model(Random& random) {
  switch (random.below(5)) {
  case 0:
    return {
      .gallery = std::string(pick(random, {"swiglu_block", "linear", "kv_store"})),
      .sha256 = hex(random, 16)};
  case 1:
    return {
      .address = fmt::format("https://example.com/{}.onnx", random.below(1000)),
      .sha256 = hex(random, 64)};
  case 2:
    return {
      .file = std::string(pick(random, {"model.onnx", "größe \"x\".json", "<script>.onnx"})),
      .bytes = random.below(1u << 30),
      .sha256 = hex(random, 64)};
  case 3:
    return {
      .json = *canonical_json(fmt::format(
        R"({{"plena_model": 1, "name": "<b>{}</b>", "std": 0.5, "shape": [{}, 3], "nested": {{"a": [1.25e-7, null]}}}})",
        random.below(100),
        random.below(64)
      ))};
  default:
    return {};
  }
}

Values random_values(Random& random) {
  Values values;
  for (std::uint64_t i = random.below(4); i > 0; --i) {
    switch (random.below(3)) {
    case 0:
      values[fmt::format("MLEN{}", random.below(9))] = random.next() >> random.below(64);
      break;
    case 1:
      values[pick(random, {"opt", "HBM_M_KV_TYPE"})] =
        std::string(pick(random, {"dense", "auto", "e4m3x8/ue8m0"}));
      break;
    default:
      values["keep_stages"] = random.often(5);
    }
  }
  return values;
}

std::optional<std::uint64_t> perhaps(Random& random, std::uint64_t end) {
  return random.often(3) ? std::optional(random.below(end)) : std::nullopt;
}

Prediction random_prediction(Random& random) {
  Prediction asked;
  asked.shown = pick(random, {"parts", "roofline", "sweep"});
  if (random.often(5)) {
    asked.model = pick(random, {"llama-3.1-8b", "llada-8b", "qwen2_5_7b"});
  } else {
    asked.dims = *canonical_json(
      fmt::format(R"({{"hidden_size": {}, "x": [1.5, "<b>"]}})", random.below(9999))
    );
    asked.dims_name = "größe.json";
  }
  asked.part = random.often(3) ? "vision" : "";
  asked.form = random.often(3) ? "gpt_oss" : "";
  asked.latencies = random.often(3) ? "rtl" : "";
  asked.section = random.often(3) ? "transactional" : "";
  if (random.often(5)) {
    asked.numbers["MLEN"] = random.next();
  }
  if (random.often(5)) {
    asked.prices["M_MM.pipelined"] = std::string("2 * BLEN + min(MLEN, 3)");
  }
  for (std::uint64_t i = random.below(3); i > 0; --i) {
    asked.sweep.push_back(fmt::format("BLEN={}..64*2", 1 + random.below(8)));
  }
  return asked;
}

Way random_way(Random& random) {
  Way way;
  way.model = random_model(random);
  way.settings.preset = pick(random, {"m64b4", "upstream", "m16b4"});
  way.settings.changed = random_values(random);
  way.options = random_values(random);
  if (random.often(2)) {
    way.dims["sequence length"] = random.below(4096);
  }
  if (random.often(2)) {
    way.part = {
      perhaps(random, 40), perhaps(random, 40), perhaps(random, 4096), {}, perhaps(random, 16)};
    for (std::uint64_t i = random.below(6); i > 0; --i) {
      way.part.ids.push_back(random.below(50000));
    }
  }
  if (random.often(1)) {
    way.inputs.push_back(
      random.often(5) ? Input{.name = "x", .bytes = random.below(1u << 20), .sha256 = hex(random, 64)}
                      : Input{.name = "x", .values = pick(random, {"AAAA", "AQ==", "/+8="})}
    );
  }
  way.seed = perhaps(random, ~std::uint64_t{0});
  for (std::uint64_t i = random.below(4); i > 0; --i) {
    way.edits.push_back(
      {1 + random.below(2'000'000),
       random.below(5),
       hex(random, 8),
       random.often(7) ? fmt::format(
                           "S_ADDI_INT gp{}, gp0, {}\n; \t\"é\" <img src=x>\n",
                           random.below(16),
                           random.below(5000)
                         )
                       : ""}
    );
  }
  way.stop = perhaps(random, 1u << 30);
  if (random.often(8)) {
    way.digests = {hex(random, 16), hex(random, 16), random.often(9) ? hex(random, 16) : ""};
  }
  return way;
}

} // namespace

Recipe random_recipe(Random& random) {
  Recipe made;
  static_cast<Way&>(made) = random_way(random);
  made.release = pick(random, {"0.1.0", "1.12.3-abc1234", "10.0.0+build.7"});
  if (random.often(3)) {
    made.baseline = random.often(5) ? random_way(random) : static_cast<const Way&>(made);
    made.baseline->options["opt"] = std::string("auto");
  }
  if (random.often(3)) {
    made.text = {
      .ids = {random.below(96), random.below(96)},
      .count = random.below(100),
      .temperature = random.below(2000),
      .seed = random.next() >> (11 + random.below(53)),
      .context = 102 + random.below(1000),
      .digest = random.often(5) ? hex(random, 16) : ""};
  }
  if (random.often(5)) {
    made.view = {
      .tab = random.often(5) ? "assembly" : "",
      .pc = perhaps(random, 1000),
      .node = perhaps(random, 10),
      .cycle = perhaps(random, 1u << 30)};
    if (random.often(5)) {
      made.view.prediction = random_prediction(random);
    }
  }
  return made;
}

} // namespace plena::tests
