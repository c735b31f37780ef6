// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "platform/linux/problem.h"

namespace connect_auth::program {

/// What the doctor finds, a line on standard output for each check as soon as it is known:
/// `ok|warn|fail|skip  <check>: <verdict>`.
class DoctorReport {
 public:
  void Ok(std::string_view check, std::string_view verdict);
  void Warn(std::string_view check, std::string_view verdict);
  void Skip(std::string_view check, std::string_view verdict);
  void Fail(std::string_view check, const Problem& problem);

  /// The first failure, or else that standard output did not take the report.
  Problem result() const;

 private:
  void Print(std::string_view grade, std::string_view check, std::string_view verdict);

  std::string first_failed_;
  ExitCode code_ = ExitCode::kDone;
  Problem output_;
};

}  // namespace connect_auth::program
