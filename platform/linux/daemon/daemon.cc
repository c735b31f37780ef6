// SPDX-License-Identifier: Apache-2.0
#include "platform/linux/daemon/daemon.h"

#include <poll.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <map>
#include <string>

#include "platform/linux/configuration.h"
#include "platform/linux/daemon/socket_path.h"
#include "platform/linux/output.h"
#include "platform/linux/text.h"

namespace connect_auth::program {
namespace {

using Verb = Query::Verb;

// What an event of epoll(7) is of; below these, the slot of a client.
constexpr std::uint64_t kListener = Daemon::kMostClients;
constexpr std::uint64_t kSignals = kListener + 1;

Problem SystemProblem(std::string_view what) {
  return {ExitCode::kOther, Join({"cannot ", what, ": ", ErrorText(errno), "; try again"})};
}

/// Without descriptors to spare for everybody who may come, nobody could be turned away either.
Problem CheckDescriptors() {
  constexpr rlim_t kOfTheService = 32;  // Store, connection, signals, and what libraries open.
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0 ||
      limit.rlim_cur >= Daemon::kMostClients + kOfTheService) {
    return {};
  }
  return {ExitCode::kUsage,
          Join({"the service wants to open up to ", Decimal(Daemon::kMostClients + kOfTheService),
                " files; raise that limit (ulimit -n, LimitNOFILE=)"})};
}

/// Queries that ask more of the service than a look into memory.
bool IsCostly(const Query& query) {
  return query.verb != Verb::kToken && query.verb != Verb::kHeader;
}

void Append(std::string_view text, Client& client) {
  static_cast<void>(client.answers().Append(AsBytes(text)));
}

}  // namespace

Daemon::~Daemon() {
  for (const int descriptor : {epoll_, signals_}) {
    if (descriptor >= 0) {
      ::close(descriptor);
    }
  }
}

Problem Daemon::Run(const CommandLine& line) {
  Problem problem = Start(line);
  if (problem.exists()) {
    return problem;
  }
  Report(Severity::kInfo, "started", {{"version", CONNECT_AUTH_PROGRAM_VERSION}});
  manager_.Ready();
  Loop(line);
  manager_.Stopping();
  forward_.Stop();
  listener_.Close();
  service_.Stop();
  Report(Severity::kInfo, "stopped", {});
  return {};
}

Problem Daemon::Start(const CommandLine& line) {
  Problem problem = CheckDescriptors();
  if (!problem.exists()) {
    problem = forward_.Start(line);
  }
  if (!problem.exists()) {
    problem = service_.Start(line);
  }
  if (problem.exists()) {
    return problem;
  }
  service_.counters().forward = forward_.counters();
  const GivenSettings& given = service_.configuration().given();
  StartLog(given.text(Setting::kDaemonLog) == "syslog");
  epoll_ = ::epoll_create1(EPOLL_CLOEXEC);
  problem = allowed_.Load(given.text(Setting::kDaemonUsers), given.text(Setting::kDaemonGroups));
  if (!problem.exists()) {
    problem = WatchSignals();
  }
  if (!problem.exists() && given.has(Setting::kDaemonPidFile)) {
    problem = pid_file_.Write(std::string(given.text(Setting::kDaemonPidFile)));
  }
  return problem.exists() ? problem : Listen();
}

Problem Daemon::Listen() {
  if (manager_.listening_socket() >= 0) {
    listener_.Adopt(manager_.listening_socket());
  } else {
    Problem problem =
        listener_.Open(SocketPath(service_.configuration().given()), allowed_.socket_group());
    if (problem.exists()) {
      return problem;
    }
  }
  return Watch(listener_.socket(), EPOLLIN, kListener);
}

Problem Daemon::Watch(int descriptor, std::uint32_t events, std::uint64_t what) const {
  epoll_event event{};
  event.events = events;
  event.data.u64 = what;
  return ::epoll_ctl(epoll_, EPOLL_CTL_ADD, descriptor, &event) == 0
             ? Problem()
             : SystemProblem("watch a descriptor");
}

Problem Daemon::WatchSignals() {
  sigset_t set;
  ::sigemptyset(&set);
  for (const int signal : {SIGTERM, SIGINT, SIGHUP, SIGCHLD}) {
    ::sigaddset(&set, signal);
  }
  ::sigprocmask(SIG_BLOCK, &set, nullptr);
  signals_ = ::signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
  return signals_ < 0 ? SystemProblem("take signals") : Watch(signals_, EPOLLIN, kSignals);
}

void Daemon::Loop(const CommandLine& line) {
  while (!ends_) {
    now_ = service_.Now();
    const int count = WaitForEvents(NextDeadline());
    now_ = service_.Now();
    for (int i = 0; i < count; ++i) {
      Handle(events_[static_cast<std::size_t>(i)], line);
    }
    SettleWaiting(IsAgentDue() && service_.Advance());
    TellSubscribers();
    CutOffStalled();
    manager_.Tell(service_.Summary());
  }
}

