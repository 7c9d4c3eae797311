// Arrays of numpy: values in the shape that the header gives, or the reason why not.
#include "driver/npy.h"
#include "fuzz/harness.h"
#include "unit/complete.h"

#include <catch2/catch.hpp>

using namespace plena;

TEST_CASE("broken arrays are survived", "[fuzz]") {
  fuzz::run("npy", ".npy", 30000, [](const fuzz::Bytes& bytes, const std::string& name) {
    const Result<driver::NamedTensor> read = driver::read_npy(bytes, name);
    if (!read) {
      tests::check_complete(read.diagnostics());
      return;
    }
    std::uint64_t count = 1;
    for (const std::int64_t extent : read->shape) {
      count *= static_cast<std::uint64_t>(extent);
    }
    REQUIRE(read->values.size() == count);
    const Result<driver::NamedTensor> again = driver::read_npy(driver::npy_bytes(*read), name);
    REQUIRE(again);
    REQUIRE(again->shape == read->shape);
  });
}
