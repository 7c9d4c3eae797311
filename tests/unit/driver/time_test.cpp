// Time as a session tells it: documents, tables, trace files.
#include "driver/session.h"
#include "driver/tools.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>
#include <string>

using namespace plena;
using namespace plena::driver;
using Json = nlohmann::json;

namespace {

constexpr std::string_view loops = "C_LOOP_START gp1, 6\n"
                                   "C_LOOP_START gp2, 5\n"
                                   "H_PREFETCH_M gp0, gp0, a0, 0, 0\n"
                                   "M_MM gp0, gp0, gp0\n"
                                   "S_ADDI_INT gp3, gp3, 1\n"
                                   "C_LOOP_END gp2\n"
                                   "H_STORE_V gp0, gp0, a0, 0, 0\n"
                                   "C_LOOP_END gp1\n"
                                   "C_LOOP_START gp2, 3\n"
                                   "S_ADD_FP f0, f0, f0\n"
                                   "C_LOOP_END gp2\n"
                                   "V_ADD_VV gp0, gp0, gp0, 0\n";

Session session_with(std::string_view text) {
  Session session;
  REQUIRE(session.set_settings("m16b4", preset("m16b4")->toml));
  REQUIRE(session.assemble(text, AsmMode::Compatible));
  return session;
}

void run_to_end(Session& session) {
  REQUIRE(session.reset());
  while (session.status().reason == RunStatus::Reason::Ready ||
         session.status().reason == RunStatus::Reason::Slice) {
    REQUIRE(session.run(37));
  }
  REQUIRE(session.status().reason == RunStatus::Reason::Done);
}

std::string code_of(const Diagnostics& diagnostics) {
  return diagnostics.empty() ? "" : diagnostics.front().code;
}

void check_profile(const Session& session) {
  const Json profile = Json::parse(*session.profile());
  CHECK(profile["cycles"] == session.status().cycles);
  CHECK(profile["executed"] == session.status().executed);
  for (const auto& [name, rows] : profile["by"].items()) {
    INFO(name);
    std::uint64_t cycles = 0;
    std::uint64_t executions = 0;
    for (const Json& row : rows) {
      std::uint64_t causes = 0;
      for (const Json& part : row["causes"]) {
        causes += part.get<std::uint64_t>();
      }
      CHECK(causes == row["cycles"]);
      cycles += row["cycles"].get<std::uint64_t>();
      executions += row["executions"].get<std::uint64_t>();
    }
    CHECK(cycles == profile["cycles"]);
    CHECK(executions == profile["executed"]);
  }
  for (const char* by : {"cause", "unit", "opcode", "node", "loop", "line"}) {
    const auto table = session.profile_table(by);
    REQUIRE(table);
    std::uint64_t cycles = 0;
    for (const TableRow& row : *table) {
      cycles += row.cycles;
    }
    CHECK(cycles == session.status().cycles);
  }
}

} // namespace

TEST_CASE("tables add up in every way of counting", "[unit][driver]") {
  for (const char* profile : {"emulator", "analytic"}) {
    for (const char* memory : {"hbm2", "ideal", "fixed"}) {
      for (const char* schedule : {"serial", "overlap"}) {
        INFO(profile << ' ' << memory << ' ' << schedule);
        Session session = session_with(loops);
        REQUIRE(session.set_timing(profile, memory, schedule));
        run_to_end(session);
        CHECK(session.status().cycles > 0);
        check_profile(session);
      }
    }
  }
}

TEST_CASE("loops are told by their nests", "[unit][driver]") {
  Session session = session_with(loops);
  run_to_end(session);
  const Json rows = Json::parse(*session.profile())["by"]["loop"];
  std::vector<std::string> labels;
  for (const Json& row : rows) {
    labels.push_back(row["label"]);
  }
  std::sort(labels.begin(), labels.end());
  CHECK(
    labels ==
    std::vector<std::string>{"loop at 0", "loop at 0 > loop at 1", "loop at 8", "outside of loops"}
  );
  for (const Json& row : rows) {
    if (row["key"] == "8") {
      CHECK(row["executions"] == 1 + 2 * 3);
      CHECK(row["cycles"] == 1 + 3); // additions into f0 are dropped
    }
  }
  // Starts without an end and ends of other registers are passed over.
  Session odd = session_with("C_LOOP_START gp1, 2\nC_LOOP_START gp2, 2\nC_LOOP_END gp1\n");
  run_to_end(odd);
  check_profile(odd);
}

