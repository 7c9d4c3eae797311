# cmake -DOUT=file.cpp "-DFILES=a.toml;b.toml" -DHEADER=folder/header.h -DNAMESPACE=plena::folder -DTYPE=Row
# -DFUNCTION=rows -P embed.cmake: the files as a table of TYPE, name and text, which FUNCTION returns.
set(rows "")
foreach(file IN LISTS FILES)
  get_filename_component(name ${file} NAME_WE)
  file(READ ${file} text)
  string(APPEND rows "  {\"${name}\", R\"file(${text})file\"},\n")
endforeach()
file(WRITE ${OUT} "// Written by embed.cmake.
#include \"${HEADER}\"

namespace ${NAMESPACE} {

namespace {

constexpr ${TYPE} files[] = {
${rows}};

} // namespace

std::span<const ${TYPE}> ${FUNCTION}() { return files; }

} // namespace ${NAMESPACE}
")
