// Upstream's plena_settings.toml to Config. Where upstream falls back to other built-in numbers (a
// missing key, a wrong type, broken TOML: emulator.md 2.1), this reports an error instead.
#include "base/text.h"
#include "config/config.h"
#include "config/keys.h"
#include "config/prices.h"

#include <algorithm>
#include <fmt/format.h>

namespace plena::config {
namespace {
/// Thrown in place of the library's failed assertions, and caught where it is called.
struct BrokenToml {};
[[noreturn]] void broken_toml() { throw BrokenToml{}; }
} // namespace
} // namespace plena::config

// Broken files can fail the library's assertions, which in release builds let the compiler assume
// that they hold. Here they are always tested.
#pragma push_macro("NDEBUG")
#undef NDEBUG
#define TOML_ASSERT(condition) ((condition) ? void() : plena::config::broken_toml())
#define TOML_EXCEPTIONS 0
#define TOML_MAX_NESTED_VALUES 16
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wconversion"
#pragma GCC diagnostic ignored "-Wsign-conversion"
#pragma GCC diagnostic ignored "-Wshadow"
#pragma GCC diagnostic ignored "-Wpedantic"
#include <toml++/toml.h>
#pragma GCC diagnostic pop
#pragma pop_macro("NDEBUG")

namespace plena::config {

namespace {

/// Far above any settings file; bounds time and memory of the TOML library.
constexpr std::size_t max_file_bytes = 1 << 20;
/// Dots in one line: each nests a table, and tables are destroyed recursively.
constexpr std::size_t max_dots = 64;

enum class Section : std::uint8_t { Transactional, Analytic };

constexpr std::string_view name_of(Section section) {
  return section == Section::Transactional ? "TRANSACTIONAL" : "ANALYTIC";
}

/// Characters that TOML allows nowhere.
constexpr bool is_control(char c) {
  return (static_cast<unsigned char>(c) < 0x20 && c != '\t' && c != '\n' && c != '\r') ||
         c == '\x7F';
}

/// The first line with a control character, or with a character outside of ASCII that is in no
/// string and no comment: TOML allows neither, and the library's own checks for them are not safe.
std::optional<std::uint32_t> line_of_odd_character(std::string_view text) {
  std::uint32_t line = 1;
  std::string_view closing; // of the string or comment that is open
  for (std::size_t i = 0; i < text.size(); ++i) {
    const std::string_view rest = text.substr(i);
    line += text[i] == '\n' ? 1u : 0u;
    if (is_control(text[i])) {
      return line;
    }
    if (!closing.empty()) {
      if (closing.front() == '"' && text[i] == '\\') {
        ++i;
        line += i < text.size() && text[i] == '\n' ? 1u : 0u;
      } else if (rest.starts_with(closing)) {
        i += closing.size() - 1;
        closing = {};
      } else if (closing.size() == 1 && text[i] == '\n') {
        closing = {}; // an error that the library reports
      }
      continue;
    }
    for (const std::string_view quote : {"\"\"\"", "'''", "\"", "'"}) {
      if (rest.starts_with(quote)) {
        closing = quote;
        i += quote.size() - 1;
        break;
      }
    }
    if (text[i] == '#' && closing.empty()) {
      closing = "\n";
    } else if (static_cast<unsigned char>(text[i]) >= 0x80 && !(i < 3 && text.starts_with("\xEF\xBB\xBF"))) {
      return line;
    }
  }
  return std::nullopt;
}

class Loader {
 public:
  Loader(std::string_view text, std::string_view file) : text_(text), file_(file) {}

  Prices take_prices() { return std::move(prices_); }

