// The closed-form models: dimensions, requests, expressions and assembly texts, or why not.
#include "config/config.h"
#include "driver/analytic.h"
#include "fuzz/harness.h"
#include "unit/complete.h"

#include <catch2/catch.hpp>

using namespace plena;

namespace {

template <class T> void check(const Result<T>& result) {
  if (!result.diagnostics().empty()) {
    tests::check_complete(result.diagnostics());
  }
  REQUIRE(result.ok() == !has_errors(result.diagnostics()));
}

} // namespace

TEST_CASE("broken dimensions are survived", "[fuzz]") {
  const driver::Session session;
  fuzz::run("analytic", ".json", 2000, [&](const fuzz::Bytes& bytes, const std::string& name) {
    analytic::Request request;
    request.dims_json = fuzz::text_of(bytes);
    request.dims_name = name;
    check(driver::analyse(session, request));
  });
}

TEST_CASE("broken requests are survived", "[fuzz]") {
  const driver::Session session;
  fuzz::run("analytic", ".request", 2000, [&](const fuzz::Bytes& bytes, const std::string&) {
    check(driver::analytic_document(session, fuzz::text_of(bytes)));
  });
}

TEST_CASE("broken expressions are survived", "[fuzz]") {
  const auto settings = analytic::settings_of(
    *config::load(config::find_preset("upstream")->toml, "upstream"), analytic::latency_profiles()[0]
  );
  fuzz::run("analytic", ".expression", 5000, [&](const fuzz::Bytes& bytes, const std::string& name) {
    const auto expression =
      analytic::Expression::parse(fuzz::text_of(bytes), analytic::setting_names(), name);
    check(expression);
    if (expression) {
      check(expression->evaluate(settings));
    }
  });
}

TEST_CASE("broken assembly texts are profiled or refused", "[fuzz]") {
  const driver::Session session;
  fuzz::run("analytic", ".asm", 2000, [&](const fuzz::Bytes& bytes, const std::string&) {
    check(driver::profile_text(session, fuzz::text_of(bytes), ""));
  });
}
