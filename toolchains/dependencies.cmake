# SPDX-License-Identifier: Apache-2.0
#
# mbedTLS, cJSON, CMocka, inih and lwIP from source trees: every target builds them with its own compiler and
# configuration. Nothing here goes to the network; toolchains/fetch-dependencies does that beforehand.
#
# An integrator passes other trees (CONNECT_AUTH_MBEDTLS_DIR, ...), or defines the targets
# MbedTLS::mbedtls, cmocka, inih, lwip before this project is added; then those are used and nothing is built.

set(CONNECT_AUTH_DEPENDENCIES_DIR "${PROJECT_SOURCE_DIR}/.deps" CACHE PATH
    "Where toolchains/fetch-dependencies has put the sources")

# Sets CONNECT_AUTH_<NAME>_DIR, and refuses a tree without `file`.
function(connect_auth_find_source name file)
  string(TOLOWER ${name} folder)
  # Not over a folder taken from an existing target: once in the cache, it would win the next time.
  if(NOT DEFINED CONNECT_AUTH_${name}_DIR OR DEFINED CACHE{CONNECT_AUTH_${name}_DIR})
    set(CONNECT_AUTH_${name}_DIR "${CONNECT_AUTH_DEPENDENCIES_DIR}/${folder}" CACHE PATH
        "Source tree of ${folder}")
  endif()
  if(NOT EXISTS "${CONNECT_AUTH_${name}_DIR}/${file}")
    message(FATAL_ERROR "No ${folder} in ${CONNECT_AUTH_${name}_DIR}: run toolchains/fetch-dependencies, "
                        "or set CONNECT_AUTH_${name}_DIR to its source tree.")
  endif()
endfunction()

# --- mbedTLS ------------------------------------------------------------------------------------------

# What the agent links: our own build, or the integrator's target.
add_library(connect_auth_tls_library INTERFACE)
if(TARGET MbedTLS::mbedtls)
  target_link_libraries(connect_auth_tls_library INTERFACE MbedTLS::mbedtls)
else()
  connect_auth_find_source(MBEDTLS include/mbedtls/ssl.h)
  file(GLOB sources CONFIGURE_DEPENDS "${CONNECT_AUTH_MBEDTLS_DIR}/library/*.c")
  add_library(connect_auth_mbedtls STATIC ${sources})
  # The agent counts refused allocations on their way through this hook, so that an exhausted arena is
  # not mistaken for a bad certificate: see agent/tls/engine.cc.
  set_source_files_properties("${CONNECT_AUTH_MBEDTLS_DIR}/library/memory_buffer_alloc.c" PROPERTIES
    COMPILE_DEFINITIONS mbedtls_platform_set_calloc_free=connect_auth_capture_allocator)
  target_include_directories(connect_auth_mbedtls SYSTEM
    PUBLIC "$<BUILD_INTERFACE:${CONNECT_AUTH_MBEDTLS_DIR}/include>")
  target_include_directories(connect_auth_mbedtls
    PUBLIC "$<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}>"
    PRIVATE "${CONNECT_AUTH_MBEDTLS_DIR}/library")
  target_compile_definitions(connect_auth_mbedtls
    PUBLIC "$<BUILD_INTERFACE:MBEDTLS_CONFIG_FILE=\"agent/tls/mbedtls_config.h\">")
  target_compile_options(connect_auth_mbedtls PRIVATE -w -ffunction-sections -fdata-sections ${hardened_arithmetic})
  target_link_libraries(connect_auth_tls_library INTERFACE connect_auth_mbedtls)
endif()

# --- cJSON --------------------------------------------------------------------------------------------

if(TARGET cjson AND NOT DEFINED CONNECT_AUTH_CJSON_DIR)
  get_target_property(imported cjson IMPORTED)
  if(imported)
    message(FATAL_ERROR "The target cjson is a binary, but the agent compiles cJSON privately, with its "
                        "names changed and without the heap: set CONNECT_AUTH_CJSON_DIR to its sources.")
  endif()
  get_target_property(CONNECT_AUTH_CJSON_DIR cjson SOURCE_DIR)
endif()
connect_auth_find_source(CJSON cJSON.c)

# The agent's own cJSON: all names changed, so that an application's cJSON is another one; the heap and
# strtod (17 KB on newlib) replaced by functions of agent/oauth/json_object.cc.
# 1.7.19 also has a function with external linkage that no header declares.
set(function "^(CJSON_PUBLIC\\([^)]*\\)|cJSON \\*) *(cJSON_[A-Za-z0-9_]+)\\(.*")
file(STRINGS "${CONNECT_AUTH_CJSON_DIR}/cJSON.c" functions REGEX "${function}")
set(renames "/* Made by toolchains/dependencies.cmake. */\n")
list(TRANSFORM functions REPLACE "${function}" "\\2")
list(REMOVE_DUPLICATES functions)
foreach(name IN LISTS functions)
  string(APPEND renames "#define ${name} connect_auth_${name}\n")
endforeach()
set(replaced "#include <stdlib.h>\n")
foreach(signature "void *|malloc|(size_t)" "void |free|(void *)" "void *|realloc|(void *, size_t)"
                  "double |strtod|(const char *, char **)")
  string(REPLACE "|" ";" part "${signature}")
  list(GET part 0 returns)
  list(GET part 1 name)
  list(GET part 2 takes)
  string(APPEND replaced "${returns}connect_auth_json_${name}${takes};\n"
                         "#define ${name} connect_auth_json_${name}\n")
endforeach()
set(generated "${CMAKE_CURRENT_BINARY_DIR}/cjson")
file(CONFIGURE OUTPUT "${generated}/connect_auth_cjson_names.h" CONTENT "${renames}" @ONLY)
file(CONFIGURE OUTPUT "${generated}/connect_auth_cjson_runtime.h" CONTENT "${replaced}" @ONLY)

