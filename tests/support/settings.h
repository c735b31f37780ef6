// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

#include "agent/settings.h"

namespace connect_auth::tests {

/// The settings of the vendor page's first example.
inline Settings PageSettings() {
  Settings settings;
  settings.url = "https://server.domain.tld";
  settings.trust.authorities = AsBytes("any octets: only the TLS connection reads them");
  settings.client_id = "Application1";
  settings.client_secret = SecretView("Application1Password");
  settings.username = "Administrator";
  settings.password = SecretView("1");
  return settings;
}

}  // namespace connect_auth::tests
