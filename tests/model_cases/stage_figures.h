// Errors of every stage of a decoder, upstream's and ours, both ways of models.md 3.8.
#pragma once

#include "model_cases/recorded_model.h"

#include <string>

namespace plena::tests {

/// The table, for the recorded models with stages and for `text`, of which upstream tells some.
std::string stages_table(const LoadedModel& text);

} // namespace plena::tests
