// A run that is kept, and later runs beside it.
#include "driver/session.h"
#include "driver/tools.h"
#include "folders.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>

using namespace plena;
using namespace plena::driver;
using Json = nlohmann::json;

namespace {

std::string file(const std::string& model) {
  std::ifstream in(tests::source_dir() / "models" / model, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

void run_to_end(Session& session) {
  REQUIRE(session.reset());
  while (session.status().reason == RunStatus::Reason::Ready ||
         session.status().reason == RunStatus::Reason::Slice) {
    REQUIRE(session.run(100'000));
  }
}

/// The model compiled, run and verified.
void open(Session& session, const std::string& model, std::string_view options) {
  const std::string json = file(model);
  const std::span bytes(reinterpret_cast<const std::uint8_t*>(json.data()), json.size());
  REQUIRE(session.set_settings("m64b4", preset("m64b4")->toml));
  REQUIRE(session.load_model(model, bytes));
  REQUIRE(session.compile(options));
  run_to_end(session);
  REQUIRE(session.verify());
}

constexpr std::string_view portable = R"({"opt":"portable"})";
constexpr std::string_view dense = R"({"opt":"dense"})";

Json comparison(const Session& session) {
  const Result<std::string> text = session.compare_with_pinned();
  REQUIRE(text.ok());
  return Json::parse(*text);
}

double number(const Json& value) { return value.is_null() ? 0 : value.get<double>(); }

std::string code_of(const Diagnostics& diagnostics) {
  return diagnostics.empty() ? "" : diagnostics.front().code;
}

} // namespace

TEST_CASE("only a finished run is kept, and only a finished run compared") {
  Session session;
  CHECK(code_of(session.pin("x").diagnostics()) == "E_NO_RUN");
  CHECK(code_of(session.compare_with_pinned().diagnostics()) == "E_NOT_PINNED");
  open(session, "swiglu_block.json", portable);
  REQUIRE(session.pin("first"));
  REQUIRE(session.reset());
  CHECK(code_of(session.compare_with_pinned().diagnostics()) == "E_NO_RUN");
  CHECK(code_of(session.diff_with_pinned(0, 10, true).diagnostics()) == "E_NO_RUN");
  CHECK(code_of(session.pin("half").diagnostics()) == "E_NO_RUN");
  run_to_end(session);
  CHECK(comparison(session)["a"]["name"] == "first");
  session.unpin();
  CHECK(code_of(session.compare_with_pinned().diagnostics()) == "E_NOT_PINNED");
}

TEST_CASE("a run beside itself has no differences") {
  Session session;
  open(session, "swiglu_block.json", portable);
  REQUIRE(session.pin("itself"));
  const Json found = comparison(session);
  for (const Json& row : found["numbers"]) {
    CHECK(row["a"] == row["b"]);
  }
  for (const Json& rows : found["by"]) {
    for (const Json& row : rows) {
      CHECK(row["a"] == row["b"]);
    }
  }
  CHECK(found["diff"]["same"] == session.program_words());
  CHECK(Json::parse(*session.diff_with_pinned(0, 100, false))["total"] == 0);
  CHECK(Json::parse(*session.diff_with_pinned(0, 100, true))["total"] == session.program_words());
}

TEST_CASE("the tables of both sides add up to their cycles, and exchanging the sides exchanges them"
) {
  Session session;
  open(session, "swiglu_block.json", portable);
  REQUIRE(session.pin("portable"));
  const std::uint64_t before = session.status().cycles;
  open(session, "swiglu_block.json", dense);
  const std::uint64_t after = session.status().cycles;
  REQUIRE(before != after);
  const Json forth = comparison(session);
  for (const auto& [name, rows] : forth["by"].items()) {
    INFO(name);
    double a = 0;
    double b = 0;
    for (const Json& row : rows) {
      a += number(row["a"]);
      b += number(row["b"]);
    }
    CHECK(a == static_cast<double>(before));
    CHECK(b == static_cast<double>(after));
  }

  Session other;
  open(other, "swiglu_block.json", portable);
  REQUIRE(other.pin("dense", session));
  const Json back = comparison(other);
  const auto exchanged = [](const Json& rows, const Json& others, const char* key) {
    REQUIRE(rows.size() == others.size());
    for (const Json& row : rows) {
      const auto same = std::find_if(others.begin(), others.end(), [&](const Json& one) {
        return one[key] == row[key];
      });
      REQUIRE(same != others.end());
      CHECK((*same)["a"] == row["b"]);
      CHECK((*same)["b"] == row["a"]);
    }
  };
  exchanged(forth["numbers"], back["numbers"], "name");
  for (const auto& [name, rows] : forth["by"].items()) {
    exchanged(rows, back["by"][name], "key");
  }
  // Where several lines match as well as others, either direction may choose its own.
  const auto longer = [](const Json& found) {
    return found["diff"]["added"].get<int>() - found["diff"]["removed"].get<int>();
  };
  CHECK(longer(forth) == -longer(back));
}

TEST_CASE("an edited program is compared with the compiled one line by line") {
  Session session;
  open(session, "swiglu_block.json", portable);
  REQUIRE(session.pin("compiled"));
  std::string text = session.program_text();
  text.insert(text.rfind("V_ADD_VV"), "S_ADDI_INT gp15, gp0, 7\n");
  REQUIRE(session.assemble(text, AsmMode::Compatible));
  run_to_end(session);
  const Json found = comparison(session);
  CHECK(found["diff"]["added"] == 1);
  CHECK(found["diff"]["changed"] == 0);
  CHECK(found["diff"]["removed"] == 0);
  const Json rows = Json::parse(*session.diff_with_pinned(0, 1000, false));
  CHECK(rows["total"] == 7); // three rows around the one
  CHECK(rows["rows"][3]["change"] == "added");
  CHECK(rows["rows"][3]["b"]["text"] == "S_ADDI_INT gp15, gp0, 7");
  CHECK(rows["rows"][3]["node"] != "");

  std::string lines;
  REQUIRE(session.write_diff(false, [&](std::string_view piece) { lines += piece; }));
  CHECK(lines.find("\n+ ") != std::string::npos);
  const Json page = Json::parse(*session.diff_with_pinned(2, 2, false));
  CHECK(page["rows"].size() == 2);
  CHECK(page["rows"][1] == rows["rows"][3]);
  CHECK(Json::parse(*session.diff_with_pinned(100, 2, false))["rows"].empty());
}

TEST_CASE("the timeline of the kept run stays, whatever the session does then") {
  Session session;
  session.record_trace(1 << 20);
  CHECK(code_of(session.pinned_lanes(0, 10, 10).diagnostics()) == "E_NOT_PINNED");
  open(session, "swiglu_block.json", portable);
  const std::uint64_t cycles = session.status().cycles;
  const Result<std::string> before = session.lanes(0, cycles, 64);
  REQUIRE(before.ok());
  REQUIRE(session.pin("kept"));
  open(session, "gelu_mlp.json", dense);
  REQUIRE(session.status().cycles != cycles);
  const Result<std::string> after = session.pinned_lanes(0, cycles, 64);
  REQUIRE(after.ok());
  CHECK(*after == *before);
  CHECK(code_of(session.pinned_lanes(5, 5, 1).diagnostics()) == "E_RANGE");

  Session other;
  open(other, "linear.json", portable);
  REQUIRE(other.pin("not recorded"));
  CHECK(code_of(other.pinned_lanes(0, 10, 10).diagnostics()) == "E_NO_TRACE");
  CHECK(code_of(other.spans_with_pinned().diagnostics()) == "E_NO_TRACE");
}

TEST_CASE("every node's stretch lies in its run, and the last ends with it") {
  Session session;
  session.record_trace(1 << 20);
  open(session, "swiglu_block.json", portable);
  const std::uint64_t first = session.status().cycles;
  CHECK(code_of(session.spans_with_pinned().diagnostics()) == "E_NOT_PINNED");
  REQUIRE(session.pin("kept"));
  open(session, "swiglu_block.json", dense);
  const Result<std::string> text = session.spans_with_pinned();
  REQUIRE(text.ok());
  const Json spans = Json::parse(*text);
  CHECK(spans["a"]["cycles"] == first);
  CHECK(spans["b"]["cycles"] == session.status().cycles);
  for (const char* side : {"a", "b"}) {
    const Json& run = spans[side];
    REQUIRE(run["nodes"].size() == 7);
    std::uint64_t end = 0;
    for (const Json& node : run["nodes"]) {
      CHECK(node["from"] < node["to"]);
      // One after the other: products are not spread over the program.
      CHECK(node["from"] >= end);
      end = node["to"];
    }
    CHECK(end <= run["cycles"]);
    CHECK(run["nodes"][0]["name"] == "norm");
    // What a node costs by the tables is what its stretch has, all but set-up between nodes.
    const Json by_node = comparison(session)["by"]["node"];
    for (const Json& node : run["nodes"]) {
      for (const Json& row : by_node) {
        if (row["label"] == node["name"]) {
          CHECK(number(row[side]) <= number(node["to"]) - number(node["from"]));
        }
      }
    }
  }
}

TEST_CASE("the files of a program are those of the machine that it runs on") {
  Session session;
  CHECK(code_of(session.program_files().diagnostics()) == "E_NO_PROGRAM");
  open(session, "swiglu_block.json", portable);
  const auto names = [&] {
    const auto given = session.program_files();
    REQUIRE(given.ok());
    std::vector<std::string_view> found;
    for (const ProgramFile& file : *given) {
      found.push_back(file.name);
    }
    return found;
  };
  const std::vector<std::string_view> images{
    "program.asm", "program.mem", "hbm.bin", "fp_sram.bin", "int_sram.bin"};
  std::vector<std::string_view> compiled = images;
  compiled.insert(compiled.end(), {"layout.json", "map.json"});
  CHECK(names() == compiled);
  const Result<Artefacts> artefacts = session.artefacts();
  REQUIRE(artefacts.ok());
  const auto files = session.program_files();
  CHECK((*files)[0].text == artefacts->asm_text);
  CHECK((*files)[1].text == artefacts->mem_text);
  CHECK(std::equal(
    (*files)[2].image.begin(),
    (*files)[2].image.end(),
    artefacts->images.hbm.begin(),
    artefacts->images.hbm.end()
  ));
  // An edited program has words of its own, and no map.
  REQUIRE(session.assemble("S_ADDI_INT gp1, gp0, 42\n", AsmMode::Compatible));
  CHECK(names() == images);
  CHECK((*session.program_files())[0].text == "S_ADDI_INT gp1, gp0, 42\n");
  CHECK((*session.program_files())[1].text != artefacts->mem_text);
}
