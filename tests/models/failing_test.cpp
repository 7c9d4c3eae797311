// A test that fails, to be looked at: not run unless it is asked for by its tag. What it prints leads to the
// cause in a playground (tests/e2e/failing.spec.ts goes that way).
#include "driver/session.h"
#include "driver/tools.h"
#include "recipe/codec.h"
#include "recipe/link.h"
#include "shared_data.h"

#include <catch2/catch.hpp>
#include <filesystem>

using namespace plena;
using namespace plena::tests;

TEST_CASE("a program that adds where it must multiply", "[.failing]") {
  const std::filesystem::path path = source_dir() / "models" / "swiglu_block.json";
  driver::Session session;
  const Result<driver::Preset> preset = driver::preset("m64b4");
  REQUIRE(preset.ok());
  REQUIRE(session.set_settings(preset->name, preset->toml).ok());
  REQUIRE(session.load_model(path.filename().string(), read_bytes(path)).ok());
  REQUIRE(session.compile("{}").ok());
  std::string text = session.program_text();
  const std::size_t place = text.rfind("V_MUL_VV");
  REQUIRE(place != std::string::npos);
  text.replace(place, 8, "V_ADD_VV");
  REQUIRE(session.assemble(text, driver::AsmMode::Compatible).ok());
  REQUIRE(session.reset().ok());
  while (session.status().reason == driver::RunStatus::Reason::Ready ||
         session.status().reason == driver::RunStatus::Reason::Slice) {
    REQUIRE(session.run(100'000).ok());
  }
  REQUIRE(session.verify().ok());
  const Result<recipe::Recipe> recipe = session.recipe({.gallery = "swiglu_block"});
  REQUIRE(recipe.ok());
  INFO(
    "reproduce it: plena run '#" + recipe::link_of(*recipe, TestCodec()) +
    "'\nfirst wrong: " + session.verdict().first_bad
  );
  CHECK(session.verdict().pass);
}
