#include "report/look_documents.h"

#include <cmath>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace plena::report {

namespace {

using Json = nlohmann::ordered_json;

std::string dump(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

Json scalar(const numerics::ScalarFormat& format) {
  const bool is_float = format.kind == numerics::ScalarFormat::Kind::Fp;
  return {
    {"float", is_float},
    {"sign", is_float && format.sign ? 1 : 0},
    {"exponent", is_float ? format.exponent : 0},
    {"mantissa", is_float ? format.mantissa : 0},
    {"width", format.width}};
}

/// What JSON has no numbers for is text.
Json real(float value) {
  return std::isfinite(value) ? Json(value) : Json(fmt::format("{}", value));
}

} // namespace

std::string describe_conditions(std::span<const ChoiceRow> rows) {
  Json list = Json::array();
  for (const ChoiceRow& row : rows) {
    list.push_back({{"name", row.name}, {"arguments", row.title}, {"meaning", row.meaning}});
  }
  return dump(list);
}

std::string memory_map(std::span<const MemoryFacts> memories, std::span<const Region> regions) {
  Json document = {{"memories", Json::array()}, {"regions", Json::array()}};
  for (const MemoryFacts& one : memories) {
    document["memories"].push_back(
      {{"name", one.name}, {"size", one.size}, {"element", scalar(one.element)}}
    );
  }
  for (const Region& one : regions) {
    document["regions"].push_back(
      {{"name", one.name},
       {"memory", one.memory},
       {"kind", one.kind},
       {"first", one.first},
       {"count", one.count},
       {"node", one.node},
       {"rows", one.rows},
       {"cols", one.cols},
       {"tileCols", one.tile_cols},
       {"element", scalar(one.format.element)},
       {"block", one.format.mx ? one.format.block : 0},
       {"scale", one.format.mx ? scalar(one.format.scale) : Json(nullptr)}}
    );
  }
  return dump(document);
}

std::string elements(const Elements& elements) {
  Json values = Json::array();
  for (const float value : elements.values) {
    values.push_back(real(value));
  }
  const auto window = [](const Window& one) {
    return Json({{"first", one.first}, {"count", one.count}, {"step", one.step}});
  };
  return dump(
    {{"rows", window(elements.rows)},
     {"cols", window(elements.cols)},
     {"values", values},
     {"bits", elements.bits},
     {"scales", elements.scales},
     {"addresses", elements.addresses}}
  );
}

std::string touches(std::uint32_t pc, std::string_view instruction, std::span<const Box> boxes) {
  Json list = Json::array();
  for (const Box& box : boxes) {
    list.push_back(
      {{"memory", box.memory},
       {"write", box.write},
       {"first", box.first},
       {"count", box.count},
       {"region", box.region},
       {"row", box.row},
       {"rows", box.rows},
       {"col", box.col},
       {"cols", box.cols}}
    );
  }
  return dump({{"pc", pc}, {"instruction", instruction}, {"touches", list}});
}

std::string origin(const Origin& origin) {
  Json steps = Json::array();
  for (const OriginStep& step : origin.steps) {
    steps.push_back(
      {{"executed", step.executed},
       {"pc", step.pc},
       {"instruction", step.instruction},
       {"node", step.node}}
    );
  }
  Json sources = Json::array();
  for (const OriginSource& source : origin.sources) {
    sources.push_back(
      {{"name", source.name},
       {"kind", source.kind},
       {"memory", source.memory},
       {"count", source.count}}
    );
  }
  return dump(
    {{"done", origin.done},
     {"reached", origin.reached},
     {"instructions", origin.instructions},
     {"steps", steps},
     {"nodes", origin.nodes},
     {"sources", sources}}
  );
}

} // namespace plena::report
