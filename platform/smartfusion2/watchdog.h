// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace connect_auth::smartfusion2 {

/// Tells the watchdog that the main loop is alive.
///
/// Whether it runs, and how long it waits, is set in the part's flash bits when the fabric is
/// configured (UG0331, "Watchdog Timer"); software cannot start it. Its time has to cover the
/// longest step of the main loop: a signature of a handshake, and the erase of a flash block.
/// QEMU does not model it, so nothing was seen but that the write does no harm.
void KickWatchdog();

}  // namespace connect_auth::smartfusion2
