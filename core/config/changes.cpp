#include "config/changes.h"

#include "base/text.h"
#include "config/keys.h"

#include <algorithm>
#include <charconv>
#include <fmt/format.h>
#include <functional>
#include <limits>
#include <vector>

namespace plena::config {

namespace {

using numerics::ScalarFormat;
using numerics::StorageFormat;
using Value = Changes::mapped_type;

// ---- number formats as short texts

std::string short_text(const ScalarFormat& format) {
  if (format.kind == ScalarFormat::Kind::Int) {
    return fmt::format("i{}", format.width);
  }
  return fmt::format("{}e{}m{}", format.sign ? "" : "u", format.exponent, format.mantissa);
}

std::string short_text(const StorageFormat& format) {
  return format.mx
           ? fmt::format(
               "{}x{}/{}", short_text(format.element), format.block, short_text(format.scale)
             )
           : short_text(format.element);
}

/// Takes a number of at most `max` off the start of `text`.
std::optional<unsigned> take_number(std::string_view& text, unsigned max) {
  unsigned value = 0;
  const char* end = text.data() + text.size();
  const auto read = std::from_chars(text.data(), end, value);
  if (read.ec != std::errc{} || value > max) {
    return std::nullopt;
  }
  text.remove_prefix(static_cast<std::size_t>(read.ptr - text.data()));
  return value;
}

bool take(std::string_view& text, char c) {
  const bool there = text.starts_with(c);
  text.remove_prefix(there ? 1 : 0);
  return there;
}

constexpr unsigned max_bits = 64;

std::optional<ScalarFormat> take_scalar(std::string_view& text) {
  if (take(text, 'i')) {
    const auto width = take_number(text, max_bits);
    return width ? std::optional(ScalarFormat::integer(*width)) : std::nullopt;
  }
  const bool sign = !take(text, 'u');
  const auto exponent = take(text, 'e') ? take_number(text, max_bits) : std::nullopt;
  const auto mantissa = exponent && take(text, 'm') ? take_number(text, max_bits) : std::nullopt;
  return mantissa ? std::optional(ScalarFormat::fp(sign, *exponent, *mantissa)) : std::nullopt;
}

std::optional<ScalarFormat> scalar_of(std::string_view text) {
  const auto format = take_scalar(text);
  return text.empty() ? format : std::nullopt;
}

std::optional<StorageFormat> storage_of(std::string_view text) {
  StorageFormat format;
  const auto element = take_scalar(text);
  if (!element) {
    return std::nullopt;
  }
  format.element = *element;
  if (take(text, 'x')) {
    const auto block = take_number(text, std::numeric_limits<std::uint32_t>::max());
    const auto scale = block && take(text, '/') ? take_scalar(text) : std::nullopt;
    if (!scale) {
      return std::nullopt;
    }
    format.mx = true;
    format.block = *block;
    format.scale = *scale;
  }
  return text.empty() ? std::optional(format) : std::nullopt;
}

// ---- every key as a pair of functions

constexpr std::uint64_t max_latency = std::numeric_limits<std::uint32_t>::max();

/// Takes a value and says whether it fits.
using Set = std::function<bool(const Value&)>;

/// Calls `visit` with each key, its value in `config`, and what sets it there.
void each_key(
  Config& config, const std::function<void(const std::string&, const Value&, const Set&)>& visit
) {
  for (const ConfigKey& key : config_keys()) {
    visit(std::string(key.key), Value(get(config, key)), [&](const Value& value) {
      const auto* number = std::get_if<std::uint64_t>(&value);
      const bool fits = number != nullptr && *number >= key.min && *number <= key.max;
      if (fits) {
        set(config, key, *number);
      }
      return fits;
    });
  }
  for (const PrecisionKey& key : precision_keys()) {
    std::visit(
      [&](auto member) {
        visit(std::string(key.key), Value(short_text(config.*member)), [&](const Value& value) {
          const auto* text = std::get_if<std::string>(&value);
          if constexpr (std::is_same_v<decltype(member), StorageFormat Machine::*>) {
            const auto format = text == nullptr ? std::nullopt : storage_of(*text);
            config.*member = format.value_or(config.*member);
            return format.has_value();
          } else {
            const auto format = text == nullptr ? std::nullopt : scalar_of(*text);
            config.*member = format.value_or(config.*member);
            return format.has_value();
          }
        });
      },
      key.member
    );
  }
  for (const LatencyKey& key : latency_keys()) {
    Latency& latency = config.*key.member;
    for (auto [column, cycles] :
         {std::pair{"dc_lib_en", &latency.dc_lib_en}, {"dc_lib_dis", &latency.dc_lib_dis}}) {
      visit(
        fmt::format("{}.{}", key.key, column),
        Value(std::uint64_t{*cycles}),
        [to = cycles](const Value& value) {
          const auto* number = std::get_if<std::uint64_t>(&value);
          const bool fits = number != nullptr && *number <= max_latency;
          *to = fits ? static_cast<std::uint32_t>(*number) : *to;
          return fits;
        }
      );
    }
  }
  for (const TimingKey& key : timing_keys()) {
    const std::uint64_t now = key.get(config.timing);
    const auto place = static_cast<std::size_t>(now);
    const Value shown =
      key.choices.empty() ? Value(now) : Value(std::string(key.choices[place].name));
    visit(std::string(key.key), shown, [&](const Value& value) {
      if (key.choices.empty()) {
        const auto* number = std::get_if<std::uint64_t>(&value);
        const bool fits = number != nullptr && *number >= key.min && *number <= key.max;
        if (fits) {
          key.set(config.timing, *number);
        }
        return fits;
      }
      const auto* name = std::get_if<std::string>(&value);
      for (std::size_t i = 0; name != nullptr && i < key.choices.size(); ++i) {
        if (key.choices[i].name == *name) {
          key.set(config.timing, i);
          return true;
        }
      }
      return false;
    });
  }
}

std::map<std::string, Value> values_of(const Config& config) {
  Config copy = config;
  std::map<std::string, Value> values;
  each_key(copy, [&](const std::string& key, const Value& value, const Set&) {
    values.emplace(key, value);
  });
  return values;
}

std::string toml_of(const ScalarFormat& format) {
  if (format.kind == ScalarFormat::Kind::Int) {
    return fmt::format("{{ type = \"Int\", width = {} }}", format.width);
  }
  return fmt::format(
    "{{ type = \"Fp\", sign = {}, exponent = {}, mantissa = {} }}",
    format.sign,
    format.exponent,
    format.mantissa
  );
}

std::string toml_of(const StorageFormat& format) {
  if (!format.mx) {
    return fmt::format("{{ format = \"Plain\", DATA_TYPE = {} }}", toml_of(format.element));
  }
  return fmt::format(
    "{{ format = \"Mx\", block = {}, ELEM = {}, SCALE = {} }}",
    format.block,
    toml_of(format.element),
    toml_of(format.scale)
  );
}

std::string toml_of(const Machine& machine, std::string_view section) {
  std::string text = fmt::format("\n[{}.CONFIG]\n", section);
  const auto out = std::back_inserter(text);
  for (const ConfigKey& key : config_keys()) {
    fmt::format_to(out, "{} = {{ value = {} }}\n", key.key, get(machine, key));
  }
  fmt::format_to(out, "\n[{}.PRECISION]\n", section);
  for (const PrecisionKey& key : precision_keys()) {
    const std::string format =
      std::visit([&](auto member) { return toml_of(machine.*member); }, key.member);
    fmt::format_to(out, "{} = {}\n", key.key, format);
  }
  fmt::format_to(out, "\n[{}.LATENCY]\n", section);
  for (const LatencyKey& key : latency_keys()) {
    const Latency& latency = machine.*key.member;
    fmt::format_to(
      out,
      "{} = {{ dc_lib_en = {}, dc_lib_dis = {} }}\n",
      key.key,
      latency.dc_lib_en,
      latency.dc_lib_dis
    );
  }
  return text;
}

/// A basic string of TOML, which may be a key as well.
std::string quoted(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) {
      out += fmt::format("\\u{:04X}", static_cast<unsigned>(c));
    } else {
      out += c;
    }
  }
  return out + '"';
}

} // namespace

