// SPDX-License-Identifier: Apache-2.0
#include "platform/linux/doctor_network.h"

#include <cstdlib>

#include "agent/agent.h"
#include "agent/http/request_writer.h"
#include "platform/linux/advice.h"
#include "platform/linux/certificate_file.h"
#include "platform/linux/messages.h"
#include "platform/linux/session.h"
#include "platform/linux/text.h"
#include "platform/posix/blocking.h"

namespace connect_auth::program {
namespace {

constexpr const char* kName = "name resolution";
constexpr const char* kConnection = "connection";
constexpr const char* kProxy = "proxy";
constexpr const char* kTls = "TLS";
constexpr const char* kOwnCertificate = "client certificate";
constexpr const char* kPath = "path";

/// Connecting as a machine that can be run to its end.
struct Connecting {
  Connection& connection;
  const TlsConnection* tls;  // nullptr: without TLS
  const Origin& origin;
  const Clock& clock;
  Instant deadline;

  Status Poll() {
    const Status status = connection.Connect(origin.host, origin.port);
    return status == Status::kPending && clock.Now() >= deadline ? Status::kTimeout : status;
  }
  Wants wants() const {
    const Interest interest = tls == nullptr ? Interest::kConnected : tls->waits_for();
    return {interest, interest == Interest::kNothing ? Instant{0} : deadline};
  }
};

/// Likewise an exchange.
struct Exchanging {
  Exchange& exchange;
  const TlsConnection& tls;

