// Canonical graphs as JSON models.
#pragma once

#include "ir/graph.h"

#include <string>

namespace plena::io {

/// The graph as a document of family `graph` that `import_json` reads back to the same graph:
/// constants with all their bits, weights of `linear` marked as `in_out`, inputs as they were
/// described. Sources of nodes (`origin`) go to the key `x-origin`, which readers pass over.
std::string export_json(const ir::Graph& graph);

} // namespace plena::io
