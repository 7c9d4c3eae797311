// Loops formed of what has been written out: which ones, and that they mean the same.
#include "codegen/loops.h"
#include "codegen/repeats.h"
#include "lower/builder.h"
#include "lower/text.h"
#include "lower/verify.h"
#include "meaning.h"
#include "unit/emu/random.h"

#include <set>

using namespace plena;
using namespace plena::tests;

namespace {

const codegen::PassSettings roomy{1'000'000, 1'000'000};

codegen::Listing rolled(
  const lower::Program& program, const codegen::PassSettings& settings = roomy
) {
  REQUIRE(lower::verify(program).empty());
  Result<codegen::Listing> listing = codegen::roll(program, settings);
  REQUIRE(listing.ok());
  REQUIRE(lower::verify(*listing).empty());
  return std::move(*listing);
}

std::uint64_t words(const codegen::Listing& listing) { return codegen::count(listing).words; }

/// `count` instructions that change `value` and the entries from `entry` on.
void work(lower::Builder& b, lower::Gp value, std::uint64_t entry, int count) {
  for (int i = 0; i < count; ++i) {
    switch (i % 4) {
    case 0:
      b.S_MUL_INT(value, value, value);
      break;
    case 1:
      b.S_ADDI_INT(value, value, 7);
      break;
    case 2:
      b.S_ST_INT(value, lower::zero_gp, entry);
      break;
    default:
      b.S_ADD_INT(value, value, value);
      break;
    }
  }
}

/// Every stretch of at least two periods that cannot be made longer, by trying all.
std::set<std::array<std::size_t, 3>> all_repeats(const std::vector<std::uint64_t>& elements) {
  std::set<std::array<std::size_t, 3>> found;
  for (std::size_t period = 1; 2 * period <= elements.size(); ++period) {
    for (std::size_t begin = 0; begin + 2 * period <= elements.size();) {
      std::size_t end = begin + period;
      while (end < elements.size() && elements[end] == elements[end - period]) {
        ++end;
      }
      if (end - begin >= 2 * period) {
        found.insert({begin, end, period});
      }
      begin = std::max(begin + 1, end - period + 1);
    }
  }
  return found;
}

} // namespace

TEST_CASE("repeats are found as they are") {
  using codegen::Repeat;
  const auto repeats = [](std::string_view text) {
    return codegen::find_repeats(std::vector<std::uint64_t>(text.begin(), text.end()), 100);
  };
  CHECK(repeats("").empty());
  CHECK(repeats("abcdefg").empty());
  CHECK(repeats("xaay") == std::vector{Repeat{1, 3, 1}});
  CHECK(repeats("aaaaaaa") == std::vector{Repeat{0, 7, 1}});
  CHECK(repeats("xabcabcabz") == std::vector{Repeat{1, 9, 3}});
  CHECK(repeats("xaapxaapq") == std::vector{Repeat{1, 3, 1}, Repeat{5, 7, 1}, Repeat{0, 8, 4}});
  CHECK(codegen::find_repeats(std::vector<std::uint64_t>{1, 2, 3, 4, 1, 2, 3, 4}, 3).empty());
}

TEST_CASE("all that is found repeats, and a repeat of something that stands out is found") {
  Random random;
  std::size_t planted = 0;
  for (int run = 0; run < 300; ++run) {
    const std::uint32_t letters = 2 + random.below(6);
    std::vector<std::uint64_t> text(random.below(60));
    for (std::uint64_t& letter : text) {
      letter = random.below(letters);
    }
    std::vector<std::uint64_t> unit(1 + random.below(40));
    for (std::uint64_t& letter : unit) {
      letter = random.below(letters);
    }
    unit.front() = 100; // only here
    const std::size_t begin = text.size();
    const std::uint32_t times = 2 + random.below(4);
    for (std::uint32_t i = 0; i < times; ++i) {
      text.insert(text.end(), unit.begin(), unit.end());
    }
    text.push_back(101);
    const std::set<std::array<std::size_t, 3>> all = all_repeats(text);
    bool seen = false;
    for (const codegen::Repeat& one : codegen::find_repeats(text, text.size())) {
      CHECK(all.count({one.begin, one.end, one.period}) == 1);
      seen = seen || (one.begin <= begin && one.end == text.size() - 1 && one.period == unit.size());
    }
    CHECK(seen);
    ++planted;
  }
  CHECK(planted == 300);
}

