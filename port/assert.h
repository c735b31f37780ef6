// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @def CONNECT_AUTH_ASSERT
/// Catches errors of the *programmer*: broken preconditions. Data from a peer
/// or from flash is never asserted on.
///
/// On when CONNECT_AUTH_ENABLE_ASSERT is 1 (the default without NDEBUG), else
/// the condition is not even evaluated. A failed assertion traps: no message, no
/// library, a clear address in the fault handler or debugger.
#ifndef CONNECT_AUTH_ENABLE_ASSERT
#ifdef NDEBUG
#define CONNECT_AUTH_ENABLE_ASSERT 0
#else
#define CONNECT_AUTH_ENABLE_ASSERT 1
#endif
#endif  // CONNECT_AUTH_ENABLE_ASSERT

#if CONNECT_AUTH_ENABLE_ASSERT
#define CONNECT_AUTH_ASSERT(condition) ((condition) ? static_cast<void>(0) : __builtin_trap())
#else
#define CONNECT_AUTH_ASSERT(condition) static_cast<void>(sizeof((condition) ? 1 : 0))
#endif
