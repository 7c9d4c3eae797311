#include "lower/text.h"

#include "base/size.h"

#include <algorithm>
#include <fmt/format.h>
#include <iterator>

namespace plena::lower {

namespace {

std::string text_of(const Program& program, const Operand& operand) {
  switch (operand.kind) {
  case Operand::Kind::None:
    break;
  case Operand::Kind::Gp:
    return fmt::format("g{}", operand.reg);
  case Operand::Kind::Fp:
    return fmt::format("f{}", operand.reg);
  case Operand::Kind::Addr:
    return fmt::format("a{}", operand.reg);
  case Operand::Kind::Immediate:
    return fmt::format("{}", operand.value);
  case Operand::Kind::Address:
    return fmt::format("[{}] + {}", program.symbol(operand.symbol).name, operand.value);
  }
  return {};
}

} // namespace

std::string to_text(const Program& program) {
  std::string text;
  auto out = std::back_inserter(text);
  std::size_t depth = 0;
  for (const Item& item : program.items) {
    if (item.kind == Item::Kind::LoopEnd) {
      depth -= std::min<std::size_t>(depth, 1);
    }
    text.append(2 * depth, ' ');
    const auto operand = [&](std::size_t i) { return text_of(program, item.operands[i]); };
    switch (item.kind) {
    case Item::Kind::Insn: {
      fmt::format_to(out, "{}", isa::to_string(item.op));
      const std::size_t count = isa::def(item.op).reads.size();
      for (std::size_t i = 0; i < count; ++i) {
        fmt::format_to(out, "{} {}", i == 0 ? "" : ",", operand(i));
      }
      break;
    }
    case Item::Kind::Set:
      fmt::format_to(out, "{} = {}", operand(0), operand(1));
      break;
    case Item::Kind::LoopBegin:
      fmt::format_to(out, "loop {}, {}", operand(0), operand(1));
      if (item.operands[2].value > 1) {
        fmt::format_to(out, ", copies {}", operand(2));
      }
      ++depth;
      break;
    case Item::Kind::LoopEnd:
      fmt::format_to(out, "end {}", operand(0));
      break;
    case Item::Kind::Comment:
      fmt::format_to(out, "; {}", program.comments[to_size(item.operands[0].value)]);
      break;
    }
    text += '\n';
  }
  return text;
}

} // namespace plena::lower
