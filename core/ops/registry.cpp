#include "ops/registry.h"

#include "base/check.h"

#include <algorithm>
#include <array>

namespace plena::ops {

#define OP(name, summary) extern const OpBody body_##name;
#include "ops/ops.def"

std::span<const Op> all() {
  static const std::array table{
#define OP(name, summary) Op{body_##name, #name, summary},
#include "ops/ops.def"
  };
  return table;
}

const Op* find(std::string_view name) {
  const std::span<const Op> table = all();
  const auto found =
    std::find_if(table.begin(), table.end(), [&](const Op& op) { return op.name == name; });
  return found == table.end() ? nullptr : &*found;
}

const Op& op_of(const ir::Node& node) {
  const Op* op = find(node.op);
  PLENA_CHECK(op != nullptr);
  return *op;
}

} // namespace plena::ops
