// Caches of keys and values: one program for all positions.
#include "ops/attention.h"
#include "unit/codegen/harness.h"

#include <algorithm>

using namespace plena;
using namespace plena::tests;

namespace {

/// A text whose keys and values lie in caches, and the attention of `rows` queries at `first` to it.
struct Cached {
  Model m;
  ir::TensorId position{}, keys{}, values{}, y{};

  Cached(std::int64_t capacity, std::int64_t first, std::int64_t rows, std::int64_t window) {
    position = m.integers({static_cast<float>(first)});
    const auto appended = [&] {
      const auto cache = m.input({capacity, 32});
      return m.node("append", {cache, m.input({rows, 32}), position});
    };
    const auto q = m.input({rows, 64});
    keys = appended();
    values = appended();
    std::map<std::string, ir::Attr> attrs{{"keys", capacity}, {"rows", rows}};
    if (window != 0) {
      attrs["window"] = window;
    }
    const auto mask = m.node("position_mask", {position}, attrs);
    y = m.node(
      "attention",
      {q, keys, values, ir::no_tensor, mask},
      {{"heads", std::int64_t{4}}, {"kv_heads", std::int64_t{2}}}
    );
    m.output(y);
    m.output(keys);
  }
};

Result<codegen::Compiled> compiled(Model& m, const config::Config& config) {
  const Status inferred = ops::infer_shapes(m.graph);
  return inferred ? codegen::compile(m.graph, config, m.inputs)
                  : Result<codegen::Compiled>(inferred.diagnostics());
}

void check_refused(Model& m, const config::Config& config, const std::string& code) {
  const Result<codegen::Compiled> result = compiled(m, config);
  REQUIRE_FALSE(result.ok());
  INFO(rendered(result.diagnostics()));
  CHECK(result.diagnostics().front().code == code);
  CHECK_FALSE(result.diagnostics().front().hint.empty());
}

} // namespace

TEST_CASE("cache: rows come where the position says, and the others stay") {
  for (const std::int64_t first : {0, 1, 13, 27}) {
    Cached one(32, first, 5, 0);
    const ir::TensorId before = one.m.graph.inputs[2];
    const Run result = run(one.m, machine(16, 4));
    const std::vector<float>& after = result.machine.at(one.keys);
    const ops::Arithmetic exact = ops::arithmetic_of(machine(16, 4), ops::Precision::Hardware);
    const std::vector<float> staged = ops::loaded(
      one.m.inputs.at(before), 32, ops::Role::Cache, ops::Origin::Host, exact
    );
    std::int64_t changed = 0;
    for (std::int64_t row = 0; row < 32; ++row) {
      const auto begin = static_cast<std::ptrdiff_t>(row * 32);
      const bool same = std::equal(
        after.begin() + begin, after.begin() + begin + 32, staged.begin() + begin
      );
      INFO("row " << row << " of the rows from " << first << " on");
      // A transfer writes four rows.
      CHECK(same == (row < first || row >= first + 8));
      changed += same ? 0 : 1;
    }
    CHECK(changed == std::min<std::int64_t>(8, 32 - first));
  }
}

TEST_CASE("cache: masks hide later keys, and those before the window") {
  for (const std::int64_t window : {0, 1, 7, 40}) {
    for (const std::int64_t first : {0, 15, 16, 42}) {
      Model m;
      const auto y = m.node(
        "position_mask",
        {m.integers({static_cast<float>(first)})},
        {{"keys", std::int64_t{48}}, {"rows", std::int64_t{6}}, {"window", window}}
      );
      m.output(y);
      const std::vector<float> mask = run(m, machine(16, 4)).machine.at(y);
      for (std::int64_t i = 0; i < 6 * 48; ++i) {
        const std::int64_t key = i % 48;
        const std::int64_t query = first + i / 48;
        const bool seen = key <= query && (window == 0 || query - key < window);
        INFO("key " << key << " for the query at " << query << ", window " << window);
        CHECK(ops::is_hidden(mask[static_cast<std::size_t>(i)]) == !seen);
      }
    }
  }
}

