#include "lower/verify.h"

#include "lower/access.h"

#include <algorithm>
#include <fmt/format.h>

namespace plena::lower {

namespace {

using Kind = Operand::Kind;

/// Everything that goes by loops takes each to begin and end once, and to run all its trips.
bool controls_loops(isa::Opcode op) {
  return op == isa::Opcode::C_LOOP_START || op == isa::Opcode::C_LOOP_END ||
         op == isa::Opcode::C_BREAK;
}

class Verifier {
 public:
  explicit Verifier(const Program& program) : program_(program) {
    for (std::size_t c = 0; c < reg_classes; ++c) {
      written_[c].assign(program.registers[c], false);
    }
    written_[0][0] = written_[1][0] = true; // gp0 and f0 hold zero
  }

  std::vector<std::string> run() {
    for (position_ = 0; position_ < program_.items.size(); ++position_) {
      item(program_.items[position_]);
    }
    if (!loops_.empty()) {
      fail("a loop is left open");
    }
    return std::move(errors_);
  }

 private:
  void fail(std::string_view what) {
    errors_.push_back(fmt::format("item {}: {}", position_, what));
  }

  void item(const Item& item) {
    switch (item.kind) {
    case Item::Kind::Insn:
      instruction(item);
      return;
    case Item::Kind::Set:
      value(item.operands[1], 0xFFFFFFFF);
      write(item.operands[0]);
      return;
    case Item::Kind::LoopBegin:
      if (item.operands[1].kind != Kind::Immediate || item.operands[1].value == 0) {
        fail("a loop needs a trip count of at least 1");
      }
      if (item.operands[2].kind != Kind::None && item.operands[2].kind != Kind::Immediate) {
        fail("the copies of a loop's body are a number");
      }
      write(item.operands[0]);
      loops_.push_back(item.operands[0].reg);
      return;
    case Item::Kind::LoopEnd:
      if (loops_.empty() || loops_.back() != item.operands[0].reg) {
        fail("the end of a loop does not match its start");
      } else {
        written_[0][loops_.back()] = false; // a loop that is written out has no counter
        loops_.pop_back();
      }
      return;
    case Item::Kind::Comment:
      if (item.operands[0].value >= program_.comments.size()) {
        fail("no such comment");
      }
      return;
    }
  }

  void instruction(const Item& item) {
    if (controls_loops(item.op)) {
      fail(fmt::format("{} stands for itself: loops are items", isa::to_string(item.op)));
    }
    const isa::OperandList& reads = isa::def(item.op).reads;
    for (std::size_t i = 0; i < reads.size(); ++i) {
      check_kind(reads[i], item.operands[i]);
    }
    const Accesses accesses = accesses_of(item);
    for (std::size_t i = 0; i < reads.size(); ++i) {
      if (((accesses.read >> i) & 1) != 0) {
        read(item.operands[i]);
      }
    }
    if (accesses.written != 0) {
      write(item.operands[0]);
    }
  }

  void check_kind(const isa::Operand& expected, const Operand& operand) {
    const auto is = [&](Kind kind) { return operand.kind == kind; };
    switch (expected.kind) {
    case isa::Kind::gp:
    case isa::Kind::step:
      return is(Kind::Gp) ? void() : fail("expected an integer register");
    case isa::Kind::fp:
      return is(Kind::Fp) ? void() : fail("expected a scalar register");
    case isa::Kind::addr:
      return is(Kind::Addr) ? void() : fail("expected an address register");
    case isa::Kind::integer:
    case isa::Kind::mask:
    case isa::Kind::policy:
    case isa::Kind::order:
    case isa::Kind::precision:
    case isa::Kind::stride:
    case isa::Kind::zero:
      value(operand, isa::max_of(expected.field));
      return;
    }
  }

  void value(const Operand& operand, std::uint64_t limit) {
    if (operand.kind == Kind::Address) {
      if (index(operand.symbol) >= program_.symbols.size()) {
        fail("no such symbol");
      } else if (operand.value >= program_.symbol(operand.symbol).size) {
        fail("an address lies outside " + program_.symbol(operand.symbol).name);
      }
    } else if (operand.kind != Kind::Immediate) {
      fail("expected a number or an address");
    } else if (operand.value > limit) {
      fail("a number does not fit");
    }
  }

  std::vector<bool>* file_of(const Operand& operand) {
    const std::optional<RegClass> reg_class = class_of(operand);
    if (!reg_class) {
      return nullptr;
    }
    std::vector<bool>& file = written_[static_cast<std::size_t>(*reg_class)];
    if (operand.reg >= file.size()) {
      fail("no such register");
      return nullptr;
    }
    return &file;
  }

  bool is_counter(const Operand& operand) const {
    return operand.kind == Kind::Gp &&
           std::find(loops_.begin(), loops_.end(), operand.reg) != loops_.end();
  }

  void read(const Operand& operand) {
    if (is_counter(operand)) {
      fail("a loop's counter is read");
    }
    if (std::vector<bool>* file = file_of(operand); file != nullptr && !(*file)[operand.reg]) {
      fail(fmt::format("register {} is read before it is written", operand.reg));
    }
  }

  void write(const Operand& operand) {
    std::vector<bool>* file = file_of(operand);
    if (file == nullptr) {
      return;
    }
    if (operand.reg == 0) {
      fail("register 0 is written");
    }
    if (is_counter(operand)) {
      fail("a loop's counter is written inside the loop");
    }
    (*file)[operand.reg] = true;
  }

  const Program& program_;
  std::size_t position_ = 0;
  std::array<std::vector<bool>, reg_classes> written_;
  std::vector<std::uint32_t> loops_;
  std::vector<std::string> errors_;
};

} // namespace

std::vector<std::string> verify(const Program& program) { return Verifier(program).run(); }

} // namespace plena::lower
