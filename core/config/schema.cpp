// The keys for readers: JSON Schema, Markdown, and the JSON that the page shows.
#include "config/config.h"
#include "config/keys.h"

#include <fmt/format.h>
#include <iterator>
#include <nlohmann/json.hpp>

namespace plena::config {

namespace {

using Json = nlohmann::ordered_json;
using numerics::ScalarFormat;
using numerics::StorageFormat;

std::string scalar_text(const ScalarFormat& format) {
  if (format.kind == ScalarFormat::Kind::Int) {
    return fmt::format("int{}", format.width);
  }
  if (format == numerics::bf16) {
    return "bf16";
  }
  return fmt::format("{}e{}m{}", format.sign ? "" : "u", format.exponent, format.mantissa);
}

std::string storage_text(const StorageFormat& format) {
  return format.mx ? fmt::format(
                       "mx {} block {} scale {}",
                       scalar_text(format.element),
                       format.block,
                       scalar_text(format.scale)
                     )
                   : scalar_text(format.element);
}

std::string precision_text(const Machine& machine, const PrecisionKey& key) {
  if (const auto* member = std::get_if<StorageFormat Machine::*>(&key.member)) {
    return storage_text(machine.*(*member));
  }
  return scalar_text(machine.*std::get<ScalarFormat Machine::*>(key.member));
}

std::string_view precision_type(const PrecisionKey& key) {
  return std::holds_alternative<StorageFormat Machine::*>(key.member) ? "storage format"
                                                                      : "scalar format";
}

constexpr std::uint64_t max_latency = 0xFFFFFFFF;
constexpr std::string_view latency_columns[] = {"dc_lib_en", "dc_lib_dis"};

Json object_schema(Json properties, Json required) {
  return {
    {"type", "object"}, {"properties", std::move(properties)}, {"required", std::move(required)}};
}

Json integer_schema(std::uint64_t min, std::uint64_t max) {
  return {{"type", "integer"}, {"minimum", min}, {"maximum", max}};
}

Json section_schema() {
  Json config = Json::object();
  Json config_required = Json::array();
  for (const ConfigKey& key : config_keys()) {
    Json value = object_schema({{"value", integer_schema(key.min, key.max)}}, {"value"});
    value["description"] = key.meaning;
    config[std::string(key.key)] = std::move(value);
    if (key.need == Need::Required) {
      config_required.push_back(key.key);
    }
  }
  Json precision = Json::object();
  Json precision_required = Json::array();
  for (const PrecisionKey& key : precision_keys()) {
    const bool storage = std::holds_alternative<StorageFormat Machine::*>(key.member);
    precision[std::string(key.key)] = {
      {"$ref", storage ? "#/$defs/storage" : "#/$defs/scalar"}, {"description", key.meaning}};
    precision_required.push_back(key.key);
  }
  Json latency = Json::object();
  Json latency_required = Json::array();
  for (const LatencyKey& key : latency_keys()) {
    Json value = object_schema(
      {{"dc_lib_en", integer_schema(0, max_latency)},
       {"dc_lib_dis", integer_schema(0, max_latency)}},
      {"dc_lib_en", "dc_lib_dis"}
    );
    value["description"] = key.meaning;
    latency[std::string(key.key)] = std::move(value);
    if (key.need == Need::Required) {
      latency_required.push_back(key.key);
    }
  }
  return object_schema(
    {{"CONFIG", object_schema(std::move(config), std::move(config_required))},
     {"PRECISION", object_schema(std::move(precision), std::move(precision_required))},
     {"LATENCY", object_schema(std::move(latency), std::move(latency_required))}},
    {"CONFIG", "PRECISION", "LATENCY"}
  );
}

Json playground_schema() {
  Json timing = Json::object();
  for (const TimingKey& key : timing_keys()) {
    Json value = integer_schema(key.min, key.max);
    if (!key.choices.empty()) {
      value = {{"enum", Json::array()}};
      for (const Choice& choice : key.choices) {
        value["enum"].push_back(choice.name);
      }
    }
    Json entry = object_schema({{"value", std::move(value)}}, {"value"});
    entry["description"] = key.meaning;
    timing[std::string(key.key)] = std::move(entry);
  }
  const Json text = {{"type", "string"}};
  Json price = object_schema({{"alone", text}, {"pipelined", text}}, Json::array());
  return object_schema(
    {{"TIMING", object_schema(std::move(timing), Json::array())},
     {"PRICES", {{"type", "object"}, {"additionalProperties", std::move(price)}}}},
    Json::array()
  );
}

Json timing_value(const TimingKey& key, const Timing& timing) {
  const std::uint64_t value = key.get(timing);
  return key.choices.empty() ? Json(value) : Json(key.choices[static_cast<std::size_t>(value)].name);
}

Json scalar_schema() {
  const Json bits = integer_schema(0, 64);
  return {
    {"oneOf",
     {object_schema(
        {{"type", {{"const", "Fp"}}},
         {"sign", {{"type", "boolean"}}},
         {"exponent", bits},
         {"mantissa", bits}},
        {"type", "sign", "exponent", "mantissa"}
      ),
      object_schema(
        {{"type", {{"const", "Int"}}}, {"width", integer_schema(1, 64)}}, {"type", "width"}
      )}}};
}

Json storage_schema() {
  const Json scalar = {{"$ref", "#/$defs/scalar"}};
  Json plain = object_schema({{"DATA_TYPE", scalar}}, Json::array({"DATA_TYPE"}));
  Json mx = object_schema(
    {{"block", integer_schema(1, 65536)}, {"ELEM", scalar}, {"SCALE", scalar}},
    {"block", "ELEM", "SCALE"}
  );
  Json storage = object_schema({{"format", {{"type", "string"}}}}, Json::array({"format"}));
  storage["anyOf"] = Json::array({std::move(plain), std::move(mx)});
  return storage;
}

} // namespace

std::string schema() {
  Json mode = object_schema({{"active", {{"type", "string"}}}}, Json::array());
  Json document = object_schema(
    {{"MODE", std::move(mode)},
     {"TRANSACTIONAL", {{"$ref", "#/$defs/section"}}},
     {"ANALYTIC", {{"$ref", "#/$defs/section"}}},
     {"PLAYGROUND", playground_schema()}},
    Json::array({"TRANSACTIONAL"})
  );
  Json root = {
    {"$schema", "https://json-schema.org/draft/2020-12/schema"}, {"title", "PLENA settings"}};
  root.update(document);
  root["$defs"] = {
    {"scalar", scalar_schema()}, {"storage", storage_schema()}, {"section", section_schema()}};
  return root.dump(2) + "\n";
}

std::string keys_markdown() {
  const Machine shipped;
  std::string page =
    "<!-- Generated from core/config/keys.def: plena docs config > configs/KEYS.md -->\n"
    "# Settings\n\n"
    "Keys of `plena_settings.toml`, in the section `TRANSACTIONAL` (and again in `ANALYTIC`). All "
    "are\n"
    "required but those marked optional; unknown keys are kept and reported.\n\n"
    "## CONFIG\n\n| key (`.value`) | default | range | unit | meaning |\n|---|---|---|---|---|\n";
  const auto out = std::back_inserter(page);
  for (const ConfigKey& key : config_keys()) {
    fmt::format_to(
      out,
      "| `{}`{} | {} | {} to {} | {} | {} |\n",
      key.key,
      key.need == Need::Optional ? " (optional)" : "",
      get(shipped, key),
      key.min,
      key.max,
      key.unit,
      key.meaning
    );
  }
  page += "\n## PRECISION\n\n| key | type | default | meaning |\n|---|---|---|---|\n";
  for (const PrecisionKey& key : precision_keys()) {
    fmt::format_to(
      out,
      "| `{}` | {} | {} | {} |\n",
      key.key,
      precision_type(key),
      precision_text(shipped, key),
      key.meaning
    );
  }
  page += "\n## LATENCY, in cycles\n\n| key | `dc_lib_en` | `dc_lib_dis` | charged to "
          "|\n|---|---|---|---|\n";
  for (const LatencyKey& key : latency_keys()) {
    const Latency& latency = shipped.*key.member;
    fmt::format_to(
      out,
      "| `{}`{} | {} | {} | {} |\n",
      key.key,
      key.need == Need::Optional ? " (optional)" : "",
      latency.dc_lib_en,
      latency.dc_lib_dis,
      key.meaning
    );
  }
  page += "\n## PLAYGROUND.TIMING\n\n"
          "How cycles are counted. Upstream ignores this section; what a program computes never "
          "depends on it.\nAll keys are optional.\n\n"
          "| key (`.value`) | default | values | unit | meaning |\n|---|---|---|---|---|\n";
  for (const TimingKey& key : timing_keys()) {
    std::string values = fmt::format("{} to {}", key.min, key.max);
    if (!key.choices.empty()) {
      values.clear();
      for (const Choice& choice : key.choices) {
        values += fmt::format("{}`\"{}\"`", values.empty() ? "" : ", ", choice.name);
      }
    }
    const Json initial = timing_value(key, {});
    fmt::format_to(
      out,
      "| `{}` | {} | {} | {} | {} |\n",
      key.key,
      initial.is_string() ? fmt::format("`{}`", initial.dump()) : initial.dump(),
      values,
      key.unit,
      key.meaning
    );
  }
  page += "\n| value | meaning |\n|---|---|\n";
  for (const TimingKey& key : timing_keys()) {
    for (const Choice& choice : key.choices) {
      fmt::format_to(out, "| `{}` | {}: {} |\n", choice.name, choice.title, choice.meaning);
    }
  }
  page += "\n## PLAYGROUND.PRICES\n\n"
          "What the closed-form model takes for an instruction, in place of its own table: for example\n"
          "`[PLAYGROUND.PRICES.M_MM]` with `pipelined = \"SYSTOLIC_PROCESSING_OVERHEAD + MLEN\"`. An "
          "expression has the names of all\nsettings, whole numbers, `+ - * // % **`, parentheses, "
          "`min(a, b)`, `max(a, b)` and `ceil(a, b)`.\n";
  return page;
}

std::string describe_keys_json() {
  Json array = Json::array();
  const auto add = [&](
                     std::string path,
                     std::string_view type,
                     std::string_view unit,
                     std::uint64_t min,
                     std::uint64_t max,
                     std::string_view meaning
                   ) {
    array.push_back(
      {{"path", std::move(path)},
       {"type", type},
       {"unit", unit},
       {"min", min},
       {"max", max},
       {"meaning", meaning}}
    );
  };
  for (const ConfigKey& key : config_keys()) {
    add(
      fmt::format("CONFIG.{}.value", key.key), "integer", key.unit, key.min, key.max, key.meaning
    );
  }
  for (const PrecisionKey& key : precision_keys()) {
    add(fmt::format("PRECISION.{}", key.key), precision_type(key), "", 0, 0, key.meaning);
  }
  for (const LatencyKey& key : latency_keys()) {
    for (const std::string_view column : latency_columns) {
      add(
        fmt::format("LATENCY.{}.{}", key.key, column),
        "integer",
        "cycles",
        0,
        max_latency,
        key.meaning
      );
    }
  }
  for (const TimingKey& key : timing_keys()) {
    add(
      fmt::format("PLAYGROUND.TIMING.{}.value", key.key),
      key.choices.empty() ? "integer" : "choice",
      key.unit,
      key.min,
      key.max,
      key.meaning
    );
    for (const Choice& choice : key.choices) {
      array.back()["choices"].push_back(choice.name);
    }
  }
  return array.dump();
}

std::string values_json(const Config& config) {
  Json values = Json::object();
  for (const ConfigKey& key : config_keys()) {
    values[fmt::format("CONFIG.{}.value", key.key)] = get(config, key);
  }
  for (const PrecisionKey& key : precision_keys()) {
    values[fmt::format("PRECISION.{}", key.key)] = precision_text(config, key);
  }
  for (const LatencyKey& key : latency_keys()) {
    const Latency& latency = config.*key.member;
    values[fmt::format("LATENCY.{}.dc_lib_en", key.key)] = latency.dc_lib_en;
    values[fmt::format("LATENCY.{}.dc_lib_dis", key.key)] = latency.dc_lib_dis;
  }
  for (const TimingKey& key : timing_keys()) {
    values[fmt::format("PLAYGROUND.TIMING.{}.value", key.key)] = timing_value(key, config.timing);
  }
  return values.dump();
}

} // namespace plena::config
