// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>

#include "agent/tls/identity.h"
#include "platform/linux/given_settings.h"
#include "platform/linux/problem.h"
#include "platform/linux/secret_buffer.h"

namespace connect_auth::program {

/// The client certificate and its key, as the configured files hold them.
class TlsIdentity {
 public:
  /// Reads both files, if any is configured. systemd's credential `tls_key` counts before the key
  /// file that the configuration file names.
  ///
  /// @return  A problem (kUsage): one of them is missing, cannot be read, or is obviously something
  ///          else. What was read until then stays.
  Problem Load(const GivenSettings& given);

  /// Borrowed from this object.
  Identity view() const;
  /// Empty: none is configured, and likewise of the key.
  const std::string& certificate_file() const { return certificate_file_; }
  const std::string& key_file() const { return key_file_; }
  /// Octets that TLS has to read.
  std::size_t size() const { return certificates_.size() + key_.size(); }

 private:
  std::string certificate_file_;
  std::string key_file_;
  SecretBuffer certificates_;
  SecretBuffer key_;
};

}  // namespace connect_auth::program
