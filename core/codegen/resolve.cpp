#include "codegen/instructions.h"
#include "isa/isa.h"

namespace plena::codegen {

namespace {

using lower::Item;
using lower::Operand;

Operand fp(std::uint32_t id) { return {Operand::Kind::Fp, id, 0, {}}; }

class Resolver {
 public:
  Resolver(const lower::Program& program, const Layout& layout)
      : program_(program),
        layout_(layout) {
    out_.registers = program.registers;
    out_.comments = program.comments;
  }

  Listing run() {
    out_.items.reserve(program_.items.size());
    make_constants();
    for (const Item& item : program_.items) {
      Item resolved = item;
      for (Operand& operand : resolved.operands) {
        if (operand.kind == Operand::Kind::Address) {
          operand = number(value_of(operand));
        }
      }
      out_.items.push_back(resolved);
    }
    return std::move(out_);
  }

 private:
  std::uint64_t value_of(const Operand& address) const {
    return layout_.addresses[lower::index(address.symbol)] + address.value;
  }

  void instruction(isa::Opcode op, std::array<Operand, 3> operands, std::uint32_t node) {
    Item item;
    item.op = op;
    std::copy(operands.begin(), operands.end(), item.operands.begin());
    item.node = node;
    out_.items.push_back(item);
  }

  void make_constants() {
    for (const MadeConstant& made : layout_.made_constants) {
      const std::uint32_t product = out_.registers[1]++;
      const std::uint32_t factor = out_.registers[1]++;
      for (std::size_t i = 0; i < made.factors.size(); ++i) {
        const std::uint32_t target = i == 0 ? product : factor;
        instruction(
          isa::Opcode::S_LD_FP, {fp(target), gp(0), number(made.factors[i])}, lower::no_node
        );
        if (i != 0) {
          instruction(
            isa::Opcode::S_MUL_FP, {fp(product), fp(product), fp(factor)}, lower::no_node
          );
        }
      }
      instruction(isa::Opcode::S_ST_FP, {fp(product), gp(0), number(made.slot)}, lower::no_node);
    }
  }

  const lower::Program& program_;
  const Layout& layout_;
  Listing out_;
};

} // namespace

Listing resolve(const lower::Program& program, const Layout& layout) {
  return Resolver(program, layout).run();
}

} // namespace plena::codegen