Instant Daemon::NextDeadline() const {
  Instant until = std::min(service_.next(), next_sweep_);
  for (const auto& client : clients_) {
    if (client != nullptr && client->is_waiting()) {
      until = std::min(until, client->waits_until());
    }
  }
  return until;
}

bool Daemon::IsAgentDue() const {
  return connection_ready_ || now_ >= service_.next();
}

/// The agent's descriptors come and go within a request, so they are named anew each time, beside
/// the set of all others. While it asks nobody there are none.
int Daemon::WaitForEvents(Instant until) {
  const auto set = service_.wait_set();
  const Instant wake = set.count == 0 ? until : std::min(until, set.until);
  const std::int64_t span = std::clamp<std::int64_t>((wake - now_).count, 0, 60'000);
  connection_ready_ = false;
  if (set.count != 0) {
    std::array<pollfd, posix::AddressList::kCapacity + 1> descriptors{};
    std::copy_n(set.descriptors.begin(), set.count, descriptors.begin());
    descriptors[set.count] = {epoll_, POLLIN, 0};
    const int ready = ::poll(descriptors.data(), set.count + 1, static_cast<int>(span));
    const bool others = descriptors[set.count].revents != 0;
    connection_ready_ = ready > (others ? 1 : 0) || service_.Now() >= set.until;
  }
  return ::epoll_wait(epoll_, events_.data(), static_cast<int>(events_.size()),
                      set.count != 0 ? 0 : static_cast<int>(span));
}

void Daemon::Handle(const epoll_event& event, const CommandLine& line) {
  if (event.data.u64 == kListener) {
    Accept();
  } else if (event.data.u64 == kSignals) {
    HandleSignal(line);
  } else {
    HandleClient(static_cast<std::size_t>(event.data.u64), event.events);
  }
}

void Daemon::HandleSignal(const CommandLine& line) {
  signalfd_siginfo signal{};
  if (::read(signals_, &signal, sizeof(signal)) != sizeof(signal)) {
    return;
  }
  if (signal.ssi_signo == SIGHUP) {
    Reload(line);
  } else if (signal.ssi_signo == SIGCHLD) {
    forward_.Look();
  } else {
    ends_ = true;
  }
}

/// All of it counts, or nothing.
void Daemon::Reload(const CommandLine& line) {
  manager_.Reloading();
  GivenSettings given;
  AllowList allowed;
  Problem problem;
  if (ReadGivenSettings(line, given)) {
    problem = allowed.Load(given.text(Setting::kDaemonUsers), given.text(Setting::kDaemonGroups));
  }
  if (!problem.exists()) {
    problem = service_.Reload(line);
  }
  if (problem.exists()) {
    Report(Severity::kError, "not_reloaded", {{"reason", problem.sentence}});
  } else {
    allowed_ = std::move(allowed);
    CutOffDenied();
    forward_.Reload();
    SettleWaiting(true);  // What they waited for was ended.
    Report(Severity::kInfo, "reloaded", {});
  }
  manager_.Ready();
}

/// Whoever was let in, and would not be now.
void Daemon::CutOffDenied() {
  for (std::size_t slot = 0; slot < clients_.size(); ++slot) {
    Peer peer;
    if (clients_[slot] != nullptr &&
        (!peer.Find(clients_[slot]->socket()) || !allowed_.Allows(peer))) {
      CutOff(slot);
    }
  }
}

// Clients.

void Daemon::Accept() {
  constexpr int kMostAtOnce = 16;  // Those that are connected have their turn in between.
  for (int i = 0; i < kMostAtOnce; ++i) {
    const int socket =
        ::accept4(listener_.socket(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (socket < 0) {
      return;
    }
    Admit(socket);
  }
}

void Daemon::Admit(int socket) {
  Peer peer;
  if (!peer.Find(socket) || !allowed_.Allows(peer)) {
    constexpr std::string_view kRefusal = "error 2 you may not ask this service\n";
    service_.counters().denied += 1;
    Report(Severity::kWarning, "denied", {{"user", Decimal(peer.user)}});
    static_cast<void>(::send(socket, kRefusal.data(), kRefusal.size(), MSG_NOSIGNAL));
    // What is not read when a connection is closed keeps the peer from reading.
    std::array<char, Client::kLineBytes> dropped;
    static_cast<void>(::recv(socket, dropped.data(), dropped.size(), 0));
    ::close(socket);
    return;
  }
  const std::size_t slot = FreeSlot();
  service_.counters().clients += 1;
  clients_[slot] = std::make_unique<Client>(socket, peer.user, now_);
  clients_[slot]->SetRegistered(EPOLLIN);
  if (Watch(socket, EPOLLIN, slot).exists()) {
    Drop(slot);
  }
}

std::size_t Daemon::FreeSlot() {
  const auto free = std::find(clients_.begin(), clients_.end(), nullptr);
  if (free != clients_.end()) {
    return static_cast<std::size_t>(free - clients_.begin());
  }
  const std::size_t slot = SlotToVacate();
  CutOff(slot);
  return slot;
}

/// @pre all slots are taken
std::size_t Daemon::SlotToVacate() const {
  std::map<unsigned, int> count_of;
  for (const auto& client : clients_) {
    count_of[client->user()] += 1;
  }
  const auto comes_first = [&count_of](const auto& one, const auto& other) {
    const int ones = count_of[one->user()];
    const int others = count_of[other->user()];
    return ones != others ? ones > others : one->last_active() < other->last_active();
  };
  const auto first = std::min_element(clients_.begin(), clients_.end(), comes_first);
  return static_cast<std::size_t>(first - clients_.begin());
}

void Daemon::HandleClient(std::size_t slot, std::uint32_t events) {
  if (clients_[slot] == nullptr) {
    return;  // It was cut off since.
  }
  Client& client = *clients_[slot];
  const bool is_gone = client.is_waiting() && (events & (EPOLLHUP | EPOLLERR)) != 0;
  const bool reads = client.interest() == EPOLLIN;
  if (is_gone || (reads && client.Receive(now_) == Client::State::kClosed)) {
    Drop(slot);
    return;
  }
  Converse(slot);
}

/// Ends when no whole line is left, or the peer has to take answers first.
void Daemon::Converse(std::size_t slot) {
  Client& client = *clients_[slot];
  std::string_view line;
  while (client.Send(now_) == Client::State::kOpen && client.TakeLine(line)) {
    do {
      AnswerLine(client, line);
    } while (client.TakeLine(line));
  }
  client.Compact();
  Deliver(slot);
}

void Daemon::AnswerLine(Client& client, std::string_view line) {
  const Query query = ParseQuery(line);
  if (IsCostly(query) && !client.MayCost(now_)) {
    Append("error 5 too many queries in a second; come back later\n", client);
    client.Leave();
    return;
  }
  if (query.verb == Verb::kSubscribe) {
    client.Subscribe();
  }
  if (service_.Answer(query, client.answers()) == TokenService::Answered::kLater) {
    client.WaitFor(query, now_ + service_.patience(query));
  }
}

/// Sends what there is, and sees to it that epoll(7) knows what the client waits for now.
void Daemon::Deliver(std::size_t slot) {
  Client& client = *clients_[slot];
  if (client.Send(now_) == Client::State::kClosed) {
    Drop(slot);
    return;
  }
  if (client.interest() != client.registered()) {
    client.SetRegistered(client.interest());
    epoll_event event{};
    event.events = client.registered();
    event.data.u64 = slot;
    ::epoll_ctl(epoll_, EPOLL_CTL_MOD, client.socket(), &event);
  }
  next_sweep_ = std::min(next_sweep_, client.deadline());
}

void Daemon::Drop(std::size_t slot) {
  clients_[slot].reset();
}

void Daemon::CutOff(std::size_t slot) {
  service_.counters().cut_off += 1;
  Drop(slot);
}

void Daemon::SettleWaiting(bool may_have_answer) {
  for (std::size_t slot = 0; slot < clients_.size(); ++slot) {
    Client* const client = clients_[slot].get();
    if (client == nullptr || !client->is_waiting()) {
      continue;
    }
    const bool late = now_ >= client->waits_until();
    if ((may_have_answer || late) && service_.Settle(client->waiting(), late, client->answers()) ==
                                         TokenService::Answered::kYes) {
      client->EndWait();
      Converse(slot);
    }
  }
}

void Daemon::TellSubscribers() {
  if (service_.generation() == told_generation_ && service_.has_token() == told_token_) {
    return;
  }
  told_generation_ = service_.generation();
  told_token_ = service_.has_token();
  for (std::size_t slot = 0; slot < clients_.size(); ++slot) {
    if (clients_[slot] != nullptr && clients_[slot]->is_subscribed()) {
      service_.AppendEvent(clients_[slot]->answers());
      Deliver(slot);
    }
  }
}

void Daemon::CutOffStalled() {
  if (now_ < next_sweep_) {
    return;
  }
  next_sweep_ = manager_.Feed(now_);
  for (std::size_t slot = 0; slot < clients_.size(); ++slot) {
    if (clients_[slot] == nullptr) {
      continue;
    }
    if (now_ >= clients_[slot]->deadline()) {
      CutOff(slot);
    } else {
      next_sweep_ = std::min(next_sweep_, clients_[slot]->deadline());
    }
  }
}

}  // namespace connect_auth::program
