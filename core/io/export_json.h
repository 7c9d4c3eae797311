// Canonical graphs as JSON models.
#pragma once

#include "ir/graph.h"

#include <cstdint>
#include <string>
#include <vector>

namespace plena::io {

/// The graph as a document of family `graph` that `import_json` reads back to the same graph:
/// constants with all their bits, weights of `linear` marked as `in_out`, inputs as they were
/// described. Sources of nodes (`origin`) go to the key `x-origin`, which readers pass over.
std::string export_json(const ir::Graph& graph);

/// The same with long constants as bytes of a file beside the document.
struct ExportedModel {
  std::string json;
  std::vector<std::uint8_t> bytes; ///< of the file
};
ExportedModel export_json_beside(const ir::Graph& graph, const std::string& file);

} // namespace plena::io
