// Programs and images of the shipped models with one fault each: the validation names the stage that the
// fault is in, and where the faulty instruction has written the wrong element, that instruction.
#include "driver/session.h"
#include "driver/stages.h"
#include "driver/tools.h"
#include "isa/codec.h"
#include "shared_data.h"

#include <algorithm>
#include <array>
#include <fmt/format.h>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

using namespace plena;
using namespace plena::driver;
using namespace plena::tests;
using Json = nlohmann::json;

namespace {

constexpr std::size_t wanted_faults = 40;
constexpr std::size_t wanted_named = 38;
constexpr std::uint32_t no_node = 0xFFFFFFFF;

/// splitmix64
class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed) {}
  std::uint64_t below(std::uint64_t limit) { return next() % limit; }
  template <class T> const T& of(const std::vector<T>& list) {
    return list[static_cast<std::size_t>(below(list.size()))];
  }

 private:
  std::uint64_t next() {
    std::uint64_t z = state_ += 0x9E3779B97F4A7C15u;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return z ^ (z >> 31);
  }
  std::uint64_t state_;
};

/// A compiled model whose run and verdict are good.
struct Bench {
  std::string name;
  std::string options;
  Session session;
  std::vector<std::uint32_t> words;
  std::vector<std::uint32_t> nodes; ///< by word
  std::vector<std::string> lines;   ///< of the text
  std::vector<std::size_t> line_of; ///< by word, from 0
  Images images;
  Json layout;
  Json model;
  std::uint64_t executed = 0;

  Bench(const std::filesystem::path& path, const std::string& opt)
      : name(path.stem().string()),
        options(fmt::format(R"({{"opt": "{}", "keep_stages": false}})", opt)) {
    const Result<Preset> settings = preset("m16b4");
    REQUIRE(settings);
    REQUIRE(session.set_settings("m16b4", settings->toml));
    const std::vector<std::uint8_t> bytes = read_bytes(path);
    const Result<std::string> info = session.load_model(path.filename().string(), bytes);
    REQUIRE(info);
    model = Json::parse(*info);
    restore();
    std::string line;
    for (const char c : session.program_text()) {
      if (c == '\n') {
        lines.push_back(std::exchange(line, {}));
      } else {
        line += c;
      }
    }
    for (const Json& row : Json::parse(session.rows(0, 1u << 20))) {
      words.push_back(row["word"]);
      nodes.push_back(row["node"] == -1 ? no_node : row["node"].get<std::uint32_t>());
      line_of.push_back(row["line"].get<std::size_t>() - 1);
    }
    const Result<Artefacts> made = session.artefacts();
    REQUIRE(made);
    images = made->images;
    layout = Json::parse(made->layout_json)["tensors"];
    REQUIRE(run(std::uint64_t{1} << 40));
    executed = session.status().executed;
    const Json verdict = Json::parse(*session.verify());
    REQUIRE(verdict["verdict"] == "pass");
    REQUIRE(verdict["stages"].size() >= model["nodes"].size());
  }

  void restore() { REQUIRE(session.compile(options)); }

  /// Whether the run has come to its end.
  bool run(std::uint64_t limit) {
    if (!session.reset()) {
      return false;
    }
    REQUIRE(session.run(limit));
    return session.status().reason == RunStatus::Reason::Done;
  }

  std::vector<std::uint32_t> words_with(const std::set<isa::Opcode>& ops) const {
    std::vector<std::uint32_t> found;
    for (std::uint32_t pc = 0; pc < words.size(); ++pc) {
      if (nodes[pc] != no_node && (ops.empty() || ops.count(op(pc)) != 0)) {
        found.push_back(pc);
      }
    }
    return found;
  }
  /// Pc behind the code of a node.
  std::uint32_t end_of(std::uint32_t node) const {
    std::uint32_t end = 0;
    for (std::uint32_t pc = 0; pc < nodes.size(); ++pc) {
      end = nodes[pc] == node ? pc + 1 : end;
    }
    return end;
  }
  isa::Opcode op(std::uint32_t pc) const { return isa::decode_word(words[pc]).instr.op; }

