// safetensors: 8 bytes with the length of a JSON header, the header, then the values of the tensors.
#pragma once

#include "io/byte_source.h"
#include "ir/types.h"

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace plena::io {

/// The limit of the format's own library.
inline constexpr std::uint64_t max_safetensors_header = 100'000'000;

class Safetensors {
 public:
  struct Entry {
    std::string dtype; ///< as the file says, e.g. BF16
    ir::Shape shape{};
    std::uint64_t begin = 0; ///< in the file
    std::uint64_t end = 0;
  };

  /// Reads the header. E_SAFETENSORS with the byte or the tensor when it is none, when ranges lie outside
  /// of the file, overlap, or are not as long as shape and type say; E_JSON for its text.
  static Result<Safetensors> open(const ModelFile& file);

  const std::string& name() const { return file_.name; }
  const std::map<std::string, Entry, std::less<>>& entries() const { return entries_; }
  const std::string& header() const { return header_; }
  /// Values of `count` entries of the first dimension from `first` on. E_DTYPE for types that are not
  /// read: F32, F16 and BF16 are.
  Result<std::vector<float>>
  read(std::string_view tensor, std::int64_t first, std::int64_t count) const;

 private:
  ModelFile file_;
  std::string header_;
  std::map<std::string, Entry, std::less<>> entries_;
};

/// model.safetensors.index.json: the file of every tensor.
Result<std::map<std::string, std::string, std::less<>>> read_safetensors_index(const ModelFile& file);

} // namespace plena::io
