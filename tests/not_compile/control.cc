// SPDX-License-Identifier: Apache-2.0
//
// What the other files do wrongly, done rightly: this compiles.

#include "agent/oauth/token.h"
#include "agent/secret.h"
#include "port/log.h"
#include "port/result.h"

namespace connect_auth {

Status Act();
IoResult Move();

std::size_t Use(const Token& token, SecretView secret) {
  const Token& same = token;
  const std::string_view text = secret.Reveal();
  if (Act() != Status::kOk || !Move().ok()) {
    CONNECT_AUTH_LOG(kError, "acting failed, octets", same.text().size());
  }
  return text.size();
}

}  // namespace connect_auth
