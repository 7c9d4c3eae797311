#include "base/size.h"
#include "driver/session.h"
#include "driver/tools.h"
#include "unit/onnx_builder.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <limits>
#include <map>
#include <nlohmann/json.hpp>
#include <string>

using namespace plena;
using namespace plena::driver;
using Json = nlohmann::json;

namespace {

constexpr std::string_view linear = R"({"plena_model":1, "name":"linear", "family":"graph",
 "graph":{"inputs":[{"name":"x","shape":[4,8]}],
  "constants":{"w":{"shape":[8,3],"layout":"in_out","generator":"ih4","seed":1,"std":0.5},
               "b":{"shape":[3],"values":[0.25,-0.25,0]}},
  "nodes":[{"op":"linear","inputs":["x","w","b"],"outputs":["y"]}], "outputs":["y"]},
 "weights":{"source":"inline","tensors":{}},
 "input":{"kind":"tensor","tensor":{"name":"x","shape":[4,8],"generator":"ih4","seed":7,"std":1}}})";

std::span<const std::uint8_t> bytes_of(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

Session session_with_model() {
  Session session;
  const Result<Preset> settings = preset("m16b4");
  REQUIRE(settings);
  REQUIRE(session.set_settings("m16b4", settings->toml));
  REQUIRE(session.load_model("linear.json", bytes_of(linear)));
  return session;
}

void run_to_end(Session& session, std::uint64_t slice) {
  REQUIRE(session.reset());
  while (session.status().reason == RunStatus::Reason::Ready ||
         session.status().reason == RunStatus::Reason::Slice) {
    REQUIRE(session.run(slice));
  }
}

std::string code_of(const Diagnostics& diagnostics) {
  return diagnostics.empty() ? "" : diagnostics.front().code;
}

} // namespace

TEST_CASE("a model is compiled, run and verified", "[unit][driver]") {
  Session session = session_with_model();
  REQUIRE(session.compile("{}"));
  run_to_end(session, 10);
  CHECK(session.status().reason == RunStatus::Reason::Done);
  const Result<std::string> report = session.verify();
  REQUIRE(report);
  const Json verdict = Json::parse(*report);
  CHECK(verdict["verdict"] == "pass");
  CHECK(verdict["outputs"][0]["name"] == "y");
  CHECK(verdict["outputs"][0]["golden_vs_machine"]["max_abs"] == 0.0);
  CHECK(verdict["instructions"]["dynamic"] == session.status().executed);
  CHECK(session.verdict().pass);
}

TEST_CASE("a model chooses its products, its machine and where its input lies", "[unit][driver]") {
  std::string text(linear);
  const auto replace = [&](std::string_view from, std::string_view to) {
    text.replace(text.find(from), from.size(), to);
  };
  replace(R"("shape":[4,8]})", R"("shape":[4,8],"memory":"vector_sram"})");
  replace(
    R"("family":"graph",)",
    R"("family":"graph","run":{"opt":"dense","hardware":{"mlen":32,"hlen":8,"broadcast":4}},)"
  );
  Session session = session_with_model();
  REQUIRE(session.load_model("linear.json", bytes_of(text)));
  const auto opcodes = [&] { return session.artefacts()->asm_text; };
  REQUIRE(session.compile("{}"));
  CHECK(opcodes().find("M_BMM ") != std::string::npos);
  CHECK(opcodes().find("M_MM ") == std::string::npos);
  // 4 rows of bf16, in rows of 32 lanes.
  CHECK(session.artefacts()->images.vram.size() == 32 * 32 * 2);
  run_to_end(session, 1000);
  CHECK(Json::parse(*session.verify())["verdict"] == "pass");
  // The caller is asked first.
  REQUIRE(session.compile(R"({"opt":"portable"})"));
  CHECK(opcodes().find("M_MM ") != std::string::npos);
  run_to_end(session, 1000);
  CHECK(Json::parse(*session.verify())["verdict"] == "pass");
  CHECK(code_of(session.compile(R"({"unroll":"some"})").diagnostics()) == "E_OPTIONS");

  // The next model runs on the settings again.
  REQUIRE(session.load_model("linear.json", bytes_of(linear)));
  REQUIRE(session.compile("{}"));
  run_to_end(session, 1000);
  CHECK(Json::parse(*session.verify())["verdict"] == "pass");

  replace(R"("mlen":32)", R"("mlen":30)");
  REQUIRE(session.load_model("linear.json", bytes_of(text)));
  const Diagnostics refused = session.compile("{}").diagnostics();
  CHECK(has_errors(refused));
}