TEST_CASE("repeats are found in time that grows like the sequence") {
  // Nothing but repeats, of all lengths.
  std::vector<std::uint64_t> text{1};
  for (std::uint64_t letter = 2; text.size() < 400'000; ++letter) {
    const std::vector<std::uint64_t> unit = text;
    text.insert(text.end(), unit.begin(), unit.end());
    if (letter % 3 == 0) {
      text.push_back(letter);
    }
  }
  CHECK(codegen::find_repeats(text, text.size()).size() < 2 * text.size());
}

TEST_CASE("groups with numbers at even steps become a loop, one pointer for each step") {
  lower::Program program;
  lower::Builder b(program);
  const lower::Gp base = b.set(40);
  for (std::uint64_t i = 0; i < 5; ++i) {
    b.comment("group " + std::to_string(i));
    const lower::Gp from = b.set(1000 + 64 * i); // a name of its own in each group
    const lower::Gp to = b.set(1008 + 64 * i);
    const lower::Gp back = b.set(90 - 3 * i);
    const lower::Gp near_by = b.plus(base, 5 + i);
    const lower::Gp large = b.set(0x1000000 + 64 * i);
    const lower::Gp same = b.set(17);
    b.S_LD_INT(from, lower::zero_gp, 100 + 2 * i);
    for (const lower::Gp value : {to, back, near_by, large, same}) {
      b.S_ADD_INT(from, from, value);
      work(b, from, 3, 8);
    }
    b.S_ST_INT(from, base, 10 + i);
  }
  const codegen::Listing listing = rolled(program);
  CHECK((meaning(listing) == meaning(program)));
  const std::string text = lower::to_text(listing);
  INFO(text);
  CHECK(codegen::count(listing).loops == 1);
  CHECK(text.find("loop g") != std::string::npos);
  CHECK(text.find("; group 0") != std::string::npos);
  CHECK(text.find("; group 1") == std::string::npos);
  const auto has = [&](std::string_view line) { return text.find(line) != std::string::npos; };
  CHECK(has("  S_ADDI_INT g26, g33, 0\n")); // 1000 and 1008 by one pointer
  CHECK(has("  S_ADDI_INT g27, g33, 8\n"));
  CHECK(has("  g31 = 17\n"));
}

TEST_CASE("what is written out of a nest of loops becomes loops again") {
  lower::Program program;
  lower::Builder b(program);
  const lower::Gp total = b.set(3);
  const lower::Gp row = b.set(0);
  b.loop(5, [&] {
    const lower::Gp at = b.copy(row);
    const lower::Gp sum = b.set(0);
    b.loop(7, [&] {
      const lower::Gp value = b.gp();
      b.S_LD_INT(value, at, 0);
      b.S_ADD_INT(value, value, total);
      work(b, value, 250, 16);
      b.S_ADD_INT(sum, sum, value);
      b.S_ST_INT(value, at, 1);
      b.step(at, 2);
    });
    b.S_ADD_INT(total, total, sum);
    work(b, total, 251, 20);
    b.S_ST_INT(sum, row, 100);
    b.step(row, 1);
  });
  codegen::PassSettings all = roomy;
  all.unroll = codegen::Unroll::All;
  const Result<codegen::Listing> flat = codegen::unroll(program, all);
  REQUIRE(flat.ok());
  REQUIRE(codegen::count(*flat).loops == 0);
  const codegen::Listing again = rolled(*flat);
  CHECK((meaning(again) == meaning(program)));
  const std::string text = lower::to_text(again);
  INFO(text);
  CHECK(codegen::count(again).loops == 2);
  CHECK(words(again) <= words(program));
  CHECK(text.find(", 5\n") < text.find(", 7\n"));
  // Operators that are to be written out are left as they are.
  CHECK(lower::to_text(*codegen::roll(*flat, all)) == lower::to_text(*flat));
}

