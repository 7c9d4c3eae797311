// The recorded ONNX files of the reference data: those that are imported and run, and those that
// are refused.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace plena::tests {

/// A file that is imported, against what a runtime made of the same inputs.
struct AcceptedFile {
  std::string name;
  std::int64_t opset = 0;             ///< 0 where the data does not tell
  std::string operators;              ///< of the graph, each with how often
  std::vector<std::string> presets{}; ///< that it ran on
  double fp32_distance = 0; ///< furthest element of the exact result, over the largest recorded one
  std::uint64_t differing = 0; ///< elements in which machine and reference differ, on all presets
  double price = 0; ///< rel. RMS of the machine against the recorded result, largest of all
};

struct RefusedFile {
  std::string name;
  std::string expected; ///< code
  std::string code;     ///< of the first error; empty if the file was taken
  std::string where;
};

struct OnnxCases {
  std::vector<AcceptedFile> accepted;
  std::vector<RefusedFile> refused;
};

/// All files of the manifest and of the folder of exports, imported, compiled and run; what goes
/// wrong on the way with those to be accepted fails the test.
OnnxCases run_onnx_cases();

std::string onnx_table(const OnnxCases& cases);

} // namespace plena::tests
