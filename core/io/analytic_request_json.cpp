#include "io/analytic_request_json.h"

#include "io/json_fields.h"
#include "io/json_syntax.h"

#include <algorithm>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace plena::io {

namespace {

const Keys request_keys = {
  "model", "dims", "dimsName", "part", "form", "latencies", "section", "numbers", "prices", "sweep"};
const Keys parts = {"text", "vision"};
const Keys sections = {"analytic", "transactional"};
const Keys forms = {"auto", "llama", "gpt_oss", "llada"};

constexpr std::size_t max_axes = 64;

std::optional<std::uint64_t> whole(JsonFields& fields, const json& value, const std::string& path) {
  return fields.expect(value.is_number_unsigned(), value, path, "a whole number")
           ? std::optional(value.get<std::uint64_t>())
           : std::nullopt;
}

} // namespace

Result<analytic::Request> read_analytic_request(std::string_view text) {
  const Bytes bytes(reinterpret_cast<const std::uint8_t*>(text.data()), text.size());
  if (Status syntax = check_json_syntax("request", bytes, {}); !syntax) {
    return std::move(syntax).diagnostics();
  }
  const json document = json::parse(text, nullptr, false);
  Problems problems("request");
  JsonFields fields(problems);
  analytic::Request request;
  if (fields.object(document, "")) {
    fields.check_keys(document, "", request_keys, true);
    request.model = fields.text(document, "", "model").value_or("");
    request.dims_json = fields.text(document, "", "dims").value_or("");
    request.dims_name = fields.text(document, "", "dimsName").value_or("");
    request.latencies = fields.text(document, "", "latencies").value_or("");
    request.vision = fields.choice(document, "", "part", parts) == "vision";
    request.form = analytic::find_form(fields.choice(document, "", "form", forms).value_or("auto"));
    if (fields.choice(document, "", "section", sections) == "transactional") {
      request.section = analytic::Section::Transactional;
    }
    if (const json* numbers = fields.object_member(document, "", "numbers", false)) {
      for (const auto& [key, value] : numbers->items()) {
        if (const auto number = whole(fields, value, child("/numbers", key))) {
          request.numbers.emplace_back(key, *number);
        }
      }
    }
    if (const json* prices = fields.object_member(document, "", "prices", false)) {
      for (const auto& [name, value] : prices->items()) {
        if (const auto price = fields.as_text(value, child("/prices", name))) {
          request.prices.emplace(name, *price);
        }
      }
    }
    if (const json* sweep = fields.array_member(document, "", "sweep", false)) {
      if (sweep->size() > max_axes) {
        fields.error(
          "E_ANALYTIC_SWEEP",
          "/sweep",
          fmt::format("{} settings are changed at once", sweep->size()),
          fmt::format("at most {}", max_axes)
        );
      }
      for (std::size_t i = 0; i < std::min(sweep->size(), max_axes); ++i) {
        const std::string path = child("/sweep", i);
        const auto axis = fields.as_text((*sweep)[i], path);
        if (!axis) {
          continue;
        }
        Result<analytic::Axis> parsed = analytic::parse_axis(*axis);
        if (parsed) {
          request.axes.push_back(std::move(*parsed));
        } else {
          const Diagnostic& error = parsed.diagnostics().front();
          fields.error(error.code, path, error.message, error.hint);
        }
      }
    }
  }
  if (problems.any_error()) {
    return problems.take();
  }
  return request;
}

} // namespace plena::io
