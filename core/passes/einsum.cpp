#include "passes/einsum.h"

#include <algorithm>

namespace plena::passes {

namespace {

constexpr std::string_view dots = "...";
constexpr std::size_t max_axes = 16;

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
/// Label of the axis of "..." that has so many behind it.
char label_of_dots(std::size_t behind) { return static_cast<char>('0' + behind); }

Diagnostic unreadable(const OnnxNode& node, const std::string& why) {
  return node.error(
    "E_UNSUPPORTED_ATTR",
    "its equation \"" + node.text("equation", "") + "\" " + why,
    "write a letter for each axis, operands apart by commas, the result behind \"->\": "
    "\"ij,jk->ik\""
  );
}

/// Letters as they are, "..." as `axes` labels; nothing when there is anything else.
std::optional<std::string> labels_of(std::string_view term, std::size_t axes) {
  std::string labels;
  bool dotted = false;
  while (!term.empty()) {
    if (term.starts_with(dots) && !dotted) {
      for (std::size_t i = axes; i-- > 0;) {
        labels += label_of_dots(i);
      }
      dotted = true;
      term.remove_prefix(dots.size());
    } else if (is_letter(term.front())) {
      labels += term.front();
      term.remove_prefix(1);
    } else {
      return std::nullopt;
    }
  }
  return labels;
}

/// Where the equation has no result: "...", then every letter that it has once, by the alphabet.
std::string implied(std::string_view terms, std::size_t axes) {
  std::string labels = *labels_of(dots, axes);
  std::string letters;
  for (const char c : terms) {
    if (is_letter(c) && std::count(terms.begin(), terms.end(), c) == 1) {
      letters += c;
    }
  }
  std::sort(letters.begin(), letters.end());
  return labels + letters;
}

} // namespace

Result<Einsum> read_einsum(const OnnxNode& node) {
  std::string equation = node.text("equation", "");
  std::erase(equation, ' ');
  const std::size_t arrow = equation.find("->");
  std::vector<std::string_view> terms;
  for (std::string_view rest = std::string_view(equation).substr(0, arrow);;) {
    const std::size_t comma = rest.find(',');
    terms.push_back(rest.substr(0, comma));
    if (comma == std::string_view::npos) {
      break;
    }
    rest.remove_prefix(comma + 1);
  }
  if (terms.size() != node.node.inputs.size()) {
    return unreadable(
      node,
      "has " + std::to_string(terms.size()) + " operands, the node " +
        std::to_string(node.node.inputs.size())
    );
  }
  Einsum read;
  std::size_t most = 0; // axes of "..."
  for (std::size_t i = 0; i < terms.size(); ++i) {
    if (!node.has(i)) {
      return node.missing(i);
    }
    const std::size_t rank = node.shape(i).size();
    const bool dotted = terms[i].find(dots) != std::string_view::npos;
    const std::size_t named = terms[i].size() - (dotted ? dots.size() : 0);
    const std::size_t axes = dotted && rank > named ? rank - named : 0;
    const auto labels = labels_of(terms[i], axes);
    if (!labels || axes > max_axes) {
      return unreadable(node, "has an operand that is no list of letters");
    }
    if (labels->size() != rank) {
      return shape_error(
        node, "its equation \"" + node.text("equation", "") + "\" has other axes than the operands"
      );
    }
    for (std::size_t axis = 0; axis < rank; ++axis) {
      const std::int64_t size = node.shape(i)[axis];
      const auto [known, added] = read.sizes.try_emplace((*labels)[axis], size);
      const bool stretches = !is_letter((*labels)[axis]);
      if (stretches && known->second == 1) {
        known->second = size;
      }
      if (known->second != size && !(stretches && size == 1)) {
        return shape_error(
          node,
          "its equation \"" + node.text("equation", "") +
            "\" gives axes of different sizes one letter"
        );
      }
    }
    most = std::max(most, axes);
    read.operands.push_back(*labels);
  }
  const auto result = arrow == std::string::npos
                        ? implied(equation, most)
                        : labels_of(std::string_view(equation).substr(arrow + 2), most);
  if (!result) {
    return unreadable(node, "has a result that is no list of letters");
  }
  read.result = *result;
  for (const char label : read.result) {
    if (!read.sizes.contains(label) || std::count(read.result.begin(), read.result.end(), label) != 1) {
      return unreadable(node, "has an axis in its result that the operands do not have, or twice");
    }
  }
  return read;
}

Types infer_einsum(const OnnxNode& node) {
  const Result<Einsum> read = read_einsum(node);
  if (!read) {
    return read.diagnostics();
  }
  ir::Shape shape;
  for (const char label : read->result) {
    shape.push_back(read->sizes.at(label));
  }
  return one(node.input(0)->dtype, std::move(shape));
}

} // namespace plena::passes
