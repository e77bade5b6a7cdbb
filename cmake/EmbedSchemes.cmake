# Writes the texts of webhook schemes into a C++ source: cmake -DOUT=FILE -DSCHEMES=a.json;b.json -P EmbedSchemes.cmake
set(text "// Made from plugins/webhooks/*.json by cmake/EmbedSchemes.cmake.\n#include \"core/webhook/schemes.h\"\n\n#include <array>\n
namespace till::webhook {
namespace {

using Text = std::pair<std::string_view, std::string_view>;
")
# By name: "convoy" stands before "convoy-timestamped", though "convoy.json" does not before "convoy-timestamped.json".
set(names "")
foreach(file IN LISTS SCHEMES)
  get_filename_component(name "${file}" NAME_WE)
  list(APPEND names "${name}")
  set(file_of_${name} "${file}")
endforeach()
list(SORT names)
list(LENGTH names count)
string(APPEND text "constexpr std::array<Text, ${count}> kTexts{{\n")
foreach(name IN LISTS names)
  file(READ "${file_of_${name}}" json)
  string(APPEND text "{\"${name}\", R\"scheme(${json})scheme\"},\n")
endforeach()
string(APPEND text "}};

}  // namespace

std::span<const Text> named_schemes() { return kTexts; }

}  // namespace till::webhook
")
file(WRITE "${OUT}" "${text}")
