// Upstream's small programs: dumps byte for byte, faults by kind and place.
#include "recorded.h"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>
#include <set>

using namespace plena;

namespace {

struct Outcome {
  bool created = false;
  std::string fault; ///< empty when the program ended
  std::uint32_t pc = 0;
};

std::string lower_code(const std::string& code) {
  std::string kind = code.substr(std::string("E_EMU_").size());
  for (char& c : kind) {
    c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  }
  return kind;
}

/// Where a dump first differs from the recorded file, for the report.
class FirstDifference : public emu::DumpSink {
 public:
  explicit FirstDifference(std::vector<std::uint8_t> wanted) : wanted_(std::move(wanted)) {}
  void bytes(std::span<const std::uint8_t> bytes) override {
    for (const std::uint8_t byte : bytes) {
      check(byte);
    }
  }
  void zeros(std::uint64_t count) override {
    for (; count > 0 && at < wanted_.size(); --count) {
      check(0);
    }
  }
  std::size_t at = 0;
  std::size_t differences = 0;
  std::size_t first = 0;

 private:
  void check(std::uint8_t byte) {
    if (at < wanted_.size() && wanted_[at] != byte) {
      first = differences == 0 ? at : first;
      ++differences;
    }
    ++at;
  }
  std::vector<std::uint8_t> wanted_;
};

} // namespace

TEST_CASE("upstream's unit programs end with upstream's memories", "[unit][emu]") {
  if (!tests::has_shared_data()) {
    return;
  }
  std::size_t dumps = 0;
  std::size_t faults = 0;
  std::set<std::filesystem::path> folders;
  for (const auto& entry :
       std::filesystem::directory_iterator(tests::shared_dir() / "emulator_unit")) {
    if (entry.is_directory()) {
      folders.insert(entry.path());
    }
  }
  for (const auto& folder : folders) {
    INFO(folder.filename().string());
    const auto meta = nlohmann::json::parse(tests::read_text(folder / "meta.json"));
    const auto inputs = tests::read_inputs(folder, "vram.bin");
    const auto config = config::load(inputs.settings, "settings.toml");
    REQUIRE(config.ok());
    auto machine = emu::Machine::create(*config, inputs.images());
    Outcome outcome;
    outcome.created = machine.ok();
    if (!machine.ok()) {
      outcome.fault = lower_code(machine.diagnostics().front().code);
    } else {
      auto fault = machine->load(inputs.program);
      if (!fault) {
        const auto result = machine->run(100'000'000);
        CHECK(result.reason != emu::RunResult::Reason::Slice);
        fault = machine->fault();
      }
      outcome.fault = fault ? std::string(to_string(fault->kind)) : "";
      outcome.pc = fault ? fault->pc : 0;
    }
    const auto& expected = meta.at("expected");
    if (expected.contains("fault")) {
      ++faults;
      CHECK(outcome.fault == expected["fault"].at("kind").get<std::string>());
      if (expected["fault"].contains("pc") && expected["fault"]["pc"].is_number()) {
        CHECK(outcome.pc == expected["fault"]["pc"].get<std::uint32_t>());
      }
      continue;
    }
    ++dumps;
    REQUIRE(outcome.created);
    CHECK(outcome.fault.empty());
    for (const auto& [name, memory] : tests::named_memories) {
      INFO(name);
      const auto& wanted = expected.at(name);
      CHECK(machine->dump_bytes(memory) == wanted.at("bytes").get<std::uint64_t>());
      const bool same = machine->dump_sha256(memory) == wanted.at("sha256").get<std::string>();
      if (!same && wanted.contains("file")) {
        FirstDifference difference(tests::read_bytes(folder / wanted["file"].get<std::string>()));
        machine->dump(memory, difference);
        INFO(difference.differences << " bytes differ, the first at " << difference.first);
        CHECK(same);
      }
      CHECK(same);
    }
    const auto& statistics = meta.at("statistics");
    CHECK(
      machine->counters().hbm_read_bytes == statistics.at("hbm_bytes_read").get<std::uint64_t>()
    );
    CHECK(
      machine->counters().hbm_written_bytes ==
      statistics.at("hbm_bytes_written").get<std::uint64_t>()
    );
  }
  CHECK(dumps == 52);
  CHECK(faults == 16);
}
