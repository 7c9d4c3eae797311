// Figures that upstream tells of its compiler and its results, ours beside them: counts and cycles
// of programs with loops kept and written out, distances of results, what each kind of rounding
// costs.
#pragma once

#include <string>

namespace plena::tests {

/// Compiles and runs all of them; some take seconds. A program that does not run, or whose result
/// is not that of its reference, fails the test.
std::string figures_table();

/// A whole layer of LLaDA-8B; takes minutes.
std::string llada_table();

} // namespace plena::tests