namespace {

/// `groups` groups of `words` instructions.
lower::Program written_out(std::uint64_t groups, int words) {
  lower::Program program;
  lower::Builder b(program);
  const lower::Gp value = b.set(3);
  for (std::uint64_t i = 0; i < groups; ++i) {
    work(b, value, 10 + i, words);
  }
  return program;
}

bool is_rolled(const lower::Program& program, const codegen::PassSettings& settings = roomy) {
  const codegen::Listing listing = rolled(program, settings);
  CHECK((meaning(listing) == meaning(program)));
  return codegen::has_loops(listing);
}

} // namespace

TEST_CASE("a loop is formed where the program gets shorter and hardly slower") {
  CHECK(is_rolled(written_out(2, 48)));
  CHECK(is_rolled(written_out(20, 48)));
  CHECK_FALSE(is_rolled(written_out(1, 48)));
  CHECK_FALSE(is_rolled(written_out(1, 4)));
  CHECK_FALSE(is_rolled(written_out(2, 4)));
  // Short groups, several in a trip: 100 of 4 instructions, a pointer to where they store.
  const codegen::Listing listing = rolled(written_out(100, 4));
  const codegen::Counts counts = codegen::count(listing);
  CHECK(counts.loops == 1);
  CHECK(counts.words < 100);
  CHECK(counts.executed <= 401 + 401 / 16);
}

