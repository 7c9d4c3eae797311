// Moving about in a run: whatever the way, a moment is the same.
#include "../emu/random_program.h"
#include "driver/history.h"
#include "driver/session.h"
#include "driver/state_digest.h"
#include "driver/tools.h"
#include "folders.h"
#include "shared_data.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <nlohmann/json.hpp>
#include <set>

using namespace plena;
using namespace plena::driver;
using Json = nlohmann::json;

namespace {

constexpr std::uint64_t budget = std::uint64_t{128} << 20;
constexpr std::uint64_t no_limit = std::uint64_t{1} << 50;

Session model_session(const std::string& model, std::string_view settings = "m16b4") {
  Session session;
  const Result<Preset> chosen = preset(settings);
  REQUIRE(chosen);
  REQUIRE(session.set_settings(settings, chosen->toml));
  const auto bytes = tests::read_bytes(tests::source_dir() / "models" / (model + ".json"));
  REQUIRE(session.load_model(model + ".json", bytes));
  REQUIRE(session.compile("{}"));
  session.keep_history(budget);
  session.record_trace(1 << 20);
  REQUIRE(session.reset());
  return session;
}

Json at(const Result<std::string>& state) {
  REQUIRE(state);
  return Json::parse(*state);
}

/// Registers, memories, cycles and where the run stands.
std::string moment_of(Session& session) {
  Json report = Json::parse(session.emulate_report());
  return report["digests"].dump() + *session.registers() + *session.profile();
}

Json seek(Session& session, std::uint64_t executed) {
  Json state = at(session.seek(executed, no_limit));
  CHECK(state["executed"] == executed);
  return state;
}

Json move_to(Session& session, std::string_view condition, bool back = false) {
  Json state = at(session.move(condition, back, 1000));
  for (int slices = 0; state["debug"]["moving"] == true && slices < 10'000; ++slices) {
    state = at(session.move("", back, 1000));
  }
  CHECK(state["debug"]["moving"] == false);
  return state;
}

} // namespace

