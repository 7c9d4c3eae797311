// The closed-form performance models over a session: its settings, its model, and its run.
#pragma once

#include "config/config.h"
#include "driver/session.h"
#include "recipe/recipe.h"
#include "report/analytic_documents.h"

#include <string>
#include <string_view>

namespace plena::driver {

/// E_ANALYTIC_MODEL when nothing says whose dimensions, E_ANALYTIC_ARCHITECTURE when the loaded
/// model's cannot be told; else what the parts of core/analytic say.
Result<report::AnalyticFacts> analyse(const Session& session, const analytic::Request& request);

/// The session's compiled model part by part: the closed form of its machine beside its program and
/// its run, which is finished. E_NO_RUN, E_NO_MODEL.
Result<report::AnalyticRun> compare_with_run(const Session& session);

/// A profile of an assembly text by the session's machine. `told`: instructions told one by one.
Result<report::StaticFacts> profile_text(
  const Session& session,
  std::string_view assembly,
  std::string_view latencies,
  analytic::LineRange told = {}
);

/// Adds to what a link asks of the closed-form models the numbers and prices of the session's
/// settings that the settings of the link (`opener`) lack: a recipe holds section TRANSACTIONAL
/// alone. E_RECIPE_ANALYTIC for what it cannot hold.
Status complete_prediction(
  recipe::Prediction& asked, const Session& session, const config::Config& opener
);

/// Whether a file has dimensions that can be read without the model.
bool has_dims(std::string_view text);
bool is_shipped_dims(std::string_view name);
std::vector<std::string_view> shipped_dims_names();

// For JavaScript: documents of wasm/plena.d.ts.

Result<std::string>
analytic_document(const Session& session, std::string_view request_json); // AnalyticReport
Result<std::string> run_comparison_document(const Session& session); // AnalyticRun
/// StaticReport of the session's program.
Result<std::string> static_profile_document(
  const Session& session, std::string_view latencies, analytic::LineRange told
);

} // namespace plena::driver
