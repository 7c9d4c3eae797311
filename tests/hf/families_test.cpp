// Checkpoints that make_checkpoints.py has made, of families and ways of stretching rotary positions that the
// recorded ones do not have; each has two texts or two pictures, which are computed together and alone.
#include "hf/recorded_checkpoint.h"
#include "kept_table.h"
#include "shared_data.h"

#include <algorithm>
#include <fmt/format.h>

using namespace plena;
using namespace plena::tests;

namespace {

constexpr std::int64_t batch = 2;
constexpr const char* logits = "expected_logits";
constexpr const char* rows = "expected_last_hidden_state";

std::vector<Folder> folders() {
  std::vector<Folder> found;
  for (const auto& entry : std::filesystem::directory_iterator(source_dir() / "tests/hf/models")) {
    if (std::filesystem::exists(entry.path() / "config.json")) {
      found.push_back(entry.path());
    }
  }
  std::sort(found.begin(), found.end());
  return found;
}

bool has_text(const Folder& folder) { return std::filesystem::exists(folder / "input_ids.npy"); }

std::vector<float> expected_of(const Folder& folder) {
  return npy(folder, has_text(folder) ? logits : rows);
}

/// Of the first of the texts or pictures, or of both.
frontend::Part part_of(const Folder& folder, std::int64_t count) {
  frontend::Part part;
  part.batch = count;
  if (has_text(folder)) {
    part.ids = ids_of(folder, "input_ids");
    part.ids.resize(part.ids.size() / batch * static_cast<std::size_t>(count));
  }
  return part;
}

struct Row {
  std::string name;
  double distance = 0; ///< of the exact result from the library's
  std::uint64_t differing = 0;
  std::uint64_t count = 0;
  double price = 0; ///< relative RMS of the machine's result from the exact one
  bool alone = true; ///< the first one alone has the same results, on the machine as well
};

Row measured(const Folder& folder) {
  INFO(folder.filename().string());
  Row row{.name = folder.filename().string()};
  const Loaded both = load(folder, part_of(folder, batch));
  const ir::TensorId output = both.graph.outputs.back();
  const std::vector<float> exact_result = exact(both).at(output);
  row.distance = distance(exact_result, expected_of(folder));
  const Run result = run(both.graph, both.inputs, upstream());
  for (const golden::OutputVerdict& one : result.verdict.outputs) {
    CHECK(one.pass);
    row.differing += one.golden_vs_machine.differing;
    row.count += one.golden_vs_machine.count;
    row.price = std::max(row.price, one.fp32_vs_machine.rel_rms);
  }
  const Loaded first = load(folder, part_of(folder, 1));
  const ir::TensorId own = first.graph.outputs.back();
  const auto begins = [](const std::vector<float>& part, const std::vector<float>& all) {
    return part.size() * batch == all.size() && std::equal(part.begin(), part.end(), all.begin());
  };
  row.alone = begins(exact(first).at(own), exact_result) &&
              begins(run(first.graph, first.inputs, upstream()).machine.at(own), result.machine.at(output));
  return row;
}

const std::vector<Row>& all_rows() {
  static const std::vector<Row> measured_rows = [] {
    std::vector<Row> made;
    for (const Folder& folder : folders()) {
      made.push_back(measured(folder));
    }
    return made;
  }();
  return measured_rows;
}

std::string table() {
  std::string text = "# Families\n\n"
                     "Checkpoints of `make_checkpoints.py`, two texts or pictures at a time. Distance: the "
                     "furthest element of the exact result from that of the models' own library, over its "
                     "largest. Differing: elements in which the machine's result is not that of the reference "
                     "with its roundings. Price: relative RMS of the machine's result from the exact one.\n\n"
                     "| checkpoint | distance | differing | price |\n|---|--:|--:|--:|\n";
  for (const Row& row : all_rows()) {
    text += fmt::format(
      "| {} | {:.1e} | {} of {} | {:.4f} |\n", row.name, row.distance, row.differing, row.count, row.price
    );
  }
  return text;
}

} // namespace

TEST_CASE("families: exact results are those of the models' own library, for two texts at a time") {
  CHECK(all_rows().size() >= 14);
  for (const Row& row : all_rows()) {
    INFO(row.name);
    CHECK(row.distance < 1e-4);
  }
}

