// SPDX-License-Identifier: Apache-2.0
#include "platform/linux/forward/forwarder.h"

#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <syslog.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "agent/store/sealed_record.h"
#include "platform/linux/daemon/socket_path.h"
#include "platform/linux/forward/inheritance.h"
#include "platform/linux/forward/loopback_peer.h"
#include "platform/linux/output.h"
#include "platform/linux/store_directory.h"
#include "platform/linux/text.h"

namespace connect_auth::program {

Forwarder::~Forwarder() {
  CloseTurnedAway();
  if (signals_ >= 0) {
    ::close(signals_);
  }
}

Problem Forwarder::Start() {
  Problem problem = Configure();
  if (problem.exists()) {
    return problem;
  }
  const GivenSettings& given = configuration_->given();
  StartLog(given.text(Setting::kDaemonLog) == "syslog");
  problem = listener_.Open(given.text(Setting::kForwardListen), allowed_.socket_group());
  return problem.exists() ? problem : WatchSignals();
}

/// As the service is configured, but for the secrets.
Problem Forwarder::Configure() {
  auto configuration = std::make_unique<Configuration>();
  Configuration identity;
  Problem problem = configuration->Load(line_, Needs::kTrust);
  if (!problem.exists()) {
    problem = identity.Load(line_, Needs::kIdentity);
  }
  configuration->ForgetGrant();
  identity.ForgetGrant();
  if (!problem.exists()) {
    problem = ActAsOwner(configuration->store_path());  // As the service does.
  }
  AllowList allowed;
  if (!problem.exists()) {
    const GivenSettings& given = configuration->given();
    problem = allowed.Load(given.text(Setting::kDaemonUsers), given.text(Setting::kDaemonGroups));
  }
  if (!problem.exists()) {
    place_ = {SocketPath(configuration->given()), HexOf(FingerprintOf(identity.ForAgent({})))};
    allowed_ = std::move(allowed);
    configuration_ = std::move(configuration);
  }
  return problem;
}

Problem Forwarder::WatchSignals() {
  sigset_t set;
  ::sigemptyset(&set);
  for (const int signal : {SIGTERM, SIGINT, SIGHUP, SIGCHLD}) {
    ::sigaddset(&set, signal);
  }
  ::sigprocmask(SIG_BLOCK, &set, nullptr);
  signals_ = ::signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
  return signals_ >= 0 ? Problem()
                       : Problem{ExitCode::kOther,
                                 Join({"cannot take signals: ", ErrorText(errno), "; try again"})};
}

void Forwarder::Run() {
  constexpr int kTurnedAwayMs = 1000;
  while (!ends_) {
    std::array<pollfd, 2> wanted = {pollfd{signals_, POLLIN, 0},
                                    pollfd{listener_.socket(), POLLIN, 0}};
    if (::poll(wanted.data(), wanted.size(), turned_away_count_ != 0 ? kTurnedAwayMs : -1) == 0) {
      CloseTurnedAway();
    }
    HandleSignals();
    Accept();
  }
  listener_.Close();
}

void Forwarder::HandleSignals() {
  signalfd_siginfo signal{};
  while (::read(signals_, &signal, sizeof(signal)) == sizeof(signal)) {
    if (signal.ssi_signo == SIGHUP) {
      Reload();
    } else if (signal.ssi_signo == SIGCHLD) {
      Reap();
    } else if (signal.ssi_signo == SIGTERM) {
      ends_ = true;
    }  // SIGINT of a terminal is for the service, which ends this process then.
  }
}

void Forwarder::Reload() {
  const Problem problem = Configure();
  if (problem.exists()) {
    Report(Severity::kError, "forward_not_reloaded", {{"reason", problem.sentence}});
  }
}

void Forwarder::Reap() {
  while (::waitpid(-1, nullptr, WNOHANG) > 0) {
    --calls_;
  }
}

void Forwarder::Accept() {
  const int socket = ::accept4(listener_.socket(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
  if (socket < 0) {
    if (errno != EAGAIN && errno != EINTR && errno != ECONNABORTED) {
      ::poll(nullptr, 0, kWithoutResourcesMs);  // It would be asked again at once.
    }
    return;
  }
  unsigned user = 0;
  if (!LetIn(socket, user)) {
    TurnAway(socket, {403, "you may not make calls here"});
  } else if (calls_ >= kMostCalls) {
    counters_.busy += 1;
    TurnAway(socket, {503, "too many calls are under way; come back later", 1});
  } else {
    Begin(socket, user);
  }
}

bool Forwarder::LetIn(int socket, unsigned& user) {
  Peer peer;
  const bool is_known = listener_.is_port() ? FindLoopbackPeer(socket, peer) : peer.Find(socket);
  bool is_allowed = is_known && allowed_.Allows(peer);
  if (is_known && !is_allowed && listener_.is_port() && allowed_.has_groups()) {
    FindGroups(peer);  // The user database may be slow: not for those who need not be asked for.
    is_allowed = allowed_.Allows(peer);
  }
  user = peer.user;
  if (!is_allowed) {
    Deny(is_known ? Decimal(user) : std::string("unknown"));
  }
  return is_allowed;
}

/// Whoever comes again and again must not fill the log.
void Forwarder::Deny(const std::string& user) {
  const Instant now = clock_.Now();
  counters_.denied += 1;
  if (now >= next_denied_line_) {
    next_denied_line_ = now + kBetweenDeniedLines;
    Report(Severity::kWarning, "forward_denied", {{"user", user}});
  }
}

void Forwarder::Begin(int socket, unsigned user) {
  const pid_t parent = ::getpid();
  const pid_t child = ::fork();
  if (child == 0) {
    Serve(socket, user, parent);
  }
  if (child < 0) {
    counters_.busy += 1;
    TurnAway(socket, {503, Join({"no call can be made now: ", ErrorText(errno)}), 1});
    return;
  }
  ++calls_;
  ::close(socket);
}

/// What goes on in the process of a call. Nothing of what it inherited is ended here.
void Forwarder::Serve(int socket, unsigned user, int parent) {
  EndWithParent(SIGKILL, parent);
  ::closelog();  // It is opened again when there is something to say.
  CloseAllBut(socket);
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  Call call(*configuration_, place_, {socket, listener_.is_port(), user}, counters_);
  call.Run();
  ::_exit(0);
}

/// Does not wait for anybody. The connection stays for a while: what is unread when it is closed
/// keeps the program from reading.
void Forwarder::TurnAway(int socket, const OwnAnswer& answer) {
  const std::string response = ResponseOf(answer);
  static_cast<void>(::send(socket, response.data(), response.size(), MSG_NOSIGNAL));
  ::shutdown(socket, SHUT_WR);
  if (turned_away_count_ == turned_away_.size()) {
    CloseTurnedAway();
  }
  turned_away_[turned_away_count_++] = socket;
}

void Forwarder::CloseTurnedAway() {
  constexpr int kMostPieces = 64;
  std::array<char, 4096> dropped;
  for (std::size_t i = 0; i < turned_away_count_; ++i) {
    int pieces = 0;
    while (pieces<kMostPieces&& ::recv(turned_away_[i], dropped.data(), dropped.size(), 0)> 0) {
      ++pieces;
    }
    ::close(turned_away_[i]);
  }
  turned_away_count_ = 0;
}

}  // namespace connect_auth::program
