// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace connect_auth::smartfusion2 {

/// Tells the watchdog that the main loop is alive.
///
/// Whether it runs, and how long it waits, is set in the part's flash bits when the fabric is
/// configured (UG0331, "Watchdog Timer"); software cannot start it. Its time has to cover the
/// longest step of the main loop: a signature of a handshake, or the erase of a flash block, which
/// is given up after 4 s. It has to cover all that comes before the first kick as well: from reset
/// on both rings are mounted, which may erase a block after a loss of power, the seed is replaced,
/// which may erase one, too, and the settings are opened.
///
/// QEMU does not model it, so nothing was seen but that the write does no harm.
void KickWatchdog();

}  // namespace connect_auth::smartfusion2
