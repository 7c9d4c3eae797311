// Builds small graphs, runs them through compiler and emulator, and judges the results.
#pragma once

#include "base/size.h"
#include "codegen/compile.h"
#include "emu/machine.h"
#include "golden/verdict.h"
#include "ops/infer.h"
#include "ops/lower_graph.h"

#include <catch2/catch.hpp>
#include <cstdint>
#include <string>
#include <vector>

namespace plena::tests {

/// Pseudo-random values, roughly normal, the same everywhere.
inline std::vector<float> noise(std::uint64_t count, std::uint64_t seed, double scale = 1.0) {
  std::vector<float> values(to_size(count));
  std::uint64_t state = seed * 0x9E3779B97F4A7C15u + 1;
  for (float& value : values) {
    double sum = -2.0;
    for (int i = 0; i < 4; ++i) {
      state = state * 6364136223846793005u + 1442695040888963407u;
      sum += static_cast<double>(state >> 40) / static_cast<double>(1u << 24);
    }
    value = static_cast<float>(sum * 1.732 * scale);
  }
  return values;
}

class Model {
 public:
  ir::TensorId input(ir::Shape shape, double scale = 1.0, double offset = 0.0) {
    const ir::TensorId id = tensor("x", shape);
    graph.inputs.push_back(id);
    std::vector<float> values = noise(ops::extent_of(shape).count(), ++seed_, scale);
    for (float& value : values) {
      value += static_cast<float>(offset);
    }
    inputs[id] = std::move(values);
    return id;
  }
  /// Integers that lie in the INT SRAM or shape the program.
  ir::TensorId integers(std::vector<float> values) {
    const ir::TensorId id = tensor("n", {static_cast<std::int64_t>(values.size())});
    graph.tensor(id).dtype = ir::DType::I64;
    graph.inputs.push_back(id);
    inputs[id] = std::move(values);
    return id;
  }
  ir::TensorId constant(ir::Shape shape, double scale = 1.0) {
    return constant_of(shape, noise(ops::extent_of(shape).count(), ++seed_, scale));
  }
  ir::TensorId constant_of(ir::Shape shape, std::vector<float> values) {
    const ir::TensorId id = tensor("c", std::move(shape));
    graph.tensor(id).constant = ir::Constant{std::move(values), {}};
    return id;
  }
  ir::TensorId node(
    std::string op, std::vector<ir::TensorId> operands, std::map<std::string, ir::Attr> attrs = {}
  ) {
    const ir::TensorId out = tensor("t", {});
    ir::Node node;
    node.name = op + std::to_string(graph.nodes.size());
    node.op = std::move(op);
    node.inputs = std::move(operands);
    node.outputs = {out};
    node.attrs = std::move(attrs);
    graph.add_node(std::move(node));
    return out;
  }
  void output(ir::TensorId id) { graph.outputs.push_back(id); }

  ir::Graph graph;
  codegen::Values inputs;

