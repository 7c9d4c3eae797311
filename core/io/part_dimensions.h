// Names under which ImportOptions::dims says which part of a model by dimensions is built; they go before
// what the document says.
#pragma once

#include <string_view>

namespace plena::io {

inline constexpr std::string_view rows_dimension = "rows";
inline constexpr std::string_view first_layer_dimension = "first_layer";
inline constexpr std::string_view last_layer_dimension = "last_layer";

} // namespace plena::io