TEST_CASE("families: the machine's results are those of the reference, in a batch and alone") {
  for (const Row& row : all_rows()) {
    INFO(row.name);
    CHECK(row.differing == 0);
    CHECK(row.alone);
    CHECK(row.price < 0.5);
  }
}

TEST_CASE("families: the table is as kept") {
  check_table("hf", "families.md", table());
}

TEST_CASE("families: recorded checkpoints compute in a batch what they compute alone") {
  if (!has_shared_data()) {
    return;
  }
  for (const char* name : {"llama", "mistral", "gpt2", "gpt_oss", "siglip", "smolvlm"}) {
    INFO(name);
    const Folder folder = shared_dir() / "hf" / name;
    frontend::Part part;
    if (has_text(folder)) {
      part.ids = ids_of(folder, "input_ids");
    }
    const Loaded first = load(folder, part);
    const std::vector<float> alone = run(first.graph, first.inputs, upstream()).machine.at(first.graph.outputs.back());
    // The second text has the same tokens in another order, but for those of an image.
    const std::vector<std::int64_t> ids = part.ids;
    part.batch = batch;
    part.ids.insert(part.ids.end(), ids.begin(), ids.end());
    if (!ids.empty()) {
      std::reverse(part.ids.end() - 5, part.ids.end());
    }
    const Loaded both = load(folder, part);
    const Run together = run(both.graph, both.inputs, upstream());
    const std::vector<float>& result = together.machine.at(both.graph.outputs.back());
    REQUIRE(result.size() == batch * alone.size());
    const auto middle = result.begin() + static_cast<std::ptrdiff_t>(alone.size());
    CHECK(std::equal(alone.begin(), alone.end(), result.begin()));
    CHECK_FALSE(std::equal(alone.begin(), alone.end(), middle));
    if (!ids.empty()) {
      part.batch = 1;
      part.ids.erase(part.ids.begin(), part.ids.begin() + static_cast<std::ptrdiff_t>(ids.size()));
      const Loaded second = load(folder, part);
      if (second.graph.inputs.empty()) { // the other image is that of the second text
        const Run own = run(second.graph, second.inputs, upstream());
        const std::vector<float>& values = own.machine.at(second.graph.outputs.back());
        CHECK(std::equal(values.begin(), values.end(), middle));
      }
    }
  }
}

TEST_CASE("families: batches that cannot be are refused") {
  if (!has_shared_data()) {
    return;
  }
  const auto refused = [](const char* name, frontend::Part part) {
    const auto model = io::import_checkpoint(files_of(shared_dir() / "hf" / name), part);
    REQUIRE_FALSE(model.ok());
    CHECK_FALSE(model.diagnostics().front().hint.empty());
    return model.diagnostics().front().code + " " + model.diagnostics().front().where;
  };
  frontend::Part none;
  none.batch = 0;
  CHECK(refused("llama", none) == "E_RANGE batch");
  frontend::Part many;
  many.batch = std::int64_t{1} << 40;
  CHECK(refused("siglip", many) == "E_RANGE batch");
  frontend::Part uneven;
  uneven.batch = 2;
  uneven.ids = {1, 2, 3};
  CHECK(refused("llama", uneven) == "E_RANGE ids");
  uneven.from_hidden = true;
  CHECK(refused("llama", uneven) == "E_RANGE ids");
  frontend::Part long_texts;
  long_texts.batch = 60000;
  long_texts.rows = 60000;
  CHECK(refused("llama", long_texts) == "E_RESOURCE rows");
  frontend::Part steps;
  steps.batch = 2;
  steps.step = frontend::Step{1, 8, 1};
  CHECK(refused("llama", steps).starts_with("E_KV_CACHE"));
  // Only the first text has the tokens of its image.
  frontend::Part pictures;
  pictures.batch = 2;
  pictures.ids = ids_of(shared_dir() / "hf" / "smolvlm", "input_ids");
  pictures.ids.resize(2 * pictures.ids.size(), 3);
  CHECK(refused("smolvlm", pictures) == "E_RANGE ids");
}
