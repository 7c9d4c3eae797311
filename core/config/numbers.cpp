// A machine with some of its numbers replaced, as a model file asks for.
#include "base/check.h"
#include "base/text.h"
#include "config/config.h"
#include "config/keys.h"

#include <algorithm>
#include <fmt/format.h>
#include <fmt/ranges.h>

namespace plena::config {

namespace {

struct NumberName {
  std::string_view name;
  std::string_view key; ///< row of keys.def
};
constexpr std::string_view tiles = "mram_tiles";
constexpr NumberName number_names[] = {
  {"mlen", "MLEN"},
  {"vlen", "VLEN"},
  {"blen", "BLEN"},
  {"hlen", "HLEN"},
  {"broadcast", "BROADCAST_AMOUNT"},
  {tiles, "MATRIX_SRAM_SIZE"}, // in tiles, each of MLEN rows
  {"vram_rows", "VECTOR_SRAM_SIZE"},
  {"hbm_bytes", "HBM_SIZE"}};

const ConfigKey& key_of(const NumberName& row) {
  const auto keys = config_keys();
  const auto found = std::find_if(keys.begin(), keys.end(), [&](const ConfigKey& key) {
    return key.key == row.key;
  });
  PLENA_CHECK(found != keys.end());
  return *found;
}

Diagnostic unknown(const std::string& name) {
  std::vector<std::string_view> names;
  for (const NumberName& row : number_names) {
    names.push_back(row.name);
  }
  const auto near = nearest(name, names);
  return {
    .code = "E_UNKNOWN_KEY",
    .message = "there is no number of the machine called `" + name + "`",
    .hint = near ? fmt::format("did you mean `{}`?", *near)
                 : fmt::format("the numbers are {}", fmt::join(names, ", ")),
    .where = name};
}

} // namespace

std::string_view number_of_key(std::string_view key) {
  const auto row =
    std::find_if(std::begin(number_names), std::end(number_names), [&](const NumberName& one) {
      return one.key == key;
    });
  // Tiles are not the rows that the key counts: what one of them holds, the other does not.
  return row == std::end(number_names) || row->name == tiles ? std::string_view{} : row->name;
}

bool is_machine_number(std::string_view name) {
  return std::any_of(std::begin(number_names), std::end(number_names), [&](const NumberName& one) {
    return one.name == name;
  });
}

Result<Config> with_numbers(const Config& config, const MachineNumbers& numbers) {
  Diagnostics errors;
  Config changed = config;
  for (const auto& [name, value] : numbers) {
    const auto row = std::find_if(
      std::begin(number_names),
      std::end(number_names),
      [&wanted = name](const NumberName& one) { return one.name == wanted; }
    );
    if (row == std::end(number_names)) {
      errors.push_back(unknown(name));
      continue;
    }
    const ConfigKey& key = key_of(*row);
    // Names come in alphabetical order, so that the edge of a tile is known by now.
    const std::uint64_t unit = row->name == tiles ? changed.mlen : 1;
    if (value < key.min || value > key.max / std::max<std::uint64_t>(unit, 1)) {
      errors.push_back(
        {.code = "E_RANGE",
         .message = fmt::format("`{}` is {}", name, value),
         .hint = fmt::format(
           "it is from {} to {}, see {}",
           key.min,
           key.max / std::max<std::uint64_t>(unit, 1),
           key.key
         ),
         .where = name}
      );
      continue;
    }
    set(changed, key, value * unit);
  }
  if (!errors.empty()) {
    return errors;
  }
  if (numbers.contains("mlen")) {
    changed.hbm_m_prefetch_amount = changed.mlen;
    if (!numbers.contains("vlen")) {
      changed.vlen = changed.mlen;
    }
  }
  if (numbers.contains("blen")) {
    changed.hbm_v_prefetch_amount = changed.hbm_v_writeback_amount = changed.blen;
  }
  Diagnostics rules = validate(changed, "TRANSACTIONAL");
  const Diagnostics before = validate(config, "TRANSACTIONAL");
  std::erase_if(rules, [&](const Diagnostic& rule) {
    return std::find(before.begin(), before.end(), rule) != before.end();
  });
  if (has_errors(rules)) {
    return rules;
  }
  return {std::move(changed), std::move(rules)};
}

} // namespace plena::config
