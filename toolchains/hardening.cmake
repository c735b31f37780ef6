# SPDX-License-Identifier: Apache-2.0
#
# For everything that is compiled, the libraries too: what gcc 14 calls -fhardened, as far as the
# compiler at hand has it. Without _GLIBCXX_ASSERTIONS, which programs of C could not link.
include(CheckCXXCompilerFlag)

# Where size counts, only functions with arrays of characters look after their stack: on 32-bit ARM the
# strong variant and probes of large frames would be 18 % of the program, and this is 7 %.
if(CMAKE_BUILD_TYPE STREQUAL "MinSizeRel")
  set(stack -fstack-protector)
else()
  set(stack -fstack-protector-strong -fstack-clash-protection)
endif()
foreach(option ${stack} -fcf-protection=full -mbranch-protection=standard -ftrivial-auto-var-init=zero)
  string(MAKE_C_IDENTIFIER "connect_auth_has${option}" known)
  check_cxx_compiler_flag(${option} ${known})
  if(${known})
    add_compile_options(${option})
  endif()
endforeach()
# Of mbedTLS's functions those with arrays of characters: it is numbers that take its time, and the
# strong variant would be 1 % of a whole cold run.
set(hardened_arithmetic -fstack-protector)
# It needs an optimising compiler; Debian's may have set it to less.
set(optimised $<CONFIG:Release,MinSizeRel,RelWithDebInfo>)
add_compile_options($<${optimised}:-U_FORTIFY_SOURCE> $<${optimised}:-D_FORTIFY_SOURCE=3>)
add_link_options(-Wl,-z,relro -Wl,-z,now -Wl,-z,noexecstack)
