// The rows of keys.def as data, for the reader, the schema and the tables.
#pragma once

#include "config/config.h"
#include "config/timing.h"

#include <cstdint>
#include <span>
#include <string_view>
#include <variant>

namespace plena::config {

enum class Need : std::uint8_t { Required, Optional };

struct ConfigKey {
  std::string_view key;
  std::string_view unit;
  std::uint64_t min;
  std::uint64_t max;
  Need need;
  std::string_view meaning;
  std::variant<std::uint32_t Machine::*, std::uint64_t Machine::*> member;
};

struct PrecisionKey {
  std::string_view key;
  std::string_view meaning;
  std::variant<numerics::StorageFormat Machine::*, numerics::ScalarFormat Machine::*> member;
};

struct LatencyKey {
  std::string_view key;
  Need need;
  std::string_view meaning;
  Latency Machine::*member;
};

/// A key of PLAYGROUND.TIMING: one of a few names, or a number.
struct TimingKey {
  std::string_view key;
  std::string_view unit;
  std::uint64_t min; ///< of a number
  std::uint64_t max;
  std::string_view meaning;
  std::span<const Choice> choices; ///< empty for a number
  /// The number, or the position among the choices.
  std::uint64_t (*get)(const Timing&);
  void (*set)(Timing&, std::uint64_t);
};

std::span<const ConfigKey> config_keys();
std::span<const PrecisionKey> precision_keys();
std::span<const LatencyKey> latency_keys();
std::span<const TimingKey> timing_keys();

std::uint64_t get(const Machine& machine, const ConfigKey& key);
/// `value` is within the range of the key.
void set(Machine& machine, const ConfigKey& key, std::uint64_t value);

} // namespace plena::config
