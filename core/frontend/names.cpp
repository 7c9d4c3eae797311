#include "frontend/names.h"

#include <cstddef>

namespace plena::frontend {

namespace {

using Roots = std::vector<std::string_view>;

/// The parenthesised list of a row.
template <class... Text> Roots roots_of(Text... text) { return {text...}; }

} // namespace

const NameTable& names_of(Names names) {
  static const std::vector<NameTable> tables = {
#define NAMES(id, roots, ...) {roots_of roots, __VA_ARGS__},
#include "frontend/names.def"
#undef NAMES
  };
  return tables[static_cast<std::size_t>(names)];
}

} // namespace plena::frontend