  Result<Config> run() {
    if (!check_size()) {
      return std::move(diagnostics_);
    }
    const toml::parse_result parsed = toml::parse(text_);
    if (!parsed) {
      const toml::parse_error& error = parsed.error();
      add(
        Severity::Error,
        "E_SETTINGS_SYNTAX",
        "",
        error.source(),
        std::string(error.description()),
        "correct the TOML; upstream would run another machine without a word"
      );
      return std::move(diagnostics_);
    }
    const toml::table& root = parsed.table();
    Config config;
    const toml::table* transactional = table_at(root, "", "TRANSACTIONAL", Section::Transactional);
    if (transactional != nullptr) {
      read_machine(*transactional, Section::Transactional, config);
    }
    if (root.contains("ANALYTIC")) {
      read_analytic(root, config);
    }
    read_timing(root, config);
    read_mode(root, config);
    read_behavior(root, config);
    find_unknown(root, config);
    if (!has_errors(diagnostics_)) {
      Diagnostics rules = validate(config, name_of(Section::Transactional));
      for (Diagnostic& rule : rules) {
        rule.file = file_;
        rule.span = span_of(root, rule.where);
      }
      diagnostics_.insert(diagnostics_.end(), rules.begin(), rules.end());
    }
    if (has_errors(diagnostics_)) {
      return std::move(diagnostics_);
    }
    return Result<Config>(std::move(config), std::move(diagnostics_));
  }

 private:
  bool check_size() {
    if (text_.size() > max_file_bytes) {
      add(
        Severity::Error,
        "E_SETTINGS_TOO_LARGE",
        "",
        {},
        fmt::format("{} bytes are too many for a settings file", text_.size()),
        "give a plena_settings.toml"
      );
      return false;
    }
    if (const std::optional<std::uint32_t> odd = line_of_odd_character(text_)) {
      add(
        Severity::Error,
        "E_SETTINGS_SYNTAX",
        "",
        {{*odd, 1}, {*odd, 1}, nullptr},
        "a control character, or one outside of ASCII that is in no string and no comment",
        "put it in quotes or remove it"
      );
      return false;
    }
    std::size_t dots = 0;
    std::uint32_t line = 1;
    for (const char c : text_) {
      dots = c == '\n' ? 0 : dots + (c == '.' ? 1 : 0);
      line += c == '\n' ? 1 : 0;
      if (dots > max_dots) {
        add(
          Severity::Error,
          "E_SETTINGS_SYNTAX",
          "",
          {{line, 1}, {line, 1}, nullptr},
          fmt::format("more than {} dots in one line", max_dots),
          "give a plena_settings.toml"
        );
        return false;
      }
    }
    return true;
  }

  /// Columns of the TOML library count code points.
  Span span_of(const toml::source_region& source) const {
    if (!source.begin) {
      return {};
    }
    const auto column = [&](const toml::source_position& at) {
      const std::string_view line = line_of(text_, at.line);
      std::size_t bytes = 0;
      for (std::uint32_t points = 1; points < at.column && bytes < line.size(); ++points) {
        do {
          ++bytes;
        } while (bytes < line.size() && (static_cast<unsigned char>(line[bytes]) & 0xC0) == 0x80);
      }
      return utf16_length(line.substr(0, bytes)) + 1;
    };
    const toml::source_position end = source.end ? source.end : source.begin;
    return {source.begin.line, column(source.begin), end.line, column(end)};
  }

  /// Place of the deepest part of a dotted path that the file has.
  Span span_of(const toml::table& root, std::string_view path) const {
    const toml::node* node = &root;
    while (!path.empty()) {
      const std::size_t dot = std::min(path.find('.'), path.size());
      const toml::table* table = node->as_table();
      const toml::node* next = table != nullptr ? table->get(path.substr(0, dot)) : nullptr;
      if (next == nullptr) {
        break;
      }
      node = next;
      path.remove_prefix(std::min(dot + 1, path.size()));
    }
    return node == &root ? Span{} : span_of(node->source());
  }

  void add(
    Severity severity,
    std::string_view code,
    std::string where,
    const toml::source_region& source,
    std::string message,
    std::string hint
  ) {
    Diagnostic diagnostic{
      .severity = severity,
      .code = std::string(code),
      .message = std::move(message),
      .hint = std::move(hint),
      .file = std::string(file_)};
    diagnostic.span = span_of(source);
    diagnostic.where = std::move(where);
    diagnostics_.push_back(std::move(diagnostic));
  }

