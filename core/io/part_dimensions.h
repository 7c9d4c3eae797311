// Names of dimensions in ImportOptions::dims that mean something by themselves. Those of the part of a model
// by dimensions that is built go before what the document says.
#pragma once

#include <string_view>

namespace plena::io {

inline constexpr std::string_view rows_dimension = "rows";
inline constexpr std::string_view first_layer_dimension = "first_layer";
inline constexpr std::string_view last_layer_dimension = "last_layer";
/// How exporters call the number of texts or images; the first one counts for models by dimensions. 1 unless
/// given.
inline constexpr std::string_view batch_dimensions[] = {"batch", "batch_size", "B"};
/// How they call the number of tokens of each text.
inline constexpr std::string_view sequence_dimensions[] = {
  "sequence", "sequence_length", "seq", "seq_len", "seq_length", "S"};

} // namespace plena::io
