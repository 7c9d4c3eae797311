#include "codegen/passes.h"

#include "lower/text.h"
#include "lower/verify.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace plena::codegen {

const std::vector<PassInfo>& pass_table() {
  static const std::vector<PassInfo> table = {
#define PASS(name, meaning) {#name, meaning, name},
#include "codegen/passes.def"
  };
  return table;
}

bool PassSettings::writes_out(std::uint32_t node) const {
  const bool of_attention = node < attention.size() && attention[node];
  switch (unroll) {
  case Unroll::None:
    break;
  case Unroll::Ops:
    return !of_attention;
  case Unroll::Attention:
    return of_attention;
  case Unroll::All:
    return true;
  }
  return false;
}

Result<Listing>
run_passes(Listing listing, const PassSettings& settings, std::vector<Dump>* dumps) {
  if (dumps != nullptr) {
    dumps->push_back({"resolve", lower::to_text(listing)});
  }
  for (const PassInfo& pass : pass_table()) {
    Result<Listing> changed = pass.run(std::move(listing), settings);
    if (!changed) {
      return changed;
    }
    listing = std::move(*changed);
    if (const std::vector<std::string> faults = lower::verify(listing); !faults.empty()) {
      return Diagnostic{
        Severity::Error,
        "E_INTERNAL",
        fmt::format("after pass {}: {}", pass.name, fmt::join(faults, "; ")),
        "this is a fault of the compiler; please report it with the model"};
    }
    if (dumps != nullptr) {
      dumps->push_back({pass.name, lower::to_text(listing)});
    }
  }
  return listing;
}

} // namespace plena::codegen
