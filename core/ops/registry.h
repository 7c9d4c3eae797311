// All operators, in the order of ops.def.
#pragma once

#include "ops/op.h"

#include <span>
#include <string_view>

namespace plena::ops {

std::span<const Op> all();
/// The operator of this name, or null.
const Op* find(std::string_view name);
/// The operator of a node that infer_shapes() has accepted.
const Op& op_of(const ir::Node& node);

} // namespace plena::ops
