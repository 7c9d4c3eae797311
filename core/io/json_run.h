// The section `run` of a JSON document: what the file asks of its compilation. Internal to the JSON
// importer.
#pragma once

#include "io/json_fields.h"
#include "ir/graph.h"

namespace plena::io {

/// Choices that a model of family `graph` can make. Their values are for the compiler to judge; keys
/// that only other families give a meaning are refused.
ir::RunChoices read_json_run(JsonFields& fields, const json& document);

} // namespace plena::io