Changes all_values(const Config& config) {
  Changes values;
  for (auto& [key, value] : values_of(config)) {
    values.emplace(key, value);
  }
  return values;
}

Changes changes_between(const Config& from, const Config& to) {
  const auto before = values_of(from);
  Changes changes;
  for (auto& [key, value] : values_of(to)) {
    if (before.at(key) != value) {
      changes.emplace(key, value);
    }
  }
  return changes;
}

Result<Config> changed(const Config& config, const Changes& changes) {
  Config result = config;
  Diagnostics problems;
  std::size_t found = 0;
  std::vector<std::string> names;
  each_key(result, [&](const std::string& key, const Value&, const Set& set) {
    names.push_back(key);
    const auto change = changes.find(key);
    if (change == changes.end()) {
      return;
    }
    ++found;
    if (!set(change->second)) {
      problems.push_back(
        {.code = "E_SETTINGS_VALUE",
         .message = fmt::format("{} cannot have this value", key),
         .hint = "`plena docs config` has the values of each key",
         .where = key}
      );
    }
  });
  if (found < changes.size()) {
    const std::vector<std::string_view> known(names.begin(), names.end());
    for (const auto& [key, value] : changes) {
      if (std::find(names.begin(), names.end(), key) == names.end()) {
        const auto near = nearest(key, known);
        problems.push_back(
          {.code = "E_SETTINGS_KEY",
           .message = fmt::format("there is no setting '{}'", key),
           .hint =
             near ? fmt::format("did you mean {}?", *near) : "`plena docs config` lists the keys",
           .where = key}
        );
      }
    }
  }
  if (problems.empty()) {
    problems = validate(result, "TRANSACTIONAL");
  }
  if (has_errors(problems)) {
    return problems;
  }
  return {std::move(result), std::move(problems)};
}

