// How one machine differs from another, key by key, and a settings file from a machine: so that a
// few words can stand for a whole file.
#pragma once

#include "config/config.h"
#include "config/prices.h"

#include <cstdint>
#include <map>
#include <string>
#include <variant>

namespace plena::config {

/// By key: a number, the name of a choice, or a number format: `e8m7` (sign, 8 exponent and 7
/// mantissa bits), `ue8m0` (no sign), `i32`, and `e4m3x8/ue8m0` for blocks of 8 with a scale. Of
/// latencies both columns have their own key, `KEY.dc_lib_en` and `KEY.dc_lib_dis`.
using Changes = std::map<std::string, std::variant<std::uint64_t, std::string>>;

/// The values of all keys, in the same form.
Changes all_values(const Config& config);

/// Of what a run depends on: the section TRANSACTIONAL and how time is counted.
Changes changes_between(const Config& from, const Config& to);

/// E_SETTINGS_KEY for a key that there is not, E_SETTINGS_VALUE for a value that it cannot have,
/// and what `validate` says. The key is the place.
Result<Config> changed(const Config& config, const Changes& changes);

/// The settings of a file with the changes that a JSON object names: keys as above, and numbers of the
/// machine by their short names (with_numbers), which take along what goes with them. E_SETTINGS_JSON
/// where that is no such object, what `load` says of the file, and what the other functions say.
Result<Config> changed_by_json(
  std::string_view toml, std::string_view file, std::string_view changes_json
);

/// As a JSON object, the keys sorted.
std::string to_json(const Changes& changes);

/// A settings file that loads as these settings, section ANALYTIC and prices included.
std::string
to_toml(const Config& config, std::string_view title, const Prices& prices = {});

} // namespace plena::config