TEST_CASE("cache: attention to a cache is that of the whole text") {
  constexpr std::int64_t text = 23;
  for (const std::int64_t window : {std::int64_t{0}, std::int64_t{9}}) {
    // The last rows of a text whose other rows lie in caches already.
    for (const std::int64_t rows : {std::int64_t{1}, std::int64_t{6}}) {
      Cached one(48, text - rows, rows, window);
      run(one.m, machine(16, 4));
      const Result<golden::Values> exact = golden::evaluate(
        one.m.graph, ops::arithmetic_of(machine(16, 4), ops::Precision::Fp32), one.m.inputs
      );
      REQUIRE(exact.ok());
      Model whole;
      const auto q = whole.input({text, 64});
      std::vector<float>& queries = whole.inputs[q];
      const std::vector<float>& last = one.m.inputs.at(one.m.graph.inputs[1]);
      std::copy(last.begin(), last.end(), queries.end() - static_cast<std::ptrdiff_t>(last.size()));
      const auto rows_of = [&](ir::TensorId cache) {
        const auto x = whole.input({text, 32});
        const std::vector<float>& all = exact->at(cache);
        whole.inputs[x].assign(all.begin(), all.begin() + text * 32);
        return x;
      };
      const auto k = rows_of(one.keys);
      const auto v = rows_of(one.values);
      std::map<std::string, ir::Attr> attrs{
        {"heads", std::int64_t{4}},
        {"kv_heads", std::int64_t{2}},
        {"mask", std::string(window == 0 ? "causal" : "sliding")}};
      if (window != 0) {
        attrs["window"] = window;
      }
      const auto y = whole.node("attention", {q, k, v}, attrs);
      whole.output(y);
      REQUIRE(ops::infer_shapes(whole.graph).ok());
      const Result<golden::Values> all = golden::evaluate(
        whole.graph, ops::arithmetic_of(machine(16, 4), ops::Precision::Fp32), whole.inputs
      );
      REQUIRE(all.ok());
      const std::vector<float>& wanted = all->at(y);
      const std::vector<float>& got = exact->at(one.y);
      CHECK(std::equal(
        got.begin(), got.end(), wanted.end() - static_cast<std::ptrdiff_t>(got.size())
      ));
    }
  }
}

TEST_CASE("cache: a program is that of every position") {
  Cached early(32, 3, 2, 0);
  Cached late(32, 30, 2, 0);
  const auto a = compiled(early.m, machine(16, 4));
  const auto b = compiled(late.m, machine(16, 4));
  REQUIRE(a.ok());
  REQUIRE(b.ok());
  CHECK(a->program.words == b->program.words);
  CHECK(a->int_sram != b->int_sram);
}

TEST_CASE("cache: what does not fit is refused with a remedy") {
  Cached past(32, 31, 2, 0);
  check_refused(past.m, machine(16, 4), "E_KV_CACHE");

  Model many;
  many.output(many.node(
    "append", {many.input({4, 16}), many.input({5, 16}), many.integers({0})}
  ));
  check_refused(many, machine(16, 4), "E_KV_CACHE");

  Model narrow;
  narrow.output(narrow.node(
    "append", {narrow.input({4, 16}), narrow.input({1, 15}), narrow.integers({0})}
  ));
  check_refused(narrow, machine(16, 4), "E_SHAPE");

  Model ragged;
  ragged.output(
    ragged.node("position_mask", {ragged.integers({0})}, {{"keys", std::int64_t{20}}})
  );
  check_refused(ragged, machine(16, 4), "E_LAYOUT");

  // Before room is made for its table.
  Model endless;
  endless.output(
    endless.node("position_mask", {endless.integers({0})}, {{"keys", std::int64_t{1} << 24}})
  );
  check_refused(endless, machine(64, 16), "E_RESOURCE");
  CHECK(
    compiled(endless, machine(64, 16)).diagnostics().front().message.find("masks of 16777216") == 0
  );

  Model twice;
  const auto cache = twice.input({8, 16});
  const auto at = twice.integers({0});
  const auto x = twice.input({1, 16});
  twice.output(twice.node("append", {cache, x, at}));
  twice.output(twice.node("append", {cache, x, at}));
  check_refused(twice, machine(16, 4), "E_PATTERN");

  Model row;
  row.output(row.node("lookup", {row.constant({7, 16}), row.integers({7})}));
  check_refused(row, machine(16, 4), "E_INPUT");

  Model two;
  const auto q = two.input({16, 16});
  const auto mask =
    two.node("position_mask", {two.integers({0})}, {{"keys", std::int64_t{16}}, {"rows", std::int64_t{16}}});
  two.output(two.node(
    "attention", {q, q, q, ir::no_tensor, mask}, {{"mask", std::string("causal")}}
  ));
  check_refused(two, machine(16, 4), "E_UNSUPPORTED_ATTR");
}