  /// Nodes that take a tensor of this name.
  std::set<std::uint32_t> users_of(const std::string& tensor) const {
    std::set<std::uint32_t> users;
    for (const Json& node : model["nodes"]) {
      for (const Json& input : node["inputs"]) {
        if (input == tensor) {
          users.insert(node["id"].get<std::uint32_t>());
        }
      }
    }
    return users;
  }
};

struct Fault {
  std::string what;
  std::optional<std::uint32_t> pc{};     ///< of the faulty instruction
  std::set<std::uint32_t> stages{};      ///< one of these
  std::optional<std::string> text{};     ///< program in place of the good one
  std::optional<Images> images{};        ///< images in place of the good ones
  bool dropped = false;
};

std::string joined(const std::vector<std::string>& lines) {
  std::string text;
  for (const std::string& line : lines) {
    text += line + "\n";
  }
  return text;
}

Fault in_word(const Bench& bench, std::uint32_t pc, std::uint32_t word) {
  std::vector<std::string> lines = bench.lines;
  lines[bench.line_of[pc]] = fmt::format(".word 0x{:08X}", word);
  return {
    fmt::format("{} -> {}", isa::disassemble(bench.words[pc]), isa::disassemble(word)),
    pc,
    {bench.nodes[pc]},
    joined(lines)};
}

template <class F>
std::optional<Fault>
changed(const Bench& bench, Random& random, const std::set<isa::Opcode>& ops, F&& change) {
  const std::vector<std::uint32_t> candidates = bench.words_with(ops);
  if (candidates.empty()) {
    return std::nullopt;
  }
  const std::uint32_t pc = random.of(candidates);
  isa::Instr instr = isa::decode_word(bench.words[pc]).instr;
  change(instr);
  const Result<std::uint32_t> word = isa::encode(instr);
  return word ? std::optional(in_word(bench, pc, *word)) : std::nullopt;
}

/// The instruction that wrote a cell last in the good program.
std::optional<std::uint32_t> good_writer(const Bench& bench, const Cell& cell, std::uint32_t stop) {
  const Result<Preset> settings = preset("m16b4");
  const Result<config::Config> config = config::load(settings->toml, "m16b4");
  REQUIRE(config);
  const auto restart = [&]() -> Result<emu::Machine> {
    const Images& images = bench.images;
    Result<emu::Machine> machine = emu::Machine::create(
      *config, {images.hbm, images.fp_sram, images.int_sram, images.vram}
    );
    if (machine) {
      machine->load({bench.words, {}});
    }
    return machine;
  };
  return last_writer(restart, *config, cell, stop);
}

// ---- kinds of faults; nothing when the model offers no place for one

using Kind = std::optional<Fault> (*)(const Bench&, Random&);
using isa::Opcode;

std::optional<Fault> flipped_bit(const Bench& bench, Random& random) {
  const std::uint32_t pc = random.of(bench.words_with({}));
  return in_word(bench, pc, bench.words[pc] ^ (1u << random.below(32)));
}

std::optional<Fault> dropped_instruction(const Bench& bench, Random& random) {
  const std::uint32_t pc = random.of(bench.words_with({}));
  if (bench.op(pc) == Opcode::C_LOOP_START || bench.op(pc) == Opcode::C_LOOP_END) {
    return std::nullopt;
  }
  std::vector<std::string> lines = bench.lines;
  lines.erase(lines.begin() + static_cast<std::ptrdiff_t>(bench.line_of[pc]));
  Fault fault{"dropped " + isa::disassemble(bench.words[pc]), pc, {bench.nodes[pc]}, joined(lines)};
  fault.dropped = true;
  return fault;
}

const std::map<Opcode, Opcode>& other_operations() {
  static const std::map<Opcode, Opcode> others{
    {Opcode::V_ADD_VV, Opcode::V_SUB_VV}, {Opcode::V_SUB_VV, Opcode::V_ADD_VV},
    {Opcode::V_MUL_VV, Opcode::V_ADD_VV}, {Opcode::V_MUL_VF, Opcode::V_ADD_VF},
    {Opcode::V_ADD_VF, Opcode::V_MUL_VF}, {Opcode::V_EXP_V, Opcode::V_RECI_V},
    {Opcode::V_RECI_V, Opcode::V_EXP_V},  {Opcode::M_MM, Opcode::M_TMM},
    {Opcode::M_TMM, Opcode::M_MM},        {Opcode::S_MUL_FP, Opcode::S_ADD_FP}};
  return others;
}

