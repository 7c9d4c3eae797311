// Dimensions alone, for the closed-form model: config.json of a checkpoint, a JSON model described by its
// dimensions, or the few keys of config.json that matter.
#pragma once

#include "analytic/dims.h"
#include "io/importer.h"

#include <string_view>

namespace plena::io {

/// Which of the two transformers of a vision language model.
enum class DimsPart : std::uint8_t { Text, Vision };

/// Whether the text is a JSON document that has dimensions; others are models.
bool has_model_dims(Bytes bytes);

/// `name` is the model's where the document has none. E_JSON, E_TYPE, and what analytic::check says.
Result<analytic::Dims> read_model_dims(std::string_view name, Bytes bytes, DimsPart part = DimsPart::Text);

} // namespace plena::io
