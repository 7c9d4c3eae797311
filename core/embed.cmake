# cmake -DOUT=file.cpp -DMODULE=config -DFUNCTION=embedded_files "-DFILES=a.toml;b.toml" -P embed.cmake: the
# files as a C++ table.
set(rows "")
foreach(file IN LISTS FILES)
  get_filename_component(name ${file} NAME_WLE)
  file(READ ${file} text)
  string(APPEND rows "  {\"${name}\", R\"file(${text})file\"},\n")
endforeach()
file(WRITE ${OUT} "// Written by embed.cmake.
#include \"base/embedded.h\"

#include <span>

namespace plena::${MODULE} {

std::span<const EmbeddedFile> ${FUNCTION}();

namespace {

constexpr EmbeddedFile files[] = {
${rows}};

} // namespace

std::span<const EmbeddedFile> ${FUNCTION}() { return files; }

} // namespace plena::${MODULE}
")