std::optional<Fault> wrong_operation(const Bench& bench, Random& random) {
  std::set<Opcode> ops;
  for (const auto& [op, other] : other_operations()) {
    ops.insert(op);
  }
  return changed(bench, random, ops, [](isa::Instr& instr) {
    instr.op = other_operations().at(instr.op);
  });
}

/// Of the instruction that leaves an element of a stage's result.
std::optional<Fault> wrong_last_operation(const Bench& bench, Random& random) {
  const Json node = random.of(bench.model["nodes"].get<std::vector<Json>>());
  const auto id = node["id"].get<std::uint32_t>();
  for (const Json& place : bench.layout) {
    if (place["memory"] != "vector_sram" || place["name"] != node["outputs"][0]) {
      continue;
    }
    const std::uint64_t row = random.below(place["rows"].get<std::uint64_t>());
    const Cell cell{
      lower::Memory::VectorSram, place["address"].get<std::uint64_t>() + 16 * row};
    const std::optional<std::uint32_t> pc = good_writer(bench, cell, bench.end_of(id));
    if (!pc || bench.nodes[*pc] != id || other_operations().count(bench.op(*pc)) == 0) {
      return std::nullopt;
    }
    isa::Instr instr = isa::decode_word(bench.words[*pc]).instr;
    instr.op = other_operations().at(instr.op);
    const Result<std::uint32_t> word = isa::encode(instr);
    return word ? std::optional(in_word(bench, *pc, *word)) : std::nullopt;
  }
  return std::nullopt;
}

std::optional<Fault> wrong_immediate(const Bench& bench, Random& random) {
  return changed(bench, random, {Opcode::S_ADDI_INT}, [&](isa::Instr& instr) {
    instr.imm += 16 * static_cast<std::uint32_t>(1 + random.below(4));
  });
}

std::optional<Fault> wrong_stride(const Bench& bench, Random& random) {
  return changed(bench, random, {Opcode::C_SET_STRIDE_REG}, [&](isa::Instr& instr) {
    instr.rd = static_cast<std::uint8_t>((instr.rd + 1 + random.below(14)) % 16);
  });
}

std::optional<Fault> wrong_trips(const Bench& bench, Random& random) {
  return changed(bench, random, {Opcode::C_LOOP_START}, [&](isa::Instr& instr) {
    instr.imm = instr.imm > 1 && random.below(2) == 0 ? instr.imm - 1 : instr.imm + 1;
  });
}

/// A staged constant or input of the model; its bytes lie in the image.
const Json* staged(const Bench& bench, Random& random, bool weights) {
  std::vector<const Json*> found;
  for (const Json& place : bench.layout) {
    const bool tiles = place["physical_rows"].get<std::uint64_t>() >= 32;
    if (place["memory"] == "hbm" && !bench.users_of(place["name"]).empty() && (!weights || tiles)) {
      found.push_back(&place);
    }
  }
  return found.empty() ? nullptr : random.of(found);
}

Fault in_image(const Bench& bench, const Json& place, std::string what) {
  Fault fault{what + " of " + place["name"].get<std::string>()};
  fault.stages = bench.users_of(place["name"]);
  fault.images = bench.images;
  return fault;
}

std::optional<Fault> swapped_tiles(const Bench& bench, Random& random) {
  const Json* place = staged(bench, random, true);
  if (place == nullptr) {
    return std::nullopt;
  }
  Fault fault = in_image(bench, *place, "swapped tiles");
  const auto cols = (*place)["physical_cols"].get<std::size_t>();
  const auto at = (*place)["address"].get<std::size_t>();
  for (std::size_t r = 0; r < 16; ++r) {
    for (std::size_t c = 0; c < 16; ++c) {
      std::swap(fault.images->hbm[at + r * cols + c], fault.images->hbm[at + (r + 16) * cols + c]);
    }
  }
  return fault;
}

