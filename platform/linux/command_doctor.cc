// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <cstdint>
#include <string>

#include "agent/session/wall_clock.h"
#include "platform/linux/commands.h"
#include "platform/linux/configuration.h"
#include "platform/linux/doctor_network.h"
#include "platform/linux/doctor_report.h"
#include "platform/linux/file.h"
#include "platform/linux/messages.h"
#include "platform/linux/service_link.h"
#include "platform/linux/session.h"
#include "platform/linux/store_directory.h"
#include "platform/linux/text.h"
#include "platform/linux/token_store.h"

namespace connect_auth::program {
namespace {

constexpr const char* kConfiguration = "configuration";
constexpr const char* kClock = "clock";
constexpr const char* kGrant = "grant";
constexpr const char* kStorage = "storage";

void WarnIfOpen(const std::string& path, DoctorReport& report) {
  if (!path.empty() && IsOpenToOthers(path)) {
    report.Warn(kConfiguration,
                Join({path, " is open to other users; protect it with chmod go= ", path}));
  }
}

void WarnOfOpenFiles(const Configuration& configuration, DoctorReport& report) {
  for (const Setting file : {Setting::kClientSecretFile, Setting::kGrantPasswordFile,
                             Setting::kGrantCodeFile, Setting::kServerProxyPasswordFile}) {
    WarnIfOpen(std::string(configuration.given().text(file)), report);
  }
  if (configuration.file_holds_secret()) {
    WarnIfOpen(configuration.file(), report);
  }
  WarnIfOpen(configuration.identity().key_file(), report);
  WarnIfOpen(configuration.key_file(), report);
  WarnIfOpen(configuration.store_path(), report);
}

bool CheckConfiguration(const CommandLine& line, Configuration& configuration,
                        DoctorReport& report) {
  Problem problem = configuration.Load(line, Needs::kAll);
  if (!problem.exists()) {
    Failure failure;
    failure.reason = CheckSettings(configuration.ForAgent({}));
    problem = failure.reason == Reason::kNone ? Problem() : Explain(failure, configuration, {});
  }
  if (problem.exists()) {
    report.Fail(kConfiguration, problem);
    return false;
  }
  report.Ok(kConfiguration, configuration.file().empty()
                                ? Join({"complete, without a file"})
                                : Join({"complete, with ", configuration.file()}));
  WarnOfOpenFiles(configuration, report);
  return true;
}

/// @param settings  Those that could be read.
void CheckClock(const GivenSettings& settings, DoctorReport& report) {
  const posix::BootClock system;
  WallClock clock(system);
  clock.SetLeast(kBuildDate);
  const Result<UnixSeconds> now = clock.WallTime();
  if (now.ok()) {
    report.Ok(kClock, Join({"it is ", UtcTime(now.value())}));
  } else if (settings.text(Setting::kServerUnsetClock) == "build_date") {
    report.Warn(kClock, Join({"it is not set; certificates are judged as of ", UtcTime(kBuildDate),
                              ", as unset_clock in [server] says"}));
  } else {
    report.Fail(kClock,
                {ExitCode::kUntrusted, "it is not set, so no certificate can be judged; set it"});
  }
}

/// @return  Whether credentials would reach the right place.
bool CheckServer(const Configuration& configuration, DoctorReport& report) {
  NetworkChecks network(configuration);
  const bool reached = network.CheckConnection(report);
  CheckClock(configuration.given(), report);
  const bool trusted = reached && network.CheckTls(report);
  if (!reached) {
    report.Skip("TLS", "there is no connection");
  }
  if (!trusted) {
    report.Skip("path", "there is no trusted connection");
  }
  return trusted && network.CheckPath(report);
}

std::string LifeOf(const Agent& agent) {
  const Result<Millis> left = agent.remaining_life();
  return left.ok() ? Join({Decimal(left.value().count / 1000), " s"})
                   : std::string("an unknown time");
}

void CheckByAsking(const CommandLine& line, Session& session, DoctorReport& report) {
  Wish wish;
  wish.renew = true;
  wish.retry_refused = line.retry_refused;
  Problem problem = session.ObtainToken(wish);
  if (problem.exists()) {
    report.Fail(kGrant, problem);
    return;
  }
  report.Ok(kGrant, Join({"a token of ",
                          Decimal(static_cast<std::int64_t>(session.agent().token().text().size())),
                          " characters came, good for ", LifeOf(session.agent())}));
}

void CheckGrant(const CommandLine& line, const Configuration& configuration, DoctorReport& report) {
  Session session(configuration);
  if (session.Open().exists()) {
    report.Skip(kGrant, "without a store no token is asked for");
    return;
  }
  if (!configuration.grant().works_once) {
    CheckByAsking(line, session, report);
    return;
  }
  const std::string stored = session.agent().token().empty()
                                 ? std::string("no token is stored")
                                 : Join({"the stored token lives for ", LifeOf(session.agent())});
  report.Skip(kGrant, Join({"a code works once and is not spent on a check; ", stored}));
}

/// Stores a record of its own, reads it back, and removes it. From a ring it is not removed: that
/// would erase every block.
Problem TryStorage(const Configuration& configuration, TokenStore& store) {
  constexpr std::string_view kProbe = "probe";
  std::array<std::uint8_t, kProbe.size()> read{};
  const bool works = store.Store(kProbe, AsBytes(kProbe)) == Status::kOk &&
                     store.Load(kProbe, read).ok() && AsText(read) == kProbe &&
                     (store.is_ring() || store.Erase(kProbe) == Status::kOk);
  Failure failure;
  failure.reason = Reason::kStorageFailed;
  return works ? Problem() : Explain(failure, configuration, {0, "", store.LastError(), {}});
}

/// What there is to know of a store: what kind it is and, of a ring, how worn.
std::string About(const TokenStore& store) {
  if (!store.is_ring()) {
    return std::string(store.kind());
  }
  return Join({store.kind(), ", ", ShapeOf(store.geometry()), ", each erased about ",
               Decimal(store.moves() / store.geometry().block_count), " times"});
}

void CheckStorage(const Configuration& configuration, DoctorReport& report) {
  TokenStore store(configuration.store_path());
  StoreKey key;
  Problem problem = PrepareStore(configuration, store, key);
  if (!problem.exists()) {
    problem = TryStorage(configuration, store);
  }
  if (problem.exists()) {
    report.Fail(kStorage, problem);
  } else {
    report.Ok(kStorage, Join({store.path(), " (", About(store), ") stores and reads"}));
  }
}

/// The service has credentials and store to itself, and does with them what is asked of it.
///
/// @param may_ask  Whether a token may be asked for.
void CheckService(const CommandLine& line, bool may_ask, ServiceLink& service,
                  DoctorReport& report) {
  report.Ok("service", "it answers");
  if (may_ask) {
    Problem problem = service.Ask(line.retry_refused ? "renew retry_refused" : "renew");
    if (problem.exists()) {
      report.Fail(kGrant, problem);
    } else {
      report.Ok(kGrant, Join({"the service has a new token: ", service.answer()}));
    }
  }
  report.Skip(kStorage, "the service alone uses it");
}

}  // namespace

Problem RunDoctor(const CommandLine& line) {
  DoctorReport report;
  ServiceLink service;
  Configuration configuration;
  if (!CheckConfiguration(line, configuration, report)) {
    CheckClock(configuration.given(), report);
    report.Skip("all else", "the configuration has to be mended first");
    return report.result();
  }
  const bool trusted = CheckServer(configuration, report);
  if (!trusted) {
    report.Skip(kGrant, "no credentials are sent to a server that is not right");
  }
  if (service.Open(line)) {
    CheckService(line, trusted && !configuration.grant().works_once, service, report);
    return report.result();
  }
  if (trusted) {
    CheckGrant(line, configuration, report);
  }
  CheckStorage(configuration, report);
  return report.result();
}

}  // namespace connect_auth::program