TEST_CASE("forward k, then back k is the same moment", "[unit][driver][debug]") {
  const std::string model = GENERATE(as<std::string>{}, "swiglu_block", "attention_gqa");
  Session session = model_session(model);
  const std::uint64_t whole = at(session.run(no_limit))["executed"];
  const std::string end = moment_of(session);
  for (const std::uint64_t k : {1u, 10u, 1000u, 100'000u}) {
    if (k + 500 > whole) {
      continue;
    }
    seek(session, 500);
    const std::string here = moment_of(session);
    seek(session, 500 + k);
    const std::string there = moment_of(session);
    CHECK(here != there);
    seek(session, 500);
    CHECK(moment_of(session) == here);
    seek(session, 500 + k);
    CHECK(moment_of(session) == there);
  }
  at(session.run(no_limit));
  CHECK(moment_of(session) == end);
  CHECK(Json::parse(*session.verify())["verdict"] == "pass");
}

TEST_CASE("a straight run and one that was moved about end alike", "[unit][driver][debug]") {
  Session straight = model_session("swiglu_block");
  const std::uint64_t whole = at(straight.run(no_limit))["executed"];
  Session moved = model_session("swiglu_block");
  std::uint64_t random = 1;
  const auto next = [&](std::uint64_t below) {
    random = random * 6364136223846793005u + 1442695040888963407u;
    return (random >> 33) % below;
  };
  for (int i = 0; i < 200; ++i) {
    switch (next(4)) {
    case 0:
      at(moved.seek(next(whole + 10), next(whole)));
      break;
    case 1:
      at(moved.run(next(300)));
      break;
    case 2:
      at(moved.seek_cycle(next(100'000), no_limit));
      break;
    default:
      at(moved.move("nodes", next(2) == 0, next(3000)));
      break;
    }
  }
  at(moved.seek(whole, no_limit));
  CHECK(moment_of(moved) == moment_of(straight));
  // The timeline has heard each instruction once.
  CHECK(
    moved.export_trace(TraceForm::Konata, 0)->text ==
    straight.export_trace(TraceForm::Konata, 0)->text
  );
}

TEST_CASE("states of random programs are kept and restored", "[unit][driver][debug]") {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    const tests::RandomProgram random = tests::random_legal_program(seed);
    const auto start = [&] {
      emu::Machine machine = emu::Machine::create(random.machine, {random.hbm, {}, {}, {}}).value();
      REQUIRE_FALSE(machine.load(random.program));
      return machine;
    };
    for (const config::Schedule schedule : {config::Schedule::serial, config::Schedule::overlap}) {
      config::Timing settings;
      settings.schedule = schedule;
      emu::Machine machine = start();
      emu::Timing timing(random.machine, settings, random.program);
      machine.run(50, &timing);
      History history(budget, machine, timing);
      const auto before = state_digest(machine);
      machine.run(UINT64_MAX, &timing);
      const auto end = state_digest(machine);
      const std::uint64_t cycles = timing.cycles();
      const History::State& kept = history.before(UINT64_MAX);
      machine.restore(*kept.machine);
      CHECK(state_digest(machine) == before);
      const std::unique_ptr<emu::Timing> again = kept.timing->copy();
      machine.run(UINT64_MAX, again.get());
      CHECK(state_digest(machine) == end);
      CHECK(again->cycles() == cycles);
      CHECK(again->causes() == timing.causes());
      // What was kept has not changed with the machine.
      machine.restore(*kept.machine);
      CHECK(state_digest(machine) == before);
    }
  }
}

TEST_CASE("states stay within their budget", "[unit][driver][debug]") {
  Session session = model_session("attention_gqa");
  session.keep_history(1 << 20);
  REQUIRE(session.reset());
  const Json end = at(session.run(no_limit));
  CHECK(end["debug"]["bytes"] <= 1 << 20);
  session.keep_history(1); // too little for any: the start is left
  REQUIRE(session.reset());
  const Json none = at(session.run(no_limit));
  CHECK(none["debug"]["states"] == 1);
  seek(session, 1234);
  const std::string here = moment_of(session);
  session.keep_history(budget);
  REQUIRE(session.reset());
  at(session.run(1234));
  CHECK(moment_of(session) == here);
}

TEST_CASE("a cycle is found with and without a timeline", "[unit][driver][debug]") {
  for (const std::uint64_t events : {std::uint64_t{1} << 20, std::uint64_t{0}}) {
    Session session = model_session("swiglu_block");
    session.record_trace(events);
    REQUIRE(session.reset());
    const std::uint64_t cycles = at(session.run(no_limit))["cycles"];
    for (const std::uint64_t cycle : {std::uint64_t{0}, cycles / 3, cycles / 2, cycles - 1}) {
      const Json before = at(session.seek_cycle(cycle, no_limit));
      CHECK(before["cycles"] <= cycle);
      const Json after = at(session.run(1));
      CHECK(after["cycles"] > cycle);
    }
  }
}

TEST_CASE("runs stop at each kind of condition, there and back", "[unit][driver][debug]") {
  Session session = model_session("swiglu_block");
  const Json rows = Json::parse(session.rows(0, 1'000'000));
  std::uint32_t loop = 0;
  while (rows[loop]["text"].get<std::string>().rfind("C_LOOP_START", 0) != 0) {
    ++loop;
  }
  const std::uint32_t other_node = rows[rows.size() - 1]["node"];
  const auto both = [&](const std::string& condition) {
    seek(session, 0);
    const Json first = move_to(session, condition);
    INFO(condition);
    REQUIRE(first["debug"]["stop"]["condition"] == condition);
    const Json second = move_to(session, condition);
    if (second["reason"] == "slice") {
      const Json back = move_to(session, condition, true);
      CHECK(back["executed"] == first["executed"]);
      CHECK(back["debug"]["stop"]["condition"] == condition);
    }
    return first;
  };
  CHECK(both("pc " + std::to_string(loop))["pc"] == loop);
  CHECK(
    rows[both("opcode M_MM_WO")["pc"].get<std::size_t>()]["text"].get<std::string>().rfind(
      "M_MM_WO", 0
    ) == 0
  );
  CHECK(
    rows[both("node " + std::to_string(other_node))["pc"].get<std::size_t>()]["node"] == other_node
  );
  both("nodes");
  const Json turn = both("loop " + std::to_string(loop) + " 2");
  CHECK(turn["pc"] == loop + 1);
  both("write vector_sram 0 64");
  both("read hbm 0 64");
  // Registers: some value that one takes.
  seek(session, 0);
  at(session.run(40));
  const Json registers = Json::parse(*session.registers());
  for (std::size_t i = 1; i < 16; ++i) {
    if (registers["gp"][i] != 0) {
      const std::string wanted = "register gp" + std::to_string(i) + " " +
                                 std::to_string(registers["gp"][i].get<std::uint64_t>());
      const Json there = both(wanted);
      CHECK(there["executed"] <= 40);
      seek(session, there["executed"]);
      CHECK(Json::parse(*session.registers())["gp"][i] == registers["gp"][i]);
      break;
    }
  }

  // Loops: on to the next turn, out, and back.
  seek(session, turn["executed"]);
  const Json third = move_to(session, "iteration");
  CHECK(third["pc"] == loop + 1);
  CHECK(move_to(session, "iteration", true)["executed"] == turn["executed"]);
  const Json out = move_to(session, "out");
  CHECK(out["executed"] > third["executed"]);
  seek(session, turn["executed"]);
  CHECK(move_to(session, "out", true)["pc"] == loop);
  CHECK(session.move("out", false, 10).diagnostics().front().code == "E_NO_LOOP");

  // Nothing found: the ends of the run.
  seek(session, turn["executed"]);
  CHECK(move_to(session, "pc 4000000000")["reason"] == "done");
  CHECK(move_to(session, "pc 4000000000", true)["executed"] == 0);
  CHECK(move_to(session, "nonfinite")["reason"] == "done");
  seek(session, 0);
  CHECK(move_to(session, "tolerance")["reason"] == "done");
}

TEST_CASE("breakpoints are read or refused", "[unit][driver][debug]") {
  Session session = model_session("swiglu_block");
  REQUIRE(session.set_breakpoints("opcode M_MM\n\n pc 3 \n"));
  const Json first = move_to(session, "breakpoints");
  CHECK(first["pc"] == 3);
  CHECK(first["debug"]["stop"]["condition"] == " pc 3 ");
  for (const char* bad :
       {"what",
        "pc",
        "pc x",
        "pc 1 2",
        "opcode NOTHING",
        "register gp99 1",
        "read nowhere 0 1",
        "loop 3",
        "pc 99999999999999999999999"}) {
    INFO(bad);
    CHECK(session.set_breakpoints(bad).diagnostics().front().code == "E_CONDITION");
    CHECK(session.move(bad, false, 1).diagnostics().front().code == "E_CONDITION");
  }
  CHECK(move_to(session, "breakpoints", true)["executed"] == 0); // the good ones have stayed
}

TEST_CASE("a result out of tolerance and the first NaN stop a run", "[unit][driver][debug]") {
  Session session = model_session("swiglu_block");
  const Json node = move_to(session, "nodes");
  const Json later = move_to(session, "nodes");
  seek(session, later["executed"].get<std::uint64_t>() - 1);
  // What a product is about to be made from is spoilt.
  for (int lane = 0; lane < 16; ++lane) {
    at(session.change("vector_sram " + std::to_string(lane) + " 1000"));
  }
  const Json off = move_to(session, "tolerance");
  CHECK(off["debug"]["stop"]["condition"] == "tolerance");
  CHECK(off["debug"]["stop"]["text"].get<std::string>().find("its reference") != std::string::npos);
  at(session.run(no_limit));
  CHECK(session.verify().diagnostics().front().code == "E_CHANGED");

  REQUIRE(session.reset());
  seek(session, later["executed"].get<std::uint64_t>() - 1);
  for (int lane = 0; lane < 16; ++lane) {
    at(session.change("vector_sram " + std::to_string(lane) + " nan"));
  }
  CHECK(move_to(session, "nonfinite")["debug"]["stop"]["condition"] == "nonfinite");
}

TEST_CASE("changes by hand stay where they were made", "[unit][driver][debug]") {
  Session session = model_session("swiglu_block");
  const std::uint64_t whole = at(session.run(no_limit))["executed"];
  seek(session, whole);
  const std::string untouched = moment_of(session);
  seek(session, 300);
  const Json changed = at(session.change("f3 0.5"));
  CHECK(changed["debug"]["changes"] == 1);
  CHECK(changed["debug"]["farthest"] == 300);
  CHECK(Json::parse(*session.registers())["f"][3]["value"] == 0.5);
  at(session.change("f4 0x3f80"));
  CHECK(Json::parse(*session.registers())["f"][4]["value"] == 1);
  at(session.change("fp_sram 1000 2"));
  at(session.change("int_sram 7 9"));
  at(session.change("a3 0x100000000"));
  at(session.run(no_limit));
  const std::string end = moment_of(session);
  CHECK(end != untouched);
  seek(session, 100);
  CHECK(Json::parse(*session.registers())["a"][3] != "4294967296");
  seek(session, 301);
  CHECK(Json::parse(*session.registers())["a"][3] == "4294967296");
  at(session.run(no_limit));
  CHECK(moment_of(session) == end);
  for (const char* bad :
       {"",
        "gp3",
        "gp3 x",
        "gp3 4294967296",
        "gp99 1",
        "f9 1",
        "f1 0x1.8p1",
        "f1 0x12345",
        "f1 0x",
        "vector_sram 9999999999999 1",
        "fp_sram 1024 1",
        "int_sram 1 4294967296",
        "hbm 3 256",
        "matrix_sram 0 1",
        "nowhere 1 1",
        "a b c d"}) {
    INFO(bad);
    CHECK(session.change(bad).diagnostics().front().code == "E_CHANGE");
  }
  CHECK(session.change("hbm 99999999999999 1").diagnostics().front().code == "E_EMU_HBM_RANGE");
  REQUIRE(session.reset());
  at(session.run(no_limit));
  CHECK(moment_of(session) == untouched);
}

TEST_CASE("a verdict ends with the run that it is of", "[unit][driver][debug]") {
  Session session = model_session("swiglu_block");
  const auto verify = [&] {
    at(session.run(no_limit));
    REQUIRE(session.verify());
    REQUIRE(session.ablation());
    CHECK(session.verdict().outputs.size() == 1);
    CHECK_FALSE(session.output_values().empty());
    CHECK_FALSE(session.ablation_lines().empty());
  };
  const auto none = [&] {
    return session.verdict().outputs.empty() && session.output_values().empty();
  };
  verify();
  at(session.change("f3 0.5"));
  CHECK(none());
  REQUIRE(session.reset());
  CHECK(session.ablation_lines().empty());
  verify();
  seek(session, 300);
  CHECK(none());
  REQUIRE(session.reset());
  verify();
  REQUIRE(session.reset());
  CHECK(none());
}

TEST_CASE("a run that was changed by hand has no link", "[unit][driver][debug]") {
  Session session = model_session("swiglu_block");
  at(session.run(no_limit));
  CHECK(session.recipe({.gallery = "swiglu_block"}));
  seek(session, 300);
  at(session.change("f3 0.5"));
  CHECK(session.recipe({.gallery = "swiglu_block"}).diagnostics().front().code == "E_CHANGED");
  REQUIRE(session.reset());
  CHECK(session.recipe({.gallery = "swiglu_block"}));
}

TEST_CASE("a step of going back looks at no more than it is allowed", "[unit][driver][debug]") {
  Session session = model_session("swiglu_block");
  const std::uint64_t whole = at(session.run(no_limit))["executed"];
  session.keep_history(1); // the start alone is kept
  REQUIRE(session.reset());
  at(session.run(no_limit));
  Json state = at(session.move("pc 3", true, 100));
  std::uint64_t slices = 1;
  for (; state["debug"]["moving"] == true && slices < 2 * whole; ++slices) {
    CHECK(state["executed"] == 100 * slices);
    state = at(session.move("", true, 100));
  }
  CHECK(slices >= whole / 100);
  CHECK(state["pc"] == 3);
  CHECK(state["debug"]["stop"]["condition"] == "pc 3");
}

TEST_CASE("moving needs a run with a history", "[unit][driver][debug]") {
  Session session;
  CHECK(session.seek(1, 1).diagnostics().front().code == "E_NO_RUN");
  CHECK(session.move("out", false, 1).diagnostics().front().code == "E_NO_RUN");
  REQUIRE(session.assemble("S_ADDI_INT gp1, gp0, 1\n", AsmMode::Strict));
  REQUIRE(session.reset());
  CHECK(session.seek(1, 1).diagnostics().front().code == "E_NO_HISTORY");
  CHECK(session.seek_cycle(1, 1).diagnostics().front().code == "E_NO_HISTORY");
  CHECK(session.change("gp1 1").diagnostics().front().code == "E_NO_HISTORY");
}

namespace {

Json origin_of(Session& session, std::string_view memory, std::uint64_t first) {
  Json origin = at(session.origin(memory, first, 1));
  while (origin["done"] == false) {
    origin = at(session.origin("", 0, 0));
  }
  return origin;
}

} // namespace

TEST_CASE("a softmax comes from inputs and weights", "[unit][driver][debug]") {
  const std::string model = GENERATE(as<std::string>{}, "attention_gqa", "router");
  Session session = model_session(model);
  session.keep_history(budget);
  REQUIRE(session.reset());
  at(session.run(no_limit));
  const std::string here = moment_of(session);
  const Json map = Json::parse(*session.memory_map());
  std::size_t last = 0;
  for (std::size_t i = 0; i < map["regions"].size(); ++i) {
    const Json& one = map["regions"][i];
    last =
      one["kind"] == "result" && one["memory"] == "vector_sram" &&
          (map["regions"][last]["kind"] != "result" || one["node"] >= map["regions"][last]["node"])
        ? i
        : last;
  }
  const Json& result = map["regions"][last];
  const Json origin = origin_of(session, "vector_sram", result["first"].get<std::uint64_t>());
  INFO(origin.dump().substr(0, 3000));
  REQUIRE(origin["steps"].size() > 10);
  CHECK(origin["instructions"] >= origin["steps"].size());
  std::set<std::string> kinds;
  for (const Json& source : origin["sources"]) {
    kinds.insert(source["kind"].get<std::string>());
    CHECK(source["kind"] != "result");
  }
  CHECK(kinds.count("input") == 1);
  CHECK(kinds.count("weight") == (model == "router" ? 1 : 0)); // attention alone has none
  CHECK(origin["nodes"].size() >= 1);
  CHECK(moment_of(session) == here);
  // The last writer is where going back to the write leads.
  const Json writer = move_to(
    session,
    "write vector_sram " + std::to_string(result["first"].get<std::uint64_t>()) + " 1",
    true
  );
  CHECK(writer["executed"] == origin["steps"][0]["executed"]);
}

TEST_CASE("a tensor is read as it lies, bits beside values", "[unit][driver][debug]") {
  Session session = model_session("swiglu_block");
  at(session.run(no_limit));
  const Json map = Json::parse(*session.memory_map());
  for (std::size_t i = 0; i < map["regions"].size(); ++i) {
    const Json& region = map["regions"][i];
    const std::uint64_t rows = std::min<std::uint64_t>(region["rows"].get<std::uint64_t>(), 20);
    const std::uint64_t cols = std::min<std::uint64_t>(region["cols"].get<std::uint64_t>(), 20);
    if (rows == 0 || cols == 0) {
      continue;
    }
    INFO(region.dump());
    const Json all = at(session.tensor(i, {0, rows, 1}, {0, cols, 1}));
    REQUIRE(all["values"].size() == rows * cols);
    CHECK(all["bits"].size() == rows * cols);
    if (region["memory"] == "vector_sram") {
      // Each element where it is said to be.
      for (const std::size_t k : {std::size_t{0}, all["values"].size() - 1}) {
        const Json cell =
          at(session.cells("vector_sram", all["addresses"][k].get<std::uint64_t>(), 1));
        CHECK(cell["values"][0] == all["values"][k]);
        CHECK(cell["bits"][0] == all["bits"][k]);
      }
    } else if (region["memory"] == "hbm" && !region["scale"].is_null()) {
      REQUIRE(all["scales"].size() == rows * cols);
      // e4m3 by hand: the value of the element times that of the shared scale, 2^(s - 127).
      if (region["element"]["exponent"] == 4 && region["element"]["mantissa"] == 3) {
        for (std::size_t k = 0; k < all["values"].size(); ++k) {
          const int code = all["bits"][k].get<int>();
          const int exponent = code >> 3 & 15;
          const double fraction = (code & 7) / 8.0;
          if (exponent == 0) {
            continue; // subnormals are a matter of numerics
          }
          const double magnitude = std::ldexp(1 + fraction, exponent - 7);
          const double value =
            (code & 128 ? -1 : 1) * std::ldexp(magnitude, all["scales"][k].get<int>() - 127);
          CHECK(all["values"][k].get<double>() == value);
        }
      }
    }
    const Json thin = at(session.tensor(i, {0, 1, 1}, {0, (cols + 1) / 2, 2}));
    CHECK(thin["values"][0] == all["values"][0]);
    if (cols > 2) {
      CHECK(thin["values"][1] == all["values"][2]);
    }
  }
  CHECK(session.tensor(9999, {0, 1, 1}, {0, 1, 1}).diagnostics().front().code == "E_RANGE");
  CHECK(session.tensor(0, {0, 0, 1}, {0, 1, 1}).diagnostics().front().code == "E_RANGE");
  CHECK(session.tensor(0, {0, 1, 0}, {0, 1, 1}).diagnostics().front().code == "E_RANGE");
  CHECK(session.tensor(0, {UINT64_MAX, 2, 1}, {0, 1, 1}).diagnostics().front().code == "E_RANGE");
  CHECK(session.cells("nowhere", 0, 1).diagnostics().front().code == "E_RANGE");
  CHECK(session.cells("fp_sram", 1020, 5).diagnostics().front().code == "E_RANGE");
  CHECK(session.cells("hbm", UINT64_MAX, 2).diagnostics().front().code == "E_RANGE");
  CHECK(at(session.cells("int_sram", 0, 3))["values"].size() == 3);
}

TEST_CASE("every region of the Int SRAM can be looked at", "[unit][driver][debug]") {
  Session session = model_session("router");
  at(session.run(no_limit));
  const Json map = Json::parse(*session.memory_map());
  std::size_t looked = 0;
  for (std::size_t i = 0; i < map["regions"].size(); ++i) {
    const Json& region = map["regions"][i];
    if (region["memory"] != "int_sram") {
      continue;
    }
    ++looked;
    const auto rows = region["rows"].get<std::uint64_t>();
    const auto cols = region["cols"].get<std::uint64_t>();
    const Json all = at(session.tensor(i, {0, rows, 1}, {0, cols, 1}));
    const Json cells =
      at(session.cells("int_sram", region["first"].get<std::uint64_t>(), rows * cols));
    CHECK(all["values"] == cells["values"]);
    CHECK(all["addresses"] == cells["addresses"]);
  }
  CHECK(looked > 0);
}

TEST_CASE("overlapping strips are looked at as the matrix they are of", "[unit][driver][debug]") {
  // An image of three strips: they are 16 columns apart.
  constexpr std::uint64_t rows = 12;
  constexpr std::uint64_t cols = 40;
  const std::string_view model = R"({"plena_model":1, "name":"conv", "family":"graph",
    "graph":{"inputs":[{"name":"x","shape":[3,4,40]}], "constants":{"w":{"shape":[16,3,4,4]}},
     "nodes":[{"op":"conv2d","inputs":["x","w"],"outputs":["y"],"attrs":{"strides":[4,4]}}],
     "outputs":["y"]},
    "weights":{"source":"seed","generator":"ih4","seed":21,"std":{"matrix":0.1}},
    "input":{"kind":"tensor","tensor":{"name":"x","shape":[3,4,40],"generator":"ih4","seed":7,"std":1}}})";
  const auto bytes_of = [](std::string_view text) {
    return std::span(reinterpret_cast<const std::uint8_t*>(text.data()), text.size());
  };
  const auto value_at = [](std::uint64_t row, std::uint64_t col) { // of 3 bits: exact
    return static_cast<double>(1 + (5 * row + 3 * col) % 7);
  };
  std::string values;
  for (std::uint64_t i = 0; i < rows * cols; ++i) {
    values += std::to_string(value_at(i / cols, i % cols)) + " ";
  }
  Session session;
  REQUIRE(session.set_settings("m16b4", preset("m16b4")->toml));
  REQUIRE(session.load_model("conv.json", bytes_of(model)));
  REQUIRE(session.set_input("x", bytes_of(values), TensorForm::Text));
  REQUIRE(session.compile("{}"));
  session.keep_history(budget);
  REQUIRE(session.reset());
  const Json map = Json::parse(*session.memory_map());
  std::size_t image = 0;
  while (map["regions"][image]["name"] != "x" || map["regions"][image]["memory"] != "hbm") {
    ++image;
    REQUIRE(image < map["regions"].size());
  }
  REQUIRE(map["regions"][image]["rows"] == rows);
  REQUIRE(map["regions"][image]["cols"] == cols);
  const Json whole = at(session.tensor(image, {0, rows, 1}, {0, cols, 1}));
  for (std::size_t i = 0; i < rows * cols; ++i) {
    INFO(i);
    CHECK(whole["values"][i] == value_at(i / cols, i % cols));
    const Json cell = at(session.cells("hbm", whole["addresses"][i].get<std::uint64_t>(), 1));
    CHECK(cell["bits"][0] == whole["bits"][i]);
  }
  // What a transfer takes from the image lies in the box that is told of it.
  std::size_t boxes = 0;
  for (Json state = at(session.run(0)); state["reason"] != "done"; state = at(session.run(1))) {
    const Json touches = at(session.touches());
    for (const Json& touched : touches["touches"]) {
      if (touched["region"] != image) {
        continue;
      }
      ++boxes;
      const auto row = touched["row"].get<std::uint64_t>();
      const auto col = touched["col"].get<std::uint64_t>();
      const auto end_row = row + touched["rows"].get<std::uint64_t>();
      const auto end_col = col + touched["cols"].get<std::uint64_t>();
      CHECK(end_row <= rows);
      CHECK(end_col <= cols);
      const auto first = touched["first"].get<std::uint64_t>();
      const auto end = first + touched["count"].get<std::uint64_t>();
      for (std::size_t i = 0; i < rows * cols; ++i) {
        const auto address = whole["addresses"][i].get<std::uint64_t>();
        if (address >= first && address < end) {
          INFO(touched.dump() << " element " << i);
          CHECK(i / cols >= row);
          CHECK(i / cols < end_row);
          CHECK(i % cols >= col);
          CHECK(i % cols < end_col);
        }
      }
    }
  }
  CHECK(boxes > 0);
}

TEST_CASE("what the next instruction touches is told in coordinates", "[unit][driver][debug]") {
  Session session = model_session("swiglu_block");
  const Json map = Json::parse(*session.memory_map());
  const Json write = move_to(session, "opcode M_MM_WO");
  const Json touched = at(session.touches());
  CHECK(touched["pc"] == write["pc"]);
  bool written = false;
  for (const Json& one : touched["touches"]) {
    if (one["write"] == true && one["memory"] == "vector_sram" && one["region"] != -1) {
      const Json& region = map["regions"][one["region"].get<std::size_t>()];
      CHECK(one["row"].get<int>() + one["rows"].get<int>() <= region["rows"].get<int>());
      CHECK(one["cols"] == 4); // BLEN lanes
      // The first element of the box lies where the touch begins.
      const Json corner = at(session.tensor(
        one["region"].get<std::size_t>(),
        {one["row"].get<std::uint64_t>(), 1, 1},
        {one["col"].get<std::uint64_t>(), 1, 1}
      ));
      written = written || corner["addresses"][0] == one["first"];
    }
  }
  CHECK(written);
}

TEST_CASE("a long run goes forward and back as well", "[unit][driver][debug]") {
  Session session;
  REQUIRE(session.set_settings("m16b4", preset("m16b4")->toml));
  REQUIRE(session.assemble(
    "C_LOOP_START gp1, 400\nC_LOOP_START gp2, 300\nS_ADDI_INT gp3, gp3, 1\nC_LOOP_END gp2\n"
    "H_PREFETCH_V gp0, gp0, a0, 0, 0\nC_LOOP_END gp1\n",
    AsmMode::Compatible
  ));
  session.keep_history(std::uint64_t{1} << 22);
  REQUIRE(session.reset());
  const std::uint64_t whole = at(session.run(no_limit))["executed"];
  REQUIRE(whole > 200'000);
  const std::string end = moment_of(session);
  for (const std::uint64_t k : {1u, 10u, 1000u, 100'000u}) {
    seek(session, 77'777);
    const std::string here = moment_of(session);
    seek(session, 77'777 + k);
    const std::string there = moment_of(session);
    seek(session, 77'777);
    CHECK(moment_of(session) == here);
    seek(session, 77'777 + k);
    CHECK(moment_of(session) == there);
  }
  at(session.run(no_limit));
  CHECK(moment_of(session) == end);
}
