# cmake -DOUT=file.cpp "-DFILES=a.toml;b.toml" -P embed.cmake: the files as a C++ table.
set(rows "")
foreach(file IN LISTS FILES)
  get_filename_component(name ${file} NAME_WE)
  file(READ ${file} text)
  string(APPEND rows "  {\"${name}\", R\"toml(${text})toml\"},\n")
endforeach()
file(WRITE ${OUT} "// Written by embed.cmake from configs/.
#include \"config/embedded.h\"

namespace plena::config {

namespace {

constexpr EmbeddedFile files[] = {
${rows}};

} // namespace

std::span<const EmbeddedFile> embedded_files() { return files; }

} // namespace plena::config
")
