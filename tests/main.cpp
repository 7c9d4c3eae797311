// The one translation unit that holds Catch2's implementation.
#define CATCH_CONFIG_RUNNER
#include "update.h"

#include <catch2/catch.hpp>
#include <cstdio>
#include <set>
#include <string>

namespace plena::tests {

bool update_expectations = false;

namespace {

/// Catch2 breaks long lines of messages, and with them links: those of failures are printed once more, whole.
struct WholeLinks : Catch::TestEventListenerBase {
  using TestEventListenerBase::TestEventListenerBase;

  bool assertionEnded(const Catch::AssertionStats& stats) override {
    if (!stats.assertionResult.isOk()) {
      for (const Catch::MessageInfo& info : stats.infoMessages) {
        if (info.message.find("plena run '#") != std::string::npos && said.insert(info.message).second) {
          std::fprintf(stderr, "%s\n", info.message.c_str());
        }
      }
    }
    return true;
  }

  std::set<std::string> said;
};
CATCH_REGISTER_LISTENER(WholeLinks)

} // namespace

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