  /// A fault of a section: an error in TRANSACTIONAL, which the machine is made from; a warning in
  /// ANALYTIC, which is then left out.
  void fault(
    Section section,
    std::string_view code,
    std::string where,
    const toml::source_region& source,
    std::string message,
    std::string hint
  ) {
    if (section == Section::Transactional) {
      add(Severity::Error, code, std::move(where), source, std::move(message), std::move(hint));
    } else {
      ++analytic_faults_;
      add(
        Severity::Warning,
        "W_SETTINGS_ANALYTIC",
        std::move(where),
        source,
        std::move(message) + "; the section ANALYTIC is not used",
        std::move(hint)
      );
    }
  }

  void missing(
    Section section, const std::string& path, const toml::table& parent, std::string_view name
  ) {
    std::vector<std::string_view> names;
    for (const auto& [key, value] : parent) {
      names.push_back(key.str());
    }
    const auto candidate = nearest(name, names);
    fault(
      section,
      "E_SETTINGS_MISSING_KEY",
      path,
      parent.source(),
      fmt::format("{} is missing", path),
      candidate ? fmt::format("the file has {}: rename it to {}", *candidate, name)
                : fmt::format("add it, for example {}", example(path))
    );
  }

  static std::string example(std::string_view path) {
    const bool value =
      path.ends_with(".value") || path.ends_with(".dc_lib_en") || path.ends_with(".dc_lib_dis");
    if (value) {
      const std::size_t dot = path.rfind('.');
      return fmt::format("[{}] {} = 1", path.substr(0, dot), path.substr(dot + 1));
    }
    return fmt::format("[{}], as the presets have it", path);
  }

  const toml::table* table_at(
    const toml::table& parent, const std::string& prefix, std::string_view name, Section section
  ) {
    const std::string path =
      prefix.empty() ? std::string(name) : fmt::format("{}.{}", prefix, name);
    const toml::node* node = parent.get(name);
    if (node == nullptr) {
      missing(section, path, parent, name);
      return nullptr;
    }
    if (!node->is_table()) {
      fault(
        section,
        "E_SETTINGS_TYPE",
        path,
        node->source(),
        fmt::format("{} is {}, expected a table", path, type_name(*node)),
        fmt::format("write [{}]", path)
      );
      return nullptr;
    }
    return node->as_table();
  }

  static std::string_view type_name(const toml::node& node) {
    switch (node.type()) {
    case toml::node_type::none:
      return "nothing";
    case toml::node_type::table:
      return "a table";
    case toml::node_type::array:
      return "an array";
    case toml::node_type::string:
      return "a string";
    case toml::node_type::integer:
      return "an integer";
    case toml::node_type::floating_point:
      return "a floating-point number";
    case toml::node_type::boolean:
      return "a boolean";
    case toml::node_type::date:
    case toml::node_type::time:
    case toml::node_type::date_time:
      return "a date or time";
    }
    return "something else";
  }

  struct Range {
    std::uint64_t min;
    std::uint64_t max;
  };

  /// The value of type T called `name`, or a fault that says what was expected.
  template <class T>
  const toml::value<T>* value_at(
    const toml::table& parent,
    const std::string& path,
    std::string_view name,
    Section section,
    std::string_view expected,
    std::string_view hint
  ) {
    const toml::node* node = parent.get(name);
    if (node == nullptr) {
      missing(section, path, parent, name);
      return nullptr;
    }
    const toml::value<T>* value = node->as<T>();
    if (value == nullptr) {
      fault(
        section,
        "E_SETTINGS_TYPE",
        path,
        node->source(),
        fmt::format("{} is {}, expected {}", path, type_name(*node), expected),
        std::string(hint)
      );
    }
    return value;
  }