TEST_CASE("loops are written out as the caller or the model asks", "[unit][driver]") {
  std::string text(linear);
  const auto replace = [&](std::string_view from, std::string_view to) {
    text.replace(text.find(from), from.size(), to);
  };
  replace("[4,8]", "[64,8]"); // enough rows for a loop
  replace("[4,8]", "[64,8]");
  std::map<std::string, Json> reports;
  for (const std::string name : {"none", "ops", "attention", "all"}) {
    Session session = session_with_model();
    REQUIRE(session.load_model("linear.json", bytes_of(text)));
    REQUIRE(session.compile(R"({"unroll":")" + name + R"("})"));
    run_to_end(session, 1000);
    CHECK(Json::parse(*session.verify())["verdict"] == "pass");
    reports[name] = Json::parse(session.emulate_report());
  }
  CHECK(reports["none"]["instructions"]["loops"] > 0);
  CHECK(reports["all"]["instructions"]["loops"] == 0);
  CHECK(reports["all"]["cycles"] < reports["none"]["cycles"]);
  // Its one operator is a linear one.
  CHECK(reports["ops"]["digests"]["words"] == reports["all"]["digests"]["words"]);
  CHECK(reports["attention"]["digests"]["words"] == reports["none"]["digests"]["words"]);

  const std::string family = R"("family":"graph",)";
  const auto with = [&](const std::string& unroll) {
    std::string changed = text;
    return changed.replace(
      changed.find(family), family.size(), family + R"("run":{"unroll":)" + unroll + "},"
    );
  };
  Session session = session_with_model();
  for (const std::string unroll : {"true", R"("all")", R"("ops")"}) {
    REQUIRE(session.load_model("linear.json", bytes_of(with(unroll))));
    REQUIRE(session.compile("{}"));
    CHECK(session.artefacts()->asm_text.find("C_LOOP_START") == std::string::npos);
    REQUIRE(session.compile(R"({"unroll":"none"})"));
    CHECK(session.artefacts()->asm_text.find("C_LOOP_START") != std::string::npos);
  }
  REQUIRE(session.load_model("linear.json", bytes_of(with(R"("some")"))));
  const Diagnostics refused = session.compile("{}").diagnostics();
  REQUIRE(code_of(refused) == "E_RUN");
  CHECK(refused.front().where == "/run/unroll");
  CHECK(refused.front().hint == "one of: none, ops, attention, all");
}