 private:
  ir::TensorId tensor(std::string prefix, ir::Shape shape) {
    ir::Tensor tensor;
    tensor.name = prefix + std::to_string(graph.tensors.size());
    tensor.shape = std::move(shape);
    return graph.add_tensor(std::move(tensor));
  }
  std::uint64_t seed_ = 0;
};

inline std::string rendered(const Diagnostics& diagnostics) {
  std::string text;
  for (const Diagnostic& diagnostic : diagnostics) {
    text += render(diagnostic) + "\n";
  }
  return text;
}

/// Settings of a machine in the way of upstream's presets.
inline config::Config machine(std::uint32_t mlen, std::uint32_t blen) {
  config::Config config;
  config.mlen = config.vlen = mlen;
  config.blen = blen;
  config.hlen = mlen;
  config.broadcast_amount = 1;
  config.hbm_m_prefetch_amount = mlen;
  config.hbm_v_prefetch_amount = config.hbm_v_writeback_amount = blen;
  config.hbm_size = std::uint64_t{1} << 32;
  config.vector_sram_size = 1u << 20;
  return config;
}

struct Run {
  codegen::Compiled compiled;
  golden::Verdict verdict;
  golden::Values machine;
  golden::Values golden;
  std::uint64_t executed = 0;
};

/// Compiles, emulates and judges; everything that goes wrong on the way fails the test. The graph
/// has passed infer_shapes().
inline Run run(
  const ir::Graph& graph,
  const codegen::Values& inputs,
  const config::Config& config,
  codegen::Options options = {}
) {
  Result<codegen::Compiled> compiled = codegen::compile(graph, config, inputs, options);
  INFO(rendered(compiled.diagnostics()));
  REQUIRE(compiled.ok());
  Run run;
  run.compiled = std::move(*compiled);

  emu::Images images;
  images.hbm = run.compiled.hbm;
  images.fp_sram = run.compiled.fp_sram;
  images.int_sram = run.compiled.int_sram;
  images.vram = run.compiled.vector_sram;
  emu::Options emu_options;
  emu_options.hbm_bytes = run.compiled.hbm_bytes;
  Result<emu::Machine> machine = emu::Machine::create(config, images, emu_options);
  INFO(rendered(machine.diagnostics()));
  REQUIRE(machine.ok());
  REQUIRE_FALSE(machine->load(run.compiled.program).has_value());
  const emu::RunResult result = machine->run(std::uint64_t{1} << 32);
  if (machine->fault()) {
    FAIL("fault at " << machine->fault()->pc << ": " << machine->fault()->message);
  }
  REQUIRE(result.reason == emu::RunResult::Reason::Done);
  for (const emu::Warning& warning : machine->warnings()) {
    FAIL_CHECK("the machine warns: " << emu::to_string(warning.kind) << " at " << warning.first_pc);
  }
  run.executed = result.executed;
  CHECK(result.executed == run.compiled.executed);

  const codegen::MemoryReader memory{
    config.mlen,
    [&](std::uint64_t row) { return machine->vector_row(row); },
    [&](std::uint64_t address, std::span<std::uint8_t> bytes) { machine->read_hbm(address, bytes); },
    machine->fp_sram(),
    machine->int_sram()};
  for (const codegen::Placement& place : run.compiled.placements) {
    if (codegen::is_result(place)) {
      run.machine[place.tensor] = codegen::read_back(place, memory);
      // Lanes beyond the columns hold zero.
      const std::uint64_t used =
        place.memory == lower::Memory::VectorSram ? place.cols % config.mlen : 0;
      for (std::uint64_t r = 0; place.col_group == 0 && used != 0 && r < place.rows; ++r) {
        const std::uint64_t last = place.cols / config.mlen;
        const auto row =
          machine->vector_row(place.address / config.mlen + last * place.phys_rows + r);
        for (std::size_t lane = to_size(used); lane < config.mlen; ++lane) {
          if (row[lane] != 0.0f) {
            FAIL_CHECK(place.name << " lane " << lane << " of row " << r << " holds " << row[lane]);
          }
        }
      }
    }
  }
  const ops::Arithmetic hardware = ops::arithmetic_of(config, ops::Precision::Hardware, run.compiled.plan);
  const ops::Arithmetic exact = ops::arithmetic_of(config, ops::Precision::Fp32);
  const Result<golden::Values> golden = golden::evaluate(graph, hardware, inputs);
  const Result<golden::Values> fp32 = golden::evaluate(graph, exact, inputs);
  REQUIRE(golden.ok());
  REQUIRE(fp32.ok());
  run.golden = *golden;
  run.verdict = golden::judge(graph, hardware, *fp32, *golden, run.machine, run.machine);
  for (const golden::StageVerdict& stage : run.verdict.stages) {
    INFO(
      graph.node(stage.node).name << " differing " << stage.golden_vs_machine.differing << " of "
                                  << stage.golden_vs_machine.count << " max "
                                  << stage.golden_vs_machine.max_abs
    );
    CHECK(stage.pass);
    // The references have every rounding of the machine in its place.
    CHECK(stage.golden_vs_machine.differing == 0);
  }
  CHECK(run.verdict.pass);
  return run;
}

inline Run run(Model& model, const config::Config& config, codegen::Options options = {}) {
  const Status inferred = ops::infer_shapes(model.graph);
  INFO(rendered(inferred.diagnostics()));
  REQUIRE(inferred.ok());
  return run(model.graph, model.inputs, config, options);
}

} // namespace plena::tests