  std::optional<std::uint64_t> integer_at(
    const toml::table& parent,
    const std::string& prefix,
    std::string_view name,
    Range range,
    Section section
  ) {
    const std::string path = fmt::format("{}.{}", prefix, name);
    const auto* integer = value_at<std::int64_t>(
      parent,
      path,
      name,
      section,
      "an integer",
      "write a whole number without quotes or a decimal point"
    );
    if (integer == nullptr) {
      return std::nullopt;
    }
    const std::int64_t value = integer->get();
    if (value < 0 || static_cast<std::uint64_t>(value) < range.min ||
        static_cast<std::uint64_t>(value) > range.max) {
      fault(
        section,
        "E_SETTINGS_RANGE",
        path,
        integer->source(),
        fmt::format("{} is {}, expected {} to {}", path, value, range.min, range.max),
        "choose a value within the range"
      );
      return std::nullopt;
    }
    return static_cast<std::uint64_t>(value);
  }

  std::optional<bool> boolean_at(
    const toml::table& parent, const std::string& prefix, std::string_view name, Section section
  ) {
    const auto* found = value_at<bool>(
      parent,
      fmt::format("{}.{}", prefix, name),
      name,
      section,
      "true or false",
      "write true or false"
    );
    return found != nullptr ? std::optional(found->get()) : std::nullopt;
  }

  std::optional<std::string> string_at(
    const toml::table& parent, const std::string& prefix, std::string_view name, Section section
  ) {
    const auto* found = value_at<std::string>(
      parent, fmt::format("{}.{}", prefix, name), name, section, "a string", "put it in quotes"
    );
    return found != nullptr ? std::optional(found->get()) : std::nullopt;
  }

  void read_machine(const toml::table& table, Section section, Machine& machine) {
    const std::string name(name_of(section));
    if (const auto* group = table_at(table, name, "CONFIG", section)) {
      read_config(*group, name + ".CONFIG", section, machine);
    }
    if (const auto* group = table_at(table, name, "PRECISION", section)) {
      read_precision(*group, name + ".PRECISION", section, machine);
    }
    if (const auto* group = table_at(table, name, "LATENCY", section)) {
      read_latency(*group, name + ".LATENCY", section, machine);
    }
  }

  void read_config(
    const toml::table& group, const std::string& path, Section section, Machine& machine
  ) {
    for (const ConfigKey& key : config_keys()) {
      if (key.need == Need::Optional && !group.contains(key.key)) {
        continue;
      }
      if (const auto* table = table_at(group, path, key.key, section)) {
        const std::string prefix = fmt::format("{}.{}", path, key.key);
        if (const auto value = integer_at(*table, prefix, "value", {key.min, key.max}, section)) {
          set(machine, key, *value);
        }
      }
    }
  }

  void read_latency(
    const toml::table& group, const std::string& path, Section section, Machine& machine
  ) {
    for (const LatencyKey& key : latency_keys()) {
      if (key.need == Need::Optional && !group.contains(key.key)) {
        continue;
      }
      if (const auto* table = table_at(group, path, key.key, section)) {
        const std::string prefix = fmt::format("{}.{}", path, key.key);
        constexpr Range range{0, 0xFFFFFFFF};
        const auto enabled = integer_at(*table, prefix, "dc_lib_en", range, section);
        const auto disabled = integer_at(*table, prefix, "dc_lib_dis", range, section);
        if (enabled && disabled) {
          machine.*key.member = {
            static_cast<std::uint32_t>(*enabled), static_cast<std::uint32_t>(*disabled)};
        }
      }
    }
  }

  void read_precision(
    const toml::table& group, const std::string& path, Section section, Machine& machine
  ) {
    for (const PrecisionKey& key : precision_keys()) {
      const auto* table = table_at(group, path, key.key, section);
      if (table == nullptr) {
        continue;
      }
      const std::string prefix = fmt::format("{}.{}", path, key.key);
      if (const auto* member = std::get_if<numerics::StorageFormat Machine::*>(&key.member)) {
        if (const auto format = storage_format(*table, prefix, section)) {
          machine.*(*member) = *format;
        }
      } else if (const auto format = scalar_format(*table, prefix, section)) {
        machine.*std::get<numerics::ScalarFormat Machine::*>(key.member) = *format;
      }
    }
  }

