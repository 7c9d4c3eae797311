// Models that are several files: config.json and safetensors, as the transformers library saves them.
#pragma once

#include "frontend/build.h"
#include "io/byte_source.h"
#include "ir/graph.h"

#include <span>

namespace plena::io {

struct CheckpointModel {
  ir::Graph graph;
  std::string digest; ///< of the configuration, the headers of the tensors' files, and what was read of them
  frontend::BuiltPart built;
};

/// The one file that is a model by itself, .onnx or .json; null when there is none or more than one. Others
/// may hold values of its tensors.
const ModelFile* sole_model(std::span<const ModelFile> files);

/// Whether these files are such a model: one of them is config.json, or one ends in .safetensors and none
/// is a model by itself. Directories in names do not count.
bool is_checkpoint(std::span<const ModelFile> files);

/// The part of the model as a graph over the operators of core/ops; only its tensors are read.
/// E_FILE for files that are missing; what `read_config`, `Checkpoint::open` and `frontend::build` say.
Result<CheckpointModel>
import_checkpoint(std::span<const ModelFile> files, const frontend::Part& part);

} // namespace plena::io
