// model.schema.json says what the importer does: at every place the same keys, the same names of
// values, and what is required. The importer is asked, by documents with one part changed.
#include "folders.h"
#include "io/importer.h"
#include "ops/registry.h"

#include <catch2/catch.hpp>
#include <fstream>
#include <functional>
#include <nlohmann/json.hpp>
#include <set>

using namespace plena;
using json = nlohmann::json;

namespace {

const json& schema() {
  static const json read = 
    json::parse(std::ifstream(tests::source_dir() / "core/io/model.schema.json"));
  return read;
}

/// Documents that have every part that the importer reads.
const std::vector<json>& documents() {
  static const std::vector<json> all{
    json::parse(R"({"plena_model": 1, "name": "g", "description": "d", "family": "graph",
      "graph": {"inputs": [{"name": "x", "shape": [4, 4], "dtype": "f32", "memory": "hbm"}],
        "constants": {"w": {"shape": [4, 4], "dtype": "f32", "layout": "in_out", "fill": 1},
                      "v": {"shape": [4], "generator": "ih4"}},
        "nodes": [{"op": "linear", "name": "n", "inputs": ["x", "w", "v"], "outputs": ["y"], "attrs": {}}],
        "outputs": ["y"], "value_info": {"y": [4, 4]}},
      "weights": {"source": "seed", "generator": "ih4", "seed": 1, "std":
        {"norm": {"mean": 1, "std": 0}, "bias": {"mean": 0, "std": 0}}, "tensors": {}},
      "input": {"kind": "tensor", "tensor": {"name": "x", "shape": [4, 4], "generator": "ih4"}},
      "run": {"hardware": {}, "precision": "hardware", "references": ["fp32", "hardware"], "unroll": "none"},
      "expect": {}})"),
    json::parse(R"({"plena_model": 1, "family": "llama",
      "dims": {"hidden_size": 8, "intermediate_size": 8, "num_layers": 1, "num_attention_heads": 2,
               "vocab_size": 8},
      "attention": {"mask": "causal", "heads_packing": "auto"},
      "ffn": {"activated": "gate_proj", "activation": "silu"}, "norm": {"gamma": "fold"},
      "lm_head": {"kind": "none", "where": "device"},
      "weights": {"source": "seed", "generator": "ih4", "naming": "hf_llama", "std":
        {"norm": {"mean": 1, "std": 0}, "bias": {"std": 0}, "embedding": {"std": 1},
         "position_embedding": {"std": 1}},
        "tensors": {"model.norm.weight": {"shape": [8], "fill": 1}}},
      "input": {"kind": "tokens", "ids": {"generator": "ids_affine", "length": 4}},
      "run": {"hardware": {}}})"),
    json::parse(R"({"plena_model": 1, "family": "vlm",
      "text": {"family": "llama", "dims": {"hidden_size": 8, "intermediate_size": 8, "num_layers": 1,
        "num_attention_heads": 2, "vocab_size": 16}},
      "vision": {"dims": {"hidden_size": 8, "intermediate_size": 8, "num_layers": 1,
        "num_attention_heads": 2, "patch_size": 4, "image_size": 8},
        "connector": {"scale_factor": 2, "output_dim": 8}},
      "merge": {"image_token_id": 9},
      "weights": {"source": "seed"}, "input": {"kind": "tokens", "ids": [1, 9, 2, 3]}})")};
  return all;
}

Diagnostics complaints(const json& document) {
  const std::string text = document.dump();
  return io::import_model(
           "m.json", {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()}
  )
    .diagnostics();
}

const Diagnostic* at(const Diagnostics& all, const std::string& place) {
  const auto found = std::find_if(all.begin(), all.end(), [&](const Diagnostic& one) {
    return one.where == place;
  });
  return found == all.end() ? nullptr : &*found;
}

/// The names that a remedy lists behind its colon.
std::set<std::string> listed(const std::string& hint) {
  std::set<std::string> names;
  const std::size_t colon = hint.find(": ");
  std::string rest = hint.substr(colon == std::string::npos ? hint.size() : colon + 2);
  rest = rest.substr(0, rest.find(';'));
  while (!rest.empty()) {
    const std::size_t comma = rest.find(", ");
    names.insert(rest.substr(0, comma));
    rest = comma == std::string::npos ? "" : rest.substr(comma + 2);
  }
  return names;
}

const json& resolved(const json& given) {
  return given.contains("$ref")
           ? schema()["$defs"][given["$ref"].get<std::string>().substr(std::string("#/$defs/").size())]
           : given;
}

bool is_of(const json& value, const std::string& type) {
  return type == "object"    ? value.is_object()
         : type == "array"   ? value.is_array()
         : type == "string"  ? value.is_string()
         : type == "integer" ? value.is_number_integer()
         : type == "number"  ? value.is_number()
         : type == "boolean" ? value.is_boolean()
                             : value.is_null();
}