TEST_CASE("nests of any depth have short labels", "[unit][driver]") {
  constexpr int depth = 20'000;
  std::string text;
  for (int i = 0; i < depth; ++i) {
    text += "C_LOOP_START gp1, 1\n";
  }
  for (int i = 0; i < depth; ++i) {
    text += "C_LOOP_END gp1\n";
  }
  Session session = session_with(text);
  run_to_end(session);
  const auto rows = session.profile_table("loop");
  REQUIRE(rows);
  CHECK(rows->size() == depth);
  std::size_t longest = 0;
  for (const TableRow& row : *rows) {
    longest = std::max(longest, row.label.size());
  }
  CHECK(longest < 200);
  CHECK(rows->back().label.ends_with(
    "loop at 3 > 19992 more > loop at 19996 > loop at 19997 > loop at 19998 > loop at 19999"
  ));
}

TEST_CASE("heat and report tell the same cycles", "[unit][driver]") {
  Session session = session_with(loops);
  run_to_end(session);
  const Json heat = Json::parse(*session.heat(0, 1000));
  REQUIRE(heat["cycles"].size() == session.program_words());
  std::uint64_t cycles = 0;
  for (const Json& one : heat["cycles"]) {
    cycles += one.get<std::uint64_t>();
  }
  CHECK(cycles == session.status().cycles);
  CHECK(heat["executions"][3] == 30);
  CHECK(Json::parse(*session.heat(1000, 5))["cycles"].empty());
  const Json report = Json::parse(session.emulate_report());
  CHECK(report["cycles"] == cycles);
  CHECK(report["digests"]["cycles"].get<std::string>().size() == 64);
  CHECK(report["timing"]["text"] == "emulator profile, HBM2, serial");
}

TEST_CASE("what was not asked for is refused", "[unit][driver]") {
  Session session = session_with(loops);
  CHECK(code_of(session.profile().diagnostics()) == "E_NO_RUN");
  CHECK(code_of(session.lanes(0, 10, 10).diagnostics()) == "E_NO_RUN");
  CHECK(code_of(session.stage_profile().diagnostics()) == "E_NO_STAGES");
  CHECK(code_of(session.set_timing("", "hbm9", "").diagnostics()) == "E_TIMING");
  run_to_end(session);
  CHECK(code_of(session.lanes(0, 10, 10).diagnostics()) == "E_NO_TRACE");
  CHECK(code_of(session.export_trace(TraceForm::Konata, 0).diagnostics()) == "E_NO_TRACE");
  CHECK(code_of(session.profile_table("moon").diagnostics()) == "E_TABLE");
  session.record_trace(1000);
  CHECK(code_of(session.lanes(0, 10, 10).diagnostics()) == "E_NO_TRACE"); // from the next reset on
  run_to_end(session);
  CHECK(session.lanes(0, 10, 10).ok());
  CHECK(code_of(session.lanes(10, 10, 10).diagnostics()) == "E_RANGE");
  CHECK(code_of(session.lanes(0, 10, 0).diagnostics()) == "E_RANGE");
  CHECK(code_of(session.export_trace(TraceForm::Konata, 5).diagnostics()) == "E_RANGE");
  // Another program has no run yet.
  REQUIRE(session.assemble("V_ADD_VV gp0, gp0, gp0, 0\n", AsmMode::Compatible));
  CHECK(code_of(session.profile().diagnostics()) == "E_NO_RUN");
}

TEST_CASE("a trace in pieces is the trace that is streamed", "[unit][driver]") {
  const std::string many =
    "C_LOOP_START gp1, 5000\nV_ADD_VV gp0, gp0, gp0, 0\nS_ADDI_INT gp3, gp3, 1\nC_LOOP_END gp1\n";
  for (const TraceForm form : {TraceForm::Perfetto, TraceForm::Konata}) {
    for (const char* schedule : {"serial", "overlap"}) {
      Session session = session_with(many);
      REQUIRE(session.set_timing("", "", schedule));
      std::string streamed;
      session.stream_trace(form, [&](std::string_view text) { streamed += text; });
      session.record_trace(1 << 20);
      run_to_end(session);
      session.finish_trace();
      std::string joined;
      int pieces = 0;
      for (std::optional<std::uint64_t> next = 0; next; ++pieces) {
        const auto piece = session.export_trace(form, *next);
        REQUIRE(piece);
        joined += piece->text;
        next = piece->next;
      }
      CHECK(pieces > 1);
      CHECK((joined == streamed));
      if (form == TraceForm::Perfetto) {
        CHECK(Json::parse(joined)["traceEvents"].size() > 15'000);
      }
    }
  }
}

TEST_CASE("prices that upstream lacks are named", "[unit][driver]") {
  Session session = session_with("V_MAX_VF gp0, gp0, f1, 0\nV_ADD_VV gp0, gp0, gp0, 0\n");
  REQUIRE(session.set_timing("analytic", "", ""));
  run_to_end(session);
  const Diagnostics warnings = session.run_warnings();
  REQUIRE(warnings.size() == 1);
  CHECK(warnings[0].code == "W_PRICE_ASSUMED");
  CHECK(warnings[0].where == "V_MAX_VF");
}