TEST_CASE("no loop has iterations that are too long for the machine") {
  CHECK(is_rolled(written_out(2, 60), {63, 10'000}));
  CHECK_FALSE(is_rolled(written_out(2, 60), {61, 10'000}));
  // Nor does one around it get them.
  lower::Program program;
  lower::Builder b(program);
  const lower::Gp value = b.set(3);
  b.loop(3, [&] {
    for (std::uint64_t i = 0; i < 2; ++i) {
      work(b, value, 10 + i, 60);
    }
  });
  CHECK(codegen::count(rolled(program, {127, 10'000})).loops == 2);
  CHECK(codegen::count(rolled(program, {126, 10'000})).loops == 1);
}

TEST_CASE("no loop is formed that registers do not suffice for") {
  const auto loops = [](std::size_t held) {
    lower::Program program;
    lower::Builder b(program);
    std::vector<lower::Gp> values;
    for (std::size_t i = 0; i < held; ++i) {
      values.push_back(b.set(i));
    }
    for (std::uint64_t i = 0; i < 4; ++i) {
      work(b, values[0], 3 + i, 48);
    }
    for (const lower::Gp value : values) {
      b.S_ST_INT(value, lower::zero_gp, 0);
    }
    return codegen::count(rolled(program)).loops;
  };
  CHECK(loops(13) == 1); // the pointer and the counter are the last two
  CHECK(loops(14) == 0);
}

TEST_CASE("groups that are not the same work are not rolled") {
  const auto two = [](auto&& body) {
    lower::Program program;
    lower::Builder b(program);
    const lower::Gp value = b.set(3);
    const lower::Gp other = b.set(4);
    for (std::uint64_t i = 0; i < 2; ++i) {
      work(b, value, 10, 40);
      body(b, i, value, other);
      work(b, value, 11, 40);
    }
    b.S_ST_INT(other, lower::zero_gp, 12);
    return program;
  };
  CHECK(is_rolled(two([](lower::Builder& b, std::uint64_t i, lower::Gp value, lower::Gp) {
    b.S_ADDI_INT(value, lower::zero_gp, i);
  })));
  // Another instruction, register, node, or a number added to what changes.
  CHECK_FALSE(is_rolled(two([](lower::Builder& b, std::uint64_t i, lower::Gp value, lower::Gp other) {
    i == 0 ? b.S_ADD_INT(value, value, other) : b.S_SUB_INT(value, value, other);
  })));
  CHECK_FALSE(is_rolled(two([](lower::Builder& b, std::uint64_t i, lower::Gp value, lower::Gp other) {
    b.S_ADD_INT(value, value, i == 0 ? value : other);
  })));
  CHECK_FALSE(is_rolled(two([](lower::Builder& b, std::uint64_t i, lower::Gp value, lower::Gp) {
    b.S_ADDI_INT(value, value, 5 + i);
  })));
  CHECK_FALSE(is_rolled(two([](lower::Builder& b, std::uint64_t i, lower::Gp, lower::Gp other) {
    b.node(static_cast<std::uint32_t>(i));
    b.S_ADDI_INT(other, other, 5);
  })));
}

TEST_CASE("a value that one group leaves to others keeps them apart") {
  lower::Program program;
  lower::Builder b(program);
  const lower::Gp value = b.set(3);
  std::vector<lower::Gp> kept;
  for (std::uint64_t i = 0; i < 3; ++i) {
    kept.push_back(b.plus(value, i));
    work(b, value, 10, 60);
  }
  b.S_ST_INT(kept[0], lower::zero_gp, 1);
  b.S_ST_INT(kept[2], lower::zero_gp, 2);
  const codegen::Listing listing = rolled(program);
  CHECK((meaning(listing) == meaning(program)));
  // The second and the third; the last trip leaves what the last group does.
  const std::string text = lower::to_text(listing);
  INFO(text);
  CHECK(text.find(", 2\n") != std::string::npos);
  CHECK(text.find(", 3\n") == std::string::npos);
}

namespace {

/// Groups of random work at random steps, some of which are disturbed, in loops and in groups of groups.
class WrittenOut {
 public:
  explicit WrittenOut(std::uint64_t seed)
      : random_{seed},
        builder_(program_),
        fixed_(builder_.set(77)) {
    for (int i = 0; i < 3; ++i) {
      common_.push_back(builder_.set(random_.below(1000)));
    }
    scalars_.push_back(builder_.fp());
    builder_.S_LD_FP(scalars_.back(), lower::zero_gp, 1);
    const std::uint32_t parts = 1 + random_.below(3);
    for (std::uint32_t i = 0; i < parts; ++i) {
      part(random_.below(3));
    }
    for (std::size_t i = 0; i < common_.size(); ++i) {
      builder_.S_ST_INT(common_[i], lower::zero_gp, 240 + i);
    }
    if (last_local_) {
      builder_.S_ST_INT(*last_local_, lower::zero_gp, 250);
    }
    builder_.S_ST_FP(scalars_[0], lower::zero_gp, 0);
  }

  const lower::Program& program() const { return program_; }

 private:
  struct Step {
    std::uint32_t kind = 0;
    std::size_t a = 0;
    std::size_t b = 0;
    std::uint64_t start = 0;
    std::uint64_t step = 0;  ///< modulo 2^32
    std::uint64_t outer = 0; ///< from one group of groups to the next
  };

  /// Instances of steps that are made up here, `outer` times, each of several groups.
  void part(std::uint32_t depth) {
    std::vector<Step> steps;
    const std::uint32_t count = 6 + random_.below(90);
    for (std::uint32_t i = 0; i < count; ++i) {
      const bool back = random_.once_in(12);
      const std::uint64_t size = random_.below(3);
      steps.push_back(
        {random_.below(11),
         random_.below(5),
         random_.below(5),
         40 + random_.below(40),
         back ? (std::uint64_t{1} << 32) - size : size,
         random_.below(3)}
      );
    }
    const std::uint32_t groups = 1 + random_.below(8);
    const std::uint32_t outer = depth > 0 ? 1 + random_.below(4) : 1;
    const auto all = [&] {
      for (std::uint32_t j = 0; j < outer; ++j) {
        if (outer > 1) {
          work(builder_, common_[0], 230, 20);
        }
        for (std::uint32_t i = 0; i < groups; ++i) {
          group(steps, i, j);
        }
      }
    };
    if (depth == 2) {
      builder_.loop(2 + random_.below(3), all);
    } else {
      all();
    }
  }

  void group(const std::vector<Step>& steps, std::uint32_t i, std::uint32_t j) {
    std::vector<lower::Gp> values = common_; // and those of the group
    const bool disturbed = random_.once_in(20);
    const std::size_t where = random_.below(static_cast<std::uint32_t>(steps.size()));
    for (std::size_t s = 0; s < steps.size(); ++s) {
      Step step = steps[s];
      if (disturbed && s == where) {
        step.kind = random_.below(11);
        step.start += random_.below(3);
      }
      const std::uint64_t number =
        (step.start + step.step * i + step.outer * j) & 0xFFFFFFFF;
      const lower::Gp a = values[step.a % values.size()];
      const lower::Gp b = values[step.b % values.size()];
      switch (step.kind) {
      case 0:
      case 1:
        values.push_back(builder_.set(step.kind == 0 ? number : number << 20 & 0xFFFFFFFF));
        break;
      case 2:
        values.push_back(builder_.plus(fixed_, number & 0x3FFFF));
        break;
      case 3:
        builder_.S_ADD_INT(a, a, b);
        break;
      case 4:
        builder_.S_MUL_INT(a, b, b);
        break;
      case 5:
        builder_.S_ST_INT(a, lower::zero_gp, number % 200);
        break;
      case 6:
        values.push_back(builder_.gp());
        builder_.S_LD_INT(values.back(), lower::zero_gp, number % 200);
        break;
      case 7:
        builder_.S_ADDI_INT(a, a, step.start);
        break;
      case 8:
        builder_.loop(2, [&] {
          builder_.S_SUB_INT(a, b, a);
          builder_.S_ST_INT(a, lower::zero_gp, number % 200);
        });
        break;
      case 9:
        builder_.S_LD_FP(scalars_[0], lower::zero_gp, number % 200);
        break;
      default:
        builder_.S_ST_FP(scalars_[0], builder_.set(number % 200), step.start % 50);
        break;
      }
      if (values.size() > 6) {
        values.pop_back();
      }
    }
    if (random_.once_in(5)) {
      last_local_ = values.back();
    }
  }

  Random random_;
  lower::Program program_;
  lower::Builder builder_;
  lower::Gp fixed_; ///< never written again
  std::vector<lower::Gp> common_;
  std::vector<lower::Fp> scalars_;
  std::optional<lower::Gp> last_local_;
};

} // namespace

TEST_CASE("random programs that are written out mean the same when rolled") {
  std::size_t formed = 0;
  std::size_t nested = 0;
  for (std::uint64_t seed = 0; seed < 600; ++seed) {
    const lower::Program program = WrittenOut(seed).program();
    INFO("seed " << seed);
    const Memories wanted = meaning(program);
    const codegen::Listing listing = rolled(program);
    CHECK((meaning(listing) == wanted));
    CHECK(words(listing) <= words(program));
    const std::uint64_t more = codegen::count(listing).loops - codegen::count(program).loops;
    formed += more > 0 ? 1u : 0u;
    nested += more > 1 ? 1u : 0u;
    // And in words, where registers suffice: rolling never takes the last ones.
    const bool possible = codegen::emit(codegen::resolve(program, {})).ok();
    const std::optional<Memories> got = by_codegen(program, 100'000, codegen::Unroll::None);
    if (got) {
      CHECK((*got == wanted));
    }
    CHECK((got.has_value() || !possible));
  }
  INFO(formed << " with loops formed, " << nested << " with several");
  CHECK(formed > 80);
  CHECK(nested > 60);
}

TEST_CASE("random programs written out of loops become loops that mean the same") {
  codegen::PassSettings all = roomy;
  all.unroll = codegen::Unroll::All;
  std::size_t formed = 0;
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    const lower::Program program = WrittenOut(seed).program();
    INFO("seed " << seed);
    const Result<codegen::Listing> flat = codegen::unroll(program, all);
    REQUIRE(flat.ok());
    const codegen::Listing listing = rolled(*flat);
    CHECK((meaning(listing) == meaning(program)));
    formed += codegen::has_loops(listing) ? 1u : 0u;
  }
  CHECK(formed > 20);
}