std::optional<Fault> wrong_scale(const Bench& bench, Random& random) {
  const Json* place = staged(bench, random, false);
  if (place == nullptr || (*place)["scale_offset"] == 0) {
    return std::nullopt;
  }
  Fault fault = in_image(bench, *place, "wrong scale");
  const std::uint64_t scales = (*place)["rows"].get<std::uint64_t>() *
                               (*place)["physical_cols"].get<std::uint64_t>() / 8;
  const std::uint64_t at = (*place)["address"].get<std::uint64_t>() +
                           (*place)["scale_offset"].get<std::uint64_t>() + random.below(scales);
  if (at >= fault.images->hbm.size()) {
    return std::nullopt;
  }
  fault.images->hbm[static_cast<std::size_t>(at)] ^= 4;
  return fault;
}

std::optional<Fault> wrong_element(const Bench& bench, Random& random) {
  const Json* place = staged(bench, random, false);
  if (place == nullptr) {
    return std::nullopt;
  }
  Fault fault = in_image(bench, *place, "wrong element");
  const std::uint64_t count = (*place)["rows"].get<std::uint64_t>() *
                              (*place)["physical_cols"].get<std::uint64_t>();
  const std::uint64_t at = (*place)["address"].get<std::uint64_t>() + random.below(count);
  fault.images->hbm[static_cast<std::size_t>(at)] ^= static_cast<std::uint8_t>(0x40 | random.below(128));
  return fault;
}

std::optional<Fault> wrong_constant(const Bench& bench, Random& random) {
  std::vector<std::uint32_t> loads = bench.words_with({Opcode::S_LD_FP});
  std::erase_if(loads, [&](std::uint32_t pc) {
    const isa::Instr instr = isa::decode_word(bench.words[pc]).instr;
    return instr.rs1 != 0 || 2 * instr.imm + 1 >= bench.images.fp_sram.size();
  });
  if (loads.empty()) {
    return std::nullopt;
  }
  const std::uint32_t entry = isa::decode_word(bench.words[random.of(loads)]).instr.imm;
  Fault fault{fmt::format("constant {}", entry)};
  for (const std::uint32_t pc : loads) {
    if (isa::decode_word(bench.words[pc]).instr.imm == entry) {
      fault.stages.insert(bench.nodes[pc]);
    }
  }
  fault.images = bench.images;
  fault.images->fp_sram[2 * entry + 1] ^= 0x04; // the lowest bit of the exponent
  return fault;
}

constexpr std::array<std::pair<const char*, Kind>, 12> kinds{
  {{"flipped bit", flipped_bit},
   {"dropped instruction", dropped_instruction},
   {"wrong operation", wrong_operation},
   {"wrong last operation", wrong_last_operation},
   {"wrong immediate", wrong_immediate},
   {"wrong stride", wrong_stride},
   {"wrong trips", wrong_trips},
   {"swapped tiles", swapped_tiles},
   {"wrong scale", wrong_scale},
   {"wrong element", wrong_element},
   {"wrong last operation", wrong_last_operation},
   {"wrong constant", wrong_constant}}};

// ---- what came of them

enum class Outcome : std::uint8_t { None, Named, Missed };

struct Tally {
  std::size_t seeded = 0;
  std::size_t named = 0;
  std::size_t stopped = 0; ///< by the machine, which names the instruction
  std::size_t without_effect = 0;
  std::size_t instructions = 0;       ///< faults whose instruction has written the wrong element
  std::size_t instructions_named = 0; ///< of those
  std::string lines;
};

