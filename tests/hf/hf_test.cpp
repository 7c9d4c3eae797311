// Recorded checkpoints: exact results against those of the models' own library, and the machine's
// against the references.
#include "driver/generation.h"
#include "driver/session.h"
#include "driver/tools.h"
#include "hf/recorded_checkpoint.h"
#include "kept_table.h"
#include "shared_data.h"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <span>

using namespace plena;
using namespace plena::tests;

namespace {

struct Case {
  std::string name;
  std::string output; ///< of the graph, as the recorded file names it
  bool text = true;   ///< starts with ids
  bool image = false; ///< starts with pixels
};

const Case cases[] = {
  {"llama", "logits"},
  {"qwen2", "logits"},
  {"mistral", "logits"},
  {"gpt2", "logits"},
  {"mixtral", "logits"},
  {"gpt_oss", "logits"},
  {"siglip", "last_hidden_state", false, true},
  {"smolvlm", "logits", true, true}};

std::filesystem::path folder(const Case& one) { return shared_dir() / "hf" / one.name; }

frontend::Part whole(const Case& one) {
  frontend::Part part;
  if (one.text) {
    part.ids = ids_of(folder(one), "input_ids");
  }
  return part;
}

/// The column of the largest value in the last row.
std::int64_t last_choice(const ir::Graph& graph, const std::vector<float>& logits) {
  const auto cols = static_cast<std::ptrdiff_t>(graph.tensor(graph.outputs.back()).shape.back());
  return std::max_element(logits.end() - cols, logits.end()) - (logits.end() - cols);
}

// ---- what is measured

struct Row {
  std::string name;
  std::int64_t layers = 0;
  double exact_distance = 0; ///< of our exact result from the library's
  double image_distance = 0; ///< likewise, of the rows made of the image
  bool within_bounds = true; ///< the machine's results, of their references
  std::uint64_t differing = 0;
  std::uint64_t count = 0;
  double price = 0;                     ///< rel. RMS of the machine's result from the exact one
  std::vector<std::int64_t> expected{}; ///< greedy continuation, by the library
  std::vector<std::int64_t> exact{};    ///< by our exact results
  std::vector<std::int64_t> machine{};  ///< by the machine's results
};

/// The first ids, then the best next one over and over.
template <class Logits>
std::vector<std::int64_t>
continued(const Case& one, const std::vector<std::int64_t>& expected, Logits logits) {
  constexpr std::ptrdiff_t given = 8;
  frontend::Part part;
  part.ids.assign(expected.begin(), expected.begin() + given);
  while (part.ids.size() < expected.size()) {
    const Loaded loaded = load(folder(one), part);
    part.ids.push_back(last_choice(loaded.graph, logits(loaded)));
  }
  return part.ids;
}

Row measured(const Case& one) {
  INFO(one.name);
  Row row;
  row.name = one.name;
  const Loaded loaded = load(folder(one), whole(one));
  row.layers =
    std::count_if(loaded.graph.nodes.begin(), loaded.graph.nodes.end(), [](const ir::Node& node) {
      return node.op == "attention";
    });
  const golden::Values values = exact(loaded);
  row.exact_distance = distance(
    values.at(output_called(loaded.graph, one.output)), npy(folder(one), "expected_" + one.output)
  );
  if (one.text && one.image) {
    row.image_distance = distance(
      values.at(output_called(loaded.graph, frontend::image_output)),
      npy(folder(one), "expected_image_hidden_states")
    );
  }
  const Run result = run(loaded.graph, loaded.inputs, upstream());
  for (const golden::OutputVerdict& output : result.verdict.outputs) {
    row.within_bounds =
      row.within_bounds && output.pass && output.fp32_vs_machine.nonfinite_actual == 0;
    row.differing += output.golden_vs_machine.differing;
    row.count += output.golden_vs_machine.count;
    row.price = std::max(row.price, output.fp32_vs_machine.rel_rms);
  }
  if (!one.image) {
    row.expected = ids_of(folder(one), "expected_greedy_ids");
    row.exact = continued(one, row.expected, [](const Loaded& now) {
      return exact(now).at(now.graph.outputs.back());
    });
    row.machine = continued(one, row.expected, [](const Loaded& now) {
      return run(now.graph, now.inputs, upstream()).machine.at(now.graph.outputs.back());
    });
  }
  return row;
}

const std::vector<Row>& all_rows() {
  static const std::vector<Row> rows = [] {
    std::vector<Row> made;
    for (const Case& one : cases) {
      made.push_back(measured(one));
    }
    return made;
  }();
  return rows;
}

std::string table(const std::vector<Row>& rows) {
  std::string text = "# Checkpoints\n\n"
                     "Distance: the furthest element of our exact result from that of the models' "
                     "own library, over its largest; of the rows "
                     "made of the image, too, where there are such. Differing: elements of the "
                     "outputs in which the machine's result is not "
                     "that of the reference with its roundings. Price: relative RMS of the "
                     "machine's result from the exact one. Greedy: the "
                     "first 8 ids continued by 12; machines choose as formats let them.\n\n"
                     "| checkpoint | layers | distance | image | differing | price | greedy, exact "
                     "| greedy, machine: as recorded up to |\n"
                     "|---|--:|--:|--:|--:|--:|---|--:|\n";
  for (const Row& row : rows) {
    const auto same = std::mismatch(row.machine.begin(), row.machine.end(), row.expected.begin());
    text += fmt::format(
      "| {} | {} | {:.1e} | {} | {} of {} | {:.4f} | {} | {} |\n",
      row.name,
      row.layers,
      row.exact_distance,
      row.image_distance == 0 ? "" : fmt::format("{:.1e}", row.image_distance),
      row.differing,
      row.count,
      row.price,
      row.expected.empty()        ? ""
      : row.exact == row.expected ? "as recorded"
                                  : "other ids",
      row.expected.empty()
        ? ""
        : fmt::format("{} of {}", same.first - row.machine.begin(), row.expected.size())
    );
  }
  text += "\n## Ids, recorded and the machine's\n\n| checkpoint | | ids |\n|---|---|---|\n";
  for (const Row& row : rows) {
    if (!row.expected.empty()) {
      text += fmt::format("| {} | recorded | {} |\n", row.name, fmt::join(row.expected, " "));
      text += fmt::format("| {} | machine | {} |\n", row.name, fmt::join(row.machine, " "));
    }
  }
  return text;
}

} // namespace

