// What somebody asks the closed-form models.
#pragma once

#include "analytic/sweep.h"

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace plena::analytic {

/// Which machine of a settings file.
enum class Section : std::uint8_t {
  Analytic,      ///< upstream's model reads no other
  Transactional, ///< the one that is emulated
};

struct Request {
  std::string model;     ///< of models/dims; empty: `dims_json`, else what the session has loaded
  std::string dims_json; ///< text of a file with dimensions
  std::string dims_name;
  bool vision = false; ///< of a file with two transformers
  std::optional<Form> form;
  std::string latencies; ///< a row of latencies.def; empty: the first
  Section section = Section::Analytic;
  std::vector<std::pair<std::string, std::uint64_t>>
    numbers; ///< in order, by names of analytic::set
  /// `NAME.pipelined` to an expression, in place of the settings' (PriceTable::with).
  std::map<std::string, std::string> prices;
  std::vector<Axis> axes;
};

} // namespace plena::analytic
