// Upstream's timing programs: cycles, bytes and, where recorded, every offer to the memory.
#include "emu/timing.h"
#include "recorded.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <fmt/format.h>
#include <iterator>
#include <nlohmann/json.hpp>
#include <sstream>

using namespace plena;
using nlohmann::json;

namespace {

/// A JSON value as TOML.
std::string inline_toml(const json& value) {
  if (!value.is_object()) {
    return value.dump();
  }
  std::string text;
  for (const auto& [key, member] : value.items()) {
    text += fmt::format("{}{} = {}", text.empty() ? "" : ", ", key, inline_toml(member));
  }
  return fmt::format("{{{}}}", text);
}

/// A settings file from the record: sizes, one latency column, formats.
std::string settings_toml(const json& settings) {
  std::string text;
  for (const auto& [key, value] : settings.at("CONFIG").items()) {
    text += fmt::format("[TRANSACTIONAL.CONFIG.{}]\nvalue = {}\n", key, value.dump());
  }
  for (const auto& [key, value] : settings.at("LATENCY").items()) {
    text += fmt::format(
      "[TRANSACTIONAL.LATENCY.{0}]\ndc_lib_en = {1}\ndc_lib_dis = {1}\n", key, value.dump()
    );
  }
  text += "[TRANSACTIONAL.PRECISION]\n";
  for (const auto& [key, value] : settings.at("PRECISION").items()) {
    text += fmt::format("{} = {}\n", key, inline_toml(value));
  }
  return text;
}

/// Passes the accesses of a run to a model of its own whose offers are kept.
class Offers final : public emu::Observer {
 public:
  Offers()
      : model_(emu::hbm::make_hbm2({}, [this](const emu::hbm::Offer& offer) {
          offers.push_back(offer);
        })) {}

  void transferred(const emu::TransferRow& row) override {
    append(row.element_address, row.element_bytes);
    if (row.scale_bytes > 0) {
      append(row.scale_address, row.store ? row.scale_bytes : 1);
    }
  }
  void executed(std::uint32_t, const isa::Instr& instr, emu::CostClass cost) override {
    if (emu::is_transfer(cost)) {
      emu::CauseCycles waits{};
      const std::uint64_t start = now_;
      const bool store = instr.op == isa::Opcode::H_STORE_V;
      now_ = model_->serve(now_, {store, blocks_}, waits);
      CHECK(emu::total(waits) == now_ - start);
      blocks_.clear();
    } else {
      now_ += emu::cycles(instr, machine);
    }
  }

  config::Machine machine;
  std::vector<emu::hbm::Offer> offers;

 private:
  void append(std::uint64_t address, std::uint64_t bytes) {
    for (std::uint64_t at = address / 64 * 64; at < address + bytes; at += 64) {
      blocks_.push_back(at);
    }
  }

  std::unique_ptr<emu::hbm::MemoryModel> model_;
  std::vector<std::uint64_t> blocks_;
  std::uint64_t now_ = 0;
};

struct RecordedOffer {
  std::uint64_t tick = 0;
  bool write = false;
  std::uint64_t address = 0;
  bool accepted = false;
};

std::vector<RecordedOffer> read_offers(const std::filesystem::path& path) {
  std::istringstream lines(tests::read_text(path));
  std::string line;
  std::getline(lines, line);
  std::vector<RecordedOffer> offers;
  while (std::getline(lines, line)) {
    std::istringstream fields(line);
    std::string tick;
    std::string op;
    std::string address;
    std::string accepted;
    std::getline(fields, tick, ',');
    std::getline(fields, op, ',');
    std::getline(fields, address, ',');
    std::getline(fields, accepted, ',');
    offers.push_back(
      {std::stoull(tick), op == "W", std::stoull(address, nullptr, 16), accepted.front() == '1'}
    );
  }
  return offers;
}

template <class O> std::vector<O> accepted(const std::vector<O>& offers) {
  std::vector<O> found;
  std::copy_if(offers.begin(), offers.end(), std::back_inserter(found), [](const O& offer) {
    return offer.accepted;
  });
  return found;
}

bool same(const emu::hbm::Offer& ours, const RecordedOffer& recorded) {
  return ours.tick == recorded.tick && ours.write == recorded.write &&
         ours.address == recorded.address && ours.accepted == recorded.accepted;
}

/// Line by line; false when some differ in the way that upstream's order of timers explains
/// (timing.md 2.10): what was once rejected is accepted a tick earlier or later.
bool check_offers(
  const std::vector<emu::hbm::Offer>& ours,
  const std::vector<RecordedOffer>& recorded,
  bool has_retries
) {
  const bool equal = std::equal(ours.begin(), ours.end(), recorded.begin(), recorded.end(), &same);
  CHECK((equal || has_retries));
  const auto our_accepted = accepted(ours);
  const auto their_accepted = accepted(recorded);
  CHECK(std::equal(
    our_accepted.begin(),
    our_accepted.end(),
    their_accepted.begin(),
    their_accepted.end(),
    [](const emu::hbm::Offer& a, const RecordedOffer& b) {
      return a.write == b.write && a.address == b.address && a.tick <= b.tick + 1 &&
             b.tick <= a.tick + 1;
    }
  ));
  return equal;
}

} // namespace

