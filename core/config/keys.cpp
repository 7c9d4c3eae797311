#include "config/keys.h"

namespace plena::config {

namespace {

constexpr bool is_lower_of(std::string_view field, std::string_view key) {
  if (field.size() != key.size()) {
    return false;
  }
  for (std::size_t i = 0; i < key.size(); ++i) {
    const char c = key[i] >= 'A' && key[i] <= 'Z' ? static_cast<char>(key[i] - 'A' + 'a') : key[i];
    if (c != field[i]) {
      return false;
    }
  }
  return true;
}

#define CONFIG_KEY(type, KEY, field, initial, unit, min, max, need, meaning)                       \
  static_assert(is_lower_of(#field, #KEY));                                                        \
  static_assert(min <= initial && initial <= max && max <= static_cast<type>(-1));
#define PRECISION_KEY(type, KEY, field, initial, meaning) static_assert(is_lower_of(#field, #KEY));
#define LATENCY_KEY(KEY, field, enabled, disabled, need, meaning)                                  \
  static_assert(is_lower_of(#field, #KEY));
#include "config/keys.def"

constexpr ConfigKey config_table[] = {
#define CONFIG_KEY(type, KEY, field, initial, unit, min, max, need, meaning)                       \
  {#KEY, unit, min, max, Need::need, meaning, &Machine::field},
#include "config/keys.def"
};

constexpr PrecisionKey precision_table[] = {
#define PRECISION_KEY(type, KEY, field, initial, meaning) {#KEY, meaning, &Machine::field},
#include "config/keys.def"
};

constexpr LatencyKey latency_table[] = {
#define LATENCY_KEY(KEY, field, enabled, disabled, need, meaning)                                  \
  {#KEY, Need::need, meaning, &Machine::field},
#include "config/keys.def"
};

template <auto member> constexpr std::uint64_t get_member(const Timing& timing) {
  return static_cast<std::uint64_t>(timing.*member);
}
template <auto member> constexpr void set_member(Timing& timing, std::uint64_t value) {
  timing.*member = static_cast<std::remove_reference_t<decltype(timing.*member)>>(value);
}

#define TIMING_CHOICE(KEY, field, meaning) static_assert(is_lower_of(#field, #KEY));
#define TIMING_NUMBER(KEY, field, unit, min, max, meaning)                                         \
  static_assert(is_lower_of(#field, #KEY));                                                        \
  static_assert(min <= Timing{}.field && Timing{}.field <= max);
#include "config/keys.def"

} // namespace

std::span<const TimingKey> timing_keys() {
  static const TimingKey table[] = {
#define TIMING_CHOICE(KEY, field, meaning)                                                         \
  {#KEY,                                                                                           \
   "",                                                                                             \
   0,                                                                                              \
   0,                                                                                              \
   meaning,                                                                                        \
   choices(Timing{}.field),                                                                        \
   &get_member<&Timing::field>,                                                                    \
   &set_member<&Timing::field>},
#define TIMING_NUMBER(KEY, field, unit, min, max, meaning)                                         \
  {#KEY, unit, min, max, meaning, {}, &get_member<&Timing::field>, &set_member<&Timing::field>},
#include "config/keys.def"
  };
  return table;
}

std::span<const ConfigKey> config_keys() { return config_table; }
std::span<const PrecisionKey> precision_keys() { return precision_table; }
std::span<const LatencyKey> latency_keys() { return latency_table; }

std::uint64_t get(const Machine& machine, const ConfigKey& key) {
  return std::visit([&](auto member) { return std::uint64_t{machine.*member}; }, key.member);
}

void set(Machine& machine, const ConfigKey& key, std::uint64_t value) {
  std::visit(
    [&](auto member) {
      using Value = std::remove_reference_t<decltype(machine.*member)>;
      machine.*member = static_cast<Value>(value);
    },
    key.member
  );
}

} // namespace plena::config
