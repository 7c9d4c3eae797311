#include "report/time_documents.h"

#include "base/sha256.h"
#include "isa/codec.h"
#include "report/csv.h"
#include "report/documents.h"

#include <algorithm>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace plena::report {

namespace {

using Json = nlohmann::ordered_json;

constexpr std::size_t hottest_count = 200;

std::string dump(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::string_view memory_of(const config::Timing& timing) {
  return timing.has_memory() ? config::to_string(timing.memory_model) : "none";
}

Json timing_json(const config::Timing& timing) {
  return {
    {"profile", config::to_string(timing.cost_profile)},
    {"memory", memory_of(timing)},
    {"schedule", config::to_string(timing.schedule)},
    {"upstream", timing.is_upstream()},
    {"text", timing.title()}};
}

Json row_json(const ProfileRow& row) {
  return {
    {"key", row.key},
    {"label", row.label},
    {"pc", row.pc},
    {"executions", row.executions},
    {"cycles", row.cycles},
    {"causes", row.causes},
    {"bytes", row.bytes}};
}

Json table_json(const ProfileSource& source, ProfileBy by) {
  Json rows = Json::array();
  for (const ProfileRow& row : profile_table(source, by)) {
    rows.push_back(row_json(row));
  }
  return rows;
}

int cause_index(const emu::CauseCycles& cycles) {
  const auto cause = main_cause(cycles);
  return cause ? static_cast<int>(*cause) : -1;
}

} // namespace

std::string describe_causes() {
  Json causes = Json::array();
  for (const emu::CauseRow& row : emu::cause_rows) {
    causes.push_back(
      {{"name", row.name},
       {"title", row.title},
       {"meaning", row.meaning},
       {"lane", emu::lane_rows[static_cast<std::size_t>(row.lane)].name}}
    );
  }
  return dump(causes);
}

std::string describe_lanes() {
  Json lanes = Json::array();
  for (const emu::LaneRow& row : emu::lane_rows) {
    lanes.push_back({{"name", row.name}, {"title", row.title}});
  }
  return dump(lanes);
}

std::string timing_info(const config::Timing& timing) { return dump(timing_json(timing)); }

std::string cycles_digest(const config::Timing& timing, std::uint64_t cycles) {
  const std::string text = fmt::format(
    "{} {} {} {}",
    config::to_string(timing.cost_profile),
    memory_of(timing),
    config::to_string(timing.schedule),
    cycles
  );
  Sha256 hash;
  hash.update({reinterpret_cast<const std::uint8_t*>(text.data()), text.size()});
  return hash.finish_hex();
}

std::string profile(
  const ProfileSource& source,
  const emu::Timing& timing,
  std::uint64_t executed,
  const std::optional<codegen::ProductPrices>& products
) {
  Json document = {
    {"schema", schema},
    {"timing", timing_json(timing.settings())},
    {"cycles", timing.cycles()},
    {"executed", executed},
    {"serialCycles",
     timing.settings().schedule == config::Schedule::serial ? Json(nullptr)
                                                            : Json(timing.serial_cycles())},
    {"products", Json::parse(product_prices(products))}};
  Json tables = Json::object();
  for (const ProfileBy by :
       {ProfileBy::Cause, ProfileBy::Unit, ProfileBy::Opcode, ProfileBy::Node, ProfileBy::Loop}) {
    tables[std::string(profile_by_names[static_cast<std::size_t>(by)])] = table_json(source, by);
  }
  document["by"] = std::move(tables);
  Json hot = Json::array();
  for (const std::uint32_t pc : hottest(source.times, hottest_count)) {
    const emu::PcTime& time = source.times[pc];
    hot.push_back(
      {{"pc", pc},
       {"text", isa::disassemble(source.program.words[pc])},
       {"executions", time.executions},
       {"cycles", emu::total(time.cycles)},
       {"cause", cause_index(time.cycles)}}
    );
  }
  document["hottest"] = std::move(hot);
  return dump(document);
}

std::string profile_csv(const ProfileSource& source) {
  std::string text = "table,key,label,pc,executions,cycles";
  for (const emu::CauseRow& cause : emu::cause_rows) {
    text += fmt::format(",{}", cause.name);
  }
  text += '\n';
  for (std::size_t by = 0; by < std::size(profile_by_names); ++by) {
    for (const ProfileRow& row : profile_table(source, static_cast<ProfileBy>(by))) {
      text += fmt::format(
        "{},{},{},{},{},{},{}\n",
        profile_by_names[by],
        csv_field(row.key),
        csv_field(row.label),
        row.pc,
        row.executions,
        row.cycles,
        fmt::join(row.causes, ",")
      );
    }
  }
  return text;
}

std::string heat(const emu::Timing& timing, std::uint32_t first, std::uint32_t count) {
  Json executions = Json::array();
  Json cycles = Json::array();
  Json causes = Json::array();
  const std::uint64_t end = std::min<std::uint64_t>(timing.words(), std::uint64_t{first} + count);
  for (std::uint64_t pc = first; pc < end; ++pc) {
    const emu::PcTime time = timing.account(static_cast<std::uint32_t>(pc));
    executions.push_back(time.executions);
    cycles.push_back(emu::total(time.cycles));
    causes.push_back(cause_index(time.cycles));
  }
  return dump(
    {{"first", first},
     {"executions", std::move(executions)},
     {"cycles", std::move(cycles)},
     {"cause", std::move(causes)}}
  );
}

std::string lanes(const isa::Program& program, const emu::LaneView& view) {
  Json busy = Json::array();
  for (const auto& lane : view.busy) {
    busy.push_back(lane);
  }
  Json events = nullptr;
  if (view.events) {
    Json pc = Json::array();
    Json start = Json::array();
    Json end = Json::array();
    Json lane = Json::array();
    for (const emu::LaneView::Event& event : *view.events) {
      pc.push_back(event.pc);
      start.push_back(event.start);
      end.push_back(event.end);
      const isa::Opcode op = isa::decode_word(program.words[event.pc]).instr.op;
      lane.push_back(static_cast<int>(emu::lane_of(op)));
    }
    events = {
      {"pc", std::move(pc)},
      {"start", std::move(start)},
      {"end", std::move(end)},
      {"lane", std::move(lane)}};
  }
  Json cause = Json::array();
  for (const std::int8_t index : view.cause) {
    cause.push_back(static_cast<int>(index));
  }
  return dump(
    {{"from", view.from},
     {"to", view.to},
     {"pixels", view.cause.size()},
     {"cycles", view.cycles},
     {"exact", view.exact},
     {"resolution", view.resolution},
     {"busy", std::move(busy)},
     {"cause", std::move(cause)},
     {"events", std::move(events)}}
  );
}

std::string moment(const std::optional<emu::Moment>& moment) {
  if (!moment) {
    return "null";
  }
  return dump(
    {{"pc", moment->pc}, {"start", moment->start}, {"end", moment->end}, {"index", moment->index}}
  );
}

} // namespace plena::report
