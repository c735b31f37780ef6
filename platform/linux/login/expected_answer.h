// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string_view>

#include "agent/secret.h"
#include "platform/linux/login/redirect_uri.h"
#include "platform/linux/problem.h"
#include "platform/linux/secret_buffer.h"

namespace connect_auth::program {

/// The one answer of the authorize page that a login waits for (RFC 6749 section 4.1.2). It has the
/// `state` of the login. Whatever else arrives may come from somebody else; it changes nothing, and
/// the right one may still come.
class ExpectedAnswer {
 public:
  /// @param redirect_uri  Nothing: only the server knows it. Borrowed for the life of this object.
  /// @param state         Borrowed likewise.
  ExpectedAnswer(const std::optional<RedirectUri>& redirect_uri, SecretView state)
      : redirect_uri_(redirect_uri), state_(state) {}
  ExpectedAnswer(const ExpectedAnswer&) = delete;
  ExpectedAnswer& operator=(const ExpectedAnswer&) = delete;

  /// Judges the query of a request to the redirection endpoint.
  ///
  /// @pre !is_over()
  void TakeQuery(std::string_view query);

  /// Judges what a person pasted: the address where the browser was sent, or just the code. That
  /// has no state, but then somebody has looked at it.
  ///
  /// @pre !is_over()
  void TakePasted(std::string_view text);

  /// Whether it has come: from now on nothing else counts.
  bool is_over() const { return is_over_; }

  /// The code; empty when there is a problem.
  const SecretBuffer& code() const { return code_; }

  /// Why the last text brought no code.
  const Problem& problem() const { return problem_; }

 private:
  void Refuse(std::string_view cause);
  bool HasState(const SecretBuffer& state) const;

  std::optional<RedirectUri> redirect_uri_;
  SecretView state_;
  bool is_over_ = false;
  SecretBuffer code_;
  Problem problem_;
};

}  // namespace connect_auth::program
