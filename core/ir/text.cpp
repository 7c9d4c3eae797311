#include "ir/text.h"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>

namespace plena::ir {

namespace {

bool plain(std::string_view name) {
  return !name.empty() && name != "_" && name != "?" &&
         std::all_of(name.begin(), name.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                  std::string_view("_./:-").find(c) != std::string_view::npos;
         });
}

std::string quoted(std::string_view text) {
  std::string result = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      result += '\\';
    }
    result += c == '\n' ? std::string("\\n") : std::string(1, c);
  }
  return result + "\"";
}

std::string name_text(std::string_view name) {
  return plain(name) ? std::string(name) : quoted(name);
}

template <class T> std::string number(T value) { return fmt::format("{}", value); }

/// Doubles always carry a mark that tells them from integers.
std::string real(double value) {
  std::string text = number(value);
  if (std::isfinite(value) && text.find_first_of(".e") == std::string::npos) {
    text += ".0";
  }
  return text;
}

struct AttrText {
  std::string operator()(std::int64_t value) const { return number(value); }
  std::string operator()(double value) const { return real(value); }
  std::string operator()(const std::string& value) const { return quoted(value); }
  std::string operator()(const std::vector<std::int64_t>& values) const {
    return list(values, [](std::int64_t v) { return number(v); });
  }
  // The `f` tells an empty list of floats from an empty list of integers.
  std::string operator()(const std::vector<double>& values) const {
    return "f" + list(values, [](double v) { return real(v); });
  }

 private:
  template <class T, class F> static std::string list(const std::vector<T>& values, F print) {
    std::string text = "[";
    for (std::size_t i = 0; i < values.size(); ++i) {
      text += (i == 0 ? "" : ",") + print(values[i]);
    }
    return text + "]";
  }
};

std::string type_text(const Tensor& tensor) {
  return tensor.known ? std::string(info(tensor.dtype).name) + to_string(tensor.shape) : "?";
}

std::string values_text(const Tensor& tensor, std::size_t max_values) {
  std::string text;
  const auto append = [&](const auto& values) {
    for (std::size_t i = 0; i < std::min(values.size(), max_values); ++i) {
      text += " " + number(values[i]);
    }
    text += values.size() > max_values ? " ..." : "";
  };
  if (is_float(tensor.dtype)) {
    append(tensor.constant->floats);
  } else {
    append(tensor.constant->ints);
  }
  return text;
}

std::string node_text(const Graph& graph, const Node& node) {
  std::string text;
  for (const TensorId id : node.outputs) {
    text += text.empty() ? "" : ", ";
    text += id == no_tensor ? std::string("_")
                            : name_text(graph.tensor(id).name) + " " + type_text(graph.tensor(id));
  }
  text += " = " + name_text(node.op) + "(";
  for (std::size_t i = 0; i < node.inputs.size(); ++i) {
    text += i == 0 ? "" : ", ";
    text += node.inputs[i] == no_tensor ? "_" : name_text(graph.tensor(node.inputs[i]).name);
  }
  text += ")";
  const char* separator = " {";
  for (const auto& [key, value] : node.attrs) {
    text += separator + name_text(key) + "=" + std::visit(AttrText{}, value);
    separator = ", ";
  }
  text += node.attrs.empty() ? "" : "}";
  text += " @" + name_text(node.name);
  text += node.origin.empty() ? "" : " from";
  for (const std::string& origin : node.origin) {
    text += " " + name_text(origin);
  }
  return text + "\n";
}

} // namespace

std::string to_text(const Graph& graph, const TextOptions& options) {
  std::string text = "graph " + name_text(graph.name) + "\n";
  for (const TensorId id : graph.inputs) {
    const Tensor& tensor = graph.tensor(id);
    text += "input " + name_text(tensor.name) + " " + type_text(tensor) + "\n";
  }
  for (const Tensor& tensor : graph.tensors) {
    if (tensor.constant) {
      text += "const " + name_text(tensor.name) + " " + type_text(tensor) + " =" +
              values_text(tensor, options.max_values) + "\n";
    }
  }
  for (const Node& node : graph.nodes) {
    text += node_text(graph, node);
  }
  for (const TensorId id : graph.outputs) {
    text += "output " + name_text(graph.tensor(id).name) + "\n";
  }
  return text;
}

} // namespace plena::ir
