// SPDX-License-Identifier: Apache-2.0
#include "platform/linux/doctor_report.h"

#include "platform/linux/output.h"
#include "platform/linux/text.h"

namespace connect_auth::program {

void DoctorReport::Ok(std::string_view check, std::string_view verdict) {
  Print("ok    ", check, verdict);
}

void DoctorReport::Warn(std::string_view check, std::string_view verdict) {
  Print("warn  ", check, verdict);
}

void DoctorReport::Skip(std::string_view check, std::string_view verdict) {
  Print("skip  ", check, verdict);
}

void DoctorReport::Fail(std::string_view check, const Problem& problem) {
  Print("fail  ", check, problem.sentence);
  if (code_ == ExitCode::kDone) {
    code_ = problem.code;
    first_failed_ = check;
  }
}

Problem DoctorReport::result() const {
  if (code_ == ExitCode::kDone) {
    return output_;
  }
  return {code_, Join({"the check of '", first_failed_,
                       "' failed; do what its line says, and run doctor again"})};
}

void DoctorReport::Print(std::string_view grade, std::string_view check, std::string_view verdict) {
  Problem problem = WriteOut(Join({grade, check, ": ", Printable(verdict), "\n"}));
  if (problem.exists()) {
    output_ = problem;
  }
}

}  // namespace connect_auth::program
