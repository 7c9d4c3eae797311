// Pointers that go together: one is carried from trip to trip, the others are made from it.
#include "lower/builder.h"
#include "lower/text.h"
#include "lower/verify.h"
#include "meaning.h"
#include "unit/emu/random.h"

using namespace plena;
using namespace plena::tests;

namespace {

codegen::Listing derived(const lower::Program& program) {
  REQUIRE(lower::verify(program).empty());
  Result<codegen::Listing> listing = codegen::derive_pointers(program, {1'000'000, 1'000'000});
  REQUIRE(listing.ok());
  REQUIRE(lower::verify(*listing).empty());
  return std::move(*listing);
}

/// Rows of a matrix go to another one, and on to a third, in blocks that are further apart than rows.
/// `change` is made to the second pointer's step after a block.
lower::Program rows(std::uint64_t change, std::uint64_t second = 1000) {
  lower::Program program;
  lower::Builder b(program);
  const lower::Gp x = b.set(100);
  const lower::Gp y = b.set(second);
  const lower::Gp z = b.set(2000);
  b.loop(2, [&] {
    b.loop(4, [&] {
      b.V_ADD_VV(y, x, x);
      b.step(x, 64);
      b.V_ADD_VV(z, y, y);
      b.step(y, 64);
      b.step(z, 64);
    });
    b.step(x, 640);
    b.step(y, 640 + change);
    b.step(z, 640);
  });
  return program;
}

} // namespace

TEST_CASE("pointers that are stepped alike are made from the first of them") {
  CHECK(
    lower::to_text(derived(rows(0))) ==
    "g1 = 100\n"
    "loop g4, 2\n"
    "  loop g5, 4\n"
    "    S_ADDI_INT g2, g1, 900\n"
    "    V_ADD_VV g2, g1, g1, 0\n"
    "    S_ADDI_INT g1, g1, 64\n"
    "    S_ADDI_INT g3, g1, 1836\n"
    "    V_ADD_VV g3, g2, g2, 0\n"
    "  end g5\n"
    "  S_ADDI_INT g1, g1, 640\n"
    "end g4\n"
  );
}

TEST_CASE("pointers that go apart, or too far from each other, stay as they are") {
  const auto sets = [](const lower::Program& program) {
    std::size_t count = 0;
    for (const lower::Item& item : derived(program).items) {
      count += item.kind == lower::Item::Kind::Set ? 1u : 0u;
    }
    return count;
  };
  CHECK(sets(rows(0)) == 1);
  CHECK(sets(rows(1)) == 2);
  CHECK(sets(rows(0, 100 + 0x3FFFF)) == 1);
  CHECK(sets(rows(0, 100 + 0x40000)) == 2);
  // One that is read after the loop has to be there.
  lower::Program program = rows(0);
  lower::Builder b(program);
  b.V_ADD_VV(lower::Gp{1}, lower::Gp{1}, lower::Gp{1});
  CHECK(sets(program) == 2); // the third from the second
}

namespace {

/// Nests with pointers that mostly go together. What they hold is stored.
lower::Program nest(std::uint64_t seed) {
  Random random{seed};
  lower::Program program;
  lower::Builder b(program);
  std::vector<lower::Gp> pointers;
  const std::uint32_t count = 2 + random.below(4);
  for (std::uint32_t i = 0; i < count; ++i) {
    pointers.push_back(b.set(random.below(3) * 1000 + random.below(100)));
  }
  const auto any = [&] { return pointers[random.below(count)]; };
  const auto store = [&] { b.S_ST_INT(any(), lower::zero_gp, random.below(slots)); };
  const bool disturbed = random.once_in(3);
  // All of them by one amount, in any order, with reads between.
  const auto all_step = [&](bool reads) {
    const std::uint64_t amount = 1 + random.below(200);
    std::vector<lower::Gp> left = pointers;
    while (!left.empty()) {
      const std::uint32_t next = random.below(static_cast<std::uint32_t>(left.size()));
      const bool other = disturbed && random.once_in(6);
      b.step(left[next], amount + (other ? random.below(2) : 0));
      left.erase(left.begin() + static_cast<std::ptrdiff_t>(next));
      if (reads && random.once_in(2)) {
        store();
      }
    }
  };
  const bool twice = random.once_in(3);
  const auto loops = [&] {
    if (random.once_in(3)) {
      all_step(false);
    }
    b.loop(2 + random.below(3), [&] {
      store();
      for (std::uint32_t i = 1 + random.below(3); i > 0; --i) {
        all_step(true);
      }
      store();
    });
    all_step(false);
    if (disturbed && random.once_in(3)) {
      store();
    }
  };
  b.loop(2 + random.below(3), [&] {
    loops();
    if (twice) {
      b.loop(2, [&] { loops(); });
    }
  });
  if (random.once_in(4)) {
    store();
  }
  return program;
}

} // namespace

TEST_CASE("random nests mean the same with derived pointers, and are no longer") {
  std::size_t changed = 0;
  for (std::uint64_t seed = 0; seed < 3000; ++seed) {
    INFO("seed " << seed);
    const lower::Program program = nest(seed);
    const codegen::Listing listing = derived(program);
    CHECK((meaning(listing) == meaning(program)));
    const codegen::Counts before = codegen::count(program);
    const codegen::Counts after = codegen::count(listing);
    CHECK(after.words <= before.words);
    CHECK(after.executed <= before.executed);
    changed += after.words < before.words ? 1u : 0u;
  }
  INFO(changed << " have changed");
  CHECK(changed > 500);
}
