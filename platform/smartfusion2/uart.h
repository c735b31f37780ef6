// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string_view>

namespace connect_auth::smartfusion2 {

/// The console: MMUART 0, a 16550. What comes in is gathered by an interrupt; what goes out waits
/// for room, for as long as the line takes.
class Uart {
 public:
  /// What is not fetched in time waits in the part's FIFO, and is lost when that is full, too. So
  /// who sends lines waits for the answer to each; one of `connect-auth provision -` fits.
  static constexpr unsigned kReceiveBytes = 128;

  /// Lets the interrupt gather what comes in. Before that, only `Write` works.
  static void Start();

  /// Sends all of it. Also for fault handlers: needs neither interrupts nor memory.
  static void Write(std::string_view text);

  /// Waits until everything is on the line.
  static void Flush();

  /// @return 0..255  The next octet that came in.
  /// @return -1      None did.
  static int Read();

  static bool HasInput();
};

void HandleUart();

}  // namespace connect_auth::smartfusion2