TEST_CASE(
  "products are chosen by the cost profile in force, and both are priced", "[unit][driver]"
) {
  std::string text(linear);
  const auto replace = [&](std::string_view from, std::string_view to) {
    text.replace(text.find(from), from.size(), to);
  };
  replace("[4,8]", "[64,8]");
  replace("[4,8]", "[64,8]");
  replace("[8,3]", "[8,32]"); // enough columns for whole tiles to pay
  replace(
    R"("shape":[3],"values":[0.25,-0.25,0])", R"("shape":[32],"generator":"ih4","seed":2,"std":1)"
  );
  replace(R"("family")", R"("run":{"hardware":{"mlen":32,"hlen":8,"broadcast":4}},"family")");
  Session session = session_with_model();
  REQUIRE(session.load_model("linear.json", bytes_of(text)));
  // Without a memory a run takes as long as the program is priced.
  const auto run_cycles = [&](const std::string& opt, const std::string& profile) {
    REQUIRE(session.set_timing(profile, "ideal", ""));
    REQUIRE(session.compile(R"({"opt":")" + opt + R"("})"));
    run_to_end(session, 1000);
    return session.status().cycles;
  };
  const Json expected = {
    {"portable",
     {{"emulator", run_cycles("portable", "emulator")},
      {"analytic", run_cycles("portable", "analytic")}}},
    {"dense",
     {{"emulator", run_cycles("dense", "emulator")},
      {"analytic", run_cycles("dense", "analytic")}}}};
  CHECK(expected["dense"]["emulator"] < expected["portable"]["emulator"]);
  CHECK(expected["dense"]["analytic"] > expected["portable"]["analytic"]);
  for (const std::string opt : {"dense", "auto"}) {
    for (const std::string profile : {"emulator", "analytic"}) {
      const bool dense = opt == "dense" || profile == "emulator";
      const std::uint64_t cycles = run_cycles(opt, profile);
      CHECK(cycles == expected[dense ? "dense" : "portable"][profile]);
      const Json program = Json::parse(*session.compile(R"({"opt":")" + opt + R"("})"));
      run_to_end(session, 1000);
      const Json verdict = Json::parse(*session.verify());
      CHECK(verdict["verdict"] == "pass");
      CHECK(verdict["options"]["opt"] == opt);
      CHECK(verdict["options"]["unroll"] == "none");
      const Json products = verdict["products"];
      CHECK(products["cycles"]["portable"] == expected["portable"]);
      CHECK(products["cycles"]["dense"] == expected["dense"]);
      CHECK(products["cycles"]["chosen"] == expected[dense ? "dense" : "portable"]);
      CHECK(products["profile"] == profile);
      CHECK(products["nodes"] == Json::array({0}));
      CHECK(products["dense"] == (dense ? Json::array({0}) : Json::array()));
      CHECK(program["products"] == products);
      CHECK(Json::parse(*session.profile())["products"] == products);
      CHECK(Json::parse(session.compile_report({}))["products"] == products);
    }
  }
  // An edited program is another one.
  REQUIRE(session.product_table());
  REQUIRE(session.assemble("S_ADDI_INT gp1, gp0, 1", AsmMode::Compatible));
  CHECK_FALSE(session.product_table().has_value());
  REQUIRE(session.compile(R"({"opt":"portable"})"));
  CHECK_FALSE(session.product_table().has_value());
}

TEST_CASE("the slice length changes nothing", "[unit][driver]") {
  std::string digests;
  for (const std::uint64_t slice : {std::uint64_t{1}, std::uint64_t{7}, std::uint64_t{1000000}}) {
    Session session = session_with_model();
    REQUIRE(session.compile("{}"));
    run_to_end(session, slice);
    const Json report = Json::parse(session.emulate_report());
    const std::string found = report["digests"].dump();
    CHECK((digests.empty() || digests == found));
    digests = found;
  }
}

TEST_CASE("a wrong instruction is found by the verdict", "[unit][driver]") {
  Session session = session_with_model();
  REQUIRE(session.compile("{}"));
  std::string text = session.program_text();
  const std::size_t product = text.find("M_MM_WO");
  REQUIRE(product != std::string::npos);
  // The write-out is replaced by an addition that leaves the result unwritten.
  const std::size_t end = text.find('\n', product);
  text.replace(product, end - product, "S_ADDI_INT gp15, gp15, 0");
  REQUIRE(session.assemble(text, AsmMode::Compatible));
  run_to_end(session, 1000);
  const Result<std::string> report = session.verify();
  REQUIRE(report);
  const Json verdict = Json::parse(*report);
  CHECK(verdict["verdict"] == "fail");
  CHECK_FALSE(verdict["first_bad_stage"].is_null());
  const Json& bad = verdict["first_bad"];
  CHECK(bad["tensor"] == "y");
  CHECK(bad["index"] == std::vector<int>{0, 0});
  CHECK(bad["memory"] == "vector_sram");
  CHECK_FALSE(bad["overwritten"]);
  CHECK(bad["golden"] != bad["machine"]);
  CHECK(session.verdict().first_bad.find("y[0, 0]") != std::string::npos);
}