Outcome judge(Bench& bench, const Fault& fault, Tally& tally, std::string& told) {
  const RunStatus status = bench.session.status();
  if (status.fault) {
    // `pc N`
    const std::size_t pc = std::stoul(status.fault->where.substr(3));
    const std::size_t good = fault.dropped && pc >= *fault.pc ? pc + 1 : pc;
    ++tally.stopped;
    told = fmt::format("the machine stops at pc {} ({})", pc, status.fault->code);
    return good < bench.nodes.size() && fault.stages.count(bench.nodes[good]) != 0
             ? Outcome::Named
             : Outcome::Missed;
  }
  const Result<std::string> report = bench.session.verify();
  REQUIRE(report);
  const Json verdict = Json::parse(*report);
  const auto differs = [](const Json& row) {
    return row["golden_vs_machine"]["differing"].get<std::uint64_t>() > 0;
  };
  const Json& stages = verdict["stages"];
  const auto first = std::find_if(stages.begin(), stages.end(), differs);
  if (first == stages.end() &&
      std::none_of(verdict["outputs"].begin(), verdict["outputs"].end(), differs)) {
    return Outcome::None;
  }
  const Json& bad = verdict["first_bad"];
  if (bad.is_null()) {
    told = "within the bounds";
    return Outcome::Missed;
  }
  told = bad["text"];
  const auto node = bad["node"].get<std::uint32_t>();
  const bool named = fault.stages.count(node) != 0;
  if (named && fault.pc && !fault.dropped && !bad["pc"].is_null()) {
    static const std::map<std::string, lower::Memory> memories{
      {"vector_sram", lower::Memory::VectorSram},
      {"hbm", lower::Memory::Hbm},
      {"fp_sram", lower::Memory::FpSram},
      {"int_sram", lower::Memory::IntSram}};
    const Cell cell{memories.at(bad["memory"]), bad["address"].get<std::uint64_t>()};
    // In the good program it writes the element; unless the fault keeps it from that, it is named.
    if (bad["pc"] == *fault.pc || good_writer(bench, cell, bench.end_of(node)) == fault.pc) {
      ++tally.instructions;
      tally.instructions_named += bad["pc"] == *fault.pc ? 1u : 0u;
    }
  }
  return named ? Outcome::Named : Outcome::Missed;
}

Tally seed_faults(const std::string& opt) {
  std::vector<std::unique_ptr<Bench>> benches;
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(source_dir() / "models")) {
    if (entry.path().extension() == ".json") {
      files.push_back(entry.path());
    }
  }
  std::sort(files.begin(), files.end());
  for (const std::filesystem::path& file : files) {
    INFO(file.string());
    benches.push_back(std::make_unique<Bench>(file, opt));
  }
  Tally tally;
  for (std::uint64_t seed = 1; tally.seeded < wanted_faults; ++seed) {
    REQUIRE(seed < 2000);
    Random random(seed);
    const auto& [kind, make] = kinds[static_cast<std::size_t>(seed) % kinds.size()];
    Bench& bench = *random.of(benches);
    const std::optional<Fault> fault = make(bench, random);
    if (!fault) {
      continue;
    }
    INFO(bench.name << ": " << fault->what);
    bench.restore();
    if (fault->images) {
      bench.session.set_images(*fault->images, std::nullopt);
    }
    const bool loads =
      !fault->text || bench.session.assemble(*fault->text, AsmMode::Compatible).ok();
    constexpr std::uint64_t patience = 20;
    const bool ends = loads && bench.run(patience * bench.executed);
    // A word that the machine refuses, or a loop without end, is no wrong result.
    if (!ends && (!loads || !bench.session.status().fault || bench.session.status().executed == 0)) {
      continue;
    }
    std::string told;
    const Outcome outcome = judge(bench, *fault, tally, told);
    if (outcome == Outcome::None) {
      ++tally.without_effect;
      continue;
    }
    ++tally.seeded;
    tally.named += outcome == Outcome::Named ? 1u : 0u;
    tally.lines += fmt::format(
      "{} {} seed {}, {}: {}{}; {}\n",
      outcome == Outcome::Named ? "named " : "MISSED",
      bench.name,
      seed,
      kind,
      fault->what,
      fault->pc ? fmt::format(" at pc {} (node {})", *fault->pc, *fault->stages.begin()) : "",
      told
    );
  }
  return tally;
}

} // namespace

TEST_CASE("the validation names the stage that a fault is in") {
  for (const std::string opt : {"portable", "dense"}) {
    const Tally tally = seed_faults(opt);
    WARN(fmt::format(
      "{}: {} faults, {} with their stage named ({} of them by the machine's own fault), {} without "
      "effect replaced; instruction named {} of {} times\n{}",
      opt,
      tally.seeded,
      tally.named,
      tally.stopped,
      tally.without_effect,
      tally.instructions_named,
      tally.instructions,
      tally.lines
    ));
    CHECK(tally.named >= wanted_named);
    CHECK(tally.instructions >= 4);
    CHECK(tally.instructions_named == tally.instructions);
  }
}