  std::optional<numerics::ScalarFormat>
  scalar_format(const toml::table& table, const std::string& path, Section section) {
    const auto type = string_at(table, path, "type", section);
    if (!type) {
      return std::nullopt;
    }
    constexpr Range bits{0, 64};
    if (*type == "Int") {
      const auto width = integer_at(table, path, "width", {1, bits.max}, section);
      return width ? std::optional(numerics::ScalarFormat::integer(static_cast<unsigned>(*width)))
                   : std::nullopt;
    }
    if (*type != "Fp") {
      fault(
        section,
        "E_SETTINGS_TYPE",
        path + ".type",
        table.get("type")->source(),
        fmt::format("{}.type is neither \"Fp\" nor \"Int\"", path),
        "write type = \"Fp\""
      );
      return std::nullopt;
    }
    const auto sign = boolean_at(table, path, "sign", section);
    const auto exponent = integer_at(table, path, "exponent", bits, section);
    const auto mantissa = integer_at(table, path, "mantissa", bits, section);
    if (!sign || !exponent || !mantissa) {
      return std::nullopt;
    }
    return numerics::ScalarFormat::fp(
      *sign, static_cast<unsigned>(*exponent), static_cast<unsigned>(*mantissa)
    );
  }

  /// A string `format` is demanded and its content ignored, as upstream does; DATA_TYPE decides.
  std::optional<numerics::StorageFormat>
  storage_format(const toml::table& table, const std::string& path, Section section) {
    const bool named = string_at(table, path, "format", section).has_value();
    numerics::StorageFormat format;
    const bool plain = table.contains("DATA_TYPE") || !table.contains("ELEM");
    const std::string_view leaf = plain ? "DATA_TYPE" : "ELEM";
    const auto element = leaf_at(table, path, leaf, section);
    if (plain) {
      if (!named || !element) {
        return std::nullopt;
      }
      format.element = *element;
      return format;
    }
    const auto block = integer_at(table, path, "block", {1, 65536}, section);
    const auto scale = leaf_at(table, path, "SCALE", section);
    if (!named || !element || !block || !scale) {
      return std::nullopt;
    }
    return numerics::StorageFormat{*element, true, static_cast<std::uint32_t>(*block), *scale};
  }

  std::optional<numerics::ScalarFormat> leaf_at(
    const toml::table& parent, const std::string& path, std::string_view name, Section section
  ) {
    const auto* table = table_at(parent, path, name, section);
    return table != nullptr ? scalar_format(*table, fmt::format("{}.{}", path, name), section)
                            : std::nullopt;
  }

  void read_analytic(const toml::table& root, Config& config) {
    Machine machine;
    if (const auto* table = table_at(root, "", "ANALYTIC", Section::Analytic)) {
      read_machine(*table, Section::Analytic, machine);
    }
    if (analytic_faults_ == 0) {
      config.analytic = machine;
    }
  }

  /// PLAYGROUND.TIMING; every key may be absent.
  void read_timing(const toml::table& root, Config& config) {
    const std::string path = "PLAYGROUND.TIMING";
    constexpr Section section = Section::Transactional; // its faults are errors too
    if (!root.contains("PLAYGROUND")) {
      return;
    }
    const toml::table* playground = table_at(root, "", "PLAYGROUND", section);
    if (playground != nullptr) {
      read_prices(*playground);
    }
    if (playground == nullptr || !playground->contains("TIMING")) {
      return;
    }
    const toml::table* group = table_at(*playground, "PLAYGROUND", "TIMING", section);
    if (group == nullptr) {
      return;
    }
    for (const TimingKey& key : timing_keys()) {
      if (!group->contains(key.key)) {
        continue;
      }
      if (const auto* table = table_at(*group, path, key.key, section)) {
        const std::string prefix = fmt::format("{}.{}", path, key.key);
        const auto value = key.choices.empty()
                             ? integer_at(*table, prefix, "value", {key.min, key.max}, section)
                             : choice_at(*table, prefix, key.choices);
        if (value) {
          key.set(config.timing, *value);
        }
      }
    }
    warn_of_idle_keys(*group, config.timing);
  }