namespace {

/// Three operators, the first result of which the last takes, too.
constexpr std::string_view chain = R"({"plena_model":1, "name":"chain", "family":"graph",
 "graph":{"inputs":[{"name":"x","shape":[4,16]}],
  "constants":{"w":{"shape":[16,16],"layout":"in_out","generator":"ih4","seed":1,"std":0.5}},
  "nodes":[{"op":"silu","name":"first","inputs":["x"],"outputs":["a"]},
           {"op":"linear","name":"second","inputs":["a","w"],"outputs":["b"]},
           {"op":"add","name":"third","inputs":["a","b"],"outputs":["y"]}], "outputs":["y"]},
 "weights":{"source":"inline","tensors":{}},
 "input":{"kind":"tensor","tensor":{"name":"x","shape":[4,16],"generator":"ih4","seed":7,"std":1}}})";

/// With the line after the last one of a kind that the stage has; returns the verdict.
Json with_line_in_stage(Session& session, std::uint32_t node, const std::string& added) {
  std::size_t line = 0;
  for (const Json& row : Json::parse(session.rows(0, 10000))) {
    line = row["node"] == node ? row["line"].get<std::size_t>() : line;
  }
  std::string text = session.program_text();
  std::size_t at = 0;
  for (; line > 0; --line) {
    at = text.find('\n', at) + 1;
  }
  REQUIRE(session.assemble(text.insert(at, added + "\n"), AsmMode::Compatible));
  run_to_end(session, 7);
  return Json::parse(*session.verify());
}

std::uint64_t address_of(const Session& session, const std::string& tensor) {
  const Json layout = Json::parse(session.artefacts()->layout_json);
  for (const Json& place : layout["tensors"]) {
    if (place["name"] == tensor && place["memory"] == "vector_sram") {
      return place["address"];
    }
  }
  FAIL("no place");
  return 0;
}

} // namespace

TEST_CASE("results are judged as their stages leave them", "[unit][driver]") {
  Session session = session_with_model();
  REQUIRE(session.load_model("chain.json", bytes_of(chain)));
  REQUIRE(session.compile(R"({"keep_stages": false})"));
  run_to_end(session, 7);
  const Json verdict = Json::parse(*session.verify());
  CHECK(verdict["verdict"] == "pass");
  REQUIRE(verdict["stages"].size() == 3);
  for (const Json& stage : verdict["stages"]) {
    CHECK(stage["golden_vs_machine"]["differing"] == 0);
    CHECK(stage["chained_pass"] == true);
    CHECK(stage["local_pass"] == true);
  }
  CHECK(verdict["first_bad"].is_null());
}

TEST_CASE("where not all results can be kept, memory is used again", "[unit][driver]") {
  // Three results of four rows, of which two are needed at once.
  std::string small(chain);
  const std::string_view both = R"("inputs":["a","b"])";
  small.replace(small.find(both), both.size(), R"("inputs":["b","b"])");
  small.insert(small.rfind('}'), R"(, "run": {"hardware": {"vram_rows": 8}})");
  Session session = session_with_model();
  REQUIRE(session.load_model("chain.json", bytes_of(small)));
  const Result<std::string> compiled = session.compile("{}");
  REQUIRE(compiled);
  CHECK(code_of(compiled.diagnostics()) == "N_STAGES");
  run_to_end(session, 100);
  CHECK(Json::parse(*session.verify())["stages"].size() == 3);
  CHECK(session.verdict().pass);
  // Not where the caller wants them kept.
  const Result<std::string> kept = session.compile(R"({"keep_stages": true})");
  REQUIRE_FALSE(kept);
  CHECK(code_of(kept.diagnostics()) == "E_RESOURCE");
}