TEST_CASE("checkpoints: exact results and continuations are those of the models' own library") {
  if (!has_shared_data()) {
    return;
  }
  CHECK(all_rows().size() == 8);
  for (const Row& row : all_rows()) {
    INFO(row.name);
    CHECK(row.exact_distance < 1e-4);
    CHECK(row.image_distance < 1e-4);
    CHECK(row.exact == row.expected);
  }
}

TEST_CASE("checkpoints: the machine's results are within the bounds of the references") {
  if (!has_shared_data()) {
    return;
  }
  for (const Row& row : all_rows()) {
    INFO(row.name << ": price of the formats " << row.price);
    CHECK(row.within_bounds);
    CHECK(row.price < 0.5);
  }
}

TEST_CASE("checkpoints: the table is as kept") {
  if (!has_shared_data()) {
    return;
  }
  check_table("hf", "checkpoints.md", table(all_rows()));
}

namespace {

Result<driver::Generation> generation(const Case& one, driver::GenerationOptions options) {
  driver::Session session;
  std::vector<driver::ModelFile> files;
  for (const io::ModelFile& file : files_of(folder(one))) {
    files.push_back(
      {file.name, file.bytes->size(), [file](std::uint64_t offset, std::span<std::uint8_t> bytes) {
         return file.bytes->read(offset, bytes);
       }}
    );
  }
  return session.generation(one.name, files, std::move(options));
}

} // namespace

TEST_CASE("checkpoints: texts token by token are those of the models' own library", "[generation]") {
  if (!has_shared_data()) {
    return;
  }
  for (const Case& one : cases) {
    if (one.image) {
      continue;
    }
    INFO(one.name);
    const std::vector<std::int64_t> expected = ids_of(folder(one), "expected_greedy_ids");
    constexpr std::size_t given = 8;
    Result<driver::Generation> text = generation(
      one, {.capacity = static_cast<std::int64_t>(expected.size()), .cycles = false, .references = true}
    );
    INFO(rendered(text.diagnostics()));
    REQUIRE(text.ok());
    driver::Sampler sampler(0, 0);
    std::vector<std::int64_t> ids(expected.begin(), expected.begin() + given);
    std::vector<std::int64_t> next = ids;
    while (ids.size() < expected.size()) {
      const Result<std::vector<driver::GenerationRun>> runs = text->feed(next);
      INFO(rendered(runs.diagnostics()));
      REQUIRE(runs.ok());
      for (const driver::GenerationRun& run : *runs) {
        INFO("position " << run.position);
        CHECK(run.check->differing == 0);
      }
      // The whole text at once.
      frontend::Part part;
      part.ids = ids;
      const Loaded whole = load(folder(one), part);
      const golden::Values values = exact(whole);
      const std::vector<float>& all = values.at(whole.graph.outputs.back());
      const std::span<const float> last = text->logits(driver::Source::Fp32);
      CHECK(
        distance(
          {last.begin(), last.end()},
          {all.end() - static_cast<std::ptrdiff_t>(last.size()), all.end()}
        ) < 1e-5
      );
      next = {sampler.choose(last)};
      ids.push_back(next.front());
    }
    CHECK(ids == expected);
  }
}

TEST_CASE("checkpoints: models that cannot go on with a text are refused with a remedy", "[generation]") {
  if (!has_shared_data()) {
    return;
  }
  const auto refused = [](const std::string& name, std::int64_t capacity) {
    for (const Case& one : cases) {
      if (one.name == name) {
        const Result<driver::Generation> text = generation(one, {.capacity = capacity});
        REQUIRE_FALSE(text.ok());
        INFO(rendered(text.diagnostics()));
        CHECK(text.diagnostics().front().code == "E_KV_CACHE");
        CHECK_FALSE(text.diagnostics().front().hint.empty());
      }
    }
  };
  refused("siglip", 16);
  refused("gpt2", 65); // it has learned 64 positions
}
