// SPDX-License-Identifier: Apache-2.0
#pragma once

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

}  // namespace connect_auth::program
