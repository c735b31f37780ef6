// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>

#include "agent/http/exchange.h"
#include "agent/http/origin.h"
#include "agent/session/wall_clock.h"
#include "agent/settings.h"
#include "agent/tls/engine.h"
#include "agent/tls/tls_connection.h"
#include "platform/linux/configuration.h"
#include "platform/linux/doctor_report.h"
#include "platform/linux/problem.h"
#include "platform/linux/route.h"
#include "platform/posix/boot_clock.h"
#include "platform/posix/system_entropy.h"
#include "port/bytes.h"

namespace connect_auth::program {

/// The checks that need a connection but no credentials, in their order; each builds on the one
/// before. One connection serves them all.
class NetworkChecks {
 public:
  /// @param configuration  Loaded, and checked. Borrowed for the life of this object.
  explicit NetworkChecks(const Configuration& configuration);
  NetworkChecks(const NetworkChecks&) = delete;
  NetworkChecks& operator=(const NetworkChecks&) = delete;

  /// Each says whether the next makes sense.
  bool CheckConnection(DoctorReport& report);
  bool CheckTls(DoctorReport& report);
  bool CheckPath(DoctorReport& report);

 private:
  void CheckOwnCertificate(DoctorReport& report) const;
  void FailConnection(Reason reason, DoctorReport& report) const;
  Problem ExplainTls(Status status) const;
  Problem ExplainFailure(const Failure& failure) const;
  Problem ExplainReason(Reason reason) const;
  std::size_t WriteEmptyRequest();
  bool JudgePath(DoctorReport& report);

  const Configuration& configuration_;
  Settings settings_;
  Origin origin_;
  posix::BootClock system_clock_;
  WallClock clock_;
  Route route_;
  posix::SystemEntropy entropy_;
  std::size_t arena_size_;
  std::unique_ptr<std::uint8_t[]> arena_;
  Engine engine_;
  TlsConnection tls_;
  std::array<std::uint8_t, 4096> io_{};
  Exchange exchange_;
};

}  // namespace connect_auth::program
