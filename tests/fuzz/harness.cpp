#include "fuzz/harness.h"

#include "shared_data.h"

#include <algorithm>
#include <cstdlib>

namespace plena::fuzz {

namespace {

/// splitmix64: the same mutations everywhere.
class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed) {}
  std::size_t below(std::size_t limit) {
    state_ += 0x9E3779B97F4A7C15u;
    std::uint64_t z = state_;
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9u;
    z = (z ^ z >> 27) * 0x94D049BB133111EBu;
    return static_cast<std::size_t>((z ^ z >> 31) % limit);
  }

 private:
  std::uint64_t state_;
};

/// Bytes that parsers like least.
constexpr std::string_view nasty[] = {
  "\n", ";", "\"", "-", "0", "99999999999999999999", "(", "[", "{", "1e999", "nan", "\\u0000", "/",
  "\xFF", "\xC3", "\xEF\xBB\xBF", ",", "=", ".", "\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x01"};

std::ptrdiff_t signed_of(std::size_t value) { return static_cast<std::ptrdiff_t>(value); }

Bytes mutated(Bytes bytes, const Bytes& other, Random& random) {
  const std::size_t changes = 1 + random.below(4);
  for (std::size_t change = 0; change < changes; ++change) {
    const std::size_t at = random.below(bytes.size() + 1);
    const std::size_t length = random.below(std::min<std::size_t>(64, bytes.size() - at) + 1);
    const auto first = bytes.begin() + signed_of(at);
    switch (random.below(6)) {
    case 0:
      if (at < bytes.size()) {
        bytes[at] = static_cast<std::uint8_t>(random.below(256));
      }
      break;
    case 1:
      if (at < bytes.size()) {
        bytes[at] = static_cast<std::uint8_t>(bytes[at] ^ 1u << random.below(8));
      }
      break;
    case 2:
      bytes.erase(first, first + signed_of(length));
      break;
    case 3: {
      const Bytes copy(first, first + signed_of(length));
      const std::size_t to = random.below(bytes.size() + 1);
      bytes.insert(bytes.begin() + signed_of(to), copy.begin(), copy.end());
      break;
    }
    case 4: {
      const std::string_view text = nasty[random.below(std::size(nasty))];
      bytes.insert(first, text.begin(), text.end());
      break;
    }
    default: { // the end of another seed
      const std::size_t from = random.below(other.size() + 1);
      bytes.erase(first, bytes.end());
      bytes.insert(bytes.end(), other.begin() + signed_of(from), other.end());
    }
    }
  }
  return bytes;
}

} // namespace

void run(std::string_view folder, std::string_view suffix, unsigned mutations, const Entry& entry) {
  struct Seed {
    std::string name;
    Bytes bytes;
  };
  std::vector<Seed> seeds;
  const std::filesystem::path all = tests::source_dir() / "tests/fuzz/seeds";
  for (const auto& file : std::filesystem::directory_iterator(all / folder)) {
    const std::string name = file.path().filename().string();
    if (name.ends_with(suffix)) {
      seeds.push_back({name, tests::read_bytes(file.path())});
    }
  }
  std::sort(seeds.begin(), seeds.end(), [](const Seed& a, const Seed& b) { return a.name < b.name; });
  REQUIRE(seeds.size() >= 2);
  for (const Seed& seed : seeds) {
    INFO(seed.name);
    entry(seed.bytes, seed.name);
  }
  if (const char* factor = std::getenv("PLENA_FUZZ")) {
    mutations *= static_cast<unsigned>(std::max(std::atoi(factor), 1));
  }
  for (unsigned number = 0; number < mutations; ++number) {
    Random random(number);
    const Seed& seed = seeds[number % seeds.size()];
    const Seed& other = seeds[random.below(seeds.size())];
    INFO("mutation " << number << " of " << seed.name);
    entry(mutated(seed.bytes, other.bytes, random), seed.name);
  }
  SUCCEED("all inputs were survived");
}

} // namespace plena::fuzz
