// Settings: a machine, or every reason why there is none.
#include "config/config.h"
#include "fuzz/harness.h"
#include "unit/complete.h"

#include <catch2/catch.hpp>

using namespace plena;

TEST_CASE("broken settings are survived", "[fuzz]") {
  fuzz::run("settings", ".toml", 5000, [](const fuzz::Bytes& bytes, const std::string& name) {
    const Result<config::Config> loaded = config::load(fuzz::text_of(bytes), name);
    if (!loaded.diagnostics().empty()) {
      tests::check_complete(loaded.diagnostics());
    }
    REQUIRE(loaded.ok() == !has_errors(loaded.diagnostics()));
    if (loaded) {
      REQUIRE_FALSE(config::values_json(*loaded).empty());
      REQUIRE_FALSE(has_errors(config::validate(*loaded, "TRANSACTIONAL")));
    }
  });
}
