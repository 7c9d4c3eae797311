// Pass: dead code. Patterns replace their last node only; what fed it goes here when nobody else
// reads it.
#include "passes/pass.h"

namespace plena::passes {

bool drop_dead(ir::Graph& graph, Context&) { return ir::remove_dead(graph); }

} // namespace plena::passes
