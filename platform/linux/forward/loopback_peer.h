// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "platform/linux/daemon/allow_list.h"

namespace connect_auth::program {

/// Who is at the other end of a TCP connection of this machine: the kernel's table of connections
/// says whose socket it is, and the user database which groups he is in.
///
/// @return  false: it is not known.
bool FindLoopbackPeer(int socket, Peer& into);

}  // namespace connect_auth::program
