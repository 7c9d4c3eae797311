// The option `--update` of every test program.
#pragma once

namespace plena::tests {

/// True when text tests shall rewrite their expectations instead of checking them.
extern bool update_expectations;

} // namespace plena::tests