  /// PLAYGROUND.PRICES: expressions by instruction and form, whose names core/analytic knows.
  void read_prices(const toml::table& playground) {
    constexpr Section section = Section::Transactional;
    if (!playground.contains("PRICES")) {
      return;
    }
    const toml::table* group = table_at(playground, "PLAYGROUND", "PRICES", section);
    if (group == nullptr) {
      return;
    }
    for (const auto& [insn, forms] : *group) {
      const toml::table* table = table_at(*group, "PLAYGROUND.PRICES", insn.str(), section);
      if (table == nullptr) {
        continue;
      }
      const std::string path = fmt::format("PLAYGROUND.PRICES.{}", insn.str());
      for (const auto& [form, text] : *table) {
        if (const auto expression = string_at(*table, path, form.str(), section)) {
          prices_[fmt::format("{}.{}", insn.str(), form.str())] = *expression;
        }
      }
    }
  }

  std::optional<std::uint64_t>
  choice_at(const toml::table& parent, const std::string& prefix, std::span<const Choice> choices) {
    const auto name = string_at(parent, prefix, "value", Section::Transactional);
    if (!name) {
      return std::nullopt;
    }
    std::vector<std::string_view> names;
    for (const Choice& choice : choices) {
      if (choice.name == *name) {
        return names.size();
      }
      names.push_back(choice.name);
    }
    const auto candidate = name->size() <= 64 ? nearest(*name, names) : std::nullopt;
    add(
      Severity::Error,
      "E_SETTINGS_CHOICE",
      prefix + ".value",
      parent.get("value")->source(),
      fmt::format("{}.value is none of {}", prefix, fmt::join(names, ", ")),
      candidate ? fmt::format("did you mean {}?", *candidate) : "choose one of them"
    );
    return std::nullopt;
  }

  void warn_of_idle_keys(const toml::table& group, const Timing& timing) {
    const auto warn = [&](std::string_view key, std::string_view why) {
      if (const toml::node* node = group.get(key)) {
        add(
          Severity::Warning,
          "W_SETTINGS_NO_EFFECT",
          fmt::format("PLAYGROUND.TIMING.{}", key),
          node->source(),
          fmt::format("PLAYGROUND.TIMING.{} has no effect: {}", key, why),
          "remove it, or choose what it belongs to"
        );
      }
    };
    if (!timing.has_memory()) {
      warn("MEMORY_MODEL", "the analytic profile asks no memory");
    }
    if (!timing.has_memory() || timing.memory_model != MemoryModel::fixed) {
      warn("FIXED_LATENCY", "the memory model is not the fixed one");
      warn("FIXED_BANDWIDTH", "the memory model is not the fixed one");
    }
  }

  void read_mode(const toml::table& root, Config& config) {
    if (const auto mode = root["MODE"]["active"].value<std::string>()) {
      config.mode = *mode;
    }
  }

  /// Upstream's compiler reads its amounts from BEHAVIOR, the machine from TRANSACTIONAL.
  void read_behavior(const toml::table& root, const Config& config) {
    for (const ConfigKey& key : config_keys()) {
      const auto node = root["BEHAVIOR"]["CONFIG"][key.key]["value"];
      const auto* value = node.as_integer();
      if (value == nullptr || (value->get() >= 0 && static_cast<std::uint64_t>(value->get()) == get(config, key))) {
        continue;
      }
      const std::string path = fmt::format("BEHAVIOR.CONFIG.{}.value", key.key);
      add(
        Severity::Warning,
        "W_SETTINGS_BEHAVIOR",
        path,
        value->source(),
        fmt::format("{} is {}, but TRANSACTIONAL says {}", path, value->get(), get(config, key)),
        "only TRANSACTIONAL is used here; make them agree"
      );
    }
  }

  // ---- unknown keys
  // --------------------------------------------------------------------------------

