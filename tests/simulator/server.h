// SPDX-License-Identifier: Apache-2.0
//
// A SOTI Connect server: what it knows, and how it answers.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "tests/simulator/judge.h"
#include "tests/simulator/script.h"
#include "tests/support/tls_peer.h"

namespace connect_auth::simulator {

/// An access token that was given out.
struct Grant {
  std::int64_t asked = 0;  ///< When the request came.
  std::int64_t ends = 0;
  std::int64_t wall_error = 0;  ///< Of the device at that time.
  std::uint32_t boot = 0;
  bool revoked = false;
};

class Server final : public tests::Responder {
 public:
  /// @param moment, judge  Borrowed for the life of this object.
  Server(const Setup& setup, const Moment& moment, Judge& judge)
      : setup_(setup), moment_(moment), judge_(judge) {}

  std::string_view Answer(std::string_view received) override;

  void SetTrouble(Trouble trouble, std::int64_t until);
  Trouble trouble() const { return moment_.now < trouble_until_ ? trouble_ : Trouble::kNone; }
  std::int64_t trouble_until() const { return trouble_until_; }

  /// @param fault  Borrowed until then.
  void SetFault(const Fault& fault, std::int64_t until) {
    fault_ = &fault;
    fault_until_ = until;
  }
  /// What is wrong with each answer; nullptr: nothing.
  const Fault* fault() const { return moment_.now < fault_until_ ? fault_ : nullptr; }
  std::int64_t fault_until() const { return fault_until_; }

  void SetLifetime(std::int64_t seconds);
  std::int64_t lifetime_s() const { return lifetime_s_; }
  void OmitDate(std::int64_t until) { no_date_until_ = until; }
  void RefuseApi(std::int64_t until) { api_refuses_until_ = until; }
  bool refuses_api() const { return moment_.now < api_refuses_until_; }
  void RevokeAll();
  void ForgetRefreshTokens() { refresh_token_.clear(); }

  void ChangePassword() { ++password_; }
  std::string password() const { return "password" + std::to_string(password_); }
  /// A person logs in and carries the new code to the device.
  std::string NewCode();
  bool IsGoodCode(const std::string& code) const;

  /// @return  Of the token's text; 0: this server never gave it out.
  static std::uint32_t SerialOf(std::string_view token);
  /// @pre 0 < serial <= tokens()
  const Grant& grant(std::uint32_t serial) const { return grants_[serial - 1]; }
  std::uint32_t tokens() const { return static_cast<std::uint32_t>(grants_.size()); }
  bool IsGood(std::uint32_t serial) const;

  /// Requests that arrived whole.
  std::uint32_t token_requests() const { return token_requests_; }
  std::uint32_t api_requests() const { return api_requests_; }
  std::uint32_t refusals() const { return refusals_; }
  /// Refresh tokens among them.
  std::uint32_t refused_refresh() const { return refused_refresh_; }
  /// Answers that had a fault.
  std::uint32_t faults() const { return faults_; }
  /// Since the present connection began: what became of it.
  struct Exchange {
    bool asked_for_token = false;
    bool refused = false;          ///< The credentials were.
    bool came = false;             ///< A whole request did.
    const Fault* fault = nullptr;  ///< What was wrong with the answer.
    std::string credentials;
    std::int64_t retry_after = 0;  ///< ms
  };
  const Exchange& present() const { return present_; }
  void Connected() { present_ = Exchange(); }

 private:
  void AnswerToken(std::string_view body);
  void AnswerApi(std::string_view head);
  bool AnswerTrouble();
  void AnswerWrongly(const Fault& fault);
  void GiveToken();
  void Refuse(std::string_view error);
  bool IsGoodSecret(std::string_view body, std::string_view grant_type);
  void Reply(std::string_view status, std::string_view fields, std::string_view content);

  const Setup& setup_;
  const Moment& moment_;
  Judge& judge_;
  std::string reply_;
  std::vector<Grant> grants_;
  std::map<std::string, int> codes_;  // how often each was sent
  std::string code_;                  // that is good
  std::string refresh_token_;         // that is good
  Exchange present_;
  std::int64_t lifetime_s_ = 3600;
  std::int64_t trouble_until_ = 0;
  std::int64_t no_date_until_ = 0;
  std::int64_t api_refuses_until_ = 0;
  std::uint32_t password_ = 1;
  std::uint32_t code_number_ = 0;
  std::uint32_t refresh_number_ = 0;
  std::uint32_t token_requests_ = 0;
  std::uint32_t api_requests_ = 0;
  std::uint32_t refusals_ = 0;
  std::uint32_t refused_refresh_ = 0;
  std::uint32_t faults_ = 0;
  Trouble trouble_ = Trouble::kNone;
  const Fault* fault_ = nullptr;
  std::int64_t fault_until_ = 0;
};

}  // namespace connect_auth::simulator
