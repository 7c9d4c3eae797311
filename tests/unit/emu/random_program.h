// Random programs that run to their end without a fault: loops, every unit, transfers of both types
// with and without stride, destinations that are dropped.
#pragma once

#include "config/config.h"
#include "isa/program.h"

#include <cstdint>
#include <vector>

namespace plena::tests {

struct RandomProgram {
  config::Machine machine;
  isa::Program program;
  std::vector<std::uint8_t> hbm;
};

RandomProgram random_legal_program(std::uint64_t seed);

} // namespace plena::tests
