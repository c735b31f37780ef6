// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>

#include "platform/linux/problem.h"
#include "platform/linux/secret_buffer.h"
#include "platform/linux/setting_table.h"
#include "port/bytes.h"
#include "port/clock.h"

namespace connect_auth::program {

/// Reads certificates in the form in which mbedTLS wants them: PEM ends with a NUL that counts.
///
/// @param setting  The one that names the file, for messages.
/// @return  A problem (kUsage): they cannot be read, or are obviously none.
Problem ReadCertificates(const std::string& path, Setting setting, SecretBuffer& into);

/// Puts that NUL behind PEM, and nothing behind DER.
///
/// @return  Whether there was memory for it.
bool TerminatePem(SecretBuffer& content);

/// When the first of them is over.
///
/// @pre an Engine is started
/// @return  Nothing: it cannot be read.
std::optional<UnixSeconds> EndOfValidity(ConstBytes certificates);

}  // namespace connect_auth::program