TEST_CASE("who overwrites an earlier result is to blame, not who reads it", "[unit][driver]") {
  Session session = session_with_model();
  REQUIRE(session.load_model("chain.json", bytes_of(chain)));
  REQUIRE(session.compile("{}"));
  // The second operator doubles row 2 of what the first has left.
  const std::uint64_t row = address_of(session, "a") + 2 * 16;
  const std::string set = "S_ADDI_INT gp15, gp0, " + std::to_string(row) + "\n";
  const Json verdict = with_line_in_stage(session, 1, set + "V_ADD_VV gp15, gp15, gp15, 0");
  CHECK(verdict["verdict"] == "fail");
  CHECK(verdict["first_bad_stage"] == "second");
  const Json& bad = verdict["first_bad"];
  CHECK(bad["overwritten"] == true);
  CHECK(bad["tensor"] == "a");
  CHECK(bad["index"] == std::vector<int>{2, 0});
  CHECK(bad["address"] == row);
  CHECK(bad["instruction"].get<std::string>().find("V_ADD_VV gp15") == 0);
  CHECK(verdict["stages"][1]["pass"] == true);
}

TEST_CASE("an instruction that spoils its own stage is named", "[unit][driver]") {
  Session session = session_with_model();
  REQUIRE(session.load_model("chain.json", bytes_of(chain)));
  REQUIRE(session.compile("{}"));
  const std::uint64_t row = address_of(session, "b") + 16;
  const std::string set = "S_ADDI_INT gp15, gp0, " + std::to_string(row) + "\n";
  const Json verdict = with_line_in_stage(session, 1, set + "V_ADD_VV gp15, gp15, gp15, 0");
  CHECK(verdict["first_bad_stage"] == "second");
  const Json& bad = verdict["first_bad"];
  CHECK(bad["overwritten"] == false);
  CHECK(bad["index"] == std::vector<int>{1, 0});
  CHECK(bad["instruction"].get<std::string>().find("V_ADD_VV gp15") == 0);
  CHECK(bad["line"].get<int>() > 0);
  // The third is off as well, but does with what it was given what it has to.
  CHECK(verdict["stages"][2]["chained_pass"] == false);
  CHECK(verdict["stages"][2]["local_pass"] == true);
}

TEST_CASE("weights that are not finite are named", "[unit][driver]") {
  const float inf = std::numeric_limits<float>::infinity();
  for (const float wrong : {std::nanf(""), inf, -inf}) {
    std::vector<float> weights(8 * 3, 0.5f);
    weights[7] = wrong;
    tests::OnnxBuilder builder;
    builder.input("x", {4, 8})
      .output("y", {4, 3})
      .floats("weight", {8, 3}, weights)
      .node("MatMul", {"x", "weight"}, {"y"});
    Session session = session_with_model();
    const Result<std::string> loaded = session.load_model("m.onnx", builder.bytes());
    REQUIRE(loaded);
    REQUIRE(code_of(loaded.diagnostics()) == "W_NONFINITE");
    CHECK(loaded.diagnostics()[0].where == "weight");
    CHECK(loaded.diagnostics()[0].message.find("at [2, 1]") != std::string::npos);
  }
}

TEST_CASE("the price of each rounding needs no run", "[unit][driver]") {
  Session session = session_with_model();
  CHECK(code_of(session.ablation().diagnostics()) == "E_NO_MODEL");
  REQUIRE(session.compile("{}"));
  const Json ablation = Json::parse(*session.ablation());
  REQUIRE(ablation["rows"].size() == 4);
  CHECK(ablation["rows"][3]["precision"] == "fp32");
  CHECK(ablation["rows"][3]["outputs"][0]["match"] == 1.0);
  CHECK(session.ablation_lines().size() == 4);
  run_to_end(session, 1000);
  CHECK(code_of(session.verify("some").diagnostics()) == "E_PRECISION");
  CHECK(Json::parse(*session.verify("fp32"))["precision"] == "fp32");
}

TEST_CASE("broken text leaves the earlier program in place", "[unit][driver]") {
  Session session = session_with_model();
  REQUIRE(session.compile("{}"));
  const std::string before = session.rows(0, 1000);
  const Result<std::string> broken = session.assemble("M_MM 0, gp1\nNO_SUCH", AsmMode::Compatible);
  REQUIRE_FALSE(broken);
  CHECK(broken.diagnostics().size() == 2);
  CHECK(broken.diagnostics()[0].span.line == 1);
  CHECK(session.rows(0, 1000) == before);
  // Words that no machine can load are errors here, though upstream's assembler writes them.
  CHECK(
    code_of(session.assemble("S_ADDI_INT gp5, gp5, -64", AsmMode::Compatible).diagnostics()) ==
    "W_ASM_NOT_LOADABLE"
  );
}

