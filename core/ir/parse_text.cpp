// The reading half of text.h. It serves tests, so it favours brevity over speed.
#include "ir/text.h"
#include "ir/verify.h"

#include <locale>
#include <map>
#include <sstream>

namespace plena::ir {

namespace {

struct Syntax {
  std::size_t at;
  std::string message;
};

class Parser {
 public:
  explicit Parser(std::string_view text) : text_(text) {}

  Graph run() {
    expect("graph");
    graph_.name = name();
    end_line();
    while (!done()) {
      line();
    }
    return std::move(graph_);
  }

  Span place(std::size_t at) const {
    Span span{1, 1, 1, 2};
    for (std::size_t i = 0; i < at && i < text_.size(); ++i) {
      if (text_[i] == '\n') {
        ++span.line;
        span.column = 0;
      }
      ++span.column;
    }
    span.end_line = span.line;
    span.end_column = span.column + 1;
    return span;
  }

 private:
  [[noreturn]] void fail(std::string message) const { throw Syntax{at_, std::move(message)}; }
  bool done() const { return at_ >= text_.size(); }
  char peek() const { return done() ? '\0' : text_[at_]; }
  void blanks() {
    while (peek() == ' ') {
      ++at_;
    }
  }
  bool accept(std::string_view token) {
    blanks();
    if (text_.substr(at_, token.size()) != token) {
      return false;
    }
    at_ += token.size();
    return true;
  }
  void expect(std::string_view token) {
    if (!accept(token)) {
      fail("expected `" + std::string(token) + "`");
    }
  }
  void end_line() {
    blanks();
    if (!done() && peek() != '\n') {
      fail("expected the end of the line");
    }
    ++at_;
  }

  std::string string() {
    expect("\"");
    std::string result;
    while (peek() != '"') {
      if (done() || peek() == '\n') {
        fail("unfinished quotation");
      }
      if (peek() == '\\') {
        ++at_;
        result += peek() == 'n' ? '\n' : peek();
      } else {
        result += peek();
      }
      ++at_;
    }
    ++at_;
    return result;
  }

  std::string word(std::string_view stop) {
    blanks();
    const std::size_t start = at_;
    while (!done() && stop.find(peek()) == std::string_view::npos) {
      ++at_;
    }
    if (start == at_) {
      fail("expected a word");
    }
    return std::string(text_.substr(start, at_ - start));
  }

  std::string name() {
    blanks();
    return peek() == '"' ? string() : word(" ,()={}@\n\"[]");
  }

  template <class T> T number() {
    const std::size_t start = (blanks(), at_);
    const std::string text = word(" ,]}\n");
    if constexpr (std::is_floating_point_v<T>) {
      const T infinity = std::numeric_limits<T>::infinity();
      if (text == "nan" || text == "-nan") {
        return std::numeric_limits<T>::quiet_NaN();
      }
      if (text == "inf" || text == "-inf") {
        return text == "inf" ? infinity : -infinity;
      }
    }
    std::istringstream in(text);
    in.imbue(std::locale::classic());
    T value{};
    if (!(in >> value) || in.peek() != std::char_traits<char>::eof()) {
      at_ = start;
      fail("`" + text + "` is not a number");
    }
    return value;
  }

  template <class T> std::vector<T> list() {
    std::vector<T> values;
    expect("[");
    while (!accept("]")) {
      if (!values.empty()) {
        expect(",");
      }
      values.push_back(number<T>());
    }
    return values;
  }

  Attr attr() {
    blanks();
    if (peek() == '"') {
      return string();
    }
    if (peek() == '[') {
      return list<std::int64_t>();
    }
    if (accept("f[")) {
      --at_;
      return list<double>();
    }
    const std::size_t start = at_;
    const std::string text = word(" ,}\n");
    at_ = start;
    if (text.find_first_of(".en") != std::string::npos) {
      return number<double>();
    }
    return number<std::int64_t>();
  }

  TensorId tensor(const std::string& tensor_name) {
    const auto [entry, added] = ids_.try_emplace(tensor_name, no_tensor);
    if (added) {
      entry->second = graph_.add_tensor({.name = tensor_name, .known = false});
    }
    return entry->second;
  }

  void type(Tensor& tensor) {
    if (accept("?")) {
      return;
    }
    const std::string dtype_name = word("[ \n");
    const auto dtype = parse_dtype(dtype_name);
    if (!dtype) {
      fail("unknown element type `" + dtype_name + "`");
    }
    tensor.dtype = *dtype;
    tensor.shape = list<std::int64_t>();
    tensor.known = true;
  }

  void line() {
    if (accept("\n")) {
      return;
    }
    const std::size_t start = at_;
    if (accept("input ")) {
      const TensorId id = tensor(name());
      type(graph_.tensor(id));
      graph_.inputs.push_back(id);
    } else if (accept("const ")) {
      constant();
    } else if (accept("output ")) {
      graph_.outputs.push_back(tensor(name()));
    } else {
      at_ = start;
      node();
    }
    end_line();
  }

  void constant() {
    const TensorId id = tensor(name());
    type(graph_.tensor(id));
    expect("=");
    Constant values;
    while (blanks(), !done() && peek() != '\n') {
      if (is_float(graph_.tensor(id).dtype)) {
        values.floats.push_back(number<float>());
      } else {
        values.ints.push_back(number<std::int64_t>());
      }
    }
    graph_.tensor(id).constant = std::move(values);
  }

  void node() {
    Node node;
    do {
      const std::string output = name();
      if (output == "_") {
        node.outputs.push_back(no_tensor);
      } else {
        node.outputs.push_back(tensor(output));
        type(graph_.tensor(node.outputs.back()));
      }
    } while (accept(","));
    expect("=");
    node.op = name();
    expect("(");
    while (!accept(")")) {
      if (!node.inputs.empty()) {
        expect(",");
      }
      const std::string input = name();
      node.inputs.push_back(input == "_" ? no_tensor : tensor(input));
    }
    if (accept("{")) {
      do {
        const std::string key = name();
        expect("=");
        node.attrs[key] = attr();
      } while (accept(","));
      expect("}");
    }
    expect("@");
    node.name = name();
    if (accept("from")) {
      while (blanks(), !done() && peek() != '\n') {
        node.origin.push_back(name());
      }
    }
    graph_.add_node(std::move(node));
  }

  std::string_view text_;
  std::size_t at_ = 0;
  Graph graph_;
  std::map<std::string, TensorId> ids_;
};

} // namespace

Result<Graph> from_text(std::string_view text) {
  Parser parser(text);
  try {
    Graph graph = parser.run();
    if (Status status = verify(graph, Level::Imported); !status) {
      return std::move(status).diagnostics();
    }
    return graph;
  } catch (const Syntax& error) {
    return Diagnostic{
      .code = "E_GRAPH_TEXT", .message = error.message, .span = parser.place(error.at)};
  }
}

} // namespace plena::ir
