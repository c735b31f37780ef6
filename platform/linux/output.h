// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>

#include "platform/linux/problem.h"
#include "port/bytes.h"

namespace connect_auth::program {

/// Writes to standard output, all of it, past the buffers of the C library: they would keep a
/// copy of a token.
///
/// @return  A problem when standard output does not take it.
Problem WriteOut(ConstBytes bytes);
Problem WriteOut(std::string_view text);

/// The problem for an errno of standard output.
Problem OutputProblem(int error);

/// Writes one line `connect-auth: <sentence>` to standard error, made printable.
void Complain(std::string_view sentence);

/// As `Complain`, for what does not stop the program.
void Warn(std::string_view sentence);

/// As `Complain`, for those who asked with --verbose what is going on.
void Note(std::string_view sentence);
void SetVerbose(bool verbose);

/// As of syslog(3).
enum class Severity : std::uint8_t { kError = 3, kWarning = 4, kInfo = 6, kDebug = 7 };

struct Field {
  std::string_view name;
  std::string value;  ///< Holds no secret.
};

/// From now on what is said is a log of structured lines, `level=info event=... name=value ...`
/// (logfmt), also what `Complain`, `Warn` and `Note` say.
///
/// @param syslog  They go to syslog(3) instead of standard error.
void StartLog(bool syslog);

/// Writes a line of the log.
void Report(Severity severity, std::string_view event, std::initializer_list<Field> fields);

}  // namespace connect_auth::program
