#include "driver/tools.h"

#include "asm/assembler.h"
#include "asm/image.h"
#include "asm/printer.h"
#include "base/sha256.h"
#include "base/text.h"
#include "config/config.h"
#include "golden/precision.h"
#include "isa/describe.h"
#include "recipe/recipe.h"
#include "report/documents.h"

#include <charconv>
#include <fmt/format.h>
#include <limits>

namespace plena::driver {

std::string_view version() { return PLENA_VERSION; }

Result<Assembly> assemble_file(std::string_view text, std::string_view file, AsmMode mode) {
  assembly::Assembled assembled = assembly::assemble(
    text, mode == AsmMode::Strict ? assembly::Mode::Strict : assembly::Mode::Compatible
  );
  for (Diagnostic& diagnostic : assembled.diagnostics) {
    diagnostic.file = file;
  }
  if (!assembled.ok) {
    return std::move(assembled.diagnostics);
  }
  Assembly assembly{assembly::write_mem(assembled), assembled.program.words.size()};
  return {std::move(assembly), std::move(assembled.diagnostics)};
}

Result<std::string> disassemble_file(std::string_view mem_text, std::string_view file) {
  Result<isa::Program> program = assembly::parse_mem(mem_text);
  if (!program) {
    Diagnostics diagnostics = std::move(program).diagnostics();
    for (Diagnostic& diagnostic : diagnostics) {
      diagnostic.file = file;
    }
    return diagnostics;
  }
  return assembly::print(*program);
}

std::string isa_reference() { return isa::describe_markdown(); }
std::string settings_reference() { return config::keys_markdown(); }
std::string settings_schema() { return config::schema(); }
std::string recipe_reference() { return recipe::fields_markdown(); }

std::string report_json(std::string_view key, std::size_t value, const Diagnostics& diagnostics) {
  return report::single_value(key, value, diagnostics);
}

Result<Preset> preset(std::string_view name) {
  if (const config::Preset* found = config::find_preset(name)) {
    return Preset{std::string(found->name), std::string(found->toml)};
  }
  std::string names;
  for (const config::Preset& known : config::presets()) {
    names += fmt::format("{}{}", names.empty() ? "" : ", ", known.name);
  }
  return Diagnostic{
    .code = "E_SETTINGS_NAME",
    .message = fmt::format("'{}' is neither a preset nor a file", name),
    .hint = fmt::format("the presets are {}", names)};
}

std::string file_name_of(std::string_view tensor) {
  std::string name;
  for (const char c : tensor) {
    const bool plain =
      static_cast<unsigned char>(c) >= 0x20 && c != '/' && c != '\\' && c != '%' && c != '\x7f';
    name += plain ? std::string(1, c) : fmt::format("%{:02X}", static_cast<unsigned char>(c));
  }
  constexpr std::size_t longest = 200; // file systems take 255 bytes, with an extension
  if (name.size() > longest) {
    const auto* bytes = reinterpret_cast<const std::uint8_t*>(tensor.data());
    std::size_t kept = longest - 17;
    while (kept > 0 && (static_cast<unsigned char>(name[kept]) & 0xC0) == 0x80) {
      --kept; // not within a character
    }
    name = name.substr(0, kept) + "%" + sha256_hex({bytes, tensor.size()}).substr(0, 16);
  }
  return name;
}

Result<std::uint64_t> parse_size(std::string_view text) {
  const auto fail = [&] {
    return Diagnostic{
      .code = "E_SIZE",
      .message = fmt::format("'{}' is not a size", text),
      .hint = "give a number of bytes, or one followed by K, M, G or T (powers of 1024)"};
  };
  std::string_view rest = text;
  const std::size_t begin = std::min(rest.find_first_not_of(' '), rest.size());
  rest = rest.substr(begin, rest.find_last_not_of(' ') + 1 - begin);
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), value);
  if (error != std::errc{}) {
    return fail();
  }
  std::string unit = lower_case(rest.substr(static_cast<std::size_t>(end - rest.data())));
  unsigned shift = 0;
  constexpr std::string_view prefixes = "kmgt";
  if (!unit.empty() && prefixes.find(unit.front()) != std::string_view::npos) {
    shift = 10 * (static_cast<unsigned>(prefixes.find(unit.front())) + 1);
    unit.erase(0, 1);
  }
  const bool suffix_known = unit.empty() || unit == "ib" || unit == "b" || unit == "i";
  if (!suffix_known || value > std::numeric_limits<std::uint64_t>::max() >> shift) {
    return fail();
  }
  return value << shift;
}

std::vector<Precision> precisions() {
  std::vector<Precision> rows;
  for (const golden::PrecisionInfo& row : golden::precisions()) {
    rows.push_back({row.name, row.meaning});
  }
  return rows;
}

} // namespace plena::driver