TEST_CASE("faults and endless loops stop as values", "[unit][driver]") {
  Session session;
  REQUIRE(session.assemble("; first\nC_LOOP_END gp1\n", AsmMode::Compatible));
  run_to_end(session, 100);
  REQUIRE(session.status().fault);
  CHECK(session.status().fault->code == "E_FAULT_LOOP_END_WITHOUT_START");
  CHECK(session.status().fault->span.line == 2);
  const Json report = Json::parse(session.emulate_report());
  CHECK(report["fault"]["pc"] == 0);

  REQUIRE(session.assemble(
    "C_LOOP_START gp1, 4194303\nS_ADDI_INT gp2, gp2, 1\nC_LOOP_END gp1\n", AsmMode::Compatible
  ));
  REQUIRE(session.reset());
  REQUIRE(session.run(1000));
  CHECK(session.status().reason == RunStatus::Reason::Slice);
  CHECK(session.status().executed == 1000);
}

TEST_CASE("calls out of order are errors, not accidents", "[unit][driver]") {
  Session session;
  CHECK(code_of(session.compile("{}").diagnostics()) == "E_NO_MODEL");
  CHECK(code_of(session.reset().diagnostics()) == "E_NO_PROGRAM");
  CHECK(code_of(session.run(1).diagnostics()) == "E_NO_RUN");
  CHECK(code_of(session.registers().diagnostics()) == "E_NO_RUN");
  CHECK(code_of(session.verify().diagnostics()) == "E_NO_MODEL");
  CHECK(code_of(session.artefacts().diagnostics()) == "E_NO_PROGRAM");
  CHECK(code_of(session.set_input("x", {}).diagnostics()) == "E_NO_MODEL");
  CHECK(Json::parse(session.rows(0, 10)).empty());

  Session loaded = session_with_model();
  CHECK(code_of(loaded.set_input("nobody", {}).diagnostics()) == "E_TENSOR_NAME");
  CHECK(code_of(loaded.set_input("x", bytes_of("123")).diagnostics()) == "E_TENSOR_SIZE");
  CHECK(code_of(loaded.compile("[").diagnostics()) == "E_OPTIONS");
  CHECK(code_of(loaded.compile("{\"unknown\": 1}").diagnostics()) == "E_OPTIONS");
  CHECK(code_of(loaded.compile("{\"opt\": \"fast\"}").diagnostics()) == "E_OPTIONS");
  REQUIRE(loaded.compile("{}"));
  REQUIRE(loaded.reset());
  CHECK(code_of(loaded.verify().diagnostics()) == "E_NO_RUN");
}

TEST_CASE("other settings after a compilation are no accident", "[unit][driver]") {
  Session session = session_with_model();
  REQUIRE(session.compile("{}"));
  const Result<Preset> same = preset("m16b4");
  REQUIRE(session.set_settings("m16b4", same->toml));
  run_to_end(session, 100000);
  CHECK(session.verify());
  // The program and its images were made for the other machine.
  const Result<Preset> other = preset("m64b4");
  REQUIRE(session.set_settings("m64b4", other->toml));
  run_to_end(session, 100000);
  CHECK(code_of(session.verify().diagnostics()) == "E_NO_MODEL");
  CHECK(code_of(session.artefacts().diagnostics()) == "E_NO_PROGRAM");
  REQUIRE(session.compile("{}"));
  run_to_end(session, 100000);
  CHECK(session.verify());
}

