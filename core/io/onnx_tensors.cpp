#include "io/onnx_tensors.h"

#include "io/elements.h"
#include "io/weights.h"
#include "ir/onnx_types.h"

#include <charconv>

namespace plena::io::onnx {

namespace {

/// Values of the typed fields.
ir::Constant typed_values(const TensorProto& proto, ir::DType dtype) {
  ir::Constant values;
  if (dtype == ir::DType::F32) {
    values.floats = proto.floats;
  } else if (dtype == ir::DType::F64) {
    for (const double value : proto.doubles) {
      values.floats.push_back(static_cast<float>(value));
    }
  } else if (ir::is_float(dtype)) {
    for (const std::int64_t value : proto.ints) {
      const auto bits = static_cast<std::uint16_t>(value);
      values.floats.push_back(dtype == ir::DType::F16 ? half_value(bits) : bf16_value(bits));
    }
  } else {
    values.ints = proto.ints;
  }
  return values;
}

/// Compares what the shape claims with what is there before anything is allocated.
bool holds_enough(
  const TensorProto& proto,
  ir::DType dtype,
  std::uint64_t claimed,
  const std::string& where,
  Problems& problems
) {
  const std::size_t size = ir::info(dtype).bytes;
  const std::size_t given = proto.raw                 ? proto.raw->size() / size
                            : dtype == ir::DType::F32 ? proto.floats.size()
                            : dtype == ir::DType::F64 ? proto.doubles.size()
                                                      : proto.ints.size();
  if (given == claimed && (!proto.raw || proto.raw->size() % size == 0)) {
    return true;
  }
  problems.error(
    "E_SHAPE",
    where,
    "shape " + ir::to_string(proto.dims) + " of " + std::string(ir::info(dtype).name) + " needs " +
      std::to_string(claimed) + " values (" + std::to_string(claimed * size) +
      " bytes), the file holds " + std::to_string(given) +
      (proto.raw ? " (" + std::to_string(proto.raw->size()) + " bytes)" : std::string()),
    "the file was cut short or damaged; export or download it again"
  );
  return false;
}

/// A number in digits, as lists of names and texts have it; nothing when it is none.
std::optional<std::uint64_t> digits(std::string_view text) {
  std::uint64_t value = 0;
  const char* end = text.data() + text.size();
  const auto read = std::from_chars(text.data(), end, value);
  return read.ec == std::errc{} && read.ptr == end ? std::optional(value) : std::nullopt;
}

bool read_external(
  const TensorProto& proto,
  ir::DType dtype,
  std::uint64_t count,
  const std::string& where,
  Problems& problems,
  ir::Tensor& tensor,
  Companions* companions
) {
  const auto refuse = [&](std::string message, std::string hint) {
    problems.error("E_EXTERNAL_DATA", where, std::move(message), std::move(hint));
    return false;
  };
  const std::string name(proto.location.starts_with("./") ? proto.location.substr(2) : proto.location);
  if (companions == nullptr || name.empty()) {
    return refuse(
      "its values lie in another file" + (name.empty() ? std::string() : " (" + name + ")"),
      "give that file together with the model, or save the model as a single file: "
      "onnx.save(onnx.load(path), path, save_as_external_data=False)"
    );
  }
  const std::uint64_t wanted = count * ir::info(dtype).bytes;
  const auto offset = proto.data_offset.empty() ? std::optional<std::uint64_t>(0) : digits(proto.data_offset);
  const auto length = proto.data_length.empty() ? std::optional(wanted) : digits(proto.data_length);
  if (!offset || length != wanted) {
    return refuse(
      "its values lie at byte \"" + std::string(proto.data_offset) + "\" of " + name + ", \"" +
        std::string(proto.data_length) + "\" bytes; shape and type say " + std::to_string(wanted),
      "the file is damaged; export or download it again"
    );
  }
  const Result<std::vector<std::uint8_t>> bytes = companions->read(name, *offset, wanted);
  if (!bytes) {
    const Diagnostic& why = bytes.diagnostics().front();
    problems.error(why.code, where, why.message, why.hint);
    return false;
  }
  set(tensor, dtype, proto.dims, read_elements(*bytes, dtype));
  return true;
}

} // namespace

void set(ir::Tensor& tensor, ir::DType dtype, ir::Shape shape, ir::Constant values) {
  tensor.dtype = dtype;
  tensor.shape = std::move(shape);
  tensor.constant = std::move(values);
  tensor.known = true;
}

bool read_tensor(
  const TensorProto& proto,
  const std::string& where,
  Problems& problems,
  ir::Tensor& tensor,
  Companions* companions
) {
  if (!proto.unsupported.empty()) {
    problems.error(
      "E_DTYPE", where, "field " + std::string(proto.unsupported) + " is not read", type_hint
    );
    return false;
  }
  const auto dtype = ir::onnx_dtype(proto.data_type);
  if (!dtype) {
    problems.error(
      "E_DTYPE",
      where,
      "element type " + std::to_string(proto.data_type) + " is not read",
      type_hint
    );
    return false;
  }
  const auto count = ir::element_count(proto.dims);
  if (!count || proto.dims.size() > max_rank) {
    problems.error(
      "E_SHAPE",
      where,
      "shape " + ir::to_string(proto.dims) + " is impossible",
      "the file is damaged, or the model too large; export or download it again"
    );
    return false;
  }
  if (proto.external) {
    return read_external(proto, *dtype, static_cast<std::uint64_t>(*count), where, problems, tensor, companions);
  }
  if (!holds_enough(proto, *dtype, static_cast<std::uint64_t>(*count), where, problems)) {
    return false;
  }
  set(
    tensor,
    *dtype,
    proto.dims,
    proto.raw ? read_elements(bytes_of(*proto.raw), *dtype) : typed_values(proto, *dtype)
  );
  return true;
}

} // namespace plena::io::onnx
