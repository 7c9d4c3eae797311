// One protobuf message, read field by field. The only files that include protozero are this and its
// source; internal to the ONNX importer.
#pragma once

#include <cstdint>
#include <protozero/pbf_reader.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace plena::io::onnx {

/// Thrown by `Message` and caught by `read_model`, which turns it into a diagnostic.
struct Broken {
  std::size_t offset;
  std::string message;
  const char* code = "E_PROTOBUF";
};

/// Checks the wire type before every access, which the library only asserts; throws Broken with the
/// offset of the field in the file.
class Message {
 public:
  Message(std::string_view bytes, const char* file_start);

  /// Goes to the next field; false at the end.
  bool next();
  std::uint32_t field() const { return reader_.tag(); }
  std::size_t offset() const { return offset_; }

  void skip();
  std::string_view bytes();
  /// Bytes that are UTF-8.
  std::string_view text();
  Message message() { return Message(bytes(), start_); }
  std::int64_t integer();
  float real();

  /// Append a repeated field, packed or not.
  void integers(std::vector<std::int64_t>& values);
  void reals(std::vector<float>& values);
  void doubles(std::vector<double>& values);

 private:
  std::size_t here() const;
  [[noreturn]] void broken(std::string message) const { throw Broken{offset_, std::move(message)}; }
  void expect(protozero::pbf_wire_type type) const;
  template <class F> void guard(F&& read) const;
  /// The library compares lengths as signed numbers of the host's pointer size, which lengths from
  /// 2^31 slip past where that is 32 bits.
  void check_length() const;
  /// A repeated field whose single values have the wire type `type`.
  template <class T, class One, class Packed>
  void repeated(std::vector<T>& values, protozero::pbf_wire_type type, One one, Packed packed);

  protozero::pbf_reader reader_;
  const char* start_;
  const char* end_;
  std::size_t offset_ = 0;
};

} // namespace plena::io::onnx
