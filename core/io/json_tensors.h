// Tensor specifications of a JSON document: shape, type, layout, and where the values come from.
// Internal to the JSON importer.
#pragma once

#include "io/companions.h"
#include "io/json_fields.h"
#include "ir/graph.h"

namespace plena::io {

struct Generator {
  std::string name;
  std::uint64_t seed = 42;
  double std = 1;
  double mean = 0;
};

/// Bytes of a file beside the document.
struct External {
  std::string file;
  std::uint64_t offset = 0;
  std::uint64_t length = 0; ///< as shape and type say
  bool to_end = false;      ///< the file holds nothing else
  std::string sha256{};     ///< of these bytes; empty: not given
};

/// A tensor specification as read.
struct TensorSpec {
  ir::DType dtype = ir::DType::F32;
  std::optional<ir::Shape> shape{};
  std::optional<ir::Constant> values{};
  std::optional<Generator> generator{};
  std::optional<External> external{}; ///< values are not read yet
  bool out_in = true; ///< layout of a weight of `linear`

  bool has_source() const { return values || generator || external; }
};

class JsonTensors {
 public:
  /// Without `companions` there are no files beside the document.
  JsonTensors(JsonFields& fields, Companions* companions)
      : fields_(fields),
        companions_(companions) {}

  /// E_TYPE, E_RANGE.
  std::optional<ir::Shape> shape(const json& value, const std::string& path);
  /// The member `dtype`; f32 when it is absent.
  std::optional<ir::DType> dtype(const json& parent, const std::string& path);
  /// Reads a specification; `name` is the generator's default. A fill becomes values at once, and so do
  /// bytes of files unless `later`.
  std::optional<TensorSpec>
  spec(const json& value, const std::string& path, const std::string& name, bool later = false);

  /// Counts elements that a generator or a fill is about to make; false when the document makes too
  /// many.
  bool reserve(const ir::Shape& shape);

 private:
  bool
  source(const json& value, const std::string& path, const std::string& name, TensorSpec& spec);
  std::optional<std::string> source_key(const json& value, const std::string& path);
  bool fill(const json& value, const std::string& path, TensorSpec& spec);
  bool
  generator(const json& value, const std::string& path, const std::string& name, TensorSpec& spec);

  /// Where values in a file are; nothing of them is read.
  bool external(const json& value, const std::string& path, TensorSpec& spec);

  JsonFields& fields_;
  Companions* companions_;
  std::int64_t generated_ = 0;
};

/// The values of a specification with `external`. E_EXTERNAL_DATA, E_WEIGHTS.
Result<ir::Constant> read_external(Companions& companions, const TensorSpec& spec);

/// `values`: numbers, flat or nested as the shape says.
bool read_json_values(
  JsonFields& fields, const json& value, const std::string& path, TensorSpec& spec
);
/// `base64` of the tensor `parent`.
bool read_json_base64(
  JsonFields& fields, const json& parent, const std::string& path, TensorSpec& spec
);

} // namespace plena::io