std::string to_toml(const Config& config, std::string_view title, const Prices& prices) {
  std::string text = fmt::format(
    "# {}\n\n[MODE]\nactive = {}\n",
    title,
    quoted(config.mode.empty() ? "transactional" : std::string_view(config.mode))
  );
  text += toml_of(config, "TRANSACTIONAL");
  if (config.analytic) {
    text += toml_of(*config.analytic, "ANALYTIC");
  }
  // A choice that stands as it is goes without a word: said, some would be said to have no effect.
  std::string timing;
  for (const TimingKey& key : timing_keys()) {
    const std::uint64_t now = key.get(config.timing);
    if (now != key.get(Timing{})) {
      timing += fmt::format(
        "{} = {{ value = {} }}\n",
        key.key,
        key.choices.empty() ? fmt::format("{}", now)
                            : fmt::format("\"{}\"", key.choices[static_cast<std::size_t>(now)].name)
      );
    }
  }
  if (!timing.empty()) {
    text += "\n[PLAYGROUND.TIMING]\n" + timing;
  }
  std::map<std::string, std::string> forms; // by instruction
  for (const auto& [name, expression] : prices) {
    const std::size_t dot = name.rfind('.');
    forms[name.substr(0, dot)] +=
      fmt::format("{} = {}\n", quoted(name.substr(dot + 1)), quoted(expression));
  }
  for (const auto& [instruction, lines] : forms) {
    text += fmt::format("\n[PLAYGROUND.PRICES.{}]\n{}", quoted(instruction), lines);
  }
  return text;
}

} // namespace plena::config
