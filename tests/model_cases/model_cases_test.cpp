// Whole models, upstream's programs against ours: tables as kept under tables/, and what they have
// to show. `test_model_cases --update` rewrites the tables.
#include "kept_table.h"
#include "model_cases/figures.h"
#include "model_cases/model_tables.h"
#include "model_cases/onnx_cases.h"
#include "shared_data.h"

#include <algorithm>
#include <fmt/format.h>

using namespace plena;
using namespace plena::tests;

namespace {

#ifdef __EMSCRIPTEN__
constexpr bool with_large = false; // everything takes longer there
#else
constexpr bool with_large = true;
#endif

const std::vector<ModelRow>& all_rows() {
  static const std::vector<ModelRow> rows = [] {
    std::vector<ModelRow> made;
    for (const std::string& name : recorded_models()) {
      if (with_large || !is_large(name)) {
        made.push_back(measure_model(name));
      }
    }
    return made;
  }();
  return rows;
}

} // namespace

TEST_CASE("tables of the recorded models are as kept", "[recorded]") {
  if (!has_shared_data()) {
    return;
  }
  CHECK(recorded_models().size() == 12);
  check_table("model_cases", "results.md", model_results_table(all_rows()), with_large);
  check_table("model_cases", "cycles.md", model_cycles_table(all_rows()), with_large);
  check_table("model_cases", "counts.md", model_counts_table(all_rows()), with_large);
  check_table("model_cases", "shortfalls.md", model_shortfalls_table(all_rows()), with_large);
}

TEST_CASE(
  "recorded models run in fewer cycles, and their results are their references'", "[recorded]"
) {
  if (!has_shared_data()) {
    return;
  }
  for (const ModelShortfall& one : model_shortfalls(all_rows())) {
    if (one.must) {
      FAIL_CHECK(one.name << ", " << one.rule << ": " << one.detail);
    }
  }
  for (const ModelRow& row : all_rows()) {
    INFO(row.name);
    // The exact result is that of the recorded reference but for the rounding of its attention.
    CHECK(row.fp32_vs_exact.rel_rms < 5e-3);
    for (std::size_t form = 0; form < model_forms.size(); ++form) {
      CHECK(row.golden.ours[form].allclose >= row.golden.recorded.allclose);
      // Upstream's allowance for a machine against its golden, whatever the roundings.
      CHECK(row.golden.ours[form].cosine > 0.9997);
      // No further from the model than upstream's program, but for what rounding in another order
      // may do.
      CHECK(row.exact.ours[form].rel_rms < 1.02 * row.exact.recorded.rel_rms);
    }
  }
}

TEST_CASE("every recorded ONNX file is taken or refused as it must be", "[onnx]") {
  if (!has_shared_data()) {
    return;
  }
  const OnnxCases cases = run_onnx_cases();
  CHECK(cases.accepted.size() == 37);
  CHECK(cases.refused.size() == 8);
  for (const AcceptedFile& file : cases.accepted) {
    INFO(file.name);
    CHECK(file.fp32_distance < 1e-4);
    CHECK(file.differing == 0);
    CHECK(file.price < 0.2);
  }
  for (const RefusedFile& file : cases.refused) {
    INFO(file.name);
    CHECK(file.code == file.expected);
  }
  check_table("model_cases", "onnx.md", onnx_table(cases));
}

#ifndef __EMSCRIPTEN__
TEST_CASE("figures that upstream tells, and ours, are as kept", "[figures]") {
  if (!has_shared_data()) {
    return;
  }
  check_table("model_cases", "figures.md", figures_table());
}

TEST_CASE("a whole layer of LLaDA-8B is as kept", "[.llada]") {
  check_table("model_cases", "llada.md", llada_table());
}
#endif