  Status Poll() { return exchange.Poll(); }
  Wants wants() const {
    const Interest interest = exchange.waits_for(tls.waits_for());
    return {interest, interest == Interest::kNothing ? Instant{0} : exchange.deadline()};
  }
};

}  // namespace

NetworkChecks::NetworkChecks(const Configuration& configuration)
    : configuration_(configuration),
      settings_(configuration.ForAgent({})),
      clock_(system_clock_),
      route_(configuration),
      arena_size_(ArenaSize(configuration.certificates_size())),
      arena_(new std::uint8_t[arena_size_]),
      tls_(route_.connection(), engine_),
      exchange_(tls_, clock_, io_) {
  static_cast<void>(ParseOrigin(settings_.url, origin_));
  tls_.SetTrust(settings_.trust);
  tls_.SetIdentity(settings_.identity);
  clock_.SetLeast(settings_.least_time);
}

/// Name, connection and tunnel in one: a connection that answers proves the name.
bool NetworkChecks::CheckConnection(DoctorReport& report) {
  Connecting connecting{route_.connection(), nullptr, origin_, clock_,
                        clock_.Now() + settings_.connect_timeout};
  const Status status = posix::RunToEnd(connecting, route_, clock_);
  if (status != Status::kOk) {
    FailConnection(status == Status::kTimeout    ? Reason::kConnectTimeout
                   : status == Status::kNotFound ? Reason::kNameNotFound
                                                 : Reason::kNoConnection,
                   report);
    return false;
  }
  const Proxy proxy = configuration_.proxy();
  const bool straight = proxy.host.empty();
  report.Ok(kName, Join({straight ? origin_.host : proxy.host, " is ", route_.socket().peer()}));
  report.Ok(kConnection,
            Join({"port ", Decimal(straight ? origin_.port : proxy.port), " is open"}));
  if (!straight) {
    report.Ok(kProxy, Join({configuration_.proxy_name(), " connects to ", origin_.host, ", port ",
                            Decimal(origin_.port)}));
  }
  return true;
}

/// An error of the socket calls proves the name as well: those of the name service are negative.
void NetworkChecks::FailConnection(Reason reason, DoctorReport& report) const {
  Failure failure;
  failure.reason = reason;
  failure = route_.Complete(failure);
  const bool has_name = route_.socket().last_error() >= 0 && reason != Reason::kNameNotFound;
  const bool is_proxys = failure.reason != reason && failure.reason != Reason::kProxyUnreachable;
  report.Fail(is_proxys ? kProxy : has_name ? kConnection : kName, ExplainFailure(failure));
  if (configuration_.proxy().host.empty() && std::getenv("https_proxy") != nullptr) {
    report.Warn(kProxy, "https_proxy in the environment does not count; set proxy in [server]");
  }
}

bool NetworkChecks::CheckTls(DoctorReport& report) {
  Bytes arena(arena_.get(), arena_size_);
  if (engine_.Start(arena, clock_, entropy_) != Status::kOk) {
    report.Fail(kTls, ExplainReason(Reason::kNoEntropy));
    return false;
  }
  Connecting connecting{tls_, &tls_, origin_, clock_, clock_.Now() + settings_.connect_timeout};
  const Status status = posix::RunToEnd(connecting, route_, clock_);
  if (status != Status::kOk) {
    report.Fail(kTls, ExplainTls(status));
    return false;
  }
  report.Ok(kTls, Join({tls_.version(), " with ", tls_.cipher_suite(),
                        "; the certificate is trusted by ", configuration_.ca_file()}));
  CheckOwnCertificate(report);
  return true;
}

/// That the key belongs to it was seen in the handshake. What the server thinks of it may come only
/// with its first answer.
void NetworkChecks::CheckOwnCertificate(DoctorReport& report) const {
  const std::string& file = configuration_.identity().certificate_file();
  const std::optional<UnixSeconds> end = EndOfValidity(settings_.identity.certificates);
  if (file.empty() || !end) {
    return;
  }
  const Result<UnixSeconds> now = clock_.WallTime();
  if (now.ok() && *end <= now.value()) {
    report.Warn(kOwnCertificate, Join({file, " has expired on ", UtcTime(*end),
                                       "; have a new one made before the server minds"}));
  } else {
    report.Ok(kOwnCertificate, Join({file, " is valid until ", UtcTime(*end)}));
  }
}

/// Asks for a token without a word of credentials: whatever the answer, no login has failed.
bool NetworkChecks::CheckPath(DoctorReport& report) {
  Exchange::Request request;
  request.head_size = WriteEmptyRequest();
  request.host = origin_.host;
  request.port = origin_.port;
  request.deadline = clock_.Now() + settings_.timeout;
  request.connect_deadline = request.deadline;
  request.delivery = Exchange::Delivery::kStreamed;  // An error page may be long.
  Status status = exchange_.Start(request);
  Exchanging exchanging{exchange_, tls_};
  while (status == Status::kPending) {
    status = exchange_.Poll();
    static_cast<void>(exchange_.TakeBody());
    if (status == Status::kPending) {
      posix::Sleep(exchanging, route_, clock_);
    }
  }
  if (status == Status::kOk) {
    return JudgePath(report);
  }
  const bool by_tls =
      exchange_.reason() == Reason::kConnectionLost && tls_.reason() != Reason::kNone;
  report.Fail(kPath, ExplainReason(by_tls ? tls_.reason() : exchange_.reason()));
  return false;
}

std::size_t NetworkChecks::WriteEmptyRequest() {
  ByteWriter text(io_);
  RequestWriter head(text);
  head.Begin("POST", settings_.token_path, origin_);
  head.Field("Content-Type", "application/x-www-form-urlencoded");
  head.ContentLength(0);
  head.End();
  return text.overflowed() ? 0 : text.size();
}

bool NetworkChecks::JudgePath(DoctorReport& report) {
  Failure failure;
  failure.http_status = exchange_.response().status();
  failure.retry_after_s = exchange_.response().retry_after_s();
  failure.peer_text = exchange_.response().location();
  const std::string answer = Join({settings_.token_path, " answers (HTTP ",
                                   Decimal(failure.http_status), " without credentials)"});
  if (failure.http_status >= 500) {
    report.Warn(kPath, answer);
    return true;
  }
  if (failure.http_status == 404 || failure.http_status == 405 || failure.http_status == 410) {
    failure.reason = Reason::kWrongPath;
  } else if (failure.http_status >= 300 && failure.http_status < 400) {
    failure.reason = Reason::kRedirected;
  } else {
    report.Ok(kPath, answer);
    return true;
  }
  report.Fail(kPath, Explain(failure, configuration_, {}));
  return false;
}

Problem NetworkChecks::ExplainTls(Status status) const {
  Failure failure;
  failure.reason = status == Status::kTimeout ? Reason::kConnectTimeout : tls_.reason();
  failure.tls_error = tls_.error_code();
  return ExplainFailure(failure);
}

Problem NetworkChecks::ExplainReason(Reason reason) const {
  Failure failure;
  failure.reason = reason;
  return ExplainFailure(failure);
}

Problem NetworkChecks::ExplainFailure(const Failure& failure) const {
  return Explain(failure, configuration_,
                 {route_.socket().last_error(), route_.socket().last_error_text(), {}, {}});
}

}  // namespace connect_auth::program