  /// Names that may stand in a table with this path.
  static std::vector<std::string_view> known_in(const std::vector<std::string_view>& path) {
    if (path.empty()) {
      return {"MODE", "TRANSACTIONAL", "ANALYTIC", "BEHAVIOR", "PLAYGROUND"};
    }
    if (path[0] == "MODE") {
      return {"active"};
    }
    if (path[0] == "PLAYGROUND") {
      if (path.size() == 1) {
        return {"TIMING", "PRICES"};
      }
      if (path.size() == 3) {
        return {"value"};
      }
      std::vector<std::string_view> names;
      for (const TimingKey& key : timing_keys()) {
        names.push_back(key.key);
      }
      return names;
    }
    if (path.size() == 1) {
      return path[0] == "BEHAVIOR"
               ? std::vector<std::string_view>{"CONFIG"}
               : std::vector<std::string_view>{"CONFIG", "PRECISION", "LATENCY"};
    }
    std::vector<std::string_view> names;
    if (path.size() == 2) {
      const auto list = [&](const auto& keys) {
        for (const auto& key : keys) {
          names.push_back(key.key);
        }
      };
      path[1] == "CONFIG"      ? list(config_keys())
      : path[1] == "PRECISION" ? list(precision_keys())
                               : list(latency_keys());
      return names;
    }
    if (path[1] == "CONFIG") {
      return {"value"};
    }
    if (path[1] == "LATENCY") {
      return {"dc_lib_en", "dc_lib_dis"};
    }
    if (path.size() == 3 && path[2] != "SCALAR_FP") {
      return {"format", "block", "DATA_TYPE", "ELEM", "SCALE"};
    }
    return {"type", "sign", "exponent", "mantissa", "width"};
  }

  struct Unknown {
    toml::source_region source;
    std::string path;
    std::string hint;
  };

  static void collect_unknown(
    const toml::table& table, std::vector<std::string_view>& path, std::vector<Unknown>& out
  ) {
    const std::vector<std::string_view> known = known_in(path);
    for (const auto& [key, value] : table) {
      const std::string_view name = key.str();
      path.push_back(name);
      if (std::find(known.begin(), known.end(), name) == known.end()) {
        const auto candidate = name.size() <= 64 ? nearest(name, known) : std::nullopt;
        out.push_back(
          {key.source(),
           fmt::format("{}", fmt::join(path, ".")),
           candidate ? fmt::format("did you mean {}?", *candidate)
                     : std::string("it is kept, but nothing reads it")}
        );
      } else if (const toml::table* inner = value.as_table();
                 inner != nullptr &&
                 !(path.size() == 2 && path[0] == "PLAYGROUND" && name == "PRICES")) {
        collect_unknown(*inner, path, out);
      }
      path.pop_back();
    }
  }

  void find_unknown(const toml::table& root, Config& config) {
    std::vector<std::string_view> path;
    std::vector<Unknown> unknown;
    collect_unknown(root, path, unknown);
    std::stable_sort(unknown.begin(), unknown.end(), [](const Unknown& a, const Unknown& b) {
      return a.source.begin < b.source.begin;
    });
    for (Unknown& item : unknown) {
      add(
        Severity::Warning,
        "W_SETTINGS_UNKNOWN_KEY",
        item.path,
        item.source,
        fmt::format("{} is not a known key", item.path),
        std::move(item.hint)
      );
      config.unknown_keys.push_back(std::move(item.path));
    }
  }

  std::string_view text_;
  std::string_view file_;
  Diagnostics diagnostics_;
  std::size_t analytic_faults_ = 0;
  Prices prices_;
};

Result<Config> run(Loader& loader, std::string_view file) {
  try {
    return loader.run();
  } catch (const BrokenToml&) {
    return Diagnostic{
      .code = "E_SETTINGS_SYNTAX",
      .message = "a table header or a key is broken",
      .hint = "check the brackets and the names; upstream would run another machine without a word",
      .file = std::string(file)};
  }
}

} // namespace

Result<Config> load(std::string_view toml, std::string_view file) {
  Loader loader(toml, file);
  return run(loader, file);
}

Result<Prices> load_prices(std::string_view toml, std::string_view file) {
  Loader loader(toml, file);
  Result<Config> config = run(loader, file);
  if (!config) {
    return std::move(config).diagnostics();
  }
  return loader.take_prices();
}

} // namespace plena::config
