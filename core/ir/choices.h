// What a model file or a caller asks of a compilation, as choices.def lists it.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

namespace plena::ir {

/// Empty where the choice is left to others.
struct RunChoices {
#define CHOICE(name, option, title, meaning) std::string name{};
#define FLAG(name, option) std::optional<bool> name{};
#include "ir/choices.def"
  /// Numbers of the machine that take the place of those in the settings (config::with_numbers).
  std::map<std::string, std::uint64_t> hardware{};
};

/// Calls `visit` with the name and the member of each choice, texts and flags.
template <class Choices, class Visit> void visit_choices(Choices& choices, Visit&& visit) {
#define CHOICE(name, option, title, meaning) visit(#name, choices.name);
#define FLAG(name, option) visit(#name, choices.name);
#include "ir/choices.def"
}

} // namespace plena::ir
