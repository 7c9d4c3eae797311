#include "cli/remote.h"

#include "base/sha256.h"
#include "cli/files.h"
#include "recipe/link.h"

#include <filesystem>
#include <fmt/format.h>

namespace plena::cli {

namespace {

constexpr std::string_view start = "u=";
constexpr std::string_view before_hash = "&h=";
constexpr std::size_t hash_digits = 64;

} // namespace

bool names_remote(const std::string& link) {
  return link.find('#') != std::string::npos && recipe::fragment_of(link).starts_with(start);
}

Result<recipe::Recipe> read_remote(const std::string& link, const std::vector<std::string>& files) {
  const std::string_view fragment = recipe::fragment_of(link);
  const std::size_t hash_at = fragment.rfind(before_hash);
  const std::string_view hash = hash_at == std::string_view::npos
                                  ? std::string_view()
                                  : fragment.substr(hash_at + before_hash.size());
  if (hash.size() != hash_digits || hash.find_first_not_of("0123456789abcdef") != std::string_view::npos) {
    return Diagnostic{
      .code = "E_LINK_DAMAGED",
      .message = "this link names an address without the hash of what lies there",
      .hint = "such a link is #u=ADDRESS&h=SHA-256; copy the whole of it"};
  }
  for (const std::string& path : files) {
    // Others are of the recipe that is looked for.
    if (std::error_code error; std::filesystem::is_directory(path, error)) {
      continue;
    }
    const Result<std::string> text = read_text(path);
    if (!text) {
      return text.diagnostics();
    }
    const std::span<const std::uint8_t> bytes(
      reinterpret_cast<const std::uint8_t*>(text->data()), text->size()
    );
    if (sha256_hex(bytes) == hash) {
      return recipe::parse(*text, path);
    }
  }
  return Diagnostic{
    .code = "E_RECIPE_NEEDS",
    .message = fmt::format(
      "the link needs what lies at {}, whose SHA-256 starts with {}",
      fragment.substr(start.size(), hash_at - start.size()),
      hash.substr(0, 16)
    ),
    .hint = "nothing is fetched here: get the file and give it with --file"};
}

} // namespace plena::cli
