// A transformer recognised in a graph of operators: its dimensions, and which part each node
// belongs to.
#pragma once

#include "analytic/prediction.h"
#include "ir/graph.h"

#include <cstdint>
#include <string_view>
#include <vector>

namespace plena::analytic {

/// Parts of a graph that the closed form may be asked for. Not all have a formula.
enum class Part : std::uint8_t {
#define PART(name, title) name,
#include "analytic/parts.def"
};
#define PART(name, title) +1
inline constexpr std::size_t part_count = 0
#include "analytic/parts.def"
  ;
std::string_view to_string(Part part);
std::string_view title(Part part);

struct Recovered {
  Dims dims;
  Workload workload;       ///< batch and rows
  std::vector<Part> parts; ///< by node
  bool complete = false;   ///< all dimensions are known
};

/// What can be told of the graph, which is canonical. E_ANALYTIC_ARCHITECTURE for a graph that has
/// neither attention nor a feed-forward part, or layers of different shapes.
Result<Recovered> recover(const ir::Graph& graph);

} // namespace plena::analytic
