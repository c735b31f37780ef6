// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "platform/linux/problem.h"
#include "platform/linux/secret_buffer.h"

namespace connect_auth::program {

/// Reads the one certificate of a file, PEM or DER, in DER.
///
/// @param into  Empty.
/// @return  A problem (kUsage): it cannot be read, or holds no certificate, or several.
/// @pre an Engine is started
Problem ReadDerCertificate(const std::string& path, SecretBuffer& into);

}  // namespace connect_auth::program