TEST_CASE("upstream's timing programs take upstream's cycles", "[unit][timing]") {
  if (!tests::has_shared_data()) {
    return;
  }
  const auto root = tests::shared_dir() / "timing_unit";
  const json index = json::parse(tests::read_text(root / "index.json"));
  CHECK(index.size() == 119);
  std::size_t equal = 0;
  std::size_t traces = 0;
  std::size_t exact_traces = 0;
  for (const json& entry : index) {
    const auto name = entry.at("name").get<std::string>();
    INFO(name);
    const auto folder = root / name;
    const json meta = json::parse(tests::read_text(folder / "meta.json"));
    const auto config = config::load(settings_toml(meta.at("settings")), "settings.toml");
    REQUIRE(config.ok());
    const auto int_sram = tests::read_optional(folder / "int_sram.bin");
    const isa::Program program = tests::read_mem(folder / "program.mem");
    emu::Images images;
    images.int_sram = int_sram;
    auto machine = emu::Machine::create(*config, images, {});
    REQUIRE(machine.ok());
    REQUIRE_FALSE(machine->load(program).has_value());
    emu::Timing timing(*config, config->timing, program);
    emu::RunResult result;
    do {
      result = machine->run(1'009, &timing);
    } while (result.reason == emu::RunResult::Reason::Slice);
    CHECK(result.reason == emu::RunResult::Reason::Done);
    CHECK(timing.cycles() == meta.at("cycles_by_rule").get<std::uint64_t>());
    CHECK(emu::total(timing.causes()) == timing.cycles());
    CHECK(machine->counters().executed == meta.at("executed_instructions").get<std::uint64_t>());
    CHECK(machine->counters().hbm_read_bytes == meta.at("hbm_bytes_read").get<std::uint64_t>());
    CHECK(
      machine->counters().hbm_written_bytes == meta.at("hbm_bytes_written").get<std::uint64_t>()
    );
    equal += timing.cycles() == meta.at("cycles_by_rule").get<std::uint64_t>() ? 1u : 0u;
    if (!std::filesystem::exists(folder / "hbm_trace.csv")) {
      continue;
    }
    Offers offers;
    offers.machine = *config;
    auto again = emu::Machine::create(*config, images, {});
    REQUIRE_FALSE(again->load(program).has_value());
    again->run(UINT64_MAX, &offers);
    const auto recorded = read_offers(folder / "hbm_trace.csv");
    const auto retries = meta.at("queue_full_retries_by_rule").get<std::uint64_t>();
    exact_traces += check_offers(offers.offers, recorded, retries > 0) ? 1u : 0u;
    const auto rejected =
      std::count_if(offers.offers.begin(), offers.offers.end(), [](const auto& offer) {
        return !offer.accepted && !offer.write;
      });
    CHECK(static_cast<std::uint64_t>(rejected) == retries);
    ++traces;
  }
  CHECK(equal == index.size());
  CHECK(traces == 39);
  CHECK(exact_traces >= 32);
}
