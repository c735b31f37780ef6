// SPDX-License-Identifier: Apache-2.0
#include <optional>

#include "agent/http/origin.h"
#include "platform/linux/code_exchange.h"
#include "platform/linux/commands.h"
#include "platform/linux/login/answer_wait.h"
#include "platform/linux/login/authorize_request.h"
#include "platform/linux/output.h"
#include "platform/linux/text.h"
#include "platform/posix/boot_clock.h"
#include "platform/posix/system_entropy.h"

namespace connect_auth::program {
namespace {

/// A login from the authorize page's address to the code (RFC 6749 sections 4.1.1 and 4.1.2).
class Login {
 public:
  /// @param configuration  Loaded. Borrowed for the life of this object.
  explicit Login(const Configuration& configuration) : given_(configuration.given()) {}
  Login(const Login&) = delete;
  Login& operator=(const Login&) = delete;

  /// Checks the settings, and sees to the place where the browser is to come back to.
  Problem Prepare();

  /// Shows the page's address, and waits for what comes of it.
  ///
  /// @pre Prepare()
  Problem Obtain(AuthorizationCode& into);

 private:
  bool is_set(Setting setting) const { return given_.text(setting) == "yes"; }
  Problem TakeRedirectUri();
  Problem ShowPage(const AuthorizationCode& code) const;
  void Ask(const PastedLine& pasted) const;

  const GivenSettings& given_;
  posix::SystemEntropy entropy_;
  std::optional<RedirectUri> redirect_uri_;
  SecretBuffer state_;
  LoopbackListener listener_;
};

Problem Login::Prepare() {
  if (!IsRequestTarget(given_.text(Setting::kGrantAuthorizePath))) {
    return {ExitCode::kUsage,
            "authorize_path in [grant] does not begin with '/' or holds a forbidden character; "
            "correct it"};
  }
  Problem problem = TakeRedirectUri();
  if (!problem.exists() && redirect_uri_ && IsLoopback(*redirect_uri_)) {
    problem = listener_.Open(*redirect_uri_);
  }
  return problem.exists() ? problem : MakeUnguessable(entropy_, state_);
}

Problem Login::TakeRedirectUri() {
  const std::string_view text = given_.text(Setting::kGrantRedirectUri);
  redirect_uri_ = ParseRedirectUri(text);
  if (text.empty() && is_set(Setting::kGrantSendRedirectUri)) {
    return {ExitCode::kUsage,
            "send_redirect_uri in [grant] is set, but no redirect_uri; set that as well"};
  }
  if (!text.empty() && (!redirect_uri_ || text.find('#') != std::string_view::npos)) {
    return {ExitCode::kUsage,
            "redirect_uri in [grant] is not of the form SCHEME://HOST[:PORT]/PATH, without a "
            "fragment; correct it"};
  }
  return {};
}

Problem Login::Obtain(AuthorizationCode& into) {
  into.with_redirect_uri = is_set(Setting::kGrantSendRedirectUri);
  into.code.source = "of this login";
  Problem problem =
      is_set(Setting::kGrantPkce) ? MakeUnguessable(entropy_, into.verifier) : Problem();
  if (!problem.exists()) {
    problem = ShowPage(into);
  }
  if (problem.exists()) {
    return problem;
  }
  PastedLine pasted;
  Ask(pasted);
  ExpectedAnswer answer(redirect_uri_, state_.view());
  problem = WaitForAnswer(Millis::Seconds(given_.number(Setting::kLimitsLoginTimeout)),
                          posix::BootClock(), listener_, pasted, answer);
  if (problem.exists()) {
    return problem;
  }
  return into.code.value.Append(answer.code().bytes()) ? Problem() : NoMemory();
}

Problem Login::ShowPage(const AuthorizationCode& code) const {
  AuthorizeRequest request;
  request.server = given_.text(Setting::kServerUrl);
  request.path = given_.text(Setting::kGrantAuthorizePath);
  request.client_id = given_.text(Setting::kClientId);
  if (code.with_redirect_uri) {
    request.redirect_uri = given_.text(Setting::kGrantRedirectUri);
  }
  request.state = state_.view();
  request.verifier = code.verifier.view();
  SecretBuffer url;
  Problem problem = WriteAuthorizeUrl(request, url);
  if (!problem.exists()) {
    problem = url.Append(AsBytes("\n")) ? WriteOut(url.bytes()) : NoMemory();
  }
  return problem;
}

/// Tells a person what to do; a script knows.
void Login::Ask(const PastedLine& pasted) const {
  if (pasted.is_terminal()) {
    Complain(Join({"log in on this page with a browser",
                   listener_.is_open() ? "; if that does not run on this machine" : "",
                   ", then paste the address to which it was sent, or the code, here (it is not "
                   "shown)"}));
  }
}

}  // namespace

Problem RunLogin(const CommandLine& line) {
  CodeExchange exchange;
  AuthorizationCode code;
  Problem problem = exchange.Open(line);
  if (!problem.exists()) {
    problem = exchange.configuration().RefuseOtherCode({});
  }
  if (problem.exists()) {
    return problem;
  }
  {
    Login login(exchange.configuration());  // The listener closes before the server is asked.
    problem = login.Prepare();
    if (!problem.exists()) {
      problem = login.Obtain(code);
    }
  }
  return problem.exists() ? problem : exchange.Exchange(code);
}

}  // namespace connect_auth::program