/// Of several forms, that of the value's family or type.
const json& form_of(const json& given, const json& value) {
  const json& one = resolved(given);
  for (const char* several : {"oneOf", "anyOf"}) {
    if (!one.contains(several)) {
      continue;
    }
    for (const json& raw : one[several]) {
      const json& form = resolved(raw);
      const bool told = std::string(several) == "oneOf";
      if (told) {
        for (const json& name : form["properties"]["family"]["enum"]) {
          if (value["family"] == name) {
            return form;
          }
        }
      } else if (is_of(value, form["type"])) {
        return form;
      }
    }
  }
  return one;
}

using Visit = std::function<void(const json& form, const json::json_pointer& place)>;

void walk(const json& given, const json& value, const json::json_pointer& place, const Visit& visit) {
  const json& form = form_of(given, value);
  visit(form, place);
  for (const auto& [key, inner] : value.items()) {
    if (value.is_array()) {
      if (form.contains("items")) {
        walk(form["items"], inner, place / std::stoul(key), visit);
      }
    } else if (form.contains("properties") && form["properties"].contains(key)) {
      walk(form["properties"][key], inner, place / key, visit);
    } else if (form.contains("additionalProperties") && form["additionalProperties"].is_object()) {
      walk(form["additionalProperties"], inner, place / key, visit);
    }
  }
}

void everywhere(const std::function<void(const json&, const json&, const json::json_pointer&)>& visit) {
  for (const json& document : documents()) {
    INFO(document.dump());
    for (const Diagnostic& one : complaints(document)) {
      INFO(one.where << " " << one.message);
      REQUIRE(one.severity != Severity::Error);
    }
    walk(schema(), document, json::json_pointer(), [&](const json& form, const json::json_pointer& place) {
      visit(document, form, place);
    });
  }
}

constexpr const char* strange = "qqqqqqqqqqqqqqqqqqqqqqqq";

} // namespace

TEST_CASE("the schema has the importer's keys", "[json][schema]") {
  std::size_t objects = 0;
  everywhere([](const json&, const json&, const json::json_pointer&) {});
  everywhere([&](const json& document, const json& form, const json::json_pointer& place) {
    if (form.value("additionalProperties", json(true)) != json(false)) {
      return;
    }
    json changed = document;
    changed[place][strange] = 1;
    const Diagnostics all = complaints(changed);
    const Diagnostic* one = at(all, (place / strange).to_string());
    INFO(place.to_string());
    REQUIRE(one != nullptr);
    std::set<std::string> wanted = listed(one->hint);
    std::set<std::string> known;
    for (const auto& [key, inner] : form["properties"].items()) {
      known.insert(key);
    }
    if (place.empty()) {
      // Which keys a document has depends on its family; the importer knows them all.
      for (const json& raw : schema()["oneOf"]) {
        for (const auto& [key, inner] : resolved(raw)["properties"].items()) {
          known.insert(key);
        }
      }
    }
    // Choices of the compiler come from its own table when the page is built.
    if (form.value("x-from", "") == "choices") {
      for (const char* choice : {"opt"}) {
        CHECK(wanted.erase(choice) == 1);
      }
    }
    CHECK(known == wanted);
    ++objects;
  });
  CHECK(objects > 30);
}

TEST_CASE("the schema has the importer's names of values", "[json][schema]") {
  std::size_t lists = 0;
  everywhere([&](const json& document, const json& form, const json::json_pointer& place) {
    if (!form.contains("enum") || !document[place].is_string()) {
      return;
    }
    INFO(place.to_string());
    json changed = document;
    changed[place] = strange;
    const Diagnostics all = complaints(changed);
    const Diagnostic* one = at(all, place.to_string());
    REQUIRE(one != nullptr);
    std::set<std::string> names;
    for (const json& name : form["enum"]) {
      names.insert(name.get<std::string>());
      changed[place] = name;
      const Diagnostics accepted = complaints(changed);
      const Diagnostic* problem = at(accepted, place.to_string());
      INFO(name.dump());
      CHECK((problem == nullptr || problem->severity != Severity::Error));
    }
    if (const std::set<std::string> hint = listed(one->hint); hint.size() > 1 && place != json::json_pointer("/family")) {
      CHECK(names == hint);
      ++lists;
    }
  });
  CHECK(lists > 8);
}

TEST_CASE("the schema requires what the importer requires", "[json][schema]") {
  // Wanted by some families, or beside some other values, only: the schema leaves these to the importer.
  const auto sometimes = [](const json::json_pointer& place) {
    const std::set<std::string> places{"/dims/vocab_size", "/input/ids", "/weights/source"};
    return places.contains(place.to_string()) || place.back() == "shape";
  };
  std::size_t keys = 0;
  everywhere([&](const json& document, const json& form, const json::json_pointer& place) {
    if (!form.contains("properties")) {
      return;
    }
    for (const auto& [key, inner] : document[place].items()) {
      json changed = document;
      changed[place].erase(key);
      const Diagnostics all = complaints(changed);
      const Diagnostic* one = at(all, (place / key).to_string());
      const bool missed = one != nullptr && one->code == "E_MISSING";
      const json list = form.value("required", json::array());
      INFO((place / key).to_string());
      const bool listed_there = std::find(list.begin(), list.end(), key) != list.end();
      CHECK((missed == listed_there || (missed && sometimes(place / key))));
      keys += listed_there ? 1 : 0;
    }
  });
  CHECK(keys > 20);
}
