// Numbers in text tests. A number that its place cannot hold exactly is a mistake of the test and
// fails it.
#pragma once

#include "config/config.h"

#include <cstdint>
#include <string>
#include <string_view>

namespace plena::tests {

/// `2.5`, `-0`, `inf`, `-inf`, or `nan:` and eight hexadecimal digits of f32 (four suffice when the
/// others are 0).
std::string number_text(float value);
std::uint16_t parse_bf16(const std::string& text);
/// Code of e4m3 with this value.
std::uint8_t parse_e4m3(const std::string& text);
/// Decimal or `0x`.
std::uint64_t parse_integer(const std::string& text);

/// The machine called `name` (`tiny` or a preset) with `KEY=VALUE` in force.
config::Machine named_machine(const std::string& name);
void override_key(config::Machine& machine, const std::string& key, const std::string& value);

} // namespace plena::tests
