# SPDX-License-Identifier: Apache-2.0
#
# What `cmake --install` puts where, and how others find it there: find_package(connect_auth) and
# pkg-config. Nothing of it knows where it was installed, so the whole may be moved.

include(CMakePackageConfigHelpers)
include(GNUInstallDirs)

option(CONNECT_AUTH_INSTALL "Install headers, libraries and the program" ${PROJECT_IS_TOP_LEVEL})
if(NOT CONNECT_AUTH_INSTALL)
  return()
endif()

if(TARGET connect_auth_program)
  install(TARGETS connect_auth_program RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR} COMPONENT program)
  install(TARGETS connect_auth_client ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR}
          PUBLIC_HEADER DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/connect_auth)
  install(FILES platform/linux/connect-auth.conf RENAME connect-auth.conf.example
          DESTINATION ${CMAKE_INSTALL_SYSCONFDIR}/connect-auth)
  add_subdirectory(platform/linux/packaging)
endif()

set(libraries connect_auth_port connect_auth_agent connect_auth_tls_library connect_auth_platform_none)
set(pc_platform "")
set(pc_system "")
set(pc_requires "")
if(TARGET connect_auth_platform_posix)
  list(APPEND libraries connect_auth_platform_posix)
  set(pc_platform "-lconnect_auth_platform_posix")
  set(pc_system "-pthread")
endif()
if(TARGET connect_auth_mbedtls)
  list(APPEND libraries connect_auth_mbedtls)
  set(pc_tls "-lconnect_auth_mbedtls")
else()
  get_target_property(imported MbedTLS::mbedtls IMPORTED)
  if(NOT imported)
    message(FATAL_ERROR "MbedTLS::mbedtls is built by the surrounding project, so an installed agent could "
                        "not find it again: set CONNECT_AUTH_INSTALL=OFF, or import it with find_package.")
  endif()
  set(pc_tls "")
  set(pc_requires "mbedtls >= 3.6 mbedx509 mbedcrypto")
endif()

# Whoever links instrumented libraries needs the sanitizers' run-time. Compiling and linking in one
# command instruments too, and checks of dynamic types need what -fno-rtti leaves out.
if(CONNECT_AUTH_SANITIZE)
  target_link_options(connect_auth_port INTERFACE "$<INSTALL_INTERFACE:${CONNECT_AUTH_SANITIZERS}>")
  string(JOIN " " pc_system ${CONNECT_AUTH_SANITIZERS} -fno-sanitize=vptr ${pc_system})
endif()

# connect_auth_agent is connect_auth::agent to others, as it is inside.
foreach(library IN LISTS libraries)
  string(REPLACE "connect_auth_" "" name ${library})
  set_target_properties(${library} PROPERTIES EXPORT_NAME ${name})
endforeach()

set(package "${CMAKE_INSTALL_LIBDIR}/cmake/connect_auth")
install(TARGETS ${libraries} EXPORT connect_auth_targets
        ARCHIVE DESTINATION "${CMAKE_INSTALL_LIBDIR}"
        INCLUDES DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}/connect_auth")
install(EXPORT connect_auth_targets NAMESPACE connect_auth:: DESTINATION "${package}"
        FILE connect_authTargets.cmake)

# mbedTLS's configuration is a matter of those who compile mbedTLS; no header of the agent needs it.
install(DIRECTORY "${PROJECT_SOURCE_DIR}/port" "${PROJECT_SOURCE_DIR}/agent"
        DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}/connect_auth"
        FILES_MATCHING PATTERN "*.h" PATTERN mbedtls_config.h EXCLUDE)
foreach(platform none posix)
  if(TARGET connect_auth_platform_${platform})
    install(DIRECTORY "${PROJECT_SOURCE_DIR}/platform/${platform}"
            DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}/connect_auth/platform"
            FILES_MATCHING PATTERN "*.h")
  endif()
endforeach()

# The libraries contain cJSON and mbedTLS, whose licences travel with them.
install(FILES "${PROJECT_SOURCE_DIR}/LICENSE" DESTINATION "${CMAKE_INSTALL_DOCDIR}")
foreach(name CJSON MBEDTLS)
  string(TOLOWER ${name} folder)
  if(EXISTS "${CONNECT_AUTH_${name}_DIR}/LICENSE")
    install(FILES "${CONNECT_AUTH_${name}_DIR}/LICENSE" DESTINATION "${CMAKE_INSTALL_DOCDIR}"
            RENAME LICENSE.${folder})
  endif()
endforeach()

# --- find_package -------------------------------------------------------------------------------------

configure_package_config_file(
  "${CMAKE_CURRENT_LIST_DIR}/connect_authConfig.cmake.in"
  "${PROJECT_BINARY_DIR}/package/connect_authConfig.cmake"
  INSTALL_DESTINATION "${package}" NO_SET_AND_CHECK_MACRO)
write_basic_package_version_file("${PROJECT_BINARY_DIR}/package/connect_authConfigVersion.cmake"
                                 COMPATIBILITY SameMinorVersion)  # Until 1.0 a minor version may break.
install(FILES "${PROJECT_BINARY_DIR}/package/connect_authConfig.cmake"
              "${PROJECT_BINARY_DIR}/package/connect_authConfigVersion.cmake"
        DESTINATION "${package}")

# --- pkg-config ---------------------------------------------------------------------------------------

file(RELATIVE_PATH pc_to_prefix "${CMAKE_INSTALL_FULL_LIBDIR}/pkgconfig" "${CMAKE_INSTALL_PREFIX}")
string(REGEX REPLACE "/$" "" pc_to_prefix "${pc_to_prefix}")
set(pc_client_certificate 0)
if(CONNECT_AUTH_CLIENT_CERTIFICATE)
  set(pc_client_certificate 1)
endif()
set(pc_libdir "\${prefix}")
set(pc_includedir "\${prefix}")
cmake_path(APPEND pc_libdir "${CMAKE_INSTALL_LIBDIR}")
cmake_path(APPEND pc_includedir "${CMAKE_INSTALL_INCLUDEDIR}" connect_auth)
# The agent calls the platform's log and mbedTLS; mbedTLS calls back into an object of the agent that is
# always linked by then. Hence this order, and no group.
string(JOIN " " pc_libs -lconnect_auth_agent ${pc_platform} ${pc_tls} ${pc_system})
configure_file("${CMAKE_CURRENT_LIST_DIR}/connect_auth.pc.in"
               "${PROJECT_BINARY_DIR}/package/connect_auth.pc" @ONLY)
install(FILES "${PROJECT_BINARY_DIR}/package/connect_auth.pc"
        DESTINATION "${CMAKE_INSTALL_LIBDIR}/pkgconfig")
