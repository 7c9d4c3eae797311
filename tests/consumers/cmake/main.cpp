// A program that uses the installed engine: it compiles a model, runs it, and prints the link.
#include "driver/reproduce.h"
#include "driver/session.h"
#include "recipe/zlib_codec.h"

#include <fstream>
#include <iostream>
#include <iterator>
#include <vector>

int main(int argc, char** argv) {
  if (argc != 2) {
    std::cerr << "usage: consumer MODEL.json\n";
    return 2;
  }
  std::ifstream file(argv[1], std::ios::binary);
  const std::vector<char> text{std::istreambuf_iterator<char>(file), {}};
  const std::vector<std::uint8_t> bytes(text.begin(), text.end());
  plena::driver::Session session;
  const auto fails = [](const auto& result) {
    for (const plena::Diagnostic& one : result.diagnostics()) {
      std::cerr << plena::render(one) << "\n";
    }
    return !result;
  };
  if (fails(session.load_model("model.json", bytes)) || fails(session.compile("{}")) || fails(session.reset())) {
    return 1;
  }
  while (session.status().reason == plena::driver::RunStatus::Reason::Ready ||
         session.status().reason == plena::driver::RunStatus::Reason::Slice) {
    if (fails(session.run(100'000))) {
      return 1;
    }
  }
  if (fails(session.verify())) {
    return 1;
  }
  plena::recipe::Wish wish;
  wish.json = std::string(text.begin(), text.end());
  const auto recipe = session.recipe(wish);
  if (fails(recipe)) {
    return 1;
  }
  std::cout << "cycles " << session.status().cycles << "\n"
            << (session.verdict().pass ? "pass" : "fail") << "\n#"
            << plena::recipe::link_of(*recipe, plena::recipe::ZlibCodec()) << "\n";
}
