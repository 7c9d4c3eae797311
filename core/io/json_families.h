// config.json of a checkpoint to a description of the model.
#pragma once

#include "base/result.h"
#include "frontend/architecture.h"
#include "io/byte_source.h"

#include <string>

namespace plena::io {

/// E_JSON; E_FAMILY for a model_type that is not known; E_MISSING, E_TYPE, E_RANGE for values;
/// E_UNSUPPORTED_ATTR for features that are not built. Each with a JSON pointer.
Result<frontend::Architecture> read_config(const ModelFile& file);

/// "gpt2, gpt_oss, ..."
std::string known_families();

} // namespace plena::io
