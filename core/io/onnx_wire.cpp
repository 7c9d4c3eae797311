#include "io/onnx_wire.h"

#include "base/text.h"

namespace plena::io::onnx {

using protozero::pbf_wire_type;

Message::Message(std::string_view bytes, const char* file_start)
    : reader_(bytes.data(), bytes.size()),
      start_(file_start),
      end_(bytes.data() + bytes.size()),
      offset_(static_cast<std::size_t>(bytes.data() - file_start)) {}

std::size_t Message::here() const {
  const char* at = reader_.data().data();
  return static_cast<std::size_t>((at == nullptr ? end_ : at) - start_);
}

void Message::expect(pbf_wire_type type) const {
  if (!reader_.has_wire_type(type)) {
    broken(
      "field " + std::to_string(reader_.tag()) + " has wire type " +
      std::to_string(static_cast<unsigned>(reader_.wire_type())) + ", expected " +
      std::to_string(static_cast<unsigned>(type))
    );
  }
}

template <class F> void Message::guard(F&& read) const {
  try {
    read();
  } catch (const protozero::exception& error) {
    broken(std::string("field ") + std::to_string(reader_.tag()) + ": " + error.what());
  }
}

void Message::check_length() const {
  guard([&] {
    const char* at = reader_.data().data();
    const std::uint64_t length = protozero::decode_varint(&at, end_);
    if (length > static_cast<std::uint64_t>(end_ - at)) {
      throw protozero::end_of_buffer_exception{};
    }
  });
}

bool Message::next() {
  offset_ = here();
  try {
    return reader_.next();
  } catch (const protozero::exception& error) {
    broken(error.what());
  }
}

void Message::skip() {
  if (reader_.has_wire_type(pbf_wire_type::length_delimited)) {
    check_length();
  }
  guard([&] { reader_.skip(); });
}

std::string_view Message::bytes() {
  expect(pbf_wire_type::length_delimited);
  check_length();
  std::string_view view;
  guard([&] {
    const auto data = reader_.get_view();
    view = {data.data(), data.size()};
  });
  return view;
}

std::string_view Message::text() {
  const std::string_view view = bytes();
  if (!is_valid_utf8(view)) {
    broken("a text is not UTF-8");
  }
  return view;
}

std::int64_t Message::integer() {
  expect(pbf_wire_type::varint);
  std::int64_t value = 0;
  guard([&] { value = reader_.get_int64(); });
  return value;
}

float Message::real() {
  expect(pbf_wire_type::fixed32);
  float value = 0;
  guard([&] { value = reader_.get_float(); });
  return value;
}

template <class T, class One, class Packed>
void Message::repeated(std::vector<T>& values, pbf_wire_type type, One one, Packed packed) {
  if (reader_.has_wire_type(type)) {
    guard([&] { values.push_back(one()); });
    return;
  }
  expect(pbf_wire_type::length_delimited);
  check_length();
  guard([&] {
    for (const T value : packed()) {
      values.push_back(value);
    }
  });
}

void Message::integers(std::vector<std::int64_t>& values) {
  repeated(
    values,
    pbf_wire_type::varint,
    [&] { return reader_.get_int64(); },
    [&] { return reader_.get_packed_int64(); }
  );
}
void Message::reals(std::vector<float>& values) {
  repeated(
    values,
    pbf_wire_type::fixed32,
    [&] { return reader_.get_float(); },
    [&] { return reader_.get_packed_float(); }
  );
}
void Message::doubles(std::vector<double>& values) {
  repeated(
    values,
    pbf_wire_type::fixed64,
    [&] { return reader_.get_double(); },
    [&] { return reader_.get_packed_double(); }
  );
}

} // namespace plena::io::onnx
