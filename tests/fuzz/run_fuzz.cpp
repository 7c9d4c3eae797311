// Machine words: load and run within a budget, and end in a slice, in the end, or in a fault.
#include "driver/session.h"
#include "driver/tools.h"
#include "fuzz/harness.h"
#include "unit/complete.h"

#include <catch2/catch.hpp>

using namespace plena;

TEST_CASE("any words are run", "[fuzz]") {
  const Result<driver::Preset> settings = driver::preset("m16b4");
  REQUIRE(settings);
  fuzz::run("mem", ".mem", 1500, [&](const fuzz::Bytes& bytes, const std::string&) {
    driver::Session session;
    REQUIRE(session.set_settings("m16b4", settings->toml));
    const Result<std::string> loaded = session.load_words(fuzz::text_of(bytes));
    if (!loaded) {
      for (const Diagnostic& diagnostic : loaded.diagnostics()) {
        REQUIRE_FALSE(diagnostic.hint.empty());
      }
      return;
    }
    driver::Images images;
    images.hbm.assign(bytes.begin(), bytes.end());
    session.set_images(std::move(images), std::nullopt);
    if (!session.reset()) {
      return; // no words at all
    }
    REQUIRE(session.run(2000));
    const driver::RunStatus status = session.status();
    REQUIRE(status.executed <= 2000);
    REQUIRE(status.fault.has_value() == (status.reason == driver::RunStatus::Reason::Fault));
    if (status.fault) {
      tests::check_complete({*status.fault});
    }
    REQUIRE_FALSE(session.emulate_report().empty());
  });
}
