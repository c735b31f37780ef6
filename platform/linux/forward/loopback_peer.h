// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "platform/linux/daemon/allow_list.h"

namespace connect_auth::program {

/// Who is at the other end of a TCP connection of this machine: the kernel's table of connections
/// says whose socket it is.
///
/// @param into  Gets the user; his groups with `FindGroups()`.
/// @return  false: it is not known.
bool FindLoopbackPeer(int socket, Peer& into);

/// Fills in the groups of the user.
void FindGroups(Peer& peer);

/// Whether some process still has the other end of a TCP connection of this machine open. One that
/// has ended its half alone does; from here both look the same.
bool IsHeldByPeer(int socket);

}  // namespace connect_auth::program
