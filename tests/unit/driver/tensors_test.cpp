#include "driver/npy.h"
#include "driver/tensor_bytes.h"
#include "driver/tools.h"

#include <catch2/catch.hpp>
#include <cstring>

using namespace plena;
using namespace plena::driver;

namespace {

std::vector<std::uint8_t> bytes_of(const std::string& text) { return {text.begin(), text.end()}; }

/// A .npy file, version 1, with this header text and these value bytes.
std::vector<std::uint8_t> npy(std::string header, const std::string& values) {
  header.resize(118, ' ');
  std::string file = "\x93NUMPY";
  file += std::string("\x01\x00\x76\x00", 4) + header + values;
  return bytes_of(file);
}

} // namespace

TEST_CASE("a tensor survives the way through .npy", "[unit][driver]") {
  const NamedTensor tensor{"x", {2, 3}, {1, -2, 3.5f, 0, 1e-30f, 6}};
  const std::vector<std::uint8_t> file = npy_bytes(tensor);
  CHECK(file.size() % 4 == 0);
  CHECK(is_npy(file));
  const Result<NamedTensor> back = read_npy(file, "x");
  REQUIRE(back);
  CHECK(back->shape == tensor.shape);
  CHECK(back->values == tensor.values);
}

TEST_CASE(".npy element types are widened", "[unit][driver]") {
  const auto read = [](const char* descr, const std::string& values) {
    return read_npy(
      npy(
        std::string("{'descr': '") + descr + "', 'fortran_order': False, 'shape': (1,), }", values
      ),
      "x"
    );
  };
  CHECK(read("<f2", std::string("\x00\x3c", 2))->values == std::vector<float>{1.0f});
  CHECK(read("|u1", "\xff")->values == std::vector<float>{255.0f});
  CHECK(read("|i1", "\xff")->values == std::vector<float>{-1.0f});
  CHECK(read("<i8", std::string("\x07\0\0\0\0\0\0\0", 8))->values == std::vector<float>{7.0f});
}

TEST_CASE("broken .npy files are refused with a reason", "[unit][driver]") {
  const auto refused = [](const std::vector<std::uint8_t>& file) {
    const Result<NamedTensor> result = read_npy(file, "x");
    return !result && !result.diagnostics()[0].hint.empty();
  };
  const std::string good = "{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }";
  CHECK(refused(bytes_of("")));
  CHECK(refused(bytes_of("\x93NUMPY")));
  CHECK(refused(npy(good, "1234567")));
  CHECK(refused(npy("{'descr': '>f4', 'fortran_order': False, 'shape': (2,), }", "12345678")));
  CHECK(refused(npy("{'descr': '<f4', 'fortran_order': True, 'shape': (2,), }", "12345678")));
  CHECK(refused(npy("{'descr': '<f4', 'fortran_order': False, 'shape': (-2,), }", "12345678")));
  CHECK(refused(npy("{}", "12345678")));
  CHECK(refused(
    npy("{'descr': '<f4', 'fortran_order': False, 'shape': (4294967296, 4294967296), }", "12345678")
  ));
  std::vector<std::uint8_t> file = npy(good, "12345678");
  CHECK_FALSE(refused(file));
  for (std::size_t size = 0; size < file.size(); ++size) {
    CHECK(refused({file.begin(), file.begin() + static_cast<std::ptrdiff_t>(size)}));
  }
}

TEST_CASE("numbers in text fill a tensor exactly", "[unit][driver]") {
  CHECK(values_from_text("1 2,3\n-4.5e1", {2, 2}, "x").value() == std::vector<float>{1, 2, 3, -45});
  CHECK_FALSE(values_from_text("1 2 3", {2, 2}, "x"));
  CHECK_FALSE(values_from_text("1 2 3 4 5", {2, 2}, "x"));
  CHECK_FALSE(values_from_text("1 2 3 four", {2, 2}, "x"));
}

TEST_CASE("sizes are read as upstream reads them", "[unit][driver]") {
  CHECK(parse_size("4096").value() == 4096);
  CHECK(parse_size("64b").value() == 64);
  CHECK(parse_size("1Ki").value() == 1024);
  CHECK(parse_size(" 2 ").value() == 2);
  CHECK(parse_size("3GiB").value() == std::uint64_t{3} << 30);
  CHECK(parse_size("1t").value() == std::uint64_t{1} << 40);
  for (const char* bad :
       {"", "M", "-1", "1.5K", "1KK", "1 K", "99999999999999999999", "20000000T"}) {
    INFO(bad);
    CHECK_FALSE(parse_size(bad));
  }
}