TEST_CASE("why there is no link is told as it is", "[unit][driver]") {
  Session session = session_with_model();
  REQUIRE(session.compile("{}"));
  REQUIRE(session.recipe({}));
  const std::string words = session.artefacts()->mem_text;
  REQUIRE(session.load_words(words));
  CHECK(code_of(session.recipe({}).diagnostics()) == "E_RECIPE_PROGRAM");
  Session bare;
  REQUIRE(bare.load_words(words));
  CHECK(code_of(bare.recipe({}).diagnostics()) == "E_RECIPE_PROGRAM");
  REQUIRE(session.compile("{}"));
  REQUIRE(session.load_model("linear.json", bytes_of(linear)));
  CHECK(code_of(session.recipe({}).diagnostics()) == "E_NO_PROGRAM");
  // The name of an input that is too long for a link, and one of a file that is no UTF-8.
  const std::string name(201, 'x');
  std::string text(linear);
  for (std::size_t at = 0; (at = text.find("\"x\"", at)) != std::string::npos; at += name.size()) {
    text.replace(at, 3, "\"" + name + "\"");
  }
  REQUIRE(session.load_model("linear.json", bytes_of(text)));
  REQUIRE(session.set_input(name, std::vector<std::uint8_t>(4 * 8 * 4)));
  REQUIRE(session.compile("{}"));
  CHECK(code_of(session.recipe({}).diagnostics()) == "E_RECIPE_VALUE");
  REQUIRE(session.load_model("caf\xe9.json", bytes_of(linear)));
  REQUIRE(session.compile("{}"));
  REQUIRE(session.recipe({}));
  CHECK(recipe::parse(recipe::write(*session.recipe({}))));
}

TEST_CASE("a dump's zeros come as bytes or as a count", "[unit][driver]") {
  Session session = session_with_model();
  REQUIRE(session.compile("{}"));
  run_to_end(session, 100000);
  for (const Memory memory : {Memory::Vector, Memory::Matrix, Memory::Fp, Memory::Int}) {
    std::vector<std::uint8_t> plain;
    std::vector<std::uint8_t> sparse;
    session.dump(memory, [&](std::span<const std::uint8_t> bytes) {
      plain.insert(plain.end(), bytes.begin(), bytes.end());
    });
    session.dump(
      memory,
      [&](std::span<const std::uint8_t> bytes) {
        sparse.insert(sparse.end(), bytes.begin(), bytes.end());
      },
      [&](std::uint64_t count) { sparse.resize(sparse.size() + to_size(count)); }
    );
    CHECK(plain == sparse);
    CHECK_FALSE(plain.empty());
  }
}

TEST_CASE("tensors have file names of their own", "[unit][driver]") {
  CHECK(file_name_of("y") == "y");
  CHECK(file_name_of("/model/x.1") == "%2Fmodel%2Fx.1");
  CHECK(file_name_of("a%2F") == "a%252F");
  CHECK(file_name_of(std::string("a\0\n\\", 4)) == "a%00%0A%5C");
  const std::string longest = file_name_of(std::string(100000, 'x'));
  CHECK(longest.size() <= 200);
  CHECK(longest != file_name_of(std::string(100001, 'x')));
  const std::string accents = "\xC3\xA9";
  std::string many;
  for (int i = 0; i < 200; ++i) {
    many += accents;
  }
  const std::string cut = file_name_of(many);
  CHECK(cut.substr(cut.find('%') - 2, 2) == accents);
}

TEST_CASE("given inputs reach the machine and the references", "[unit][driver]") {
  Session session = session_with_model();
  const std::vector<std::uint8_t> zeros(4 * 8 * 4);
  REQUIRE(session.set_input("x", zeros));
  REQUIRE(session.compile("{}"));
  run_to_end(session, 100000);
  REQUIRE(session.verify());
  for (const NamedTensor& tensor : session.output_values()) {
    INFO(tensor.name);
    REQUIRE(tensor.values.size() == 12);
    CHECK(tensor.values[0] == 0.25f); // the bias
    CHECK(tensor.values[1] == -0.25f);
  }
}

TEST_CASE("the description is complete", "[unit][driver]") {
  const Json description = Json::parse(Session::describe());
  CHECK(description["apiVersion"] == api_version);
  CHECK(description["instructions"].size() == 56);
  CHECK(description["operators"].size() >= 9);
  CHECK(description["presets"].size() >= 6);
  CHECK(description["keys"].size() >= 30);
}
