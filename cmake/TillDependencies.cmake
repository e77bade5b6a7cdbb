# The libraries that the core stands on, each as one imported target: shared by default, static where TILL_STATIC_DEPS asks.
#
# Debian ships PIC-safe static archives of all of them but simdjson, whose amalgamated source TILL_SIMDJSON_SOURCE names then.

option(TILL_STATIC_DEPS "Link OpenSSL, SQLite, Lua, libsecp256k1, Boost.URL and simdjson statically" OFF)
set(TILL_SIMDJSON_SOURCE "" CACHE PATH "Folder with simdjson.h and simdjson.cpp; empty: the installed library")

find_package(Threads REQUIRED)
if(TILL_STATIC_DEPS)
  set(OPENSSL_USE_STATIC_LIBS TRUE)
  set(Boost_USE_STATIC_LIBS ON)
endif()
find_package(OpenSSL 3.0 REQUIRED)
find_package(Boost 1.81 REQUIRED COMPONENTS url)

# till_dependency(name header library): the imported target till::dep_<name>.
function(till_dependency name header library)
  cmake_parse_arguments(ARG "" "" "SUFFIXES" ${ARGN})
  add_library(till::dep_${name} UNKNOWN IMPORTED GLOBAL)
  find_path(TILL_${name}_INCLUDE ${header} PATH_SUFFIXES ${ARG_SUFFIXES} REQUIRED)
  set(names ${library})
  if(TILL_STATIC_DEPS)
    set(names lib${library}.a)
  endif()
  find_library(TILL_${name}_LIBRARY NAMES ${names} REQUIRED)
  set_target_properties(till::dep_${name} PROPERTIES
    IMPORTED_LOCATION "${TILL_${name}_LIBRARY}" INTERFACE_INCLUDE_DIRECTORIES "${TILL_${name}_INCLUDE}")
endfunction()

till_dependency(secp256k1 secp256k1.h secp256k1)
till_dependency(sqlite sqlite3.h sqlite3)
till_dependency(lua lua.h lua5.4 SUFFIXES lua5.4)

if(TILL_STATIC_DEPS AND (TILL_BUILD_PYTHON OR TILL_BUILD_BENCH) AND NOT TILL_SIMDJSON_SOURCE)
  # pysimdjson, a build requirement of the wheel, carries simdjson's amalgamated source.
  find_package(Python 3.11 REQUIRED COMPONENTS Interpreter)
  execute_process(
    COMMAND "${Python_EXECUTABLE}" -c
      "from importlib.util import find_spec; print(find_spec('simdjson').submodule_search_locations[0])"
    OUTPUT_VARIABLE TILL_SIMDJSON_SOURCE OUTPUT_STRIP_TRAILING_WHITESPACE COMMAND_ERROR_IS_FATAL ANY)
endif()
if(TILL_SIMDJSON_SOURCE)
  add_library(till_simdjson OBJECT "${TILL_SIMDJSON_SOURCE}/simdjson.cpp")
  target_include_directories(till_simdjson SYSTEM PUBLIC "${TILL_SIMDJSON_SOURCE}")
  add_library(till::dep_simdjson ALIAS till_simdjson)
else()
  till_dependency(simdjson simdjson.h simdjson)
endif()

add_library(till_boost INTERFACE)
target_link_libraries(till_boost INTERFACE Boost::headers Boost::url Threads::Threads)
target_compile_definitions(till_boost INTERFACE BOOST_ASIO_NO_DEPRECATED BOOST_ASIO_SEPARATE_COMPILATION BOOST_BEAST_SEPARATE_COMPILATION)
add_library(till::dep_boost ALIAS till_boost)
