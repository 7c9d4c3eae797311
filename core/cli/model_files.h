// The files of a model, and the part of it that commands are about.
#pragma once

#include "cli/model.h"
#include "driver/evaluation.h"

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
/// The vocabulary of a model: `file`, or where none is named, vocabulary.json in the model's folder. E_FILE when
/// there is none.
Result<io::Vocabulary> vocabulary_of(const std::string& model, const std::string& file);
/// What lies in the model's folder under this name.
std::string beside_model(const std::string& model, const char* name);

/// The model, a file or the folder of a checkpoint, into the session; false after telling why not.
bool load_model_files(driver::Session& session, const ModelOptions& options, Steps& steps);

} // namespace plena::cli
