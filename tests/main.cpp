// The one translation unit that holds Catch2's implementation.
#define CATCH_CONFIG_RUNNER
#include "update.h"

#include <catch2/catch.hpp>

namespace plena::tests {

bool update_expectations = false;

} // namespace plena::tests

int main(int argc, char* argv[]) {
  Catch::Session session;
  session.cli(
    session.cli() | Catch::clara::Opt(plena::tests::update_expectations
                    )["--update"]("rewrite the expectations of text tests instead of checking them")
  );
  const int refused = session.applyCommandLine(argc, argv);
  return refused != 0 ? refused : session.run();
}
