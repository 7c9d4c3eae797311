// A folder with a checkpoint, inputs and what the models' own library makes of them; its graph and results.
#pragma once

#include "config/config.h"
#include "golden/reference.h"
#include "io/import_checkpoint.h"
#include "unit/codegen/harness.h"

#include <filesystem>
#include <string>
#include <vector>

namespace plena::tests {

using Folder = std::filesystem::path;

/// Values of NAME.npy, of which the type is f32 or i64.
std::vector<float> npy(const Folder& folder, const std::string& name);
std::vector<std::int64_t> ids_of(const Folder& folder, const std::string& name);

std::vector<io::ModelFile> files_of(const Folder& folder);

struct Loaded {
  ir::Graph graph;
  codegen::Values inputs;
};
/// The part's graph over operators; images are those of the folder, and when more are asked for, their negatives.
Loaded load(const Folder& folder, const frontend::Part& part);

/// The machine of upstream's settings.
const config::Config& upstream();

ir::TensorId output_called(const ir::Graph& graph, const std::string& name);

/// Largest difference, as a share of the largest expected value.
double distance(const std::vector<float>& values, const std::vector<float>& expected);

/// All results without formats.
golden::Values exact(const Loaded& loaded);

} // namespace plena::tests
