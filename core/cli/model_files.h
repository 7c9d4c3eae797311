// The files of a model, and the part of it that commands are about.
#pragma once

#include "cli/model.h"

namespace plena::cli {

/// --layers, --seq, --batch, --ids.
void add_part_options(CLI::App& command, PartOptions& options);

/// A model's file or the folder of a checkpoint, of which the session knows the part.
Status load_model_path(driver::Session& session, const std::string& path);
/// The files of a model, which is a file or the folder of a checkpoint, and its name.
struct NamedFiles {
  std::string name;
  std::vector<driver::ModelFile> files;
};
Result<NamedFiles> files_of_model(const std::string& model);

/// Files in the folder of a model's file, and in no other.
driver::FileFinder files_beside(const std::string& model);

/// The model, a file or the folder of a checkpoint, into the session; false after telling why not.
bool load_model_files(driver::Session& session, const ModelOptions& options, Steps& steps);

} // namespace plena::cli