add_library(connect_auth_cjson_headers INTERFACE)
target_include_directories(connect_auth_cjson_headers SYSTEM INTERFACE "${CONNECT_AUTH_CJSON_DIR}")
target_compile_options(connect_auth_cjson_headers INTERFACE
  "SHELL:-include \"${generated}/connect_auth_cjson_names.h\"")
target_compile_definitions(connect_auth_cjson_headers INTERFACE CJSON_NESTING_LIMIT=8)

add_library(connect_auth_cjson OBJECT "${CONNECT_AUTH_CJSON_DIR}/cJSON.c")
target_link_libraries(connect_auth_cjson PRIVATE connect_auth_cjson_headers)
target_compile_options(connect_auth_cjson PRIVATE -w -ffunction-sections -fdata-sections
  "SHELL:-include \"${generated}/connect_auth_cjson_runtime.h\"")

# cJSON as everybody knows it, for the programs.
add_library(connect_auth_host_cjson STATIC EXCLUDE_FROM_ALL "${CONNECT_AUTH_CJSON_DIR}/cJSON.c")
target_include_directories(connect_auth_host_cjson SYSTEM PUBLIC "${CONNECT_AUTH_CJSON_DIR}")
target_compile_options(connect_auth_host_cjson PRIVATE -w -ffunction-sections -fdata-sections)

# --- inih, for the Linux program ----------------------------------------------------------------------

if(CONNECT_AUTH_BUILD_PROGRAM AND NOT TARGET inih)
  connect_auth_find_source(INIH ini.c)
  add_library(inih STATIC "${CONNECT_AUTH_INIH_DIR}/ini.c")
  target_include_directories(inih SYSTEM PUBLIC "${CONNECT_AUTH_INIH_DIR}")
  # A value may be long and hold anything: a longer line is an error, not cut; a ';' or a blank at the
  # front of a line means nothing special.
  target_compile_definitions(inih PUBLIC INI_MAX_LINE=8192 INI_USE_STACK=1 INI_STOP_ON_FIRST_ERROR=1
    INI_HANDLER_LINENO=1 INI_ALLOW_INLINE_COMMENTS=0 INI_ALLOW_MULTILINE=0)
  target_compile_options(inih PRIVATE -w -ffunction-sections -fdata-sections)
endif()

# --- lwIP, where no operating system has a network -----------------------------------------------------

if(CONNECT_AUTH_LWIP_OPTIONS_DIR AND NOT TARGET lwip)
  connect_auth_find_source(LWIP src/include/lwip/tcp.h)
  file(GLOB sources CONFIGURE_DEPENDS
    "${CONNECT_AUTH_LWIP_DIR}/src/core/*.c" "${CONNECT_AUTH_LWIP_DIR}/src/core/ipv4/*.c"
    "${CONNECT_AUTH_LWIP_DIR}/src/core/ipv6/*.c" "${CONNECT_AUTH_LWIP_DIR}/src/netif/ethernet.c")
  add_library(lwip STATIC EXCLUDE_FROM_ALL ${sources})
  target_include_directories(lwip SYSTEM PUBLIC "${CONNECT_AUTH_LWIP_DIR}/src/include"
    "${PROJECT_SOURCE_DIR}/platform/lwip/include" "${CONNECT_AUTH_LWIP_OPTIONS_DIR}")
  target_include_directories(lwip PRIVATE "${PROJECT_SOURCE_DIR}")
  target_compile_options(lwip PRIVATE -w -ffunction-sections -fdata-sections)
endif()

# --- CMocka, for the tests ----------------------------------------------------------------------------

if(TARGET cmocka::cmocka AND NOT TARGET cmocka)
  add_library(cmocka INTERFACE)
  target_link_libraries(cmocka INTERFACE cmocka::cmocka)
endif()
if(CONNECT_AUTH_BUILD_TESTS AND NOT TARGET cmocka)
  connect_auth_find_source(CMOCKA src/cmocka.c)
endif()
if(CONNECT_AUTH_BUILD_TESTS AND NOT TARGET cmocka AND CMAKE_SYSTEM_NAME STREQUAL "Generic")
  # Its own build asks what the system has by linking programs, which takes a board.
  add_library(cmocka STATIC EXCLUDE_FROM_ALL "${CONNECT_AUTH_CMOCKA_DIR}/src/cmocka.c")
  target_include_directories(cmocka SYSTEM PUBLIC "${CONNECT_AUTH_CMOCKA_DIR}/include")
  target_compile_definitions(cmocka PRIVATE HAVE_INTTYPES_H HAVE_STDINT_H HAVE_STRINGS_H HAVE_SETJMP_H
    HAVE_SIGNAL_H HAVE_MALLOC_H)
  target_compile_options(cmocka PRIVATE -w -ffunction-sections -fdata-sections)
elseif(CONNECT_AUTH_BUILD_TESTS AND NOT TARGET cmocka)
  set(CMAKE_POLICY_DEFAULT_CMP0077 NEW)  # Its options are set here, as variables.
  set(BUILD_SHARED_LIBS OFF)
  set(UNIT_TESTING OFF)
  set(WITH_EXAMPLES OFF)
  set(CMAKE_POLICY_VERSION_MINIMUM 3.5)  # It asks for less than newer CMakes support.
  set(CMAKE_WARN_DEPRECATED OFF)
  add_subdirectory("${CONNECT_AUTH_CMOCKA_DIR}" "${CMAKE_CURRENT_BINARY_DIR}/cmocka" EXCLUDE_FROM_ALL)
  target_compile_options(cmocka PRIVATE -w)
endif()
