// Checkpoints that tests make: safetensors in memory, and how much of them is read.
#pragma once

#include "io/byte_source.h"

#include <cstdint>
#include <cstring>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace plena::tests {

/// Memory that counts the bytes that are read of it.
class CountedBytes : public io::ByteSource {
 public:
  explicit CountedBytes(std::vector<std::uint8_t> bytes) : bytes_(std::move(bytes)) {}

  std::uint64_t size() const override { return bytes_.size(); }
  Status read(std::uint64_t offset, std::span<std::uint8_t> bytes) const override {
    PLENA_CHECK(offset + bytes.size() <= bytes_.size());
    std::memcpy(bytes.data(), bytes_.data() + offset, bytes.size());
    count += bytes.size();
    return Done{};
  }

  mutable std::uint64_t count = 0;

 private:
  std::vector<std::uint8_t> bytes_;
};

inline std::vector<std::uint8_t> bytes_of(const std::string& text) { return {text.begin(), text.end()}; }

inline io::ModelFile file(const std::string& name, std::vector<std::uint8_t> bytes) {
  return {name, std::make_shared<CountedBytes>(std::move(bytes))};
}

/// A file with this header and these values, whatever they say.
inline std::vector<std::uint8_t>
safetensors(const std::string& header, const std::vector<std::uint8_t>& values) {
  std::vector<std::uint8_t> bytes;
  for (int i = 0; i < 8; ++i) {
    bytes.push_back(static_cast<std::uint8_t>(std::uint64_t{header.size()} >> (8 * i)));
  }
  bytes.insert(bytes.end(), header.begin(), header.end());
  bytes.insert(bytes.end(), values.begin(), values.end());
  return bytes;
}

/// float32 tensors by name.
class TensorFile {
 public:
  void add(const std::string& name, std::vector<std::int64_t> shape, const std::vector<float>& values) {
    std::string list;
    for (const std::int64_t size : shape) {
      list += (list.empty() ? "" : ",") + std::to_string(size);
    }
    const std::size_t begin = values_.size();
    values_.resize(begin + 4 * values.size());
    std::memcpy(values_.data() + begin, values.data(), 4 * values.size());
    header_ += (header_.empty() ? "" : ",") + ("\"" + name + R"(":{"dtype":"F32","shape":[)" + list) +
               R"(],"data_offsets":[)" + std::to_string(begin) + "," + std::to_string(values_.size()) + "]}";
  }
  std::vector<std::uint8_t> bytes() const { return safetensors("{" + header_ + "}", values_); }

 private:
  std::string header_;
  std::vector<std::uint8_t> values_;
};

} // namespace plena::tests
