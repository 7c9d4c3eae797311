// The first two lines of a table in Markdown: titles, and the side on which each column stands.
#pragma once

#include <string>
#include <string_view>

namespace plena::tests {

class TableHead {
 public:
  TableHead& text(std::string_view title) { return add(title, "---|"); }
  TableHead& number(std::string_view title) { return add(title, "--:|"); }
  std::string lines() const { return titles_ + "\n" + rule_ + "\n"; }

 private:
  TableHead& add(std::string_view title, std::string_view rule) {
    titles_.append(" ").append(title).append(" |");
    rule_ += rule;
    return *this;
  }

  std::string titles_ = "|";
  std::string rule_ = "|";
};

} // namespace plena::tests
