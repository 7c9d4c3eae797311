// Models as ONNX and as JSON: read, compiled and run, or refused with code, place and remedy.
#include "driver/session.h"
#include "driver/tools.h"
#include "fuzz/harness.h"
#include "io/importer.h"
#include "passes/pipeline.h"
#include "unit/complete.h"

#include <catch2/catch.hpp>

using namespace plena;

namespace {

/// Elements of all tensors; a mutation may ask for gigabytes, which is legal but takes its time.
std::uint64_t elements(const ir::Graph& graph) {
  std::uint64_t count = 0;
  for (const ir::Tensor& tensor : graph.tensors) {
    count += static_cast<std::uint64_t>(ir::element_count(tensor.shape).value_or(0));
  }
  return count;
}

void try_model(const fuzz::Bytes& bytes, const std::string& name) {
  Result<ir::Graph> imported = io::import_model(name, bytes);
  if (!imported) {
    tests::check_complete(imported.diagnostics());
    return;
  }
  const Result<passes::Lowered> lowered = passes::run(std::move(imported).value(), {.file = name});
  if (!lowered) {
    tests::check_complete(lowered.diagnostics());
    return;
  }
  if (elements(lowered->graph) > 20000) {
    return;
  }
  driver::Session session;
  const Result<driver::Preset> settings = driver::preset("m16b4");
  REQUIRE(settings);
  REQUIRE(session.set_settings("m16b4", settings->toml));
  REQUIRE(session.load_model(name, bytes));
  const Result<std::string> compiled = session.compile("{}");
  if (!compiled) {
    tests::check_complete(compiled.diagnostics());
    return;
  }
  REQUIRE(session.reset());
  REQUIRE(session.run(1000000));
  if (session.status().reason == driver::RunStatus::Reason::Done) {
    const Result<std::string> verdict = session.verify();
    REQUIRE(verdict);
    REQUIRE_FALSE(verdict->empty());
  } else {
    REQUIRE(session.status().reason == driver::RunStatus::Reason::Slice);
  }
}

} // namespace

TEST_CASE("broken ONNX files are survived", "[fuzz]") {
  fuzz::run("models", ".onnx", 10000, try_model);
}

TEST_CASE("broken JSON models are survived", "[fuzz]") {
  fuzz::run("models", ".json", 10000, try_model);
}
